"""The welcome’s looks, and the room that it takes and gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QScrollArea,
)

from desktop.widgets.main_window import MainWindow
from desktop.widgets.welcome import page
from tests.desktop.widgets.welcome.welcome_hands import (
    NONE,
    complete,
    key,
    place,
    tiles,
)
from tests.desktop.window_hands import settle


def test_every_part_says_what_it_is(window: MainWindow):
    assert window.welcome.accessibleName()
    for part in window.welcome.findChildren(QAbstractButton):
        assert part.accessibleName() or part.text(), part
        assert part.toolTip(), part.accessibleName()
        assert part.focusPolicy() & Qt.FocusPolicy.TabFocus, part.accessibleName()
    assert all(tile.accessibleDescription() for tile in tiles(window))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_dressed_in_either_theme(window: MainWindow, theme: str):
    settle(window.session)
    complete(window)
    before = {"light": "dark", "dark": "light"}[theme]
    window.set_theme(before)
    QApplication.processEvents()
    one = window.welcome.grab().toImage()
    window.set_theme(theme)
    QApplication.processEvents()
    other = window.welcome.grab().toImage()
    assert (one.pixelColor(3, 9).lightness() > 128) == (before == "light")
    assert (other.pixelColor(3, 9).lightness() > 128) == (theme == "light")


def test_tiles_are_seen_whole_whatever_the_width_was_before(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page, "NARROWEST", 240)
    settle(window.session)
    complete(window)
    scroll = window.welcome.findChild(QScrollArea)
    for width in (1280, 1000, 1280, 1600, 1000, 1600):
        window.resize(width, 800)
        QApplication.processEvents()
        assert (scroll.horizontalScrollBar().maximum() > 0) == (width == 1000)
        seen = place(window, scroll.viewport())
        for tile in tiles(window):
            there = place(window, tile)
            assert there.top() == seen.top() and there.bottom() <= seen.bottom()


def test_tiles_that_have_no_room_are_brought_into_sight(window: MainWindow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page, "NARROWEST", 240)
    settle(window.session)
    complete(window)
    window.resize(window.minimumSizeHint())
    QApplication.processEvents()
    scroll, last = window.welcome.findChild(QScrollArea), tiles(window)[-1]
    assert scroll.horizontalScrollBar().maximum() > 0

    def in_sight() -> bool:
        return place(window, scroll.viewport()).contains(place(window, last))

    assert not in_sight()
    tiles(window)[-2].setFocus()
    key(window, Qt.Key.Key_Tab)
    assert last.hasFocus() and in_sight()
    at = QPointF(scroll.viewport().rect().center())
    turn = QWheelEvent(
        at,
        QPointF(scroll.viewport().mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 1200),
        NONE,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(scroll.viewport(), turn)
    assert scroll.horizontalScrollBar().value() == 0


def test_panels_give_the_models_room_until_somebody_moves_them(started: Callable[[], MainWindow]):
    window = started()
    settle(window.session)
    heights = [dock.height() for dock in window.docks]
    assert heights[0] > 4 * 48 + 60, "four models and what is around them"
    sizes = [150, *([160] * (len(window.docks) - 2)), 400]
    window.resizeDocks(list(window.docks), sizes, Qt.Orientation.Vertical)
    QApplication.processEvents()
    moved = [dock.height() for dock in window.docks]
    assert moved[0] < heights[0] - 50
    window = started()
    settle(window.session)
    assert [dock.height() for dock in window.docks] == moved


def test_panels_that_cannot_be_put_back_get_their_first_sizes(started: Callable[[], MainWindow], home: Path):
    window = started()
    settle(window.session)
    heights = [dock.height() for dock in window.docks]
    window.close()
    file = home / "settings.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), "window_state": "AAAA"}), "utf-8")
    window = started()
    settle(window.session)
    assert [dock.height() for dock in window.docks] == heights


def test_files_opened_last_need_no_wider_window(started: Callable[[], MainWindow], tmp_path: Path):
    window = started()
    settle(window.session)
    narrowest = window.minimumSizeHint().width()
    window.welcome.leave()
    window.session.settings.recent = [
        f"/a/name/that/is/rather/long/{place} drawing.ora" for place in range(3)
    ]
    window.resize(narrowest, 800)
    window.actions_table["welcome"].trigger()
    QApplication.processEvents()
    assert window.minimumSizeHint().width() == narrowest == window.width()
    recent = window.welcome.recent.buttons
    assert recent[0].isVisible() and not recent[2].isVisible()
    window.resize(1600, 800)
    QApplication.processEvents()
    assert all(button.isVisible() for button in recent)


# --- by the keyboard -------------------------------------------------------------------------------
