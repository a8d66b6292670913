"""Where one side of a pair comes from: a file, half of a file, or something made from either."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine import picture

Pixels = npt.NDArray[np.uint8]

Half = Literal["left", "right"]
Derived = Literal["lines", "hints", "grey", "small"]

SMALLER = 4
"""How many times the input of the task “small” is reduced, each way."""


@dataclass(frozen=True)
class Source:
    """Where one side of a pair comes from: a file, perhaps half of it, perhaps something made from that."""

    file: Path
    half: Half | None = None
    derived: Derived | None = None

    @property
    def origin(self) -> Source:
        """The same without what is made from it."""
        return replace(self, derived=None)


def load(source: Source) -> Pixels:
    """What a source gives, uint8 (H, W, 3), in full and without any chance in it.

    Raises:
        PictureError: the file can't be read.
    """
    pixels = read(source)
    return pixels if source.derived is None else derived(pixels, source.derived)


def derived(photo: Pixels, what: Derived) -> Pixels:
    """The input uint8 (H, W, 3) that is made from a photo uint8 (H, W, 3), without any chance in it."""
    from trainer import sketch

    height, width = photo.shape[:2]
    if what == "lines":
        return np.repeat(sketch.lines(photo)[..., None], 3, 2)
    if what == "hints":
        drawn = sketch.draw(photo, np.random.default_rng(0), sketch.PLAIN)
        return sketch.over(drawn.lines, drawn.hints)
    image = Image.fromarray(photo)
    if what == "grey":
        return np.array(image.convert("L").convert("RGB"))
    reduced = image.resize((max(1, width // SMALLER), max(1, height // SMALLER)), Image.Resampling.BOX)
    return np.array(reduced.resize((width, height), Image.Resampling.BICUBIC))


def read(source: Source) -> Pixels:
    """The file's picture, or its half, uint8 (H, W, 3), as seen on white paper."""
    return halved(picture.read(source.file).pixels, source.half)


def read_hints(source: Source) -> Pixels:
    """Drawn hints, uint8 (H, W, 4), straight RGBA."""
    reading = picture.read(source.file)
    alpha = np.full(reading.pixels.shape[:2], 255, np.uint8) if reading.alpha is None else reading.alpha
    return np.dstack([reading.colours, alpha])


def halved(pixels: Pixels, half: Half | None) -> Pixels:
    """A half of a picture; of an odd width the middle column is in neither."""
    if half is None:
        return pixels
    middle = pixels.shape[1] // 2
    return np.ascontiguousarray(
        pixels[:, :middle] if half == "left" else pixels[:, pixels.shape[1] - middle :]
    )
