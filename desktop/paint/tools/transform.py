"""The free transform: moves, scales, turns and mirrors what is selected, or all of the layer."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.editing.document import Document
from desktop.paint.gestures.tool import NotedTool, Stroke
from desktop.paint.gestures.transforming import TransformStroke
from desktop.paint.strokes.stroke import Ink, Sample


class Transform(NotedTool):
    """The box stands as soon as the tool is taken; Enter keeps what was done, Esc takes it back."""

    def begin(self, document: Document, ink: Ink) -> TransformStroke:
        return TransformStroke(document)

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        return self.begin(document, ink)


TOOL = Transform(
    "transform",
    str(QT_TRANSLATE_NOOP("paint", "Transform")),
    "mdi6.vector-square-edit",
    "X",
    100,
    settings=("placement",),
    at_once=True,
)
