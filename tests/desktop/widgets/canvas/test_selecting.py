from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from desktop.widgets.main_window import MainWindow
from engine.data.rect import Rect
from tests.desktop.pen_hands import ALT, SHIFT, Hand
from tests.desktop.window_hands import until


def selected(window: MainWindow) -> np.ndarray:
    document = window.session.document
    return document.area.within(document.bounds)


@pytest.mark.parametrize("pen", [False, True])
def test_a_lasso_by_hand_then_strokes_stay_inside(window: MainWindow, pen: bool) -> None:
    hand = Hand(window, pen=pen)
    window.actions_table["select_hand"].trigger()
    hand.drag((10, 10), (80, 10), (10, 70))
    inside = selected(window)
    assert inside[20, 20]
    assert not inside[60, 70]
    assert window.session.document.undo_steps == 0
    window.actions_table["tool_pen"].trigger()
    window.session.strokes.set_ink(size=30.0)
    hand.drag((10, 70), (90, 10))
    painted = window.session.document.picture().lines < 255
    assert painted.any()
    assert not painted[~inside].any()


def test_shift_adds_and_alt_takes_away(window: MainWindow) -> None:
    hand = Hand(window)
    window.actions_table["tool_select"].trigger()
    hand.drag((10, 10), (30, 30))
    hand.drag((50, 10), (70, 30), keys=SHIFT)
    assert window.session.document.selection == Rect(10, 10, 60, 20)
    assert selected(window).sum() == 800
    hand.drag((5, 5), (20, 60), keys=ALT)
    assert selected(window).sum() == 600
    window.actions_table["select_polygon"].trigger()
    for corner in ((40, 40), (60, 40), (60, 60)):
        hand.click(corner, keys=SHIFT)
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert selected(window).sum() > 750
    window.actions_table["select_hand"].trigger()
    hand.drag((30, 5), (95, 5), (95, 75), (30, 75), keys=ALT)
    assert window.session.document.selection == Rect(20, 10, 10, 20)


def test_a_polygon_is_closed_by_a_click_on_its_first_corner(window: MainWindow) -> None:
    hand = Hand(window)
    window.actions_table["select_polygon"].trigger()
    for corner in ((10, 10), (60, 10), (60, 60), (10, 10)):
        hand.click(corner)
    assert window.session.strokes.stroke is None
    assert selected(window)[20, 40]
    assert not selected(window)[50, 20]


def test_by_colour_everywhere_or_near(window: MainWindow) -> None:
    hand = Hand(window)
    window.session.strokes.set_ink(size=12.0)
    hand.drag((15, 15), (30, 15))
    hand.drag((60, 60), (80, 60))
    window.actions_table["select_colour"].trigger()
    hand.click((20, 15))
    assert window.session.document.selection.right < 45
    window.brush_bar.findChild(QToolButton, "combine_subtract").click()
    hand.click((20, 15))
    assert not window.session.document.selection
    window.brush_bar.findChild(QToolButton, "combine_replace").click()
    window.session.strokes.set_everywhere(contiguous=False)
    hand.click((20, 15))
    assert window.session.document.selection.right > 75


def test_a_lasso_is_moved_from_inside_as_one_step(window: MainWindow) -> None:
    hand, document = Hand(window), window.session.document
    window.session.strokes.set_ink(size=12.0)
    hand.drag((20, 20), (70, 20))
    before = document.picture().lines.copy()
    window.actions_table["select_hand"].trigger()
    hand.drag((10, 5), (45, 5), (45, 40), (10, 40))
    hand.drag((25, 20), (25, 50))
    assert document.undo_steps == 2
    assert (document.picture().lines[:40, :44] == 255).all()
    assert (document.picture().lines[50, 20:40] < 128).all()
    window.session.undo()
    assert np.array_equal(document.picture().lines, before)


def test_inverted_and_cleared(window: MainWindow) -> None:
    hand, document = Hand(window), window.session.document
    hand.drag((10, 40), (90, 40))
    window.actions_table["tool_select"].trigger()
    hand.drag((40, 30), (60, 50))
    window.actions_table["invert"].trigger()
    assert selected(window).sum() == document.width * document.height - 400
    window.actions_table["clear"].trigger()
    lines = document.picture().lines
    assert (lines[:, :40] == 255).all()
    assert (lines[40, 42:58] < 128).all()
    assert document.undo_steps == 2


def test_escape_leaves_the_selection_as_it_was(window: MainWindow) -> None:
    hand = Hand(window)
    window.actions_table["select_hand"].trigger()
    hand.drag((10, 10), (50, 10), (10, 50))
    before = selected(window)
    hand.press((60, 60))
    hand.move((90, 70))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    hand.release()
    assert np.array_equal(selected(window), before)


def test_the_outline_is_seen_and_marches(window: MainWindow) -> None:
    window.actions_table["select_hand"].trigger()
    Hand(window).drag((10, 10), (80, 10), (10, 70))
    seen = window.canvas.grab().toImage()
    until(lambda: window.canvas.grab().toImage() != seen)
