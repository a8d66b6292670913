"""What documents begin with: empty layers, or a picture brought onto them."""

from __future__ import annotations

import numpy as np

from desktop.paint.editing.layer_stack import ROLES, LayerStack, first_name, paper_of
from desktop.paint.editing.limits import check_size
from desktop.paint.layers.composite import from_straight, pack, packed
from desktop.paint.layers.layer import Layer, Packed, blank
from engine.data.card import InputKind
from engine.data.messages import Picture, Pixels
from engine.data.palette import Palette

NEUTRAL = 24
"""Channels of a grey in a sketch may differ by this much, as they do in photographs of drawings."""

_BAND = 64
"""Rows that are brought onto layers at once: large pictures need no large intermediate, and Python waits for
no large sum."""


def empty(kind: InputKind, width: int, height: int, palette: Palette | None) -> LayerStack:
    """Layers of each role that the network sees, with nothing on them; labels are all background.

    Raises:
        PictureError: too large, or a label picture without palette.
    """
    check_size(width, height, len(ROLES[kind]))
    layers = [
        Layer(id, first_name(role), role, blank(width, height))
        for id, role in enumerate(reversed(ROLES[kind]), start=1)
    ]
    stack = LayerStack(kind, width, height, layers, paper_of(kind, palette), palette)
    if kind == "labels":
        layers[0].packed[...] = pack(stack.paper)
    return stack


def of_picture(kind: InputKind, pixels: Pixels, palette: Palette | None) -> LayerStack:
    """Layers that show ``pixels``, uint8 (H, W, 3) RGB.

    Labels go to the nearest colour of the palette. In a sketch, neutral pixels become ink on the
    lines layer and coloured ones hints under it.

    Raises:
        PictureError: too large, or a label picture without palette.
    """
    height, width = pixels.shape[:2]
    stack = empty(kind, width, height, palette)
    for top in range(0, height, _BAND):
        rows = slice(top, top + _BAND)
        band = pixels[rows]
        if kind == "sketch":
            hints, lines = stack.layers
            hints.packed[rows], lines.packed[rows] = _as_sketch(band)
        else:
            if palette is not None and kind == "labels":
                band = palette.snapped(band)[0]
            stack.layers[0].packed[rows] = packed(from_straight(band))
    return stack


def _as_sketch(pixels: Pixels) -> tuple[Packed, Packed]:
    """Hints and lines."""
    coloured = pixels.max(2) - pixels.min(2) > NEUTRAL
    light = pixels @ np.array([77, 150, 29], np.uint16) >> 8
    ink = (255 - light).astype(np.uint32) << 24
    hints = np.where(coloured, packed(from_straight(pixels)), np.uint32(0))
    return hints, np.where(coloured, np.uint32(0), ink)


def of_planes(kind: InputKind, picture: Picture, palette: Palette | None) -> LayerStack:
    """Layers that send ``picture``: a sketch's lines and hints come back on layers of their own.

    Raises:
        PictureError: too large, or a label picture without palette.
    """
    if picture.lines is None:
        assert picture.pixels is not None
        return of_picture(kind, picture.pixels, palette)
    stack = empty("sketch", *picture.size, None)
    hints, lines = stack.layers
    lines.packed[...] = (255 - picture.lines).astype(np.uint32) << 24
    if picture.hints is not None:
        hints.packed[...] = packed(from_straight(picture.hints))
    return stack
