"""Weights files of other projects, one module a format, found by walking this package.

A module of this package has ``recognises(path)``, ``inspect(path)`` and ``convert(path, …)`` with the
meanings of the functions here; ``recognises`` looks at a few bytes only and never raises.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from engine.card import Card, InputKind
from engine.errors import ModelError
from engine.palette import Palette

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Found:
    """What a foreign file says of itself. ``summary`` is one line for the user."""

    summary: str
    name: str
    kind: str
    settings: dict[str, Any]
    inputs: int


def formats() -> tuple[str, ...]:
    """The names of all formats. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def inspect(path: Path) -> Found:
    """Look into a weights file without running anything in it.

    Raises:
        ModelError: unknown format, damaged, no generator, or larger than can be used.
    """
    found: Found = _module_for(path).inspect(path)
    return found


def convert(
    path: Path, *, name: str | None = None, input: InputKind = "image", palette: Palette | None = None
) -> tuple[Card, dict[str, Tensor]]:
    """Card and weights for ``bundle.write``, from a foreign file and what it can't say itself.

    Args:
        name: the model's name; by default what the file's name says.
        input: what the model wants painted.
        palette: needed where ``input`` is ``labels``; where it is ``image``, names for colours.

    Raises:
        ModelError: as ``inspect``, or the answers don't fit the network.
    """
    converted: tuple[Card, dict[str, Tensor]] = _module_for(path).convert(
        path, name=name, input=input, palette=palette
    )
    return converted


def _module_for(path: Path) -> ModuleType:
    if not path.is_file():
        raise ModelError(f"There is no file “{path}”; check its name.")
    for name in formats():
        module = importlib.import_module(f"{__name__}.{name}")
        if module.recognises(path):
            return module
    raise ModelError(f"“{path.name}” is no weights file that can be imported; use a PyTorch .pth file.")
