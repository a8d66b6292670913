from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QSpinBox

from desktop.session import Session
from desktop.support.settings import SettingsFile
from desktop.widgets.main_window import MainWindow
from tests.desktop.pen_hands import SHIFT, Hand
from tests.desktop.window_hands import message


@pytest.fixture
def hand(window: MainWindow) -> Hand:
    window.actions_table["adjust_axes"].trigger()
    return Hand(window)


def lines(window: MainWindow) -> np.ndarray:
    return window.session.document.picture().lines < 128


def test_the_crossing_is_moved_by_its_knob(window: MainWindow, hand: Hand) -> None:
    window.actions_table["mirror_vertical"].trigger()
    hand.drag((48, 40), (40, 40), (32, 40))
    assert window.session.document.undo_steps == 0
    assert window.session.strokes.ink.axes[0] == pytest.approx(32 / 96)
    hand.drag((5, 20), (20, 60))
    painted = lines(window)
    assert painted.any()
    assert np.array_equal(painted[:, :64], painted[:, 63::-1])
    assert window.session.document.undo_steps == 1
    window.actions_table["reset_axes"].trigger()
    assert window.session.strokes.ink.axes == (0.5, 0.5, 0)


def test_axes_are_turned_by_the_other_knob(window: MainWindow, hand: Hand) -> None:
    window.actions_table["mirror_vertical"].trigger()
    hand.drag((48, 20), (60, 25), (69, 21), keys=SHIFT)
    assert window.session.strokes.ink.axes == (0.5, 0.5, 45)
    hand.drag((48, 10), (48, 20))  # straight above: its copy lies to the right
    assert lines(window)[40, 70:76].all()
    assert window.session.document.undo_steps == 1


def test_radial_symmetry_by_a_pen(window: MainWindow) -> None:
    window.actions_table["radial"].trigger()
    fold = window.brush_bar.findChild(QSpinBox, "fold")
    assert fold is not None
    QApplication.processEvents()  # the bar is laid out anew
    assert fold.isVisibleTo(window.brush_bar)
    fold.setValue(4)
    window.session.strokes.set_ink(size=6.0)
    Hand(window, pen=True).drag((60, 40), (70, 40))
    painted = lines(window)
    assert painted[40, 66]
    assert painted[40, 30]
    assert painted[58, 48]
    assert painted[22, 48]
    window.session.undo()
    assert not lines(window).any()
    window.actions_table["mirror_vertical"].trigger()
    assert window.session.strokes.ink.symmetry == "vertical"
    assert not window.actions_table["radial"].isChecked()


def test_without_being_adjusted_one_draws_over_the_crossing(window: MainWindow) -> None:
    window.actions_table["mirror_vertical"].trigger()
    Hand(window).drag((48, 40), (30, 40))
    assert window.session.strokes.ink.axes == (0.5, 0.5, 0)
    assert lines(window)[40, 32:64].all()


def test_axes_are_remembered(window: MainWindow, hand: Hand, session: Session) -> None:
    window.actions_table["radial"].trigger()
    session.strokes.set_everywhere(fold=9)
    hand.drag((48, 40), (24, 60))
    session.remember()
    settings = SettingsFile(session.file.path).settings
    assert settings.fold == 9
    assert settings.axes == [0.25, 0.75, 0]


def test_without_a_symmetry_it_is_said_that_there_are_no_axes(window: MainWindow, hand: Hand) -> None:
    assert "switch on a symmetry" in message(window)
    window.actions_table["adjust_axes"].trigger()
    window.messages.hide()
    window.actions_table["radial"].trigger()
    window.actions_table["adjust_axes"].trigger()
    assert window.session.strokes.adjusting and not message(window)
