"""Keeps the steps of one open picture as they are done, taken back and done again."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from desktop.documents.moment import Moment
from desktop.documents.recovery import FILM
from desktop.paint.editing.document import Change, Document
from desktop.paint.editing.history import Step
from desktop.paint.files.records import Record
from desktop.paint.layers.layer import Layer
from desktop.paint.reel import packing, reel
from desktop.paint.reel.packing import Pack
from desktop.paint.reel.reel import Entry, Track
from desktop.paint.strokes.stroke import Sample
from engine.errors import PictureError

log = logging.getLogger(__name__)

Later = Callable[[Callable[[], object]], object]


class _Noted(Entry):
    """A step of the reel that undo may take back, as long as the document's history has it."""

    def __init__(self, at: float, lasted: float, pack: Pack, step: Step, is_state: bool) -> None:
        super().__init__(at, lasted, pack)
        self._step = weakref.ref(step)
        self.step_bytes, self.is_state = step.bytes, is_state

    @property
    def id(self) -> int | None:
        """Of the step; None once the history has forgotten it."""
        step = self._step()
        return None if step is None else id(step)


class Recorder:
    """The way of one document.

    Args:
        document: as it is now.
        former: the reel of its file; what it leads to need not be the document.
        later: does something on another thread, one after the other.
        folder: that of the document's journal, if it has one now.
        problem: told on that thread that the former reel is of no use.
        shortened: told once on that thread that the way is so long that its beginning goes.
        cut_short: the former reel was being written when its program ended; what is whole of it counts.
    """

    def __init__(
        self,
        document: Document,
        former: bytes,
        later: Later,
        folder: Callable[[], Path | None],
        problem: Callable[[], object],
        shortened: Callable[[], object],
        *,
        cut_short: bool = False,
    ) -> None:
        self._document = document
        self._later, self._folder, self._problem = later, folder, problem
        self._entries: list[_Noted] = []
        self._undone: list[_Noted] = []
        self._known: dict[int, Layer] = {}
        self._begun = time.monotonic()
        self._former, self._cut_short = bool(former), cut_short
        self._shortened: Callable[[], object] | None = shortened
        # The rest belongs to the other thread.
        self._before: list[Entry] = []
        """What can't be taken back any more."""
        self._there: list[Entry] = []
        self._there_undone: list[Entry] = []
        self._written_in: Path | None = None
        start = None if former else Entry(0, 0, packing.whole(document))
        moment = Moment(document) if former else None
        later(lambda: self._before.append(start) if start else self._rejoin(former, moment))
        self._know()

    @property
    def is_way(self) -> bool:
        """Whether anything was drawn."""
        return bool(self._entries) or self._former

    def steps(self) -> Future[list[Entry]]:
        """The steps up to now, not taking more than ``reel.MOST_BYTES``; they come from the other thread."""
        now, found = list(self._entries), Future[list[Entry]]()

        def find() -> None:
            try:
                found.set_result(self._fold([*self._before, *now]))
            except Exception as error:  # who waits is told
                found.set_exception(error)

        self._later(find)
        return found

    def note(self, change: Change, track: Sequence[Sample] = (), width: float = 0.0) -> None:
        """Keep what has just changed; call it after every step, undone and redone ones too.

        Args:
            change: what.
            track: where the pen was, if a pen did it.
            width: of what it draws.
        """
        history = self._document.history
        if self._crossed(history.done, history.undone):
            self._know()
            return
        step = history.newest
        if step is None or not change:
            return
        last = self._entries[-1] if self._entries else None
        merged = last is not None and last.id == id(step)
        if not merged:
            self._drop_replaced(step, history.done, history.budget)
            self._undone.clear()
        pack, is_state = self._packed(change, step, track, width, merged)
        self._know()
        if pack is None:
            return
        now = self._now()
        lasted = max(0.0, track[-1].time - track[0].time) if len(track) > 1 else 0.0
        entry = _Noted(now, min(lasted, now), pack, step, is_state)
        if merged and is_state and last is not None and last.is_state:
            self._take_back()  # a slider: only its last value counts
        self._entries.append(entry)
        self._later(lambda: self._write(b"E", entry))
        while len(self._entries) > 1 and self._entries[0].id is None:  # the history forgot it
            self._later(partial(self._move_to_earlier, self._entries.pop(0)))

    # --- on the painting thread -----------------------------------------------------------------

    def _now(self) -> float:
        return time.monotonic() - self._begun

    def _know(self) -> None:
        self._known = {layer.id: layer for layer in self._document.layers}

    def _packed(
        self, change: Change, step: Step, samples: Sequence[Sample], width: float, merged: bool
    ) -> tuple[Pack | None, bool]:
        """How the step is packed, and whether only properties of layers changed."""
        document = self._document
        others = [layer for layer in document.layers if self._known.get(layer.id) is not layer]
        if any(layer.id in self._known for layer in others):
            return packing.whole(document), False
        if change.structure or others or (change.style and change.sent):
            return packing.described(document, others), not others
        track = Track.of(samples, width) if width > 0 else None
        return packing.painted(document, change, None if merged else step, track), False

    def _crossed(self, done: list[Step], undone: list[Step]) -> bool:
        """Whether steps were taken back or done again; if so, theirs are too."""
        gone, here, count = {id(step) for step in undone}, {id(step) for step in done}, len(self._entries)
        while self._entries and self._entries[-1].id in gone:
            self._undone.append(self._entries[-1])
            self._take_back()
        while self._undone and self._undone[-1].id in here:
            self._entries.append(self._undone.pop())
            self._later(lambda: self._write(b"R"))
        return len(self._entries) != count

    def _drop_replaced(self, step: Step, done: list[Step], budget: int) -> None:
        """Moving on what was pasted takes back the step before and puts another in its place."""
        here = {id(one) for one in done}
        while self._entries and self._entries[-1].id not in here:
            if len(done) == 1 and self._entries[-1].step_bytes + step.bytes > budget:
                return  # the history had no room for it
            self._take_back()

    def _take_back(self) -> None:
        self._entries.pop()
        self._later(lambda: self._write(b"U"))

    # --- on the other thread --------------------------------------------------------------------

    def _rejoin(self, former: bytes, moment: Moment | None) -> None:
        """Read what the file holds, and go on from where it leads to to what the document was."""
        assert moment is not None
        now = moment.document()
        try:
            entries = reel.read(former, cut_short=self._cut_short)
            pack = packing.differing(reel.played(entries), now, packing.MOST)
        except PictureError as error:
            log.info("reel: %s", error)
            entries, pack = [], packing.whole(now)
            self._problem()
        if pack is not None:
            entries.append(Entry(entries[-1].at if entries else 0.0, 0.0, pack))
        self._begun -= entries[-1].at
        self._before.extend(entries)

    def _move_to_earlier(self, entry: Entry) -> None:
        self._before.append(entry)
        self._there.remove(entry)
        kept = self._fold(self._before)
        if len(kept) < len(self._before):
            self._before[:], self._written_in = kept, None

    def _fold(self, entries: list[Entry]) -> list[Entry]:
        kept = _folded(entries)
        if len(kept) < len(entries) and self._shortened is not None:
            self._shortened()
            self._shortened = None
        return kept

    def _write(self, kind: bytes, entry: Entry | None = None) -> None:
        """Note a step, or that one was taken back or done again; beside the journal, too."""
        if entry is not None:
            entry.parts()  # packed it takes a hundredth of the memory, journal or not
            self._there_undone.clear()
            self._there.append(entry)
        elif kind == b"U" and self._there:
            self._there_undone.append(self._there.pop())
        elif kind == b"R" and self._there_undone:
            self._there.append(self._there_undone.pop())
        folder = self._folder()
        try:
            if folder is None:
                self._written_in = None
            elif folder == self._written_in and (folder / FILM).exists():
                with (folder / FILM).open("ab") as file:
                    for record in entry.records() if entry is not None else (Record(kind, b""),):
                        record.write(file)
            else:
                undone = self._there_undone[::-1]
                content = reel.written([*self._before, *self._there, *undone])
                with (folder / FILM).open("wb") as file:
                    file.write(content)
                    for _ in undone:
                        Record(b"U", b"").write(file)
                self._written_in = folder
        except OSError:  # it costs a film and no drawing; half a step may be there, so it is written anew
            self._written_in = None


def _folded(entries: list[Entry]) -> list[Entry]:
    """The same, where that takes too much with the picture of a later time for a beginning."""
    gone = list(reel.shortened(entries))
    if len(gone) < 2:
        return entries
    start = Entry(gone[-1].at, 0.0, packing.whole(reel.played(gone)))
    start.parts()
    return [start, *entries[len(gone) :]]
