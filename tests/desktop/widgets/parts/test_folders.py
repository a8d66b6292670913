"""The user's folders: opened by the system's file manager, made before; where there is none, told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPushButton

from desktop.support import logbook
from desktop.support.places import places
from desktop.training import runs
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.folders import FoldersDialog
from engine.models import catalogue
from tests.desktop.window_hands import drag, until

NAMES = ("models", "runs", "recovery", "logs")


class FileManager(QObject):
    """What Qt hands folders to, where the system has something for them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Path] = []

    @Slot(QUrl)
    def show_folder(self, url: QUrl) -> None:
        self.asked.append(Path(url.toLocalFile()))


@pytest.fixture
def file_manager() -> Iterator[FileManager]:
    manager = FileManager()
    QDesktopServices.setUrlHandler("file", manager, "show_folder")  # type: ignore[arg-type]
    yield manager
    QDesktopServices.unsetUrlHandler("file")


def click(button: QAbstractButton | None) -> None:
    assert button is not None and button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def said(window: MainWindow) -> str:
    label = window.messages.findChild(QLabel, "message_text")
    return label.text() if window.messages.isVisible() else ""


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_button_on_the_welcome(
    window: MainWindow, file_manager: FileManager, home: Path, name: str
):
    window.actions_table["welcome"].trigger()
    button = window.welcome.findChild(QAbstractButton, f"folder_{name}")
    assert str(home / name) in button.toolTip()
    click(button)
    until(lambda: file_manager.asked)
    assert file_manager.asked == [home / name]
    assert (home / name).is_dir()
    assert said(window) == ""


def test_the_list_of_folders_shows_copies_and_opens_paths(
    window: MainWindow, file_manager: FileManager, home: Path
):
    window.actions_table["folders"].trigger()
    (dialog,) = window.findChildren(FoldersDialog)
    assert dialog.isVisible()
    for name in NAMES:
        path = dialog.findChild(QLineEdit, f"path_{name}")
        assert path.text() == str(home / name) and path.isReadOnly()
        QGuiApplication.clipboard().clear()
        click(dialog.findChild(QAbstractButton, f"copy_{name}"))
        assert QGuiApplication.clipboard().text() == str(home / name)
        click(dialog.findChild(QAbstractButton, f"folder_{name}"))
    until(lambda: len(file_manager.asked) == len(NAMES))
    assert file_manager.asked == [home / name for name in NAMES]
    assert all(button.accessibleName() or button.text() for button in dialog.findChildren(QAbstractButton))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


@pytest.mark.qt_log_ignore(r"This plugin does not support QPlatformServices::openDocument\(\)")
def test_without_a_file_manager_the_path_is_told_and_can_be_copied(window: MainWindow, home: Path):
    window.actions_table["welcome"].trigger()
    click(window.welcome.findChild(QAbstractButton, "folder_runs"))
    until(lambda: said(window))
    assert said(window) == f"No file manager could be started. The folder is “{home / 'runs'}”."
    (copy,) = [button for button in window.messages.findChildren(QPushButton) if button.isVisible()]
    click(copy)
    assert QGuiApplication.clipboard().text() == str(home / "runs")


def test_a_folder_that_cannot_be_made_is_told(window: MainWindow, file_manager: FileManager, home: Path):
    (home / "logs").write_text("in the way")
    window.actions_table["welcome"].trigger()
    click(window.welcome.findChild(QAbstractButton, "folder_logs"))
    until(lambda: said(window))
    assert str(home / "logs") in said(window) and said(window).endswith("one that can be written to.")
    assert file_manager.asked == []
    assert (home / "logs").read_text() == "in the way"


def test_no_thread_is_left_when_the_window_closes(window: MainWindow, file_manager: FileManager):
    window.actions_table["welcome"].trigger()
    click(window.welcome.findChild(QAbstractButton, "folder_models"))
    until(lambda: file_manager.asked)
    assert any(thread.name == "places" for thread in threading.enumerate())
    window.close()
    assert not any(thread.name in ("places", "gallery") for thread in threading.enumerate())


def test_the_folders_are_those_that_the_program_uses(window: MainWindow):
    drag(window, (10, 10), (60, 60))
    journal = window.session.picture.journal
    assert journal is not None
    used = {
        "models": catalogue.free_model_file("mine").parent,
        "runs": runs.free_run_folder("mine").parent,
        "recovery": journal.folder.parent,
        "logs": logbook.path().parent,
    }
    assert {place.id: place.path for place in places()} == used
    assert all(place.title and place.content for place in places())
