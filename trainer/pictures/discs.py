"""Discs, as pens and brushes leave them, and the length that grows with a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]


def unit(shape: tuple[int, ...]) -> float:
    """Pixels of a picture (H, W, …) that stand for one of a 256-pixel picture."""
    height, width = shape[:2]
    return float(max(0.5, min(height, width) / 256))


def stamp(mask: Mask, y: float, x: float, radius: float) -> None:
    """Mark a disc."""
    top, left = max(0, int(y - radius)), max(0, int(x - radius))
    bottom, right = min(mask.shape[0], int(y + radius) + 2), min(mask.shape[1], int(x + radius) + 2)
    down = np.arange(top, bottom, dtype=np.float32)[:, None] - y
    across = np.arange(left, right, dtype=np.float32)[None] - x
    mask[top:bottom, left:right] |= down * down + across * across <= radius * radius


def swept(shape: tuple[int, int], rows: Floats, columns: Floats, radius: float) -> Mask:
    """What a round brush covers along a path, (H, W), from point to point; quicker than disc by disc.

    Args:
        rows, columns: of the path's points, any number from one, in pixels; they may lie outside.
        radius: of the brush, in pixels.
    """
    lengths = np.hypot(np.diff(rows), np.diff(columns))
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    # So near that the ripples between two discs are smaller than half a pixel.
    stops = np.linspace(0, travelled[-1], int(np.ceil(travelled[-1] / max(1.0, 0.5 * radius))) + 1)
    reach = int(radius) + 1
    down = np.rint(np.interp(stops, travelled, rows)).astype(np.intp)
    across = np.rint(np.interp(stops, travelled, columns)).astype(np.intp)
    near = (down > -reach) & (down < shape[0] + reach) & (across > -reach) & (across < shape[1] + reach)
    around = np.zeros((shape[0] + 4 * reach, shape[1] + 4 * reach), np.bool_)
    offsets = np.arange(-reach, reach + 1)
    disc = np.square(offsets)[:, None] + np.square(offsets)[None] <= radius * radius
    side = 2 * reach + 1
    for top, left in zip((down[near] + reach).tolist(), (across[near] + reach).tolist(), strict=True):
        around[top : top + side, left : left + side] |= disc
    covered: Mask = around[2 * reach : 2 * reach + shape[0], 2 * reach : 2 * reach + shape[1]]
    return covered
