"""Several pictures in one file: side by side, one above the other, three in a row, with a gutter between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from engine.errors import PictureError
from trainer.files import layouts
from trainer.pictures import recognition
from trainer.pictures.sources import Half, Pixels, Source, halved, read

LOOKED_AT = 24

ALONE = "alone"
"""The pattern of pictures that are no pairs."""

Halves = tuple[Half, Half]
PATTERNS: dict[str, Halves] = {
    "left+right": ("left", "right"),
    "top+bottom": ("top", "bottom"),
    "first+third": ("first", "third"),
    "first+second": ("first", "second"),
    "second+third": ("second", "third"),
}

_NEAR = 0.04
"""Share by which a width may be off two or three heights."""

_MOST_GUTTER = 0.1
"""Of the width, or height."""


@dataclass(frozen=True)
class Panels:
    """What files are made of, as far as looking tells."""

    pattern: str
    """One of ``PATTERNS``; empty where they are single pictures."""
    gutter: int = 0
    suspicion: str = ""
    """A pattern that their proportions speak for, though nothing else does."""


def find_panels(sources: Sequence[Source], pattern: str = "") -> Panels:
    """What files are made of.

    Args:
        pattern: one of ``PATTERNS`` that was asked for; then only the gutter is looked for.
    """
    pictures = []
    for source in layouts.spread(sources, LOOKED_AT):
        try:
            pictures.append(read(source))
        except PictureError:
            continue
    asked_for = len(layouts.spread(sources, LOOKED_AT))
    if not pictures:
        return Panels(pattern)
    if pattern:
        gutter = common_gutter(
            pictures, 3 if PATTERNS[pattern][1] in ("second", "third") else 2, pattern == "top+bottom"
        )
        return Panels(pattern, gutter)
    suspicion = _suspicion(pictures)
    gutter = common_gutter(pictures, 2)
    halves = [_in_halves(picture, gutter) for picture in pictures]
    gutters = common_gutter(pictures, 3)
    thirds = [_in_thirds(picture, gutters) for picture in pictures]
    if _most(thirds, asked_for) and sum(thirds) >= sum(halves):
        return Panels("first+third", gutters)
    if _most(halves, asked_for):
        return Panels("left+right", gutter)
    tall = [picture for picture in pictures if _ratio(picture) < 1]
    if 5 * len(tall) >= 3 * len(pictures):
        gutter = common_gutter(pictures, 2, down=True)
        turned = [np.ascontiguousarray(picture.swapaxes(0, 1)) for picture in tall]
        if _most([_in_halves(picture, gutter) for picture in turned], asked_for):
            return Panels("top+bottom", gutter)
    return Panels("", 0, suspicion)


def common_gutter(pictures: Sequence[Pixels], parts: Literal[2, 3], down: bool = False) -> int:
    """Pixels of one colour between parts, the same in nearly all pictures; 0 where there are none."""
    widths = []
    for picture in pictures:
        turned = picture.swapaxes(0, 1) if down else picture
        width = turned.shape[1]
        # With a gutter the first of three parts ends before a third of the width, so the middle of the first
        # gutter is at (part + gutter / 2): near the third, whatever its width.
        widths.append(_gap(turned, width / parts))
    usual = max(set(widths), key=widths.count)
    plain = 5 * widths.count(usual) >= 4 * len(widths)
    return usual if plain and usual >= 2 else 0


def _gap(picture: Pixels, near: float) -> int:
    """Width of the run of columns in one colour at a place; 0 where there is none, or a wide one."""
    most = int(picture.shape[1] * _MOST_GUTTER)
    middle = int(near)
    start, stop = max(0, middle - most), min(picture.shape[1], middle + most)
    part = picture[:, start:stop].astype(np.int16)
    even = (part.max(0) - part.min(0)).max(1) <= 6
    at = middle - start
    places = [place for place in (at, at - 1, at + 1) if 0 <= place < len(even) and even[place]]
    if not places:
        return 0
    first = last = places[0]
    colour = part[0, first]
    while first > 0 and even[first - 1] and np.abs(part[0, first - 1] - colour).max() <= 6:
        first -= 1
    while last + 1 < len(even) and even[last + 1] and np.abs(part[0, last + 1] - colour).max() <= 6:
        last += 1
    return 0 if first == 0 or last + 1 == len(even) else last + 1 - first


def _in_halves(picture: Pixels, gutter: int) -> bool:
    if picture.shape[1] < 4 + gutter:
        return False
    joined = [halved(picture, half, gutter) for half in ("left", "right")]
    return recognition.is_side_by_side(np.concatenate(joined, 1))


def _in_thirds(picture: Pixels, gutter: int) -> bool:
    """Whether a picture is three times as wide as high, and two of its thirds show the same thing."""
    height, width = picture.shape[:2]
    if width < 8 + 2 * gutter or abs((width - 2 * gutter) / height / 3 - 1) > _NEAR:
        return False
    parts: tuple[Half, ...] = ("first", "second", "third")
    return any(
        recognition.is_side_by_side(np.concatenate(both, 1))
        for both in combinations([halved(picture, part, gutter) for part in parts], 2)
    )


def _most(verdicts: Sequence[bool], of: int) -> bool:
    return 5 * sum(verdicts) >= 3 * max(1, of)


def _suspicion(pictures: Sequence[Pixels]) -> str:
    for pattern, wanted in (("left+right", 2.0), ("first+third", 3.0), ("top+bottom", 0.5)):
        near = [abs(_ratio(picture) / wanted - 1) <= _NEAR for picture in pictures]
        if _most(near, len(pictures)):
            return pattern
    return ""


def _ratio(picture: Pixels) -> float:
    return int(picture.shape[1]) / int(picture.shape[0])
