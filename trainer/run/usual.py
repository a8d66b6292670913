"""What a training has where nothing is asked for: of the recipe, and of what its pictures are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainer.perception import weights
from trainer.pictures.sketch import Settings
from trainer.run.config import Config
from trainer.run.options import Recipe

RECIPES: dict[Recipe, dict[str, Any]] = {
    # Isola et al., CVPR 2017, section 3.3 and appendix 6.2: batch 1, the newest weights, 286 → 256, flip.
    "paper": {
        "batch": 1,
        "ema": 0.0,
        "differentiable": False,
        "rotation": 0.0,
        "zoom": 0.0,
        "roam": False,
    },
    "default": {"batch": 4, "ema": 0.999, "recolour": 0.5},
}
"""What each recipe sets; the record docs/adr/0010-training-recipe.md says why."""


def setting(option: str, recipe: Recipe, draws: bool) -> Any:
    """What an option that is a field of ``Config``, or ``styles``, is by default.

    Args:
        option: its name.
        recipe: the one that is begun from.
        draws: whether drawings are made of photos.
    """
    if option == "styles":  # a setting of the network, which has none
        return 0
    return {**RECIPES[recipe], **of_the_eye(recipe, draws)}.get(option, getattr(Config, option))


def of_the_eye(recipe: Recipe, draws: bool) -> dict[str, float]:
    """What a trained eye does where drawings are made of photos, and its weights are there: it finds the
    lines of most drawings, and judges what is made; the more that counts, the less does L1."""
    if recipe != "default" or not draws or not weights.available():
        return {}
    return {"edges": Settings().learned, "perceptual": 15.0, "l1": 40.0}


def draws(task: str, derived: Iterable[str | None]) -> bool:
    """Whether a training makes drawings of photos.

    Args:
        task: of its data set.
        derived: what each input is made of its photo as, ``Source.derived``.
    """
    return task in ("lines", "hints") and any(derived)
