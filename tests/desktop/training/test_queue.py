"""The queue in the window, by the pointer and by keys, with a real process that works it off."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QListWidget, QPushButton, QSpinBox, QToolButton

from desktop.app import begin, open_window
from desktop.support import background, theme
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.progress_rows import SHARE
from desktop.widgets.training.queue import QueuePage
from desktop.widgets.training.sheet import Sheet
from engine.files import lock
from tests.desktop.training_pairs import EDGE, write_pairs
from tests.desktop.window_hands import text_of, training_window, until
from trainer.queue.items import new_item
from trainer.queue.queue_folder import QueueFolder, Status
from trainer.run.history import CURVES
from trainer.run.options import Options

LONG = 120.0


@pytest.fixture(autouse=True)
def nothing_is_left(home: Path):
    """Whatever a test does: what it started ends with it."""
    yield
    if QueueFolder().is_worked_off():
        QueueFolder().ask_to_stop()
        until(lambda: not background.is_running(home / "queue" / "queue.log"), LONG)
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            if "queue" in process.cmdline() or "train" in process.cmdline():
                process.kill()


def press(page, name: str) -> None:
    button = page.findChild(QPushButton, name)
    assert button is not None and button.isVisible() and button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def rows(page: QueuePage) -> list[str]:
    found = page.findChild(QListWidget, "queue_list")
    return [found.item(row).text().splitlines()[0] for row in range(found.count())]


def filled(window: MainWindow, *names: str) -> QueuePage:
    for name in names:
        options = Options(Path("/nowhere") / name, name=name, steps=3)
        QueueFolder().edit(lambda queue, options=options: queue.added(new_item(options, 1.0)))
    trainer = training_window(window)
    QTest.mouseClick(trainer.findChild(QToolButton, "show_queue"), Qt.MouseButton.LeftButton)
    until(lambda: rows(trainer.queue_page) == list(names))
    return trainer.queue_page


def test_an_empty_queue_says_how_to_fill_it(window: MainWindow):
    page = filled(window)
    assert "Add to the queue" in text_of(page) and not page.findChild(QListWidget).isVisible()
    assert not page.findChild(QPushButton, "queue_start").isEnabled()


def test_order_pause_and_remove_by_buttons_and_keys(window: MainWindow):
    page = filled(window, "a", "b", "c")
    rows_list = page.findChild(QListWidget, "queue_list")
    QTest.mouseClick(
        rows_list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=rows_list.visualItemRect(rows_list.item(2)).center(),
    )
    press(page, "queue_up")
    until(lambda: rows(page) == ["a", "c", "b"])
    rows_list.setFocus()
    QTest.keyClick(rows_list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    until(lambda: rows(page) == ["c", "a", "b"])
    press(page, "queue_hold")
    until(lambda: "paused" in rows_list.item(0).text())
    assert QueueFolder().read().items[0].held
    press(page, "queue_remove")
    until(lambda: rows(page) == ["a", "b"])
    # A row dragged elsewhere.
    rows_list.model().moveRow(rows_list.rootIndex(), 0, rows_list.rootIndex(), 2)
    until(lambda: [item.name for item in QueueFolder().read().items] == ["b", "a"])


def test_when_to_train_is_chosen_and_kept(window: MainWindow):
    page = filled(window, "a")
    when = page.findChild(QComboBox, "queue_when")
    when.setCurrentIndex(when.findData("night"))
    when.activated.emit(when.currentIndex())
    until(lambda: QueueFolder().read().schedule.when == "night")
    assert (QueueFolder().read().schedule.begins, page.findChild(QComboBox).currentData()) == (
        "22:00",
        "night",
    )


def test_a_damaged_list_is_one_sentence(window: MainWindow, home: Path):
    page = filled(window, "a")
    QueueFolder().file.write_text("{")
    until(lambda: rows(page) == [])
    trainer = training_window(window)
    until(lambda: trainer.messages.isVisible() and "could not be read" in text_of(trainer.messages))


def test_added_started_trained_and_painted_with(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    houses, session = write_pairs(tmp_path / "houses"), window.session
    trainer = training_window(window)
    trainer.prepare(houses)
    until(lambda: session.dataset_scan.result is not None)
    trainer.findChild(QSpinBox, "steps").setValue(6)
    trainer.findChild(QSpinBox, "width").setValue(4)
    press(trainer.prepare_page, "add_to_queue")
    page = trainer.queue_page
    until(lambda: rows(page) == ["houses"])
    assert trainer.pages.currentWidget() is page
    assert QueueFolder().read().items[0].options.size == (EDGE, EDGE)
    press(page, "queue_start")
    until(lambda: session.training_queue.works, LONG)
    # Closing says that it goes on without the window.
    window.close()
    assert window.isVisible() and "queue goes on" in text_of(window.messages)
    window.messages.put_away()
    until(lambda: "done after" in page.findChild(QListWidget, "queue_list").item(0).text(), LONG)
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda address: not opened.append(address.toLocalFile()))
    until(lambda: not session.training_queue.works, LONG)
    # The day's results, in the window and as a page.
    press(page, "queue_day")
    until(lambda: session.training_queue.day.ended)
    day = window.day
    (ended,) = session.training_queue.day.ended
    assert day.isVisible() and "1 done, 0 failed, 0 still in the queue." in text_of(day)
    assert "step 6 of 6" in text_of(day) and "loss" in text_of(day)
    sheet = day.findChild(Sheet)
    until(sheet.isVisible)  # a turn after its panel was put there
    assert set(sheet.rows) == {"inputs", "made", "targets"}
    inputs = QImage(str(ended.result.item.run / "samples" / "inputs.png"))
    assert not inputs.isNull() and sheet.rows["inputs"].size() == inputs.size()
    press(day, "day_page")
    until(lambda: opened)
    assert "1 done, 0 failed, 0 still in the queue." in Path(opened[0]).read_text("utf-8")
    trainer.close()
    press(day, f"day_show_{ended.result.item.id}")
    assert trainer.isVisible() and trainer.pages.currentWidget() is trainer.watch_page
    press(day, f"day_paint_{ended.result.item.id}")
    until(lambda: session.live.card is not None and session.live.card.name == "houses", LONG)
    press(day, "day_close")
    assert not day.isVisible()


def test_queue_and_results_are_in_the_menu(window: MainWindow):
    options = Options(Path("/nowhere"), name="<b>lost", steps=3)
    item = replace(new_item(options, 1.0), state="failed", sentence="No pairs.", ended=time.time())
    QueueFolder().edit(lambda queue: queue.added(item))
    QTest.keyClick(
        window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    )
    trainer = window.training.window
    until(lambda: trainer is not None and rows(trainer.queue_page) == ["<b>lost"])
    assert trainer.pages.currentWidget() is trainer.queue_page and trainer.isVisible()
    window.actions_table["day"].trigger()
    until(lambda: "0 done, 1 failed, 0 still in the queue." in text_of(window.day))
    assert window.day.isVisible() and "No pairs." in text_of(window.day)
    # What ended since is there when one looks again, without what was there before twice.
    QueueFolder().edit(lambda queue: queue.without(item.id))
    press(window.day, "day_again")
    until(lambda: "No training of the queue has ended" in text_of(window.day))
    assert "No pairs." not in text_of(window.day)


def test_a_page_that_no_browser_shows_is_told(window: MainWindow, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda address: bool(asked.append(address.toLocalFile()))
    )
    window.actions_table["day"].trigger()
    until(window.day.isVisible)
    press(window.day, "day_page")
    until(lambda: asked)
    assert f"No browser could be started. The page is “{asked[0]}”." in text_of(window.day)
    window.day.close()


def test_what_was_begun_tells_how_far_it_is(window: MainWindow, tmp_path: Path):
    run = tmp_path / "runs" / "a"
    run.mkdir(parents=True)
    losses = {**dict.fromkeys(CURVES, 0.5), "pictures_per_second": 2.0}

    def tell(*steps: int) -> None:
        lines = [
            {"event": "started", "time": 1.0, "step": 0, "steps": 8, "batch": 1},
            *({**losses, "event": "step", "time": 2.0, "step": step} for step in steps),
        ]
        (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    tell(1, 2)
    page = filled(window, "a", "b")
    bars = page.findChild(QListWidget, "queue_list")
    first = QueueFolder().read().items[0]
    QueueFolder().edit(lambda queue: queue.changed(first.id, state="training", run=run))
    until(lambda: bars.item(0).data(SHARE) == 0.25)
    assert bars.item(1).data(SHARE) is None
    assert "step 2 of 8" in bars.item(0).text() and "interrupted" in bars.item(0).text()
    tell(1, 2, 3, 4)
    until(lambda: bars.item(0).data(SHARE) == 0.5)
    # The bar is painted: its left half in the accent's colour.
    shot = bars.viewport().grab().toImage()
    place = bars.visualItemRect(bars.item(0))
    tones = [shot.pixelColor(x, place.bottom() - 6).name() for x in (place.left() + 20, place.right() - 20)]
    assert tones == [theme.colour("accent").name(), theme.colour("line").name()]


def test_a_training_at_work_has_its_own_steps_whatever_stands_before_it(window: MainWindow, tmp_path: Path):
    def begun(name: str, step: int, steps: int) -> Path:
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        losses = {**dict.fromkeys(CURVES, 0.5), "pictures_per_second": 2.0}
        lines = [
            {"event": "started", "time": 1.0, "step": 0, "steps": steps, "batch": 1},
            {**losses, "event": "step", "time": 2.0, "step": step},
        ]
        (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return run

    filled(window, "a", "b")
    folder, training_queue = QueueFolder(), window.session.training_queue
    before, at_work = folder.read().items
    folder.edit(lambda queue: queue.changed(before.id, held=True, state="training", run=begun("a", 1, 8)))
    folder.edit(lambda queue: queue.changed(at_work.id, state="training", run=begun("b", 30, 40)))
    with lock.holding(folder.running) as ours:  # as by the process that works it off
        assert ours
        folder.write_status(Status(at_work.id))
        training_queue.look()
        until(lambda: training_queue.works and len(training_queue.begun) == 2)
    assert training_queue.begun == {before.id: (1, 8), at_work.id: (30, 40)}
    training_queue.look()
    until(lambda: not training_queue.works)  # while it does, closing the window asks


def test_a_queue_that_was_on_goes_on_at_the_next_start(
    qapp: QApplication, home: Path, stocked_home: Path, short_sample: Path, tmp_path: Path
):
    houses = write_pairs(tmp_path / "houses")
    options = Options(houses, name="kept on", steps=3, width=4, size=(EDGE, EDGE), patch=16, edges=0.0)
    options = replace(options, perceptual=0.0, threads=1, precision="float32", device="cpu", batch=2)
    QueueFolder().edit(lambda queue: replace(queue.added(new_item(options, 1.0)), on=True))
    session, window = open_window()
    window.show()
    begin(session, window, None)
    until(lambda: "The queue goes on, with “kept on”." in text_of(window.messages), LONG)
    until(lambda: QueueFolder().read().items[0].state == "done", LONG)
    until(lambda: not session.training_queue.works, LONG)
    until(lambda: not background.is_running(home / "queue" / "queue.log"), LONG)
    window.close()
    window.deleteLater()
    session.deleteLater()
    qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    qapp.processEvents()


def test_the_list_stays_where_it_was_scrolled_to(window: MainWindow):
    """Though a step more is told each second."""
    page = filled(window, *(f"model {number}" for number in range(40)))
    found = page.findChild(QListWidget, "queue_list")
    found.setCurrentRow(30)
    bar = found.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before, chosen = bar.value(), found.currentItem()
    assert before > 0
    QueueFolder().edit(lambda queue: queue.changed(queue.items[35].id, held=True))
    until(lambda: "paused" in found.item(35).text())
    assert (bar.value(), found.currentItem()) == (before, chosen)


def test_whoever_works_the_queue_off_and_dies_is_told_and_can_be_started_again(
    window: MainWindow, home: Path, monkeypatch: pytest.MonkeyPatch
):
    begun: list[list[str]] = []

    def start(words: list[str], log: Path) -> None:
        begun.append(words)
        log.write_text("At work.\nThe disk is full; make room there.\n")

    monkeypatch.setattr(background, "start", start)  # one that dies at once
    page = filled(window, "shoes")
    press(page, "queue_start")
    until(lambda: "It ended by itself; start it again. The disk is full; make room there." in text_of(page))
    press(page, "queue_start")
    until(lambda: len(begun) == 2)


def test_after_one_was_removed_its_neighbour_is_chosen_not_the_one_at_work(window: MainWindow):
    page = filled(window, "a", "b", "c", "d")
    waiting = page.findChild(QListWidget, "queue_list")
    waiting.setCurrentRow(2)
    waiting.setFocus()
    for left in (["a", "b", "d"], ["a", "b"], ["a"]):
        QTest.keyClick(waiting, Qt.Key.Key_Delete)
        until(lambda left=left: rows(page) == left)
