"""Models compared in the window: tiles that follow the drawing, a table, and which one stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton

from desktop.comparison import aside
from desktop.comparison.board import Comparison
from desktop.comparison.judging import Table
from desktop.session import Session
from desktop.widgets.comparison.dialog import ComparisonDialog
from desktop.widgets.main_window import MainWindow
from engine.errors import ModelError
from tests.desktop.comparison.made_photos import photos
from tests.desktop.widgets.parts.test_files import choose, press_in
from tests.desktop.window_hands import drag, files_done, model, settle, text_of, until
from trainer.comparison.table import Judged

LONG = 120.0
"""Seconds that a process of its own may take beside whatever else the machine does."""


@pytest.fixture
def comparison(window: MainWindow, session: Session) -> Comparison:
    """A drawing, and both models that paint sketches."""
    drag(window, (20, 20), (70, 20), (70, 60))
    settle(session)
    window.actions_table["compare_models"].trigger()
    comparison = session.models.comparison
    for tile in comparison.tiles:
        if tile.entry.bundled:  # those take their time
            comparison.leave_out(tile.file)
    until(lambda: comparison.whole)
    return comparison


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.comparison.findChild(QPushButton, f"comparison_{name}")
    assert found is not None
    return found


def middle(dialog: ComparisonDialog, row: int) -> QPoint:
    return dialog.grid.visualItemRect(dialog.grid.item(row)).center()


def names(comparison: Comparison) -> list[str]:
    return [tile.card.name for tile in comparison.tiles]


def test_each_model_has_a_tile_that_follows_the_drawing(
    window: MainWindow, session: Session, comparison: Comparison
) -> None:
    assert names(comparison) == ["tiny lines", "tiny sketch"] and window.comparison.grid.count() == 2
    own = next(tile for tile in comparison.tiles if tile.file == session.live.model_file)
    assert np.abs(own.preview.astype(int) - session.live.preview).max() <= 1
    before = [tile.preview for tile in comparison.tiles]
    drag(window, (10, 70), (90, 70))
    assert not comparison.whole
    until(lambda: comparison.whole)
    assert all((a != b.preview).any() for a, b in zip(before, comparison.tiles, strict=True))
    QTest.keyClick(window.comparison, Qt.Key.Key_Escape)
    shown = comparison.tiles
    drag(window, (10, 40), (90, 40))
    settle(session)
    assert not comparison.watched and comparison.tiles is shown  # nobody looks, nothing is made
    session.new_picture("labels", 96, 80)
    settle(session)
    window.actions_table["compare_models"].trigger()
    assert "tiny labels" in names(comparison) and not {"tiny sketch", "shoes"} & set(names(comparison))


def test_a_click_chooses_and_the_one_that_stays_puts_the_others_aside_to_be_brought_back(
    window: MainWindow, session: Session, comparison: Comparison, home: Path
) -> None:
    dialog, files = window.comparison, sorted((home / "models").iterdir())
    contents = {file.name: file.read_bytes() for file in files}
    assert not button(window, "stays").isEnabled()
    QTest.mouseClick(dialog.grid.viewport(), Qt.MouseButton.LeftButton, pos=middle(dialog, 0))
    assert dialog.grid.chosen == model(session, "tiny lines")
    QTest.mouseClick(button(window, "stays"), Qt.MouseButton.LeftButton)
    text = dialog.findChild(QLabel, "comparison_question_text")
    assert "“tiny lines” stays. “tiny sketch” would be put aside" in text.text()
    QTest.mouseClick(button(window, "no"), Qt.MouseButton.LeftButton)
    assert not text.isVisible() and sorted((home / "models").iterdir()) == files
    QTest.mouseClick(button(window, "stays"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(button(window, "yes"), Qt.MouseButton.LeftButton)
    until(lambda: names(comparison) == ["tiny lines"] and not session.file_work.jobs)
    assert [entry.name for entry in session.library.models if not entry.bundled] == [
        *("tiny image", "tiny labels", "tiny lines", "tiny map")
    ]
    (gone,) = aside.there()
    assert gone.read_bytes() == contents["tiny sketch.safetensors"]
    until(lambda: session.live.card is not None and session.live.card.name == "tiny lines")
    assert dialog.findChild(QLabel, "comparison_aside").text() == "1 model is put aside."
    QTest.mouseClick(button(window, "back"), Qt.MouseButton.LeftButton)
    until(lambda: names(comparison) == ["tiny lines", "tiny sketch"] and not session.file_work.jobs)
    assert {file.name: file.read_bytes() for file in (home / "models").glob("*.safetensors")} == contents
    assert not aside.there()


def test_models_are_put_aside_all_or_none_and_never_over_another(home: Path) -> None:
    folder = home / "models"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.safetensors").write_text(name)
    with pytest.raises(ModelError, match="all models are where they were"):
        aside.put([folder / "a.safetensors", folder / "gone.safetensors"])
    assert sorted(file.name for file in folder.glob("*.safetensors")) == ["a.safetensors", "b.safetensors"]
    aside.put([folder / "a.safetensors"])
    (folder / "a.safetensors").write_text("another")
    aside.put([folder / "a.safetensors"])
    assert sorted(file.read_text() for file in aside.there()) == ["a", "another"]
    aside.bring_back(aside.there())
    assert sorted(file.read_text() for file in folder.glob("*.safetensors")) == ["a", "another", "b"]


def test_a_double_click_paints_with_a_model_and_one_may_be_left_out(
    window: MainWindow, session: Session, comparison: Comparison
) -> None:
    grid = window.comparison.grid
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=middle(window.comparison, 0))
    QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=middle(window.comparison, 0))
    until(lambda: session.live.card is not None and session.live.card.name == "tiny lines")
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    assert names(comparison) == ["tiny sketch"]
    menu = grid.menu_of(0)
    next(action for action in menu.actions() if "all again" in action.text()).trigger()
    menu.close()
    assert names(comparison)[-2:] == ["tiny lines", "tiny sketch"] and len(names(comparison)) > 2


def test_a_validation_folder_gives_a_table_with_the_best_marked_and_a_sheet(
    window: MainWindow, session: Session, comparison: Comparison, tmp_path: Path
) -> None:
    QTest.mouseClick(button(window, "judge"), Qt.MouseButton.LeftButton)
    dialog = window.comparison.findChild(QFileDialog)
    dialog.fileSelected.emit(str(photos(tmp_path / "photos")))
    dialog.close()
    assert comparison.job is not None and button(window, "cancel").isVisible()
    assert not button(window, "judge").isEnabled()
    until(lambda: comparison.job is None, LONG)
    table = window.comparison.table
    assert table.isVisible() and table.columnCount() == 2 and table.rowCount() > 5
    measures = [table.verticalHeaderItem(row).text() for row in range(table.rowCount())]
    psnr = measures.index("psnr")
    starred = [table.item(psnr, column).text().endswith("★") for column in (0, 1)]
    (best,) = (row.best for row in comparison.rows if row.name == "psnr")
    assert starred == [0 in best, 1 in best] and any(starred)
    assert "peak signal" in table.item(psnr, 0).toolTip()
    assert window.comparison.grid.line(0).startswith("best at ")
    assert session.settings.folder == str(tmp_path)
    (tmp_path / "sheets").mkdir()
    QTest.mouseClick(button(window, "export"), Qt.MouseButton.LeftButton)
    dialog = [it for it in window.comparison.findChildren(QFileDialog) if it.isVisible()][-1]
    dialog.fileSelected.emit(str(tmp_path / "sheets" / "sheet.png"))
    dialog.close()
    files_done(session)
    assert session.settings.folder == str(tmp_path / "sheets")
    with Image.open(tmp_path / "sheets" / "sheet.png") as image:
        assert image.width > 3 * 256 and image.height > 256 + 5 * 20


def test_a_sheet_takes_no_other_files_place_unasked(
    window: MainWindow, session: Session, comparison: Comparison, tmp_path: Path
) -> None:
    there = tmp_path / "models v1.2.png"
    there.write_text("precious")
    for answer in ("another name", "Replace it"):
        QTest.mouseClick(button(window, "export"), Qt.MouseButton.LeftButton)
        choose(window, tmp_path / "models v1.2")
        assert there.read_text() == "precious"
        messages = window.comparison.messages
        assert "“models v1.2.png” is there already" in text_of(messages) and messages.isVisible()
        press_in(messages, answer)
        if answer == "another name":
            choose(window, tmp_path / "models v1.3")
    files_done(session)
    for name in ("models v1.2.png", "models v1.3.png"):
        with Image.open(tmp_path / name) as image:
            assert image.width > 3 * 256


def test_judging_is_cancelled_and_what_cannot_be_judged_is_said_in_the_dialog(
    window: MainWindow, session: Session, comparison: Comparison, told: list[str], tmp_path: Path
) -> None:
    job = comparison.judge(photos(tmp_path / "photos"))
    QTest.mouseClick(button(window, "cancel"), Qt.MouseButton.LeftButton)
    until(lambda: job.is_over, LONG)
    assert comparison.job is None and comparison.table is None and told[-1].startswith("Given up: Judging 2")
    (tmp_path / "empty").mkdir()
    window.comparison.judge(tmp_path / "empty")
    until(lambda: comparison.job is None, LONG)
    problem = window.comparison.findChild(QLabel, "comparison_problem")
    assert "no pictures" in problem.text() and problem.isVisible()


def test_a_score_belongs_to_its_model_whatever_else_is_compared(
    window: MainWindow, session: Session, comparison: Comparison, tmp_path: Path
) -> None:
    files = [tile.file for tile in comparison.tiles]
    found = tuple(
        Judged(file.stem, file, 3, scores={"l1": 0.1 + place}, problem="" if place else "It can't be judged.")
        for place, file in enumerate(files)
    )
    comparison.take_table(files, Table(tmp_path, found, {"l1": "less is better"}))
    assert window.comparison.grid.line(0) == "can't be judged by this folder"
    comparison.leave_out(files[0])
    assert [tile.judged.scores for tile in comparison.tiles] == [{"l1": 1.1}]
    assert window.comparison.table.item(0, 0).text() == "1.1000"


def test_the_question_which_one_stays_names_those_that_came_since_it_was_asked(
    window: MainWindow, session: Session, comparison: Comparison
) -> None:
    comparison.leave_out(model(session, "tiny lines"))
    window.comparison.ask(model(session, "tiny sketch"))
    text = window.comparison.findChild(QLabel, "comparison_question_text")
    assert "put aside" not in text.text()
    comparison.take_all()
    assert "“tiny lines” would be put aside" in text.text()
