"""What becomes of dabs: their reach, and their outlines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from engine.data.messages import Pixels
from trainer.evaluation import dabs, holes

SIZES = pytest.mark.parametrize("edge", [256, 512])


def drawing(edge: int = 256) -> Pixels:
    """A box with a seam, as prepared: uint8 (edge, edge, 5)."""
    prepared = np.zeros((edge, edge, 5), np.uint8)
    prepared[..., 0] = 255
    low, high, middle = edge // 8, edge - edge // 8, edge // 2
    for row in (low, high, middle):
        prepared[row : row + 2, low : high + 2, 0] = 0
    for column in (low, high):
        prepared[low : high + 2, column : column + 2, 0] = 0
    return prepared


def photo(edge: int = 256, grain: float = 6) -> Pixels:
    """A grainy surface that gets lighter to the right."""
    random = np.random.default_rng(0)
    shade = np.linspace(-25, 25, edge)[None, :, None]
    noise = ndimage.gaussian_filter(random.normal(0, 1, (edge, edge, 1)), (1, 1, 0))
    return np.clip(np.array((80, 95, 115)) + shade + grain * noise / noise.std(), 0, 255).astype(np.uint8)


def pasting(prepared: Pixels) -> Pixels:
    """A network that leaves a dab's own shape behind."""
    hinted = ndimage.gaussian_filter((prepared[..., 4:] > 0).astype(float), (0.7, 0.7, 0))
    return (photo(len(prepared)) * (1 - hinted) + prepared[..., 1:4] * hinted).astype(np.uint8)


def colouring(prepared: Pixels) -> Pixels:
    """One that colours the whole thing as the dab says, in light and shade."""
    plain = photo(len(prepared))
    there = prepared[..., 4] > 0
    if not there.any():
        return plain
    wish = np.median(prepared[there][:, 1:4], axis=0)
    return np.clip(plain.astype(float) - plain.mean((0, 1)) + wish, 0, 255).astype(np.uint8)


def seen(network: Callable[[Pixels], Pixels], edge: int) -> tuple[float, float]:
    """How visible a red dab's outline is, and those of others; the others are a little off its colour."""
    bare = drawing(edge)
    _, red, _ = dabs.measure_dabs(network, bare, photo(edge), holes.inside(bare[..., 0]))
    off = np.clip(photo(edge) + np.array([16, -9, 4]), 0, 255).astype(np.uint8)
    _, _, others = dabs.measure_dabs(network, bare, off, holes.inside(bare[..., 0]))
    assert len(red) == 1 and len(others) == dabs.MOST
    return dabs.visibility(red), dabs.visibility(others)


@SIZES
def test_pasted_dabs_have_an_outline_and_coloured_parts_have_none(edge: int) -> None:
    red, others = seen(pasting, edge)
    assert red > 5 and others > 1.7
    red, others = seen(colouring, edge)
    assert 0.5 < red < 1.5 and 0.7 < others < 1.3  # of one dab, and of three: grain counts, too


def test_an_outline_counts_as_much_as_it_is_strong() -> None:
    bare = drawing()
    place = dabs.roomiest(bare[..., 0], holes.inside(bare[..., 0]))
    found = []
    for difference in (0, 2, 5, 10, 40):
        made = pasting(dabs.dabbed(bare, place, np.median(photo(), (0, 1)) + difference))
        found.append(dabs.visibility([dabs.steps(made, place)]))
    assert found == sorted(found) and found[-1] > 2 * found[0]


def test_on_a_smooth_surface_nothing_is_to_be_seen() -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    assert dabs.visibility([dabs.steps(grey, (100, 100)), dabs.steps(grey, (3, 255))]) == pytest.approx(1)


@SIZES
def test_a_red_dab_reaches_what_turns_red(edge: int) -> None:
    bare = drawing(edge)
    inside = holes.inside(bare[..., 0])

    def reach(network: Callable[[Pixels], Pixels]) -> float | None:
        return dabs.measure_dabs(network, bare, photo(edge), inside)[0]

    def half(prepared: Pixels) -> Pixels:
        made = photo(edge)
        made[:, : edge // 2] = dabs.RED
        return made

    assert reach(pasting) == 0
    assert reach(half) == pytest.approx(0.5, abs=0.05)
    assert reach(lambda prepared: np.full((edge, edge, 3), dabs.RED, np.uint8)) == 1


def test_dabs_lie_well_inside_where_the_photo_is_flat() -> None:
    bare = drawing()
    rough = photo(grain=0)
    rough[:128] = np.random.default_rng(1).integers(0, 256, (128, 256, 3), np.uint8)
    places = dabs.flat_points(bare[..., 0], rough, holes.inside(bare[..., 0]))
    assert len(places) == dabs.MOST
    away = ndimage.distance_transform_edt(bare[..., 0] > 0)
    assert all(row > 128 and away[row, column] >= 14 for row, column in places)
    gaps = [np.hypot(a[0] - b[0], a[1] - b[1]) for a in places for b in places if a != b]
    assert min(gaps) >= 40


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (12, 12), (10, 300)])
def test_where_there_is_no_room_no_outline_is_measured(shape: tuple[int, int]) -> None:
    bare = np.zeros((*shape, 5), np.uint8)
    bare[..., 0] = 255
    bare[0, :, 0] = bare[-1, :, 0] = bare[:, 0, 0] = bare[:, -1, 0] = 0
    inside = bare[..., 0] > 0
    picture = np.full((*shape, 3), 90, np.uint8)
    reached, red, others = dabs.measure_dabs(lambda prepared: picture, bare, picture, inside)
    assert red == others == []
    assert reached in (None, 0.0)
