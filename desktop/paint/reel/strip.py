"""What one step did to one layer, packed: the pixels that it changed, and what they are since.

No tool is needed to play it back, so it stays right whatever tools and brushes become. zlib of: layer id,
red, green and blue (1 byte each) that colours are guessed by, number of tiles; for each row, column, 1 byte
and a colour, which counts where that byte is 1; then, of the other tiles, a bit for each pixel that changed;
then the changed pixels, as all alphas, and what blue, green and red differ by from the guess.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from desktop.paint.editing.history import TILE, tile_rect
from desktop.paint.files.records import useless
from desktop.paint.layers.layer import Layer, Packed

Places = Mapping[tuple[int, int], "Packed | int"]
"""Tiles by row and column; one of a single colour is a number."""

_HEAD = struct.Struct("<IBBBI")
_TILE = struct.Struct("<HHBI")
_SHIFTS = (0, 8, 16)  # blue, green, red


def packed_strip(layer: int, size: tuple[int, int], before: Places | None, after: Places) -> bytes:
    """The tiles of a layer as they are ``after``, where they differ from ``before``; empty where none does.

    Args:
        layer: its id.
        size: its width and height.
        before: tiles; what is missing was transparent. None where it is not known: all counts as changed.
        after: tiles.
    """
    heads, masks, values = [], [], []
    for place, now in after.items():
        then = before.get(place, 0) if before is not None else None
        rect = tile_rect(*place, *size)
        plain = isinstance(now, int)
        if isinstance(now, int) and isinstance(then, int) and now == then:
            continue
        if not isinstance(now, int):
            changed = np.ones(now.shape, bool) if then is None else now != then
            if not changed.any():
                continue
            assert now.shape == (rect.height, rect.width)
            masks.append(np.packbits(changed).tobytes())
            values.append(now[changed])
        heads.append(_TILE.pack(*place, plain, now if isinstance(now, int) else 0))
    if not heads:
        return b""
    pixels = np.concatenate(values) if values else np.zeros(0, np.uint32)
    guess = _guess(pixels)
    parts = [_HEAD.pack(layer, *guess, len(heads)), *heads, *masks, *_planes(pixels, guess)]
    return zlib.compress(b"".join(parts), 6)


def lay(strip: bytes, layers: Mapping[int, Layer], where: npt.NDArray[np.bool_] | None = None) -> None:
    """Change a layer as the step did.

    Args:
        strip: see ``packed_strip``.
        layers: by their ids.
        where: bool (H, W), the pixels that are changed; None for all.

    Raises:
        PictureError: it is damaged, or of a layer that isn't there.
    """
    largest = max((layer.pixels.nbytes for layer in layers.values()), default=0)
    tiles = largest // (4 * TILE) + 4096  # a picture may be a pixel high
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(strip, 2 * largest + tiles * (_TILE.size + 8) + _HEAD.size)
        id, *guess, count = _HEAD.unpack_from(content)
        layer, at = layers[id], _HEAD.size
        if count > (len(content) - at) // _TILE.size:
            raise useless()
        heads = [_TILE.unpack_from(content, at + number * _TILE.size) for number in range(count)]
        at += count * _TILE.size
        masks = []
        for row, column, plain, _ in heads:
            rect = tile_rect(row, column, *layer.size)
            if not rect:
                raise useless()
            if not plain:
                bits = rect.width * rect.height
                bytes_of_it = np.frombuffer(content, np.uint8, -(-bits // 8), at)
                masks.append(np.unpackbits(bytes_of_it, count=bits).astype(bool).reshape(rect.height, -1))
                at += -(-bits // 8)
        changed = sum(int(mask.sum()) for mask in masks)
        if len(content) - at != 4 * changed:
            raise useless()
        pixels = _pixels(np.frombuffer(content, np.uint8, 4 * changed, at).reshape(4, -1), guess)
    except (struct.error, zlib.error, KeyError, ValueError) as error:
        raise useless() from error
    used, left = 0, iter(masks)
    for row, column, plain, colour in heads:
        rect = tile_rect(row, column, *layer.size)
        target = layer.packed[rect.rows, rect.columns]
        seen = None if where is None else where[rect.rows, rect.columns]
        if plain:
            target[slice(None) if seen is None else seen] = colour
            continue
        mask = next(left)
        new = pixels[used : used + int(mask.sum())]
        used += len(new)
        if seen is None:
            target[mask] = new
        else:
            target[mask & seen] = new[seen[mask]]


def _guess(pixels: npt.NDArray[np.uint32]) -> tuple[int, int, int]:
    """Blue, green and red of the most opaque pixel: a stroke is of one colour, more or less opaque."""
    if not len(pixels):
        return 0, 0, 0
    pixel = int(pixels[int(np.argmax(pixels >> np.uint32(24)))])
    alpha = max(pixel >> 24, 1)
    blue, green, red = (min(255, ((pixel >> shift & 255) * 255 + alpha // 2) // alpha) for shift in _SHIFTS)
    return blue, green, red


def _planes(pixels: npt.NDArray[np.uint32], guess: tuple[int, int, int]) -> list[bytes]:
    alpha = pixels >> np.uint32(24)
    planes = [alpha.astype(np.uint8).tobytes()]
    for shift, channel in zip(_SHIFTS, guess, strict=True):
        guessed = (alpha * np.uint32(channel) + np.uint32(127)) // np.uint32(255)
        planes.append((((pixels >> np.uint32(shift)) & np.uint32(255)) - guessed).astype(np.uint8).tobytes())
    return planes


def _pixels(planes: npt.NDArray[np.uint8], guess: list[int]) -> npt.NDArray[np.uint32]:
    alpha = planes[0].astype(np.uint32)
    pixels: npt.NDArray[np.uint32] = alpha << np.uint32(24)
    for shift, channel, differs in zip(_SHIFTS, guess, planes[1:], strict=True):
        guessed = (alpha * np.uint32(channel) + np.uint32(127)) // np.uint32(255)
        pixels |= ((guessed + differs) & np.uint32(255)) << np.uint32(shift)
    return pixels
