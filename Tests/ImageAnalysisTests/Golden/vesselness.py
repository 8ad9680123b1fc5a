"""Write vesselness.json: Frangi's and Jerman's measures by an independent numpy implementation in double, and thresholds of numpy
and scikit-image.

usage: python vesselness.py     Needs: numpy scipy scikit-image
"""
import json, os
import numpy, scipy.ndimage as nd, skimage.filters
from arrays import noise, tubes, wave

spacing = (0.6, 0.6, 0.9)
image = 80.0 * tubes(24, 0.5) + noise(24, 24, 24, 7) / 8.0


def eigenvalues(sigma):
    s = [sigma / h for h in spacing]
    H = numpy.empty(image.shape + (3, 3))
    for a in range(3):
        for b in range(3):
            order = [0, 0, 0]; order[a] += 1; order[b] += 1
            H[..., a, b] = nd.gaussian_filter(image, s, order=order, mode="reflect") / (spacing[a] * spacing[b]) * sigma**2
    e = numpy.linalg.eigvalsh(H)
    return numpy.take_along_axis(e, numpy.argsort(abs(e), axis=-1), axis=-1)


def frangi(e, alpha=0.5, beta=0.5):
    l1, l2, l3 = numpy.moveaxis(e, -1, 0)
    S = numpy.sqrt((e**2).sum(-1)); c = S.max() / 2
    with numpy.errstate(all="ignore"):
        v = (1 - numpy.exp(-(l2 / l3) ** 2 / (2 * alpha**2))) * numpy.exp(-(l1**2 / abs(l2 * l3)) / (2 * beta**2)) * (1 - numpy.exp(-(S**2) / (2 * c**2)))
    return numpy.where((l2 >= 0) | (l3 >= 0), 0, v)


def jerman(e, tau=0.5):
    _, l2, l3 = numpy.moveaxis(-e, -1, 0)
    rho = numpy.where((l3 > 0) & (l3 <= tau * l3.max()), tau * l3.max(), l3)
    with numpy.errstate(all="ignore"):
        v = l2**2 * (rho - l2) * (3 / (l2 + rho)) ** 3
    v = numpy.where(l2 >= rho / 2, 1, v)
    return numpy.where((l2 <= 0) | (rho <= 0), 0, v)


flat = lambda a: [float(f"{v:.7g}") for v in a.ravel(order="F")[::7]]
sigmas = (0.8, 1.5)
e = [eigenvalues(s) for s in sigmas]
out = {"frangi": flat(numpy.max([frangi(v) for v in e], axis=0)), "jerman": flat(numpy.max([jerman(v) for v in e], axis=0))}
smooth = wave(20, 18, 16)
percents = [0, 0.5, 25, 50, 99.5, 100]
out["percents"] = percents
out["percentiles"] = [float(v) for v in numpy.percentile(smooth, percents)]
out["otsu"] = float(skimage.filters.threshold_otsu(smooth))
out["otsuBytes"] = int(skimage.filters.threshold_otsu(image.astype("u1")))
full = nd.binary_propagation(noise(16, 16, 16, 8) >= 251, nd.generate_binary_structure(3, 3), mask=noise(16, 16, 16, 8) >= 220)
out["hysteresis"] = int(full.sum())
json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vesselness.json"), "w"))
