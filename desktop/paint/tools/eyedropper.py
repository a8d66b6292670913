"""The eyedropper: takes a colour from the picture."""

from __future__ import annotations

import math
from typing import Self

from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample
from engine.data.rect import EMPTY, Rect


class PickStroke(Stroke):
    """Takes what is under the pen, until it is lifted. Changes nothing."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def begun(self, sample: Sample) -> Self:
        self.move(sample)
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if self.open:
            sample = sample.sane()
            self.picked = self._document.colour_at(math.floor(sample.x), math.floor(sample.y)) or self.picked
        return EMPTY

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.move(sample)
        self.open = False
        return Change()

    def abort(self) -> Rect:
        self.open, self.picked = False, None
        return EMPTY


class Eyedropper(Tool):
    """Takes the colour that is seen, reference layers included; in label pictures the label's."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        return PickStroke(document).begun(sample)


TOOL = Eyedropper(
    "eyedropper",
    str(QT_TRANSLATE_NOOP("paint", "Eyedropper")),
    "mdi6.eyedropper",
    "I",
    80,
)
