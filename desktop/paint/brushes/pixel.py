"""The pixel brush: hard edges, so that no colour ever mixes. Label layers are painted with it alone."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.strokes.brush import Brush, Plane


def profile(depth: Plane, radius: float | Plane, hardness: float) -> Plane:
    """A pixel is painted when its centre lies inside."""
    return np.greater_equal(depth, 0, out=depth, casting="unsafe")


BRUSH = Brush("pixel", str(QT_TRANSLATE_NOOP("paint", "Pixel")), "mdi6.grid", profile, hard=True, order=30)
