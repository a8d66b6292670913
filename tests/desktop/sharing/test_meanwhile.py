"""What is read or written of models beside the pen: what was begun meanwhile is neither undone nor ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog
from safetensors.torch import save_file

from desktop.session import Session
from desktop.widgets.dialogs.picture_dialogs import ImportDialog
from desktop.widgets.inputs.paper_dialog import PaperDialog
from desktop.widgets.main_window import MainWindow
from desktop.widgets.sharing.card_dialog import CardDialog
from desktop.widgets.sharing.catalogue import CatalogueDialog
from engine.data.picture import write_png
from engine.foreign import pix2pix
from engine.models import bundle, recarding, shared
from tests.desktop.file_hands import held
from tests.desktop.pen_hands import Hand
from tests.desktop.preview.test_library import unet
from tests.desktop.sharing.test_sharing import edit
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


def come_while_drawing(window: MainWindow, ask: Callable[[], object]) -> None:
    """What is asked for comes while a stroke goes on, which is whole in the end; then that may be seen."""
    session, hand = window.session, Hand(window)
    document, file = session.document, session.live.model_file
    with held(session, reading=True):
        ask()
        hand.press((10, 10))
        hand.move((40, 10))
    files_done(session)
    until(lambda: not session.live.loading and session.library.importing is None)
    assert session.strokes.drawing and session.document is document and session.live.model_file == file
    assert QApplication.activeModalWidget() is None and not window.sharing.bar.isVisible()
    hand.move((80, 10))
    hand.release()
    assert document.picture().lines[10, 70] < 128


def theirs(session: Session, target: Path, licence: str = "") -> Path:
    """Somebody else's model, which wants another picture."""
    labels = model(session, "tiny labels")
    recarding.written(labels, target, replace(bundle.read_card(labels), name="Theirs", licence=licence))
    return target


@pytest.mark.parametrize("licence", ["", "CC BY 4.0"])
def test_a_model_from_a_slow_disk_ends_no_stroke(
    window: MainWindow, session: Session, tmp_path: Path, licence: str
) -> None:
    file = theirs(session, tmp_path / "theirs.safetensors", licence)
    come_while_drawing(window, lambda: session.open_file(file))
    if licence:
        assert window.sharing.bar.isVisible()
    else:
        until(lambda: is_open(session, "Theirs"))
        assert session.document.kind == "labels"


def test_a_trained_model_that_is_taken_over_ends_no_stroke(
    window: MainWindow, session: Session, told: list[str], home: Path
) -> None:
    file = theirs(session, home / "models" / "theirs.safetensors")
    come_while_drawing(window, lambda: session.training.brought.emit(file, "It has learnt."))
    until(lambda: is_open(session, "Theirs"))
    assert told == ["It has learnt."]


def test_a_card_that_was_written_ends_no_stroke(window: MainWindow, session: Session) -> None:
    sharing, file = session.models.sharing, session.live.model_file
    dialog = edit(window)
    draft = dialog.draft
    dialog.reject()
    card = replace(draft.card, name="My sketches")

    def ask() -> None:
        job = sharing.write(draft, card, draft.samples)
        until(lambda: job.is_over)

    come_while_drawing(window, ask)
    until(lambda: is_open(session, "My sketches"))
    assert session.live.model_file == file


def test_dialogs_that_come_by_themselves_wait_for_the_end_of_the_stroke(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    (tmp_path / "share").mkdir()
    theirs(session, tmp_path / "share" / "theirs.safetensors")
    shared.write(tmp_path / "share" / "models.json")
    write_png(tmp_path / "photo.png", np.full((200, 200, 3), 230, np.uint8))
    card = bundle.read_card(model(session, "tiny sketch"))
    weights = unet({name: value for name, value in card.network.items() if name != "dropout"})
    save_file(pix2pix.reference_layout(card, weights), tmp_path / "net_G.safetensors")

    asking: dict[type[QDialog], Callable[[], object]] = {
        CardDialog: window.sharing.edit,
        CatalogueDialog: lambda: window.sharing.open_catalogue(tmp_path / "share" / "models.json"),
        PaperDialog: lambda: session.paper.open(tmp_path / "photo.png"),
        ImportDialog: lambda: session.library.inspect(tmp_path / "net_G.safetensors"),
    }
    for kind, ask in asking.items():
        come_while_drawing(window, ask)
        dialog = window.findChild(kind)
        assert dialog is not None and dialog.isVisible()
        until(lambda: not session.paper.behind)
        dialog.reject()
        session.undo()
        settle(session)
