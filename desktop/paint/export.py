"""Pictures, previews and pairs of both, as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop.paint.document import Document
from engine.messages import Pixels
from engine.picture import write_png


def write_picture(document: Document, path: Path) -> None:
    """Write what the network sees, over paper.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    write_png(path, document.picture_flat())


def write_preview(preview: Pixels, path: Path) -> None:
    """Write a preview, uint8 (H, W, 3).

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    write_png(path, preview)


def write_pair(document: Document, preview: Pixels, path: Path) -> None:
    """Write picture and preview side by side: the picture left (A), the preview right (B).

    Args:
        document: the picture.
        preview: uint8 (H, W, 3) of the document's size.
        path: the PNG file.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    write_png(path, np.concatenate([document.picture_flat(), preview], 1))
