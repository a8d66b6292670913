"""How far a walk through many files has come, on stderr; needs neither torch nor a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.data.amounts import duration

AT_ONCE_SECONDS = 1.0
"""What takes longer is told …"""
PLAIN_SECONDS = 10.0
"""… and again after so long, where there is no terminal."""


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to tell how many of how many are done: a bar on a terminal, elsewhere a line every few
    seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(what)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield report


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what is going on inside the block, where that takes a while and can't be counted."""
    over = threading.Event()

    def show() -> None:
        if not over.wait(AT_ONCE_SECONDS):
            print(f"{what} …", file=sys.stderr, flush=True)  # noqa: T201 – as below

    clock = threading.Thread(target=show, name="waiting", daemon=True)
    clock.start()
    try:
        yield
    finally:
        over.set()
        clock.join()


class _Lines:
    """Tells in plain lines, the first one as soon as it has taken a while."""

    def __init__(self, what: str) -> None:
        self._what, self._began = what, time.monotonic()
        self._due = self._began + AT_ONCE_SECONDS

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._due or not done:
            return
        self._due = now + PLAIN_SECONDS
        left = (now - self._began) / done * (total - done)
        line = f"{self._what}: {done} of {total}, about {duration(left)} left"
        print(line, file=sys.stderr, flush=True)  # noqa: T201 – a terminal's work, without one
