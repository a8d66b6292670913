"""How soon the packaged program's window stands on a real X screen; wants ``make app``, Xvfb and xdotool."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.rows import Row
from tests.journeys.x_screen import Screen

RUNS = 5
PROGRAM = Path(__file__).resolve().parent.parent.parent / "dist/underpaint/underpaint"


def run() -> list[Row]:
    """One start to warm the disk, then ``RUNS`` measured ones, each with files of its own."""
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing or not PROGRAM.exists():
        print(f"not measured: there is no {', '.join([*missing, 'dist/underpaint'])}", file=sys.stderr)
        return []
    times = []
    with tempfile.TemporaryDirectory() as folder:
        screen = Screen(Path(folder))
        try:
            for number in range(RUNS + 1):
                home = Path(folder) / f"home-{number}"
                home.mkdir()
                start = time.perf_counter()
                child = screen.start(home=home, program=os.fspath(PROGRAM))
                screen.hand("search", "--sync", "--onlyvisible", "--class", "underpaint")
                times.append(time.perf_counter() - start)
                child.terminate()
                child.wait()
        finally:
            screen.close()
    warm = times[1:]
    span = min(warm), max(warm)
    return [Row("packaged program: window visible, warm start", 3, statistics.median(warm), "s", span=span)]
