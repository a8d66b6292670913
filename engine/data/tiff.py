"""TIFF files, written strip by strip: Pillow hands libtiff the whole picture, and lets nobody run meanwhile.

TIFF 6.0, little-endian, with RGB of 8 bits, each strip packed by Deflate over the differences of neighbours.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

STRIP = 1 << 19
"""Pixels that are packed at a time."""

MOST_BYTES = 1 << 32
"""Places in the file are numbers of 32 bits."""

_SHORT, _LONG = 3, 4


def to_tiff_bytes(pixels: npt.NDArray[np.uint8], step: Callable[[int, int], object]) -> bytes:
    """uint8 (H, W, 3) as the bytes of a TIFF file.

    Args:
        pixels: the picture.
        step: called after each strip with how many there are and will be.

    Raises:
        ValueError: it is too large for this format.
    """
    height, width = pixels.shape[:2]
    if pixels.nbytes > MOST_BYTES // 2:
        raise ValueError("too large for a TIFF file")
    rows = max(1, STRIP // width)
    tops = range(0, height, rows)
    strips = []
    for number, top in enumerate(tops, start=1):
        strips.append(zlib.compress(_differences(pixels[top : top + rows]).data, 1))
        step(number, len(tops))
    sizes = [len(strip) for strip in strips]
    places = [8 + sum(sizes[:number]) for number in range(len(sizes))]
    end = 8 + sum(sizes)
    end += end % 2
    fields: list[tuple[int, int, list[int]]] = [
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [8, 8, 8]),  # bits a sample
        (259, _SHORT, [8]),  # Deflate
        (262, _SHORT, [2]),  # RGB
        (273, _LONG, places),
        (277, _SHORT, [3]),  # samples a pixel
        (278, _LONG, [rows]),
        (279, _LONG, sizes),
        (317, _SHORT, [2]),  # differences of neighbours
    ]
    head = struct.pack("<2sHI", b"II", 42, end)
    return b"".join([head, *strips, bytes(end - 8 - sum(sizes)), _directory(fields, end)])


def _differences(strip: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Each pixel less its neighbour to the left, modulo 256."""
    made = np.array(strip, order="C")
    made[:, 1:] -= strip[:, :-1]
    return made


def _directory(fields: list[tuple[int, int, list[int]]], offset: int) -> bytes:
    """The entries of what describes the picture, and behind them the values that have no room in one."""
    after = offset + 2 + 12 * len(fields) + 4
    entries, long = [struct.pack("<H", len(fields))], b""
    for tag, kind, values in fields:
        packed = struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        if len(packed) > 4:
            packed, long = struct.pack("<I", after + len(long)), long + packed + bytes(len(packed) % 2)
        entries.append(struct.pack("<HHI4s", tag, kind, len(values), packed))
    return b"".join([*entries, bytes(4), long])
