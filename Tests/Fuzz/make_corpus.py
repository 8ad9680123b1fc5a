#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets into Corpus/: small valid files of every kind, and some that are nearly so.

Needs opencv-python for the JPEG pictures only. The files are committed; run this again after changing it.
"""
import gzip
import json
import pathlib
import struct
import zlib

CORPUS = pathlib.Path(__file__).parent / "Corpus"


def save(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def nifti(version=1, order="<", code=16, bits=32, shape=(3, 2, 2), slope=1.0, extension=b""):
    """A header with its voxels; the affine is in the sform."""
    dim = [len(shape)] + list(shape) + [1] * (7 - len(shape))
    pixdim = [1.0, 1.0, 2.0, 3.0, 1.0, 0.0, 0.0, 0.0]
    rows = [1, 0, 0, -5, 0, 2, 0, 7, 0, 0, 3, 1]
    size = 348 if version == 1 else 540
    offset = size + 4 + len(extension)
    count = 1
    for extent in shape:
        count *= extent
    if version == 1:
        header = struct.pack(order + "i35xb", 348, 0)
        header += struct.pack(order + "8h", *dim) + struct.pack(order + "3fh", 0, 0, 0, 0)
        header += struct.pack(order + "3h", code, bits, 0) + struct.pack(order + "8f", *pixdim)
        header += struct.pack(order + "3f", offset, slope, 0) + struct.pack(order + "hbb", 0, 0, 10)
        header += struct.pack(order + "4f2i", 0, 0, 0, 0, 0, 0) + bytes(80 + 24)
        header += struct.pack(order + "2h", 0, 1) + struct.pack(order + "6f", 0, 0, 0, -5, 7, 1)
        header += struct.pack(order + "12f", *rows) + bytes(16) + b"n+1\0"
    else:
        header = struct.pack(order + "i", 540) + b"n+2\0\r\n\x1a\n" + struct.pack(order + "2h", code, bits)
        header += struct.pack(order + "8q", *dim) + struct.pack(order + "3d", 0, 0, 0) + struct.pack(order + "8d", *pixdim)
        header += struct.pack(order + "q2d", offset, slope, 0) + struct.pack(order + "4d", 0, 0, 0, 0)
        header += struct.pack(order + "2q", 0, 0) + bytes(80 + 24) + struct.pack(order + "2i", 0, 1)
        header += struct.pack(order + "6d", 0, 0, 0, -5, 7, 1) + struct.pack(order + "12d", *rows) + bytes(16)
        header += struct.pack(order + "3ib", 10, 0, 0, 0) + bytes(15)
    assert len(header) == size, (version, len(header))
    flag = bytes([1 if extension else 0, 0, 0, 0])
    return header + flag + extension + bytes(i % 7 for i in range(count * bits // 8))


def png(width, height, depth, kind, rows, extra=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9))
            + chunk(b"IEND", b""))


def safetensors(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + body


types = [(2, 8), (4, 16), (8, 32), (16, 32), (64, 64), (256, 8), (512, 16), (768, 32), (1024, 64), (128, 24), (32, 64)]
for version in (1, 2):
    for order in "<>":
        for code, bits in types if order == "<" else types[1:4]:
            data = nifti(version, order, code, bits)
            name = f"v{version}-{'le' if order == '<' else 'be'}-{code}"
            save("header", name, data[: (348 if version == 1 else 540) + 4])
            save("nifti", name, data)
save("nifti", "gzip", gzip.compress(nifti(), mtime=0))
save("nifti", "extension", nifti(extension=struct.pack("<2i", 16, 6) + b"comment\0"))
save("nifti", "scaled", nifti(code=4, bits=16, slope=0.5))
save("nifti", "4d", nifti(shape=(2, 2, 2, 2)))
save("nifti", "flat", nifti(shape=(4, 3)))

for level in (0, 1, 9):
    save("gzip", f"level{level}", gzip.compress(b"capillaries " * 40, level, mtime=0))
save("gzip", "empty", gzip.compress(b"", mtime=0))
save("gzip", "members", gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0))
save("gzip", "bomb", gzip.compress(bytes(1 << 18), mtime=0))
save("gzip", "cut", gzip.compress(b"cut off here", mtime=0)[:-5])

save("png", "grey1", png(9, 2, 1, 0, b"\0\xaa\x80" * 2))
save("png", "grey8", png(4, 3, 8, 0, b"\0\1\2\3\4" * 3))
save("png", "grey16", png(2, 2, 16, 0, b"\0\0\1\0\2" * 2))
save("png", "rgb", png(2, 2, 8, 2, b"\0" + bytes(range(6)) + b"\2" + bytes(6)))
save("png", "rgba", png(2, 1, 8, 6, b"\1" + bytes(range(8))))
palette = b"\0\0\0\6PLTE" + bytes(range(6))
palette += struct.pack(">I", zlib.crc32(palette[4:]))
save("png", "palette", png(4, 1, 2, 3, b"\0\x11", palette))

try:
    import cv2
    import numpy

    picture = numpy.arange(16 * 16 * 3, dtype=numpy.uint8).reshape(16, 16, 3)
    for name, image, options in [
        ("colour", picture, [cv2.IMWRITE_JPEG_QUALITY, 50]),
        ("grey", picture[:, :, 0], [cv2.IMWRITE_JPEG_QUALITY, 50]),
        ("progressive", picture, [cv2.IMWRITE_JPEG_QUALITY, 50, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        ("restart", picture, [cv2.IMWRITE_JPEG_QUALITY, 50, cv2.IMWRITE_JPEG_RST_INTERVAL, 1]),
    ]:
        save("jpeg", name, cv2.imencode(".jpg", image, options)[1].tobytes())
except ImportError:
    print("no opencv-python: the JPEG pictures are left as they are")

tensor = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
save("safetensors", "empty", safetensors({}))
save("safetensors", "one", safetensors({"a": tensor}, bytes(16)))
save("safetensors", "metadata", safetensors({"__metadata__": {"k": "v\u00e9\n"}, "a": tensor}, bytes(16)))
save("safetensors", "two", safetensors(
    {"a": tensor, "b": {"dtype": "BF16", "shape": [], "data_offsets": [16, 18]}}, bytes(18)))
save("safetensors", "types", safetensors(
    {t: {"dtype": t, "shape": [1], "data_offsets": [o, o + n]} for t, o, n in
     [("U8", 0, 1), ("I16", 1, 2), ("F16", 3, 2), ("F64", 5, 8), ("I64", 13, 8), ("BOOL", 21, 1)]}, bytes(22)))
save("safetensors", "overlap", safetensors({"a": tensor, "b": tensor}, bytes(16)))
save("safetensors", "huge", safetensors({"a": {"dtype": "F64", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 8]}}, bytes(8)))

pipeline = b"""summary: An example.
cases: volume
stages:
  - name: first
    type: example
    parameters: {choice: two, count: 3, number: 0.5, list: [1, 2], text: 'a b', flag: true, maybe: none}
    inputs: {image: input}
  - name: second
    type: example
    inputs: {image: first/image.nii.gz}
cluster: {partition: long, time: 1-02:00:00, memory: 8G, cpus: 4, options: [--account=x]}
"""
save("yaml", "pipeline", pipeline)
save("yaml", "file", b"stages:\n  - type: example\n    parameters: {file: /a/b.nii}\n")
save("yaml", "wrong", b"stages: [{type: exmaple}]\n")
save("yaml", "alias", b"stages: &s\n  - {type: example, parameters: &p {count: 1}}\nname: *s\n")
save("yaml", "block", b"summary: >\n  folded\n  text\nstages:\n- {type: example, name: \"a\\x41\"}\n")
