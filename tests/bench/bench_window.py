"""The window's promises: ink under the pen, no stalls, the preview soon after the stroke."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from tests.bench.rows import Row

DRAWING_S = 60.0
REPORT_HZ = 125.0


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


def run() -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["UNDERPAINT_HOME"] = home
        from desktop.app import begin, make_application, open_window

        application = make_application()
        session, window = open_window()
        window.resize(1280, 800)
        painted = Painted()
        painted.watch(window.canvas)
        window.show()
        begin(session, window, None)
        _until(lambda: session.live.preview is not None and not session.live.behind)
        rows = [
            *_ink(application, session, window, painted),
            *_previews(session, window),
            *_stall(session, window),
            *_memory(session, window),
        ]
        window.close()
        return rows


def _until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    loop, timer, end = QEventLoop(), QTimer(), time.monotonic() + seconds
    timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
    timer.start(1)
    if not done():
        loop.exec()
    assert done(), "waited in vain"


def _event(window, kind, x: float, y: float) -> QMouseEvent:
    at = window.canvas_point(x, y)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    glob = QPointF(window.canvas.mapToGlobal(at.toPoint()))
    return QMouseEvent(kind, at, glob, button, held, Qt.KeyboardModifier.NoModifier)


def _ink(application, session, window, painted: Painted) -> list[Row]:
    """From posting a pointer event to the end of the paint event that shows its ink."""
    session.new_picture("sketch", 1024, 1024)
    _until(lambda: session.live.preview is not None and not session.live.behind)
    session.hand.set_ink(size=30.0)
    times = []
    for stroke in range(20):
        y = 60 + stroke * 45
        QApplication.postEvent(window.canvas, _event(window, QEvent.Type.MouseButtonPress, 50, y))
        application.processEvents()
        for place in range(1, 60):
            x = 50 + place * 15
            before = painted.at
            start = time.perf_counter()
            QApplication.postEvent(
                window.canvas, _event(window, QEvent.Type.MouseMove, x, y + 10 * (place % 3))
            )
            while painted.at == before:
                application.processEvents()
            times.append((painted.at - start) * 1000)
        QApplication.postEvent(window.canvas, _event(window, QEvent.Type.MouseButtonRelease, 950, y))
        application.processEvents()
    times.sort()
    return [
        Row(
            "pointer event → its ink painted, 1024², 30-px brush, median",
            None,
            statistics.median(times),
            "ms",
        ),
        Row(
            "pointer event → its ink painted, 1024², 30-px brush, p99", 8, times[int(len(times) * 0.99)], "ms"
        ),
    ]


def _previews(session, window) -> list[Row]:
    """From the end of a stroke to the preview that shows all of it."""
    session.new_picture("sketch", 512, 512)
    _until(lambda: session.live.preview is not None and not session.live.behind)
    times = []
    for stroke in range(30):
        y = 40 + stroke * 14
        QApplication.sendEvent(window.canvas, _event(window, QEvent.Type.MouseButtonPress, 60, y))
        for place in range(1, 20):
            QApplication.sendEvent(window.canvas, _event(window, QEvent.Type.MouseMove, 60 + place * 20, y))
            QApplication.processEvents()
        start = time.perf_counter()
        QApplication.sendEvent(window.canvas, _event(window, QEvent.Type.MouseButtonRelease, 440, y))
        while session.live.behind:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        window.preview.repaint()
        times.append((time.perf_counter() - start) * 1000)
    return [Row("finished stroke → its preview on screen, 512², median", 80, statistics.median(times), "ms")]


def _stall(session, window) -> list[Row]:
    """The longest time between two turns of the event loop while drawing without a pause."""
    session.new_picture("sketch", 512, 512)
    _until(lambda: session.live.preview is not None and not session.live.behind)
    loop, gaps, last = QEventLoop(), [], [time.perf_counter()]
    beat, pen = QTimer(), QTimer()
    beat.setInterval(0)
    step = [0]

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now

    def draw() -> None:
        place, stroke = step[0] % 60, step[0] // 60
        x, y = 40 + place * 7, 40 + (stroke * 37) % 430 + 20 * ((place // 10) % 2)
        if place == 0:
            kind = QEvent.Type.MouseButtonPress
        elif place == 59:
            kind = QEvent.Type.MouseButtonRelease
        else:
            kind = QEvent.Type.MouseMove
        QApplication.sendEvent(window.canvas, _event(window, kind, x, y))
        step[0] += 1

    beat.timeout.connect(tick)
    pen.timeout.connect(draw)
    pen.setTimerType(Qt.TimerType.PreciseTimer)
    pen.start(round(1000 / REPORT_HZ))
    beat.start()
    QTimer.singleShot(round(DRAWING_S * 1000), loop.quit)
    last[0] = time.perf_counter()
    loop.exec()
    beat.stop()
    pen.stop()
    return [
        Row(
            f"longest stall of the window in {DRAWING_S:.0f} s of drawing, live on",
            50,
            max(gaps) * 1000,
            "ms",
        )
    ]


def _memory(session, window) -> list[Row]:
    """Resident memory with one model and a 512² picture with 200 undo steps."""
    session.new_picture("sketch", 512, 512)
    for stroke in range(200):
        y = 20 + (stroke * 13) % 470
        QApplication.sendEvent(window.canvas, _event(window, QEvent.Type.MouseButtonPress, 30, y))
        QApplication.sendEvent(window.canvas, _event(window, QEvent.Type.MouseMove, 480, y + 10))
        QApplication.sendEvent(window.canvas, _event(window, QEvent.Type.MouseButtonRelease, 480, y))
    _until(lambda: not session.live.behind and session.document.undo_steps == 200)
    resident = _resident_mb()
    return [Row("resident memory, one model, 512², 200 undo steps", 900, resident, "MB")]


def _resident_mb() -> float:
    """Memory this process holds now; where the system doesn't say, the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            2**20 if sys.platform == "darwin" else 2**10
        )
