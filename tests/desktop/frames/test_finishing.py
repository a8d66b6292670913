"""A preview that is finished by hand: as a layer that the network never sees, exported flattened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QFileDialog

from desktop.documents.open_documents import OpenPicture
from desktop.documents.recovery import abandoned
from desktop.paint.editing.document import Document, Role
from desktop.paint.files import project
from desktop.paint.files.export import finished
from desktop.session import Session
from desktop.support.file_work import Job
from desktop.widgets.main_window import MainWindow
from engine.data.picture import read
from engine.data.rect import EMPTY, Rect
from engine.planes.codec import scaled_preview
from tests.desktop.pen_hands import Hand
from tests.desktop.window_hands import done, drag, files_done, settle


def preview_at_size(session: Session) -> np.ndarray:
    return scaled_preview(session.live.preview, (session.document.width, session.document.height))


def test_the_preview_becomes_a_layer_that_is_painted_over(
    window: MainWindow, session: Session, tmp_path: Path
):
    drag(window, (5, 5), (90, 75))
    settle(session)
    lines, preview, steps = session.document.picture().lines, preview_at_size(session), session.steps.undo
    passes = session.live.passes.revision
    window.actions_table["preview_layer"].trigger()
    layer = session.document.active
    assert layer.role is Role.FINISH and layer is session.document.layers[-1] and layer.name == "Finish"
    assert session.steps.undo == steps + 1
    np.testing.assert_array_equal(layer.pixels[..., 2::-1], preview)
    session.strokes.choose_colour((250, 0, 0))
    assert session.document.active is layer, "a colour is a colour here, and no hint"
    session.strokes.set_ink(size=9.0, hardness=1.0, brush="pen", opacity=1.0)
    drag(window, (20, 60), (70, 60))
    assert layer.pixels[60, 40].tolist() == [0, 0, 250, 255]
    assert session.live.passes.revision == passes, "the network is asked for nothing"
    assert session.document.picture().lines is lines
    assert done(session.export("finished", tmp_path / "a.png"))
    exported = read(tmp_path / "a.png").pixels
    assert exported[60, 40].tolist() == [250, 0, 0]
    np.testing.assert_array_equal(exported[:40], preview[:40])
    session.undo()
    session.undo()
    assert layer not in session.document.layers and session.document.active.role.sent


def test_a_selected_part_becomes_a_layer_and_the_rest_follows_the_pen(
    window: MainWindow, session: Session, tmp_path: Path
):
    area = Rect(10, 20, 30, 40)
    session.selecting.select(area)
    before = preview_at_size(session)
    window.actions_table["preview_layer"].trigger()
    layer = session.document.active
    assert layer.bounds() == area
    session.selecting.select(EMPTY)
    session.strokes.choose_role(Role.LINES)
    drag(window, (5, 5), (90, 75))
    settle(session)
    after = preview_at_size(session)
    assert done(session.export("finished", tmp_path / "a.png"))
    exported = read(tmp_path / "a.png").pixels
    np.testing.assert_array_equal(exported[area.rows, area.columns], before[area.rows, area.columns])
    np.testing.assert_array_equal(exported[:20], after[:20])
    session.document.set_layer(layer.id, visible=False)
    assert done(session.export("finished", tmp_path / "b.png"))
    np.testing.assert_array_equal(read(tmp_path / "b.png").pixels, after)


def test_the_preview_shows_what_lies_over_it(window: MainWindow, session: Session):
    plain = window.preview.grab().toImage()
    window.actions_table["preview_layer"].trigger()
    session.strokes.set_ink(size=20.0, hardness=1.0, brush="pen", colour=(250, 0, 0))
    drag(window, (30, 40), (60, 40))
    at = window.view.transform(window.preview.size().toSizeF()).map(QPoint(45, 40))
    painted = window.preview.grab().toImage().pixelColor(at)
    assert painted.getRgb()[:3] == (250, 0, 0) and painted != plain.pixelColor(at)
    window.actions_table["add_paint"].trigger()
    assert session.document.active.role is Role.FINISH, "another one to finish by"


def test_it_is_saved_and_recovered(window: MainWindow, session: Session, tmp_path: Path):
    window.actions_table["preview_layer"].trigger()
    drag(window, (30, 40), (60, 40))
    pixels = session.document.active.pixels.copy()
    assert done(session.save(tmp_path / "bag.ora"))
    session.close_picture(session.picture)
    session.open_file(tmp_path / "bag.ora")
    files_done(session)
    for _ in range(2):
        layer = session.document.layers[-1]
        assert layer.role is Role.FINISH and session.document.active is layer
        np.testing.assert_array_equal(layer.pixels, pixels)
        settle(session)
        assert done(session.shelf.keep())  # something to be journalled
        session.picture.journal.close(keep=True)
        session.picture.journal = None
        left = abandoned()
        (job,) = session.guarding.recover(left[:1])
        assert done(job)
        files_done(session)


def test_on_labels_any_colour_is_painted(window: MainWindow, session: Session):
    session.new_picture("labels", 96, 80)
    settle(session)
    window.actions_table["preview_layer"].trigger()
    session.strokes.choose_colour((1, 2, 3))
    session.strokes.set_ink(size=9.0, hardness=1.0, brush="pen", opacity=1.0)
    drag(window, (20, 40), (70, 40))
    assert session.document.active.pixels[40, 40].tolist() == [3, 2, 1, 255]
    assert session.document.colour_at(40, 40) == (1, 2, 3)
    session.strokes.choose_role(Role.LABELS)
    assert session.document.colour_at(40, 40) != (1, 2, 3), "a label is picked there"


@pytest.mark.parametrize("tool", ["pen", "eraser", "line", "rectangle", "fill", "ellipse"])
def test_every_tool_works_on_it(tool: str, window: MainWindow, session: Session):
    window.actions_table["preview_layer"].trigger()
    before = session.document.active.pixels.copy()
    session.strokes.choose_tool(tool)
    session.strokes.set_ink(colour=(250, 0, 0))
    drag(window, (30, 30), (60, 50))
    assert (session.document.active.pixels != before).any()
    session.undo()
    np.testing.assert_array_equal(session.document.active.pixels, before)


# --- beside the pen --------------------------------------------------------------------------------


@pytest.fixture
def large(window: MainWindow, session: Session) -> OpenPicture:
    """A picture so large that a layer of it takes a while, with an outline on it and its preview."""
    session.new_picture("sketch", 1100, 1000)
    drag(window, (300, 300), (800, 300), (800, 700), (300, 700), (300, 300))
    settle(session)
    assert session.picture is not None
    return session.picture


def preview_layer(session: Session) -> Job:
    job = session.finishing.add_layer()
    assert job is not None, "a layer so large is not made while the pen waits"
    return job


def cut_out(session: Session) -> Job:
    """The same of something that stands out from its background."""
    preview = np.full((1000, 1100, 3), 255, np.uint8)
    preview[300:700, 300:800] = (200, 30, 40)
    session.live.show(preview)
    return session.exporting.add_layer()


ASKED = pytest.mark.parametrize("ask", [preview_layer, cut_out])


@ASKED
def test_it_waits_for_the_end_of_a_stroke(
    window: MainWindow, session: Session, large: OpenPicture, ask: Callable[[Session], Job]
):
    hand, lines = Hand(window), session.document.active
    job = ask(session)
    hand.press((200, 200))
    hand.move((700, 300))
    assert done(job)
    assert session.strokes.drawing and len(session.document.layers) == 2
    hand.move((700, 600))
    hand.release()
    assert [step.text for step in session.document.history.done] == ["Stroke", "Stroke", "Add layer"]
    assert session.document.active.role is Role.FINISH
    assert lines.packed[500, 700], "all of the stroke is where it was drawn"


@ASKED
def test_it_is_for_the_picture_that_it_was_asked_for(
    session: Session, large: OpenPicture, ask: Callable[[Session], Job]
):
    job = ask(session)
    session.new_picture("sketch", 96, 80)
    other = session.document
    assert done(job)
    assert len(other.layers) == 2 and session.picture is large
    assert large.document.layers[-1].role is Role.FINISH
    settle(session)
    job = ask(session)
    session.new_picture("sketch", 96, 80)
    session.close_picture(large)
    assert done(job)
    assert all(len(picture.document.layers) == 2 for picture in session.pictures)


@ASKED
def test_a_picture_of_another_size_by_then_is_told(
    session: Session, large: OpenPicture, told: list[str], ask: Callable[[Session], Job]
):
    job = ask(session)
    session.edit(lambda document: document.crop(Rect(0, 0, 500, 400)))
    assert done(job)
    assert "another size" in told[-1] and len(session.document.layers) == 2


def test_the_large_layer_is_the_preview_within_what_is_selected(session: Session, large: OpenPicture):
    area = Rect(100, 200, 300, 400)
    session.selecting.select(area)
    preview = preview_at_size(session)
    assert done(preview_layer(session))
    layer = session.document.active
    assert layer.bounds() == area
    np.testing.assert_array_equal(
        layer.pixels[area.rows, area.columns, 2::-1], preview[area.rows, area.columns]
    )


def test_it_is_exported_from_the_menu(window: MainWindow, session: Session, tmp_path: Path):
    window.actions_table["export_finished"].trigger()
    dialog = window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "bag.png"))
    files_done(session)
    assert (tmp_path / "bag.png").exists()
    dialog.close()


def test_without_a_preview_it_is_said(window: MainWindow, session: Session, told: list[str]):
    session.live.close_model()
    session.finishing.add_layer()
    assert told[-1].startswith("There is no preview yet") and len(session.document.layers) == 2
    assert not window.actions_table["preview_layer"].isEnabled()


def test_a_file_says_that_older_programs_must_not_take_it_for_lines(tmp_path: Path):
    document = Document.new("sketch", 20, 10)
    project.save(document, tmp_path / "a.ora")
    document.add_layer(Role.FINISH, pixels=np.full((10, 20, 3), 7, np.uint8))
    project.save(document, tmp_path / "b.ora")
    assert formats(tmp_path) == {"a.ora": 1, "b.ora": 2}
    assert project.load(tmp_path / "b.ora").document.layers[-1].role is Role.FINISH


def formats(folder: Path) -> dict[str, int]:
    import json
    import zipfile

    found = {}
    for file in sorted(folder.glob("*.ora")):
        with zipfile.ZipFile(file) as source:
            found[file.name] = json.loads(source.read(project.NOTES))["format"]
    return found


def test_flattening_mixes_by_opacity():
    document = Document.new("sketch", 4, 2)
    document.add_layer(Role.FINISH, pixels=np.full((2, 4, 3), 200, np.uint8), opacity=0.5)
    made = finished(document, np.full((2, 4, 3), 100, np.uint8))
    assert abs(int(made[0, 0, 0]) - 150) <= 1
