from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from engine.data.messages import Pixels
from engine.planes import ink
from tests.trainer.made_pictures import house, thing
from trainer.pictures import sketch
from trainer.pictures.sketch import PLAIN, Settings


def darkness(lines: np.ndarray) -> float:  # type: ignore[type-arg]
    return float((lines < 128).mean())


@pytest.mark.parametrize("shape", [(32, 32), (64, 200), (128, 128), (33, 47), (512, 384)])
@pytest.mark.parametrize("seed", range(3))
def test_any_photo_can_be_drawn(shape: tuple[int, int], seed: int) -> None:
    photo = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    drawing = sketch.draw(photo, np.random.default_rng(seed), Settings())
    assert drawing.lines.shape == shape and drawing.lines.dtype == np.uint8
    assert drawing.hints.shape == (*shape, 4) and drawing.hints.dtype == np.uint8


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (2, 60), (1, 2000)])
def test_slivers_are_drawn_too(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert sketch.lines(photo).shape == shape
    for seed in range(6):
        drawing = sketch.draw(photo, np.random.default_rng(seed), Settings())
        assert drawing.lines.shape == shape and drawing.hints.shape == (*shape, 4)


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_nothing_is_drawn_of_a_blank_picture(tone: int) -> None:
    blank = np.full((96, 96, 3), tone, np.uint8)
    assert (sketch.lines(blank) == 255).all()


def test_noise_on_a_blank_picture_is_not_drawn() -> None:
    random = np.random.default_rng(0)
    noisy = np.clip(random.normal(200, 4, (256, 256, 3)), 0, 255).astype(np.uint8)
    assert darkness(sketch.lines(noisy)) < 0.002


def test_outline_is_where_the_thing_ends() -> None:
    photo = np.full((128, 128, 3), 255, np.uint8)
    photo[40:90, 30:100] = (200, 40, 40)
    lines = sketch.lines(photo)
    rows, columns = np.nonzero(lines < 128)
    # Every ink pixel lies at the rectangle's edge, and every part of that is inked.
    outside = np.maximum.reduce([40 - rows, rows - 90, 30 - columns, columns - 100])
    assert np.abs(outside).max() <= 3
    for edge in (lines[38:43, 40:90].min(0), lines[87:93, 40:90].min(0), lines[50:80, 28:33].min(1)):
        assert (edge < 128).all()


def test_light_things_on_white_are_drawn() -> None:
    photo = np.full((128, 128, 3), 255, np.uint8)
    photo[40:90, 30:100] = (255, 255, 190)  # hardly darker, but yellow
    assert darkness(sketch.lines(photo)) > 0.005


def test_chance_comes_from_the_generator_alone() -> None:
    photo = thing(1)
    one = sketch.draw(photo, np.random.default_rng([1, 2]), Settings())
    same = sketch.draw(photo, np.random.default_rng([1, 2]), Settings())
    other = sketch.draw(photo, np.random.default_rng([1, 3]), Settings())
    assert (one.lines == same.lines).all() and (one.hints == same.hints).all()
    assert (one.lines != other.lines).any()


def test_lines_alone_have_no_chance_in_them() -> None:
    assert (sketch.lines(thing(2)) == sketch.lines(thing(2))).all()


@pytest.mark.parametrize("width", [1.0, 1.5, 2.0, 3.0])
def test_lines_are_as_wide_as_the_canvas_makes_them(width: float) -> None:
    lines = sketch.lines(thing(3), width)
    assert (ink.redrawn(lines, width) == 255).sum() == pytest.approx((lines == 255).sum(), rel=0.02)
    assert set(np.unique(sketch.lines(thing(3), 2.0))) <= {0, 255}


@pytest.mark.parametrize("seed", range(4))
def test_specks_are_dropped(seed: int) -> None:
    """As in the paper, no line of under ten pixels."""
    lines = sketch.lines(house(seed, 256)[1], 1.0) < 128
    found, count = ndimage.label(lines, np.ones((3, 3)))
    assert count > 3
    # Thinning shortens lines, so that a few short ones are left; with the specks it is one in seven.
    short = np.bincount(found.reshape(-1))[1:] < 8
    assert short.mean() < 0.08


NONE = replace(PLAIN, hints=0)
"""No chance at all."""


@pytest.mark.parametrize("change", [{"gaps": 1.0}, {"wobble": 1.0}, {"doubled": 1.0}, {"simple": 1.0}])
def test_each_kind_of_unsteadiness_shows(change: dict[str, Any]) -> None:
    changed = 0
    for seed in range(6):
        photo = house(seed)[1]
        plain = sketch.draw(photo, np.random.default_rng(seed), NONE).lines
        other = sketch.draw(photo, np.random.default_rng(seed), replace(NONE, **change)).lines
        changed += int((plain != other).any())
        if "gaps" in change or "simple" in change:
            assert darkness(other) <= darkness(plain) + 1e-3
    assert changed >= 4


def test_unsteady_lines_stay_near() -> None:
    photo = np.full((256, 256, 3), 255, np.uint8)
    photo[60:200, 60:200] = (30, 60, 120)
    for seed in range(8):
        lines = sketch.draw(photo, np.random.default_rng(seed), replace(NONE, wobble=1.0)).lines
        rows, columns = np.nonzero(lines < 128)
        outside = np.maximum.reduce([60 - rows, rows - 200, 60 - columns, columns - 200])
        assert np.abs(outside).max() <= 6
        assert len(rows) > 500  # not torn


def test_drawn_lines_are_drawn_anew() -> None:
    lines = np.full((128, 128), 255, np.uint8)
    lines[60:66, 10:120] = 90  # a thick grey pencil
    again = sketch.redrawn(lines, np.random.default_rng(0), NONE)
    rows, _ = np.nonzero(again < 128)
    assert len(rows) and rows.min() >= 60 and rows.max() <= 66
    assert (again[:, 60] < 128).sum() <= 2


def test_drawing_is_seen_over_its_hints() -> None:
    lines = np.full((4, 4), 255, np.uint8)
    lines[0] = 0
    hints = np.zeros((4, 4, 4), np.uint8)
    hints[:2] = (200, 100, 50, 255)
    seen = sketch.over(lines, hints)
    assert seen[0].max() == 0
    assert (seen[1] == (200, 100, 50)).all()
    assert (seen[2:] == 255).all()


# --- what is no part of the thing --------------------------------------------------------------------


def lettered(photo: Pixels, tone: int) -> tuple[Pixels, Pixels]:
    """A photo with a line of lettering under the thing, and where that is: (H, W)."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(photo)
    before = np.array(image)
    place = (photo.shape[1] // 8, int(photo.shape[0] * 0.02))
    font = ImageFont.load_default(size=photo.shape[0] / 12)
    ImageDraw.Draw(image).text(place, "W A T E R M A R K", fill=(tone,) * 3, font=font)
    after = np.array(image)
    return after, (after != before).any(2)


@pytest.mark.parametrize("tone", [20, 120, 225])
@pytest.mark.parametrize("edge", [256, 400])
def test_lettering_beside_the_thing_is_not_drawn(tone: int, edge: int) -> None:
    for seed in (1, 2, 3):
        clean = thing(seed, edge)
        photo, where = lettered(clean, tone)
        assert where.any()
        drawing = sketch.draw(photo, np.random.default_rng(seed), sketch.PLAIN)
        wanted = sketch.draw(clean, np.random.default_rng(seed), sketch.PLAIN)
        for lines in (drawing.lines, sketch.lines(photo)):
            assert float((lines[where] < 128).mean()) < 0.02
        assert float((drawing.lines != wanted.lines).mean()) < 0.01
        assert not drawing.hints[where, 3].any()
