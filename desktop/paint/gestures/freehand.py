"""Strokes of a brush: along the hand, or straight between two points."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Self

from PySide6.QtCore import QCoreApplication

from desktop.paint.brushes import brush_named
from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.quick_shape import Shape, recognised
from desktop.paint.gestures.tool import Stroke, snapped
from desktop.paint.strokes.stroke import HOLD_S, Dab, Ink, Path, Sample, dab
from desktop.paint.strokes.sweep import Patch, sweep
from engine.data.rect import EMPTY, Rect

AWAY = 4
"""So many times as far as it may tremble while it is held, the pen has moved on from the shape."""


class FreehandStroke(Stroke):
    """Follows the pen. Held still at its end, it becomes the shape that it was meant to be, see ``Ink.hold``.

    Many pens report their first sample at full pressure, before they have measured any. So the first dab,
    which is seen at once, is drawn anew with the pressure of the second sample where that is less.
    """

    def __init__(self, document: Document, recording: Recording, text: str) -> None:
        self._document = document
        self._recording = recording
        self._ink = recording.ink
        self._text = text
        self._path = Path(self._ink)
        self._alone: Sample | None = None
        """The first sample, while it is the only one."""
        self._samples: list[Sample] = []
        self._dabs: list[Dab] = []
        """Both are kept where the stroke may become a shape."""
        self._still = Sample(0, 0)
        """Where and since when the pen is held still."""
        self._still_from = 0
        """How many samples there were then."""
        self._was_looked_at = False
        self.rests = self._ink.hold > 0
        self._shape: Shape | None = None
        self._since: list[Sample] = []
        """Samples since it became a shape, which are drawn if the pen moves on."""

    def begun(self, sample: Sample) -> Self:
        self._alone = sample.sane()
        self.rect = self._recording.cover(self._along(self._alone))
        self._be_still(self._alone)
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        sample = sample.sane()
        if not self.open:
            return EMPTY
        if self._shape is not None:
            return self._held_on(sample)
        first, self._alone = self._alone, None
        if first is None or first.pressure <= sample.pressure:
            rect = self._recording.cover(self._along(sample))
        else:
            self._path, self._samples, self._dabs = Path(self._ink), [], []
            patches = [*self._along(first._replace(pressure=sample.pressure)), *self._along(sample)]
            rect = self._recording.redraw(patches)
        return rect.united(self._looked_at(sample)) if self._ink.hold else rect

    def follow(self, samples: Sequence[Sample], shift: bool = False, ctrl: bool = False) -> None:
        if self._ink.hold:  # it may become a shape on the way
            super().follow(samples, shift, ctrl)
        elif samples and self.open:
            self.move(samples[0], shift, ctrl)
            self._recording.cover(patch for it in samples[1:] for patch in self._along(it.sane()))

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        if not self.open:
            return Change()
        if self._shape is not None:
            return self._finish_shape(self._shape)
        self.open = False
        sample = sample.sane()
        self._recording.cover(self._swept(self._path.finish(sample)))
        self._document.last_point = sample.x, sample.y
        return self._recording.commit(self._text)

    def relent(self) -> Change | None:
        if self._shape is None or not self.open:
            return None
        self.open = False
        return self._commit_free()

    def abort(self) -> Rect:
        self.open = False
        return self._recording.abort()

    def _along(self, sample: Sample) -> Iterator[Patch]:
        dabs = self._path.add(sample)
        if self._ink.hold:
            self._samples.append(sample)
            self._dabs += dabs
        return self._swept(dabs)

    def _swept(self, dabs: list[Dab]) -> Iterator[Patch]:
        return swept(self._recording, dabs)

    # --- quick shapes ---------------------------------------------------------------------------

    def _looked_at(self, sample: Sample) -> Rect:
        """Whether the pen is still where it was; and if so for long enough, what the stroke becomes."""
        if math.hypot(sample.x - self._still.x, sample.y - self._still.y) > self._ink.hold:
            self._be_still(sample)
            return EMPTY
        if self._was_looked_at or sample.time - self._still.time < HOLD_S:
            return EMPTY
        self._was_looked_at = True
        # Trembling while it is held is no part of the shape.
        self._shape = recognised([(it.x, it.y) for it in self._samples[: self._still_from]])
        if self._shape is None:
            return EMPTY
        self._since = [sample]
        self.became = QCoreApplication.translate("paint", self._shape.name)
        pressure = statistics.median(it.pressure for it in self._samples)
        dabs = [dab(Sample(x, y, pressure), self._ink) for x, y in self._shape.points]
        return self._recording.redraw(self._swept(dabs))

    def _be_still(self, sample: Sample) -> None:
        self._still, self._still_from, self._was_looked_at = sample, len(self._samples), False

    def _held_on(self, sample: Sample) -> Rect:
        """Back to the hand if it moves on: it had only rested."""
        self._since.append(sample)
        place = self._since[0]
        if math.hypot(sample.x - place.x, sample.y - place.y) <= AWAY * self._ink.hold:
            return EMPTY
        self._shape, self.became = None, ""
        rect = self._recording.redraw(self._swept(self._dabs))
        for later in self._since:
            rect = rect.united(self._recording.cover(self._along(later)))
        self._be_still(sample)
        return rect

    def _commit_free(self) -> Change:
        """Keep what was drawn before the pen was held still."""
        last = self._samples[-1]
        self._recording.redraw(self._swept([*self._dabs, *self._path.finish(last)]))
        self._document.last_point = last.x, last.y
        return self._recording.commit(self._text)

    def _finish_shape(self, shape: Shape) -> Change:
        """The free stroke is kept as a step, and the shape as the next: undo gives the free stroke back."""
        self.open = False
        recording, document = self._recording, self._document
        place = recording.rect
        pixels = recording.layer.packed[place.rows, place.columns].copy()
        change = self._commit_free()
        if not change:  # e.g. nothing was there to erase
            return change
        following = document.begin(self._ink, recording.layer)
        following.put(pixels, place.left, place.top)
        document.last_point = shape.points[-1]
        return change.united(following.commit(self.became))


class StraightStroke(Stroke):
    """A straight line whose end follows the pen."""

    def __init__(self, document: Document, recording: Recording, start: Sample, text: str) -> None:
        self._document = document
        self._recording = recording
        self._start = start.sane()
        self._text = text
        # Near the end the pressure falls; a straight line keeps its width.
        self._pressure = 0.0
        self._alone = True

    def begun(self, sample: Sample, ctrl: bool = False) -> Self:
        self._pressure = sample.sane().pressure
        self.rect = self._drawn(self._end(sample, ctrl))
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if self._alone:  # the first sample knows no pressure, see FreehandStroke
            self._alone, self._pressure = False, 0.0
        self._pressure = max(self._pressure, sample.sane().pressure)
        return self._drawn(self._end(sample, ctrl))

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.open = False
        end = self._end(sample, ctrl)
        self._pressure = max(self._pressure, end.pressure)
        self._drawn(end)
        self._document.last_point = end.x, end.y
        return self._recording.commit(self._text)

    def abort(self) -> Rect:
        self.open = False
        return self._recording.abort()

    def _end(self, sample: Sample, ctrl: bool) -> Sample:
        sample = sample.sane()
        return snapped(sample, self._start.x, self._start.y) if ctrl else sample

    def _drawn(self, end: Sample) -> Rect:
        recording, ink = self._recording, self._recording.ink
        dabs = [dab(point._replace(pressure=self._pressure), ink) for point in (self._start, end)]
        return recording.redraw(swept(recording, dabs))


def swept(recording: Recording, dabs: list[Dab]) -> Iterator[Patch]:
    """What the recording's brush leaves along ``dabs``, and along their copies."""
    ink = recording.ink
    brush = brush_named(ink.brush)
    for path in (dabs, *(copy.of(dabs) for copy in recording.copies)):
        yield from sweep(path, brush, ink.hardness, recording.bounds)


def brush_stroke(document: Document, ink: Ink, sample: Sample, shift: bool, ctrl: bool, text: str) -> Stroke:
    """A stroke of the pen or the eraser: straight from the last point with shift, straight in steps of
    15° with ctrl, else along the hand."""
    if shift and document.last_point is not None:
        x, y = document.last_point
        start = sample._replace(x=x, y=y)
        return StraightStroke(document, document.begin(ink), start, text).begun(sample, ctrl)
    if ctrl:
        return StraightStroke(document, document.begin(ink), sample, text).begun(sample, ctrl)
    return FreehandStroke(document, document.begin(ink), text).begun(sample)
