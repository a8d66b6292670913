from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.widgets.main_window import MainWindow
from tests.desktop.pen_hands import NONE, Hand


@pytest.mark.parametrize("pen", [False, True])
def test_a_curve_is_drawn_and_enter_keeps_it_as_one_step(window: MainWindow, pen: bool) -> None:
    hand, document = Hand(window, pen=pen), window.session.document
    window.session.strokes.set_ink(pressure_size=False)
    window.actions_table["tool_curve"].trigger()
    hand.drag((10, 60), (10, 40), (10, 20))
    hand.move((50, 30), held=NONE)
    hand.drag((80, 60), (80, 80), (80, 100))
    hand.drag((80, 60), (82, 50), (85, 40))
    assert document.undo_steps == 0
    assert (document.picture().lines < 255).any(), "it is seen as it will be"
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert window.session.steps.undo_text == "Curve"
    lines = document.picture().lines
    assert (lines[38:43, 83:88] < 200).any()
    window.session.undo()
    assert (document.picture().lines == 255).all()


def test_escape_and_another_tool(window: MainWindow) -> None:
    hand, document = Hand(window), window.session.document
    window.actions_table["tool_curve"].trigger()
    hand.click((10, 60))
    hand.click((80, 60))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert (document.picture().lines == 255).all()
    hand.click((10, 60))
    hand.click((80, 60))
    window.actions_table["tool_pen"].trigger()
    assert document.undo_steps == 1
    assert (document.picture().lines[60, 12:78] < 200).all()


def test_a_click_on_the_first_point_closes(window: MainWindow) -> None:
    hand, document = Hand(window), window.session.document
    window.actions_table["tool_curve"].trigger()
    for corner in ((20, 20), (80, 20), (80, 60), (20, 20)):
        hand.click(corner)
    assert window.session.strokes.stroke is None
    lines = document.picture().lines
    assert document.undo_steps == 1
    assert (np.array([lines[40, 50], lines[20, 50], lines[40, 80]]) < 200).all()
