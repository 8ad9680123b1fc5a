"""Reading a NIfTI file as 32-bit floating-point voxels with nibabel."""

import argparse

import peer

numpy, nibabel = peer.packages("numpy", "nibabel")

options = argparse.ArgumentParser()
options.add_argument("file")
given = options.parse_args()


def round_():
    duration, values = peer.seconds(lambda: nibabel.load(given.file).get_fdata(dtype=numpy.float32))
    return {"seconds": {"reading": duration}, "values": {"sum of the voxels": float(values.sum(dtype=numpy.float64))}}


round_()
peer.serve([nibabel, numpy], round=round_)
