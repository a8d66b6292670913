"""The plain background that an object was photographed on: paper or a wall, unevenly lit, with shadows on
it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.finishing import matting

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float32]

_BAND = 0.03
"""Of the longer edge: how wide the border is that shows the background."""
_OF_IT, _SHARE = 14, 0.8
"""A border is of the background where so large a share of it differs so little from light that changes
evenly."""
_SLOPE = 130
"""Difference of the background's light from one side to the other beyond which it is no longer a plain
background."""
_WHITE = 244
"""From which a background is white …"""
_EVEN = 6
"""… if no more of its light than this is uneven."""
_SHADE, _TINT, _STEEP = 0.5, 0.07, 3.0
"""What is darker than the background by up to this factor, of its tint, and nowhere steeper than so many
levels a pixel of 512, may be a shadow on it."""


@dataclass(frozen=True)
class Light:
    """A plain background's colour everywhere in a photo: six numbers a channel, (6, 3), of a curved plane."""

    curve: Values

    @property
    def colour(self) -> Values:
        """In the middle, (3,)."""
        colour: Values = self.curve[0]
        return colour

    @property
    def is_white(self) -> bool:
        """Whether the background needs no cutting."""
        return bool(self.colour.min() >= _WHITE and np.abs(self.curve[1:]).max() <= _EVEN)

    def evened(self, photo: Pixels, area: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Pixels:
        """A photo, or the ``area`` of it (top, left, bottom, right; shares), as if it were lit evenly."""
        height, width = photo.shape[:2]
        down = np.linspace(area[0], area[2], height, endpoint=False) + (area[2] - area[0]) / height / 2
        across = np.linspace(area[1], area[3], width, endpoint=False) + (area[3] - area[1]) / width / 2
        made = np.empty_like(photo)
        for top in range(0, height, 256):  # bounds memory
            rows = slice(top, top + 256)
            there = _terms(down[rows, None], across[None, :]) @ self.curve
            made[rows] = np.clip(photo[rows] - there + self.colour + 0.5, 0, 255)
        return made


def light(photo: Pixels) -> Light | None:
    """How the plain background around an object is lit, by the border of a photo, uint8 (H, W, 3), of some
    hundred pixels; None where the background isn't plain."""
    height, width = photo.shape[:2]
    band = max(2, round(_BAND * max(height, width)))
    if min(height, width) < 4 * band:
        return None
    around = np.ones((height, width), np.bool_)
    around[band:-band, band:-band] = False
    rows, columns = np.nonzero(around)
    step = max(1, len(rows) // 6000)
    rows, columns = rows[::step], columns[::step]
    values = photo[rows, columns].astype(np.float32)
    terms = _terms((rows + 0.5) / height, (columns + 0.5) / width)
    curve = np.zeros((6, 3), np.float32)
    curve[0] = np.median(values, 0)
    inside = np.abs(values - curve[0]).max(1) <= 3 * _OF_IT
    for _turn in range(6):
        if inside.mean() < 0.5:
            return None
        # The more freedom, the more of the border it takes; few pixels may all lie on one side.
        free = 6 if inside.mean() >= _SHARE else 3
        curve = np.zeros((6, 3), np.float32)
        curve[:free] = np.linalg.lstsq(terms[inside][:, :free], values[inside], rcond=None)[0]
        inside = np.abs(values - terms @ curve).max(1) <= _OF_IT
    if inside.mean() < _SHARE or np.abs(curve[1:]).max() > _SLOPE:
        return None
    return Light(curve)


def without_shadows(even: Pixels, colour: Values) -> Pixels:
    """An evenly lit photo, uint8 (H, W, 3), with the background's colour where only a soft shadow lies on
    it."""
    from scipy import ndimage

    share = (even / np.maximum(colour, 1)).astype(np.float32)
    brightest, darkest = matting.strongest(share), -matting.strongest(-share)
    luma = np.asarray(Image.fromarray(even).convert("L"), np.float32)
    steep = ndimage.gaussian_gradient_magnitude(luma, 1.2) * max(even.shape) / 512
    unit = max(1, round(max(even.shape) / 256))
    shade = (brightest - darkest <= _TINT) & (darkest >= _SHADE) & (brightest <= 1.04)
    # Opened, lest it leaks into what is grey of the object through a gap in its outline.
    soft = ndimage.binary_opening(np.pad(shade & (steep <= _STEEP), 4, mode="edge"), iterations=unit)
    parts, count = ndimage.label(soft[4:-4, 4:-4])
    if not count:
        return even
    border = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    outside = np.isin(parts, np.setdiff1d(np.unique(border), [0]))
    # Where the object stands on its shadow the two meet steeply.
    outside = ndimage.binary_dilation(outside, iterations=3 * unit, mask=shade | outside)
    return np.where(outside[..., None], np.clip(colour + 0.5, 0, 255).astype(np.uint8), even)


def _terms(down: npt.NDArray[np.float64], across: npt.NDArray[np.float64]) -> Values:
    """What a curved plane is made of, (…, 6): 1, y, x, y², x², xy, about the middle."""
    y, x = np.broadcast_arrays(down - 0.5, across - 0.5)
    return np.stack([np.ones_like(y), y, x, y * y, x * x, x * y], -1).astype(np.float32)
