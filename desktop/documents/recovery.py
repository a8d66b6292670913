"""The journal: every finished step is on the disk a moment later, so that a crash costs nothing.

Each open picture has a folder in the user's recovery folder, with a lock held by its living process
and one ``journal`` file: the whole picture first, then tiles and properties as they changed. All
writing is done by a thread of the journal's own; the painting thread copies a few tiles, no more.

The file is a row of records (``desktop.paint.files.records``).
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from PySide6.QtCore import QCoreApplication

import resources
from desktop.paint.editing.document import Change, Document
from desktop.paint.editing.history import Tiles, tile_rect
from desktop.paint.editing.moment import Moment
from desktop.paint.editing.snapshot import tiles_within
from desktop.paint.files.notation import Notes
from desktop.paint.files.records import (
    FORMAT,
    Record,
    beyond,
    describing,
    is_whole,
    painting,
    read_document,
    records,
    useless,
)
from desktop.paint.layers.layer import Layer
from engine.errors import PictureError
from engine.files.lock import hold
from engine.files.writing import replacing

log = logging.getLogger(__name__)

COMPACT_AFTER = 64 << 20
"""Bytes of changes after which the whole picture is written anew."""
KEPT = "kept"
"""The folder of what was set aside."""
ABANDONED_AFTER = 3600
"""Seconds after which a folder with no journal in it is rubbish and not one being made."""


@dataclass(frozen=True)
class Recovered:
    """A picture that was left behind by a process that is no more."""

    path: Path
    """Its folder."""
    title: str
    time: datetime
    """When it was last written to."""
    kind: str
    size: tuple[int, int]
    """Width and height."""


@dataclass(frozen=True)
class Unreadable:
    """A journal of which nothing can be read, at least not now and by us. It stays where it is."""

    path: Path
    """Its folder."""
    reason: str
    """A sentence on why."""
    lasting: bool
    """It will be no better the next time."""


# --- writing -------------------------------------------------------------------------------------


class Journal:
    """Writes down what happens to one document.

    Args:
        document: the picture as it is now; its state is written first.
        title: what to call it when it is offered again.
        tell: called when ``trouble`` or ``is_good`` has changed, on the journal's own thread.

    Raises:
        OSError: the user's folder can't be written.
    """

    def __init__(
        self, document: Document, title: str = "", tell: Callable[[], object] = lambda: None
    ) -> None:
        self._document = document
        self._title = title
        self._tell = tell
        home = resources.home("recovery")
        home.mkdir(parents=True, exist_ok=True)
        self.folder = home / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self.folder.mkdir()
        self._lock = _locked(self.folder)
        self._known: dict[int, Layer] = {}
        self._jobs: deque[_Whole | _Part] = deque()
        self._waiting = threading.Condition()
        self._closing = False
        self._busy = False
        self.trouble = ""
        """Why what was noted last is not written; empty while all is well."""
        self.is_good = False
        """What was noted is written, or will be in a moment; not yet so before the first is."""
        self._failed = False
        self._grown = False
        self._file: BinaryIO | None = None
        self._length = 0  # of what is whole in it
        self._whole_size = 0
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()
        self._add_whole()

    def record(self, change: Change) -> None:
        """Note what a step changed; call it after every one, undone and redone ones too."""
        if not change:
            return
        document = self._document
        if self._failed or self._grown or any(self._known.get(it.id) is not it for it in document.layers):
            self.record_all()
        elif change.structure:
            self._add(_Part(describing(document, self._title), Tiles()))
        elif change.layer is not None:
            layer, tiles = document.layer(change.layer), Tiles()
            for place in change.tiles:
                rect = tile_rect(*place, document.width, document.height)
                tiles.keep(place, layer.packed[rect.rows, rect.columns])
            self._add(_Part(None, tiles, layer.id))
        else:
            self.record_all()

    def record_all(self) -> None:
        """Begin the journal anew with all of the picture. While a stroke is open, its end does so."""
        if self._document.is_drawn_on:  # a copy of the picture would finish the stroke
            self._grown = True
        else:
            self._add_whole()

    def flush(self) -> None:
        """Wait until all that was noted is written."""
        with self._waiting:
            self._waiting.wait_for(lambda: not self._jobs and not self._busy)

    def close(self, *, keep: bool) -> None:
        """End it; ``keep`` leaves it to be offered at the next start."""
        with self._waiting:
            if self._closing:
                return
            self._closing = True
            if not keep:
                self._jobs.clear()
            self._waiting.notify_all()
        self._thread.join()
        self._lock.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- on the painting thread -----------------------------------------------------------------

    def _add_whole(self) -> None:
        document = self._document
        self._known = {layer.id: layer for layer in document.layers}
        self._failed = self._grown = False
        document.settle()
        self._add(_Whole(describing(document, self._title), Moment(document)))

    def _add(self, job: _Whole | _Part) -> None:
        with self._waiting:
            if isinstance(job, _Whole):
                self._jobs.clear()  # it holds all that they would say
            self._jobs.append(job)
            self._waiting.notify_all()

    # --- on the journal's thread ----------------------------------------------------------------

    def _write(self) -> None:
        while True:
            with self._waiting:
                self._busy = False
                self._waiting.notify_all()
                self._waiting.wait_for(lambda: bool(self._jobs) or self._closing)
                if not self._jobs:
                    break
                job = self._jobs.popleft()
                self._busy = True
            good, trouble = self.is_good, self.trouble
            try:
                self._write_job(job)
                # A part is of no use where something before it is missing.
                good, trouble = (True, "") if self._file is not None else (good, trouble)
            except Exception as error:  # whatever it is, painting goes on and the next step tries again
                log.warning("The journal can't be written.", exc_info=True)
                trouble = getattr(error, "strerror", None) or str(error) or type(error).__name__
                self._cut_back()
                self._failed, good = True, False
            if (good, trouble) != (self.is_good, self.trouble):
                self.is_good, self.trouble = good, trouble
                self._tell()
            del job  # it may hold a whole picture, and the next one may be long in coming
        self._close_file()

    def _write_job(self, job: _Whole | _Part) -> None:
        if isinstance(job, _Whole):
            self._write_whole(job)
        elif self._file is not None:
            self._write_part(job, self._file)

    def _write_whole(self, job: _Whole) -> None:
        self._close_file()  # before Windows lets it be replaced
        if not self.folder.is_dir():  # somebody has cleared up
            self.folder.mkdir(parents=True)
            self._lock.close()
            self._lock = _locked(self.folder)
        target = self.folder / "journal"
        with replacing(target) as part, part.open("wb") as whole:
            for record in job.records():
                record.write(whole)
        self._file = target.open("ab", buffering=0)
        self._length = self._whole_size = target.stat().st_size

    def _write_part(self, job: _Part, file: BinaryIO) -> None:
        for record in job.records():
            record.write(file)
        os.fsync(file.fileno())
        if os.name == "posix" and os.fstat(file.fileno()).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._length = file.tell()
        self._grown = self._grown or self._length > self._whole_size + COMPACT_AFTER

    def _cut_back(self) -> None:
        """After a failure: leave only what is whole, and write nothing behind it."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(self._length)
        self._close_file()

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # what it held back was refused before
                file.close()


@dataclass
class _Whole:
    """The whole picture, to begin a journal with."""

    document: Record
    moment: Moment

    def records(self) -> Iterator[Record]:
        yield self.document
        for layer in self.moment.layers():
            yield from beyond(layer.id, layer.outside)
            yield painting(layer.id, tiles_within(layer))


@dataclass
class _Part:
    """A step: tiles of one layer, or the document's description."""

    document: Record | None
    tiles: Tiles
    layer: int = 0

    def records(self) -> Iterator[Record]:
        yield self.document if self.document is not None else painting(self.layer, self.tiles)


# --- reading -------------------------------------------------------------------------------------


def left_behind() -> tuple[list[Recovered], list[Unreadable]]:
    """What processes that are no more have left, newest first, and of which nothing can be read.

    Folders without anything in them are cleared away in time, and nothing else ever is.

    Raises:
        OSError: the user's folder can't be read.
    """
    found, unreadable = [], []
    home = resources.home("recovery")
    for folder in sorted(home.iterdir(), reverse=True) if home.is_dir() else []:
        if folder.name == KEPT or not folder.is_dir():
            continue
        try:
            with _locked(folder):
                journal = _journal_of(folder)
                if journal is not None:
                    found.append(_recovered(journal))
                elif time.time() - folder.stat().st_mtime > ABANDONED_AFTER:
                    shutil.rmtree(folder, ignore_errors=True)
        except Held:
            continue
        except PictureError as error:
            unreadable.append(Unreadable(folder, str(error), True))
        except OSError as error:
            unreadable.append(Unreadable(folder, str(_out_of_reach(error)), False))
    return sorted(found, key=lambda left: left.time, reverse=True), unreadable


def abandoned() -> list[Recovered]:
    """Pictures left behind by processes that are no more, newest first."""
    return left_behind()[0]


def restore(path: Path) -> Document:
    """The picture of an abandoned journal, as it was after the last step that is whole.

    Raises:
        PictureError: nothing of it can be read.
    """
    try:
        journal = _journal_of(path)
        if journal is None:
            raise useless()
        with journal.open("rb") as file:
            return read_document(file)
    except OSError as error:
        raise _out_of_reach(error) from error


def is_complete(path: Path) -> bool:
    """Whether an abandoned journal is whole to its end; else later steps are missing from the picture.

    Raises:
        OSError: it can't be read.
    """
    journal = _journal_of(path)
    if journal is None or journal.name != "journal":
        return False
    with journal.open("rb") as file:
        return is_whole(file)


def set_aside(path: Path) -> Path:
    """Keep an abandoned journal for somebody who knows more about it, and offer it no more.

    Returns:
        where it is then.

    Raises:
        OSError: it can't be moved.
    """
    kept = resources.home("recovery", KEPT, path.name)
    kept.parent.mkdir(exist_ok=True)
    path.rename(kept)
    return kept


def discard(path: Path) -> None:
    """Throw an abandoned journal away; one that a living process holds is left alone."""
    if path.parent != resources.home("recovery"):
        raise ValueError(f"{path} is no journal")
    with contextlib.suppress(OSError):
        _locked(path).close()
        shutil.rmtree(path, ignore_errors=True)


def _journal_of(folder: Path) -> Path | None:
    """The journal in a folder, else one that was being begun; None where nothing is in it."""
    journals = [folder / "journal", *sorted(folder.glob(".journal.*.part"))]
    return next((file for file in journals if file.exists() and file.stat().st_size), None)


def _recovered(journal: Path) -> Recovered:
    with journal.open("rb") as file:
        for kind, payload in records(file):
            if kind == b"D":
                notes = Notes(payload, journal.parent.name)
                notes = Notes(payload, notes.text("title", "") or journal.parent.name)
                notes.check_format(FORMAT)
                size = notes.whole("width", 1, 1 << 20), notes.whole("height", 1, 1 << 20)
                written = datetime.fromtimestamp(journal.stat().st_mtime).astimezone()
                return Recovered(journal.parent, notes.text("title", ""), written, notes.kind(), size)
    raise useless()


def _out_of_reach(error: OSError) -> PictureError:
    text = QCoreApplication.translate(
        "recovery", "A drawing that was left behind can't be read ({0}); try again at the next start."
    )
    return PictureError(text.format(error.strerror or error))


# --- locks ---------------------------------------------------------------------------------------


class Held(OSError):
    """Another process works on it."""


def _locked(folder: Path) -> BinaryIO:
    """Lock a folder for as long as the file returned is open; the system lets go when a process dies.

    Raises:
        Held: another process holds it.
        OSError: it can't be opened.
    """
    file = (folder / "lock").open("ab")
    if not hold(file, 0):
        file.close()
        raise Held
    return file
