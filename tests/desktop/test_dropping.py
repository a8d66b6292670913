"""Files, folders and addresses dropped on the windows, by the way that they come from the screen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from desktop.session import Session
from desktop.support.settings import SettingsFile
from desktop.widgets.canvas.clipboard import MOST_AT_ONCE
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.files import dialogs_begin
from engine.data.picture import write_png
from engine.files.writing import as_on_disk
from tests.desktop.window_hands import drag, drop, files_done, message, training_window, until


def files(*paths: Path) -> QMimeData:
    """As a file manager has them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def address(url: str) -> QMimeData:
    """As a browser has it."""
    data = QMimeData()
    data.setUrls([QUrl(url)])
    return data


def grey(path: Path, width: int = 60) -> Path:
    write_png(path, np.full((40, width, 3), 200, np.uint8))
    return path


def titles(session: Session) -> list[str]:
    return [picture.name for picture in session.pictures]


def test_pictures_dropped_together_are_all_opened(window: MainWindow, tmp_path: Path) -> None:
    """None takes the place of another; of those opened one by one an untouched one goes."""
    session = window.session
    drag(window, (10, 10), (50, 50))
    first = session.picture.name
    assert drop(window.canvas, files(*(grey(tmp_path / f"{name}.png") for name in "abc")))
    files_done(session)
    assert titles(session) == ["c", "b", "a", first]
    session.close_picture(session.pictures[0])
    assert titles(session) == ["b", "a", first]
    for name in "de":
        drop(window.canvas, files(grey(tmp_path / f"{name}.png")))
        files_done(session)
    assert titles(session) == ["e", "b", "a", first]


def test_what_can_t_be_opened_of_several_is_told_last(
    window: MainWindow, tmp_path: Path, told: list[str]
) -> None:
    """The pictures that come after it would have their say instead."""
    gone = grey(tmp_path / "gone.png")
    dropped = files(tmp_path, gone, grey(tmp_path / "here.png"))
    gone.unlink()
    assert drop(window.canvas, dropped)
    files_done(window.session)
    assert titles(window.session)[0] == "here"
    assert "“gone.png” does not exist" in message(window)
    assert f"“{tmp_path.name}” is not a file" in message(window)


def test_too_many_pictures_at_once_are_not_opened(window: MainWindow, tmp_path: Path) -> None:
    """Each has all its pixels in memory, and stays."""
    before = titles(window.session)
    many = [grey(tmp_path / f"{number}.png") for number in range(MOST_AT_ONCE + 1)]
    assert drop(window.canvas, files(*many))
    files_done(window.session)
    assert titles(window.session) == before
    assert str(MOST_AT_ONCE) in message(window)


def test_an_address_is_called_what_it_is(window: MainWindow) -> None:
    drop(window.canvas, address("https://example.org/cat.png"))
    assert "address" in message(window)
    picture = address("https://example.org/cat.png")  # a browser has the pixels too
    picture.setImageData(QImage(8, 8, QImage.Format.Format_RGB32))
    drop(window.canvas, picture)
    assert window.session.document.undo_steps == 1


@pytest.mark.parametrize("name", ["a%00b.png", "a%00b.zip", "%00"])
def test_an_address_that_no_file_can_have_opens_nothing(window: MainWindow, name: str) -> None:
    before = titles(window.session)
    trainer = training_window(window)
    for widget in (window.canvas, window.preview, window.style_dock, trainer.start_page.zone):
        drop(widget, address(f"file:///tmp/{name}"))
        files_done(window.session)
    QApplication.processEvents()
    assert titles(window.session) == before
    assert trainer.pages.currentWidget() is trainer.start_page
    trainer.close()


def test_the_two_folders_of_pairs_are_dropped_together(window: MainWindow, tmp_path: Path) -> None:
    """What lies in one of them would be half of the data set."""
    for name in ("A", "B"):
        (tmp_path / "set" / name).mkdir(parents=True)
    chosen: list[Path] = []
    trainer = training_window(window)
    trainer.start_page.zone.chosen.disconnect()
    trainer.start_page.zone.chosen.connect(chosen.append)
    drop(trainer.start_page.zone, files(tmp_path / "set" / "A", tmp_path / "set" / "B"))
    drop(trainer.start_page.zone, files(tmp_path / "set" / "A"))
    assert chosen == [tmp_path / "set", tmp_path / "set" / "A"]
    trainer.close()


def test_recent_files_that_are_no_text_are_shown_and_such_as_no_file_has_are_left_out(
    window: MainWindow, home: Path
) -> None:
    file = SettingsFile(home / "other.json")
    file.settings.recent = ["/x/" + os.fsdecode(b"caf\xe9.png"), "/x/\0.png", "", "/x/" + "n" * 5000]
    file.save()
    read = SettingsFile(home / "other.json").settings.recent
    assert [len(name) for name in read] == [11, 5003]
    window.session.settings.recent = read
    window.welcome.open()
    names = [button.text() for button in window.welcome.recent.buttons]
    assert names[0] == "caf\ufffd.png"
    window.welcome.leave()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("name", ["x.png", "x.ora", "x.safetensors", "x.pth", "x.zip"])
def test_a_pipe_holds_up_nothing_that_is_opened_after_it(
    window: MainWindow, tmp_path: Path, told: list[str], name: str
) -> None:
    """To open one is to wait until somebody writes into it, which may be never."""
    os.mkfifo(tmp_path / name)
    drop(window.canvas, files(tmp_path / name))
    until(lambda: told or window.training.window is not None)
    drop(window.canvas, files(grey(tmp_path / "after.png")))
    files_done(window.session)
    assert titles(window.session)[0] == "after"
    if name == "x.zip":
        trainer = training_window(window)
        until(lambda: trainer.pages.currentWidget() is trainer.start_page)
        trainer.close()
    else:
        assert name in told[0]


@pytest.mark.skipif(os.name != "posix", reason="such names are not for every system")
def test_a_name_that_turns_what_follows_turns_no_sentence(window: MainWindow, tmp_path: Path) -> None:
    """Such as U+202E: nobody could read the sentence."""
    name = "rtl\u202egnp.ora.png"
    drop(window.canvas, files(grey(tmp_path / name)))
    files_done(window.session)
    assert message(window).startswith("“rtl\ufffdgnp.ora.png” is opened as a sketch.")
    assert titles(window.session)[0] == "rtl\ufffdgnp.ora"
    assert window.session.settings.recent[0] == str(tmp_path / name)
    window.session.open_file(Path(window.session.settings.recent[0]))
    files_done(window.session)
    drop(window.canvas, files(tmp_path / f"no{name}"))
    files_done(window.session)
    assert message(window).startswith("“nortl\ufffdgnp.ora.png” does not exist")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_dialog_means_a_name_that_is_no_text_and_turns(window: MainWindow, tmp_path: Path) -> None:
    meant = tmp_path / os.fsdecode(b"caf\xe9 \xe2\x80\xae.png")
    grey(tmp_path / "x.png").rename(meant)
    assert as_on_disk(tmp_path / "caf\ufffd \u202e.png") == meant  # as Qt shows it
    turned = tmp_path / "\u202efolder"
    turned.mkdir()
    assert dialogs_begin(window.session, turned) == str(turned)


def test_recent_files_of_one_name_are_told_apart(window: MainWindow) -> None:
    window.session.settings.recent = [
        "/a/new/house.ora",
        "/a/old/house.ora",
        "/b/old/house.ora",
        "/x/cat.png",
    ]
    window.files.fill_recent(window.recent)
    names = ["house.ora – new", "house.ora – a/old", "house.ora – b/old", "cat.png"]
    assert [action.text() for action in window.recent.actions()] == names
    window.welcome.open()
    assert [button.accessibleName() for button in window.welcome.recent.buttons] == [
        f"Open “{name}”" for name in names[:3]
    ]
    window.welcome.leave()
