"""Bundled drawings, by the bundled models, cut out: held against masks drawn by hand, and their own ink."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

import engine
import resources
from desktop.paint.files.drawing import Drawing
from engine.finishing.making import FinishOptions, made
from engine.passes.generator import Generator
from engine.planes import codec

Mask = npt.NDArray[np.bool_]

BY_HAND: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("masks_by_hand.json").read_text("utf-8")
)
"""By drawing: the model, the corners of the object's outline, and of holes through which the background is
seen.

Read off the drawings, shown twice as large, corner by corner along the outer edge of their lines.
"""
BY_INK: dict[str, tuple[tuple[int, int], ...]] = {
    "01-red-sneaker": (),
    "07-red-high-heel": (),
    "02-cream-tote": ((256, 138),),
    "43-fish-bag": ((230, 161),),
}
"""By drawing: a point in each hole."""

generator_of = cache(engine.open)


@cache
def cut_out(name: str) -> tuple[Mask, Mask]:
    """Where the drawing has ink, and what was cut out of the preview: bool (H, W)."""
    generator: Generator = generator_of(BY_HAND[name]["model"])
    drawing = Drawing.load(resources.path("samples", f"{name}.json"))
    document = drawing.document(generator.card.palette)
    drawing.replay(document)
    picture = document.picture()
    assert picture.lines is not None
    size = codec.working_size(picture.size, generator.card)
    preview = generator.translate(codec.prepare(picture, generator.card, size))
    return picture.lines < 128, made(preview, picture, picture.size, FinishOptions(cut=True))[..., 3] >= 128


def agreement(one: Mask, other: Mask) -> float:
    """Intersection over union."""
    return float((one & other).sum() / (one | other).sum())


def drawn_by_hand(name: str, shape: tuple[int, int]) -> Mask:
    """Filled at four times the size; a pixel counts where half of it is inside."""
    height, width = shape
    image = Image.new("L", (width * 4, height * 4))
    pen = ImageDraw.Draw(image)
    for corners, colour in ((BY_HAND[name]["outline"], 1), *((hole, 0) for hole in BY_HAND[name]["holes"])):
        pen.polygon([(x * 4, y * 4) for x, y in corners], fill=colour)
    return np.asarray(image).reshape(height, 4, width, 4).mean((1, 3)) >= 0.5


@pytest.mark.parametrize("name", BY_HAND)
def test_samples_are_cut_out_as_by_hand(name: str) -> None:
    ink, foreground = cut_out(name)
    mask = drawn_by_hand(name, ink.shape)
    assert (ink & mask).sum() > 0.85 * ink.sum(), "the mask is of this drawing"
    assert agreement(foreground, mask) >= 0.97


@pytest.mark.parametrize("name", BY_INK)
def test_samples_are_cut_out_along_the_outer_edge_of_their_ink(name: str) -> None:
    ink, foreground = cut_out(name)
    # Gaps are closed with a thick pen, the outline is filled, the pen's width taken off again.
    thick = np.pad(ndimage.binary_dilation(ink, iterations=4), 8)
    mask = ndimage.binary_erosion(ndimage.binary_fill_holes(thick), iterations=4)[8:-8, 8:-8]
    holes, _count = ndimage.label(~ink)
    for x, y in BY_INK[name]:
        mask = mask & (holes != holes[y, x])
    assert agreement(foreground, mask) >= 0.99
