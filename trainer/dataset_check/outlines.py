"""Objects that were cut: an outline that is straight where the others' are not, an object in several pieces.

An object that reached the edge of its first photo, or was cut out along straight lines, has a straight piece
of outline ever after, also well inside a new picture. So have boxes and shoe soles: whether it means anything
is seen on the whole data set alone (``odd_outlines``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.pictures import outliers
from trainer.pictures.channels import strongest

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float32]

_DIFFERENT, _FAINT = 24, 9
"""Differences from the background, in any channel, of an object, and of what joins its parts."""
_PLAIN = 0.9
"""Share of the border that has the background's colour, where the background is plain."""
_LEAST = 0.01
"""Share of the picture that an object takes at least."""
_STEP = 2.0
"""Pixels between two points of an outline."""
_BENT = 0.9
"""Pixels that a straight outline may leave its line by."""
_SHORTEST, _LONGER = 0.18, 1.1
"""Of the object's longer edge: lengths that are tried begin with it, and go up by that factor."""
_TRIED = 8
"""Straight outlines of one length that are looked at closely."""
_DEEP = 0.1
"""How deep, of the object's longer edge, it is behind a cut: tails, straps and legs are thinner."""
_AT_THE_END = 1.25
"""How much more a straight outline counts that is upright or level and outermost: there the photo ended."""
_PIECE = 0.004
"""Share of the largest piece from which another one is a piece rather than grain."""

STRAIGHT = 0.4
"""Length from which an outline is that of a cut, as a share of the object's longer edge …"""
APART = 0.03
"""… and share of an object beside its largest piece, from which it is in pieces."""
_USUAL = 0.3
"""Share of a data set's objects with such from which they are so by nature: boxes have straight outlines."""


@dataclass(frozen=True)
class Outline:
    """``straight`` is the length of an object's longest straight outline, as a share of its longer edge;
    ``apart`` the share of it that isn't in its largest piece."""

    straight: float
    apart: float


def measure_outline(photo: Pixels) -> Outline | None:
    """The outline of what lies on the plain background of a photo, uint8 (H, W, 3); None where there is no
    such."""
    from scipy import ndimage

    image = Image.fromarray(photo)
    image.thumbnail((outliers.EDGE, outliers.EDGE), Image.Resampling.BOX)
    small = np.asarray(image).astype(np.int16)
    if min(small.shape[:2]) < 32:
        return None
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    background = np.median(border, axis=0).astype(np.int16)
    if float((np.abs(border - background).max(1) <= _DIFFERENT).mean()) < _PLAIN:
        return None
    apart = strongest(np.abs(small - background))
    there = apart > _DIFFERENT
    joined, count = ndimage.label(ndimage.binary_dilation(apart > _FAINT, np.ones((3, 3))))
    sizes = np.bincount(joined[there], minlength=count + 1)
    sizes[0] = 0
    largest = int(sizes.argmax())
    if sizes[largest] < _LEAST * there.size:
        return None
    pieces = int(sizes[sizes >= _PIECE * sizes[largest]].sum())
    foreground = ndimage.binary_fill_holes(there & (joined == largest))
    return Outline(straightest(foreground), float(1 - sizes[largest] / pieces))


def straightest(foreground: Mask) -> float:
    """The length of the longest straight outline of an object, (H, W), as a share of its longer edge; 0 where
    none is long, or where the object is thin behind it."""
    from scipy import ndimage
    from skimage import measure

    pad = 8
    solid = np.pad(foreground, pad)
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    low, high = np.array([rows[0], columns[0]]), np.array([rows[-1], columns[-1]])
    edge = float((high - low).max()) + 1
    outlines = measure.find_contours(ndimage.gaussian_filter(solid.astype(np.float32), 1.0), 0.5)
    points = _evenly(max(outlines, key=len).astype(np.float32)) if outlines else np.zeros((0, 2), np.float32)
    best, count = 0.0, len(points)
    length = _SHORTEST * edge
    while (reach := round(length / _STEP)) < count // 2:
        chord = np.roll(points, -reach, 0) - points
        long = np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-6)
        between = points[(np.arange(count)[:, None] + np.arange(1, reach)) % count] - points[:, None]
        away = np.abs(between[..., 0] * chord[:, None, 1] - between[..., 1] * chord[:, None, 0])
        straight = np.flatnonzero((away.max(1) / long <= _BENT) & (long >= 0.97 * reach * _STEP))
        if not len(straight):
            break
        for index in straight[:: 1 + len(straight) // _TRIED]:
            counts = float(long[index]) / edge
            start, way = points[index], chord[index] / long[index]
            if _ends_there(start, way, low, high):
                counts *= _AT_THE_END
            if counts > best and _is_deep(solid, start, chord[index], _DEEP * edge):
                best = counts
        length *= _LONGER
    return best


def odd_outlines(outlines: Sequence[Outline | None]) -> list[tuple[bool, bool]]:
    """Of each object of a data set: whether it has the straight outline of a cut, and whether it is in
    pieces; neither where many are so."""
    seen = [outline for outline in outlines if outline is not None]
    cut = [outline.straight >= STRAIGHT for outline in seen]
    pieces = [outline.apart >= APART for outline in seen]
    reports_cut, reports_pieces = (len(seen) >= 8 and sum(it) <= _USUAL * len(seen) for it in (cut, pieces))
    return [
        (
            outline is not None and reports_cut and outline.straight >= STRAIGHT,
            outline is not None and reports_pieces and outline.apart >= APART,
        )
        for outline in outlines
    ]


def _evenly(outline: Points) -> Points:
    """Points of a closed curve, (N, 2), at even distances."""
    steps = np.hypot(*np.diff(outline, axis=0).T)
    along = np.concatenate([[0], np.cumsum(steps)])
    wanted = np.arange(0, along[-1], _STEP)
    return np.stack([np.interp(wanted, along, outline[:, axis]) for axis in (0, 1)], 1).astype(np.float32)


def _ends_there(start: Points, way: Points, low: Points, high: Points) -> bool:
    """Whether an outline is upright or level, and the outermost of the object."""
    for axis in (0, 1):
        if abs(float(way[axis])) < 0.035 and min(start[axis] - low[axis], high[axis] - start[axis]) < 3:
            return True
    return False


def _is_deep(solid: Mask, start: Points, chord: Points, depth: float) -> bool:
    """Whether the object lies behind an outline, so deep, on one side of it, and nothing on the other."""
    shares = np.linspace(0.1, 0.9, 15)[:, None]
    across = np.array([-chord[1], chord[0]]) / np.hypot(*chord)

    def covered(by: float) -> float:
        at = np.rint(start + shares * chord + by * across).astype(int)
        at = np.clip(at, 0, np.array(solid.shape) - 1)
        return float(solid[at[:, 0], at[:, 1]].mean())

    return any(
        all(covered(side * depth * part) >= 0.85 for part in (0.4, 0.7, 1.0)) and covered(-side * 3) <= 0.2
        for side in (1, -1)
    )
