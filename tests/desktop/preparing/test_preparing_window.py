"""Photos are prepared in the window: proposed, overruled by a click, written, gone on with."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSpinBox, QToolButton

from desktop.preparing.preparing import USUAL_SIZE
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from desktop.widgets.preparing.dialog import PreparingDialog
from engine.data.messages import Pixels
from tests.desktop.window_hands import until
from tests.trainer.made_pictures import blob, house, save
from trainer.preparing import looking, writing
from trainer.preparing.looking import Look

COUNT = 8


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight things on white, a copy, a house, and a torn file."""
    folder = tmp_path / "things"
    for seed in range(COUNT):
        save(blob(seed, 96), folder / f"{seed}.png")
    save(blob(1, 96), folder / "copy.png")
    save(house(1, 96)[1], folder / "house.png")
    (folder / "torn.png").write_bytes((folder / "1.png").read_bytes()[:300])
    return folder


def opened(window: MainWindow, folder: Path) -> PreparingDialog:
    """The dialog, by its menu entry, with what is proposed for a folder at 64 pixels."""
    window.actions_table["prepare_photos"].trigger()
    dialog = window.preparing
    size = dialog.findChild(QComboBox, "preparing_size")
    size.setCurrentIndex(size.findData(128))
    dialog.look_at(folder)
    until(lambda: window.session.preparing.plan is not None)
    return dialog


def click(dialog: PreparingDialog, name: str) -> None:
    """With the mouse, on the tile of a photo."""
    (item,) = dialog.sheet.findItems(name, Qt.MatchFlag.MatchExactly)
    dialog.sheet.scrollToItem(item)
    middle = dialog.sheet.visualItemRect(item).center()
    QTest.mouseClick(dialog.sheet.viewport(), Qt.MouseButton.LeftButton, pos=middle)


def said(dialog: PreparingDialog, name: str = "said") -> str:
    return dialog.findChild(QLabel, f"preparing_{name}").text()


def press(dialog: PreparingDialog, name: str) -> None:
    QTest.mouseClick(dialog.findChild(QPushButton, f"preparing_{name}"), Qt.MouseButton.LeftButton)


def drop(dialog: PreparingDialog, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(10, 10), Qt.DropAction.CopyAction, data, *none))


def looks_at(folder: Path) -> list[str]:
    """The photos there of which it is remembered how they look."""
    every = (one for one in gc.get_objects() if isinstance(one, Look))
    return [one.name for one in every if one.file.parent == folder]


def of(file: Path) -> Pixels:
    return np.array(Image.open(file))


def test_photos_are_overruled_by_a_click_and_written(
    window: MainWindow, session: Session, photos: Path, tmp_path: Path
) -> None:
    dialog = opened(window, photos)
    assert session.preparing.kept == {f"{seed}.png" for seed in range(COUNT)}
    assert "8 of 11" in said(dialog)
    # What is left out stands first, and says why.
    first = [dialog.sheet.item(row) for row in range(3)]
    assert [item.text() for item in first] == ["copy.png", "house.png", "torn.png"]
    assert "nearly what" in first[0].toolTip() and "background" in first[1].toolTip()
    for name in ("house.png", "3.png", "torn.png"):
        click(dialog, name)
    dialog.sheet.setCurrentItem(first[0])
    QTest.keyClick(dialog.sheet, Qt.Key.Key_Space)
    expected = {f"{seed}.png" for seed in range(COUNT) if seed != 3} | {"house.png", "copy.png"}
    assert session.preparing.kept == expected  # what can't be read stays out
    assert session.preparing.suggested() == tmp_path / "things-prepared"
    dialog.write(tmp_path / "out")
    until(lambda: session.preparing.made is not None)
    assert {file.name for file in (tmp_path / "out").glob("*.png")} == expected
    assert of(tmp_path / "out" / "1.png").shape == (128, 128, 3)
    assert "out" in said(dialog) and dialog.findChild(QPushButton, "preparing_train").isVisible()


def test_what_was_overruled_stays_so_in_another_size(
    window: MainWindow, session: Session, photos: Path, tmp_path: Path
) -> None:
    dialog, preparing = opened(window, photos), session.preparing
    for name in ("house.png", "3.png"):
        click(dialog, name)
    size = dialog.findChild(QComboBox, "preparing_size")
    expected = preparing.kept
    for edge in (192, 128):
        size.setCurrentIndex(size.findData(edge))
        preparing.look(photos, edge, preparing.margin)  # another one at once: the wish is of before both
        preparing.look(photos, edge, preparing.margin)
        until(lambda: preparing.plan is not None)
        assert preparing.plan.frame.size == edge and preparing.kept == expected
    photos.rename(tmp_path / "others")
    preparing.look(tmp_path / "others", 192, preparing.margin)
    until(lambda: preparing.plan is not None)
    assert preparing.kept == preparing.plan.kept != expected


def test_closed_it_keeps_what_is_proposed_and_lets_go_of_what_was_seen(
    window: MainWindow, session: Session, photos: Path
) -> None:
    """What was seen is tens of kilobytes a photo, and another size is asked for only where it is open."""
    dialog, preparing = opened(window, photos), session.preparing
    click(dialog, "house.png")
    plan, expected = preparing.plan, preparing.kept
    assert len(looks_at(photos)) > COUNT
    dialog.close()
    until(lambda: not looks_at(photos))
    assert preparing.plan is plan and preparing.kept == expected
    dialog.open_on(None)
    assert "9 of 11" in said(dialog)
    dialog.findChild(QSpinBox, "preparing_margin").setValue(10)
    until(lambda: preparing.plan is not None and not preparing.busy)
    assert preparing.plan is not plan and preparing.kept == expected


def test_closed_while_it_looks_it_looks_again_when_it_is_opened(
    window: MainWindow, session: Session, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, reached, go_on = looking.looked, threading.Event(), threading.Event()

    def held(name: str, file: Path) -> Look:
        reached.set()
        assert go_on.wait(20)
        return once(name, file)

    dialog, preparing = opened(window, photos), session.preparing
    dialog.close()
    monkeypatch.setattr(looking, "looked", held)
    dialog.open_on(photos)
    until(reached.is_set)
    dialog.close()
    assert not preparing.busy and preparing.plan is None
    window.actions_table["prepare_photos"].trigger()
    assert preparing.busy == "looking" and "Looking" in said(dialog)
    go_on.set()
    until(lambda: preparing.plan is not None)
    assert "8 of 11" in said(dialog)
    preparing.look(photos, 192, preparing.margin)
    press(dialog, "stop")
    dialog.close()
    dialog.open_on(None)
    assert not preparing.busy  # it was stopped by hand


def test_what_was_made_is_trained_on_or_drawn_over(
    window: MainWindow, session: Session, photos: Path, tmp_path: Path
) -> None:
    dialog = opened(window, photos)
    dialog.write(tmp_path / "out")
    until(lambda: session.preparing.made is not None)
    press(dialog, "train")
    until(lambda: session.dataset_scan.result is not None)
    assert session.dataset_scan.result is not None and session.dataset_scan.result.folder == tmp_path / "out"
    asked: list[list[Path]] = []
    dialog.pairs.connect(asked.append)
    press(dialog, "pairs")
    assert asked == [[tmp_path / "out"]]


def test_training_window_leads_there(window: MainWindow, session: Session, photos: Path) -> None:
    (photos / "torn.png").unlink()
    window.training.prepare(photos)
    until(lambda: session.dataset_scan.checked == 1.0)
    training = window.training.window
    assert training is not None
    mend = training.prepare_page.findChild(QToolButton, "mend")
    assert mend.isVisible()
    mend.click()
    until(lambda: session.preparing.plan is not None)
    assert session.preparing.plan is not None and session.preparing.plan.folder == photos
    assert window.preparing.isVisible()


def test_a_used_folder_is_refused_in_the_dialog(
    window: MainWindow, session: Session, photos: Path, tmp_path: Path
) -> None:
    dialog = opened(window, photos)
    save(blob(1), tmp_path / "used" / "mine.png")
    dialog.write(tmp_path / "used")
    until(lambda: bool(said(dialog, "problem")))
    assert "choose a new folder" in said(dialog, "problem") and not session.preparing.busy
    assert [it.name for it in (tmp_path / "used").iterdir()] == ["mine.png"]


class HalfWay:
    """A writing that waits after three photos until it may ``go_on``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        once, self.reached, self.go_on = writing.write, threading.Event(), threading.Event()

        def held(plan, kept, out, progress):  # type: ignore[no-untyped-def]
            def hold(done: int, total: int) -> None:
                if done == 3:
                    self.reached.set()
                    assert self.go_on.wait(20)
                progress(done, total)

            return once(plan, kept, out, hold)

        monkeypatch.setattr(writing, "write", held)


def test_stopped_writing_leaves_nothing(
    window: MainWindow, session: Session, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog, half_way = opened(window, photos), HalfWay(monkeypatch)
    dialog.write(tmp_path / "out")
    until(half_way.reached.is_set)
    assert (tmp_path / ".out.preparing").is_dir()
    press(dialog, "stop")
    half_way.go_on.set()
    until(lambda: not (tmp_path / ".out.preparing").exists())
    assert sorted(it.name for it in tmp_path.iterdir()) == ["things"]
    assert not session.preparing.busy and session.preparing.made is None


def test_a_folder_dropped_meanwhile_does_not_end_the_writing(
    window: MainWindow, session: Session, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(blob(1), tmp_path / "others" / "1.png")
    dialog, half_way = opened(window, photos), HalfWay(monkeypatch)
    dialog.write(tmp_path / "out")
    until(half_way.reached.is_set)
    drop(dialog, tmp_path / "others")
    assert session.preparing.busy == "writing" and "being written" in said(dialog, "problem")
    half_way.go_on.set()
    until(lambda: not session.preparing.busy)
    assert session.preparing.made == tmp_path / "out" and (tmp_path / "out" / "7.png").is_file()
    assert not said(dialog, "problem")
    drop(dialog, tmp_path / "others")
    until(lambda: session.preparing.plan is not None)
    assert session.preparing.plan.folder == tmp_path / "others"


def test_the_margin_is_stepped_by_keys(window: MainWindow, session: Session, photos: Path) -> None:
    dialog = opened(window, photos)
    margin = dialog.findChild(QSpinBox, "preparing_margin")
    margin.setFocus()
    for _ in range(4):
        assert margin.hasFocus()
        QTest.keyClick(margin, Qt.Key.Key_Up)
    until(lambda: not session.preparing.busy)
    assert margin.value() == 10 and session.preparing.plan.frame.margin == 0.1


def test_settings_are_remembered(window: MainWindow, session: Session, photos: Path) -> None:
    dialog = opened(window, photos)
    dialog.findChild(QSpinBox, "preparing_margin").setValue(10)
    until(lambda: session.preparing.plan is not None)
    assert session.settings.preparing == {"size": 128, "margin": 10}
    session.settings.preparing["size"] = 5
    assert session.preparing.size == USUAL_SIZE
