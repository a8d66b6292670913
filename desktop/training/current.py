"""The training on show: the trainer as a process of its own, told by files and followed by its event log.

It outlives the window unless it is asked to stop; whoever opens the program again finds it
(``desktop.support.background``, ``desktop.training.runs``). All files are read and written away from the UI
thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.support import background
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from desktop.support.task_queue import TaskQueue
from desktop.training import run_files, runs
from desktop.training.commands import PATIENCE_S, Commands
from desktop.training.runs import Phase, Plan, RunError, RunStatus, RunSummary
from engine.data.messages import Pixels
from engine.data.palette import Palette, write_gpl
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
    """Whether the newest weights, their EMA, can be painted with, …"""
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
        self._commands = Commands(self)
        for queue in (self._tasks, self._commands):
            queue.error_reported.connect(self.error_reported)
        self._round = 0
        """Another one with each run on show."""
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
        """Whether there is a training that works or waits, or is about to."""
        return self._commands.beginning or self.phase in GOING_ON

    @property
    def which(self) -> Which:
        """The model that is taken over: the newest, or the best where the newest is said to be worse."""
        if not self.has_best or self.chosen == "newest":
            return "newest"
        return "best" if self.chosen == "best" or self.history.overfits or not self.has_model else "newest"

    # --- what the user does --------------------------------------------------------------------

    def start(self, request: TrainingRequest, then: Callable[[], object] = lambda: None) -> None:
        """Begin a training; ``phase`` tells how it goes, ``error_reported`` why it can't be begun.

        Args:
            request: which.
            then: called once it has begun.
        """
        data = request.options.data

        def begin() -> Path:
            if not os.path.exists(data):
                raise RunError(self.tr("“%s” is gone; choose the folder anew.") % data)
            folder = runs.free_run_folder(request.options.name or data.name)
            folder.parent.mkdir(parents=True, exist_ok=True)
            palette = runs.palette_of(folder)
            if request.palette:
                write_gpl(request.palette, palette)
            background.start(request.words(folder, palette), runs.log_of(folder))
            return folder

        if self.goes_on:
            self._refuse()
        else:
            self._begin(begin, then)

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
        self._round += 1
        self.run = self.phase = self.plan = None

    def pause(self) -> None:
        """Ask the training to wait after the step at hand."""
        self._command(lambda run: run_files.ask(run, "pause"))

    def go_on(self) -> None:
        """End a pause."""
        self._command(lambda run: run_files.unask(run, "pause"))

    def stop(self, *, then: Callable[[], object] = lambda: None) -> None:
        """Ask the training to save and end; before it has begun, just end it.

        Args:
            then: called when it has been asked.
        """
        if self.plan is None or self._commands.beginning:
            self._command(lambda run: background.end(runs.log_of(run)), then)
        else:
            self._command(lambda run: run_files.ask(run, "stop"), then)

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
            return run_files.take_over(run, file, plan.name)

        said = (
            self.tr("This is “%s” at its best.")
            if self.which == "best"
            else self.tr("This is “%s”, as far as it has come.")
        ) % plan.name

        def take() -> None:
            self._tasks.do(copy, lambda target: self.brought.emit(target, said))

        self.review(run, run / file, take)

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

        discard = run_files.wipe if for_good else run_files.move_to_trash
        self._tasks.do(lambda: runs.delete(folder, discard), done)

    def read(self, name: str, height: int) -> None:
        """Read a picture of ``samples/``, to be at most ``height`` pixels high; ``pictured`` follows."""
        if self.run is None or Path(name).name != name:
            return
        path = self.run / "samples" / name
        # Of the looks, only the one asked for last is wanted.
        kind = name if name in ("inputs.png", "targets.png") else "look picture"
        self._tasks.do(
            lambda: run_files.picture(path, height), lambda image: self.pictured.emit(name, image), kind
        )

    def leave(self) -> None:
        """End of the program: what was asked for is handed on, and nothing followed any more."""
        self._commands.see_out(PATIENCE_S)
        if self._commands.beginning and self._commands.begun is not None:
            self._settings.training = str(self._commands.begun)
        self._commands.beginning = False
        self._clock.stop()
        self._drawing_clock.stop()
        self._tasks.stop()

    # --- commands ------------------------------------------------------------------------------

    def _begin(self, begin: Callable[[], Path], then: Callable[[], object] = lambda: None) -> None:
        """Have a training begun, and follow it unless another run is on show by then."""
        round = self._round

        def begun(run: Path) -> None:
            if round == self._round:
                self._follow(run, "starting")
            then()

        self._commands.begin(begin, begun)

    def _go_on_from_checkpoint(self, *words: str) -> None:
        run = self.run
        assert run is not None

        def begin() -> Path:
            if runs.is_alive(run):
                raise background.BusyError(self.tr("“%s” is being trained already.") % run.name)
            background.start(["resume", str(run), *words, "--gently"], runs.log_of(run))
            return run

        if self._commands.beginning:  # asked twice, be it by two quick clicks
            self._refuse()
        else:
            self._begin(begin)

    def _refuse(self) -> None:
        self.error_reported.emit(self.tr("A training goes on already; stop it first."))

    def _command(self, work: Callable[[Path], object], then: Callable[[], object] = lambda: None) -> None:
        """Have something done with the run on show, or with the one that is about to begin."""
        run = None if self._commands.beginning else self.run
        assert run is not None or self._commands.beginning

        def done() -> None:
            self._ask()
            then()

        self._commands.ask(run, work, done)

    # --- following -----------------------------------------------------------------------------

    def _follow(self, folder: Path, phase: Phase | None) -> None:
        self._tasks.forget()
        self._round += 1
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
        self._tasks.do(lambda: run_files.write_drawing(target, picture), lambda _: None, "leave")

    def _show_drawing(self) -> None:
        assert self.run is not None
        path = self.run / "samples" / "drawing.png"
        self._tasks.do(
            lambda: run_files.picture(path, 1024),
            lambda image: self.translated.emit(self._flat, image),
            "drawing",
        )
