"""Documents with a photo in them, for the tools that go by one."""

from __future__ import annotations

import numpy as np

from desktop.paint.editing.document import Document, Role
from engine.data.messages import Pixels


def quarters(width: int, height: int) -> Pixels:
    """A photo of four even areas with a little grain, uint8 (height, width, 3)."""
    rows, columns = np.mgrid[0:height, 0:width]
    tones = np.array([(200, 60, 50), (60, 170, 80), (50, 80, 190), (220, 210, 120)], np.int16)
    photo = tones[2 * (rows >= height // 2) + (columns >= width // 2)]
    grain = np.random.default_rng(1).integers(-6, 7, photo.shape)
    return np.clip(photo + grain, 0, 255).astype(np.uint8)


def lay_photo_under(document: Document) -> None:
    """Add ``quarters`` as a reference below everything; what was painted on stays the layer in hand."""
    active = document.active.id
    document.add_layer(Role.REFERENCE, "Photo", quarters(document.width, document.height))
    document.move_layer(document.active.id, 0)
    document.select(active)
