"""Brushes with names, and the colours painted with last: by a real pointer, and after a restart."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu, QToolButton, QWidget

from desktop.handling import MOST_PRESETS
from desktop.session import Session
from desktop.support.settings import SettingsFile
from desktop.widgets.main_window import MainWindow
from tests.desktop.pen_hands import Hand
from tests.desktop.window_hands import message, settle


def test_a_brush_is_kept_by_its_name_and_taken_by_keys(window: MainWindow, session: Session) -> None:
    session.strokes.set_ink(size=40.0, hardness=0.3, opacity=0.5)
    window.actions_table["keep_preset"].trigger()
    dialog = window.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("  Wash & go ")
    dialog.accept()
    assert session.handling.presets == ("Wash & go",)
    session.strokes.set_ink(size=2.0, hardness=1.0, opacity=1.0, pressure_size=False)
    session.handling.keep_preset("Liner")
    QTest.keyClick(window.canvas, Qt.Key.Key_B)
    assert (session.strokes.ink.size, session.strokes.ink.opacity) == (40, 0.5)
    QTest.keyClick(window.canvas, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert not session.strokes.ink.pressure_size
    window.activateWindow()
    QTest.keyClick(window.canvas, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert session.strokes.ink.size == 40
    Hand(window).drag((48, 40), (49, 40))
    assert window.session.document.active.bounds().width >= 30


def test_the_menu_takes_and_deletes(window: MainWindow, session: Session) -> None:
    session.strokes.set_ink(size=31.0)
    for name in ("One", "Two"):
        session.handling.keep_preset(name)
    session.strokes.set_ink(size=3.0)
    menu = window.brush_bar.presets.menu()
    menu.actions()[0].trigger()
    assert session.strokes.ink.size == 31
    doomed = menu.actions()[-1].menu()
    assert isinstance(doomed, QMenu)
    doomed.actions()[0].trigger()
    assert session.handling.presets == ("Two",)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x07b"])
def test_names_that_are_none_are_refused_in_a_sentence(
    window: MainWindow, session: Session, name: str
) -> None:
    session.handling.keep_preset(name)
    assert session.handling.presets == ()
    assert "needs a name" in message(window)


def test_there_is_an_end_to_them(window: MainWindow, session: Session) -> None:
    for number in range(MOST_PRESETS + 1):
        session.handling.keep_preset(f"Brush {number}")
    assert len(session.handling.presets) == MOST_PRESETS
    assert "too many" in message(window)


def test_presets_and_colours_are_remembered(window: MainWindow, session: Session) -> None:
    session.handling.keep_preset("Liner")
    session.strokes.choose_colour((10, 200, 30))
    Hand(window).drag((20, 20), (60, 60))
    session.remember()
    settings = SettingsFile(session.file.path).settings
    assert settings.presets["Liner"]["size"] == 3
    assert settings.recent_colours == [[10, 200, 30]]


def test_a_preset_that_makes_no_sense_changes_nothing(window: MainWindow, session: Session) -> None:
    before = session.strokes.ink
    session.settings.presets["odd"] = {
        "size": -4,
        "brush": "broom",
        "colour": [1, 2, 3],
        "erase": True,
        "x": 1,
    }
    session.handling.take_preset("odd")
    assert session.strokes.ink == before


def test_colours_painted_with_stand_in_a_row(window: MainWindow, session: Session) -> None:
    hand = Hand(window)
    row = window.palette_dock.findChild(QWidget, "recent_colours")
    assert row is not None
    hand.drag((20, 20), (60, 60))
    assert session.strokes.recent == (), "lines are black, nobody chose that"
    for red in (10, 20, 10, *range(30, 250, 15)):
        session.strokes.choose_colour((red, 0, 0))
        hand.drag((20, 20), (30, 20 + red / 10))
    QApplication.processEvents()
    assert row.isVisibleTo(window.palette_dock)
    assert len(session.strokes.recent) == 12
    assert len(set(session.strokes.recent)) == 12
    assert session.strokes.recent[0] == (240, 0, 0)
    tile = row.findChild(QToolButton, "recent_3")
    assert tile is not None
    wanted = session.strokes.recent[3]
    tile.click()
    assert session.strokes.ink.colour == wanted
    session.new_picture("labels", 96, 80)
    settle(session)
    session.strokes.choose_colour((90, 0, 0))
    hand.drag((20, 20), (60, 60))
    assert session.document.can_undo and session.strokes.recent[0] == (240, 0, 0), "labels are no colours"
    session.finishing.add_layer()
    session.strokes.choose_colour((1, 2, 3))
    hand.drag((20, 20), (60, 60))
    assert session.strokes.recent[0] == (1, 2, 3), "the preview is painted over in colours"
    session.next_picture()
    session.strokes.choose_tool("eraser")
    before = session.strokes.recent
    hand.drag((20, 20), (60, 60))
    assert session.strokes.recent == before


def test_the_brush_that_the_dialog_was_opened_for_is_the_one_that_is_kept(
    window: MainWindow, session: Session
) -> None:
    session.strokes.set_ink(size=40.0, opacity=0.5)
    window.actions_table["keep_preset"].trigger()
    dialog = window.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("Wash")
    session.new_picture("image", 96, 80)  # as a second start has it, under the dialog
    session.strokes.set_ink(size=3.0, opacity=1.0)
    dialog.accept()
    kept = session.settings.presets["Wash"]
    assert (kept["size"], kept["opacity"]) == (40.0, 0.5)
