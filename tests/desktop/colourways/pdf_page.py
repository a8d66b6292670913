"""What stands on the page of a PDF file that Qt wrote, as far as a sheet of colourways needs it."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from engine.data.messages import Pixels
from engine.data.palette import Colour

_OBJECT = re.compile(
    rb"(?<!\d)(\d+) 0 obj\s*(<<.*?>>)\s*(?:stream\r?\n(.*?)\r?\nendstream)?\s*endobj", re.DOTALL
)


class Page(NamedTuple):
    size: tuple[float, float]
    """Width and height in points."""
    pictures: list[Pixels]
    """In the order in which they are drawn, uint8 (H, W, 3)."""
    filled: list[Colour]
    """With which colours rectangles are filled, in their order."""
    letters: list[int]
    """How many each of its texts has."""


def only_page(file: Path) -> Page:
    """The page of a file that has one."""
    parts = {int(number): (fields, content) for number, fields, content in _OBJECT.findall(file.read_bytes())}
    (page,) = (fields for fields, _ in parts.values() if re.search(rb"/Type /Page\b", fields))
    box = [float(value) for value in _found(rb"/MediaBox \[(.*?)\]", page).split()]
    fields, content = parts[int(_found(rb"/Contents (\d+) 0 R", page))]
    drawn = _plain(fields, content)
    pictures = [_picture(*parts[int(number)]) for number in re.findall(rb"/Im(\d+)\s+Do\b", drawn)]
    filled, colour = list[Colour](), (0, 0, 0)
    for levels, area in re.findall(rb"(\S+ \S+ \S+) scn|( re\s+f\b)", drawn):
        if area:
            filled.append(colour)
        else:
            red, green, blue = (round(float(level) * 255) for level in levels.split())
            colour = red, green, blue
    texts = re.findall(rb"\bBT\b(.*?)\bET\b", drawn, re.DOTALL)
    letters = [sum(len(word) // 4 for word in re.findall(rb"<(\w+)>\s*Tj", text)) for text in texts]
    return Page((box[2], box[3]), pictures, filled, letters)


def _found(pattern: bytes, text: bytes) -> bytes:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1]


def _plain(fields: bytes, content: bytes) -> bytes:
    return zlib.decompress(content) if b"/FlateDecode" in fields else content


def _picture(fields: bytes, content: bytes) -> Pixels:
    width, height = (int(_found(rb"/%s (\d+)" % name, fields)) for name in (b"Width", b"Height"))
    if b"/DCTDecode" in fields:
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    else:
        pixels = np.frombuffer(_plain(fields, content), np.uint8).reshape(height, width, 3)
    assert pixels.shape == (height, width, 3)
    return pixels
