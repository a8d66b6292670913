"""The bucket: fills the area of one colour around the pointer, looking at all layers together."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication
from PySide6.QtGui import QTransform

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.region import region
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.gestures.transforming import drawn
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.strokes.sweep import Patch
from desktop.paint.strokes.symmetry import Copy
from engine.data.rect import EMPTY, Rect

WIDEST_GAP = 64


class FillStroke(Stroke):
    """Fills at once, and is kept when the pen is lifted."""

    def __init__(self, document: Document, recording: Recording) -> None:
        self._document = document
        self._recording = recording

    def begun(self, sample: Sample) -> Self:
        document, ink, sample = self._document, self._recording.ink, sample.sane()
        x, y = math.floor(sample.x), math.floor(sample.y)
        if not (0 <= x < document.width and 0 <= y < document.height):
            return self
        labels = document.kind == "labels"
        tolerance = 0 if labels else min(max(ink.tolerance, 0), 255)
        gap = min(max(ink.gap, 0), WIDEST_GAP)
        paint = ink.colour if not ink.erase and ink.opacity == 1 else None
        coverage = region(document.picture_flat(), x, y, tolerance, gap, smooth=not labels, paint=paint)
        rows, columns = np.flatnonzero(coverage.any(1)), np.flatnonzero(coverage.any(0))
        box = Rect.spanning(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        patch = Patch(coverage[box.rows, box.columns], box.left, box.top)
        turned = (self._turned(patch, copy, smooth=not labels) for copy in self._recording.copies)
        self.rect = self._recording.cover([patch, *turned])
        return self

    def _turned(self, patch: Patch, copy: Copy, *, smooth: bool) -> Patch:
        """The patch as symmetry copies it; it has no outline that could be drawn anew."""
        alpha = patch.coverage.astype(np.uint32) << np.uint32(24)
        matrix = QTransform.fromTranslate(patch.left, patch.top) * QTransform(*copy)
        pixels, left, top = drawn(alpha, matrix, self._recording.bounds, smooth=smooth)
        return Patch((pixels >> np.uint32(24)).astype(np.uint8), left, top)

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        return EMPTY

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.open = False
        return self._recording.commit(QCoreApplication.translate("paint", "Fill"))

    def abort(self) -> Rect:
        self.open = False
        return self._recording.abort()


class Fill(Tool):
    """Paints into the active layer up to where the colour differs."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        return FillStroke(document, document.begin(ink)).begun(sample)


TOOL = Fill(
    "fill",
    str(QT_TRANSLATE_NOOP("paint", "Fill")),
    "mdi6.format-color-fill",
    "F",
    70,
    settings=("tolerance",),
)
