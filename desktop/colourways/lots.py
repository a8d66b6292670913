"""Sets drawn by chance: of which colours, and which come next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop.colourways.sets import ColourSet, shuffled, turned
from engine.data.palette import Colour

_SEEDS = 1000
"""Styles of one draw are this far from those of the next."""


class Lots:
    """The same draw gives the same sets, until it is shaken."""

    def __init__(self) -> None:
        self._seed = 1
        self.colours: tuple[Colour, ...] = ()
        """Those of a palette or a photo; where there are none, sets are of any."""

    def shake(self) -> None:
        """Others come from now on."""
        self._seed += 1

    def drawn(self, own: Sequence[Colour], count: int, styles: Sequence[str] | None) -> tuple[ColourSet, ...]:
        """Sets for the drawing's ``own`` colours, called by the numbers of their places, from 2; of few
        colours there are fewer.

        Args:
            own: the one that covers most first; sets without any colours are all of styles.
            count: how many.
            styles: names of those that come first, then some are drawn; None for sets without styles.
        """
        if self.colours and own:
            sets = shuffled(self.colours, len(own), count, self._seed)
        else:
            sets = turned(own, count, self._seed)
        named = [replace(one, name=str(number)) for number, one in enumerate(sets, start=2)]
        if styles is None:
            return tuple(named)
        first = list(styles) if self._seed == 1 else []
        return tuple(
            replace(one, style=first[index] if index < len(first) else self._seed * _SEEDS + index)
            for index, one in enumerate(named)
        )
