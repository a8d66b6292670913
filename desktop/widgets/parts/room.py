"""Small screens: windows no larger than there is room, panels that scroll, long names cut in the middle."""

from __future__ import annotations

import zlib

from PySide6.QtCore import QByteArray, QCoreApplication, QEvent, QObject, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QIcon, QRegion, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from desktop.support import theme
from desktop.support.settings import Settings

LONGEST_NAME = 320
"""Width in pixels that a name may take in a menu."""
LEAST_LIST = 40
"""Height in pixels to which a list in a panel can shrink; it scrolls."""


def fit(window: QWidget, width: int, height: int) -> None:
    """Give ``window`` that size, or as much of it as the screen has."""
    screen = window.screen() or QGuiApplication.primaryScreen()
    room = screen.availableGeometry().size() if screen is not None else QSize(width, height)
    window.resize(QSize(width, height).boundedTo(room))


def sealed(state: QByteArray) -> str:
    """What Qt says of a window, for the settings, with a sum by which damage is seen: Qt does not look for
    any, and ends the program at once, at every start again."""
    return f"{bytes(state.toBase64().data()).decode()}:{zlib.crc32(state.data()):08x}"


def unsealed(text: str) -> QByteArray:
    """What was sealed; empty where it is damaged. Earlier versions wrote no sum."""
    state, colon, seal = text.partition(":")
    decoded = QByteArray.fromBase64(state.encode(errors="replace"))
    return QByteArray() if colon and seal != f"{zlib.crc32(decoded.data()):08x}" else decoded


def remember(window: QMainWindow, splitter: QSplitter, settings: Settings) -> None:
    """Write down where ``window`` and its parts stand."""
    settings.geometry = sealed(window.saveGeometry())
    settings.window_state = sealed(window.saveState())
    settings.splitter = sealed(splitter.saveState())


def recall(window: QMainWindow, splitter: QSplitter, settings: Settings) -> bool:
    """Put ``window`` and its parts where they stood; whether its bars and panels have a place now."""
    if geometry := unsealed(settings.geometry):
        window.restoreGeometry(geometry)
    if division := unsealed(settings.splitter):
        splitter.restoreState(division)
    state = unsealed(settings.window_state)
    return not state.isEmpty() and window.restoreState(state)


def shortened(name: str, metrics: QFontMetrics, width: int = LONGEST_NAME) -> str:
    """``name`` cut in the middle: its beginning and its ending tell more."""
    return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width)


def dress_overflow(*bars: QToolBar) -> None:
    """Mark what leads to the tools that a bar has no room for: Qt's own sign is lost on our colours."""
    for bar in bars:
        more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:
            right = bar.orientation() == Qt.Orientation.Horizontal
            more.setIcon(_without_border(theme.icon(f"mdi6.chevron-double-{'right' if right else 'down'}")))
            more.setToolTip(QCoreApplication.translate("room", "What there is no room for"))


def _without_border(icon: QIcon) -> QIcon:
    """All of it is sign: there are but 12 pixels."""
    sign = icon.pixmap(64, 64)
    return QIcon(sign.copy(QRegion(sign.mask()).boundingRect()))


class NameLabel(QLabel):
    """A name in however little room there is; the tip has all of it."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's file could say anything
        self.setMinimumWidth(24)
        self.name = ""
        self.show_name(name)

    def show_name(self, name: str) -> None:
        """Show another one."""
        self.name = name
        self._cut()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Room for all of it, within reason."""
        width = self.fontMetrics().horizontalAdvance(self.name) + 2
        return QSize(min(width, LONGEST_NAME), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Nearly none: it is cut."""
        return QSize(24, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other room."""
        super().resizeEvent(event)
        self._cut()

    def changeEvent(self, event: QEvent) -> None:
        """Another font takes other room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._cut()

    def _cut(self) -> None:
        shown = shortened(self.name, self.fontMetrics(), max(self.width(), 24))
        if shown != self.text():
            self.setText(shown)
        self.setToolTip(theme.plain(self.name) if shown != self.name else "")


class Scrolling(QScrollArea):
    """A panel that scrolls up and down where it is too high for its place."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._body = body
        self.setWidget(body)
        body.installEventFilter(self)
        if isinstance(body, QStackedWidget):
            body.currentChanged.connect(self._give_room)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What is in it may have grown."""
        if watched is self._body and event.type() == QEvent.Type.LayoutRequest:
            self._give_room()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other room."""
        super().resizeEvent(event)
        self._give_room()

    def _give_room(self) -> None:
        """All there is, and more only where it could not be smaller.

        ``setWidgetResizable`` would give a panel with wrapped words the height that it would like best.
        """
        shown = self._body.currentWidget() if isinstance(self._body, QStackedWidget) else self._body
        width, height = self.viewport().width(), self.viewport().height()
        # A stack would have room for the highest of its pages, whichever is shown.
        least = (shown or self._body).minimumSizeHint()
        layout = shown.layout() if shown is not None else None
        wrapped = layout.minimumHeightForWidth(width) if layout and layout.hasHeightForWidth() else 0
        self._body.resize(max(width, least.width()), max(height, least.height(), wrapped))

    def minimumSizeHint(self) -> QSize:
        """As wide as what is in it."""
        return QSize(self._body.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width(), 56)

    def sizeHint(self) -> QSize:
        """All of it."""
        return self._body.sizeHint().expandedTo(self.minimumSizeHint())
