"""The open pictures: where each came from, what would be lost, and its journal.

No Qt signals here: the session decides what is on the canvas and tells the widgets.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from desktop.documents.journal import Journal
from desktop.documents.moment import Moment
from desktop.documents.reading import Opened
from desktop.documents.recovery import (
    Recovered,
    Unreadable,
    discard,
    film_of,
    left_behind,
    set_aside,
)
from desktop.documents.saving import Exporting, Saving, Written, stamp_of
from desktop.paint.editing.document import Change, Document
from desktop.support.file_work import Job
from desktop.support.settings import Settings
from engine.data.messages import Pixels
from engine.files.writing import is_same, shown

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
    problem: str = ""
    """Why no journal could be begun."""
    translated: bool = True
    """Whether a model makes a preview of it; of a preview that is being corrected, none does."""
    film: bytes = b""
    """The way of the drawing as it was read, see ``project.FILM``."""
    filmed: Callable[[], Callable[[], bytes]] | None = None
    """Gives what gives the way of the drawing as it is now, on another thread; None: ``film`` is all."""

    watched: bool = False
    """It shows what is watched elsewhere: it stays open, though nothing in it would be lost."""
    together: bool = False
    """It came with others, and stays open beside them likewise."""

    def __post_init__(self) -> None:
        self.saved_revision = -1 if self.unsaved else self.document.revision
        self.savings: list[Saving] = []
        """Under way, the newest last: what it will have been saved as."""
        self.stamp = stamp_of(self.path)
        """Tells the file as it was when it was opened or saved from one that somebody else wrote since."""
        if not self.title:
            self.title = shown(self.path.stem) if self.path else f"Untitled {next(_numbers)}"

    @property
    def name(self) -> str:
        """For the window's title."""
        return shown(self.path.name) if self.path else self.title

    @property
    def target(self) -> Path | None:
        """The project file that Save writes to, once all is written that is being written."""
        return self.savings[-1].target if self.savings else self.path

    @property
    def needs_a_path(self) -> bool:
        """Save must become Save As: there is no file yet, or writing it would lose something."""
        return not self.savings and (self.path is None or self.foreign)

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
        if self.path is None or any(is_same(saving.target, self.path) for saving in self.savings):
            return False
        return stamp_of(self.path) not in (None, self.stamp)


class OpenDocuments:
    """All open pictures, the one on the canvas first.

    Args:
        notify: called on any thread when there may be ``news``.
        later: does what nobody waits for, perhaps on another thread.
    """

    def __init__(
        self,
        settings: Settings,
        notify: Callable[[], object] = lambda: None,
        later: Callable[[Callable[[], object]], object] = lambda work: work(),
    ) -> None:
        self._settings = settings
        self._notify = notify
        self._later = later
        self.pictures: list[OpenPicture] = []
        self.reported_unguarded = False
        """It was told that a picture can't be guarded, and nothing else since."""

    def put_up(self, picture: OpenPicture) -> None:
        """Make ``picture`` the first; an untouched one that it takes the place of is closed."""
        if self.pictures and self.pictures[0] is not picture:
            old = self.pictures[0]
            same_kind = old.document.kind == picture.document.kind
            untouched = old.is_saved and old.target is None and not old.document.can_undo
            if untouched and same_kind and not (old.watched or old.together):
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

    def mark_saved(self, picture: OpenPicture) -> None:
        """All that is in it was written elsewhere: nothing would be lost, so it needs no journal."""
        picture.saved_revision = picture.document.revision
        self._drop_journal(picture)

    def stop(self) -> None:
        """End of the program: journals of unsaved pictures stay for the next start."""
        for picture in self.pictures:
            journal, picture.journal = picture.journal, None
            if journal is not None:
                journal.close(keep=not picture.is_saved)

    def _drop_journal(self, picture: OpenPicture) -> None:
        journal, picture.journal, picture.problem = picture.journal, None, ""
        if journal is not None:
            self._later(lambda: journal.close(keep=False))  # it may be in the middle of writing

    # --- files ---------------------------------------------------------------------------------

    def open_already(self, path: Path) -> OpenPicture | None:
        """The open picture that shows what is in a file; its file may be another since."""
        found = self.holding(path)
        return None if found is not None and found.is_changed_elsewhere and found.is_saved else found

    def opened(self, read: Opened) -> OpenPicture:
        """What was read of a file, as a picture; the one that shows the same, if it is open by now."""
        self._settings.add_recent(read.path)
        if not read.is_project:
            return OpenPicture(read.document, title=shown(read.path.stem))
        former = self.open_already(read.path)
        if former is not None:  # opened twice, saved or drawn on meanwhile
            return former
        former = self.holding(read.path)
        picture = OpenPicture(read.document, read.path, bool(read.notes), film=read.film)
        picture.stamp = read.stamp
        if former is not None:  # it showed what was in the file before
            self.close(former)
        return picture

    def holding(self, path: Path) -> OpenPicture | None:
        """The open picture whose file ``path`` is, by whatever name."""
        for it in self.pictures:
            for file in (it.path, it.target):
                if file is not None and is_same(file, path):
                    return it
        return None

    def objection(self, picture: OpenPicture, target: Path) -> str:
        """What is to be asked before ``picture`` is saved as ``target``, if anything would be lost."""
        owner = self.holding(target)
        if owner is not None and owner is not picture:
            text = translate(
                "documents", "“{0}” is open here as another picture; replaced, that one has no file any more."
            )
        elif owner is None and os.path.exists(target):
            text = translate("documents", "“{0}” is there already; what it holds would be replaced.")
        elif picture.foreign and self._is_its_own(picture, target):
            text = translate(
                "documents",
                "“{0}” holds more than could be opened here; replaced, it would hold what you see alone.",
            )
        elif owner is not None and owner.is_changed_elsewhere:
            text = translate(
                "documents",
                "“{0}” was changed elsewhere since you opened or saved it; that would be replaced.",
            )
        else:
            return ""
        return text.format(shown(target.name))

    def _is_its_own(self, picture: OpenPicture, target: Path) -> bool:
        """Whether ``target`` is the file that the picture came from, and nobody agreed yet to replace it."""
        agreed = any(is_same(saving.target, target) for saving in picture.savings)
        return not agreed and picture.path is not None and is_same(picture.path, target)

    def saving(self, picture: OpenPicture, path: Path | None, model: Path | None) -> Saving:
        """Note the picture as it is now, to be written; it counts as saved once ``saved`` is called.

        Args:
            picture: what to save.
            path: where to; None where it came from.
            model: the model's file, whose digest goes into the project if it can be read.
        """
        picture.document.finish_stroke()
        target = project_file(path) if path is not None else picture.target
        assert target is not None
        filmed = picture.filmed() if picture.filmed is not None else lambda: picture.film
        saving = Saving(Moment(picture.document), target, model, film=filmed)
        # One that waits still is done with what this one has; its own moment needn't be held.
        picture.savings = [other for other in picture.savings if other.begun or other.target != target]
        picture.savings.append(saving)
        return saving

    def being_saved(self, picture: OpenPicture, path: Path | None) -> Job | None:
        """The work that writes this very picture to that very file already."""
        target = project_file(path) if path is not None else picture.target
        for saving in picture.savings:
            if saving.job is not None and saving.job.is_cancelled:  # it may end at its next step
                continue
            if saving.target == target and saving.moment.revision == picture.document.revision:
                return saving.job
        return None

    def saved(self, picture: OpenPicture, saving: Saving, written: Written) -> None:
        """The picture is in its file as it was then; what was done since would be lost still."""
        document, target = picture.document, saving.target
        for other in self.pictures:
            if other is not picture and other.path is not None and is_same(other.path, target):
                self.part(other)
        if written.digest:
            document.extras["digest"] = written.digest
        else:
            document.extras.pop("digest", None)
        picture.path, picture.foreign, picture.stamp = target, False, written.stamp
        picture.saved_revision = saving.moment.revision
        self._settings.add_recent(target)
        self._settings.folder = str(target.parent)
        if picture.is_saved:
            self._drop_journal(picture)

    def save(self, picture: OpenPicture, path: Path | None, model: Path | None) -> None:
        """Write the project here and now, see ``saving``.

        Raises:
            PictureError: the place can't be written; the old file is untouched.
        """
        saving = self.saving(picture, path, model)
        try:
            self.saved(picture, saving, saving.write())
        finally:
            picture.savings.remove(saving)

    def part(self, picture: OpenPicture) -> None:
        """Its file is another picture's now: all of it would be lost."""
        assert picture.path is not None
        picture.title, picture.path, picture.saved_revision = shown(picture.path.stem), None, -1
        self.journal(picture, Change())

    def exporting(self, picture: OpenPicture, what: str, path: Path, preview: Pixels | None) -> Exporting:
        """Note the picture as it is now, and its preview, to be written for others; see ``Exporting``."""
        picture.document.finish_stroke()
        return Exporting(Moment(picture.document), what, path, preview)

    # --- journal -------------------------------------------------------------------------------

    def journal(self, picture: OpenPicture, change: Change) -> None:
        """Write a step down, on the journal's own thread, so that a crash can't cost it; see ``news``.

        No journal begins while a stroke is open: the copy would finish it, see ``begin_journals``.
        """
        try:
            if picture.journal is not None:
                picture.journal.record(change)
            elif not picture.is_saved and not picture.document.is_drawn_on:
                picture.journal = Journal(picture.document, picture.name, self._notify)
            picture.problem = ""
        except Exception as error:  # whatever it is, painting goes on and the next step tries again
            log.warning("journal: %s", error)
            picture.problem = getattr(error, "strerror", None) or str(error) or type(error).__name__

    def begin_journals(self) -> None:
        """A stroke has ended, or was called off: journals that had to wait for that can begin."""
        for picture in self.pictures:
            if picture.journal is None:
                self.journal(picture, Change())

    def news(self) -> tuple[str, bool]:
        """What is new about the journals: a sentence, if any, and whether it tells of something wrong."""
        lost = [problem for problem in map(_problem, self.pictures) if problem]
        if lost and not self.reported_unguarded:
            self.reported_unguarded = True
            text = translate(
                "documents",
                "Drawings can't be guarded against a crash ({0}); save yours, or free some space.",
            )
            return text.format(lost[0]), True
        if lost or not self.reported_unguarded or any(not picture.is_guarded for picture in self.pictures):
            return "", False
        self.reported_unguarded = False
        guarded = any(picture.journal is not None for picture in self.pictures)
        text = translate("documents", "Your drawings are guarded against a crash again.")
        return text if guarded else "", False

    def unguarded(self, *, wait: bool = False) -> list[OpenPicture]:
        """Pictures that a crash, or closing the window, would cost something. Tries again to guard them.

        Args:
            wait: until it is known what came of that; one whose disk takes nothing any more is not guarded.
        """
        held_up = list[OpenPicture]()
        for picture in self.pictures:
            if picture.is_saved or picture.document.is_drawn_on:
                continue
            if wait and picture.journal is not None and not picture.journal.has_flushed():
                held_up.append(picture)
                continue
            if picture.journal is None:
                self.journal(picture, Change())
            elif picture.journal.problem:
                picture.journal.record_all()
            if wait and picture.journal is not None and not picture.journal.has_flushed():
                held_up.append(picture)
        return [picture for picture in self.pictures if not picture.is_guarded or picture in held_up]

    def left_behind(self) -> tuple[list[Recovered], list[Unreadable]]:
        """Drawings of earlier starts that were neither saved nor closed, and what can't be read of them.

        Raises:
            OSError: the user's folder can't be read.
        """
        return left_behind()

    def recovered(self, left: Recovered, document: Document) -> OpenPicture:
        """What a drawing that was left behind holds, as a picture; it counts as unsaved."""
        picture = OpenPicture(document, title=left.title, unsaved=True, film=film_of(left.path))
        self.journal(picture, Change())
        return picture

    def let_go(self, picture: OpenPicture, left: Recovered, *, complete: bool) -> str:
        """Give a journal up, on any thread, when what it held is on the disk elsewhere; see ``recovered``.

        One that is damaged is kept, and so is one whose picture is not guarded, unless that was thrown away.

        Returns:
            a sentence where steps are missing from the picture.

        Raises:
            OSError: it can't be moved.
        """
        journal = picture.journal
        if journal is not None:
            journal.flush()
        kept = left.path
        is_safe = picture.is_guarded or picture not in self.pictures
        if is_safe and complete:
            discard(left.path)
        elif is_safe:
            kept = set_aside(left.path)
        if complete:
            return ""
        text = translate(
            "documents",
            "What was noted of “{0}” is damaged or cut short: its last strokes are missing. "
            "All that is left of them is kept in “{1}”.",
        )
        return text.format(shown(left.title), shown(kept))

    def forget(self, left: Recovered | Unreadable) -> None:
        """Throw a left drawing away."""
        discard(left.path)


def project_file(path: Path) -> Path:
    """The file that a project goes to that is to be saved as ``path``."""
    return path if path.suffix.lower() == ".ora" else path.with_name(path.name + ".ora")


def _problem(picture: OpenPicture) -> str:
    """Why a picture is not guarded; empty while it is, or that is not known yet."""
    if picture.is_saved:
        return ""
    return picture.journal.problem if picture.journal is not None else picture.problem
