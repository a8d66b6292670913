"""The brush swept along a path: coverage computed from the exact distance to each piece of it.

Two neighbouring dabs span a tapered capsule. Every pixel of the capsule's box gets its distance to
the line between the centres, hence its depth inside the edge, hence (by the brush) its coverage.
Capsules are united by the maximum, so it makes hardly any difference into how many a line is cut.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from desktop.paint.strokes.brush import Brush, Plane
from desktop.paint.strokes.stroke import Dab
from engine.data.messages import Pixels
from engine.data.rect import EMPTY, Rect

LONGEST_PIECE = 64.0
"""Longer segments are cut, so that the box of a long diagonal line is not mostly empty."""


MOST_TOGETHER = 1 << 14
"""Short pieces of a small brush are computed together, on up to so many pixels: most of their cost is
that of calling numpy at all."""

Piece = tuple[Dab, Dab]


class Patch(NamedTuple):
    """Coverage, uint8 (H, W), whose top left pixel lies at (left, top) in the picture."""

    coverage: Pixels
    left: int
    top: int

    @property
    def rect(self) -> Rect:
        """The pixels it is about."""
        return Rect(self.left, self.top, self.coverage.shape[1], self.coverage.shape[0])


def sweep(dabs: Sequence[Dab], brush: Brush, hardness: float, within: Rect) -> Iterator[Patch]:
    """Coverage of ``brush`` moving along ``dabs``, in patches, clipped to ``within``."""
    if brush.hard:
        dabs = [_on_grid(dab) for dab in dabs]
    if len(dabs) == 1:
        dabs = [dabs[0], dabs[0]]
    batch: list[Piece] = []
    box = EMPTY
    for start, end in itertools.pairwise(dabs):
        for piece in _pieces(start, end, within):
            place = _box(piece).intersected(within)
            if not place:
                continue
            both = box.united(place)
            if batch and both.width * both.height * (len(batch) + 1) > MOST_TOGETHER:
                yield _capsules(batch, brush, hardness, box)
                batch, both = [], place
            batch.append(piece)
            box = both
    if batch:
        yield _capsules(batch, brush, hardness, box)


def _on_grid(dab: Dab) -> Dab:
    """One-pixel brushes go from pixel centre to pixel centre: anywhere else they would miss all."""
    if dab.radius >= 0.75:
        return dab
    return Dab(math.floor(dab.x) + 0.5, math.floor(dab.y) + 0.5, 0.5, dab.strength)


def _pieces(start: Dab, end: Dab, within: Rect) -> Iterator[Piece]:
    """``start`` to ``end``, cut into pieces not much longer than the brush is wide.

    What lies outside ``within`` is left out before cutting, so a line to a point far outside costs
    no more than its visible part.
    """
    margin = max(start.radius, end.radius) + 1
    length = math.hypot(end.x - start.x, end.y - start.y)
    first, last = 0.0, 1.0
    for origin, extent, least, most in (
        (start.x, end.x - start.x, within.left - margin, within.right + margin),
        (start.y, end.y - start.y, within.top - margin, within.bottom + margin),
    ):
        if abs(extent) < 1e-9:
            if not least <= origin <= most:
                return
            continue
        near, far = sorted(((least - origin) / extent, (most - origin) / extent))
        first, last = max(first, near), min(last, far)
    if first > last:
        return
    count = max(1, math.ceil(length * (last - first) / max(LONGEST_PIECE, 2 * margin)))
    previous = _along(start, end, first)
    for number in range(1, count + 1):
        following = _along(start, end, first + (last - first) * number / count)
        yield previous, following
        previous = following


def _along(start: Dab, end: Dab, part: float) -> Dab:
    if part <= 0:
        return start
    if part >= 1:
        return end
    return Dab(*(a + (b - a) * part for a, b in zip(start, end, strict=True)))


def _box(piece: Piece) -> Rect:
    start, end = piece
    first, last = max(start.radius, 0.5) + 0.5, max(end.radius, 0.5) + 0.5
    return Rect.spanning(
        math.floor(min(start.x - first, end.x - last)),
        math.floor(min(start.y - first, end.y - last)),
        math.ceil(max(start.x + first, end.x + last)),
        math.ceil(max(start.y + first, end.y + last)),
    )


def _capsules(pieces: Sequence[Piece], brush: Brush, hardness: float, box: Rect) -> Patch:
    """The union of the capsules around ``pieces``, on all pixels of ``box``."""
    ends = np.array(pieces, np.float64)  # (pieces, start or end, field of Dab)
    ends[:, :, 0] -= box.left
    ends[:, :, 1] -= box.top
    steps = ends[:, 1, :2] - ends[:, 0, :2]
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    steps /= np.maximum(lengths, 1e-6)[:, None]
    steps[lengths < 1e-6] = (1, 0)  # a dot looks the same from every side
    columns = np.arange(0.5, box.width, dtype=np.float32)
    rows = np.arange(0.5, box.height, dtype=np.float32)[:, None]

    def each(values: npt.NDArray[np.float64]) -> Plane:
        return values.astype(np.float32)[:, None, None]

    from_x, from_y = columns - each(ends[:, 0, 0]), rows - each(ends[:, 0, 1])
    unit_x, unit_y, length = each(steps[:, 0]), each(steps[:, 1]), each(lengths)
    # In a segment's own axes: how far along it, and how far beside it, each pixel centre lies.
    along = from_x * unit_x + from_y * unit_y  # (pieces, H, W)
    beside = from_y * unit_x - from_x * unit_y
    foot = np.maximum(along, 0)
    np.minimum(foot, length, out=foot)
    along -= foot
    along *= along
    beside *= beside
    along += beside
    distance = np.sqrt(along, out=along)
    part = np.divide(foot, np.maximum(length, np.float32(1e-6)), out=foot)
    # A line thinner than a pixel is a paler line of one pixel.
    radii = np.maximum(ends[:, :, 2], 0.5)
    radius = _between(radii, part)
    depth = np.subtract(radius, distance, out=distance)
    coverage = brush.profile(depth, radius, hardness)
    if not brush.hard:
        strengths = ends[:, :, 3] * np.minimum(1, 2 * ends[:, :, 2])
        if (strengths != 1).any():
            coverage *= _between(strengths, part)
    whole = coverage[0] if len(pieces) == 1 else coverage.max(0)
    whole *= np.float32(255)
    whole += np.float32(0.5)
    return Patch(whole.astype(np.uint8), box.left, box.top)


def _between(values: npt.NDArray[np.float64], part: Plane) -> float | Plane:
    """From the value at the start (pieces, 0) to that at the end (pieces, 1); a number if all are one."""
    first = float(values[0, 0])
    if (values == first).all():
        return first
    start = values[:, :1, None].astype(np.float32)
    return part * (values[:, 1:, None].astype(np.float32) - start) + start
