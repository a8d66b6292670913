"""The welcome: what the program can do, as pictures, under the drawing that lies there already.

It is a page below the canvas and not over it, so that nothing is hidden and nothing has to be answered.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.support.places import places
from desktop.widgets.parts.actions import Actions
from desktop.widgets.parts.files import told_apart
from desktop.widgets.parts.folders import FolderButton
from desktop.widgets.parts.pictures import faint, title
from desktop.widgets.welcome.tile import CAPTION, Tile
from engine.files.writing import shown

GAP = 12
NARROWEST, WIDEST = 176, 320
"""Of a tile, logical pixels; half of that is its pictures' height."""
MOST_RECENT = 3
_LONGEST_NAME = 150
"""Of a file opened last, logical pixels; longer ones lose their middle."""
_OURS = (
    Qt.Key.Key_Tab,
    Qt.Key.Key_Backtab,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Space,
    Qt.Key.Key_Escape,
)
"""Keys that mean something here, whatever they do elsewhere in the window."""


class _Sideways(QScrollArea):
    """A row that the wheel moves."""

    resized = Signal()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - turn)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class _Path(QLabel):
    """A path, as much of it as there is room for."""

    def __init__(self, path: Path) -> None:
        super().__init__(shown(_from_home(path)))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setContentsMargins(6, 0, 12, 0)
        self.setToolTip(theme.plain(shown(path)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, area = QPainter(self), self.contentsRect()
        painter.setPen(theme.colour("faint"))
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class _Recent(QWidget):
    """What was opened last, against the right edge: as many as there is room for."""

    def __init__(self, said: QLabel) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._said = said
        said.setParent(self)
        self.buttons: list[QPushButton] = []

    def show_buttons(self, buttons: list[QPushButton]) -> None:
        """Show these instead of those before."""
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = buttons
        for button in buttons:
            button.setParent(self)
        self.updateGeometry()
        self._place()

    def sizeHint(self) -> QSize:
        parts = (self._said, *self.buttons)
        return QSize(sum(part.sizeHint().width() for part in parts), self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, max(part.sizeHint().height() for part in (self._said, *self.buttons)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        room = self.width() - self._said.sizeHint().width()
        fitting: list[QPushButton] = []
        for button in self.buttons:
            room -= button.sizeHint().width()
            button.setVisible(room >= 0)
            fitting += [button] if room >= 0 else []
        self._said.setVisible(bool(fitting))
        left = self.width()
        for part in reversed([self._said, *fitting]):
            left -= part.sizeHint().width()
            part.setGeometry(left, 0, part.sizeHint().width(), self.height())


class Welcome(QFrame):
    """Tiles of the bundled models, what else there is to begin with, and where the user's files are."""

    left = Signal()
    """It has been put away."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setAccessibleName(self.tr("Welcome"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._session, self._actions = session, actions
        self._at: object = None
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 8)
        column.setSpacing(8)
        column.addLayout(self._head())
        column.addWidget(self._shelf())
        column.addLayout(self._otherwise())
        column.addLayout(self._foot())
        self._dress()
        self.hide()
        session.gallery.watch("exhibits", self._show_tiles)
        session.gallery.watch("shown", self._show_pictures)
        session.watch("picture", self._leave_with_the_picture)

    # --- building -------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(title(self.tr("Welcome to Underpaint"), 1.25))
        said = faint(self.tr("The drawing above is live: paint on it. Or begin with one of these."))
        said.setMinimumWidth(0)
        row.addWidget(said, 1)
        self._close = QToolButton()
        self._close.setObjectName("close_welcome")
        self._close.setAutoRaise(True)
        self._close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._close.setToolTip(self.tr("Put away (Esc); Help › Welcome brings it back"))
        self._close.setAccessibleName(self.tr("Put the welcome away"))
        self._close.clicked.connect(self.leave)
        row.addWidget(self._close)
        return row

    def _shelf(self) -> QWidget:
        self._tiles: list[Tile] = []
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP)
        self._row.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        inner = QWidget()
        inner.setLayout(self._row)
        self._scroll = _Sideways()
        self._scroll.setWidgetResizable(True)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(inner)
        self._scroll.resized.connect(self._fit)
        return self._scroll

    def _otherwise(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self._begin = [
            self._entry("open", self.tr("Open a picture or drawing …")),
            self._entry("train", self.tr("Train a model …")),
        ]
        for button in self._begin:
            row.addWidget(button)
        self.recent = _Recent(faint(self.tr("Opened last:")))
        row.addWidget(self.recent, 1)
        return row

    def _entry(self, name: str, text: str) -> QPushButton:
        action = self._actions[name]
        button = QPushButton(text)
        button.setObjectName(f"welcome_{name}")
        button.setToolTip(action.toolTip())
        button.setAccessibleName(text.removesuffix(" …"))
        button.clicked.connect(action.trigger)
        return button

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(faint(self.tr("Your files:")))
        known = places()
        self._folders = [FolderButton(self._session, place, place.title) for place in known]
        for button in self._folders:
            button.setAutoRaise(True)
            row.addWidget(button)
        row.addWidget(_Path(known[0].path.parent), 1)
        self._always = QCheckBox(self.tr("Show when the program starts"))
        self._always.setObjectName("welcome_at_start")
        self._always.setToolTip(self.tr("Off: Help › Welcome shows it at any time"))
        self._always.setChecked(self._session.settings.welcome_at_start)
        self._always.toggled.connect(self._remember)
        row.addWidget(self._always)
        return row

    # --- coming and going -----------------------------------------------------------------------

    def greet(self) -> None:
        """At the start of the program: come up if this is the first one, or if that is wanted."""
        settings = self._session.settings
        if settings.welcome_at_start or not settings.welcomed:
            self.open()

    def open(self) -> None:
        """Come up, with the keyboard."""
        self._session.settings.welcomed = True
        self._at = self._session.picture
        self._list_recent()
        self._session.gallery.begin()
        self.show()
        self._fit()
        self.take_keyboard()

    def take_keyboard(self) -> None:
        """Give the keyboard to the first tile."""
        if self.isVisible():
            first = self._tiles[0] if self._tiles else self._begin[0]
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Go; the canvas has the room again."""
        if not self.isHidden():
            self.hide()
            self.left.emit()

    def _leave_with_the_picture(self) -> None:
        """Another picture is on the canvas: something has been chosen. The first one chose nobody."""
        picture = self._session.picture
        if self._at is not None and picture is not self._at:
            self.leave()
        self._at = picture

    def _remember(self, on: bool) -> None:
        self._session.settings.welcome_at_start = on

    # --- what it shows --------------------------------------------------------------------------

    def _show_tiles(self) -> None:
        exhibits = {exhibit.model: exhibit for exhibit in self._session.gallery.exhibits}
        for tile in [tile for tile in self._tiles if tile.exhibit.model not in exhibits]:
            self._tiles.remove(tile)
            tile.hide()
            tile.deleteLater()
        for tile in self._tiles:
            tile.exhibit = exhibits.pop(tile.exhibit.model)
        for exhibit in exhibits.values():
            tile = Tile(exhibit)
            tile.clicked.connect(partial(self._choose, tile))
            self._tiles.append(tile)
            self._row.addWidget(tile)
        self._fit()

    def _show_pictures(self) -> None:
        shown = self._session.gallery.shown
        for tile in self._tiles:
            if not tile.complete and tile.exhibit.model in shown:
                tile.show_pictures(shown[tile.exhibit.model])

    def _choose(self, tile: Tile) -> None:
        self._session.gallery.put_up(tile.exhibit)

    def _list_recent(self) -> None:
        names = told_apart(self._session.settings.recent[:MOST_RECENT])
        self.recent.show_buttons([self._recent_entry(Path(name), text) for name, text in names.items()])

    def _recent_entry(self, path: Path, text: str) -> QPushButton:
        button = QPushButton()
        button.setProperty("faint", True)
        name = button.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _LONGEST_NAME)
        button.setText(name.replace("&", "&&"))
        button.setIcon(theme.icon("mdi6.history"))
        button.setToolTip(theme.plain(shown(path)))
        button.setAccessibleName(self.tr("Open “%s”") % text)
        button.clicked.connect(lambda: self._session.open_file(path))
        return button

    def _fit(self) -> None:
        """Tiles as large as the room allows; where they can't all be seen, the row is scrolled."""
        count = max(1, len(self._tiles))
        room = self._scroll.viewport().width()
        width = (room - GAP * (count - 1)) // count
        width = min(max(width, NARROWEST), WIDEST)
        for tile in self._tiles:
            tile.setFixedSize(width, width // 2 + CAPTION)
        needed = width * count + GAP * (count - 1)
        bar = self._scroll.horizontalScrollBar().sizeHint().height() + 4 if needed > room else 0
        self._scroll.setFixedHeight(width // 2 + CAPTION + bar)

    def _dress(self) -> None:
        self._close.setIcon(theme.icon("mdi6.close"))
        for button, sign in zip(self._begin, ("folder-open-outline", "school-outline"), strict=True):
            button.setIcon(theme.icon(f"mdi6.{sign}"))
            button.setIconSize(QSize(18, 18))
        for button in self.recent.buttons:
            button.setIcon(theme.icon("mdi6.history"))
        for folder in self._folders:
            folder.dress()

    # --- events ---------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keep keys that are shortcuts elsewhere in the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
            if event.key() in _OURS and plain:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses what has the keyboard, Esc puts the page away."""
        chosen = self.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(chosen, QAbstractButton):
            chosen.click()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round in here: in the rest of the window it shows and hides the panels."""
        stops = [
            *self._tiles,
            *self._begin,
            *(button for button in self.recent.buttons if button.isVisible()),
            *self._folders,
            self._always,
            self._close,
        ]
        here = self.focusWidget()
        index = stops.index(here) if here in stops else -1 if forward else 0
        following = stops[(index + (1 if forward else -1)) % len(stops)]
        following.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        if isinstance(following, Tile):
            self._scroll.ensureWidgetVisible(following, GAP, 0)
        return True

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_always"):
            self._dress()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line between the page and what is above it."""
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, theme.colour("line"))


def _from_home(path: Path) -> str:
    """A path as people of Unix write it, with “~” for their own folder."""
    try:
        return str(Path("~", path.relative_to(Path.home())))
    except (ValueError, RuntimeError):
        return str(path)
