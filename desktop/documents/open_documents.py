"""The open pictures: where each came from, what would be lost, and its journal.

No Qt signals here: the session decides what is on the canvas and tells the widgets.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from desktop.documents.journal import Journal
from desktop.documents.recovery import (
    Recovered,
    Unreadable,
    discard,
    is_complete,
    left_behind,
    restore,
    set_aside,
)
from desktop.documents.samples import samples
from desktop.paint.editing.document import Change, Document
from desktop.paint.editing.limits import MOST_PIXELS
from desktop.paint.files import export, project
from desktop.paint.files.drawing import Drawing
from desktop.support.settings import Settings
from engine.data.card import Card, InputKind
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.data.picture import read
from engine.errors import PictureError
from engine.files.writing import is_same, shown
from engine.planes.codec import scaled_preview

log = logging.getLogger(__name__)

_numbers = itertools.count(1)
translate = QCoreApplication.translate


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
    trouble: str = ""
    """Why no journal could be begun."""
    translated: bool = True
    """Whether a model makes a preview of it; of a preview that is being corrected, none does."""

    def __post_init__(self) -> None:
        self.saved_revision = -1 if self.unsaved else self.document.revision
        self.stamp = _stamp(self.path)
        """Tells the file as it was when it was opened or saved from one that somebody else wrote since."""
        if not self.title:
            self.title = shown(self.path.stem) if self.path else f"Untitled {next(_numbers)}"

    @property
    def name(self) -> str:
        """For the window's title."""
        return shown(self.path.name) if self.path else self.title

    @property
    def photo(self) -> str:
        """The mark of the photo that it is drawn over for a data set (``desktop.pairs.photos``), if it is."""
        mark = self.document.extras.get("photo", "")
        return mark if isinstance(mark, str) else ""

    @property
    def is_saved(self) -> bool:
        """Nothing would be lost by closing it, unless a stroke is open."""
        return self.document.revision == self.saved_revision

    @property
    def is_guarded(self) -> bool:
        """Whatever happens now, the next start has it, or nothing would be lost."""
        return self.is_saved or (self.journal is not None and self.journal.is_good)

    @property
    def is_changed_elsewhere(self) -> bool:
        """Somebody else has written its file since it was opened or saved here; a lost one has no say."""
        return self.path is not None and _stamp(self.path) not in (None, self.stamp)


class OpenDocuments:
    """All open pictures, the one on the canvas first.

    Args:
        tell: called on any thread when there may be ``news``.
    """

    def __init__(self, settings: Settings, tell: Callable[[], object] = lambda: None) -> None:
        self._settings = settings
        self._tell = tell
        self.pictures: list[OpenPicture] = []
        self._examples: dict[str, Iterator[Path]] = {}
        self.is_troubled = False
        """It was told that a picture can't be guarded, and nothing else since."""

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
        self._drop_journal(picture)
        if picture in self.pictures:
            self.pictures.remove(picture)

    def settle(self, picture: OpenPicture) -> None:
        """All that is in it was written elsewhere: nothing would be lost, so it needs no journal."""
        picture.saved_revision = picture.document.revision
        self._drop_journal(picture)

    def stop(self) -> None:
        """End of the program: journals of unsaved pictures stay for the next start."""
        for picture in self.pictures:
            self._drop_journal(picture, keep=not picture.is_saved)

    def _drop_journal(self, picture: OpenPicture, *, keep: bool = False) -> None:
        journal, picture.journal, picture.trouble = picture.journal, None, ""
        if journal is not None:
            journal.close(keep=keep)

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
        open_already = self.holding(path)
        if open_already is not None and not (open_already.is_changed_elsewhere and open_already.is_saved):
            return open_already, []
        if path.suffix.lower() == ".ora":
            loaded = project.load(path)
            picture = OpenPicture(loaded.document, path, loaded.foreign)
            notes = loaded.notes
            if open_already is not None:  # it showed what was in the file before
                self.close(open_already)
        else:
            reading = read(path, levels, MOST_PIXELS)
            document = Document.from_picture(kind, reading.pixels, palette)
            picture = OpenPicture(document, title=shown(path.stem))
            notes = reading.notes
        self._settings.add_recent(path)
        return picture, notes

    def holding(self, path: Path) -> OpenPicture | None:
        """The open picture whose file ``path`` is, by whatever name."""
        return next((it for it in self.pictures if it.path is not None and is_same(it.path, path)), None)

    def objection(self, picture: OpenPicture, target: Path) -> str:
        """What is to be asked before ``picture`` is saved as ``target``, if anything would be lost."""
        owner = self.holding(target)
        if owner is not None and owner is not picture:
            text = translate(
                "easel", "“{0}” is open here as another picture; replaced, that one has no file any more."
            )
        elif owner is None and target.exists():
            text = translate("easel", "“{0}” is there already; what it holds would be replaced.")
        elif owner is not None and owner.is_changed_elsewhere:
            text = translate(
                "easel", "“{0}” was changed elsewhere since you opened or saved it; that would be replaced."
            )
        else:
            return ""
        return text.format(shown(target.name))

    def save(self, picture: OpenPicture, path: Path | None, model: Path | None) -> None:
        """Write the project, to ``path`` or to where it came from.

        Args:
            picture: what to save.
            path: where to; None where it came from.
            model: the model's file, whose digest goes into the project if it can be read.

        Raises:
            PictureError: the place can't be written; the old file is untouched.
        """
        picture.document.settle()
        target = project_file(path) if path is not None else picture.path
        assert target is not None
        digest = _digest_of(model)
        if digest:
            picture.document.extras["digest"] = digest
        else:
            picture.document.extras.pop("digest", None)
        former = self.holding(target)
        project.save(picture.document, target)
        if former is not None and former is not picture:
            self.part(former)
        picture.path, picture.foreign, picture.stamp = target, False, _stamp(target)
        self._settings.add_recent(target)
        self._settings.folder = str(target.parent)
        self.settle(picture)

    def part(self, picture: OpenPicture) -> None:
        """Its file is another picture's now: all of it would be lost."""
        assert picture.path is not None
        picture.title, picture.path, picture.saved_revision = shown(picture.path.stem), None, -1
        self.journal(picture, Change())

    def export(self, picture: OpenPicture, what: str, path: Path, preview: Pixels | None) -> None:
        """Write the ``picture``, its ``preview`` or both side by side as a ``pair``.

        Args:
            what: one of these.
            path: its suffix is one of ``export.FORMATS``.
            preview: uint8 (H, W, 3), if there is one.

        Raises:
            PictureError: there is no preview yet, or the place can't be written.
        """
        picture.document.settle()
        if what == "picture":
            export.write_picture(picture.document, path)
            return
        if preview is None:
            text = translate("easel", "There is no preview yet to export; open a model first.")
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

    def journal(self, picture: OpenPicture, change: Change) -> None:
        """Write a step down, on the journal's own thread, so that a crash can't cost it; see ``news``."""
        try:
            if picture.journal is not None:
                picture.journal.record(change)
            elif not picture.is_saved:
                picture.journal = Journal(picture.document, picture.name, self._tell)
            picture.trouble = ""
        except Exception as error:  # whatever it is, painting goes on and the next step tries again
            log.warning("journal: %s", error)
            picture.trouble = getattr(error, "strerror", None) or str(error) or type(error).__name__

    def news(self) -> tuple[str, bool]:
        """What is new about the journals: a sentence, if any, and whether it tells of something wrong."""
        lost = [trouble for trouble in map(_trouble, self.pictures) if trouble]
        if lost and not self.is_troubled:
            self.is_troubled = True
            text = translate(
                "easel", "Drawings can't be guarded against a crash ({0}); save yours, or free some space."
            )
            return text.format(lost[0]), True
        if lost or not self.is_troubled or any(not picture.is_guarded for picture in self.pictures):
            return "", False
        self.is_troubled = False
        guarded = any(picture.journal is not None for picture in self.pictures)
        text = translate("easel", "Your drawings are guarded against a crash again.")
        return text if guarded else "", False

    def unguarded(self, *, wait: bool = False) -> list[OpenPicture]:
        """Pictures that a crash, or closing the window, would cost something. Tries again to guard them.

        Args:
            wait: until it is known what came of that.
        """
        for picture in self.pictures:
            if picture.is_saved or picture.document.is_drawn_on:
                continue
            if wait and picture.journal is not None:
                picture.journal.flush()
            if picture.journal is None:
                self.journal(picture, Change())
            elif picture.journal.trouble:
                picture.journal.record_all()
            if wait and picture.journal is not None:
                picture.journal.flush()
        return [picture for picture in self.pictures if not picture.is_guarded]

    def left_behind(self) -> tuple[list[Recovered], list[Unreadable]]:
        """Drawings of earlier starts that were neither saved nor closed, and what can't be read of them.

        Raises:
            OSError: the user's folder can't be read.
        """
        return left_behind()

    def recover(self, left: Recovered) -> tuple[OpenPicture, str]:
        """Open a drawing that was left behind; it counts as unsaved.

        The old journal goes only when the new one is on the disk. One that is damaged is kept.

        Returns:
            the picture, and a sentence where steps are missing from it.

        Raises:
            PictureError: nothing of it can be read.
            OSError: it can't be read now.
        """
        document = restore(left.path)
        complete = is_complete(left.path)
        picture = OpenPicture(document, title=left.title, unsaved=True)
        self.journal(picture, Change())
        if picture.journal is not None:
            picture.journal.flush()
        kept = left.path
        if picture.is_guarded and complete:
            discard(left.path)
        elif picture.is_guarded:
            kept = set_aside(left.path)
        if complete:
            return picture, ""
        text = translate(
            "easel",
            "What was noted of “{0}” is damaged or cut short: its last strokes are missing. "
            "All that is left of them is kept in “{1}”.",
        )
        return picture, text.format(shown(left.title), shown(kept))

    def forget(self, left: Recovered | Unreadable) -> None:
        """Throw a left drawing away."""
        discard(left.path)


def project_file(path: Path) -> Path:
    """The file that a project goes to that is to be saved as ``path``."""
    return path if path.suffix.lower() == ".ora" else path.with_name(path.name + ".ora")


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """When a file was written last, and its size; None where there is none."""
    try:
        about = path.stat() if path is not None else None
    except OSError:
        return None
    return (about.st_mtime_ns, about.st_size) if about is not None else None


def _trouble(picture: OpenPicture) -> str:
    """Why a picture is not guarded; empty while it is, or that is not known yet."""
    if picture.is_saved:
        return ""
    return picture.journal.trouble if picture.journal is not None else picture.trouble


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
