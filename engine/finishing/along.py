"""A picture smoothed along the lines and areas of a drawing, and never across them.

The recursive filter of Gastal and Oliveira, “Domain transform for edge-aware image and video processing”
(TOG 2011): each pixel takes over from the one before, less the more the drawing changes between them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels

Values = npt.NDArray[np.float32]

_TIMES = 2
_CHANGE = 0.6
"""How much the drawing changes, of 1 in all channels together, that counts as far as ``reach``."""


def along(plane: Values, drawing: Pixels, reach: float, look: Callable[[], object] = lambda: None) -> Values:
    """Smooth a plane.

    Args:
        plane: float32 (H, W).
        drawing: uint8 (H, W) or (H, W, channels).
        reach: pixels, where the drawing is even.
        look: called now and then; may raise to end it.

    Returns:
        float32 (H, W).
    """
    made, apart = plane, []
    for axis in (0, 1):
        apart.append(_apart(drawing, axis, reach))
        look()
    for time in range(_TIMES):
        each = reach * 3**0.5 * 2 ** (_TIMES - time - 1) / (4**_TIMES - 1) ** 0.5
        for axis in (1, 0):
            weights = np.exp(apart[axis] * np.float32(-(2**0.5) / each))
            # Rows one after the other, so that each step is one of whole rows in memory.
            made = _smoothed(made, weights) if axis == 0 else _smoothed(made.T, weights).T
            look()
    return np.ascontiguousarray(made)


def _apart(drawing: Pixels, axis: int, reach: float) -> Values:
    """How far each row (axis 0) or column is from the one before, in pixels; columns lie as rows."""
    lying = drawing if axis == 0 else drawing.swapaxes(0, 1)
    far = np.ones(lying.shape[:2], np.float32)
    for row in range(1, len(lying)):
        change = np.abs(lying[row].astype(np.int16) - lying[row - 1])
        far[row] += (change if change.ndim == 1 else change.sum(1)) * np.float32(reach / _CHANGE / 255)
    return far


def _smoothed(plane: Values, weights: Values) -> Values:
    made = np.array(plane, np.float32, order="C")
    for row in range(1, len(made)):
        made[row] += weights[row] * (made[row - 1] - made[row])
    for row in range(len(made) - 2, -1, -1):
        made[row] += weights[row + 1] * (made[row + 1] - made[row])
    return made
