"""The trainer's command line: ``python -m trainer train …``, or ``underpaint train …``, which forwards here.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 something failed or there are
errors in a data set, 2 wrong usage. Whatever takes time to import is imported inside its command.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import UnderpaintError
from engine.files.writing import shown, stem
from resources import NoHomeError
from trainer.cli import options
from trainer.cli.data import found_data
from trainer.cli.options import Format, Precision, RecipeName, Task
from trainer.machine import process_priority

if TYPE_CHECKING:
    from trainer.data.pairs import DataSet
    from trainer.run.config import Config
    from trainer.run.folder import Run

commands = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

DataFolder = Annotated[
    Path, typer.Argument(help="A folder of pairs, or of photos, or a zip file of one.", metavar="DATA")
]


def main() -> None:
    """What ``python -m trainer`` runs."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # names may hold what a console can't show
    try:
        commands(prog_name="python -m trainer")
    except (UnderpaintError, NoHomeError) as error:
        _say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


# --- training ------------------------------------------------------------------------------------

OlderEpochs = Annotated[float | None, typer.Option(min=0.001, max=options.MOST_EPOCHS, hidden=True)]
"""``--sweeps``, as ``--epochs`` was called; scripts may still say so."""


@commands.command()
def train(
    data: DataFolder,
    run: Annotated[
        Path | None,
        # torchrun takes “--run” for the beginning of an option of its own.
        typer.Option("--run", "--run-folder", help="The run folder to make; by default beside the models."),
    ] = None,
    task: Annotated[Task | None, typer.Option(help="By default what the pictures look like.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="Train the other direction.")] = False,
    pair: Annotated[str, typer.Option(help=options.PAIR, metavar="ONE+OTHER")] = "",
    ignore: Annotated[list[str] | None, typer.Option(help=options.IGNORE, metavar="R,G,B")] = None,
    name: Annotated[str | None, typer.Option(help="Of the model; by default the folder's.")] = None,
    size: Annotated[str | None, typer.Option(help="256, or 384x256: width and height.")] = None,
    width: Annotated[int, typer.Option(min=4, max=256, help="Of the networks.")] = 32,
    epochs: Annotated[
        float | None, typer.Option(min=0.001, max=options.MOST_EPOCHS, help="Rounds through the pairs.")
    ] = None,
    sweeps: OlderEpochs = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps, instead of rounds.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, max=options.MOST_MINUTES, help="Time, instead of rounds.")
    ] = None,
    recipe: Annotated[RecipeName, typer.Option(help="Which settings to begin from.")] = RecipeName.default,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures a step.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is random.")] = 0,
    from_model: Annotated[str | None, typer.Option("--from", help="A model to go on from.")] = None,
    network: Annotated[str | None, typer.Option(help="unet, encoder_decoder or resnet.")] = None,
    dropout: Annotated[bool, typer.Option(help="The paper's noise; gives variations.")] = True,
    patch: Annotated[int | None, typer.Option(help="Of the discriminator: 1, 16, 34, 70, 142, 286.")] = None,
    upsampling: Annotated[str | None, typer.Option(help="Of the decoder: transposed or resize.")] = None,
    norms: Annotated[str | None, typer.Option(help="batch, or kept: those of the model --from.")] = None,
    l1: Annotated[float | None, typer.Option(min=0, help="Weight of the L1 loss.")] = None,
    adversarial: Annotated[str | None, typer.Option(help="“cross entropy”, “least squares”, none.")] = None,
    conditional: Annotated[
        bool | None, typer.Option(help="Whether the discriminator sees the input.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of Adam.")] = None,
    ema: Annotated[float | None, typer.Option(help="Share that averaged weights keep a step.")] = None,
    average: Annotated[float | None, typer.Option(hidden=True)] = None,
    flip: Annotated[bool | None, typer.Option(help="Mirror half of the pictures.")] = None,
    recolour: Annotated[float | None, typer.Option(help="Share of hinted pictures in new colours.")] = None,
    differentiable: Annotated[bool | None, typer.Option(help="Augment before the discriminator.")] = None,
    validation: Annotated[
        float | None,
        typer.Option(
            min=0, max=0.5, help="Share of the pairs held back, where no folder val is.", metavar="SHARE"
        ),
    ] = None,
    palette: Annotated[Path | None, typer.Option(help="For labels: a .gpl file, names and all.")] = None,
    colour_labels: Annotated[bool, typer.Option("--colour-labels", help="No plane a label.")] = False,
    device: Annotated[str | None, typer.Option(help="cuda, mps, xpu or cpu.")] = None,
    precision: Annotated[Precision | None, typer.Option(help="By default the quickest.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor.")] = None,
    log_every: Annotated[int | None, typer.Option(min=1, help="Steps between events.")] = None,
    checkpoint_every: Annotated[int | None, typer.Option(min=1, help="Steps; by default a minute.")] = None,
    gently: Annotated[bool, typer.Option("--gently", help="Let other programs go first.")] = False,
) -> None:
    """Train a model on a folder of pairs or photos.

    Ctrl-C saves; underpaint resume goes on.
    """
    edges = options.size(size)
    options.one_of(epochs=epochs, sweeps=sweeps, steps=steps, minutes=minutes)
    epochs = sweeps if epochs is None else epochs
    process_priority.behave(gently)
    import resources
    from trainer.dataset_check import check as checking
    from trainer.dataset_check.counting import counting
    from trainer.machine import distributed
    from trainer.planning import plan
    from trainer.run import folder as runs

    world = distributed.expected()
    if run is None and world.size > 1:  # each would look for a free one, and find another
        raise typer.BadParameter("say where several processes are to train", param_hint="--run-folder")
    found = found_data(data, task.value if task else None, swap, palette, pair, options.colours(ignore))
    for problem in (*found.problems, *checking.few(found)):
        if not problem.severe and world.leads:
            _say(f"warning: {problem}")
    with counting("Looking") as progress:
        found = replace(found, problems=tuple(checking.stopping(found, progress)))
    config = plan.planned(
        found,
        recipe=recipe.value,
        width=width,
        epochs=epochs,
        colour_labels=colour_labels,
        dropout=dropout,
        swap=swap,
        way=pair,
        name=name,
        size=edges,
        steps=steps,
        minutes=minutes,
        batch=batch,
        seed=seed,
        from_model=from_model,
        kind=network,
        patch=patch,
        l1=l1,
        adversarial=adversarial,
        conditional=conditional,
        learning_rate=learning_rate,
        ema=average if ema is None else ema,
        flip=flip,
        differentiable=differentiable,
        recolour=recolour,
        upsampling=upsampling,
        norms=norms,
        validation=validation,
        device=device,
        precision=precision.value if precision else None,
        threads=threads,
        log_every=log_every,
        checkpoint_every=checkpoint_every,
        processes=world.size,
    )
    place = run or runs.free(resources.home("runs", stem(config.name, "run")))
    begun = _begun(place, config, found)
    _fit(begun, begun.config(), found)


@commands.command()
def resume(
    run: Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")],
    epochs: Annotated[
        float | None, typer.Option(min=0.001, max=options.MOST_EPOCHS, help="Go on to so many rounds in all.")
    ] = None,
    sweeps: OlderEpochs = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Go on to so many steps in all.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, max=options.MOST_MINUTES, help="Go on for so long from here.")
    ] = None,
    gently: Annotated[bool, typer.Option("--gently", help="Let other programs go first.")] = False,
) -> None:
    """Go on with a training that was stopped, or make it longer."""
    options.one_of(epochs=epochs, sweeps=sweeps, steps=steps, minutes=minutes)
    epochs = sweeps if epochs is None else epochs
    process_priority.behave(gently)
    from contextlib import nullcontext

    from trainer.machine import distributed
    from trainer.planning import extend_run
    from trainer.run.folder import opened
    from trainer.training.fit import refuse_changes

    there = opened(run)
    config, leads = there.config(), distributed.expected().leads
    data = extend_run.data_of(config)
    refuse_changes(config, data)
    with there.writing(), there.held() if leads else nullcontext():
        config = extend_run.extended(there, data, epochs=epochs, steps=steps, minutes=minutes)
        if leads:
            there.extend(config)
            there.take_back("stop")
            there.take_back("pause")
    _fit(there, config, data)


# --- data ----------------------------------------------------------------------------------------


@commands.command()
def check(
    data: DataFolder,
    task: Annotated[Task | None, typer.Option(help="By default what the pictures look like.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="Take the other side for the input.")] = False,
    pair: Annotated[str, typer.Option(help=options.PAIR, metavar="ONE+OTHER")] = "",
    ignore: Annotated[list[str] | None, typer.Option(help=options.IGNORE, metavar="R,G,B")] = None,
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
    with waiting("Looking for pairs"):
        found = found_data(data, task.value if task else None, swap, palette, pair, options.colours(ignore))
    _tell(found)
    with counting("Looking") as progress:
        problems = checking.check(found, progress)
    for problem in problems:
        typer.echo(f"{'error' if problem.severe else 'warning'}: {problem}")
    errors = sum(problem.severe for problem in problems)
    _say(f"errors: {errors}, warnings: {len(problems) - errors}")
    if fix:
        place = out or Path(f"{data.resolve()}-mended")
        with counting("Mending") as progress:
            count = mend.mend(found, problems, place, progress)
        _say(f"{count} of {len(found.pairs)} pairs are in the mended copy {place}")
    if errors:
        raise typer.Exit(1)


@commands.command()
def pairs(
    photos: Annotated[Path, typer.Argument(help="A folder of photos.", metavar="PHOTOS")],
    out: Annotated[Path, typer.Option(help="The new folder for the pairs.")],
    task: Annotated[Task, typer.Option(help="What to make of the photos.")] = Task.hints,
    size: Annotated[
        int | None, typer.Option(min=32, max=4096, help="Shorter edge; by default as is.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of hands and hints.")] = 0,
    variety: Annotated[bool, typer.Option(help="Draw as different hands would.")] = True,
    pair: Annotated[str, typer.Option(help=options.PAIR, metavar="ONE+OTHER")] = "",
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="One file a pair, for other programs.")
    ] = False,
) -> None:
    """Make pairs of photos: line drawings, with colour hints, grey or reduced pictures.

    To look at, to draw over, or for other programs: training makes its own, new ones in every epoch.
    """
    from trainer.dataset_check import making
    from trainer.dataset_check.counting import counting, waiting

    if task in (Task.labels, Task.image):
        raise typer.BadParameter("use lines, hints, grey or small", param_hint="--task")
    with waiting("Looking for pairs"):
        found = found_data(photos, task.value, way=pair)
    _tell(found)
    with counting("Drawing") as progress:
        count, unread = making.make(
            found,
            out,
            size=size,
            seed=seed,
            variety=variety,
            side_by_side=side_by_side,
            progress=progress,
        )
    for sentence in unread:
        _say(f"error: {sentence}")
    _say(f"pairs made: {count}")
    _result(out)
    if unread:
        raise typer.Exit(1)


@commands.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A model's name or file, or a run folder.")],
    data: DataFolder,
    out: Annotated[Path | None, typer.Option(help="The folder for the report.")] = None,
    recogniser: Annotated[
        Path | None, typer.Option(help="For labels: one that was kept, or where to keep it.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the recogniser.")] = 0,
    task: Annotated[Task | None, typer.Option(help="By default what it was trained for.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="The other direction.")] = False,
    pair: Annotated[str, typer.Option(help=options.PAIR, metavar="ONE+OTHER")] = "",
    device: Annotated[str | None, typer.Option(help="cuda, mps, xpu or cpu.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object instead of lines.")] = False,
) -> None:
    """Judge a model by pairs that it was not trained on, as the canvas runs it.

    Writes a report with a contact sheet, by default into the run folder, else beside where you are.
    """
    process_priority.wait_idly()
    import resources
    from engine.models import catalogue
    from engine.passes import generator
    from trainer.data import pairs
    from trainer.dataset_check.counting import counting, waiting
    from trainer.evaluation import evaluate as evaluation
    from trainer.evaluation import recogniser as recognising
    from trainer.evaluation import report
    from trainer.machine.errors import TrainingError

    folder = Path(model)
    is_run = catalogue.is_run(folder)
    opened = generator.open(model, device=device, notice=_say)
    card = opened.card
    reader, notes = None, []
    with waiting("Looking for pairs, and trying some"):
        found = evaluation.found(card, data, task=task.value if task else None, swap=swap, way=pair)
        pace = evaluation.paced(opened, found)
    _say(pace.in_words(pace.learning if card.input == "labels" else 0.0))
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
        result = evaluation.evaluate(opened, found, recogniser=reader, progress=progress)
    result.notes += notes
    place = folder / "report" if is_run else Path(f"{stem(card.name, 'model')}-report")
    page = report.write(out or place, result)
    if reader is not None:
        recognising.write(page.parent / "recogniser.safetensors", reader)
    for note in result.notes:
        _say(note)
    _say(f"report {page}")
    typer.echo(report.to_json(result) if as_json else "\n".join(report.to_lines(result)))


@commands.command()
def export(
    model: Annotated[str, typer.Argument(help="A model's name or file, or a run folder.")],
    to: Annotated[Format, typer.Option(help="The format.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write; by default named by the model.")
    ] = None,
) -> None:
    """Write a model for other programs: ONNX, or the reference project's weights file.

    Beside the latter go the model's card and palette, so that it can be imported again as it was.
    """
    from engine.models import bundle, catalogue
    from trainer.dataset_check.counting import waiting
    from trainer.evaluation.export import export as write

    file = catalogue.find(model)
    # In a run folder every model has the same file name.
    called = stem(bundle.read_card(file).name, "model") if catalogue.is_run(Path(model)) else file.stem
    with waiting(f"Writing {to.value}"):
        written, *others = write(model, to.value, out or Path(f"{called}.{to.value}"))
    for other in others:
        _say(f"beside it {other}")
    _result(written)


# -------------------------------------------------------------------------------------------------


def _tell(data: DataSet) -> None:
    """Say what was recognised."""
    _say(data.summary)
    for note in data.notes:
        _say(note)


def _begun(folder: Path, config: Config, data: DataSet) -> Run:
    """The run folder, made by the leading process after a trial; the others wait until it is there."""
    import time

    from trainer.machine import distributed
    from trainer.planning import estimate, plan
    from trainer.run import folder as runs

    if not distributed.expected().leads:
        while not (folder / "config.json").exists():
            time.sleep(0.1)
        return runs.opened(folder)
    runs.refuse_existing(folder)
    _tell(data)
    measured = estimate.trial(config, data, folder)
    config = plan.timed(config, measured.seconds_a_step)
    _say(measured.in_words(config))
    _say(f"run folder {folder}")
    return runs.create(folder, config)


def _fit(run: Run, config: Config, data: DataSet) -> None:
    from trainer.cli.display import Display
    from trainer.machine import distributed
    from trainer.training.fit import fit

    try:
        with Display(config.steps, config.batch) as display:
            done = fit(run, config, data, display.watch)
    except UnderpaintError:
        if run.checkpoint.exists():
            _say(f"To go on later: underpaint resume {run.folder}")
        raise
    if not distributed.expected().leads:
        return
    if done:
        _result(run.model)
    else:
        _say(f"Saved. To go on: underpaint resume {run.folder}")


def _say(sentence: str) -> None:
    """Tell the user something that is no result."""
    typer.echo(shown(sentence), err=True)


def _result(file: Path) -> None:
    """Tell where something is, byte for byte: scripts go on with it."""
    typer.echo(os.fsencode(file) if os.name == "posix" else shown(file))


if __name__ == "__main__":
    main()
