"""``underpaint pairs``: pairs made of photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.data.task import Task
from trainer.cli.data import found_data
from trainer.cli.messages import print_path, report_data_set, say
from trainer.cli.options import Pair, refuse_unwritable


def pairs(
    photos: Annotated[Path, typer.Argument(help="A folder of photos.", metavar="PHOTOS")],
    out: Annotated[Path, typer.Option(help="The new folder for the pairs.")],
    task: Annotated[Task, typer.Option(help="What to make of the photos.")] = "hints",
    size: Annotated[
        int | None, typer.Option(min=32, max=4096, help="Shorter edge; by default as is.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of hands and hints.")] = 0,
    variety: Annotated[bool, typer.Option(help="Draw as different hands would.")] = True,
    sure: Annotated[
        float | None,
        typer.Option(
            min=0.3,
            max=0.75,
            help="How sure an edge must be to become a line: more is fewer lines. By default it varies.",
        ),
    ] = None,
    pair: Pair = "",
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="One file a pair, for other programs.")
    ] = False,
) -> None:
    """Make pairs of photos: line drawings, with colour hints, grey or reduced pictures.

    To look at, to draw over, or for other programs: training makes its own, new ones in every epoch.
    """
    from trainer.dataset_check import making
    from trainer.dataset_check.counting import counting, waiting
    from trainer.perception import weights

    if task in ("labels", "image"):
        raise typer.BadParameter("use lines, hints, grey or small", param_hint="--task")
    making.refuse_used(out, photos)
    refuse_unwritable(folders=[out])
    with waiting("Looking for pairs"):
        found = found_data(photos, task, pattern=pair)
    report_data_set(found)
    if task in ("lines", "hints") and not weights.available():
        say(weights.MISSING)
    with counting("Drawing") as progress:
        count, unread = making.make(
            found,
            out,
            size=size,
            seed=seed,
            variety=variety,
            sure=sure,
            side_by_side=side_by_side,
            progress=progress,
        )
    for sentence in unread:
        say(f"error: {sentence}")
    say(f"pairs made: {count}")
    print_path(out)
    if unread:
        raise typer.Exit(1)
