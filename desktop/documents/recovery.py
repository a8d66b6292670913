"""What processes that are no more have left behind: found, brought back, set aside or thrown away."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QCoreApplication

import resources
from desktop.documents.journal import Held, locked, noted_length
from desktop.paint.editing.document import Document
from desktop.paint.files import frames_and_holds
from desktop.paint.files.notation import Notes
from desktop.paint.files.project import MOST_FILM
from desktop.paint.files.records import FORMAT, is_whole, read_with_notes, records, useless
from engine.errors import PictureError

FILM = "film"
"""Beside the journal: the way of the drawing, see ``desktop.film.recorder``."""
MOST_LEFT = 4 * MOST_FILM
"""Bytes that are read of it: more than a project keeps, as it has what was taken back as well."""
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
            with locked(folder):
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
    return _restored(path)[0]


def _restored(path: Path) -> tuple[Document, bool]:
    """Likewise, and whether what lies beside the journal is all there."""
    try:
        journal = _journal_of(path)
        if journal is None:
            raise useless()
        with journal.open("rb") as file:
            document, notes = read_with_notes(file)
        return document, not frames_and_holds.take(document, notes, frames_and_holds.Beside(path))
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
        return is_whole(file) and file.tell() >= noted_length(journal)


def brought_back(path: Path) -> tuple[Document, bool]:
    """The picture of an abandoned journal, and whether it is all that was drawn; on any thread.

    Raises:
        PictureError: nothing of it can be read.
        OSError: it can't be read now.
    """
    document, has_all = _restored(path)
    return document, has_all and is_complete(path)


def film_of(path: Path) -> bytes:
    """The way of the drawing, beside an abandoned journal, see ``project.FILM``; empty for none.

    Of one that is longer than ``MOST_LEFT`` it is the first part; from there one step leads to the drawing.
    """
    try:
        with (path / FILM).open("rb") as file:
            return file.read(MOST_LEFT)
    except OSError:
        return b""


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
        locked(path).close()
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
