"""Sets of colours that have styles, where the model knows any."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QCheckBox, QMenu, QPushButton

from desktop.colourways.board import Colourways
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from tests.desktop.colourways.colour_hands import RED, alike, grid
from tests.desktop.conftest import PALETTE
from tests.desktop.styled_models import NAMED, write_styled
from tests.desktop.window_hands import done, drag, model, settle, until


def test_a_set_brings_its_style_where_the_model_knows_it(
    session: Session, board: Colourways, stocked_home: Path, tmp_path: Path
) -> None:
    write_styled(stocked_home / "models" / "styles.safetensors")
    session.library.refresh()
    session.open_model(model(session, "tiny styles"))
    settle(session)
    file = tmp_path / "sets.json"
    file.write_text('{"sets": [{"name": "Evening", "colours": ["#102030"], "style": "patent"}]}')
    assert done(board.take_file(file))
    until(lambda: board.whole)
    assert len(board.tiles) == 1
    steps = session.steps.undo
    board.take(board.tiles[0].colours)
    settle(session)
    assert session.steps.undo == steps + 1 and session.styles.current.code == NAMED["patent"]
    assert session.document.picture().hints[30, 50].tolist() == [16, 32, 48, 255]
    assert alike(session.live.preview, board.tiles[0].preview)
    session.undo()
    assert session.styles.current is None and session.document.style is None
    assert session.document.picture().hints[30, 50].tolist() == [*RED, 255]


def styled(session: Session, home: Path, name: str, **fields: Any) -> None:
    """Paint with a model that knows styles."""
    write_styled(home / "models" / f"{name}.safetensors", name, **fields)
    session.library.refresh()
    session.open_model(model(session, name))
    settle(session)


def test_sets_have_styles_where_the_model_knows_any(
    window: MainWindow, session: Session, board: Colourways, stocked_home: Path
) -> None:
    box = window.colourways.findChild(QCheckBox, "colourways_styled")
    assert not box.isVisible()
    styled(session, stocked_home, "tiny styles")
    until(lambda: board.whole and box.isVisible())
    assert all(tile.colours.style is None for tile in board.tiles)
    box.click()
    assert [tile.colours.style for tile in board.tiles[:3]] == [None, "suede", "patent"]
    assert all(isinstance(tile.colours.style, int) for tile in board.tiles[3:])
    until(lambda: board.whole)
    menu = grid(window).menu_of(2)
    (choices,) = menu.findChildren(QMenu)
    assert [action.text() for action in choices.actions() if action.isChecked()] == ["patent"]
    next(action for action in choices.actions() if action.text() == "suede").trigger()
    assert board.tiles[2].colours.style == "suede" and "suede" in grid(window).item(2).text()
    board.take(board.tiles[2].colours)
    settle(session)
    assert session.styles.current.code == NAMED["suede"]
    until(lambda: board.whole and board.is_taken(board.tiles[2].colours))
    session.undo()
    assert session.styles.current is None and not board.is_taken(board.tiles[2].colours)


def test_a_picture_without_hints_has_sets_of_styles(
    window: MainWindow, session: Session, stocked_home: Path, tmp_path: Path, told: list[str]
) -> None:
    styled(session, stocked_home, "tiny walls", input="labels", hints=False, palette=PALETTE, inputs=3)
    board = session.colourways
    drag(window, (20, 20), (70, 60))
    window.actions_table["colourways"].trigger()
    until(lambda: board.whole)
    assert [tile.colours.style for tile in board.tiles[:3]] == [None, "suede", "patent"]
    assert not window.colourways.findChild(QCheckBox, "colourways_styled").isVisible()
    settle(session)
    assert alike(board.tiles[0].preview, session.live.preview)
    shown = [tile.preview for tile in board.tiles]
    assert all((one != other).any() for one, other in itertools.combinations(shown, 2))
    steps = session.steps.undo
    board.take(board.tiles[1].colours)
    settle(session)
    assert session.steps.undo == steps + 1 and session.styles.current.code == NAMED["suede"]
    assert session.styles.current.name == "suede"
    assert not window.colourways.findChild(QPushButton, "colourways_palette").isEnabled()
    palette = tmp_path / "few.hex"
    palette.write_text("#102030\n")
    told.clear()
    assert done(board.take_file(palette))
    assert len(told) == 1 and "no colour hints" in told[0]
    until(lambda: board.whole)
    assert done(board.export(tmp_path)) and len(list(tmp_path.rglob("*.png"))) == 9


def test_colourways_that_are_looked_at_go_before_the_panels_styles(
    session: Session, window: MainWindow, board: Colourways, stocked_home: Path
) -> None:
    """By turns each pass would be in another style, which takes twice as long."""
    window.resize(1280, 1500)
    styled(session, stocked_home, "tiny styles")
    styles = session.styles

    def fresh() -> list[bool]:
        return [styles.shows(tile) for place, tile in enumerate(styles.tiles) if place in styles.shown]

    until(lambda: board.whole and fresh() and all(fresh()))
    at_the_end: list[int] = []
    board.watch("whole", lambda: at_the_end.append(sum(fresh())) if board.whole else None)
    at_the_end.clear()
    drag(window, (15, 70), (70, 75))
    until(lambda: len(at_the_end) and all(fresh()))
    assert len(fresh()) > 2 and at_the_end[0] <= 1
    window.colourways.close()
    drag(window, (15, 80), (70, 85))
    until(lambda: all(fresh()))
    assert all(fresh()) and not board.whole
