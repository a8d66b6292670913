"""The user's run folders as the window sees them: read without torch, and without trust.

Where they lie, and what beside them, ``trainer.run.locations`` tells.

A run may lie on a disk in the network, and another machine train there. Such a disk is away for a while, and
back; shows a file as it was a moment ago; lets no lock through; and that machine's clock goes otherwise than
ours. So whether somebody trains elsewhere is told by the event log's growing, by our own clock, and a folder
that was there once is not given up.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import resources
from desktop.support import background
from engine.data.card import InputKind
from engine.data.task import input_of
from engine.errors import UnderpaintError
from engine.files import lock
from trainer.run.events import Event, EventReader
from trainer.run.history import TrainingHistory
from trainer.run.locations import free_run_folder, log_of, palette_of

__all__ = [
    "Phase",
    "Plan",
    "RunError",
    "RunStatus",
    "RunSummary",
    "all_runs",
    "delete",
    "free_run_folder",
    "is_alive",
    "log_of",
    "palette_of",
    "read_plan",
    "run_watcher",
]

Phase = Literal["starting", "running", "paused", "stopping", "stopped", "interrupted", "failed", "finished"]
"""``stopped`` was asked for; ``interrupted`` was not, and can be gone on with; ``failed`` never began."""

ENDS = ("", "stopped", "finished")
"""What an event log says last of a training that nobody works on, or not yet."""

MOST_CONFIG_BYTES = 4 << 20
MOST_HOST_BYTES = 255

QUIET_SECONDS = 300.0
"""A training elsewhere that has told nothing for so long is interrupted, until it tells something."""


class RunError(UnderpaintError):
    """A run folder that can't be used."""


@dataclass(frozen=True)
class Plan:
    """What ``config.json`` of a run says that people want to know."""

    name: str
    task: str
    steps: int
    batch: int
    pairs: int

    @property
    def input(self) -> InputKind:
        """The kind of picture that the model wants painted."""
        return input_of(self.task)


@dataclass(frozen=True)
class RunStatus:
    """A run as it was seen just now."""

    folder: Path
    phase: Phase
    plan: Plan | None
    events: list[Event] = field(default_factory=list)
    line: str = ""
    """The last that the trainer printed."""
    has_model: bool = False
    has_best: bool = False
    host: str = ""
    """The other machine that trains there, or did last, if it is another."""
    away: bool = False
    """Whether the folder can't be reached just now; all else is as it was seen last."""


def is_alive(folder: Path) -> bool:
    """Whether somebody trains in a run folder: started from the window, or on the command line."""
    return background.is_running(log_of(folder)) or lock.is_held(folder / "lock")


def read_plan(folder: Path) -> Plan | None:
    """The run's plan; None while there is none, or none that makes sense."""
    file = folder / "config.json"
    try:
        if file.stat().st_size > MOST_CONFIG_BYTES:
            return None
        fields: dict[str, Any] = json.loads(file.read_text("utf-8"))
        counts = (max(1, int(fields[name])) for name in ("steps", "batch", "pairs"))
        return Plan(str(fields["name"]), str(fields["task"]), *counts)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a training, which a data set may lie in as well."""
    return os.path.isfile(folder / "config.json") and os.path.isdir(folder / "samples")


def trained_on(folder: Path) -> str:
    """The name of the other machine that trains in a run folder, or did last; empty where it is this one."""
    try:
        with (folder / "host").open("rb") as file:
            name = file.read(MOST_HOST_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return ""
    return "" if name == platform.node() or not name.isprintable() else name


def run_watcher(folder: Path, clock: Callable[[], float] = time.monotonic) -> Callable[[], RunStatus]:
    """A function that tells what is new in a run since it was called last; it reads files.

    Args:
        clock: seconds that go on steadily.
    """
    log = folder / "events.jsonl"
    reader, history = EventReader(log), TrainingHistory()
    known: RunStatus | None = None
    seen_at_work = False
    heard = 0.0

    def look() -> RunStatus:
        nonlocal known, seen_at_work, heard
        # In this order: what has ended by now has told everything.
        alive = is_alive(folder)
        plan = read_plan(folder)
        host = trained_on(folder)
        events = reader.news()
        history.take(events)
        model, best = ((folder / f"{name}.safetensors").is_file() for name in ("model", "best"))
        # What is missing now may have been missing while the rest was looked at.
        if known is not None and (plan is None or not os.path.isfile(folder / "config.json")):
            return replace(known, events=events, away=True)
        if known is None:
            heard = clock() - _age(log)
        elif events:
            heard = clock()
        if host and history.last not in ENDS and clock() - heard < QUIET_SECONDS:
            alive = True
        line = background.last_line(log_of(folder))
        phase = _phase(folder, alive, plan, history.last, seen_at_work)
        seen_at_work = alive and (seen_at_work or history.last not in ENDS)
        status = RunStatus(folder, phase, plan, events, line, model, best, host)
        if plan is not None:
            known = status
        return status

    return look


def _age(log: Path) -> float:
    """Seconds since a log has grown, by the clocks of both machines; for ever where these disagree."""
    try:
        age = time.time() - log.stat().st_mtime
    except OSError:  # not begun yet
        return 0.0
    return age if age > -QUIET_SECONDS else math.inf


def _phase(folder: Path, alive: bool, plan: Plan | None, last: str, seen_at_work: bool) -> Phase:
    if alive:
        if last in ENDS:  # of this process, which is about to end, or of the one before it
            return "stopping" if seen_at_work else "starting"
        if plan is None:
            return "starting"
        if (folder / "stop").exists():
            return "stopping"
        return "paused" if (folder / "pause").exists() else "running"
    if plan is None:
        return "failed"
    if last == "finished":
        return "finished"
    return "stopped" if last == "stopped" else "interrupted"


@dataclass(frozen=True)
class RunSummary:
    """A run among the others, in a line."""

    folder: Path
    phase: Phase
    plan: Plan
    step: int
    touched: float
    """Seconds since 1970 when it last told something."""
    has_model: bool
    size: int
    """Bytes on the disk."""


def all_runs() -> list[RunSummary]:
    """The user's runs, the newest first. Reads files."""
    home = resources.home("runs")
    try:
        folders = [folder for folder in home.iterdir() if not folder.name.startswith(".")]
    except OSError:  # no trainings yet
        return []
    found = []
    for folder in folders:
        plan = read_plan(folder)
        if plan is None:
            continue
        status = run_watcher(folder)()
        history = TrainingHistory()
        history.take(status.events)
        log = folder / "events.jsonl"
        touched = (log if log.exists() else folder).stat().st_mtime
        found.append(
            RunSummary(folder, status.phase, plan, history.step, touched, status.has_model, _bytes_of(folder))
        )
    return sorted(found, key=lambda past: past.touched, reverse=True)


def delete(folder: Path, discard: Callable[[Path], bool]) -> bool:
    """Have a run folder discarded, and then what lies beside it.

    Args:
        discard: takes the folder away; returns whether it did.

    Raises:
        RunError: it is none of the user's runs, or somebody trains there.
        OSError: it can't be deleted.
    """
    if folder.parent != resources.home("runs"):
        raise RunError(f"“{folder.name}” does not lie where Underpaint keeps its trainings; it stays.")
    if is_alive(folder):
        raise RunError(f"“{folder.name}” is being trained; stop that first.")
    if not discard(folder):
        return False
    for beside in (log_of(folder), palette_of(folder)):
        beside.unlink(missing_ok=True)
    return True


def _bytes_of(folder: Path) -> int:
    """What the files in a folder take; links are not followed."""
    total = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(inside, name)).st_size
            except OSError:  # gone since
                continue
    return total
