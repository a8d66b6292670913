"""Work on files that the pen must not wait for: what goes on, how far it is, and how to end it.

Reading and writing have a thread each: opening from a slow place must hold up no saving. So has what is made
of a drawing at leisure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from desktop.support.task_queue import TaskQueue

T = TypeVar("T")
Work = Callable[["Job"], Any]
"""Done on a thread of its own; it calls the job's ``progress`` now and then."""


class Cancelled(Exception):
    """Somebody doesn't want it any more."""


class Job:
    """One piece of work. Belongs to the UI thread, but for ``progress``."""

    def __init__(
        self, text: str, notify: Callable[[], object], withdrawn: Callable[[Job], object], *, writes: bool
    ) -> None:
        self.text = text
        """What goes on, for people: “Saving “house.ora””."""
        self.share = 0.0
        """How much of it is done, 0 to 1; 0 also while that is not known."""
        self.writes = writes
        self.awaited = writes
        """The window stays open until it is over, unless somebody closes it all the same."""
        self.is_over = self.is_fine = False
        """Nothing more happens; all was done that was to be."""
        self.problem = ""
        """What went wrong, as it was told."""
        self._notify, self._withdrawn = notify, withdrawn
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._work: Work | None = None
        self._then: Callable[[Any], object] = lambda _result: None
        self._begun = False
        self._reactions: list[Callable[[bool], object]] = []

    @property
    def is_cancelled(self) -> bool:
        """Somebody wants it to end; what is being written may yet be done, see ``is_fine``."""
        return self._end.is_set()

    def cancel(self) -> None:
        """End it at its next step, at once where it hasn't begun. A file is written whole or not at all."""
        with self._lock:
            self._end.set()
            waits = not self._begun and self._work is not None
            if waits:
                self._work = None
        self._notify()
        if waits:
            self._withdrawn(self)

    def then(self, reaction: Callable[[bool], object]) -> None:
        """Call ``reaction`` when it is over, at once if it is: with whether all is done."""
        if self.is_over:
            reaction(self.is_fine)
        else:
            self._reactions.append(reaction)

    def progress(self, done: int, total: int) -> None:
        """So much of it is done; called on the thread that does it.

        Raises:
            Cancelled: it is to end here.
        """
        if self._end.is_set():
            raise Cancelled
        self.share = done / max(1, total)
        self._notify()

    # --- for FileWork alone ---------------------------------------------------------------------

    def take(self, work: Work, then: Callable[[Any], object]) -> bool:
        """Do this instead of what was to be done; False where that has begun."""
        with self._lock:
            if self._begun or self.is_cancelled:
                return False
            self._work, self._then = work, then
            return True

    def carry_out(self) -> tuple[Any, Exception | None]:
        """Do the work, on the queue's thread; what came of it, or what went wrong."""
        with self._lock:
            self._begun = True
            work, self._work = self._work, None
        try:
            if work is None or self.is_cancelled:
                raise Cancelled
            return work(self), None
        except Exception as error:  # raised again where somebody is told
            return None, error

    def answer(self, result: Any) -> None:
        """Hand on what came of it; the job is over then, come what may."""
        self._then(result)
        self.is_fine = True

    def end(self) -> None:
        """Tell everybody who waits that it is over."""
        self.is_over = True
        reactions, self._reactions, self._then = self._reactions, [], lambda _result: None
        for reaction in reactions:
            reaction(self.is_fine)


class FileWork(Observable):
    """All the work on files that goes on."""

    jobs = Property[tuple[Job, ...]](())
    """Those that wait or go on, in the order in which they were asked for."""

    progressed = Signal()
    """Some job is further on; emitted on any thread."""
    cancelled = Signal(object)
    """That ``Job`` was ended before it was done."""
    error_reported = Signal(str)
    """Something went wrong; one sentence."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._writing, self._reading = TaskQueue("writing", self), TaskQueue("reading", self)
        self._making = TaskQueue("making", self)
        for queue in (self._writing, self._reading, self._making):
            queue.error_reported.connect(self.error_reported)
        self._kinds: dict[str, Job] = {}
        self.waits = True
        """``leave`` waits for what is being written; False: not even the disk answers any more."""
        self._leaving = False

    @property
    def is_writing(self) -> bool:
        """Something is being written: it would be lost if the program ended now."""
        return any(job.writes for job in self.jobs)

    def write(self, text: str, work: Callable[[Job], T], then: Callable[[T], object], kind: str = "") -> Job:
        """Have something written, one after the other; ``then`` gets, on the UI thread, what came of it.

        Args:
            text: see ``Job.text``.
            kind: of those of one kind that still wait only the newest is done, and is the same job.
        """
        return self._do(self._writing, text, work, then, kind)

    def read(self, text: str, work: Callable[[Job], T], then: Callable[[T], object], kind: str = "") -> Job:
        """Have something read, one after the other; nothing comes of it once it is cancelled."""
        return self._do(self._reading, text, work, then, kind)

    def make(self, text: str, work: Callable[[Job], T], then: Callable[[T], object]) -> Job:
        """Have something made that takes long and could be made again: it holds up no saving, and is given
        up at the end of the program."""
        return self._do(self._making, text, work, then, "")

    def later(self, work: Callable[[], object]) -> None:
        """Have something cleared away when all that is to be written is; nobody waits for it."""
        self._writing.do(work, lambda _result: None)

    def finish(self) -> None:
        """Wait until all is written that was asked for, and hand it on. Holds up the pen, as at the end."""
        while self.is_writing:
            self._writing.finish()
        self._writing.finish()

    def leave(self) -> None:
        """End of the program: what is read is given up, and without ``waits`` what is written too."""
        self._leaving = True
        for job in self.jobs:
            if not (job.writes and self.waits):
                job.cancel()
        if self.waits:
            self.finish()
            self._writing.stop()
        else:
            self._writing.give_up()
        self._reading.give_up()
        self._making.stop()
        self.jobs = ()  # what was given up is answered to nobody

    def _do(self, queue: TaskQueue, text: str, work: Work, then: Callable[[Any], object], kind: str) -> Job:
        waiting = self._kinds.get(kind)
        if waiting is not None and not waiting.is_over and waiting.take(work, then):
            return waiting
        job = Job(text, self.progressed.emit, self._withdraw, writes=queue is self._writing)
        job.take(work, then)
        if kind:
            self._kinds[kind] = job
        self.jobs = (*self.jobs, job)
        queue.do(job.carry_out, lambda outcome: self._answer(job, kind, *outcome))
        return job

    def _withdraw(self, job: Job) -> None:
        """It was cancelled before it had begun: nobody need wait until its turn would come."""
        if self._leaving:  # which is answered to nobody
            return
        self._kinds = {kind: other for kind, other in self._kinds.items() if other is not job}
        try:
            self.cancelled.emit(job)
        finally:
            self._end(job)

    def _answer(self, job: Job, kind: str, result: Any, error: Exception | None) -> None:
        if job.is_over:  # withdrawn
            return
        if self._kinds.get(kind) is job:
            del self._kinds[kind]

        def tell(sentence: str) -> None:
            job.problem = sentence
            self.error_reported.emit(sentence)

        try:
            with ReportErrors(tell):
                if isinstance(error, Cancelled) or (job.is_cancelled and not job.writes):
                    self.cancelled.emit(job)
                elif error is not None:
                    raise error
                else:
                    job.answer(result)
        finally:
            del error  # its frames hold whole pictures
            self._end(job)

    def _end(self, job: Job) -> None:
        self.jobs = tuple(other for other in self.jobs if other is not job)
        job.end()


__all__ = ["Cancelled", "FileWork", "Job"]
