"""What to draw with: the labels of a label picture, or ink and colours for the others."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QColorDialog,
    QComboBox,
    QDockWidget,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.paint.editing.document import Role
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.hand.recent_colours import RecentColours
from desktop.widgets.parts.actions import LABEL_KEYS
from desktop.widgets.parts.room import LEAST_LIST, Scrolling
from engine.data.palette import Colour, Palette, to_hex

COLOURS: tuple[Colour, ...] = (
    (20, 20, 22), (70, 70, 74), (128, 128, 132), (190, 190, 192), (245, 244, 240), (226, 205, 170),
    (90, 50, 30), (139, 84, 46), (186, 126, 74), (112, 22, 30), (178, 34, 34), (226, 72, 54),
    (235, 130, 40), (240, 190, 50), (120, 120, 50), (50, 110, 60), (30, 130, 120), (110, 180, 210),
    (40, 90, 170), (24, 36, 90), (90, 60, 140), (160, 70, 150), (226, 110, 160), (250, 190, 200),
)  # fmt: skip
"""What shoes, bags and most things are made in: greys, leathers, then round the colour circle."""


def swatch(colour: Colour, size: int = 20) -> QIcon:
    """A rounded square of ``colour``."""
    return _drawn(colour, size, theme.is_dark())


@lru_cache(256)
def _drawn(colour: Colour, size: int, dark: bool) -> QIcon:
    """Two dozen are shown in every window, and again after each change of ink; each theme has its frames."""
    pixmap = QPixmap(size * 2, size * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(*colour))
    painter.setPen(theme.colour("line"))
    painter.drawRoundedRect(1, 1, size - 2, size - 2, 4, 4)
    painter.end()
    return theme.picture_icon(pixmap)


class _Names(QListWidget):
    """Colours and what they are called, with their keys."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setIconSize(QSize(20, 20))
        self.setMinimumHeight(LEAST_LIST)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._shown: Palette | None = None

    def show_palette(self, palette: Palette, chosen: Colour) -> None:
        """List its labels and mark the chosen one."""
        if palette != self._shown:
            self._shown = palette
            self.clear()
            for number, label in enumerate(palette.labels):
                text = label.name
                if number < len(LABEL_KEYS):
                    text += f"   ·  {LABEL_KEYS[number].replace('Shift+', '⇧')}"
                self.addItem(QListWidgetItem(swatch(label.colour), text))
        colours = [label.colour for label in palette.labels]
        self.setCurrentRow(colours.index(chosen) if chosen in colours else -1)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other frames around the colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.count():
            assert self._shown is not None
            for number, label in enumerate(self._shown.labels):
                self.item(number).setIcon(swatch(label.colour))


class PaletteDock(QDockWidget):
    """Shows labels for label pictures, colours for the others."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session.tr("Palette"), parent)
        self.setObjectName("palette_dock")
        self._session = session
        self._swatches: dict[Colour, QToolButton] = {}
        self._stack = QStackedWidget()
        self.setWidget(self._stack)  # first: Qt dresses everything below whatever gets another parent
        self._labels = _Names("labels")
        self._labels.itemClicked.connect(self._choose)
        self._palette = QComboBox()
        self._palette.setToolTip(self.tr("Palette of this picture; colours go to their nearest label in it"))
        self._palette.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._palette.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._palette.setMinimumContentsLength(12)
        self._palette.activated.connect(self._set_palette)
        self._listed: tuple[Palette | None, Palette | None] | None = None
        self._label_page = QWidget()
        column = QVBoxLayout(self._label_page)
        column.setContentsMargins(4, 0, 4, 4)
        column.addWidget(self._palette)
        column.addWidget(self._labels, 1)
        self._stack.addWidget(self._label_page)
        page = QWidget()
        self._stack.addWidget(Scrolling(page))
        self._fill_colour_page(page)
        self._blank = False
        session.watch("picture steps", self._show_anew)
        session.strokes.watch("ink", self._show)
        session.restructured.connect(self._show_anew)
        session.strokes.watch("knows_hints", self._show)
        session.live.watch("card", self._show_anew)

    def choose_label_number(self, number: int) -> None:
        """Draw with the label or named colour at ``number``, counted from 0; nothing where there is none."""
        palette = self._named()
        if palette is not None and number < len(palette.labels):
            self._session.strokes.choose_colour(palette.labels[number].colour)

    def _fill_colour_page(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        self._lines = QPushButton(self.tr("Lines"))
        self._lines.setToolTip(self.tr("Draw the outlines (Q)"))
        self._hints = QPushButton(self.tr("Colours"))
        self._hints.setToolTip(self.tr("Tell the network which colour you want there (W)"))
        group = QButtonGroup(self)
        group.setExclusive(False)  # on other layers it is neither
        modes = QHBoxLayout()
        for button, role in ((self._lines, Role.LINES), (self._hints, Role.HINTS)):
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            group.addButton(button)
            button.clicked.connect(lambda _on, role=role: self._session.strokes.choose_role(role))
            modes.addWidget(button)
        column.addLayout(modes)
        self._explained = QLabel()
        self._explained.setWordWrap(True)
        self._explained.setProperty("faint", True)
        column.addWidget(self._explained)
        self._names = _Names("colours")
        self._names.itemClicked.connect(self._choose)
        column.addWidget(self._names, 100)
        self._grid = QWidget()
        column.addWidget(self._grid)
        grid = QGridLayout(self._grid)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for place, colour in enumerate(COLOURS):
            tile = QToolButton()
            tile.setIconSize(QSize(24, 24))
            tile.setIcon(swatch(colour, 24))
            tile.setCheckable(True)
            tile.setAutoRaise(True)
            tile.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            tile.setToolTip(to_hex(colour))
            tile.clicked.connect(lambda _on, colour=colour: self._session.strokes.choose_colour(colour))
            self._swatches[colour] = tile
            grid.addWidget(tile, place // 6, place % 6)
        self._recent = RecentColours(self._session)
        column.insertWidget(column.indexOf(self._grid), self._recent)
        row = QHBoxLayout()
        self._current = QLabel()
        more = QPushButton(self.tr("Other colour …"))
        more.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        more.clicked.connect(self._other_colour)
        row.addWidget(self._current)
        row.addWidget(more, 1)
        column.addLayout(row)
        column.addStretch(1)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other frames around the colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._swatches:
            for colour, tile in self._swatches.items():
                tile.setIcon(swatch(colour, 24))
            self._show()

    def _show_anew(self) -> None:
        """Show it where the sheet may have become blank, or be so no more."""
        if self._session.picture is not None:
            document = self._session.document
            fresh = document.kind == "image" and document.palette is not None and not document.can_undo
            self._blank = fresh and document.is_blank
        self._show()

    def _show(self) -> None:
        session = self._session
        if session.picture is None:
            return
        document = session.document
        finishing = document.active.role is Role.FINISH  # in whatever colours
        if document.kind == "labels" and document.palette is not None and not finishing:
            self.setWindowTitle(self.tr("Labels"))
            self._show_labels()
            self._stack.setCurrentWidget(self._label_page)
            return
        self.setWindowTitle(self.tr("Colours"))
        self._stack.setCurrentIndex(1)
        sketch = document.kind == "sketch"
        knows_hints = session.strokes.knows_hints
        on_lines = document.active.role is Role.LINES
        self._lines.setVisible(sketch)
        self._hints.setVisible(sketch and knows_hints)
        self._lines.setChecked(on_lines)
        self._hints.setChecked(document.active.role is Role.HINTS)
        if sketch:
            text = (
                self.tr("Draw outlines in ink. Pick a colour to hint at what fills them.")
                if knows_hints
                else self.tr("This model knows lines only.")
            )
            self._explained.setText(self.tr("Paint over the preview by hand.") if finishing else text)
        named = self._named()
        if named is not None:
            self._explained.setText(
                self.tr("Paint in these flat colours: outline an area with the pen, then fill it (F).")
                if self._blank
                else self.tr("The colours that this model has learned; others can be mixed.")
            )
            self._names.show_palette(named, session.strokes.ink.colour)
        self._names.setVisible(named is not None)
        self._grid.setVisible(named is None)
        self._explained.setVisible(sketch or named is not None)
        for colour, tile in self._swatches.items():
            tile.setChecked(colour == session.strokes.ink.colour and not (sketch and on_lines))
            tile.setEnabled(not sketch or knows_hints or finishing)
        self._recent.allow(not sketch or knows_hints or finishing)
        self._current.setPixmap(swatch(session.strokes.ink.colour, 24).pixmap(24, 24))

    def _show_labels(self) -> None:
        palette, card = self._session.document.palette, self._session.live.card
        assert palette is not None
        known = palette, card.palette if card and card.input == "labels" else None
        if self._listed != known:
            self._listed = known
            self._list_palettes(known)
        self._labels.show_palette(palette, self._session.strokes.ink.colour)

    def _named(self) -> Palette | None:
        """The labels of the picture, or the colours that mean something to the model that paints it."""
        picture, card = self._session.picture, self._session.live.card
        if picture is None or picture.document.kind == "sketch":
            return None
        if picture.document.kind == "labels":
            return picture.document.palette
        if not picture.translated:
            return None
        if card is None:  # it is being loaded
            return picture.document.palette
        return card.palette if card.input == "image" else None

    def _list_palettes(self, known: tuple[Palette | None, ...]) -> None:
        """The picture's own, the model's, and those that are at hand, each once."""
        self._palette.clear()
        listed: list[Palette] = []
        for palette in (*known, *self._session.library.palettes()):
            if palette is not None and palette not in listed:
                listed.append(palette)
                self._palette.addItem(palette.name, palette)

    def _set_palette(self) -> None:
        palette = self._palette.currentData()
        self._session.edit(lambda document: document.set_palette(palette))

    def _choose(self, item: QListWidgetItem) -> None:
        self.choose_label_number(item.listWidget().row(item))

    def _other_colour(self) -> None:
        dialog = QColorDialog(QColor(*self._session.strokes.ink.colour), self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(
            lambda colour: self._session.strokes.choose_colour((colour.red(), colour.green(), colour.blue()))
        )
        dialog.open()
