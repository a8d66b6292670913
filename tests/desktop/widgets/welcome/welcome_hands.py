"""Finds the parts of the welcome, and uses them with real pointer and real keys."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QWidget,
)

from desktop.widgets.main_window import MainWindow
from desktop.widgets.welcome.tile import Tile
from tests.desktop.window_hands import until

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
SHOWN = ["tiny lines", "tiny sketch", "tiny labels"]
"""Models that sample drawings are made for here, sketches first; “tiny image” has none."""


def tiles(window: MainWindow) -> list[Tile]:
    found = [tile for tile in window.welcome.findChildren(Tile) if tile.isVisible()]
    return sorted(found, key=lambda tile: tile.x())


def complete(window: MainWindow) -> list[Tile]:
    """Wait for all pictures."""
    until(lambda: tiles(window) and all(tile.complete for tile in tiles(window)))
    return tiles(window)


def tile_of(window: MainWindow, model: str) -> Tile:
    return next(tile for tile in tiles(window) if tile.exhibit.card.name == model)


def click(window: MainWindow, widget: QWidget) -> None:
    """Press and release in the middle of a widget, through the window."""
    middle = widget.mapTo(window, widget.rect().center())
    QTest.mouseClick(window.windowHandle(), LEFT, Qt.KeyboardModifier.NoModifier, middle)


def key(window: MainWindow, code: Qt.Key) -> None:
    """Type a key, wherever the keyboard is."""
    QTest.keyClick(window.windowHandle(), code)


def place(window: MainWindow, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


# --- what is seen ----------------------------------------------------------------------------------
