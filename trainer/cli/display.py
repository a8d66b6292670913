"""A training on the terminal: one living line with the time left; elsewhere one plain line a minute."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from engine.data.amounts import duration
from engine.data.amounts import speed as in_words
from trainer.run.events import Event

PLAIN_SECONDS = 60.0


class Display:
    """Watches a run's events; use it as a context manager."""

    def __init__(self, steps: int, batch: int) -> None:
        self._steps, self._batch = steps, batch
        self._console = Console(stderr=True)
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._reported = float("-inf")
        self._speed = 0.0
        if self._console.is_terminal:
            columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[line]}")
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._task = self._progress.add_task("Training", total=steps, line="")

    def __enter__(self) -> Display:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def watch(self, event: Event) -> None:
        """Show what happened, as far as it concerns the user."""
        if event["event"] == "step":
            self._step(event)
        elif event["event"] == "edges":
            done, total = event["done"], event["total"]
            line = f"edges of {done} of {total} photos found, {duration(event['seconds_left'])} left"
            self._show("Looking", done, total, line)
        elif event["event"] in ("message", "health") and "sentence" in event:
            self._say(event["sentence"])
        elif event["event"] in ("started", "resumed", "paused", "continued"):
            self._say(f"{event['event'].capitalize()} at step {event['step']}.")

    def _step(self, event: Event) -> None:
        speed = event["pictures_per_second"]
        # Smoothed, so that the time left does not jump about.
        self._speed = speed if not self._speed else 0.9 * self._speed + 0.1 * speed
        left = ""
        if self._speed:  # rounded, one that takes an hour a picture may be nothing
            left = f"{duration((self._steps - event['step']) * self._batch / self._speed)} left, "
        line = (
            f"step {event['step']} of {self._steps}, {in_words(speed)}, {left}"
            f"L1 {event['l1']:.3f}, adversarial {event['adversarial']:.2f}, "
            f"discriminator {event['discriminator_real']:.2f} and {event['discriminator_fake']:.2f}"
        )
        self._show("Training", event["step"], self._steps, line)

    def _show(self, what: str, done: int, total: int, line: str) -> None:
        if self._progress is not None:
            self._progress.update(self._task, description=what, completed=done, total=total, line=line)
        elif time.monotonic() - self._reported >= PLAIN_SECONDS:
            self._reported = time.monotonic()
            self._say(line)

    def _say(self, line: str) -> None:
        if self._progress is not None:
            self._console.print(line, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 – a terminal's work, without one
