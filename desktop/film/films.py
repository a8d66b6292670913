"""Films of drawings: their ways are kept while they are drawn, and time-lapses are made of them."""

from __future__ import annotations

import queue
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.documents.moment import Moment
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.documents.stroke_controller import StrokeController
from desktop.film.frames import RATE, SECONDS, SHOWN, SIZES, Cut, Frames
from desktop.film.recorder import Recorder
from desktop.paint.editing.document import Change
from desktop.paint.files.animation import write_animation
from desktop.paint.files.project import MOST_FILM
from desktop.paint.reel import reel
from desktop.preview import fitting
from desktop.preview.live import Live
from desktop.preview.turns import Turns
from desktop.support.file_work import Cancelled, FileWork, Job
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Picture, Pixels
from engine.data.style import Code
from engine.errors import PictureError
from engine.files.writing import shown

T = TypeVar("T")


class Films(Observable):
    """Keeps the way of every open picture, unless that is switched off.

    Args:
        canvas: where the picture is.
        live: the model.
        turns: who asks the engine for single previews, while the hand rests.
        strokes: know where the pen was.
        file_work: makes the films.
        settings: remember whether ways are kept.
        parent: owns it.
    """

    kept = Property(True)
    """Whether the ways of drawings are kept, and saved with them."""

    _trouble = Signal(str)
    _message = Signal(str)

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        turns: Turns,
        strokes: StrokeController,
        file_work: FileWork,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._turns, self._strokes = canvas, live, turns, strokes
        self._file_work, self._settings = file_work, settings
        self._queue = TaskQueue("film", self)
        self._recorders: dict[int, tuple[OpenPicture, Recorder]] = {}
        self._asking: list[_Asking] = []
        self.kept = settings.keep_ways
        self._trouble.connect(canvas.error_reported)
        self._message.connect(canvas.notice)
        canvas.watch("picture", self._begin)
        self.watch("kept", self._keep)

    def note(self, change: Change) -> None:
        """A step of the picture on the canvas was done, taken back or done again."""
        recorder = self.recorder()
        track, width = self._strokes.take_track()
        if recorder is not None:
            recorder.note(change, track, width)

    def recorder(self) -> Recorder | None:
        """That of the picture on the canvas; None where its way is not kept."""
        picture = self._canvas.picture
        found = self._recorders.get(id(picture)) if picture is not None else None
        return found[1] if found is not None else None

    @property
    def excuse(self) -> str:
        """Why there is no film of the picture on the canvas; a sentence, or nothing."""
        recorder = self.recorder()
        if recorder is None:
            return self.tr("The ways of drawings are not kept; switch that on in the File menu, and draw.")
        return "" if recorder.is_way else self.tr("There is no way to show yet; draw something first.")

    @property
    def wanted(self) -> Cut:
        """What the last film was wanted to be."""
        kept, usual = self._settings.film, Cut(height=0)
        seconds, height = kept.get("seconds", usual.seconds), kept.get("height", usual.height)
        shown = kept.get("shown")
        return Cut(
            seconds if seconds in range(SECONDS[0], SECONDS[1] + 1) else usual.seconds,
            height if height in SIZES else usual.height,
            shown if shown in SHOWN else usual.shown,
        )

    def export(self, path: Path, cut: Cut) -> Job | None:
        """Make a time-lapse of the picture on the canvas, while drawing goes on; says so if there is none.

        Args:
            path: its suffix says as what, see ``desktop.paint.files.animation``.
            cut: how long, how large, and of what.
        """
        self._canvas.finish_stroke()
        picture, recorder, card = self._canvas.picture, self.recorder(), self._live.card
        excuse = self.excuse
        if (
            not excuse
            and cut.shown != "drawing"
            and (card is None or card.input != self._canvas.document.kind)
        ):
            excuse = self.tr(
                "No model is open for this picture; open one, or make a film of the drawing alone."
            )
        if excuse or picture is None or recorder is None:
            self._canvas.error_reported.emit(excuse)
            return None
        self._settings.film = {"seconds": cut.seconds, "height": cut.height, "shown": cut.shown}
        moment, steps = Moment(picture.document), recorder.steps()
        asking = _Asking(self._live, self._turns, self)

        def make(job: Job) -> tuple[Path, bool]:
            entries = asking.wait(job, lambda: steps.result(0.1))
            frames = Frames(entries, moment.document(), partial(asking.preview, job), cut)
            written = write_animation(frames, path, RATE, job.progress, exact_end=True)
            return written, frames.in_fewer_shades and cut.shown != "preview"

        def report(made: tuple[Path, bool]) -> None:
            written, poorer = made
            text = self.tr("The time-lapse is in “%s”.")
            if poorer:
                text = self.tr(
                    "The time-lapse is in “%s”; a large picture has fewer shades there, except at the end."
                )
            self._canvas.notice.emit(text % shown(written.name))

        name = shown(path.name)
        job = self._file_work.make(
            self.tr("Making “%s”") % name,
            make,
            report,
        )
        job.awaited = True
        self._asking.append(asking)
        job.then(lambda _fine: self._end(asking))
        return job

    def leave(self) -> None:
        """End of the program: what is noted already is put beside the journals."""
        self._queue.finish()
        self._queue.stop()

    # --- inside --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Another picture is on the canvas."""
        open_ = {id(picture) for picture in self._canvas.pictures}
        for key in [key for key in self._recorders if key not in open_]:
            del self._recorders[key]
        picture = self._canvas.picture
        self._strokes.take_track()
        if picture is None or id(picture) in self._recorders:
            return
        if not self.kept:
            picture.filmed = lambda: bytes
            return
        recorder = Recorder(
            picture.document,
            picture.film,
            lambda work: self._queue.do(work, lambda _result: None),
            lambda: picture.journal.folder if picture.journal is not None else None,
            lambda: self._trouble.emit(
                self.tr("The way of the drawing “%s” is damaged; it was left out, and begins anew.")
                % picture.name
            ),
            lambda: self._message.emit(
                self.tr(
                    "The way of “%s” is very long; its time-lapse begins later, with what was there then."
                )
                % picture.name
            ),
            cut_short=picture.unsaved,
        )
        self._recorders[id(picture)] = picture, recorder
        picture.filmed = lambda: _bytes(
            recorder,
            lambda slow: self._trouble.emit(
                (
                    self.tr("“%s” is saved without its way, which was not ready in time; save it once more.")
                    if slow
                    else self.tr(
                        "“%s” is saved without its way: it takes too much room; make the time-lapse now."
                    )
                )
                % picture.name
            ),
        )

    def _keep(self) -> None:
        self._settings.keep_ways = self.kept
        for picture, _ in self._recorders.values():
            picture.film, picture.filmed = b"", lambda: bytes
        self._recorders.clear()
        if self.kept:
            self._canvas.finish_stroke()
        self._begin()

    def _end(self, asking: _Asking) -> None:
        asking.drop()
        self._asking.remove(asking)


def _bytes(recorder: Recorder, lost: Callable[[bool], object]) -> Callable[[], bytes]:
    """What gives the way up to now; where that can't be, none, and ``lost`` is told on that thread, and
    whether it is for want of time: a drawing is saved without it."""
    if not recorder.is_way:
        return bytes
    steps = recorder.steps()

    def written() -> bytes:
        try:
            content = reel.written(steps.result(60))
        except TimeoutError:
            lost(True)
            return b""
        except PictureError:
            content = b""
        if not 0 < len(content) <= MOST_FILM:
            lost(False)
            return b""
        return content

    return written


class _Asking(QObject):
    """Asks the engine for previews, on behalf of a thread that waits for them."""

    _asked = Signal(object, object)

    def __init__(self, live: Live, turns: Turns, parent: QObject) -> None:
        super().__init__(parent)
        self._live, self._turns = live, turns
        self._card = live.card
        self._answers: queue.SimpleQueue[Pixels | None] = queue.SimpleQueue()
        self._dropped = False
        self._asked.connect(self._ask)

    def preview(self, job: Job, picture: Picture, style: Code | None) -> Pixels:
        """The network's, of a picture in its style; on the thread of the job.

        Raises:
            PictureError: the model was changed meanwhile.
            Cancelled: somebody doesn't want it any more.
        """
        self._asked.emit(picture, style)
        made = self.wait(job, lambda: self._answers.get(timeout=0.1))
        if made is None:
            raise PictureError(self.tr("The film was given up, as another model was opened meanwhile."))
        return made

    def wait(self, job: Job, look: Callable[[], T]) -> T:
        """What ``look`` finds, sooner or later; it raises as long as there is nothing."""
        while True:
            if job.is_cancelled:
                raise Cancelled
            try:
                return look()
            except (queue.Empty, TimeoutError):
                continue

    def drop(self) -> None:
        """Nobody waits any more."""
        self._dropped = True
        self.deleteLater()

    def _ask(self, picture: Picture, style: Code | None) -> None:
        card = self._live.card
        if card is None or card is not self._card:
            self._answers.put(None)
        elif not self._dropped:
            code = fitting.style_for(card, style) or card.usual_style
            self._turns.ask(code, self._answers.put, picture)
