"""Bundled drawings, by the bundled models, cut out: held against their outlines filled by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import engine
import resources
from desktop.paint.files.drawing import Drawing
from engine.finishing.making import Wish, made
from engine.planes import codec

HOLES: dict[str, dict[str, tuple[tuple[int, int], ...]]] = {
    "shoes": {"01-red-sneaker": (), "07-red-high-heel": ()},
    "handbags": {"02-cream-tote": ((256, 138),), "43-fish-bag": ((230, 161),)},
}
"""By model and drawing: a point in each hole through which the ground is seen."""


@pytest.mark.parametrize("model", HOLES)
def test_samples_are_cut_out_as_by_hand(model: str) -> None:
    generator = engine.open(model)
    for name, points in HOLES[model].items():
        drawing = Drawing.load(resources.path("samples", f"{name}.json"))
        document = drawing.document(generator.card.palette)
        drawing.replay(document)
        picture = document.picture()
        assert picture.lines is not None
        ink = picture.lines < 128
        # Gaps are closed with a thick pen, the outline is filled, the pen's width taken off again.
        thick = np.pad(ndimage.binary_dilation(ink, iterations=4), 8)
        whole = ndimage.binary_erosion(ndimage.binary_fill_holes(thick), iterations=4)[8:-8, 8:-8]
        holes, _count = ndimage.label(~ink)
        mask = whole.copy()
        for x, y in points:
            mask &= holes != holes[y, x]
        size = codec.working_size(picture.size, generator.card)
        preview = generator.translate(codec.prepare(picture, generator.card, size))
        thing = made(preview, picture, picture.size, Wish(cut=True))[..., 3] >= 128
        assert (thing & mask).sum() / (thing | mask).sum() >= 0.99, name
