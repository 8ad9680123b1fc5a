"""Numbers without order that Swift and Python make alike."""
import torch


def noise(name, count):
    """Numbers in [-1, 1): a hash of the index, salted by the name."""
    salt = 2166136261
    for byte in name.encode():
        salt = ((salt ^ byte) * 16777619) & 0xFFFFFFFF
    x = (torch.arange(count, dtype=torch.int64) + salt) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
    x = x ^ (x >> 16)
    return (x >> 8).double() / 2**23 - 1
