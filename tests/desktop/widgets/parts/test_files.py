"""Opening, saving and closing, as the window offers them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton

from desktop.session import Session
from desktop.widgets.inputs.paper_dialog import PaperDialog
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.message_bar import MessageBar
from engine.data.picture import write_png
from tests.desktop.window_hands import done, drag, files_done, settle, until


def press(window: MainWindow, text: str) -> None:
    """Press the message bar's button of that text, and wait for the files that are read or written then."""
    press_in(window.messages, text)
    files_done(window.session)


def press_in(messages: MessageBar, text: str) -> None:
    """Press that bar's button of that text."""
    found = [button for button in messages.findChildren(QPushButton) if button.isVisible()]
    next(button for button in found if text in button.text().replace("&", "")).click()


def alt(window: MainWindow, letter: str) -> None:
    """Press Alt and a letter, as it stands underlined on a button, which is pressed a moment later."""
    window.activateWindow()
    until(window.isActiveWindow)
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key[f"Key_{letter}"], Qt.KeyboardModifier.AltModifier)


def choose(window: MainWindow, path: Path) -> None:
    """Answer the file dialog, and wait for the files that are read or written then."""
    (dialog,) = [child for child in window.findChildren(QFileDialog) if child.isVisible()]
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    files_done(window.session)


def test_saving_leaves_the_view_as_it_is(window: MainWindow, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    window.canvas.zoom(3)
    scale = window.view.scale
    assert done(window.session.save(tmp_path / "drawing.ora"))
    assert window.view.scale == scale
    assert window.windowTitle().startswith("drawing.ora")


def test_another_size_is_fitted_into_the_window_again(window: MainWindow):
    scale = window.view.scale
    window.session.edit(lambda document: document.resize(48, 40))
    assert window.view.scale > 1.9 * scale
    window.session.undo()
    assert window.view.scale == scale


def test_closing_the_last_picture_leaves_an_empty_one(window: MainWindow):
    session = window.session
    for picture in list(session.pictures):
        session.put_up(picture)
        drag(window, (10, 10), (50, 50))
    for picture in list(session.pictures):
        session.close_picture(picture)
    assert session.pictures == [session.picture]
    assert not session.document.can_undo
    assert (session.document.picture_flat() == 255).all()


def test_closing_an_unsaved_picture_asks_and_can_throw_it_away(window: MainWindow):
    drag(window, (10, 10), (50, 50))
    picture = window.session.picture
    window.actions_table["close"].trigger()
    assert picture in window.session.pictures
    press(window, "Throw")
    assert picture not in window.session.pictures


def test_save_and_close_saves_the_picture_that_was_meant_and_closes_it(window: MainWindow, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    session = window.session
    picture = session.picture
    window.actions_table["close"].trigger()
    session.new_picture("image", 40, 40)
    press(window, "Save and close")
    choose(window, tmp_path / "meant.ora")
    assert (tmp_path / "meant.ora").is_file()
    assert picture not in session.pictures
    assert session.document.kind == "image"


def test_a_picture_from_elsewhere_can_be_opened_as_another_kind(window: MainWindow, tmp_path: Path):
    session = window.session
    drag(window, (10, 10), (50, 50))
    path = tmp_path / "photo.png"
    write_png(path, np.full((40, 60, 3), (200, 90, 30), np.uint8))
    done(session.open_file(path))
    assert session.document.kind == "sketch"  # as was on the canvas
    press(window, "Open as image")
    settle(session)
    assert session.document.kind == "image"
    assert [picture.name for picture in session.pictures].count("photo") == 1


def test_a_picture_opened_as_another_kind_takes_no_other_ones_place(
    window: MainWindow, session: Session, tmp_path: Path, noise: np.ndarray
):
    """Another may have come up since it was asked."""
    drag(window, (10, 10), (50, 50))
    assert done(session.save(tmp_path / "house.ora"))
    house = session.picture
    write_png(tmp_path / "plain.png", noise)
    assert done(session.open_file(tmp_path / "plain.png"))
    plain = session.picture
    session.put_up(house)
    press(window, "Open as image")
    files_done(session)
    assert session.document.kind == "image"
    assert house in session.pictures and plain not in session.pictures


def test_recent_files_are_found_from_any_folder(window: MainWindow, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_png(Path("a&b.png"), np.zeros((20, 20, 3), np.uint8))
    done(window.session.open_file(Path("a&b.png")))
    assert window.session.settings.recent == [str(tmp_path / "a&b.png")]
    menu = QMenu(window)
    window.files.fill_recent(menu)
    assert [action.text() for action in menu.actions()] == ["a&&b.png"]


def test_a_pair_of_a_preview_that_is_behind_is_said_to_be_so(window: MainWindow, tmp_path: Path):
    told: list[str] = []
    window.session.notice.connect(told.append)
    settle(window.session)
    done(window.session.export("pair", tmp_path / "fresh.png"))
    window.session.live.enabled = False
    drag(window, (10, 10), (50, 50))
    done(window.session.export("pair", tmp_path / "stale.png"))
    assert "behind" in told[-1]
    assert "behind" not in told[-2]


def test_a_photo_to_trace_is_for_the_picture_that_was_there_when_it_was_asked_for(
    window: MainWindow, tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    session, meant = window.session, window.session.picture
    write_png(tmp_path / "photo.png", np.zeros((20, 20, 3), np.uint8))
    window.actions_table["add_reference"].trigger()
    session.new_picture("sketch", 64, 64)
    other, layers = session.picture, len(session.document.layers)
    choose(window, tmp_path / "photo.png")
    assert [layer.name for layer in meant.document.layers][-1] == "photo" and session.picture is meant
    assert len(other.document.layers) == layers


@pytest.mark.parametrize("action", ["add_reference", "paper", "watch_file"])
def test_dialogs_begin_where_the_last_file_was_chosen(window: MainWindow, tmp_path: Path, action: str):
    (tmp_path / "photos").mkdir()
    write_png(tmp_path / "photos" / "photo.png", np.full((64, 64, 3), 200, np.uint8))
    window.actions_table[action].trigger()
    choose(window, tmp_path / "photos" / "photo.png")
    until(lambda: not window.session.paper.behind)
    for paper in window.findChildren(PaperDialog):
        paper.reject()
    window.actions_table["open"].trigger()
    (dialog,) = [child for child in window.findChildren(QFileDialog) if child.isVisible()]
    assert dialog.directory().absolutePath() == str(tmp_path / "photos")
    dialog.reject()


def test_a_preview_that_is_still_being_made_is_not_called_missing(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    first = session.picture
    session.new_picture("sketch", 96, 80)
    settle(session)
    session.put_up(first)
    assert session.live.card is not None and session.live.preview is None
    assert session.export("preview", tmp_path / "a.png") is None
    session.finishing.add_layer()
    session.holding.hold_selected()
    assert len(told) == 3 and all("still being made" in text for text in told), told
    settle(session)
    assert done(session.export("preview", tmp_path / "a.png"))


def test_without_a_model_there_is_no_preview_to_export(session: Session, told: list[str], tmp_path: Path):
    session.live.close_model()
    assert session.export("pair", tmp_path / "a.png") is None
    assert "open a model first" in told[-1] and not list(tmp_path.glob("*.png"))
