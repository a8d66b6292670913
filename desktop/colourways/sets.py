"""Sets of colours: what each hint of a drawing becomes, with a name; made by chance, or read from a file."""

from __future__ import annotations

import colorsys
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.paint.editing.layer_stack import PictureStyle
from engine.data.card import Card
from engine.data.palette import Colour, to_hex
from engine.data.style import LONGEST_NAME, Code
from engine.errors import PictureError, UnderpaintError
from engine.files.parsing import parsed_json, read_whole

FORMAT = 1
"""Version of the notes on sets."""
MOST = 16
"""Sets of one file."""
MOST_COLOURS = 64
"""Of one set."""
MOST_BYTES = 1 << 20
_GOLDEN = 0.618034
"""Of the circle of hues: steps of it never come near where they have been before long."""


@dataclass(frozen=True)
class ColourSet:
    """One colourway."""

    name: str
    colours: tuple[Colour, ...]
    """In the order of the drawing's own, the one that covers most first; what has none stays as it is."""
    style: str | int | None = None
    """A name or a seed that models with styles know; None for the picture's own."""

    @property
    def caption(self) -> str:
        """Its name, and that of its style if it has one; a number says nothing to anybody."""
        return f"{self.name} · {self.style}" if isinstance(self.style, str) else self.name

    def is_numbered(self, number: int) -> bool:
        """Whether it has no other name than the number of its place in the row, from 1; sets that chance made
        have none."""
        return self.name == str(number)


def shuffled(colours: Sequence[Colour], wanted: int, count: int, seed: int = 1) -> tuple[ColourSet, ...]:
    """Up to ``count`` different sets of ``wanted`` colours each, drawn of ``colours``; of few colours there
    are fewer. The same seed draws the same.

    In one set no colour comes twice before all have come once.
    """
    chance, found = random.Random(seed), dict[tuple[Colour, ...], None]()
    for _try in range(64 * count):
        row: list[Colour] = []
        while len(row) < wanted:
            row += chance.sample(list(colours), min(len(colours), wanted - len(row)))
        found[tuple(row)] = None
        if len(found) == count:
            break
    return tuple(ColourSet(str(number), row) for number, row in enumerate(found, start=1))


def turned(own: Sequence[Colour], count: int, seed: int = 1) -> tuple[ColourSet, ...]:
    """Sets without any palette: the drawing's own colours, as light as they are, in hues drawn by chance.

    What is grey stays grey half of the time. The same seed draws the same, and a colour more in the drawing
    changes nothing of what the others become.
    """
    made = []
    for number in range(1, count + 1):
        row = []
        for index, colour in enumerate(own):
            begin = random.Random(f"{seed} {index}").random()
            chance = random.Random(f"{seed} {number} {index}")
            _hue, light, strong = colorsys.rgb_to_hls(*(part / 255 for part in colour))
            light = min(max(light + chance.uniform(-0.12, 0.12), 0.12), 0.9)
            grey = strong < 0.12 or max(colour) - min(colour) < 24
            strong = 0.0 if grey and chance.random() < 0.5 else chance.uniform(0.35, 0.85)
            hue = begin + number * (_GOLDEN + index * 0.23)  # so that no two sets in a row are alike
            found = colorsys.hls_to_rgb(hue % 1, light, strong)
            row.append((round(found[0] * 255), round(found[1] * 255), round(found[2] * 255)))
        made.append(ColourSet(str(number), tuple(row)))
    return tuple(made)


def to_notes(sets: Sequence[ColourSet], own: Sequence[Colour] = ()) -> dict[str, Any]:
    """Sets as ``from_notes`` reads them, for JSON.

    Args:
        sets: the ones.
        own: the drawing's colours, in the order in which the sets have others for them.
    """
    notes: dict[str, Any] = {"format": FORMAT, "sets": [_fields(one) for one in sets]}
    return {**notes, "own": _written(own)} if own else notes


def _written(colours: Sequence[Colour]) -> list[str]:
    return [to_hex(colour) for colour in colours]


def _fields(one: ColourSet) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": one.name, "colours": _written(one.colours)}
    return fields if one.style is None else {**fields, "style": one.style}


def from_notes(notes: object) -> tuple[ColourSet, ...]:
    """The sets that ``to_notes`` wrote, or that somebody wrote by hand.

    Raises:
        ValueError: they make no sense; what is wrong, as part of a sentence.
    """
    if not isinstance(notes, dict) or not isinstance(notes.get("sets"), list):
        raise ValueError("it has no list called “sets”")
    version = notes.get("format", FORMAT)
    if type(version) is not int or version < 1:
        raise ValueError("its format makes no sense")
    if version > FORMAT:
        raise ValueError("it is of a newer Underpaint")
    if not 1 <= len(notes["sets"]) <= MOST:
        raise ValueError(f"it has {len(notes['sets'])} sets, and 1 to {MOST} can be used")
    return tuple(_set(entry, number) for number, entry in enumerate(notes["sets"], start=1))


def own_in(notes: object) -> tuple[Colour, ...]:
    """The drawing's colours as ``to_notes`` wrote them; none where they are not there, or make no sense: then
    they count in the order of what they cover."""
    listed = notes.get("own") if isinstance(notes, dict) else None
    found = [as_colour(text) for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
    colours = tuple(colour for colour in found[:MOST_COLOURS] if colour is not None)
    return colours if isinstance(listed, list) and len(colours) == len(listed) else ()


def _set(entry: object, number: int) -> ColourSet:
    if not isinstance(entry, dict):
        raise ValueError(f"set {number} is no object")
    name, style = entry.get("name", str(number)), entry.get("style")
    colours = entry.get("colours", [] if style is not None else None)
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise ValueError(f"the name of set {number} is empty, too long or not printable")
    if not isinstance(colours, list) or len(colours) > MOST_COLOURS:
        raise ValueError(f"set {number} needs up to {MOST_COLOURS} colours, or a style")
    if style is not None and type(style) is not int and not isinstance(style, str):
        raise ValueError(f"the style of set {number} is neither a name nor a number")
    if isinstance(style, str) and len(style) > LONGEST_NAME:
        raise ValueError(f"the style's name of set {number} is too long")
    if type(style) is int and not 0 <= style < 1 << 31:
        raise ValueError(f"the style of set {number} is no number from 0 up to 2³¹")
    return ColourSet(name.strip(), tuple(_colour(value, number) for value in colours), style)


def _colour(value: object, number: int) -> Colour:
    colour = as_colour(value) if isinstance(value, str) else None
    if colour is None:
        raise ValueError(f"a colour of set {number} is not written like #c02030")
    return colour


def as_colour(text: str) -> Colour | None:
    """The colour that ``#rrggbb``, ``rrggbb`` or ``#rgb`` stands for; None where it is none."""
    digits = text.strip().removeprefix("#")
    if len(digits) == 3 and text.strip().startswith("#"):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) != 6 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return None
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def read_sets(path: Path) -> tuple[ColourSet, ...]:
    """The sets in a JSON file, from whomever it comes.

    Raises:
        PictureError: it is missing, too large, damaged or of a newer program.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PictureError(f"“{path.name}” is too large for a file of colour sets; choose another.")
        return from_notes(parsed_json(read_whole(path, MOST_BYTES).decode("utf-8-sig")))
    except OSError as error:
        raise PictureError(f"“{path.name}” can't be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise PictureError(f"“{path.name}” is no JSON file of colour sets; choose another.") from error
    except ValueError as error:
        raise PictureError(f"“{path.name}” can't be used: {error}; mend it or choose another.") from error


def code_of(card: Card, one: ColourSet, named: Iterable[PictureStyle]) -> Code | None:
    """The style that a set names, one of the card's or of those that were ``named`` with the picture; None
    where it names none, or one of another model."""
    for style in named:
        if style.name == one.style and card.style and len(style.code) == card.style:
            return style.code
    try:
        return card.code(one.style) if one.style is not None else None
    except UnderpaintError:  # what is taken of the set are its colours
        return None
