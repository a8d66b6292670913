"""Polygons, outlined or filled, corner by corner."""

from __future__ import annotations

import math

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.shapes import covered, is_hard, nearby, on_grid
from desktop.paint.gestures.tool import SHAPE, Stroke, Tool, snapped
from desktop.paint.strokes.stroke import Ink, Sample
from engine.data.rect import EMPTY, Rect

MOST_CORNERS = 2000


class PolygonStroke(Stroke):
    """Every click adds a corner; a click on the first corner or on the last one closes the shape.

    Nothing is painted before that; ``outline`` shows the corners so far, up to the pen.
    """

    reach: float = 6.0
    """How near, in picture pixels, a click must be to a corner to mean it; depends on the zoom."""

    def __init__(self, recording: Recording, sample: Sample) -> None:
        self._recording = recording
        self._corners: list[Sample] = []
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
        self._add(point)
        self._show(point)
        return self.close() if len(self._corners) >= MOST_CORNERS else None

    def close(self) -> Change:
        if not self.open:
            return Change()
        self.open, self.outline = False, None
        recording = self._recording
        if len(self._corners) == 1:  # a mere click
            recording.abort()
            return Change()
        hard = is_hard(recording)
        if hard:
            points = [
                QPointF(*(on_grid(value, recording.ink) for value in corner[:2])) for corner in self._corners
            ]
        else:
            points = [QPointF(corner.x, corner.y) for corner in self._corners]
        path = QPainterPath()
        path.addPolygon(QPolygonF(points))
        path.closeSubpath()
        recording.cover(covered(path, recording, hard=hard))
        return recording.commit(QCoreApplication.translate("paint", "Polygon"))

    def abort(self) -> Rect:
        self.open, self.outline = False, None
        return self._recording.abort()

    def _aimed(self, sample: Sample, ctrl: bool) -> Sample:
        last = self._corners[-1]
        sample = sample.sane()
        return snapped(sample, last.x, last.y) if ctrl else sample

    def _add(self, sample: Sample) -> None:
        x, y = nearby(sample, self._recording)
        self._corners.append(sample._replace(x=x, y=y))

    def _show(self, pen: Sample) -> None:
        self.outline = [QPointF(corner.x, corner.y) for corner in (*self._corners, pen)]

    def _near(self, one: Sample, other: Sample) -> bool:
        return math.hypot(one.x - other.x, one.y - other.y) <= self.reach


class Polygon(Tool):
    """Any number of corners."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        return PolygonStroke(document.begin(ink), sample)


TOOL = Polygon(
    "polygon",
    str(QT_TRANSLATE_NOOP("paint", "Polygon")),
    "mdi6.vector-polygon",
    "G",
    60,
    settings=SHAPE,
    clicks=True,
)
