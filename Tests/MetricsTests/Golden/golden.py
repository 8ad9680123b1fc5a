"""Write golden.json: values of MONAI and scikit-image on masks made by formula (the same formulas in Swift).

usage: python golden.py     Needs: numpy scipy torch monai scikit-image
"""
import json, os, sys
import numpy, torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice
from skimage.morphology import skeletonize

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../ImageAnalysisTests/Golden"))
from arrays import noise, tubes


def scores(p, g, spacing, tolerance):
    tp, tg = (torch.from_numpy(m.astype("f4"))[None, None] for m in (p, g))
    surface = dict(include_background=True, spacing=spacing)
    sp, sg = skeletonize(p > 0), skeletonize(g > 0)
    a, b = (sp & (g > 0)).sum() / sp.sum(), (sg & (p > 0)).sum() / sg.sum()
    return {
        "dice": 2 * (p & g).sum() / (p.sum() + g.sum()), "cldice": 2 * a * b / (a + b), "centreline_precision": a, "centreline_sensitivity": b,
        "hd95_mm": compute_hausdorff_distance(tp, tg, percentile=95, **surface)[0, 0],
        "assd_mm": compute_average_surface_distance(tp, tg, symmetric=True, **surface)[0, 0],
        "nsd": compute_surface_dice(tp, tg, [tolerance], **surface)[0, 0]}


cases = []
for name, p, g, spacing, tolerance in (
        ("tubes", tubes(40, 0.0), tubes(40, 1.5), [1.0, 1.0, 1.0], 1.0),
        ("tubes, anisotropic", tubes(40, 2.0), tubes(40, -1.0), [0.5, 0.7, 1.3], 0.7),
        ("noise up to the faces", (noise(18, 16, 14, 5) < 40).astype("u1"), (noise(18, 16, 14, 6) < 60).astype("u1"), [0.62, 0.62, 0.62], 0.62)):
    cases.append({"name": name, "spacing": spacing, "tolerance": tolerance,
                  "scores": {k: float(v) for k, v in scores(p, g, spacing, tolerance).items()}})
json.dump({"cases": cases}, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w"), indent=1)
