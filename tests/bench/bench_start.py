"""How soon the window stands and the first preview shows, in fresh processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.bench.rows import Row

RUNS = 5
SCRIPT = """
import os, sys, time
start = float(os.environ["STARTED"])
from desktop.app import begin, make_application, open_window
from PySide6.QtCore import QTimer
app = make_application()
session, window = open_window()
window.show()
app.processEvents()
window.repaint()
visible = time.time() - start
torch_first = "torch" in sys.modules
QTimer.singleShot(0, lambda: begin(session, window, None))
def look():
    if session.live.preview is not None:
        window.preview.repaint()
        print(visible, time.time() - start, int(torch_first))
        timer.stop()
        window.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
app.exec()
"""


def run() -> list[Row]:
    visible, preview = [], []
    for _ in range(RUNS + 1):
        with tempfile.TemporaryDirectory() as home:
            environment = {
                **os.environ,
                "UNDERPAINT_HOME": home,
                "QT_QPA_PLATFORM": "offscreen",
                "STARTED": repr(time.time()),
            }
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True, text=True
            )
        first, second, torch_first = done.stdout.split()
        assert torch_first == "0", "torch was imported before the window stood"
        visible.append(float(first))
        preview.append(float(second))
    # The first start warms the disk cache.
    return [
        Row("window visible after start, warm disk, median", 1.5, statistics.median(visible[1:]), "s"),
        Row("first preview after start, warm disk, median", 4, statistics.median(preview[1:]), "s"),
    ]
