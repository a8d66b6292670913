"""Where a moving picture is to be written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.paint.files.animation import animation_file, is_folder_of_frames
from desktop.widgets.parts.message_bar import MessageBar

translate = QCoreApplication.translate


def ask_where(
    title: str,
    folder: str,
    name: str,
    write: Callable[[Path], object],
    messages: MessageBar,
    parent: QWidget,
) -> None:
    """Ask for a file of an animated WebP or GIF, or a folder of PNG frames, and go on with it.

    Args:
        title: of the dialog.
        folder: where to begin.
        name: proposed, without a suffix.
        write: is given what was chosen, as it is called in the end.
        messages: asks before another file is replaced.
        parent: over which the dialog opens.
    """
    dialog = QFileDialog(parent, title, folder)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # it knows no more than what was typed
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

    def take(chosen: Path) -> None:
        again = partial(ask_where, title, folder, name, write, messages, parent)
        another = translate("moving", "Write under &another name …"), again
        if is_folder_of_frames(chosen):  # one that is there is refused
            write(chosen)
        else:
            path = animation_file(chosen)
            messages.ask_to_replace(path, lambda: write(path), another)

    dialog.fileSelected.connect(lambda chosen: take(Path(chosen)))
    dialog.open()
