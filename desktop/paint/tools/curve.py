"""Curves, point by point, with handles."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.gestures.curves import CurveStroke
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample


class Curve(Tool):
    """Enter draws it with the brush in hand, Esc takes it back."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        return CurveStroke(document, document.begin(ink)).begun(sample)

    def replay(
        self,
        document: Document,
        ink: Ink,
        samples: Sequence[Sample],
        shift: bool = False,
        ctrl: bool = False,
    ) -> Change:
        stroke = CurveStroke(document, document.begin(ink))
        if len(samples) >= 3:
            stroke.put(list(samples))
        return stroke.close()


TOOL = Curve(
    "curve",
    str(QT_TRANSLATE_NOOP("paint", "Curve")),
    "mdi6.vector-curve",
    "C",
    35,
    settings=("brush", "size", "hardness", "opacity"),
)
