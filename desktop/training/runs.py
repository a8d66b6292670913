"""The user's run folders as the window sees them: read without torch, and without trust.

Where they lie, and what beside them, ``trainer.run.places`` tells.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import resources
from desktop.support import background
from engine.data.card import InputKind
from engine.data.task import input_of
from engine.errors import UnderpaintError
from engine.files import lock
from trainer.run.events import Event, Follower
from trainer.run.history import TrainingHistory
from trainer.run.places import log_of, palette_of, place

__all__ = [
    "Phase",
    "Plan",
    "RunError",
    "RunStatus",
    "RunSummary",
    "all_runs",
    "delete",
    "is_alive",
    "log_of",
    "palette_of",
    "place",
    "read_plan",
    "run_watcher",
]

Phase = Literal["starting", "running", "paused", "stopping", "stopped", "interrupted", "failed", "finished"]
"""``stopped`` was asked for; ``interrupted`` was not, and can be gone on with; ``failed`` never began."""

ENDS = ("", "stopped", "finished")
"""What a journal says last of a training that nobody works on, or not yet."""

MOST_CONFIG_BYTES = 4 << 20


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


def run_watcher(folder: Path) -> Callable[[], RunStatus]:
    """A function that tells what is new in a run since it was called last; it reads files."""
    follower, told = Follower(folder / "events.jsonl"), TrainingHistory()
    seen_at_work = False

    def look() -> RunStatus:
        nonlocal seen_at_work
        # In this order: what has ended by now has told everything.
        alive = is_alive(folder)
        plan = read_plan(folder)
        events = follower.news()
        told.take(events)
        line = background.last_line(log_of(folder))
        phase = _phase(folder, alive, plan, told.last, seen_at_work)
        seen_at_work = alive and (seen_at_work or told.last not in ENDS)
        model, best = ((folder / f"{name}.safetensors").is_file() for name in ("model", "best"))
        return RunStatus(folder, phase, plan, events, line, model, best)

    return look


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
        told = TrainingHistory()
        told.take(status.events)
        journal = folder / "events.jsonl"
        touched = (journal if journal.exists() else folder).stat().st_mtime
        found.append(
            RunSummary(folder, status.phase, plan, told.step, touched, status.has_model, _bytes_of(folder))
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
