"""The brush swept along a path: coverage computed from the exact distance to each piece of it.

Two neighbouring dabs span a tapered capsule. Every pixel of the capsule's box gets its distance to
the line between the centres, hence its depth inside the edge, hence (by the brush) its coverage.
Capsules are united by the maximum, so it makes no difference into how many a line is cut.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from desktop.paint.brush import Brush
from desktop.paint.stroke import Dab
from engine.messages import Pixels
from engine.rect import Rect

LONGEST_PIECE = 64.0
"""Longer segments are cut, so that the box of a long diagonal line is not mostly empty."""


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
    """Coverage of ``brush`` moving along ``dabs``, one patch a piece, clipped to ``within``."""
    if brush.hard:
        dabs = [_on_grid(dab) for dab in dabs]
    if len(dabs) == 1:
        dabs = [dabs[0], dabs[0]]
    for start, end in itertools.pairwise(dabs):
        for piece in _pieces(start, end, within):
            patch = _capsule(*piece, brush, hardness, within)
            if patch is not None:
                yield patch


def _on_grid(dab: Dab) -> Dab:
    """One-pixel brushes go from pixel centre to pixel centre: anywhere else they would miss all."""
    if dab.radius >= 0.75:
        return dab
    return Dab(math.floor(dab.x) + 0.5, math.floor(dab.y) + 0.5, 0.5, dab.strength)


def _pieces(start: Dab, end: Dab, within: Rect) -> Iterator[tuple[Dab, Dab]]:
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


def _capsule(start: Dab, end: Dab, brush: Brush, hardness: float, within: Rect) -> Patch | None:
    # A line thinner than a pixel is a paler line of one pixel.
    first, last = max(start.radius, 0.5), max(end.radius, 0.5)
    box = Rect.spanning(
        math.floor(min(start.x - first, end.x - last) - 0.5),
        math.floor(min(start.y - first, end.y - last) - 0.5),
        math.ceil(max(start.x + first, end.x + last) + 0.5),
        math.ceil(max(start.y + first, end.y + last) + 0.5),
    ).intersected(within)
    if not box:
        return None
    across_x = np.arange(box.left, box.right, dtype=np.float32) + np.float32(0.5 - start.x)
    across_y = np.arange(box.top, box.bottom, dtype=np.float32) + np.float32(0.5 - start.y)
    length = math.hypot(end.x - start.x, end.y - start.y)
    unit_x, unit_y = ((end.x - start.x) / length, (end.y - start.y) / length) if length > 1e-6 else (1.0, 0.0)
    # In the segment's own axes: how far along it, and how far beside it, each pixel centre lies.
    along = (across_y * np.float32(unit_y))[:, None] + (across_x * np.float32(unit_x))[None, :]
    beside = (across_y * np.float32(unit_x))[:, None] - (across_x * np.float32(unit_y))[None, :]
    foot = np.clip(along, 0, np.float32(length))
    along -= foot
    along *= along
    beside *= beside
    along += beside
    distance = np.sqrt(along, out=along)
    part = np.divide(foot, np.float32(max(length, 1e-6)), out=foot)
    radius = first if first == last else part * np.float32(last - first) + np.float32(first)
    depth = np.subtract(radius, distance, out=distance)
    coverage = brush.profile(depth, radius, hardness)
    weak = start.strength * min(1, 2 * start.radius), end.strength * min(1, 2 * end.radius)
    if not brush.hard and weak != (1.0, 1.0):
        coverage *= part * np.float32(weak[1] - weak[0]) + np.float32(weak[0])
    coverage *= np.float32(255)
    coverage += np.float32(0.5)
    return Patch(coverage.astype(np.uint8), box.left, box.top)
