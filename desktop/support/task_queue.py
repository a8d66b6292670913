"""Small work that must not hold up the pen: done on a thread of its own, answered on the UI thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from desktop.support.report_errors import ReportErrors

T = TypeVar("T")


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
        self._name = name
        self._waiting: deque[_Task] = deque()
        self._answers: deque[tuple[Callable[[Any], object], Any, BaseException | None]] = deque()
        self._news = threading.Condition()
        self._round = 0
        self._open = True
        self._busy = False
        self._thread: threading.Thread | None = None
        self._wake.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

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
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
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

    def stop(self) -> None:
        """Finish the task at hand and no other; nothing is answered afterwards."""
        with self._news:
            self._open = False
            self._news.notify_all()
        self.forget()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                self._carry_out(task)
            finally:
                with self._news:
                    self._busy = False
                    self._news.notify_all()
            del task  # it may hold whole pictures, and the next one may be long in coming

    def _next(self) -> _Task | None:
        with self._news:
            self._news.wait_for(lambda: bool(self._waiting) or not self._open)
            if not self._open:
                return None
            self._busy = True
            return self._waiting.popleft()

    def _carry_out(self, task: _Task) -> None:
        result, wrong = None, None
        try:
            result = task.work()
        except Exception as error:  # raised again where somebody is told
            wrong = error
        try:
            with self._news:
                if self._open and task.round == self._round:
                    self._answers.append((task.then, result, wrong))
                    self._wake.emit()
        finally:
            # An error holds this frame and the frame would hold the error: that is left to the collector,
            # which may run on a thread where no Qt object may be destroyed.
            del wrong

    @Slot()
    def _deliver(self) -> None:
        while self._answers and self._open:
            then, result, wrong = self._answers.popleft()
            try:
                with ReportErrors(self.error_reported.emit):
                    if wrong is not None:
                        raise wrong
                    then(result)
            finally:
                del wrong
