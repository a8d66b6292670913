"""What would drop an open stroke finishes it first; and a pen whose release is lost doesn't stick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from desktop.documents.recovery import restore
from desktop.paint.editing.document import Role
from desktop.paint.files import project
from desktop.session import Session
from desktop.widgets.canvas import grip
from desktop.widgets.main_window import MainWindow
from engine.data.picture import read, write_png
from tests.desktop.widgets.canvas.test_canvas import tablet
from tests.desktop.window_hands import done, drag, files_done, model, send, settle, until

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE = Qt.MouseButton.NoButton
PRESS, MOVE, RELEASE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonRelease,
)


def begin_stroke(window: MainWindow) -> None:
    window.session.strokes.quick_shapes = False  # however long a test has to wait with the pen down
    send(window, PRESS, (20, 20), LEFT, LEFT)
    send(window, MOVE, (60, 30), NONE, LEFT)


def begin_rectangle(window: MainWindow) -> None:
    window.session.strokes.choose_tool("rectangle")
    begin_stroke(window)


def begin_polygon(window: MainWindow) -> None:
    window.session.strokes.choose_tool("polygon")
    for point in ((20, 20), (60, 20), (40, 60)):
        drag(window, point)


def paste(window: MainWindow, tmp_path: Path) -> None:
    image = QImage(10, 10, QImage.Format.Format_RGBA8888)
    image.fill(0xFF000000)
    QGuiApplication.clipboard().setImage(image)
    window.actions_table["paste"].trigger()


def trigger(name: str) -> Callable[[MainWindow, Path], None]:
    return lambda window, _: window.actions_table[name].trigger()


def key(key: Qt.Key) -> Callable[[MainWindow, Path], None]:
    return lambda window, _: QTest.keyClick(window.canvas, key)


def open_other_kind(window: MainWindow, _: Path) -> None:
    window.session.open_model(model(window.session, "tiny image"))


def lowest_layer(window: MainWindow, _: Path) -> None:
    window.session.strokes.choose_layer(window.session.document.layers[0].id)


def open_a_file(window: MainWindow, tmp_path: Path) -> None:
    write_png(tmp_path / "other.png", np.full((30, 30, 3), 9, np.uint8))
    done(window.session.open_file(tmp_path / "other.png"))


ACTIONS: dict[str, Callable[[MainWindow, Path], object]] = {
    "tool key": key(Qt.Key.Key_E),
    "Q": key(Qt.Key.Key_Q),
    "W": key(Qt.Key.Key_W),
    "Enter": key(Qt.Key.Key_Return),
    "select all": trigger("select_all"),
    "select nothing": trigger("select_nothing"),
    "paste": paste,
    "copy": trigger("copy"),
    "new layer": trigger("add_paint"),
    "layer down": trigger("layer_down"),
    "another layer": lowest_layer,
    "keep": trigger("keep"),
    "another example": trigger("example"),
    "next picture": trigger("next_picture"),
    "close picture": trigger("close"),
    "model of another kind": open_other_kind,
    "new picture": lambda window, _: window.session.new_picture("image", 40, 40),
    "a file": open_a_file,
    "save": lambda window, tmp_path: window.session.save(tmp_path / "drawing.ora"),
    "export": lambda window, tmp_path: window.session.export("picture", tmp_path / "drawing.png"),
    "fit in another size": lambda window, _: window.session.edit(lambda it: it.resize(48, 40)),
}


@pytest.mark.parametrize("begin", [begin_stroke, begin_rectangle, begin_polygon], ids=lambda it: it.__name__)
def test_nothing_drops_an_open_stroke(
    window: MainWindow, session: Session, tmp_path: Path, begin: Callable[[MainWindow], None]
):
    for number, (name, action) in enumerate(ACTIONS.items()):
        session.strokes.choose_tool("pen")
        session.new_picture("sketch", 96, 80)
        session.strokes.choose_role(Role.LINES)
        document, picture = session.document, session.picture
        if name == "keep":  # there must be a preview to keep
            settle(session)
        begin(window)
        assert session.strokes.drawing
        assert document.undo_steps == 0
        folder = tmp_path / str(number)
        folder.mkdir()
        action(window, folder)
        assert not session.strokes.drawing, name
        steps = [step.text for step in document.history.done]
        assert steps[0] in ("Stroke", "Rectangle", "Polygon"), (name, steps)
        assert picture in session.pictures, name
        assert picture.journal is not None or picture.is_saved, name
        assert (document.picture().lines < 128).any(), name
        # What the pointer, still down, does then is no news to anybody.
        before = document.undo_steps
        send(window, MOVE, (80, 70), NONE, LEFT)
        send(window, RELEASE, (80, 70), LEFT, NONE)
        assert document.undo_steps == before, name


def test_saving_in_mid_stroke_saves_it_and_escape_takes_nothing_back(
    window: MainWindow, session: Session, tmp_path: Path
):
    begin_stroke(window)
    assert done(session.save(tmp_path / "drawing.ora"))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    send(window, RELEASE, (60, 30), LEFT, NONE)
    assert session.saved
    written = project.load(tmp_path / "drawing.ora").document
    assert np.array_equal(written.picture().lines, session.document.picture().lines)
    assert (written.picture().lines < 128).any()


def test_exporting_in_mid_stroke_has_it_in(window: MainWindow, session: Session, tmp_path: Path):
    begin_polygon(window)
    done(session.export("picture", tmp_path / "drawing.png"))
    assert (read(tmp_path / "drawing.png").pixels < 128).any()


def test_closing_the_window_in_mid_stroke_keeps_it_for_the_next_start(window: MainWindow, session: Session):
    from desktop.documents.recovery import abandoned, restore

    begin_polygon(window)
    drawn = session.document
    window.close()
    (left,) = abandoned()
    assert np.array_equal(restore(left.path).picture().lines, drawn.picture().lines)
    assert (drawn.picture().lines < 128).any()


@pytest.mark.parametrize("ends", ["lifted", "called off"])
def test_what_comes_to_be_kept_meanwhile_leaves_the_stroke_and_is_guarded_at_its_end(
    window: MainWindow, session: Session, tmp_path: Path, ends: str
):
    """A journal begins with a copy of the whole picture, and that would end the stroke."""
    drag(window, (10, 10), (40, 10))
    settle(session)
    assert done(session.save(tmp_path / "house.ora"))
    session.shelf.keep()
    begin_stroke(window)
    until(lambda: session.document.frames)
    picture = session.picture
    assert session.strokes.drawing and picture is not None and not picture.is_saved
    if ends == "lifted":
        send(window, MOVE, (80, 70), NONE, LEFT)
        send(window, RELEASE, (80, 70), LEFT, NONE)
        assert session.document.picture().lines[60:72, 68:80].min() < 200
    else:
        QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert session.document.undo_steps == 1 + (ends == "lifted")
    assert picture.journal is not None
    picture.journal.flush()
    left = restore(picture.journal.folder)
    assert len(left.frames) == 1
    np.testing.assert_array_equal(left.layers[0].pixels, session.document.layers[0].pixels)


def test_a_picture_whose_file_another_one_takes_is_drawn_on_to_the_end_of_its_stroke(
    window: MainWindow, session: Session, tmp_path: Path
):
    drag(window, (10, 10), (40, 10))
    first = session.picture
    assert first is not None
    session.new_picture("sketch", 96, 80)
    assert done(session.save(tmp_path / "house.ora"))
    second = session.picture
    assert second is not None and second is not first
    session.put_up(first)
    job = session.save(tmp_path / "house.ora", anyway=True)
    session.put_up(second)
    begin_stroke(window)
    assert done(job)
    assert second.path is None and session.strokes.drawing
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert second.journal is not None and not second.is_saved


def test_a_polygon_drawn_before_its_model_came_is_not_taken_for_an_empty_sheet(
    window: MainWindow, session: Session
):
    session.new_picture("image", 96, 80)
    settle(session)
    begin_polygon(window)
    document = session.document
    session.open_model(model(session, "tiny map"))
    settle(session)
    session.finish_stroke()
    assert document.undo_steps == 1
    assert not session.saved


def test_a_stroke_that_ends_as_another_picture_comes_up_is_kept_with_its_own(
    window: MainWindow, session: Session, tmp_path: Path
):
    """Journalled, and part of its way, in the picture that it was drawn in."""
    write_png(tmp_path / "other.png", np.full((30, 30, 3), 9, np.uint8))
    job, drawn = session.open_file(tmp_path / "other.png"), session.picture
    begin_stroke(window)
    assert done(job)
    assert session.picture is drawn
    send(window, RELEASE, (60, 30), LEFT, NONE)
    assert session.picture is not drawn
    assert drawn in session.pictures
    assert drawn.journal is not None
    assert session.picture.journal is None
    assert session.saved


@pytest.mark.parametrize(
    "command", ["clear", "add_paint", "paste", "undo", "keep", "hold_rest", "select_all"]
)
def test_a_command_that_ends_a_stroke_is_for_the_picture_that_it_was_drawn_in(
    window: MainWindow, session: Session, tmp_path: Path, command: str
):
    """Another one waits for the end of the stroke."""
    paste(window, tmp_path)
    session.new_picture("sketch", 96, 80)
    settle(session)
    other, drawn = session.pictures[1], session.pictures[0]
    before = other.document.undo_steps, other.document.revision, other.document.area
    session.live.enabled = False
    begin_stroke(window)
    session.filing.when_the_pen_is_up(lambda: session.put_up(other))
    assert session.picture is drawn
    window.actions_table[command].trigger()
    assert session.picture is drawn
    until(lambda: session.picture is other)
    files_done(session)
    assert (other.document.undo_steps, other.document.revision, other.document.area) == before
    assert other.document.frames == ()
    send(window, RELEASE, (60, 30), LEFT, NONE)
    session.live.enabled = True
    settle(session)


def test_what_waits_for_the_end_of_a_stroke_comes_no_more_when_the_window_is_closed(
    window: MainWindow, session: Session
):
    came: list[str] = []
    begin_stroke(window)
    session.filing.when_the_pen_is_up(lambda: came.append("a picture"))
    window.close()
    QApplication.processEvents()
    assert not window.isVisible() and came == []


def test_a_stroke_goes_on_while_the_model_gets_ready(window: MainWindow, session: Session):
    session.open_model(model(session, "tiny lines"))
    begin_stroke(window)
    until(lambda: session.live.card is not None)
    assert session.strokes.drawing
    assert session.document.undo_steps == 0
    send(window, MOVE, (80, 70), NONE, LEFT)
    send(window, RELEASE, (80, 70), LEFT, NONE)
    assert is_one_stroke(window)
    assert (session.document.picture().lines[60:, 70:] < 128).any(), "it is drawn to its end"


def test_hints_under_the_pen_are_drawn_to_their_end_though_the_model_that_comes_knows_none(
    window: MainWindow, session: Session
):
    session.strokes.choose_role(Role.HINTS)
    session.open_model(model(session, "tiny lines"))
    begin_stroke(window)
    until(lambda: session.live.card is not None)
    assert session.document.active.role is Role.HINTS
    send(window, RELEASE, (60, 30), LEFT, NONE)
    assert is_one_stroke(window)
    assert session.document.active.role is Role.LINES


@pytest.mark.parametrize("kept", [True, False])
def test_a_sheet_under_the_pen_takes_a_models_paper_only_where_the_stroke_is_called_off(
    window: MainWindow, session: Session, kept: bool
):
    session.open_model(model(session, "tiny image"))
    settle(session)
    session.new_picture("image", 96, 80)
    settle(session)
    paper = session.document.paper
    session.open_model(model(session, "tiny map"))
    begin_stroke(window)
    until(lambda: session.live.card is not None)
    assert session.document.paper == paper
    if kept:
        send(window, RELEASE, (60, 30), LEFT, NONE)
    else:
        session.strokes.cancel()
    assert (session.document.paper == paper) is kept
    assert [step.text for step in session.document.history.done] == ["Stroke"] * kept


def test_what_is_only_looked_at_goes_on_while_a_stroke_is_drawn(window: MainWindow, session: Session):
    """Zooming, colours of the brush, a reference that is shown: none of that drops the stroke, or ends it."""
    session.edit(
        lambda document: document.add_layer(Role.REFERENCE, "photo", np.zeros((80, 96, 3), np.uint8), 0.5)
    )
    begin_stroke(window)
    reference = session.document.layers[-1].id
    window.actions_table["zoom_in"].trigger()
    window.actions_table["larger"].trigger()
    session.show_reference(reference, visible=False)
    assert session.strokes.drawing


# --- releases that nobody hears -------------------------------------------------------------------


def is_one_stroke(window: MainWindow) -> bool:
    session = window.session
    return session.strokes.stroke is None and session.document.undo_steps == 1 and not session.strokes.drawing


@pytest.mark.parametrize("other", [RIGHT, MIDDLE])
def test_another_button_meanwhile_neither_ends_nor_holds_the_stroke(
    window: MainWindow, other: Qt.MouseButton
):
    begin_stroke(window)
    centre = window.view.centre
    send(window, PRESS, (60, 30), other, LEFT | other)
    send(window, MOVE, (65, 40), NONE, LEFT | other)
    send(window, RELEASE, (65, 40), other, LEFT)
    assert window.session.strokes.drawing
    send(window, MOVE, (70, 50), NONE, LEFT)
    send(window, RELEASE, (70, 50), LEFT, NONE)
    assert is_one_stroke(window)
    assert window.view.centre == centre
    send(window, MOVE, (10, 70), NONE, NONE)
    assert is_one_stroke(window)


def test_a_button_that_is_up_in_the_next_event_ends_the_stroke_where_it_was(window: MainWindow):
    begin_stroke(window)
    send(window, MOVE, (90, 78), NONE, NONE)
    assert is_one_stroke(window)
    assert (window.session.document.picture().lines[60:] == 255).all(), "no line to where the pen came back"


def test_a_stroke_whose_release_was_lost_is_not_gone_on_with_by_the_next_press(window: MainWindow):
    begin_stroke(window)
    drag(window, (20, 60), (60, 70))
    assert window.session.document.undo_steps == 2


def test_what_another_button_drags_is_let_go_of_as_well(window: MainWindow):
    send(window, PRESS, (20, 20), MIDDLE, MIDDLE)
    send(window, MOVE, (30, 30), NONE, NONE)  # released over a dialog
    centre = window.view.centre
    send(window, MOVE, (50, 50), NONE, NONE)
    assert window.view.centre == centre


def lose_focus(window: MainWindow) -> None:
    QApplication.sendEvent(window.canvas, QFocusEvent(QEvent.Type.FocusOut))


def leave_the_window(window: MainWindow) -> None:
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))


def open_a_dialog(window: MainWindow) -> None:
    dialog = QDialog(window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    QApplication.processEvents()
    dialog.reject()


def hide_the_canvas(window: MainWindow) -> None:
    window.canvas.hide()
    window.canvas.show()


def test_a_stroke_ends_when_something_comes_between(window: MainWindow, session: Session):
    for way in (lose_focus, leave_the_window, open_a_dialog, hide_the_canvas):
        session.new_picture("sketch", 96, 80)
        begin_stroke(window)
        way(window)
        assert is_one_stroke(window), way.__name__
        send(window, RELEASE, (60, 30), LEFT, NONE)
        assert is_one_stroke(window), way.__name__


def test_a_polygon_goes_on_when_something_comes_between_its_clicks(window: MainWindow):
    begin_polygon(window)
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    assert window.session.strokes.drawing
    drag(window, (10, 60))
    window.session.strokes.finish()
    assert window.session.document.undo_steps == 1


def test_a_pen_taken_away_ends_its_stroke(window: MainWindow, qapp: QApplication):
    tablet(window, QEvent.Type.TabletPress, (20, 20), 1.0)
    tablet(window, QEvent.Type.TabletMove, (60, 30), 1.0)
    QApplication.sendEvent(qapp, QEvent(QEvent.Type.TabletLeaveProximity))
    assert is_one_stroke(window)


def test_a_pen_whose_release_is_lost_doesnt_silence_the_mouse(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    tablet(window, QEvent.Type.TabletPress, (20, 20), 1.0)
    tablet(window, QEvent.Type.TabletMove, (60, 30), 1.0)
    monkeypatch.setattr(grip, "LONGEST_ECHO_S", -1.0)
    send(window, MOVE, (60, 60), NONE, NONE)
    assert is_one_stroke(window)
    drag(window, (20, 60), (60, 70))
    assert window.session.document.undo_steps == 2


def test_a_pen_whose_tip_is_up_ends_its_stroke_although_its_other_button_is_down(window: MainWindow):
    tablet(window, QEvent.Type.TabletPress, (20, 20), 1.0)
    tablet(window, QEvent.Type.TabletMove, (60, 30), 1.0)
    tablet(window, QEvent.Type.TabletMove, (60, 40), 0.0, held=RIGHT)
    assert is_one_stroke(window)


def test_undo_takes_an_open_stroke_back_and_redo_brings_it_again(window: MainWindow, session: Session):
    """One of several clicks loses the last of them instead, see the tests of curves."""
    drag(window, (5, 70), (70, 70))
    begin_stroke(window)
    window.actions_table["undo"].trigger()
    send(window, RELEASE, (60, 30), LEFT, NONE)
    assert [step.text for step in session.document.history.done] == ["Stroke"]
    taken = session.document.picture().lines.copy()
    window.actions_table["redo"].trigger()
    assert session.document.undo_steps == 2
    assert (session.document.picture().lines != taken).any()
