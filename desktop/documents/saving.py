"""A picture on its way into a file: what it was at the moment of asking is written, on whatever thread."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from desktop.documents.moment import Moment
from desktop.paint.editing.document import Document
from desktop.paint.files import export, project
from desktop.support.file_work import Job
from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.planes.codec import scaled_preview

log = logging.getLogger(__name__)

Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise to end it."""

Stamp = tuple[int, int]
"""When a file was written last, in nanoseconds, and its size."""


class Written(NamedTuple):
    """What became of a ``Saving``."""

    stamp: Stamp | None
    digest: str
    """Of the model, see ``digest_of``."""
    notes: tuple[str, ...] = ()
    """Sentences on what the file has no room for."""


@dataclass(eq=False)
class Saving:
    """A picture that is to be written to ``target`` as it was when this was made."""

    moment: Moment
    target: Path
    model: Path | None
    """The model's file, whose digest goes into the project if it can be read."""
    job: Job | None = None
    """Who does it, as long as it isn't done."""
    begun: bool = False
    film: Callable[[], bytes] = bytes
    """Gives the way of the drawing, on the thread that writes; see ``project.FILM``."""

    def write(self, step: Step = lambda _done, _total: None) -> Written:
        """Write it; on any thread, once.

        Raises:
            PictureError: the place can't be written; the old file is untouched.
        """
        self.begun = True
        document, digest = self.moment.document(), digest_of(self.model)
        document.extras.pop("digest", None)
        if digest:
            document.extras["digest"] = digest
        notes = project.save(document, self.target, step, film=self.film)
        return Written(stamp_of(self.target), digest, tuple(notes))


@dataclass(eq=False)
class Exporting:
    """The ``picture``, its ``preview``, both side by side as a ``pair``, or ``finished``, the preview with
    what was painted over it; to be written for others."""

    moment: Moment
    what: str
    """One of these."""
    path: Path
    """Its suffix is one of ``export.FORMATS``."""
    preview: Pixels | None
    """uint8 (H, W, 3), if there is one."""

    def write(self, step: Step = lambda _done, _total: None) -> None:
        """Write it; on any thread, once.

        Raises:
            PictureError: there is no preview yet, or the place can't be written.
        """
        if self.preview is None and self.what != "picture":
            text = QCoreApplication.translate(
                "documents", "There is no preview yet to export; open a model first."
            )
            raise PictureError(text)
        document: Document = self.moment.document()
        step(1, 3)
        if self.preview is None or self.what == "picture":
            export.write_picture(document, self.path, step)
            return
        frame = scaled_preview(self.preview, (document.width, document.height))
        if self.what == "preview":
            export.write_preview(frame, self.path, step)
        elif self.what == "finished":
            export.write_finished(document, frame, self.path, step)
        else:
            export.write_pair(document, frame, self.path, step)


def stamp_of(path: Path | None) -> Stamp | None:
    """What tells a file from one that somebody else wrote since; None where there is none."""
    try:
        about = path.stat() if path is not None else None
    except OSError:
        return None
    return (about.st_mtime_ns, about.st_size) if about is not None else None


def digest_of(model: Path | None) -> str:
    """SHA-256 of a model's file; empty where there is none to read, perhaps because it was deleted."""
    try:
        about = model.stat() if model is not None else None
        return _digest(model, about.st_mtime_ns, about.st_size) if model is not None and about else ""
    except OSError as error:
        log.info("no digest: %s", error)
        return ""


@lru_cache(maxsize=8)  # reading a model takes longer than all else when saving
def _digest(model: Path, _modified_ns: int, _size: int) -> str:
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
