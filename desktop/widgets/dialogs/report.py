"""The report on an unexpected end, to read and to copy. Whether anybody else sees it is the user's choice."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.widgets.parts.folders import open_outside
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.room import fit


class ReportDialog(QDialog):
    """Shows the report.

    Args:
        text: the report.
        file: where it is kept; None if it could not be.
    """

    def __init__(self, text: str, file: Path | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What happened last time"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 720, 520)
        said = QLabel(
            self.tr(
                "If you tell the makers of Underpaint about it, this helps them. It holds no picture and no "
                "names of your files as far as they are recognised, and nothing is sent by itself."
            )
        )
        said.setWordWrap(True)
        shown = QPlainTextEdit(text)
        shown.setReadOnly(True)
        shown.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        shown.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        copy = buttons.addButton(self.tr("Co&py"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        if file is not None:
            folder = buttons.addButton(self.tr("Open its &folder"), QDialogButtonBox.ButtonRole.ActionRole)
            place, messages = str(file.parent), MessageBar(self)
            text_failed = self.tr("No file manager could be started. The folder is “%s”.")
            folder.clicked.connect(lambda: open_outside(place, text_failed, messages))
        column = QVBoxLayout(self)
        column.addWidget(said)
        column.addWidget(shown, 1)
        column.addWidget(buttons)
