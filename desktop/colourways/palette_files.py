"""Colours in files of other programs: GIMP ``.gpl``, Adobe ``.aco`` and ``.ase``, lists of hex numbers."""

from __future__ import annotations

import colorsys
import re
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop.colourways.sets import MOST_BYTES, as_colour
from engine.data.palette import Colour
from engine.errors import PictureError
from engine.files.parsing import read_whole

MOST = 4096
"""Colours of one file."""
SUFFIXES = (".gpl", ".aco", ".ase", ".hex", ".txt")

_WORDS = re.compile(r"[\s,;]+")


class _Damaged(Exception):
    """What is wrong with a file, as part of a sentence."""


def read_colours(path: Path) -> tuple[Colour, ...]:
    """The different colours of a palette file, in its order.

    Raises:
        PictureError: it is missing, too large, damaged, of an unknown sort or without any colour.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise PictureError(
            f"“{path.name}” is no palette file; choose one that ends in {', '.join(SUFFIXES)}, or a photo."
        )
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PictureError(f"“{path.name}” is too large for a palette; choose another file.")
        found = tuple(dict.fromkeys(reader(read_whole(path, MOST_BYTES))))
    except OSError as error:
        raise PictureError(f"The palette “{path.name}” can't be read ({error.strerror or error}).") from error
    except _Damaged as error:
        raise PictureError(f"The palette “{path.name}” can't be used: {error}; choose another.") from error
    except (struct.error, UnicodeDecodeError) as error:
        raise PictureError(f"The palette “{path.name}” is damaged or cut short; choose another.") from error
    if not 1 <= len(found) <= MOST:
        raise PictureError(
            f"The palette “{path.name}” has {len(found)} colours; between 1 and {MOST} can be used."
        )
    return found


def _gpl(content: bytes) -> list[Colour]:
    lines = content.decode("utf-8-sig").splitlines()
    if not lines or lines[0].strip() != "GIMP Palette":
        raise _Damaged("its first line must be “GIMP Palette”")
    found: list[Colour] = []
    for number, line in enumerate(lines[1:], start=2):
        text = line.strip()
        if not text or text.startswith("#") or text.lower().startswith(("name:", "columns:")):
            continue
        words = text.split(None, 3)[:3]
        if len(words) < 3 or not all(word.isascii() and word.isdigit() and len(word) < 4 for word in words):
            raise _Damaged(f"line {number} is no colour")
        red, green, blue = map(int, words)
        if max(red, green, blue) > 255:
            raise _Damaged(f"a number in line {number} is over 255")
        found.append((red, green, blue))
    return found


def _hex(content: bytes) -> list[Colour]:
    """Words like ``#c02030``; a line that begins with ``//`` or ``;`` is a remark."""
    found: list[Colour] = []
    for number, line in enumerate(content.decode("utf-8-sig").splitlines(), start=1):
        if line.lstrip().startswith(("//", ";")):
            continue
        for word in _WORDS.split(line):
            if not word:
                continue
            colour = as_colour(word)
            if colour is None:
                raise _Damaged(f"line {number} is no colour like #c02030")
            found.append(colour)
    return found


def _aco(content: bytes) -> list[Colour]:
    """Version 1 comes first in every file; version 2 repeats it with names."""
    version, count = struct.unpack_from(">HH", content)
    if version not in (1, 2):
        raise _Damaged("it is no Adobe colour file")
    found, at = [], 4
    for _ in range(count):
        space, *values = struct.unpack_from(">5H", content, at)
        at += 10
        if version == 2:
            (length,) = struct.unpack_from(">I", content, at)
            at += 4 + 2 * length
            if at > len(content):
                raise _Damaged("a name goes beyond its end")
        found.append(_aco_colour(space, values))
    return found


def _aco_colour(space: int, values: Sequence[int]) -> Colour:
    first, second, third, fourth = (value / 65535 for value in values)
    if space == 0:
        return _bytes(first, second, third)
    if space == 1:
        return _bytes(*colorsys.hsv_to_rgb(first, second, third))
    if space == 2:  # 0 is all of the ink
        return _bytes(first * fourth, second * fourth, third * fourth)
    if space == 7:
        lightness, a, b, _ = values
        signed = [value - 65536 if value > 32767 else value for value in (a, b)]
        return _lab(lightness / 100, signed[0] / 100, signed[1] / 100)
    if space == 8:
        return _bytes(*[1 - min(1, values[0] / 10000)] * 3)
    raise _Damaged("it names colours of a book of inks, which only its own program knows")


def _ase(content: bytes) -> list[Colour]:
    if content[:4] != b"ASEF":
        raise _Damaged("it is no Adobe swatch file")
    _major, _minor, blocks = struct.unpack_from(">HHI", content, 4)
    found, at = [], 12
    for _ in range(blocks):
        kind, length = struct.unpack_from(">HI", content, at)
        at += 6
        block = content[at : at + length]
        if len(block) < length:
            raise _Damaged("a part goes beyond its end")
        at += length
        if kind == 1:
            (letters,) = struct.unpack_from(">H", block)
            found.append(_ase_colour(block[2 + 2 * letters :]))
    return found


def _ase_colour(block: bytes) -> Colour:
    model, numbers = block[:4], {b"RGB ": 3, b"CMYK": 4, b"LAB ": 3, b"Gray": 1}
    if model not in numbers:
        raise _Damaged("it has colours of an unknown model")
    values = struct.unpack_from(f">{numbers[model]}f", block, 4)
    if not all(-1000 < value < 1000 for value in values):
        raise _Damaged("a colour is out of range")
    if model == b"RGB ":
        return _bytes(*values)
    if model == b"Gray":
        return _bytes(*values * 3)
    if model == b"LAB ":
        return _lab(values[0] * 100, values[1], values[2])
    cyan, magenta, yellow, black = values
    return _bytes(*((1 - ink) * (1 - black) for ink in (cyan, magenta, yellow)))


def _lab(lightness: float, a: float, b: float) -> Colour:
    """CIE Lab under D50, as these files mean it, brought to sRGB (Bradford's adaptation)."""
    y = (lightness + 16) / 116
    white = (0.96422, 1.0, 0.82521)
    x, y, z = (
        w * (t**3 if t > 6 / 29 else (t - 4 / 29) * 3 * (6 / 29) ** 2)
        for w, t in zip(white, (y + a / 500, y, y - b / 200), strict=True)
    )
    linear = (
        3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
        -0.9787684 * x + 1.9161415 * y + 0.0334540 * z,
        0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
    )
    return _bytes(*(12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in linear))


def _bytes(red: float, green: float, blue: float) -> Colour:
    """Shares, 0 to 1, as bytes; what lies beyond is cut off."""
    first, second, third = (round(min(max(value, 0.0), 1.0) * 255) for value in (red, green, blue))
    return first, second, third


_READERS: dict[str, Callable[[bytes], list[Colour]]] = {
    ".gpl": _gpl,
    ".aco": _aco,
    ".ase": _ase,
    ".hex": _hex,
    ".txt": _hex,
}
