"""From the photo of a sketch to lines on the canvas, through the dialog; and a region of the screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QSlider, QWidget

from desktop.inputs import paper, region_source
from desktop.paint.editing import limits
from desktop.session import Session
from desktop.support.settings import SettingsFile
from desktop.widgets.inputs.paper_dialog import CornerView, PaperDialog
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.pictures import as_image
from engine.data.messages import Pixels
from engine.errors import PictureError
from tests.desktop.inputs.paper_photos import SCENES, photograph
from tests.desktop.pen_hands import Hand
from tests.desktop.window_hands import done, message, settle, text_of, until

PLAIN, COLOURED = SCENES[0], SCENES[8]


@pytest.fixture(autouse=True)
def small_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """How well lines are found is for ``test_cleaning.py``; here a photo is cleaned anew for every click."""
    monkeypatch.setattr(paper, "LONGEST", 384)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "shoe.jpg"
    Image.fromarray(photograph(COLOURED)).save(path, quality=92)
    return path


def dialog_of(window: MainWindow) -> PaperDialog:
    dialog = window.findChild(PaperDialog)
    assert dialog is not None and dialog.isVisible()
    return dialog


def cleaned(session: Session) -> None:
    until(lambda: session.paper.result is not None and not session.paper.behind)


def test_a_photo_becomes_a_sketch_in_one_step(window: MainWindow, session: Session, photo: Path) -> None:
    assert done(session.paper.open(photo))
    dialog = dialog_of(window)
    assert not dialog.do.isEnabled(), "nothing is made of it yet"
    cleaned(session)
    assert "was found" in text_of(dialog)
    lines = session.paper.result.lines
    dialog.do.click()
    settle(session)
    assert session.title == "shoe" and session.document.kind == "sketch"
    assert np.array_equal(session.document.picture().lines, lines)
    assert session.document.picture().hints[..., 3].any()
    assert session.steps.undo == 1 and session.steps.undo_text == "Sketch from paper" and not session.saved
    session.undo()
    assert session.document.is_blank
    assert session.paper.photo is None


def test_enter_takes_the_lines_and_escape_leaves_them(
    window: MainWindow, session: Session, photo: Path
) -> None:
    """The button has to wait when the dialog opens: the keyboard must not lie on “Cancel” for that."""
    for key, undo in ((Qt.Key.Key_Escape, 0), (Qt.Key.Key_Return, 1)):
        assert done(session.paper.open(photo))
        cleaned(session)
        dialog = dialog_of(window)
        QTest.keyClick(dialog.focusWidget() or dialog, key)
        until(lambda: not window.findChild(PaperDialog))
        assert session.steps.undo == undo and session.paper.photo is None


def test_layers_that_do_not_both_fit_are_neither_there(
    window: MainWindow, session: Session, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[str] = []
    session.error_reported.connect(errors.append)
    layers, active = list(session.document.layers), session.document.active
    monkeypatch.setattr(limits, "MOST_LAYERS", len(layers) + 1)
    assert done(session.paper.open(photo))
    cleaned(session)
    dialog = dialog_of(window)
    dialog.findChild(QComboBox, "paper_target").setCurrentIndex(1)
    dialog.do.click()
    settle(session)
    assert session.document.layers == layers and session.document.active is active
    assert session.steps.undo == session.steps.redo == 0
    assert errors == ["The picture would have more layers than fit into memory at its size."]
    assert session.paper.result is not None and dialog.isVisible(), "it can still become a sketch of its own"
    assert errors[0] in text_of(dialog)
    dialog.findChild(QComboBox, "paper_target").setCurrentIndex(0)
    dialog.do.click()
    assert session.title == "shoe" and session.paper.photo is None


def test_or_layers_of_the_sketch_that_is_there(window: MainWindow, session: Session, photo: Path) -> None:
    picture, layers = session.picture, len(session.document.layers)
    assert done(session.paper.open(photo))
    cleaned(session)
    dialog = dialog_of(window)
    dialog.findChild(QComboBox, "paper_target").setCurrentIndex(1)
    dialog.do.click()
    settle(session)
    assert session.picture is picture and len(session.document.layers) == layers + 2
    assert session.steps.undo == 1
    assert session.document.picture().lines.min() < 100 and session.document.picture().hints[..., 3].any()
    session.undo()
    assert len(session.document.layers) == layers and session.document.is_blank
    session.redo()
    assert len(session.document.layers) == layers + 2 and not session.document.is_blank


def test_its_layers_are_for_the_sketch_that_was_there_when_they_were_asked_for(
    window: MainWindow, session: Session, photo: Path, tmp_path: Path
) -> None:
    file, picture, hand = tmp_path / "other.png", session.picture, Hand(window)
    Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(file)
    assert done(session.paper.open(photo))
    cleaned(session)
    job = session.open_file(file, kind="sketch")
    hand.press((20, 20))
    hand.move((60, 20))
    assert done(job)
    assert session.paper.finish(session.picture)
    assert session.picture is picture, "both wait for the end of the stroke"
    hand.release()
    assert session.picture is picture and len(picture.document.layers) == 4


def test_its_layers_are_for_the_sketch_that_the_dialog_opened_over(
    window: MainWindow, session: Session, photo: Path
) -> None:
    Hand(window).drag((20, 20), (60, 20))
    meant, layers = session.picture, len(session.document.layers)
    assert done(session.paper.open(photo))
    cleaned(session)
    dialog = dialog_of(window)
    dialog.findChild(QComboBox, "paper_target").setCurrentIndex(1)
    session.new_picture("sketch", 64, 64)
    other = session.picture
    dialog.do.click()
    settle(session)
    assert session.picture is meant and len(meant.document.layers) == layers + 2
    assert other.document.is_blank and len(other.document.layers) == layers
    assert done(session.paper.open(photo))
    cleaned(session)
    dialog = dialog_of(window)
    dialog.findChild(QComboBox, "paper_target").setCurrentIndex(1)
    session.close_picture(meant)
    dialog.do.click()
    assert "closed meanwhile" in text_of(dialog) and session.paper.photo is not None
    dialog.findChild(QComboBox, "paper_target").setCurrentIndex(0)
    dialog.do.click()
    assert session.title == "shoe"


def test_corners_strength_and_colours_are_live(window: MainWindow, session: Session, photo: Path) -> None:
    assert done(session.paper.open(photo))
    cleaned(session)
    dialog, cleaning = dialog_of(window), session.paper
    view = dialog.findChild(CornerView)
    before, result = cleaning.settings.corners, cleaning.result
    place = view.corner(2).toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseMove(view, place - QPoint(30, 20))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place - QPoint(30, 20))
    assert cleaning.settings.corners[2][0] < before[2][0] - 10 and cleaning.settings.corners[:2] == before[:2]
    cleaned(session)
    assert cleaning.result is not result
    moved = cleaning.settings.corners[2]
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert cleaning.settings.corners[2] == (moved[0] - 1, moved[1])
    slider = dialog.findChild(QSlider, "paper_strength")
    cleaned(session)
    usual = (cleaning.result.lines < 128).sum()
    slider.setValue(0)
    cleaned(session)
    assert (cleaning.result.lines < 128).sum() < usual
    cleaning.set_colours(False)
    cleaned(session)
    assert cleaning.result.hints is None
    cleaning.find_again()
    assert cleaning.settings.corners == before
    cleaning.take_all()
    assert cleaning.settings.corners[2] == (960.0, 800.0)
    cleaned(session)
    dialog.reject()
    assert cleaning.photo is None


def test_the_next_photo_is_cleaned_as_the_last_one(
    window: MainWindow, session: Session, photo: Path, home: Path
) -> None:
    for strength, colours in ((50, True), (80, False)):
        assert done(session.paper.open(photo))
        dialog = dialog_of(window)
        slider, box = dialog.findChild(QSlider, "paper_strength"), dialog.findChild(QCheckBox)
        assert (slider.value(), box.isChecked()) == (strength, colours)
        assert (session.paper.settings.strength, session.paper.settings.colours) == (strength / 100, colours)
        slider.setValue(80)
        box.setChecked(False)
        cleaned(session)
        assert session.paper.result.hints is None
        dialog.reject()
        until(lambda: not window.findChild(PaperDialog))
    session.remember()
    assert SettingsFile(home / "settings.json").settings.paper == {"strength": 80, "colours": 0}


def test_a_copied_photo_is_cleaned(window: MainWindow, session: Session) -> None:
    QGuiApplication.clipboard().setImage(as_image(photograph(PLAIN)))
    window.actions_table["paste_paper"].trigger()
    until(lambda: session.paper.photo is not None)
    cleaned(session)
    assert session.paper.found and session.paper.result.hints is None
    dialog_of(window).reject()
    QGuiApplication.clipboard().clear()
    window.actions_table["paste_paper"].trigger()
    assert "no photo to paste" in message(window)


def test_what_is_no_photo_of_a_sketch_is_told(session: Session, tmp_path: Path, told: list[str]) -> None:
    tiny = tmp_path / "tiny.png"
    Image.new("RGB", (20, 20), "white").save(tiny)
    assert not done(session.paper.open(tiny))
    assert "too small" in told[-1]
    text = tmp_path / "text.png"
    text.write_text("no")
    assert not done(session.paper.open(text))
    assert "“text.png”" in told[-1] and session.paper.photo is None


# --- the screen ----------------------------------------------------------------------------------


@pytest.fixture
def screen_shows(monkeypatch: pytest.MonkeyPatch) -> list[Pixels]:
    """What the screen shows, as the offscreen platform has none to look at: the last of these."""
    shown = [np.full((60, 80, 3), 255, np.uint8)]
    monkeypatch.setattr(region_source, "grabbed", lambda _screen, _region: shown[-1])
    monkeypatch.setattr("desktop.inputs.watching.grabbed", lambda _screen, _region: shown[-1])
    monkeypatch.setattr(region_source, "EVERY_MS", 5)
    return shown


def test_a_region_is_dragged_and_followed(
    window: MainWindow, session: Session, screen_shows: list[Pixels]
) -> None:
    window.actions_table["watch_region"].trigger()
    (overlay,) = window.inputs.choice.overlays
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, pos=QPoint(100, 120))
    QTest.mouseMove(overlay, QPoint(180, 180))
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, pos=QPoint(179, 179))
    until(lambda: session.watching.what)
    assert window.inputs.bar.isVisible() and "80 × 60 pixels" in text_of(window.inputs.bar)
    assert (session.document.width, session.document.height) == (80, 60)
    drawn = screen_shows[-1].copy()
    drawn[20:30, 20:60] = 0
    screen_shows.append(drawn)
    until(lambda: session.watching.changes == 1)
    settle(session)
    assert np.array_equal(session.document.picture_flat(), drawn)
    assert session.steps.undo == 1 and session.saved and session.picture.journal is None
    session.watching.stop()
    assert window.inputs.bar.isHidden()


def test_escape_and_a_click_choose_nothing(window: MainWindow, session: Session) -> None:
    window.inputs.choice.begin()
    (overlay,) = window.inputs.choice.overlays
    QTest.mouseClick(overlay, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert window.inputs.choice.overlays, "a slip"
    QTest.keyClick(overlay, Qt.Key.Key_Escape)
    assert not window.inputs.choice.overlays and session.watching.what == ""


def test_wayland_is_one_sentence(
    window: MainWindow, session: Session, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
    window.actions_table["watch_region"].trigger()
    assert len(told) == 1 and "Wayland" in told[0] and not window.inputs.choice.overlays
    session.watching.watch_region(QGuiApplication.primaryScreen(), QRect(0, 0, 50, 50))
    assert len(told) == 2 and session.watching.what == ""


def test_a_screen_that_is_gone_ends_it(
    session: Session, screen_shows: list[Pixels], told: list[str], monkeypatch
) -> None:
    session.watching.watch_region(QGuiApplication.primaryScreen(), QRect(0, 0, 80, 60))

    def gone(_screen: object, _region: object) -> Pixels:
        raise PictureError("The screen is gone.")

    monkeypatch.setattr(region_source, "grabbed", gone)
    until(lambda: told)
    assert told == ["The screen is gone."] and session.watching.what == ""


def test_the_dialog_fits_a_small_screen(window: MainWindow, session: Session, photo: Path) -> None:
    assert done(session.paper.open(photo))
    dialog: QWidget = dialog_of(window)
    assert dialog.minimumSizeHint().width() <= 800 and dialog.minimumSizeHint().height() <= 560
    cleaned(session)  # on a busy machine it takes longer than the end of the program waits
    dialog.close()
