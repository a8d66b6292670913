"""What is read or written of models beside the pen: what was begun meanwhile is neither undone nor ended."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.models import bundle
from tests.desktop.giving.test_giving import edit
from tests.desktop.test_file_work import held
from tests.desktop.window_hands import files_done, model, settle, until


def is_open(session: Session, name: str) -> bool:
    return session.live.card is not None and session.live.card.name == name


@pytest.mark.parametrize("bundled", [False, True])
def test_a_card_that_was_written_brings_its_model_back_under_no_other_picture(
    window: MainWindow, session: Session, bundled: bool
) -> None:
    entry, labels = session.library.entry(session.live.model_file), model(session, "tiny labels")
    object.__setattr__(entry, "bundled", bundled)  # as far as anybody can see
    dialog = edit(window)
    dialog.name.setText("My sketches")
    with held(session):
        QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
        session.open_model(labels)
        until(lambda: is_open(session, "tiny labels"))
    files_done(session)
    settle(session)
    assert session.live.model_file == labels and is_open(session, "tiny labels")
    assert session.document.kind == "labels"
    written = model(session, "My sketches")
    assert bundle.read_card(written).input == "sketch" and (written == entry.file) is not bundled
