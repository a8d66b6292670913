"""Colourways in the window: tiles that follow the drawing, and what is done with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QColorDialog, QFileDialog, QInputDialog, QLabel, QPushButton, QSpinBox

from desktop.colourways.board import Colourways
from desktop.colourways.hints import recoloured
from desktop.inputs.region_source import pixels_of
from desktop.paint.layers.layer import Role
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Failed, Pixels, Request, Vary
from tests.desktop.colourways.colour_hands import BLUE, RED, alike, grid, hint, hints_of, middle
from tests.desktop.pen_hands import Hand
from tests.desktop.window_hands import asked, done, drag, message, model, settle, until


def test_eight_tiles_of_the_drawing_the_first_as_it_is(
    window: MainWindow, session: Session, board: Colourways
) -> None:
    assert board.own == (RED, BLUE) and len(board.tiles) == 8
    previews = [tile.preview for tile in board.tiles]
    assert alike(previews[0], session.live.preview)
    assert all((previews[0] != preview).any() for preview in previews[1:])
    assert grid(window).count() == 8 and not window.colourways.findChild(QLabel, "no_colourways").isVisible()
    drag(window, (10, 70), (90, 70))
    assert not board.whole
    until(lambda: board.whole)
    assert all((a != b.preview).any() for a, b in zip(previews, board.tiles, strict=True))


def test_a_click_takes_a_tile_as_one_step_and_undo_gives_the_same_bytes(
    window: MainWindow, session: Session, board: Colourways
) -> None:
    before, steps, lines = hints_of(session), session.steps.undo, session.document.picture().lines
    shown, tile = session.live.preview, board.tiles[3]
    QTest.mouseClick(grid(window).viewport(), Qt.MouseButton.LeftButton, pos=middle(window, 3))
    assert session.steps.undo == steps + 1 and tile.colours.name in session.steps.undo_text
    settle(session)
    until(lambda: board.whole)
    assert board.own == tile.colours.colours
    np.testing.assert_array_equal(session.document.picture().lines, lines)
    assert alike(session.live.preview, board.tiles[3].preview)
    assert (session.live.preview != shown).any()
    session.undo()
    for was, now in zip(before, hints_of(session), strict=True):
        np.testing.assert_array_equal(was, now)
    settle(session)
    until(lambda: board.whole and board.own == (RED, BLUE))
    grid(window).setCurrentRow(2)
    QTest.keyClick(grid(window), Qt.Key.Key_Return)
    assert session.steps.undo == steps + 1 and board.wanted(board.tiles[2].colours) != (RED, BLUE)


def test_nothing_is_made_while_nobody_looks(window: MainWindow, session: Session, board: Colourways) -> None:
    QTest.keyClick(window.colourways, Qt.Key.Key_Escape)
    assert not window.colourways.isVisible()
    sent = asked(session)
    drag(window, (10, 70), (90, 70))
    settle(session)
    assert not board.whole
    window.actions_table["colourways"].trigger()
    assert not [request for request in sent if isinstance(request, Vary)]
    until(lambda: board.whole)
    assert len([request for request in sent if isinstance(request, Vary)]) == 8


def test_a_locked_layer_keeps_its_colours_and_that_is_said(
    session: Session, board: Colourways, told: list[str]
) -> None:
    layer = next(layer for layer in session.document.layers if layer.role is Role.HINTS)
    session.edit(lambda document: document.set_layer(layer.id, locked=True))
    before = hints_of(session)
    board.take(board.tiles[1].colours)
    assert len(told) == 1 and "locked" in told[0]
    np.testing.assert_array_equal(before[0], hints_of(session)[0])


def test_dragging_and_keys_reorder_a_colour_and_a_name_are_changed(
    window: MainWindow, session: Session, board: Colourways
) -> None:
    view, first, last = grid(window).viewport(), board.tiles[1].colours, board.tiles[2].colours
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=middle(window, 1))
    QTest.mouseMove(view, middle(window, 2))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle(window, 2))
    moved = [tile.colours for tile in board.tiles[1:3]]
    assert [one.colours for one in moved] == [last.colours, first.colours]
    assert [one.name for one in moved] == ["2", "3"], "numbers are those of the places"
    assert grid(window).currentRow() == 2 and board.own == (RED, BLUE), "dragging takes nothing"
    QTest.keyClick(grid(window), Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert [tile.colours for tile in board.tiles[1:3]] == [first, last]
    _, area, _ = list(
        grid(window).swatches(board.tiles[1], grid(window).visualItemRect(grid(window).item(1)))
    )[1]
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=area.center())
    dialog = window.colourways.findChild(QColorDialog)
    dialog.colorSelected.emit(Qt.GlobalColor.green)
    dialog.reject()
    assert board.tiles[1].colours.colours == (first.colours[0], (0, 255, 0))
    QTest.keyClick(grid(window), Qt.Key.Key_F2)
    asks = window.colourways.findChild(QInputDialog)
    asks.setTextValue("Poppy")
    asks.accept()
    assert board.tiles[1].colours.name == "Poppy"
    board.move(1, 3)
    assert [tile.colours.name for tile in board.tiles[:5]] == ["As drawn", "2", "3", "Poppy", "5"]
    until(lambda: board.whole)
    assert not session.saved


def test_where_a_tile_would_be_put_is_marked_while_it_is_carried(
    window: MainWindow, board: Colourways
) -> None:
    view = grid(window).viewport()

    def seen(row: int) -> Pixels:
        return pixels_of(view.grab(grid(window).visualItemRect(grid(window).item(row))).toImage())

    before = [seen(row) for row in range(4)]
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=middle(window, 1))
    for row in (2, 3):
        QTest.mouseMove(view, middle(window, row))
    assert (seen(3) != before[3]).any() and (seen(2) == before[2]).all(), "the one under the pointer alone"
    QTest.mouseMove(view, QPoint(-30, -30))
    assert (seen(3) == before[3]).all(), "nowhere"
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(-30, -30))
    assert [tile.colours.name for tile in board.tiles[:4]] == ["As drawn", "2", "3", "4"]


def test_shuffle_and_count(window: MainWindow, session: Session, board: Colourways) -> None:
    before = [tile.colours for tile in board.tiles]
    window.colourways.findChild(QPushButton, "colourways_shuffle").click()
    assert board.tiles[0].colours == before[0]
    assert not {tile.colours.colours for tile in board.tiles[1:]} & {one.colours for one in before}
    window.colourways.findChild(QSpinBox, "colourways_count").setValue(4)
    assert len(board.tiles) == 4
    window.colourways.findChild(QSpinBox, "colourways_count").setValue(16)
    assert len({tile.colours.colours for tile in board.tiles}) == 16


def sixteen_in_a_small_window(window: MainWindow, board: Colourways) -> None:
    """Only the first of them can be seen."""
    window.colourways.resize(400, 360)
    until(lambda: 0 < len(board.shown) < 8)
    board.show_so_many(16)
    until(lambda: grid(window).count() == 16 and len(board.shown) < 8)
    until(lambda: all(tile.preview is not None for tile in board.tiles[: board.shown.stop]))


def test_tiles_that_cannot_be_seen_are_not_made_before_they_can(
    window: MainWindow, session: Session, board: Colourways
) -> None:
    sixteen_in_a_small_window(window, board)
    sent = asked(session)
    drag(window, (10, 70), (90, 70))
    seen = board.tiles[: board.shown.stop]
    until(lambda: all(a.preview is not b.preview for a, b in zip(seen, board.tiles, strict=False)))
    settle(session)
    assert len([request for request in sent if isinstance(request, Vary)]) == board.shown.stop
    assert board.tiles[-1].preview is None and not board.whole
    grid(window).scrollToBottom()
    until(lambda: board.tiles[-1].preview is not None)


def test_exporting_makes_first_what_could_not_be_seen(
    window: MainWindow, session: Session, board: Colourways, tmp_path: Path, told: list[str]
) -> None:
    sixteen_in_a_small_window(window, board)
    button = window.colourways.findChild(QPushButton, "colourways_export")
    assert board.export(tmp_path) is None and board.writing and not button.isEnabled()
    window.colourways.close()  # nobody need wait for it
    until(lambda: any("folder" in sentence for sentence in told))
    assert len(list(next(tmp_path.iterdir()).iterdir())) == 18 and button.isEnabled()
    drag(window, (10, 70), (90, 70))
    board.export(tmp_path)
    session.live.enabled = False
    assert not board.writing and "switched off" in told[-1]
    session.live.enabled = True
    board.export(tmp_path)
    session.new_picture("sketch", 64, 64)
    assert not board.writing and any("not written" in sentence for sentence in told[-2:])


def test_the_sheet_is_of_the_picture_that_was_asked_about(
    window: MainWindow, session: Session, board: Colourways, tmp_path: Path, told: list[str]
) -> None:
    """A second start may put up another picture while the dialog is open."""
    meant, previews = session.picture, [tile.preview for tile in board.tiles]
    window.colourways.findChild(QPushButton, "colourways_export").click()
    (asking,) = window.colourways.findChildren(QFileDialog)
    session.new_picture("sketch", 64, 64)
    settle(session)
    asking.fileSelected.emit(str(tmp_path))
    asking.reject()
    until(lambda: any("folder" in sentence for sentence in told))
    assert session.picture is meant and session.settings.folder == str(tmp_path)
    files = sorted(next(tmp_path.iterdir()).glob("*As drawn*.png"))
    with Image.open(files[0]) as image:
        assert alike(np.asarray(image.convert("RGB")), previews[0])


def test_the_window_waits_for_a_sheet_whose_tiles_are_still_to_be_made(
    window: MainWindow, session: Session, board: Colourways, tmp_path: Path
) -> None:
    sixteen_in_a_small_window(window, board)
    board.export(tmp_path)
    assert board.writing
    window.close()
    assert window.isVisible() and message(window).startswith("Making the colourways goes on")
    until(lambda: not window.isVisible())
    assert len(list(next(tmp_path.iterdir()).iterdir())) == 18


def test_sets_of_a_palette_file_of_a_photo_and_of_broken_ones(
    window: MainWindow, session: Session, board: Colourways, told: list[str], tmp_path: Path
) -> None:
    palette = tmp_path / "few.hex"
    palette.write_text("#102030\n#a0b0c0\n#ffcc00\n#00aa88\n")
    assert done(board.take_file(palette))
    used = {colour for tile in board.tiles[1:] for colour in tile.colours.colours}
    assert used == {(16, 32, 48), (160, 176, 192), (255, 204, 0), (0, 170, 136)} and len(board.tiles) == 8
    photo = tmp_path / "photo.png"
    halves = np.zeros((60, 80, 3), np.uint8)
    halves[:, :50], halves[:, 50:] = (250, 10, 10), (10, 10, 250)
    Image.fromarray(halves).save(photo)
    assert done(board.take_photo(photo))
    assert {colour for tile in board.tiles[1:] for colour in tile.colours.colours} == {
        (250, 10, 10),
        (10, 10, 250),
    }
    told.clear()
    before = [tile.colours for tile in board.tiles]
    for name, content in (
        ("broken.ase", b"ASEF\x00\x01"),
        ("broken.json", b"{"),
        ("styled.json", b'{"sets": [{"name": "a", "colours": ["#102030"], "style": 3}]}'),
    ):
        (tmp_path / name).write_bytes(content)
        assert not done(board.take_file(tmp_path / name))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    assert not done(board.take_photo(tmp_path / "broken.png"))
    assert len(told) == 4 and all(sentence.endswith(".") for sentence in told)
    assert [tile.colours for tile in board.tiles] == before
    said = window.colourways.findChild(QLabel, "colourways_problem")
    assert said.isVisible() and said.text() == told[-1]


@pytest.mark.parametrize("name", ["few.hex", "sets.json", "photo.png"])
def test_what_was_read_is_for_the_picture_that_it_was_asked_for(
    session: Session, board: Colourways, told: list[str], tmp_path: Path, name: str
) -> None:
    file, first = tmp_path / name, session.picture
    colours = {(16, 32, 48), (160, 176, 192)}
    if name == "few.hex":
        file.write_text("#102030\n#a0b0c0\n")
    elif name == "sets.json":
        file.write_text('{"sets": [{"name": "Sea", "colours": ["#102030", "#a0b0c0"]}]}')
    else:
        halves = np.full((60, 80, 3), (16, 32, 48), np.uint8)
        halves[:, 50:] = (160, 176, 192)
        Image.fromarray(halves).save(file)
    take = board.take_photo if name == "photo.png" else board.take_file
    job = take(file)
    session.new_picture("sketch", 96, 80)
    other = session.document
    assert done(job)
    assert not other.extras and not other.can_undo
    assert name in told[-1] and first.name in told[-1]
    session.put_up(first)
    until(lambda: "colourways" in first.document.extras)
    assert session.steps.undo_text == f"Colourways of “{name}”"
    until(lambda: board.whole)
    assert {it for tile in board.tiles[1:] or board.tiles for it in tile.colours.colours} == colours
    session.undo()
    until(lambda: board.whole)
    assert len(board.tiles) == 8

    job = take(file)
    session.new_picture("sketch", 96, 80)
    session.close_picture(first)
    assert done(job)
    assert all(not picture.document.extras for picture in session.pictures)


def test_what_was_read_ends_no_stroke(
    window: MainWindow, session: Session, board: Colourways, tmp_path: Path
) -> None:
    file = tmp_path / "few.hex"
    file.write_text("#102030\n#a0b0c0\n")
    hand, steps = Hand(window), session.document.undo_steps
    hand.press((20, 20))
    hand.move((40, 20))
    assert done(board.take_file(file))
    assert session.strokes.drawing and session.document.undo_steps == steps
    hand.move((60, 30))
    hand.release()
    assert session.steps.undo_text == "Colourways of “few.hex”" and session.document.undo_steps == steps + 2


def test_the_sheet_is_written_into_a_folder_of_its_own(
    session: Session, board: Colourways, tmp_path: Path
) -> None:
    assert done(board.export(tmp_path)) and done(board.export(tmp_path))
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 2
    for folder in folders:
        names = sorted(file.name for file in folder.iterdir())
        assert len(names) == 10 and names[-2:] == ["colourways.pdf", "colourways.png"]
        with Image.open(folder / names[2]) as image:
            np.testing.assert_array_equal(np.array(image), board.tiles[2].preview)


def test_sentences_where_there_is_nothing_to_recolour(window: MainWindow, session: Session) -> None:
    drag(window, (20, 20), (70, 20))
    settle(session)
    window.actions_table["colourways"].trigger()
    said = window.colourways.findChild(QLabel, "no_colourways")
    until(said.isVisible)
    assert "no colour hints yet" in said.text() and grid(window).count() == 0
    hint(window, RED, (20, 30), (80, 30))
    until(lambda: session.colourways.whole)
    assert not said.isVisible() and grid(window).count() == 8
    session.open_model(model(session, "tiny lines"))
    until(lambda: "tiny lines" in said.text())
    assert said.isVisible() and "hints" in said.text() and grid(window).count() == 0


def test_large_hints_become_what_small_ones_do() -> None:
    made = np.random.default_rng(1).integers(0, 256, (600, 600, 4), np.uint8)
    made[:300] = (*RED, 255)
    own, wanted = (RED, BLUE), ((10, 200, 30), (240, 240, 10))
    rows = [recoloured(made[top : top + 50], own, wanted) for top in range(0, 600, 50)]
    np.testing.assert_array_equal(recoloured(made, own, wanted), np.concatenate(rows))


def test_a_tile_that_is_refused_keeps_neither_the_others_nor_an_export_waiting(
    window: MainWindow, session: Session, board: Colourways, tmp_path: Path, told: list[str]
) -> None:
    bridge, send = session.live.bridge, session.live.bridge.send
    refused: list[Request] = []

    def answer(request: Request) -> None:
        if isinstance(request, Vary) and not refused:
            refused.append(request)
            bridge.replied.emit(Failed(request, "There is not enough memory."))
        else:
            send(request)

    bridge.send = answer  # type: ignore[method-assign]
    drag(window, (15, 70), (70, 75))
    settle(session)
    assert board.export(tmp_path) is None and board.writing
    until(lambda: refused and not board.writing)
    assert told == ["There is not enough memory.", "The colourways were not written: one can't be made."]
    before = {id(tile.preview) for tile in board.tiles}
    until(lambda: len({id(tile.preview) for tile in board.tiles} - before) == len(board.tiles) - 1)
    assert not board.whole and not list(tmp_path.iterdir())
    drag(window, (15, 80), (70, 85))  # of another drawing all can be
    until(lambda: board.whole)
    assert board.whole


def test_chosen_colourways_keep_their_colours_when_another_comes_to_cover_most(
    window: MainWindow, session: Session, board: Colourways
) -> None:
    board.rename(1, "Evening")
    evening = board.tiles[1].colours
    until(lambda: board.whole)
    assert board.own == (RED, BLUE) and board.is_taken(board.tiles[0].colours)
    for height in (55, 65, 75):
        hint(window, BLUE, (10, height), (85, height))
    until(lambda: board.whole)
    assert board.own == (RED, BLUE) and board.is_taken(board.tiles[0].colours)
    board.take(evening)
    settle(session)
    until(lambda: board.whole)
    assert session.document.picture().hints[65, 50, :3].tolist() == list(evening.colours[1])
    assert board.own == evening.colours[:2] and board.is_taken(evening)
    session.undo()
    until(lambda: board.whole)
    assert board.own == (RED, BLUE) and board.is_taken(board.tiles[0].colours)


def test_a_number_of_sets_that_is_being_typed_is_not_put_back_by_a_tile_that_arrives(
    window: MainWindow, board: Colourways
) -> None:
    count = window.colourways.findChild(QSpinBox, "colourways_count")
    window.colourways.activateWindow()
    count.selectAll()
    QTest.keyClicks(count, "1")
    board.tiles = tuple(replace(tile) for tile in board.tiles)
    QTest.keyClicks(count, "2")
    QTest.keyClick(count, Qt.Key.Key_Return)
    assert len(board.tiles) == 12
