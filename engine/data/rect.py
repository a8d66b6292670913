"""Rectangles of pixels, half-open, as painting and engine hand them to each other."""

from __future__ import annotations

from typing import NamedTuple


class Rect(NamedTuple):
    """``width × height`` pixels whose top left one is ``(left, top)``.

    A rectangle without pixels (width or height 0) is *empty*; ``bool(rect)`` is then false.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def spanning(cls, left: int, top: int, right: int, bottom: int) -> Rect:
        """The rectangle from ``(left, top)`` up to, but without, ``(right, bottom)``."""
        return cls(left, top, max(0, right - left), max(0, bottom - top))

    @property
    def right(self) -> int:
        """First column to the right that is no longer inside."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row below that is no longer inside."""
        return self.top + self.height

    @property
    def rows(self) -> slice:
        """Rows as an array index."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Columns as an array index."""
        return slice(self.left, self.left + self.width)

    def __bool__(self) -> bool:
        return self.width > 0 and self.height > 0

    def united(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both; an empty one adds nothing."""
        if not self:
            return other
        if not other:
            return self
        return Rect.spanning(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def intersected(self, other: Rect) -> Rect:
        """The pixels that are in both; may be empty."""
        return Rect.spanning(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def grown(self, margin: int) -> Rect:
        """The same rectangle with ``margin`` more pixels on every side."""
        return Rect.spanning(self.left - margin, self.top - margin, self.right + margin, self.bottom + margin)


EMPTY = Rect(0, 0, 0, 0)
