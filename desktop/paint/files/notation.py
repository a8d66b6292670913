"""How documents are written down in JSON, and how such notes are read back, from whomever they come."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, get_args

from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.layer_stack import PictureStyle
from desktop.paint.layers.held import Hold
from desktop.paint.layers.layer import Layer, Role
from engine.data import palette as palettes
from engine.data import style
from engine.data.card import InputKind
from engine.data.palette import Colour, Label, Palette
from engine.errors import PictureError

KINDS: tuple[InputKind, ...] = get_args(InputKind)

LONGEST_TEXT = 10_000

STYLES = 1
"""Version of the notes on styles; they stand beside the others, and older programs keep them as they are."""

KEPT = 1
"""Version of those on kept frames and held parts of the preview, likewise."""


class Notes:
    """A JSON object of which nothing is believed before it is looked at.

    Args:
        text: the JSON.
        source: what the user calls the file, for sentences.

    Raises:
        PictureError: no JSON object.
    """

    def __init__(self, text: str | bytes | dict[str, Any], source: str) -> None:
        self.source = source
        try:
            fields = text if isinstance(text, dict) else json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.damaged() from error
        if not isinstance(fields, dict):
            raise self.damaged()
        self.fields: dict[str, Any] = fields

    def damaged(self, what: str = "") -> PictureError:
        """The error to raise; ``what`` names the field that makes no sense."""
        translate = QCoreApplication.translate
        if what:
            text = translate("paint", "“{0}” is damaged: its {1} makes no sense. Fetch or save it anew.")
        else:
            text = translate("paint", "“{0}” is damaged or not one of our files. Fetch or save it anew.")
        return PictureError(text.format(self.source, what))

    def check_format(self, newest: int) -> None:
        """Refuse what a newer program wrote."""
        found = self.fields.get("format")
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            raise self.damaged("format")
        if found > newest:
            text = QCoreApplication.translate(
                "paint", "“{0}” was made by a newer Underpaint; update the program to open it."
            )
            raise PictureError(text.format(self.source))

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """An integer in a range."""
        value = self.fields.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.damaged(name)
        return value

    def number(self, name: str, least: float, most: float, default: float | None = None) -> float:
        """A number in a range."""
        return self.as_number(self.fields.get(name, default), name, least, most)

    def as_number(self, value: object, name: str, least: float, most: float) -> float:
        """``value`` if it is a number in a range."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.damaged(name)
        return float(value) if math.isfinite(value) else least

    def text(self, name: str, default: str | None = None) -> str:
        """A text, cut to a length that windows can show."""
        value = self.fields.get(name, default)
        if not isinstance(value, str):
            raise self.damaged(name)
        return value[:LONGEST_TEXT]

    def switch(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self.fields.get(name, default)
        if not isinstance(value, bool):
            raise self.damaged(name)
        return value

    def items(self, name: str, most: int) -> list[Any]:
        """A list of not too many things."""
        value = self.fields.get(name, [])
        if not isinstance(value, list) or len(value) > most:
            raise self.damaged(name)
        return value

    def inner(self, value: object, name: str) -> Notes:
        """Notes within the notes."""
        if not isinstance(value, dict):
            raise self.damaged(name)
        return Notes(value, self.source)

    def kind(self) -> InputKind:
        """The kind of document."""
        for kind in KINDS:
            if self.fields.get("kind") == kind:
                return kind
        raise self.damaged("kind")

    def role(self, name: str = "role") -> Role:
        """The role of a layer."""
        try:
            return Role(str(self.fields.get(name)))
        except ValueError as error:
            raise self.damaged(name) from error

    def colour(self, name: str, default: Colour | None = None) -> Colour:
        """Red, green and blue."""
        return self._as_colour(self.fields.get(name, default), name)

    def palette(self, name: str = "palette") -> Palette | None:
        """A palette, where there is one."""
        value = self.fields.get(name)
        if value is None:
            return None
        try:
            palette = palettes.from_fields(value)
        except ValueError as error:
            raise self.damaged(name) from error
        labels = (Label(label.name[:LONGEST_TEXT], label.colour) for label in palette.labels)
        return Palette(palette.name[:LONGEST_TEXT], tuple(labels))

    def styles(self, name: str = "styles") -> tuple[PictureStyle | None, tuple[PictureStyle, ...]]:
        """The picture's style, None for the usual one, and those that somebody named.

        Raises:
            PictureError: they make no sense, or a newer program wrote them.
        """
        if self.fields.get(name) is None:
            return None, ()
        inner = self.inner(self.fields[name], name)
        inner.check_format(STYLES)
        own, named = inner.fields.get("style"), inner.items("named", style.MOST_NAMES)
        found = tuple(self._as_style(entry, name) for entry in named)
        if len({entry.name for entry in found}) < len(found) or not all(entry.name for entry in found):
            raise self.damaged(name)
        return None if own is None else self._as_style(own, name), found

    def _as_style(self, value: object, what: str) -> PictureStyle:
        fields = self.inner(value, what).fields
        code, name = fields.get("code"), fields.get("name", "")
        try:
            length = len(code) if isinstance(code, list) else 0
            checked = style.checked(code, length)
        except ValueError as error:
            raise self.damaged(what) from error
        fine = isinstance(name, str) and (not name or name.isprintable()) and len(name) <= style.LONGEST_NAME
        if not fine or not 1 <= length <= style.LONGEST:
            raise self.damaged(what)
        return PictureStyle(checked, name)

    def _as_colour(self, value: object, name: str) -> Colour:
        if not isinstance(value, list | tuple) or len(value) != 3:
            raise self.damaged(name)
        red, green, blue = (int(self.as_number(channel, name, 0, 255)) for channel in value)
        return red, green, blue


def as_json(fields: dict[str, Any], ours: Collection[str], most: int) -> tuple[bytes, list[str]]:
    """Notes as they are written, in at most ``most`` bytes if that can be, and the names of those left out:
    of what is not ``ours``, the longest."""
    for indent in (1, None):  # to be read by people, if there is room
        with suppress(RecursionError):
            if len(content := _json(fields, indent)) <= most:
                return content, []
    sizes = {name: _length(name, value) for name, value in fields.items()}
    dropped: list[str] = []
    for name in sorted(fields.keys() - set(ours), key=lambda name: -sizes[name]):
        if sum(sizes.values()) <= most:
            break
        del sizes[name]
        dropped.append(name)
    return _json({name: fields[name] for name in fields if name in sizes}, None), dropped


def _length(name: str, value: Any) -> float:
    """Bytes of a field; without end where it can't be written, since it is nested too deeply."""
    try:
        return len(_json({name: value}, None))
    except RecursionError:
        return math.inf


def _json(fields: dict[str, Any], indent: int | None) -> bytes:
    marks = None if indent else (",", ":")
    text = json.dumps(fields, ensure_ascii=False, indent=indent, separators=marks)
    return text.encode("utf-8", "backslashreplace")


def palette_notes(palette: Palette | None) -> dict[str, Any] | None:
    """A palette as ``Notes.palette`` reads it."""
    return None if palette is None else palettes.to_fields(palette)


def style_notes(own: PictureStyle | None, named: Sequence[PictureStyle]) -> dict[str, Any] | None:
    """Styles as ``Notes.styles`` reads them; None where there are none."""
    if own is None and not named:
        return None

    def fields(one: PictureStyle) -> dict[str, Any]:
        return {"code": list(one.code), "name": one.name}

    return {
        "format": STYLES,
        "style": None if own is None else fields(own),
        "named": [fields(one) for one in named],
    }


def hold_notes(holds: Sequence[Hold]) -> dict[str, Any]:
    """What of the preview is held, as ``frames_and_holds`` reads it; nothing where nothing is."""
    held = [{"key": hold.key, "rest": hold.rest} for hold in holds]
    return {"holds": {"format": KEPT, "held": held}} if held else {}


class Styles(NamedTuple):
    """What was understood of the styles in a file."""

    own: PictureStyle | None
    named: tuple[PictureStyle, ...]
    said: list[str]
    """Sentences on what was not."""
    kept: set[str]
    """The notes that stay as they are, as only a newer program understands them."""


def understood_styles(notes: Notes) -> Styles:
    """The styles of a file; those that make no sense cost nobody a drawing."""
    try:
        return Styles(*notes.styles(), [], set())
    except PictureError:
        found = notes.fields["styles"]
        version = found.get("format") if isinstance(found, dict) else None
        newer = type(version) is int and version > STYLES
        translate = QCoreApplication.translate
        text = (
            translate("paint", "The styles in “{0}” are of a newer Underpaint; update it to see them.")
            if newer
            else translate("paint", "The styles in “{0}” make no sense, and were left out.")
        )
        return Styles(None, (), [text.format(notes.source)], {"styles"} if newer else set())


def format_of(layers: Sequence[Layer]) -> int:
    """The version of projects and journals that knows all roles of these layers: the second knows finishes,
    which older programs would take for lines."""
    return 2 if any(layer.role is Role.FINISH for layer in layers) else 1


def layer_notes(layer: Layer) -> dict[str, Any]:
    """Everything of a layer but its pixels."""
    return {
        "id": layer.id,
        "name": layer.name,
        "role": layer.role.value,
        "visible": layer.visible,
        "opacity": layer.opacity,
        "locked": layer.locked,
    }
