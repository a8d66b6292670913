"""Label maps whose pixels are numbers: 0 for road, 1 for pavement, 255 for nothing at all.

To the eye they are nearly black, or coloured by a palette in the file. They become coloured label maps here:
each number gets a colour, by the file's palette where it has a good one, else one of its own that other
numbers are far from. What has no number of a label is left out of losses and scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.data.palette import MOST_LABELS, Colour, Label, Palette
from engine.errors import PictureError
from trainer.files import layouts
from trainer.pictures.palettes import NUMBERS, REACH
from trainer.pictures.sources import IGNORED, Source, Values, colours_of, numbered, renumbered

NOTHING = 255
"""The number that stands for no label, in most data sets that have one …"""
NOTHING_OF_16_BITS = 65535
"""… and −1, as files of 16 bits have it."""
_MOST = 4095
"""The largest number that is a label's; beyond are those of single things."""

LOOKED_AT = 400
"""Label maps that are looked at to find the numbers in use: rare labels need many."""

_FIRST = 16
"""Of these tell whether they are label maps at all."""

_EVEN = 0.6
"""Share of pixels that equal the one below and the one to the right. Photographs: below 0.4."""

_EVEN_BESIDE = 0.4
"""The same share, of pixels beside the most frequent number …"""
_FEW = 8
"""… in maps with more numbers than this."""
_MOST_HERE = 80
"""Different numbers in one map."""

_APART = 2 * REACH
"""Least difference of two numbers, from which they are told apart as greys."""


@dataclass(frozen=True)
class Indexed:
    """What the numbers of a set of label maps mean."""

    table: tuple[Colour, ...]
    """The colour of each number; that of others than ``numbers`` is ``IGNORED``."""
    palette: Palette
    numbers: tuple[int, ...]
    """The labels' numbers, in the palette's order."""
    ignored: tuple[int, ...]
    """Numbers that occur and are no labels."""
    own_colours: bool
    """Whether the files brought the colours along."""
    unseen: tuple[tuple[int, Colour], ...] = ()
    """Numbers that the palette which was asked for has colours for, and no map that was looked at has."""
    named: tuple[tuple[int, Colour], ...] = ()
    """What the files' palettes call the numbers."""
    doubled: bool = False
    """Whether 255 stands for 1, as no map has both."""


def indexed(inputs: Sequence[Source], given: Palette | None) -> Indexed | None:
    """What the numbers in label maps mean, or None where these are no label maps of numbers.

    Args:
        inputs: whole files or halves; they are read as numbers.
        given: the palette that was asked for: its colours, where it has all that were found, else it
            names the numbers in their order.

    Raises:
        PictureError: the palette that was asked for has fewer labels than there are numbers.
    """
    if any(source.masks or source.half for source in inputs[:1]):
        return None
    files = [source.file for source in layouts.spread(inputs, LOOKED_AT)]
    if not are_numbers(files):
        return None
    maps = [(np.unique(found).tolist(), own) for found, own in map(_numbered, files) if found is not None]
    used = sorted({number for numbers, _ in maps for number in numbers})
    longest = max((own for _, own in maps if own), key=len, default=())
    called = {number: longest[number] for number in used if number < len(longest)}
    if any(renumbered(numbers, own, called) is not None for numbers, own in maps):
        return None
    ignored = [number for number in (NOTHING_OF_16_BITS,) if number in used]
    labels = [number for number in used if number not in ignored]
    if not labels or labels[-1] > _MOST or len(labels) > MOST_LABELS:
        return None
    # Masks of nought and one are as good as those of nought and 255, which then stands for 1.
    doubled = labels == [0, 1, NOTHING] and not any({1, NOTHING} <= set(numbers) for numbers, _ in maps)
    if labels[-1] == NOTHING and max(labels[:-1], default=NOTHING) < NOTHING - 1:
        ignored = [NOTHING, *ignored]
    numbers = [number for number in used if number not in ignored]
    brought = _common_colours(layouts.spread(files, _FIRST))
    if len(numbers) < 2 or (brought is None and used[-1] <= NOTHING and _are_far_apart(used)):
        return None
    colours = _distinct(numbers, brought)
    own = Palette(NUMBERS, tuple(Label(f"label {number}", colours[number]) for number in numbers))
    palette = own
    unseen: dict[int, Colour] = {}
    if given is not None:
        there = {label.colour for label in given.labels}
        if there >= set(colours.values()):
            palette = given
            numbers = [number for number in numbers if colours[number] in there]
            free = there - set(colours.values())
            unseen = {number: colour for number in range(NOTHING) if (colour := made(number)) in free}
        else:
            named = _named_in_order(numbers, given)
            colours = {number: named[number] for number in numbers}
            unseen = named
            palette = given
    if doubled:
        ignored.remove(NOTHING)
        colours = {**colours, NOTHING: colours[1]}
    further = tuple((number, colour) for number, colour in unseen.items() if number not in used)
    table = tuple(colours.get(number, IGNORED) for number in range(max(NOTHING, numbers[-1]) + 1))
    return Indexed(
        table,
        palette,
        tuple(numbers),
        tuple(ignored),
        brought is not None,
        further,
        tuple(called.items()),
        doubled,
    )


def coloured(inputs: Sequence[Source], found: Indexed) -> list[Source]:
    """The inputs, read in the colours of their numbers."""
    return [replace(source, table=found.table, unseen=found.unseen, named=found.named) for source in inputs]


def in_words(found: Indexed) -> str:
    """What was recognised, as a sentence."""
    first, last = found.numbers[0], found.numbers[-1]
    colours = "in the colours of the files' palette" if found.own_colours else "in colours made for them"
    said = f"The inputs are label maps of numbers, {first} to {last}; they are shown {colours}."
    if found.doubled:
        said += " Some have 1 where others have 255, and none has both: 255 is taken for 1."
    if found.ignored:
        said += f" {', '.join(map(str, found.ignored))} means no label and is left out of losses and scores."
    return said


def nearly_black(pixels: np.ndarray) -> bool:
    """Whether a picture, uint8 (H, W, 3), is dark as numbers of labels are, and grey."""
    wide = pixels.astype(np.int16)
    grey = float((wide.max(2) - wide.min(2) <= 4).mean()) > 0.99
    return grey and float(np.quantile(wide, 0.9995)) <= 64


def are_numbers(files: Sequence[Path]) -> bool:
    """Whether most files hold few numbers, in even areas, and none calls another colour by them."""
    like = seen = 0
    looked_at = layouts.spread(files, _FIRST)
    if _contradict(_palettes(looked_at)):
        return False
    for file in looked_at:
        found = _read(file)
        seen += 1
        if found is None or min(found.shape) < 2:
            continue
        like += _is_of_numbers(found)
    return bool(seen) and 5 * like >= 4 * seen


def _is_of_numbers(found: Values) -> bool:
    kinds, counts = np.unique(found, return_counts=True)
    even = (found[:-1, :-1] == found[1:, :-1]) & (found[:-1, :-1] == found[:-1, 1:])
    if len(kinds) > _MOST_HERE or float(even.mean()) < _EVEN:
        return False
    if len(kinds) <= _FEW:
        return True
    # What lies on a plain background must be even too: soft lines and shaded things are not.
    beside = found[:-1, :-1] != kinds[counts.argmax()]
    return not beside.any() or float(even[beside].mean()) >= _EVEN_BESIDE


def _read(file: Path) -> Values | None:
    return _numbered(file)[0]


def _numbered(file: Path) -> tuple[Values | None, tuple[Colour, ...] | None]:
    try:
        return numbered(file)
    except PictureError:
        return None, None


def _are_far_apart(numbers: Sequence[int]) -> bool:
    """Whether greys are so far apart that they are colours already: masks of 0 and 255."""
    return all(after - before >= _APART for before, after in pairwise(numbers))


def _common_colours(files: Sequence[Path]) -> tuple[Colour, ...] | None:
    """The palette that all files have; None where they have none, differing ones, or a ramp of greys."""
    palettes = _palettes(files)
    if None in palettes or _contradict(palettes):
        return None
    longest = max((palette for palette in palettes if palette is not None), key=len, default=None)
    if longest is None:
        return None
    return None if all(red == green == blue for red, green, blue in longest) else longest


def _palettes(files: Sequence[Path]) -> set[tuple[Colour, ...] | None]:
    """The different lists of colours that files have; None stands for those without one."""
    found = set()
    for file in files:
        try:
            found.add(colours_of(file))
        except PictureError:
            continue
    return found


def _contradict(palettes: set[tuple[Colour, ...] | None]) -> bool:
    """Whether a number stands for several colours: such files are drawings, each with colours of its own."""
    # Files keep as many colours as they use.
    longest = max((palette for palette in palettes if palette is not None), key=len, default=())
    return any(palette != longest[: len(palette)] for palette in palettes if palette is not None)


def _distinct(numbers: Sequence[int], brought: tuple[Colour, ...] | None) -> dict[int, Colour]:
    """A colour for each number, no two of them near each other."""
    colours: dict[int, Colour] = {}
    taken: list[Colour] = [IGNORED]
    for number in numbers:
        wanted = brought[number] if brought is not None and number < len(brought) else None
        if wanted is None or not _is_free(wanted, taken):
            wanted = next(
                colour
                for step in range(256)
                if _is_free(colour := made((number + 97 * step) % 256), taken) or step == 255
            )
        colours[number] = wanted
        taken.append(wanted)
    return colours


def _is_free(colour: Colour, taken: Sequence[Colour]) -> bool:
    return all(
        max(abs(one - other) for one, other in zip(colour, known, strict=True)) > REACH for known in taken
    )


def made(number: int) -> Colour:
    """A colour for a number from 0 to 255, far from those of all others: its bits, dealt out to the channels
    from the highest bit down, as usual among data sets of labels."""
    channels = [0, 0, 0]
    for bit in range(8):
        if number >> bit & 1:
            channels[bit % 3] |= 128 >> bit // 3
    return channels[0], channels[1], channels[2]


def _named_in_order(numbers: Sequence[int], given: Palette) -> dict[int, Colour]:
    """The numbers that a palette has colours for, these among them: its first for 0, or for 1 where 0 is
    none's."""
    count = len(given.labels)
    offset = 1 if numbers[0] >= 1 and numbers[-1] == count else 0
    if numbers[-1] - offset >= count:
        raise PictureError(
            f"The label maps hold numbers up to {numbers[-1]}, but the palette “{given.name}” has only "
            f"{count} labels; give one with a label for each number from {offset} on."
        )
    return {number: label.colour for number, label in enumerate(given.labels, start=offset)}
