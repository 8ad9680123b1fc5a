"""Outer contours of a mask's regions and direct ellipse fits to them, with OpenCV."""

import argparse

import peer

cv2, numpy = peer.packages("cv2", "numpy")

options = argparse.ArgumentParser()
options.add_argument("mask", help="PNG, 0 outside")
for name in ("threads", "repeat"):
    options.add_argument(f"--{name}", type=int, required=True)
given = options.parse_args()
cv2.setNumThreads(given.threads)
mask = cv2.imread(given.mask, cv2.IMREAD_GRAYSCALE)


def contours():
    found, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    # Holes have a parent.
    return [contour for contour, links in zip(found, hierarchy[0]) if links[3] < 0]


def round_():
    tracing, found = peer.seconds(contours, given.repeat)
    found = [contour for contour in found if len(contour) >= 6]
    fitting, ellipses = peer.seconds(lambda: [cv2.fitEllipseDirect(contour) for contour in found], given.repeat)
    axes = [sum(axes) / 4 for _, axes, _ in ellipses]
    return {
        "seconds": {"contours of all regions": tracing, "an ellipse for each": fitting},
        "values": {
            "regions with 6 border pixels or more": len(found),
            "median of the mean semi-axis (pixels)": float(numpy.median(axes)) if axes else 0,
        },
    }


round_()
peer.serve([cv2], round=round_)
