"""Which pairs are trained on, and which are held back to see how the model does on pairs it doesn't know."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from trainer.data.pairs import DataSet, Pair

FEWEST = 8
"""Of fewer pairs none is held back."""

MOST = 200
"""More are not needed to see how a training goes."""


def train_validation_split(data: DataSet, share: float, photos_apart: bool = True) -> tuple[DataSet, DataSet]:
    """The pairs to train on, and those to validate with; the latter may be none.

    A folder ``val`` is taken at its word. Otherwise a share is held back, chosen by the pairs' names, so
    that it stays when others are added. Pairs of a folder ``test`` are in neither.

    Args:
        photos_apart: whether pairs that share a picture, as several drawings of one photo do, are held back
            together: what was trained on shows nothing of how the model does on what it doesn't know.
    """
    declared = data.of_split("val")
    rest = data.of_split("train", "")
    if declared.pairs:
        return rest, declared
    count = min(MOST, round(share * len(rest.pairs)))
    if len(rest.pairs) < FEWEST or not share:
        return rest, replace(rest, pairs=())
    held: set[str] = set()
    if photos_apart:
        held = _held_together(rest.pairs, max(1, count))
    if not held:  # those of before, or all hang together as frames of a film do
        held = set(sorted((pair.plain for pair in rest.pairs), key=_chance)[: max(1, count)])
    return (
        replace(rest, pairs=tuple(pair for pair in rest.pairs if pair.plain not in held)),
        replace(rest, pairs=tuple(pair for pair in rest.pairs if pair.plain in held)),
    )


def _held_together(pairs: Sequence[Pair], count: int) -> set[str]:
    """The names of so many pairs, or up to twice as many, with all others of the same pictures; none where
    more hang together than that."""
    groups = sorted(_of_one_picture(pairs), key=lambda names: _chance(min(names)))
    held: set[str] = set()
    for names in groups[:-1]:
        if len(held) < count and len(held) + len(names) <= max(2 * count, 3):
            held |= names
    return held


def _of_one_picture(pairs: Sequence[Pair]) -> list[set[str]]:
    """The names of pairs, those together that have a picture in common, be it by way of others."""
    groups: dict[object, set[str]] = {}
    for pair in pairs:
        sides = [(side.file, side.half) for side in (pair.a, pair.b)]
        marks = [pair.plain, *dict.fromkeys(sides)]
        known = {id(groups[mark]): groups[mark] for mark in marks if mark in groups}
        together = max(known.values(), key=len, default=set())
        together.add(pair.plain)
        for names in known.values():
            if names is not together:
                together |= names
                groups.update({mark: together for mark, there in groups.items() if there is names})
        groups.update(dict.fromkeys(marks, together))
    return list({id(names): names for names in groups.values()}.values())


def _chance(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
