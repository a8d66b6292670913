"""Which files, or parts of a file, make pairs: what they look like, or what the user says."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QWidget

from desktop.training.dataset_scan import ScanResult


class PatternBox(QComboBox):
    """The patterns by which a folder's files could be paired; the first lets the pictures decide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("way")
        self.setToolTip(self.tr("Which files, or parts of a file, belong together"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(16)
        self.forget()

    @property
    def pattern(self) -> str:
        """As the trainer takes it; empty where the pictures decide."""
        return self.currentData() or ""

    def forget(self) -> None:
        """Another folder comes."""
        self.clear()
        self.addItem(self.tr("what they look like"), "")
        self.setEnabled(False)

    def offer(self, result: ScanResult) -> None:
        """Show the patterns that were found; the one that was chosen stays."""
        chosen = self.pattern
        self.forget()
        parts = {
            "alone": self.tr("photos alone"),
            "left+right": self.tr("left and right half"),
            "top+bottom": self.tr("upper and lower half"),
            "first+second": self.tr("first and second of three"),
            "first+third": self.tr("first and third of three"),
            "second+third": self.tr("second and third of three"),
        }
        for pattern in dict.fromkeys((*result.patterns, *((chosen,) if chosen else ()))):
            self.addItem(parts.get(pattern, pattern.replace("+", " + ")), pattern)
        self.setCurrentIndex(max(0, self.findData(chosen)))
        self.setEnabled(self.count() > 1)
