"""Planes made larger and smaller with the filters of Pillow, whose images can't be had without copying.

A filter along one axis is a sparse matrix, of a few numbers a row; the result is made band by band, so that
what is done with it stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]

Filter = Literal["box", "bilinear", "bicubic"]
_SUPPORT: dict[Filter, float] = {"box": 0.5, "bilinear": 1.0, "bicubic": 2.0}
"""Pixels, of the larger ones, that a filter reaches to either side."""
_ROWS = 128
"""Of a band."""
_FEW = 32


def resized(plane: Values, size: tuple[int, int], how: Filter) -> Values:
    """A plane, float32 (H, W), at another size, float32 (height, width).

    Args:
        plane: it.
        size: width and height.
        how: the filter.
    """
    made = np.empty((size[1], size[0]), np.float32)
    for rows, band in bands(plane, size, how):
        made[rows] = band
    return made


def bands(plane: Values, size: tuple[int, int], how: Filter) -> Iterator[tuple[slice, Values]]:
    """The same piece by piece, from the top: which rows each is, and what is in them."""
    across, down = _matrix(plane.shape[1], size[0], how), _matrix(plane.shape[0], size[1], how)
    if size[0] > plane.shape[1]:
        plane = _across(plane, across)
    for top in range(0, size[1], _ROWS):
        rows = slice(top, min(top + _ROWS, size[1]))
        band = down[rows] @ plane
        if size[0] <= plane.shape[1] != size[0]:
            band = _across(band, across)
        yield rows, band


def _across(plane: Values, matrix: Any) -> Values:
    """The filter along the rows; few at a time, as turning a large plane costs more than filtering it."""
    made = np.empty((plane.shape[0], matrix.shape[0]), np.float32)
    for top in range(0, len(plane), _FEW):
        made[top : top + _FEW] = (matrix @ plane[top : top + _FEW].T).T
    return made


@lru_cache(maxsize=16)
def _matrix(size: int, wanted: int, how: Filter) -> Any:
    """A sparse matrix (wanted, size), float32, whose rows add up to 1."""
    from scipy import sparse

    scale = size / wanted
    stretch = max(scale, 1.0)
    reach = _SUPPORT[how] * stretch
    centre = (np.arange(wanted) + 0.5) * scale
    first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + reach + 0.5).astype(np.int64), size)
    places = first[:, None] + np.arange(int((last - first).max()))
    weights = _weights((places - centre[:, None] + 0.5) / stretch, how)
    weights[places >= last[:, None]] = 0
    weights /= weights.sum(1, keepdims=True)
    rows = np.broadcast_to(np.arange(wanted)[:, None], places.shape)
    there = weights != 0
    entries = weights[there].astype(np.float32), (rows[there], places[there])
    return sparse.csr_matrix(entries, (wanted, size))


def _weights(far: npt.NDArray[np.float64], how: Filter) -> npt.NDArray[np.float64]:
    """Of pixels so far away; bicubic is Keys' with a = -0.5."""
    away = np.abs(far)
    weights: npt.NDArray[np.float64]
    if how == "box":
        weights = ((far > -0.5) & (far <= 0.5)).astype(np.float64)
    elif how == "bilinear":
        weights = np.maximum(1 - away, 0)
    else:
        near = (1.5 * away - 2.5) * away * away + 1
        beyond = ((-0.5 * away + 2.5) * away - 4) * away + 2
        weights = np.where(away < 1, near, np.where(away < 2, beyond, 0))
    return weights
