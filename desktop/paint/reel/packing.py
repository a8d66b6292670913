"""Steps of a document on their way into a reel: what is needed of it now, and how it is packed later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change, PaintStep, Step, Tiles, tile_rect
from desktop.paint.editing.snapshot import tiles_within
from desktop.paint.files.records import Record, describing
from desktop.paint.layers.frozen import Frozen
from desktop.paint.layers.layer import Layer, Role
from desktop.paint.reel.reel import MOST_BYTES, Entry, Parts, Track
from desktop.paint.reel.strip import LAID_BY_ROWS, packed_strip

Pack = Callable[[], Parts]

MOST = MOST_BYTES // 2
"""Bytes that one whole picture takes of a reel."""
_BITS = (8, 6, 5, 4, 3, 2)
"""Of each channel of a colour: as many as there is room for."""
_PHOTO = 64
"""Colours from which on it is no chance that all lie in the middle of their shades."""

_LOOKED_AT = 48
"""Tiles of a layer by which is guessed how small it packs."""
FAR = 1.5
"""Of what there is room for: what is guessed to take more is not tried."""


def whole(document: Document) -> Pack:
    """All of a document as it is now, but for the photos that are only traced; packed on any thread. What
    would take more than ``MOST`` is kept in fewer shades."""
    described = describing(document, "")
    frozen = [Frozen(layer) for layer in document.layers if layer.role is not Role.REFERENCE]
    return lambda: (Record(b"K", b""), described, *_filled(frozen))


def described(document: Document, new: list[Layer]) -> Pack:
    """Other layers, other properties of them, or another style; of those that are ``new``, all pixels, as in
    ``whole``."""
    record = describing(document, "")
    frozen = [Frozen(layer) for layer in new if layer.role is not Role.REFERENCE]
    return lambda: (record, *_filled(frozen))


def painted(document: Document, change: Change, step: Step | None, track: Track | None) -> Pack | None:
    """Pixels of one layer; None where they are of a photo that is only traced, or there are none.

    Args:
        document: as it is now.
        change: what was done.
        step: the step that it is; where it is not of painting, the whole tiles count as changed.
        track: where the pen was, if a pen did it.
    """
    if change.layer is None:
        return None
    layer, now = document.layer(change.layer), Tiles()
    before = dict(step.tiles.items()) if isinstance(step, PaintStep) and step.layer == layer.id else None
    if layer.role is Role.REFERENCE:
        return None
    for place in change.tiles if before is None else before:
        rect = tile_rect(*place, document.width, document.height)
        now.keep(place, layer.packed[rect.rows, rect.columns])
    size, after = layer.size, dict(now.items())
    id = layer.id

    def pack() -> Parts:
        strip = packed_strip(id, size, before, after)
        pen = (track.record(),) if track is not None else ()
        return (*pen, Record(LAID_BY_ROWS, strip)) if strip else ()

    return pack


def differing(former: Document, now: Document, most: int) -> Pack | None:
    """What leads from one document to another; None where nothing does, or it would take more than ``most``
    bytes: former pixels were kept in fewer shades. Both stay as they are meanwhile."""
    names = [
        [(layer.id, layer.role, layer.shown, layer.opacity) for layer in it.layers] for it in (former, now)
    ]
    same = names[0] == names[1] and (former.width, former.height) == (now.width, now.height)
    if not same or former.paper != now.paper or former.palette != now.palette:
        return whole(now)
    strips = []
    for old, new in zip(former.layers, now.layers, strict=True):
        if new.role is not Role.REFERENCE:
            before, after = (dict(tiles_within(layer).items()) for layer in (old, new))
            gone = {place: 0 for place in before if place not in after}
            strips.append(packed_strip(new.id, new.size, before, {**after, **gone}))
    found = [Record(LAID_BY_ROWS, strip) for strip in strips if strip]
    if sum(len(record.payload) for record in found) > most:
        found = []
    if former.style != now.style:
        found.insert(0, describing(now, ""))
    return (lambda: tuple(found)) if found else None


def in_fewer_shades(entry: Entry, document: Document) -> bool:
    """Whether a step brought pixels that were kept in fewer shades; it shows in the pixels themselves.

    Args:
        entry: the step.
        document: as it is right after it.
    """
    if entry.bytes <= MOST // 8 or all(part.kind not in (b"K", b"D") for part in entry.parts()):
        return False  # there was room
    for layer in document.layers:
        tiles = [tile for _, tile in tiles_within(layer).items() if not isinstance(tile, int)]
        solid = [np.unique(tile[tile >= np.uint32(0xFF000000)]) for tile in tiles]
        colours = np.unique(np.concatenate(solid)) if solid else np.empty(0, np.uint32)
        if len(colours) >= _PHOTO and any(
            ((colours & lost) == middle).all() for lost, middle in map(_shades, _BITS[1:])
        ):
            return True
    return False


def _filled(frozen: list[Frozen]) -> list[Record]:
    layers = [one.layer() for one in frozen]
    for bits in _BITS:
        if bits != _BITS[-1] and sum(_guessed(layer, bits) for layer in layers) > FAR * MOST:
            continue  # packing all of a large photo to see that takes seconds
        found = [record for layer in layers if (record := _strip(layer, bits)) is not None]
        if sum(len(record.payload) for record in found) <= MOST:
            break
    return found


def _guessed(layer: Layer, bits: int) -> int:
    """About how many bytes ``_strip`` takes, by some of the tiles."""
    every = max(1, len(dict(tiles_within(layer).items())) // _LOOKED_AT)
    if every == 1:
        return 0  # no sooner guessed than done
    some = _strip(layer, bits, every)
    return 0 if some is None else every * len(some.payload)


def _strip(layer: Layer, bits: int, every: int = 1) -> Record | None:
    """All pixels of a layer, or those of some tiles, each channel of a colour in so many bits."""
    tiles = dict(list(tiles_within(layer).items())[::every])
    if bits < 8:
        lost, middle = _shades(bits)
        for place, tile in tiles.items():
            if not isinstance(tile, int):
                # What can be seen through is never lighter than it is opaque: it gets no lighter.
                solid = tile >= np.uint32(0xFF000000)
                tiles[place] = (tile & ~lost) | np.where(solid, middle, np.uint32(0))
    strip = packed_strip(layer.id, layer.size, {}, tiles)
    return Record(LAID_BY_ROWS, strip) if strip else None


def _shades(bits: int) -> tuple[np.uint32, np.uint32]:
    """What a solid colour loses in so many bits a channel, and what it has there instead."""
    each = np.uint32(0x010101)
    return each * np.uint32((1 << (8 - bits)) - 1), each * np.uint32(1 << (7 - bits))
