"""The free transform: moves, scales, turns and mirrors what is selected, or all of the layer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.gestures.transforming import TransformStroke
from desktop.paint.strokes.stroke import Ink, Sample


class Transform(Tool):
    """The box stands as soon as the tool is taken; Enter keeps what was done, Esc takes it back."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        return TransformStroke(document)

    def replay(
        self,
        document: Document,
        ink: Ink,
        samples: Sequence[Sample],
        shift: bool = False,
        ctrl: bool = False,
    ) -> Change:
        stroke = TransformStroke(document)
        if len(samples) >= 3:
            stroke.placed_by(list(samples[:3]))
        return stroke.close()


TOOL = Transform(
    "transform",
    str(QT_TRANSLATE_NOOP("paint", "Transform")),
    "mdi6.vector-square-edit",
    "X",
    100,
    settings=("placement",),
    at_once=True,
)
