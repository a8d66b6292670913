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


def test_undo_takes_back_the_last_point_and_not_the_last_stroke(window: MainWindow) -> None:
    hand, document = Hand(window), window.session.document
    hand.drag((10, 10), (90, 10))
    window.actions_table["tool_curve"].trigger()
    for point in ((10, 60), (50, 60), (90, 60)):
        hand.click(point)
    hand.drag((50, 60), (50, 40))
    undo = window.actions_table["undo"]
    shown = []
    for _ in range(3):
        undo.trigger()
        stroke = window.session.strokes.stroke
        assert stroke is not None
        shown.append([(round(point.x(), 6), round(point.y(), 6)) for point in stroke.handles])
    assert shown == [[(10, 60), (50, 60), (90, 60)], [(10, 60), (50, 60)], [(10, 60)]]
    assert (document.picture().lines[20:] == 255).all()
    undo.trigger()
    assert window.session.strokes.stroke is None
    assert document.undo_steps == 1
    undo.trigger()
    assert (document.picture().lines == 255).all()


def test_a_curve_goes_on_after_undo(window: MainWindow) -> None:
    hand, document = Hand(window), window.session.document
    window.actions_table["tool_curve"].trigger()
    hand.click((10, 60))
    hand.click((80, 20))
    hand.press((50, 30))
    window.actions_table["undo"].trigger()
    hand.release((60, 30))
    window.actions_table["undo"].trigger()
    hand.click((80, 60))
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert document.undo_steps == 1
    lines = document.picture().lines
    assert (lines[60, 12:78] < 200).all()
    assert (lines[:50] == 255).all()


@pytest.mark.parametrize("tool", ["tool_polygon", "select_polygon"])
def test_undo_takes_back_the_last_corner(window: MainWindow, tool: str) -> None:
    hand, document = Hand(window), window.session.document
    window.actions_table[tool].trigger()
    for corner in ((20, 20), (80, 20), (80, 60), (50, 75)):
        hand.click(corner)
    window.actions_table["undo"].trigger()
    stroke = window.session.strokes.stroke
    assert stroke is not None
    assert stroke.outline is not None
    shown = [(round(point.x(), 6), round(point.y(), 6)) for point in stroke.outline]
    assert shown == [(20, 20), (80, 20), (80, 60), (50, 75)]
    hand.click((20, 20))
    assert window.session.strokes.stroke is None
    if tool == "tool_polygon":
        assert (document.picture().lines[70:] == 255).all()
        assert document.undo_steps == 1
    else:
        assert document.selection.bottom <= 60


def test_redo_does_the_last_clicks_again(window: MainWindow) -> None:
    hand, strokes = Hand(window), window.session.strokes
    undo, redo = window.actions_table["undo"], window.actions_table["redo"]
    window.actions_table["tool_curve"].trigger()
    for point in ((10, 60), (50, 60)):
        hand.click(point)
    hand.drag((50, 60), (50, 40))
    hand.drag((90, 60), (95, 70))

    def shown() -> list[tuple[float, float]]:
        assert strokes.stroke is not None
        return [(round(point.x(), 6), round(point.y(), 6)) for point in strokes.stroke.handles]

    states = [shown()]
    assert not redo.isEnabled()
    for _ in range(3):
        undo.trigger()
        assert redo.isEnabled()
        states.append(shown())
    assert [len(state) for state in states] == [5, 2, 2, 1]
    for state in states[-2::-1]:
        redo.trigger()
        assert shown() == state
    assert not redo.isEnabled()
    undo.trigger()
    hand.click((90, 20))
    assert not redo.isEnabled(), "something else was done since"
    undo.trigger()
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert not redo.isEnabled()
    assert window.session.document.undo_steps == 1


@pytest.mark.parametrize("tool", ["tool_polygon", "select_polygon"])
def test_redo_sets_the_last_corners_again(window: MainWindow, tool: str) -> None:
    hand, strokes = Hand(window), window.session.strokes
    undo, redo = window.actions_table["undo"], window.actions_table["redo"]
    window.actions_table[tool].trigger()
    for corner in ((20, 20), (80, 20), (80, 60), (50, 75)):
        hand.click(corner)
    undo.trigger()
    undo.trigger()
    redo.trigger()
    assert redo.isEnabled()
    assert strokes.stroke is not None
    assert strokes.stroke.outline is not None
    shown = [(round(point.x(), 6), round(point.y(), 6)) for point in strokes.stroke.outline]
    assert shown == [(20, 20), (80, 20), (80, 60), (50, 75)]
    hand.click((30, 70))
    assert not redo.isEnabled(), "another corner stands in its place"


def test_redo_of_steps_waits_for_the_stroke(window: MainWindow) -> None:
    hand, document = Hand(window), window.session.document
    undo, redo = window.actions_table["undo"], window.actions_table["redo"]
    hand.drag((10, 10), (90, 10))
    undo.trigger()
    window.actions_table["tool_curve"].trigger()
    hand.click((10, 60))
    assert not redo.isEnabled()
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert redo.isEnabled()
    redo.trigger()
    assert document.undo_steps == 1
