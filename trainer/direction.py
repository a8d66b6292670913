"""Which side of the pairs is the input, and what kind of input that is, as far as looking tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from engine.errors import PictureError
from engine.palette import Palette
from trainer import layouts, palettes, recognition
from trainer.sources import Pixels, Source, read

LOOKED_AT = 24
"""Pictures looked at to tell layout and direction …"""

_MAPS_LOOKED_AT = 96
"""… and label maps to find the palette: rare labels need more."""


def first_is_drawn(sides: Sequence[tuple[Source, Source]]) -> bool | None:
    """Whether the first side of the pairs is the drawn one; None where most pairs don't tell, or differ."""
    votes = [0, 0]
    looked_at = layouts.spread(sides, LOOKED_AT)
    for one, other in looked_at:
        try:
            drawn = recognition.drawn_one(read(one), read(other))
        except PictureError:
            continue
        if drawn >= 0:
            votes[drawn] += 1
    if 3 * max(votes) < 2 * sum(votes) or 3 * sum(votes) < len(looked_at):
        return None
    return votes[0] > votes[1]


def looks_like(inputs: Sequence[Source]) -> tuple[Literal["labels", "lines", "image"], Palette | None]:
    """What the inputs look like, and the palette of label maps."""
    if most(inputs, recognition.is_line_drawing):
        return "lines", None
    palette = palettes.find_palette(_readable(layouts.spread(inputs, _MAPS_LOOKED_AT)))
    return ("image", None) if palette is None else ("labels", palette)


def are_of_colours(inputs: Sequence[Source], palette: Palette) -> bool:
    """Whether the inputs are pictures in the colours of a palette, mostly."""
    return most(inputs, lambda pixels: float(palettes.near_palette(pixels, palette).mean()) > 0.5)


def most(sources: Sequence[Source], test: Callable[[Pixels], bool]) -> bool:
    """Whether a test holds for most of the pictures looked at; it does not for unreadable ones."""
    looked_at = layouts.spread(sources, LOOKED_AT)
    return 5 * sum(map(test, _readable(looked_at))) >= 3 * max(1, len(looked_at))


def _readable(sources: Sequence[Source]) -> Iterator[Pixels]:
    for source in sources:
        try:
            yield read(source)
        except PictureError:
            continue
