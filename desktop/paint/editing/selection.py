"""What is selected, and what was pasted or moved last and can be moved on. None of it is a step."""

from __future__ import annotations

from typing import NamedTuple

from desktop.paint.editing.history import Change, PaintStep, Step
from desktop.paint.layers.layer import Layer, Packed
from engine.data.rect import EMPTY, Rect


class Floating(NamedTuple):
    """Pixels that were just pasted or moved: until the next step, they can be moved on without taking
    along what they came to lie on."""

    step: PaintStep
    pixels: Packed
    source: Rect
    """What moving them emptied; empty for pasted ones."""
    left: int
    top: int


class Lifted(NamedTuple):
    """What is about to be moved."""

    pixels: Packed
    source: Rect
    """What they leave empty."""
    left: int
    top: int
    taken_back: Change | None = None
    """The step by which they came where they are, and which is undone: moving on replaces it."""


class Selection:
    """A rectangle of the picture; empty where nothing is selected."""

    def __init__(self) -> None:
        self.rect = EMPTY
        self._floating: Floating | None = None

    def lift(self, step: Step | None, pixels: Packed, source: Rect, left: int, top: int) -> None:
        """Note that ``step``, the newest, laid ``pixels`` at (left, top), so that they can be moved on."""
        self._floating = Floating(step, pixels, source, left, top) if isinstance(step, PaintStep) else None

    def still_floating(self, newest: Step | None, active: Layer) -> Floating | None:
        """What was pasted or moved on the ``active`` layer, if that is the ``newest`` step still."""
        floating = self._floating
        if floating is None or newest is not floating.step:
            return None
        return floating if floating.step.layer == active.id else None
