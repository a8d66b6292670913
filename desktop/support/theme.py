"""Light and dark, by our own palettes over Qt's Fusion style, and icons in their colours."""

from __future__ import annotations

from functools import cache
from html import escape

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

_DARK = {
    "window": "#26282c",
    "base": "#1d1f22",
    "raised": "#303338",
    "line": "#3c4046",
    "text": "#e6e7e9",
    "faint": "#9a9fa6",
    "accent": "#e0793f",
    "on_accent": "#1b1309",
    "surround": "#191a1d",
}
_LIGHT = {
    "window": "#f3f2ef",
    "base": "#ffffff",
    "raised": "#fbfaf8",
    "line": "#d5d2cb",
    "text": "#25272a",
    "faint": "#6d6f72",
    "accent": "#b4501a",
    "on_accent": "#ffffff",
    "surround": "#c9c7c2",
}

_colours = _LIGHT


def apply(application: QApplication, theme: str) -> bool:
    """Dress the whole program; False where it wears that already, which is not put on again: 50 ms.

    Args:
        application: the program.
        theme: ``system``, ``light`` or ``dark``.
    """
    global _colours
    dark = theme == "dark" or (
        theme == "system" and application.styleHints().colorScheme() == Qt.ColorScheme.Dark
    )
    colours = _DARK if dark else _LIGHT
    sheet = _style_sheet(colours)
    if _colours is colours and application.styleSheet() == sheet:
        return False
    _colours = colours
    icon.cache_clear()
    if application.style().name() != "fusion":
        application.setStyle("Fusion")
    application.setPalette(_palette(_colours))
    application.setStyleSheet(sheet)
    return True


def is_dark() -> bool:
    """Whether the dark palette is on."""
    return _colours is _DARK


def plain(text: str) -> str:
    """``text`` for a tool tip, where Qt would take anything that looks like HTML for it."""
    return f"<p style='white-space: pre-wrap'>{escape(text)}</p>" if text else ""


def colour(name: str) -> QColor:
    """One of our colours by role: window, base, raised, line, text, faint, accent, surround."""
    return QColor(_colours[name])


@cache
def icon(name: str) -> QIcon:
    """A Material Design icon in the theme's colours, e.g. ``mdi6.undo``."""
    import qtawesome  # kept here: loading its fonts costs 60 ms, and only windows need icons

    glyph: QIcon = qtawesome.icon(
        name,
        color=_colours["text"],
        color_disabled=_colours["line"],
        color_on=_colours["accent"],
        color_on_active=_colours["accent"],
    )
    return QIcon(_Kept(glyph))


class _Kept(QIconEngine):
    """A glyph drawn once for each size and state; else it is drawn anew whenever a button is painted."""

    def __init__(self, glyph: QIcon) -> None:
        super().__init__()
        self._glyph = glyph
        self._drawn: dict[tuple[int, int, QIcon.Mode, QIcon.State], QPixmap] = {}

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        key = size.width(), size.height(), mode, state
        if key not in self._drawn:  # the size is in the screen's pixels
            self._drawn[key] = self._glyph.pixmap(size, 1.0, mode, state)
        return self._drawn[key]

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        self._glyph.paint(painter, rect, Qt.AlignmentFlag.AlignCenter, mode, state)


def picture_icon(pixmap: QPixmap) -> QIcon:
    """An icon that keeps its colours while it is chosen; Qt would tint it."""
    made = QIcon(pixmap)
    made.addPixmap(pixmap, QIcon.Mode.Selected)
    return made


def _palette(colours: dict[str, str]) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "base",
        QPalette.ColorRole.AlternateBase: "raised",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "faint",
        QPalette.ColorRole.Highlight: "accent",
        QPalette.ColorRole.HighlightedText: "on_accent",
        QPalette.ColorRole.Accent: "accent",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.BrightText: "accent",
        QPalette.ColorRole.Mid: "line",
        QPalette.ColorRole.Dark: "line",
        QPalette.ColorRole.Midlight: "raised",
        QPalette.ColorRole.Light: "raised",
    }
    for role, name in roles.items():
        palette.setColor(role, QColor(colours[name]))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours["faint"]))
    for role in (QPalette.ColorRole.Highlight, QPalette.ColorRole.Accent):  # what a slider has left behind it
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours["line"]))
    return palette


def _style_sheet(c: dict[str, str]) -> str:
    return f"""
    QToolTip {{ color: {c["text"]}; background: {c["raised"]}; border: 1px solid {c["line"]}; padding: 4px; }}
    QToolBar {{ border: 0; background: {c["window"]}; spacing: 2px; padding: 3px; }}
    QToolBar QToolButton {{ border: 0; border-radius: 5px; padding: 5px; }}
    QToolBar QToolButton#qt_toolbar_ext_button {{ padding: 0; }}
    QToolBar QToolButton:hover {{ background: {c["line"]}; }}
    QToolBar QToolButton:checked {{ background: {c["line"]}; }}
    QPushButton:checked {{ background: {c["accent"]}; color: {c["on_accent"]}; border: 0; border-radius: 4px;
        padding: 4px 10px; }}
    QDockWidget::title {{ background: {c["window"]}; padding: 6px 8px 4px 8px; }}
    QMainWindow::separator {{ background: {c["window"]}; width: 5px; height: 5px; }}
    QMenuBar {{ background: {c["window"]}; }}
    QStatusBar {{ background: {c["window"]}; color: {c["faint"]}; }}
    QStatusBar::item {{ border: 0; }}
    QStatusBar QLabel {{ color: {c["faint"]}; }}
    QListView, QScrollArea {{ border: 0; background: {c["window"]}; }}
    #terms_bar QScrollArea {{ background: transparent; }}
    QListView::item {{ border-radius: 5px; padding: 3px; }}
    QListView::item:selected {{ background: {c["line"]}; color: {c["text"]}; }}
    QCheckBox::indicator:unchecked, QGroupBox::indicator:unchecked, QAbstractItemView::indicator:unchecked,
    QRadioButton::indicator:unchecked {{ width: 12px; height: 12px; border: 1px solid {c["faint"]};
        border-radius: 2px; background: {c["base"]}; }}
    QRadioButton::indicator:unchecked {{ border-radius: 7px; }}
    QCheckBox::indicator:unchecked:disabled, QRadioButton::indicator:unchecked:disabled {{
        border-color: {c["line"]}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QLabel[faint="true"] {{ color: {c["faint"]}; }}
    #welcome QPushButton {{ border: 2px solid transparent; border-radius: 5px; padding: 4px 8px;
        text-align: left; }}
    #welcome QPushButton[faint="true"] {{ padding: 1px 8px; }}
    #welcome QPushButton:hover, #welcome QToolButton:hover {{ background: {c["line"]}; }}
    #welcome QToolButton {{ border: 2px solid transparent; border-radius: 5px; padding: 2px 4px; }}
    #welcome QPushButton:focus, #welcome QToolButton:focus {{ border-color: {c["accent"]}; outline: 0; }}
    #welcome QScrollBar {{ height: 8px; background: transparent; }}
    #welcome QScrollBar::handle {{ min-width: 40px; border-radius: 4px; background: {c["line"]}; }}
    #welcome QScrollBar::handle:hover {{ background: {c["faint"]}; }}
    #welcome QScrollBar::add-line, #welcome QScrollBar::sub-line {{ width: 0; }}
    #message_bar {{ background: {c["raised"]}; border: 1px solid {c["line"]}; border-radius: 6px; }}
    """
