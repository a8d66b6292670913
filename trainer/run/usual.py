"""What a training has where nothing is asked for: of the recipe, and of what its pictures are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainer.perception import weights
from trainer.pictures.sketch import Settings
from trainer.run.config import RECIPES, Config
from trainer.run.options import Recipe


def setting(option: str, recipe: Recipe, draws: bool) -> Any:
    """What an option that is a field of ``Config``, or ``styles``, is by default.

    Args:
        option: its name.
        recipe: the one that is begun from.
        draws: whether drawings are made of photos.
    """
    if option == "styles":  # a setting of the network, which has none
        return 0
    return {**RECIPES[recipe], **lines(recipe, draws)}.get(option, getattr(Config, option))


def lines(recipe: Recipe, draws: bool) -> dict[str, float]:
    """How drawings of photos are made: by trained edges mostly, where the weights are there."""
    if recipe != "default" or not draws or not weights.available():
        return {}
    return {"edges": Settings().learned}


def draws(task: str, derived: Iterable[str | None]) -> bool:
    """Whether a training makes drawings of photos.

    Args:
        task: of its data set.
        derived: what each input is made of its photo as, ``Source.derived``.
    """
    return task in ("lines", "hints") and any(derived)
