"""Ellipses, outlined or filled; circles with shift."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QRectF
from PySide6.QtGui import QPainterPath

from desktop.paint.document import Document
from desktop.paint.shapes import BoxStroke
from desktop.paint.stroke import Ink, Sample
from desktop.paint.tool import Stroke, Tool


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
        return BoxStroke(document, ink, sample, _trace, text, sharp=False)


TOOL = Ellipse(
    "ellipse", str(QT_TRANSLATE_NOOP("paint", "Ellipse")), "mdi6.ellipse-outline", "O", 50, cursor="cross"
)
