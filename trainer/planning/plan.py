"""From a data set and a few wishes to a complete config."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import Any

import torch

from engine.data.card import Card
from engine.data.deep import FULL
from engine.devices import device
from engine.errors import ModelError
from engine.models import bundle, catalogue
from trainer.data import direction, pairs, split
from trainer.data.pairs import DataSet
from trainer.machine.errors import TrainingError
from trainer.run import config as configs
from trainer.run.config import RECIPES, Config, Precision, Recipe

FEW = 1000
"""Up to so many pairs, the default recipe augments before the discriminator too."""

PAPER_EPOCHS = 200
DEFAULT_MINUTES = 40.0

LOOK_SECONDS = 30.0, 120.0
"""Between two looks at the validation pairs, at least and at most; in between, LOOKS of them in a run."""
LOOKS = 60

FIRST_LOOK_SECONDS = 4.0
"""Until the first look, and the first model to paint with."""


def planned(
    data: DataSet,
    *,
    recipe: Recipe = "default",
    width: int = 32,
    epochs: float | None = None,
    colour_labels: bool = False,
    dropout: bool = True,
    **wishes: Any,
) -> Config:
    """A config in which only the number of steps may be missing (0 where ``minutes`` decide).

    Args:
        data: as ``pairs.find`` found it, without severe problems.
        width: of both networks: channels of their outermost level.
        epochs: rounds through the training pairs.
        colour_labels: feed label maps as colours, as published models have it, instead of one plane a label.
        dropout: the paper's noise; networks with it know variations. Counts for new networks only.
        wishes: further fields of ``Config``; None stands for what the recipe says.

    Raises:
        TrainingError: a wish can't be fulfilled.
        ModelError, DeviceError: there is no such model or device.
    """
    for problem in data.problems:
        if problem.severe:
            raise TrainingError(str(problem))
    if recipe not in RECIPES:
        raise TrainingError(f"There is no recipe “{recipe}”; use {' or '.join(RECIPES)}.")
    asked = {name: wish for name, wish in wishes.items() if wish is not None}
    parent = bundle.read_card(catalogue.find(asked["from_model"])) if asked.get("from_model") else None

    where = device.choose(asked.pop("device", None))
    palette = data.palette if data.input == "labels" else None
    one_hot = palette is not None and not colour_labels and (parent is None or parent.one_hot)
    if parent is not None and parent.palette is not None and data.task == parent.input == "image":
        # What colours mean to it, they go on meaning, if these are pictures in such colours.
        inputs = [pair.a for pair in data.pairs]
        palette = parent.palette if direction.are_of_colours(inputs, parent.palette) else None
    config = Config(
        name=asked.pop("name", None) or data.name,
        data=str(data.folder.resolve()),
        digest=pairs.digest(data),
        pairs=0,
        task=data.task,
        palette=palette,
        ignored=configs.in_hex(data.ignored),
        black=(data.levels or FULL)[0],
        white=(data.levels or FULL)[1],
        one_hot=one_hot,
        recipe=recipe,
        device=str(where),
        precision=asked.pop("precision", None) or _precision(where),
        threads=asked.pop("threads", None) or _threads(),
        size=asked.pop("size", None) or (parent.size if parent else (256, 256)),
        patch_width=width,
    )
    config = replace(config, **RECIPES[recipe])
    if recipe == "default" and len(data.pairs) <= FEW:
        config = replace(config, differentiable=True)
    unknown = asked.keys() - {field.name for field in fields(Config)}
    assert not unknown, unknown
    config = replace(config, **{"minutes": 0.0, **asked})
    config = replace(config, kind=parent.kind if parent else config.kind)
    configs.check(replace(config, steps=config.steps or 1))  # no network suits just any size
    config = replace(config, network=_network(config, width, dropout, parent))

    training, _ = split.parted(data, config.validation)
    if not training.pairs:
        raise TrainingError(f"There are no pairs to train on in “{data.folder}”; choose another folder.")
    config = replace(config, pairs=len(training.pairs))
    if epochs is None and not config.steps and not config.minutes:
        if recipe == "paper":
            epochs = PAPER_EPOCHS
        else:
            config = replace(config, minutes=DEFAULT_MINUTES)
    if epochs is not None:
        config = replace(config, steps=max(1, round(epochs * config.pairs / config.batch)))
    configs.check(replace(config, steps=config.steps or 1))
    return config


def timed(config: Config, seconds_a_step: float) -> Config:
    """The config with what a trial's speed decides: steps, where minutes were asked for, and looks.

    Raises:
        TrainingError: these are more steps than a training can have.
    """
    steps = config.steps or max(1, round(config.minutes * 60 / seconds_a_step))
    least, most = LOOK_SECONDS
    pause = min(most, max(least, steps * seconds_a_step / LOOKS))
    sample_every, first_look = (
        max(1, round(seconds / seconds_a_step)) for seconds in (pause, FIRST_LOOK_SECONDS)
    )
    config = replace(config, steps=steps, sample_every=sample_every, first_look=first_look)
    configs.check(config)
    return config


def _network(config: Config, width: int, dropout: bool, parent: Card | None) -> dict[str, Any]:
    """Settings of the generator: the parent model's, or those that suit the pictures' size.

    New networks make three planes. Photos always have three: ``engine.data.picture`` reads grey ones as
    colour with equal channels, and lays transparent ones on white. Only a parent may make grey pictures.
    """
    inputs = configs.input_planes(config.task, config.palette, config.one_hot)
    if parent is not None:
        outputs = parent.network.get("outputs", 3)
        if (
            parent.input == config.input
            and parent.hints == config.hints
            and not (config.one_hot or parent.one_hot)
        ):
            inputs = parent.network["inputs"]
        return {**parent.network, "inputs": inputs, "outputs": outputs}
    common = {"width": width, "inputs": inputs, "outputs": 3, "norm": "batch", "dropout": dropout}
    if config.kind == "resnet":
        return {"blocks": 9, **common}
    if config.kind in ("unet", "encoder_decoder"):
        return {"levels": configs.depth(config.size), **common}
    raise ModelError(f"A {config.kind} network paints no pictures; use unet, encoder_decoder or resnet.")


def _threads() -> int:
    """All cores, shared with the other processes that torchrun started on this machine."""
    return max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _precision(where: torch.device) -> Precision:
    """The quickest number format in which training is stable."""
    if where.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "bfloat16" if where.type == "cpu" and device.bfloat16_pays() else "float32"
