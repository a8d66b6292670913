"""Whether colours are kept: where inputs are painted in flat colours, how far what is made of them strays.

The middle of an area of one colour counts, as light and shade lie along its edges; paper doesn't, or there
would be nothing but paper to measure.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.evaluation import holes
from trainer.pictures import discs

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

ENOUGH = 0.3
"""Of what is painted in a set, the share that is flat where its inputs are of flat colours. Over 40 pictures
each: flat drawings of things 0.65, renders of them 0.09, street maps 0.15, photographs 0.00 to 0.06."""

_MARGIN = 3
"""Pixels of a 256-pixel picture, from a pixel each way, in which an area has its colour and no other."""

_STRAY = 4
"""Levels that a colour may vary by and be one: JPEG files."""


class Areas(NamedTuple):
    """Of an input: where its areas of one colour are, but for ``paper``, white that reaches the border; and
    what is ``painted`` at all. (H, W) each."""

    flat: Mask
    paper: Mask
    painted: Mask


def areas(drawing: Pixels) -> Areas:
    """Where an input, uint8 (H, W, 3), is of one colour."""
    from scipy import ndimage

    side = 2 * max(1, round(_MARGIN * discs.unit(drawing.shape))) + 1
    lowest = ndimage.minimum_filter(drawing, (side, side, 1), mode="nearest")
    highest = ndimage.maximum_filter(drawing, (side, side, 1), mode="nearest")
    even: Mask = (highest - lowest).max(2) <= _STRAY
    white, _ = ndimage.label(drawing.min(2) >= holes.WHITE)
    border = np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]])
    background: Mask = np.isin(white, border[border > 0])
    return Areas(even & ~background, even & background, ~background)


def kept(picture: Pixels, paper: Mask) -> float | None:
    """The share of paper that stayed near-white in a picture, uint8 (H, W, 3); None where there is none."""
    return float((picture[paper].min(1) >= holes.WHITE).mean()) if paper.mean() >= 0.002 else None


def difference(picture: Pixels, drawing: Pixels, where: Mask) -> float | None:
    """The median colour difference (CIEDE2000; 1 can just be seen) of a picture from the drawing that it is
    made of; None where nothing is to be compared.

    Args:
        picture, drawing: uint8 (H, W, 3).
        where: (H, W), of ``areas``.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    if where.mean() < 0.002:
        return None
    return float(np.median(deltaE_ciede2000(rgb2lab(picture[where]), rgb2lab(drawing[where]))))


class Flatness:
    """Gathers over a set's pairs how colours and paper are kept, beside what the photos themselves do."""

    def __init__(self) -> None:
        self._flat = self._painted = 0
        self._values: dict[str, list[float]] = defaultdict(list)

    def add(self, drawing: Pixels, fake: Pixels, photo: Pixels) -> None:
        """Count a pair in: uint8 (H, W, 3) each. Inputs of other planes have no colours to keep."""
        if drawing.shape != fake.shape:
            return
        found = areas(drawing)
        self._flat += int(found.flat.sum())
        self._painted += int(found.painted.sum())
        for prefix, picture in (("", fake), ("real_", photo)):
            for name, value in (
                ("colour_difference", difference(picture, drawing, found.flat)),
                ("paper_kept", kept(picture, found.paper)),
            ):
                if value is not None:
                    self._values[prefix + name].append(value)

    def scores(self) -> dict[str, float]:
        """``colour_difference``, the median over pictures, and ``paper_kept``, the mean, each with ``real_``
        before it for the photos; nothing where the inputs are not of flat colours."""
        if self._flat <= ENOUGH * self._painted:
            return {}
        return {
            name: float((np.median if name.endswith("difference") else np.mean)(values))
            for name, values in self._values.items()
        }
