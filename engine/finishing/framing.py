"""How much room there is around what is cut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from engine.data.messages import Pixels

Frame = Literal["picture", "margin", "square"]
"""As large as the picture; the object with a margin around it; in the middle of a square."""
FRAMES: tuple[Frame, ...] = get_args(Frame)

SQUARE = 0.85
"""Of a square's edge, the longer one of the object: as shops ask for."""
MOST_MARGIN = 4096
"""Pixels."""


@dataclass(frozen=True)
class Room:
    """How it is framed; ``margin`` in pixels of the result, where that is asked for."""

    frame: Frame = "picture"
    margin: int = 16


def framed(pixels: Pixels, room: Room) -> Pixels:
    """An object, uint8 (H, W, 4) straight RGBA, with the room around it that is wanted; nothing is scaled.

    Returns:
        uint8 (H', W', 4).
    """
    rows, columns = np.flatnonzero(pixels[..., 3].any(1)), np.flatnonzero(pixels[..., 3].any(0))
    if room.frame == "picture" or not len(rows):
        return pixels
    foreground = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = foreground.shape[:2]
    if room.frame == "margin":
        tall, wide = height + 2 * room.margin, width + 2 * room.margin
    else:
        tall = wide = max(1, round(max(height, width) / SQUARE))
    made = np.zeros((tall, wide, 4), np.uint8)
    top, left = (tall - height) // 2, (wide - width) // 2
    made[top : top + height, left : left + width] = foreground
    return made
