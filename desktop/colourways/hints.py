"""The colours of a drawing's hints: which there are, and the same hints in others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels
from engine.data.palette import Colour

MOST = 16
"""Colours of one drawing that count as different."""
_ALIKE = 24
"""Distance in RGB within which two are one colour."""
_MANY = 1 << 18
"""Pixels from which on tables are quicker than sorting."""
_LEAST = 0.002
"""Share of the hints below which a colour is the soft edge of others."""


def own_colours(hints: Pixels) -> tuple[Colour, ...]:
    """The different colours of the hints, the one that covers most first.

    Args:
        hints: uint8 (H, W, 4), straight RGBA.
    """
    heads, lengths = _runs(hints)
    firm = heads[:, 3] >= 250
    codes, lengths = _codes(heads[firm, :3]), lengths[firm]
    distinct, places = np.unique(codes, return_inverse=True)
    counts = np.bincount(places, lengths, len(distinct))
    order = np.argsort(-counts, kind="stable")
    found: list[npt.NDArray[np.int64]] = []
    for index in order[:4096]:
        if counts[index] < _LEAST * lengths.sum() or len(found) == MOST:
            break
        colour = _channels(distinct[index : index + 1])[0]
        if all(np.square(colour - other).sum() > _ALIKE**2 for other in found):
            found.append(colour)
    return tuple((int(red), int(green), int(blue)) for red, green, blue in found)


def placed(own: Sequence[Colour], orders: Sequence[Sequence[Colour]]) -> tuple[Colour, ...]:
    """The drawing's colours in the order of those that it had before, whichever covers most by now.

    Args:
        own: those of the drawing, see ``own_colours``.
        orders: of before; the one counts that has most of them. What is not in it takes the places that are
            free. Else a colour that is gone keeps its place, so that no other takes its turn.
    """
    if not own:
        return ()
    found = [_found(own, order) for order in orders]
    order, there = max(zip(orders, found, strict=True), key=lambda one: len(one[1]), default=((), {}))
    left = iter(colour for colour in own if colour not in there.values())
    row = [there.get(index) or next(left, former) for index, former in enumerate(order)]
    return (*row, *left)[:MOST]


def _found(own: Sequence[Colour], order: Sequence[Colour]) -> dict[int, Colour]:
    """Which of a drawing's colours is at which place of an order: the one that is alike."""
    left, found = list(own), dict[int, Colour]()
    for index, former in enumerate(order):
        near = min(left, key=lambda colour: math.dist(colour, former), default=None)
        if near is not None and math.dist(near, former) <= _ALIKE:
            found[index] = near
            left.remove(near)
    return found


def recoloured(hints: Pixels, own: Sequence[Colour], wanted: Sequence[Colour]) -> Pixels:
    """The same hints in other colours; where they are, and how opaque, stays.

    What lies between two of the drawing's own colours comes to lie between those that are wanted, and shades
    stay shades. A colour that is wanted as it is stays to the bit.

    Args:
        hints: uint8 (H, W, 4), straight RGBA.
        own: the drawing's, see ``own_colours``.
        wanted: one for each of them; those beyond the end of the list stay.

    Returns:
        uint8 (H, W, 4).
    """
    targets = [*wanted[: len(own)], *own[len(wanted) :]]
    heads, lengths = _runs(hints)
    there = heads[:, 3] > 0
    if not own or not there.any():
        return hints
    codes = _codes(heads[there, :3])
    distinct = _distinct(codes)
    new = np.empty((len(distinct), 3), np.uint8)
    for start in range(0, len(distinct), 1 << 14):  # bounds memory for hints that are a photograph
        part = slice(start, start + (1 << 14))
        new[part] = _moved(
            _channels(distinct[part]).astype(np.float64), np.array(own, float), np.array(targets, float)
        )
    if len(codes) < _MANY:
        heads[there, :3] = new[np.searchsorted(distinct, codes)]
    else:
        table = np.empty((1 << 24, 3), np.uint8)  # memory is only taken where it is written to
        table[distinct] = new
        heads[there, :3] = table[codes]
    made = np.repeat(heads.view(np.uint32)[:, 0], lengths)
    return made.view(np.uint8).reshape(hints.shape)


def _runs(hints: Pixels) -> tuple[Pixels, npt.NDArray[np.int64]]:
    """Pixels that follow one another and are alike are looked at once: the colour of each run, uint8 (N, 4),
    a copy, and how many pixels it has. Hints are flat, so that there are few."""
    pixels = np.ascontiguousarray(hints).view(np.uint32).ravel()
    begins = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    begins = np.concatenate([np.zeros(min(1, len(pixels)), np.int64), begins])
    return pixels[begins, None].view(np.uint8), np.diff(begins, append=len(pixels))


def _distinct(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The different ones, in rising order; many are marked in a table, as sorting takes its time."""
    if len(codes) < _MANY:
        return np.unique(codes)
    seen = np.zeros(1 << 24, np.bool_)
    seen[codes] = True
    return np.flatnonzero(seen).astype(np.uint32)


def _moved(
    colours: npt.NDArray[np.float64], own: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]
) -> Pixels:
    far = np.square(colours[:, None] - own).sum(2)
    rows, first = np.arange(len(colours)), far.argmin(1)
    far[rows, first] = np.inf
    second = far.argmin(1) if len(own) > 1 else first
    way = own[second] - own[first]
    length = np.maximum(np.square(way).sum(1), 1e-9)
    share = np.clip(((colours - own[first]) * way).sum(1) / length, 0, 1)[:, None]
    rest = colours - (own[first] + share * way)
    moved = wanted[first] + share * (wanted[second] - wanted[first]) + rest
    made: Pixels = np.clip(np.rint(moved), 0, 255).astype(np.uint8)
    return made


def _codes(colours: Pixels) -> npt.NDArray[np.uint32]:
    wide = colours.astype(np.uint32)
    return np.asarray(wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], np.uint32)


def _channels(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], 1).astype(np.int64)
