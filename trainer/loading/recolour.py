"""The same photo in other colours, so that a colour hint says more about a thing than what it is.

In a thousand photos of shoes hardly one is green. Whoever learns from them alone paints brown where green is
hinted at; here every shoe may be green, and the hint is the only sign of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

TINT = 0.4
"""Standard deviation of the logarithm of each channel's exponent."""

VIVID = 0.5, 1.2
"""Least and greatest factor of the distance from grey."""


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


def _turned(angle: float) -> npt.NDArray[np.float32]:
    """Rotation of (R, G, B) about (1, 1, 1), to be multiplied from the right (Rodrigues' formula)."""
    axis = 1 / np.sqrt(3)
    cross = axis * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    turn = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) / 3
    return np.asarray(turn.T, np.float32)
