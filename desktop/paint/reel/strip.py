"""What one step did to one layer, packed: the pixels that it changed, and what they are since.

No tool is needed to play it back, so it stays right whatever tools and brushes become. zlib of: layer id;
red, green and blue (1 byte each) that colours are guessed by; number of tiles; 1 byte that says whether
values are differences; for each tile, in the order of rows, then of columns, its row, column, 1 byte and a
colour, which counts where that byte is 1; then, of the other tiles, a bit for each pixel that changed; then
the changed pixels, row by row through all the tiles that lie side by side, as all alphas, and what blue,
green and red differ by from the guess, each as it is or as what it is more than the one before.

Before that (``LAID_BY_TILES``) there was no byte about differences, and the pixels came tile by tile.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from desktop.paint.editing.history import TILE, tile_rect
from desktop.paint.files.records import useless
from desktop.paint.layers.layer import Layer, Packed
from engine.data.rect import Rect

Places = Mapping[tuple[int, int], "Packed | int"]
"""Tiles by row and column; one of a single colour is a number."""

LAID_BY_TILES, LAID_BY_ROWS = b"P", b"Q"
"""Kinds of records in a reel; the second is what is written."""

_HEADS = {LAID_BY_TILES: struct.Struct("<IBBBI"), LAID_BY_ROWS: struct.Struct("<IBBBIB")}
_TILE = struct.Struct("<HHBI")
_SHIFTS = (0, 8, 16)  # blue, green, red
_TRIED = 1 << 18
"""Pixels by which is told whether differences pack smaller."""

_Values = npt.NDArray[np.uint8]


def packed_strip(layer: int, size: tuple[int, int], before: Places | None, after: Places) -> bytes:
    """The tiles of a layer as they are ``after``, where they differ from ``before``; empty where none does.

    Args:
        layer: its id.
        size: its width and height.
        before: tiles; what is missing was transparent. None where it is not known: all counts as changed.
        after: tiles.
    """
    heads, masks, values = [], [], []
    for _row, places in groupby(sorted(after), itemgetter(0)):
        beside = []
        for place in places:
            now, then = after[place], before.get(place, 0) if before is not None else None
            if isinstance(now, int):
                if not isinstance(then, int) or now != then:
                    heads.append(_TILE.pack(*place, True, now))
                continue
            changed = np.ones(now.shape, bool) if then is None else now != then
            if changed.any():
                rect = tile_rect(*place, *size)
                assert now.shape == (rect.height, rect.width)
                heads.append(_TILE.pack(*place, False, 0))
                masks.append(np.packbits(changed).tobytes())
                beside.append((now, changed))
        if beside:
            values.append(
                np.hstack([now for now, _ in beside])[np.hstack([changed for _, changed in beside])]
            )
    if not heads:
        return b""
    pixels = np.concatenate(values) if values else np.zeros(0, np.uint32)
    guess = _guess(pixels)
    planes = _planes(pixels, guess)
    # Soft brushes rise and fall slowly; hard ones have one value that repeats.
    differences = _packed_size(_differences(planes[:, :_TRIED])) < _packed_size(planes[:, :_TRIED])
    head = _HEADS[LAID_BY_ROWS].pack(layer, *guess, len(heads), differences)
    written = _differences(planes) if differences else planes
    return zlib.compress(b"".join((head, *heads, *masks, written.tobytes())), 6)


def lay(
    strip: bytes,
    layers: Mapping[int, Layer],
    where: npt.NDArray[np.bool_] | None = None,
    kind: bytes = LAID_BY_ROWS,
) -> None:
    """Change a layer as the step did.

    Args:
        strip: see ``packed_strip``.
        layers: by their ids.
        where: bool (H, W), the pixels that are changed; None for all.
        kind: of the record that it came in.

    Raises:
        PictureError: it is damaged, or of a layer that isn't there.
    """
    largest = max((layer.pixels.nbytes for layer in layers.values()), default=0)
    tiles = largest // (4 * TILE) + 4096  # a picture may be a pixel high
    unpacker, layout = zlib.decompressobj(), _HEADS[kind]
    try:
        content = unpacker.decompress(strip, 2 * largest + tiles * (_TILE.size + 8) + layout.size)
        id, *guess, count = layout.unpack_from(content)[:5]
        differences = content[layout.size - 1] if kind == LAID_BY_ROWS else 0
        layer, at = layers[id], layout.size
        if differences > 1 or count > (len(content) - at) // _TILE.size:
            raise useless()
        heads = [_TILE.unpack_from(content, at + number * _TILE.size) for number in range(count)]
        at += count * _TILE.size
        if len({(row, column) for row, column, _, _ in heads}) < count:
            raise useless()  # each once, or masks take many times the memory of the picture
        changed: list[tuple[Rect, npt.NDArray[np.bool_]]] = []
        for row, column, plain, _ in heads:
            rect = tile_rect(row, column, *layer.size)
            if not rect:
                raise useless()
            if not plain:
                bits = rect.width * rect.height
                bytes_of_it = np.frombuffer(content, np.uint8, -(-bits // 8), at)
                mask = np.unpackbits(bytes_of_it, count=bits).astype(bool).reshape(rect.height, -1)
                changed.append((rect, mask))
                at += -(-bits // 8)
        total = sum(int(mask.sum()) for _, mask in changed)
        if len(content) - at != 4 * total:
            raise useless()
        planes = np.frombuffer(content, np.uint8, 4 * total, at).reshape(4, -1)
        pixels = _pixels(planes.cumsum(1, np.uint8) if differences else planes, guess)
    except (struct.error, zlib.error, KeyError, ValueError) as error:
        raise useless() from error

    def put(rect: Rect, new: Packed | int, mask: npt.NDArray[np.bool_] | None) -> None:
        seen = None if where is None else where[rect.rows, rect.columns]
        there = mask if seen is None else seen if mask is None else mask & seen
        target = layer.packed[rect.rows, rect.columns]
        if there is None:
            target[:] = new
        else:
            target[there] = new if isinstance(new, int) else new[there]

    for row, column, plain, colour in heads:
        if plain:
            put(tile_rect(row, column, *layer.size), colour, None)
    for rect, mask, new in _laid(changed, pixels, by_rows=kind == LAID_BY_ROWS):
        put(rect, new, mask)


def _laid(
    changed: list[tuple[Rect, npt.NDArray[np.bool_]]], pixels: Packed, *, by_rows: bool
) -> Iterator[tuple[Rect, npt.NDArray[np.bool_], Packed]]:
    """Tiles with what changed in them, and with their new pixels, where these did."""
    used = 0
    groups = groupby(changed, lambda tile: tile[0].top) if by_rows else ((0, [tile]) for tile in changed)
    for _top, tiles in groups:
        beside = list(tiles)
        masks = np.hstack([mask for _, mask in beside])
        new, count = np.zeros(masks.shape, np.uint32), int(masks.sum())
        new[masks] = pixels[used : used + count]
        used, left = used + count, 0
        for rect, mask in beside:
            yield rect, mask, new[:, left : left + rect.width]
            left += rect.width


def _differences(planes: _Values) -> _Values:
    """What each value is more than the one before, modulo 256."""
    return np.diff(planes, axis=1, prepend=np.uint8(0))


def _packed_size(planes: _Values) -> int:
    return len(zlib.compress(planes.tobytes(), 1))


def _guess(pixels: Packed) -> tuple[int, int, int]:
    """Blue, green and red of the most opaque pixel: a stroke is of one colour, more or less opaque."""
    if not len(pixels):
        return 0, 0, 0
    pixel = int(pixels[int(np.argmax(pixels >> np.uint32(24)))])
    alpha = max(pixel >> 24, 1)
    blue, green, red = (min(255, ((pixel >> shift & 255) * 255 + alpha // 2) // alpha) for shift in _SHIFTS)
    return blue, green, red


def _planes(pixels: Packed, guess: tuple[int, int, int]) -> _Values:
    """Alpha, and what blue, green and red differ by from the guess: (4, N)."""
    alpha, planes = pixels >> np.uint32(24), np.empty((4, len(pixels)), np.uint8)
    planes[0] = alpha
    for plane, shift, channel in zip(planes[1:], _SHIFTS, guess, strict=True):
        guessed = (alpha * np.uint32(channel) + np.uint32(127)) // np.uint32(255)
        plane[:] = ((pixels >> np.uint32(shift)) & np.uint32(255)) - guessed & np.uint32(255)
    return planes


def _pixels(planes: _Values, guess: list[int]) -> Packed:
    alpha = planes[0].astype(np.uint32)
    pixels: Packed = alpha << np.uint32(24)
    for shift, channel, differs in zip(_SHIFTS, guess, planes[1:], strict=True):
        guessed = (alpha * np.uint32(channel) + np.uint32(127)) // np.uint32(255)
        pixels |= ((guessed + differs) & np.uint32(255)) << np.uint32(shift)
    return pixels
