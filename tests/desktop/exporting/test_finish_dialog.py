"""Cut-outs and larger previews, as the window offers them."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLabel, QPushButton, QSpinBox

from desktop.paint.files import project
from desktop.paint.layers.layer import Role
from desktop.session import Session
from desktop.support.settings import SettingsFile
from desktop.widgets.exporting.backgrounds import OverBackground
from desktop.widgets.exporting.dialog import FinishDialog
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Pixels
from engine.planes import codec
from tests.desktop.window_hands import done, drag, files_done, model, settle, until

OUTLINE = (24, 24), (72, 24), (72, 60), (24, 60), (24, 24)
INSIDE, OUTSIDE = (40, 48), (5, 5)
"""Rows and columns of the picture."""


@pytest.fixture
def drawn(window: MainWindow, session: Session) -> MainWindow:
    """A closed outline in the middle of the picture, and a bag of it."""
    session.open_model(model(session, "handbags"))
    drag(window, *OUTLINE)
    settle(session)
    return window


def opened(window: MainWindow, name: str = "export_cut_out") -> FinishDialog:
    """The dialog from its menu entry, once it shows something or says why not."""
    window.actions_table[name].trigger()
    (dialog,) = [child for child in window.findChildren(FinishDialog) if child.isVisible()]
    exporting = window.session.exporting
    until(lambda: (exporting.shown is not None or exporting.problem) and not window.session.file_work.jobs)
    return dialog


def is_open(window: MainWindow) -> bool:
    return any(dialog.isVisible() for dialog in window.findChildren(FinishDialog))


def choice(dialog: FinishDialog, name: str) -> QComboBox:
    box = dialog.findChild(QComboBox, name)
    assert box is not None
    return box


def choose(dialog: FinishDialog, name: str, value: object) -> None:
    """By the keyboard, as far as it is from the top."""
    box = choice(dialog, name)
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _step in range(box.findData(value)):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == value


def press(dialog: FinishDialog, text: str) -> None:
    (button,) = [it for it in dialog.findChildren(QPushButton) if text in it.text().replace("&", "")]
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def answer(dialog: FinishDialog, path: Path) -> None:
    """Answer the question where to, and wait until it is written."""
    window = dialog.parent()
    assert isinstance(window, MainWindow)
    (asking,) = [it for it in dialog.findChildren(QFileDialog) if it.isVisible()]
    asking.fileSelected.emit(str(path))
    asking.reject()
    files_done(window.session)


def written(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image)


def problem_of(dialog: FinishDialog) -> str:
    label = dialog.findChild(QLabel, "finish_problem")
    assert label is not None
    return label.text()


@pytest.mark.parametrize("name", ["export_cut_out", "export_larger"])
def test_every_button_is_reached_by_tab(drawn: MainWindow, name: str) -> None:
    dialog = opened(drawn, name)
    reached = set()
    for _step in range(12):
        QTest.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Tab)
        widget = dialog.focusWidget()
        reached |= {widget.text().replace("&", "")} if isinstance(widget, QPushButton) else set()
    assert reached >= {"Export …", "Cancel"}
    dialog.reject()


def test_a_cut_out_goes_into_a_png(drawn: MainWindow, session: Session, tmp_path: Path) -> None:
    dialog = opened(drawn)
    shown = session.exporting.shown
    assert shown is not None and shown.shape == (80, 96, 4)
    assert shown[INSIDE][3] == 255 and shown[OUTSIDE][3] == 0
    QTest.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Return)  # it exports, and does not cancel
    answer(dialog, tmp_path / "bag.png")
    assert np.array_equal(written(tmp_path / "bag.png"), shown)
    assert not is_open(drawn) and session.exporting.shown is None


def test_it_is_exported_as_it_is_chosen_and_the_same_is_wanted_next_time(
    drawn: MainWindow, session: Session, stocked_home: Path, tmp_path: Path, told: list[str]
) -> None:
    dialog = opened(drawn)
    choose(dialog, "finish_frame", "margin")
    margin = dialog.findChild(QSpinBox, "finish_margin")
    assert margin is not None and margin.isEnabled()
    margin.setValue(5)
    choose(dialog, "finish_enclosed", "kept")
    choose(dialog, "finish_factor", 2)
    press(dialog, "Export")
    answer(dialog, tmp_path / "bag.webp")
    made = written(tmp_path / "bag.webp")
    rows, columns = np.flatnonzero(made[..., 3].any(1)), np.flatnonzero(made[..., 3].any(0))
    height, width = made.shape[:2]
    assert (rows[0], height - 1 - rows[-1], columns[0], width - 1 - columns[-1]) == (5, 5, 5, 5)
    assert 60 <= height <= 110 and 80 <= width <= 130  # twice an outline of 36 × 48
    assert told == ["Exported “bag.webp”."]
    again = opened(drawn)
    assert (again.options.cut, again.options.factor, again.options.enclosed) == (True, 2, "kept")
    assert (again.options.room.frame, again.options.room.margin) == ("margin", 5)
    again.reject()
    session.remember()
    kept = SettingsFile(stocked_home / "settings.json").settings.exporting
    assert (kept["frame"], kept["margin"], kept["cut_factor"]) == ("margin", 5, 2)


def test_an_ora_file_holds_the_drawing_and_the_cut_out_over_it(
    drawn: MainWindow, session: Session, tmp_path: Path
) -> None:
    dialog = opened(drawn)
    shown = session.exporting.shown
    assert shown is not None
    choose(dialog, "finish_frame", "square")  # a layer lies where it lay, whatever is chosen
    press(dialog, "Export")
    answer(dialog, tmp_path / "bag.ora")
    document = project.load(tmp_path / "bag.ora").document
    cut = document.layers[-1]
    assert (cut.name, cut.role) == ("Cut-out", "finish")
    assert np.array_equal(cut.pixels[..., 3], shown[..., 3])
    lines = document.picture().lines
    assert lines is not None and np.array_equal(lines, session.document.picture().lines)
    assert "Cut-out" not in [layer.name for layer in session.document.layers]


def test_as_a_layer_it_is_one_step_that_the_network_never_sees(drawn: MainWindow, session: Session) -> None:
    count, before = len(session.document.layers), session.live.preview
    press(opened(drawn), "layer")
    until(lambda: len(session.document.layers) == count + 1)
    layer = session.document.layers[-1]
    assert layer.name == "Cut-out" and layer.pixels[INSIDE][3] == 255 and layer.pixels[OUTSIDE][3] == 0
    settle(session)
    assert before is not None and np.array_equal(session.live.preview, before)
    session.undo()
    assert len(session.document.layers) == count


@pytest.mark.parametrize("factor", [2, 4])
def test_a_larger_preview_goes_into_a_png(
    drawn: MainWindow, session: Session, tmp_path: Path, factor: int
) -> None:
    dialog = opened(drawn, "export_larger")
    box = dialog.findChild(QCheckBox)
    assert box is not None and not box.isChecked() and not choice(dialog, "finish_frame").isEnabled()
    choose(dialog, "finish_factor", factor)
    press(dialog, "Export")
    answer(dialog, tmp_path / "bag.png")
    made, preview = written(tmp_path / "bag.png"), session.live.preview
    assert preview is not None and made.shape == (80 * factor, 96 * factor, 3)
    small = codec.scaled_preview(made, (preview.shape[1], preview.shape[0]))
    assert np.abs(small.astype(int) - preview).mean() < 3
    assert opened(drawn, "export_larger").options.factor == factor


@pytest.mark.parametrize(("name", "factor"), [("export_cut_out", 1), ("export_larger", 2)])
def test_what_was_painted_over_the_preview_is_in_it(
    drawn: MainWindow, session: Session, tmp_path: Path, name: str, factor: int
) -> None:
    patch = np.zeros((80, 96, 4), np.uint8)
    row, column = INSIDE
    patch[row - 4 : row + 5, column - 4 : column + 5] = (250, 0, 120, 255)
    session.edit(lambda document: document.add_layer(Role.FINISH, pixels=patch))
    dialog = opened(drawn, name)
    press(dialog, "Export")
    answer(dialog, tmp_path / "bag.png")
    made = written(tmp_path / "bag.png")
    assert made[row * factor, column * factor][:3].tolist() == [250, 0, 120]
    assert made[(row + 7) * factor, column * factor][:3].tolist() != [250, 0, 120]
    session.edit(lambda document: document.set_layer(document.layers[-1].id, visible=False))
    dialog = opened(drawn, name)
    press(dialog, "Export")
    answer(dialog, tmp_path / "without.png")
    assert written(tmp_path / "without.png")[row * factor, column * factor][:3].tolist() != [250, 0, 120]


def test_it_is_looked_at_over_the_background_that_is_chosen(drawn: MainWindow) -> None:
    dialog = opened(drawn)
    (shown,) = dialog.findChildren(OverBackground)
    corners = []
    for background in ("chequers", "black", "white"):
        choose(dialog, "finish_background", background)
        image = shown.grab().toImage()
        middle = image.height() // 2
        corners.append(image.pixelColor(image.width() // 6, middle).name())
    assert corners[1:] == ["#000000", "#ffffff"] and corners[0] not in corners[1:]


def test_where_nothing_can_be_told_from_its_background_a_sentence_says_so(
    window: MainWindow, session: Session
) -> None:
    """Empty paper: nothing is drawn, and nothing can be exported."""
    dialog = opened(window)
    assert "No object can be told from its background" in session.exporting.problem
    (shown,) = dialog.findChildren(OverBackground)
    assert shown.accessibleName() == session.exporting.problem
    assert not dialog.do.isEnabled()
    (layer,) = [it for it in dialog.findChildren(QPushButton) if "layer" in it.text()]
    assert not layer.isEnabled()
    box = dialog.findChild(QCheckBox)
    assert box is not None
    box.click()  # the whole preview can be had all the same
    until(lambda: dialog.do.isEnabled())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bag.jpg", "“bag.jpg” can't be transparent; let its name end in .png, .webp or .ora."),
        ("bag.xyz", "“bag.xyz” is no picture's name; let it end in .png."),
        ("none/bag.png", "“bag.png” can't be written (Not a directory); choose another place."),
    ],
)
def test_what_cannot_be_written_is_said_in_the_dialog_that_stays(
    drawn: MainWindow, tmp_path: Path, name: str, sentence: str
) -> None:
    dialog = opened(drawn)
    (tmp_path / "none").write_text("no folder")
    press(dialog, "Export")
    answer(dialog, tmp_path / name)
    assert problem_of(dialog) == sentence
    assert dialog.isVisible() and dialog.do.isEnabled()


def test_the_file_of_an_open_picture_is_no_place_for_a_cut_out(
    drawn: MainWindow, session: Session, tmp_path: Path
) -> None:
    """That picture would count as saved, and be closed unasked."""
    path = tmp_path / "bag.ora"
    assert done(session.save(path))
    content, first = path.read_bytes(), session.picture
    session.new_picture("sketch", 96, 80)
    drag(drawn, *OUTLINE)
    settle(session)
    for picture in (session.picture, first):
        session.put_up(picture)
        settle(session)
        dialog = opened(drawn)
        dialog.write(path)
        files_done(session)
        assert problem_of(dialog) == "“bag.ora” is open here; choose another name for the cut-out."
        dialog.reject()
    assert path.read_bytes() == content


def test_escape_ends_it_and_nothing_is_written(drawn: MainWindow, session: Session, tmp_path: Path) -> None:
    dialog, gate = opened(drawn), Event()
    session.file_work.write("", lambda _job: gate.wait(20), lambda _done: None)  # files are written in turn
    dialog.write(tmp_path / "bag.png")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    gate.set()
    files_done(session)
    assert list(tmp_path.glob("bag*")) == [] and not is_open(drawn)


def test_the_cut_out_is_of_the_picture_that_was_asked_about(
    drawn: MainWindow, session: Session, tmp_path: Path
) -> None:
    """A second start may put up another picture while the dialog is open."""
    meant, dialog = session.picture, opened(drawn)
    shown = session.exporting.shown.copy()
    session.new_picture("sketch", 400, 300)
    settle(session)
    choose(dialog, "finish_frame", "picture")
    choice(dialog, "finish_enclosed").currentIndexChanged.emit(0)  # it is looked at anew
    files_done(session)
    assert np.array_equal(session.exporting.shown, shown)
    press(dialog, "Export …")
    answer(dialog, tmp_path / "bag.png")
    assert np.array_equal(written(tmp_path / "bag.png"), shown)
    other = session.picture
    session.put_up(meant)
    settle(session)
    dialog = opened(drawn)
    session.put_up(other)
    press(dialog, "As a layer")
    files_done(session)
    assert session.picture is meant and meant.document.undo_steps == 2 and not other.document.can_undo


def test_opened_before_the_first_preview_it_shows_that_when_it_comes(
    window: MainWindow, session: Session
) -> None:
    first = session.picture
    session.new_picture("sketch", 96, 80)
    settle(session)
    session.put_up(first)
    window.actions_table["export_larger"].trigger()
    (dialog,) = window.findChildren(FinishDialog)
    assert "still being made" in session.exporting.problem and not dialog.do.isEnabled()
    until(dialog.do.isEnabled)
    dialog.reject()
