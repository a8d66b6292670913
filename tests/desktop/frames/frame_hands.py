"""What tests of the shelf do with kept frames."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QListWidget

from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from tests.desktop.window_hands import done, drag, settle


def keep(session: Session) -> None:
    assert done(session.shelf.keep())


def names(session: Session) -> list[str]:
    return [frame.name for frame in session.shelf.kept]


def frames_of(window: MainWindow) -> QListWidget:
    found = window.shelf.findChild(QListWidget, "frames")
    assert isinstance(found, QListWidget)
    return found


def centre(window: MainWindow, row: int) -> QPoint:
    frames = frames_of(window)
    return frames.visualItemRect(frames.item(row)).center()


def two_frames(window: MainWindow) -> None:
    session = window.session
    keep(session)
    drag(window, (10, 10), (80, 70))
    settle(session)
    keep(session)
