"""Where runs that nobody named a folder for are kept, and what lies beside them.

Beside the folder of a run that was started by the window, or by the queue, lies its log, ``name.log``: what
the trainer printed, held by it while it lives. In each run folder there is a file ``lock``, held by whoever
trains there.
"""

from __future__ import annotations

import os
from pathlib import Path

import resources
from engine.files import lock
from engine.files.writing import first_free, stem
from trainer.run.options import MOST_THREADS


def free_run_folder(name: str) -> Path:
    """A free run folder for a training of that name; it is not made."""
    home = resources.home("runs")
    first = stem(name.replace(".", "_"), "run")  # what follows a dot is another file of the run
    return first_free(
        lambda ending: home / f"{first}{ending}", lambda one: one.exists() or log_of(one).exists()
    )


def model_from_anywhere(model: str | None) -> str:
    """A model's name, or a path that leads to it, or to its run folder, from whatever folder one looks: a
    training may begin in another one than it was asked for in."""
    path = Path(os.path.expanduser(model or ""))
    leads = model and (os.path.isfile(path) or os.path.isfile(path / "config.json"))
    return os.path.abspath(path) if leads else model or ""


def log_of(folder: Path) -> Path:
    """Where the trainer of a run prints to."""
    return folder.with_name(f"{folder.name}.log")


def palette_of(folder: Path) -> Path:
    """Where the names of its labels are handed to the trainer of a run."""
    return folder.with_name(f"{folder.name}.gpl")


def is_worked_on(folder: Path) -> bool:
    """Whether a process trains in a run folder, or is about to."""
    return lock.is_held(log_of(folder)) or lock.is_held(folder / "lock")


def spare_threads() -> int:
    """For a training beside the canvas: two processes that both take all cores choke each other."""
    return min(max(1, (os.cpu_count() or 2) - 1), MOST_THREADS)
