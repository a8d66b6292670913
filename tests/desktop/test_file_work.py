"""Saving, exporting and opening go on beside the pen: of the moment of asking, whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QToolButton

from desktop.documents.recovery import restore
from desktop.paint.editing.snapshot import Frame
from desktop.paint.files import frames_and_holds, project
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from desktop.widgets.panels import file_progress
from desktop.widgets.panels.file_progress import FileProgress
from engine.data.messages import Imported
from engine.data.picture import read
from tests.desktop.file_hands import drawn, held, threads_of
from tests.desktop.test_overwriting import lines
from tests.desktop.window_hands import done, drag, files_done, model, settle, text_of, until

# --- saving ---------------------------------------------------------------------------------------


def test_saved_is_what_was_there_when_it_was_asked_for(window: MainWindow, session: Session, tmp_path: Path):
    drag(window, (10, 10), (50, 50))
    before = drawn(session)
    with held(session):
        job = session.save(tmp_path / "drawing.ora")
        drag(window, (50, 10), (10, 50))
        session.undo()
        session.undo()
        session.redo()
        session.redo()
        drag(window, (10, 70), (80, 70))
        after = drawn(session)
    assert done(job)
    assert np.array_equal(lines(tmp_path / "drawing.ora"), before)
    assert not session.saved
    assert window.isWindowModified()
    assert session.picture.path == tmp_path / "drawing.ora"
    # What was drawn since is guarded as before.
    session.picture.journal.flush()
    assert np.array_equal(restore(session.picture.journal.folder).picture().lines, after)
    assert done(session.save())
    assert session.saved
    assert session.picture.journal is None
    assert np.array_equal(lines(tmp_path / "drawing.ora"), after)


def test_the_journal_is_there_until_the_picture_is_in_its_file(
    window: MainWindow, session: Session, tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    with held(session):
        session.save(tmp_path / "drawing.ora")
        assert session.picture.journal is not None
        assert not session.saved
    files_done(session)
    assert session.picture.journal is None


def test_what_a_file_has_no_room_for_is_told_when_it_is_saved(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drag(window, (10, 10), (50, 50))
    document = session.document
    frame = Frame(np.zeros((24, 32, 3), np.uint8), document.snapshot(), document.kind, name="evening")
    document.put_by((frame,))
    monkeypatch.setattr(frames_and_holds, "MOST_KEPT_BYTES", 1000)
    assert done(session.save(tmp_path / "drawing.ora"))
    assert session.saved
    assert told[-1].startswith("Saved “drawing.ora”. “drawing.ora” has no room for all kept frames;")
    assert "“evening” will be gone when it is closed" in told[-1]
    assert project.load(tmp_path / "drawing.ora").notes == []


def test_a_save_that_fails_leaves_the_picture_unsaved_and_guarded(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    (tmp_path / "file").write_text("")
    job = session.save(tmp_path / "file" / "drawing.ora")
    assert job is not None
    assert not done(job)
    assert len(told) == 1
    assert told[0].startswith("“drawing.ora” can't be written")
    assert not session.saved
    assert session.needs_a_path
    assert session.picture.journal is not None


def test_saved_again_while_it_is_saved_it_is_one_work_and_the_newest_is_written(
    window: MainWindow, session: Session, tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    with held(session):
        first = session.save(tmp_path / "drawing.ora")
        assert session.save() is first  # nothing is new, and the name is known
        assert session.objection() == ""
        drag(window, (50, 10), (10, 50))
        second = session.save()
        assert second is first  # it waits still, and takes what is new along
        now = drawn(session)
    assert done(first)
    assert session.saved
    assert session.picture.savings == []
    assert np.array_equal(lines(tmp_path / "drawing.ora"), now)


def test_saved_again_after_it_was_given_up_it_is_written(
    window: MainWindow, session: Session, tmp_path: Path
):
    """That work may still be on its way to its next step, where it ends."""
    drag(window, (10, 10), (50, 50))
    picture, begun, gate = session.picture, threading.Event(), threading.Event()
    assert picture is not None

    def hang() -> bytes:
        begun.set()
        gate.wait(20)
        return b""

    picture.filmed = lambda: hang
    first = session.save(tmp_path / "drawing.ora")
    assert first is not None and begun.wait(20)
    first.cancel()
    again = session.save()
    gate.set()
    assert done(again) and not first.is_fine
    assert session.saved and (tmp_path / "drawing.ora").is_file()


def test_saving_that_is_given_up_leaves_the_old_file(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    path = tmp_path / "drawing.ora"
    drag(window, (10, 10), (50, 50))
    assert done(session.save(path))
    content = path.read_bytes()
    drag(window, (50, 10), (10, 50))
    with held(session):
        job = session.save()
        job.cancel()
    assert not done(job)
    assert told[-1] == "Given up: Saving “drawing.ora”."
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["drawing.ora"]
    assert not session.saved
    assert done(session.save())


@pytest.mark.parametrize("at", range(5))
def test_given_up_at_any_step_nothing_half_is_left(
    window: MainWindow, session: Session, tmp_path: Path, at: int
):
    """A sketch has two layers, a merged picture and a small one to pack before the file is in its place."""
    from desktop.support.file_work import Cancelled

    steps: list[int] = []

    def step(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) > at:
            raise Cancelled

    drag(window, (10, 10), (50, 50))
    saving = session.documents.saving(session.picture, tmp_path / "drawing.ora", None)
    with pytest.raises(Cancelled):
        saving.write(step)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_another_picture_is_on_its_way_to_is_asked_about(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    with held(session):
        session.save(tmp_path / "drawing.ora")
        session.new_picture("sketch", 40, 40)
        assert session.save(tmp_path / "drawing.ora") is None
        assert "is open here as another picture" in told[-1]
    files_done(session)


# --- exporting ------------------------------------------------------------------------------------


def test_exported_is_what_was_there_when_it_was_asked_for(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    drag(window, (10, 10), (50, 50))
    settle(session)
    picture, preview = session.document.picture_flat().copy(), session.live.preview.copy()
    with held(session):
        jobs = [session.export(what, tmp_path / f"{what}.png") for what in ("picture", "preview")]
        drag(window, (50, 10), (10, 50))
        settle(session)
    assert all(done(job) for job in jobs)
    assert np.array_equal(read(tmp_path / "picture.png").pixels, picture)
    assert read(tmp_path / "preview.png").pixels.shape == picture.shape
    assert not np.array_equal(session.live.preview, preview)
    assert "Exported “picture.png”." in told


# --- the shelf ------------------------------------------------------------------------------------


def test_kept_is_what_was_there_when_it_was_asked_for_and_packed_beside_the_pen(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch
):
    from desktop.paint.editing.snapshot import Snapshot

    packs = threads_of(monkeypatch, Snapshot, "of")
    drag(window, (10, 10), (50, 50))
    settle(session)
    before, preview = drawn(session), session.live.preview.copy()
    with held(session, reading=True):
        job = session.shelf.keep()
        drag(window, (50, 10), (10, 50))
        settle(session)
    assert done(job)
    assert packs == ["reading"]
    (frame,) = session.shelf.kept
    assert np.array_equal(frame.preview, preview)
    session.shelf.choose(frame)
    assert np.array_equal(drawn(session), before)


def test_keeping_that_is_given_up_keeps_nothing(window: MainWindow, session: Session, told: list[str]):
    with held(session, reading=True):
        job = session.shelf.keep()
        job.cancel()
    assert not done(job)
    assert session.shelf.kept == ()
    assert told[-1] == "Given up: Keeping the picture and its preview."


# --- models ---------------------------------------------------------------------------------------


def test_a_model_is_copied_beside_the_pen_and_given_up_whole(
    window: MainWindow, session: Session, told: list[str], stocked_home: Path, tmp_path: Path
):
    from dataclasses import replace

    from engine.models import bundle

    card, tensors = bundle.read(model(session, "tiny sketch"))
    source = tmp_path / "new.safetensors"
    bundle.write(source, replace(card, name="new"), tensors)
    before = sorted((stocked_home / "models").iterdir())
    with held(session, reading=True):
        job = session.open_file(source)
        job.cancel()
    assert not done(job)
    assert sorted((stocked_home / "models").iterdir()) == before
    assert done(session.open_file(source))
    settle(session)
    assert session.live.card.name == "new"
    entry = session.library.entry(session.live.model_file)
    assert done(session.models.remove(entry))
    assert sorted((stocked_home / "models").iterdir()) == before
    settle(session)
    assert session.live.card.name != "new"


@pytest.mark.parametrize("how", ["imported", "trained", "failed"])
def test_models_are_looked_through_beside_the_pen(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch, how: str
):
    from desktop.preview import library

    looks = threads_of(monkeypatch, library, "entries")
    path = model(session, "tiny sketch")
    if how == "imported":
        monkeypatch.setattr(session.live.bridge, "send", lambda _request: None)
        session.library.carry_out_import(path, "tiny sketch", "sketch", None)
        monkeypatch.undo()
        looks = threads_of(monkeypatch, library, "entries")
        session.live.imported.emit(Imported(path, session.live.card))
    elif how == "trained":
        session.training.brought.emit(path, "It is trained.")
    else:
        session.library.doubt(path)
    files_done(session)
    settle(session)
    assert looks == ["reading"]
    assert session.live.card.name == "tiny sketch"


# --- what is seen of it ---------------------------------------------------------------------------


def test_what_takes_a_while_is_seen_with_its_share_and_can_be_ended(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    progress = window.findChild(FileProgress)
    assert progress is not None
    assert file_progress.SHOWN_AFTER_MS <= 1000
    progress.findChild(QTimer).setInterval(0)
    height = window.canvas.height()
    drag(window, (10, 10), (50, 50))
    assert not progress.isVisible()
    with held(session):
        job = session.save(tmp_path / "drawing.ora")
        until(progress.isVisible)
        assert "and 1 more" in text_of(progress)
        assert window.canvas.height() == height, "the picture moves under the pen"
        assert job in session.file_work.jobs
    files_done(session)
    assert not progress.isVisible()
    with held(session):
        until(progress.isVisible)
        progress.findChild(QToolButton).click()
        until(lambda: "Giving up" in text_of(progress))
    files_done(session)


def test_what_is_cancelled_before_it_has_begun_is_over_at_once(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    work, answers, done_ = session.file_work, [], []
    go_on, begun = threading.Event(), threading.Event()

    def wait(_job: object) -> None:
        begun.set()
        go_on.wait(20)

    film = work.make("Making “film.webp”", wait, answers.append)
    judging = work.make("Judging 2 models", lambda _job: done_.append("judged"), answers.append)
    judging.then(answers.append)
    assert begun.wait(20)
    judging.cancel()
    judging.cancel()
    assert judging.is_over and not judging.is_fine and work.jobs == (film,)
    assert answers == [False] and told == ["Given up: Judging 2 models."]
    # Another of its kind is another work, and the first film is not ended by any of this.
    with held(session):
        first = session.save(tmp_path / "drawing.ora")
        first.cancel()
        assert first.is_over and (second := session.save(tmp_path / "drawing.ora")) is not first
    go_on.set()
    files_done(session)
    assert film.is_fine and second.is_fine and answers == [False, None] and not done_
    assert (tmp_path / "drawing.ora").is_file()
