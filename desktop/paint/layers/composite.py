"""Pixels over pixels: layers over paper, and the ways between Qt's order of bytes and RGB.

Qt does the mixing (its raster engine needs no application object), on the rectangle asked for alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter

from desktop.paint.layers.layer import Layer, Packed, image_over
from engine.data.messages import Pixels
from engine.data.palette import Colour
from engine.data.rect import Rect

_PREMULTIPLIED = QImage.Format.Format_ARGB32_Premultiplied
_BAND = 1 << 19
"""Pixels that are handed to Qt at a time: Python waits as long as it works, and the pen with it."""


def pack(colour: Colour, alpha: int = 255) -> int:
    """``colour`` at ``alpha`` (0 to 255) as one premultiplied 0xAARRGGBB."""
    red, green, blue = ((value * alpha + 127) // 255 for value in colour)
    return alpha << 24 | red << 16 | green << 8 | blue


def composite(layers: Iterable[Layer], rect: Rect, paper: Colour | None) -> Pixels:
    """The shown ones of ``layers`` (bottom first) over ``paper``, within ``rect``.

    Returns:
        uint8 (rect.height, rect.width, 4), premultiplied BGRA; opaque if there is paper.
    """
    pixels = np.full((rect.height, rect.width), pack(paper) if paper else 0, np.uint32)
    mixed = pixels.view(np.uint8).reshape(rect.height, rect.width, 4)
    if not rect:
        return mixed
    image = image_over(mixed, _PREMULTIPLIED)
    rows = max(1, _BAND // rect.width)
    with QPainter(image) as painter:
        for layer in layers:
            if layer.shown:
                painter.setOpacity(layer.opacity)
                for top in range(0, rect.height, rows):
                    part = QRect(rect.left, rect.top + top, rect.width, min(rows, rect.height - top))
                    painter.drawImage(QPoint(0, top), layer.image, part)
    return mixed


def to_rgb(pixels: Pixels) -> Pixels:
    """uint8 (H, W, 3) RGB of opaque BGRA ``pixels``."""
    return np.ascontiguousarray(pixels[:, :, 2::-1])


def to_straight(pixels: Pixels) -> Pixels:
    """uint8 (H, W, 4) straight RGBA of premultiplied BGRA ``pixels``."""
    return _converted(pixels, _PREMULTIPLIED, QImage.Format.Format_RGBA8888)


def from_straight(pixels: Pixels) -> Pixels:
    """Premultiplied BGRA of ``pixels``, uint8 (H, W, 4) straight RGBA or (H, W, 3) RGB.

    ``from_straight(to_straight(pixels))`` is exactly ``pixels``: saving and opening loses nothing.
    """
    if pixels.shape[2] == 3:
        opaque = np.full((*pixels.shape[:2], 4), 255, np.uint8)
        opaque[:, :, :3] = pixels[:, :, ::-1]
        return opaque
    return _converted(pixels, QImage.Format.Format_RGBA8888, _PREMULTIPLIED)


def packed(pixels: Pixels) -> Packed:
    """The same memory, uint8 (H, W, 4), as one number a pixel, uint32 (H, W)."""
    return pixels.view(np.uint32)[:, :, 0]


def unpacked(pixels: Packed) -> Pixels:
    """uint32 (H, W) as uint8 (H, W, 4); the same memory where it is contiguous."""
    return np.ascontiguousarray(pixels).view(np.uint8).reshape(*pixels.shape, 4)


def _converted(pixels: Pixels, given: QImage.Format, wanted: QImage.Format) -> Pixels:
    height, width = pixels.shape[:2]
    if not height or not width:
        return np.zeros((height, width, 4), np.uint8)
    result, rows = np.empty((height, width, 4), np.uint8), max(1, _BAND // width)
    for top in range(0, height, rows):
        band = np.ascontiguousarray(pixels[top : top + rows])
        image = image_over(band, given).convertToFormat(wanted)
        result[top : top + rows] = np.frombuffer(image.constBits(), np.uint8).reshape(band.shape)
    return result


def luma(pixels: Pixels) -> Pixels:
    """uint8 (H, W) lightness of opaque BGRA ``pixels``; a grey keeps its value (ITU-R BT.601)."""
    # 29 + 150 + 77 = 256
    light = pixels[:, :, 0] * np.uint16(29)
    light += pixels[:, :, 1] * np.uint16(150)
    light += pixels[:, :, 2] * np.uint16(77)
    light >>= 8
    return light.astype(np.uint8)


def blend(base: Packed, colour: int | Packed, mask: Packed) -> Packed:
    """``colour`` over ``base`` where ``mask`` says so: base · (1 - mask) + colour · mask.

    Two channels are computed at once, 16 bits each, rounded exactly: mask 0 gives ``base`` and
    mask 255 gives ``colour``, to the bit. A colour of 0 erases.

    Args:
        base: uint32 (H, W), premultiplied.
        colour: what is painted, one premultiplied pixel or uint32 (H, W) of them.
        mask: uint32 (H, W), 0 to 255.
    """
    rest = np.uint32(255) - mask
    pair = np.uint32(0x00FF00FF)
    eight = np.uint32(8)
    paint = np.asarray(colour, np.uint32)
    low = (base & pair) * rest
    high = ((base >> eight) & pair) * rest
    if paint.ndim or paint:
        low += (paint & pair) * mask
        high += ((paint >> eight) & pair) * mask
    for half in (low, high):  # divide by 255, rounding
        half += np.uint32(0x00800080)
        half += (half >> eight) & pair
    low >>= eight
    low &= pair
    high &= np.uint32(0xFF00FF00)
    low |= high
    return low
