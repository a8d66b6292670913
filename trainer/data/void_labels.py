"""Colours in label maps that are no labels: borders between them, and what a palette doesn't name.

They are left out of losses and scores: what should be painted there isn't known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.data.palette import Colour, Palette
from engine.errors import PictureError
from trainer.data.dataset import Pair, Problem
from trainer.files import layouts
from trainer.pictures import palettes
from trainer.pictures.sources import Pixels, read

LOOKED_AT = 24

VOID: Colour = (224, 224, 192)
"""Of the borders of Pascal VOC, which many others took over."""

_EDGE = 512
_THIN = 4
"""Pixels within which a border ends on both sides."""
_LEFT = 0.03
"""Share of a thin colour's pixels that lie further in."""
_DIRECT = 0.15
"""Most borders at which labels touch each other, for each with the border: a border lies around
everything."""
_UNNAMED = 0.002
"""Share of a map, from which a colour that the palette lacks is reported."""


@dataclass
class Findings:
    """What was seen."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def leave_out_void(
    candidates: list[Pair], palette: Palette, given: bool, ignore: Sequence[Colour] | None
) -> tuple[list[Pair], Palette, tuple[Colour, ...], Findings]:
    """The pairs without what is no label, the palette without it, the colours left out, and what to say.

    Args:
        given: the palette was asked for, so what it lacks is no label.
        ignore: colours that were asked to be left out, and no others; None to look for some.
    """
    findings = Findings()
    inputs = [pair.a for pair in candidates]
    if any(source.table or source.masks for source in inputs[:1]):
        return candidates, palette, (), findings
    colours = list(ignore or ())
    if ignore is None:
        maps = []
        for source in layouts.spread(inputs, LOOKED_AT):
            try:
                maps.append(np.ascontiguousarray(read(source)[:_EDGE, :_EDGE]))
            except PictureError:
                continue
        if given:
            colours = _unnamed(maps, palette)
            if colours:
                said = ", ".join(map(str, colours))
                findings.notes.append(
                    f"{said}: no label of the palette has this colour; it is left out of losses and scores."
                )
        else:
            for colour in _borders(maps, palette):
                if max(abs(one - other) for one, other in zip(colour, VOID, strict=True)) <= palettes.REACH:
                    colours.append(colour)
                    findings.notes.append(
                        f"The border {colour} between labels is left out of losses and scores."
                    )
                    continue
                text = (
                    f"The colour {colour} is only a thin border around the others, not an object of its own."
                )
                said = ",".join(map(str, colour))
                remedy = f"If it means no label, --ignore {said} leaves it out of losses and scores."
                findings.problems.append(Problem(None, False, text, remedy, "border"))
    if not colours:
        return candidates, palette, (), findings
    rest = tuple(label for label in palette.labels if label.colour not in colours)
    if len(rest) < 1:
        return candidates, palette, (), findings
    candidates = [replace(pair, a=replace(pair.a, ignored=tuple(colours))) for pair in candidates]
    return candidates, replace(palette, labels=rest), tuple(colours), findings


def in_hex(colours: Sequence[Colour]) -> str:
    """Colours as ``Config.ignored`` has them."""
    return " ".join(bytes(colour).hex() for colour in colours)


def colours_of(text: str) -> tuple[Colour, ...]:
    """The colours in ``Config.ignored``; what is no colour is passed over."""
    words = [word for word in text.split() if re.fullmatch("[0-9a-f]{6}", word)]
    return tuple((value[0], value[1], value[2]) for value in map(bytes.fromhex, words))


def _unnamed(maps: Sequence[Pixels], palette: Palette) -> list[Colour]:
    """Colours of even areas that no label has, in several maps."""
    count: Counter[Colour] = Counter()
    for pixels in maps:
        strange = ~palettes.near_palette(pixels, palette)
        if float(strange.mean()) < _UNNAMED:
            continue
        kinds, numbers = np.unique(pixels[strange], axis=0, return_counts=True)
        for kind, number in zip(kinds.tolist(), numbers.tolist(), strict=True):
            if number >= _UNNAMED * strange.size:
                count[(kind[0], kind[1], kind[2])] += 1
    return sorted(colour for colour, number in count.items() if number >= min(3, len(maps)))[:16]


def _borders(maps: Sequence[Pixels], palette: Palette) -> list[Colour]:
    """Labels that are thin everywhere, and lie around everything."""
    count = len(palette.labels)
    if count < 3:
        return []
    area, inner = np.zeros(count), np.zeros(count)
    borders = np.zeros((count, count))
    for pixels in maps:
        indices = palette.indices(pixels)
        for label in np.unique(indices).tolist():
            mask = indices == label
            area[label] += mask.sum()
            inner[label] += (~palettes.grown(~mask, _THIN)).sum()
        for before, after in ((indices[1:], indices[:-1]), (indices[:, 1:], indices[:, :-1])):
            places = before.astype(np.int64) * count + after
            borders += np.bincount(places.reshape(-1), minlength=count * count).reshape(count, count)
    np.fill_diagonal(borders, 0)
    found = []
    for label in range(count):
        mine = borders[label].sum() + borders[:, label].sum()
        direct = borders.sum() - mine
        if mine and inner[label] <= _LEFT * area[label] and direct <= _DIRECT * mine:
            found.append(palette.labels[label].colour)
    return found
