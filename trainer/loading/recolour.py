"""The same photo in other colours, so that a colour hint or a style says more than what a thing is.

In a thousand photos of shoes hardly one is green. Whoever learns from them alone paints brown where green is
hinted at; here every shoe may be green, and the hint is the only sign of it. Of four hundred house fronts
most are ochre or grey; here a front of any shape may be rose, and its style is the only sign of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Pixels = npt.NDArray[np.uint8]

TINT = 0.4
"""Standard deviation of the logarithm of each channel's exponent."""

VIVID = 0.5, 1.2
"""Least and greatest factor of the distance from grey."""

PAINT = 4.0, 55.0
"""Of paint: least and greatest distance from grey, in levels of 255 …"""
LIGHTER = -35.0, 30.0
"""… and how much darker or lighter it is than what lay there."""
_FULL = 140.0
"""From this lightness on paint shows fully, so that what lies in shadow stays in it."""
_SOFT = 1.0
"""Pixels over which paint ends."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def recolouring(random: np.random.Generator) -> Callable[[Pixels], Pixels]:
    """A way to other colours at random: uint8 (..., 3) → the same shape. White stays white, and black black.

    A turn about the axis of greys changes what has a colour already, and leaves greys as they are; an
    exponent for each channel gives these one too.
    """
    turn = _turned(random.uniform(-np.pi, np.pi)) * random.uniform(*VIVID)
    exponents = np.exp(np.clip(random.normal(0, TINT, 3), -2 * TINT, 2 * TINT))
    levels = np.arange(256) / 255
    curves = np.rint(255 * levels[:, None] ** exponents).astype(np.uint8)

    def recoloured(pixels: Pixels) -> Pixels:
        colours = pixels.reshape(-1, 3).astype(np.float32)
        grey = colours.mean(1, keepdims=True)
        turned = np.rint(np.clip(grey + (colours - grey) @ turn, 0, 255)).astype(np.uint8)
        tinted: Pixels = np.stack([curves[turned[:, c], c] for c in range(3)], axis=1)
        return tinted.reshape(pixels.shape)

    return recoloured


def repainted(pixels: Pixels, where: npt.NDArray[np.bool_], random: np.random.Generator) -> Pixels:
    """A part of a photo in another colour at random, as if painted anew: its shades and its grain stay.

    Args:
        pixels: uint8 (H, W, 3).
        where: (H, W); the part's edge is soft. Of nothing, the photo itself comes back.
    """
    hue, strength, lighter = random.uniform(-np.pi, np.pi), random.uniform(*PAINT), random.uniform(*LIGHTER)
    if not where.any():
        return pixels
    colours = pixels.astype(np.float32)
    luma = colours @ _LUMA
    there = np.median(colours[where] - luma[where][:, None], axis=0)
    along, across = _plane()
    wanted = strength * (np.cos(hue) * along + np.sin(hue) * across)
    mask = Image.fromarray(where.view(np.uint8) * np.uint8(255)).filter(ImageFilter.GaussianBlur(_SOFT))
    much = np.asarray(mask, np.float32) / 255 * np.clip(luma / _FULL, 0, 1)
    made: Pixels = np.rint(np.clip(colours + much[..., None] * (wanted - there + lighter), 0, 255)).astype(
        np.uint8
    )
    return made


def _plane() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Two directions of (R, G, B) in which lightness stays, at right angles and of length 1."""
    grey = _LUMA / np.linalg.norm(_LUMA)
    red = np.array([1, 0, 0], np.float32) - grey[0] * grey
    along = red / np.linalg.norm(red)
    return along, np.cross(grey, along)


def _turned(angle: float) -> npt.NDArray[np.float32]:
    """Rotation of (R, G, B) about (1, 1, 1), to be multiplied from the right (Rodrigues' formula)."""
    axis = 1 / np.sqrt(3)
    cross = axis * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    turn = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) / 3
    return np.asarray(turn.T, np.float32)
