"""The window's promises: ink under the pen, no stalls, the preview soon after the stroke."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from tests.bench.pen import INK_MS, Painted, draw, event, ink_times, until
from tests.bench.rows import Row

DRAWING_S = 60.0
IDLE_S = 60.0

TURNS, STROKES_A_TURN = 6, 5
"""Of previews, in the panel and in a window of their own."""

STROKES = 10_000
STROKES_WARM = 6_000
"""After so many the undo budget is full."""


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
            *_memory(session, window),  # first: the other pictures stay open, with their steps
            *_ink(application, session, window, painted, 1024, "a 30-px pen", size=30.0),
            *_ink(
                application,
                session,
                window,
                painted,
                2048,
                "a soft 100-px brush",
                brush="soft",
                size=100.0,
                hardness=0.3,
            ),
            *_previews(session, window),
            *_stall(session, window),
            *_layers(application, session),
            *_idle(session),
            *_long_day(),
        ]
        window.close()
        return rows


def _ink(application, session, window, painted: Painted, edge: int, pen: str, **ink) -> list[Row]:
    """From posting a pointer event to the end of the paint event that shows its ink, live on."""
    session.new_picture("sketch", edge, edge)
    until(lambda: session.live.preview is not None and not session.live.behind)
    before_ink = session.strokes.ink
    session.strokes.set_ink(**ink)
    times = ink_times(application, window, painted, edge)
    session.strokes.set_ink(brush=before_ink.brush, size=before_ink.size, hardness=before_ink.hardness)
    what = f"pointer event → its ink painted, {edge}², {pen}"
    return [
        Row(f"{what}, median", None, statistics.median(times), "ms", span=(times[0], times[-1])),
        Row(f"{what}, p99", INK_MS, times[int(len(times) * 0.99)], "ms"),
    ]


def _previews(session, window) -> list[Row]:
    """From the end of a stroke to the preview that shows all of it: in the panel, and in turns with it in a
    window of its own, so that both meet the same machine."""
    panel, own = [], []
    for _ in range(TURNS):
        panel += _preview_times(session, window, window.preview)
        window.actions_table["preview_window"].setChecked(True)
        own += _preview_times(session, window, window.preview_controller.window.preview)
        window.actions_table["preview_window"].setChecked(False)
    what = "finished stroke → its preview on screen, 512², median"
    ratio = statistics.median(own) / statistics.median(panel)
    return [
        Row(what, 80, statistics.median(panel), "ms"),
        Row(f"{what}, in a window of its own, times as long as in the panel", 1.25, ratio, ""),
    ]


def _preview_times(session, window, preview) -> list[float]:
    session.new_picture("sketch", 512, 512)
    until(lambda: session.live.preview is not None and not session.live.behind)
    times = []
    for stroke in range(STROKES_A_TURN):
        y = 40 + stroke * 84
        QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseButtonPress, 60, y))
        for place in range(1, 20):
            QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseMove, 60 + place * 20, y))
            QApplication.processEvents()
        start = time.perf_counter()
        QApplication.sendEvent(window.canvas, event(window, QEvent.Type.MouseButtonRelease, 440, y))
        while session.live.behind:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        preview.repaint()
        times.append((time.perf_counter() - start) * 1000)
    return times


def _stall(session, window) -> list[Row]:
    """The longest time between two turns of the event loop while drawing without a pause."""
    drawn = draw(session, window, DRAWING_S)
    return drawn.stalls(f"longest stall of the window in {DRAWING_S:.0f} s of drawing, live on", 50)


def _layers(application, session) -> list[Row]:
    """From asking for a layer more to its row in the list, and the canvas painted."""
    session.new_picture("image", 512, 512)
    while len(session.document.layers) < 98:
        session.layers.add_paint()
    application.processEvents()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        session.layers.add_paint()
        application.processEvents()
        times.append((time.perf_counter() - start) * 1000)
        session.undo()
        application.processEvents()
    return [Row("a new layer, 98 there already, median", 30, statistics.median(times), "ms")]


def _idle(session) -> list[Row]:
    """Of one processor, while nothing changes; and whether the network was asked for anything."""
    until(lambda: not session.live.behind)
    loop = QEventLoop()
    QTimer.singleShot(2000, loop.quit)  # for what is saved and made exact after a stroke
    loop.exec()
    shown = session.live.preview
    begun, busy = time.perf_counter(), time.process_time()
    QTimer.singleShot(int(IDLE_S * 1000), loop.quit)
    loop.exec()
    share = (time.process_time() - busy) / (time.perf_counter() - begun)
    passes = int(session.live.preview is not shown)
    return [
        Row(f"processor time while nothing changes for {IDLE_S:.0f} s", 1, 100 * share, "%"),
        Row("previews that came meanwhile", 0, passes, ""),
    ]


def _long_day() -> list[Row]:
    """What memory does after the undo budget is full: strokes over strokes, all undone, all redone."""
    from desktop.paint.editing.document import Document
    from desktop.paint.strokes.stroke import Ink, Sample
    from desktop.paint.tools import tools

    document = Document.new("sketch", 1024, 1024)
    pen, full = tools()["pen"], 0.0
    for stroke in range(STROKES):
        y = 20 + (stroke * 37) % 980
        line = pen.start(document, Ink(size=12.0), Sample(30, y))
        for x in range(90, 980, 60):
            line.move(Sample(x, y + 12 * (x % 7)))
        line.finish(Sample(990, y))
        if stroke == STROKES_WARM:
            full = _resident_mb()
    most = _resident_mb()
    steps = document.undo_steps
    while document.undo_steps:
        document.undo()
    most = max(most, _resident_mb())
    while document.redo_steps:
        document.redo()
    most = max(most, _resident_mb())
    what = f"memory grows from stroke {STROKES_WARM} to {STROKES}, {steps} steps undone and redone, 1024²"
    return [Row(what, 20, most - full, "MB")]


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
