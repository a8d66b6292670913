from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox

from desktop.paint.editing.selection import Area
from desktop.widgets.main_window import MainWindow
from engine.data.rect import Rect
from tests.desktop.pen_hands import SHIFT, Hand
from tests.desktop.window_hands import message


@pytest.fixture
def hand(window: MainWindow) -> Hand:
    """One that has drawn a box from (20, 20) to (40, 40)."""
    hand = Hand(window)
    window.actions_table["tool_rectangle"].trigger()
    window.session.strokes.set_ink(filled=True)
    hand.drag((20, 20), (40, 40))
    return hand


def painted(window: MainWindow) -> Rect:
    return window.session.document.active.bounds()


def test_a_corner_scales_and_enter_keeps_it_as_one_step(window: MainWindow, hand: Hand) -> None:
    window.actions_table["tool_transform"].trigger()
    hand.drag((40, 40), (50, 45), (60, 50))
    hand.drag((40, 30), (45, 35))
    assert window.session.strokes.drawing
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert painted(window) == Rect(25, 25, 40, 30)
    assert window.session.steps.undo_text == "Transform"
    window.session.undo()
    assert painted(window) == Rect(20, 20, 20, 20)


def test_shift_keeps_proportions_and_moves_along_an_axis(window: MainWindow, hand: Hand) -> None:
    window.actions_table["tool_transform"].trigger()
    hand.drag((40, 40), (60, 45), keys=SHIFT)
    hand.drag((30, 30), (35, 32), keys=SHIFT)
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert painted(window) == Rect(25, 20, 40, 40)


def test_a_side_dragged_over_the_other_mirrors(window: MainWindow, hand: Hand) -> None:
    window.actions_table["tool_transform"].trigger()
    hand.drag((40, 30), (10, 30))
    assert window.session.strokes.placement is not None
    assert window.session.strokes.placement.wide == pytest.approx(-0.5)
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert painted(window) == Rect(10, 20, 10, 20)


def test_outside_turns_in_steps_with_shift(window: MainWindow, hand: Hand) -> None:
    window.actions_table["tool_transform"].trigger()
    hand.drag((70, 30), (55, 53), keys=SHIFT)
    assert window.session.strokes.placement is not None
    assert window.session.strokes.placement.degrees == 45
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert painted(window).width == pytest.approx(29, abs=1.5)


def test_escape_takes_it_back(window: MainWindow, hand: Hand) -> None:
    before = window.session.document.active.packed.copy()
    window.actions_table["tool_transform"].trigger()
    hand.drag((30, 30), (60, 50))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert np.array_equal(window.session.document.active.packed, before)
    assert window.session.document.undo_steps == 1
    hand.drag((30, 30), (35, 30))  # a press begins anew
    window.actions_table["tool_pen"].trigger()  # another tool keeps it
    assert painted(window) == Rect(25, 20, 20, 20)


def test_numbers_in_the_bar(window: MainWindow, hand: Hand) -> None:
    window.actions_table["tool_transform"].trigger()
    for field, value in (("across", 10.0), ("wide", 200.0)):
        box = window.brush_bar.findChild(QDoubleSpinBox, f"transform_{field}")
        assert box is not None
        assert box.isEnabled()
        box.setValue(value)
    hand.drag((40, 30), (40, 35))
    box = window.brush_bar.findChild(QDoubleSpinBox, "transform_down")
    assert box is not None
    assert box.value() == 5
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert painted(window) == Rect(20, 25, 40, 20)
    assert not box.isEnabled()


def test_only_what_is_selected_and_the_selection_goes_along(window: MainWindow, hand: Hand) -> None:
    window.actions_table["tool_select"].trigger()
    hand.drag((30, 10), (50, 50))
    window.actions_table["tool_transform"].trigger()
    hand.drag((35, 30), (65, 30))
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert window.session.document.selection == Rect(60, 10, 20, 40)
    assert painted(window) == Rect(20, 20, 50, 20)
    assert not window.session.document.active.packed[30, 31:59].any()


def test_undo_brings_the_selection_back_and_redo_along(window: MainWindow, hand: Hand) -> None:
    session = window.session
    window.actions_table["tool_select"].trigger()
    hand.drag((30, 10), (50, 50))
    window.actions_table["tool_transform"].trigger()
    hand.drag((35, 30), (65, 30))
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    there = session.document.selection
    assert there == Rect(60, 10, 20, 40)
    numbers = window.findChild(QDoubleSpinBox, "transform_across")
    assert numbers is not None and not numbers.isEnabled() and numbers.value() == 0
    session.undo()
    assert session.document.selection == Rect(30, 10, 20, 40)
    session.redo()
    assert session.document.selection == there
    session.undo()
    window.actions_table["tool_select"].trigger()
    for _ in range(2):  # what was moved just before goes on: both are one step
        here = session.document.selection
        hand.drag((here.left + 3, 20), (here.left + 8, 30))
    assert session.document.selection == Rect(40, 30, 20, 40)
    session.undo()
    assert session.document.selection == Rect(30, 10, 20, 40) and painted(window) == Rect(20, 20, 20, 20)
    session.redo()
    window.actions_table["select_nothing"].trigger()
    session.undo()
    assert session.document.selection == Rect(40, 30, 20, 40), "first, what was selected is so again"
    session.undo()
    assert session.document.selection == Rect(30, 10, 20, 40) and painted(window) == Rect(20, 20, 20, 20)


def test_where_nothing_is_it_says_so(window: MainWindow) -> None:
    window.actions_table["tool_transform"].trigger()
    assert "nothing on" in message(window)
    assert not window.session.strokes.drawing


# --- large pictures -----------------------------------------------------------------------------

BLUE, LARGE = 0xFF2040C0, 1600


@pytest.fixture
def large(window: MainWindow) -> Hand:
    """A hand on a large picture, of which the upper left quarter is blue; its box stands."""
    session = window.session
    session.new_picture("image", LARGE, LARGE)
    blue = np.zeros((LARGE // 2, LARGE // 2, 4), np.uint8)
    blue[...] = (0x20, 0x40, 0xC0, 255)
    session.edit(lambda document: document.paste(blue, 0, 0))
    session.selecting.select(Rect(0, 0, LARGE, LARGE))
    window.actions_table["tool_transform"].trigger()
    return Hand(window)


def seen(window: MainWindow, x: float, y: float) -> int:
    """The colour that the canvas shows there."""
    place = window.canvas_point(x, y).toPoint()
    return window.canvas.grab().toImage().pixelColor(place).rgb()


def test_something_large_is_shown_on_its_way_and_made_when_it_is_let_go(
    window: MainWindow, large: Hand
) -> None:
    layer = window.session.document.active
    before = layer.packed.copy()
    large.press((400, 400))
    large.move((1100, 1000))
    assert np.array_equal(layer.packed, before), "a large layer can't be made anew with every move"
    assert seen(window, 1200, 1100) == BLUE and seen(window, 100, 100) == 0xFFFFFFFF
    large.move((1000, 900))
    large.release()
    made = np.zeros_like(before)
    made[500:, 600:] = before[: LARGE - 500, : LARGE - 600]
    assert np.array_equal(layer.packed, made)
    assert seen(window, 1200, 1100) == BLUE and seen(window, 100, 100) == 0xFFFFFFFF
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert np.array_equal(layer.packed, made)
    window.session.undo()
    assert np.array_equal(layer.packed, before)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_something_large_may_be_kept_or_taken_back_while_it_is_held(
    window: MainWindow, large: Hand, key: Qt.Key
) -> None:
    layer = window.session.document.active
    before = layer.packed.copy()
    large.press((400, 400))
    large.move((400, 500))
    QTest.keyClick(window.canvas, key)
    made = np.zeros_like(before)
    made[100:] = before[:-100]
    assert np.array_equal(layer.packed, made if key == Qt.Key.Key_Return else before)
    large.move((700, 700))
    large.release()
    assert np.array_equal(layer.packed, made if key == Qt.Key.Key_Return else before)
    assert window.session.document.undo_steps == (2 if key == Qt.Key.Key_Return else 1)


def test_what_is_cut_out_by_hand_leaves_its_own_hole_on_the_way(window: MainWindow) -> None:
    session = window.session
    session.new_picture("image", LARGE, LARGE)
    blue = np.full((LARGE, LARGE, 4), (0x20, 0x40, 0xC0, 255), np.uint8)
    session.edit(lambda document: document.paste(blue, 0, 0))
    mask = np.ones((LARGE, LARGE), np.bool_)
    mask[:400, :400] = False
    session.document.area = Area.of(mask)
    window.actions_table["tool_transform"].trigger()
    hand = Hand(window)
    hand.press((800, 800))
    hand.move((1000, 800))
    assert seen(window, 300, 300) == BLUE, "it was not selected"
    assert seen(window, 100, 800) == 0xFFFFFFFF and seen(window, 500, 800) == BLUE
    hand.release()
    assert session.document.active.packed[200, 200] == BLUE
    assert not session.document.active.packed[800, :200].any()


def test_a_width_that_there_is_none_of_does_not_stay_in_its_field(window: MainWindow, hand: Hand) -> None:
    window.actions_table["tool_transform"].trigger()
    hand.drag((40, 30), (50, 30))
    wide = window.findChild(QDoubleSpinBox, "transform_wide")
    wide.selectAll()
    QTest.keyClicks(wide, "0")
    QTest.keyClick(wide, Qt.Key.Key_Return)
    assert window.session.strokes.placement is not None
    assert wide.value() == pytest.approx(100 * window.session.strokes.placement.wide) != 0
