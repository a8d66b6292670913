"""A preview's object cut out of its background, as a picture with alpha."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from engine.data.messages import Picture, Pixels
from engine.errors import PictureError
from engine.finishing import foreground, matting
from engine.finishing.regions import Mask
from engine.planes.codec import scaled

EDGE = 768
"""Pixels along the longer edge at which the object is looked for; what is larger is looked at smaller."""

NOTHING = "No object can be told from its background here; draw the outline of one, with nothing around it."

Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise to end it."""


def cut_out(
    frame: Pixels,
    picture: Picture,
    working: tuple[int, int],
    step: Step = lambda _done, _total: None,
    enclosed: foreground.Enclosed = "seen",
) -> Pixels:
    """Cut the object out of a preview.

    Args:
        frame: the preview at the size that is wanted, uint8 (H, W, 3).
        picture: what it was made of, of any size.
        working: width and height at which the network made it: how soft its edges are.
        step: called now and then.
        enclosed: what becomes of parts that lines enclose and that look like the background.

    Returns:
        uint8 (H, W, 4), straight RGBA; colours at the edge are without the background's, and 0 where nothing
        is.

    Raises:
        PictureError: no object can be told from its background.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, EDGE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = scaled(frame, size)
    ink = _ink(picture.lines, size)
    hinted = None
    if picture.hints is not None and picture.hints[..., 3].any():
        hinted = _resized(picture.hints[..., 3], size) >= 128
    step(1, 6)
    found = foreground.segment_foreground(small, ink, hinted, enclosed)
    if found is None:
        raise PictureError(NOTHING)
    step(3, 6)
    pixel = max(1.0, size[0] / working[0])
    reach, outlined = round(2 * pixel + 2), ink is not None
    alpha, colours = matting.estimate_alpha(
        small, found.foreground, found.colour, reach, pixel / 2, outlined=outlined
    )
    step(5, 6)
    if size != (width, height):
        alpha = np.clip(_enlarged(alpha, (width, height)), 0, 1)
        edge = np.stack([_enlarged(colours[..., channel], (width, height)) for channel in range(3)], 2)
        colours = np.where((alpha < 0.995)[..., None], edge, frame)
    made = np.zeros((height, width, 4), np.uint8)
    made[..., :3] = np.clip(colours + 0.5, 0, 255)
    made[..., 3] = alpha * 255 + 0.5
    made[made[..., 3] == 0] = 0
    if not made[..., 3].any():
        raise PictureError(NOTHING)
    step(6, 6)
    return made


def _ink(lines: Pixels | None, size: tuple[int, int]) -> Mask | None:
    """Where there are lines at that size, so that none gets lost; None where nothing is drawn with lines."""
    if lines is None:
        return None
    height, width = lines.shape
    there = float(foreground.INK)
    if size[0] < width:  # thin lines get grey when they get small
        there = 255 - (255 - foreground.INK) * max(0.4, size[0] / width)
    ink: Mask = (lines if (width, height) == size else _resized(lines, size)) < there
    return ink


def _resized(plane: Pixels, size: tuple[int, int]) -> Pixels:
    return scaled(np.ascontiguousarray(plane), size)


def _enlarged(plane: foreground.Values, size: tuple[int, int]) -> foreground.Values:
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
