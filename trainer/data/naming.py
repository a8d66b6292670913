"""Named styles: where photos lie in sub-folders, each is a style, the mean of its photos' codes."""

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
    return {name: [_small(pair) for pair in layouts.spread(some, count)] for name, some in pairs.items()}


def _small(pair: Pair) -> Pixels:
    image = Image.fromarray(sources.read(pair.b))
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
