"""Hands for tests of colourways."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint

from desktop.paint.layers.layer import Role
from desktop.session import Session
from desktop.widgets.colourways.grid import Grid
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Pixels
from tests.desktop.window_hands import drag

RED, BLUE = (200, 30, 30), (20, 60, 180)


def hint(window: MainWindow, colour: tuple[int, int, int], *points: tuple[float, float]) -> None:
    """Draw on the hints with a firm brush."""
    session = window.session
    layer = next(layer for layer in session.document.layers if layer.role is Role.HINTS)
    session.strokes.choose_layer(layer.id)
    session.strokes.set_ink(colour=colour, size=14, brush="round")
    drag(window, *points)


def hints_of(session: Session) -> list[Pixels]:
    return [layer.pixels.copy() for layer in session.document.layers if layer.role is Role.HINTS]


def alike(one: Pixels, other: Pixels) -> bool:
    """But for how the device rounds, which may change while it finds out what is quickest."""
    return bool(np.abs(one.astype(int) - other).max() <= 1)


def grid(window: MainWindow) -> Grid:
    return window.colourways.grid


def middle(window: MainWindow, row: int) -> QPoint:
    area = grid(window).visualItemRect(grid(window).item(row))
    return area.center() - QPoint(0, area.height() // 4)
