"""Where the trained eye's weights are, and what its looks take. Free of torch, so that the window may ask."""

from __future__ import annotations

from pathlib import Path

import resources

SECONDS_A_PHOTO = 0.2
"""A look at a photo at 256 × 256 takes on two cores (measured: 0.1 to 0.5)."""

MISSING = "The edge detector's weights are missing here: lines follow where the photos' colours change."


def weights_path() -> Path:
    """Where the bundled weights are, or would be."""
    return resources.path("perception", "hed_vgg16.safetensors")


def available() -> bool:
    """Whether this program came with the weights."""
    return weights_path().is_file()


def seconds(photos: int, size: tuple[int, int]) -> float:
    """What finding the edges of so many photos takes, about.

    Args:
        size: width and height at which they are trained on.
    """
    return photos * SECONDS_A_PHOTO * size[0] * size[1] / 256**2
