"""What a stroke is made of: samples of the pen, the ink to draw with, and the path between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.data.palette import Colour

Symmetry = Literal["none", "vertical", "horizontal", "both", "radial"]
"""Mirror axes: ``vertical`` swaps left and right; ``radial`` turns around their crossing instead."""

Selects = Literal["rectangle", "hand", "polygon", "colour"]
"""By what one selects."""
Combine = Literal["replace", "add", "subtract"]
"""What is done with a new selection where something is selected already."""

LARGEST_SIZE = 500.0
LONGEST_STRING = 60.0
"""Length in pixels of the string by which the strongest stabiliser pulls the pen."""
HOLD_S = 0.6
"""Held still at its end for so many seconds, a stroke becomes a shape."""
REACH = 1e6
"""Samples further out than this are brought back to it, so that no arithmetic overflows."""


class Sample(NamedTuple):
    """Where the pen was: picture coordinates in pixels (pixel centres at .5), pressure 0 to 1,
    tilt in degrees, time in seconds."""

    x: float
    y: float
    pressure: float = 1.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    time: float = 0.0

    def sane(self) -> Sample:
        """The same sample, with whatever a broken tablet may report brought into range."""
        return self._replace(
            x=_within(self.x, -REACH, REACH),
            y=_within(self.y, -REACH, REACH),
            pressure=_within(self.pressure, 0.0, 1.0, otherwise=1.0),
        )


@dataclass(frozen=True)
class Ink:
    """How to draw: everything a tool needs besides the samples."""

    brush: str = "pen"
    """Name of a module in ``desktop.paint.brushes``."""
    size: float = 3.0
    """Diameter in pixels, up to ``LARGEST_SIZE``."""
    hardness: float = 1.0
    """0: fades from the middle on, 1: a sharp edge."""
    opacity: float = 1.0
    """0 to 1; a stroke never exceeds it where it crosses itself."""
    colour: Colour = (0, 0, 0)
    erase: bool = False
    stabiliser: float = 0.0
    """0 to 1: how much the line lags behind the hand and irons out its trembling."""
    pressure_size: bool = True
    pressure_opacity: bool = False
    tolerance: int = 32
    """Fill: how far, 0 to 255, a channel may be from the colour that was clicked."""
    gap: int = 0
    """Fill: gaps in the outline up to this many pixels hold the paint back."""
    filled: bool = False
    """Shapes: filled, else outlined."""
    symmetry: Symmetry = "none"
    axes: tuple[float, float, float] = (0.5, 0.5, 0.0)
    """Where the axes cross, in parts of the picture's width and height, and by how many degrees, clockwise,
    they are turned."""
    fold: int = 6
    """Radial symmetry: how many there are of each stroke, 2 to 12."""
    selects: Selects = "rectangle"
    combine: Combine = "replace"
    contiguous: bool = True
    """Selecting by colour: only what hangs together."""
    hold: float = 0.0
    """Freehand: held still at its end, within so many pixels, the stroke becomes the shape that it was meant
    to be; 0 never."""


class Dab(NamedTuple):
    """A disc of the brush: centre and radius in pixels, strength 0 to 1."""

    x: float
    y: float
    radius: float
    strength: float


def dab(sample: Sample, ink: Ink) -> Dab:
    """The disc that ``ink`` leaves at ``sample``."""
    pressure = max(0.02, sample.pressure)
    size = min(max(ink.size, 0.1), LARGEST_SIZE) * (pressure if ink.pressure_size else 1.0)
    return Dab(sample.x, sample.y, size / 2, pressure if ink.pressure_opacity else 1.0)


class Path:
    """Turns samples into the dabs of a smooth line, whatever the report rate.

    Each ``add`` returns the dabs along which the brush moves on, the first being where it stood.
    The line is the quadratic spline through the midpoints of neighbouring samples, with the samples
    themselves as control points: quick mouse strokes get no corners, and nothing drawn ever changes
    later. The stabiliser pulls the pen by a string: only geometry counts, not time.
    """

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        # Squared, so that a little of it costs hardly any detail.
        self._string = _within(ink.stabiliser, 0.0, 1.0) ** 2 * LONGEST_STRING
        self._pen: Sample | None = None
        self._last: Dab | None = None
        self._end: Dab | None = None

    def add(self, sample: Sample) -> list[Dab]:
        """Move on to ``sample``; the dabs to sweep, none where the pen hardly moved."""
        pulled = self._pulled(sample)
        return self._towards(pulled) if pulled is not None else []

    def finish(self, sample: Sample) -> list[Dab]:
        """The rest of the line, up to ``sample`` itself."""
        dabs = self._towards(sample)
        if self._end is not None and self._last is not None and self._end != self._last:
            dabs = [*(dabs or [self._end]), self._last]
            self._end = self._last
        return dabs

    def _pulled(self, sample: Sample) -> Sample | None:
        """Where the pen at the end of the string is; None while the string is slack."""
        pen = self._pen
        if pen is None or not self._string:
            self._pen = sample
            return sample
        distance = math.hypot(sample.x - pen.x, sample.y - pen.y)
        if distance <= self._string:
            return None
        part = 1 - self._string / distance
        self._pen = sample._replace(
            x=pen.x + (sample.x - pen.x) * part,
            y=pen.y + (sample.y - pen.y) * part,
            pressure=pen.pressure + (sample.pressure - pen.pressure) * part,
        )
        return self._pen

    def _towards(self, sample: Sample) -> list[Dab]:
        point = dab(sample, self._ink)
        last, end = self._last, self._end
        if last is None or end is None:
            self._last = self._end = point
            return [point]
        # Reports closer than this carry more trembling than shape.
        if math.hypot(point.x - last.x, point.y - last.y) < 0.25 and abs(point.radius - last.radius) < 0.1:
            return []
        middle = _between(last, point, 0.5)
        self._last, self._end = point, middle
        return _curve(end, last, middle)


def _curve(start: Dab, control: Dab, end: Dab) -> list[Dab]:
    """Dabs along a quadratic curve, so close together that no corner shows (within 1/5 pixel)."""
    bend = math.hypot(start.x - 2 * control.x + end.x, start.y - 2 * control.y + end.y) / 4
    pieces = max(1, min(32, math.ceil(math.sqrt(bend / 0.2))))
    dabs = [start]
    for piece in range(1, pieces + 1):
        part = piece / pieces
        dabs.append(_between(_between(start, control, part), _between(control, end, part), part))
    return dabs


def _between(start: Dab, end: Dab, part: float) -> Dab:
    return Dab(*(a + (b - a) * part for a, b in zip(start, end, strict=True)))


def _within(value: float, least: float, most: float, otherwise: float = 0.0) -> float:
    if math.isnan(value):
        return otherwise
    return min(max(value, least), most)
