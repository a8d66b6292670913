"""White holes: paper that shows through an object where photos of such objects have none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

WHITE = 240
"""From which on, in all channels, a pixel is paper."""

_BRIDGED = 4
"""Pixels of a 256-pixel picture: gaps of an outline up to twice as wide don't open it."""

_BORDER = 2
"""Pixels along the outline, where an object meets the paper."""


def inside(lines: Pixels) -> Mask:
    """What an outline encloses, (H, W), but for two pixels along it; gaps in it are bridged.

    Args:
        lines: uint8 (H, W), 255 paper to 0 ink.
    """
    from scipy import ndimage

    ink = lines < 128
    reach = max(1, round(_BRIDGED * min(lines.shape) / 256))
    disc = np.hypot(*np.ogrid[-reach : reach + 1, -reach : reach + 1]) <= reach + 0.5
    around = np.pad(ink, 2 * reach)  # an outline may run along the border
    closed = ndimage.binary_dilation(around, disc)
    filled = ndimage.binary_erosion(ndimage.binary_fill_holes(closed), disc)
    enclosed: Mask = ndimage.binary_erosion(filled, np.ones((3, 3)), iterations=_BORDER)
    middle = slice(2 * reach, -2 * reach)
    return enclosed[middle, middle]


def share(picture: Pixels, enclosed: Mask, hinted: Mask | None = None) -> float | None:
    """The share of near-white pixels among what is enclosed and has no hint; None where next to nothing is.

    Args:
        picture: uint8 (H, W, 3).
        enclosed: (H, W), of ``inside``.
        hinted: (H, W), where the drawing has hints, if it has.
    """
    there = enclosed if hinted is None else enclosed & ~hinted
    if there.mean() < 0.002:
        return None
    return float((picture[there].min(-1) >= WHITE).mean())
