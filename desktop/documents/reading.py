"""A file on its way to the canvas: read on whatever thread, before anybody sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from desktop.documents.saving import Stamp, Step, stamp_of
from desktop.paint.editing.document import Document
from desktop.paint.editing.limits import MOST_PIXELS
from desktop.paint.files import project
from desktop.paint.layers.composite import to_straight
from desktop.paint.layers.scaling import fitted
from engine.data.card import InputKind
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.data.picture import read


@dataclass(frozen=True)
class Opened:
    """What was read of a file, before anybody sees it."""

    path: Path
    document: Document
    notes: list[str]
    """Sentences on what was changed on the way in."""
    is_project: bool
    stamp: Stamp | None
    """The file's, from before it was read."""
    film: bytes = b""
    """The way of the drawing, see ``project.FILM``."""


@dataclass(frozen=True)
class Wanted:
    """What a plain picture becomes."""

    kind: InputKind
    is_guess: bool
    """Nobody said so."""
    palette: Palette | None
    """For label pictures."""
    levels: tuple[int, int] | None
    """What is black and white in pictures of 16 bits a channel, see ``Card.levels``."""


def read_file(path: Path, wanted: Wanted, step: Step = lambda _done, _total: None) -> Opened:
    """Read a project or a picture; on any thread. ``step`` is called now and then.

    Raises:
        PictureError: it can't be read.
    """
    stamp = stamp_of(path)
    step(0, 1)
    film = b""
    if path.suffix.lower() == ".ora":
        loaded = project.load(path, step)
        document, notes, is_project, film = loaded.document, loaded.notes, True, loaded.film
    else:
        reading = read(path, wanted.levels, MOST_PIXELS)
        step(1, 3)
        document, notes = Document.from_picture(wanted.kind, reading.pixels, wanted.palette), reading.notes
        is_project = False
    step(2, 3)
    document.picture()  # made here, where the pen doesn't wait for it
    return Opened(path, document, notes, is_project, stamp, film)


def read_photo(path: Path, size: tuple[int, int]) -> Pixels:
    """A photo fitted into ``size``, uint8 (H, W, 4) straight RGBA; on any thread.

    Raises:
        PictureError: it can't be read.
    """
    return to_straight(fitted(read(path).pixels, *size, smooth=True))
