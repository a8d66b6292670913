"""Nothing is replaced unasked: other files, links, what was written elsewhere meanwhile."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog

from desktop.paint.editing.document import Document
from desktop.paint.files import project
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.picture import write_png
from tests.desktop.file_hands import held
from tests.desktop.widgets.parts.test_files import choose, press
from tests.desktop.window_hands import done, drag, files_done, message


def question(window: MainWindow) -> str:
    """What the message bar asks."""
    return message(window)


def lines(path: Path) -> np.ndarray:
    return project.load(path).document.picture().lines


def save_as(window: MainWindow, path: Path) -> None:
    window.actions_table["save_as"].trigger()
    choose(window, path)


def test_save_as_asks_about_the_name_that_it_will_write(window: MainWindow, session: Session, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    (tmp_path / "drawing.v2.ora").write_bytes(b"precious")
    save_as(window, tmp_path / "drawing.v2")
    assert "“drawing.v2.ora” is there already" in question(window)
    assert (tmp_path / "drawing.v2.ora").read_bytes() == b"precious"
    assert not session.saved
    press(window, "another name")
    choose(window, tmp_path / "drawing.v3")
    assert session.picture.path == tmp_path / "drawing.v3.ora"
    save_as(window, tmp_path / "drawing.v2")
    press(window, "Replace")
    assert np.array_equal(lines(tmp_path / "drawing.v2.ora"), session.document.picture().lines)
    # Its own file needs no question.
    drag(window, (50, 10), (10, 50))
    save_as(window, tmp_path / "drawing.v2.ora")
    assert session.saved


@pytest.mark.parametrize("news", [False, True])
def test_of_two_files_of_one_name_the_one_asked_about_last_is_replaced(
    window: MainWindow, session: Session, tmp_path: Path, news: bool
):
    for command, name in (("save_as", "drawing.ora"), ("export_picture", "drawing.png")):
        places = [tmp_path / folder / name for folder in ("a", "b")]
        for place in places:
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(b"precious")
            window.actions_table[command].trigger()
            choose(window, place)
            if news and place is places[0]:
                session.notice.emit("News.")
        assert f"“{name}” is there already" in question(window)
        press(window, "Replace")
        assert places[0].read_bytes() == b"precious"
        assert places[1].read_bytes() != b"precious"
        window.messages.put_away()  # what was said of the writing
        assert question(window) == ""


def test_a_dialog_does_not_ask_before_the_name_is_known(window: MainWindow):
    window.actions_table["save_as"].trigger()
    (dialog,) = [child for child in window.findChildren(QFileDialog) if child.isVisible()]
    assert dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.reject()


def test_the_session_itself_replaces_nothing_unasked(window: MainWindow, session: Session, tmp_path: Path):
    told: list[str] = []
    session.error_reported.connect(told.append)
    (tmp_path / "drawing.ora").write_bytes(b"precious")
    assert not done(session.save(tmp_path / "drawing.ora"))
    assert (tmp_path / "drawing.ora").read_bytes() == b"precious"
    assert "is there already" in told[0]


@pytest.mark.parametrize(
    ("name", "written", "format"),
    [
        ("a.jpg", "a.jpg", "JPEG"),
        ("a.JPEG", "a.JPEG", "JPEG"),
        ("a.webp", "a.webp", "WEBP"),
        ("a.tif", "a.tif", "TIFF"),
        ("a.bmp", "a.bmp", "BMP"),
        ("a.png", "a.png", "PNG"),
        ("a", "a.png", "PNG"),
        ("a.v2", "a.v2.png", "PNG"),
        ("a.gif", "a.gif.png", "PNG"),
    ],
)
def test_export_writes_the_format_that_its_name_says(tmp_path: Path, name: str, written: str, format: str):
    from desktop.paint.files.export import write_picture

    document = Document.from_picture("image", np.full((30, 40, 3), (200, 90, 30), np.uint8))
    write_picture(document, tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [written]
    with Image.open(tmp_path / written) as image:
        assert image.format == format
        assert image.size == (40, 30)
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - (200, 90, 30)).max() <= 3


def test_export_asks_before_it_replaces_and_says_what_it_wrote(
    window: MainWindow, session: Session, tmp_path: Path
):
    said: list[str] = []
    session.notice.connect(said.append)
    (tmp_path / "pic.gif.png").write_bytes(b"precious")
    window.actions_table["export_picture"].trigger()
    choose(window, tmp_path / "pic.gif")
    assert "“pic.gif.png” is there already" in question(window)
    assert (tmp_path / "pic.gif.png").read_bytes() == b"precious"
    press(window, "Replace")
    assert said[-1] == "Exported “pic.gif.png”."
    with Image.open(tmp_path / "pic.gif.png") as image:
        assert image.format == "PNG"


def test_links_stay_what_they_are(window: MainWindow, session: Session, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    real = tmp_path / "elsewhere" / "real.ora"
    real.parent.mkdir()
    done(session.save(real))
    (tmp_path / "link.ora").symlink_to(real)
    (tmp_path / "hard.ora").hardlink_to(real)
    done(session.open_file(tmp_path / "link.ora"))
    drag(window, (50, 10), (10, 50))
    assert done(session.save())
    assert (tmp_path / "link.ora").is_symlink()
    assert (tmp_path / "hard.ora").samefile(real)
    assert np.array_equal(lines(tmp_path / "hard.ora"), session.document.picture().lines)
    assert len(session.pictures) == len({id(picture) for picture in session.pictures})
    dangling = tmp_path / "dangling.ora"
    dangling.symlink_to(tmp_path / "elsewhere" / "new.ora")
    assert done(session.save(dangling))
    assert dangling.is_symlink()
    assert (tmp_path / "elsewhere" / "new.ora").is_file()
    assert {file.name for file in real.parent.iterdir()} == {"real.ora", "new.ora"}


def test_what_may_not_be_written_is_refused_in_a_sentence(
    window: MainWindow, session: Session, tmp_path: Path
):
    told: list[str] = []
    session.error_reported.connect(told.append)
    drag(window, (10, 10), (50, 50))
    path = tmp_path / "drawing.ora"
    done(session.save(path))
    before = path.read_bytes()
    path.chmod(0o444)
    drag(window, (50, 10), (10, 50))
    assert not done(session.save())
    assert path.read_bytes() == before
    assert not session.saved
    assert told == ["“drawing.ora” can't be written (it is write-protected); choose another place."]
    loop = tmp_path / "loop.ora"
    loop.symlink_to(loop)
    (tmp_path / "folder.ora").mkdir()
    for place in (loop, tmp_path / "folder.ora"):
        assert not done(session.save(place, anyway=True))
        assert not session.picture.is_saved
    assert len(told) == 3


def test_a_file_changed_elsewhere_is_not_replaced_unasked(
    window: MainWindow, session: Session, tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    path = tmp_path / "drawing.ora"
    done(session.save(path))
    path.write_bytes(b"written by another program")
    drag(window, (50, 10), (10, 50))
    window.actions_table["save"].trigger()
    files_done(session)
    assert "was changed elsewhere" in question(window)
    assert path.read_bytes() == b"written by another program"
    press(window, "Replace")
    assert session.saved
    assert np.array_equal(lines(path), session.document.picture().lines)
    drag(window, (10, 60), (50, 60))
    window.actions_table["save"].trigger()  # it is ours again
    files_done(session)
    assert session.saved
    path.unlink()
    drag(window, (10, 70), (50, 70))
    window.actions_table["save"].trigger()  # what is gone can't be lost
    files_done(session)
    assert path.is_file()


def test_save_and_close_asks_too(window: MainWindow, session: Session, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    path, picture = tmp_path / "drawing.ora", session.picture
    done(session.save(path))
    path.write_bytes(b"other")
    drag(window, (50, 10), (10, 50))
    window.actions_table["close"].trigger()
    press(window, "Save and close")
    assert picture in session.pictures
    assert path.read_bytes() == b"other"
    press(window, "Replace")
    assert picture not in session.pictures


def test_opened_again_it_shows_what_is_in_the_file(window: MainWindow, session: Session, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    path = tmp_path / "drawing.ora"
    done(session.save(path))
    first = session.picture
    done(session.open_file(path))
    assert session.picture is first  # unchanged: the same picture, its history with it
    other = Document.new("sketch", 60, 50)
    project.save(other, path)
    done(session.open_file(path))
    assert (session.document.width, session.document.height) == (60, 50)
    assert first not in session.pictures
    # With strokes of ours on it, nobody is thrown away.
    drag(window, (10, 10), (40, 40))
    mine = session.picture
    project.save(Document.new("sketch", 70, 50), path)
    done(session.open_file(path))
    assert session.picture is mine
    assert "was changed elsewhere" in question(window)
    press(window, "Open the file")
    assert session.document.width == 70
    assert mine in session.pictures
    assert mine.path is None
    assert not mine.is_saved


def test_a_picture_closed_while_its_file_is_opened_beside_it_is_closed_for_good(
    window: MainWindow, session: Session, tmp_path: Path
):
    path = tmp_path / "drawing.ora"
    drag(window, (10, 10), (50, 50))
    assert done(session.save(path))
    drag(window, (10, 50), (50, 10))
    first = session.picture
    assert first is not None
    project.save(Document.new("sketch", 64, 64), path)
    with held(session, reading=True):
        job = session.open_anew(first)
        session.close_picture(first)
    assert done(job)
    files_done(session)
    session.file_work.finish()
    assert session.document.width == 64
    assert first.journal is None and first not in session.pictures


def test_two_pictures_never_share_a_file(window: MainWindow, session: Session, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    first, path = session.picture, tmp_path / "drawing.ora"
    done(session.save(path))
    session.new_picture("sketch", 96, 80)
    drag(window, (50, 10), (10, 50))
    second = session.picture
    os.symlink(path, tmp_path / "alias.ora")
    save_as(window, tmp_path / "alias.ora")
    assert "is open here as another picture" in question(window)
    press(window, "Replace")
    assert second.path is not None
    assert second.is_saved
    assert (first.path, first.is_saved, first.title) == (None, False, "drawing")
    assert first.journal is not None
    session.put_up(first)
    assert session.needs_a_path


def test_a_file_that_was_opened_in_part_is_not_replaced_unasked(
    window: MainWindow, session: Session, tmp_path: Path
):
    """Another program's groups and blend modes are shown as one layer: Save As onto it would lose them."""
    path = tmp_path / "theirs.ora"
    project.save(Document.new("image", 96, 80), path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["stack.xml"] = members["stack.xml"].replace(b"svg:src-over", b"svg:multiply")
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    before = path.read_bytes()
    done(session.open_file(path))
    assert session.picture is not None and session.picture.foreign
    drag(window, (10, 10), (50, 50))
    save_as(window, path)
    assert "holds more than could be opened here" in question(window)
    assert path.read_bytes() == before and not session.picture.is_saved
    press(window, "Replace")
    assert session.picture.is_saved and session.picture.path == path
    assert project.load(path).notes == []
    drag(window, (50, 10), (10, 50))
    window.actions_table["save"].trigger()  # it is ours by now
    files_done(session)
    assert session.picture.is_saved


def test_the_picture_that_was_asked_about_is_saved(window: MainWindow, session: Session, tmp_path: Path):
    """A second start may put up another picture while the dialog is open."""
    drag(window, (10, 10), (50, 50))
    meant = session.picture
    window.actions_table["save_as"].trigger()
    write_png(tmp_path / "other.png", np.zeros((20, 20, 3), np.uint8))
    done(session.open_file(tmp_path / "other.png"))
    choose(window, tmp_path / "meant.ora")
    assert meant.path == tmp_path / "meant.ora"
    assert project.load(tmp_path / "meant.ora").document.width == 96
