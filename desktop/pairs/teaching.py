"""Teaching a model by correcting it: a preview is painted over, and trained on together with its drawing.

The lessons of a model stay in a folder of their own and are all in its next training; so are kept frames
that are to stay as they are, and its sample drawings, lest the model forgets what it did well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QObject, Signal

from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.pairs import lessons, replay_examples
from desktop.pairs.lessons import Lesson
from desktop.pairs.replay_examples import Example
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.shelf import Frame, Shelf
from desktop.preview.tryouts import TryOuts
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from desktop.support.task_queue import TaskQueue
from desktop.training.current import Training, TrainingRequest
from engine.data.messages import Picture, Pixels
from engine.errors import PictureError
from engine.planes.codec import scaled_preview
from trainer.run.options import Options

MINUTES = (2, 5, 10)
USUAL = 5


class _Kept(NamedTuple):
    """A correction that was written down."""

    folder: Path
    former: Pixels | None
    """The one in whose place."""


def _kept(lesson: Lesson, corrected: Pixels) -> _Kept:
    former = lessons.former_correction(lesson)
    return _Kept(lessons.keep_correction(lesson, corrected), former)


class Teaching(Observable):
    """One lesson at a time.

    Args:
        canvas: where a preview is corrected.
        live: has the preview, and the model that made it.
        tryouts: show what that makes of its sample drawings.
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
        tryouts: TryOuts,
        shelf: Shelf,
        library: Library,
        training: Training,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._shelf = canvas, live, shelf
        self._tryouts, self._library, self._training = tryouts, library, training
        self._tasks = TaskQueue("teaching", self)
        self._looking = TaskQueue("looking for examples", self)
        for tasks in (self._tasks, self._looking):
            tasks.error_reported.connect(self._failed)
        self._picture: OpenPicture | None = None
        self._before: OpenPicture | None = None
        self._leaving = threading.Event()
        canvas.watch("picture", self._notice_picture)

    @property
    def is_touched(self) -> bool:
        """Whether cancelling would lose strokes."""
        picture = self._picture
        return picture is not None and (not picture.is_saved or picture.document.is_drawn_on)

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
        drawn = lessons.suited(drawing.picture(), lessons.labels_of(live.card))
        made = scaled_preview(frame.preview, drawn.size)
        # A drawing in one style gives one preview: frames that look the same are of the one to be corrected.
        others = [
            other
            for other in self._shelf.kept
            if other.kind == live.card.input and not np.array_equal(other.preview, frame.preview)
        ]
        style = lessons.style_of(live.card, frame.picture)
        seen = drawing.picture_flat()
        lesson = Lesson(live.card, live.model_file, drawn, seen, made, tuple(others), style)
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

    def teach(self, minutes: float, staying: Sequence[Frame], steps: int | None = None) -> None:
        """Keep the corrected pair, and train a new model from the one that made the preview.

        Args:
            minutes: of training.
            staying: of the lesson's ``others`` those that the model should go on making as they are.
            steps: instead of minutes, where what is learnt must not depend on how quick the machine is.
        """
        lesson, picture = self.lesson, self._picture
        if lesson is None or picture is None or self.busy:
            return
        self._canvas.finish_stroke()
        corrected, revision = picture.document.picture_flat(), picture.document.revision
        with ReportErrors(self._canvas.error_reported.emit):
            if corrected.shape != lesson.made.shape:
                raise PictureError(
                    self.tr("The correction is of another size than the drawing; undo resizing and cropping.")
                )
            if np.array_equal(corrected, lesson.made):
                raise PictureError(self.tr("Nothing is corrected yet; paint over what should be otherwise."))
            self.busy = True
            self._tasks.do(
                lambda: _kept(lesson, corrected),
                lambda kept: self._replay(
                    lesson, kept, staying, lambda: self._train(lesson, kept, minutes, steps, revision)
                ),
            )

    def leave(self) -> None:
        """End of the program. A corrected pair that is being kept is kept; what goes with it, next time."""
        self._leaving.set()
        self._tasks.stop()
        self._looking.give_up()

    def _replay(
        self, lesson: Lesson, kept: _Kept, staying: Sequence[Frame], then: Callable[[], object]
    ) -> None:
        """The correction is kept; see what is to stay beside it."""
        card = lesson.card
        if lesson is not self.lesson:
            self._take_back(lesson, kept)
            return

        def look(drawn: list[Picture]) -> None:
            replay_examples.replay(drawn, card, lesson.model, self._tryouts, keep)

        def keep(made: list[Example] | None) -> None:
            if lesson is not self.lesson:
                self._take_back(lesson, kept)
                return
            if made is None:
                self._failed(
                    self.tr(
                        "What the model does well can't be noted down (see the log); teach it again later."
                    )
                )
                return
            self._tasks.do(
                lambda: lessons.keep_examples(lesson, kept.folder, made, staying),
                lambda _none: then(),
            )

        base = lessons.base_of(card.name)
        self._looking.do(lambda: replay_examples.examples(card, base, self._leaving.is_set), look)

    def _take_back(self, lesson: Lesson, kept: _Kept) -> None:
        """It was cancelled meanwhile; another may be under way by now."""
        self._tasks.do(lambda: lessons.take_back(lesson, *kept), lambda _none: None)

    def _train(self, lesson: Lesson, kept: _Kept, minutes: float, steps: int | None, revision: int) -> None:
        if lesson is not self.lesson:
            self._take_back(lesson, kept)
            return
        self.busy = False
        training = self._training
        if training.goes_on:
            self._canvas.notice.emit(
                self.tr("The pair is kept, but a training goes on; teach it when that has ended.")
            )
            return
        name = lessons.taught_name(lesson.card.name, [entry.name for entry in self._library.models])
        options = Options(kept.folder, name=name, from_model=str(lesson.model), minutes=minutes)
        if steps is not None:
            options = replace(options, minutes=None, steps=steps)
        training.start(TrainingRequest(options), lambda: self._begun(lesson, revision))

    def _begun(self, lesson: Lesson, revision: int) -> None:
        """The lesson is taught as it was at that revision."""
        if lesson is self.lesson and self._picture is not None:
            document = self._picture.document
            if document.revision == revision and not document.is_drawn_on:
                self.cancel()
            else:
                text = self.tr("It is taught without your last strokes; teach it again to have them in.")
                self._canvas.notice.emit(text)
        self.started.emit()

    def _notice_picture(self) -> None:
        self.here = self._picture is not None and self._picture is self._canvas.picture
        closed = self._picture is not None and self._picture not in self._canvas.pictures
        if closed:
            self._picture = None
            self.cancel()

    def _failed(self, sentence: str) -> None:
        self.busy = False
        self._canvas.error_reported.emit(sentence)
