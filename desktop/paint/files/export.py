"""Pictures, previews and pairs of both, as files that other programs read."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.document import Document
from desktop.paint.layers import finish
from engine.data.messages import Pixels
from engine.data.tiff import to_tiff_bytes
from engine.errors import PictureError
from engine.files.writing import replacing, shown

FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 1}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True}),
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
    ".bmp": ("BMP", {}),
}
"""By suffix: the format's name in Pillow, and how it is packed. The first is the usual one."""


Step = Callable[[int, int], object]
"""See ``desktop.paint.files.layered.Step``."""


def _on(_done: int, _total: int) -> None:
    """Nobody wants to know."""


def picture_file(path: Path) -> Path:
    """The file that is written for ``path``: a PNG where its suffix is none of ``FORMATS``."""
    return path if path.suffix.lower() in FORMATS else path.with_name(path.name + ".png")


def write_picture(document: Document, path: Path, step: Step = _on) -> None:
    """Write what the network sees, over paper.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    _write(path, document.picture_flat(), step)


def write_preview(preview: Pixels, path: Path, step: Step = _on) -> None:
    """Write a preview, uint8 (H, W, 3).

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    _write(path, preview, step)


def write_finished(document: Document, preview: Pixels, path: Path, step: Step = _on) -> None:
    """Write the preview with all shown layers over it that it is finished by.

    Args:
        document: has the layers.
        preview: uint8 (H, W, 3) of the document's size.
        path: the file.
        step: called now and then.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    _write(path, finished(document, preview), step)


def finished(document: Document, preview: Pixels) -> Pixels:
    """Such a picture, uint8 (H, W, 3)."""
    return finish.over(document.layers, preview)


def write_clear(pixels: Pixels, path: Path, step: Step = _on) -> None:
    """Write what is cut out, uint8 (H, W, 4) straight RGBA, in a format that knows transparency.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    _write(path, pixels, step)


def write_pair(document: Document, preview: Pixels, path: Path, step: Step = _on) -> None:
    """Write picture and preview side by side: the picture left (A), the preview right (B).

    Args:
        document: the picture.
        preview: uint8 (H, W, 3) of the document's size.
        path: the file.
        step: called now and then.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    _write(path, np.concatenate([document.picture_flat(), preview], 1), step)


def _write(path: Path, pixels: Pixels, step: Step) -> None:
    """Write uint8 (H, W, 3 or 4) in the format that the suffix stands for."""
    path = picture_file(path)
    name, options = FORMATS[path.suffix.lower()]
    content = io.BytesIO()
    translate = QCoreApplication.translate
    try:
        if name == "TIFF":
            content.write(to_tiff_bytes(pixels, lambda done, total: step(2 * done, 3 * total)))
        else:
            Image.fromarray(np.ascontiguousarray(pixels)).save(content, name, **options)
    except (ValueError, OSError) as error:  # not every format takes every size
        text = translate("paint", "“{0}”: {1} × {2} pixels are too many for this format; choose PNG.")
        raise PictureError(text.format(shown(path.name), pixels.shape[1], pixels.shape[0])) from error
    step(2, 3)
    try:
        with replacing(path) as part:
            part.write_bytes(content.getbuffer())
            step(2, 3)
    except OSError as error:
        text = translate("paint", "“{0}” can't be written ({1}); choose another place.")
        raise PictureError(text.format(shown(path.name), error.strerror or error)) from error
