"""The look of the program: what style sheets set right."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QProxyStyle, QStyle

from desktop.support import theme


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
