"""`underpaint compare`: several models on one drawing and one validation set, without a window."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.data.task import Task
from engine.errors import PictureError, UnderpaintError
from trainer.cli.messages import say
from trainer.cli.options import refuse_unwritable

if TYPE_CHECKING:
    from desktop.comparison.sheet import Sheet
    from engine.data.card import Card
    from engine.data.messages import Pixels
    from trainer.comparison.table import Judged

EXAMPLES = 6
"""Pairs of a validation set on a sheet."""
PERCEPTUAL_PAIRS, DABBED = 40, 60
"""As ``underpaint evaluate`` has them."""

Models = list[tuple[Path, "Card"]]


def compare(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL …", help="Names or files of models, or run folders.")
    ],
    drawing: Annotated[Path | None, typer.Option(help="An .ora project that each is to paint.")] = None,
    data: Annotated[Path | None, typer.Option(help="A folder of pairs that each is judged by.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="The PNG to write, the pictures side by side.")] = None,
    table: Annotated[Path | None, typer.Option(help="A file for the table, as JSON.")] = None,
    task: Annotated[Task | None, typer.Option(help="By default what each was trained for.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="The other direction.")] = False,
    pair: Annotated[str, typer.Option(help="How files make pairs, as for train.", metavar="ONE+OTHER")] = "",
    perceptual_pairs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Pairs of which perceptual and kernel distance are measured, by default 40; 0: of none.",
            metavar="PAIRS",
        ),
    ] = None,
    looks: Annotated[int | None, typer.Option(min=0, hidden=True, help="As it was called.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the recogniser of labels.")] = 0,
    device: Annotated[str | None, typer.Option(help="cuda, mps, xpu or cpu.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object instead of lines.")] = False,
    progress_file: Annotated[
        Path | None, typer.Option("--progress-file", "--told", hidden=True, help="Where progress is written.")
    ] = None,
) -> None:
    """Compare models: what each makes of a drawing, and how each does on pairs that none was trained on.

    The measures are those of evaluate; the best of each is marked.
    """
    if drawing is None and data is None:
        raise typer.BadParameter("say what to compare them by", param_hint="--drawing, --data")
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise typer.BadParameter("a sheet's name ends in .png", param_hint="--sheet")
    from engine.models import bundle, catalogue

    asked = _by_either_name(perceptual_pairs, looks)
    chosen: Models = []
    for file in map(catalogue.find, models):
        if file not in [known for known, _ in chosen]:
            chosen.append((file, bundle.read_card(file)))
    targets = [target for target in (sheet, table) if target is not None]
    _refuse_places(targets, [file for file, _ in chosen], drawing, data)
    refuse_unwritable(*targets)
    rows: list[list[Pixels | None]] = []
    judged: list[Judged] = []
    if drawing is not None:
        rows.append(_painted(chosen, drawing, device))
    if data is not None:
        with _maps() as maps:
            judged, examples = _judged(
                chosen, data, maps, progress_file, task, swap, pair, asked, seed, device
            )
        rows += _shown(examples)
    fields = _fields(chosen, judged, drawing, data)
    if table is not None:
        _write(table, json.dumps(fields, ensure_ascii=False, indent=2))
    if sheet is not None:
        from desktop.comparison import sheet as sheets
        from desktop.support.offscreen import make_application

        make_application()
        sheets.write(_sheet(chosen, rows, judged, drawing, data), sheet)
    if as_json:
        print(json.dumps(fields, ensure_ascii=False, indent=2))  # noqa: T201 – the command line's work
        return
    from trainer.comparison.table import to_lines
    from trainer.evaluation.report import MEANINGS

    for one in judged:
        for sentence in (*one.notes, *filter(None, [one.problem])):
            say(f"“{one.name}”: {sentence}")
    for line in to_lines(judged, MEANINGS):
        print(line)  # noqa: T201
    if sheet is not None:
        print(sheet)  # noqa: T201


def _refuse_places(targets: list[Path], models: list[Path], drawing: Path | None, data: Path | None) -> None:
    """Raise UnderpaintError where a result would take the place of another, or of what is compared, or lie in
    its data."""
    taken = [file.resolve() for file in (*models, *filter(None, [drawing]))]
    if len({target.resolve() for target in targets}) < len(targets):
        raise UnderpaintError(f"“{targets[0]}” is to be both the sheet and the table; give one another name.")
    for target in targets:
        place = target.resolve()
        if place in taken:
            raise UnderpaintError(f"“{target}” is one of the files to compare; give the result another name.")
        if data is not None and place.is_relative_to(data.resolve()):
            raise UnderpaintError(f"“{target}” lies in the data set; choose another place for the result.")


def _painted(models: Models, drawing: Path, device: str | None) -> list[Pixels | None]:
    """The drawing, and what each model makes of it; nothing where it is no drawing for it, which is said.

    Raises:
        UnderpaintError: the project can't be read, or suits none of them.
    """
    import engine
    from desktop.paint.files.project import load
    from engine.planes import codec

    if drawing.suffix.lower() != ".ora":
        raise PictureError(f"“{drawing.name}” is no .ora project; save the drawing in the window as one.")
    document = load(drawing).document
    picture, made = document.picture(), [document.picture_flat()]
    row: list[Pixels | None] = [*made]
    for file, card in models:
        if card.input != document.kind:
            say(f"“{card.name}” paints {card.input}, and “{drawing.name}” is {document.kind}.")
            row.append(None)
            continue
        generator = engine.open(file, device=device, notice=say)
        style = document.style
        code = style.code if style is not None and len(style.code) == card.style else None
        size = codec.working_size(picture.size, card, native=codec.usually_native(card))
        row.append(generator.translate(codec.prepare(picture, card, size), style=code))
    if all(one is None for one in row[1:]):
        raise PictureError(f"“{drawing.name}” is {document.kind}; none of these models paints that.")
    return row


def _by_either_name(perceptual_pairs: int | None, looks: int | None) -> int:
    if looks is not None and perceptual_pairs is not None:
        raise typer.BadParameter(
            "is the old name of --perceptual-pairs; use one of them", param_hint="--looks"
        )
    given = looks if perceptual_pairs is None else perceptual_pairs
    return PERCEPTUAL_PAIRS if given is None else given


def _judged(
    models: Models,
    data: Path,
    maps: Path,
    progress_file: Path | None,
    task: Task | None,
    swap: bool,
    pair: str,
    perceptual_pairs: int,
    seed: int,
    device: str | None,
) -> tuple[list[Judged], list[list[tuple[Pixels, Pixels, Pixels]]]]:
    from trainer.comparison import judging
    from trainer.dataset_check.counting import counting
    from trainer.machine import process_priority
    from trainer.perception import weights

    process_priority.wait_idly()
    there = weights.available()
    if not there:
        say("The trained eye's weights are missing here: what it measures is left out; install anew.")
    how = judging.How(
        task,
        swap,
        pair,
        perceptual_pairs if there else 0,
        DABBED,
        maps if there else None,
        seed,
        device=device,
    )
    with counting("Judging") as progress:
        return judging.compare_models(models, data, how, _reporting(progress, progress_file), say)


def _reporting(
    progress: Callable[[int, int], None], progress_file: Path | None
) -> Callable[[int, int], None]:
    """Progress on the terminal, and for a window in a file."""

    def report(done: int, total: int) -> None:
        progress(done, total)
        if progress_file is not None:
            with suppress(OSError):
                progress_file.write_text(f"{done} {total}", "ascii")

    return report


def _shown(examples: list[list[tuple[Pixels, Pixels, Pixels]]]) -> list[list[Pixels | None]]:
    """Rows of a sheet: what was drawn, what each model makes of it, the photo."""
    most = max((len(one) for one in examples), default=0)
    rows: list[list[Pixels | None]] = []
    for number in range(min(most, EXAMPLES)):
        seen = [one[number] if number < len(one) else None for one in examples]
        first = next(one for one in seen if one is not None)
        made = [one[1] if one is not None else None for one in seen]
        rows.append([first[0], *made, first[2]])
    return rows


def _sheet(
    models: Models,
    rows: list[list[Pixels | None]],
    judged: list[Judged],
    drawing: Path | None,
    data: Path | None,
) -> Sheet:
    from desktop.comparison.sheet import Sheet
    from trainer.comparison.table import rows as measures

    names = [card.name for _, card in models]
    columns = ("drawn", *names, *(["photo"] if data is not None else []))
    title = " · ".join(place.stem for place in (drawing, data) if place is not None)
    return Sheet(title, columns, tuple(map(tuple, rows)), measures([one.scores for one in judged]))


def _fields(models: Models, judged: list[Judged], drawing: Path | None, data: Path | None) -> dict[str, Any]:
    from trainer.comparison.table import Judged as One
    from trainer.comparison.table import to_fields

    entries = judged or [One(card.name, file) for file, card in models]
    named = {"drawing": drawing and str(drawing), "data": data and str(data)}
    return named | to_fields(entries) | {"meanings": _meanings(judged)}


def _meanings(judged: list[Judged]) -> dict[str, str]:
    """What the measures say that there are."""
    if not judged:
        return {}
    from trainer.evaluation.report import MEANINGS

    return {name: MEANINGS[name] for one in judged for name in one.scores}


@contextmanager
def _maps() -> Iterator[Path]:
    """A folder for edge maps: the user's, else one that is gone afterwards."""
    import resources

    folder = resources.home("runs", "edge maps")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        with tempfile.TemporaryDirectory() as other:
            yield Path(other)
        return
    yield folder


def _write(path: Path, text: str) -> None:
    from engine.files.writing import escaped, replacing

    try:
        with replacing(path) as part:
            part.write_text(escaped(text), "utf-8")
    except OSError as error:
        raise UnderpaintError(f"“{path.name}” can't be written ({error.strerror or error}).") from error
