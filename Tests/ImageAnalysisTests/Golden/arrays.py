"""Volumes made by formula, the same in Python and in Swift (Phantoms.swift)."""
import numpy


def wave(nx, ny, nz):
    """A smooth image with structure along every axis, indexed [x, y, z]."""
    x, y, z = numpy.meshgrid(numpy.arange(nx), numpy.arange(ny), numpy.arange(nz), indexing="ij")
    return (numpy.sin(0.7 * x + 0.3 * y) + numpy.cos(0.5 * y - 0.4 * z) + 0.1 * ((7 * x + 5 * y + 3 * z) % 11)).astype("f4")


def noise(nx, ny, nz, salt):
    """Whole numbers 0 to 255 without order: an integer hash of the position."""
    x, y, z = numpy.meshgrid(*(numpy.arange(n, dtype="u8") for n in (nx, ny, nz)), indexing="ij")
    h = (x * 73856093 ^ y * 19349663 ^ z * 83492791 ^ numpy.uint64(salt * 2654435761)) & 0xFFFFFFFF
    for _ in range(2):
        h = ((h ^ (h >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFF).astype("u1")


def tubes(n, shift):
    """A ring, a ball and a curved tube that touches it, in a cube of n voxels; `shift` moves the tube along y."""
    x, y, z = numpy.meshgrid(*(numpy.arange(n).astype(float),) * 3, indexing="ij")
    c = n / 2
    ring = (numpy.hypot(x - c, y - c) - 0.3 * n) ** 2 + (z - 0.3 * n) ** 2 <= (0.07 * n) ** 2
    ball = (x - 0.7 * n) ** 2 + (y - 0.3 * n) ** 2 + (z - 0.75 * n) ** 2 <= (0.11 * n) ** 2
    bent = 0.5 * n + shift + 0.15 * n * numpy.sin(x * 6 / n)
    tube = (y - bent) ** 2 + (z - 0.75 * n) ** 2 <= (0.05 * n + 0.03 * x) ** 2
    return (ring | ball | tube).astype("u1")
