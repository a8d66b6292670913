"""The drawing in other styles, as live thumbnails: a click takes one, the slider leads to another."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMainWindow,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from desktop.session import Session
from desktop.widgets.parts.actions import Actions
from desktop.widgets.parts.files import drop_style, offer_style
from desktop.widgets.parts.room import NameLabel
from desktop.widgets.styles.tiles import StyleTiles

_HIGH = 200
"""Of the panel, where there are styles: two rows of five."""


class StyleDock(QDockWidget):
    """Says, where the model knows no styles, how to get them."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(session.tr("Styles"), parent)
        self.setObjectName("style_dock")
        self.setAcceptDrops(True)
        self._session = session
        self._had_styles = False
        self._heights: dict[QDockWidget, int] = {}
        """Of all panels, when there were styles."""
        self._body = QWidget()
        self.setWidget(self._body)
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(4, 0, 4, 4)
        self._column.setSpacing(2)
        self._excuse = QLabel()
        self._excuse.setObjectName("no_styles")
        self._excuse.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's model could say anything
        self._excuse.setWordWrap(True)
        self._excuse.setProperty("faint", True)
        self._column.addWidget(self._excuse)
        self.tiles = StyleTiles(session)
        self._column.addWidget(self.tiles, 1)
        self._slider = _Between(session)
        self._column.addWidget(self._slider)
        self._tools = QWidget()
        row = QHBoxLayout(self._tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for name, said in (
            ("more_styles", self.tr("More")),
            ("photo_style", self.tr("Photo …")),
            ("name_style", ""),
            ("morph", ""),
        ):
            button = QToolButton()
            button.setDefaultAction(actions[name])
            if said:
                actions[name].setIconText(said)
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(button)
        row.addStretch(1)
        self._column.addWidget(self._tools)
        session.styles.watch("length of_photos", self._show)
        session.live.watch("card loading", self._show)
        session.library.watch("models", self._show)
        self._actions = actions
        session.styles.watch("current length of_photos", self._show_abilities)

    def ask_name(self) -> None:
        """Ask what the picture's style is to be called."""
        styles = self._session.styles
        style = styles.current
        if style is None or len(style.code) != styles.length:
            self._session.notice.emit(
                self.tr("Take a style first; then it can be named.") if styles.length else styles.excuse()
            )
            return
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Name this style"))
        dialog.setLabelText(self.tr("Kept with the picture, and for this model:"))
        dialog.setOkButtonText(self.tr("Keep it"))
        dialog.setTextValue(style.name)
        of, card = self._session.picture, self._session.live.card
        dialog.textValueSelected.connect(lambda name: styles.name(style, name, of, card))
        dialog.open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A photo may be dropped for its style; whatever else is opened by the window."""
        offer_style(event, self._session)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the photo's style."""
        drop_style(event, self._session)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The words take more or fewer lines."""
        super().resizeEvent(event)
        self._give_room()

    def _show(self) -> None:
        session = self._session
        there_are = session.styles.length > 0
        if session.live.card is not None or not session.live.loading:  # else it is as it was for a moment
            self._excuse.setText("" if there_are else session.styles.excuse())
            self._excuse.setVisible(not there_are)
            for part in (self.tiles, self._slider, self._tools):
                part.setVisible(there_are)
            self._give_room()

    def _show_abilities(self) -> None:
        styles = self._session.styles
        there_are = styles.length > 0
        for name in ("more_styles", "next_style", "previous_style"):
            self._actions[name].setEnabled(there_are)
        own = styles.current
        self._actions["name_style"].setEnabled(
            there_are and own is not None and len(own.code) == styles.length
        )
        self._actions["photo_style"].setEnabled(styles.of_photos)

    def _give_room(self) -> None:
        """Where there are only words, what they take; else rows of tiles, all panels as high as before."""
        there_are = self._session.styles.length > 0
        window = self.parentWidget()
        if not there_are:
            if self._had_styles and isinstance(window, QMainWindow):
                self._heights = {dock: dock.height() for dock in self._beside(window)}
            margins = self._column.contentsMargins()
            width = self.width() - margins.left() - margins.right()
            self._body.setFixedHeight(max(16, self._excuse.heightForWidth(width)) + margins.bottom() + 2)
        elif not self._had_styles:
            self._body.setMinimumHeight(0)
            self._body.setMaximumHeight((1 << 24) - 1)
            if isinstance(window, QMainWindow) and self.isVisible():
                self._body.updateGeometry()
                for part in (self, window):  # Qt bounds heights by what it last knew of what is in a panel
                    if (layout := part.layout()) is not None:
                        layout.activate()
                heights = {dock: high for dock, high in self._heights.items() if isValid(dock)} or {
                    self: _HIGH
                }
                window.resizeDocks(list(heights), list(heights.values()), Qt.Orientation.Vertical)
        self._had_styles = there_are

    def _beside(self, window: QMainWindow) -> list[QDockWidget]:
        """All panels above each other on this one's side, if it is among them."""
        docks = window.findChildren(QDockWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        area = window.dockWidgetArea(self)
        there = [
            it for it in docks if it.isVisible() and not it.isFloating() and window.dockWidgetArea(it) == area
        ]
        return there if self in there else []


class _Between(QWidget):
    """A slider from one style to another."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        self._first, self._second = NameLabel(), NameLabel()
        for label in (self._first, self._second):
            label.setProperty("faint", True)
            label.setMaximumWidth(72)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("between_styles")
        self.slider.setRange(0, 100)
        self.slider.setValue(100)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.setToolTip(self.tr("From the style before to the one taken last"))
        self.slider.valueChanged.connect(self._slide)
        row.addWidget(self._first)
        row.addWidget(self.slider, 1)
        row.addWidget(self._second)
        self._showing = False
        session.styles.watch("ends share", self._show)

    def _show(self) -> None:
        styles = self._session.styles
        first, second = styles.ends
        for label, style in ((self._first, first), (self._second, second)):
            label.show_name(style.name if style is not None else self.tr("Usual"))
        self.slider.setEnabled(first != second)
        at = round(styles.share * 100)
        if at != self.slider.value():
            self._showing = True
            self.slider.setValue(at)
            self._showing = False

    def _slide(self, value: int) -> None:
        if not self._showing:
            self._session.styles.slide(value / 100)
