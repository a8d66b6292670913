"""Photographs of sketches on paper become lines: found again within two pixels, however the light fell."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from desktop.inputs import cleaning, sheet
from tests.desktop.inputs.paper_photos import FILLS, SCENES, Scene, lines, photograph

LONG = 800
RECALL, PRECISION = 0.99, 0.95
NEAR = 2
"""Pixels of the result."""
BAR = 6.0
"""Pixels of the photo that a corner may be off."""


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_lines_are_found_again(scene: Scene) -> None:
    photo = photograph(scene)
    corners = sheet.find(photo)
    assert corners is not None
    assert np.abs(corners - scene.corners).max() < BAR
    ratio = sheet.proportions(corners, photo.shape[1], photo.shape[0])
    assert ratio == pytest.approx(scene.size[0] / scene.size[1], rel=0.01)
    width, height = round(LONG * min(1, ratio)), round(LONG / max(1, ratio))
    measured = cleaning.measured(sheet.rectified(photo, corners, width, height))
    found = cleaning.drawn(measured)
    ink = found.lines < 128
    truth, middle = lines((width, height), scene.width * width / scene.size[0]), lines((width, height), 1)
    assert (ndimage.distance_transform_edt(~ink)[middle] <= NEAR).mean() >= RECALL
    assert (ndimage.distance_transform_edt(~truth)[ink] <= NEAR).mean() >= PRECISION
    assert found.lines.min() == 0 and np.median(found.lines) == 255, "black on white"
    if not scene.coloured:
        assert found.hints is None
        return
    assert found.hints is not None
    wanted = np.zeros((height, width), np.bool_)
    for (left, top, right, bottom), colour in FILLS:
        y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
        inside = ((2 * x - left - right) / (right - left)) ** 2 + (
            (2 * y - top - bottom) / (bottom - top)
        ) ** 2 < 1
        wanted |= inside
        seen = found.hints[inside & (found.hints[..., 3] > 0)][:, :3]
        assert np.abs(np.median(seen, 0) - colour).max() < 30, colour
    kept = found.hints[..., 3] > 0
    assert (kept & wanted).sum() / (kept | wanted).sum() > 0.9
    assert cleaning.drawn(measured, colours=False).hints is None


def test_proportions_hold_where_corners_are_a_little_beside_the_sheets() -> None:
    """Sheets of A4 as telephones see them, with corners as a hand drags them."""
    chance, worst = np.random.default_rng(0), 0.0
    for _ in range(200):
        ratio, turns = 2 ** chance.choice([0.5, -0.5]), chance.uniform(-1, 1, 3) * (0.7, 0.5, 0.2)
        corners = seen_from(ratio, chance.uniform(0.65, 1.2), turns) + chance.normal(0, 3, (4, 2))
        worst = max(worst, abs(np.log(sheet.proportions(corners, 2000, 1500) / ratio)))
    assert worst < 0.15


def seen_from(ratio: float, focal: float, turns: np.ndarray) -> np.ndarray:
    """The corners of a sheet in a photo of 2000 × 1500, by a camera that is turned about three axes."""
    around_x, around_y, around_z = turns
    space = np.array([(-ratio / 2, -0.5, 0), (ratio / 2, -0.5, 0), (ratio / 2, 0.5, 0), (-ratio / 2, 0.5, 0)])
    for (one, other), angle in (((0, 1), around_z), ((0, 2), around_y), ((1, 2), around_x)):
        sine, cosine = np.sin(angle), np.cos(angle)
        space[:, [one, other]] = space[:, [one, other]] @ np.array([(cosine, sine), (-sine, cosine)])
    return space[:, :2] * (focal * 2000) / (space[:, 2:] + 2.2) + (1000, 750)


@pytest.mark.parametrize("colour", [(90, 52, 34), (30, 40, 90), (30, 80, 50)], ids=["brown", "navy", "green"])
def test_a_dark_coloured_pencil_leaves_hints_where_it_is_broad(colour: tuple[int, int, int]) -> None:
    """The paper shines through its grain; a pencil as dark beside it leaves lines."""
    chance = np.random.default_rng(2)
    paper = np.full((700, 900, 3), (236, 226, 200), np.float64)
    grain = np.kron(chance.normal(0, 1, (350, 450)), np.ones((2, 2)))
    laid = np.zeros((700, 900))
    laid[300:330, 200:500] = 1
    cover = laid * np.clip(0.7 + 0.2 * grain, 0, 1)
    paper[500:504, 100:800] = 90
    paper[520:600, 600:603] = 90
    seen = paper * (1 - cover[..., None]) + np.array(colour) * cover[..., None]
    seen += chance.normal(0, 4, seen.shape)
    found = cleaning.drawn(cleaning.measured(seen.clip(0, 255).astype(np.uint8)))
    assert found.hints is not None
    kept = found.hints[..., 3] > 0
    assert kept[laid > 0].mean() > 0.85 and kept[laid == 0].mean() < 0.01
    assert (found.lines[305:325, 205:495] < 128).mean() < 0.05, "it isn't black as well"
    assert (found.lines[501:503, 110:790] < 128).mean() > 0.95


def test_strength_goes_from_firm_lines_to_faint_ones() -> None:
    paper = np.full((300, 300, 3), 240, np.uint8)
    for row, grey in ((60, 40), (120, 150), (180, 190), (240, 215)):
        paper[row : row + 3, 40:260] = grey
    measured = cleaning.measured(paper)
    counts = [
        sum(
            bool((cleaning.drawn(measured, strength).lines[row : row + 3, 150] < 100).all())
            for row in (60, 120, 180, 240)
        )
        for strength in (0.0, 0.5, 1.0)
    ]
    assert counts == [1, 3, 4]


def test_a_bare_sheet_is_white() -> None:
    random = np.random.default_rng(1)
    bare = np.clip(random.normal(200, 4, (400, 300, 1)) * np.linspace(0.5, 1, 300)[None, :, None], 0, 255)
    found = cleaning.drawn(cleaning.measured(bare.repeat(3, 2).astype(np.uint8)), 1.0)
    assert (found.lines == 255).mean() > 0.999 and found.hints is None


def test_no_sheet_is_better_than_a_wrong_one() -> None:
    random = np.random.default_rng(3)
    assert sheet.find(np.full((300, 400, 3), 200, np.uint8)) is None
    assert sheet.find(random.integers(0, 256, (300, 400, 3), np.uint8)) is None


def test_a_scan_is_taken_whole() -> None:
    width, height = 500, 700
    scan = np.where(lines((width, height), 4)[..., None], np.uint8(60), np.uint8(250)).repeat(3, 2)
    assert sheet.find(scan) is None
    same = sheet.rectified(scan, sheet.whole(width, height), width, height)
    assert np.abs(same.astype(int) - scan).max() <= 1
    assert sheet.proportions(sheet.whole(width, height), width, height) == pytest.approx(5 / 7, rel=0.01)


@pytest.mark.parametrize("shape", [(16, 16), (40, 33), (33, 200)])
def test_small_pictures_do_no_harm(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (*shape, 3), np.uint8)
    assert cleaning.drawn(cleaning.measured(noise)).lines.shape == shape
    sheet.find(noise)
    black = np.zeros((*shape, 3), np.uint8)
    assert cleaning.drawn(cleaning.measured(black)).lines.shape == shape


def test_a_dent_is_no_sheet() -> None:
    assert sheet.is_quad(sheet.whole(100, 80))
    assert not sheet.is_quad(np.array([(0, 0), (100, 0), (20, 20), (0, 80)], np.float64))
    assert not sheet.is_quad(sheet.whole(100, 80)[::-1])


def test_the_photos_are_what_they_claim() -> None:
    assert len({scene.name for scene in SCENES}) == len(SCENES) >= 12
    assert all(Image.fromarray(photograph(scene)).size == (960, 800) for scene in SCENES[:1])
