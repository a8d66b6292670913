"""From a soft map of edges to lines one pixel wide, as the edges of the pix2pix data sets were made.

Non-maximum suppression across each edge and two thresholds (Canny, PAMI 8, 1986); which direction is across,
second derivatives tell (Dollár and Zitnick, “Fast edge detection using structured forests”, PAMI 37, 2015).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Plane = npt.NDArray[np.float32]

_STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))
"""Down and across, of the four directions in which an edge may be crossed."""

_MARGIN = 1.01
"""How much stronger a neighbour must be to take an edge's place: on a plateau all stay, for thinning."""


def lines(edges: Plane, weak: float, strong: float, smooth: float = 1.0) -> Mask:
    """Lines one pixel wide along the ridges of a map.

    Args:
        edges: float32 (H, W), 0 none to 1 surely.
        weak: where a line may go on.
        strong: what it must have somewhere.
        smooth: standard deviation, pixels, of the blur before: more makes rounder, fewer lines.

    Returns:
        (H, W); nothing along the picture's border, where the map has an edge of its own.
    """
    from scipy import ndimage
    from skimage.filters import apply_hysteresis_threshold
    from skimage.morphology import thin

    if min(edges.shape) < 8:  # nothing in it could be told from its border
        return np.zeros(edges.shape, np.bool_)
    soft = ndimage.gaussian_filter(edges, smooth) if smooth else edges
    ridges = np.where(_is_ridge(soft, ndimage.gaussian_filter(edges, max(2.0, smooth))), edges, 0)
    ridges[:2], ridges[-2:], ridges[:, :2], ridges[:, -2:] = 0, 0, 0, 0
    found: Mask = thin(apply_hysteresis_threshold(ridges, weak, strong))
    return found


def _is_ridge(edges: Plane, smooth: Plane) -> Mask:
    """Where no neighbour across an edge is stronger; which way that is, the smoother map tells."""
    down, across = np.gradient(smooth)
    twice_down, both = np.gradient(down)
    twice_across = np.gradient(across, axis=1)
    # The curvature is greatest across the edge: half the angle of the two second derivatives' vector.
    angle = 0.5 * np.arctan2(2 * both, twice_across - twice_down)
    # Of a ridge it is the most negative one; the formula gives the most positive.
    crossing = np.rint((angle + np.pi / 2) / (np.pi / 4)).astype(np.intp) % 4
    padded = np.pad(edges, 1, mode="edge")
    height, width = edges.shape
    ridge = np.zeros(edges.shape, np.bool_)
    limit = edges * _MARGIN
    for number, (y, x) in enumerate(_STEPS):
        before = padded[1 - y : 1 - y + height, 1 - x : 1 - x + width]
        after = padded[1 + y : 1 + y + height, 1 + x : 1 + x + width]
        ridge |= (crossing == number) & (limit >= before) & (limit >= after)
    return ridge
