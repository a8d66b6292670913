from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.planes import ink


def drawing(draw, edge: int = 96) -> np.ndarray:
    image = Image.new("L", (edge, edge), 255)
    draw(ImageDraw.Draw(image))
    return np.array(image)


def widths(lines: np.ndarray, row: int) -> int:
    """How many pixels of a row are full ink."""
    return int((lines[row] == 0).sum())


@pytest.mark.parametrize("shade", [0, 90, 180, 230])
@pytest.mark.parametrize("thickness", [1, 2, 3, 5, 9])
def test_lines_of_any_width_and_shade_get_the_models(thickness, shade) -> None:
    lines = drawing(lambda draw: draw.line((48, 10, 48, 85), fill=shade, width=thickness))
    thin = ink.redrawn(lines, 1)
    assert {widths(thin, row) for row in range(20, 76)} == {1}
    assert set(np.unique(thin)) == {0, 255}
    middle = np.flatnonzero(lines[40] < 255).mean()
    assert abs(np.flatnonzero(thin[40] == 0).mean() - middle) <= 1
    assert {widths(ink.redrawn(lines, 3), row) for row in range(20, 76)} == {3}


def test_a_fraction_of_a_pixel_is_a_grey_edge() -> None:
    lines = drawing(lambda draw: draw.line((48, 10, 48, 85), fill=0, width=3))
    row = ink.redrawn(lines, 1.5)[40]
    assert sorted(row[row < 255]) == [0, 255 - 128]


def test_an_empty_picture_stays_empty_and_keeps_its_size() -> None:
    for shape in ((1, 1), (7, 300)):
        paper = np.full(shape, 255, np.uint8)
        assert (ink.redrawn(paper, 2) == paper).all()


def test_most_of_the_sheet_filled_is_a_filled_area_not_paper() -> None:
    lines = drawing(lambda draw: draw.rectangle((5, 5, 90, 90), fill=0))
    thin = ink.redrawn(lines, 1) == 0
    assert np.flatnonzero(thin[48]).tolist() == [5, 90]
    assert ink.redrawn(np.zeros((20, 20), np.uint8), 1).shape == (20, 20)


@pytest.mark.parametrize("edge", [1, 2, 3, 4, 6, 7])
def test_isolated_dots_stay(edge) -> None:
    lines = drawing(lambda draw: draw.rectangle((40, 40, 39 + edge, 39 + edge), fill=0))
    thin = ink.redrawn(lines, 1)
    rows, columns = np.nonzero(thin == 0)
    assert 1 <= len(rows) <= edge
    assert abs(rows.mean() - (39.5 + edge / 2)) <= 1 and abs(columns.mean() - (39.5 + edge / 2)) <= 1


def test_filled_areas_become_their_outline() -> None:
    lines = drawing(lambda draw: draw.ellipse((20, 20, 75, 75), fill=60))
    thin = ink.redrawn(lines, 1) == 0
    assert not thin[30:66, 30:66].any()
    assert [np.flatnonzero(thin[48]).tolist(), np.flatnonzero(thin[:, 48]).tolist()] == [[20, 75], [20, 75]]


def test_faint_noise_and_grey_paper_are_no_ink() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(243, 256, (96, 96)).astype(np.uint8)
    assert (ink.redrawn(noise, 1) == 255).all()
    paper = np.clip(rng.normal(200, 2, (96, 96)), 0, 255).astype(np.uint8)
    paper[40:43, 10:80] = 60
    thin = ink.redrawn(paper, 1)
    assert (thin[41, 15:75] == 0).all()
    assert (thin == 0).sum() < 80


def test_a_grey_line_beside_a_black_one_counts() -> None:
    def draw(on: ImageDraw.ImageDraw) -> None:
        on.line((20, 10, 20, 85), fill=0, width=3)
        on.line((30, 10, 30, 85), fill=190, width=3)

    assert {widths(ink.redrawn(drawing(draw), 1), row) for row in range(20, 76)} == {2}


def test_a_soft_edge_makes_no_line_thicker() -> None:
    crisp = drawing(lambda draw: draw.line((192, 40, 192, 340), fill=0, width=12), edge=384)
    soft = np.array(Image.fromarray(crisp).resize((96, 96), Image.Resampling.BICUBIC))
    assert {widths(ink.redrawn(soft, 1), row) for row in range(20, 76)} == {1}


def test_thinning_is_zhang_and_suens() -> None:
    """Against the algorithm as the paper states it, pixel by pixel."""

    def plain(image: np.ndarray) -> np.ndarray:
        image = np.pad(image.astype(int), 1)
        changed = True
        while changed:
            changed = False
            for turn in (0, 1):
                goes = []
                for y, x in zip(*np.nonzero(image), strict=True):
                    p = [image[y + dy, x + dx] for dy, dx in AROUND]
                    falls = sum(p[i] == 0 and p[(i + 1) % 8] == 1 for i in range(8))
                    sides = ((0, 2, 4), (2, 4, 6)) if turn == 0 else ((0, 2, 6), (0, 4, 6))
                    free = all(p[a] * p[b] * p[c] == 0 for a, b, c in sides)
                    if 2 <= sum(p) <= 6 and falls == 1 and free:
                        goes.append((y, x))
                for place in goes:
                    image[place] = 0
                changed = changed or bool(goes)
        return image[1:-1, 1:-1].astype(bool)

    AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
    rng = np.random.default_rng(5)
    for _ in range(5):

        def draw(on: ImageDraw.ImageDraw) -> None:
            for _ in range(4):
                on.line([tuple(point) for point in rng.integers(5, 45, (3, 2)).tolist()], fill=0, width=4)

        mask = drawing(draw, edge=50) == 0
        assert (ink.thinned(mask) == plain(mask)).all()
