"""A preview made larger: smooth where it is smooth, sharp where it has an edge, and its edges where the
drawing has its lines.

Nothing is learnt. Bicubic interpolation gets the edges that the drawing says, is sharpened, and kept within
what its surroundings hold, so that nothing rings; after each turn what the result, made small again, lacks of
the preview is put back (Irani and Peleg, “Improving resolution by image registration”, CVGIP 1991). All of
that is done to the lightness alone, as coloured specks would come of it else; colours follow. Why so:
docs/adr/0026-larger-previews.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.finishing.along import along
from engine.finishing.resampling import bands, resized

Values = npt.NDArray[np.float32]
Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise to end it."""
Look = Callable[[], object]
"""Called often, as a part of a large picture takes seconds; may raise to end it."""

FACTORS = (2, 4)
MOST_PIXELS = 8192 * 4096

TURNS, _COLOUR_TURNS = 2, 2
_SHARP = 0.5
_WIDTH = 0.8
"""Of what is sharpened, in pixels of the preview."""
_DRAWN = 0.4
"""How much of the edges that the drawing says is taken over."""
_REACH, _EVEN = 2.0, 4.0
"""How far around a pixel, in pixels of the preview, both are held against each other; and the variance, in
squares of levels, of what counts as even."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


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
    drawing: Pixels | None = None,
    step: Step = lambda _done, _total: None,
) -> Pixels:
    """Make a preview larger.

    Args:
        preview: uint8 (H, W, 3).
        size: width and height that are wanted, each at least the preview's.
        drawing: what it was made of, uint8 (H', W') or (H', W', 3), of any size; edges go by it where it is
            larger than the preview.
        step: called often.

    Returns:
        uint8 (height, width, 3).

    Raises:
        PictureError: that would be too many pixels.
    """
    check_size(size)
    height, width = preview.shape[:2]
    if size == (width, height):
        return preview
    done, total = 0, TURNS + 5

    def look(parts: int = 0) -> None:
        nonlocal done
        done += parts
        step(done, total)

    look()
    light = (preview.astype(np.float32) @ _LUMA).astype(np.float32)
    smooth = resized(light, size, "bicubic")
    made = smooth.copy()
    if drawing is not None and drawing.shape[1] > width:
        made += _DRAWN * _drawn(light, smooth, drawing, look)
    for _turn in range(TURNS):
        look(1)
        made += _SHARP * (made - _blurred(made, _WIDTH * size[0] / width, look))
        _fit(made, light, look)
    made -= smooth
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    for channel in range(3):
        look(1)
        plane = preview[..., channel].astype(np.float32)
        coloured = resized(plane, size, "bicubic")
        coloured += made
        for _turn in range(_COLOUR_TURNS):
            _fit(coloured, plane, look)
        pixels[..., channel] = np.clip(coloured + 0.5, 0, 255)
    look(1)
    return pixels


def _drawn(light: Values, smooth: Values, drawing: Pixels, look: Look) -> Values:
    """What a preview's lightness lacks of the edges that the drawing has: float32, as large as ``smooth``.

    It is smoothed along the drawing, never across it. Where, as far as can be seen at the preview's own size,
    it goes up and down as that does, it does so in the finer pixels as well (He et al., “Guided image
    filtering”, TPAMI 2013).
    """
    from scipy import ndimage

    (height, width), (tall, wide) = light.shape, smooth.shape
    way = Image.Resampling.BOX if drawing.shape[1] > wide else Image.Resampling.BICUBIC
    large = np.asarray(Image.fromarray(np.ascontiguousarray(drawing)).resize((wide, tall), way))
    look()
    edges = along(smooth, large, _REACH * wide / width, look)
    small = resized(edges, (width, height), "box")

    def around(plane: Values) -> Values:
        found: Values = ndimage.gaussian_filter(plane, _REACH, mode="nearest", truncate=2.5)
        return found

    mean, other = around(small), around(light)
    spread = around(small * small) - mean * mean + np.float32(_EVEN)
    like = ((around(small * light) - mean * other) / spread).astype(np.float32)
    for rows, band in bands(small, (wide, tall), "bicubic"):
        edges[rows] -= band
    for rows, band in bands(like, (wide, tall), "bilinear"):
        edges[rows] *= band
    return edges


def _fit(made: Values, plane: Values, look: Look) -> None:
    """Bring it within what the surroundings in ``plane`` hold; made small again, it is the plane."""
    from scipy import ndimage

    size = made.shape[1], made.shape[0]
    least = ndimage.minimum_filter(plane, 3, mode="nearest")
    most = ndimage.maximum_filter(plane, 3, mode="nearest")
    for (rows, low), (_, high) in zip(
        bands(least, size, "bilinear"), bands(most, size, "bilinear"), strict=True
    ):
        np.clip(made[rows], low, high, out=made[rows])
    look()
    lacking = plane - resized(made, (plane.shape[1], plane.shape[0]), "box")
    for rows, band in bands(lacking, size, "bicubic"):
        made[rows] += band
    look()


def _blurred(plane: Values, by: float, look: Look) -> Values:
    from scipy import ndimage

    for axis in (0, 1):
        plane = ndimage.gaussian_filter1d(plane, by, axis, mode="nearest", truncate=3)
        look()
    return plane
