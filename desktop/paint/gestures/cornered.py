"""What is drawn corner by corner, whatever becomes of it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF

from desktop.paint.editing.history import Change
from desktop.paint.gestures.tool import Stroke, snapped
from desktop.paint.strokes.stroke import Sample
from engine.data.rect import EMPTY, Rect


class Cornered(Stroke):
    """Every click adds a corner; one on the first corner or on the last closes the polygon, as does Enter."""

    most = 1000
    """Corners, after which it closes by itself."""

    def __init__(self, sample: Sample) -> None:
        self._corners: list[Sample] = []
        self._taken_back: list[Sample] = []
        self._clicks = 0
        self._add(sample.sane())
        self._show(sample.sane())

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if self.open:
            self._show(self._aimed(sample, ctrl))
        return EMPTY

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change | None:
        if not self.open:
            return Change()
        point = self._aimed(sample, ctrl)
        self._clicks += 1
        if self._near(point, self._corners[-1]):
            # Lifting the pen from the very first corner is no second click.
            return None if self._clicks == 1 else self.close()
        if len(self._corners) > 2 and self._near(point, self._corners[0]):
            return self.close()
        self._taken_back.clear()
        self._add(point)
        self._show(point)
        return self.close() if len(self._corners) >= self.most else None

    def step_back(self) -> Rect | None:
        if not self.open or len(self._corners) < 2:
            return None
        self._taken_back.append(self._corners.pop())
        return self._show_others()

    def step_forward(self) -> Rect | None:
        if not self.can_step_forward:
            return None
        self._corners.append(self._taken_back.pop())
        return self._show_others()

    @property
    def can_step_forward(self) -> bool:
        return self.open and bool(self._taken_back)

    def _aimed(self, sample: Sample, ctrl: bool) -> Sample:
        last = self._corners[-1]
        return snapped(sample.sane(), last.x, last.y) if ctrl else sample.sane()

    def _add(self, sample: Sample) -> None:
        self._corners.append(sample)

    def _show(self, pen: Sample) -> None:
        self.outline = [QPointF(corner.x, corner.y) for corner in (*self._corners, pen)]

    def _show_others(self) -> Rect:
        """There are other corners; the pen is where it was."""
        if self.outline:
            self.outline = [*(QPointF(corner.x, corner.y) for corner in self._corners), self.outline[-1]]
        return EMPTY

    def _near(self, one: Sample, other: Sample) -> bool:
        return math.hypot(one.x - other.x, one.y - other.y) <= self.reach
