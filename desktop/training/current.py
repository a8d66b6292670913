"""The training on show: the trainer as a process of its own, told by files and followed by its event log.

It outlives the window unless it is asked to stop; whoever opens the program again finds it
(``desktop.support.background``, ``desktop.training.runs``). All files are read and written away from the UI
thread.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PySide6.QtCore import QFile, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from desktop.support import background
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from desktop.support.settings import Settings
from desktop.support.task_queue import TaskQueue
from desktop.training import runs
from desktop.training.runs import Phase, Plan, RunError, RunStatus, RunSummary
from engine.data.messages import Picture, Pixels
from engine.data.palette import Palette, write_gpl
from engine.files.writing import replacing
from engine.models.catalogue import free_model_file
from trainer.run.history import TrainingHistory
from trainer.run.locations import spare_threads
from trainer.run.options import Options

if TYPE_CHECKING:
    from desktop.paint.editing.document import Document

LOOK_MS = 400
"""Between two looks at the run."""
DRAWING_MS = 1500
"""Between two looks whether the drawing has changed."""
MOST_LOOKS = 25
"""So many times it is asked for a look before that is taken for stuck, on a disk that does not answer."""

Which = Literal["newest", "best"]
"""Of a training's two models: that of the last step, or that with the lowest loss of unknown pairs."""

Review = Callable[[Path, Path, Callable[[], object]], object]
"""Is given a run, a model in it, and what takes that over: calls it at once, later, or never."""

GOING_ON: tuple[Phase, ...] = ("starting", "running", "paused", "stopping")


@dataclass(frozen=True)
class TrainingRequest:
    """A training that is to be started."""

    options: Options
    palette: Palette | None = None
    """Where its names were edited."""

    def words(self, run: Path, palette: Path) -> list[str]:
        """The command line, without the program's name.

        Args:
            run: the folder that it is to make.
            palette: where the edited names are.
        """
        names = palette if self.palette else self.options.palette
        options = replace(self.options, run=run, palette=names, threads=spare_threads(), gently=True)
        return options.words()


class Training(Observable):
    """One training at a time: started or found, watched, paused, stopped, gone on with.

    Args:
        document: what is on the canvas; it is translated while a training goes on.
        settings: remember the training that goes on, so that the next start finds it.
        parent: owns it.
    """

    run = Property[Path | None](None)
    """Its folder."""
    phase = Property[Phase | None](None)
    plan = Property[Plan | None](None)
    has_model = Property(False)
    """Whether the newest average can be painted with, …"""
    has_best = Property(False)
    """… and whether the best one can."""
    chosen = Property[Which | None](None)
    """What the user wants to paint with; None where it was left to us, see ``which``."""
    host = Property("")
    """The other machine that trains in the folder, if it is another."""
    away = Property(False)
    """Whether the folder can't be reached just now; it goes on being followed."""
    line = Property("")
    """The last that the trainer printed: what it measures at the beginning, why it ended."""
    past = Property[list[RunSummary]]([])
    """All runs, as ``look_back`` saw them."""

    history_changed = Signal()
    """``history`` has grown."""
    translated = Signal(object, object)
    """The drawing as it was left, uint8 (H, W, 3), and a ``QImage`` of what the newest weights make of it."""
    pictured = Signal(str, object)
    """A file of ``samples/`` that was asked for, as ``QImage``."""
    trashless = Signal(object)
    """The folder of a run that was to be deleted, and that no trash would take."""
    brought = Signal(object, str)
    """The ``Path`` of a model that was taken over into the user's models, and a sentence on what it is."""
    found = Signal()
    """It is known how the training stands that ``find`` has found."""
    error_reported = Signal(str)

    def __init__(
        self, document: Callable[[], Document | None], settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.history = TrainingHistory()
        self._document, self._settings = document, settings
        self.review: Review = lambda _run, _model, take: take()
        self._finding = False
        self._tasks = TaskQueue("training", self)
        self._tasks.error_reported.connect(self.error_reported)
        self._look: Callable[[], RunStatus] | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(LOOK_MS)
        self._clock.timeout.connect(self._ask)
        self._drawing_clock = QTimer(self)
        self._drawing_clock.setInterval(DRAWING_MS)
        self._drawing_clock.timeout.connect(self._leave_drawing)
        self._left: tuple[int, int] | None = None
        self._flat: Pixels | None = None
        self._shown_drawings = self._asked = 0
        self.watch("run phase", self._remember)

    @property
    def goes_on(self) -> bool:
        """Whether there is a training that works or waits."""
        return self.phase in GOING_ON

    @property
    def which(self) -> Which:
        """The model that is taken over: the newest, or the best where the newest is said to be worse."""
        if not self.has_best or self.chosen == "newest":
            return "newest"
        return "best" if self.chosen == "best" or self.history.overfits or not self.has_model else "newest"

    # --- what the user does --------------------------------------------------------------------

    def start(self, request: TrainingRequest) -> None:
        """Begin a training; ``phase`` tells how it goes, ``error_reported`` why it can't be begun."""
        with self._report_errors():
            if self.goes_on:
                raise background.BusyError(self.tr("A training goes on already; stop it first."))
            data = request.options.data
            if not os.path.exists(data):
                raise RunError(self.tr("“%s” is gone; choose the folder anew.") % data)
            folder = runs.free_run_folder(request.options.name or data.name)
            folder.parent.mkdir(parents=True, exist_ok=True)
            palette = runs.palette_of(folder)
            if request.palette:
                write_gpl(request.palette, palette)
            background.start(request.words(folder, palette), runs.log_of(folder))
            self._follow(folder, "starting")

    def resume(self) -> None:
        """Go on from the last checkpoint."""
        self._go_on_from_checkpoint()

    def train_on(self, minutes: float) -> None:
        """Go on from the last checkpoint for about so long, and end then, whatever was planned before."""
        self._go_on_from_checkpoint("--minutes", str(minutes))

    def show(self, folder: Path) -> None:
        """Follow another run, going on or not."""
        self._follow(folder, None)

    def take_over_from(self, run: Path) -> None:
        """Follow a run, and paint with its model, once it is known to have one."""

        def known() -> None:
            if self.run == run and not (self.has_model and self.plan is not None):
                return
            self.history_changed.disconnect(known)
            if self.run == run:
                self.take_over()

        self.show(run)
        self.history_changed.connect(known)

    def find(self) -> None:
        """Follow the training that went on when the program was closed last; ``found`` follows, if any."""
        name = self._settings.training
        if name and self.run is None:  # on a disk that doesn't answer it takes long to look
            run = Path(name)
            self._tasks.do(lambda: os.path.isdir(run), lambda there: self._take_up(run, there), "find")

    def _take_up(self, run: Path, there: bool) -> None:
        if there and self.run is None:
            self._finding = True
            self.show(run)

    def put_away(self) -> None:
        """Show no run; one that goes on does so."""
        self._clock.stop()
        self._drawing_clock.stop()
        self._tasks.forget()
        self._look = None
        self.run = self.phase = self.plan = None

    def pause(self) -> None:
        """Ask the training to wait after the step at hand."""
        self._request("pause")

    def go_on(self) -> None:
        """End a pause."""
        assert self.run is not None
        with self._report_errors():
            (self.run / "pause").unlink(missing_ok=True)
        self._ask()

    def stop(self) -> None:
        """Ask the training to save and end; before it has begun, just end it."""
        assert self.run is not None
        if self.plan is None:
            background.end(runs.log_of(self.run))
        else:
            self._request("stop")

    def stop_with_best(self) -> None:
        """Stop, and let the best model so far be the one to paint with."""
        self.chosen = "best"
        self.stop()

    def take_over(self) -> None:
        """Copy a model, see ``which``, into the user's models, if ``review`` agrees; ``brought`` follows."""
        run, plan = self.run, self.plan
        assert run is not None and plan is not None
        file = "best.safetensors" if self.which == "best" else "model.safetensors"

        def copy() -> Path:
            source = run / file
            if not os.path.isdir(run):
                raise RunError(self.tr("“%s” can't be reached just now; try it again when it is back.") % run)
            if not os.path.isfile(source):
                raise RunError(self.tr("There is no model yet; the first one comes after a few seconds."))
            target = free_model_file(plan.name)
            with replacing(target) as part:
                shutil.copyfile(source, part)
            _forget_former(run, target)
            return target

        said = self._said_of

        def take() -> None:
            self._tasks.do(copy, lambda target: self.brought.emit(target, said(target)))

        self.review(run, run / file, take)

    def _said_of(self, model: Path) -> str:
        said = (
            self.tr("This is “%s” at its best.")
            if self.which == "best"
            else self.tr("This is “%s”, as far as it has come.")
        )
        return said % model.stem

    def look_back(self) -> None:
        """See which runs there are; ``past`` follows."""
        self._tasks.do(runs.all_runs, lambda found: setattr(self, "past", found), "past")

    def delete(self, folder: Path, for_good: bool = False) -> None:
        """Move a run to the trash, then ``look_back``; ``trashless`` follows where there is no trash.

        Args:
            for_good: delete it, with no way back.
        """

        def done(gone: bool) -> None:
            if not gone:
                self.trashless.emit(folder)
                return
            if self.run == folder:
                self.put_away()
            self.look_back()

        discard = _wipe if for_good else _move_to_trash
        self._tasks.do(lambda: runs.delete(folder, discard), done)

    def read(self, name: str, height: int) -> None:
        """Read a picture of ``samples/``, to be at most ``height`` pixels high; ``pictured`` follows."""
        if self.run is None or Path(name).name != name:
            return
        path = self.run / "samples" / name
        # Of the looks, only the one asked for last is wanted.
        kind = name if name in ("inputs.png", "targets.png") else "look picture"
        self._tasks.do(lambda: _picture(path, height), lambda image: self.pictured.emit(name, image), kind)

    def leave(self) -> None:
        """End of the program: nothing is followed any more."""
        self._clock.stop()
        self._drawing_clock.stop()
        self._tasks.stop()

    # --- following -----------------------------------------------------------------------------

    def _go_on_from_checkpoint(self, *words: str) -> None:
        assert self.run is not None
        with self._report_errors():
            if runs.is_alive(self.run):
                raise background.BusyError(self.tr("“%s” is being trained already.") % self.run.name)
            background.start(["resume", str(self.run), *words, "--gently"], runs.log_of(self.run))
            self._follow(self.run, "starting")

    def _follow(self, folder: Path, phase: Phase | None) -> None:
        self._tasks.forget()
        self.history = TrainingHistory()
        self._look = runs.run_watcher(folder)
        self._left, self._shown_drawings, self._asked = None, 0, 0
        self.line, self.plan, self.host, self.away = "", None, "", False
        self.has_model = self.has_best = False
        self.chosen = None
        self.phase = phase
        self.run = folder
        self.changed.emit("run")  # also where it is gone on with
        self.history_changed.emit()
        self._clock.start()
        self._drawing_clock.start()
        self._ask()

    def _remember(self) -> None:
        if self.phase is None or self.run is None:  # one that is put away may go on
            return
        self._settings.training = str(self.run) if self.goes_on else ""
        if self._finding:
            self._finding = False
            self.found.emit()

    def _ask(self) -> None:
        if self._look is not None:
            self._tasks.do(self._look, self._take, "look")
            self._asked += 1
            self.away = self.away or self._asked > MOST_LOOKS

    def _take(self, status: RunStatus) -> None:
        if status.folder != self.run:
            return
        self._asked = 0
        if self.away and not status.away:
            self._left = None  # the drawing may not have come there
        self.line, self.plan, self.host, self.away = status.line, status.plan, status.host, status.away
        self.has_model, self.has_best = status.has_model, status.has_best
        if status.events:
            self.history.take(status.events)
            self.history_changed.emit()
        if self.history.drawings > self._shown_drawings:
            self._shown_drawings = self.history.drawings
            self._show_drawing()
        self.phase = status.phase
        if not (self.goes_on or self.host or self.away):
            self._clock.stop()
            self._drawing_clock.stop()

    def _request(self, name: str) -> None:
        assert self.run is not None
        with self._report_errors():
            (self.run / name).touch()
        self._ask()

    def _report_errors(self) -> ReportErrors:
        return ReportErrors(self.error_reported.emit)

    # --- the drawing ---------------------------------------------------------------------------

    def fits(self) -> bool:
        """Whether the picture on the canvas is of the kind that is trained."""
        document = self._document()
        return document is not None and self.plan is not None and document.kind == self.plan.input

    def _leave_drawing(self) -> None:
        """Put the picture on the canvas into the run folder, if it has changed."""
        document = self._document()
        if document is None or self.run is None or self.phase not in ("running", "paused") or not self.fits():
            return
        if self.away:
            return
        state = id(document), document.revision
        if state == self._left:
            return
        self._left = state
        picture, self._flat = document.picture(), document.picture_flat().copy()
        target = self.run / "drawing.npz"
        self._tasks.do(lambda: _write_drawing(target, picture), lambda _: None, "leave")

    def _show_drawing(self) -> None:
        assert self.run is not None
        path = self.run / "samples" / "drawing.png"
        self._tasks.do(
            lambda: _picture(path, 1024), lambda image: self.translated.emit(self._flat, image), "drawing"
        )


def _move_to_trash(folder: Path) -> bool:
    return QFile(str(folder)).moveToTrash()


def _wipe(folder: Path) -> bool:
    shutil.rmtree(folder)
    return True


def _forget_former(run: Path, target: Path) -> None:
    """A model taken over again takes the place of the one taken over before, the same and less trained: of
    that alone. What another put under its name, or changed in its card since, stays."""
    note = run / "taken_over"
    path, _, mark = note.read_bytes().partition(b"\0") if os.path.isfile(note) else (b"", b"", b"")
    former = Path(os.fsdecode(path))
    if path and former.parent == target.parent and former != target and _mark(former) == mark:
        former.unlink(missing_ok=True)
    note.write_bytes(os.fsencode(target) + b"\0" + _mark(target))  # its name may be no text


def _mark(file: Path) -> bytes:
    """What tells a file's content from another's; one that is not there, or can't be read, is like none."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest().encode()
    except OSError:
        return b"unread"


def _write_drawing(target: Path, picture: Picture) -> None:
    names = ("pixels", "lines", "hints")
    planes: dict[str, Any] = {name: getattr(picture, name) for name in names}
    with replacing(target) as part, part.open("wb") as file:
        np.savez(file, **{name: plane for name, plane in planes.items() if plane is not None})


def _picture(path: Path, height: int) -> QImage:
    """A picture from a run; an empty one where there is none. QImage may be used on any thread."""
    image = QImage(str(path))
    if image.height() > height:
        image = image.scaledToHeight(height, Qt.TransformationMode.SmoothTransformation)
    return image
