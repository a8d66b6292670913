"""Where the user's own files are: one folder for each kind, made when somebody wants to look into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal

import resources
from desktop.support.task_queue import TaskQueue
from engine.errors import UnderpaintError

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Place:
    """A folder, and what is in it."""

    id: str
    title: str
    content: str
    """One line."""
    path: Path


def places() -> list[Place]:
    """The folders that people look for; they need not exist yet."""
    return [
        Place(
            "models",
            translate("places", "Models"),
            translate("places", "Your own models: trained, imported or dropped on the window"),
            resources.home("models"),
        ),
        Place(
            "runs",
            translate("places", "Trainings"),
            translate("places", "A folder for each training: its settings, its course, samples, its state"),
            resources.home("runs"),
        ),
        Place(
            "recovery",
            translate("places", "Recovery"),
            translate("places", "What is drawn and not saved, stroke by stroke, for the next start"),
            resources.home("recovery"),
        ),
        Place(
            "logs",
            translate("places", "Logs"),
            translate("places", "What the program noted, and reports on unexpected ends"),
            resources.home("logs"),
        ),
    ]


class PlaceError(UnderpaintError):
    """A folder that can't be made."""


class Places(QObject):
    """Sees to it that a folder is there before somebody looks into it."""

    found = Signal(object)
    """The ``Path`` of a folder that somebody wants to look into; it exists."""
    error_reported = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = TaskQueue("places", self)
        self._tasks.error_reported.connect(self.error_reported)

    def find(self, place: Place) -> None:
        """Make the folder if it is missing; ``found`` or ``error_reported`` follows."""
        self._tasks.do(lambda: _made(place.path), self.found.emit)

    def leave(self) -> None:
        """End of the program."""
        self._tasks.give_up()


def _made(folder: Path) -> Path:
    """The folder, made if missing.

    Raises:
        PlaceError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = translate(
            "places",
            "The folder “{0}” can't be made ({1}); set UNDERPAINT_HOME to one that can be written to.",
        )
        raise PlaceError(text.format(folder, error.strerror or error)) from error
    return folder
