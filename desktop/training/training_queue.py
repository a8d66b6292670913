"""The queue of trainings as the window sees it: read, changed, and worked off by a process of its own.

``trainer.queue`` keeps the list and works it off. Files are read and written away from the UI thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from desktop.support import background
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from desktop.training.commands import PATIENCE_S
from desktop.training.current import TrainingRequest
from desktop.training.daily_results import DailyResults, read_daily_results
from desktop.training.runs import RunError
from engine.data.palette import write_gpl
from engine.files.printed import last_line
from trainer.queue.items import Item, Queue, new_item
from trainer.queue.queue_folder import QueueFolder, Status
from trainer.queue.results import DAY_SECONDS, results, write_page
from trainer.queue.schedule import Schedule
from trainer.run.events import read
from trainer.run.history import TrainingHistory

LOOK_MS = 1000
"""Between two looks at the list."""
PAINTING_SECONDS = 5.0
"""Between two notes that somebody paints."""


class _Seen(NamedTuple):
    """What one look has found."""

    queue: Queue
    status: Status
    works: bool
    history: TrainingHistory
    begun: dict[str, tuple[int, int]]
    problem: str
    ended: str
    """The last words of whoever worked the list off; empty while somebody does."""


class TrainingQueue(Observable):
    """The trainings that wait, in order, and whoever works them off.

    Args:
        touched: tells of strokes.
        parent: owns it.
    """

    queue = Property[Queue](Queue())
    status = Property[Status](Status())
    works = Property(False)
    """Whether a process works the list off."""
    ended = Property("")
    """The last words of the process that worked the list off, where it has ended though trainings wait."""
    history = Property[TrainingHistory | None](None)
    """Of the training at work."""
    begun = Property[dict[str, tuple[int, int]]]({})
    """Of each training that was begun and is not done, by its ``id``: at which step it is, of how many."""
    day = Property[DailyResults](DailyResults())
    """What came of the day's trainings, as ``look_at_day`` found it."""

    went_on = Signal(str)
    """The queue was on when the program was closed, and goes on; the name of what it trains next."""
    reported = Signal(object)
    """The ``Path`` of a page on what came of the day's trainings."""
    day_wanted = Signal()
    """Somebody wants to see the day's results; ``day`` follows."""
    error_reported = Signal(str)

    def __init__(self, touched: SignalInstance, parent: QObject | None = None) -> None:
        super().__init__(parent)
        touched.connect(lambda _: self.note_painting())
        self._folder = QueueFolder()
        self._tasks = TaskQueue("queue", self)
        self._tasks.error_reported.connect(self.error_reported)
        self._painted = 0.0
        self._has_run = False
        """Whether the process has been started, and should be there."""
        self._known: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {}
        """By the id of an item: when its log was written, how long it was, what was found in it."""
        self._clock = QTimer(self)
        self._clock.setInterval(LOOK_MS)
        self._clock.timeout.connect(self.look)

    @property
    def seconds_left(self) -> float | None:
        """Until all that waits is trained; None while that can't be known, or nothing is at work."""
        if self.history is None or self.history.seconds_left is None:
            return None
        left = self.history.seconds_left
        for item in self.queue.items:
            if item.waits and item.id != self.status.id:
                if not item.options.minutes:
                    return None
                step, steps = self.begun.get(item.id, (0, 0))
                left += 60 * item.options.minutes * (1 - step / steps if steps else 1)
        return left

    def find(self) -> None:
        """Look at the list for the first time; what went on when the program was closed goes on again."""

        def known(seen: _Seen) -> None:
            self._take(seen)
            item = seen.queue.next()
            if seen.queue.on and item is not None and not seen.works:
                self._run()
                self.went_on.emit(item.name)
            self._clock.start()

        self._tasks.do(self._see, known)

    def look(self) -> None:
        """See how it stands."""
        self._tasks.do(self._see, self._take, "look")

    # --- what the user does --------------------------------------------------------------------

    def add(self, request: TrainingRequest) -> None:
        """Put a training at the end of the list."""
        item = new_item(request.options, time.time())

        def change(queue: Queue) -> Queue:
            if request.palette is None:
                return queue.added(item)
            names = self._folder.folder / f"{item.id}.gpl"
            write_gpl(request.palette, names)
            return queue.added(replace(item, options=replace(item.options, palette=names)))

        def added(_queue: Queue) -> None:
            if self.queue.on:
                self._run()

        self._edit(change, added)

    def move(self, id: str, index: int) -> None:
        """Put a training at that index of the list."""
        self._edit(lambda queue: queue.moved(id, index))

    def remove(self, id: str) -> None:
        """Take a training out of the list; one at work is saved and stopped."""
        self._edit(lambda queue: queue.without(id))

    def hold(self, id: str, on: bool) -> None:
        """Let a training wait, whatever its turn, or no longer."""
        self._edit(lambda queue: queue.changed(id, held=on), self._go_on_if_on)

    def retry(self, id: str) -> None:
        """Let a training that failed wait for its turn again."""
        self._edit(lambda queue: queue.retried(id), self._go_on_if_on)

    def choose(self, schedule: Schedule) -> None:
        """When it may train."""
        self._edit(lambda queue: replace(queue, schedule=schedule))

    def start(self) -> None:
        """Work the list off, now and after each start of the program."""
        self._edit(lambda queue: replace(queue, on=True), self._go_on_if_on)

    def stop(self) -> None:
        """Save what is trained, and work nothing off until ``start``."""
        self._edit(lambda queue: replace(queue, on=False), lambda _: self.interrupt())

    def interrupt(self, *, then: Callable[[], object] = lambda: None) -> None:
        """Save what is trained, and go on at the next start of the program.

        Args:
            then: called when that has been asked for.
        """
        self._tasks.do(self._ask_to_stop, lambda _none: then())

    def look_at_day(self) -> None:
        """Read what came of the day's trainings; ``day`` follows, for whoever shows it."""
        self.day_wanted.emit()
        self._tasks.do(lambda: read_daily_results(self._folder.read(), time.time()), self._take_day, "day")

    def report(self) -> None:
        """Write the page on the day's trainings; ``reported`` follows."""

        def write() -> Path:
            queue, now = self._folder.read(), time.time()
            self._folder.folder.mkdir(parents=True, exist_ok=True)
            page = self._folder.folder / "day.html"
            write_page(page, results(queue, now - DAY_SECONDS), queue, now)
            return page

        self._tasks.do(write, self.reported.emit)

    def note_painting(self) -> None:
        """A stroke was drawn."""
        now = time.monotonic()
        if self.works and now - self._painted >= PAINTING_SECONDS:
            self._painted = now
            self._tasks.do(self._folder.note_painting, lambda _: None, "painting")

    def leave(self) -> None:
        """End of the program: what was changed is written down, see ``Training.leave``."""
        self._clock.stop()
        self._tasks.see_out(PATIENCE_S)

    # --- inside --------------------------------------------------------------------------------

    def _edit(self, change: Callable[[Queue], Queue], then: Callable[[Queue], object] | None = None) -> None:
        def changed(queue: Queue) -> None:
            self.queue = queue
            if then is not None:
                then(queue)

        self._tasks.do(lambda: self._folder.edit(change), changed)

    def _ask_to_stop(self) -> None:
        try:
            self._folder.ask_to_stop()
        except OSError as error:
            raise RunError(self.tr("The queue can't be stopped (%s).") % error) from error

    def _go_on_if_on(self, queue: Queue) -> None:
        if queue.on and queue.next() is not None and not self.works:
            self._run()

    def _run(self) -> None:
        def begin() -> None:
            if not self._folder.is_worked_off():
                try:
                    background.start(["queue", "run", "--as-set"], self._log)
                except background.BusyError:  # it has just been started
                    return

        def begun(_: None) -> None:
            self._has_run = True
            self.look()

        self._has_run, self.ended = False, ""
        self._tasks.do(begin, begun)

    @property
    def _log(self) -> Path:
        return self._folder.folder / "queue.log"

    def _take_day(self, day: DailyResults) -> None:
        self.day = day

    def _how_far(self, queue: Queue, newest: TrainingHistory, at_work: str) -> dict[str, tuple[int, int]]:
        """On the task queue's thread. Journals that haven't grown are not read again."""
        begun: dict[str, tuple[int, int]] = {}
        known, self._known = self._known, {}
        for item in queue.items:
            if item.run is None or item.state == "done":
                continue
            if item.id == at_work:
                begun[item.id] = newest.step, newest.steps
                continue
            log = item.run / "events.jsonl"
            try:
                about = log.stat()
            except OSError:
                continue
            stamp = about.st_mtime_ns, about.st_size
            stamped = known.get(item.id)
            if stamped is None or stamped[0] != stamp:
                history = TrainingHistory()
                history.take(read(log))
                stamped = stamp, (history.step, history.steps)
            self._known[item.id] = stamped
            begun[item.id] = stamped[1]
        return {id: steps for id, steps in begun.items() if steps[1]}

    def _see(self) -> _Seen:
        queue, status = self._folder.read(), self._folder.status()
        history = TrainingHistory()
        item = queue.find(status.id)
        if item is not None and item.run is not None:
            history.take(read(item.run / "events.jsonl"))
        problem, self._folder.problem = self._folder.problem, ""
        begun = self._how_far(queue, history, status.id)
        works, ended = self._folder.is_worked_off(), ""
        if not works and not background.is_running(self._log):
            ended = last_line(self._log) or self.tr("It left no word.")
        return _Seen(queue, status, works, history, begun, problem, ended)

    def _take(self, seen: _Seen) -> None:
        self.queue, self.status, self.works, self.history = seen.queue, seen.status, seen.works, seen.history
        self.begun = seen.begun
        self._has_run = self._has_run or seen.works
        waits = seen.queue.on and seen.queue.next() is not None
        self.ended = seen.ended if waits and self._has_run else ""
        if seen.problem:
            self.error_reported.emit(seen.problem)


def state_of(item: Item, status: Status) -> str:
    """``waiting``, ``training``, ``paused``, ``interrupted``, ``done`` or ``failed``."""
    if item.state in ("done", "failed"):
        return item.state
    if item.held:
        return "paused"
    if item.id == status.id:
        return "paused" if status.reason in ("painting", "busy") else "training"
    return "interrupted" if item.state == "training" else "waiting"
