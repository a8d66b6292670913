"""Who lets go of what a task holds: the UI thread, always, as it may be a Qt object."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QApplication

from desktop.support import task_queue
from desktop.support.task_queue import TaskQueue
from engine.errors import PictureError
from tests.desktop.window_hands import until


class Held:
    """Something that notes on which thread it ends."""

    def __init__(self, ends: list[threading.Thread]) -> None:
        self._ends = ends

    def __del__(self) -> None:
        self._ends.append(threading.current_thread())


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("where", ["work", "then", "result"])
def test_nothing_ends_on_the_thread_of_the_queue(
    qapp: QApplication, where: str, forgotten: bool, fails: bool
) -> None:
    ends: list[threading.Thread] = []
    begun, gate = threading.Event(), threading.Event()
    queue = TaskQueue("tested")
    queue.error_reported.connect(lambda _sentence: None)

    def give() -> None:
        held = Held(ends)

        def work(mine: Held | None = held if where == "work" else None) -> Held | None:
            begun.set()
            gate.wait(20)
            if fails:
                raise OSError("the disk")
            return Held(ends) if where == "result" else None

        def then(_result: Any, mine: Held | None = held if where == "then" else None) -> None:
            pass

        queue.do(work, then)

    give()
    assert begun.wait(20)
    if forgotten:
        queue.forget()
    gate.set()
    queue.finish()
    until(lambda: ends)
    queue.stop()
    assert set(ends) == {threading.main_thread()}


def test_what_was_done_is_answered_in_its_order_also_after_an_error(qapp: QApplication) -> None:
    queue, answers, said = TaskQueue("tested"), [], []
    queue.error_reported.connect(said.append)

    def failing() -> None:
        raise OSError(28, "No space left on device", "house.ora")

    steps: list[Callable[[], Any]] = [lambda: 1, failing, lambda: 3]
    for step in steps:
        queue.do(step, answers.append)
    until(lambda: len(answers) == 2)
    queue.stop()
    assert answers == [1, 3] and len(said) == 1


def test_a_queue_whose_window_is_gone_ends_in_silence(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate = threading.Event(), threading.Event()
    wrong: list[object] = []
    heard: list[object] = []
    monkeypatch.setattr(threading, "excepthook", wrong.append)
    outermost = QObject()
    queue = TaskQueue("tested", QObject(outermost))
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        begun.set()
        gate.wait(20)

    queue.do(work, heard.append)
    assert begun.wait(20)
    (thread,) = threads
    outermost.deleteLater()
    QCoreApplication.sendPostedEvents(outermost, QEvent.Type.DeferredDelete)
    gate.set()
    thread.join(20)
    assert not thread.is_alive()
    QCoreApplication.processEvents()
    assert (wrong, heard) == ([], [])


def test_what_waits_at_the_end_is_done_and_answered_to_nobody(qapp: QApplication) -> None:
    done, answered = list[int](), list[int]()
    queue = TaskQueue("tested")
    for number in range(3):
        queue.do(lambda number=number: done.append(number), lambda _none: answered.append(0))  # type: ignore[misc]
    queue.see_out(20)
    QCoreApplication.processEvents()
    assert done == [0, 1, 2]
    assert not answered


def failing(
    error: Exception, begun: threading.Event | None = None, gate: threading.Event | None = None
) -> None:
    if begun is not None and gate is not None:
        begun.set()
        gate.wait(20)
    raise error


def test_what_fails_at_the_end_is_logged_in_its_sentence(
    qapp: QApplication, caplog: pytest.LogCaptureFixture
) -> None:
    reported, done = list[str](), list[int]()
    queue = TaskQueue("tested")
    queue.error_reported.connect(reported.append)
    errors = (
        PictureError("The queue is full; remove a training."),
        OSError(28, "No space left"),
        KeyError("no"),
    )
    for error in errors:
        queue.do(lambda error=error: failing(error), lambda _none: None)  # type: ignore[misc]
    queue.do(lambda: done.append(1), lambda _none: None)
    queue.see_out(20)
    QCoreApplication.processEvents()
    warnings = [it.getMessage() for it in caplog.records if it.levelname == "WARNING"]
    assert warnings[0] == "“tested”, at the end: The queue is full; remove a training."
    assert warnings[1].startswith("“tested”, at the end: No space left. Choose another place")
    assert len(warnings) == 3 and "KeyError: 'no'" in caplog.text
    assert done == [1] and not reported


def test_what_was_told_or_is_not_wanted_any_more_is_not_logged_at_the_end(
    qapp: QApplication, caplog: pytest.LogCaptureFixture
) -> None:
    reported = list[str]()
    queue = TaskQueue("tested")
    queue.error_reported.connect(reported.append)
    queue.do(lambda: failing(PictureError("told")), lambda _none: None)
    until(lambda: reported)
    begun, gate = threading.Event(), threading.Event()
    queue.do(lambda: failing(PictureError("forgotten"), begun, gate), lambda _none: None)
    assert begun.wait(20)
    queue.forget()
    gate.set()
    queue.see_out(20)
    assert reported == ["told"] and not [it for it in caplog.records if it.levelname == "WARNING"]


def test_what_was_at_hand_when_patience_ended_is_logged_when_it_fails(
    qapp: QApplication, caplog: pytest.LogCaptureFixture
) -> None:
    begun, gate = threading.Event(), threading.Event()
    queue = TaskQueue("tested")
    queue.do(lambda: failing(PictureError("at hand"), begun, gate), lambda _none: None)
    assert begun.wait(20)

    class Opens(logging.Handler):
        """Lets the task go on once it was said that not all is done."""

        def emit(self, record: logging.LogRecord) -> None:
            gate.set()

    handler = Opens()
    task_queue.log.addHandler(handler)
    try:
        queue.see_out(0.0)
    finally:
        task_queue.log.removeHandler(handler)
    assert "has not done all" in caplog.text and "at the end: at hand" in caplog.text


def test_what_does_not_answer_at_the_end_is_left_to_itself(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(task_queue, "PATIENCE_S", 0.0)
    begun, gate, later = threading.Event(), threading.Event(), list[int]()
    queue = TaskQueue("tested")

    def hang() -> None:
        begun.set()
        gate.wait(20)

    queue.do(hang, lambda _none: None)
    queue.do(lambda: later.append(1), lambda _none: None)
    assert begun.wait(20)
    queue.see_out(0.0)
    assert "has not done all" in caplog.text
    gate.set()
    queue.stop()
    assert not later
