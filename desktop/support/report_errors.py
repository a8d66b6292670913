"""Turning what can be expected to go wrong into one sentence for the user."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.errors import UnderpaintError
from engine.files.writing import shown

translate = QCoreApplication.translate
log = logging.getLogger(__name__)


EXPECTED = UnderpaintError | OSError | MemoryError
"""What can be expected to go wrong."""


class ReportErrors:
    """``with ReportErrors(report):`` hands expected errors to ``report`` as a sentence; others go on up."""

    def __init__(self, report: Callable[[str], object]) -> None:
        self._report = report
        self.fine = True
        """Nothing went wrong."""

    def __enter__(self) -> ReportErrors:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, EXPECTED):
            return False
        self.fine = False
        log.info("told the user", exc_info=error)
        self._report(shown(sentence_for(error)))
        return True


def sentence_for(error: BaseException) -> str:
    """What to tell the user of an expected error."""
    if isinstance(error, UnderpaintError):
        return str(error)
    if isinstance(error, OSError):
        what = f"“{Path(error.filename).name}”: " if isinstance(error.filename, str) else ""
        advice = translate("errors", "Choose another place, or free some space, and try again.")
        return f"{what}{error.strerror or error}. {advice}"
    return translate("errors", "There is not enough memory for that; try a smaller picture.")
