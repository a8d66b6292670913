"""Bringing pixels to another size, or to the colours of a palette."""

from __future__ import annotations

import numpy as np
from PIL import Image

from desktop.paint.layers.composite import from_straight
from desktop.paint.layers.layer import Packed, blank
from engine.data.messages import Pixels
from engine.data.palette import Palette


def scaled(pixels: Pixels, width: int, height: int, *, smooth: bool) -> Pixels:
    """Premultiplied BGRA ``pixels`` at another size: bicubic, or the nearest pixel's value."""
    if pixels.shape[:2] == (height, width):
        return pixels.copy()
    if not smooth:
        rows = (np.arange(height) * 2 + 1) * pixels.shape[0] // (2 * height)
        columns = (np.arange(width) * 2 + 1) * pixels.shape[1] // (2 * width)
        return np.ascontiguousarray(pixels[rows[:, None], columns])
    # Pillow calls premultiplied pixels RGBa, and doesn't mind which colour comes first.
    image = Image.frombytes("RGBa", (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    result = image.resize((width, height), Image.Resampling.BICUBIC)
    copy = np.frombuffer(result.tobytes(), np.uint8).reshape(height, width, 4).copy()
    # Bicubic overshoots; no channel may exceed its alpha.
    np.minimum(copy[:, :, :3], copy[:, :, 3:], out=copy[:, :, :3])
    return copy


def fitted(pixels: Pixels, width: int, height: int, *, smooth: bool) -> Pixels:
    """Straight RGBA or RGB ``pixels`` as premultiplied BGRA (height, width, 4).

    Another size is scaled to fit within, keeping its proportions, and centred.
    """
    content = from_straight(pixels)
    rows, columns = content.shape[:2]
    if (rows, columns) == (height, width):
        return content
    scale = min(width / columns, height / rows)
    small = scaled(content, max(1, round(columns * scale)), max(1, round(rows * scale)), smooth=smooth)
    canvas = blank(width, height)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def as_labels(pixels: Pixels, palette: Palette) -> Packed:
    """Straight RGBA or RGB ``pixels`` with every colour the nearest label's; uint32 (H, W).

    What is at least half opaque becomes opaque, the rest transparent.
    """
    snapped = palette.snapped(np.ascontiguousarray(pixels[:, :, :3]))[0]
    packed = from_straight(snapped).view(np.uint32)[:, :, 0]
    if pixels.shape[2] == 3:
        return packed
    return np.where(pixels[:, :, 3] >= 128, packed, np.uint32(0))
