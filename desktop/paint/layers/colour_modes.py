"""The four ways of mixing that look at all three channels of a colour at once; Qt has none of them.

https://www.w3.org/TR/compositing-1/#blendingnonseparable
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels

Colours = npt.NDArray[np.float32]
"""Straight colours, (H, W, 3) from 0 to 1, in the order of pixels: blue, green, red."""
Mix = Callable[[Colours, Colours], Colours]
"""Of what is below, and what is laid over it."""

_WEIGHTS = np.array([0.11, 0.59, 0.3], np.float32)
_ROWS = 128
"""Mixed at once: large pictures need no large intermediates."""

_ONE = np.float32(255)


def lay(pixels: Pixels, target: Pixels, mix: Mix) -> None:
    """Mix ``pixels`` into ``target``, both uint8 (H, W, 4), premultiplied BGRA, of one size."""
    for row in range(0, target.shape[0], _ROWS):
        above, below = pixels[row : row + _ROWS], target[row : row + _ROWS]
        if above[:, :, 3].any():
            below[...] = _mixed(above.astype(np.float32) / _ONE, below.astype(np.float32) / _ONE, mix)


def _mixed(above: npt.NDArray[np.float32], below: npt.NDArray[np.float32], mix: Mix) -> Pixels:
    """The specification's formula for simple alpha compositing, on premultiplied colours."""
    alpha, under = above[:, :, 3:], below[:, :, 3:]
    both = alpha * under
    mixed = np.empty_like(below)
    mixed[:, :, :3] = above[:, :, :3] * (1 - under) + below[:, :, :3] * (1 - alpha)
    mixed[:, :, :3] += both * mix(_straight(below), _straight(above))
    mixed[:, :, 3:] = alpha + under - both
    mixed *= 255
    whole = np.rint(mixed).astype(np.uint8)
    np.minimum(whole[:, :, :3], whole[:, :, 3:], out=whole[:, :, :3])
    return whole


def _straight(pixels: npt.NDArray[np.float32]) -> Colours:
    colours = pixels[:, :, :3] / np.maximum(pixels[:, :, 3:], np.float32(1e-6))
    return colours.astype(np.float32, copy=False)


def _luminosity(colours: Colours) -> Colours:
    light: Colours = colours @ _WEIGHTS
    return light[:, :, None]


def _saturation(colours: Colours) -> Colours:
    spread: Colours = colours.max(2) - colours.min(2)
    return spread[:, :, None]


def _with_luminosity(colours: Colours, light: Colours) -> Colours:
    """The same colours as light as that, brought back towards grey where a channel leaves its range."""
    moved = colours + (light - _luminosity(colours))
    least, most = moved.min(2, keepdims=True), moved.max(2, keepdims=True)
    tiny = np.float32(1e-6)
    down = np.where(least < 0, light / np.maximum(light - least, tiny), 1)
    moved = light + (moved - light) * down
    up = np.where(most > 1, (1 - light) / np.maximum(most - light, tiny), 1)
    return (light + (moved - light) * up).astype(np.float32)


def _with_saturation(colours: Colours, wanted: Colours) -> Colours:
    least = colours.min(2, keepdims=True)
    scaled: Colours = (colours - least) * (wanted / np.maximum(_saturation(colours), np.float32(1e-6)))
    return scaled


def _hue(below: Colours, above: Colours) -> Colours:
    return _with_luminosity(_with_saturation(above, _saturation(below)), _luminosity(below))


def _saturated(below: Colours, above: Colours) -> Colours:
    return _with_luminosity(_with_saturation(below, _saturation(above)), _luminosity(below))


def _colour(below: Colours, above: Colours) -> Colours:
    return _with_luminosity(above, _luminosity(below))


def _lightness(below: Colours, above: Colours) -> Colours:
    return _with_luminosity(below, _luminosity(above))


MODES: dict[str, Mix] = {
    "svg:hue": _hue,
    "svg:saturation": _saturated,
    "svg:color": _colour,
    "svg:luminosity": _lightness,
}
"""By OpenRaster's names."""
