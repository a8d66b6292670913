"""Colour hints made of photos: copies, and wishes."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy import ndimage

from engine.data.messages import Pixels
from tests.trainer.made_pictures import house, thing
from trainer.pictures import background, discs, hints, sketch
from trainer.pictures.hints import Hinting

WAYS: tuple[Hinting, ...] = get_args(Hinting)


def test_hints_come_in_about_two_thirds() -> None:
    photo = thing(4, 64)
    share = sketch.Settings().hints
    for way in WAYS:
        there = [
            hints.hinted(photo, np.random.default_rng(seed), share, way)[..., 3].any() for seed in range(300)
        ]
        assert 0.56 < np.mean(there) < 0.74


def test_copies_have_the_photos_local_colours() -> None:
    photo = np.empty((128, 128, 3), np.uint8)
    tones = np.array([(200, 30, 30), (30, 30, 30), (128, 128, 128), (240, 240, 240)], np.uint8)
    photo[:64, :64], photo[:64, 64:], photo[64:, :64], photo[64:, 64:] = tones
    seen: set[tuple[int, ...]] = set()
    for seed in range(60):
        made = hints.hinted(photo, np.random.default_rng(seed), 1.0, "copies")
        there = made[..., 3] > 0
        assert set(np.unique(made[..., 3])) <= {0, 255}
        used = {tuple(map(int, colour)) for colour in np.unique(made[there][:, :3], axis=0)}
        assert used <= {tuple(map(int, tone)) for tone in tones}
        # Most of a hint lies on what it names.
        on_it = (np.abs(made[there][:, :3].astype(int) - photo[there]).max(1) <= 8).mean()
        assert on_it > 0.5
        seen |= used
    assert len(seen) == 4  # dark, grey and white ones too


def test_copies_are_few_to_many() -> None:
    photo = house(1, 256)[1]
    cover = [
        hints.hinted(photo, np.random.default_rng(seed), 1.0, "copies")[..., 3].mean() / 255
        for seed in range(60)
    ]
    assert min(cover) < 0.01 and max(cover) > 0.1


@pytest.mark.parametrize("seed", range(12))
def test_copies_stay_on_the_thing(seed: int) -> None:
    photo = thing(seed, 256)
    made = sketch.draw(photo, np.random.default_rng(seed), sketch.PLAIN).hints
    outside = photo.min(2) > 250
    assert made[..., 3].any()
    assert float((made[..., 3] > 0)[outside].sum()) <= 0.05 * float((made[..., 3] > 0).sum())
    box = np.flatnonzero(~outside.all(1))[[0, -1]], np.flatnonzero(~outside.all(0))[[0, -1]]
    rows, columns = np.nonzero(made[..., 3])
    assert box[0][0] - 1 <= rows.min() and rows.max() <= box[0][1] + 1
    assert box[1][0] - 1 <= columns.min() and columns.max() <= box[1][1] + 1


# --- wishes ------------------------------------------------------------------------------------------


def box(colour: tuple[int, int, int] = (150, 60, 40), noise: float = 25) -> Pixels:
    """A grainy box on white, uint8 (256, 256, 3)."""
    random = np.random.default_rng(5)
    photo = np.full((256, 256, 3), 255, np.uint8)
    grain = random.normal(0, noise, (140, 180, 1))
    photo[60:200, 40:220] = np.clip(np.array(colour) + grain, 0, 255).astype(np.uint8)
    return photo


def wishes(photo: Pixels, count: int) -> list[Pixels]:
    plain = background.find_background(photo)
    return [hints.wished(photo, np.random.default_rng(seed), plain) for seed in range(count)]


def colours(made: Pixels) -> Pixels:
    """The different colours of hints, uint8 (N, 3)."""
    found = np.unique(np.ascontiguousarray(made[made[..., 3] > 0]).view(np.uint32))
    return found.view(np.uint8).reshape(-1, 4)[:, :3]


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (2, 90), (33, 47), (64, 200), (600, 380)])
def test_any_photo_can_be_wished_for(shape: tuple[int, int]) -> None:
    for seed in range(12):
        random = np.random.default_rng(seed)
        for photo in (random.integers(0, 256, (*shape, 3), np.uint8), np.full((*shape, 3), 255, np.uint8)):
            made = hints.wished(photo, random, background.find_background(photo))
            assert made.shape == (*shape, 4) and made.dtype == np.uint8
            assert set(np.unique(made[..., 3])) <= {0, 255}
            assert not made[made[..., 3] == 0].any()


def test_all_chance_of_a_wish_comes_from_the_generator() -> None:
    photo = house(2, 128)[1]
    one, same, other = (hints.wished(photo, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()


def test_a_wish_is_never_far_from_its_parts_colour_and_hardly_ever_it() -> None:
    """Noise of about nine levels a channel, most of it in all channels alike, without the photo's grain."""
    wanted, apart = np.array((150, 110, 90)), []
    for made in wishes(box((150, 110, 90)), 120):
        apart += list(colours(made).astype(int) - wanted)
    off = np.array(apart)
    exact = np.abs(off).max(1) <= 1
    assert exact.mean() < 0.05
    near = off[np.abs(off).max(1) <= 36]  # not those that are pure
    assert 0.8 < len(near) / len(off) < 0.97
    assert 7 < near.std() < 11
    assert np.corrcoef(near.T)[0, 1] > 0.4


def test_some_wishes_are_purer_than_the_photo() -> None:
    def strength(colour: np.ndarray) -> int:  # type: ignore[type-arg]
        return int(np.ptp(colour.astype(int)))

    used = [colour for made in wishes(box((180, 60, 50)), 120) for colour in colours(made)]
    pure = [colour for colour in used if strength(colour) > 130 + 30]
    assert 0.04 < len(pure) / len(used) < 0.25
    assert any(tuple(colour) in hints.NAMED_COLOURS for colour in used)


def test_a_wish_is_of_the_part_and_not_of_the_pixels_under_it() -> None:
    """A light part with dark stripes has one colour to somebody who wants it."""
    photo = box((200, 150, 60), 0)
    photo[60:200:16] = photo[61:200:16] = (40, 30, 12)
    tones = np.array([(200, 150, 60), (40, 30, 12)])
    nearest = []
    for made in wishes(photo, 120):
        for colour in colours(made):
            nearest.append(int(np.abs(colour.astype(int) - tones).sum(1).argmin()))
    assert np.mean(nearest) < 0.1


def test_wishes_are_few_now_and_then_much() -> None:
    counts, cover = [], []
    for made in wishes(house(1, 256)[1], 150):
        there = made[..., 3] > 0
        counts.append(ndimage.label(there)[1])
        cover.append(float(there.mean()))
    assert 0.25 < np.mean(np.array(counts) <= 1) < 0.75
    assert np.median(cover) < 0.1
    assert max(cover) > 0.35  # all of a part


def test_wishes_are_on_the_thing_and_some_run_over_its_outline() -> None:
    """They aren't cut off there, which would tell where it is."""
    photo = box()
    paper = photo.min(2) > 250
    shares = np.array(
        [(made[..., 3] > 0)[paper].sum() / (made[..., 3] > 0).sum() for made in wishes(photo, 100)]
    )
    assert shares.mean() < 0.08
    assert 0.1 < (shares > 0.01).mean() < 0.7
    reach = max(
        int(ndimage.distance_transform_edt(paper)[made[..., 3] > 0].max()) for made in wishes(photo, 60)
    )
    assert 3 < reach < 40


def test_a_dab_is_as_round_as_a_brush_leaves_it() -> None:
    for radius in (3.0, 6.5, 12.0):
        dab = discs.swept((60, 60), np.array([30.2]), np.array([29.7]), radius)
        wanted = np.zeros((60, 60), np.bool_)
        discs.stamp(wanted, 30, 30, radius)
        assert (dab == wanted).all()


def test_a_stroke_covers_what_lies_near_its_path() -> None:
    rows, columns = np.array([10.0, 40.0, 80.0]), np.array([-6.0, 50.0, 20.0])
    covered = discs.swept((70, 64), rows, columns, 5.0)
    down, across = np.mgrid[:70, :64]
    away = np.full((70, 64), np.inf)
    for part in np.linspace(0, 2, 800):
        at = np.interp(part, [0, 1, 2], rows), np.interp(part, [0, 1, 2], columns)
        away = np.minimum(away, np.hypot(down - at[0], across - at[1]))
    assert covered[away < 4].all() and not covered[away > 6].any()
