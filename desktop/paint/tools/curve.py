"""Curves, point by point, with handles."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.editing.document import Document
from desktop.paint.gestures.curves import CurveStroke
from desktop.paint.gestures.tool import NotedTool, Stroke
from desktop.paint.strokes.stroke import Ink, Sample


class Curve(NotedTool):
    """Enter draws it with the brush in hand, Esc takes it back."""

    def begin(self, document: Document, ink: Ink) -> CurveStroke:
        return CurveStroke(document, document.begin(ink))

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        return self.begin(document, ink).begun(sample)


TOOL = Curve(
    "curve",
    str(QT_TRANSLATE_NOOP("paint", "Curve")),
    "mdi6.vector-curve",
    "C",
    35,
    settings=("brush", "size", "hardness", "opacity"),
)
