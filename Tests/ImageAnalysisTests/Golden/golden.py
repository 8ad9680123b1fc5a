"""Write golden.json: values of SciPy and scikit-image that the Swift tests compare with.

usage: python golden.py     Needs: numpy scipy scikit-image
Arrays are indexed [x, y, z]; lists are in the order of memory of the package, x fastest.
"""
import json, os
import numpy, scipy.ndimage as nd, skimage.filters, skimage.morphology
from arrays import noise, tubes, wave

out = {}
flat = lambda a: [float(f"{v:.9g}") for v in numpy.asarray(a, dtype="f8").ravel(order="F")]
where = lambda a: [int(v) for v in numpy.flatnonzero(a.ravel(order="F"))]

image = wave(11, 9, 7)
sigma = (1.3, 0.8, 2.1)
orders = [(0, 0, 0), (2, 0, 0), (0, 1, 0), (1, 0, 1), (0, 0, 2), (1, 1, 0)]
out["gaussian"] = [
    {"order": o, "values": flat(nd.gaussian_filter(image.astype("f8"), sigma, order=o, mode="reflect"))} for o in orders]
narrow = wave(3, 2, 2)
out["narrow"] = flat(nd.gaussian_filter(narrow.astype("f8"), sigma, mode="reflect"))

speck = (noise(12, 10, 8, 1) < 20).astype("u1")
out["distance"] = flat(nd.distance_transform_edt(speck == 0, sampling=(0.5, 1.25, 2.0)))

out["components"] = []
for threshold in (10, 30, 60, 120):
    mask = noise(24, 20, 16, 2) < threshold
    for connectivity, rank in ((6, 1), (18, 2), (26, 3)):
        labels, count = nd.label(mask, nd.generate_binary_structure(3, rank))
        sizes = sorted(int(v) for v in numpy.bincount(labels.ravel())[1:])
        out["components"].append({"threshold": threshold, "connectivity": connectivity, "count": count, "sizes": sizes})

out["skeletons"] = [
    {"name": f"tubes {n} {shift}", "n": n, "shift": shift, "voxels": where(skimage.morphology.skeletonize(tubes(n, shift)))}
    for n, shift in ((32, 0.0), (45, 2.5))]
blobs = nd.gaussian_filter(noise(28, 30, 26, 3).astype("f8"), 1.2) > 131
out["blobs"] = where(blobs)
out["blobSkeleton"] = where(skimage.morphology.skeletonize(blobs))
slice_ = blobs[:, :, 14:15]
out["sliceSkeleton"] = where(skimage.morphology.skeletonize(slice_))
out["slice"] = where(slice_)

json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w"))
