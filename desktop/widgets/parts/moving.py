"""Where a moving picture is to be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

translate = QCoreApplication.translate


def ask_where(title: str, folder: str, name: str, write: Callable[[Path], object], parent: QWidget) -> None:
    """Ask for a file of an animated WebP or GIF, or a folder of PNG frames, and go on with it.

    Args:
        title: of the dialog.
        folder: where to begin.
        name: proposed, without a suffix.
        write: is given what was chosen.
        parent: over which the dialog opens.
    """
    dialog = QFileDialog(parent, title, folder)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(
        [
            translate("moving", "Animated WebP (*.webp)"),
            translate("moving", "Animated GIF (*.gif)"),
            translate("moving", "Frames as PNG, in a folder (*.png)"),
        ]
    )
    dialog.setDefaultSuffix("webp")
    dialog.filterSelected.connect(lambda text: dialog.setDefaultSuffix(text.rpartition("*.")[2].rstrip(")")))
    dialog.selectFile(name)
    dialog.fileSelected.connect(lambda chosen: write(Path(chosen)))
    dialog.open()
