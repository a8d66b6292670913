"""Names that are not UTF-8: whatever path the system takes, the program keeps, shows and compares."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QMenu, QPushButton, QWidget

from desktop.documents.recovery import abandoned
from desktop.session import Session
from desktop.support.settings import SettingsFile
from desktop.widgets.dialogs.pair_start import PairStartDialog
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.files import dialogs_begin, local_path
from engine import foreign
from engine.data.picture import write_png
from engine.errors import ModelError, PictureError
from engine.files.writing import as_on_disk, is_same, shown
from engine.models import catalogue
from tests.desktop.training_pairs import write_pairs
from tests.desktop.widgets.parts.test_files import choose
from tests.desktop.window_hands import done, drag, files_done, message, text_of, training_window, until
from trainer.data import pairs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="this system takes no such names")

STRANGE = os.fsdecode(b"caf\xe9 \xff")


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    folder = tmp_path / STRANGE
    folder.mkdir()
    return folder


def test_settings_keep_it(strange: Path):
    file = SettingsFile(strange / "settings.json")
    file.settings.add_recent(strange / "a é.ora")
    file.settings.folder = str(strange)
    file.save()
    assert SettingsFile(file.path).settings == file.settings
    assert Path(SettingsFile(file.path).settings.folder).is_dir()


def test_it_is_shown_and_found_again(strange: Path):
    assert shown(STRANGE) == "caf� �"
    assert shown("é") == "é"
    assert as_on_disk(strange.parent / shown(STRANGE)) == strange
    assert as_on_disk(Path("/nowhere/�")) == Path("/nowhere/�")
    assert local_path(QUrl.fromEncoded(b"file:///tmp/caf%E9%20%C3%A9%23.png")) == Path(
        os.fsdecode(b"/tmp/caf\xe9 \xc3\xa9#.png")
    )
    assert is_same(strange / "a", strange / "." / "a")


def test_a_drawing_lives_under_it(window: MainWindow, session: Session, strange: Path):
    told: list[str] = []
    session.error_reported.connect(told.append)
    drag(window, (10, 10), (50, 50))
    path = strange / f"{STRANGE}.ora"
    assert done(session.save(path))
    assert window.windowTitle().startswith("caf� �.ora")
    drag(window, (50, 10), (10, 50))
    assert done(session.save())
    done(session.open_file(path))
    assert session.picture.path == path
    done(session.export("picture", strange / STRANGE))
    assert (strange / f"{STRANGE}.png").is_file()
    done(session.layers.add_reference(strange / f"{STRANGE}.png"))
    assert done(session.save())
    menu = QMenu(window)
    window.files.fill_recent(menu)
    assert menu.actions()[0].text() == "caf� �.ora"
    assert dialogs_begin(session) == str(strange.parent)
    for name in ("open", "save_as", "export_picture"):
        window.actions_table[name].trigger()
    drag(window, (10, 60), (50, 60))
    session.remember()
    assert SettingsFile(session.file.path).settings.recent[0] == str(path)
    write_png(strange / "dropped.png", np.zeros((20, 20, 3), np.uint8))
    data = QMimeData()
    data.setData("text/uri-list", f"file://{quote(os.fsencode(strange))}/dropped.png\r\n".encode())
    assert [local_path(url) for url in data.urls()] == [strange / "dropped.png"]
    window.clipboard.take(data)
    files_done(session)
    assert session.document.width == 20
    assert told == []
    window.close()
    (left,) = abandoned()
    assert left.title == "caf� �.ora"


def answer(parent: QWidget, *paths: Path) -> None:
    """Answer the open file dialog as Qt names them: each byte that is not UTF-8 is a “�”."""
    (dialog,) = [it for it in parent.findChildren(QFileDialog) if it.isVisible()]
    names = [shown(path) for path in paths]
    dialog.filesSelected.emit(names)
    dialog.fileSelected.emit(names[0])
    dialog.reject()


def test_what_is_trained_on_may_lie_there(window: MainWindow, session: Session, strange: Path):
    folder, chosen = write_pairs(strange / "houses"), []
    packed = Path(shutil.make_archive(str(strange / STRANGE), "zip", folder))
    zone = training_window(window).start_page.zone
    zone.chosen.connect(chosen.append)
    for name, path in (("choose_folder", folder), ("choose_zip", packed)):
        zone.findChild(QAbstractButton, name).click()
        answer(zone, path)
    assert chosen == [folder, packed]
    until(lambda: session.dataset_scan.result is not None)


def test_pairs_are_made_of_photos_there(window: MainWindow, session: Session, strange: Path):
    write_png(strange / f"{STRANGE}.png", np.full((20, 20, 3), 200, np.uint8))
    dialog = PairStartDialog(session, [], window)
    dialog.open()
    for text, paths in (("&Folder …", [strange]), ("&Single ones …", [strange / f"{STRANGE}.png"])):
        next(it for it in dialog.findChildren(QPushButton) if it.text() == text).click()
        answer(dialog, *paths)
        until(lambda: dialog.do.isEnabled())
        assert "1 photo." in text_of(dialog) and "caf� �" in text_of(dialog)
    next(it for it in dialog.findChildren(QPushButton) if it.text() == "&Elsewhere …").click()
    (strange / STRANGE).mkdir()
    answer(dialog, strange / STRANGE)
    until(lambda: dialog.do.isEnabled())
    dialog.do.click()
    until(lambda: session.pair_drawing.photo_set is not None)
    assert session.pair_drawing.photo_set.folder == strange / STRANGE
    session.pair_drawing.leave()


def test_models_are_judged_by_pairs_there(
    window: MainWindow, session: Session, strange: Path, monkeypatch: pytest.MonkeyPatch
):
    judged: list[Path] = []
    monkeypatch.setattr(session.models.comparison, "judge", lambda folder, **_how: judged.append(folder))
    window.actions_table["compare_models"].trigger()
    button = window.comparison.findChild(QPushButton, "comparison_judge")
    until(button.isEnabled)
    button.click()
    answer(window.comparison, strange)
    assert judged == [strange]
    window.comparison.close()


def test_closing_does_all_its_steps_whatever_one_raises(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch
):
    drag(window, (10, 10), (50, 50))

    def fail() -> None:
        raise RuntimeError("as if by a fault of ours")

    session.settings.geometry = "x"
    for part, name in (
        (session.file, "save"),
        (session.training, "leave"),
        (session.pair_drawing, "leave"),
        (session.gallery, "leave"),
    ):
        plain = getattr(part, name)

        def both(plain=plain) -> None:
            plain()
            fail()

        monkeypatch.setattr(part, name, both)
    window.close()
    assert not window.isVisible()
    assert len(abandoned()) == 1  # its lock was let go of


def test_names_longer_than_any_file_has_get_a_sentence(window: MainWindow, session: Session, tmp_path: Path):
    """What the system doesn't even look for; likewise what lies in folders that nobody else may look into."""
    told: list[str] = []
    session.error_reported.connect(told.append)
    drag(window, (10, 10), (50, 50))
    long = tmp_path / ("x" * 300)
    works = [lambda: session.save(long), lambda: session.export("picture", long)]
    for suffix in ("", ".ora", ".png", ".gpl", ".json", ".safetensors", ".pth"):
        works.append(lambda suffix=suffix: session.open_file(long.with_name(long.name + suffix)))
    for work in works:
        told.clear()
        assert not done(work())
        until(lambda: told)
        assert len(told) == 1 and "damaged" not in told[0] and "Traceback" not in told[0]
    window.actions_table["export_picture"].trigger()
    choose(window, long)
    assert "File name too long" in message(window)
    for ask in (pairs.find, foreign.inspect, catalogue.find):
        with pytest.raises((PictureError, ModelError)):
            ask(long)


@pytest.mark.parametrize("way", ["traced", "watched", "from paper"])
def test_layers_called_by_a_long_name_come_back_from_the_file_as_they_were(
    window: MainWindow, session: Session, tmp_path: Path, way: str
):
    """What was read of it differently would have to be saved under another name."""
    photo = tmp_path / f"{'x' * 240}.png"
    write_png(photo, np.full((80, 96, 3), 250, np.uint8))
    if way == "traced":
        assert done(session.layers.add_reference(photo))
    elif way == "watched":
        assert done(session.watching.watch_file(photo))
        session.watching.stop()
    else:
        assert done(session.paper.open(photo))
        until(lambda: session.paper.result is not None and not session.paper.behind)
        session.paper.finish(session.picture)
    names = [layer.name for layer in session.document.layers]
    assert any("xxx" in name for name in names)
    assert done(session.save(tmp_path / "drawing.ora"))
    session.close_picture(session.picture)
    assert done(session.open_file(tmp_path / "drawing.ora"))
    assert not session.needs_a_path
    assert [layer.name for layer in session.document.layers] == names
