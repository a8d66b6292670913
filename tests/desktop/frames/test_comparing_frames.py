"""Kept frames compared: two of them, or one with the preview, under a divider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Pixels
from tests.desktop.frames.frame_hands import centre, frames_of, keep, two_frames
from tests.desktop.window_hands import until


def seen(window: MainWindow) -> Pixels:
    """What the preview shows, uint8 (H, W, 3)."""
    image = window.preview.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def mouse(window: MainWindow, *xs: float) -> None:
    """Drag across the preview, in its own pixels, half-way down."""
    kinds, left, none = QMouseEvent.Type, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    preview, y = window.preview, window.preview.height() / 2

    def send(kind: QMouseEvent.Type, x: float, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        at = QPointF(x, y)
        glob = QPointF(preview.mapToGlobal(at.toPoint()))
        QApplication.sendEvent(
            preview, QMouseEvent(kind, at, glob, button, held, Qt.KeyboardModifier.NoModifier)
        )

    send(kinds.MouseButtonPress, xs[0], left, left)
    for x in xs[1:]:
        send(kinds.MouseMove, x, none, left)
    send(kinds.MouseButtonRelease, xs[-1], left, none)


@pytest.fixture
def black_and_white(window: MainWindow, session: Session) -> None:
    """Two frames that can't be taken for each other."""

    two_frames(window)
    black, white = (
        replace(frame, preview=np.full((64, 64, 3), grey, np.uint8), name=name)
        for frame, grey, name in zip(session.shelf.kept, (0, 255), ("black", "white"), strict=True)
    )
    session.document.put_by((black, white))
    session.shelf.kept = (black, white)


@pytest.mark.usefixtures("black_and_white")
def test_two_frames_are_compared_under_a_divider_that_moves(window: MainWindow, session: Session):
    window.actions_table["compare"].trigger()
    width, middle = window.preview.width(), window.preview.height() // 2 + 30
    assert window.actions_table["compare"].isChecked()
    at = seen(window)[middle]
    assert at[width // 2 - 20].max() == 0 and at[width // 2 + 20].min() == 255
    centre = window.view.centre
    mouse(window, width / 2, width / 2 + 60)
    at = seen(window)[middle]
    assert at[width // 2 + 40].max() == 0 and at[width // 2 + 80].min() == 255
    assert window.view.centre == centre, "the divider was moved, not the picture"
    mouse(window, width / 2 - 60, width / 2)
    assert window.view.centre != centre, "elsewhere it pans as ever"
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert session.comparing.sides is None and not window.actions_table["compare"].isChecked()


@pytest.mark.usefixtures("black_and_white")
def test_those_that_are_chosen_are_compared(window: MainWindow, session: Session):
    steps = session.document.undo_steps
    keep(session)
    frames = frames_of(window)
    control = Qt.KeyboardModifier.ControlModifier
    for row in (0, 2):
        QTest.mouseClick(frames.viewport(), Qt.MouseButton.LeftButton, control, centre(window, row))
    if session.document.undo_steps != steps:  # the first of them is a plain choice
        session.undo()
    window.actions_table["compare"].trigger()
    assert [side.name for side in session.comparing.sides] == ["black", "Frame 1"]
    session.shelf.rename(session.shelf.kept[0], "coal")
    assert session.comparing.sides[0].name == "coal"
    session.shelf.drop(session.shelf.kept[0])
    assert session.comparing.sides is None


@pytest.mark.usefixtures("black_and_white")
def test_a_frame_is_compared_with_the_preview_from_its_menu(window: MainWindow, session: Session):
    menu = window.shelf.menu_of(session.shelf.kept[0])
    (compare,) = menu.findChildren(QMenu)
    assert [action.text() for action in compare.actions()] == ["The preview now", "white"]
    compare.actions()[0].trigger()
    assert [side.name for side in session.comparing.sides] == ["black", "The preview now"]
    assert seen(window).any(), "it is painted"
    session.new_picture("sketch", 40, 40)
    assert session.comparing.sides is None, "another picture ends it"


@pytest.mark.usefixtures("black_and_white")
def test_comparing_is_seen_in_every_mode(window: MainWindow, session: Session):
    window.actions_table["over"].trigger()
    assert not window.preview.isVisible()
    window.actions_table["compare"].trigger()
    assert window.preview.isVisible()
    window.actions_table["compare"].trigger()
    assert not window.preview.isVisible() and session.comparing.sides is None


def test_nothing_to_compare_is_said(window: MainWindow, session: Session, told: list[str]):
    action = window.actions_table["compare"]
    action.trigger()
    assert not action.isChecked() and told[-1].startswith("No frame is kept to compare with")


def test_esc_ends_a_stroke_before_it_ends_comparing(
    window: MainWindow, session: Session, black_and_white: Callable[[], None]
):
    from PySide6.QtCore import QEvent

    from tests.desktop.window_hands import send

    window.actions_table["compare"].trigger()
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(window, QEvent.Type.MouseButtonPress, (10, 10), left, left)
    send(window, QEvent.Type.MouseMove, (40, 40), none, left)
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not session.strokes.drawing and session.comparing.sides is not None
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    until(lambda: session.comparing.sides is None)
