"""Strokes that are held still become the shape that they were meant to be, and nothing else does."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from desktop.paint.editing.document import Document
from desktop.paint.gestures.quick_shape import recognised
from desktop.paint.gestures.tool import Stroke
from desktop.paint.strokes.stroke import HOLD_S, Ink, Sample
from desktop.paint.strokes.sweep import Patch
from desktop.paint.tools import tools

Points = list[tuple[float, float]]


def round_(across: float, down: float, turns: float = 1.02) -> Points:
    steps = [number / 60 * turns * 2 * math.pi for number in range(61)]
    return [(100 + across * math.cos(angle), 80 + down * math.sin(angle)) for angle in steps]


def along(*corners: tuple[float, float]) -> Points:
    return [
        (a + (c - a) * step / 20, b + (d - b) * step / 20)
        for (a, b), (c, d) in itertools.pairwise(corners)
        for step in range(21)
    ]


DRAWN = {
    "Line": along((10, 10), (150, 60)),
    "Circle": round_(55, 57),
    "Ellipse": round_(80, 40),
    "Rectangle": along((20, 20), (150, 23), (147, 110), (18, 107), (21, 22)),
    "Triangle": along((20, 100), (90, 10), (160, 110), (22, 101)),
    "Polygon": along((100, 20), (157, 61), (135, 128), (65, 128), (43, 61), (99, 21)),
}
NOTHING = {
    "a wave": [(step * 3.0, 60 + 30 * math.sin(step / 8)) for step in range(60)],
    "an arc": round_(70, 70, 0.4),
    "a spiral": [(100 + step * math.cos(step / 5), 80 + step * math.sin(step / 5)) for step in range(61)],
    "to and fro": along((10, 10), (150, 60), (40, 20)),
    "a dot": along((10, 10), (14, 12)),
    "an eight": [
        (100 + 60 * math.sin(step / 60 * 6.283), 90 + 40 * math.sin(step / 30 * 6.283)) for step in range(61)
    ],
}


def trembling(points: Points, rng: np.random.Generator, much: float = 1.5) -> Points:
    """As a hand draws: waves of some lengths, no noise."""
    phases = rng.uniform(0, 2 * math.pi, 4)
    around = np.arange(len(points)) / len(points) * 2 * math.pi
    across = np.sin(2 * around + phases[0]) + np.sin(5 * around + phases[1])
    down = np.sin(3 * around + phases[2]) + np.sin(4 * around + phases[3])
    offsets = np.stack([across, down], 1) * much / 2
    return [(x + dx, y + dy) for (x, y), (dx, dy) in zip(points, offsets.tolist(), strict=True)]


@pytest.mark.parametrize("name", DRAWN)
def test_a_trembling_hand_is_understood(name: str, rng: np.random.Generator) -> None:
    for _ in range(10):
        shape = recognised(trembling(DRAWN[name], rng))
        assert shape is not None
        assert shape.name == name


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_no_shape_stays_as_it_is(name: str, rng: np.random.Generator) -> None:
    for _ in range(5):
        assert recognised(trembling(NOTHING[name], rng)) is None


def test_the_shape_lies_where_the_stroke_does() -> None:
    line, circle, box = (recognised(DRAWN[name]) for name in ("Line", "Circle", "Rectangle"))
    assert line is not None
    assert circle is not None
    assert box is not None
    assert np.allclose(line.points, [(10, 10), (150, 60)], atol=0.5)
    assert all(abs(math.dist(point, (100, 80)) - 56) < 1.5 for point in circle.points)
    assert circle.points[0] == pytest.approx(circle.points[-1])
    corners = {(round(x / 5), round(y / 5)) for x, y in box.points}
    assert corners == {(4, 4), (30, 4), (30, 22), (4, 22)}
    sides = np.abs(np.diff(box.points, axis=0))
    assert (sides.min(1) < 1e-6).all(), "nearly upright, it stands upright"


def held(document: Document, points: Points, hold: float = 3.0) -> tuple[Stroke, Sample]:
    """A stroke of the pen through ``points``, held at the last until it is late."""
    ink = Ink(size=4, hold=hold)
    samples = [Sample(x, y, time=number * 0.01) for number, (x, y) in enumerate(points)]
    stroke = tools()["pen"].start(document, ink, samples[0])
    for sample in samples[1:]:
        stroke.move(sample)
    last = samples[-1]._replace(time=samples[-1].time + HOLD_S)
    stroke.move(last)
    return stroke, last


def free(document: Document, points: Points) -> np.ndarray:
    """How a picture looks where the same stroke wasn't held."""
    plain = Document.new("sketch", document.width, document.height)
    stroke = tools()["pen"].start(plain, Ink(size=4), Sample(*points[0]))
    for point in points[1:]:
        stroke.move(Sample(*point))
    stroke.finish(Sample(*points[-1]))
    return plain.active.pixels.astype(int)


def test_undo_gives_the_free_stroke_back_then_takes_it(sketch: Document, rng: np.random.Generator) -> None:
    points = trembling(DRAWN["Line"], rng, 3)
    stroke, last = held(sketch, points)
    assert stroke.became == "Line"
    stroke.finish(last)
    assert sketch.history.undo_text == "Line"
    as_line = sketch.active.pixels.copy()
    sketch.undo()
    assert not np.array_equal(sketch.active.pixels, as_line)
    assert np.abs(sketch.active.pixels - free(sketch, points)).max() <= 2
    sketch.undo()
    assert not sketch.active.pixels.any()
    sketch.redo()
    sketch.redo()
    assert np.array_equal(sketch.active.pixels, as_line)


def test_esc_keeps_the_free_stroke(sketch: Document, rng: np.random.Generator) -> None:
    points = trembling(DRAWN["Circle"], rng)
    stroke, _ = held(sketch, points)
    assert stroke.relent()
    assert not stroke.open
    assert sketch.undo_steps == 1
    assert np.abs(sketch.active.pixels - free(sketch, points)).max() <= 2


def test_a_pen_that_moves_on_had_only_rested(sketch: Document) -> None:
    points = along((10, 10), (150, 60))
    stroke, last = held(sketch, points)
    assert stroke.became == "Line"
    stroke.move(last._replace(x=155, y=140, time=last.time + 0.1))
    assert stroke.became == ""
    stroke.finish(last._replace(x=155, y=141, time=last.time + 0.2))
    assert sketch.undo_steps == 1
    assert sketch.active.pixels[100:140, 140:170, 3].any()
    assert sketch.active.pixels[10, 10, 3]


def test_drawn_anew_nothing_is_lost_between_what_was_covered(sketch: Document) -> None:
    """What was covered stroke by stroke is united; tiles between were never touched, and stay as they are."""
    sketch.begin(Ink()).cover([Patch(np.full((160, 200), 255, np.uint8), 0, 0)])
    sketch.finish_stroke()
    before = sketch.active.packed.copy()
    recording = sketch.begin(Ink(colour=(200, 0, 0)))
    for left, top in ((0, 0), (0, 64), (64, 64), (64, 64)):
        recording.cover([Patch(np.full((64, 64), 255, np.uint8), left, top)])
    recording.redraw([])
    assert np.array_equal(sketch.active.packed, before)
    recording.abort()


def test_only_being_held_makes_a_shape(sketch: Document) -> None:
    for hold in (0.0, 3.0):
        stroke, last = held(sketch, DRAWN["Line"] if not hold else NOTHING["a wave"], hold)
        assert stroke.became == ""
        stroke.finish(last)
    assert sketch.undo_steps == 2


def test_labels_stay_labels(document: Document, rng: np.random.Generator) -> None:
    stroke, last = held(document, trembling(along((20, 20), (120, 20), (120, 80), (20, 80), (20, 22)), rng))
    assert stroke.became == "Rectangle"
    stroke.finish(last)
    if document.kind == "labels":
        assert document.palette is not None
        colours = {label.colour for label in document.palette.labels}
        assert {tuple(it) for it in document.picture_flat().reshape(-1, 3).tolist()} <= colours


def test_a_stroke_without_effect_leaves_no_step(sketch: Document) -> None:
    ink = Ink(erase=True, hold=3.0)
    stroke = tools()["eraser"].start(sketch, ink, Sample(10, 10))
    for x in range(10, 110, 2):
        stroke.move(Sample(x, 10, time=x / 100))
    stroke.move(Sample(108, 10, time=9))
    assert stroke.became == "Line"
    assert not stroke.finish(Sample(108, 10, time=9))
    assert sketch.undo_steps == 0
