"""Teaching a model by correcting it: a preview is painted over, and trained on together with its drawing.

The lessons of a model stay in a folder of their own and are all in its next training; so are kept frames
that are to stay as they are, and its sample drawings, lest the model forgets what it did well.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal

import resources
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.pairs.replay_examples import rehearsed
from desktop.preview.shelf import Frame
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from desktop.support.task_queue import TaskQueue
from desktop.training.current import Wish
from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.palette import Palette
from engine.data.task import task_of
from engine.errors import PictureError
from engine.files.writing import first_free, stem
from engine.planes.codec import scaled_preview
from trainer.files import pair_store
from trainer.files.pair_store import Origin
from trainer.run.options import Options

if TYPE_CHECKING:
    from desktop.session import Session

MINUTES = (2, 5, 10)
USUAL = 5


@dataclass(frozen=True, eq=False)
class Lesson:
    """A preview that is being corrected."""

    card: Card
    """The model's that made it,"""
    model: Path
    """and its file."""
    drawn: Picture
    """What it was made of."""
    seen: Pixels
    """The same as people see it, uint8 (H, W, 3)."""
    made: Pixels
    """The preview before it was corrected, uint8 (H, W, 3), of the drawing's size."""
    others: tuple[Frame, ...]
    """Kept frames of other drawings that could stay as they are."""


class Teaching(Observable):
    """One lesson at a time."""

    lesson = Property[Lesson | None](None)
    here = Property(False)
    """The correction is on the canvas."""
    busy = Property(False)
    """The pairs are being written."""

    started = Signal()
    """The training has been started."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._tasks = TaskQueue("teaching", self)
        self._tasks.error_reported.connect(self._failed)
        self._picture: OpenPicture | None = None
        self._before: OpenPicture | None = None
        self._leaving = threading.Event()
        session.watch("picture", self._notice_picture)

    @property
    def is_touched(self) -> bool:
        """Whether cancelling would lose strokes."""
        return self._picture is not None and not self._picture.is_saved

    def begin(self, frame: Frame | None = None) -> None:
        """Put a preview on the canvas to be corrected.

        Args:
            frame: a kept one; None for the picture on the canvas and its preview.
        """
        with ReportErrors(self._session.error_reported.emit):
            if self.lesson is not None:
                self.back_to_correction()
                raise PictureError(self.tr("Teach this first, or cancel it."))
            self._begin(frame or self._frame_now())

    def _frame_now(self) -> Frame:
        session = self._session
        preview = session.live.preview
        if preview is None or session.live.behind:
            raise PictureError(self.tr("The preview is behind the picture; wait for it, or make one."))
        return Frame(preview, session.document.snapshot(), session.document.kind)

    def _begin(self, frame: Frame) -> None:
        session, live = self._session, self._session.live
        if live.card is None or live.model_file is None:
            raise PictureError(self.tr("No model is ready; open the one that is to learn."))
        if frame.picture is None or frame.kind != live.card.input:
            raise PictureError(
                self.tr("“%s” is for pictures of another kind; open the model that made this frame.")
                % live.card.name
            )
        drawing = Document.from_snapshot(frame.picture)
        drawn = suited(drawing.picture(), labels_of(live.card))
        made = scaled_preview(frame.preview, drawn.size)
        # One drawing gives one preview: frames that look the same were made of the one to be corrected.
        others = [
            other
            for other in session.shelf.kept
            if other.kind == live.card.input and not np.array_equal(other.preview, frame.preview)
        ]
        lesson = Lesson(live.card, live.model_file, drawn, drawing.picture_flat(), made, tuple(others))
        title = self.tr("%s, corrected") % live.card.name
        self._before = session.picture
        self._picture = OpenPicture(Document.from_picture("image", made), title=title, translated=False)
        self.lesson = lesson
        session.put_up(self._picture)
        self._notice_picture()

    def back_to_correction(self) -> None:
        """Put the correction on the canvas again."""
        if self._picture is not None:
            self._session.put_up(self._picture)

    def cancel(self) -> None:
        """Teach nothing; the drawing comes back."""
        picture, before = self._picture, self._before
        self.lesson, self._picture, self._before = None, None, None
        self.here = self.busy = False
        session = self._session
        if before is not None and before in session.pictures and session.picture is picture:
            session.put_up(before)
        if picture is not None and picture in session.pictures:
            session.close_picture(picture)

    def teach(self, minutes: float, staying: Sequence[Frame], steps: int | None = None) -> None:
        """Keep the corrected pair, and train a new model from the one that made the preview.

        Args:
            minutes: of training.
            staying: of the lesson's ``others`` those that the model should go on making as they are.
            steps: instead of minutes, where what is learnt must not hang on how quick the machine is.
        """
        session, lesson, picture = self._session, self.lesson, self._picture
        if lesson is None or picture is None or self.busy:
            return
        session.strokes.finish()
        corrected = picture.document.picture_flat()
        with ReportErrors(session.error_reported.emit):
            if corrected.shape != lesson.made.shape:
                raise PictureError(
                    self.tr("The correction is of another size than the drawing; undo resizing and cropping.")
                )
            if np.array_equal(corrected, lesson.made):
                raise PictureError(self.tr("Nothing is corrected yet; paint over what should be otherwise."))
            self.busy = True
            self._tasks.do(
                lambda: keep_lesson(
                    lesson, self._base(lesson.card.name), corrected, staying, self._leaving.is_set
                ),
                lambda folder: self._train(lesson, folder, minutes, steps),
            )

    def leave(self) -> None:
        """End of the program. A corrected pair that is being kept is kept; what goes with it, next time."""
        self._leaving.set()
        self._tasks.stop()

    def _train(self, lesson: Lesson, folder: Path, minutes: float, steps: int | None) -> None:
        self.busy = False
        if lesson is not self.lesson:
            return
        training = self._session.training
        if training.goes_on:
            self._session.said.emit(
                self.tr("The pair is kept, but a training goes on; teach it when that has ended.")
            )
            return
        name = self._free_name(self._base(lesson.card.name))
        how_long = {"steps": steps} if steps else {"minutes": minutes}
        training.start(Wish(Options(folder, name=name, from_model=str(lesson.model), **how_long)))
        if self._session.training.goes_on:  # else it has said why not
            self.cancel()
            self.started.emit()

    def _base(self, name: str) -> str:
        """The name of the model that the teaching began with."""
        before, found, number = name.rpartition(self.tr(", taught"))
        return before if found and before and (not number.strip() or number.strip().isdecimal()) else name

    def _free_name(self, base: str) -> str:
        taken = {entry.name.casefold() for entry in self._session.library.models}
        name = f"{base}{self.tr(', taught')}"
        return first_free(
            lambda ending: f"{name}{ending}", lambda one: one.casefold() in taken, separator=" "
        )

    def _notice_picture(self) -> None:
        self.here = self._picture is not None and self._picture is self._session.picture
        closed = self._picture is not None and self._picture not in self._session.pictures
        if closed:
            self._picture = None
            self.cancel()

    def _failed(self, sentence: str) -> None:
        self.busy = False
        self._session.error_reported.emit(sentence)


def keep_lesson(
    lesson: Lesson,
    base: str,
    corrected: Pixels,
    staying: Sequence[Frame],
    given_up: Callable[[], bool] = lambda: False,
) -> Path:
    """Write the pairs of a lesson; returns their folder. Slow: files.

    Args:
        base: the model's name, without what earlier lessons added to it.
        corrected: uint8 (H, W, 3), of the drawing's size.
        given_up: asked meanwhile whether to leave it at the corrected pair.

    Raises:
        PictureError: they can't be written, or it was given up.
    """
    card = lesson.card
    task = task_of(card.input, card.hints)
    palette = labels_of(card)
    folder = _lessons(base, task, palette)
    pair_store.keep(folder, lesson.drawn, corrected, task, palette, _origin(lesson.drawn))
    stay = rehearsed(card, lesson.model, base, given_up)
    for frame in staying:
        assert frame.picture is not None
        drawn = suited(Document.from_snapshot(frame.picture).picture(), palette)
        stay.append((drawn, scaled_preview(frame.preview, drawn.size)))
    for drawn, made in stay:
        origin = _origin(drawn)
        if not pair_store.pair_of(
            folder, pair_store.manifest_of(folder), origin
        ):  # a correction counts for more
            pair_store.keep(folder, drawn, made, task, palette, origin)
    return folder


def labels_of(card: Card) -> Palette | None:
    """The palette that a model's pictures are held to; others may be painted in any colour."""
    return card.palette if card.input == "labels" else None


def suited(drawn: Picture, palette: Palette | None) -> Picture:
    """What was drawn in the labels of the model: each colour goes to its nearest label, as for a preview."""
    if drawn.pixels is None or palette is None:
        return drawn
    return Picture(pixels=palette.snapped(drawn.pixels)[0])


def _lessons(base: str, task: str, palette: Palette | None) -> Path:
    """The folder of a model's lessons; another one where a model of that name was of another sort."""
    first = resources.home("lessons", stem(base, "model"))

    def is_of_another_sort(folder: Path) -> bool:
        if not folder.exists():
            return False
        return not pair_store.is_kept(folder) or pair_store.read_manifest(folder) != (task, palette)

    return first_free(lambda ending: first.with_name(f"{first.name}{ending}"), is_of_another_sort)


def _origin(drawn: Picture) -> Origin:
    """What tells one drawing from another."""
    total = hashlib.sha256()
    for plane in (drawn.pixels, drawn.lines, drawn.hints):
        if plane is not None:
            total.update(repr(plane.shape).encode() + np.ascontiguousarray(plane).tobytes())
    return Origin("drawing", total.hexdigest()[:20])
