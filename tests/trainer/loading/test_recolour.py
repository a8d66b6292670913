from __future__ import annotations

import colorsys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.messages import Pixels
from tests.trainer.loading.test_augment import for_task
from tests.trainer.made_pictures import HOUSES, house, save, thing
from tests.trainer.small_runs import houses
from trainer.loading.augment import Sample, sample, still
from trainer.loading.recolour import recolouring, repainted


def colour(*value: int) -> Pixels:
    return np.array(value, np.uint8).reshape(1, 1, 3)


@pytest.mark.parametrize("seed", range(20))
def test_paper_stays_white_and_shadow_black(seed: int) -> None:
    recoloured = recolouring(np.random.default_rng(seed))
    assert recoloured(colour(255, 255, 255)).tolist() == [[[255, 255, 255]]]
    assert recoloured(colour(0, 0, 0)).tolist() == [[[0, 0, 0]]]


def test_brown_becomes_any_colour() -> None:
    hues = []
    for seed in range(200):
        made = recolouring(np.random.default_rng(seed))(colour(140, 90, 50))
        hues.append(colorsys.rgb_to_hsv(*(made.reshape(3) / 255.0))[0])
    assert np.histogram(hues, 6, (0, 1))[0].min() >= 10


def test_grey_takes_a_colour_too() -> None:
    spans = [np.ptp(recolouring(np.random.default_rng(seed))(colour(90, 90, 90))) for seed in range(100)]
    assert np.median(spans) > 30


def test_light_and_shade_keep_their_order() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)[None, :, None].repeat(3, 2)
    for seed in range(20):
        made = recolouring(np.random.default_rng(seed))(ramp).astype(int)
        assert (np.diff(made, axis=1) >= 0).all()


@pytest.fixture(scope="module")
def brown_things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("brown")
    for seed in range(4):
        photo = thing(seed, 96)
        inside = photo.min(2) < 240
        photo = photo.copy()
        photo[inside] = (140, 90, 50)
        save(photo, folder / f"{seed}.png")
    return folder


def samples(folder: Path, **changes: Any) -> list[Sample]:
    data, augment = for_task(folder, "hints", (96, 96), **changes)
    return [sample(data, index, epoch, 0, augment) for epoch in range(8) for index in range(4)]


def hues_of(made: Sample) -> Pixels:
    return np.median(made.target[made.target.min(2) < 200].reshape(-1, 3), axis=0).astype(np.uint8)


def test_hints_change_with_their_photo(brown_things: Path) -> None:
    """A hint is the colour that lies under it, in whatever colours the photo came."""
    hinted = [made for made in samples(brown_things, recolour=1.0) if made.prepared[..., 4].any()]
    assert len(hinted) > 12
    apart = []
    for made in hinted:
        there = made.prepared[..., 4] > 0
        colours, under = made.prepared[..., 1:4][there].astype(int), made.target[there]
        apart.append(np.median(np.abs(colours - under).max(1)))
    assert np.quantile(apart, 0.75) <= 12  # some strokes leave the thing, as a hand does
    assert len({tuple(hues_of(made).tolist()) for made in hinted}) > 0.8 * len(hinted)


def test_without_a_hint_colours_are_the_usual_ones(brown_things: Path) -> None:
    plain = [made for made in samples(brown_things, recolour=1.0) if not made.prepared[..., 4].any()]
    assert len(plain) > 4
    for made in plain:
        assert np.abs(hues_of(made).astype(int) - (140, 90, 50)).max() <= 8


def test_it_happens_as_often_as_asked(brown_things: Path) -> None:
    def share(**changes: Any) -> float:
        hinted = [made for made in samples(brown_things, **changes) if made.prepared[..., 4].any()]
        changed = [np.abs(hues_of(made).astype(int) - (140, 90, 50)).max() > 8 for made in hinted]
        return float(np.mean(changed))

    assert share(recolour=0.0) == 0
    assert 0.25 < share(recolour=0.5) < 0.75
    assert share(recolour=1.0) > 0.9


def test_evaluation_sees_photos_as_they_are(brown_things: Path) -> None:
    data, augment = for_task(brown_things, "hints", (96, 96), recolour=1.0)
    for pair in data.pairs:
        assert np.abs(hues_of(still(pair, augment)).astype(int) - (140, 90, 50)).max() <= 8


# --- painted anew ---------------------------------------------------------------------------------


def wall_of(seed: int) -> tuple[Pixels, np.ndarray]:
    labels, photo = house(seed, 96)
    return photo, (labels == HOUSES.labels[1].colour).all(2)


def test_paint_covers_the_wall_and_nothing_else() -> None:
    photo, wall = wall_of(0)
    far = wall.copy()
    for _ in range(4):  # pixels over which paint ends
        far |= np.roll(far, 1, 0) | np.roll(far, -1, 0) | np.roll(far, 1, 1) | np.roll(far, -1, 1)
    changed = []
    for seed in range(12):
        made = repainted(photo, wall, np.random.default_rng(seed))
        assert (made[~far] == photo[~far]).all() and made.dtype == np.uint8
        changed.append(np.abs(np.median(made[wall], 0) - np.median(photo[wall], 0)).max())
    assert np.median(changed) > 20


def test_paint_has_any_hue_and_leaves_the_grain() -> None:
    photo, wall = wall_of(1)
    hues, grain = [], photo[wall].astype(float).mean(1)
    for seed in range(200):
        made = repainted(photo, wall, np.random.default_rng(seed))[wall]
        hues.append(colorsys.rgb_to_hsv(*(np.median(made, 0) / 255))[0])
        if made.min() > 0 and made.max() < 255:
            assert np.corrcoef(made.astype(float).mean(1), grain)[0, 1] > 0.95
    assert np.histogram(hues, 6, (0, 1))[0].min() >= 10


def test_what_lies_in_shadow_is_not_painted() -> None:
    black, wall = np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool)
    assert (repainted(black, wall, np.random.default_rng(0)) == 0).all()
    assert repainted(black, ~wall, np.random.default_rng(0)) is black


def test_maps_are_painted_anew_as_often_as_asked_and_never_where_they_are_judged(tmp_path: Path) -> None:
    data = houses(tmp_path)
    assert data.palette is not None
    walls = [label.colour for label in data.palette.labels].index(HOUSES.labels[1].colour)

    def share(**changes: Any) -> float:
        _, augment = for_task(tmp_path, "labels", (64, 64), **changes)
        _, usual = for_task(tmp_path, "labels", (64, 64))
        assert all(np.array_equal(still(one, augment).target, still(one, usual).target) for one in data.pairs)
        pairs = [
            (sample(data, index, epoch, 0, augment), sample(data, index, epoch, 0, usual))
            for epoch in range(6)
            for index in range(len(data.pairs))
        ]
        assert all(np.array_equal(ours.prepared, theirs.prepared) for ours, theirs in pairs)
        return float(np.mean([(ours.target != theirs.target).any() for ours, theirs in pairs]))

    assert share(repaint=1.0) == 0, "of no label"
    assert share(repaint=0.0, repainted=walls) == 0
    assert 0.25 < share(repaint=0.5, repainted=walls) < 0.75
    assert share(repaint=1.0, repainted=walls) > 0.9
