"""Brushes and paths: what lands on the picture, whatever the report rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from desktop.paint.brushes import brush_named, brushes
from desktop.paint.editing.document import Document
from desktop.paint.layers.composite import blend, from_straight, pack, to_straight
from desktop.paint.strokes.stroke import Dab, Ink, Path, Sample
from desktop.paint.strokes.sweep import sweep
from desktop.paint.tools import tools
from engine.data.rect import Rect
from tests.paint.photographed import lay_photo_under

ALL = Rect(0, 0, 120, 100)


def coverage(dabs: list[Dab], brush: str = "pen", hardness: float = 1.0, within: Rect = ALL) -> np.ndarray:
    whole = np.zeros((within.height, within.width), np.uint8)
    for patch in sweep(dabs, brush_named(brush), hardness, within):
        assert patch.rect.intersected(within) == patch.rect
        target = whole[patch.rect.rows, patch.rect.columns]
        np.maximum(target, patch.coverage, out=target)
    return whole


@pytest.mark.parametrize("name", list(brushes()))
@pytest.mark.parametrize("radius", [0.2, 0.5, 1.0, 7.3, 40.0])
@pytest.mark.parametrize("hardness", [0.0, 0.5, 1.0])
def test_every_brush_covers_the_middle_most_and_nothing_far_away(
    name: str, radius: float, hardness: float
) -> None:
    brush = brushes()[name]
    assert brush.id == name
    assert brush.title
    assert brush.icon.startswith("mdi6.")
    disc = coverage([Dab(60.5, 50.5, radius, 1.0)], name, hardness)
    assert disc[50, 60] == disc.max() > 0
    rows, columns = np.mgrid[0:100, 0:120]
    distance = np.hypot(rows - 50, columns - 60)
    assert disc[distance > max(radius, 0.5) + 0.5].max(initial=0) == 0
    ring = [int(disc[50, 60 + step]) for step in range(55)]
    assert ring == sorted(ring, reverse=True)
    assert np.array_equal(disc[1:, 1:], disc[1:, 1:][::-1, ::-1])
    assert set(np.unique(disc).tolist()) <= {0, 255} or not brush.hard


@pytest.mark.parametrize("radius", [3.0, 10.0, 33.5])
def test_a_hard_disc_has_the_area_of_a_circle(radius: float) -> None:
    disc = coverage([Dab(60.2, 49.7, radius, 1.0)])
    assert disc.sum() / 255 == pytest.approx(math.pi * radius**2, rel=0.02)


def test_a_thin_line_is_pale_rather_than_broken() -> None:
    line = coverage([Dab(10, 50.5, 0.25, 1.0), Dab(110, 50.5, 0.25, 1.0)])
    assert (line[50, 15:105] == 128).all()


@pytest.mark.parametrize("name", list(brushes()))
def test_cutting_a_line_into_pieces_makes_no_difference(name: str) -> None:
    start, end = Dab(12.3, 14.9, 6.0, 0.7), Dab(101.7, 80.2, 6.0, 0.7)
    parts = [0, 0.1, 0.35, 0.36, 0.8, 1]
    cut = [Dab(*(a + (b - a) * part for a, b in zip(start, end, strict=True))) for part in parts]
    whole, pieces = coverage([start, end], name, 0.5), coverage(cut, name, 0.5)
    assert np.abs(whole.astype(int) - pieces).max() <= (255 if brushes()[name].hard else 3)
    assert (whole != pieces).mean() < 0.02


@pytest.mark.parametrize("brush", list(brushes()))
def test_the_report_rate_makes_no_difference_on_a_straight_line(brush: str) -> None:
    def drawn(reports: int) -> np.ndarray:
        path, dabs = Path(Ink(size=9)), []
        for number in range(reports + 1):
            part = number / reports
            dabs += path.add(Sample(15.5 + 85 * part, 20.5 + 60 * part))
        dabs += path.finish(Sample(100.5, 80.5))
        return coverage(dabs, brush)

    slow, fast = drawn(4), drawn(97)
    assert np.abs(slow.astype(int) - fast).max() <= (255 if brushes()[brush].hard else 3)
    assert (np.abs(slow.astype(int) - fast) > 3).mean() < 0.005


def test_a_quick_curve_has_no_corners() -> None:
    path, dabs = Path(Ink(size=2)), []
    for step in range(9):  # a circle from eight reports
        angle = step / 8 * 2 * math.pi
        sample = Sample(60 + 40 * math.cos(angle), 50 + 40 * math.sin(angle))
        dabs += path.add(sample)
    points = [(dab.x, dab.y) for dab in dabs]
    points = [a for a, b in zip(points, [*points[1:], None], strict=True) if a != b]
    turns = []
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        turn = math.atan2(cy - by, cx - bx) - math.atan2(by - ay, bx - ax)
        turns.append(abs((turn + math.pi) % (2 * math.pi) - math.pi))
    assert max(turns) < math.radians(20)  # the octagon itself turns by 45° at once


def test_the_path_ends_where_the_pen_was_lifted() -> None:
    for stabiliser in (0.0, 0.4, 1.0):
        path = Path(Ink(stabiliser=stabiliser))
        dabs = path.add(Sample(10, 10))
        for step in range(20):
            dabs += path.add(Sample(10 + step * 5, 10 + step * 3))
        dabs += path.finish(Sample(105, 67))
        assert (dabs[0].x, dabs[0].y) == (10, 10)
        assert (dabs[-1].x, dabs[-1].y) == (105, 67)


def test_the_stabiliser_irons_out_trembling() -> None:
    def wobble(stabiliser: float) -> float:
        path, heights = Path(Ink(stabiliser=stabiliser)), []
        trembling = np.random.default_rng(3)
        for step in range(200):
            dabs = path.add(Sample(step, 50 + float(trembling.normal(0, 3))))
            heights += [dab.y for dab in dabs]
        return float(np.abs(np.diff(heights)).sum())

    assert wobble(1.0) < 0.2 * wobble(0.0)


def test_pressure_sets_size_and_opacity_only_where_wanted() -> None:
    ink = Ink(size=20, pressure_size=True, pressure_opacity=False)
    assert Path(ink).add(Sample(5, 5, 0.5)) == [Dab(5, 5, 5.0, 1.0)]
    ink = Ink(size=20, pressure_size=False, pressure_opacity=True)
    assert Path(ink).add(Sample(5, 5, 0.5)) == [Dab(5, 5, 10.0, 0.5)]


@pytest.mark.parametrize("opacity", [0.25, 0.5, 1.0])
def test_a_stroke_that_crosses_itself_never_exceeds_its_opacity(opacity: float) -> None:
    document = Document.new("image", 100, 100)
    ink = Ink(size=15, opacity=opacity, colour=(0, 0, 0))
    stroke = tools()["pen"].start(document, ink, Sample(10, 10))
    for point in [(90, 90), (90, 10), (10, 90), (50, 10), (50, 90), (10, 50), (90, 50)] * 2:
        stroke.move(Sample(*point))
    stroke.finish(Sample(50, 50))
    assert document.active.pixels[:, :, 3].max() == round(opacity * 255)


def test_blending_is_exact(rng: np.random.Generator) -> None:
    straight = rng.integers(0, 256, (40, 40, 4), np.uint8)
    base = from_straight(straight).view(np.uint32)[:, :, 0]
    for mask in (0, 1, 77, 128, 254, 255):
        for colour, alpha in (((200, 3, 77), 255), ((0, 0, 0), 255), ((0, 0, 0), 0)):
            paint = pack(colour, alpha)
            mixed = blend(base, paint, np.full(base.shape, mask, np.uint32))
            got = mixed.view(np.uint8).reshape(40, 40, 4).astype(int)
            wanted = np.array([colour[2], colour[1], colour[0], 255]) * (alpha // 255)
            before = base.view(np.uint8).reshape(40, 40, 4).astype(int)
            exact = (before * (255 - mask) + wanted * mask) / 255
            assert np.array_equal(got, np.floor(exact + 0.5).astype(int))


def test_premultiplied_pixels_survive_the_way_through_straight_ones() -> None:
    alpha, value = np.mgrid[0:256, 0:256]
    value = np.minimum(value, alpha)
    pixels = np.stack([value, value[:, ::1], value, alpha], 2).astype(np.uint8)
    assert np.array_equal(from_straight(to_straight(pixels)), pixels)


def test_broken_tablets_do_no_harm(sketch: Document) -> None:
    lay_photo_under(sketch)
    nan, infinite = math.nan, math.inf
    strange = [
        Sample(nan, 5),
        Sample(infinite, -infinite),
        Sample(1e300, 3, 5.0),
        Sample(5, 5, nan),
        Sample(-1e9, 1e9, -3.0),
        Sample(3, 3, 0.0),
    ]
    for tool in tools().values():
        for first in strange:
            stroke = tool.start(sketch, Ink(size=5), first)
            for sample in strange:
                stroke.move(sample)
            if stroke.finish(strange[-1]) is None:
                stroke.close()
            assert not stroke.open
