"""The open pictures: where each came from, what would be lost, and its journal.

No Qt signals here: the session decides what is on the canvas and tells the widgets.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from desktop.paint import export, project
from desktop.paint.document import Change, Document
from desktop.paint.drawing import Drawing
from desktop.recovery import Journal, Recovered, abandoned, discard, restore
from desktop.samples import samples
from desktop.settings import Settings
from engine.card import Card, InputKind
from engine.codec import scaled_preview
from engine.errors import PictureError, UnderpaintError
from engine.messages import Pixels
from engine.palette import Palette
from engine.picture import read

log = logging.getLogger(__name__)

_numbers = itertools.count(1)


@dataclass(eq=False)
class OpenPicture:
    """A document with the story of its file."""

    document: Document
    path: Path | None = None
    """The project file that Save writes to."""
    foreign: bool = False
    """The file has something we don't know: Save would lose it, so Save becomes Save As."""
    title: str = ""
    unsaved: bool = False
    """It came back from a journal: all of it would be lost."""
    journal: Journal | None = None
    translated: bool = True
    """Whether a model makes a preview of it; of a preview that is being corrected, none does."""

    def __post_init__(self) -> None:
        self.saved_revision = -1 if self.unsaved else self.document.revision
        if not self.title:
            self.title = self.path.stem if self.path else f"Untitled {next(_numbers)}"

    @property
    def name(self) -> str:
        """For the window's title."""
        return self.path.name if self.path else self.title

    @property
    def photo(self) -> str:
        """The mark of the photo that it is drawn over for a data set (``desktop.photos``), if it is."""
        mark = self.document.extras.get("photo", "")
        return mark if isinstance(mark, str) else ""

    @property
    def is_saved(self) -> bool:
        """Nothing would be lost by closing it."""
        return self.document.revision == self.saved_revision


class Easel:
    """All open pictures, the one on the canvas first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.pictures: list[OpenPicture] = []
        self._examples: dict[str, Iterator[Path]] = {}
        self._troubled = False

    def put_up(self, picture: OpenPicture) -> None:
        """Make ``picture`` the first; an untouched one that it takes the place of is closed."""
        if self.pictures and self.pictures[0] is not picture:
            old = self.pictures[0]
            same_kind = old.document.kind == picture.document.kind
            if old.is_saved and old.path is None and same_kind and not old.document.can_undo:
                self.close(old)
        if picture in self.pictures:
            self.pictures.remove(picture)
        self.pictures.insert(0, picture)
        picture.document.history.budget = self._settings.undo_megabytes << 20

    def close(self, picture: OpenPicture) -> None:
        """Drop a picture and its journal."""
        if picture.journal is not None:
            picture.journal.close(keep=False)
            picture.journal = None
        if picture in self.pictures:
            self.pictures.remove(picture)

    def settle(self, picture: OpenPicture) -> None:
        """All that is in it was written elsewhere: nothing would be lost, so it needs no journal."""
        picture.saved_revision = picture.document.revision
        if picture.journal is not None:
            picture.journal.close(keep=False)
            picture.journal = None

    def stop(self) -> None:
        """End of the program: journals of unsaved pictures stay for the next start."""
        for picture in self.pictures:
            if picture.journal is not None:
                picture.journal.close(keep=not picture.is_saved)
                picture.journal = None

    # --- files ---------------------------------------------------------------------------------

    def open(
        self, path: Path, kind: InputKind, palette: Palette | None, levels: tuple[int, int] | None = None
    ) -> tuple[OpenPicture, list[str]]:
        """Open a project or a picture; notes say what was changed on the way in.

        Args:
            path: an ``.ora`` project or any picture.
            kind: what a plain picture becomes.
            palette: the palette for label pictures.
            levels: what is black and white in pictures of 16 bits a channel, see ``Card.levels``.

        Raises:
            PictureError: it can't be read.
        """
        for picture in self.pictures:
            if picture.path == path:
                return picture, []
        if path.suffix.lower() == ".ora":
            loaded = project.load(path)
            picture = OpenPicture(loaded.document, path, loaded.foreign)
            notes = loaded.notes
        else:
            reading = read(path, levels)
            document = Document.from_picture(kind, reading.pixels, palette)
            picture = OpenPicture(document, title=path.stem)
            notes = reading.notes
        self._settings.add_recent(path)
        return picture, notes

    def save(self, picture: OpenPicture, path: Path | None, model: Path | None) -> None:
        """Write the project, to ``path`` or to where it came from.

        Args:
            picture: what to save.
            path: where to; None where it came from.
            model: the model's file, whose digest goes into the project if it can be read.

        Raises:
            PictureError: the place can't be written; the old file is untouched.
        """
        target = path or picture.path
        assert target is not None
        if target.suffix.lower() != ".ora":
            target = target.with_name(target.name + ".ora")
        digest = _digest_of(model)
        if digest:
            picture.document.extras["digest"] = digest
        else:
            picture.document.extras.pop("digest", None)
        project.save(picture.document, target)
        picture.path, picture.foreign = target, False
        self._settings.add_recent(target)
        self._settings.folder = str(target.parent)
        self.settle(picture)

    def export(self, picture: OpenPicture, what: str, path: Path, preview: Pixels | None) -> None:
        """Write a PNG of the ``picture``, its ``preview`` or both side by side as a ``pair``.

        Raises:
            PictureError: there is no preview yet, or the place can't be written.
        """
        if what == "picture":
            export.write_picture(picture.document, path)
            return
        if preview is None:
            text = QCoreApplication.translate(
                "easel", "There is no preview yet to export; open a model first."
            )
            raise PictureError(text)
        frame = scaled_preview(preview, (picture.document.width, picture.document.height))
        if what == "preview":
            export.write_preview(frame, path)
        else:
            export.write_pair(picture.document, frame, path)

    # --- sample drawings -----------------------------------------------------------------------

    def next_example(self, kind: InputKind, card: Card | None) -> OpenPicture | None:
        """The next sample drawing for a model, round and round."""
        name = card.name if card else ""
        palette = card.palette if card else None
        key = f"{kind} {name} {palette.name if palette else ''}"
        if key not in self._examples:
            found = list(samples(kind, name, palette))
            # The first one is the first impression; the others come in a random order.
            random.shuffle(rest := found[1:])
            self._examples[key] = itertools.cycle(found[:1] + rest)
        path = next(self._examples[key], None)
        return None if path is None else self.sample(path, card)

    def sample(self, path: Path, card: Card | None) -> OpenPicture:
        """A sample drawing, as a picture of its own to go on with.

        Args:
            path: the drawing.
            card: of the model that is to paint it; a label picture gets its palette.

        Raises:
            PictureError: it can't be read, or not be drawn.
        """
        drawing = Drawing.load(path)
        document = drawing.document(card.palette if card else None)
        drawing.replay(document)
        document.forget_history()
        document.select([layer for layer in document.layers if layer.role.sent][-1].id)
        return OpenPicture(document, title=drawing.title)

    # --- journal -------------------------------------------------------------------------------

    def journal(self, picture: OpenPicture, change: Change) -> str:
        """Write a step down, on the journal's own thread, so that a crash can't cost it.

        Returns:
            A sentence for the user where that fails for the first time, else nothing.
        """
        try:
            if picture.journal is not None:
                picture.journal.record(change)
            elif not picture.is_saved:
                picture.journal = Journal(picture.document, title=picture.name)
            trouble = picture.journal.trouble if picture.journal is not None else ""
        except (UnderpaintError, OSError) as error:
            log.warning("journal: %s", error)
            trouble = getattr(error, "strerror", None) or str(error)
        if not trouble or self._troubled:
            return ""
        self._troubled = True
        text = QCoreApplication.translate(
            "easel", "Drawings can't be guarded against a crash ({0}); save yours often."
        )
        return text.format(trouble)

    def left_behind(self) -> list[Recovered]:
        """Drawings of earlier starts that were neither saved nor closed."""
        try:
            return abandoned()
        except OSError as error:
            log.warning("journals: %s", error)
            return []

    def recover(self, left: Recovered) -> OpenPicture:
        """Open a drawing that was left behind; it counts as unsaved.

        The old journal goes only when the new one is on the disk.

        Raises:
            PictureError: nothing of it can be read.
        """
        document = restore(left.path)
        picture = OpenPicture(document, title=left.title, unsaved=True)
        self.journal(picture, Change())
        if picture.journal is not None:
            picture.journal.flush()
            if (picture.journal.folder / "journal").is_file():
                discard(left.path)
        return picture

    def forget(self, left: Recovered) -> None:
        """Throw a left drawing away."""
        discard(left.path)


def _digest_of(model: Path | None) -> str:
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
