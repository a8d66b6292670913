"""What is black and what is white in a data set of 16 bits a channel: one answer for all of its pictures.

Cameras and microscopes write 10, 12 or 14 bits into 16, which at 8 bits would be nearly black. Each picture
by itself must not be stretched, lest the same thing is of another brightness in each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.data.deep import FULL, Levels
from engine.errors import PictureError
from trainer.files import layouts
from trainer.pictures.sources import Source, deep_values

LOOKED_AT = 64

_ENOUGH = 0.55
"""Share of all values that are in use, from which nothing need be stretched."""


def common(sources: Sequence[Source]) -> Levels | None:
    """The levels for all files; None where they have 8 bits, or use the whole range of 16."""
    lowest, highest = FULL[1], 0
    looked_at = layouts.spread([source for source in sources if not source.masks], LOOKED_AT)
    for number, source in enumerate(looked_at):
        try:
            found = deep_values(source.file)
        except PictureError:
            continue
        if found is not None:
            lowest, highest = min(lowest, int(found.min())), max(highest, int(found.max()))
        elif number >= 8 and not highest:
            return None
    if highest <= lowest or highest - lowest >= _ENOUGH * FULL[1]:
        return None
    # The numbers that a camera can count to, where that is what they seem to be.
    bits = next(bits for bits in range(8, 17) if highest < 1 << bits)
    if lowest <= (highest - lowest) / 8:
        lowest = 0
        if highest >= 0.6 * (1 << bits):
            highest = (1 << bits) - 1
    return lowest, highest


def beyond(found: np.ndarray, levels: Levels) -> float:
    """Share of a picture's values that the levels cut off."""
    return float(((found < levels[0]) | (found > levels[1])).mean())
