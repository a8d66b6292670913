"""Which pairs are trained on, and which are held back to see how the model does on pairs it doesn't know."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from trainer.data.pairs import DataSet

FEWEST = 8
"""Of fewer pairs none is held back."""

MOST = 200
"""More are not needed to see how a training goes."""


def parted(data: DataSet, share: float) -> tuple[DataSet, DataSet]:
    """The pairs to train on, and those to validate with; the latter may be none.

    A folder ``val`` is taken at its word. Otherwise a share is held back, chosen by the pairs' names, so
    that it stays when others are added. Pairs of a folder ``test`` are in neither.
    """
    told = data.of_split("val")
    rest = data.of_split("train", "")
    if told.pairs:
        return rest, told
    count = min(MOST, round(share * len(rest.pairs)))
    if len(rest.pairs) < FEWEST or not share:
        return rest, replace(rest, pairs=())
    held = set(sorted((pair.name for pair in rest.pairs), key=_chance)[: max(1, count)])
    return (
        replace(rest, pairs=tuple(pair for pair in rest.pairs if pair.name not in held)),
        replace(rest, pairs=tuple(pair for pair in rest.pairs if pair.name in held)),
    )


def _chance(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
