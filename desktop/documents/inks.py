"""The brushes in hand: one for each kind of layer, remembered between starts."""

from __future__ import annotations

import dataclasses
from typing import Any

from desktop.paint.brushes import brushes
from desktop.paint.layers.layer import Role
from desktop.paint.strokes.stroke import LARGEST_SIZE, Ink
from desktop.paint.tools import tools

FIRST: dict[Role, Ink] = {
    Role.LINES: Ink(size=3.0, stabiliser=0.25),
    Role.HINTS: Ink(size=24.0, colour=(178, 34, 34), pressure_size=False),
    Role.PAINT: Ink(size=16.0, brush="soft", colour=(90, 120, 60), hardness=0.6),
    Role.LABELS: Ink(size=24.0, brush="pixel", colour=(0, 128, 255), pressure_size=False),
    Role.REFERENCE: Ink(),
    Role.FINISH: Ink(size=16.0, brush="soft", colour=(90, 120, 60), hardness=0.6),
}
"""What a fresh installation starts with."""

_NOT_KEPT = ("erase", "symmetry")

RANGES: dict[str, tuple[float, float]] = {
    "size": (1, LARGEST_SIZE),
    "hardness": (0, 1),
    "opacity": (0, 1),
    "stabiliser": (0, 1),
    "tolerance": (0, 255),
    "gap": (0, 12),
}
"""Smallest and largest value that can be set."""


class Inks:
    """The ink for each role of a layer; a tool may have one of its own for each."""

    def __init__(self, memory: dict[str, dict[str, Any]]) -> None:
        self._memory = memory
        self._shared = {role: _remembered(ink, memory.get(role)) for role, ink in FIRST.items()}
        self._own = {
            tool.id: {role: _remembered(tool.own_ink, memory.get(f"{tool.id} {role}")) for role in FIRST}
            for tool in tools().values()
            if tool.own_ink is not None
        }

    def of(self, role: Role, tool: str) -> Ink:
        """The ink that ``tool`` uses on layers of that role."""
        return self._own.get(tool, self._shared)[role]

    def put(self, role: Role, tool: str, ink: Ink) -> None:
        """Remember ``ink`` for that role and tool."""
        self._own.get(tool, self._shared)[role] = ink
        key = f"{tool} {role}" if tool in self._own else str(role)
        fields = dataclasses.asdict(ink)
        self._memory[key] = {name: value for name, value in fields.items() if name not in _NOT_KEPT}

    def mirror(self, symmetry: str) -> None:
        """Use that symmetry with every ink."""
        for inks in (self._shared, *self._own.values()):
            for role, ink in inks.items():
                inks[role] = dataclasses.replace(ink, symmetry=symmetry)  # type: ignore[arg-type]


def _remembered(first: Ink, fields: dict[str, Any] | None) -> Ink:
    """The ink as it was last set; a field that makes no sense any more keeps its first value."""
    for name, value in (fields or {}).items():
        if name in _NOT_KEPT or not _makes_sense(name, value, getattr(first, name, None)):
            continue
        changed: dict[str, Any] = {name: tuple(value) if name == "colour" else value}
        first = dataclasses.replace(first, **changed)
    return first


def _makes_sense(name: str, value: Any, first: object) -> bool:
    if name == "colour":
        numbers = value if isinstance(value, list | tuple) else ()
        return len(numbers) == 3 and all(type(number) is int and 0 <= number <= 255 for number in numbers)
    if name == "brush":
        return isinstance(value, str) and value in brushes()
    if type(value) is not type(first):
        return False
    if isinstance(value, bool):
        return True
    return isinstance(value, int | float) and RANGES[name][0] <= value <= RANGES[name][1]
