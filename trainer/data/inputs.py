"""Which side of pairs is the input, what that is, and what of it is no label or beyond black and white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.data.palette import Colour, Palette
from engine.data.task import Task
from engine.errors import PictureError
from trainer.data import direction, void_labels
from trainer.data.dataset import DataSet, Layout, Pair, Problem
from trainer.files import layouts
from trainer.pictures import depths, indexed, recognition
from trainer.pictures.sources import Derived, Pixels, Source, read

_COMPARED = 8
"""Pairs of which both pictures are held against each other."""
_SAME = 4
"""Mean difference, in any channel, up to which they are the same: JPEG files of good quality are."""


@dataclass(frozen=True)
class DataOptions:
    """What was asked for; what wasn't is found out."""

    task: Task | None
    swap: bool
    palette: Palette | None
    pattern: str = ""
    ignore: tuple[Colour, ...] | None = None


def directed(
    folder: Path,
    layout: Layout,
    candidates: list[Pair],
    problems: list[Problem],
    sides: tuple[str, str],
    options: DataOptions,
) -> DataSet:
    """The data set with the drawn side as A; the first side where that can't be told."""
    both = [(pair.a, pair.b) for pair in candidates]
    drawn = direction.numbered_side(both)
    if drawn is None:
        drawn = direction.smaller_side(both)
    if drawn is None:
        drawn = direction.first_is_drawn(both)
    if drawn is None:
        drawn = direction.lines_side(both)
    if drawn is None:
        text = f"The pictures don't show which side is the input; the {sides[0]} was taken."
        remedy = "Swap the sides if it is the other one."
        problems.append(Problem(None, False, text, remedy, "direction"))
        if layout == "two folders" and not options.pattern and len(both) > 3 and not _could_belong(both):
            text = "The pictures of the two folders don't look like pairs, though they have the same names."
            remedy = "Look at some; --pair alone takes all of them for single photos."
            problems.append(Problem(None, False, text, remedy, "pairing"))
    if layout in ("two folders", "suffixes") and not any(one.masks for one, _ in both) and _are_copies(both):
        first, second = both[0][0].file.name, both[0][1].file.name
        text = f"The two pictures of a pair hardly differ, as “{first}” and “{second}”."
        remedy = (
            "If one is a copy of the other, leave one out, or say what belongs together with --pair, in the "
            "window under Details › Pairs; --pair alone takes all of them for single photos."
        )
        problems.append(Problem(None, False, text, remedy, "pairing"))
    if (drawn is False) != options.swap:
        candidates = [replace(pair, a=pair.b, b=pair.a) for pair in candidates]
        sides = (sides[1], sides[0])
    notes: list[str] = []
    found = direction.looks_like([pair.a for pair in candidates], options.palette, options.task)
    if found.numbers is not None:
        inputs = indexed.coloured([pair.a for pair in candidates], found.numbers)
        candidates = [replace(pair, a=a) for pair, a in zip(candidates, inputs, strict=True)]
        notes.append(indexed.in_words(found.numbers))
    palette = options.palette or found.palette
    task: Task = options.task or found.task
    ignored: tuple[Colour, ...] = ()
    if task == "labels" and palette is not None:
        given = options.palette is not None
        candidates, palette, ignored, found_void = void_labels.leave_out_void(
            candidates, palette, given, options.ignore
        )
        problems += found_void.problems
        notes += found_void.notes
    if task in ("grey", "small") or (task in ("lines", "hints") and found.task != "lines"):
        made: Derived = task
        candidates = [replace(pair, a=replace(pair.b, derived=made)) for pair in candidates]
        sides = (f"{made} made from the {sides[1]}", sides[1])
    if task == "labels" and palette is None:
        text = "The inputs have no clear palette of flat colours, so they can't be labels."
        remedy = "Choose the task image, give a palette, or save label maps as PNG without smoothing."
        problems.append(Problem(None, True, text, remedy, "palette"))
    candidates, levels = _levelled(candidates, task)
    if found.task == "image" and task in ("image", "labels"):
        problems += _nearly_black([pair.a for pair in candidates])
    return DataSet(
        folder,
        layout,
        task,
        tuple(candidates),
        tuple(problems),
        palette if task == "labels" else None,
        f"{sides[0]} → {sides[1]}",
        notes=(*notes, *levels_in_words(levels)),
        levels=levels if task in ("image", "grey", "small") else None,
        ignored=ignored,
    )


def _could_belong(both: Sequence[tuple[Source, Source]]) -> bool:
    """Whether edges agree, or the same picture is on both sides."""
    votes = []
    for one, other in layouts.spread(both, direction.LOOKED_AT):
        try:
            first, second = read(one), read(other)
        except PictureError:
            continue
        votes.append(_hardly_differ(first, second) or recognition.likeness(first, second))
    return not votes or 2 * sum(votes) >= len(votes)


def _are_copies(both: Sequence[tuple[Source, Source]]) -> bool:
    """Whether the same picture is on both sides, perhaps in another format."""
    votes = []
    for one, other in layouts.spread(both, _COMPARED):
        try:
            votes.append(_hardly_differ(read(one), read(other)))
        except PictureError:
            continue
    return bool(votes) and 5 * sum(votes) >= 4 * len(votes)


def _hardly_differ(one: Pixels, other: Pixels) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(np.int16) - other).mean()) < _SAME


def _levelled(candidates: list[Pair], task: Task) -> tuple[list[Pair], tuple[int, int] | None]:
    """The pairs with one answer to what is black and white, for all of their pictures of 16 bits."""
    if not candidates:
        return candidates, None
    levels = depths.common([pair.b for pair in candidates])
    if levels is not None:
        candidates = [replace(pair, b=replace(pair.b, levels=levels)) for pair in candidates]
    inputs = [pair.a for pair in candidates]
    if inputs[0].table is not None or inputs[0].masks or task == "labels":
        return candidates, levels
    own = levels if inputs[0].derived else depths.common(inputs)
    if own is not None:
        candidates = [replace(pair, a=replace(pair.a, levels=own)) for pair in candidates]
    return candidates, own or levels


def levels_in_words(levels: tuple[int, int] | None) -> tuple[str, ...]:
    """A sentence on what became black and white, if anything had to."""
    if levels is None:
        return ()
    return (
        f"Of 16 bits the pictures use values up to {levels[1]}: for all of them {levels[0]} is black "
        f"and {levels[1]} white; the model keeps that.",
    )


def _nearly_black(inputs: Sequence[Source]) -> list[Problem]:
    if not direction.most(inputs, indexed.nearly_black):
        return []
    text = "The inputs are nearly black, as label maps are whose pixels are the labels' numbers."
    remedy = (
        "If they are, save them as PNG with the numbers as they are; give names and colours with --palette, "
        "a .gpl file whose first colour is for number 0."
    )
    return [Problem(None, False, text, remedy, "numbers")]
