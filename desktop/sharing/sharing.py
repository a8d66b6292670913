"""A model's card edited, a model given away, and one from elsewhere: its terms are shown before it is used.

A model that somebody drops on the window is copied among the user's own at once, but not used before its
terms were on show; until then it waits, also over a restart.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.documents.on_canvas import OnCanvas
from desktop.documents.samples import SampleDrawings
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.shelf import Shelf
from desktop.sharing.samples import Choice, Examples, choices
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.picture import to_png_bytes
from engine.errors import ModelError
from engine.files.writing import is_same, shown
from engine.models import drawings, recarding, shared
from engine.models.bundle import SUFFIX
from engine.models.catalogue import Entry, free_model_file
from engine.models.drawings import SampleDrawing
from engine.models.shared import SharedModel
from engine.planes.codec import scaled_preview

SAMPLE_EDGE = 128
"""Longer edge of the picture by which lists show a model, in pixels."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A card that is being edited."""

    entry: Entry
    card: Card
    samples: tuple[SampleDrawing, ...]
    preview: Pixels | None = None
    """What the model made last, uint8 (H, W, 3): it stands for it in lists that have nothing to show yet."""

    def said(
        self, name: str, task: str, description: str, data: str, licence: str, styles: Sequence[str]
    ) -> Card:
        """The card with other words.

        Args:
            styles: a name for each of its named styles, in their order.

        Raises:
            ModelError: there is no name, or two styles have the same one.
        """
        if not name.strip():
            raise ModelError("A model needs a name.")
        if len(set(styles)) < len(styles) or not all(style.strip() for style in styles):
            raise ModelError("Each style needs a name of its own.")
        renamed = dict(zip(styles, self.card.styles.values(), strict=True))
        sample = self.card.sample or (_small(self.preview) if self.preview is not None else "")
        texts = {"name": name, "task": task, "description": description, "data": data, "licence": licence}
        stripped = {field: text.strip() for field, text in texts.items()}
        return replace(self.card, **stripped, styles=renamed, sample=sample)  # type: ignore[arg-type]


class Sharing(Observable):
    """What is said of models, and who may use them.

    Args:
        canvas: tells what went wrong.
        samples: get those that travel with models.
        live: the open model.
        library: has the models; new ones arrive there.
        shelf: kept frames may travel with a model.
        settings: remember which terms nobody has seen yet.
        file_work: reads and writes.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        open_model: paints with a model.
        parent: owns it.
    """

    asked = Property[Entry | None](None)
    """The model whose terms are on show."""

    def __init__(
        self,
        canvas: OnCanvas,
        samples: SampleDrawings,
        live: Live,
        library: Library,
        shelf: Shelf,
        settings: Settings,
        file_work: FileWork,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        open_model: Callable[[Path], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._library = canvas, live, library
        self._shelf, self._settings, self._file_work = shelf, settings, file_work
        self._when_the_pen_is_up, self._open_model = when_the_pen_is_up, open_model
        self._examples = Examples(lambda: library.models)
        samples.own = self._examples.of
        library.arrived.connect(self._arrive)
        library.removed.connect(self._forget)
        library.watch("models", self._notice)
        own = {entry.file.name for entry in library.models if not entry.bundled}
        if own:  # else the folder may be out of reach just now
            settings.unread_terms = [name for name in settings.unread_terms if name in own]
        library.held.update(entry.file for entry in library.models if self._waits(entry.file))

    # --- models from elsewhere -----------------------------------------------------------------

    def holds(self, file: Path) -> bool:
        """Whether a model's terms have to be seen first; then they are on show now."""
        entry = self._library.entry(file)
        if entry is None or not self._waits(file):
            return False
        self.asked = entry
        return True

    def accept(self) -> None:
        """Use the model whose terms are on show."""
        entry, self.asked = self.asked, None
        if entry is not None:
            self._forget(entry.file)
            self._open_model(entry.file)

    def put_off(self) -> None:
        """Don't use it now; its terms come up again when somebody wants to."""
        self.asked = None

    def _waits(self, file: Path) -> bool:
        """Whether nobody has seen a model's terms yet. One that came along may have the name of one's own."""
        entry = self._library.entry(file)
        return entry is not None and not entry.bundled and file.name in self._settings.unread_terms

    def _forget(self, file: Path) -> None:
        """Terms were seen, or their model is gone: another may come to have its name."""
        unread = self._settings.unread_terms
        self._settings.unread_terms = [name for name in unread if name != file.name]
        self._library.held.discard(file)

    def _arrive(self, file: Path) -> None:
        entry = self._library.entry(file)
        is_new = file in self._library.brought
        self._library.brought.discard(file)
        if is_new and entry is not None and entry.card is not None and says_terms(entry.card):
            self._settings.unread_terms = [*self._settings.unread_terms, file.name]
            self._library.held.add(file)
        self._when_the_pen_is_up(lambda: self._open_model(file))

    def _notice(self) -> None:
        """The model whose terms are on show may be gone."""
        if self.asked is not None and self._library.entry(self.asked.file) is None:
            self.asked = None

    # --- the card ------------------------------------------------------------------------------

    def draft(self, then: Callable[[Draft], object], entry: Entry | None = None) -> Job | None:
        """Read a model's card and drawings, by default those of the open one; ``then`` gets a ``Draft`` to be
        edited."""
        entry = entry or self._open_entry()
        if entry is None:
            self._canvas.error_reported.emit(self.tr("No model is open; open the one whose card is meant."))
            return None
        card, live = self._card_now(entry), self._live
        if card is None:
            return None
        preview = live.preview if live.model_file == entry.file and not live.behind else None

        def show(samples: list[SampleDrawing]) -> None:
            then(Draft(entry, card, tuple(samples), preview))

        self._canvas.finish_stroke()  # later ones are waited for
        return self._file_work.read(
            self.tr("Reading the card of “%s”") % card.name,
            lambda _job: drawings.read(entry.file, card.input),
            lambda samples: self._when_the_pen_is_up(lambda: show(samples)),
        )

    def choices(self, draft: Draft) -> list[Choice]:
        """What could become a sample drawing of that model."""
        return choices(self._canvas.pictures, self._shelf.kept, draft.card.input)

    def write(self, draft: Draft, card: Card, samples: Sequence[SampleDrawing]) -> Job:
        """Give a model another card; of one that came with the program a copy gets it. Either is open then,
        unless another model has been opened meanwhile."""
        entry, live = draft.entry, self._live
        samples = tuple(samples)

        def work(job: Job) -> Path:
            target = free_model_file(card.name) if entry.bundled else entry.file
            recarding.written(entry.file, target, card, samples, job.progress)
            return target

        def reopen(target: Path) -> None:
            if live.model_file != entry.file:
                return
            if target != entry.file:
                self._open_model(target)
            else:
                live.open_model(target, same_picture=True)

        def done(target: Path) -> None:
            if target != entry.file:
                text = self.tr("“%s” came with the program and stays; a copy of your own has the new card.")
                self._canvas.notice.emit(text % entry.name)
            else:
                self._canvas.notice.emit(self.tr("“%s” has its new card.") % card.name)
            self._library.look_again(lambda: self._when_the_pen_is_up(lambda: reopen(target)))

        return self._file_work.write(self.tr("Writing the card of “%s”") % card.name, work, done)

    # --- giving away ---------------------------------------------------------------------------

    def to_give(self) -> Entry | None:
        """The open model, which could be given away; where none is open, that is said."""
        entry = self._open_entry()
        if entry is None:
            self._canvas.error_reported.emit(self.tr("No model is open; open the one to give away."))
        return entry

    def lacks(self, entry: Entry) -> str:
        """What a model's card doesn't say and those who get it would ask; a sentence, or nothing."""
        card = entry.card
        if card is None or (card.data and card.licence):
            return ""
        if card.data:
            return self.tr("“%s” doesn't say what may be done with it.") % card.name
        if card.licence:
            return self.tr("“%s” doesn't say what it has learnt from.") % card.name
        return self.tr("“%s” says neither what it has learnt from nor what may be done with it.") % card.name

    def give(self, path: Path, entry: Entry) -> Job | None:
        """Write a model with card and drawings into one file for somebody else.

        Notes of its training that could tell of this computer are left out.
        """
        known = self._card_now(entry)
        if known is None:
            return None
        path = gift_file(path)
        card = recarding.to_give_away(known)

        def work(job: Job) -> Path:
            if is_same(path, entry.file):
                raise ModelError(
                    self.tr("That is the model itself; choose another place for what is given away.")
                )
            recarding.written(entry.file, path, card, None, job.progress)
            return path

        said = self.tr(
            "“%s” is ready to be given away; dropped on a window of Underpaint it shows its terms first."
        )
        return self._file_work.write(
            self.tr("Writing “%s”") % shown(path.name),
            work,
            lambda _path: self._canvas.notice.emit(said % shown(path.name)),
        )

    # --- a shared folder -----------------------------------------------------------------------

    def read_catalogue(self, file: Path, then: Callable[[list[SharedModel]], object]) -> Job:
        """Read a shared folder's catalogue, and hold each model against its checksum; ``then`` gets them."""
        self._canvas.finish_stroke()  # later ones are waited for
        return self._file_work.read(
            self.tr("Looking through “%s”") % shown(file.name),
            lambda job: shared.checked(file, job.progress),
            lambda found: self._when_the_pen_is_up(lambda: then(found)),
        )

    def take(self, found: SharedModel) -> Job:
        """Add a model of a catalogue to the user's own, if it is still the one that was listed."""
        problem = replace(found, state="changed").sentence

        def check(_job: Job) -> None:
            if not shared.is_same(found.path, found.listed):
                raise ModelError(problem)

        return self._file_work.read(
            self.tr("Adding the model “%s”") % found.listed.name,
            check,
            lambda _none: self._library.add(found.path),
        )

    def _open_entry(self) -> Entry | None:
        file = self._live.model_file
        return self._library.entry(file) if file is not None and self._live.card is not None else None

    def _card_now(self, entry: Entry) -> Card | None:
        """The card that a model has by now: it may have been edited since. Where it is gone, that is said."""
        listed = self._library.entry(entry.file)
        if listed is None or listed.card is None:
            problem = listed.problem if listed is not None else None
            self._canvas.error_reported.emit(problem or self.tr("That model is gone."))
            return None
        return listed.card


def gift_file(path: Path) -> Path:
    """The file that is written for ``path`` where a model is given away: its suffix is a model's."""
    return path if path.suffix.lower() == SUFFIX else path.with_name(f"{path.name}{SUFFIX}")


def says_terms(card: Card) -> bool:
    """Whether a card says something that has to be seen before the model is used."""
    return bool(card.licence.strip() or card.data.strip())


def _small(preview: Pixels) -> str:
    """A preview as a card carries it: a small PNG, base64."""
    height, width = preview.shape[:2]
    share = min(1.0, SAMPLE_EDGE / max(width, height))
    small = scaled_preview(preview, (max(1, round(width * share)), max(1, round(height * share))))
    return base64.b64encode(to_png_bytes(small)).decode("ascii")
