"""Whether colours are kept where inputs are painted in flat ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data import picture
from engine.data.messages import Pixels
from engine.passes.generator import Generator
from tests.trainer.small_runs import small
from trainer.data import pairs
from trainer.evaluation import flat, report
from trainer.evaluation.evaluate import evaluate
from trainer.training.state import State

RED, BLUE = (230, 40, 40), (30, 90, 220)


def painted(size: int = 64) -> Pixels:
    """A red box with a blue one on it, on white, and a white spot in the red."""
    sheet = np.full((size, size, 3), 255, np.uint8)
    part = size // 8
    sheet[part : 7 * part, part : 7 * part] = RED
    sheet[2 * part : 4 * part, 2 * part : 6 * part] = BLUE
    sheet[5 * part : 6 * part, 3 * part : 5 * part] = 255
    return sheet


def shaded(drawing: Pixels, levels: float) -> Pixels:
    """A drawing whose paint, not its paper, is lighter or darker by so many levels."""
    paper = (drawing == 255).all(2, keepdims=True)
    return np.where(paper, 255, np.clip(drawing.astype(float) + levels, 0, 255)).astype(np.uint8)


def noise(size: int = 64, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)


def test_the_middle_of_an_area_counts_and_its_edges_and_the_paper_do_not() -> None:
    found = flat.areas(painted(128))
    assert found.flat[20 + 16, 64] and found.flat[24, 24]
    assert not found.flat[32, 64] and not found.flat[8, 8]
    assert found.paper[4, 4] and not found.paper[88, 64]
    assert found.flat[88, 64], "white within is painted"
    assert found.painted.mean() == pytest.approx((96 / 128) ** 2)


def test_there_is_nothing_flat_in_noise_and_nothing_painted_on_paper() -> None:
    assert not flat.areas(noise()).flat.any()
    bare = flat.areas(np.full((64, 64, 3), 255, np.uint8))
    assert bare.paper.all() and not bare.flat.any() and not bare.painted.any()
    assert flat.difference(noise(), painted(), bare.flat) is None


def test_a_colour_that_a_file_scatters_by_a_few_levels_is_one() -> None:
    drawing = painted(64)
    scattered = np.clip(drawing.astype(int) - noise() // 64, 0, 255).astype(np.uint8)  # 0 to 3 levels
    assert (flat.areas(scattered).flat == flat.areas(drawing).flat).all()


def test_differences_are_those_of_colours() -> None:
    drawing = painted()
    found = flat.areas(drawing)
    assert flat.difference(drawing, drawing, found.flat) == 0
    near, far = (flat.difference(shaded(drawing, by), drawing, found.flat) for by in (-12, -80))
    assert near is not None and far is not None and 1 < near < 8 < far
    assert flat.kept(shaded(drawing, -80), found.paper) == 1
    assert flat.kept(drawing // 2, found.paper) == 0
    assert flat.kept(drawing, np.zeros((64, 64), bool)) is None


def test_of_a_set_in_flat_colours_model_and_photos_are_measured() -> None:
    tally = flat.Flatness()
    drawing = painted()
    tally.add(drawing, shaded(drawing, -80), shaded(drawing, -12))
    scores = tally.scores()
    assert scores["colour_difference"] > 8 > scores["real_colour_difference"] > 0
    assert scores["paper_kept"] == scores["real_paper_kept"] == 1
    assert scores.keys() <= report.MEANINGS.keys()


def test_of_photographs_and_of_grey_inputs_nothing_is_said() -> None:
    tally = flat.Flatness()
    tally.add(noise(), noise(seed=1), noise(seed=2))
    assert tally.scores() == {}
    tally.add(painted()[..., :1], painted(), painted())
    assert tally.scores() == {}
    assert flat.Flatness().scores() == {}


@pytest.mark.parametrize("flat_inputs", [True, False])
def test_evaluation_tells_it_where_inputs_are_flat(flat_inputs: bool, tmp_path: Path) -> None:
    for number in range(4):
        drawing = np.roll(painted(), number, 0) if flat_inputs else noise(seed=number)
        for side, pixels in (("A", drawing), ("B", shaded(drawing, -30))):
            (tmp_path / side).mkdir(exist_ok=True)
            picture.write_png(tmp_path / side / f"{number}.png", pixels)
    data = pairs.find(tmp_path, task="image")
    config = small(data, size=(64, 64))
    model = Generator(config.card(), State(config).generator.state_dict(), precision="float32")
    result = evaluate(model, data)
    measured = {"colour_difference", "real_colour_difference", "paper_kept", "real_paper_kept"}
    assert measured & result.scores.keys() == (measured if flat_inputs else set())
    assert ("colour_difference" in "\n".join(report.to_lines(result))) == flat_inputs
    assert ('"colour_difference"' in report.to_json(result)) == flat_inputs
