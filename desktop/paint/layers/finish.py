"""A preview with the layers over it that it is finished by, at whatever size it is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from desktop.paint.layers.composite import composite, from_straight, to_rgb, to_straight
from desktop.paint.layers.layer import Layer, Role
from engine.data.messages import Pixels
from engine.data.rect import Rect


def finishing(layers: Sequence[Layer]) -> list[Layer]:
    """Those of them that a preview is finished by and that are shown, bottom first."""
    return [layer for layer in layers if layer.role is Role.FINISH and layer.shown]


def over(layers: Sequence[Layer], preview: Pixels) -> Pixels:
    """``preview``, uint8 (H, W, 3), with the layers of a picture over it that it is finished by.

    Where it is of another size than they are, these are brought to its own.
    """
    layers = finishing(layers)
    if not layers:
        return preview
    height, width = preview.shape[:2]
    bounds = Rect(0, 0, *layers[0].size)
    if layers[0].size == (width, height):
        base = Layer(0, "", Role.FINISH, from_straight(preview))
        return to_rgb(composite((base, *layers), bounds, None))
    above = Image.fromarray(to_straight(composite(layers, bounds, None))).convert("RGBa")
    # Premultiplied, so that what is seen through brings no colour of its own to the edges.
    above = above.resize((width, height), Image.Resampling.LANCZOS).convert("RGBA")
    made = Image.fromarray(np.ascontiguousarray(preview))
    made.paste(above, (0, 0), above)
    return np.asarray(made)
