"""The pen: smooth edges, as sharp as its hardness says."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.strokes.brush import Brush, Plane


def profile(depth: Plane, radius: float | Plane, hardness: float) -> Plane:
    """A straight ramp, one pixel wide when hard and half the radius when not."""
    depth += np.float32(0.5)
    if hardness < 1:
        depth /= 1 + (1 - hardness) * 0.5 * radius
    return np.clip(depth, 0, 1, out=depth)


BRUSH = Brush("pen", str(QT_TRANSLATE_NOOP("paint", "Pen")), "mdi6.fountain-pen-tip", profile, order=10)
