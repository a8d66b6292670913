from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import resources
from desktop.demo import illustrations
from desktop.demo.illustrations import EDGE, LABELS, MOST_BYTES, SKETCH, WATCHED, house_front
from desktop.demo.stage import Stage
from desktop.widgets.main_window import MainWindow
from engine.data.palette import read_gpl
from engine.errors import ModelError


@pytest.fixture
def stage(window: MainWindow) -> Stage:
    return Stage(window.session, window)


def test_strokes_are_drawn_with_the_pointer_and_seen(stage: Stage, tmp_path: Path) -> None:
    drawing = illustrations.sample(SKETCH)
    stage.put_up(drawing)
    empty = stage.seen()
    places: list[int] = []
    stage.play(drawing.strokes[0], places.append)
    stage.wait_for_preview()
    assert stage.session.document.undo_steps == 1
    assert places == list(range(len(drawing.strokes[0].samples)))
    file = stage.shoot(tmp_path / "drawn.png")
    with Image.open(file) as seen:
        assert seen.size == (stage.window.width(), stage.window.height())
        assert not np.array_equal(np.asarray(seen), np.asarray(empty))


def test_waiting_in_vain_is_a_sentence(stage: Stage) -> None:
    with pytest.raises(ModelError, match="waited in vain"):
        stage.wait(lambda: False, seconds=0.02)


def test_the_guides_sketches_are_taken(stage: Stage, tmp_path: Path) -> None:
    whole = illustrations.sample(SKETCH)
    drawing = replace(whole, strokes=[*whole.strokes[:2], whole.strokes[-1]])
    written = illustrations.of_sketches(stage, tmp_path, drawing)
    assert [file.name for file in written] == [
        "guide-half-drawn.webp",
        "guide-first-drawing.webp",
        "guide-pair-drawing.webp",
    ]
    for file in written:
        with Image.open(file) as seen:
            assert (seen.format, seen.size) == ("WEBP", (1280, 800))
    assert stage.session.pair_drawing.photo_set is None, "the photos are put away again"


def test_pictures_are_as_good_as_their_size_allows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (320, 480, 3), np.uint8))
    plain = Image.new("RGB", (320, 480), (200, 190, 180))
    sizes = []
    for name, picture in (("noise", noise), ("plain", plain)):
        illustrations.write(picture, tmp_path / f"{name}.webp")
        sizes.append((tmp_path / f"{name}.webp").stat().st_size)
        picture.save(tmp_path / "best.webp", quality=illustrations.QUALITIES[0], method=6)
        sizes.append((tmp_path / "best.webp").stat().st_size)
    reduced, too_large, small, best = sizes
    assert reduced <= MOST_BYTES < too_large
    assert small == best


def test_house_fronts_are_label_maps_and_no_two_alike() -> None:
    palette = read_gpl(resources.path("palettes", "facades.gpl"))
    fronts = [house_front(number, palette) for number in range(illustrations.FRONTS)]
    for front in fronts:
        assert front.shape == (EDGE, EDGE, 3)
        assert np.array_equal(palette.snapped(front)[0], front)
        there = {palette.labels[index].name for index in np.unique(palette.indices(front))}
        assert there >= {"wall", "window", "door", "cornice", "balcony"}
    assert len({front.tobytes() for front in fronts}) == len(fronts)


def test_the_drawings_are_of_the_kinds_that_are_wanted() -> None:
    kinds = [illustrations.sample(name).kind for name in (SKETCH, LABELS, WATCHED)]
    assert kinds == ["sketch", "labels", "labels"]
