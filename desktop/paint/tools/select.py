"""The rectangular selection: paint stays inside it, and what is inside can be moved and copied."""

from __future__ import annotations

from typing import Self

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.editing.selection import Lifted
from desktop.paint.gestures.tool import Stroke, Tool
from desktop.paint.strokes.stroke import Ink, Sample
from engine.data.rect import EMPTY, Rect


class SelectStroke(Stroke):
    """Drags a rectangle open; a mere click selects nothing. Shift makes a square."""

    def __init__(self, document: Document, sample: Sample) -> None:
        self._document = document
        self._before = document.selection
        self._start = sample.sane()

    def begun(self, sample: Sample) -> Self:
        self.move(sample)
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if self.open:
            self._document.selection = self._dragged(sample.sane(), shift)
            self.outline = _corners(self._document.selection)
        return EMPTY

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.move(sample, shift)
        self.open, self.outline = False, None
        return Change()

    def abort(self) -> Rect:
        if self.open:
            self._document.selection = self._before.intersected(self._document.bounds)
        self.open, self.outline = False, None
        return EMPTY

    def _dragged(self, sample: Sample, shift: bool) -> Rect:
        start = self._start
        across, down = sample.x - start.x, sample.y - start.y
        if abs(across) < 1 and abs(down) < 1:
            return EMPTY
        if shift:
            edge = max(abs(across), abs(down))
            across, down = edge if across > 0 else -edge, edge if down > 0 else -edge
        end_x, end_y = start.x + across, start.y + down
        return Rect.spanning(
            round(min(start.x, end_x)),
            round(min(start.y, end_y)),
            round(max(start.x, end_x)),
            round(max(start.y, end_y)),
        ).intersected(self._document.bounds)


def lift(document: Document, copy: bool) -> tuple[Lifted, Recording]:
    """Take what is selected on the active layer in hand; a stroke is open from then on.

    What was pasted or moved just before goes on as it was then: that step is undone.

    Raises:
        PictureError: the layer can't be painted on; nothing is undone then.
    """
    recording, floating, selection = document.begin(Ink()), document.still_floating(), document.selection
    if floating is None or copy:
        pixels = recording.base(selection)
        return Lifted(pixels, EMPTY if copy else selection, selection.left, selection.top), recording
    recording.abort()
    taken_back = document.undo()
    lifted = Lifted(floating.pixels, floating.source, floating.left, floating.top, taken_back)
    return lifted, document.begin(Ink())


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
        self._selection = document.selection
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
        pixels, source, left, top, _ = self._lifted
        if source:
            rect = rect.united(recording.put(self._hole, source.left, source.top))
        rect = rect.united(recording.put(pixels, left + across, top + down, over=True))
        self._document.selection = self._moved()
        self.outline = _corners(self._document.selection)
        return rect

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.move(sample, shift)
        self.open, self.outline = False, None
        if not self._recording.open:
            return Change()
        document, before = self._document, self._document.undo_steps
        change = self._recording.commit(QCoreApplication.translate("paint", "Move selection"))
        if document.undo_steps > before or (change and document.can_undo):
            (across, down), (pixels, source, left, top, _) = self._shift, self._lifted
            document.lift(pixels, source, left + across, top + down)
        taken_back = self._lifted.taken_back
        return taken_back.united(change) if taken_back is not None else change

    def abort(self) -> Rect:
        self.open, self.outline = False, None
        if not self._recording.open:
            return EMPTY
        rect = self._recording.abort()
        self._document.selection = self._selection.intersected(self._document.bounds)
        if self._lifted.taken_back is not None:
            back = self._document.redo()
            rect = rect.united(back.rect if back is not None else EMPTY)
        return rect

    def _moved(self) -> Rect:
        across, down = self._shift
        left, top, width, height = self._selection
        return Rect(left + across, top + down, width, height).intersected(self._document.bounds)


class Select(Tool):
    """Outside the selection a new one is dragged open, inside its contents are moved."""

    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        left, top, width, height = document.selection
        if 0 <= sample.x - left < width and 0 <= sample.y - top < height:
            lifted, recording = lift(document, ctrl)
            return MoveStroke(document, lifted, recording, sample).begun(sample)
        return SelectStroke(document, sample).begun(sample)


def _corners(rect: Rect) -> list[QPointF] | None:
    if not rect:
        return None
    left, top, right, bottom = rect.left, rect.top, rect.right, rect.bottom
    corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    return [QPointF(*corner) for corner in corners]


TOOL = Select(
    "select",
    str(QT_TRANSLATE_NOOP("paint", "Select")),
    "mdi6.selection",
    "S",
    90,
)
