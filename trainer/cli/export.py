"""``underpaint export``: a model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.files.writing import stem
from trainer.cli.messages import print_path, say
from trainer.cli.options import refuse_unwritable
from trainer.evaluation.formats import Format


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
    target = out or Path(f"{called}.{to}")
    refuse_unwritable(target, made=True)
    with waiting(f"Writing {to}"):
        written, *others = write(model, to, target)
    for other in others:
        say(f"beside it {other}")
    print_path(written)
