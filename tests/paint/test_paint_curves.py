"""Curves with handles: where they go, and that a drawing can replay them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop.paint.editing.document import Document, Role
from desktop.paint.files.drawing import Drawing, Played
from desktop.paint.gestures.curves import CurveStroke
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools

INK = Ink(size=3, colour=(0, 128, 255))


def curve(document: Document, *drags: tuple[tuple[float, float], tuple[float, float]]) -> CurveStroke:
    """One point a drag, its handle pulled out to the second place."""
    stroke = tools()["curve"].start(document, INK, Sample(*drags[0][0]))
    assert isinstance(stroke, CurveStroke)
    for number, (at, to) in enumerate(drags):
        if number:
            stroke.press(Sample(*at))
        stroke.move(Sample(*to))
        stroke.finish(Sample(*to))
    return stroke


def painted(document: Document, x: float, y: float) -> bool:
    return bool(document.active.pixels[int(y), int(x), 3] > 127)


def test_a_curve_bends_towards_its_handles(sketch: Document) -> None:
    stroke = curve(sketch, ((20, 100), (20, 20)), ((120, 100), (120, 180)))
    assert sketch.undo_steps == 0
    assert painted(sketch, 70, 40), "the middle lies three quarters of the way to the handles"
    assert not painted(sketch, 70, 100)
    assert stroke.close()
    assert sketch.undo_steps == 1
    sketch.undo()
    assert not sketch.active.pixels.any()


def test_clicks_make_straight_pieces_and_one_on_the_first_closes(document: Document) -> None:
    stroke = curve(document, ((20, 20), (20, 20)), ((100, 20), (100, 20)), ((100, 80), (100, 80)))
    before = document.active.packed.copy()
    stroke.press(Sample(21, 20))
    assert stroke.finish(Sample(21, 20))
    assert not stroke.open
    changed = (document.active.packed != before).nonzero()
    assert len(changed[0]) > 50
    away = np.abs((changed[1] + 0.5 - 20) * 60 - (changed[0] + 0.5 - 20) * 80) / 100
    assert away.max() < 4, "the new piece goes straight from the last point to the first"


def test_points_and_handles_are_moved(sketch: Document) -> None:
    stroke = curve(sketch, ((20, 100), (40, 100)), ((120, 100), (140, 100)))
    for start, end in (((120, 100), (120, 40)), ((40, 100), (40, 60))):
        stroke.press(Sample(*start))
        stroke.move(Sample(*end))
        assert stroke.finish(Sample(*end)) is None
    noted = [(sample.x, sample.y) for sample in stroke.noted]
    assert noted[4:] == [(120, 40), (140, 40)]
    assert noted[2] == (40, 60)
    x, y = noted[0]
    assert abs((20 - x) * 40 - (y - 100) * 20) < 1e-6, "the other handle stays in line"
    stroke.press(Sample(40, 60))
    stroke.finish(Sample(50, 90), shift=True)
    assert (stroke.noted[0].x, stroke.noted[0].y) == (x, y), "with shift it makes a corner"
    assert painted(sketch, 120, 40)


def test_a_mere_click_or_esc_leaves_nothing(sketch: Document) -> None:
    assert not curve(sketch, ((20, 20), (20, 20))).close()
    stroke = curve(sketch, ((20, 100), (20, 20)), ((120, 100), (120, 180)))
    stroke.abort()
    assert not sketch.active.pixels.any()
    assert sketch.undo_steps == 0
    stroke.press(Sample(5, 5))
    stroke.move(Sample(50, 50))
    assert not sketch.active.pixels.any()


def test_a_drawing_replays_it(sketch: Document, tmp_path: Path) -> None:
    drags = ((20.0, 100.0), (20.0, 60.0)), ((120.0, 100.0), (140.0, 130.0)), ((60.0, 140.0), (40.0, 140.0))
    for closed in (False, True):
        stroke = curve(sketch, *drags)
        if closed:
            stroke.press(Sample(20, 100))
            stroke.finish(Sample(20, 100))
        noted = tuple(stroke.noted)
        stroke.close()
        Drawing("sketch", 200, 160, strokes=[Played("curve", Role.LINES, INK, noted)]).save(
            tmp_path / "it.json"
        )
        again = Document.new("sketch", 200, 160)
        Drawing.load(tmp_path / "it.json").replay(again)
        assert again.undo_steps == 1
        assert np.array_equal(again.active.pixels, sketch.active.pixels)
        sketch.undo()
