"""A pen that draws without a pause, and a clock on what the window makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

REPORT_HZ = 125.0
"""Pointer events a second, as tablets send them."""


@dataclass
class Drawn:
    """What was seen while drawing; seconds."""

    gaps: list[float] = field(default_factory=list)
    """Between two turns of the event loop."""
    passes: list[float] = field(default_factory=list)
    """Of the engine."""


def until(done: Callable[[], object], seconds: float = 30.0) -> None:
    """Let the window live until ``done()``."""
    loop, timer, end = QEventLoop(), QTimer(), time.monotonic() + seconds
    timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
    timer.start(1)
    if not done():
        loop.exec()
    assert done(), "waited in vain"


def event(window, kind: QEvent.Type, x: float, y: float) -> QMouseEvent:
    """The left button, or a move with it down, at a point of the picture."""
    at = window.canvas_point(x, y)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    glob = QPointF(window.canvas.mapToGlobal(at.toPoint()))
    return QMouseEvent(kind, at, glob, button, held, Qt.KeyboardModifier.NoModifier)


def draw(session, window, seconds: float) -> Drawn:
    """Draw stroke after stroke on a new picture of 512 × 512 for so long."""
    session.new_picture("sketch", 512, 512)
    until(lambda: session.live.preview is not None and not session.live.behind)
    seen = Drawn()
    loop, last, step = QEventLoop(), [time.perf_counter()], [0]
    beat, pen = QTimer(), QTimer()
    beat.setInterval(0)

    def tick() -> None:
        now = time.perf_counter()
        seen.gaps.append(now - last[0])
        last[0] = now

    def move() -> None:
        place, stroke = step[0] % 60, step[0] // 60
        x, y = 40 + place * 7, 40 + (stroke * 37) % 430 + 20 * ((place // 10) % 2)
        if place == 0:
            kind = QEvent.Type.MouseButtonPress
        elif place == 59:
            kind = QEvent.Type.MouseButtonRelease
        else:
            kind = QEvent.Type.MouseMove
        QApplication.sendEvent(window.canvas, event(window, kind, x, y))
        step[0] += 1

    def note(name: str) -> None:
        if name == "seconds":
            seen.passes.append(session.live.seconds)

    session.live.changed.connect(note)
    beat.timeout.connect(tick)
    pen.timeout.connect(move)
    pen.setTimerType(Qt.TimerType.PreciseTimer)
    pen.start(round(1000 / REPORT_HZ))
    beat.start()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    last[0] = time.perf_counter()
    loop.exec()
    beat.stop()
    pen.stop()
    session.live.changed.disconnect(note)
    while step[0] % 60:  # the last stroke is finished, too
        move()
    return seen
