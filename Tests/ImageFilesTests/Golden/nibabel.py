"""What nibabel says about the real files: python nibabel.py REAL_DATA > nibabel.json

Numbers only: shape, affine, axis codes, minimum, maximum, mean (in double, of the finite scaled values) and twelve
sampled voxels by their position in memory (x fastest). Files that nibabel cannot read, or whose voxels are complex,
have an empty entry.
"""
import glob
import json
import os
import sys
import warnings

# A folder on the path has this script's own name.
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
import nibabel
import numpy

root = sys.argv[1]
warnings.simplefilter("ignore")
nibabel.imageglobals.logger.setLevel(60)
golden = {}
paths = [
    path
    for folder in ("nifti-odd/*", "glioma/*/*", "mra/*/*")
    for path in glob.glob(os.path.join(root, folder))
    if path.endswith((".nii", ".nii.gz", ".hdr"))
]
for path in sorted(paths):
    name = os.path.relpath(path, root)
    try:
        image = nibabel.load(path)
        if image.get_data_dtype().kind == "c":
            raise TypeError("complex")
        data = image.get_fdata(dtype=numpy.float64).ravel(order="F")
    except Exception:
        golden[name] = {}
        continue
    finite = data[numpy.isfinite(data)]
    places = numpy.random.default_rng(len(data)).integers(0, len(data), 12)
    golden[name] = {
        "shape": [int(n) for n in image.shape],
        "datatype": image.get_data_dtype().newbyteorder("=").name,
        "affine": image.affine.tolist(),
        "axes": "".join(nibabel.aff2axcodes(image.affine)),
        "min": float(finite.min()),
        "max": float(finite.max()),
        "mean": float(finite.mean(dtype=numpy.float64)),
        "nonfinite": int(len(data) - len(finite)),
        "samples": [[int(p), float(data[p])] for p in places],
    }
json.dump(golden, sys.stdout, indent=None, separators=(",", ":"), sort_keys=True)
print()
