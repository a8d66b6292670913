"""``underpaint check``: what is wrong with a folder of pairs or photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.data.task import Task
from trainer.cli.data import found_data
from trainer.cli.messages import report_data_set, say
from trainer.cli.options import DataFolder, Ignore, Pair, refuse_unwritable, refusing
from trainer.run.options import colour_of


def check(
    data: DataFolder,
    task: Annotated[Task | None, typer.Option(help="By default what the pictures look like.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="Take the other side for the input.")] = False,
    pair: Pair = "",
    ignore: Ignore = None,
    palette: Annotated[Path | None, typer.Option(help="A .gpl file with the labels of label maps.")] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write a mended copy; the folder stays as it is.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where to; by default beside the folder.")] = None,
) -> None:
    """Say what is wrong with a folder of pairs or photos, one line each.

    Exit code 1 when there is an error.
    """
    from trainer.dataset_check import check as checking
    from trainer.dataset_check import mend
    from trainer.dataset_check.counting import counting, waiting

    if out is not None and not fix:
        raise typer.BadParameter("goes with --fix", param_hint="--out")
    with refusing():
        ignored = tuple(map(colour_of, ignore or ()))
    place = out or Path(f"{data.resolve()}-mended")
    if fix:
        mend.refuse_used(place, data)
        refuse_unwritable(folders=[place])
    with waiting("Looking for pairs"):
        found = found_data(data, task, swap, palette, pair, ignored)
    report_data_set(found)
    with counting("Looking") as progress:
        problems = checking.check(found, progress)
    for problem in problems:
        typer.echo(f"{'error' if problem.severe else 'warning'}: {problem}")
    errors = sum(problem.severe for problem in problems)
    say(f"errors: {errors}, warnings: {len(problems) - errors}")
    if fix:
        with counting("Mending") as progress:
            count = mend.mend(found, problems, place, progress)
        say(f"{count} of {len(found.pairs)} pairs are in the mended copy {place}")
    if errors:
        raise typer.Exit(1)
