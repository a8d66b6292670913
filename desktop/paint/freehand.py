"""Strokes of a brush: along the hand, or straight between two points."""

from __future__ import annotations

from desktop.paint.brushes import brush_named
from desktop.paint.document import Document
from desktop.paint.history import Change
from desktop.paint.stroke import Ink, Path, Sample, dab
from desktop.paint.sweep import sweep
from desktop.paint.tool import Stroke, snapped
from engine.rect import Rect


class FreehandStroke(Stroke):
    """Follows the pen."""

    def __init__(self, document: Document, ink: Ink, sample: Sample, text: str) -> None:
        self._document = document
        self._recording = document.begin(ink)
        self._ink = self._recording.ink
        self._text = text
        self._path = Path(self._ink)
        self.rect = self.move(sample)

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        dabs = self._path.add(sample.sane())
        recording = self._recording
        brush = brush_named(self._ink.brush)
        return recording.cover(sweep(dabs, brush, self._ink.hardness, recording.bounds))

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.open = False
        sample = sample.sane()
        dabs = self._path.finish(sample)
        recording = self._recording
        recording.cover(sweep(dabs, brush_named(self._ink.brush), self._ink.hardness, recording.bounds))
        self._document.last_point = sample.x, sample.y
        return recording.commit(self._text)

    def abort(self) -> Rect:
        self.open = False
        return self._recording.abort()


class StraightStroke(Stroke):
    """A straight line whose end follows the pen."""

    def __init__(
        self, document: Document, ink: Ink, start: Sample, sample: Sample, ctrl: bool, text: str
    ) -> None:
        self._document = document
        self._recording = document.begin(ink)
        self._start = start.sane()
        self._text = text
        # Near the end the pressure falls; a straight line keeps its width.
        self._pressure = max(start.sane().pressure, sample.sane().pressure)
        self.rect = self.move(sample, ctrl=ctrl)

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        return self._drawn(self._end(sample, ctrl))

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.open = False
        end = self._end(sample, ctrl)
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
        self._pressure = max(self._pressure, end.pressure)
        dabs = [dab(point._replace(pressure=self._pressure), ink) for point in (self._start, end)]
        return recording.redraw(sweep(dabs, brush_named(ink.brush), ink.hardness, recording.bounds))


def brush_stroke(document: Document, ink: Ink, sample: Sample, shift: bool, ctrl: bool, text: str) -> Stroke:
    """A stroke of the pen or the eraser: straight from the last point with shift, straight in steps of
    15° with ctrl, else along the hand."""
    if shift and document.last_point is not None:
        x, y = document.last_point
        return StraightStroke(document, ink, sample._replace(x=x, y=y), sample, ctrl, text)
    if ctrl:
        return StraightStroke(document, ink, sample, sample, ctrl, text)
    return FreehandStroke(document, ink, sample, text)
