"""The brushes in hand: one for each kind of layer, remembered between starts."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from desktop.paint.brushes import brushes
from desktop.paint.layers.layer import Role
from desktop.paint.strokes.stroke import LARGEST_SIZE, Ink
from desktop.paint.tools import tools
from engine.data.palette import Colour, Palette

FIRST: dict[Role, Ink] = {
    Role.LINES: Ink(size=3.0, stabiliser=0.25),
    Role.HINTS: Ink(size=24.0, colour=(178, 34, 34), pressure_size=False),
    Role.PAINT: Ink(size=16.0, brush="soft", colour=(90, 120, 60), hardness=0.6),
    Role.LABELS: Ink(size=24.0, brush="pixel", colour=(0, 128, 255), pressure_size=False),
    Role.REFERENCE: Ink(),
    Role.FINISH: Ink(size=16.0, brush="soft", colour=(90, 120, 60), hardness=0.6),
}
"""What a fresh installation starts with."""

PLAIN = Ink(size=16.0, colour=(240, 60, 50), pressure_size=False, gap=4)
"""What pictures in a model's named colours begin with instead: even areas with sharp edges, which the bucket
fills although an outline by hand isn't quite closed."""

_NOT_KEPT = ("erase", "symmetry", "hold", "selects", "combine", "contiguous", "axes", "fold")

RANGES: dict[str, tuple[float, float]] = {
    "size": (1, LARGEST_SIZE),
    "hardness": (0, 1),
    "opacity": (0, 1),
    "stabiliser": (0, 1),
    "tolerance": (0, 255),
    "gap": (0, 12),
}
"""Smallest and largest value that can be set."""


SHARED = ""
"""In place of a tool: all those that have no ink of their own."""


class Inks:
    """The ink for each role of a layer; a tool may have one of its own for each."""

    def __init__(self, memory: dict[str, dict[str, Any]]) -> None:
        self._memory = memory
        self._shared = {role: remembered(ink, memory.get(role)) for role, ink in FIRST.items()}
        self._own = {
            tool.id: {role: remembered(tool.own_ink, memory.get(f"{tool.id} {role}")) for role in FIRST}
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

    def everywhere(self, **fields: Any) -> None:
        """Set some of every ink, whichever the layer and the tool."""
        for inks in (self._shared, *self._own.values()):
            for role, ink in inks.items():
                inks[role] = dataclasses.replace(ink, **fields)


def in_colours(ink: Ink, palette: Palette | None) -> Ink:
    """The brush for images under a model with such named colours: of the nearest of them, and plain; or as it
    was where there are none. A brush that somebody has set stays, but for the colour."""
    first = FIRST[Role.PAINT]
    begun, wanted = (first, PLAIN) if palette is not None else (PLAIN, first)

    def like(other: Ink) -> Ink:
        """Another ink, in what says nothing about whether somebody has set this one."""
        return dataclasses.replace(other, colour=ink.colour, symmetry=ink.symmetry, erase=ink.erase)

    colour = ink.colour
    if ink == like(begun):
        if palette is not None and colour == first.colour:  # nobody chose it, and it is nearest to greys
            colour = PLAIN.colour
        ink = like(wanted)
    return ink if palette is None else dataclasses.replace(ink, colour=nearest(colour, palette))


def nearest(colour: Colour, palette: Palette) -> Colour:
    """The colour of a palette that is nearest to one."""
    return palette.labels[int(palette.indices(np.array([[colour]], np.uint8))[0, 0])].colour


def remembered(first: Ink, fields: dict[str, Any] | None) -> Ink:
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
