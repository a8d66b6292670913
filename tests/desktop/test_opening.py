"""Opening and recovering go on beside the pen: nothing comes up in the midst of a stroke, or half."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from desktop.documents.recovery import Recovered, abandoned
from desktop.session import Session
from desktop.support import task_queue
from desktop.support.file_work import Job
from desktop.widgets.main_window import MainWindow
from engine.data.picture import write_png
from tests.desktop.file_hands import drawn, held, threads_of
from tests.desktop.test_open_strokes import LEFT, NONE, RELEASE, begin_stroke
from tests.desktop.window_hands import done, drag, files_done, send, until

# --- opening --------------------------------------------------------------------------------------


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_png(tmp_path / "photo.png", np.full((40, 60, 3), (200, 90, 30), np.uint8))
    return tmp_path / "photo.png"


def test_what_is_opened_waits_until_the_stroke_is_drawn(window: MainWindow, session: Session, photo: Path):
    picture = session.picture
    with held(session, reading=True):
        session.open_file(photo)
        window.canvas.setFocus()
        begin_stroke(window)
    files_done(session)
    assert session.picture is picture
    assert session.strokes.drawing
    send(window, RELEASE, (60, 30), LEFT, NONE)
    assert session.document.width == 60
    assert picture.document.undo_steps == 1
    assert picture in session.pictures


def test_opening_that_is_given_up_opens_nothing(
    window: MainWindow, session: Session, told: list[str], photo: Path
):
    before = session.pictures[:]
    with held(session, reading=True):
        job = session.open_file(photo)
        job.cancel()
    assert not done(job)
    assert session.pictures == before
    assert told[-1] == "Given up: Opening “photo.png”."


def test_two_files_are_opened_in_turn_and_one_asked_for_twice_once(
    window: MainWindow, session: Session, photo: Path
):
    write_png(photo.with_name("other.png"), np.zeros((20, 30, 3), np.uint8))
    drag(window, (10, 10), (50, 50))
    with held(session, reading=True):
        for name in ("photo.png", "photo.png", "other.png"):
            session.open_file(photo.with_name(name))
    files_done(session)
    names = [picture.name for picture in session.pictures]
    assert names[0] == "other"
    assert names.count("photo") <= 1  # untouched, the next one takes its place


def test_closing_while_something_is_opened_gives_it_up(window: MainWindow, session: Session, photo: Path):
    drag(window, (10, 10), (50, 50))
    session.open_file(photo)
    window.close()
    assert not window.isVisible()
    assert len(abandoned()) == 1  # as always, and no half-opened picture


def test_closing_does_not_wait_for_a_place_where_nothing_answers_any_more(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(task_queue, "PATIENCE_S", 0.01)
    begun, gate = threading.Event(), threading.Event()

    def hang(_job: Job) -> None:
        begun.set()
        gate.wait(60)

    session.file_work.read("Opening “far.png”", hang, lambda _none: None)
    assert begun.wait(20)
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "reading")
    window.close()
    assert not window.isVisible() and thread.is_alive()
    gate.set()
    thread.join(20)


def test_a_file_drawn_on_here_stays_as_it_is_while_it_cannot_be_opened_anew(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    path = tmp_path / "drawing.ora"
    assert done(session.save(path))
    drag(window, (50, 10), (10, 50))
    picture = session.picture
    path.write_bytes(b"nonsense")
    assert not done(session.open_anew(picture))
    assert picture.path == path
    assert "damaged" in told[-1]


def test_a_photo_to_trace_goes_to_the_picture_that_it_was_asked_for(
    window: MainWindow, session: Session, photo: Path
):
    drag(window, (10, 10), (50, 50))
    picture = session.picture
    with held(session, reading=True):
        session.layers.add_reference(photo)
        session.new_picture("image", 40, 40)
    files_done(session)
    assert [layer.name for layer in picture.document.layers][-1] == "photo"


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_opening_that_is_ended_in_its_midst_opens_nothing(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch, photo: Path, end: str
):
    from desktop.documents.reading import read_file

    begun, go_on = threading.Event(), threading.Event()

    def slowly(*arguments: Any) -> Any:
        begun.set()
        go_on.wait(20)
        return read_file(*arguments)

    monkeypatch.setattr("desktop.documents.filing.read_file", slowly)
    drag(window, (10, 10), (50, 50))
    before = session.pictures[:]
    job = session.open_file(photo)
    assert begun.wait(20)
    if end == "cancel":
        job.cancel()
        go_on.set()
        assert not done(job)
    else:
        # What is only read is told to end, and is waited for no longer than its step at hand takes.
        session.file_work.progressed.connect(go_on.set, Qt.ConnectionType.DirectConnection)
        window.close()
        assert not window.isVisible()
        assert job.is_cancelled and go_on.is_set()
    assert session.pictures == before
    assert (drawn(session) < 128).any()


# --- what was left behind --------------------------------------------------------------------------


def left(window: MainWindow, session: Session) -> tuple[Recovered, np.ndarray]:
    """A drawing as a crash leaves it, and its lines."""
    drag(window, (10, 10), (50, 50))
    lines = drawn(session)
    session.picture.journal.close(keep=True)
    session.picture.journal = None
    (found,) = abandoned()
    return found, lines


def test_a_drawing_comes_back_beside_the_pen(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch
):
    from desktop.documents import guarding, open_documents

    found, before = left(window, session)
    session.new_picture("sketch", 40, 40)
    reads = threads_of(monkeypatch, guarding, "brought_back")
    clears = threads_of(monkeypatch, open_documents, "discard")
    with held(session, reading=True):
        session.guarding.recover([found])
        window.canvas.setFocus()
        begin_stroke(window)
    files_done(session)
    assert session.document.width == 40  # what comes waits until the stroke is drawn
    send(window, RELEASE, (30, 30), LEFT, NONE)
    files_done(session)
    assert np.array_equal(drawn(session), before)
    assert reads == ["reading"]
    assert clears == ["writing"]
    assert not session.saved
    assert session.picture.is_guarded
    assert abandoned() == []


def test_a_drawing_that_came_back_and_was_thrown_away_is_not_offered_again(
    window: MainWindow, session: Session
):
    found, _ = left(window, session)
    with held(session):  # something else is being written meanwhile
        session.guarding.recover([found])
        until(lambda: session.picture.unsaved)
        session.close_picture(session.picture)
    files_done(session)
    session.file_work.finish()
    assert abandoned() == []


def test_a_drawing_that_is_not_back_yet_when_the_window_closes_comes_back_next_time(
    window: MainWindow, session: Session
):
    found, _ = left(window, session)
    session.mark_saved(session.picture)
    with held(session, reading=True):
        (job,) = session.guarding.recover([found])
        job.cancel()
    assert not done(job)
    window.close()
    assert [it.path for it in abandoned()] == [found.path]
