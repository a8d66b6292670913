"""The kinds of network, one module a kind, found by walking this package.

A module of this package has ``NETWORK``, the class, and ``SETTINGS``, which names the class's
keyword arguments and what each of them may be. ``DEFAULTS``, where there is one, has those that may be left
out. Of a generator that can be trained, ``NEW`` has the settings of its own that a training begins with;
``levels``, where it has such, go by the pictures' size.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import ModelError

if TYPE_CHECKING:
    from torch import nn

Settings = Mapping[str, Sequence[int] | Sequence[str] | Sequence[bool]]


def kinds() -> tuple[str, ...]:
    """The names of all kinds. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def build(kind: str, **settings: Any) -> nn.Module:
    """A network of the given kind with torch's own first weights (see ``layers.initialise``).

    Settings are checked before memory is taken. Under ``torch.device("meta")`` none is.

    Raises:
        ModelError: no such kind, or a setting is unknown, missing or out of its bounds.
    """
    if kind not in kinds():
        raise ModelError(f"There is no network kind “{kind}”; known are {', '.join(kinds())}.")
    module = _module(kind)
    allowed: Settings = module.SETTINGS
    settings = {**getattr(module, "DEFAULTS", {}), **settings}
    for name in settings.keys() | allowed.keys():
        if name not in allowed:
            raise ModelError(f"A {kind} network has no setting “{name}”; update the program or the model.")
        if name not in settings:
            raise ModelError(f"The {kind} network's setting “{name}” is missing; fetch the model anew.")
        value, choices = settings[name], allowed[name]
        if type(value) is not type(choices[0]) or value not in choices:
            raise ModelError(f"A {kind} network can't have {name} = {value!r}; it can be {_words(choices)}.")
    network: nn.Module = module.NETWORK(**settings)
    return network


def new_generator(kind: str) -> dict[str, Any]:
    """The settings of its own that a generator of that kind has in a new training.

    Raises:
        ModelError: no such kind, or one that paints no pictures.
    """
    *paint, last = (name for name in kinds() if hasattr(_module(name), "NEW"))
    if kind not in (*paint, last):
        raise ModelError(f"A {kind} network paints no pictures; use {', '.join(paint)} or {last}.")
    return dict(_module(kind).NEW)


def has_setting(kind: str, name: str) -> bool:
    """Whether networks of that kind can be set so."""
    return name in _module(kind).SETTINGS


def _module(kind: str) -> Any:
    return importlib.import_module(f"{__name__}.{kind}")


def _words(choices: Sequence[object]) -> str:
    if isinstance(choices, range) and len(choices) > 8:
        return f"{choices[0]} to {choices[-1]}"
    return " or ".join(str(choice) for choice in choices)
