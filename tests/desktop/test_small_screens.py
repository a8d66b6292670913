"""Small screens: 1024 × 600, and 960 × 540, which is 1920 × 1080 at twice the size."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEventLoop, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QMenu, QToolButton, QWidget

from desktop.paint.editing.document import Document
from desktop.session import OpenPicture
from desktop.widgets.dialogs.picture_dialogs import ShortcutsDialog
from desktop.widgets.main_window import MainWindow
from desktop.widgets.panels.folding import FoldingHeader
from desktop.widgets.parts import room
from engine.data.card import InputKind
from engine.data.palette import Label, Palette
from tests.desktop.window_hands import done, settle

SMALL = [(1024, 600), (960, 540)]
LONG = "A name that nobody would want to read whole, least of all in a narrow panel " * 3


def shrunk(window: QWidget, width: int, height: int) -> QSize:
    """How large the window is when it is asked to be that small."""
    window.resize(width, height)
    QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    window.resize(width, height)  # layouts may have asked for more meanwhile
    return window.size()


def header_of(dock: QDockWidget) -> FoldingHeader:
    """What a panel is folded by."""
    header = dock.titleBarWidget()
    assert isinstance(header, FoldingHeader)
    return header


def heights(window: MainWindow) -> list[int]:
    """Of the panels, from the top."""
    return [dock.height() for dock in window.docks]


@pytest.mark.parametrize("kind", ["sketch", "labels", "image"])
def test_the_window_fits_small_screens(window: MainWindow, kind: InputKind) -> None:
    session = window.session
    session.new_picture(kind, 96, 80)
    settle(session)
    for width, height in SMALL:
        assert shrunk(window, width, height) == QSize(width, height)
        for part in (*window.docks, window.canvas, window.preview, window.preview_bar, window.status_line):
            corner = part.mapTo(window, part.rect().bottomRight())
            assert part.isVisible() and corner.x() < width and corner.y() < height, part.objectName()


@pytest.mark.parametrize("mode", ["beside", "over", "split"])
def test_it_fits_with_all_that_can_be_shown_at_once(window: MainWindow, mode: str) -> None:
    window.actions_table[mode].trigger()
    assert done(window.session.shelf.keep())
    window.welcome.open()
    for width, height in SMALL:
        assert shrunk(window, width, height) == QSize(width, height)
    window.welcome.hide()
    window.session.teaching.begin(window.session.shelf.kept[0])
    for width, height in SMALL:
        assert shrunk(window, width, height) == QSize(width, height)
    window.session.teaching.leave()


def test_long_names_make_nothing_wide(window: MainWindow) -> None:
    before = window.minimumSizeHint().width()
    palette = Palette(LONG, (Label(LONG, (1, 2, 3)), Label("x", (4, 5, 6))))
    document = Document.new("labels", 60, 40, palette)
    document.layers[0].name = LONG
    window.session.put_up(OpenPicture(document, translated=False, title=LONG))
    assert shrunk(window, *SMALL[1]) == QSize(*SMALL[1])
    assert window.minimumSizeHint().width() <= max(before, 640)


def test_every_button_of_the_bar_is_there_with_words_or_without(window: MainWindow) -> None:
    buttons = [button for button in window.preview_bar.findChildren(QToolButton) if button.isVisible()]
    for width in (1700, 960, 700):
        shrunk(window, width, 540)
        inside = window.preview_bar.rect()
        assert all(inside.contains(button.geometry()) for button in buttons), width
    wordless = [button.toolTip() for button in buttons if button.toolButtonStyle().value == 0]
    assert wordless and all(wordless)


def test_recent_files_are_cut_in_the_middle(window: MainWindow) -> None:
    window.session.settings.recent = [f"/pictures/{LONG.strip()} the end {number}.ora" for number in (1, 2)]
    menu = QMenu(window)
    window.files.fill_recent(menu)
    assert menu.sizeHint().width() < room.LONGEST_NAME + 100
    for number, action in enumerate(menu.actions(), start=1):
        assert action.text().startswith("A name") and action.text().endswith(f"{number}.ora")
        assert Path(window.session.settings.recent[number - 1]).name in action.toolTip()


def test_a_name_in_a_label_shows_its_ends_and_tells_all(qapp: QApplication) -> None:
    label = room.NameLabel("beginning " + LONG + " ending")
    label.resize(120, 20)
    label.show()
    assert label.text().startswith("b") and label.text().endswith("g")
    assert QFontMetrics(label.font()).horizontalAdvance(label.text()) <= 120
    assert "ending" in label.toolTip()
    label.show_name("short")
    assert (label.text(), label.toolTip()) == ("short", "")


def test_other_windows_fit_too(window: MainWindow) -> None:
    window.training.open()
    training = next(it for it in QApplication.topLevelWidgets() if it.objectName() == "training_window")
    for width, height in SMALL:
        assert shrunk(training, width, height) == QSize(width, height)
        scrolling = training.findChild(room.Scrolling)
        assert scrolling is not None and scrolling.verticalScrollBar().maximum() == 0  # nothing is cut off
    training.close()
    form = ShortcutsDialog(window.actions_table, window)
    form.show()
    screen = QGuiApplication.primaryScreen().availableGeometry().size()
    assert form.height() <= screen.height()
    assert shrunk(form, 500, 500) == QSize(500, 500)
    form.close()


def test_panels_fold_by_their_headers_and_are_remembered(window: MainWindow) -> None:
    shrunk(window, *SMALL[1])
    for dock in window.docks:
        header, body = header_of(dock), dock.widget()
        assert not header.is_folded
        before = dock.height()
        header.button.click()
        shrunk(window, *SMALL[1])
        assert not body.isVisible() and dock.height() < 40 < before
        assert header.button.isVisible() and "again" in header.button.toolTip()
        assert window.session.settings.folded == [dock.objectName()]
        QTest.keyClick(header.button, Qt.Key.Key_Space)
        shrunk(window, *SMALL[1])
        assert body.isVisible() and not header.is_folded
        QTest.keyClick(header.button, Qt.Key.Key_Return)
        assert not body.isVisible() and header.is_folded
        header.button.click()
        shrunk(window, *SMALL[1])
        assert body.isVisible() and abs(dock.height() - before) <= 40
        assert window.session.settings.folded == []


@pytest.mark.parametrize("size", [*SMALL, (1280, 800)])
def test_panels_come_back_as_high_as_they_were(window: MainWindow, size: tuple[int, int]) -> None:
    """However many are folded before the first is shown again, and in whatever order they are."""
    shrunk(window, *size)
    window.resizeDocks(list(window.docks), [150, 60, 130, 110], Qt.Orientation.Vertical)
    before = heights(window)
    for order in ((0, 2, 3), (3, 2, 1, 0), (2, 3), (1, 0), (3,)):
        for opening in (order, order[::-1]):
            for number in order:
                header_of(window.docks[number]).button.click()
                shrunk(window, *size)
            assert all(window.docks[number].height() < 40 for number in order)
            for number in opening:
                header_of(window.docks[number]).button.click()
                shrunk(window, *size)
            after = heights(window)
            assert all(abs(now - then) <= 40 for now, then in zip(after, before, strict=True)), (order, after)


def test_a_panel_comes_back_as_high_as_it_was_while_another_is_folded(window: MainWindow) -> None:
    models, _, palette, layers = window.docks
    header_of(models).button.click()
    window.resizeDocks([palette, layers], [200, 400], Qt.Orientation.Vertical)
    shrunk(window, 1280, 800)
    before = palette.height(), layers.height()
    header_of(palette).button.click()
    shrunk(window, 1280, 800)
    header_of(palette).button.click()
    shrunk(window, 1280, 800)
    assert abs(palette.height() - before[0]) <= 40 and abs(layers.height() - before[1]) <= 40


def test_a_panel_comes_back_as_high_as_it_was_among_others_than_then(window: MainWindow) -> None:
    shrunk(window, 1280, 800)
    _, _, palette, layers = window.docks
    before = palette.height()
    for dock in (palette, layers):
        header_of(dock).button.click()
        shrunk(window, 1280, 800)
    header_of(palette).button.click()
    shrunk(window, 1280, 800)
    assert header_of(layers).is_folded and abs(palette.height() - before) <= 40


def test_a_panel_that_was_folded_is_so_at_the_next_start(window: MainWindow) -> None:
    window.session.settings.folded.append("palette_dock")
    again = MainWindow(window.session)
    again.show()
    folded = {dock.objectName(): not dock.widget().isVisible() for dock in again.docks}
    shrunk(again, 1280, 800)
    header_of(again.palette_dock).button.click()
    shrunk(again, 1280, 800)
    fair = sum(heights(again)) / 4
    assert abs(again.palette_dock.height() - fair) <= 40  # nobody knows how high it was
    again.hide()
    again.deleteLater()
    assert [name for name, away in folded.items() if away] == ["palette_dock"] and len(folded) == 4


def test_folding_makes_room_for_the_panels_that_are_left(window: MainWindow) -> None:
    shrunk(window, *SMALL[1])
    models, _, palette, _ = window.docks
    before = palette.height()
    header_of(models).button.click()
    shrunk(window, *SMALL[1])
    assert palette.height() > before


def test_a_window_whose_remembered_state_is_damaged_has_its_usual_panels(window: MainWindow) -> None:
    """Qt looks for no damage: what a disk did to a byte of it ended the program at every start."""
    settings = window.session.settings
    room.remember(window, window.splitter, settings)
    usual = settings.window_state
    window.layer_dock.setFloating(True)
    room.remember(window, window.splitter, settings)
    assert usual != settings.window_state
    settings.window_state = settings.window_state.partition(":")[0] + ":" + usual.partition(":")[2]
    again = MainWindow(window.session)
    again.show()
    assert not again.layer_dock.isFloating()
    again.hide()
    again.deleteLater()


@pytest.mark.parametrize("name", ["geometry", "window_state", "splitter"])
def test_no_damage_of_a_remembered_state_reaches_qt(window: MainWindow, name: str) -> None:
    room.remember(window, window.splitter, window.session.settings)
    state = getattr(window.session.settings, name)
    assert not room.unsealed(state).isEmpty()
    for place in range(len(state)):
        other = "A" if state[place] != "A" else "B"
        damaged = state[:place] + other + state[place + 1 :]
        found = room.unsealed(damaged)
        # Two of the 64 signs may stand for the same bits at the very end.
        assert found.isEmpty() or found == room.unsealed(state) or ":" not in damaged
    assert room.unsealed("\ud800").isEmpty()


def test_the_way_to_tools_without_room_is_seen(window: MainWindow) -> None:
    """Qt gives its button 12 pixels; less what other buttons have around their icons, two were left."""
    shrunk(window, *SMALL[0])
    for bar in (window.tool_bar, window.brush_bar):
        more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
        assert more is not None and more.isVisible()
        seen = more.grab().toImage()
        ground = seen.pixel(0, 0)
        inked = [
            (x, y) for x in range(seen.width()) for y in range(seen.height()) if seen.pixel(x, y) != ground
        ]
        for along in zip(*inked, strict=True):
            assert max(along) - min(along) >= 8, bar.objectName()
