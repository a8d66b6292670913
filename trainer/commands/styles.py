"""``underpaint styles``: a model whose seeds stand for the styles of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.errors import ModelError
from engine.files.writing import shown
from trainer.cli.messages import print_path, say
from trainer.cli.options import Pair, refuse_unwritable
from trainer.dataset_check.counting import counting


def styles(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, or a model file.")],
    photos: Annotated[
        Path, typer.Argument(metavar="DATA", help="Pairs or photographs, such as it was trained on.")
    ],
    to: Annotated[Path, typer.Option(help="The model file to write (.safetensors).")],
    pair: Pair = "",
    repaint: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="Of label maps: share of photos in which the label that covers most is painted anew first; "
            "without it as many as in the model's training.",
        ),
    ] = None,
) -> None:
    """Read the styles of photographs, and write the model with them: its seeds stand for those.

    The first is the usual one, and the next few are as unlike as can be. Sub-folders become named styles. A
    training with --styles does this by itself.
    """
    from engine.models import bundle, catalogue, recarding
    from engine.passes import opening
    from trainer.data import naming
    from trainer.evaluation.evaluate import load_pairs, split_for_evaluation
    from trainer.evaluation.styles import photos_as_learnt
    from trainer.machine.errors import TrainingError

    if to.suffix.lower() != bundle.SUFFIX:
        raise typer.BadParameter(f"a model file's name ends in {bundle.SUFFIX}", param_hint="--to")
    refuse_unwritable(to)
    file = catalogue.find(model)
    generator = opening.open(file)
    card = generator.card
    if not card.style_encoder:
        raise ModelError(
            f"The model “{shown(card.name)}” can't read styles of photos; train one with --styles."
        )
    data = load_pairs(card, photos, pattern=pair)
    learnt_from, judged_by = split_for_evaluation(data, card)
    chosen = learnt_from if learnt_from.pairs else judged_by
    groups, learnt = naming.photos(naming.named(chosen)), photos_as_learnt(card, chosen, repaint)
    everything = learnt.photos
    codes = []
    with counting("Reading styles") as progress:
        for done, photo in enumerate(everything, start=1):
            codes.append(generator.style_of(photo))
            progress(done, len(everything))
    seeded = naming.seeded(codes)
    if not seeded:
        raise TrainingError(
            f"“{shown(photos.name)}” has {len(everything)} photographs; a choice of styles takes "
            f"{naming.FEWEST_SEEDED}. Give more."
        )
    written = recarding.restyled(file, to, naming.styles(groups, generator.style_of), seeded)
    named = f", named are {', '.join(map(shown, written.styles))}" if written.styles else ""
    painted = f", {learnt.share:.0%} with “{shown(learnt.painted)}” painted anew" if learnt.share else ""
    say(f"Seeds stand for the styles of {len(seeded)} of {len(everything)} photographs{painted}{named}.")
    print_path(to)
