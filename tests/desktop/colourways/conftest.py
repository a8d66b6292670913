"""A board of colourways."""

from __future__ import annotations

import pytest

from desktop.colourways.board import Colourways
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from tests.desktop.colourways.colour_hands import BLUE, RED, hint
from tests.desktop.window_hands import drag, settle, until


@pytest.fixture
def board(window: MainWindow, session: Session) -> Colourways:
    """A drawing with two colours, and its colourways opened and made."""
    drag(window, (20, 20), (70, 20), (70, 60))
    hint(window, RED, (20, 30), (80, 30))
    hint(window, BLUE, (20, 60), (50, 60))
    settle(session)
    window.actions_table["colourways"].trigger()
    until(lambda: session.colourways.whole)
    return session.colourways
