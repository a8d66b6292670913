"""The program itself, started once more for work that outlives the window, and found again later.

The child is the program with a sub-command, in a session of its own. All that it prints goes to a log
file, which it holds for as long as it lives: so anybody can tell whether it does, even another window
after a restart, and no number of a process that died can be mistaken for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.errors import UnderpaintError
from engine.files import lock
from engine.files.printed import TAIL_BYTES, is_crash_report, last_line

__all__ = ["BusyError", "done", "end", "is_running", "last_line", "program", "start"]

_ROOT = Path(__file__).resolve().parent.parent.parent
_PATIENCE = 0.1
"""Seconds between two looks whether a short work is still wanted."""
_LOOKS = 10
"""After so many a child that was told to end and hangs is ended all the same: sooner than the end of the
program loses its patience (see ``task_queue.PATIENCE_S``)."""
_NO_CONSOLE = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # only Windows opens one

_children: dict[Path, subprocess.Popen[bytes]] = {}
"""Those that we started, by their log: somebody must take note of their end."""
_looking = threading.Lock()
"""Held while a log is looked at or taken, so that nobody sees one between the two."""


class BusyError(UnderpaintError):
    """What was to be started is running already."""


def program() -> list[str]:
    """The command that starts this program; a packaged one is its own command."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "desktop"]


def start(words: list[str], log: Path) -> None:
    """Start ``underpaint`` with ``words``; what it prints goes to ``log``, from the beginning.

    Raises:
        BusyError: the one that ``log`` belongs to still runs.
        OSError: there is no room, or no such program.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with _looking:
        if _is_held(log):
            raise BusyError(f"“{log.stem}” is being worked on already; wait until that is done.")
        with log.open("wb") as file:
            lock.hold(file)  # the child's copy of the file goes on holding it
            _children[log] = subprocess.Popen(
                [*program(), *words],
                cwd=_ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                creationflags=_NO_CONSOLE,
                start_new_session=True,  # Ctrl-C in a terminal is meant for the window
            )


def done(words: list[str], given_up: Callable[[], bool]) -> str:
    """Have ``underpaint`` do something that is over in seconds, and wait for it. Not on the UI thread.

    Args:
        given_up: asked meanwhile; where nobody wants it any more, the child is told to end.

    Returns:
        Nothing where all went well, else a sentence on what did not.

    Raises:
        OSError: it can't be started.
    """
    with tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(
            [*program(), *words],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            creationflags=_NO_CONSOLE,
            start_new_session=True,
        )
        ending_asked = 0
        while child.returncode is None:
            if given_up():
                end = child.terminate if ending_asked < _LOOKS else child.kill
                end()
                ending_asked += 1
            with suppress(subprocess.TimeoutExpired):
                child.wait(_PATIENCE)
        printed.seek(max(0, printed.tell() - TAIL_BYTES))
        text = printed.read().decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if child.returncode == 0:
        return ""
    if not lines or is_crash_report(text):
        return f"It ended unexpectedly ({lines[-1] if lines else child.returncode}); try it again."
    return lines[-1]


def is_running(log: Path) -> bool:
    """Whether the child that prints to ``log`` is alive."""
    with _looking:
        return _is_held(log)


def end(log: Path) -> None:
    """Tell the child that prints to ``log`` to end, if it is one that we started."""
    with _looking:
        if log in _children and _children[log].poll() is None:
            _children[log].terminate()


def _is_held(log: Path) -> bool:
    for ended in [log for log, child in _children.items() if child.poll() is not None]:
        del _children[ended]
    return lock.is_held(log)
