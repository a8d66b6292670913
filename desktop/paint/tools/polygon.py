"""Polygons, outlined or filled, corner by corner."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.cornered import Cornered
from desktop.paint.gestures.shapes import covered, is_hard, nearby, on_grid
from desktop.paint.gestures.tool import SHAPE, Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample
from engine.data.rect import Rect


class PolygonStroke(Cornered):
    """Nothing is painted before it closes; ``outline`` shows the corners so far, up to the pen."""

    most = 2000

    def __init__(self, recording: Recording, sample: Sample) -> None:
        self._recording = recording
        super().__init__(sample)

    def close(self) -> Change:
        if not self.open:
            return Change()
        self.shut()
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
        self.shut()
        return self._recording.abort()

    def _add(self, sample: Sample) -> None:
        x, y = nearby(sample, self._recording)
        self._corners.append(sample._replace(x=x, y=y))


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
