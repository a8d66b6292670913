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

import numpy as np
from PySide6.QtCore import QObject, Signal

import resources
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.pairs.replay_examples import rehearsed
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.shelf import Frame, Shelf
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from desktop.support.task_queue import TaskQueue
from desktop.training.current import Training, Wish
from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.palette import Palette
from engine.errors import PictureError
from engine.files.writing import stem
from engine.planes.codec import scaled_preview
from trainer.files import pair_store
from trainer.files.pair_store import Origin

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
    """One lesson at a time.

    Args:
        canvas: where a preview is corrected.
        live: has the preview, and the model that made it.
        shelf: kept frames may stay as they are.
        library: tells which names are taken.
        training: trains on the lesson.
        parent: owns it.
    """

    lesson = Property[Lesson | None](None)
    here = Property(False)
    """The correction is on the canvas."""
    busy = Property(False)
    """The pairs are being written."""

    started = Signal()
    """The training has been started."""

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        shelf: Shelf,
        library: Library,
        training: Training,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._shelf = canvas, live, shelf
        self._library, self._training = library, training
        self._tasks = TaskQueue("teaching", self)
        self._tasks.error_reported.connect(self._failed)
        self._picture: OpenPicture | None = None
        self._before: OpenPicture | None = None
        self._leaving = threading.Event()
        canvas.watch("picture", self._notice_picture)

    @property
    def is_touched(self) -> bool:
        """Whether cancelling would lose strokes."""
        return self._picture is not None and not self._picture.is_saved

    def begin(self, frame: Frame | None = None) -> None:
        """Put a preview on the canvas to be corrected.

        Args:
            frame: a kept one; None for the picture on the canvas and its preview.
        """
        with ReportErrors(self._canvas.error_reported.emit):
            if self.lesson is not None:
                self.back_to_correction()
                raise PictureError(self.tr("Teach this first, or cancel it."))
            self._begin(frame or self._frame_now())

    def _frame_now(self) -> Frame:
        preview, document = self._live.preview, self._canvas.document
        if preview is None or self._live.behind:
            raise PictureError(self.tr("The preview is behind the picture; wait for it, or make one."))
        return Frame(preview, document.snapshot(), document.kind)

    def _begin(self, frame: Frame) -> None:
        canvas, live = self._canvas, self._live
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
            for other in self._shelf.kept
            if other.kind == live.card.input and not np.array_equal(other.preview, frame.preview)
        ]
        lesson = Lesson(live.card, live.model_file, drawn, drawing.picture_flat(), made, tuple(others))
        title = self.tr("%s, corrected") % live.card.name
        self._before = canvas.picture
        self._picture = OpenPicture(Document.from_picture("image", made), title=title, translated=False)
        self.lesson = lesson
        canvas.put_up(self._picture)
        self._notice_picture()

    def back_to_correction(self) -> None:
        """Put the correction on the canvas again."""
        if self._picture is not None:
            self._canvas.put_up(self._picture)

    def cancel(self) -> None:
        """Teach nothing; the drawing comes back."""
        picture, before = self._picture, self._before
        self.lesson, self._picture, self._before = None, None, None
        self.here = self.busy = False
        canvas = self._canvas
        if before is not None and before in canvas.pictures and canvas.picture is picture:
            canvas.put_up(before)
        if picture is not None and picture in canvas.pictures:
            canvas.close_picture(picture)

    def teach(self, minutes: float, staying: Sequence[Frame]) -> None:
        """Keep the corrected pair, and train a new model from the one that made the preview.

        Args:
            minutes: of training.
            staying: of the lesson's ``others`` those that the model should go on making as they are.
        """
        lesson, picture = self.lesson, self._picture
        if lesson is None or picture is None or self.busy:
            return
        self._canvas.settle_stroke()
        corrected = picture.document.picture_flat()
        with ReportErrors(self._canvas.error_reported.emit):
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
                lambda folder: self._train(lesson, folder, minutes),
            )

    def leave(self) -> None:
        """End of the program. A corrected pair that is being kept is kept; what goes with it, next time."""
        self._leaving.set()
        self._tasks.stop()

    def _train(self, lesson: Lesson, folder: Path, minutes: float) -> None:
        self.busy = False
        if lesson is not self.lesson:
            return
        training = self._training
        if training.goes_on:
            self._canvas.said.emit(
                self.tr("The pair is kept, but a training goes on; teach it when that has ended.")
            )
            return
        name = self._free_name(self._base(lesson.card.name))
        training.start(Wish(folder, name, minutes=minutes, from_model=lesson.model))
        if self._training.goes_on:  # else it has said why not
            self.cancel()
            self.started.emit()

    def _base(self, name: str) -> str:
        """The name of the model that the teaching began with."""
        before, found, number = name.rpartition(self.tr(", taught"))
        return before if found and before and (not number.strip() or number.strip().isdecimal()) else name

    def _free_name(self, base: str) -> str:
        taken = {entry.name.casefold() for entry in self._library.models}
        name, number = f"{base}{self.tr(', taught')}", 2
        free = name
        while free.casefold() in taken:
            free, number = f"{name} {number}", number + 1
        return free

    def _notice_picture(self) -> None:
        self.here = self._picture is not None and self._picture is self._canvas.picture
        closed = self._picture is not None and self._picture not in self._canvas.pictures
        if closed:
            self._picture = None
            self.cancel()

    def _failed(self, sentence: str) -> None:
        self.busy = False
        self._canvas.error_reported.emit(sentence)


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
    task = {"labels": "labels", "sketch": "hints" if card.hints else "lines"}.get(card.input, "image")
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
    folder, number = first, 2
    while folder.exists() and not (
        pair_store.is_kept(folder) and pair_store.read_manifest(folder) == (task, palette)
    ):
        folder, number = first.with_name(f"{first.name}-{number}"), number + 1
    return folder


def _origin(drawn: Picture) -> Origin:
    """What tells one drawing from another."""
    total = hashlib.sha256()
    for plane in (drawn.pixels, drawn.lines, drawn.hints):
        if plane is not None:
            total.update(repr(plane.shape).encode() + np.ascontiguousarray(plane).tobytes())
    return Origin("drawing", total.hexdigest()[:20])
