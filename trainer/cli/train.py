"""``underpaint train``: a training, from a folder of pictures to a model."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import typer

from engine.files.writing import stem
from trainer.cli.data import found_data
from trainer.cli.messages import say
from trainer.cli.options import asked, refuse_unwritable
from trainer.cli.running import begun, fit_run
from trainer.machine import at_work, process_priority
from trainer.run.options import Options


@asked
def train(options: Options) -> None:
    """Train a model on a folder of pairs or photos.

    Ctrl-C saves; underpaint resume goes on.
    """
    process_priority.behave(options.gently)
    # Before torch is imported: a folder that there isn't is told at once.
    found = found_data(
        options.data, options.task, options.swap, options.palette, options.pair, options.ignore
    )
    import resources
    from trainer.dataset_check import check as checking
    from trainer.dataset_check.counting import counting
    from trainer.machine import distributed
    from trainer.planning import plan
    from trainer.run import folder as runs

    if options.run is not None:
        runs.refuse_inside(options.run, options.data)
    world = distributed.expected()
    if world.size == 1:  # of several the leading one makes it, and for the others it may be there already
        if options.run is not None:
            runs.refuse_existing(options.run)
        refuse_unwritable(folders=[options.run or resources.home("runs")])
    if options.run is None and world.size > 1:  # each would look for a free one, and find another
        raise typer.BadParameter("say where several processes are to train", param_hint="--run-folder")
    if world.leads and (beside := at_work.remark(options.run)):
        say(beside)
    with at_work.noted(options.run) if world.leads else nullcontext():
        for problem in (*found.problems, *checking.few(found)):
            if not problem.severe and world.leads:
                say(f"warning: {problem}")
        with counting("Looking") as progress:
            found = replace(found, problems=tuple(checking.stopping(found, progress)))
        for problem in found.problems:
            if not problem.severe and world.leads:
                say(f"warning: {problem}")
        config = plan.make_config(found, options, processes=world.size)
        place = options.run or runs.free(resources.home("runs", stem(config.name, "run")))
        with distributed.joined(config.device):
            run = begun(place, config, found)
            fit_run(run, run.config(), found)
