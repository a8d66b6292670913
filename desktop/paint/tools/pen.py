"""The pen: draws along the hand with the chosen brush."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from desktop.paint.editing.document import Document
from desktop.paint.gestures.freehand import brush_stroke
from desktop.paint.gestures.tool import FREEHAND, Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample


class Pen(Tool):
    """Paints; erases when the ink says so, as at a tablet pen's other end."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        translate = QCoreApplication.translate
        text = translate("paint", "Erase") if ink.erase else translate("paint", "Stroke")
        return brush_stroke(document, ink, sample, shift, ctrl, text)


TOOL = Pen(
    "pen",
    str(QT_TRANSLATE_NOOP("paint", "Pen")),
    "mdi6.pencil-outline",
    "P",
    10,
    settings=FREEHAND,
    by_hand=True,
)
