"""The preview in a window of its own: on a second screen, say, as large as that, with its own zoom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from desktop.session import Session
from desktop.support import theme
from desktop.widgets.canvas.compared import EndComparing
from desktop.widgets.canvas.preview import Preview
from desktop.widgets.canvas.view import View
from desktop.widgets.parts.room import fit, sealed, unsealed

_LEAST = 48
"""So many pixels of the window must be seen on some screen, each way."""


class PreviewWindow(QMainWindow):
    """Shows what the panel would, and hears of it the same way.

    What is dropped on it, and is no photo whose style can be taken, is dropped on the main window.

    Args:
        session: what is shown.
        undoing: undo and redo, whose keys count here as well.
        main: the main window.
    """

    closed = Signal()
    """Somebody wants the preview back in the main window."""

    def __init__(self, session: Session, undoing: Sequence[QAction], main: QWidget) -> None:
        super().__init__()
        self.setObjectName("preview_window")
        self.setWindowTitle(self.tr("Preview – Underpaint"))
        self.setAcceptDrops(True)
        self._session, self._main = session, main
        self.view = View(self)
        self.preview = Preview(session, self.view)
        self.setCentralWidget(self.preview)
        self._bar = QToolBar(self.tr("Preview"))
        self._bar.setMovable(False)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self._bar)
        self._icons: list[tuple[QAction, str]] = []
        self.fit_action = self._action(self.tr("Fit"), "Ctrl+0", "mdi6.fit-to-page-outline", self.fit)
        self._action(self.tr("100 %"), "Ctrl+1", "mdi6.numeric-1-box-outline", self._actual)
        self._action(self.tr("Zoom in"), "+", "mdi6.magnify-plus-outline", lambda: self._zoom(1.25))
        self._action(self.tr("Zoom out"), "-", "mdi6.magnify-minus-outline", lambda: self._zoom(0.8))
        self._bar.addSeparator()
        self.full = self._action(
            self.tr("Full screen"), "F11", "mdi6.fullscreen", self._show_full, checkable=True
        )
        self.on_top = self._action(
            self.tr("Stay on top"), "Ctrl+T", "mdi6.pin-outline", self._stay, checkable=True
        )
        self._action(self.tr("Back into the main window"), "Shift+F6", "mdi6.dock-right", self.close)
        self._leave = QAction(self)
        self._leave.setShortcut(QKeySequence("Esc"))
        self._leave.triggered.connect(lambda: self.full.setChecked(False))
        self.addAction(self._leave)
        self.addActions(undoing)
        self._shown_size = (0, 0)
        fit(self, 720, 640)
        EndComparing(session, self)
        session.comparing.watch("sides", self._arm)
        session.watch("picture", self.fit)
        session.restructured.connect(self._fit_again)
        self._recall()

    # --- how it is shown ------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole picture."""
        if self._session.picture is not None:
            document = self._session.document
            self._shown_size = document.width, document.height
            self.view.fit(QSizeF(*self._shown_size), self._room())

    def remember(self) -> None:
        """Write down where it stands."""
        settings = self._session.settings
        settings.preview_geometry = sealed(self.saveGeometry())
        settings.preview_on_top = self.on_top.isChecked()

    def _recall(self) -> None:
        """Stand where it stood, or, where there is no screen any more, where it can be seen."""
        settings = self._session.settings
        if geometry := unsealed(settings.preview_geometry):
            self.restoreGeometry(geometry)
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        parts = [screen.intersected(self.geometry()) for screen in screens]
        if screens and not any(part.width() >= _LEAST and part.height() >= _LEAST for part in parts):
            fit(self, 720, 640)
            self.move(screens[0].topLeft())
        self.full.blockSignals(True)
        self.full.setChecked(self.isFullScreen())
        self.full.blockSignals(False)
        self._bar.setVisible(not self.isFullScreen())
        self.on_top.setChecked(settings.preview_on_top)

    def _room(self) -> QSizeF:
        return QSizeF(self.preview.size())

    def _middle(self) -> QPointF:
        return QPointF(self.preview.width() / 2, self.preview.height() / 2)

    def _actual(self) -> None:
        self.view.set_scale(1.0 / self.devicePixelRatioF(), self._middle(), self._room())

    def _zoom(self, factor: float) -> None:
        self.view.zoom(factor, self._middle(), self._room())

    def _show_full(self) -> None:
        on = self.full.isChecked()
        self._bar.setVisible(not on)
        if on:
            self.showFullScreen()
        else:
            self.showNormal()

    def _stay(self) -> None:
        shown = self.isVisible()
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, self.on_top.isChecked())
        if shown:  # a change of flags hides it
            self.show()

    def _arm(self) -> None:
        """Esc ends comparing first, see ``EndComparing``; if both had it, neither would hear of it."""
        self._leave.setEnabled(self._session.comparing.sides is None)

    def _fit_again(self) -> None:
        """Only another size is news."""
        if self._session.picture is not None and self.view.fitted:
            document = self._session.document
            if self._shown_size != (document.width, document.height):
                self.fit()

    def _action(self, text: str, key: str, icon: str, do, *, checkable: bool = False) -> QAction:  # type: ignore[no-untyped-def]
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        named = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{text} ({named})")
        action.setCheckable(checkable)
        (action.toggled if checkable else action.triggered).connect(lambda *_: do())
        self._icons.append((action, icon))
        self.addAction(action)
        self._bar.addAction(action)
        action.setIcon(theme.icon(icon))
        return action

    # --- events ---------------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The same as on the bar, which full screen has none of."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action, _ in self._icons:
            menu.addAction(action)
        menu.popup(event.globalPos())

    def createPopupMenu(self) -> QMenu | None:
        """No menu for hiding the bar."""
        return None

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for action, icon in self._icons:
                action.setIcon(theme.icon(icon))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted picture stays fitted."""
        super().resizeEvent(event)
        if self.view.fitted:
            self.fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Now the preview has its room."""
        super().showEvent(event)
        if self.view.fitted:
            self.fit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """As on the main window."""
        self._main.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """As on the main window."""
        self._main.dropEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The panel comes back."""
        self.remember()
        super().closeEvent(event)
        self.closed.emit()


class PreviewWindowController(QObject):
    """Between the main window and the preview's own one.

    Args:
        session: what is shown.
        panel: the preview in the main window, which makes room while there is the other.
        action: opens it when checked.
        undoing: undo and redo, whose keys count there as well.
        window: the main window.
    """

    def __init__(
        self, session: Session, panel: QWidget, action: QAction, undoing: Sequence[QAction], window: QWidget
    ) -> None:
        super().__init__(window)
        self._undoing = undoing
        EndComparing(session, window)
        self._session, self._panel, self._action, self._main = session, panel, action, window
        self._beside = True
        self.window: PreviewWindow | None = None

    def show_panel(self, beside: bool) -> None:
        """The panel is wanted beside the canvas, or not; it is there unless the window is."""
        self._beside = beside
        self._panel.setVisible(beside and not self._session.settings.preview_window)

    def show(self, on: bool) -> None:
        """Show the window, or the panel again."""
        self._session.settings.preview_window = on
        if on and self.window is None:
            self.window = PreviewWindow(self._session, self._undoing, self._main)
            self.window.closed.connect(lambda: self._action.setChecked(False))
        if self.window is not None and on:
            self.window.show()
        elif self.window is not None and self.window.isVisible():
            self.window.close()
        self.show_panel(self._beside)

    def leave(self) -> None:
        """End of the program: the next start has it as it is."""
        window, self.window = self.window, None
        if window is not None:
            if self._session.settings.preview_window:
                window.remember()
            window.closed.disconnect()
            window.hide()
            window.deleteLater()
