"""The soft brush: fades like an airbrush, from the middle on when its hardness is 0."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.strokes.brush import Brush, Plane


def profile(depth: Plane, radius: float | Plane, hardness: float) -> Plane:
    """A smooth step (3t² - 2t³) over the part of the radius that is not hard."""
    depth += np.float32(0.5)
    depth /= 1 + (1 - hardness) * radius
    np.clip(depth, 0, 1, out=depth)
    square = depth * depth
    depth *= np.float32(-2)
    depth += np.float32(3)
    depth *= square
    return depth


BRUSH = Brush("soft", str(QT_TRANSLATE_NOOP("paint", "Soft brush")), "mdi6.spray", profile, order=20)
