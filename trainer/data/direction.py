"""Which side of the pairs is the input, and what kind of input that is, as far as looking tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from engine.data.palette import Palette
from engine.errors import PictureError
from trainer.files import layouts
from trainer.pictures import indexed, palettes, recognition
from trainer.pictures.indexed import Indexed
from trainer.pictures.sources import Pixels, Source, read

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


class Looks(NamedTuple):
    """What inputs look like."""

    task: Literal["labels", "lines", "image"]
    palette: Palette | None = None
    """Of label maps."""
    numbers: Indexed | None = None
    """Of label maps whose pixels are numbers."""


def looks_like(inputs: Sequence[Source], given: Palette | None = None, task: str | None = None) -> Looks:
    """What the inputs look like, and the palette of label maps.

    Args:
        given: the palette that was asked for; it names the numbers in label maps of numbers.
        task: that was asked for: pictures aren't read as numbers for another one than labels.

    Raises:
        PictureError: the palette doesn't fit the numbers.
    """
    if most(inputs, recognition.is_line_drawing):
        return Looks("lines")
    if task in (None, "labels"):
        numbers = indexed.indexed(inputs, given)
        if numbers is not None:
            return Looks("labels", numbers.palette, numbers)
    if given is None and most(inputs, indexed.nearly_black):
        return Looks("image")  # differences so small say nothing
    palette = palettes.find_palette(_readable(layouts.spread(inputs, _MAPS_LOOKED_AT)))
    return Looks("image") if palette is None else Looks("labels", palette)


def numbered_side(sides: Sequence[tuple[Source, Source]]) -> bool | None:
    """Whether the first side of the pairs, or the second, is label maps of numbers; None where neither is, or
    both are."""
    if any(one.half or one.masks or other.masks for one, other in sides[:1]):
        return None
    first, second = (indexed.are_numbers([both[index].file for both in sides]) for index in (0, 1))
    return None if first == second else first


def lines_side(sides: Sequence[tuple[Source, Source]]) -> bool | None:
    """Whether the first side of the pairs, or the second, is line drawings; None where not just one is."""
    first, second = (most([both[index] for both in sides], recognition.is_line_drawing) for index in (0, 1))
    return None if first == second else first


def smaller_side(sides: Sequence[tuple[Source, Source]]) -> bool | None:
    """Whether the pairs' first side, or the second, is reduced; None where neither is, or any is drawn."""
    votes = [0, 0]
    looked_at = layouts.spread(sides, LOOKED_AT)
    for one, other in looked_at:
        try:
            pictures = read(one), read(other)
        except PictureError:
            continue
        if any(map(recognition.is_flat, pictures)):
            continue
        first, second = pictures[0].shape, pictures[1].shape
        votes[0] += first[0] < second[0] and first[1] < second[1]
        votes[1] += first[0] > second[0] and first[1] > second[1]
    return None if 2 * max(votes) < len(looked_at) or min(votes) else votes[0] > votes[1]


def are_of_colours(inputs: Sequence[Source], palette: Palette) -> bool:
    """Whether the inputs are pictures in the colours of a palette, mostly."""
    return most(inputs, lambda pixels: float(palettes.near_palette(pixels, palette).mean()) > 0.5)


def most(sources: Sequence[Source], test: Callable[[Pixels], bool]) -> bool:
    """Whether a test holds for most of the pictures looked at; it does not for unreadable ones."""
    return share(sources, test) >= 0.6


def share(sources: Sequence[Source], test: Callable[[Pixels], bool]) -> float:
    """The share of the pictures looked at, for which a test holds."""
    looked_at = layouts.spread(sources, LOOKED_AT)
    return sum(map(test, _readable(looked_at))) / max(1, len(looked_at))


def _readable(sources: Sequence[Source]) -> Iterator[Pixels]:
    for source in sources:
        try:
            yield read(source)
        except PictureError:
            continue


def commonest_label(inputs: Sequence[Source], palette: Palette) -> int:
    """The number of the label that covers most of label maps, such as the walls of fronts.

    Raises:
        PictureError: a map can't be read.
    """
    covered = np.zeros(len(palette.labels))
    for source in layouts.spread(inputs, LOOKED_AT):
        pixels = read(source)
        labels = palettes.labelled(pixels, palette)[palettes.known(pixels)]
        covered += np.bincount(labels, minlength=len(covered)) / max(1, labels.size)
    return int(covered.argmax())
