"""Selecting: paint stays inside what is selected, and that can be moved, copied and deleted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP

from desktop.paint.editing.document import Document
from desktop.paint.gestures.moving import MoveStroke, lift
from desktop.paint.gestures.selecting import ColourStroke, CornersStroke, LassoStroke, SelectStroke
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample


@dataclass(frozen=True)
class Select(Tool):
    """Outside the selection a new one is drawn, as ``Ink.selects`` says; inside, its contents are moved.

    A selection that is drawn by corners or by colour may begin inside the one before.
    """

    def takes_clicks(self, ink: Ink) -> bool:
        return ink.selects == "polygon"

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        how = ink.combine
        match ink.selects:
            case "polygon":
                return CornersStroke(document, sample, how)
            case "colour":
                return ColourStroke(document, how, ink.tolerance, ink.contiguous).begun(sample)
        if how == "replace" and _is_inside(document, sample):
            lifted, recording = lift(document, ctrl)
            return MoveStroke(document, lifted, recording, sample).begun(sample)
        if ink.selects == "hand":
            return LassoStroke(document, sample, how)
        return SelectStroke(document, sample, how).begun(sample)


def _is_inside(document: Document, sample: Sample) -> bool:
    sample, (rect, mask) = sample.sane(), document.area
    column, row = math.floor(sample.x) - rect.left, math.floor(sample.y) - rect.top
    inside = 0 <= column < rect.width and 0 <= row < rect.height
    return inside and (mask is None or bool(mask[row, column]))


TOOL = Select(
    "select",
    str(QT_TRANSLATE_NOOP("paint", "Select")),
    "mdi6.selection",
    "S",
    90,
    settings=("selects",),
)
