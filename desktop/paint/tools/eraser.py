"""The eraser: the pen, taking paint away."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from desktop.paint.editing.document import Document
from desktop.paint.gestures.freehand import brush_stroke
from desktop.paint.gestures.tool import FREEHAND, Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample


class Eraser(Tool):
    """Makes the layer transparent again; on label layers the background shows."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        text = QCoreApplication.translate("paint", "Erase")
        return brush_stroke(document, replace(ink, erase=True), sample, shift, ctrl, text)


TOOL = Eraser(
    "eraser",
    str(QT_TRANSLATE_NOOP("paint", "Eraser")),
    "mdi6.eraser",
    "E",
    20,
    settings=FREEHAND,
    by_hand=True,
    at_other_end=True,
    own_ink=Ink(size=24.0, erase=True),  # rubbing with a 3-pixel pen is no use
)
