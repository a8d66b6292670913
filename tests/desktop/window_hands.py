"""Hands for tests: real pointer events on the canvas, and waiting for what the program does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QMimeData, QPointF, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from desktop.session import Session
from desktop.support.file_work import Job
from desktop.widgets.main_window import MainWindow
from desktop.widgets.training.window import TrainingWindow
from engine.data.messages import Request


def message(window: MainWindow) -> str:
    """What the message bar says; empty while it is away."""
    text = window.messages.findChild(QLabel, "message_text")
    assert text is not None
    return text.text() if window.messages.isVisible() else ""


def button(page: QWidget, name: str) -> QPushButton:
    """The one of that name."""
    found = page.findChild(QPushButton, name)
    assert found is not None
    return found


def training_window(window: MainWindow) -> TrainingWindow:
    """Opened by its command."""
    window.actions_table["train"].trigger()
    assert window.training.window is not None
    return window.training.window


def until(done: Callable[[], object], seconds: float = 20.0) -> None:
    """Let the program live until ``done()``; waits for events, not for time."""
    loop = QEventLoop()
    timer = QTimer()
    begun = time.monotonic()

    def look() -> None:
        waited = time.monotonic() - begun
        if done() or waited > seconds:
            loop.quit()
        elif waited > 0.2:  # it is something long, as another process: that one wants the processor
            timer.setInterval(20)

    timer.timeout.connect(look)
    timer.start(2)
    try:
        if not done():
            loop.exec()
    finally:
        timer.stop()
        timer.timeout.disconnect(look)  # else each holds the other, and the timer goes on
    # What was closed in the turn that ended the loop is gone too, as it is a turn later.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert done(), "waited in vain"


def settle(session: Session) -> None:
    """Wait until the picture that was asked for is there, and the preview shows it as it is, exactly."""
    live = session.live
    until(
        lambda: not session.samples.drawing and live.preview is not None and not live.behind and live.settled
    )


def done(job: Job | None) -> bool:
    """Wait until work on a file is over; whether all of it was done. None is work that was not begun."""
    if job is None:
        return False
    until(lambda: job.is_over)
    return job.is_fine


def files_done(session: Session) -> None:
    """Wait until nothing is read or written any more."""
    until(lambda: not session.file_work.jobs)


def model(session: Session, name: str) -> Path:
    """The file of the model of that name."""
    return next(entry.file for entry in session.library.models if entry.name == name)


def text_of(widget: QWidget) -> str:
    """What can be read in a widget: its labels, one a line."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def drag(
    window: MainWindow, *points: tuple[float, float], button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    """Press at the first picture point, move through the others, release at the last."""
    none = Qt.MouseButton.NoButton
    kinds = QMouseEvent.Type
    for place, point in enumerate(points):
        kind = kinds.MouseButtonPress if place == 0 else kinds.MouseMove
        send(window, kind, point, button if place == 0 else none, button)
    send(window, kinds.MouseButtonRelease, points[-1], button, none)


def drop(widget: QWidget, data: QMimeData) -> bool:
    """Drag ``data`` from elsewhere onto the middle of ``widget`` and let go; whether it was taken.

    It comes by way of the window, as from the screen, which finds who takes it.
    """
    top = widget.window()
    at = widget.mapTo(top, widget.rect().center())
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(top.windowHandle(), QDragEnterEvent(at, *how))
    QApplication.sendEvent(top.windowHandle(), QDragMoveEvent(at, *how))
    let_go = QDropEvent(QPointF(at), *how)
    QApplication.sendEvent(top.windowHandle(), let_go)
    return let_go.isAccepted()


def send(
    window: MainWindow,
    kind: QMouseEvent.Type,
    point: tuple[float, float],
    button: Qt.MouseButton,
    held: Qt.MouseButton,
) -> None:
    """One mouse event at a picture point."""
    at = window.canvas_point(*point)
    glob = QPointF(window.canvas.mapToGlobal(at.toPoint()))
    event = QMouseEvent(kind, at, glob, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window.canvas, event)


def asked(session: Session) -> list[Request]:
    """All that the engine is asked for from now on."""
    bridge, send = session.live.bridge, session.live.bridge.send
    sent: list[Request] = []

    def pass_on(request: Request) -> None:
        sent.append(request)
        send(request)

    bridge.send = pass_on  # type: ignore[method-assign]
    return sent
