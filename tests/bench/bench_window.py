"""The window's promises: ink under the pen, no stalls, the preview soon after the stroke."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QObject
from PySide6.QtWidgets import QApplication

from tests.bench.pen import draw, event, until
from tests.bench.rows import Row

DRAWING_S = 60.0


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
        until(lambda: session.live.preview is not None and not session.live.behind)
        rows = [
            *_ink(application, session, window, painted),
            *_previews(session, window),
            *_stall(session, window),
            *_memory(session, window),
        ]
        window.close()
        return rows


def _ink(application, session, window, painted: Painted) -> list[Row]:
    """From posting a pointer event to the end of the paint event that shows its ink."""
    session.new_picture("sketch", 1024, 1024)
    until(lambda: session.live.preview is not None and not session.live.behind)
    session.hand.set_ink(size=30.0)
    times = []
    for stroke in range(20):
        y = 60 + stroke * 45
        QApplication.postEvent(window.canvas, event(window, QEvent.Type.MouseButtonPress, 50, y))
        application.processEvents()
        for place in range(1, 60):
            x = 50 + place * 15
            before = painted.at
            start = time.perf_counter()
            QApplication.postEvent(
                window.canvas, event(window, QEvent.Type.MouseMove, x, y + 10 * (place % 3))
            )
            while painted.at == before:
                application.processEvents()
            times.append((painted.at - start) * 1000)
        QApplication.postEvent(window.canvas, event(window, QEvent.Type.MouseButtonRelease, 950, y))
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
    until(lambda: session.live.preview is not None and not session.live.behind)
    times = []
    for stroke in range(30):
        y = 40 + stroke * 14
        QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseButtonPress, 60, y))
        for place in range(1, 20):
            QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseMove, 60 + place * 20, y))
            QApplication.processEvents()
        start = time.perf_counter()
        QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseButtonRelease, 440, y))
        while session.live.behind:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        window.preview.repaint()
        times.append((time.perf_counter() - start) * 1000)
    return [Row("finished stroke → its preview on screen, 512², median", 80, statistics.median(times), "ms")]


def _stall(session, window) -> list[Row]:
    """The longest time between two turns of the event loop while drawing without a pause."""
    gaps = draw(session, window, DRAWING_S).gaps
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
        QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseButtonPress, 30, y))
        QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseMove, 480, y + 10))
        QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseButtonRelease, 480, y))
    until(lambda: not session.live.behind and session.document.undo_steps == 200)
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
