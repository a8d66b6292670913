"""When the welcome comes and goes, and where it leads on to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFileDialog,
    QLabel,
    QPushButton,
)

from desktop.widgets.main_window import MainWindow
from tests.desktop.widgets.welcome.welcome_hands import (
    LEFT,
    click,
    complete,
    tiles,
)
from tests.desktop.window_hands import done, drag, settle, until


def test_a_drawing_with_unsaved_work_stays_open(window: MainWindow):
    session = window.session
    settle(session)
    complete(window)
    drag(window, (10, 10), (60, 60))
    drawn, pixels = session.picture, session.document.picture_flat().copy()
    assert window.welcome.isVisible(), "the canvas must not move under the pen"
    click(window, tiles(window)[0])
    settle(session)
    assert session.picture is not drawn and drawn in session.pictures and not drawn.is_saved
    assert drawn.journal is not None
    window.actions_table["next_picture"].trigger()
    settle(session)
    assert session.picture is drawn and session.document.can_undo
    np.testing.assert_array_equal(session.document.picture_flat(), pixels)


def test_another_picture_puts_it_away(window: MainWindow):
    settle(window.session)
    window.session.new_picture("sketch", 64, 64)
    assert not window.welcome.isVisible()


# --- coming and going ------------------------------------------------------------------------------


def test_it_comes_once_unless_it_is_wanted_at_every_start(started: Callable[[], MainWindow], home: Path):
    window = started()
    box = window.welcome.findChild(QCheckBox, "welcome_at_start")
    assert not box.isChecked()
    window = started()
    assert not window.welcome.isVisible()
    until(window.canvas.hasFocus)

    window.actions_table["welcome"].trigger()
    assert window.welcome.isVisible()
    settle(window.session)
    complete(window)
    box = window.welcome.findChild(QCheckBox, "welcome_at_start")
    QTest.mouseClick(box, LEFT, pos=QPoint(10, box.height() // 2))
    assert box.isChecked()
    window = started()
    assert window.welcome.isVisible()
    box = window.welcome.findChild(QCheckBox, "welcome_at_start")
    assert box.isChecked()
    QTest.mouseClick(box, LEFT, pos=QPoint(10, box.height() // 2))
    window = started()
    assert not window.welcome.isVisible()
    settings = json.loads((home / "settings.json").read_text("utf-8"))
    assert (settings["welcomed"], settings["welcome_at_start"]) == (True, False)


def test_damaged_settings_are_told_of_and_count_as_none(started: Callable[[], MainWindow], home: Path):
    (home / "settings.json").write_text("{")
    window = started()
    label = window.messages.findChild(QLabel, "message_text")
    assert window.messages.isVisible() and str(home / "settings.damaged") in label.text()
    assert window.welcome.isVisible()


def test_help_brings_it_back_with_its_pictures(window: MainWindow):
    settle(window.session)
    complete(window)
    click(window, window.welcome.findChild(QAbstractButton, "close_welcome"))
    assert not window.welcome.isVisible()
    window.actions_table["welcome"].trigger()
    assert window.welcome.isVisible() and all(tile.complete for tile in tiles(window))
    assert tiles(window)[0].hasFocus()


def test_open_and_train_lead_on(window: MainWindow):
    settle(window.session)
    click(window, window.welcome.findChild(QPushButton, "welcome_open"))
    (dialog,) = window.findChildren(QFileDialog)
    assert dialog.isVisible()
    dialog.reject()
    click(window, window.welcome.findChild(QPushButton, "welcome_train"))
    assert window.training.window is not None and window.training.window.isVisible()
    assert window.welcome.isVisible()


def test_files_opened_last_can_be_opened_again(started: Callable[[], MainWindow], tmp_path: Path):
    window = started()
    settle(window.session)
    drag(window, (10, 10), (60, 60))
    drawn = window.session.document.picture_flat().copy()
    names = [
        "one.ora",
        "a & b <i>.ora",
        "a name that is far longer than the room there is for it.ora",
        "4.ora",
    ]
    for name in names:
        assert done(window.session.save(tmp_path / name))
    window = started()
    window.actions_table["welcome"].trigger()
    listed = [button for button in window.welcome.recent.buttons if button.isVisible()]
    assert [button.accessibleName() for button in listed] == [f"Open “{name}”" for name in names[:0:-1]]
    assert listed[2].text() == "a && b <i>.ora" and "<i>" not in listed[2].toolTip()
    assert all(button.sizeHint().width() <= button.width() for button in listed)
    click(window, listed[2])
    assert window.session.title == "a & b <i>.ora"
    np.testing.assert_array_equal(window.session.document.picture_flat(), drawn)
    assert not window.welcome.isVisible()
