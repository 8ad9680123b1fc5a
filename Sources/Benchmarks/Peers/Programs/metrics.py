"""Dice, HD95, ASSD, NSD and clDice of two masks with NumPy, MONAI and scikit-image."""

import argparse

import peer

numpy, torch, monai, nibabel, skimage = peer.packages("numpy", "torch", "monai", "nibabel", "skimage")

from monai.metrics import (  # noqa: E402
    compute_average_surface_distance,
    compute_hausdorff_distance,
    compute_surface_dice,
)
from skimage.morphology import skeletonize  # noqa: E402

options = argparse.ArgumentParser()
options.add_argument("prediction")
options.add_argument("label")
options.add_argument("--threads", type=int, required=True)
given = options.parse_args()
torch.set_num_threads(given.threads)

files = [nibabel.load(name) for name in (given.prediction, given.label)]
predicted, actual = (numpy.asarray(file.dataobj) > 0 for file in files)
tensors = [torch.from_numpy(mask)[None, None].float() for mask in (predicted, actual)]
spacing = [float(side) for side in files[1].header.get_zooms()[:3]]
common = {"include_background": True, "spacing": spacing}


def dice():
    return 2 * (predicted & actual).sum() / (predicted.sum() + actual.sum())


def cldice():
    lines, true_lines = skeletonize(predicted), skeletonize(actual)
    precision = (lines & actual).sum() / lines.sum()
    recall = (true_lines & predicted).sum() / true_lines.sum()
    return 2 * precision * recall / (precision + recall)


scores = {
    "Dice": dice,
    "HD95": lambda: compute_hausdorff_distance(*tensors, percentile=95, **common)[0, 0],
    "ASSD": lambda: compute_average_surface_distance(*tensors, symmetric=True, **common)[0, 0],
    "NSD": lambda: compute_surface_dice(*tensors, [spacing[0]], **common)[0, 0],
    "clDice": cldice,
}


def round_():
    timed = {name: peer.seconds(score) for name, score in scores.items()}
    durations = {name: duration for name, (duration, _) in timed.items()}
    durations["all five"] = sum(durations.values())
    return {"seconds": durations, "values": {name: float(value) for name, (_, value) in timed.items()}}


peer.serve([monai, skimage, nibabel], round=round_)
