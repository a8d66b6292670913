"""What is selected of a picture, pixel by pixel, whatever shape a selection has."""

from __future__ import annotations

import numpy as np

from desktop.paint.editing.document import Document
from desktop.paint.layers.held import Mask


def selected(document: Document) -> Mask | None:
    """Bool (height, width): the pixels that are selected; None where nothing is."""
    area = document.selection
    if not area:
        return None
    mask = np.zeros((document.height, document.width), np.bool_)
    mask[area.rows, area.columns] = True
    return mask
