"""What can go wrong in a training, as sentences; see ``engine.errors`` for the rest of the tree."""

from __future__ import annotations

from engine.errors import UnderpaintError


class TrainingError(UnderpaintError):
    """A data set, a run folder or a setting from which no training can start or go on."""


DATA_CHANGED = 3
"""The exit code that says so."""


class DataChangedError(TrainingError):
    """The data set of a run isn't the one that it was begun with: it can't go on as if nothing had been."""

    exit_code = DATA_CHANGED
