"""Strokes that need to know something of the photo first: they wait, and the pen goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest

from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.paint.gestures import superpixels
from desktop.paint.gestures.superpixels import Regions, regions
from desktop.paint.strokes.stroke import Sample
from desktop.paint.tools.smart_fill import SmartFill
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.palette import Label, Palette
from tests.desktop.window_hands import drag, model, send, settle, until
from tests.paint.photographed import lay_photo_under

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
SKY, WALL, DOOR = (10, 20, 200), (200, 180, 20), (90, 0, 0)


class Look:
    """Looking at photos, which takes until it is let go on; on whatever threads."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.threads: list[threading.Thread] = []
        self.wrong: Exception | None = None

    def __call__(self, photo: np.ndarray) -> Regions:
        self.threads.append(threading.current_thread())
        if threading.current_thread() is not threading.main_thread():
            assert self.go_on.wait(60)
        if self.wrong is not None:
            raise self.wrong
        return regions(photo)


@pytest.fixture
def look(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    """A label map over a photo that nobody has looked at yet, and smart fill in hand."""
    look = Look()
    monkeypatch.setattr(superpixels, "regions", look)
    monkeypatch.setattr(superpixels, "kept_regions", {})
    session.new_picture("labels", 96, 80)
    lay_photo_under(session.document)
    session.document.forget_history()
    settle(session)
    session.strokes.choose_tool("smart_fill")
    session.strokes.set_ink(colour=DOOR, tolerance=32)
    yield look
    look.go_on.set()
    until(lambda: not session.strokes.awaited.waits)
    assert threading.main_thread() not in look.threads


def painted(session: Session, colour: tuple[int, int, int]) -> np.ndarray:
    return (session.document.picture_flat() == colour).all(2)


def test_a_click_before_the_photo_was_looked_at_waits_and_is_done_then(
    window: MainWindow, session: Session, look: Look, told: list[str]
) -> None:
    drag(window, (20, 15))
    until(lambda: look.threads)
    assert told == ["The photo is being looked at; what you clicked is filled in a moment."]
    assert not session.steps.undo and not session.strokes.drawing and not painted(session, DOOR).any()
    look.go_on.set()
    until(lambda: session.steps.undo)
    assert session.steps.undo_text == "Fill the photo's regions" and session.steps.undo == 1
    assert painted(session, DOOR)[:34, :42].mean() > 0.99
    drag(window, (80, 15))  # now it is known
    assert session.steps.undo == 2 and len(look.threads) == 1


def test_a_pen_that_is_still_down_goes_on_filling(window: MainWindow, session: Session, look: Look) -> None:
    send(window, QEvent.Type.MouseButtonPress, (20, 15), LEFT, LEFT)
    send(window, QEvent.Type.MouseMove, (80, 15), NONE, LEFT)
    look.go_on.set()
    until(lambda: session.strokes.drawing)
    assert painted(session, DOOR)[:34].mean() > 0.95 and not session.steps.undo
    send(window, QEvent.Type.MouseMove, (80, 70), NONE, LEFT)
    assert painted(session, DOOR)[46:, 54:].mean() > 0.99
    send(window, QEvent.Type.MouseButtonRelease, (80, 70), LEFT, NONE)
    assert session.steps.undo == 1 and not painted(session, DOOR)[46:, :42].any()


def test_clicks_wait_in_their_order_each_with_its_colour(
    window: MainWindow, session: Session, look: Look, told: list[str]
) -> None:
    drag(window, (20, 15))
    session.strokes.set_ink(colour=WALL)
    drag(window, (80, 15))
    drag(window, (20, 70))
    session.strokes.set_ink(colour=SKY)
    look.go_on.set()
    until(lambda: session.steps.undo == 3)
    assert len(told) == 1 and len(look.threads) == 1
    assert painted(session, DOOR)[:34, :42].mean() > 0.99
    assert painted(session, WALL)[:34, 54:].mean() > 0.99 and painted(session, WALL)[46:, :42].mean() > 0.99


def test_only_the_first_of_clicks_that_wait_asks_for_the_photo(
    session: Session, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is read and copied for that, which the others would wait for."""
    asked: list[Document] = []
    really = SmartFill.preparation

    def ask(self: SmartFill, document: Document) -> Callable[[], object] | None:
        asked.append(document)
        return really(self, document)

    monkeypatch.setattr(SmartFill, "preparation", ask)
    for point in ((20, 15), (80, 15), (20, 70)):
        session.strokes.press(Sample(*point))
        session.strokes.release(Sample(*point))
    assert session.strokes.awaited.waits and len(asked) == 1
    look.go_on.set()
    until(lambda: session.steps.undo == 3)


def test_undo_takes_back_the_click_that_waits_before_any_step(
    window: MainWindow, session: Session, look: Look, told: list[str]
) -> None:
    session.strokes.choose_tool("pen")
    drag(window, (5, 75), (90, 75))
    session.strokes.choose_tool("smart_fill")
    drag(window, (20, 15))
    session.strokes.set_ink(colour=WALL)
    drag(window, (80, 15))
    session.undo()  # the second click
    assert session.steps.undo == 1 and session.strokes.awaited.waits
    look.go_on.set()
    until(lambda: session.steps.undo == 2)
    assert painted(session, DOOR)[:34, :42].mean() > 0.99 and not painted(session, WALL)[:34, 54:].any()
    session.undo()
    session.undo()
    assert not session.steps.undo and len(told) == 1


def test_what_is_changed_meanwhile_stays_as_it_is(
    window: MainWindow, session: Session, look: Look, told: list[str]
) -> None:
    drag(window, (20, 15))
    session.strokes.choose_tool("pen")
    drag(window, (20, 15), (40, 15))
    before = painted(session, DOOR)
    told.clear()
    look.go_on.set()
    until(lambda: told)
    assert told == ["The picture was changed while its photo was looked at; click once more to fill."]
    assert session.steps.undo == 1 and (painted(session, DOOR) == before).all()


def test_another_picture_is_not_filled(
    window: MainWindow, session: Session, look: Look, told: list[str]
) -> None:
    drag(window, (20, 15))
    session.new_picture("labels", 96, 80)
    told.clear()
    look.go_on.set()
    until(lambda: told)
    assert not session.steps.undo and not painted(session, DOOR).any()


def test_esc_calls_it_off(window: MainWindow, session: Session, look: Look, told: list[str]) -> None:
    drag(window, (20, 15))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not session.strokes.awaited.waits
    told.clear()
    look.go_on.set()
    drag(window, (80, 15))
    until(lambda: session.steps.undo)
    assert session.steps.undo == 1 and not painted(session, DOOR)[:, :42].any()


def test_a_photo_that_can_t_be_looked_at_is_told_of_once(
    window: MainWindow, session: Session, look: Look, told: list[str]
) -> None:
    look.wrong = MemoryError()
    drag(window, (20, 15))
    told.clear()
    look.go_on.set()
    until(lambda: told)
    assert len(told) == 1 and "memory" in told[0].lower()
    assert not session.strokes.awaited.waits and not session.steps.undo
    look.wrong = None
    drag(window, (20, 15))
    until(lambda: session.steps.undo)


def test_a_pen_that_is_down_yet_ends_where_it_is(window: MainWindow, session: Session, look: Look) -> None:
    """Not where the stroke before it ended."""
    drag(window, (20, 15))
    send(window, QEvent.Type.MouseButtonPress, (80, 70), LEFT, LEFT)
    look.go_on.set()
    until(lambda: session.strokes.drawing)
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert session.steps.undo == 2
    assert painted(session, DOOR)[:34, :42].mean() > 0.99 and painted(session, DOOR)[46:, 54:].mean() > 0.99
    assert not painted(session, DOOR)[46:, :42].any() and not painted(session, DOOR)[:34, 54:].any()
    send(window, QEvent.Type.MouseButtonRelease, (80, 70), LEFT, NONE)


def test_a_fault_while_looking_costs_no_later_click(
    window: MainWindow, session: Session, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[type] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: faults.append(kind))
    look.wrong = ValueError("a fault of ours")
    drag(window, (20, 15))
    look.go_on.set()
    until(lambda: faults)
    assert faults == [ValueError] and not session.strokes.awaited.waits
    look.wrong = None
    drag(window, (20, 15))
    until(lambda: session.steps.undo)


def test_a_model_that_becomes_ready_lets_clicks_wait(
    window: MainWindow, session: Session, look: Look, told: list[str]
) -> None:
    """Until then it leaves the picture alone, as in the middle of a stroke; then that has been painted on."""
    others = Palette("others", (Label("one", SKY), Label("two", (250, 250, 20))))
    document = Document.new("labels", 96, 80, others)
    lay_photo_under(document)
    document.forget_history()
    opened: list[object] = []
    session.live.opened.connect(opened.append)
    session.open_model(model(session, "tiny sketch"))
    settle(session)
    opened.clear()
    session.put_up(OpenPicture(document), model(session, "tiny labels"))
    session.strokes.set_ink(colour=others.labels[1].colour)
    drag(window, (20, 15))
    drag(window, (80, 15))
    until(lambda: opened)
    assert session.strokes.awaited.waits and not document.undo_steps
    look.go_on.set()
    until(lambda: len(told) == 2)
    assert "being looked at" in told[0] and "The picture's palette is not the model's" in told[1]
    assert not session.strokes.awaited.waits
    assert document.undo_steps == 2 and painted(session, others.labels[1].colour)[:34].mean() > 0.95


def test_what_waited_for_clicks_comes_when_they_are_called_off(
    window: MainWindow, session: Session, look: Look
) -> None:
    drag(window, (20, 15))
    other = OpenPicture(Document.new("sketch", 32, 32))
    session.filing.when_the_pen_is_up(lambda: session.put_up(other))
    assert session.picture is not other
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    until(lambda: session.picture is other)
