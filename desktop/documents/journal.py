"""The journal: every finished step is on the disk a moment later, so that a crash costs nothing.

Each open picture has a folder in the user's recovery folder, with a lock held by its living process
and one ``journal`` file: the whole picture first, then tiles and properties as they changed; beside it
lie kept frames and what is held of the preview (``desktop.paint.files.frames_and_holds``), each written
once. All writing is done by a thread of the journal's own; the painting thread copies a few tiles, no more.

The file is a row of records (``desktop.paint.files.records``). How long it has become stands beside it,
in ``length``, so that a journal that ends between two records is known for one that was cut. It is
written after the journal has reached the disk, and is about one whole picture: it may lag behind, or be
about an older picture, and then says nothing; but it never claims what was not there.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import shutil
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import resources
from desktop.documents.moment import Moment
from desktop.paint.editing.document import Change, Document
from desktop.paint.editing.history import Tiles, tile_rect
from desktop.paint.editing.snapshot import tiles_within
from desktop.paint.files import frames_and_holds
from desktop.paint.files.records import HEAD_SIZE, Record, beyond, describing, painting
from desktop.paint.layers.layer import Layer
from engine.files.lock import hold
from engine.files.writing import replacing, write_all

log = logging.getLogger(__name__)

COMPACT_AFTER = 64 << 20
"""Bytes of changes after which the whole picture is written anew."""
PATIENCE_S = 2.0
"""So long the end of the program waits for a disk that takes nothing; for a slow one, as long as it takes."""
_LENGTH = struct.Struct(f"<{HEAD_SIZE}sQ")
"""The head of the journal's first record, which no two whole pictures share; and the length."""
_CHECK = struct.Struct("<I")


class Journal:
    """Writes down what happens to one document.

    Args:
        document: the picture as it is now; its state is written first.
        title: what to call it when it is offered again.
        notify: called when ``problem`` or ``is_good`` has changed, on the journal's own thread.

    Raises:
        OSError: the user's folder can't be written.
    """

    def __init__(
        self, document: Document, title: str = "", notify: Callable[[], object] = lambda: None
    ) -> None:
        self._document = document
        self._title = title
        self._notify = notify
        home = resources.home("recovery")
        home.mkdir(parents=True, exist_ok=True)
        self.folder = home / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self.folder.mkdir()
        self._lock = locked(self.folder)
        self._known: dict[int, Layer] = {}
        self._jobs: deque[_Whole | _Part] = deque()
        self._waiting = threading.Condition()
        self._closing = self._is_over = False
        self._left_with: bool | None = None  # whoever closed it and was not answered wanted it kept, or not
        self._busy = False
        self._taken = 0  # that much the disk has taken so far: records, and files beside
        self.problem = ""
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
        elif change.structure or (change.style and not change.rect):
            self._add(_Part(self._described(), Tiles(), beside=self._beside()))
        elif change.layer is not None and not change.style:
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

    def has_flushed(self) -> bool:
        """As ``flush``, but not for a disk that takes nothing any more; whether all is written."""
        with self._waiting:
            return self._is_so_in_time(lambda: not self._jobs and not self._busy)

    def close(self, *, keep: bool) -> None:
        """End it; ``keep`` leaves it to be offered at the next start."""
        with self._waiting:
            if self._closing:
                return
            self._closing = True
            if not keep:
                self._jobs.clear()
            self._waiting.notify_all()
            if not self._is_so_in_time(lambda: self._is_over):
                # Should the disk answer while the program lives, the thread writes the rest and ends it.
                log.warning("No disk answers the journal of “%s”; it is left to itself", self._title)
                self._left_with = keep
                return
        self._thread.join()
        self._end(keep)

    def _end(self, keep: bool) -> None:
        self._lock.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _is_so_in_time(self, true: Callable[[], bool]) -> bool:
        """Wait as long as it takes, while something is written; the condition is held."""
        taken = -1
        while taken != self._taken and not true():
            taken = self._taken
            self._waiting.wait_for(true, PATIENCE_S)
        return true()

    # --- on the painting thread -----------------------------------------------------------------

    def _add_whole(self) -> None:
        document = self._document
        self._known = {layer.id: layer for layer in document.layers}
        self._failed = self._grown = False
        document.finish_stroke()
        self._add(_Whole(self._described(secrets.token_hex(8)), Moment(document), self._beside()))

    def _described(self, begun: str = "") -> Record:
        document = self._document
        return describing(document, self._title, begun, frames_and_holds.frame_notes(document.frames))

    def _beside(self) -> frames_and_holds.Parts:
        return frames_and_holds.parts(self._document.frames, self._document.holds)

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
            good, problem = self.is_good, self.problem
            try:
                self._write_job(job)
                # A part is of no use where something before it is missing.
                good, problem = (True, "") if self._file is not None else (good, problem)
            except Exception as error:  # whatever it is, painting goes on and the next step tries again
                log.warning("The journal can't be written.", exc_info=True)
                problem = getattr(error, "strerror", None) or str(error) or type(error).__name__
                self._cut_back()
                self._failed, good = True, False
            if (good, problem) != (self.is_good, self.problem):
                self.is_good, self.problem = good, problem
                self._notify()
            del job  # it may hold a whole picture, and the next one may be long in coming
        self._close_file()
        with self._waiting:
            self._is_over = True
            self._waiting.notify_all()
            left_with = self._left_with
        if left_with is not None:
            self._end(left_with)

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
            self._lock = locked(self.folder)
        self._write_beside(job)
        target = self.folder / "journal"
        with replacing(target) as part, part.open("wb") as whole:
            for record in job.records():
                record.write(whole)
                self._taken += 1
        self._file = target.open("ab", buffering=0)
        self._length = self._whole_size = target.stat().st_size
        self._note_length()

    def _write_beside(self, job: _Whole | _Part) -> None:
        """Before anything speaks of it."""
        for name, pack in job.beside.items():
            target = self.folder / name
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                with replacing(target) as part:
                    part.write_bytes(pack())
                self._taken += 1

    def _write_part(self, job: _Part, file: BinaryIO) -> None:
        self._write_beside(job)
        for record in job.records():
            record.write(file)
            self._taken += 1
        os.fsync(file.fileno())
        if os.name == "posix" and os.fstat(file.fileno()).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._length = file.tell()
        self._grown = self._grown or self._length > self._whole_size + COMPACT_AFTER
        self._note_length()

    def _note_length(self) -> None:
        with contextlib.suppress(OSError):  # it only says more of a journal that is whole without it
            note_length(self.folder / "journal", self._length)

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
    beside: frames_and_holds.Parts

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
    beside: frames_and_holds.Parts = field(default_factory=dict)

    def records(self) -> Iterator[Record]:
        yield self.document if self.document is not None else painting(self.layer, self.tiles)


# --- its length ----------------------------------------------------------------------------------


def note_length(journal: Path, length: int) -> None:
    """Write down, beside a journal, how long it is.

    Raises:
        OSError: it can't be written.
    """
    with journal.open("rb") as file:
        said = _LENGTH.pack(file.read(HEAD_SIZE), length)
    # In place, a few bytes: what is torn is known by its sum.
    with journal.with_name("length").open("wb", buffering=0) as file:
        write_all(file, said + _CHECK.pack(zlib.crc32(said)))


def noted_length(journal: Path) -> int:
    """How long a journal was at least when it was written; 0 where nothing is known of that.

    Raises:
        OSError: it can't be read.
    """
    try:
        content = journal.with_name("length").read_bytes()
    except FileNotFoundError:  # of an older version
        return 0
    said, check = content[: _LENGTH.size], content[_LENGTH.size :]
    if len(said) < _LENGTH.size or check != _CHECK.pack(zlib.crc32(said)):
        return 0
    head, length = _LENGTH.unpack(said)
    with journal.open("rb") as file:
        return int(length) if file.read(HEAD_SIZE) == head else 0


# --- locks ---------------------------------------------------------------------------------------


class Held(OSError):
    """Another process works on it."""


def locked(folder: Path) -> BinaryIO:
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
