"""From a data set and a few options to a complete config."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import Any

import torch

from engine import networks
from engine.data.card import Card
from engine.data.deep import FULL
from engine.data.palette import Palette
from engine.devices import device
from engine.models import bundle, catalogue
from trainer.data import direction, pairs, split, void_labels
from trainer.data.pairs import DataSet
from trainer.machine.errors import TrainingError
from trainer.run import config as configs
from trainer.run import fitting, usual
from trainer.run.config import Config
from trainer.run.locations import model_from_anywhere
from trainer.run.options import MOST_THREADS, Options, Precision, Recipe, StyleRecipe

FEW = 1000
"""Up to so many pairs, the default recipe augments before the discriminator too."""

PAPER_EPOCHS = 200
DEFAULT_MINUTES = 40.0

VALIDATION_SECONDS = 30.0, 120.0
"""Between two validations, at least and at most; in between, VALIDATIONS of them in a run."""
VALIDATIONS = 60

FIRST_VALIDATION_SECONDS = 4.0
"""Until the first validation, and the first model to paint with."""

DECIDED = frozenset(
    "data task swap name size steps minutes recipe seed network palette device precision threads "
    "from_model".split()
)
"""Fields of ``Config`` that are made of more than the option that is called so."""
AS_ASKED = frozenset({it.name for it in fields(Options)} & {it.name for it in fields(Config)} - DECIDED)
"""Options that are fields of ``Config`` as they are; where none is given, the recipe's setting holds."""


def make_config(data: DataSet, options: Options, processes: int = 1) -> Config:
    """A config in which only the number of steps may be missing (0 where ``minutes`` decide).

    Args:
        data: as ``pairs.find`` found it, without severe problems.
        options: what is asked for; which pairs these are has been decided with ``data``.
        processes: that share the batch.

    Raises:
        TrainingError: an option can't be met.
        ModelError, DeviceError: there is no such model or device.
    """
    for problem in data.problems:
        if problem.severe:
            raise TrainingError(str(problem))
    parent = bundle.read_card(catalogue.find(options.from_model)) if options.from_model else None
    where = device.choose(options.device)
    palette = _palette(data, parent)
    black, white = data.levels or FULL
    requested = Config(
        name=options.name or data.name,
        data=str(data.folder.resolve()),
        digest=pairs.digest(data),
        pairs=0,
        task=data.task,
        swap=options.swap,
        way=options.pair,
        from_model=model_from_anywhere(options.from_model),
        ignored=void_labels.in_hex(data.ignored),
        black=black,
        white=white,
        size=options.size or (parent.size if parent else (256, 256)),
        palette=palette,
        one_hot=data.input == "labels" and _is_one_hot(palette, options, parent),
        kind=parent.kind if parent else options.network or "unet",
        repainted=_repainted(data, palette) if options.repaint else None,
        patch_width=options.width,
        recipe=options.recipe,
        seed=options.seed,
        device=str(where),
        precision=options.precision or _precision(where),
        threads=options.threads or _threads(),
        processes=processes,
        **{**_recipe(options.recipe, data), **_left(options), **_asked(options)},
    )
    configs.check(replace(requested, steps=configs.MOST_STEPS))  # no network suits just any size
    training, _ = split.train_validation_split(data, requested.validation, requested.photos_apart)
    if not training.pairs:
        splits = " and ".join(f"“{split}”" for split in sorted({pair.split for pair in data.pairs}))
        remedy = (
            f"all are in folders of {splits}, which are kept apart; call these otherwise" if splits else ""
        )
        raise TrainingError(
            f"There are no pairs to train on in “{data.folder}”; {remedy or 'choose another folder'}."
        )
    network = _network(requested, options, parent)
    _refuse_weights_of_nothing(options, network, requested.style_recipe)
    config = replace(
        requested,
        network=network,
        **_styles_of(parent),
        pairs=len(training.pairs),
        **_how_long(options, len(training.pairs), requested.batch),
    )
    configs.check(replace(config, steps=config.steps or configs.MOST_STEPS))
    return config


def with_step_count(config: Config, seconds_a_step: float) -> Config:
    """The config with what a trial's speed decides: steps, where minutes were asked for, and validations.

    Raises:
        TrainingError: these are more steps than a training can have.
    """
    steps = config.steps or max(1, round(config.minutes * 60 / seconds_a_step))
    least, most = VALIDATION_SECONDS
    pause = min(most, max(least, steps * seconds_a_step / VALIDATIONS))
    sample_every, first_validation = (
        max(1, round(seconds / seconds_a_step)) for seconds in (pause, FIRST_VALIDATION_SECONDS)
    )
    config = replace(config, steps=steps, sample_every=sample_every, first_validation=first_validation)
    configs.check(config)
    return config


# --- what becomes of the options -------------------------------------------------------------------


def _palette(data: DataSet, parent: Card | None) -> Palette | None:
    """The labels' palette; of any other pictures, the parent's, where they are painted in its colours."""
    if data.input == "labels":
        return data.palette
    if parent is None or parent.palette is None or not data.task == parent.input == "image":
        return None
    # What colours mean to it, they go on meaning.
    inputs = [pair.a for pair in data.pairs]
    return parent.palette if direction.are_of_colours(inputs, parent.palette) else None


def _is_one_hot(palette: Palette | None, options: Options, parent: Card | None) -> bool:
    """Whether label maps become a plane a label; with a parent, as that has it."""
    return palette is not None and not options.colour_labels and (parent is None or parent.one_hot)


def _repainted(data: DataSet, palette: Palette | None) -> int | None:
    """The number of the label that is painted anew; None without labels."""
    if data.input != "labels" or palette is None:
        return None
    return direction.commonest_label([pair.a for pair in data.pairs], palette)


def _recipe(recipe: Recipe, data: DataSet) -> dict[str, Any]:
    """What the recipe sets, for so many pairs."""
    augmented = {"differentiable": True} if recipe == "default" and len(data.pairs) <= FEW else {}
    draws = usual.draws(data.task, (pair.a.derived for pair in data.pairs))
    new = {"hinting": "wishes", "photos_apart": True}
    return {**new, **usual.RECIPES[recipe], **augmented, **usual.of_the_eye(recipe, draws)}


def _asked(options: Options) -> dict[str, Any]:
    asked = {name: getattr(options, name) for name in AS_ASKED}
    return {name: value for name, value in asked.items() if value is not None}


def _how_long(options: Options, count: int, batch: int) -> dict[str, Any]:
    """Steps, or minutes that a trial makes steps of; ``count`` pairs are one epoch."""
    if options.steps is not None:
        return {"steps": options.steps}
    if options.minutes is not None:
        return {"minutes": options.minutes}
    epochs = options.epochs
    if epochs is None and options.recipe == "paper":
        epochs = PAPER_EPOCHS
    if epochs is None:
        return {"minutes": DEFAULT_MINUTES}
    return {"steps": max(1, round(epochs * count / batch))}


def _network(config: Config, options: Options, parent: Card | None) -> dict[str, Any]:
    """Settings of the generator: the parent model's, or those that suit the pictures' size.

    New networks make three planes. Photos always have three: ``engine.data.picture`` reads grey ones as
    colour with equal channels, and lays transparent ones on white. Only a parent may make grey pictures.
    """
    inputs = fitting.input_planes(config.task, config.palette, config.one_hot)
    if parent is not None:
        outputs = parent.network.get("outputs", 3)
        if (
            parent.input == config.input
            and parent.hints == config.hints
            and not (config.one_hot or parent.one_hot)
        ):
            inputs = parent.network["inputs"]
        return {
            **parent.network,
            **_levels(options, config, parent.network.get("levels")),
            "inputs": inputs,
            "outputs": outputs,
            **_styles(options, parent),
        }
    common = {"inputs": inputs, "outputs": 3, "norm": "batch", "dropout": options.dropout}
    common |= _styles(options, None)
    common = {"width": options.width, **common}
    begun = networks.new_generator(config.kind)
    usual = fitting.depth(config.size) if networks.has_setting(config.kind, "levels") else None
    return {**begun, **_levels(options, config, usual), **common}


def _levels(options: Options, config: Config, usual: int | None) -> dict[str, int]:
    """How often the network halves a picture; nothing for one that has no such number.

    Raises:
        TrainingError: the network has no levels, or the size or the model to go on from bears fewer.
    """
    if options.levels is None or options.levels == usual:
        return {} if usual is None else {"levels": usual}
    if usual is None:
        raise TrainingError(f"A {config.kind} network has no levels; leave --levels out.")
    # A parent's weights fit from the outside inwards: fewer levels are a part of it, more are not.
    most = usual if options.from_model else fitting.depth(config.size)
    if options.levels > most:
        whose = (
            f"the model “{options.from_model}” has" if options.from_model else "pictures of that size bear"
        )
        raise TrainingError(
            f"{options.levels} levels are too many: {whose} {most}; take --levels {most} or fewer."
        )
    return {"levels": options.levels}


def _styles(options: Options, parent: Card | None) -> dict[str, int]:
    """How many numbers a style of the generator has: where nothing is asked for, as the parent has it.

    Raises:
        TrainingError: the parent has another number of them.
    """
    theirs = 0 if parent is None else parent.style
    wanted = theirs if options.styles is None else options.styles
    if parent is not None and theirs not in (0, wanted):
        raise TrainingError(
            f"“{parent.name}” has styles of {theirs} numbers, and what goes on from it keeps them; "
            "leave --styles out, or begin without --from."
        )
    return {"style": wanted} if wanted else {}


def _left(options: Options) -> dict[str, Any]:
    """Weights that stay as they are were made for the statistics that they have."""
    return {"norms": "kept"} if options.inherited_rate == 0 else {}


def _refuse_weights_of_nothing(options: Options, network: dict[str, Any], recipe: StyleRecipe) -> None:
    """Refuse weights of styles' losses that this training hasn't got.

    Raises:
        TrainingError: naming the first one.
    """
    for name, theirs in (("kl", "bicycle"), ("latent", "bicycle"), ("diversity", "diversity")):
        if getattr(options, name) is None:
            continue
        if not network.get("style"):
            raise TrainingError(
                f"--{name} weighs a loss of styles, which this training has none of; "
                "add --styles 8, or leave it out."
            )
        if recipe != theirs:
            raise TrainingError(
                f"--{name} weighs a loss that styles by the recipe “{recipe}” are learnt without; "
                f"add --style-recipe {theirs}, or leave it out."
            )


def _styles_of(parent: Card | None) -> dict[str, Any]:
    """What is taken of the parent's styles beside its network."""
    if parent is None or not parent.style:
        return {}
    return {
        "style_encoder": parent.style_encoder or Config.style_encoder,
        "named_styles": {name: list(code) for name, code in parent.styles.items()},
        "default_style": list(parent.default_style or ()),
    }


def _threads() -> int:
    """As many as ``OMP_NUM_THREADS`` says, else all cores, shared with the other processes that torchrun
    started on this machine; which says 1 by itself, and is not heard."""
    processes, cores = os.environ.get("LOCAL_WORLD_SIZE"), os.cpu_count() or 1
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # a list is of nested ones
    if processes is None and said.isascii() and said.isdecimal():
        threads = cores if len(said) > 9 else min(int(said), cores)
    else:
        threads = cores // int(processes or "1")
    return min(max(1, threads), MOST_THREADS)


def _precision(where: torch.device) -> Precision:
    """The quickest number format in which training is stable."""
    if where.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "bfloat16" if where.type == "cpu" and device.bfloat16_pays() else "float32"
