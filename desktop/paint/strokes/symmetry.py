"""Where the copies of a stroke lie that symmetry makes: mirrored on axes, or turned around their crossing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from desktop.paint.strokes.stroke import Dab, Ink
from engine.data.rect import Rect


class Copy(NamedTuple):
    """A place (x, y) of the stroke is at (a·x + c·y + e, b·x + d·y + f) in its copy."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @property
    def is_exact(self) -> bool:
        """Pixels come to lie on pixels: it mirrors upright, or not at all."""
        upright = self.b == self.c == 0
        return upright and self.e == round(self.e) and self.f == round(self.f)

    def of(self, dabs: Iterable[Dab]) -> list[Dab]:
        """The dabs of the copy."""
        a, b, c, d, e, f = self
        return [dab._replace(x=a * dab.x + c * dab.y + e, y=b * dab.x + d * dab.y + f) for dab in dabs]


def crossing(ink: Ink, bounds: Rect) -> tuple[float, float]:
    """Where the axes cross, in picture coordinates: in the middle of a pixel, or between two."""
    x, y, _ = ink.axes
    return round(2 * x * bounds.width) / 2, round(2 * y * bounds.height) / 2


def copies(ink: Ink, bounds: Rect) -> list[Copy]:
    """All of them but the stroke itself."""
    x, y = crossing(ink, bounds)
    turn = math.radians(ink.axes[2])
    upright, level = _mirrored(x, y, turn + math.pi / 2), _mirrored(x, y, turn)
    match ink.symmetry:
        case "vertical":
            return [upright]
        case "horizontal":
            return [level]
        case "both":
            return [upright, level, _turned(x, y, math.pi)]
        case "radial":
            fold = min(max(ink.fold, 2), 12)
            return [_turned(x, y, 2 * math.pi * number / fold) for number in range(1, fold)]
    return []


def _mirrored(x: float, y: float, angle: float) -> Copy:
    """On the line through (x, y) in the direction ``angle``."""
    return _around(x, y, _plain(math.cos(2 * angle)), _plain(math.sin(2 * angle)), -1)


def _turned(x: float, y: float, angle: float) -> Copy:
    return _around(x, y, _plain(math.cos(angle)), _plain(math.sin(angle)), 1)


def _around(x: float, y: float, cosine: float, sine: float, side: int) -> Copy:
    a, b, c, d = cosine, sine, -side * sine, side * cosine
    return Copy(a, b, c, d, x - a * x - c * y, y - b * x - d * y)


def _plain(value: float) -> float:
    """Without what rounding leaves of 0 and 1."""
    return float(round(value)) if abs(value - round(value)) < 1e-12 else value
