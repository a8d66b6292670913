"""What is asked of trainings: begun, paused, stopped; in that order, and never on the UI thread.

A run may lie on a disk that answers late, and the pen must not wait for it. Nor do commands wait for a look
at the run, and whoever shows another run takes none of them back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.support.task_queue import TaskQueue

PATIENCE_S = 5.0
"""So long the end of the program waits until a run was told what it was to be told."""


class Commands(TaskQueue):
    """Carries them out, one after the other, on a thread of its own.

    Every method is called on the UI thread, and so is what it is given as ``then``; errors are reported by
    ``error_reported``, and ``then`` isn't called.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__("training commands", parent)
        self.beginning = False
        """A training was asked for, and the disk has not answered yet."""
        self.begun: Path | None = None
        """The run that the last ``begin`` has made, for what is asked after it; on the queue's thread."""

    def begin(self, begin: Callable[[], Path], then: Callable[[Path], object]) -> None:
        """Have a training begun.

        Args:
            begin: starts it; its folder.
            then: gets that.
        """
        self.beginning = True

        def attempt() -> Path | Exception:
            self.begun = None
            try:
                self.begun = run = begin()
            except Exception as error:  # raised again where somebody is told
                return error
            return run

        def known(made: Path | Exception) -> None:
            self.beginning = False
            if isinstance(made, Exception):
                raise made
            then(made)

        self.do(attempt, known)

    def ask(self, run: Path | None, work: Callable[[Path], object], then: Callable[[], object]) -> None:
        """Have something done with a run; None for the one that is ``beginning``."""

        def carry_out() -> None:
            meant = run or self.begun
            if meant is not None:  # else it has not begun, and it was said why
                work(meant)

        self.do(carry_out, lambda _none: then())
