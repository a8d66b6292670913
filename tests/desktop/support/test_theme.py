"""The look of the program: what style sheets set right, and icons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import qtawesome
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QProxyStyle, QSlider, QStyle

from desktop.support import theme

SIZE = QSize(20, 16)
NAME = "mdi6.undo"


class WithIcons(QProxyStyle):
    """A desktop that puts icons on the buttons of dialogs, as KDE's does."""

    def styleHint(self, hint: QStyle.StyleHint, *about: Any) -> int:
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 1
        return super().styleHint(hint, *about)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_buttons_of_dialogs_have_no_icons_whatever_the_desktop_says(qapp: QApplication, name: str):
    style = WithIcons("fusion")
    standard = QDialogButtonBox.StandardButton
    qapp.setStyleSheet("")
    with_icons = QDialogButtonBox()
    with_icons.setStyle(style)
    with_icons.setStandardButtons(standard.Save | standard.Cancel)
    assert not any(button.icon().isNull() for button in with_icons.buttons()), "else this proves nothing"
    theme.apply(qapp, name)
    without = QDialogButtonBox()
    without.setStyle(style)
    without.setStandardButtons(standard.Save | standard.Cancel)
    assert [button.icon().isNull() for button in without.buttons()] == [True, True]


# --- what does nothing -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_a_slider_that_cannot_be_moved_has_no_colour(qapp: QApplication, kind: str) -> None:
    theme.apply(qapp, kind)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(slider.maximum())
    slider.resize(120, 24)

    def colourful() -> int:
        image = slider.grab().toImage()
        every = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
        return sum(colour.hsvSaturation() > 120 and colour.value() > 60 for colour in every)

    assert colourful() > 100
    slider.setEnabled(False)
    assert colourful() == 0
    theme.apply(qapp, "light")


# --- icons ---------------------------------------------------------------------------------------


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[None]:
    theme.icon.cache_clear()
    theme.apply(qapp, "light")
    yield
    theme.icon.cache_clear()


class Counting(QIconEngine):
    """Counts how often it is drawn."""

    def __init__(self, drawn: list[tuple[int, int]]) -> None:
        super().__init__()
        self._drawn = drawn

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        self._drawn.append((size.width(), size.height()))
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        return pixmap

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        self._drawn.append((rect.width(), rect.height()))


@pytest.mark.usefixtures("dressed")
def test_an_icon_is_drawn_once_for_each_size_and_state(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    monkeypatch.setattr(qtawesome, "icon", lambda *_, **__: QIcon(Counting(drawn)))
    icon = theme.icon(NAME)
    for _ in range(3):
        assert icon.pixmap(SIZE, 1.0).size() == SIZE
        sharp = icon.pixmap(SIZE, 2.0)
        assert sharp.size() == 2 * SIZE and sharp.devicePixelRatio() == 2.0
    assert drawn == [(20, 16), (40, 32)]
    icon.pixmap(SIZE, 1.0, QIcon.Mode.Disabled)
    icon.pixmap(SIZE, 1.0, QIcon.Mode.Normal, QIcon.State.On)
    assert len(drawn) == 4


@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize("mode", [QIcon.Mode.Normal, QIcon.Mode.Disabled, QIcon.Mode.Active])
@pytest.mark.parametrize("state", [QIcon.State.Off, QIcon.State.On])
def test_what_is_kept_is_the_glyph(mode: QIcon.Mode, state: QIcon.State) -> None:
    colours = {name: theme.colour(name).name() for name in ("text", "line", "accent")}
    glyph = qtawesome.icon(
        NAME,
        color=colours["text"],
        color_disabled=colours["line"],
        color_on=colours["accent"],
        color_on_active=colours["accent"],
    )

    def pixels(icon: QIcon, ratio: float) -> QImage:
        return icon.pixmap(SIZE, ratio, mode, state).toImage()

    for ratio in (1.0, 1.25, 2.0):
        assert pixels(theme.icon(NAME), ratio) == pixels(glyph, ratio)
