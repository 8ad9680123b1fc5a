"""What the programs of this folder share: they wait for questions, one a line, and answer each with one line of JSON.

The first answer tells the versions of the packages, or which one is missing. A benchmark asks `round` as often as it has
rounds, so that both sides take turns and neither pays for the start of the other.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time

# Whatever ends the benchmark ends this program too, also in the middle of a round: PR_SET_PDEATHSIG of prctl(2).
ctypes.CDLL(None).prctl(1, signal.SIGKILL)

# Libraries that print do so to standard error; answers have a channel of their own.
_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

_distributions = {"cv2": "opencv-python-headless", "skimage": "scikit-image"}


def _answer(**fields):
    print(json.dumps(fields), file=_answers, flush=True)


def packages(*names):
    """The modules `names`. Ends the program where one is not installed, and says which."""
    modules = []
    for name in names:
        try:
            modules.append(importlib.import_module(name))
        except ModuleNotFoundError as error:
            missing = (error.name or name).split(".")[0]
            _answer(missing=_distributions.get(missing, missing))
            sys.exit(0)
    return modules


def seconds(work, repeat=1):
    """How long one call of `work` takes, and what it returns."""
    start = time.perf_counter()
    for _ in range(repeat):
        result = work()
    return (time.perf_counter() - start) / repeat, result


def serve(modules, **questions):
    """Answer until nobody asks any more: each question is a function that returns a dictionary."""
    versions = {_distributions.get(m.__name__, m.__name__): m.__version__.split("+")[0] for m in modules}
    _answer(packages=versions)
    for line in sys.stdin:
        question, *argument = line.strip().split(" ", 1)
        _answer(**questions[question](*argument))
