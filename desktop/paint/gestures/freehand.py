"""Strokes of a brush: along the hand, or straight between two points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from desktop.paint.brushes import brush_named
from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.tool import Stroke, snapped
from desktop.paint.strokes.stroke import Dab, Ink, Path, Sample, dab
from desktop.paint.strokes.sweep import Patch, sweep
from engine.data.rect import Rect


class FreehandStroke(Stroke):
    """Follows the pen.

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

    def begun(self, sample: Sample) -> Self:
        self._alone = sample.sane()
        self.rect = self._recording.cover(self._swept(self._path.add(self._alone)))
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        sample = sample.sane()
        first, self._alone = self._alone, None
        if first is None or first.pressure <= sample.pressure:
            return self._recording.cover(self._swept(self._path.add(sample)))
        self._path = Path(self._ink)
        dabs = self._path.add(first._replace(pressure=sample.pressure))
        return self._recording.redraw([*self._swept(dabs), *self._swept(self._path.add(sample))])

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.open = False
        sample = sample.sane()
        self._recording.cover(self._swept(self._path.finish(sample)))
        self._document.last_point = sample.x, sample.y
        return self._recording.commit(self._text)

    def abort(self) -> Rect:
        self.open = False
        return self._recording.abort()

    def _swept(self, dabs: list[Dab]) -> Iterator[Patch]:
        brush = brush_named(self._ink.brush)
        return sweep(dabs, brush, self._ink.hardness, self._recording.bounds)


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
        return recording.redraw(sweep(dabs, brush_named(ink.brush), ink.hardness, recording.bounds))


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
