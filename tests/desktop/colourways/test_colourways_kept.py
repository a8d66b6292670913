"""Sets of colours are kept: in the project, through undo and redo, after a crash."""

from __future__ import annotations

import itertools
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.colourways.board import Colourways
from desktop.documents.recovery import abandoned
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from tests.desktop.window_hands import done, until


def test_sets_are_kept_in_the_project(session: Session, board: Colourways, tmp_path: Path) -> None:
    board.rename(2, "Harbour")
    sets = [tile.colours for tile in board.tiles]
    assert done(session.save(tmp_path / "shoe.ora"))
    first = session.picture
    assert done(session.open_file(project_copy(tmp_path)))
    assert session.picture is not first
    until(lambda: board.whole)
    assert [tile.colours for tile in board.tiles] == sets


def project_copy(folder: Path) -> Path:
    """The same project in another file, so that it is opened anew."""
    (folder / "copy.ora").write_bytes((folder / "shoe.ora").read_bytes())
    return folder / "copy.ora"


def test_what_is_changed_of_the_sets_is_undone_and_done_again(
    window: MainWindow, session: Session, board: Colourways, tmp_path: Path
) -> None:
    def sets() -> list[object]:
        return [tile.colours for tile in board.tiles]

    states, steps = [sets()], session.steps.undo
    for do in (
        board.shuffle,
        lambda: board.rename(2, "Harbour"),
        lambda: board.change(1, 0, (1, 2, 3)),
        lambda: board.move(3, 0),
        lambda: board.show_so_many(5),
    ):
        do()
        states.append(sets())
    assert session.steps.undo == steps + 5 and all(a != b for a, b in itertools.pairwise(states))
    for state in reversed(states[:-1]):
        QTest.keyClick(window.colourways, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert sets() == state
    assert session.steps.undo == steps
    for state in states[1:]:
        session.redo()
        assert sets() == state
    session.undo()
    assert done(session.save(tmp_path / "shoe.ora")) and done(session.open_file(project_copy(tmp_path)))
    until(lambda: board.whole)
    assert sets() == states[-2]
    board.rename(0, "Before the crash")
    changed = sets()
    session.picture.journal.flush()
    session.picture.journal.close(keep=True)
    session.picture.journal = None
    (job,) = session.guarding.recover(abandoned())
    assert done(job)
    until(lambda: board.whole)
    assert sets() == changed


def test_sets_that_make_no_sense_in_a_project_cost_one_sentence(
    session: Session, board: Colourways, told: list[str], tmp_path: Path
) -> None:
    session.document.note("colourways", {"sets": [{"name": "a", "colours": ["blue"]}]})
    assert done(session.save(tmp_path / "shoe.ora"))
    told.clear()
    assert done(session.open_file(project_copy(tmp_path)))
    until(lambda: board.whole)
    assert len(board.tiles) == 8
    assert len([sentence for sentence in told if "#c02030" in sentence]) == 1
    assert session.saved, "looking changes nothing"
    board.shuffle()
    session.undo()
    assert len(board.tiles) == 8 and len(told) == 1
