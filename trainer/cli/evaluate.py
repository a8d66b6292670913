"""``underpaint evaluate``: how good a model is."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.data.task import Task
from engine.files.writing import stem
from trainer.cli.messages import say
from trainer.cli.options import DataFolder, Pair, refuse_unwritable
from trainer.machine import process_priority

PERCEPTUAL_PAIRS = 40
"""Pairs of which perceptual and kernel distance are measured, where nothing else is said."""

DABBED = 60
"""Pairs that are translated again for what hints do: without any, and with dabs."""


def evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="A model's name or file, or a run folder.")],
    data: DataFolder,
    out: Annotated[Path | None, typer.Option(help="The folder for the report.")] = None,
    recogniser: Annotated[
        Path | None, typer.Option(help="For labels: one that was kept, or where to keep it.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the recogniser.")] = 0,
    task: Annotated[Task | None, typer.Option(help="By default what it was trained for.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="The other direction.")] = False,
    pair: Pair = "",
    classes: Annotated[
        Path | None,
        typer.Option(
            help="For models that make maps: a .gpl file with their colours. Told is how much of each is "
            "found again."
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cuda, mps, xpu or cpu.")] = None,
    perceptual_pairs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Pairs of which perceptual and kernel distance are measured too, a second each. "
            "By default 40; of label models, which have a label score, none. 0 leaves out styles, too.",
            metavar="PAIRS",
        ),
    ] = None,
    looks: Annotated[int | None, typer.Option(min=0, hidden=True, help="As it was called.")] = None,
    lines: Annotated[
        Literal["edges", "gradients"],
        typer.Option(
            help="How drawings are made of photos: by trained edges, as people draw, or by gradients."
        ),
    ] = "edges",
    as_json: Annotated[bool, typer.Option("--json", help="An object instead of lines.")] = False,
) -> None:
    """Judge a model by pairs that it was not trained on, as the canvas runs it.

    Writes a report with a contact sheet, by default into the run folder, else beside where you are.
    """
    process_priority.wait_idly()
    import resources
    from engine.data.palette import read_gpl
    from engine.models import catalogue
    from engine.passes import opening
    from trainer.data import pairs
    from trainer.dataset_check.counting import counting, waiting
    from trainer.evaluation import evaluate as evaluation
    from trainer.evaluation import recogniser as recognising
    from trainer.evaluation import report, styles
    from trainer.machine.errors import TrainingError
    from trainer.perception import weights
    from trainer.run.folder import Run

    if looks is not None and perceptual_pairs is not None:
        raise typer.BadParameter(
            "is the old name of --perceptual-pairs; use one of them", param_hint="--looks"
        )
    perceptual_pairs = looks if perceptual_pairs is None else perceptual_pairs
    kinds = read_gpl(classes) if classes is not None else None
    folder = Path(model)
    is_run = catalogue.is_run(folder)
    opened = opening.open(model, device=device, notice=say)
    card = opened.card
    place = out or (folder / "report" if is_run else Path(f"{stem(card.name, 'model')}-report"))
    if place.resolve().is_relative_to(data.resolve()):  # its contact sheet would be one of the pictures
        raise TrainingError(f"The report “{place}” lies in the data set; choose another place with --out.")
    refuse_unwritable(*(place / name for name in report.FILES), made=True)
    if card.input == "labels" and recogniser is not None and not recogniser.exists():
        refuse_unwritable(recogniser)
    reader, notes = None, []
    maps = None
    if not weights.available():
        perceptual_pairs = 0
        notes.append(
            "The trained eye's weights are missing here: what it measures is left out, and drawings are made "
            "by gradients; install the program anew."
        )
    elif lines == "edges" and card.input == "sketch":
        maps = _kept(Run(folder).edge_maps if is_run else resources.home("runs", "edge maps"), context)
    measured = (
        PERCEPTUAL_PAIRS if perceptual_pairs is None and card.input != "labels" else perceptual_pairs or 0
    )
    with waiting("Looking for pairs, and trying some"):
        found = evaluation.load_pairs(card, data, task=task, swap=swap, pattern=pair)
        pace = evaluation.estimate_time(opened, found, measured, DABBED, maps)
        if perceptual_pairs != 0:
            pace = replace(pace, looking=pace.looking + styles.seconds(opened, found))
    say(pace.in_words(pace.learning if card.input == "labels" else 0.0))
    if card.input == "labels":
        kept = resources.home("recognisers", f"{pairs.digest(found)[:16]}-{seed}.safetensors")
        try:
            with counting("Learning to read labels") as progress:
                reader = evaluation.recogniser_for(
                    card, found, recogniser or kept, seed=seed, seconds=pace.learning, progress=progress
                )
        except TrainingError as error:
            notes.append(str(error))
    with counting("Translating") as progress:
        result = evaluation.evaluate(
            opened,
            found,
            recogniser=reader,
            classes=kinds,
            perceptual_pairs=measured,
            dabbed=DABBED,
            edge_maps=maps,
            progress=progress,
        )
    if not weights.available():
        pass  # said above
    elif perceptual_pairs == 0 and card.style:
        notes.append("Diversity and obedience are not measured, as asked by --perceptual-pairs 0.")
    else:
        with counting("Looking at styles") as progress:
            of_styles = styles.measure_styles(opened, found, edge_maps=maps, progress=progress)
        result.scores |= of_styles.scores
        notes += of_styles.notes
    result.notes += notes
    page = report.write(place, result)
    if reader is not None:
        recognising.write(page.parent / "recogniser.safetensors", reader)
    for note in result.notes:
        say(note)
    say(f"report {page}")
    typer.echo(report.to_json(result) if as_json else "\n".join(report.to_lines(result)))


def _kept(folder: Path, context: typer.Context) -> Path:
    """Where edge maps are kept: there; where nothing can be written, elsewhere until the command is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(context.with_resource(tempfile.TemporaryDirectory()))
