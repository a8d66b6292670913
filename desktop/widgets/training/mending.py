"""The way from photos with something wrong to photos that are prepared."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton

from desktop.support import theme
from desktop.training.dataset_scan import ScanResult

MENDED = {"duplicate", "outlier", "unreadable", "tiny", "odd size", "converted", "mixed modes"}
"""Kinds of problems that preparing photos solves, or shows."""


class Mending(QToolButton):
    """Shown where photos alone have problems that *Prepare photos …* can mend."""

    wanted = Signal(object)
    """The ``Path`` of the folder."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("mend")
        self.setText(self.tr("“Prepare photos …” can mend this"))
        self.setToolTip(
            self.tr("Cut out and centre what they show, and leave odd photos out, into a new folder")
        )
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._folder: Path | None = None
        self.clicked.connect(self._go)
        self.hide()

    def offer(self, result: ScanResult) -> None:
        """Show it, if it helps."""
        self._folder = result.folder
        self.setIcon(theme.icon("mdi6.image-auto-adjust"))
        alone = result.layout == "photos"
        self.setVisible(alone and any(problem.kind in MENDED for problem in result.problems))

    def _go(self) -> None:
        self.wanted.emit(self._folder)
