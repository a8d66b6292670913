from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.widgets.main_window import MainWindow
from tests.desktop.pen_hands import Hand
from tests.desktop.window_hands import until

WOBBLY = [(10.0 + 2 * step, 30 + (step % 7 - 3) * 0.5) for step in range(35)]


def draw_and_hold(hand: Hand) -> None:
    hand.press(WOBBLY[0])
    for point in WOBBLY[1:]:
        hand.move(point)
    for _ in range(80):  # a hand that holds a pen is never quite still
        x, y = WOBBLY[-1]
        hand.move((x + hand.ms % 2 * 0.2, y))


@pytest.mark.parametrize("pen", [False, True])
def test_a_stroke_held_still_becomes_a_line(window: MainWindow, pen: bool) -> None:
    hand, document = Hand(window, pen=pen), window.session.document
    draw_and_hold(hand)
    assert window.session.strokes.became == "Line"
    assert "Line" in window.status_line.currentMessage()
    hand.release()
    assert window.session.steps.undo_text == "Line"
    line = document.picture().lines
    window.session.undo()
    assert window.session.steps.undo_text == "Stroke"
    assert not np.array_equal(document.picture().lines, line)
    window.session.undo()
    assert document.undo_steps == 0
    assert (document.picture().lines == 255).all()


def test_a_mouse_that_says_nothing_is_held_still(window: MainWindow) -> None:
    hand = Hand(window)
    hand.press(WOBBLY[0])
    for point in WOBBLY[1:]:
        hand.move(point)
    until(lambda: window.session.strokes.became == "Line")
    hand.release()
    assert window.session.document.undo_steps == 2


def test_esc_gives_the_free_stroke_back(window: MainWindow) -> None:
    hand = Hand(window)
    draw_and_hold(hand)
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    hand.release()
    assert window.session.strokes.stroke is None
    assert window.session.strokes.became == ""
    assert window.session.steps.undo_text == "Stroke"
    assert window.session.document.undo_steps == 1


def test_undo_while_it_is_held_gives_the_free_stroke_back(window: MainWindow) -> None:
    draw_and_hold(Hand(window))
    window.session.undo()
    assert window.session.steps.undo_text == "Stroke"


def test_quick_shapes_can_be_switched_off(window: MainWindow) -> None:
    window.actions_table["quick_shapes"].trigger()
    assert not window.session.settings.quick_shapes
    hand = Hand(window)
    draw_and_hold(hand)
    assert window.session.strokes.became == ""
    hand.release()
    assert window.session.document.undo_steps == 1
