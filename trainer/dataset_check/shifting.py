"""Pairs that are all off by one: label maps counted from 0, photos from 1.

Then no pair fits, and nothing can be learnt of what belongs together; but it can of each input and the photo
after its own, or of each and the one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from engine.data.messages import Pixels
from engine.errors import PictureError
from trainer.data.dataset import DataSet, Pair, Problem
from trainer.dataset_check.correspondence import FEWEST, Correspondence, reduced
from trainer.pictures import sources

_TRIED = 24
"""Pairs that are compared with those beside them."""


def problems(data: DataSet) -> Iterator[Problem]:
    """What to say where each input fits the photo of the pair beside its own; of a data set whose pairs have
    nothing in common that could be learnt."""
    apart = [pair for pair in data.pairs if pair.a.derived is None and pair.a.file != pair.b.file]
    pairs = sorted(apart, key=_in_order)
    if len(pairs) <= FEWEST:
        return
    for step in (1, -1):
        near = [(one, other) for one, other in _beside(pairs, step) if one.split == other.split]
        count = min(_TRIED, len(near))
        tried = [near[index * len(near) // count] for index in range(count)]
        if Correspondence.fit(list(_sides(tried))) is None:
            continue
        one, other = tried[0]
        text = (
            f"The pairs seem to be off by one: “{one.a.file.name}” fits “{other.b.file.name}”, not "
            f"“{one.b.file.name}”, and so it is with most."
        )
        names = tuple(pair.name for pair in apart)
        remedy = "Give the two files of a pair the same number."
        yield Problem(None, False, text, remedy, "mis-paired", pairs=names)
        return


def _beside(pairs: Sequence[Pair], step: int) -> list[tuple[Pair, Pair]]:
    """Each pair, and the one after it, or before it."""
    both = list(pairwise(pairs))
    return both if step > 0 else [(other, one) for one, other in both]


def _in_order(pair: Pair) -> tuple[str, list[tuple[int, str]]]:
    """So that 10 comes after 9."""
    parts = re.split(r"([0-9]{1,18})", pair.name)
    return pair.split, [(int(part) if index % 2 else -1, part) for index, part in enumerate(parts)]


def _sides(pairs: Sequence[tuple[Pair, Pair]]) -> Iterator[tuple[Pixels, Pixels]]:
    for one, other in pairs:
        try:
            yield reduced(np.ascontiguousarray(sources.read(one.a))), reduced(sources.read(other.b))
        except PictureError:
            continue
