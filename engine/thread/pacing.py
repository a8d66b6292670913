"""What a pass is to be while the pen moves: all of the preview, or the part around the pen."""

from __future__ import annotations

from typing import Literal

REST_S = 0.12
"""The pen rests when nothing was asked for so long; then the exact frame is due."""

QUICK_S = 0.025
"""A whole pass no longer than this keeps up with the hand, so no part of the preview need be old."""

LAPSE_S = 0.3
"""While only parts are made, all of the preview is made anew as often as this,"""

SHARE = 4
"""but so that it takes no more than one part in ``SHARE`` + 1 of the time."""

Extent = Literal["whole", "around", "everywhere"]
"""*Whole* is the exact frame. *Around* the change is quickest, but the rest of the preview stays as it was,
which shows after a few steps of a stroke. *Everywhere* brings that up to date, from kept maps."""


class Pace:
    """Chooses by what passes have taken, on one model at one size. Times are seconds on any one clock."""

    def __init__(self) -> None:
        self._whole: float | None = None
        self._everywhere = 0.0
        self._old_since: float | None = None

    def choose(self, now: float) -> Extent:
        """What the next pass, on a changed picture, is to be."""
        if self._whole is None or self._whole <= QUICK_S:
            return "whole"
        if self._old_since is not None and now - self._old_since >= max(LAPSE_S, SHARE * self._everywhere):
            return "everywhere"
        return "around"

    def took(self, extent: Extent, seconds: float, now: float, *, settled: bool) -> None:
        """What was chosen has ended at ``now``.

        Args:
            settled: the preview is exact; around no change at all, or too large a one, it may be.
        """
        if extent == "whole":
            self._whole = seconds
        if extent != "around":
            self._everywhere = seconds
        if settled or extent != "around":
            self._old_since = None
        elif self._old_since is None:
            self._old_since = now
