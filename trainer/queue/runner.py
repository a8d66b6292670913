"""Works the queue off: one training after the other, each a process, while the schedule and others let it.

Whatever happens is written into the list at once, so what a runner leaves that is killed, or whose machine
loses its power, the next one goes on with. A training that outlived a killed runner is found, and followed.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from engine.data.amounts import duration
from engine.files import lock
from trainer.machine import at_work
from trainer.machine.errors import TrainingError
from trainer.queue.errors import QueueError
from trainer.queue.idleness import Idleness, usage
from trainer.queue.items import Item, Queue
from trainer.queue.queue_folder import QueueFolder, Reason, Status
from trainer.queue.schedule import Schedule, minute_of
from trainer.queue.work import Outcome, Work, anew, begin, folder_of
from trainer.run.folder import refuse_existing
from trainer.run.locations import is_worked_on

LOOK_SECONDS = 0.5
"""Between two looks at the list, and at what is at work."""
PAINTING_SECONDS = 20.0
"""After a stroke of the pen somebody is said to paint for so long."""
MOST_CRASHES = 3
"""A training whose process came to so many unexpected ends has failed; until then it is gone on with."""
SIGNAL_SECONDS = 2.0
"""When a machine is shut down all processes are told to end, in any order: a training that has saved and
ended unasked is taken for stopped by the user only when so long nobody told the queue to end as well."""

WORDS: dict[Reason, str] = {
    "night": "waiting for the hours that were chosen",
    "busy": "waiting for the machine to be idle",
    "painting": "waiting while somebody paints",
    "other": "waiting for another training",
}
PAUSING = ("painting", "busy")
"""What passes soon: the training stays in memory. For the rest it saves, and ends."""


class Runner:
    """The one that works a queue off.

    Args:
        folder: of the queue.
        say: is told one sentence of what happens.
        schedule: holds instead of the one that is kept with the list.
        until: a time of the day, as “06:00”, at which it ends, whatever is left.
        clock: tells the time on the wall.
    """

    def __init__(
        self,
        folder: QueueFolder,
        say: Callable[[str], object],
        schedule: Schedule | None = None,
        until: str | None = None,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._folder, self._say, self._schedule, self._clock = folder, say, schedule, clock
        self._deadline = None if until is None else _next(until, clock())
        self._signalled = threading.Event()
        self._strays: list[int] = []
        self._idleness = Idleness(lambda: usage(self._strays))
        self._item: Item | None = None
        self._work: Work | None = None
        self._since = 0.0
        self._reported: Status | None = None
        self._said: Reason = ""

    def run(self) -> None:
        """Until nothing is left that waits, or somebody wants it to end.

        Raises:
            QueueError: another one works it off already, or the list can't be read or written.
        """
        self._folder.folder.mkdir(parents=True, exist_ok=True)
        with lock.holding(self._folder.running) as ours:
            if not ours:
                raise QueueError("The queue is being worked off already; it takes what is added as well.")
            self._folder.take_back_stop()
            with self._heeding_signals():
                try:
                    while self._look():
                        self._signalled.wait(LOOK_SECONDS)
                finally:
                    self._leave()
                    self._folder.take_back_stop()

    def stop(self) -> None:
        """Have ``run`` save and end; from any thread."""
        self._signalled.set()

    # --- one look ------------------------------------------------------------------------------------

    def _look(self) -> bool:
        """Whether there is more to do."""
        queue = self._folder.read()
        if self._folder.problem:
            self._say(self._folder.problem)
            self._folder.problem = ""
        if self._signalled.is_set() or self._folder.asked_to_stop():
            return False
        reason = self._reason(queue)
        if reason == "over":
            return False
        if self._work is not None and not self._work.alive:
            self._take_down()
            return True
        if self._work is None:
            return self._begin_next(queue, reason)
        self._steer(queue, self._work, reason)
        return True

    def _reason(self, queue: Queue) -> Reason:
        """Why nothing may be trained now; nothing where it may."""
        now = self._clock()
        if self._deadline is not None and now >= self._deadline:
            return "over"
        schedule = self._schedule or queue.schedule
        since = self._folder.seconds_since_painting()
        idle = schedule.when == "idle" and self._idleness.look(since)
        if not schedule.allows(now.hour * 60 + now.minute):
            return "night"
        if at_work.others(self._work.run.folder if self._work else self._expected(queue)):
            return "other"
        if since < PAINTING_SECONDS:
            return "painting"
        return "busy" if schedule.when == "idle" and not idle else ""

    def _expected(self, queue: Queue) -> Path | None:
        """The folder of a training that was cut off: should it go on, then as the queue's own."""
        item = queue.next()
        return item.run if item is not None and item.state == "training" else None

    def _begin_next(self, queue: Queue, reason: Reason) -> bool:
        item = queue.next()
        if item is None:
            return False
        if item.run is not None and is_worked_on(item.run):  # it outlived the runner that began it
            former = self._folder.status()
            paused = former.id == item.id and former.reason in PAUSING
            self._item, self._work = item, Work(item.run, paused=paused)
            self._since, self._strays = time.monotonic(), self._work.strays
            # The reason as well: should this runner be killed, too, the next one must know whose pause it is.
            self._report_status(item.id, former.reason if paused else "")
            return True
        if reason:
            self._report_status("", reason)
            return True
        folder = folder_of(item)
        if not item.began:  # what is there by now is not this training's to go on with
            try:
                refuse_existing(folder)
            except (TrainingError, OSError) as error:
                self._since = 0.0
                self._close(item, Outcome("failed", str(error)))
                return True
        began = item.began or time.time()
        after = self._folder.edit(lambda now: now.changed(item.id, state="training", run=folder, began=began))
        self._item, self._since = after.find(item.id), time.monotonic()
        if self._item is None:  # removed in this moment
            return True
        try:
            self._work = begin(self._item, folder)
        except OSError as error:
            self._close(self._item, Outcome("failed", f"It can't be started ({error.strerror or error})."))
            return True
        self._say(f"“{item.name}” is being trained, in {folder}")
        self._report_status(item.id, "")
        return True

    def _steer(self, queue: Queue, work: Work, reason: Reason) -> None:
        """Have what is at work wait or go on."""
        assert self._item is not None
        item = queue.find(self._item.id)
        if item is None or item.held or reason not in ("", *PAUSING):
            work.stop()
        elif reason:
            work.pause()
        else:
            work.go_on()
        self._report_status(self._item.id, reason)

    def _take_down(self) -> None:
        """What was at work has ended: write down how."""
        assert self._item is not None and self._work is not None
        outcome = self._work.outcome()
        asked = self._work.was_stopped
        item, self._item, self._work, self._strays = self._item, None, None, []
        if outcome.kind == "stopped" and not asked and not self._signalled.wait(SIGNAL_SECONDS):
            worked = self._worked(item)
            self._folder.edit(lambda now: now.changed(item.id, state="waiting", held=True, worked=worked))
            self._say(f"“{item.name}” was stopped, and waits until it is gone on with")
            return
        self._close(item, outcome)

    def _worked(self, item: Item) -> float:
        """Seconds for which it has been trained, those of earlier turns too."""
        return item.worked + (time.monotonic() - self._since if self._since else 0.0)

    def _close(self, item: Item, outcome: Outcome) -> None:
        worked = self._worked(item)
        crashes = item.crashes + (outcome.kind == "crashed")
        lost = outcome.kind == "crashed" and crashes >= MOST_CRASHES
        if outcome.kind == "done":
            self._folder.edit(
                lambda now: now.changed(item.id, state="done", ended=time.time(), worked=worked, sentence="")
            )
            self._say(f"“{item.name}” is done after {duration(worked)}: {item.run}")
        elif outcome.kind == "changed" and item.run is not None:
            other = anew(item)
            # Nothing else of it: it may have been paused by others meanwhile.
            values = {
                name: getattr(other, name) for name in ("options", "state", "run", "sentence", "crashes")
            }
            self._folder.edit(lambda now: now.changed(item.id, worked=worked, **values))
            self._say(f"“{item.name}”: {other.sentence}")
        elif outcome.kind in ("failed", "changed") or lost:
            self._folder.edit(
                lambda now: now.changed(
                    item.id, state="failed", ended=time.time(), worked=worked, sentence=outcome.sentence
                )
            )
            self._say(f"“{item.name}” has failed: {outcome.sentence}")
        else:
            state = "training" if outcome.kind == "crashed" else "waiting"
            self._folder.edit(lambda now: now.changed(item.id, state=state, worked=worked, crashes=crashes))
            if outcome.kind == "crashed":
                self._say(f"“{item.name}” ended unexpectedly, and is gone on with")

    def _leave(self) -> None:
        """Save what is at work, for the next runner to go on with."""
        if self._work is None or self._item is None:
            return
        item, work = self._item, self._work
        work.end()
        self._item = self._work = None
        outcome = work.outcome()
        if outcome.kind == "stopped":
            worked = self._worked(item)
            # First in turn when it goes on.
            self._folder.edit(lambda now: now.changed(item.id, state="training", worked=worked))
            self._say(f"“{item.name}” is saved, and goes on when the queue does")
        else:
            self._close(item, outcome)

    # --- telling ---------------------------------------------------------------------------------------

    def _report_status(self, id: str, reason: Reason) -> None:
        status = Status(id, reason)
        if status != self._reported:
            self._reported = status
            self._folder.write_status(status)
        if reason != self._said:
            self._said = reason
            if reason:
                self._say(WORDS[reason])

    @contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM save and end; a second Ctrl-C ends as usual."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may listen
            return

        def heed(number: int, _: object) -> None:
            self._signalled.set()
            signal.signal(number, before[number])

        before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            signal.signal(number, heed)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _next(clock: str, now: datetime) -> datetime:
    """When it is that time of the day next."""
    there = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minute_of(clock))
    return there if there > now else there + timedelta(days=1)
