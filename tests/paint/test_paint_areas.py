"""Selections that are no rectangles: what they hold, and that everything keeps to them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Change, Document
from desktop.paint.editing.selection import MOST_EDGES, Area
from desktop.paint.strokes.stroke import Ink, Sample, Selects
from desktop.paint.tools import tools
from engine.data.rect import EMPTY, Rect

Draw = Callable[..., Change]
TRIANGLE = ((20.0, 20.0), (100.0, 20.0), (20.0, 80.0))


def select(document: Document, by: Selects, *points: tuple[float, float], **fields: object) -> None:
    ink = Ink(selects=by, **fields)  # type: ignore[arg-type]
    stroke = tools()["select"].start(document, ink, Sample(*points[0]))
    for point in points:
        stroke.move(Sample(*point))
        if by == "polygon":
            stroke.finish(Sample(*point))
    if by != "polygon":
        stroke.finish(Sample(*points[-1]))
    else:
        stroke.close()


@pytest.fixture
def blot(rng: np.random.Generator) -> np.ndarray:
    return rng.random((20, 30)) < 0.5


def test_areas_are_sets_of_pixels(blot: np.ndarray, rng: np.random.Generator) -> None:
    bounds, other = Rect(0, 0, 60, 50), rng.random((25, 25)) < 0.5
    one, two = Area.of(blot, 5, 7), Area.of(other, 20, 10)
    here, there = one.within(bounds), two.within(bounds)
    assert np.array_equal(here[7:27, 5:35], blot)
    assert np.array_equal(one.combined(two, "add").within(bounds), here | there)
    assert np.array_equal(one.combined(two, "subtract").within(bounds), here & ~there)
    assert one.combined(two, "replace") is two
    assert np.array_equal(one.inverted(bounds).within(bounds), ~here)
    assert np.array_equal(one.moved(3, -2).within(bounds)[5:25, 8:38], blot)
    half = Rect(10, 10, 12, 9)
    assert np.array_equal(
        one.cropped(half).within(bounds)[half.rows, half.columns], here[half.rows, half.columns]
    )
    assert not one.cropped(Rect(50, 40, 5, 5)).rect
    assert Area(Rect(3, 4, 5, 6)).within(bounds).sum() == 30
    assert Area().inverted(bounds) == Area(bounds)
    assert not Area(bounds).inverted(bounds).rect


def test_a_rectangle_needs_no_mask() -> None:
    assert Area.of(np.ones((4, 5), bool), 2, 3) == Area(Rect(2, 3, 5, 4))
    both = Area(Rect(0, 0, 4, 4)).combined(Area(Rect(4, 0, 4, 4)), "add")
    assert both == Area(Rect(0, 0, 8, 4))


def test_the_outline_goes_round_every_pixel(blot: np.ndarray) -> None:
    area = Area.of(blot, 5, 7)
    padded = np.pad(blot, 1)
    borders = (padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum()
    edges = area.edges()
    assert np.abs(edges[:, 2:] - edges[:, :2]).sum() == borders
    assert (edges[:, [0, 2]] >= 5).all()
    assert (edges[:, [1, 3]] <= 27).all()
    assert len(Area(Rect(3, 4, 50, 60)).edges()) == 4
    noise = np.indices((400, 400)).sum(0) % 2 == 0
    assert len(Area.of(noise).edges()) <= MOST_EDGES


def test_the_outline_of_grain_is_not_built_before_it_is_made_coarser(rng: np.random.Generator) -> None:
    grain = Area.of(rng.random((1024, 1024)) < 0.5)
    assert grain.mask is not None
    tracemalloc.start()
    try:
        edges = grain.edges()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 1000 < len(edges) <= MOST_EDGES
    assert peak < 12 * grain.mask.nbytes, "all of its million pieces take 32 bytes each"


def test_the_outline_has_every_run_of_edges_once(rng: np.random.Generator) -> None:
    for height, width in ((1, 1), (1, 9), (7, 1), (23, 31)):
        mask = rng.random((height, width)) < 0.6
        mask[0, 0] = mask[-1, -1] = True
        plane = np.pad(mask, 1)
        runs = set()
        for y, x in np.argwhere(mask).tolist():
            for (dy, dx), (ay, ax), (by, bx) in (
                ((-1, 0), (0, 0), (0, 1)),
                ((1, 0), (1, 0), (1, 1)),
                ((0, -1), (0, 0), (1, 0)),
                ((0, 1), (0, 1), (1, 1)),
            ):
                if not plane[y + 1 + dy, x + 1 + dx]:
                    runs.add((x + ax, y + ay, x + bx, y + by))
        pieces = []
        for left, top, right, bottom in Area(Rect(0, 0, width, height), mask).edges().tolist():
            across, down = right > left, bottom > top
            for step in range(max(right - left, bottom - top)):
                x, y = left + step * across, top + step * down
                pieces.append((x, y, x + across, y + down))
        assert sorted(pieces) == sorted(runs)


def test_a_lasso_selects_what_it_goes_round(document: Document) -> None:
    select(document, "hand", *TRIANGLE)
    assert document.selection == Rect(20, 20, 79, 60)
    assert document.area.within(Rect(30, 30, 1, 1)).all()
    assert not document.area.within(Rect(90, 70, 1, 1)).any()
    assert document.undo_steps == 0
    select(document, "hand", (120, 90), (120, 90))
    assert not document.selection


def test_a_polygon_selects_the_same(document: Document) -> None:
    select(document, "hand", *TRIANGLE)
    area = document.area
    document.selection = EMPTY
    select(document, "polygon", *TRIANGLE)
    assert np.array_equal(document.area.within(document.bounds), area.within(document.bounds))


def test_paint_stays_within_it_whatever_paints(document: Document, draw: Draw) -> None:
    select(document, "hand", *TRIANGLE)
    outside = ~document.area.within(document.bounds)
    before = document.active.packed[outside].copy()
    colour = (0, 128, 255)
    draw(document, "pen", (10, 10), (120, 60), ink=Ink(size=30, colour=colour))
    draw(document, "rectangle", (10, 10), (140, 90), ink=Ink(filled=True, colour=colour, symmetry="both"))
    draw(document, "fill", (30, 30), ink=Ink(colour=colour))
    assert document.undo_steps >= 2
    assert np.array_equal(document.active.packed[outside], before)
    assert len(np.unique(document.active.packed[~outside])) == 1, "all of it is painted"


def test_only_what_is_selected_is_copied_and_deleted(document: Document, draw: Draw) -> None:
    draw(document, "rectangle", (0, 0), (149, 100), ink=Ink(filled=True, colour=(0, 128, 255)))
    select(document, "hand", *TRIANGLE)
    inside = document.area.within(document.bounds)
    pixels, rect = document.copied()
    assert np.array_equal(pixels[:, :, 3] > 0, document.area.within(rect))
    full = document.active.packed.copy()
    document.clear_selection()
    empty = document.emptiness(document.active, document.bounds)
    assert np.array_equal(document.active.packed[inside], empty[inside])
    assert np.array_equal(document.active.packed[~inside], full[~inside])
    document.undo()
    assert np.array_equal(document.active.packed, full)


def test_only_what_is_selected_moves_and_moves_on(document: Document, draw: Draw) -> None:
    draw(document, "rectangle", (20, 20), (60, 60), ink=Ink(filled=True, colour=(0, 128, 255)))
    before = document.active.packed.copy()
    select(document, "hand", (20, 20), (61, 20), (20, 61))
    area = document.area
    inside = area.within(document.bounds)
    for stop in ((80.0, 40.0), (90.0, 50.0)):
        at = (25.0, 25.0) if stop[0] == 80 else (75.0, 35.0)
        draw(document, "select", at, (at[0] + 1, at[1]), (stop[0], stop[1] - 5))
        assert document.undo_steps == 2
    across, down = document.selection.left - area.rect.left, document.selection.top - area.rect.top
    assert (across, down) == (70, 20)
    moved = document.area.within(document.bounds)
    assert np.array_equal(document.active.packed[moved], before[inside])
    empty = document.emptiness(document.active, document.bounds)
    assert np.array_equal(document.active.packed[inside & ~moved], empty[inside & ~moved])
    assert np.array_equal(document.active.packed[~inside & ~moved], before[~inside & ~moved])
    document.undo()
    assert np.array_equal(document.active.packed, before)


def test_colours_are_selected_near_or_everywhere(document: Document, draw: Draw) -> None:
    for left in (10, 80):
        draw(document, "rectangle", (left, 10), (left + 30, 40), ink=Ink(filled=True, colour=(0, 208, 255)))
    select(document, "colour", (20, 20))
    near = document.area
    assert near.rect.right < 60
    select(document, "colour", (20, 20), contiguous=False)
    assert document.area.rect.right > 80
    assert document.area.within(document.bounds).sum() == 2 * near.within(document.bounds).sum()
    select(document, "colour", (90, 20), combine="subtract")
    assert np.array_equal(document.area.within(document.bounds), near.within(document.bounds))
    select(document, "colour", (90, 20), combine="add")
    assert document.area.rect.right > 80
    select(document, "colour", (500, 20))
    assert not document.selection


def test_escape_gives_the_selection_before_back(document: Document) -> None:
    select(document, "hand", *TRIANGLE)
    area = document.area
    for by in ("rectangle", "hand", "polygon", "colour"):
        stroke = tools()["select"].start(document, Ink(selects=by), Sample(110, 90))
        stroke.move(Sample(140, 95))
        stroke.abort()
        assert np.array_equal(document.area.within(document.bounds), area.within(document.bounds))


def test_a_smaller_picture_keeps_what_is_left_of_a_selection(sketch: Document) -> None:
    select(sketch, "hand", *TRIANGLE)
    snapshot = Document.new("sketch", 50, 50).snapshot()
    sketch.restore(snapshot)
    assert sketch.selection == Rect(20, 20, 30, 30)
    assert sketch.area.mask is None or sketch.area.mask.shape == (30, 30)
