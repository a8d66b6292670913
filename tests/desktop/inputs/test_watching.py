"""A watched file: the preview follows another program, and what is drawn here meanwhile stays."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QPushButton

from desktop.documents.recovery import brought_back
from desktop.inputs import file_source
from desktop.paint.editing.document import Document
from desktop.paint.files import project
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Request, Translate
from tests.desktop.window_hands import done, drag, files_done, message, model, send, settle, text_of, until


def drawing(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (96, 80)) -> Image.Image:
    """White paper with black boxes."""
    picture = Image.new("RGB", size, "white")
    for box in boxes:
        picture.paste((0, 0, 0), box)
    return picture


def packed(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def renamed(path: Path, content: bytes) -> None:
    """Save as careful programs do: beside it, then in its place."""
    part = path.with_name("~part")
    part.write_bytes(content)
    os.replace(part, path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "house.png"
    path.write_bytes(packed(drawing((10, 10, 30, 30))))
    return path


@pytest.fixture
def watched(session: Session, file: Path) -> Session:
    assert done(session.watching.watch_file(file))
    settle(session)
    return session


def changes(session: Session, count: int) -> None:
    until(lambda: session.watching.changes == count)
    settle(session)


def test_nothing_is_watched_before_somebody_asks(window: MainWindow, session: Session) -> None:
    assert session.watching.what == "" and window.inputs.bar.isHidden()
    assert not window.actions_table["watch_stop"].isEnabled()


def test_the_picture_follows_the_file_as_one_step(window: MainWindow, watched: Session, file: Path) -> None:
    bar = window.inputs.bar
    assert bar.isVisible() and "house.png" in text_of(bar)
    assert np.array_equal(watched.document.picture_flat(), np.asarray(drawing((10, 10, 30, 30))))
    assert watched.saved and watched.steps.undo == 0
    file.write_bytes(packed(drawing((10, 10, 30, 30), (60, 40, 70, 50))))
    changes(watched, 1)
    renamed(file, packed(drawing((60, 40, 70, 50), (80, 60, 90, 70))))
    changes(watched, 2)
    assert np.array_equal(
        watched.document.picture_flat(), np.asarray(drawing((60, 40, 70, 50), (80, 60, 90, 70)))
    )
    assert watched.steps.undo == 1 and watched.steps.undo_text == "Watched picture"
    assert watched.saved and watched.picture.journal is None, "nothing of it is stored"
    watched.undo()
    assert np.array_equal(watched.document.picture_flat(), np.asarray(drawing((10, 10, 30, 30))))
    watched.redo()
    assert np.array_equal(
        watched.document.picture_flat(), np.asarray(drawing((60, 40, 70, 50), (80, 60, 90, 70)))
    )


def test_after_undo_the_next_change_brings_all_of_it(watched: Session, file: Path) -> None:
    file.write_bytes(packed(drawing((0, 0, 96, 40))))
    changes(watched, 1)
    watched.undo()
    file.write_bytes(packed(drawing((0, 0, 96, 40), (60, 60, 64, 64))))
    changes(watched, 2)
    now = drawing((0, 0, 96, 40), (60, 60, 64, 64))
    assert np.array_equal(watched.document.picture_flat(), np.asarray(now))


def test_only_the_changed_rectangle_goes_to_the_network(watched: Session, file: Path) -> None:
    bridge, send = watched.live.bridge, watched.live.bridge.send
    sent: list[Request] = []
    bridge.send = lambda request: (sent.append(request), send(request))[1]
    file.write_bytes(packed(drawing((10, 10, 30, 30), (60, 40, 64, 44))))
    changes(watched, 1)
    (request,) = [it for it in sent if isinstance(it, Translate)]
    assert request.dirty is not None and request.dirty.width <= 10 and request.dirty.height <= 10


def test_what_is_drawn_here_stays(window: MainWindow, watched: Session, file: Path) -> None:
    drag(window, (5, 70), (90, 70))
    drawn = watched.document.active.pixels.copy()
    assert drawn.any() and not watched.saved
    file.write_bytes(packed(drawing((0, 0, 96, 80))))
    changes(watched, 1)
    assert np.array_equal(watched.document.active.pixels, drawn)
    assert (watched.document.picture_flat() == 0).all()
    file.write_bytes(packed(drawing()))
    changes(watched, 2)
    assert watched.steps.undo == 2, "the stroke, and all that came since"
    watched.undo()
    watched.undo()
    assert not watched.document.active.pixels.any()


def test_a_frame_waits_for_the_end_of_the_stroke(window: MainWindow, watched: Session, file: Path) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(window, QMouseEvent.Type.MouseButtonPress, (5, 70), left, left)
    send(window, QMouseEvent.Type.MouseMove, (50, 70), none, left)
    file.write_bytes(packed(drawing((0, 0, 96, 40))))
    until(lambda: watched.watching.pending)
    assert watched.strokes.drawing and watched.watching.changes == 0
    send(window, QMouseEvent.Type.MouseButtonRelease, (90, 70), left, none)
    changes(watched, 1)
    assert watched.document.active.pixels[69:71, 20:80].any()


def test_a_half_written_file_is_waited_for(
    watched: Session, file: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_source, "AGAIN_MS", 10)
    content = packed(drawing((0, 0, 96, 40)))
    looks: list[file_source.Look | None] = []
    look = file_source.look
    monkeypatch.setattr(file_source, "look", lambda *known: (looks.append(look(*known)), looks[-1])[1])
    file.write_bytes(content[: len(content) // 2])
    until(lambda: any(look is not None and look.pixels is None for look in looks))
    file.write_bytes(content)
    changes(watched, 1)
    assert told == []


def test_a_damaged_file_is_told_once_and_a_good_one_goes_on(
    watched: Session, file: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_source, "AGAIN_MS", 5)
    file.write_bytes(packed(drawing())[:60])
    until(lambda: told)
    assert told == ["“house.png” is damaged or cut short; fetch or save it anew."]
    renamed(file, packed(drawing((0, 0, 96, 40))))
    changes(watched, 1)
    assert len(told) == 1


def test_a_file_that_disappears_is_one_quiet_sentence(
    window: MainWindow, watched: Session, file: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_source, "AGAIN_MS", 5)
    file.unlink()
    until(lambda: watched.watching.missing)
    assert told == ["“house.png” is not there any more; watching goes on when it is back."]
    assert "not there" in text_of(window.inputs.bar)
    file.write_bytes(packed(drawing((0, 0, 96, 40))))
    changes(watched, 1)
    assert not watched.watching.missing and len(told) == 1
    assert "changed once" in text_of(window.inputs.bar)


def test_a_file_too_large_is_refused_before_it_is_decoded(
    watched: Session, file: Path, told: list[str]
) -> None:
    header = packed(Image.new("1", (12000, 12000)))
    file.write_bytes(header)
    until(lambda: told)
    assert "144000000" not in told[0] and "12000 × 12000" in told[0] and "Scale it down" in told[0]


def test_another_size_is_fitted_in(watched: Session, file: Path) -> None:
    file.write_bytes(packed(drawing((0, 0, 400, 400), size=(400, 400))))
    changes(watched, 1)
    flat = watched.document.picture_flat()
    assert flat.shape == (80, 96, 3) and (flat[:, 10:86] == 0).all() and (flat[:, :7] == 255).all()


def test_colours_are_hints_and_labels_snap(session: Session, file: Path) -> None:
    picture = drawing((10, 10, 30, 30))
    picture.paste((250, 40, 30), (50, 50, 60, 60))
    file.write_bytes(packed(picture))
    assert done(session.watching.watch_file(file))
    sent = session.document.picture()
    assert sent.hints[55, 55].tolist() == [250, 40, 30, 255] and sent.lines[55, 55] == 255
    assert sent.lines[15, 15] == 0
    session.open_model(model(session, "tiny labels"))
    settle(session)
    picture.paste((195, 170, 30), (0, 0, 96, 80))
    file.write_bytes(packed(picture))
    assert done(session.watching.watch_file(file))
    settle(session)
    assert session.document.kind == "labels"
    assert (session.document.picture_flat() == (200, 180, 20)).all()


def test_a_project_can_be_watched(session: Session, tmp_path: Path) -> None:
    pixels = np.full((80, 96, 3), 255, np.uint8)
    file = tmp_path / "house.ora"
    project.save(Document.from_picture("image", pixels), file)
    assert done(session.watching.watch_file(file))
    pixels[20:40] = 0
    project.save(Document.from_picture("image", pixels), file)
    changes(session, 1)
    assert np.array_equal(session.document.picture_flat(), pixels)


def test_stop_and_closing_end_it(window: MainWindow, watched: Session, file: Path) -> None:
    button = window.inputs.bar.findChild(QPushButton, "watch_stop_button")
    button.click()
    assert window.inputs.bar.isHidden() and watched.watching.what == ""
    assert "stays as it is" in message(window)
    assert done(watched.watching.watch_file(file))
    assert window.inputs.bar.isVisible()
    watched.close_picture(watched.picture)
    assert window.inputs.bar.isHidden()


def test_another_picture_on_the_canvas_is_left_alone(watched: Session, file: Path) -> None:
    picture = watched.picture
    watched.new_picture("sketch", 96, 80)
    assert picture in watched.pictures and watched.watching.what, "it stays open"
    other = watched.picture
    before = other.document.picture_flat().copy()
    file.write_bytes(packed(drawing((0, 0, 96, 40))))
    until(lambda: watched.watching.pending)
    assert np.array_equal(other.document.picture_flat(), before)
    watched.put_up(picture)
    changes(watched, 1)


def test_a_removed_layer_ends_it_with_a_sentence(watched: Session, file: Path, told: list[str]) -> None:
    layer = watched.document.layers[2]
    watched.edit(lambda document: document.set_layer(layer.id, locked=False))
    watched.edit(lambda document: document.remove_layer(layer.id))
    file.write_bytes(packed(drawing((0, 0, 96, 40))))
    until(lambda: told)
    assert "was removed" in told[0] and watched.watching.what == ""


def test_a_file_that_is_no_picture_is_refused(session: Session, tmp_path: Path, told: list[str]) -> None:
    path = tmp_path / "letter.png"
    path.write_text("Dear all")
    assert not done(session.watching.watch_file(path))
    assert len(told) == 1 and session.watching.what == ""
    files_done(session)


def test_the_journal_has_it_once_one_draws(window: MainWindow, watched: Session, file: Path) -> None:
    drag(window, (5, 70), (90, 70))
    file.write_bytes(packed(drawing((0, 0, 96, 40))))
    changes(watched, 1)
    journal = watched.picture.journal
    journal.flush()
    back, _complete = brought_back(journal.folder)
    assert np.array_equal(back.picture_flat(), watched.document.picture_flat())
