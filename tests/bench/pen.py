"""A pen that draws without a pause, and a clock on what the window makes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from tests.bench.rows import Row

REPORT_HZ = 125.0
"""Pointer events a second, as tablets send them."""

STALL_S = 0.02
"""Gaps from so long on are worth asking where the time went."""

INK_MS = 8
"""From a pointer event to its ink painted, at most, in 99 of a hundred cases; milliseconds."""

LAP = 12
"""Strokes from the top of the picture to its foot."""


@dataclass
class Drawn:
    """What was seen while drawing; seconds."""

    gaps: list[float] = field(default_factory=list)
    """Between two turns of the event loop."""
    taken: list[tuple[float, float]] = field(default_factory=list)
    """Each gap of a stall, and how much of it a virtual machine's host gave to others."""
    passes: list[float] = field(default_factory=list)
    """Of the engine."""

    def add(self, more: Drawn) -> None:
        """Take what was seen another time for one drawing."""
        self.gaps += more.gaps
        self.taken += more.taken
        self.passes += more.passes

    def stalls(self, what: str, most: float | None) -> list[Row]:
        """The longest gap, and where the host had a part in it, the longest without that part."""
        rows = [Row(what, most, max(self.gaps) * 1000, "ms")]
        if any(stolen for _, stolen in self.taken):
            short = max((gap for gap in self.gaps if gap < STALL_S), default=0.0)
            own = max(short, *(gap - stolen for gap, stolen in self.taken))
            rows.append(Row(f"{what}, less what the host took", None, own * 1000, "ms"))
        return rows


def opened_window() -> tuple[Any, Any, Any]:
    """The program begun anew, as its users begin it, at its first preview: application, session, window."""
    from desktop.app import begin, make_application, open_window

    application = make_application()
    session, window = open_window()
    window.resize(1280, 800)
    window.show()
    begin(session, window, None)
    until(lambda: session.live.preview is not None and not session.live.behind)
    return application, session, window


def until(done: Callable[[], object], seconds: float = 30.0) -> None:
    """Let the window live until ``done()``."""
    loop, timer, end = QEventLoop(), QTimer(), time.monotonic() + seconds
    timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
    timer.start(1)
    if not done():
        loop.exec()
    assert done(), "waited in vain"


def event(
    window, kind: QEvent.Type, x: float, y: float, *, ctrl: bool = False, shift: bool = False
) -> QMouseEvent:
    """The left button, or a move with it down, at a point of the picture; with keys held or not."""
    at = window.canvas_point(x, y)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    glob = QPointF(window.canvas.mapToGlobal(at.toPoint()))
    keys = Qt.KeyboardModifier.NoModifier
    if ctrl:
        keys |= Qt.KeyboardModifier.ControlModifier
    if shift:
        keys |= Qt.KeyboardModifier.ShiftModifier
    return QMouseEvent(kind, at, glob, button, held, keys)


class Painted(QObject):
    """Notes when the canvas has finished a paint event."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def watch(self, canvas) -> None:
        paint = type(canvas).paintEvent

        def painted(widget, event) -> None:
            paint(widget, event)
            self.at = time.perf_counter()

        type(canvas).paintEvent = painted


def ink_times(
    application, window, painted: Painted, edge: int, rest: Callable[[], object] = lambda: None
) -> list[float]:
    """Milliseconds from posting a pointer event to the end of the paint event that shows its ink, for twenty
    strokes, in rising order; ``rest`` is called between strokes."""
    times = []
    unit = edge / 1024
    for stroke in range(20):
        y = (60 + stroke * 45) * unit
        QApplication.postEvent(window.canvas, event(window, QEvent.Type.MouseButtonPress, 50 * unit, y))
        application.processEvents()
        for place in range(1, 60):
            x = (50 + place * 15) * unit
            before = painted.at
            start = time.perf_counter()
            QApplication.postEvent(
                window.canvas, event(window, QEvent.Type.MouseMove, x, y + 10 * unit * (place % 3))
            )
            while painted.at == before:
                application.processEvents()
            times.append((painted.at - start) * 1000)
        QApplication.postEvent(window.canvas, event(window, QEvent.Type.MouseButtonRelease, 950 * unit, y))
        application.processEvents()
        rest()
    return sorted(times)


def _stolen() -> float:
    """Seconds that a virtual machine's host has kept a processor of it waiting; that of the worst one."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:  # not Linux
        return 0.0
    ticks = [int(line.split()[8]) for line in lines if line.startswith("cpu") and line[3] != " "]
    return max(ticks) / os.sysconf("SC_CLK_TCK")


def draw(session, window, seconds: float) -> Drawn:
    """Draw stroke after stroke on a new picture of 512 × 512 for so long."""
    session.new_picture("sketch", 512, 512)
    until(lambda: session.live.preview is not None and not session.live.behind)
    seen = Drawn()
    loop, last, step = QEventLoop(), [time.perf_counter()], [0]
    beat, pen = QTimer(), QTimer()
    stolen = [_stolen(), last[0]]
    beat.setInterval(1)  # 0 would keep a processor busy, and the engine waiting for the interpreter
    beat.setTimerType(Qt.TimerType.PreciseTimer)

    def tick() -> None:
        now = time.perf_counter()
        gap = now - last[0]
        seen.gaps.append(gap)
        if gap >= STALL_S or now - stolen[1] > STALL_S:
            total = _stolen()
            if gap >= STALL_S:
                seen.taken.append((gap, min(gap, total - stolen[0])))
            stolen[:] = total, now
        last[0] = now

    def move() -> None:
        place, stroke = step[0] % 60, step[0] // 60
        x, y = 40 + place * 7, 40 + (stroke * 37) % 430 + 20 * ((place // 10) % 2)
        if place == 0:
            # Rubbed out in turns: on a picture that is full, strokes change nothing and passes are free.
            session.strokes.choose_tool("eraser" if stroke // LAP % 2 else "pen")
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
    session.strokes.choose_tool("pen")
    return seen
