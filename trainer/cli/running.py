"""A run, made and trained, with what the terminal is told of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.amounts import duration
from engine.errors import UnderpaintError
from engine.files.writing import shown
from trainer.cli.messages import print_path, report_data_set, say

APPEARING_SECONDS = 90.0
"""Until a new folder on a disk in the network is seen by all; usual settings allow for up to 60 seconds."""

if TYPE_CHECKING:
    from trainer.data.pairs import DataSet
    from trainer.run.config import Config
    from trainer.run.folder import Run


def begun(folder: Path, config: Config, data: DataSet) -> Run:
    """The run folder, made by the leading process after a trial; the others wait until it is there."""
    from trainer.machine import distributed

    distributed.expected().first(lambda: _make(folder, config, data))
    return _appeared(folder)


def _make(folder: Path, config: Config, data: DataSet) -> None:
    from trainer.perception import weights
    from trainer.planning import estimate, plan
    from trainer.run import folder as runs
    from trainer.run import usual

    runs.refuse_existing(folder)
    report_data_set(data)
    measured = estimate.trial(config, data, folder)
    config = plan.with_step_count(config, measured.seconds_a_step)
    say(measured.in_words(config))
    if config.repaint and config.repainted is not None and config.palette is not None:
        part = config.palette.labels[config.repainted].name
        say(f"{config.repaint:.0%} of the photos are seen with “{shown(part)}” painted anew")
    if config.edges and weights.available():
        first = duration(weights.seconds(config.pairs, config.size))
        say(f"before that the edges of {config.pairs} photos are found, about {first}, once")
    elif not weights.available() and usual.draws(data.task, (pair.a.derived for pair in data.pairs)):
        say(weights.MISSING)
    say(f"run folder {folder}")
    runs.create(folder, config)


def _appeared(folder: Path) -> Run:
    """The run in a folder, which a disk in the network may show somewhat later than it was made."""
    import time

    from trainer.machine.errors import TrainingError
    from trainer.run import folder as runs

    deadline = time.monotonic() + APPEARING_SECONDS
    while not (folder / "config.json").exists():
        if time.monotonic() > deadline:
            raise TrainingError(
                f"“{folder}” was made, and is not to be seen on this machine; let --run-folder be on a disk "
                "that all machines see under the same path."
            )
        time.sleep(0.1)
    return runs.opened(folder)


def fit_run(run: Run, config: Config, data: DataSet) -> None:
    """Train to the end, or until somebody stops it, and say how to go on then."""
    from trainer.cli.display import Display
    from trainer.machine import distributed
    from trainer.training.fit import fit

    try:
        with Display(config.steps, config.batch) as display:
            done = fit(run, config, data, display.watch)
    except UnderpaintError:
        if os.path.lexists(run.checkpoint):  # whose error doesn't take the place of this one
            say(f"To go on later: underpaint resume {run.folder}")
        raise
    if not distributed.expected().leads:
        return
    if done:
        print_path(run.model)
    else:
        say(f"Saved. To go on: underpaint resume {run.folder}")
