"""What a brush is: how its paint thins out from the middle of the stroke to the edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication

Plane = npt.NDArray[np.float32]

Profile = Callable[[Plane, float | Plane, float], Plane]
"""``profile(depth, radius, hardness)``: coverage 0 to 1, where ``depth``, in pixels, is how far
inside the edge a pixel's centre lies (negative outside), and ``radius`` is one number or, where the
stroke widens, of the shape of ``depth``. May write into ``depth``."""


@dataclass(frozen=True)
class Brush:
    """One module of ``desktop.paint.brushes``: its ``BRUSH``."""

    id: str
    name: str
    """English."""
    icon: str
    """Name of a glyph for qtawesome."""
    profile: Profile
    hard: bool = False
    """Every pixel is painted wholly or not at all."""
    order: int = 100
    """Where it stands in lists, lowest first."""

    @property
    def title(self) -> str:
        """The name in the user's language."""
        return QCoreApplication.translate("paint", self.name)
