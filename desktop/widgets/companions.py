"""Windows that stay open beside the main one, each built when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from PySide6.QtWidgets import QMainWindow

from desktop.session import Session
from desktop.widgets.colourways.dialog import ColourwaysDialog
from desktop.widgets.comparison.dialog import ComparisonDialog
from desktop.widgets.day.dialog import DayDialog
from desktop.widgets.parts.actions import Actions
from desktop.widgets.parts.files import Files
from desktop.widgets.preparing.dialog import PreparingDialog
from desktop.widgets.training.window import TrainingController


class WithCompanions(QMainWindow):
    """A main window that has them. Most sessions use none, and together they are a quarter of its widgets."""

    session: Session
    actions_table: Actions
    files: Files
    training: TrainingController

    def make_pairs(self, sources: list[Path] | None = None) -> None:
        """Ask which photos to draw over, and into which data set."""
        raise NotImplementedError

    @cached_property
    def colourways(self) -> ColourwaysDialog:
        """The drawing in other colours."""
        undoing = self.actions_table["undo"], self.actions_table["redo"]
        return ColourwaysDialog(self.session, self.files, undoing, self)

    @cached_property
    def comparison(self) -> ComparisonDialog:
        """Models compared."""
        return ComparisonDialog(self.session, self)

    @cached_property
    def day(self) -> DayDialog:
        """The day's results."""
        return DayDialog(self.session, self.training.open, self)

    @cached_property
    def preparing(self) -> PreparingDialog:
        """Photos made fit to train on."""
        dialog = PreparingDialog(self.session, self)
        dialog.train.connect(self.training.prepare)
        dialog.pairs.connect(self.make_pairs)
        return dialog
