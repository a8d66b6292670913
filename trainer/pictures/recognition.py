"""Tells by looking what a picture is: two halves that belong together, drawn or photographed, lines.

Thresholds were measured on facades (photo beside label map), street maps beside aerial photos, line
drawings and grey pictures beside their product photos, and on single photos of each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.pictures.channels import strongest, weakest

Pixels = npt.NDArray[np.uint8]

_SEAM = 4.0
"""The step between the two halves' middle columns, in usual steps between columns. Measured: at least
4.5 in pairs, 1.1 (median) in single photos."""

_ALIGNED = 0.35
"""Correlation of the halves' edges, for pairs that meet in the same white and so have no seam …"""

_BEYOND_SHIFTED = 0.15
"""… and by how much it exceeds that of halves shifted against each other."""

_AGREES = 0.02

_QUIETER = 0.02
"""Difference in quietness from which one of two pictures is the drawn one."""


_FLAT = 0.85
"""Share of even pixels, from which a picture is drawn. Photos of things on white: below 0.75."""


def is_side_by_side(pixels: Pixels) -> bool:
    """Whether uint8 (H, W, 3) is a pair: two pictures of the same thing, left and right."""
    width = pixels.shape[1]
    if width < 4:
        return False
    half = width // 2
    steps = np.abs(np.diff(pixels.astype(np.int16), axis=1)).mean((0, 2))
    # Of an odd width the middle column may belong to either half.
    seam = max(steps[half - 1], steps[half] if width % 2 else 0.0)
    if (seam + 1) / (np.median(steps) + 1) >= _SEAM:
        return True
    return is_aligned(pixels[:, :half], pixels[:, width - half :])


def is_aligned(one: Pixels, other: Pixels) -> bool:
    """Whether two pictures of one size have their edges in the same places."""
    left, right = _edges(one), _edges(other)
    aligned = _correlation(left, right)
    shifted = max(_correlation(left, np.roll(right, 6, axis)) for axis in (0, 1))
    return aligned >= _ALIGNED and aligned >= shifted + _BEYOND_SHIFTED


def likeness(one: Pixels, other: Pixels) -> bool:
    """Whether two pictures' edges agree better than when shifted: as of one thing, however else it looks."""
    first, second = _edges(one), _edges(other)
    shifted = [_correlation(first, np.roll(second, by, axis)) for by in (6, -6, 16) for axis in (0, 1)]
    return _correlation(first, second) > max(shifted) + _AGREES


def drawn_one(one: Pixels, other: Pixels) -> int:
    """Which of two pictures of the same thing was drawn: 0, 1, or −1 where it can't be told.

    A drawing is quiet: most of its pixels hardly differ from their neighbours. So is a reduced or grey
    picture, compared with its original.
    """
    difference = quietness(one) - quietness(other)
    if abs(difference) < _QUIETER:
        return -1
    return 0 if difference > 0 else 1


def quietness(pixels: Pixels) -> float:
    """Share of pixels, 0 to 1, that differ by at most 4 from the ones to the right and below."""
    wide = np.asarray(pixels[:1024, :1024], np.int16)
    below = strongest(np.abs(wide[1:, :-1] - wide[:-1, :-1]))
    beside = strongest(np.abs(wide[:-1, 1:] - wide[:-1, :-1]))
    return float((np.maximum(below, beside) <= 4).mean()) if below.size else 1.0


def is_flat(pixels: Pixels) -> bool:
    """Whether nearly all of uint8 (H, W, 3) is in even areas: a label map, or lines on paper."""
    return _same(pixels) >= _FLAT


def _same(pixels: Pixels) -> float:
    """Share of pixels that equal the ones to the right and below, up to what JPEG does to even areas."""
    wide = np.asarray(pixels[:1024, :1024], np.int16)
    below = strongest(np.abs(wide[1:, :-1] - wide[:-1, :-1]))
    beside = strongest(np.abs(wide[:-1, 1:] - wide[:-1, :-1]))
    return float((np.maximum(below, beside) <= 1).mean()) if below.size else 1.0


def is_line_drawing(pixels: Pixels) -> bool:
    """Whether uint8 (H, W, 3) is dark thin lines on white paper."""
    small = _at_most(pixels, 512)
    if float(np.quantile(strongest(small) - weakest(small), 0.99)) > 40:
        return False
    luma = strongest(small)
    ink = luma < 128
    if float((luma >= 224).mean()) < 0.6 or not 0.001 <= float(ink.mean()) <= 0.35:
        return False
    # Thin: hardly anything is left where every pixel within four must be ink too.
    core = ink
    for axis in (0, 1):
        for shift in (1, 2, 4):
            core = core & np.roll(core, shift, axis) & np.roll(core, -shift, axis)
    return float(core.sum()) <= 0.2 * float(ink.sum())


def _edges(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Strength of edges on a 64 × 64 grid, mean taken off."""
    grey = Image.fromarray(np.ascontiguousarray(pixels)).convert("L").resize((64, 64), Image.Resampling.BOX)
    down, across = np.gradient(np.asarray(grey, np.float64))
    strength = np.hypot(down, across)
    return np.asarray(strength - strength.mean())


def _correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    return float((one * other).sum() / np.sqrt((one * one).sum() * (other * other).sum() + 1e-9))


def _at_most(pixels: Pixels, edge: int) -> Pixels:
    step = -(-max(pixels.shape[:2]) // edge)
    return pixels[::step, ::step]
