"""The window with a model that knows styles."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from tests.desktop.styled_models import write_styled
from tests.desktop.window_hands import drag, model, settle


@pytest.fixture(scope="session")
def styled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_styled(tmp_path_factory.mktemp("styled") / "styles.safetensors")


@pytest.fixture
def styled(styled_file: Path, stocked_home: Path, window: MainWindow, session: Session) -> Session:
    """The window with a model that knows styles, and something drawn; so high that all tiles are seen."""
    window.resize(1280, 1500)
    shutil.copy(styled_file, stocked_home / "models" / "styles.safetensors")
    session.library.refresh()
    session.open_model(model(session, "tiny styles"))
    drag(window, (20, 20), (70, 20), (70, 60))
    settle(session)
    window.resizeDocks([window.style_dock], [300], Qt.Orientation.Vertical)
    return session
