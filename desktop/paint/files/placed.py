"""The pictures that the layers of an OpenRaster file are made of: how large, where, and their pixels.

They ought to be PNG; any format that we read will do, whatever the file is called.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.limits import MOST_PIXELS
from desktop.paint.files import archive
from desktop.paint.files.archive import Archive
from desktop.paint.files.stack import called, damaged, whole
from desktop.paint.layers.composite import from_straight
from desktop.paint.layers.layer import blank
from engine.data.messages import Pixels
from engine.data.picture import ON_WHITE, SUFFIXES, opened, read
from engine.data.rect import Rect
from engine.errors import PictureError

translate = QCoreApplication.translate

_HEADER = 24
"""Bytes of a PNG file up to and with its height (PNG specification 11.2.1)."""


_PNG = b"\x89PNG\r\n\x1a\n"
_STARTS = (_PNG, b"\xff\xd8\xff", b"RIFF", b"II*\0", b"MM\0*", b"BM")
"""What the files that we read begin with."""


def is_picture(source: Archive, element: ElementTree.Element) -> bool:
    """Whether it is a layer that a picture makes, or is meant to: rather than drawings, text and so on."""
    member = element.get("src", "")
    if element.tag != "layer" or not member:
        return False
    if member.lower().endswith(SUFFIXES):
        return True
    try:
        return source.read(member, archive.MOST_MEMBER, _HEADER).startswith(_STARTS)
    except PictureError:
        return False


def rect_of(source: Archive, element: ElementTree.Element, name: str) -> Rect:
    """Where a layer lies, in coordinates of what it is in, by the header of its picture alone.

    A picture that says that it lies on its side is as wide as this is high.

    Raises:
        PictureError: the picture is missing, none, or more than can be opened.
    """
    member = element.get("src", "")
    if source.size(member) > archive.MOST_MEMBER:
        raise _too_large(element, name)
    head = source.read(member, archive.MOST_MEMBER, _HEADER)
    if head.startswith(_PNG):
        width, height = png_size(head, name)
    elif not head.startswith(_STARTS):
        raise damaged(name)
    else:
        with opened(source.read(member, archive.MOST_MEMBER), most=MOST_PIXELS) as image:
            width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large(element, name)
    return Rect(whole(element, "x", name, 0), whole(element, "y", name, 0), width, height)


def png_size(content: bytes, name: str) -> tuple[int, int]:
    """Width and height from the header alone.

    Raises:
        PictureError: no PNG.
    """
    if len(content) < _HEADER or not content.startswith(_PNG):
        raise damaged(name)
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _too_large(element: ElementTree.Element, name: str) -> PictureError:
    text = translate("paint", "The layer “{1}” of “{0}” has more pixels than can be opened.")
    return PictureError(text.format(name, called(element)))


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
    rect_of(source, element, name)
    reading = read(source.read(element.get("src", ""), archive.MOST_MEMBER), most=MOST_PIXELS)
    height, width = reading.colours.shape[:2]
    pixels = blank(width, height)
    for row in range(0, height, 256):  # large pictures need no large intermediate
        band = reading.colours[row : row + 256]
        if reading.alpha is not None:
            band = np.dstack([band, reading.alpha[row : row + 256]])
        pixels[row : row + 256] = from_straight(band)
    # Transparency is what layers are for.
    return Decoded(pixels, [note for note in reading.notes if note != ON_WHITE])


class Gaps:
    """The layers that can't be read."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.error: PictureError | None = None
        """What was wrong with the first one."""

    def add(self, element: ElementTree.Element, error: PictureError) -> None:
        """Remember one."""
        self.names.append(called(element))
        self.error = self.error or error
