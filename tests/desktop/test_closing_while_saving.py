"""The window and its pictures closed while something is written: when that is done, or without waiting."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton

from desktop.documents.recovery import abandoned, restore
from desktop.session import Session
from desktop.support import task_queue
from desktop.widgets.main_window import MainWindow
from engine.data.picture import read
from tests.desktop.file_hands import drawn, held
from tests.desktop.test_overwriting import lines, question
from tests.desktop.widgets.parts.test_files import press
from tests.desktop.window_hands import done, drag, files_done, until


def test_the_window_waits_for_a_save_says_so_and_closes_then(
    window: MainWindow, session: Session, tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    with held(session):
        session.save(tmp_path / "drawing.ora")
        for _ in range(2):  # to ask again is no harm
            window.close()
            assert window.isVisible()
        assert question(window).startswith(
            "Saving “drawing.ora” goes on; the window closes when that is done."
        )
    until(lambda: not window.isVisible())
    assert (lines(tmp_path / "drawing.ora") < 128).any()
    assert abandoned() == []


def test_the_window_can_be_closed_while_a_disk_hangs_and_the_drawing_is_back_next_time(
    window: MainWindow, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(task_queue, "PATIENCE_S", 0.01)
    path, hangs, gate = tmp_path / "far" / "drawing.ora", threading.Event(), threading.Event()
    path.parent.mkdir()
    path.write_bytes(b"as it was")
    replace = os.replace

    def hang(source: Any, target: Any) -> None:
        if path.parent in Path(target).parents:
            hangs.set()
            gate.wait(60)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        replace(source, target)

    monkeypatch.setattr(os, "replace", hang)
    drag(window, (10, 10), (50, 50))
    here = drawn(session)
    session.save(path, anyway=True)
    assert hangs.wait(20)
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "writing")
    try:
        window.close()
        assert window.isVisible()
        (button,) = (it for it in window.messages.findChildren(QPushButton) if "without" in it.text())
        button.click()
        assert not window.isVisible() and thread.is_alive()
        (left,) = abandoned()
        assert np.array_equal(restore(left.path).picture().lines, here)
        assert path.read_bytes() == b"as it was"
    finally:
        gate.set()
        thread.join(20)


def test_a_save_that_fails_keeps_the_window_open(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    (tmp_path / "file").write_text("")
    with held(session):
        session.save(tmp_path / "file" / "drawing.ora")
        window.close()
    files_done(session)
    assert window.isVisible()
    assert "can't be written" in told[-1]


def test_the_session_itself_ends_when_all_is_written(window: MainWindow, session: Session, tmp_path: Path):
    """Where nobody waits, as at a signal's end of the program."""
    drag(window, (10, 10), (50, 50))
    session.save(tmp_path / "drawing.ora")
    session.export("picture", tmp_path / "drawing.png")
    session.close()
    assert (lines(tmp_path / "drawing.ora") < 128).any()
    assert (read(tmp_path / "drawing.png").pixels < 128).any()
    assert session.picture.is_saved
    assert abandoned() == []


def test_a_picture_is_closed_when_its_save_is_done(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    picture = session.picture
    with held(session):
        session.save(tmp_path / "drawing.ora")
        window.actions_table["close"].trigger()
        assert picture in session.pictures
        assert "closed when that is done" in told[-1]
    files_done(session)
    assert picture not in session.pictures


def test_drawn_on_while_it_is_saved_it_is_asked_about_again_before_it_is_closed(
    window: MainWindow, session: Session, tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    assert done(session.save(tmp_path / "drawing.ora"))
    drag(window, (50, 10), (10, 50))
    picture = session.picture
    window.actions_table["close"].trigger()
    with held(session):
        [button] = [it for it in window.messages.findChildren(QPushButton) if "Save and" in it.text()]
        button.click()
        drag(window, (10, 70), (80, 70))
    files_done(session)
    assert picture in session.pictures
    assert "has changes that are not saved" in question(window)
    press(window, "Save and close")
    assert picture not in session.pictures


def test_an_untouched_picture_that_is_being_saved_is_not_closed(
    window: MainWindow, session: Session, tmp_path: Path
):
    picture = session.picture
    with held(session):
        session.save(tmp_path / "empty.ora")
        session.new_picture("sketch", 40, 40)
        assert picture in session.pictures
    files_done(session)
    assert picture.path == tmp_path / "empty.ora"
