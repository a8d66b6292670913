"""White holes inside an outline."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.data.messages import Pixels
from trainer.evaluation import holes


def outline(size: int = 128, gap: int = 0) -> Pixels:
    """A box of ink, a quarter of the size from the border, with a gap in its upper side."""
    image = Image.new("L", (size, size), 255)
    low, high = size // 4, size - size // 4
    ImageDraw.Draw(image).rectangle((low, low, high, high), outline=0, width=2)
    lines = np.array(image)
    lines[low - 2 : low + 3, size // 2 : size // 2 + gap] = 255
    return lines


@pytest.mark.parametrize("gap", [0, 3])
def test_what_an_outline_encloses(gap: int) -> None:
    enclosed = holes.inside(outline(gap=gap))
    assert enclosed[64, 64] and not enclosed[10, 64] and not enclosed[64, 10]
    assert enclosed.mean() == pytest.approx(0.25, rel=0.15)


def test_a_line_encloses_nothing_and_nor_does_paper() -> None:
    lines = np.full((64, 64), 255, np.uint8)
    assert not holes.inside(lines).any()
    lines[32, 8:56] = 0
    assert not holes.inside(lines).any()
    assert holes.share(np.full((64, 64, 3), 255, np.uint8), holes.inside(lines)) is None


def test_an_outline_may_run_along_the_border() -> None:
    lines = np.full((64, 64), 255, np.uint8)
    lines[[0, -1]] = lines[:, [0, -1]] = 0
    assert holes.inside(lines)[3:-3, 3:-3].all()


def test_the_share_is_of_paper_where_there_is_no_hint() -> None:
    enclosed = holes.inside(outline())
    picture = np.full((128, 128, 3), 90, np.uint8)
    assert holes.share(picture, enclosed) == 0
    picture[:, :64] = 250
    assert holes.share(picture, enclosed) == pytest.approx(0.5, abs=0.05)
    hinted = np.zeros((128, 128), bool)
    hinted[:, :64] = True
    assert holes.share(picture, enclosed, hinted) == 0
    picture[..., 2] = 230  # light yellow is a colour
    assert holes.share(picture, enclosed) == 0
