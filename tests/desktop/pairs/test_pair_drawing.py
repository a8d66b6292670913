"""Pairs made by painting, in the real window, with the pointer."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QSlider, QToolButton

from desktop.app import begin, open_window
from desktop.paint.editing.document import Role
from desktop.pairs import photos
from desktop.session import Session
from desktop.widgets.dialogs.pair_start import PairStartDialog
from desktop.widgets.main_window import MainWindow
from engine.data.picture import read, write_png
from tests.desktop.traced_photos import photo, write_photos
from tests.desktop.widgets.parts.test_files import alt
from tests.desktop.window_hands import drag, files_done, model, send, settle, text_of, until
from trainer.data import pairs
from trainer.dataset_check.check import check
from trainer.files import pair_store

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def beach(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "beach")


def at(session: Session, index: int) -> None:
    """Wait for the photo at ``index``."""
    pair_drawing = session.pair_drawing
    until(lambda: pair_drawing.here and not pair_drawing.busy and pair_drawing.index == index)


def trace(window: MainWindow, folder: Path, kind: str = "sketch", into: Path | None = None) -> Path:
    """Begin with the photos in ``folder``; returns the data set's folder."""
    pair_drawing = window.session.pair_drawing
    target = into or pair_drawing.folder(folder.name)
    pair_drawing.begin([folder], kind, target)  # type: ignore[arg-type]
    until(lambda: pair_drawing.here and not pair_drawing.busy)
    return target


def add(window: MainWindow, index: int) -> None:
    """Add what is drawn, and wait for the photo at ``index``."""
    window.pair_drawing_bar.findChild(QPushButton, "add_pair").click()
    at(window.session, index)


def test_a_folder_becomes_a_data_set_that_the_trainer_takes(window, session, beach, told):
    window.make_pairs([beach])
    form = window.findChild(PairStartDialog)
    assert form.findChild(QLineEdit, "pairs_name").text() == "beach"
    until(lambda: session.pair_drawing.scanned is not None)
    assert form.do.isEnabled() and "3 photos" in text_of(form)
    form.accept()
    at(session, 0)
    document = session.document
    assert (document.kind, document.width, document.height) == ("sketch", 96, 64)
    assert [layer.role for layer in document.layers] == [Role.HINTS, Role.LINES, Role.REFERENCE]
    assert document.layers[-1].opacity == 0.5 and not document.can_undo
    assert window.pair_drawing_bar.isVisible() and "Photo 1 of 3" in text_of(window.pair_drawing_bar)
    drag(window, (20, 10), (70, 10), (70, 50))
    lines = document.picture().lines
    window.activateWindow()
    until(lambda: window.isActiveWindow() and window.canvas.hasFocus())
    QTest.keyClick(window.canvas, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    at(session, 1)
    session.strokes.choose_colour((200, 30, 30))
    drag(window, (30, 30), (60, 30))
    add(window, 2)
    drag(window, (10, 10), (10, 50))
    window.pair_drawing_bar.findChild(QPushButton, "add_pair").click()
    until(lambda: session.pair_drawing.photo_set.done == 3)
    folder = session.pair_drawing.folder("beach")
    data = pairs.find(folder)
    assert (data.layout, data.task, len(data.pairs)) == ("kept", "hints", 3)
    assert [problem for problem in check(data) if problem.severe] == []
    for number in (1, 2, 3):
        assert np.array_equal(read(folder / "B" / f"{number}.png").pixels, photo(number))
    assert np.array_equal(read(folder / "A" / "1.png").pixels[..., 0], lines)
    assert [pair.hints is not None for pair in data.pairs] == [False, True, False]
    assert "Every photo has its pair now." in text_of(window.messages)


def test_done_ends_no_other_round_of_pairs(window: MainWindow, session: Session, beach: Path, tmp_path: Path):
    trace(window, beach)
    for done in (1, 2, 3):
        drag(window, (30, 30), (60, 30))
        window.pair_drawing_bar.findChild(QPushButton, "add_pair").click()
        until(lambda done=done: session.pair_drawing.photo_set.done == done and not session.pair_drawing.busy)
    until(lambda: "Every photo has its pair now." in text_of(window.messages))
    button = next(it for it in window.messages.findChildren(QPushButton) if "Done" in it.text())
    trace(window, beach, into=tmp_path / "another")
    button.click()
    assert session.pair_drawing.photo_set.folder == tmp_path / "another"
    QTest.mouseClick(
        window.pair_drawing_bar.findChild(QToolButton, "pair_drawing_done"), Qt.MouseButton.LeftButton
    )
    assert session.pair_drawing.photo_set is None


def test_it_goes_on_another_day_and_a_drawing_that_was_not_added_is_there(
    qapp: QApplication, stocked_home: Path, short_sample: Path, beach: Path
):
    def opened() -> MainWindow:
        session, window = open_window()
        window.show()
        begin(session, window, None)
        settle(session)
        return window

    def closed(window: MainWindow) -> None:
        window.close()
        window.deleteLater()
        window.session.deleteLater()
        qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
        qapp.processEvents()

    window = opened()
    trace(window, beach)
    drag(window, (20, 10), (70, 10))
    add(window, 1)
    drag(window, (30, 20), (60, 40))
    drawn = window.session.document.picture().lines
    closed(window)

    window = opened()
    session = window.session
    left, _ = session.guarding.left_behind()
    assert [found.title for found in left] == ["photo 2"]
    session.guarding.recover(left)
    files_done(session)
    window.make_pairs()
    form = window.findChild(PairStartDialog)
    until(lambda: session.pair_drawing.scanned is not None)
    assert "1 done" in text_of(form)
    form.accept()
    at(session, 1)
    assert np.array_equal(session.document.picture().lines, drawn)
    add(window, 2)
    assert np.array_equal(read(session.pair_drawing.folder("beach") / "A" / "2.png").pixels[..., 0], drawn)
    assert session.guarding.left_behind()[0] == []
    closed(window)


def begin_stroke(window: MainWindow) -> None:
    window.session.strokes.quick_shapes = False  # however long it is waited with the pen down
    send(window, QEvent.Type.MouseButtonPress, (20, 40), LEFT, LEFT)
    send(window, QEvent.Type.MouseMove, (40, 40), Qt.MouseButton.NoButton, LEFT)


def end_stroke(window: MainWindow) -> None:
    send(window, QEvent.Type.MouseMove, (80, 40), Qt.MouseButton.NoButton, LEFT)
    send(window, QEvent.Type.MouseButtonRelease, (80, 40), LEFT, Qt.MouseButton.NoButton)


def test_a_stroke_begun_while_a_pair_is_kept_is_drawn_to_its_end_and_told_of(window, session, beach, told):
    trace(window, beach)
    drag(window, (20, 10), (70, 10))
    window.pair_drawing_bar.findChild(QPushButton, "add_pair").click()
    begin_stroke(window)
    until(lambda: session.pair_drawing.photo_set.done == 1)
    assert session.strokes.drawing
    end_stroke(window)
    assert session.pair_drawing.index == 0 and not session.saved
    assert session.document.picture().lines[36:44, 70:78].min() < 200
    assert told == ["Added without your last strokes; add it again to have them in."]


def test_a_stroke_begun_while_the_next_photo_is_read_is_drawn_to_its_end(window, session, beach):
    pair_drawing = session.pair_drawing
    folder, drawn = trace(window, beach), session.picture
    pair_drawing.step(1)
    begin_stroke(window)
    pair_drawing.look([beach], "sketch", folder)  # read after the photo
    until(lambda: pair_drawing.scanned is not None)
    assert session.strokes.drawing and session.picture is drawn
    end_stroke(window)
    at(session, 1)
    assert drawn in session.pictures and not drawn.is_saved
    assert drawn.document.picture().lines[36:44, 70:78].min() < 200


def test_a_stroke_that_goes_on_is_kept_when_other_photos_are_begun_with(
    window, session, beach, tmp_path, monkeypatch
):
    pair_drawing = session.pair_drawing
    folder, drawn = trace(window, beach), session.picture
    others, found, real = write_photos(tmp_path / "others"), [], photos.find_photos

    def find_photos(*words):
        found.append(words)
        return real(*words)

    monkeypatch.setattr(photos, "find_photos", find_photos)
    pair_drawing.begin([others], "sketch", tmp_path / "another")
    begin_stroke(window)
    until(lambda: found)
    pair_drawing.look([beach], "sketch", folder)  # answered after the other photos
    until(lambda: pair_drawing.scanned is not None)
    assert session.strokes.drawing and session.picture is drawn
    end_stroke(window)
    until(lambda: pair_drawing.here and pair_drawing.photo_set.folder == tmp_path / "another")
    assert drawn in session.pictures and drawn.document.undo_steps == 1


def test_a_polygon_of_which_nothing_is_seen_yet_is_kept_at_the_end(window, session, beach):
    trace(window, beach)
    drawn = session.picture
    session.strokes.choose_tool("polygon")
    for corner in ((20, 20), (70, 20), (50, 50)):
        drag(window, corner)
    session.pair_drawing.finish()
    assert drawn in session.pictures and drawn.document.undo_steps == 1


def test_an_empty_drawing_is_refused(window, session, beach, told):
    folder = trace(window, beach)
    window.pair_drawing_bar.findChild(QPushButton, "add_pair").click()
    assert told == ["Nothing is drawn over “photo 1.png” yet; draw something, or skip the photo."]
    assert session.pair_drawing.index == 0 and not folder.exists()


def test_a_photo_that_has_a_pair_comes_with_its_drawing_and_replaces_it(window, session, beach):
    folder = trace(window, beach)
    session.strokes.choose_colour((200, 30, 30))
    drag(window, (30, 30), (60, 30))
    session.strokes.choose_role(Role.LINES)
    drag(window, (20, 10), (70, 10))
    before = session.document.picture()
    add(window, 1)
    assert [picture.title for picture in session.pictures] == ["photo 2"]
    window.pair_drawing_bar.findChild(QToolButton, "previous_photo").click()
    at(session, 0)
    assert window.pair_drawing_bar.findChild(QPushButton, "add_pair").text() == "Replace its pair"
    again = session.document.picture()
    assert np.array_equal(again.lines, before.lines) and np.array_equal(again.hints, before.hints)
    session.strokes.choose_role(Role.HINTS)
    session.clear()
    session.strokes.choose_role(Role.LINES)
    drag(window, (10, 10), (10, 50))
    corrected = session.document.picture().lines
    add(window, 1)
    assert pair_store.names(folder) == {"1"} and not (folder / "hints" / "1.png").exists()
    assert np.array_equal(read(folder / "A" / "1.png").pixels[..., 0], corrected)


def test_a_photo_is_known_again_wherever_it_lies(window, session, beach, tmp_path):
    folder = trace(window, beach)
    drag(window, (20, 10), (70, 10))
    add(window, 1)
    session.pair_drawing.finish()
    moved = tmp_path / "elsewhere"
    shutil.move(beach, moved)
    (moved / "photo 1.png").rename(moved / "photo 9.png")
    trace(window, moved, into=folder)
    photo_set = session.pair_drawing.photo_set
    assert [(shot.file.name, shot.pair) for shot in photo_set.photos] == [
        ("photo 2.png", ""), ("photo 3.png", ""), ("photo 9.png", "1"),
    ]  # fmt: skip
    assert str(tmp_path) not in (folder / pair_store.MANIFEST).read_text("utf-8")


def test_labels_are_painted_with_the_palette_in_use_and_go_on_with_the_data_sets(window, session, beach):
    session.open_model(model(session, "tiny labels"))
    settle(session)
    palette = session.live.card.palette
    folder = trace(window, beach, "labels")
    session.strokes.choose_colour(palette.labels[1].colour)
    drag(window, (20, 10), (70, 50))
    painted = session.document.picture().pixels
    add(window, 1)
    data = pairs.find(folder)
    assert (data.task, data.palette) == ("labels", palette)
    assert np.array_equal(pairs.load(data.pairs[0])[0], painted)
    session.pair_drawing.step(-1)
    at(session, 0)
    assert np.array_equal(session.document.picture().pixels, painted)


def test_pairs_of_another_sort_are_refused_in_a_sentence(window, session, beach, told):
    folder = session.pair_drawing.folder("beach")
    pair_store.write_manifest(folder, "labels", session.library.palettes()[0])
    session.pair_drawing.begin([beach], "sketch", folder)
    until(lambda: told)
    assert told == ["“beach” holds pairs of another sort (labels); choose another name for these."]
    assert (
        session.pair_drawing.photo_set is None
        and not session.pair_drawing.busy
        and not window.pair_drawing_bar.isVisible()
    )


def test_unreadable_photos_are_passed_over(window, session, beach, told):
    (beach / "photo 1.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    pair_drawing = session.pair_drawing
    pair_drawing.begin([beach], "sketch", pair_drawing.folder("beach"))
    at(session, 1)
    assert len(told) == 1 and "“photo 1.png”" in told[0] and told[0].endswith("It is passed over.")
    for file in beach.iterdir():
        file.write_bytes(b"nothing")
    pair_drawing.begin([beach], "sketch", pair_drawing.folder("other"))
    until(lambda: pair_drawing.photo_set is None and not pair_drawing.busy and len(told) > 3)


def test_where_pairs_cannot_be_written_the_drawing_stays(window, session, beach, told, tmp_path):
    wall = tmp_path / "wall"
    folder = trace(window, beach, into=wall / "pairs")
    wall.write_bytes(b"a file where a folder should be")
    drag(window, (20, 10), (70, 10))
    drawn = session.document.picture().lines
    session.pair_drawing.add()
    until(lambda: told)
    assert "can't be written" in told[0] and len(told) == 1
    assert not session.saved and np.array_equal(session.document.picture().lines, drawn)
    wall.unlink()
    add(window, 1)
    drag(window, (20, 10), (70, 10))
    shutil.rmtree(folder)
    session.pair_drawing.add()
    until(lambda: len(told) == 2)
    assert "is gone" in told[1] and not folder.exists() and not session.document.is_blank


def test_the_photo_is_looked_at_without_a_step(window, session, beach):
    trace(window, beach)
    layer = session.document.layers[-1]
    drag(window, (20, 10), (70, 10))
    steps, revision = session.steps, session.document.revision
    QTest.keyClick(window.canvas, Qt.Key.Key_T)
    assert not layer.visible
    slider = window.pair_drawing_bar.findChild(QSlider, "photo_opacity")
    slider.setValue(80)
    assert layer.visible and layer.opacity == 0.8
    assert session.steps == steps and session.document.revision == revision
    session.pair_drawing.step(1)
    at(session, 1)
    assert session.document.layers[-1].opacity == 0.8


def test_a_colour_is_taken_from_the_photo_as_it_is(window, session, beach):
    trace(window, beach)
    assert session.document.colour_at(48, 32) == tuple(photo(1)[32, 48].tolist())
    drag(window, (20, 32), (70, 32))
    assert session.document.colour_at(48, 32) != tuple(photo(1)[32, 48].tolist())


def test_large_photos_are_reduced_and_resizing_takes_the_photo_along(window, session, tmp_path):
    (tmp_path / "large").mkdir()
    write_png(tmp_path / "large" / "one.png", photo(5, 3000, 40))
    folder = trace(window, tmp_path / "large")
    assert (session.document.width, session.document.height) == (2048, 27)
    session.edit(lambda document: document.resize(300, 30))
    drag(window, (20, 10), (70, 10))
    session.pair_drawing.add()
    until(lambda: session.pair_drawing.photo_set.done == 1)
    assert (
        read(folder / "A" / "1.png").pixels.shape == read(folder / "B" / "1.png").pixels.shape == (30, 300, 3)
    )


def test_leaving_for_another_picture_is_no_end(window, session, beach):
    sketch = session.picture
    drag(window, (10, 10), (50, 50))
    trace(window, beach)
    session.put_up(sketch)
    button = window.pair_drawing_bar.findChild(QPushButton, "add_pair")
    assert button.text() == "Back to the &photo" and not window.actions_table["add_pair"].isEnabled()
    button.click()
    at(session, 0)
    session.close_picture(session.picture)
    alt(window, "P")
    until(lambda: session.pair_drawing.here)
    at(session, 0)
    alt(window, "D")
    until(lambda: not window.pair_drawing_bar.isVisible())
    assert session.picture is sketch


def test_the_way_to_training_and_back(window, session, beach):
    folder = trace(window, beach)
    drag(window, (20, 10), (70, 10))
    add(window, 1)
    alt(window, "O")
    until(lambda: window.training.window is not None)
    trainer = window.training.window
    until(lambda: session.dataset_scan.result is not None)
    assert session.dataset_scan.result.folder == folder and session.dataset_scan.result.layout == "kept"
    trainer.begin_anew()
    trainer.start_page.findChild(QToolButton, "make_pairs").click()
    assert window.findChild(PairStartDialog).isVisible()


def test_a_folder_dropped_on_the_window_asks_what_to_paint(window, session, beach):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(beach))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    form = window.findChild(PairStartDialog)
    until(lambda: session.pair_drawing.scanned is not None)
    assert form.findChild(QLineEdit, "pairs_name").text() == "beach"
    form.reject()


def test_a_pair_whose_drawing_is_damaged_is_drawn_anew(window, session, beach, told):
    folder = trace(window, beach)
    drag(window, (20, 10), (70, 10))
    add(window, 1)
    (folder / "A" / "1.png").write_bytes(b"nothing")
    session.pair_drawing.step(-1)
    at(session, 0)
    assert len(told) == 1 and "draw it anew" in told[0] and session.document.is_blank
    drag(window, (20, 10), (70, 10))
    add(window, 1)
    assert len(pairs.find(folder).pairs) == 1


def test_another_palette_cannot_get_into_a_data_set(window, session, beach, told):
    session.open_model(model(session, "tiny labels"))
    settle(session)
    folder = trace(window, beach, "labels")
    session.edit(lambda document: document.set_palette(session.library.palettes()[0]))
    session.pair_drawing.add()
    assert "labels of “test”" in told[-1] and not folder.exists()
    session.undo()
    session.strokes.choose_colour((90, 0, 0))
    drag(window, (20, 10), (70, 50))
    add(window, 1)
    assert pair_store.names(folder) == {"1"}


def test_replacing_goes_on_to_the_next_photo_when_all_have_pairs(window, session, beach):
    trace(window, beach)
    for index in (1, 2):
        drag(window, (20, 10), (70, 10))
        add(window, index)
    drag(window, (20, 10), (70, 10))
    session.pair_drawing.add()
    until(lambda: session.pair_drawing.photo_set.done == 3)
    session.pair_drawing.finish()
    trace(window, beach)
    at(session, 0)
    drag(window, (10, 10), (10, 50))
    add(window, 1)


def test_the_question_can_be_asked_again_and_takes_what_is_dropped_on_it(window, session, beach, tmp_path):
    window.make_pairs([beach])
    window.findChild(PairStartDialog).reject()
    until(lambda: window.findChild(PairStartDialog) is None)
    window.make_pairs()
    form = window.findChild(PairStartDialog)
    assert not form.do.isEnabled() and "drop them here" in text_of(form)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(beach / f"photo {number}.png")) for number in (1, 2)])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    form.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    # What was found for the first question may still come up for a moment.
    until(lambda: "2 photos." in text_of(form))
    assert form.do.isEnabled()
    (tmp_path / "none").mkdir()
    form.take([tmp_path / "none"])
    until(lambda: session.pair_drawing.objection)
    assert not form.do.isEnabled() and "There are no photos in “none”" in text_of(form)
    form.put_in(tmp_path)
    form.take([beach])
    form.put_in(beach)
    until(lambda: "something else" in session.pair_drawing.objection)
    form.reject()
