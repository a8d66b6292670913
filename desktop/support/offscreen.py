"""Qt's fonts for commands that open no window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication

_made: list[QCoreApplication] = []
"""The applications that were made here; Qt takes away one that nobody holds."""


def make_application() -> None:
    """See to it that there is an application, which needs no display; without one no text can be drawn."""
    if QGuiApplication.instance() is None:
        _made[:] = [QGuiApplication(["underpaint", "-platform", "offscreen"])]
