"""What is selected of a picture, pixel by pixel, whatever shape a selection has."""

from __future__ import annotations

from desktop.paint.editing.document import Document
from desktop.paint.layers.held import Mask


def selected(document: Document) -> Mask | None:
    """Bool (height, width): the pixels that are selected; None where nothing is."""
    return document.area.within(document.bounds) if document.selection else None
