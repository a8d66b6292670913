"""Where the user's own files are: a button for each folder, and their paths to be read and copied."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.support.places import Place, places
from desktop.widgets.parts.message_bar import MessageBar

WIDTH = 640


class FolderController(QObject):
    """Has the system's file manager show folders, and tells of those that it can't show."""

    def __init__(self, session: Session, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._messages, self._window = session, messages, window
        session.places.found.connect(self._show)

    def list(self) -> None:
        """Open the list of folders."""
        FoldersDialog(self._session, self._window).open()

    def _show(self, folder: object) -> None:
        text = self.tr("No file manager could be started. The folder is “%s”.")
        open_outside(str(folder), text, self._messages)


def open_outside(path: str, failed: str, messages: MessageBar) -> None:
    """Have the system open a file or a folder; where it can't, say ``failed``, in which “%s” is the path."""
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(path)):
        copy = QCoreApplication.translate("folders", "&Copy its path")
        messages.offer(failed % path, (copy, lambda: QGuiApplication.clipboard().setText(path)))


class FolderButton(QToolButton):
    """Opens one folder.

    Args:
        text: what stands on it.
    """

    def __init__(self, session: Session, place: Place, text: str) -> None:
        super().__init__()
        self.setObjectName(f"folder_{place.id}")
        self.setText(text)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(theme.plain(f"{place.content}\n{place.path}"))
        self.setAccessibleName(self.tr("Open the folder “%s”") % place.title)
        self.setAccessibleDescription(f"{place.content}. {place.path}")
        self.clicked.connect(lambda: session.places.find(place))
        self.dress()

    def dress(self) -> None:
        """The icon in the theme's colours."""
        self.setIcon(theme.icon("mdi6.folder-outline"))


class FoldersDialog(QDialog):
    """All folders with their paths."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Your folders"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setHorizontalSpacing(6)
        for row, place in enumerate(places()):
            self._list(session, place, grid, 3 * row)
        column.addLayout(grid)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _list(self, session: Session, place: Place, grid: QGridLayout, row: int) -> None:
        said = QLabel(f"<b>{place.title}</b> – {place.content}")
        path = QLineEdit(str(place.path))
        path.setObjectName(f"path_{place.id}")
        path.setReadOnly(True)
        path.setCursorPosition(0)
        path.setAccessibleName(self.tr("Path of the folder “%s”") % place.title)
        copy = QToolButton()
        copy.setObjectName(f"copy_{place.id}")
        copy.setIcon(theme.icon("mdi6.content-copy"))
        copy.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        copy.setToolTip(self.tr("Copy the path"))
        copy.setAccessibleName(self.tr("Copy the path of the folder “%s”") % place.title)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(str(place.path)))
        grid.addWidget(said, row, 0, 1, 3)
        grid.addWidget(path, row + 1, 0)
        grid.addWidget(copy, row + 1, 1)
        grid.addWidget(FolderButton(session, place, self.tr("Open")), row + 1, 2)
        grid.setRowMinimumHeight(row + 2, 8)
