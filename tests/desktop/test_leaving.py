"""The end of the program where a disk no longer answers: what only reads is left to itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from desktop.session import Session
from desktop.support import task_queue
from desktop.support.task_queue import TaskQueue
from desktop.widgets.dialogs.about import AboutDialog
from desktop.widgets.main_window import MainWindow
from engine.data.picture import write_png
from engine.errors import PictureError
from tests.desktop.window_hands import drag, settle, until
from trainer.files import pair_store

WRITING = {"film", "making", "pair drawing", "prepare photos", "queue", "teaching", "training", "writing"}
"""The queues that write too, by name: something would be lost or left half done."""


class Disk:
    """One that no longer answers, until the test is over."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._answers = threading.Event()
        self._at_last = threading.Timer(10, self._answers.set)
        """So that a program that waits for it ends late, rather than never."""
        self._at_last.start()

    @property
    def answers(self) -> bool:
        return self._answers.is_set()

    def hang(self, *_: object) -> NoReturn:
        """What reads from it."""
        self.asked.set()
        self._answers.wait()
        raise PictureError("It is gone.")

    def end(self) -> None:
        self._answers.set()
        self._at_last.cancel()
        self._at_last.join()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.setattr(task_queue, "PATIENCE_S", 0.01)
    before = set(threading.enumerate())
    disk = Disk()
    yield disk
    disk.end()
    for thread in set(threading.enumerate()) - before:
        thread.join(20)


def test_no_queue_that_only_reads_holds_the_end(window: MainWindow, session: Session, disk: Disk):
    queues = [queue for queue in session.findChildren(TaskQueue) if queue.objectName() not in WRITING]
    assert len(queues) > 10
    for queue in queues:
        queue.finish()
        disk.asked.clear()
        queue.do(disk.hang, lambda _none: None)
        assert disk.asked.wait(20), queue.objectName()
    window.close()
    assert not disk.answers
    assert not window.isVisible()


def test_reading_the_licences_does_not_hold_the_dialog(window: MainWindow, disk: Disk):
    dialog = AboutDialog(window.session, "1.0", window)
    dialog.show()
    (queue,) = dialog.findChildren(TaskQueue)
    queue.finish()
    queue.do(disk.hang, lambda _none: None)
    assert disk.asked.wait(20)
    dialog.reject()
    assert not disk.answers


def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for grey, name in enumerate(("first.png", "second.png")):
        write_png(folder / name, np.full((64, 64, 3), grey, np.uint8))
    return folder


def draw_over_photos(window: MainWindow, folder: Path) -> None:
    pair_drawing = window.session.pair_drawing
    pair_drawing.begin([folder], "sketch", pair_drawing.folder("photos"))


def prepare_photos(window: MainWindow, folder: Path) -> None:
    window.session.preparing.look(folder, 64, 10)


def teach(window: MainWindow, _folder: Path) -> None:
    session = window.session
    drag(window, (20, 10), (50, 60))
    settle(session)
    window.actions_table["teach"].trigger()
    drag(window, (10, 20), (80, 20))
    session.teaching.teach(0.1, [], steps=1)


@pytest.mark.parametrize(
    ("begin", "reading"),
    [
        (draw_over_photos, "desktop.pairs.photos.read"),
        (prepare_photos, "trainer.preparing.proposals.propose"),
        (teach, "desktop.pairs.replay_examples.examples"),
    ],
)
def test_what_is_read_beside_something_that_writes_does_not_hold_the_end(
    begin, reading: str, window: MainWindow, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, disk.hang)
    begin(window, photos(tmp_path))
    until(disk.asked.is_set)
    window.close()
    assert not disk.answers


def test_a_pair_that_is_being_kept_counts_when_photos_are_begun_anew(
    window: MainWindow, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, pair_drawing = photos(tmp_path), session.pair_drawing
    draw_over_photos(window, folder)
    until(lambda: pair_drawing.here and not pair_drawing.busy)
    drag(window, (10, 10), (50, 50))
    keep, begun, go_on = pair_store.keep, threading.Event(), threading.Event()

    def slowly(*given: Any) -> str:
        begun.set()
        assert go_on.wait(20)
        return keep(*given)

    monkeypatch.setattr(pair_store, "keep", slowly)
    pair_drawing.add()
    assert begun.wait(20)
    old = pair_drawing.photo_set
    draw_over_photos(window, folder)
    go_on.set()
    until(
        lambda: (
            pair_drawing.photo_set is not old and pair_drawing.photo_set is not None and not pair_drawing.busy
        )
    )
    assert pair_drawing.photo_set.done == 1
