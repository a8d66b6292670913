"""A run made longer, or shorter: how many steps it is to have in all.

A lengthened run goes on as one that had been meant to be so long from the start would from there. So its
learning rate follows the longer schedule: where it had fallen it rises again, to what it would be by then,
and falls to zero at the new end. A run that was stopped before its rate began to fall ends, lengthened, with
the very weights of one that was planned so long.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path

from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.data.void_labels import colours_of
from trainer.machine import distributed
from trainer.machine.errors import TrainingError
from trainer.planning import estimate
from trainer.run import events
from trainer.run.config import Config, check
from trainer.run.folder import Run

RECENT = 50
"""Of so many ``step`` events the middle speed counts: pauses, validations and a busy hour don't mislead."""


def data_of(config: Config) -> DataSet:
    """The data set of a run, found as it was when the run began.

    Raises:
        PictureError: it is gone, or damaged.
    """
    return pairs.find(
        Path(config.data),
        task=config.task,
        swap=config.swap,
        palette=config.palette,
        pattern=config.way,
        ignore=colours_of(config.ignored),
    )


def extend_config(
    run: Run,
    data: DataSet,
    *,
    steps: int | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
) -> Config:
    """The run's config, with as many steps as are asked for; nothing is written.

    Args:
        data: all pairs of the data set, for a trial where the run has told no speed yet.
        steps: in all.
        epochs: times through the training pairs, in all.
        minutes: from where the run stands, at the speed that it had.

    Raises:
        TrainingError: it has come farther already, or doesn't fit into memory or onto the disk.
    """
    config, standing = run.config(), run.standing()
    if epochs is not None:
        steps = max(1, round(epochs * config.pairs / config.batch))
    if minutes is not None:
        pause = _logged_seconds_a_step(run, config) or _tried_seconds_a_step(run, config, data)
        steps = standing + max(1, round(minutes * 60 / pause))
    if steps is None:
        return config
    if steps <= standing:
        raise TrainingError(
            f"“{run.folder.name}” has {standing} steps behind it, and is to have {steps} in all; "
            "ask for more than it has."
        )
    longer = replace(config, steps=steps)
    check(longer)
    return longer


def _logged_seconds_a_step(run: Run, config: Config) -> float | None:
    """How long a step has taken of late; None before anything was told, but of the first steps, in which
    discriminators learn alone and which are quicker than those to come."""
    steps = [
        event
        for event in events.read(run.events)
        if event["event"] == "step" and event["step"] > config.discriminator_first
    ][-RECENT:]
    speeds = [event.get("pictures_per_second") for event in steps]
    known = [speed for speed in speeds if isinstance(speed, int | float) and 0 < speed < float("inf")]
    return config.batch / statistics.median(known) * estimate.OVERHEAD if known else None


def _tried_seconds_a_step(run: Run, config: Config, data: DataSet) -> float:
    if distributed.expected().size > 1:
        raise TrainingError(
            f"“{run.folder.name}” has told no speed yet, and several processes would each measure another; "
            "say how many steps it is to have."
        )
    return estimate.trial(config, data, run.folder).seconds_a_step
