"""One training of the queue at work, as a process of its own: begun, or found going on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psutil

from engine.files import lock
from engine.files.printed import last_line
from trainer.machine.errors import DATA_CHANGED
from trainer.queue.items import Item
from trainer.run import events
from trainer.run.folder import Run
from trainer.run.history import TrainingHistory
from trainer.run.locations import free_run_folder, is_worked_on, log_of, spare_threads

_ROOT = Path(__file__).resolve().parent.parent.parent
_NO_CONSOLE = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # only Windows opens one

LEAST_MINUTES = 1.0
"""Of what is left to a training."""
PATIENCE_SECONDS = 120.0
"""A training that was asked to stop saves after the step at hand; after so long it is told by a signal."""


@dataclass(frozen=True)
class Outcome:
    """How a training has ended."""

    kind: Literal["done", "stopped", "failed", "crashed", "changed"]
    """``changed`` has its data set, since it was begun. ``crashed`` is without a word of its own: it can be
    gone on with from its checkpoint."""
    sentence: str = ""


def folder_of(item: Item) -> Path:
    """Where an item is trained, or will be."""
    return item.run or free_run_folder(item.name)


def program() -> list[str]:
    """The command that starts the trainer; a packaged program is its own command."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "trainer"]


def words(item: Item, folder: Path) -> list[str]:
    """The command line that begins an item's training, or goes on with it, without the program's name."""
    if (folder / "config.json").exists():
        return ["resume", str(folder), "--gently"]
    options = item.options
    threads = options.threads or spare_threads()
    return replace(options, run=folder, threads=threads, gently=True).words()


class Work:
    """The training in a run folder.

    Args:
        folder: of the run.
        process: that trains there; None where another program has started it.
        paused: it was asked to pause by the queue already.
    """

    def __init__(
        self, folder: Path, process: subprocess.Popen[bytes] | None = None, *, paused: bool = False
    ) -> None:
        self.run = Run(folder)
        self._process = process
        self._paused, self._stopped = paused, False

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        if self._process is not None:
            return self._process.poll() is None
        return is_worked_on(self.run.folder)

    @property
    def begun(self) -> bool:
        """Whether it has got its folder, which it has after measuring the machine."""
        return (self.run.folder / "config.json").exists()

    @property
    def paused(self) -> bool:
        """Whether it was asked to pause from here."""
        return self._paused

    @property
    def was_stopped(self) -> bool:
        """Whether it was asked to end from here."""
        return self._stopped

    @property
    def strays(self) -> list[int]:
        """The processes of one that another program has started: by its command line, no child of ours."""
        if self._process is not None:
            return []
        found = psutil.process_iter(["pid", "cmdline"])
        return [one.pid for one in found if str(self.run.folder) in (one.info["cmdline"] or ())]

    def pause(self) -> None:
        """Have it wait after the step at hand. Before it has begun there is nothing to pause."""
        if not self._paused and self.begun:
            self._paused = True
            self.run.ask("pause")

    def go_on(self) -> None:
        """End a pause that was asked for from here; one that the user wanted goes on."""
        if self._paused:
            self._paused = False
            self.run.take_back("pause")

    def stop(self) -> None:
        """Have it save and end; before it has begun, just end."""
        if self._stopped:
            return
        if self.begun:
            self._stopped = True
            self.run.ask("stop")
        elif self._process is not None:
            self._stopped = True
            self._process.terminate()

    def end(self) -> None:
        """Stop it and wait until it has."""
        self.stop()
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_SECONDS)
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def outcome(self) -> Outcome:
        """How it has ended."""
        code = self._process.returncode if self._process is not None else None
        last = _last_event(self.run)
        if last == "finished" and not code:
            return Outcome("done")
        cut_off = self._stopped and (not self.begun or code == -signal.SIGTERM)
        if cut_off or (last == "stopped" and not code):
            return Outcome("stopped")
        if code is not None and code > 0:
            sentence = last_line(log_of(self.run.folder))
            return Outcome(
                "changed" if code == DATA_CHANGED else "failed",
                sentence or f"It ended with code {code} and without a word; try it again.",
            )
        return Outcome("crashed", _of_signal(code))


def anew(item: Item) -> Item:
    """What becomes of a training whose data set is another one than when it was begun.

    For the rest of its time it goes on from the model that it has made, as a new training; before there is a
    model, it begins again. Its run folder stays.
    """
    assert item.run is not None
    run, history = Run(item.run), TrainingHistory()
    history.take(events.read(run.events))
    done = history.model_step or 0
    left = 1 - done / history.steps if history.steps else 1.0
    if run.model.exists():
        how = "it goes on from its model, as a new training"
        options = replace(item.options, from_model=str(run.model))
    else:
        how, left, options = "it begins again, as there was no model yet", 1.0, item.options
    if left < 1 and options.minutes:
        options = replace(options, minutes=min(options.minutes, max(LEAST_MINUTES, options.minutes * left)))
    elif left < 1:
        rest = max(1, history.steps - done)
        ahead = options.discriminator_first
        options = replace(
            options,
            minutes=None, epochs=None, steps=rest,
            discriminator_first=ahead and min(ahead, rest - 1),  # some are for the generator
        )  # fmt: skip
    sentence = f"The data set is not as it was begun with: {how}; what there was stays in “{item.run}”."
    return replace(item, options=options, state="waiting", run=None, sentence=sentence, crashes=0)


def begin(item: Item, folder: Path) -> Work:
    """Start an item's training; what it prints goes to the run's log, which it holds as long as it lives.

    Raises:
        OSError: there is no room, or no such program.
    """
    log = log_of(folder)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        if not lock.hold(file):
            raise OSError(f"“{folder.name}” is being worked on")
        file.truncate(0)
        process = subprocess.Popen(
            [*program(), *words(item, folder)],
            cwd=_ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            creationflags=_NO_CONSOLE,
            start_new_session=True,  # Ctrl-C in a terminal is meant for the queue, which has it saved
        )
    return Work(folder, process)


def _last_event(run: Run) -> str:
    """The last of an event log's words that tell of an end or a beginning; nothing where there is none."""
    names = [event["event"] for event in events.read(run.events)]
    return next(
        (word for word in reversed(names) if word in ("started", "resumed", "stopped", "finished")), ""
    )


def _of_signal(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            name = signal.Signals(-code).name
            more = ", perhaps because memory was short" if name == "SIGKILL" else ""
            return f"It was ended by {name}{more}; “Retry” goes on from its last checkpoint."
    return "It ended unexpectedly; “Retry” goes on from its last checkpoint."
