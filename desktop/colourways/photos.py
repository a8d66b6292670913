"""The main colours of a photo."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from engine.data.palette import Colour
from engine.data.picture import read

MOST = 12
"""Colours that one photo gives."""
_ENOUGH = 256
"""Pixels along the longer edge that will do; a larger photo is reduced while it is read."""


def main_colours(path: Path) -> tuple[Colour, ...]:
    """The colours that a photo has most of, at most ``MOST``, the one that covers most first.

    Raises:
        PictureError: it is missing, too large, damaged or no picture.
    """
    image = Image.fromarray(read(path, enough=_ENOUGH).pixels)
    image.thumbnail((_ENOUGH, _ENOUGH))
    few = image.quantize(MOST, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    counts, flat = few.getcolors() or [], few.getpalette() or []
    order = [int(place) for _count, place in sorted(counts, reverse=True)]  # type: ignore[call-overload]
    colours = (flat[3 * place : 3 * place + 3] for place in order)
    return tuple(dict.fromkeys((red, green, blue) for red, green, blue in colours))
