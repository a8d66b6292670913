"""A file on its way to the canvas: read on whatever thread, before anybody sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from desktop.documents.saving import Stamp, Step, stamp_of
from desktop.paint.editing.document import Document
from desktop.paint.editing.sheet import MOST_PIXELS
from desktop.paint.files import project
from engine.data.card import InputKind
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


def read_file(
    path: Path,
    kind: InputKind,
    palette: Palette | None,
    levels: tuple[int, int] | None = None,
    step: Step = lambda _done, _total: None,
) -> Opened:
    """Read a project or a picture; on any thread.

    Args:
        path: an ``.ora`` project or any picture.
        kind: what a plain picture becomes.
        palette: the palette for label pictures.
        levels: what is black and white in pictures of 16 bits a channel, see ``Card.levels``.
        step: called now and then.

    Raises:
        PictureError: it can't be read.
    """
    stamp = stamp_of(path)
    step(0, 1)
    if path.suffix.lower() == ".ora":
        loaded = project.load(path, step)
        document, notes, is_project = loaded.document, loaded.notes, True
    else:
        reading = read(path, levels, MOST_PIXELS)
        step(1, 3)
        document, notes = Document.from_picture(kind, reading.pixels, palette), reading.notes
        is_project = False
    step(2, 3)
    document.picture()  # made here, where the pen doesn't wait for it
    return Opened(path, document, notes, is_project, stamp)
