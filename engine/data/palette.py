"""Label palettes: what the colours of a label picture mean, and the GIMP ``.gpl`` files they live in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import PictureError
from engine.files.parsing import cleaned, read_whole
from engine.files.writing import replacing

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

MOST_LABELS = 256
"""Label indices are bytes."""

MOST_BYTES = 1 << 20
"""Of a ``.gpl`` file."""

LONGEST_NAME = 200
"""Characters of a palette's name, and of a label's."""


@dataclass(frozen=True, slots=True)
class Label:
    """One meaning and the colour that stands for it."""

    name: str
    colour: Colour


@dataclass(frozen=True)
class Palette:
    """A named, ordered set of labels; the order gives the number keys and one-hot planes."""

    name: str
    labels: tuple[Label, ...]

    @cached_property
    def colours(self) -> npt.NDArray[np.uint8]:
        """uint8 (labels, 3), in the palette's order."""
        return np.array([label.colour for label in self.labels], np.uint8).reshape(-1, 3)

    def indices(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The index of the label nearest to each pixel.

        Args:
            pixels: uint8 (H, W, 3).

        Returns:
            uint8 (H, W). Nearness is squared RGB distance; the earlier label wins a tie.
        """
        codes = pixels[..., 0].astype(np.uint32)
        for channel in (1, 2):
            codes <<= np.uint32(8)
            codes |= pixels[..., channel]
        # Nearly every pixel of a label picture is exactly of a label's colour.
        numbers = self._numbers.take(codes)
        strange = numbers == 0
        if strange.any():
            numbers[strange] = self._nearest(codes[strange]) + np.uint16(1)
        return (numbers - np.uint16(1)).astype(np.uint8)

    @cached_property
    def _numbers(self) -> npt.NDArray[np.uint16]:
        """For each colour 0xRRGGBB its label's index plus one, or 0 where that isn't known yet: pages of
        zeros take no memory. Several threads may fill it, as all find the same."""
        numbers = np.zeros(1 << 24, np.uint16)
        for number, (red, green, blue) in reversed(list(enumerate(self.colours.tolist(), start=1))):
            numbers[red << 16 | green << 8 | blue] = number
        return numbers

    def _nearest(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
        """The index of the label nearest to each colour, given as 0xRRGGBB."""
        # Look each colour up once: pictures have fewer colours than pixels.
        distinct, places = np.unique(codes, return_inverse=True)
        channels = np.stack([distinct >> 16, distinct >> 8 & 255, distinct & 255], 1).astype(np.int32)
        nearest = np.empty(len(distinct), np.uint8)
        for start in range(0, len(distinct), 4096):  # bounds memory for photographs
            block = channels[start : start + 4096]
            far = np.zeros((len(block), len(self.colours)), np.int32)
            for channel, values in enumerate(self.colours.T.astype(np.int32)):
                far += np.square(block[:, channel, None] - values)
            nearest[start : start + 4096] = far.argmin(1)
        # Maps that were JPEG files have the same mixtures at their edges again and again.
        self._numbers[distinct] = nearest + np.uint16(1)
        return nearest[places.reshape(-1)]

    def snapped(self, pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], int]:
        """``pixels`` with every colour replaced by the nearest label's, and how many pixels changed.

        Args:
            pixels: uint8 (H, W, 3).
        """
        snapped = self.colours.take(self.indices(pixels), axis=0)
        return snapped, int((snapped != pixels).any(2).sum())


def to_hex(colour: Colour) -> str:
    """As people and files write it: “#rrggbb”."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def to_fields(palette: Palette) -> dict[str, Any]:
    """A palette as it stands in JSON: in a model's card, a run's config, a project, a folder of pairs."""
    return {"name": palette.name, "labels": [[label.name, list(label.colour)] for label in palette.labels]}


def from_fields(fields: object) -> Palette:
    """The palette that ``to_fields`` wrote; names that a ``.gpl`` file can't hold are made such as it can.

    Raises:
        ValueError: it is none; what is wrong, as part of a sentence.
    """
    if not isinstance(fields, dict) or not isinstance(fields.get("labels"), list):
        raise ValueError("its palette makes no sense")
    if not 1 <= len(fields["labels"]) <= MOST_LABELS:
        raise ValueError("its palette has no colours or too many")
    return Palette(_named(str(fields.get("name", ""))), tuple(map(_label, fields["labels"])))


def _named(name: str) -> str:
    """A stranger's name on one line, and no longer than any needs to be."""
    return cleaned(name[:LONGEST_NAME]).strip()


def _label(entry: object) -> Label:
    match entry:
        case [str(name), [int(red), int(green), int(blue)]]:
            if min(red, green, blue) < 0 or max(red, green, blue) > 255:
                raise ValueError("a colour of its palette is out of range")
            return Label(_named(name), (int(red), int(green), int(blue)))
    raise ValueError("a label of its palette makes no sense")


def read_gpl(path: Path) -> Palette:
    """Read a GIMP palette file.

    Raises:
        PictureError: the file is missing, no ``.gpl``, has no colours or more than 256.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PictureError(f"“{path.name}” is too large for a palette; choose a GIMP .gpl file.")
        lines = read_whole(path, MOST_BYTES).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"The palette “{path.name}” can't be read ({reason}).") from error
    if not lines or lines[0].strip() != "GIMP Palette":
        raise PictureError(f"“{path.name}” is not a GIMP palette; its first line must say so.")
    name = path.stem
    labels: list[Label] = []
    for number, line in enumerate(lines[1:], start=2):
        text = line.strip()
        if not text or text.startswith("#") or text.lower().startswith("columns:"):
            continue
        if text.lower().startswith("name:"):
            name = text[5:].strip() or name
            continue
        fields = text.split(None, 3)
        try:
            red, green, blue = (int(field) for field in fields[:3])
        except ValueError:
            red = green = blue = -1
        if not all(0 <= value <= 255 for value in (red, green, blue)):
            raise PictureError(
                f"Line {number} of the palette “{path.name}” is no colour; "
                "it should be three numbers from 0 to 255 and a name."
            )
        title = fields[3] if len(fields) > 3 else f"label {len(labels) + 1}"
        labels.append(Label(_named(title), (red, green, blue)))
    if not labels or len(labels) > MOST_LABELS:
        raise PictureError(
            f"The palette “{path.name}” has {len(labels)} colours; between 1 and {MOST_LABELS} can be used."
        )
    return Palette(_named(name), tuple(labels))


def write_gpl(palette: Palette, path: Path) -> None:
    """Write ``palette`` as a GIMP palette file, in one step.

    Raises:
        OSError: the folder can't be written.
    """
    rows = [
        f"{r:3d} {g:3d} {b:3d}\t{_named(label.name)}"
        for label in palette.labels
        for r, g, b in [label.colour]
    ]
    with replacing(path) as part:
        part.write_text("\n".join(["GIMP Palette", f"Name: {_named(palette.name)}", "#", *rows, ""]), "utf-8")
