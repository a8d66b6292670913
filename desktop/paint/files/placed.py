"""The PNG pictures that the layers of an OpenRaster file are made of: how large, where, and their pixels."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.limits import MOST_PIXELS
from desktop.paint.files import archive
from desktop.paint.files.archive import Archive
from desktop.paint.files.stack import damaged, whole
from desktop.paint.layers.composite import from_straight
from desktop.paint.layers.layer import blank
from engine.data.messages import Pixels
from engine.data.picture import ON_WHITE, read
from engine.data.rect import Rect
from engine.errors import PictureError

translate = QCoreApplication.translate

_HEADER = 24
"""Bytes of a PNG file up to and with its height (PNG specification 11.2.1)."""


def place(source: Archive, element: ElementTree.Element, name: str) -> Rect:
    """Where a layer lies, in coordinates of what it is in, by the header of its picture alone.

    Raises:
        PictureError: the picture is missing or no PNG.
    """
    head = source.read(element.get("src", ""), archive.MOST_MEMBER, _HEADER)
    return Rect(whole(element, "x", name, 0), whole(element, "y", name, 0), *png_size(head, name))


def png_size(content: bytes, name: str) -> tuple[int, int]:
    """Width and height from the header alone.

    Raises:
        PictureError: no PNG.
    """
    if len(content) < _HEADER or not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise damaged(name)
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


class Decoded(NamedTuple):
    """A layer's own picture."""

    pixels: Pixels
    """Premultiplied BGRA."""
    notes: list[str]
    """Sentences on what they have lost."""


def decoded(source: Archive, element: ElementTree.Element, name: str) -> Decoded:
    """The picture of a layer.

    Raises:
        PictureError: missing, damaged, or more than can be opened.
    """
    content = source.read(element.get("src", ""), archive.MOST_MEMBER)
    width, height = png_size(content, name)
    if width * height > MOST_PIXELS:
        text = translate("paint", "A layer of “{0}” has {1} × {2} pixels, which is more than can be opened.")
        raise PictureError(text.format(name, width, height))
    reading = read(content)
    del content
    pixels = blank(width, height)
    for row in range(0, height, 256):  # large pictures need no large intermediate
        band = reading.colours[row : row + 256]
        if reading.alpha is not None:
            band = np.dstack([band, reading.alpha[row : row + 256]])
        pixels[row : row + 256] = from_straight(band)
    # Transparency is what layers are for.
    return Decoded(pixels, [note for note in reading.notes if note != ON_WHITE])
