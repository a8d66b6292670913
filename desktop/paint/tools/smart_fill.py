"""The bucket that looks at the photo: fills the photo's regions under the pen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self

import numpy as np
from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.superpixels import Regions, fingerprint, known, regions_in
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.layers.layer import Layer, Role
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools.fill import FillStroke
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError

_STRIDE = 3.0
"""Pixels of the picture between two looks at what is under a pen that moves quickly."""


class RegionsStroke(FillStroke):
    """Fills region after region as the pen comes over them."""

    def __init__(
        self, document: Document, recording: Recording, regions: Regions, by_draft: bool, far: bool
    ) -> None:
        super().__init__(document, recording)
        self._regions = regions
        self._by_draft, self._far = by_draft, far
        self._now = np.zeros(0, np.int64)
        if by_draft and document.palette is not None:
            drawn = document.palette.indices(document.picture_flat())
            self._now = regions.of_labels(drawn, len(document.palette.labels))
        self._filled = np.zeros(len(regions.colours), np.bool_)
        self._last = Sample(0, 0)

    def begun(self, sample: Sample) -> Self:
        self._last = sample.sane()
        self.rect = self._fill(self._last, self._last)
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if not self.open:
            return EMPTY
        before, self._last = self._last, sample.sane()
        return self._fill(before, self._last)

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.move(sample)
        self.open = False
        return self._recording.commit(QCoreApplication.translate("paint", "Fill the photo's regions"))

    def _fill(self, start: Sample, end: Sample) -> Rect:
        """Fill what the way from one point to another leads over; returns what changed."""
        regions, tolerance = self._regions, min(max(self._recording.ink.tolerance, 0), 255)
        across, down = end.x - start.x, end.y - start.y
        # A broken tablet may report anything: outside the picture there is nothing to be filled.
        count = min(math.ceil(math.hypot(across, down) / _STRIDE) + 1, sum(regions.shape))
        chosen = np.zeros_like(self._filled)
        for part in np.linspace(0.0, 1.0, count):
            seed = regions.at(start.x + part * across, start.y + part * down)
            if seed is None or self._filled[seed] or chosen[seed]:
                continue
            if self._by_draft:
                chosen |= regions.alike(seed, self._far, self._now)
            else:
                chosen |= regions.around(seed, tolerance)
        chosen &= ~self._filled
        if not chosen.any():
            return EMPTY
        self._filled |= chosen
        patch = regions.patch(chosen)
        smooth = self._document.kind != "labels"
        turned = (self._turned(patch, copy, smooth=smooth) for copy in self._recording.copies)
        return self._recording.cover([patch, *turned])


class SmartFill(Tool):
    """Paints into the active layer what belongs together in the photo that lies over the picture."""

    def preparation(self, document: Document) -> Callable[[], object] | None:
        photo = _photo(document)
        if photo is None or known(key := fingerprint(photo)) is not None:
            return None
        pixels = photo.pixels.copy()
        return lambda: regions_in(pixels, key)

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        recording = document.begin(ink)
        photo = _photo(document)
        if photo is None:
            recording.abort()
            raise PictureError(
                QCoreApplication.translate(
                    "paint", "Smart fill goes by a photo; add one with “New reference from a picture”."
                )
            )
        regions = regions_in(photo.pixels, fingerprint(photo))
        labels = len(document.palette.labels) if document.palette is not None else 0
        if ctrl and (regions.likely is None or regions.likely.shape[1] != labels):
            recording.abort()
            raise PictureError(
                QCoreApplication.translate(
                    "paint",
                    "With Ctrl, smart fill goes by the photo’s draft, and there is none; click without.",
                )
            )
        return RegionsStroke(document, recording, regions, ctrl, shift).begun(sample)


def _photo(document: Document) -> Layer | None:
    """The reference that came first."""
    references = [layer for layer in document.layers if layer.role is Role.REFERENCE]
    return min(references, key=lambda layer: layer.id, default=None)


TOOL = SmartFill(
    "smart_fill",
    str(QT_TRANSLATE_NOOP("paint", "Smart fill")),
    "mdi6.puzzle-outline",
    "A",
    75,
    settings=("tolerance",),
)
