"""Styles of photos: where they lie in sub-folders, each is a named one, the mean of its photos' codes; and a
choice of all of them is what seeds stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.messages import Pixels
from engine.data.style import Code, is_name
from trainer.data.dataset import DataSet, Pair
from trainer.files import layouts
from trainer.pictures import sources

MOST_NAMES = 64
"""Of more sub-folders none is a style: they are things, or days."""

LOOKED_AT = 128
"""Photos of which codes are read at each look, of all names together; but of each name"""
FEWEST = 4
"""at least."""

SEEDED = 64
"""Photos, at most, whose styles seeds stand for."""
FEWEST_SEEDED = 8
"""At least; of fewer photos there is no choice."""
STRANGEST = 0.1
"""Share of the photos whose codes lie farthest from the middle: no seed stands for them."""

EDGE = 128
"""Pixels along the longer edge at which photos are kept: no encoder looks closer."""


def named(data: DataSet) -> dict[str, list[Pair]]:
    """The pairs by the sub-folder that their photo lies in; none where there are no two such folders.

    Parts of a path that say which split or which side it is are no names: the first are known, the others
    have all photos in common. Photos beside the sub-folders have no name.
    """
    paths: list[list[str]] = []
    for pair in data.pairs:
        parts = pair.b.file.relative_to(data.folder).parts[:-1]
        paths.append([part for part in layouts.split_and_role(parts)[1].split("/") if part])
    everywhere = set(paths[0]).intersection(*paths) if paths else set()
    found: dict[str, list[Pair]] = {}
    for pair, path in zip(data.pairs, paths, strict=True):
        name = "/".join(part for part in path if part not in everywhere)
        if is_name(name):
            found.setdefault(name, []).append(pair)
    return dict(sorted(found.items())) if 2 <= len(found) <= MOST_NAMES else {}


def photos(pairs: Mapping[str, list[Pair]]) -> dict[str, list[Pixels]]:
    """Some photos of each name, small.

    Raises:
        PictureError: one can't be read.
    """
    count = max(FEWEST, LOOKED_AT // max(1, len(pairs)))
    return {
        name: [small(sources.read(pair.b)) for pair in layouts.spread(some, count)]
        for name, some in pairs.items()
    }


def of_all(data: DataSet) -> list[Pixels]:
    """Some photos of a data set, small.

    Raises:
        PictureError: one can't be read.
    """
    return [small(sources.read(pair.b)) for pair in layouts.spread(data.pairs, LOOKED_AT)]


def small(photo: Pixels) -> Pixels:
    """A photo, no larger than an encoder looks at it."""
    image = Image.fromarray(photo)
    image.thumbnail((EDGE, EDGE), Image.Resampling.BOX)
    return np.array(image)


def mean(codes: Iterable[npt.NDArray[np.float32]]) -> Code:
    """The mean of codes, of one at least, to four decimals."""
    return tuple(round(float(value), 4) for value in np.mean(list(codes), 0))


def styles(
    of_names: Mapping[str, list[Pixels]], read: Callable[[Pixels], npt.NDArray[np.float32]]
) -> dict[str, Code]:
    """The style of each name.

    Args:
        read: a photo's code.
    """
    return {name: mean(map(read, some)) for name, some in of_names.items()}


def seeded(codes: Iterable[npt.NDArray[np.float32]]) -> tuple[Code, ...]:
    """The codes that seeds stand for, to four decimals: first the one in the middle, then always the one that
    is farthest from all before it, so that the first few are as unlike as can be. Of too few, none.
    """
    there = np.array(list(codes), np.float64)
    if len(there) < FEWEST_SEEDED:
        return ()
    from_middle = np.linalg.norm(there - there.mean(0), axis=1)
    kept = there[np.argsort(from_middle, kind="stable")[: round(len(there) * (1 - STRANGEST))]]
    chosen = [kept[0]]
    apart = np.linalg.norm(kept - kept[0], axis=1)
    while len(chosen) < SEEDED and apart.max() > 0:
        chosen.append(kept[apart.argmax()])
        apart = np.minimum(apart, np.linalg.norm(kept - chosen[-1], axis=1))
    return tuple(tuple(round(float(value), 4) for value in code) for code in chosen)
