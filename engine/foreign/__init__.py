"""Weights files of other projects, one module a format, found by walking this package.

A module of this package has ``recognises(path)``, ``inspect(path)`` and ``convert(path, …)`` with the
meanings of the functions here; ``recognises`` looks at a few bytes only and never raises.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from engine.data.card import Card, InputKind, Statistics
from engine.data.palette import Palette
from engine.errors import ModelError
from engine.files import mistaken

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ForeignModel:
    """What a foreign file says of itself. ``summary`` is one line for the user."""

    summary: str
    name: str
    kind: str
    settings: dict[str, Any]
    inputs: int
    card: Card | None = None
    """The card that lay beside the file, where ``export`` has written it; see ``engine.models.beside``."""


def formats() -> tuple[str, ...]:
    """The names of all formats. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def inspect(path: Path) -> ForeignModel:
    """Look into a weights file without running anything in it.

    Raises:
        ModelError: unknown format, damaged, no generator, or larger than can be used.
    """
    found: ForeignModel = _module_for(path).inspect(path)
    return found


def convert(
    path: Path,
    *,
    name: str | None = None,
    input: InputKind | None = None,
    palette: Palette | None = None,
    statistics: Statistics | None = None,
    generator: str | None = None,
) -> tuple[Card, dict[str, Tensor]]:
    """Card and weights for ``bundle.write``, from a foreign file and what it can't say itself.

    Whatever isn't given is taken from the card beside the file, if there is one.

    Args:
        name: the model's name; by default what the file's name says.
        input: what the model wants painted; by default labels where there is a palette, else images.
        palette: needed where ``input`` is ``labels``; where it is ``image``, names for colours.
        statistics: whose moments the norms use; by default the image's.
        generator: which one, where the file holds several.

    Raises:
        ModelError: as ``inspect``, or the answers don't fit the network.
    """
    converted: tuple[Card, dict[str, Tensor]] = _module_for(path).convert(
        path, name=name, input=input, palette=palette, statistics=statistics, generator=generator
    )
    return converted


def _module_for(path: Path) -> ModuleType:
    if not os.path.isfile(path):
        raise ModelError(f"There is no file “{path}”; check its name.")
    for name in formats():
        module = importlib.import_module(f"{__name__}.{name}")
        if module.recognises(path):
            return module
    try:
        with path.open("rb") as file:
            other = mistaken.named(file.read(mistaken.ENOUGH))
    except OSError as error:
        raise ModelError(f"“{path.name}” can't be read ({error.strerror or error}).") from error
    if other is not None:
        raise ModelError(f"“{path.name}” {other}.")
    raise ModelError(
        f"“{path.name}” is no weights file that can be imported; use a PyTorch .pth or a .safetensors file."
    )
