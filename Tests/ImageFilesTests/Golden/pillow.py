"""What Pillow says about real smears: python pillow.py REAL_DATA > pillow.json

Numbers only: size, the mean of each channel and sixteen sampled values by their position in the samples.
"""
import glob
import json
import os
import sys

sys.path = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
import numpy
from PIL import Image

root = sys.argv[1]
golden = {}
paths = []
for pattern in ("bbbc041/images/*.png", "bbbc041/labels/*.png", "cbc/images/*.png", "chula/images/*.png",
                "chula-full/images/*.jpg", "touching/**/*.png"):
    paths += sorted(glob.glob(os.path.join(root, "blood", pattern), recursive=True))[:3]
for path in paths:
    pixels = numpy.asarray(Image.open(path))
    flat = pixels.reshape(-1)
    places = numpy.random.default_rng(len(flat)).integers(0, len(flat), 16)
    golden[os.path.relpath(path, root)] = {
        "size": [pixels.shape[1], pixels.shape[0]],
        "means": pixels.reshape(pixels.shape[0] * pixels.shape[1], -1).mean(axis=0, dtype=numpy.float64).tolist(),
        "samples": [[int(p), int(flat[p])] for p in places],
    }
json.dump(golden, sys.stdout, separators=(",", ":"), sort_keys=True)
print()
