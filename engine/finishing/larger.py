"""A preview made larger: smooth where it is smooth, sharp where it has an edge.

Nothing is learnt. Bicubic interpolation is sharpened, and kept within what its surroundings hold, so that
nothing rings; after each turn what the result, made small again, lacks of the preview is put back (Irani and
Peleg, “Improving resolution by image registration”, CVGIP 1991). Why so: docs/adr/0026-larger-previews.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.messages import Pixels
from engine.errors import PictureError

Values = npt.NDArray[np.float32]
Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise to end it."""

FACTORS = (2, 4)
MOST_PIXELS = 8192 * 4096

TURNS = 4
_SHARP = 0.5
_WIDTH = 0.8
"""Of what is sharpened, in pixels of the preview."""


def check_size(size: tuple[int, int]) -> None:
    """Raises PictureError: a picture of that width and height would have too many pixels."""
    if size[0] * size[1] > MOST_PIXELS:
        raise PictureError(
            f"{size[0]} × {size[1]} pixels are too many; at most {MOST_PIXELS // 1_000_000} million can be "
            "made. Choose a smaller factor."
        )


def enlarged(
    preview: Pixels,
    size: tuple[int, int],
    step: Step = lambda _done, _total: None,
) -> Pixels:
    """Make a preview larger.

    Args:
        preview: uint8 (H, W, 3).
        size: width and height that are wanted, each at least the preview's.
        step: called now and then.

    Returns:
        uint8 (height, width, 3).

    Raises:
        PictureError: that would be too many pixels.
    """
    check_size(size)
    height, width = preview.shape[:2]
    if size == (width, height):
        return preview
    total = 3 * (TURNS + 1)
    made = np.empty((size[1], size[0], 3), np.uint8)
    for channel in range(3):
        plane = preview[..., channel].astype(np.float32)
        done = channel * (TURNS + 1)

        def tell(turn: int, done: int = done) -> None:
            step(done + turn, total)

        made[..., channel] = np.clip(_plane(plane, size, tell) + 0.5, 0, 255)
    return made


def _plane(plane: Values, size: tuple[int, int], tell: Callable[[int], None]) -> Values:
    from scipy import ndimage

    height, width = plane.shape
    factor = size[0] / width
    least = _resized(ndimage.minimum_filter(plane, 3, mode="nearest"), size, Image.Resampling.BILINEAR)
    most = _resized(ndimage.maximum_filter(plane, 3, mode="nearest"), size, Image.Resampling.BILINEAR)
    made = _resized(plane, size, Image.Resampling.BICUBIC)
    for turn in range(TURNS):
        tell(turn)
        made = made + _SHARP * (
            made - ndimage.gaussian_filter(made, _WIDTH * factor, mode="nearest", truncate=3)
        )
        np.clip(made, least, most, out=made)
        lacking = plane - _resized(made, (width, height), Image.Resampling.BOX)
        made += _resized(lacking, size, Image.Resampling.BICUBIC)
    tell(TURNS)
    return made


def _resized(plane: Values, size: tuple[int, int], how: Image.Resampling) -> Values:
    return np.array(Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize(size, how))
