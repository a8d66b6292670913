"""A preview made larger: smooth where it is smooth, sharp where it has an edge or the drawing has a line.

Nothing is learnt. Bicubic interpolation is sharpened, kept within what its surroundings hold (so nothing
rings), and at drawn lines sampled from further away from the line, so that both its sides meet there; after
each turn what the result, made small again, lacks of the preview is put back (Irani and Peleg, “Improving
resolution by image registration”, CVGIP 1991). Why not a network: docs/adr/0026-larger-previews.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.planes import ink

Values = npt.NDArray[np.float32]
Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise to end it."""

FACTORS = (2, 4)
MOST_PIXELS = 8192 * 4096

TURNS = 4
_SHARP = 0.8
_WIDTH = 0.55
"""Of what is sharpened, in pixels of the preview."""
_REACH = 1.3
"""How far from a line it is sampled otherwise, in pixels of the preview,"""
_PULL = 0.7
"""and by how much of that, at the line."""


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
    lines: Pixels | None = None,
    step: Step = lambda _done, _total: None,
) -> Pixels:
    """Make a preview larger.

    Args:
        preview: uint8 (H, W, 3).
        size: width and height that are wanted, each at least the preview's.
        lines: the drawing's, uint8 (H', W'), 255 paper to 0 ink, of any size; sharp edges lie there.
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
    pull = None if lines is None else _pull(lines, size, size[0] / width)
    made = np.empty((size[1], size[0], 3), np.uint8)
    for channel in range(3):
        plane = preview[..., channel].astype(np.float32)
        done = channel * (TURNS + 1)

        def tell(turn: int, done: int = done) -> None:
            step(done + turn, total)

        made[..., channel] = np.clip(_plane(plane, size, pull, tell) + 0.5, 0, 255)
    return made


def _plane(plane: Values, size: tuple[int, int], pull: _Pull | None, tell: Callable[[int], None]) -> Values:
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
        if pull is not None and turn < TURNS - 1:
            pull.apply(made)
        lacking = plane - _resized(made, (width, height), Image.Resampling.BOX)
        made += _resized(lacking, size, Image.Resampling.BICUBIC)
    tell(TURNS)
    return made


def _resized(plane: Values, size: tuple[int, int], how: Image.Resampling) -> Values:
    return np.array(Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize(size, how))


class _Pull:
    """Where around lines a picture is sampled, instead of where it is.

    Args:
        places: (2, N), rows and columns of the pixels.
        away: (2, N), from the line to each, of unit length.
        distance: (N,), in pixels.
        reach: how far it goes, in pixels.
    """

    def __init__(
        self,
        places: npt.NDArray[np.intp],
        away: npt.NDArray[np.float64],
        distance: npt.NDArray[np.float64],
        reach: float,
    ) -> None:
        self._places = places
        self._from = places + away * ((reach - distance) * _PULL)
        self._beyond = places + away * (reach - distance)
        self._across = places - away * (reach + distance)

    def apply(self, plane: Values) -> None:
        """Bring both sides of each line together, where the line is an edge between two tones."""
        from scipy import ndimage

        def at(points: npt.NDArray[np.float64]) -> Values:
            values: Values = ndimage.map_coordinates(plane, points, order=1, mode="nearest")
            return values

        rows, columns = self._places
        here, wanted = plane[rows, columns], at(self._from)
        one, other = at(self._beyond), at(self._across)
        # Where the line is itself darker or lighter than both sides, it is to stay.
        edge = np.square(one - other)
        low, high = np.minimum(one, other), np.maximum(one, other)
        ridge = np.square(np.maximum(0, np.maximum(low - here, here - high)))
        share = edge / (edge + 16 * ridge + 400)
        plane[rows, columns] = here + share * (wanted - here)


def _pull(lines: Pixels, size: tuple[int, int], factor: float) -> _Pull | None:
    """None where there are no lines."""
    from scipy import ndimage

    image = Image.fromarray(np.ascontiguousarray(lines))
    large = np.array(image.resize(size, Image.Resampling.BICUBIC))
    middle = ink.redrawn(large, 1.0) < 128
    if not middle.any():
        return None
    distance, nearest = ndimage.distance_transform_edt(~middle, return_indices=True)
    reach = _REACH * factor
    rows, columns = np.nonzero((distance < reach) & (distance > 0.5))
    apart = distance[rows, columns]
    away = np.stack([rows - nearest[0, rows, columns], columns - nearest[1, rows, columns]]) / apart
    return _Pull(np.stack([rows, columns]), away, apart, reach)
