"""Pictures of 16 bits a channel, in full, and what of them becomes black and white at 8 bits.

Pillow gives grey ones whole, of coloured PNG files the upper byte alone. Their filters (PNG specification,
9) work on each byte of a pixel for itself, so each of these makes a grey picture of 8 bits, which it reads.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Deep = npt.NDArray[np.uint16]
Levels = tuple[int, int]
"""The values from 0 to 65535 that become black and white."""

FULL: Levels = (0, 65535)

_CHANNELS = {2: 3, 4: 2, 6: 4}
"""Of coloured and of transparent PNG files, by their colour type."""

_PHOTOMETRIC = 262
"""The tag of TIFF files that says which end of grey is white; Pillow heeds it at 8 bits alone."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def values(image: Image.Image, source: Path | bytes) -> Deep | None:
    """All 16 bits of a picture, (H, W) or (H, W, channels), the last for opacity where there are 2 or 4;
    None where they can't be had.

    Args:
        image: as Pillow opened it, of a size that can be borne.
        source: what it was opened from.
    """
    if image.mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.uint16)
        white_is_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
        return _keyed(65535 - deep if white_is_zero else deep, image)
    if image.format != "PNG":
        return None
    lanes = _lanes(source if isinstance(source, bytes) else source.read_bytes())
    return None if lanes is None else _keyed(lanes, image)


def colours(deep: Deep) -> Deep:
    """The values without opacity: (H, W) or (H, W, channels)."""
    return deep if deep.ndim == 2 or deep.shape[2] == 3 else deep[..., :-1]


def usual(deep: Deep) -> Levels:
    """What a single picture's values seem to mean: scanners and microscopes keep 10 or 12 bits in 16."""
    highest = int(deep.max())
    for bits in (8, 10, 12):
        if 0 < highest < 1 << bits:
            return 0, (1 << bits) - 1
    return FULL


def reduced(deep: Deep, levels: Levels) -> npt.NDArray[np.uint8]:
    """8 bits of 16: black up to the lower level, white from the higher one; opacity as it is."""
    shallow = (deep >> 8).astype(np.uint8)
    if levels == FULL:
        return shallow
    low, high = levels
    table: npt.NDArray[np.uint8] = np.clip(
        (np.arange(1 << 16) - low) * (255 / max(1, high - low)) + 0.5, 0, 255
    ).astype(np.uint8)
    if deep.ndim == 2:
        return table.take(deep)
    shown = colours(deep)
    shallow[..., : shown.shape[2]] = table[shown]
    return shallow


def _keyed(deep: Deep, image: Image.Image) -> Deep:
    """With opacity as a further channel, where a PNG file says that one colour is clear."""
    key = image.info.get("transparency")
    if image.format != "PNG" or key is None or deep.shape[2:] not in ((), (3,)):
        return deep
    clear = deep == np.array(key)
    if deep.ndim == 3:
        clear = clear.all(2)
    return np.dstack([deep, np.where(clear, 0, 65535).astype(np.uint16)])


def _lanes(content: bytes) -> Deep | None:
    """The values of a PNG file of colour type 2, 4 or 6 with 16 bits, which isn't interlaced."""
    if content[:8] != _SIGNATURE or len(content) < 33:
        return None
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", content[16:29])
    channels = _CHANNELS.get(kind)
    if bits != 16 or channels is None or interlaced:
        return None
    packed = bytearray()
    place = 8
    while place + 8 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        if content[place + 4 : place + 8] == b"IDAT":
            packed += content[place + 8 : place + 8 + length]
        place += 12 + length
    stride = 1 + width * channels * 2
    unpacked = zlib.decompressobj().decompress(bytes(packed), height * stride)
    if len(unpacked) != height * stride:
        return None
    rows = np.frombuffer(unpacked, np.uint8).reshape(height, stride)
    deep = np.empty((height, width, channels), np.uint16)
    for channel in range(channels):
        upper, lower = (_lane(rows, 2 * channel + half, 2 * channels) for half in (0, 1))
        deep[..., channel] = upper.astype(np.uint16) << 8 | lower
    return deep


def _lane(rows: npt.NDArray[np.uint8], first: int, step: int) -> npt.NDArray[np.uint8]:
    """One byte of every pixel, unfiltered by way of a grey picture: uint8 (H, W)."""
    height, width = len(rows), (rows.shape[1] - 1) // step
    lines = np.empty((height, width + 1), np.uint8)
    lines[:, 0] = rows[:, 0]  # which filter
    lines[:, 1:] = rows[:, 1 + first :: step]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.data, 0)), (b"IEND", b""))
    file = _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    with Image.open(io.BytesIO(file), formats=("PNG",)) as grey:
        return np.array(grey)
