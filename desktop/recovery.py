"""The journal: every finished step is on the disk a moment later, so that a crash costs nothing.

Each open picture has a folder in the user's recovery folder, with a lock held by its living process
and one ``journal`` file: the whole picture first, then tiles and properties as they changed. All
writing is done by a thread of the journal's own; the painting thread copies a few tiles, no more.

The file is a row of records (``desktop.paint.records``).
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import resources
from desktop.paint.document import Change, Document
from desktop.paint.history import Tiles, tile_rect
from desktop.paint.layer import Layer, Piece
from desktop.paint.notation import Notes
from desktop.paint.records import (
    FORMAT,
    Record,
    beyond,
    describing,
    painting,
    read_document,
    records,
    useless,
)
from engine.errors import PictureError
from engine.files import replacing

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

log = logging.getLogger(__name__)

COMPACT_AFTER = 64 << 20
"""Bytes of changes after which the whole picture is written anew."""
ABANDONED_AFTER = 3600
"""Seconds after which a folder without a usable journal is rubbish and not one being made."""


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


# --- writing -------------------------------------------------------------------------------------


class Journal:
    """Writes down what happens to one document.

    Args:
        document: the picture as it is now; its state is written first.
        title: what to call it when it is offered again.

    Raises:
        OSError: the user's folder can't be written.
    """

    def __init__(self, document: Document, title: str = "") -> None:
        self._document = document
        self._title = title
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
        """Why the last write failed; empty while all is well. Ask at the next step: writing takes a while."""
        self._failed = False
        self._grown = False
        self._file: BinaryIO | None = None
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
            self._add_whole()
        elif change.structure:
            self._add(_Part(describing(document, self._title), Tiles()))
        elif change.layer is not None:
            layer, tiles = document.layer(change.layer), Tiles()
            for place in change.tiles:
                rect = tile_rect(*place, document.width, document.height)
                tiles.keep(place, layer.packed[rect.rows, rect.columns])
            self._add(_Part(None, tiles, layer.id))
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
        snapshot = document.snapshot()
        ids = [layer.id for layer in document.layers]
        pieces = {layer.id: layer.outside for layer in document.layers}
        contents = list(zip(ids, snapshot.tiles, strict=True))
        self._add(_Whole(describing(document, self._title), contents, pieces))

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
            try:
                self._write_job(job)
                self.trouble = ""
            except Exception as error:  # whatever it is, painting goes on and the next step tries again
                log.warning("The journal can't be written.", exc_info=True)
                self.trouble = getattr(error, "strerror", None) or str(error)
                self._failed = True
        self._close_file()

    def _write_job(self, job: _Whole | _Part) -> None:
        if isinstance(job, _Whole):
            self._close_file()  # before Windows lets it be replaced
            target = self.folder / "journal"
            with replacing(target) as part, part.open("wb") as whole:
                for record in job.records():
                    record.write(whole)
            self._file = target.open("ab", buffering=0)
            self._whole_size = target.stat().st_size
        elif self._file is not None:
            for record in job.records():
                record.write(self._file)
            os.fsync(self._file.fileno())
            self._grown = self._grown or self._file.tell() > self._whole_size + COMPACT_AFTER

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


@dataclass
class _Whole:
    """The whole picture, to begin a journal with."""

    document: Record
    contents: list[tuple[int, Tiles]]
    outside: dict[int, tuple[Piece, ...]]

    def records(self) -> Iterator[Record]:
        yield self.document
        for layer, pieces in self.outside.items():
            yield from beyond(layer, pieces)
        for layer, tiles in self.contents:
            yield painting(layer, tiles)


@dataclass
class _Part:
    """A step: tiles of one layer, or the document's description."""

    document: Record | None
    tiles: Tiles
    layer: int = 0

    def records(self) -> Iterator[Record]:
        yield self.document if self.document is not None else painting(self.layer, self.tiles)


# --- reading -------------------------------------------------------------------------------------


def abandoned() -> list[Recovered]:
    """Pictures left behind by processes that are no more, newest first. Rubbish is cleared away."""
    found = []
    home = resources.home("recovery")
    for folder in sorted(home.iterdir(), reverse=True) if home.is_dir() else []:
        lock = _try_lock(folder) if folder.is_dir() else None
        if lock is None:
            continue
        try:
            found.append(_recovered(folder))
        except (PictureError, OSError):
            rubbish = time.time() - _written(folder) > ABANDONED_AFTER
            lock.close()
            if rubbish:
                discard(folder)
        finally:
            lock.close()
    return sorted(found, key=lambda left: left.time, reverse=True)


def restore(path: Path) -> Document:
    """The picture of an abandoned journal, as it was after the last step that is whole.

    Raises:
        PictureError: nothing of it can be read.
    """
    try:
        with (path / "journal").open("rb") as file:
            return read_document(file)
    except OSError as error:
        raise useless() from error


def discard(path: Path) -> None:
    """Throw an abandoned journal away; one that a living process holds is left alone."""
    if path.parent != resources.home("recovery"):
        raise ValueError(f"{path} is no journal")
    lock = _try_lock(path)
    if lock is not None:
        lock.close()
        shutil.rmtree(path, ignore_errors=True)


def _recovered(folder: Path) -> Recovered:
    with (folder / "journal").open("rb") as file:
        for kind, payload in records(file):
            if kind == b"D":
                notes = Notes(payload, folder.name)
                notes.check_format(FORMAT)
                size = notes.whole("width", 1, 1 << 20), notes.whole("height", 1, 1 << 20)
                written = datetime.fromtimestamp(_written(folder)).astimezone()
                return Recovered(folder, notes.text("title", ""), written, notes.kind(), size)
    raise useless()


def _written(folder: Path) -> float:
    journal = folder / "journal"
    return (journal if journal.exists() else folder).stat().st_mtime


# --- locks ---------------------------------------------------------------------------------------


def _locked(folder: Path) -> BinaryIO:
    """Lock a folder for as long as the file returned is open; the system lets go when a process dies.

    Raises:
        OSError: another process holds it.
    """
    file = (folder / "lock").open("ab")
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def _try_lock(folder: Path) -> BinaryIO | None:
    with contextlib.suppress(OSError):
        return _locked(folder)
    return None
