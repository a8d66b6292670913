"""The free transform: exact where it can be, of the same colours on label layers, one step."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QTransform

from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.files.drawing import Drawing, Played
from desktop.paint.gestures import transforming
from desktop.paint.gestures.tool import Placement
from desktop.paint.gestures.transforming import TransformStroke
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError

Draw = Callable[..., Change]


@pytest.fixture
def drawn(document: Document, draw: Draw) -> Document:
    """Something without symmetry, far from the edges."""
    draw(document, "rectangle", (50, 30), (80, 60), ink=Ink(filled=True, colour=(0, 128, 255)))
    draw(document, "rectangle", (50, 30), (60, 40), ink=Ink(filled=True, colour=(255, 80, 0)))
    document.selection = Rect(40, 20, 60, 50)
    return document


def cut(document: Document) -> np.ndarray:
    return document.active.packed[20:70, 40:100].copy()


@pytest.mark.parametrize(
    ("placement", "turned"),
    [
        (Placement(7, -5), lambda it: it),
        (Placement(wide=-1), lambda it: it[:, ::-1]),
        (Placement(high=-1), lambda it: it[::-1]),
        (Placement(degrees=180), lambda it: it[::-1, ::-1]),
    ],
)
def test_moves_mirrors_and_half_turns_lose_nothing(
    drawn: Document, placement: Placement, turned: Callable[[np.ndarray], np.ndarray]
) -> None:
    before, all_of_it = cut(drawn), drawn.active.packed.copy()
    stroke = TransformStroke(drawn)
    stroke.place(placement)
    assert stroke.close()
    left, top = 40 + int(placement.across), 20 + int(placement.down)
    now = drawn.active.packed[top : top + 50, left : left + 60]
    if placement.degrees and drawn.kind != "labels":
        assert np.abs(now.view(np.uint8).astype(int) - turned(before).copy().view(np.uint8)).max() <= 2
    else:
        assert np.array_equal(now, turned(before))
    assert drawn.selection == Rect(left, top, 60, 50)
    drawn.undo()
    assert np.array_equal(drawn.active.packed, all_of_it)


@pytest.mark.parametrize("placement", [Placement(3, 4, 1.7, 0.6, 33), Placement(wide=0.3, high=-2.2)])
def test_labels_get_no_new_colour(drawn: Document, placement: Placement) -> None:
    colours = set(np.unique(drawn.active.packed).tolist())
    stroke = TransformStroke(drawn)
    stroke.place(placement)
    stroke.close()
    after = set(np.unique(drawn.active.packed).tolist())
    assert (after <= colours) == (drawn.kind == "labels")
    assert drawn.undo_steps == 3


def test_a_quarter_turn_stands_upright(drawn: Document) -> None:
    drawn.selection = Rect(45, 25, 40, 40)
    before = drawn.active.packed[25:65, 45:85].copy()
    stroke = TransformStroke(drawn)
    stroke.place(Placement(degrees=90))
    stroke.close()
    now = drawn.active.packed[25:65, 45:85].copy().view(np.uint8).astype(int)
    expected = np.rot90(before, -1).copy().view(np.uint8)
    assert np.abs(now - expected).max() <= 2


def test_without_a_selection_all_of_the_layer_is_taken(drawn: Document) -> None:
    drawn.selection = EMPTY
    stroke = TransformStroke(drawn)
    assert stroke.outline is not None
    xs = [point.x() for point in stroke.outline]
    assert (min(xs), max(xs)) == (50, 80)
    stroke.place(Placement(across=20))
    stroke.close()
    assert not drawn.selection
    empty = drawn.emptiness(drawn.active, Rect(50, 30, 20, 30))
    assert np.array_equal(drawn.active.packed[30:60, 50:70], empty)


def test_small_is_the_mean_of_what_it_was(sketch: Document, draw: Draw) -> None:
    for x in range(20, 148, 4):
        draw(sketch, "rectangle", (x, 20), (x + 2, 148), ink=Ink(filled=True))
    sketch.selection = Rect(20, 20, 128, 128)
    stroke = TransformStroke(sketch)
    stroke.place(Placement(wide=0.125, high=0.125))
    stroke.close()
    alpha = sketch.active.pixels[80:88, 80:88, 3].astype(int)
    assert abs(alpha.mean() - 128) < 12
    assert np.ptp(alpha) < 60


def test_esc_and_nothing_done_leave_everything(drawn: Document) -> None:
    before = drawn.active.packed.copy()
    stroke = TransformStroke(drawn)
    stroke.place(Placement(10, 10, 2, 2, 45))
    stroke.abort()
    assert np.array_equal(drawn.active.packed, before)
    assert drawn.selection == Rect(40, 20, 60, 50)
    stroke = TransformStroke(drawn)
    stroke.place(Placement(10, 10))
    stroke.place(Placement())
    assert not stroke.close()
    assert np.array_equal(drawn.active.packed, before)
    assert drawn.undo_steps == 2
    assert drawn.selection == Rect(40, 20, 60, 50)
    assert not stroke.close()
    assert stroke.place(Placement(5, 5)) == EMPTY


def test_an_empty_layer_says_so(sketch: Document) -> None:
    with pytest.raises(PictureError, match="nothing on “Lines”"):
        tools()["transform"].start(sketch, Ink(), Sample(5, 5))
    assert not sketch.is_painted_on


def test_numbers_out_of_range_are_brought_back(drawn: Document) -> None:
    stroke = TransformStroke(drawn)
    stroke.place(Placement(1e30, -1e30, 1e9, 0.0, 1e6))
    assert abs(stroke.placement.across) <= 1e5
    assert stroke.placement.high > 0
    stroke.abort()


@pytest.mark.parametrize("placement", [Placement(12, -7), Placement(9.3, 4, -1.4, 0.7, 25)])
def test_a_drawing_replays_it(drawn: Document, placement: Placement, tmp_path: Path) -> None:
    before = drawn.snapshot()
    stroke = TransformStroke(drawn)
    stroke.place(placement)
    noted = stroke.noted
    stroke.close()
    after = drawn.active.pixels.astype(int)
    role = drawn.active.role
    Drawing(drawn.kind, 150, 101, strokes=[Played("transform", role, Ink(), tuple(noted))]).save(
        tmp_path / "it.json"
    )
    again = Document.from_snapshot(before)
    again.selection = Rect(40, 20, 60, 50)
    Drawing.load(tmp_path / "it.json").replay(again)
    different = np.abs(again.active.pixels - after).max(2) > 8
    assert different.mean() < 0.002
    assert role in Role


def test_labels_go_where_each_of_their_middles_is_asked_for(rng: np.random.Generator) -> None:
    pixels = rng.integers(1, 9, (37, 53), dtype=np.uint32)
    within = Rect(0, 0, 90, 70)
    for wide, high, degrees, x, y in (
        (1, 1, 0, 7, -9),
        (-1, 1, 0, 60, 3),
        (2.5, 0.3, 0, -4.25, 8.5),
        (0.4, -1.7, 0, 20.5, 66),
        (1, 1, 90, 50, 5),
        (1.3, 0.8, 33, 40, 2),
    ):
        matrix = QTransform.fromTranslate(x, y).rotate(degrees).scale(wide, high)
        found, left, top = transforming.drawn(pixels, matrix, within, smooth=False)
        back, _ = matrix.inverted()
        expected = np.zeros_like(found)
        for row in range(found.shape[0]):
            for column in range(found.shape[1]):
                across, down = left + column + 0.5, top + row + 0.5
                at_x = math.floor(across * back.m11() + down * back.m21() + back.dx() + 1e-7)
                at_y = math.floor(across * back.m12() + down * back.m22() + back.dy() + 1e-7)
                if 0 <= at_x < 53 and 0 <= at_y < 37:
                    expected[row, column] = pixels[at_y, at_x]
        assert np.array_equal(found, expected), (wide, high, degrees)
