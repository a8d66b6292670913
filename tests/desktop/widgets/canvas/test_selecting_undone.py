"""What was selected is taken back and done again as all else is, though no picture is another by it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.paint.editing.selection import MOST_CHOICES, Area, Choices
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.rect import EMPTY, Rect
from tests.desktop.pen_hands import SHIFT, Hand
from tests.desktop.window_hands import drag, settle

CTRL = Qt.KeyboardModifier.ControlModifier
LASSO = (20, 20), (70, 20), (45, 60), (20, 20)


@pytest.fixture
def hand(window: MainWindow) -> Hand:
    """One that has drawn a line, and selects by hand."""
    drag(window, (10, 10), (90, 10))
    settle(window.session)
    window.session.strokes.select_by("hand")
    return Hand(window)


def undo(window: MainWindow) -> None:
    QTest.keyClick(window.canvas, Qt.Key.Key_Z, CTRL)


def redo(window: MainWindow) -> None:
    QTest.keyClick(window.canvas, Qt.Key.Key_Z, CTRL | SHIFT)


def test_a_click_beside_a_lasso_loses_it_and_undo_brings_it_back(
    window: MainWindow, session: Session, hand: Hand
) -> None:
    document, passes = session.document, session.live.passes.revision
    painted, revision = document.active.packed.copy(), document.revision
    hand.drag(*LASSO)
    lasso = document.area
    assert lasso.mask is not None
    hand.click((85, 70))
    assert not document.selection
    assert session.steps.undo_text == "Select" and session.steps.undo == 2
    undo(window)
    assert document.area.equals(lasso) and session.steps.redo_text == "Select"
    undo(window)
    assert not document.selection and session.steps.undo_text == "Stroke"
    redo(window)
    redo(window)
    assert not document.selection
    undo(window)
    assert document.area.equals(lasso)
    assert np.array_equal(document.active.packed, painted)
    assert document.revision == revision and document.undo_steps == 1, "the picture is no other"
    assert session.live.passes.revision == passes, "and the network is asked for nothing"


def test_it_stands_between_the_strokes_before_and_after(
    window: MainWindow, session: Session, hand: Hand
) -> None:
    document = session.document
    hand.drag(*LASSO)
    lasso = document.area
    window.actions_table["tool_pen"].trigger()
    drag(window, (30, 30), (60, 30))
    window.actions_table["select_nothing"].trigger()
    states = [(document.undo_steps, document.area)]
    for _ in range(4):
        undo(window)
        states.append((document.undo_steps, document.area))
    assert [steps for steps, _ in states] == [2, 2, 1, 1, 0]
    assert [bool(area.rect) for _, area in states] == [False, True, True, False, False]
    for steps, area in reversed(states[:-1]):
        redo(window)
        assert document.undo_steps == steps and document.area.equals(area)
    undo(window)
    assert document.area.equals(lasso)


@pytest.mark.parametrize(
    "choose",
    [
        lambda window: window.actions_table["select_all"].trigger(),
        lambda window: window.actions_table["select_nothing"].trigger(),
        lambda window: window.actions_table["invert"].trigger(),
        lambda window: Hand(window).drag((5, 60), (15, 75), keys=SHIFT),
    ],
)
def test_commands_and_what_is_added_are_taken_back(
    window: MainWindow, session: Session, hand: Hand, choose: Callable[[MainWindow], object]
) -> None:
    hand.drag(*LASSO)
    lasso = session.document.area
    session.strokes.select_by("rectangle")
    choose(window)
    chosen = session.document.area
    assert not chosen.equals(lasso)
    undo(window)
    assert session.document.area.equals(lasso)
    redo(window)
    assert session.document.area.equals(chosen)


def test_a_picture_that_was_saved_stays_so(window: MainWindow, session: Session, hand: Hand) -> None:
    session.mark_saved(session.picture)
    hand.drag(*LASSO)
    undo(window)
    redo(window)
    assert session.saved


def test_of_another_picture_nothing_is_taken_back(window: MainWindow, session: Session, hand: Hand) -> None:
    hand.drag(*LASSO)
    first, lasso = session.picture, session.document.area
    session.new_picture("sketch", 96, 80)
    assert session.steps.undo == 0
    undo(window)
    assert first.document.area.equals(lasso)


def test_what_was_taken_back_is_no_more_to_be_had_once_something_else_is_done(
    window: MainWindow, session: Session, hand: Hand
) -> None:
    """Else redo would go on with it before the stroke that was drawn instead."""
    document = session.document
    hand.drag(*LASSO)
    undo(window)
    window.actions_table["tool_pen"].trigger()
    drag(window, (30, 30), (60, 30))
    settle(session)
    drawn = document.active.packed.copy()
    assert session.steps.redo == 0
    undo(window)
    assert (session.steps.redo, session.steps.redo_text) == (1, "Stroke")
    redo(window)
    assert np.array_equal(document.active.packed, drawn) and not document.selection
    assert session.steps.redo == 0


def test_a_large_mask_is_kept_in_bits() -> None:
    rng = np.random.default_rng(7)
    bounds, choices = Rect(0, 0, 1024, 1024), Choices()
    one, two = (Area.of(rng.random((1024, 1024)) < share) for share in (0.3, 0.6))
    choices.note(Area(), one, None)
    choices.note(one, two, None)
    found = choices.back(two, None)
    assert found is not None and found is not one and np.array_equal(found.within(bounds), one.within(bounds))
    assert choices.back(found, None) == Area() and choices.back(Area(), None) is None
    assert choices.on(Area(), None).equals(one)  # type: ignore[union-attr]


def test_only_so_many_are_kept_and_the_same_again_is_none() -> None:
    choices, areas = Choices(), [Area(Rect(0, 0, edge, 1)) for edge in range(1, MOST_CHOICES + 20)]
    now = Area(EMPTY)
    for area in areas:
        choices.note(now, area, None)
        choices.note(area, area, None)
        now = area
    taken = 0
    while (before := choices.back(now, None)) is not None:
        now, taken = before, taken + 1
    assert taken == MOST_CHOICES
