"""Small work that must not hold up the pen: done on a thread of its own, answered on the UI thread."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from desktop.support.report_errors import EXPECTED, ReportErrors, sentence_for
from engine.files.writing import shown

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S = 2.0
"""So long the end of the program waits for a task that nobody wants any more."""


@dataclass(frozen=True)
class _Task:
    work: Callable[[], Any]
    then: Callable[[Any], object]
    kind: str
    round: int


class TaskQueue(QObject):
    """Does one task after the other; of those of one kind that still wait, only the newest."""

    error_reported = Signal(str)
    """A task failed, as could be expected; one sentence."""
    _wake = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._waiting: deque[_Task] = deque()
        self._answers: deque[tuple[Callable[[Any], object], Any, BaseException | None]] = deque()
        self._current: _Task | None = None
        self._past: list[tuple[_Task, BaseException | None]] = []
        """Done, and to be let go of on the UI thread."""
        self._news = threading.Condition()
        self._round = 0
        self._open = True
        self._busy = False
        self._thread: threading.Thread | None = None
        self._wake.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        if parent is not None:  # its children are there still, but not for long
            parent.destroyed.connect(self._let_go)

    def do(self, work: Callable[[], T], then: Callable[[T], object], kind: str = "") -> None:
        """Have ``work`` done, then call ``then`` with what it returned, on the UI thread.

        Args:
            kind: takes the place of a task of this kind that still waits.
        """
        with self._news:
            if not self._open:
                return
            if kind:
                self._waiting = deque(task for task in self._waiting if task.kind != kind)
            self._waiting.append(_Task(work, then, kind, self._round))
            self._news.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self.objectName(), daemon=True)
            self._thread.start()

    def forget(self) -> None:
        """Drop what waits, and what will come of the task at hand."""
        with self._news:
            self._round += 1
            self._waiting.clear()
            self._answers.clear()

    def finish(self) -> None:
        """Wait until all is done, and answer it. Where nothing else may be done meanwhile, as at the end."""
        with self._news:
            self._news.wait_for(lambda: not self._waiting and not self._busy)
        self._deliver()

    def see_out(self, patience: float) -> None:
        """As ``give_up``, but what waits is done too, as far as so many seconds allow.

        What fails is logged, as nobody is there to be told any more.
        """
        with self._news:
            done = self._news.wait_for(lambda: not self._waiting and not self._busy, patience)
            round, failed = self._round, [wrong for _, _, wrong in self._answers if wrong is not None]
        if not done:
            log.warning("“%s” has not done all that was asked for", self.objectName())
        self.give_up()
        with self._news:  # of what was at hand yet, too
            for task, wrong in self._past:
                if task.round == round and wrong is not None and wrong not in failed:
                    failed.append(wrong)
        for wrong in failed:
            if isinstance(wrong, EXPECTED):
                log.warning("“%s”, at the end: %s", self.objectName(), shown(sentence_for(wrong)))
            else:
                log.warning("“%s”, at the end", self.objectName(), exc_info=wrong)

    def stop(self) -> None:
        """Finish the task at hand and no other; nothing is answered afterwards."""
        self._let_go()
        if self._thread is not None:
            self._thread.join()
        self._answers.clear()
        self._past.clear()

    def give_up(self) -> None:
        """As ``stop``, but a task that reads from where nothing answers any more is left to itself.

        It must have nothing to lose: it goes with the program.
        """
        self._let_go()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)
            if self._thread.is_alive():
                log.warning("“%s” still waits for something; it is left to itself", self.objectName())

    @Slot()
    def _let_go(self) -> None:
        """What it belongs to ends, stopped or not: the thread ends by itself after the task at hand."""
        if "_news" not in vars(self):
            return  # the collector has taken it apart before Qt told of the end
        with self._news:
            self._open = False
            self._news.notify_all()
        self.forget()

    # What a task holds may hold the window, and whoever lets go last destroys it: a Qt object that ends on
    # another thread than its own takes the program along. So the queue's thread lets go of everything before
    # anybody on the UI thread can have done so: what is done is put by until it is taken there.

    def _run(self) -> None:
        try:
            self._work_off()
        finally:  # whatever ends the thread, nobody waits for it in vain
            with self._news:
                self._busy = False
                self._news.notify_all()

    def _work_off(self) -> None:
        while (work := self._next()) is not None:
            result: Any = None
            wrong: BaseException | None = None
            try:
                result = work()
            except Exception as error:  # raised again where somebody is told
                wrong = error
            with self._news:
                task, self._current = self._current, None
                assert task is not None
                counts = self._open and task.round == self._round
                self._answers.append((task.then if counts else _nothing, result, wrong if counts else None))
                self._past.append((task, wrong))
                del work, result, wrong, task
                self._busy = False
                self._news.notify_all()
                if self._open:  # a signal whose object is destroyed meanwhile can't be emitted
                    self._wake.emit()

    def _next(self) -> Callable[[], Any] | None:
        with self._news:
            self._news.wait_for(lambda: bool(self._waiting) or not self._open)
            if not self._open:
                return None
            self._busy = True
            self._current = self._waiting.popleft()
            return self._current.work

    @Slot()
    def _deliver(self) -> None:
        with self._news:
            past, self._past = self._past, []
        del past
        while self._open:
            with self._news:
                if not self._answers:
                    return
                then, result, wrong = self._answers.popleft()
            try:
                with ReportErrors(self.error_reported.emit):
                    if wrong is not None:
                        raise wrong
                    then(result)
            finally:
                # An error holds this frame and the frame would hold the error: that is left to the collector.
                del wrong


def _nothing(_result: Any) -> None:
    """Nobody waits for it any more."""
