"""What is selected, taken in hand and moved."""

from __future__ import annotations

from typing import Self

from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.editing.selection import Area, Lifted
from desktop.paint.gestures.selecting import corners
from desktop.paint.gestures.tool import Stroke
from desktop.paint.strokes.stroke import Ink, Sample
from engine.data.rect import EMPTY, Rect


def lift(document: Document, copy: bool) -> tuple[Lifted, Recording]:
    """Take what is selected on the active layer in hand; a stroke is open from then on.

    What was pasted or moved just before goes on as it was then: that step is undone.

    Raises:
        PictureError: the layer can't be painted on; nothing is undone then.
    """
    recording, floating, selection = document.begin(Ink()), document.still_floating(), document.selection
    if floating is None or copy:
        pixels, cut = recording.base(selection), document.area.mask
        if cut is not None:
            pixels[~cut] = 0
        source = EMPTY if copy else selection
        return Lifted(pixels, source, *selection[:2], cut=cut, selected=document.area), recording
    recording.abort()
    area, before = document.area, floating.step.selected
    first = before[0] if before is not None else area
    assert isinstance(first, Area)
    taken_back = document.undo()
    document.area = area  # it stays around what is moved on
    pixels, source, left, top, cut = floating[1:]
    return Lifted(pixels, source, left, top, taken_back, cut, first), document.begin(Ink())


class MoveStroke(Stroke):
    """Moves what was lifted; shift keeps to one axis.

    What was pasted or moved just before doesn't take along what it came to lie on; the two steps
    become one.
    """

    def __init__(self, document: Document, lifted: Lifted, recording: Recording, sample: Sample) -> None:
        self._document = document
        self._lifted = lifted
        self._recording = recording
        self._start = sample.sane()
        self._area = document.area
        self._hole = document.emptiness(recording.layer, lifted.source)
        self._shift = 0, 0

    def begun(self, sample: Sample) -> Self:
        taken_back = self._lifted.taken_back
        self.rect = self.move(sample).united(taken_back.rect if taken_back is not None else EMPTY)
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        recording = self._recording
        if not recording.open:
            return EMPTY
        sample = sample.sane()
        across, down = round(sample.x - self._start.x), round(sample.y - self._start.y)
        if shift:
            across, down = (across, 0) if abs(across) > abs(down) else (0, down)
        self._shift = across, down
        rect = recording.restore()
        pixels, source, left, top, _, cut, _ = self._lifted
        if source:
            rect = rect.united(recording.put(self._hole, source.left, source.top, cut=cut))
        rect = rect.united(recording.put(pixels, left + across, top + down, over=True))
        self._document.area = self._area.moved(*self._shift)
        self.outline = corners(self._document.selection)
        return rect

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.move(sample, shift)
        self.shut()
        if not self._recording.open:
            return Change()
        document, before = self._document, self._document.undo_steps
        change = self._recording.commit(QCoreApplication.translate("paint", "Move selection"))
        if document.undo_steps > before or (change and document.can_undo):
            (across, down), (pixels, source, left, top, _, cut, first) = self._shift, self._lifted
            document.lift(pixels, source, left + across, top + down, cut)
            document.went_along(first)
        taken_back = self._lifted.taken_back
        return taken_back.united(change) if taken_back is not None else change

    def abort(self) -> Rect:
        self.shut()
        if not self._recording.open:
            return EMPTY
        rect = self._recording.abort()
        self._document.area = self._area
        if self._lifted.taken_back is not None:
            back = self._document.redo()
            rect = rect.united(back.rect if back is not None else EMPTY)
        return rect
