"""Which generator fits pictures: how many planes it takes, how many levels it has."""

from __future__ import annotations

import math

from engine.data.palette import Palette
from engine.data.task import Task

LATTICE_EDGE = 48
"""Pixels in which a lattice can recur three times, see ``trainer.training.upsampling``."""
PADDING = 1.13
"""So much larger may a picture's area become for one more level of the U-Net."""


def input_planes(task: Task, palette: Palette | None, one_hot: bool) -> int:
    """How many planes the network takes."""
    if task == "hints":
        return 5
    if task == "labels" and one_hot and palette is not None:
        return len(palette.labels)
    return 1 if task in ("lines", "grey") else 3


def depth(size: tuple[int, int]) -> int:
    """Levels of a U-Net for pictures of a size: as many as the shorter edge bears, 5 to 9, as long as
    the edges need not be padded much to be multiples of 2 to that power.
    """
    width, height = size
    for levels in range(min(9, math.ceil(math.log2(min(size)))), 5, -1):
        multiple = 2**levels
        padded = math.ceil(width / multiple) * math.ceil(height / multiple) * multiple**2
        if padded <= PADDING * width * height:
            return levels
    return 5
