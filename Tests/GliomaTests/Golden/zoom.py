"""Golden values of scipy.ndimage.zoom (end-point aligned) for EndPointZoom. Run: python zoom.py > zoom.json"""
import json
import numpy as np
from scipy import ndimage

cases = []
for seed, (shape, target) in enumerate([((7, 5, 6), (4, 4, 4)), ((86, 3, 4), (24, 5, 2)), ((3, 64, 2), (6, 24, 3))]):
    v = np.random.default_rng(seed).random(shape).round(3)
    z = [t / s for t, s in zip(target, shape)]
    cases.append({
        "shape": shape, "target": target, "values": v.ravel(order="F").tolist(),
        "linear": ndimage.zoom(v, z, order=1).ravel(order="F").round(6).tolist(),
        "nearest": ndimage.zoom(v, z, order=0).ravel(order="F").tolist(),
    })
print(json.dumps(cases))
