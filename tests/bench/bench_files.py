"""The pen waits for no file: the longest stall of the window while the largest are saved and opened."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer

from tests.bench.pen import opened_window, until
from tests.bench.rows import Row

PATIENCE_S = 60.0
BAR_MS = 50


def run() -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["UNDERPAINT_HOME"] = home
        _, session, window = opened_window()
        rows = [*_saving(session, Path(home)), *_opening(session, Path(home))]
        window.close()
        return rows


def _painted(width: int, height: int, layers: int):
    """A picture that is as hard to pack as a painted one: strokes, soft and full of colour, and a photo."""
    from desktop.paint.editing.document import Document, Role
    from desktop.paint.strokes.stroke import Ink, Sample
    from desktop.paint.tools import tools

    document = Document.new("image", width, height)
    chance = np.random.default_rng(0)
    document.layers[0].pixels[...] = 255
    document.layers[0].pixels[..., :3] = chance.integers(90, 130, (height, width, 3), np.uint8)
    for layer in range(1, layers):
        document.add_layer(Role.PAINT)
        for stroke in range(30):
            y = (20 + 97 * stroke * layer) % height
            ink = Ink(brush="soft", size=120.0, colour=(40 * layer % 255, 8 * stroke, 90))
            line = tools()["pen"].start(document, ink, Sample(50, y))
            for x in range(200, width - 50, 400):
                line.move(Sample(x, y + 60 * (x % 7)))
            line.finish(Sample(width - 50, y))
    document.forget_history()
    return document


def _saving(session, folder: Path) -> list[Row]:
    from desktop.documents.open_documents import OpenPicture

    session.put_up(OpenPicture(_painted(4096, 4096, 4), title="large", unsaved=True))
    until(lambda: session.live.preview is not None and not session.live.behind, PATIENCE_S)
    step = lambda: session.edit(lambda document: document.set_layer(document.active.id, name="other"))  # noqa: E731
    journal = _stall(step, lambda: session.picture.is_guarded)
    jobs: list = []
    saved = _stall(
        lambda: jobs.append(session.save(folder / "large.ora")), lambda: jobs[0].is_over and session.saved
    )
    exported = _stall(
        lambda: jobs.append(session.export("picture", folder / "large.png")), lambda: jobs[1].is_over
    )
    assert all(job.is_fine for job in jobs)
    session.close_picture(session.picture)
    what = "longest stall of the window while 4096², 4 layers (the most at that size)"
    return [
        Row(f"{what}, is saved", BAR_MS, saved[0], "ms"),
        Row("… and how long the saving takes", None, saved[1], "s"),
        Row(f"{what}, is exported", BAR_MS, exported[0], "ms"),
        Row(f"{what}, begins its journal", BAR_MS, journal[0], "ms"),
    ]


def _opening(session, folder: Path) -> list[Row]:
    from desktop.paint.files import project

    path = folder / "wide.ora"
    project.save(_painted(8192, 4096, 2), path)
    jobs: list = []

    def shown() -> bool:
        return jobs[0].is_over and session.document.width == 8192 and not session.live.behind

    opened = _stall(lambda: jobs.append(session.open_file(path)), shown)
    what = "8192 × 4096, 2 layers, is opened, until its preview is there"
    return [
        Row(f"longest stall of the window while {what}", BAR_MS, opened[0], "ms"),
        Row("… and how long that takes", None, opened[1], "s"),
    ]


def _stall(begin: Callable[[], object], over: Callable[[], bool]) -> tuple[float, float]:
    """Milliseconds of the longest time between two turns of the event loop, from ``begin`` until ``over``;
    and seconds of it all."""
    loop, beat = QEventLoop(), QTimer()
    beat.setInterval(1)
    beat.setTimerType(Qt.TimerType.PreciseTimer)
    start = last = time.perf_counter()
    longest = 0.0

    def tick() -> None:
        nonlocal longest, last
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        if over() or now - start > PATIENCE_S:
            loop.quit()

    beat.timeout.connect(tick)
    QTimer.singleShot(0, begin)
    beat.start()
    loop.exec()
    assert over(), "waited in vain"
    return longest * 1000, last - start
