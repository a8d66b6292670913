"""``underpaint resume``: going on with a training, or making it longer."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.messages import say
from trainer.cli.options import refusing
from trainer.cli.running import fit_run
from trainer.machine import at_work, process_priority
from trainer.run.options import MOST_EPOCHS, MOST_MINUTES, one_of


def resume(
    run: Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")],
    epochs: Annotated[
        float | None, typer.Option(min=0.001, max=MOST_EPOCHS, help="Go on to so many epochs in all.")
    ] = None,
    sweeps: Annotated[float | None, typer.Option(min=0.001, max=MOST_EPOCHS, hidden=True)] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Go on to so many steps in all.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, max=MOST_MINUTES, help="Go on for so long from here.")
    ] = None,
    gently: Annotated[bool, typer.Option("--gently", help="Let other programs go first.")] = False,
) -> None:
    """Go on with a training that was stopped, or make it longer."""
    with refusing():
        one_of(epochs=epochs, sweeps=sweeps, steps=steps, minutes=minutes)
    epochs = sweeps if epochs is None else epochs
    process_priority.behave(gently)
    from trainer.machine import distributed
    from trainer.planning import extend_run
    from trainer.run.folder import opened
    from trainer.training.fit import refuse_changes

    there = opened(run)
    config, leads = there.config(), distributed.expected().leads
    if leads and (beside := at_work.remark(run)):
        say(beside)

    def extend() -> None:
        with there.writing(), there.held():
            there.extend(extend_run.extend_config(there, data, epochs=epochs, steps=steps, minutes=minutes))
            there.take_back("stop")
            there.take_back("pause")

    with at_work.noted(run) if leads else nullcontext():
        data = extend_run.data_of(config)
        refuse_changes(config, data)
        with distributed.joined(config.device) as world:
            world.first(extend)
            fit_run(there, there.config(), data)
