"""Where something has changed since it was last seen to."""

from __future__ import annotations

from dataclasses import dataclass

from engine.data.rect import EMPTY, Rect


@dataclass(frozen=True, slots=True)
class Dirty:
    """What has changed, as one rectangle that grows; false while nothing has."""

    area: Rect | None = EMPTY
    """Pixels; None where anything may have changed."""

    def __bool__(self) -> bool:
        return self.area is None or bool(self.area)

    def spread(self, area: Rect | None) -> Dirty:
        """This, and what is inside ``area`` as well; None for anything."""
        if self.area is None or area is None:
            return EVERYTHING
        return Dirty(self.area.united(area))

    def within(self, bounds: Rect) -> Rect:
        """What has changed of ``bounds``; may be empty."""
        return bounds if self.area is None else self.area.intersected(bounds)


NOTHING = Dirty()
EVERYTHING = Dirty(None)
