"""Drafts taken into the data set as they are, in the real window, and out again."""

from __future__ import annotations

import html
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QSpinBox

from desktop.paint.strokes.stroke import Sample
from desktop.pairs import kept_drafts
from desktop.pairs.bulk_drafts import BulkDrafts
from desktop.support import task_queue
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.picks import PickList
from engine.data.picture import read, write_png
from engine.errors import PictureError
from tests.desktop.pairs.test_label_drafts import begin, keep, leave_drafts, marks, tool
from tests.desktop.window_hands import drag, message, until
from trainer.data import pairs
from trainer.drafting import drafts as drafting
from trainer.files import pair_store

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def dialog(window: MainWindow) -> QDialog:
    found = window.findChild(QDialog, "rest_of_drafts")
    assert found is not None
    return found


def press(window: MainWindow, name: str) -> None:
    button = dialog(window).findChild(QPushButton, name)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def answer(window: MainWindow, text: str) -> None:
    button = next(
        it for it in window.messages.findChildren(QPushButton) if text in it.text().replace("&", "")
    )
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def ready(window: MainWindow, fronts: Path) -> tuple[Path, BulkDrafts]:
    """Five maps are done, and the other three photos have drafts: one is hardly certain of anything."""
    pair_drawing = window.session.pair_drawing
    folder = pair_drawing.folder("fronts")
    keep(window, folder, fronts, 5)
    begin(window, fronts)
    count = len(pair_drawing.photo_set.palette.labels)
    known = marks(window)
    leave_drafts(folder, count, {known[f"front {number}"]: 0.1 for number in (6, 7, 8)})
    unsure = np.full((count, 16, 24), 0.6 / (count - 1), np.float32)
    unsure[0] = 0.4
    write_png(kept_drafts.drafts_folder(folder) / f"{known['front 8']}.png", drafting.packed(unsure))
    pair_drawing.finish()
    begin(window, fronts)
    until(lambda: not window.session.document.is_blank)
    return folder, pair_drawing.bulk_drafts


def open_dialog(window: MainWindow, rest: BulkDrafts) -> PickList:
    window.activateWindow()
    until(window.isActiveWindow)
    QTest.keyClick(window.canvas, Qt.Key.Key_D, CONTROL_SHIFT)
    until(lambda: dialog(window).isVisible() and rest.proposals and not rest.busy)
    found = dialog(window).findChild(PickList)
    assert dialog(window).isVisible() and found is not None
    return found


def test_the_certain_ones_go_in_marked_and_out_again(window: MainWindow, fronts: Path):
    folder, rest = ready(window, fronts)
    pair_drawing = window.session.pair_drawing
    sheet = open_dialog(window, rest)
    assert sheet.item(0).text() == "front 8.png"  # the least certain first
    assert len(rest.chosen) == 2 and marks(window)["front 8"] not in rest.chosen
    press(window, "rest_add")
    until(lambda: "2 drafts are in the data set as they were" in message(window))
    assert "100 % of the pixels are held to be right" in message(window)
    photo_set = pair_drawing.photo_set
    assert (photo_set.pairs, photo_set.by_hand, photo_set.done) == (7, 5, 7)
    noted = pair_store.manifest_of(folder).drafts
    assert set(noted) == photo_set.drafts and set(noted.values()) == {1.0}
    found = pairs.find(folder)
    drawn, photo = pairs.load(next(pair for pair in found.pairs if pair.name in noted))
    assert len(found.pairs) == 7 and len(np.unique(drawn.reshape(-1, 3), axis=0)) == 2
    assert photo.shape == drawn.shape
    answer(window, "back")
    until(lambda: pair_drawing.photo_set.pairs == 5)
    assert not pair_store.manifest_of(folder).drafts and len(pairs.find(folder).pairs) == 5
    assert "2 drafts are out of the data set again" in message(window)
    assert len(rest.waiting) == 3


def test_they_are_taken_back_out_of_the_data_set_that_they_went_into(
    window: MainWindow, fronts: Path, tmp_path: Path
):
    """Its drafts may be called as those of another one are, for which pairs are made by then."""
    folder, rest = ready(window, fronts)
    pair_drawing = window.session.pair_drawing
    open_dialog(window, rest)
    press(window, "rest_add")
    until(lambda: "2 drafts are in the data set as they were" in message(window))
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    pair_drawing.finish()
    begin(window, fronts, other)
    answer(window, "back")
    until(lambda: "2 drafts are out of the data set again" in message(window))
    assert len(pairs.find(folder).pairs) == 5 and len(pairs.find(other).pairs) == 7
    assert pair_drawing.photo_set.folder == other and pair_drawing.photo_set.pairs == 7


def test_a_click_and_the_threshold_say_which(window: MainWindow, fronts: Path):
    _, rest = ready(window, fronts)
    sheet = open_dialog(window, rest)
    QTest.mouseClick(
        sheet.viewport(), Qt.MouseButton.LeftButton, pos=sheet.visualItemRect(sheet.item(0)).center()
    )
    assert len(rest.chosen) == 3
    QTest.keyClick(sheet, Qt.Key.Key_Right)
    QTest.keyClick(sheet, Qt.Key.Key_Space)
    assert len(rest.chosen) == 2 and marks(window)["front 8"] in rest.chosen
    least = dialog(window).findChild(QSpinBox, "rest_least")
    least.setValue(30)
    assert len(rest.chosen) == 3
    least.setValue(100)
    assert len(rest.chosen) == 2 and marks(window)["front 8"] not in rest.chosen


def test_what_a_hand_is_at_is_left_alone(window: MainWindow, fronts: Path):
    folder, rest = ready(window, fronts)
    session, pair_drawing = window.session, window.session.pair_drawing
    window.activateWindow()
    drag(window, (10, 10), (30, 30))
    assert not session.picture.is_saved
    begun = pair_drawing.photo
    open_dialog(window, rest)
    assert begun.mark not in {one.photo.mark for one in rest.proposals} and len(rest.proposals) == 2
    press(window, "rest_close")
    assert not dialog(window).isVisible() and pair_drawing.photo_set.pairs == 5
    # What is corrected later is a map like any other, and stays.
    open_dialog(window, rest)
    rest.choose(0.0)
    press(window, "rest_add")
    until(lambda: len(pair_drawing.photo_set.drafts) == 2)
    index = next(number for number, it in enumerate(pair_drawing.photo_set.photos) if it.draft)
    while pair_drawing.index != index:
        pair_drawing.step(1 if index > pair_drawing.index else -1)
        until(lambda: pair_drawing.here and not pair_drawing.busy)
    said = [label.text() + label.toolTip() for label in window.pair_drawing_bar.findChildren(QLabel)]
    assert any("draft is in it as it was" in html.unescape(text) for text in said)
    drag(window, (40, 10), (60, 30))
    pair_drawing.add()
    until(lambda: len(pair_drawing.photo_set.drafts) == 1)
    assert len(pair_store.manifest_of(folder).drafts) == 1 and pair_drawing.photo_set.by_hand == 6
    rest.take_back(folder, pair_drawing.photo_set.drafts | {"1"})
    until(lambda: not pair_drawing.photo_set.drafts)
    assert len(pairs.find(folder).pairs) == 6


def test_a_photo_on_which_a_stroke_goes_on_is_begun(window: MainWindow, fronts: Path):
    _, rest = ready(window, fronts)
    session, pair_drawing = window.session, window.session.pair_drawing
    open_dialog(window, rest)
    rest.choose(0.0)
    session.strokes.press(Sample(10, 10))
    session.strokes.move(Sample(30, 30, time=0.1))
    assert session.picture.is_saved and pair_drawing.photo.mark in rest.chosen
    rest.take()
    until(lambda: len(pair_drawing.photo_set.drafts) == 2 and not rest.busy)
    assert not pair_drawing.photo.pair and not session.strokes.drawing


def test_it_needs_drafts_and_says_when_there_are_none(window: MainWindow, fronts: Path):
    begin(window, fronts)
    assert not window.actions_table["add_rest"].isEnabled()
    assert not tool(window, "add_rest").isVisible()


def test_a_photo_that_is_gone_is_counted(window: MainWindow, fronts: Path):
    _, rest = ready(window, fronts)
    open_dialog(window, rest)
    here = window.session.pair_drawing.photo.mark
    gone = next(one.photo for one in rest.proposals if one.photo.mark in rest.chosen - {here})
    gone.file.unlink()
    press(window, "rest_add")
    until(lambda: "1 draft is in the data set as it was" in message(window))
    assert "1 photo could not be read" in message(window)


def test_a_photo_that_was_replaced_gets_no_draft_of_the_one_before(window: MainWindow, fronts: Path):
    folder, rest = ready(window, fronts)
    open_dialog(window, rest)
    here = window.session.pair_drawing.photo.mark
    other = next(one.photo for one in rest.proposals if one.photo.mark in rest.chosen - {here})
    write_png(other.file, np.full((64, 96, 3), 77, np.uint8))
    press(window, "rest_add")
    until(lambda: "1 draft is in the data set as it was" in message(window))
    assert "1 photo could not be read" in message(window)
    assert not any((photo == 77).all() for _, photo in map(pairs.load, pairs.find(folder).pairs))
    rest.look()
    until(lambda: not rest.busy)
    assert other.mark not in {one.photo.mark for one in rest.proposals}
    labels = window.session.pair_drawing.labels
    pixels = read(other.file).pixels
    assert labels.found(other, pixels, len(window.session.document.palette.labels)) is None


def test_a_data_set_that_is_gone_is_a_sentence(window: MainWindow, fronts: Path):
    folder, rest = ready(window, fronts)
    open_dialog(window, rest)
    folder.rename(folder.with_name("elsewhere"))
    press(window, "rest_add")
    until(lambda: "is gone" in message(window))
    assert not rest.busy and not folder.exists()


def test_a_disk_that_no_longer_answers_does_not_hold_the_end(
    window: MainWindow, fronts: Path, monkeypatch: pytest.MonkeyPatch
):
    _, rest = ready(window, fronts)
    begun, answers = threading.Event(), threading.Event()

    def hang(_file: Path) -> None:
        begun.set()
        answers.wait()
        raise PictureError("It is gone.")

    monkeypatch.setattr("desktop.pairs.bulk_drafts.read", hang)
    monkeypatch.setattr(task_queue, "PATIENCE_S", 0.1)
    at_last = threading.Timer(10, answers.set)
    at_last.start()
    rest.look()
    assert begun.wait(20)
    rest.leave()
    assert not answers.is_set()
    answers.set()
    at_last.cancel()
    at_last.join()
    until(lambda: not any(thread.name == "rest of drafts" for thread in threading.enumerate()))


def test_looking_that_fails_is_a_sentence_and_over(
    window: MainWindow, fronts: Path, monkeypatch: pytest.MonkeyPatch
):
    _, rest = ready(window, fronts)

    def fail(*_: object) -> None:
        raise PictureError("The drafts are gone; make them anew.")

    monkeypatch.setattr(kept_drafts, "chances", fail)
    rest.look()
    until(lambda: "The drafts are gone; make them anew." in message(window))
    assert not rest.busy and not rest.proposals


class Held(NamedTuple):
    begun: threading.Event
    go_on: threading.Event


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch, name: str, once: Callable[[Path], object]) -> Iterator[Held]:
    """What reads photos waits until ``go_on`` is set."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(file: Path) -> object:
        begun.set()
        assert go_on.wait(60)
        return once(file)

    monkeypatch.setattr(name, hold)
    try:
        yield Held(begun, go_on)
    finally:
        go_on.set()


def test_the_rest_that_ends_while_a_photo_is_read_leaves_it_to_come_up(
    window: MainWindow, fronts: Path, monkeypatch: pytest.MonkeyPatch
):
    _, rest = ready(window, fronts)
    pair_drawing = window.session.pair_drawing
    rest.look()
    until(lambda: rest.proposals and not rest.busy)
    with held(monkeypatch, "desktop.pairs.photos.read", read) as reading:
        pair_drawing.step(1)
        assert reading.begun.wait(60)
        rest.take()
        until(lambda: pair_drawing.photo_set.pairs == 7)
        assert pair_drawing.busy
    until(lambda: not pair_drawing.busy)
    assert pair_drawing.index == 6 and pair_drawing.here
    pair_drawing.step(1)
    until(lambda: not pair_drawing.busy and pair_drawing.index == 7)


def test_a_pair_that_is_added_while_the_rest_is_taken_counts_and_goes_on(
    window: MainWindow, fronts: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, rest = ready(window, fronts)
    pair_drawing = window.session.pair_drawing
    rest.look()
    until(lambda: rest.proposals and not rest.busy)
    rest.toggle(pair_drawing.photo.mark)
    with held(monkeypatch, "desktop.pairs.bulk_drafts.read", read) as reading:
        rest.take()
        assert reading.begun.wait(60)
        pair_drawing.add()
    until(lambda: len(pair_store.names(folder)) == 7 and not rest.busy and not pair_drawing.busy)
    photo_set = pair_drawing.photo_set
    assert (photo_set.pairs, photo_set.by_hand, photo_set.done) == (7, 6, 7)
    assert pair_drawing.photo.file.stem == "front 8" and pair_drawing.here
    assert all(picture.is_saved for picture in window.session.pictures if picture.photo)
