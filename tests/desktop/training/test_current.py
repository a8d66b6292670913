"""The training window with the real trainer beside it, on pairs that are learnt in seconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QListWidget,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
)

from desktop.app import begin, open_window
from desktop.support import background
from desktop.training import runs
from desktop.training.current import TrainingRequest
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.pictures import Pairs, Picture
from desktop.widgets.training.curves import Curves
from desktop.widgets.training.sheet import Sheet
from desktop.widgets.training.time import HowLong
from engine.data.messages import Pixels
from engine.data.palette import Label, Palette
from engine.data.picture import write_png
from tests import warm
from tests.desktop.training_pairs import EDGE, write_pairs
from tests.desktop.window_hands import button, drag, settle, text_of, training_window, until
from trainer.run.options import Options

pytestmark = pytest.mark.usefixtures("no_training_is_left")

LONG = 60.0
"""Seconds within which a training has certainly begun, beside whatever else the machine does."""


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    return write_pairs(tmp_path / "houses")


def tiny(data: Path, steps: int) -> TrainingRequest:
    return TrainingRequest(Options(data, name=data.name, steps=steps, size=(EDGE, EDGE), width=4, patch=16))


def shown(image) -> Pixels:  # type: ignore[no-untyped-def]
    """A QImage's pixels."""
    image = image.convertToFormat(image.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].copy()


# --- before -------------------------------------------------------------------------------------


def test_a_zip_dropped_on_the_window_is_looked_at_for_training(
    window: MainWindow, houses: Path, tmp_path: Path, told: list[str]
):
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", houses))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(packed))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    trainer = window.training.window
    assert trainer is not None and trainer.pages.currentWidget() is trainer.prepare_page
    until(lambda: window.session.dataset_scan.result is not None)
    assert trainer.prepare_page.findChild(Pairs).count == 12
    assert not told
    files = window.session.open_file(packed)
    until(lambda: files.is_over)
    assert len(told) == 1 and "is a zip file; open it with “Train a model”" in told[0]


def test_a_dropped_folder_is_shown_with_its_direction_and_can_be_swapped(window: MainWindow, houses: Path):
    trainer = training_window(window)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(houses))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    trainer.start_page.zone.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    page, dataset_scan = trainer.prepare_page, window.session.dataset_scan
    assert trainer.pages.currentWidget() is page and not button(page, "train").isEnabled()
    until(lambda: dataset_scan.result is not None)
    assert button(page, "train").isEnabled() and page.findChild(Pairs).count == 12
    assert "12 ×" in text_of(page) and "lines" in text_of(page)
    assert "“drawn” → “seen”" in text_of(page)
    page.findChild(QToolButton, "swap").click()
    until(lambda: not dataset_scan.looking)
    assert "“seen” → “drawn”" in text_of(page)
    assert page.request().options.swap


def test_problems_are_listed_and_severe_ones_keep_it_from_starting(window: MainWindow, houses: Path):
    (houses / "seen" / "3.png").unlink()
    trainer = training_window(window)
    trainer.prepare(houses)
    until(lambda: window.session.dataset_scan.checked == 1.0)
    problems = trainer.findChild(QListWidget, "problems")
    assert any("3.png" in problems.item(row).text() for row in range(problems.count()))
    assert not button(trainer.prepare_page, "train").isEnabled()


def test_a_folder_without_pictures_is_one_sentence(window: MainWindow, tmp_path: Path):
    trainer = training_window(window)
    trainer.prepare(tmp_path / "gone")
    until(lambda: trainer.messages.isVisible())
    assert "does not exist" in text_of(trainer.messages)
    assert trainer.pages.currentWidget() is trainer.start_page


def test_labels_can_be_given_names(window: MainWindow, tmp_path: Path):
    for side in ("labels", "photos"):
        (tmp_path / "maps" / side).mkdir(parents=True)
    for number in range(9):
        labels = np.full((64, 64, 3), (0, 0, 200), np.uint8)
        labels[20 + number :, :] = (0, 200, 0)
        noise = np.random.default_rng(number).integers(0, 256, labels.shape).astype(np.uint8)
        write_png(tmp_path / "maps" / "labels" / f"{number}.png", labels)
        write_png(tmp_path / "maps" / "photos" / f"{number}.png", noise)
    trainer = training_window(window)
    trainer.prepare(tmp_path / "maps")
    until(lambda: window.session.dataset_scan.checked == 1.0)
    page = trainer.prepare_page
    names = trainer.findChild(QListWidget, "label_names")
    assert names.count() == 2 and page.request().palette is None
    names.item(0).setText("sky")
    found = window.session.dataset_scan.result.palette.labels
    expected = Palette(page.request().palette.name, (Label("sky", found[0].colour), found[1]))
    assert page.request().palette == expected


def test_the_slider_says_how_long_and_how_good(window: MainWindow, houses: Path):
    trainer = training_window(window)
    trainer.prepare(houses)
    until(lambda: window.session.dataset_scan.result is not None)
    page, slider = trainer.prepare_page, trainer.findChild(QSlider, "quality")
    said = set()
    for place in range(slider.maximum() + 1):
        slider.setValue(place)
        said.add(page.findChild(HowLong).words)
        assert page.request().options.minutes in (2, 5, 10, 20, 40, 60, 120, 240, 480)
    assert len(said) == slider.maximum() + 1
    trainer.findChild(QSpinBox, "steps").setValue(7)
    assert page.request().options.steps == 7


# --- from folder to canvas ----------------------------------------------------------------------


def test_train_to_the_end_and_paint_with_it(window: MainWindow, houses: Path, home: Path):
    session, training = window.session, window.session.training
    trainer = training_window(window)
    trainer.prepare(houses)
    until(lambda: session.dataset_scan.result is not None)
    page = trainer.prepare_page
    trainer.findChild(QSpinBox, "steps").setValue(24)
    trainer.findChild(QSpinBox, "width").setValue(4)
    assert page.request().options.size == (EDGE, EDGE)  # as the pictures are
    button(page, "train").click()
    until(lambda: training.run is not None, LONG)
    assert trainer.pages.currentWidget() is trainer.watch_page

    watch = trainer.watch_page
    until(lambda: training.phase == "finished", LONG)
    until(lambda: set(watch.findChild(Sheet).rows) == {"inputs", "made", "targets"})
    until(lambda: watch.findChild(Curves).points("l1") == 3)  # steps 10, 20 and the last
    assert watch.findChild(Sheet).rows["inputs"].height() == EDGE
    assert "step 24 of 24" in text_of(watch) and "Finished" in text_of(watch)
    assert not button(watch, "pause").isVisible() and not button(watch, "stop").isVisible()

    button(watch, "paint_with_it").click()
    until(lambda: session.live.card is not None and session.live.card.name == "houses")
    first = session.live.model_file
    assert first.parent == home / "models"
    settle(session)
    assert session.live.preview.shape[2] == 3
    # Once more, and the newer takes the place of the older.
    button(watch, "paint_with_it").click()
    until(lambda: session.live.model_file != first and session.live.card is not None)
    assert [entry.name for entry in session.library.models].count("houses") == 1 and not first.exists()


def test_a_training_that_cannot_start_says_why_and_lets_the_settings_be_changed(
    window: MainWindow, houses: Path
):
    session, training = window.session, window.session.training
    trainer = training_window(window)
    trainer.prepare(houses)
    until(lambda: session.dataset_scan.result is not None)
    training.start(TrainingRequest(Options(houses, name="houses", steps=2, size=(16, 16), width=4)))
    until(lambda: training.phase == "failed", LONG)
    assert "the size must lie between 32 and 2048" in text_of(trainer.watch_page)
    assert "Traceback" not in text_of(trainer.watch_page)
    button(trainer.watch_page, "again").click()
    assert trainer.pages.currentWidget() is trainer.prepare_page
    assert not (runs.free_run_folder("houses").parent / "houses").exists()


def test_a_folder_that_went_away_is_told(window: MainWindow, tmp_path: Path):
    trainer = training_window(window)
    window.session.training.start(tiny(tmp_path / "gone", 2))
    until(lambda: trainer.messages.isVisible())
    assert "is gone; choose the folder anew" in text_of(trainer.messages)
    assert window.session.training.run is None


# --- on and on ----------------------------------------------------------------------------------


@pytest.fixture
def opened(qapp: QApplication, stocked_home: Path, short_sample: Path) -> Iterator[list[MainWindow]]:
    """``opened[-1]`` is the program as it was started last; see ``open_program``."""
    windows: list[MainWindow] = []
    yield windows
    for window in windows:
        if window.isVisible():
            window.session.training.put_away()
            window.close()
        window.deleteLater()
        window.session.deleteLater()
    qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    qapp.processEvents()


def open_program(opened: list[MainWindow]) -> MainWindow:
    session, window = open_window()
    opened.append(window)
    window.show()
    begin(session, window, None)
    settle(session)
    return window


OFTEN = """
from trainer.training import validation
validation.DRAWING_SECONDS = 0.2
from desktop.__main__ import main
main()
"""
"""The program, but that a training looks more often for what was drawn than every four seconds."""


def test_the_drawing_is_followed_and_the_training_outlives_the_window(
    opened: list[MainWindow], houses: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(background, "program", lambda: warm.command("-c", OFTEN))
    window = open_program(opened)
    session, training = window.session, window.session.training
    session.new_picture("sketch", 96, 80)
    settle(session)
    drag(window, (10, 10), (80, 10), (80, 60), (10, 60), (10, 10))
    trainer = training_window(window)
    training.start(tiny(houses, 1_000_000))
    until(lambda: training.run is not None, LONG)
    run = training.run
    log = runs.log_of(run)

    # The drawing on the canvas, by the newest weights; another drawing, another picture.
    pictures: list[Pixels] = []
    training.translated.connect(lambda _drawn, made: pictures.append(shown(made)))
    until(lambda: pictures, LONG)
    assert training.phase == "running" and (run / "drawing.npz").is_file()
    drag(window, (20, 20), (70, 20), (70, 50), (20, 50))
    until(lambda: len(pictures) > 2, LONG)
    assert (pictures[0] != pictures[-1]).any()
    assert (shown(trainer.watch_page.findChild(Picture, "drawing").image) < 128).any()

    button(trainer.watch_page, "pause").click()
    until(lambda: training.phase == "paused")
    button(trainer.watch_page, "go_on").click()
    until(lambda: training.phase == "running")

    # Closing asks, in both windows; closing once more lets it go on.
    trainer.close()
    assert trainer.isVisible() and trainer.messages.isVisible()
    trainer.close()
    assert not trainer.isVisible()
    window.close()
    assert window.isVisible() and "training" in text_of(window.messages)
    window.close()
    assert not window.isVisible() and background.is_running(log)

    # The next start finds it.
    window = open_program(opened)
    training = window.session.training
    until(lambda: training.phase == "running", LONG)
    until(lambda: "still training" in text_of(window.messages))
    before = training.history.step
    until(lambda: training.history.step > before, LONG)
    training.stop()
    until(lambda: training.phase == "stopped", LONG)
    assert not background.is_running(log) and not window.session.settings.training

    # Gone on with where it stood.
    trainer = training_window(window)
    assert trainer.pages.currentWidget() is trainer.watch_page
    stood = training.history.step
    button(trainer.watch_page, "resume").click()
    until(lambda: training.phase == "running" and training.history.step > stood, LONG)
    assert training.history.last == "resumed" and training.history.times[0] == 10
    while window.messages.isVisible():  # the drawing that was not saved is offered, sooner or later
        window.messages.put_away()
    window.close()
    assert window.isVisible()
    (stop,) = [found for found in window.messages.findChildren(QPushButton) if "Stop" in found.text()]
    stop.click()
    until(lambda: not window.isVisible())
    until(lambda: not background.is_running(log), LONG)
    (past,) = runs.all_runs()
    assert past.phase == "stopped" and past.step > stood


def test_which_files_make_pairs_is_asked_in_the_details(window: MainWindow, houses: Path):
    trainer, folder = training_window(window), houses
    (folder / "other").mkdir()
    for file in sorted((folder / "seen").iterdir()):
        (folder / "other" / file.name).write_bytes(file.read_bytes())
    trainer.prepare(folder)
    page, dataset_scan = trainer.prepare_page, window.session.dataset_scan
    until(lambda: dataset_scan.result is not None and not dataset_scan.looking)
    way = page.findChild(QComboBox, "way")
    assert way.isEnabled() and page.findChild(QToolButton, "fold").isChecked()
    way.setCurrentIndex(way.findData("drawn+seen"))
    way.activated.emit(way.currentIndex())
    until(lambda: not dataset_scan.looking)
    assert dataset_scan.result.direction == "“drawn” → “seen”"
    assert page.request().options.pair == way.currentData() == "drawn+seen"
    page.look_at(folder)
    until(lambda: not dataset_scan.looking)
    assert page.request().options.pair == ""
