"""How large a picture may be, so that it fits into memory."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.errors import PictureError

MOST_PIXELS = 8192 * 4096
"""Of one picture."""
MOST_LAYER_PIXELS = 2 * MOST_PIXELS
"""Of all layers of a picture together: 268 MB."""
MOST_LAYERS = 100

translate = QCoreApplication.translate


def check_size(width: int, height: int, layers: int, beyond: int = 0, largest: int = 0) -> None:
    """Refuse what would not fit into memory.

    Args:
        width: of the picture, in pixels.
        height: likewise.
        layers: how many.
        beyond: pixels that layers hold beyond the edges of the picture.
        largest: pixels of the picture that has to be written for the layer that reaches furthest beyond.

    Raises:
        PictureError: one sentence on what is too much.
    """
    if width < 1 or height < 1:
        raise PictureError(translate("paint", "A picture needs at least one pixel."))
    if width * height > MOST_PIXELS:
        text = translate(
            "paint", "{0} × {1} pixels are too many; {2} million are the most. Choose a smaller size."
        )
        raise PictureError(text.format(width, height, MOST_PIXELS // 1_000_000))
    if largest > MOST_PIXELS:
        text = translate("paint", "A layer would hold too much beyond the picture; choose a smaller size.")
        raise PictureError(text)
    if not fits(width, height, layers, beyond):
        text = translate("paint", "The picture would have more layers than fit into memory at its size.")
        raise PictureError(text)


def fits(width: int, height: int, layers: int, beyond: int = 0) -> bool:
    """Whether so many layers, and pixels beyond the picture, may be in memory."""
    return layers <= MOST_LAYERS and width * height * layers + beyond <= MOST_LAYER_PIXELS
