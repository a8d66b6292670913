"""Straight lines."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from desktop.paint.editing.document import Document
from desktop.paint.gestures.freehand import StraightStroke
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample


class Line(Tool):
    """From pen down to pen up; with shift from where the last line ended."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        start = sample
        if shift and document.last_point is not None:
            start = sample._replace(x=document.last_point[0], y=document.last_point[1])
        text = QCoreApplication.translate("paint", "Line")
        return StraightStroke(document, document.begin(ink), start, text).begun(sample, ctrl)


TOOL = Line("line", str(QT_TRANSLATE_NOOP("paint", "Line")), "mdi6.vector-line", "L", 30, ("size", "opacity"))
