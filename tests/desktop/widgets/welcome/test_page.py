"""The welcome under the canvas, with a few bundled models of its own, real pointer and real keys."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QFileDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QWidget,
)

import resources
from desktop.app import begin, open_window
from desktop.paint.files.drawing import Drawing, Played
from desktop.paint.layers.layer import Role
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.widgets.main_window import MainWindow
from desktop.widgets.welcome import page
from desktop.widgets.welcome.tile import Tile
from engine.data.card import InputKind
from tests.desktop.window_hands import done, drag, send, settle, until

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
SHOWN = ["tiny lines", "tiny sketch", "tiny labels"]
"""Models that sample drawings are made for here, sketches first; “tiny image” has none."""


def a_drawing(kind: InputKind, model: str, title: str) -> Drawing:
    """Two strokes, at a place of their own for each title."""
    start = 6.0 + len(title)
    ends = (Sample(start, 8.0), Sample(start + 24, 50.0))
    if kind == "labels":
        ink = Ink(brush="pixel", colour=(200, 180, 20), filled=True)
        strokes = [Played("rectangle", Role.LABELS, ink, ends)]
    else:
        strokes = [
            Played("pen", Role.LINES, Ink(size=3), ends),
            Played("line", Role.HINTS, Ink(size=12, colour=(200, 20, 20)), ends),
        ]
    return Drawing(kind, 96, 96, title, model=model, strokes=strokes)


@pytest.fixture
def bundle(tmp_path: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that came with other models and drawings."""
    folder = tmp_path / "bundled"
    shutil.copytree(resources.path("palettes"), folder / "palettes")
    shutil.copytree(tiny_models, folder / "models")
    (folder / "samples").mkdir()
    drawings: list[tuple[InputKind, str, str]] = [
        ("sketch", "tiny sketch", "Boot"),
        ("sketch", "tiny sketch", "Another boot"),
        ("sketch", "tiny lines", "Bag"),
        ("labels", "tiny labels", "House"),
        ("sketch", "of somebody else", "Stranger"),
    ]
    for number, (kind, model, title) in enumerate(drawings):
        a_drawing(kind, model, title).save(folder / "samples" / f"{number}.json")
    monkeypatch.setattr(resources, "_HERE", folder)
    return folder


@pytest.fixture
def started(qapp: QApplication, bundle: Path) -> Iterator[Callable[[], MainWindow]]:
    """Start the program, as often as wanted; what it remembers is in the home folder."""
    open_now: list[MainWindow] = []

    def close() -> None:
        window = open_now.pop()
        session = window.session
        window.close()
        window.deleteLater()
        session.deleteLater()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        qapp.processEvents()

    def start() -> MainWindow:
        if open_now:
            close()
        session, window = open_window()
        open_now.append(window)
        window.resize(1280, 800)
        window.welcome.greet()
        window.show()
        begin(session, window, None)
        window.welcome.take_keyboard()
        return window

    yield start
    if open_now:
        close()


@pytest.fixture
def window(started: Callable[[], MainWindow]) -> MainWindow:
    """The very first start."""
    return started()


def tiles(window: MainWindow) -> list[Tile]:
    found = [tile for tile in window.welcome.findChildren(Tile) if tile.isVisible()]
    return sorted(found, key=lambda tile: tile.x())


def complete(window: MainWindow) -> list[Tile]:
    """Wait for all pictures."""
    until(lambda: tiles(window) and all(tile.complete for tile in tiles(window)))
    return tiles(window)


def tile_of(window: MainWindow, model: str) -> Tile:
    return next(tile for tile in tiles(window) if tile.exhibit.card.name == model)


def click(window: MainWindow, widget: QWidget) -> None:
    """Press and release in the middle of a widget, through the window."""
    middle = widget.mapTo(window, widget.rect().center())
    QTest.mouseClick(window.windowHandle(), LEFT, Qt.KeyboardModifier.NoModifier, middle)


def key(window: MainWindow, code: Qt.Key) -> None:
    """Type a key, wherever the keyboard is."""
    QTest.keyClick(window.windowHandle(), code)


def place(window: MainWindow, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


# --- what is seen ----------------------------------------------------------------------------------


def test_the_first_start_shows_it_beside_a_live_drawing(window: MainWindow):
    assert window.welcome.isVisible()
    assert QApplication.activeModalWidget() is None
    settle(window.session)
    for part in (window.canvas, window.preview):
        assert part.isVisible() and part.height() > 250
        assert not place(window, part).intersects(place(window, window.welcome))


def test_each_bundled_model_with_drawings_is_a_picture(window: MainWindow):
    settle(window.session)
    assert [tile.exhibit.card.name for tile in complete(window)] == SHOWN
    shown = window.session.gallery.shown
    assert [shown[tile.exhibit.model].title for tile in tiles(window)] == ["Bag", "Boot", "House"]
    for tile in tiles(window):
        seen = tile.grab().toImage()
        across = tile.width() // 2
        halves = (seen.copy(4, 4, across - 8, across - 20), seen.copy(across + 4, 4, across - 8, across - 20))
        for half in halves:
            step = range(0, min(half.width(), half.height()), 3)
            colours = {half.pixel(x, y) for x in step for y in step}
            assert len(colours) > 2, tile.text()


@pytest.mark.parametrize("model", SHOWN)
def test_a_tile_shows_what_the_canvas_will_show(window: MainWindow, model: str):
    settle(window.session)
    complete(window)
    tile = tile_of(window, model)
    promised = window.session.gallery.shown[tile.exhibit.model]
    click(window, tile)
    session = window.session
    settle(session)
    assert session.title == promised.title
    assert session.live.model_file == tile.exhibit.model
    np.testing.assert_array_equal(session.document.picture_flat(), promised.drawn)
    np.testing.assert_array_equal(session.live.preview, promised.preview)
    assert not window.welcome.isVisible()
    assert window.canvas.hasFocus()
    assert not session.document.can_undo
    drag(window, (10, 10), (80, 80))
    settle(session)
    assert (session.live.preview != promised.preview).any(), "ready to be painted on"


def test_a_click_before_the_pictures_are_there_works_too(window: MainWindow):
    click(window, tile_of(window, "tiny lines"))
    settle(window.session)
    assert (window.session.title, window.session.live.card.name) == ("Bag", "tiny lines")


def test_damaged_drawings_and_models_cost_only_their_tile(
    bundle: Path, started: Callable[[], MainWindow], caplog: pytest.LogCaptureFixture
):
    window = started()  # it begins with the bag and “tiny lines”
    (bundle / "samples" / "2.json").write_text("{")
    (bundle / "models" / "tiny labels.safetensors").write_bytes(b"not a model")
    settle(window.session)
    gallery = window.session.gallery
    until(lambda: gallery.shown and not gallery._busy and not gallery._soon.isActive())
    assert {file.stem: shown.title for file, shown in gallery.shown.items()} == {"tiny sketch": "Boot"}
    assert [tile.exhibit.card.name for tile in tiles(window)] == ["tiny sketch", "tiny labels"]
    assert [tile.complete for tile in tiles(window)] == [True, False]
    assert not window.messages.isVisible(), "nobody asked, so nobody is told"
    assert "gallery" in caplog.text


def test_pictures_are_not_made_while_somebody_draws(window: MainWindow):
    session = window.session
    settle(session)
    complete(window)
    gallery = session.gallery
    gallery.shown, gallery._found = {}, None
    send(window, QEvent.Type.MouseButtonPress, (20, 20), LEFT, LEFT)
    gallery._soon.start()
    send(window, QEvent.Type.MouseMove, (60, 50), NONE, LEFT)
    settle(session)
    until(lambda: not gallery._soon.isActive())
    assert not gallery._busy and gallery.shown == {}
    send(window, QEvent.Type.MouseButtonRelease, (60, 50), LEFT, NONE)
    until(lambda: len(gallery.shown) == len(SHOWN))


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
    window.resizeDocks(list(window.docks), [150, 400, 160], Qt.Orientation.Vertical)
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
    recent = window.welcome._recent.buttons
    assert recent[0].isVisible() and not recent[2].isVisible()
    window.resize(1600, 800)
    QApplication.processEvents()
    assert all(button.isVisible() for button in recent)


# --- by the keyboard -------------------------------------------------------------------------------


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
    listed = [button for button in window.welcome._recent.buttons if button.isVisible()]
    assert [button.accessibleName() for button in listed] == [f"Open “{name}”" for name in names[:0:-1]]
    assert listed[2].text() == "a && b <i>.ora" and "<i>" not in listed[2].toolTip()
    assert all(button.sizeHint().width() <= button.width() for button in listed)
    click(window, listed[2])
    assert window.session.title == "a & b <i>.ora"
    np.testing.assert_array_equal(window.session.document.picture_flat(), drawn)
    assert not window.welcome.isVisible()
