"""The welcome by keyboard: round in it, out of it, and what else goes on working."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QWidget,
)

from desktop.widgets.main_window import MainWindow
from tests.desktop.widgets.welcome.welcome_hands import (
    SHOWN,
    complete,
    key,
    tiles,
)
from tests.desktop.window_hands import settle


def test_tab_goes_round_in_it_and_esc_leaves(window: MainWindow):
    settle(window.session)
    complete(window)
    docks = window.actions_table["docks"]
    assert tiles(window)[0].hasFocus()
    seen: list[QWidget | None] = []
    for _ in range(40):
        seen.append(QApplication.focusWidget())
        key(window, Qt.Key.Key_Tab)
        if QApplication.focusWidget() is seen[0]:
            break
    names = [part.objectName() for part in seen if part is not None]
    assert names == [
        *(f"tile_{name}" for name in SHOWN),
        "welcome_open",
        "welcome_train",
        *(f"folder_{name}" for name in ("models", "runs", "recovery", "logs")),
        "welcome_at_start",
        "close_welcome",
    ]
    key(window, Qt.Key.Key_Backtab)
    assert QApplication.focusWidget() is seen[-1]
    assert docks.isChecked(), "Tab is the key for the panels elsewhere"
    key(window, Qt.Key.Key_Escape)
    assert not window.welcome.isVisible() and window.canvas.hasFocus()
    key(window, Qt.Key.Key_Tab)
    assert not docks.isChecked()


@pytest.mark.parametrize("code", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_and_space_choose(window: MainWindow, code: Qt.Key):
    settle(window.session)
    complete(window)
    key(window, Qt.Key.Key_Tab)
    key(window, code)
    settle(window.session)
    assert (window.session.title, window.session.live.card.name) == ("Boot", "tiny sketch")
    assert not window.welcome.isVisible()


def test_other_keys_go_on_working(window: MainWindow):
    settle(window.session)
    size = window.session.strokes.ink.size
    key(window, Qt.Key.Key_BracketRight)
    assert window.session.strokes.ink.size > size


# --- what is not lost ------------------------------------------------------------------------------
