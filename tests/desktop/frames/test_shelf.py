"""The shelf lasts: its frames belong to the picture, have names, come back, and are taken off it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QToolButton

from desktop.documents.recovery import abandoned
from desktop.paint.editing.snapshot import bytes_of
from desktop.paint.files import project
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.models import bundle
from tests.desktop.frames.frame_hands import frames_of, keep, names, two_frames
from tests.desktop.window_hands import done, drag, files_done, model, settle, until


def test_kept_frames_are_saved_with_the_picture_and_come_back(
    window: MainWindow, session: Session, tmp_path: Path
):
    two_frames(window)
    first, second = session.shelf.kept
    assert names(session) == ["Frame 1", "Frame 2"] and not session.saved
    assert done(session.save(tmp_path / "bag.ora")) and session.saved
    session.close_picture(session.picture)
    assert session.shelf.kept == ()
    session.open_file(tmp_path / "bag.ora")
    files_done(session)
    assert names(session) == ["Frame 1", "Frame 2"]
    for was, now in zip((first, second), session.shelf.kept, strict=True):
        np.testing.assert_array_equal(was.preview, now.preview)
    settle(session)
    session.shelf.choose(session.shelf.kept[0])
    np.testing.assert_array_equal(session.live.preview, first.preview)
    assert (session.document.picture().lines == 255).all()
    session.undo()
    assert (session.document.picture().lines < 255).any()


def test_another_picture_has_another_shelf(window: MainWindow, session: Session):
    keep(session)
    first = session.picture
    session.new_picture("sketch", 40, 40)
    settle(session)
    assert session.shelf.kept == () and first in session.pictures, "what is kept would be lost"
    keep(session)
    session.put_up(first)
    assert len(session.shelf.kept) == 1 and session.shelf.kept[0].preview.shape == (53, 64, 3)


def test_what_was_kept_of_a_picture_that_was_left_goes_to_that(window: MainWindow, session: Session):
    first = session.picture
    drag(window, (10, 10), (80, 70))
    settle(session)
    job = session.shelf.keep()
    session.new_picture("sketch", 40, 40)
    assert done(job)
    assert session.shelf.kept == () and len(first.document.frames) == 1


def test_keeping_and_renaming_leave_the_stroke_alone(window: MainWindow, session: Session):
    from PySide6.QtCore import QEvent

    from tests.desktop.window_hands import send

    keep(session)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(window, QEvent.Type.MouseButtonPress, (10, 10), left, left)
    send(window, QEvent.Type.MouseMove, (40, 40), none, left)
    session.shelf.rename(session.shelf.kept[0], "red")
    assert session.strokes.drawing and names(session) == ["red"]
    send(window, QEvent.Type.MouseButtonRelease, (40, 40), left, none)
    assert session.document.undo_steps == 1


def test_a_crash_keeps_the_shelf(window: MainWindow, session: Session):
    two_frames(window)
    session.shelf.rename(session.shelf.kept[1], "with a strap")
    session.picture.journal.close(keep=True)
    session.picture.journal = None
    (left,) = abandoned()
    (job,) = session.guarding.recover([left])
    assert done(job)
    files_done(session)
    assert names(session) == ["Frame 1", "with a strap"]


def test_a_frame_is_renamed_in_the_strip(window: MainWindow, session: Session):
    two_frames(window)
    window.actions_table["rename_frame"].trigger()
    editor = frames_of(window).findChild(QLineEdit)
    assert editor is not None
    editor.setText("with a strap")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    until(lambda: names(session) == ["Frame 1", "with a strap"])
    assert frames_of(window).item(1).text() == "with a strap"
    assert session.document.frames == session.shelf.kept and not session.saved


def test_an_empty_name_is_none(window: MainWindow, session: Session):
    keep(session)
    window.shelf.rename(session.shelf.kept[0])
    editor = frames_of(window).findChild(QLineEdit)
    editor.setText("   ")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    until(lambda: frames_of(window).item(0).text() == "Frame 1")
    assert names(session) == ["Frame 1"]


@pytest.fixture
def errors(session: Session) -> list[str]:
    said: list[str] = []
    session.error_reported.connect(said.append)
    return said


def test_a_full_shelf_takes_no_more_and_says_what_to_do(
    window: MainWindow, session: Session, errors: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("desktop.preview.shelf.MOST_KEPT", 2)
    for _ in range(3):
        keep(session)
    assert names(session) == ["Frame 1", "Frame 2"]
    assert errors == ["The shelf holds 2 frames and no more; take some off, or export this preview."]


def test_nothing_is_kept_that_its_file_would_not_give_back(
    window: MainWindow, session: Session, errors: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    keep(session)
    most = 2 * bytes_of(session.shelf.kept)
    for place in ("desktop.paint.editing.snapshot", "desktop.paint.files.frames_and_holds"):
        monkeypatch.setattr(f"{place}.MOST_KEPT_BYTES", most)
    monkeypatch.setattr("desktop.paint.files.frames_and_holds.MARGIN_BYTES", 0)
    keep(session)
    keep(session)
    assert names(session) == ["Frame 1", "Frame 2"] and len(errors) == 1
    assert errors[0].startswith("The shelf has no room for another frame as large as this; take some off")
    assert done(session.save(tmp_path / "bag.ora"))
    loaded = project.load(tmp_path / "bag.ora")
    assert loaded.notes == [] and len(loaded.document.frames) == 2
    session.shelf.drop(session.shelf.kept[0])
    keep(session)
    assert names(session) == ["Frame 2", "Frame 1"], "what is off the shelf takes nobody's room"


# --- kept while the preview is behind ---------------------------------------------------------------


def test_a_frame_kept_right_after_a_stroke_has_that_stroke_s_preview(
    window: MainWindow, session: Session, told: list[str]
):
    settle(session)
    before = session.live.preview.copy()
    drag(window, (10, 10), (80, 70))
    window.actions_table["keep"].trigger()
    assert session.live.behind and not session.shelf.kept
    until(lambda: session.shelf.kept)
    (frame,) = session.shelf.kept
    np.testing.assert_array_equal(frame.preview, session.live.preview)
    assert not np.array_equal(frame.preview, before) and session.live.settled and told == []
    (line, *_), _ = frame.picture.stack().layers, settle(session)
    np.testing.assert_array_equal(line.pixels, session.document.layers[0].pixels)


def test_a_stroke_that_goes_on_is_left_alone_while_its_preview_is_awaited(
    window: MainWindow, session: Session, told: list[str]
):
    from PySide6.QtCore import QEvent

    from tests.desktop.window_hands import send

    drag(window, (10, 10), (80, 70))
    session.shelf.keep()
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(window, QEvent.Type.MouseButtonPress, (10, 60), left, left)
    send(window, QEvent.Type.MouseMove, (40, 40), none, left)
    settle(session)
    assert session.strokes.drawing and not session.shelf.kept
    send(window, QEvent.Type.MouseButtonRelease, (40, 40), left, none)
    until(lambda: session.shelf.kept)
    assert session.document.undo_steps == 2
    assert told[-1] == "Kept with what was drawn until its preview was there."


def test_with_live_off_what_is_there_is_kept_and_that_is_said(
    window: MainWindow, session: Session, told: list[str]
):
    settle(session)
    session.live.enabled = False
    drag(window, (10, 10), (80, 70))
    keep(session)
    assert told[-1] == "The preview was still behind the picture when it was kept."
    session.live.enabled = True
    settle(session)
    drag(window, (10, 70), (80, 10))
    assert session.shelf.keep() is None
    session.live.enabled = False  # nothing will come
    until(lambda: len(session.shelf.kept) == 2)


def test_a_long_wait_for_a_preview_is_said(
    window: MainWindow, session: Session, told: list[str], monkeypatch: pytest.MonkeyPatch
):
    settle(session)
    monkeypatch.setattr(session.live.bridge, "send", lambda _request: None)
    drag(window, (10, 10), (80, 70))
    session.shelf.keep()
    until(lambda: told)
    assert told == ["The frame is kept as soon as its preview is there."] and not session.shelf.kept


def test_a_picture_that_was_left_before_its_preview_came_is_not_kept(
    window: MainWindow, session: Session, told: list[str]
):
    settle(session)
    drag(window, (10, 10), (80, 70))
    assert session.shelf.keep() is None
    first = session.picture
    session.new_picture("sketch", 40, 40)
    assert told[-1] == "The frame was not kept: its preview had not come yet."
    settle(session)
    files_done(session)
    assert first.document.frames == () and session.shelf.kept == ()


@pytest.mark.parametrize("opens", [True, False])
def test_a_frame_that_waits_is_not_kept_with_the_preview_of_another_model(
    window: MainWindow, session: Session, home: Path, told: list[str], opens: bool
):
    """Nor is it asked for again and again where that model can't be opened."""
    other = home / "models" / "other.safetensors"
    card, tensors = bundle.read(model(session, "tiny sketch"))
    if not opens:
        tensors = {name: torch.full_like(tensor, float("nan")) for name, tensor in tensors.items()}
    bundle.write(other, replace(card, name="other"), tensors)
    session.library.refresh()
    settle(session)
    drag(window, (10, 10), (80, 70))
    assert session.shelf.keep() is None
    session.open_model(other)
    until(lambda: told)
    assert told[0] == "The frame was not kept: its preview had not come yet."
    until(
        lambda: (
            session.live.card is not None and session.live.card.name == "other" if opens else len(told) > 1
        )
    )
    drag(window, (10, 70), (80, 10))
    settle(session)
    files_done(session)
    assert session.shelf.kept == ()
    assert len(told) == (1 if opens else 2), told


# --- taken off ------------------------------------------------------------------------------------


def cross(window: MainWindow) -> QToolButton:
    found = window.shelf.findChild(QToolButton, "put_away")
    assert isinstance(found, QToolButton)
    return found


def test_the_cross_takes_nothing_that_was_not_chosen(window: MainWindow, session: Session):
    two_frames(window)
    assert not cross(window).isEnabled() and cross(window).toolTip().startswith("Choose the frames")
    QTest.mouseClick(cross(window), Qt.MouseButton.LeftButton)
    assert names(session) == ["Frame 1", "Frame 2"]
    session.shelf.vary()
    assert cross(window).isEnabled() and cross(window).toolTip() == "Put the variations away"
    session.shelf.clear_variations()
    assert not cross(window).isEnabled()


def test_the_cross_takes_all_that_are_chosen_and_undo_brings_them_back(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
):
    two_frames(window)
    keep(session)
    for row in (0, 2):
        frames_of(window).item(row).setSelected(True)
    assert cross(window).toolTip() == "Take the 2 chosen frames off the shelf"
    QTest.mouseClick(cross(window), Qt.MouseButton.LeftButton)
    assert names(session) == ["Frame 2"]
    assert told[-1] == "2 frames are off the shelf; Undo brings them back."
    assert session.steps.undo_text == "Take off the shelf" and not cross(window).isEnabled()
    keep(session)  # is there whatever is undone
    window.actions_table["undo"].trigger()
    assert names(session) == ["Frame 1", "Frame 2", "Frame 3", "Frame 1"]
    assert frames_of(window).count() == 4
    window.actions_table["undo"].trigger()
    assert len(names(session)) == 4, "keeping is no step, and survives undo"
    assert done(session.save(tmp_path / "bag.ora"))
    assert len(project.load(tmp_path / "bag.ora").document.frames) == 4


def test_a_frame_s_menu_takes_off_that_one_or_the_chosen_ones(
    window: MainWindow, session: Session, told: list[str]
):
    two_frames(window)
    keep(session)

    def take_off(row: int) -> None:
        menu = window.shelf.menu_of(session.shelf.kept[row])
        next(action for action in menu.actions() if "off the shelf" in action.text()).trigger()

    frames_of(window).item(0).setSelected(True)
    take_off(1)
    assert names(session) == ["Frame 1", "Frame 3"]
    assert told[-1] == "“Frame 2” is off the shelf; Undo brings it back."
    frames_of(window).item(1).setSelected(True)
    take_off(0)
    assert names(session) == []
    session.undo()
    session.undo()
    assert names(session) == ["Frame 1", "Frame 2", "Frame 3"]


def test_a_name_that_is_being_typed_stays_when_another_frame_arrives(
    window: MainWindow, session: Session
) -> None:
    drag(window, (10, 10), (50, 50))
    settle(session)
    assert done(session.shelf.keep())
    job = session.shelf.keep()
    window.actions_table["rename_frame"].trigger()
    frames = window.shelf.findChild(QListWidget, "frames")
    editor = frames.findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "Best of all")
    assert done(job) and frames.count() == 2
    QTest.keyClick(editor, Qt.Key.Key_Return)
    until(lambda: [frame.name for frame in session.shelf.kept] == ["Best of all", "Frame 2"])
    assert [frames.item(row).text() for row in range(2)] == ["Best of all", "Frame 2"]
