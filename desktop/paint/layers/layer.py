"""One layer of a document: its pixels, what they mean, and how they are shown."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol
from weakref import WeakSet

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from engine.data.messages import Pixels
from engine.data.rect import EMPTY, Rect

Packed = npt.NDArray[np.uint32]
"""The same pixels as one number each, 0xAARRGGBB."""


class Role(StrEnum):
    """What a layer means to the network."""

    LINES = "lines"
    HINTS = "hints"
    PAINT = "paint"
    LABELS = "labels"
    REFERENCE = "reference"
    FINISH = "finish"

    @property
    def sent(self) -> bool:
        """Whether the network sees such a layer; a reference is only there to be traced, and a finish lies
        over the preview."""
        return self not in (Role.REFERENCE, Role.FINISH)

    @property
    def paintable(self) -> bool:
        """Whether anybody paints on such a layer."""
        return self is not Role.REFERENCE


class Piece(NamedTuple):
    """Pixels somewhere beyond the edges of the picture."""

    rect: Rect
    """Where, in picture coordinates."""
    pixels: Pixels
    """uint8 (rect.height, rect.width, 4), premultiplied BGRA; never written to."""


class Watcher(Protocol):
    """Somebody who wants to know what pixels were before they change (``desktop.paint.layers.frozen``)."""

    def keep(self, top: int, bottom: int) -> None:
        """The rows from ``top`` up to ``bottom`` are about to change."""


class Layer:
    """Pixels with a name, a role and the way they are shown.

    ``pixels`` is uint8 (H, W, 4), rows first, in the order blue, green, red, alpha with colours
    already multiplied by alpha, which is ``QImage.Format_ARGB32_Premultiplied``. ``packed`` is the
    same memory as uint32 (H, W), and ``image`` the same memory as a ``QImage``: draw it, never
    paint on it. Only ``Recording`` and the steps of the history write into a layer, and say so before
    (``about_to_change``). ``outside`` is what its file holds beyond the picture, see
    ``desktop.paint.layers.overhang``.
    """

    def __init__(self, id: int, name: str, role: Role, pixels: Pixels) -> None:
        self.id = id
        self.name = name
        self.role = role
        self.visible = True
        self.opacity = 1.0
        self.locked = False
        self.outside: tuple[Piece, ...] = ()
        self._watchers: WeakSet[Watcher] = WeakSet()
        self.pixels = pixels

    @property
    def pixels(self) -> Pixels:
        """uint8 (H, W, 4), premultiplied BGRA."""
        return self._pixels

    @pixels.setter
    def pixels(self, pixels: Pixels) -> None:
        assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 4
        self._pixels = np.ascontiguousarray(pixels)
        self.packed: Packed = self._pixels.view(np.uint32)[:, :, 0]
        self.image = image_over(self._pixels, QImage.Format.Format_ARGB32_Premultiplied)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self._pixels.shape[1], self._pixels.shape[0]

    @property
    def bytes(self) -> int:
        """Memory that its pixels take."""
        return self._pixels.nbytes + sum(piece.pixels.nbytes for piece in self.outside)

    @property
    def shown(self) -> bool:
        """Whether anything of it can be seen at all."""
        return self.visible and self.opacity > 0

    def with_pixels(self, pixels: Pixels) -> Layer:
        """The same layer (id, name, role, properties) with other pixels; a new object."""
        other = Layer(self.id, self.name, self.role, pixels)
        other.visible, other.opacity, other.locked = self.visible, self.opacity, self.locked
        other.outside = self.outside
        return other

    def hollow(self) -> Layer:
        """The same layer without its pixels, of which it has but one."""
        return self.with_pixels(blank(1, 1))

    def let_know(self, watcher: Watcher) -> None:
        """Tell ``watcher``, as long as it lives, before pixels change."""
        self._watchers.add(watcher)

    def about_to_change(self, top: int, bottom: int) -> None:
        """Pixels in the rows from ``top`` up to ``bottom`` change next; called before every such write."""
        for watcher in list(self._watchers):
            watcher.keep(top, bottom)

    def bounds(self) -> Rect:
        """The smallest rectangle that holds every pixel that is not wholly transparent."""
        rows = np.flatnonzero(self.packed.max(1))  # twice as quick as any
        if not len(rows):
            return EMPTY
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(self.packed[top:bottom].max(0))
        return Rect.spanning(int(columns[0]), top, int(columns[-1]) + 1, bottom)


def blank(width: int, height: int) -> Pixels:
    """Transparent pixels, uint8 (height, width, 4); memory is only taken where they are painted."""
    return np.zeros((height, width, 4), np.uint8)


def image_over(pixels: Pixels, form: QImage.Format) -> QImage:
    """A ``QImage`` that shares the memory of ``pixels`` (uint8, rows first, contiguous).

    The image keeps the memory alive, and sees what is written into it later.
    """
    height, width = pixels.shape[:2]
    # Qt wants the address of a byte even where there is none.
    return QImage(pixels.data, width, height, pixels.strides[0], form)
