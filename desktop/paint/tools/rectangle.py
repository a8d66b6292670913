"""Rectangles, outlined or filled; squares with shift."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QRectF
from PySide6.QtGui import QPainterPath

from desktop.paint.editing.document import Document
from desktop.paint.gestures.shapes import BoxStroke
from desktop.paint.gestures.tool import SHAPE, Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample


def _trace(box: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRect(box)
    return path


class Rectangle(Tool):
    """From corner to corner."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        text = QCoreApplication.translate("paint", "Rectangle")
        return BoxStroke(document.begin(ink), sample, _trace, text, sharp=True)


TOOL = Rectangle(
    "rectangle",
    str(QT_TRANSLATE_NOOP("paint", "Rectangle")),
    "mdi6.rectangle-outline",
    "R",
    40,
    settings=SHAPE,
)
