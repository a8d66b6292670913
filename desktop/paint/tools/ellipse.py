"""Ellipses, outlined or filled; circles with shift."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QRectF
from PySide6.QtGui import QPainterPath

from desktop.paint.editing.document import Document
from desktop.paint.gestures.shapes import BoxStroke
from desktop.paint.gestures.tool import SHAPE, Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample


def _trace(box: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(box)
    return path


class Ellipse(Tool):
    """Inside the box from corner to corner."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        text = QCoreApplication.translate("paint", "Ellipse")
        return BoxStroke(document.begin(ink), sample, _trace, text, sharp=False)


TOOL = Ellipse(
    "ellipse", str(QT_TRANSLATE_NOOP("paint", "Ellipse")), "mdi6.ellipse-outline", "O", 50, settings=SHAPE
)
