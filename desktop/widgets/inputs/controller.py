"""What the window does about pictures from elsewhere: its actions, and the bar that marks a watch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtGui import QGuiApplication, QImage, QScreen
from PySide6.QtWidgets import QWidget

from desktop.inputs.region_source import pixels_of
from desktop.session import Session
from desktop.widgets.inputs.paper_dialog import PaperDialog
from desktop.widgets.inputs.region_overlay import RegionChoice
from desktop.widgets.inputs.watch_bar import WatchBar
from desktop.widgets.parts.actions import Actions, Reactions
from desktop.widgets.parts.files import PICTURES, dropped_photo

_GONE_MS = 150
"""Until the overlay is off the screen for good, also where windows fade away."""

AskOpen = Callable[[str, str, Callable[[Path], object]], object]
"""Asks for a file: title, filters, and who gets it."""


class InputController(QObject):
    """Connects the actions to the session.

    Args:
        session: does the work.
        actions: the window's.
        ask_open: asks for a file.
        window: owns it.
    """

    def __init__(self, session: Session, actions: Actions, ask_open: AskOpen, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._ask_open, self._window = session, ask_open, window
        self.bar = WatchBar(session, actions)
        self.choice = RegionChoice(self._take_region)
        session.paper.arrived.connect(lambda: PaperDialog(session, window).open())

    def reactions(self) -> Reactions:
        """What the actions do."""
        return {
            "watch_file": self.watch_file,
            "watch_region": self.watch_region,
            "watch_stop": self._session.watching.stop,
            "paper": self.open_paper,
            "paste_paper": self.paste_paper,
        }

    def watch_file(self) -> None:
        """Ask which file to follow."""
        self._ask_open(
            self.tr("Watch a file"),
            self.tr("Pictures and projects (%s)") % f"{PICTURES} *.ora",
            self._session.watching.watch_file,
        )

    def watch_region(self) -> None:
        """Ask which part of the screen to follow."""
        if self._session.watching.may_watch_region():
            self.choice.begin()

    def open_paper(self) -> None:
        """Ask for the photo of a sketch."""
        self._ask_open(
            self.tr("Photo of a sketch"), self.tr("Pictures (%s)") % PICTURES, self._session.paper.open
        )

    def paste_paper(self) -> None:
        """Clean the photo that was copied."""
        data = QGuiApplication.clipboard().mimeData()
        photo = dropped_photo(data) if data is not None and data.hasUrls() else None
        image = QImage(data.imageData()) if data is not None and data.hasImage() else QImage()
        if photo is not None:
            self._session.paper.open(photo)
        elif not image.isNull():
            self._session.paper.take(pixels_of(image))
        else:
            self._session.notice.emit(self.tr("There is no photo to paste; copy one first."))

    def _take_region(self, screen: QScreen, region: QRect) -> None:
        QTimer.singleShot(_GONE_MS, self, lambda: self._session.watching.watch_region(screen, region))
