"""The program itself as a child process, offscreen, for tests of how it starts and ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 90.0


def environment(home: Path, **more: str) -> dict[str, str]:
    """For a program whose files lie in ``home``, its sockets too."""
    runtime = home.parent / f"{home.name}-runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "UNDERPAINT_HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "OMP_NUM_THREADS": "1",
        **more,
    }


@contextmanager
def program(home: Path, *words: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """``python`` with ``words``; killed at the end of the block if it still runs."""
    child = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def wait(done: Callable[[], object], what: str) -> None:
    """Look again and again at what another process does; nothing tells."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def wait_until_ready(home: Path) -> None:
    """Until the window of ``home`` is open and would answer a second start."""
    runtime = home.parent / f"{home.name}-runtime" / "underpaint"
    wait(lambda: any(file.read_bytes() == b"ready" for file in runtime.glob("*.lock")), "the window is open")
