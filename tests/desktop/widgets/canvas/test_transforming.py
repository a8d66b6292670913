from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox

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
    assert not session.document.selection, "something else was selected since"


def test_where_nothing_is_it_says_so(window: MainWindow) -> None:
    window.actions_table["tool_transform"].trigger()
    assert "nothing on" in message(window)
    assert not window.session.strokes.drawing
