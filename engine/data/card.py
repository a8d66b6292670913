"""A model's card: everything the program must know of a model besides its weights.

The card is one JSON object in the metadata of the model file (see ``engine.models.bundle``).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from engine.data import palette as palettes
from engine.data import style as codes
from engine.data.deep import Levels
from engine.data.palette import Palette
from engine.errors import ModelError, StyleError
from engine.files.parsing import cleaned, parsed_json, read_whole, without_halves

FORMAT = 2
"""Version of the card. Older ones are upgraded on reading, newer ones refused with a sentence. The second has
styles; a card without them is written as the first, so that older programs read it."""

MOST_PIXELS = 1 << 23
"""Of the model's own size; at it a pass is made as soon as the model is open."""

MOST_BYTES = 16 << 20
"""Of a file with fields of a card."""

MOST_INPUT = 1 << 31
"""Bytes that a network is given at the model's own size, four for each pixel of each plane."""

LONGEST = {
    "name": 1000,
    "kind": 100,
    "task": 1000,
    "description": 20_000,
    "data": 20_000,
    "licence": 20_000,
    "sample": 1 << 20,
}
"""Characters of a card's texts, at most."""

_OF_LINES = ("description", "data", "licence")
"""Texts that may have several lines."""

_MOST_LISTED = 8
"""Of the names in a sentence."""

InputKind = Literal["sketch", "labels", "image"]
"""What the model wants painted: dark lines on white, flat palette colours, or any picture."""

Statistics = Literal["image", "running"]
"""Whether norms use the moments of the picture itself or those gathered while training."""


@dataclass(frozen=True)
class Card:
    """What a model is, wants and makes. Sizes are pixels, colours 0 to 255."""

    name: str
    kind: str
    """Name of a module in ``engine.networks``."""
    network: dict[str, Any]
    """The keyword arguments from which that module builds the network."""
    input: InputKind
    size: tuple[int, int] = (256, 256)
    """Width and height the model was trained at."""
    hints: bool = False
    """Sketch models: whether colour hints are understood (five input planes, see ``engine.planes.codec``)."""
    line_width: float | None = None
    """Sketch models: width of the lines seen in training, in pixels at ``size``."""
    palette: Palette | None = None
    """Label models: the labels. Image models: colours that mean something to them; others are taken, too."""
    one_hot: bool = False
    """Label models: fed as one plane a label instead of as colour."""
    levels: Levels | None = None
    """Image models: which values of pictures with 16 bits a channel are black and white; by default all."""
    styles: dict[str, codes.Code] = field(default_factory=dict)
    """Named styles: a code, ``style`` numbers, by its name."""
    seeded_styles: tuple[codes.Code, ...] = ()
    """Codes that seeds stand for, in turn (see ``engine.data.style.seeded``): those of photos that it learnt
    from, each as unlike the ones before it as can be. Without any, seeds are draws from N(0, 1)."""
    default_style: codes.Code | None = None
    """The code where none is asked for; None: that of seed 0, if photos' stand there, else noughts."""
    style_encoder: int = 0
    """Width of the network in the file that reads styles of photos; 0: there is none."""
    statistics: Statistics = "image"
    task: str = ""
    """Short and human: “sketch → shoe”."""
    description: str = ""
    data: str = ""
    licence: str = ""
    """One line on what one may do with the model."""
    training: dict[str, Any] = field(default_factory=dict)
    """Command, seed, pictures seen, hours: whatever the trainer noted."""
    scores: dict[str, float] = field(default_factory=dict)
    sample: str = ""
    """A small PNG of what the model makes, base64, at most 256 × 256; may be empty."""
    format: int = FORMAT

    @property
    def style(self) -> int:
        """How many numbers a style has; 0: the model knows no styles."""
        return _style(self.network)

    @property
    def usual_style(self) -> codes.Code:
        """The code where none is asked for."""
        if self.default_style is not None:
            return self.default_style
        return self.seeded_styles[0] if self.seeded_styles else (0.0,) * self.style

    def code(self, style: codes.Style | None) -> codes.Code:
        """What a style stands for: a seed, a name, a code, or None for the usual one. Of a model that knows
        no styles that is an empty code.

        Raises:
            StyleError: the model does not know it.
        """
        if style is None:
            return self.usual_style
        if not self.style:
            raise StyleError(
                f"The model “{self.name}” knows no styles; train one with styles, or ask for none."
            )
        if isinstance(style, str):
            if style in self.styles:
                return self.styles[style]
            names = f"known are {_listed(list(self.styles))}" if self.styles else "none of its has a name"
            raise StyleError(
                f"The model “{self.name}” has no style “{style[: codes.LONGEST_NAME]}”; {names}. "
                "A seed, such as 7, gives one, too."
            )
        if isinstance(style, int | np.integer) and not isinstance(style, bool):
            seed = int(style)
            known = self.seeded_styles
            return codes.seeded(seed, known) if known else codes.drawn(seed, self.style)
        try:
            return codes.checked(style, self.style)
        except ValueError as error:
            raise StyleError(f"A style {error}; give a seed, a name, or a code.") from error


def to_json(card: Card) -> str:
    """The card as it stands in a model file.

    Halves of signs, which notes of strange names may hold, would keep it from being written: each becomes a
    sign that says so.
    """
    fields = dataclasses.asdict(card)
    if card.palette is not None:
        fields["palette"] = palettes.to_fields(card.palette)
    if not card.style:  # as it was before there were styles
        if isinstance(card.network, dict):
            fields["network"] = {name: value for name, value in card.network.items() if name != "style"}
        for name in ("styles", "seeded_styles", "default_style", "style_encoder"):
            del fields[name]
        fields["format"] = 1 if card.format == FORMAT else card.format
    return without_halves(json.dumps(fields, ensure_ascii=False))


def from_json(text: str) -> Card:
    """Read a card, checking every field that the program relies on.

    Raises:
        ModelError: not a card, damaged, or written by a newer version.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError("The model's card is damaged; fetch the file anew.") from error
    if not isinstance(fields, dict) or type(fields.get("format")) is not int:
        raise ModelError("The file has no model card; it was not made by Underpaint.")
    if fields["format"] > FORMAT:
        raise ModelError("The model was made by a newer Underpaint; update the program to use it.")
    known = {entry.name for entry in dataclasses.fields(Card)}
    fields = {name: value for name, value in fields.items() if name in known} | {"format": FORMAT}
    try:
        fields["size"] = tuple(fields.get("size", (256, 256)))
        if fields.get("levels") is not None:
            fields["levels"] = tuple(fields["levels"])
        if fields.get("palette") is not None:
            fields["palette"] = palettes.from_fields(fields["palette"])
        length = _style(fields.get("network"))
        fields["styles"] = codes.named(fields.get("styles", {}), length)
        fields["seeded_styles"] = codes.several(fields.get("seeded_styles", ()), length)
        if fields.get("default_style") is not None:
            fields["default_style"] = codes.of_file(fields["default_style"], length)
        for name in LONGEST:
            if isinstance(fields.get(name), str):
                fields[name] = cleaned(fields[name], lines=name in _OF_LINES)
        card = Card(**fields)
        _check(card)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ModelError(f"The model's card is damaged ({error}); fetch the file anew.") from error
    return card


def amended(card: Card, text: str) -> Card:
    """``card`` with the fields of a JSON object put in place of its own.

    Raises:
        ModelError: not a JSON object, an unknown field, or a value that makes no sense.
    """
    try:
        fields = parsed_json(text)
    except ValueError as error:
        raise ModelError(f"The card's fields can't be used: {error}.") from error
    known = {entry.name for entry in dataclasses.fields(Card)}
    if not isinstance(fields, dict) or not fields.keys() <= known:
        raise ModelError(f"A card's fields are a JSON object with some of {', '.join(sorted(known))}.")
    if isinstance(fields.get("training"), dict):  # which adds to what the training itself wrote
        fields["training"] = card.training | fields["training"]
    return from_json(json.dumps(json.loads(to_json(card)) | fields))


def amended_by(card: Card, file: Path) -> Card:
    """The same with the fields that are in a file.

    Raises:
        ModelError: as ``amended``, or the file can't be read.
    """
    try:
        text = read_whole(file, MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"The card's fields “{file}” can't be read ({reason}).") from error
    return amended(card, text)


def is_too_large(size: tuple[int, int], planes: int) -> bool:
    """Whether a model of that size, width and height, whose pictures have so many planes, takes more memory
    than any may: it isn't opened."""
    edge = max(size)  # a square document is as large both ways
    return edge * edge > MOST_PIXELS or 4 * edge * edge * planes > MOST_INPUT


def _listed(names: list[str]) -> str:
    """Names in a sentence; of many only the first."""
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more


def _style(network: Any) -> int:
    """How many numbers a style of that network has.

    Raises:
        ValueError: that makes no sense.
    """
    length = network.get("style", 0) if isinstance(network, dict) else 0
    if type(length) is not int or not 0 <= length <= codes.LONGEST:
        raise ValueError("its style makes no sense")
    return length


def _are_levels(levels: Levels) -> bool:
    if len(levels) != 2 or not all(type(value) is int for value in levels):
        return False
    return 0 <= levels[0] < levels[1] <= 65535


def _check(card: Card) -> None:
    """Raise ValueError naming the first field that makes no sense."""
    texts = (card.name, card.kind, card.task, card.description, card.data, card.licence, card.sample)
    width, height = card.size
    checks = {
        "text": all(isinstance(text, str) for text in texts) and bool(card.name),
        **{name: len(str(getattr(card, name))) <= most for name, most in LONGEST.items()},
        "input": card.input in get_args(InputKind),
        "statistics": card.statistics in get_args(Statistics),
        "size": all(type(edge) is int and 1 <= edge <= 8192 for edge in (width, height))
        and width * height <= MOST_PIXELS,
        "network": isinstance(card.network, dict),
        "line width": card.line_width is None
        or (type(card.line_width) in (int, float) and 0 < card.line_width < 100),
        "levels": card.levels is None or _are_levels(card.levels),
        "palette": card.palette is not None or not card.one_hot,
        "switches": isinstance(card.hints, bool) and isinstance(card.one_hot, bool),
        "hints": card.input == "sketch" or not card.hints,
        "planes": card.input == "labels" or not card.one_hot,
        "styles": bool(card.style)
        or not (card.styles or card.seeded_styles or card.default_style or card.style_encoder),
        "style encoder": type(card.style_encoder) is int and card.style_encoder >= 0,
        "notes": isinstance(card.training, dict) and isinstance(card.scores, dict),
    }
    for name, right in checks.items():
        if not right:
            raise ValueError(f"its {name} makes no sense")
    planes = len(card.palette.labels) if card.one_hot and card.palette is not None else 1
    if is_too_large(card.size, planes):
        edge = max(width, height)
        raise ValueError(f"its {edge} × {edge} pixels in {planes} planes are too many")
