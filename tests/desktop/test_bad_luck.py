"""Damaged settings, folders that can't be written, files of strangers: told in a sentence, nothing lost."""

from __future__ import annotations

import base64
import json
import os
import shutil
import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QMenu

from desktop.app import begin, open_window
from desktop.documents import journal
from desktop.documents.recovery import abandoned, restore
from desktop.session import Session
from desktop.widgets.exporting.dialog import FinishDialog
from desktop.widgets.main_window import MainWindow
from desktop.widgets.styles.morph import MorphDialog
from engine.data.picture import to_png_bytes
from tests.desktop.training_pairs import write_pairs
from tests.desktop.widgets.parts.test_files import choose, press
from tests.desktop.window_hands import (
    done,
    drag,
    files_done,
    message,
    model,
    settle,
    training_window,
    until,
)
from tests.faults import Faults, at_work

NONSENSE = [
    {"preview_mode": "x", "theme": "x", "kind": "x"},
    {"inks": {"lines": 5}},
    {"inks": {"lines": {"size": 1e9, "brush": "no", "hardness": float("nan"), "colour": [1, 2]}}},
    {"inks": {"lines": {"size": -3.0, "opacity": 7.0, "gap": 10**9, "brush": [1]}}},
    {"new_size": [1]},
    {"new_size": ["a", 2]},
    {"new_size": [10**9, 10**9]},
    {"recent": [1, None], "keys": {"undo": 5}, "models": {"sketch": [1]}},
    {"undo_megabytes": -5, "divider": float("nan"), "preview_opacity": 10**400},
    {"geometry": "é", "window_state": "%%", "splitter": "//", "native_size": {"sketch": "yes"}},
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda fields: " ".join(fields))
def test_settings_that_make_no_sense_cost_only_themselves(
    qapp: QApplication, stocked_home: Path, short_sample: Path, nonsense: dict
):
    file = stocked_home / "settings.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | nonsense))
    session, window = open_window()
    try:
        window.show()
        begin(session, window, None)
        session.new_picture("sketch", 96, 80)
        settle(session)
        drag(window, (10, 10), (50, 50))
        assert session.document.can_undo
        assert 1 <= session.strokes.ink.size <= 500
        window.files.fill_recent(QMenu(window))
        for name in ("split", "over", "new"):
            window.actions_table[name].trigger()
        window.grab()
    finally:
        window.close()
        window.deleteLater()
        session.deleteLater()
        qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
        qapp.processEvents()


def test_a_place_that_cannot_be_written_leaves_the_drawing_unsaved(window, session, tmp_path):
    told: list[str] = []
    session.error_reported.connect(told.append)
    drag(window, (10, 10), (50, 50))
    (tmp_path / "file").write_text("")
    assert not done(session.save(tmp_path / "file" / "drawing.ora"))
    assert not session.saved
    assert session.picture.path is None
    settle(session)
    for what in ("picture", "preview", "pair"):
        done(session.export(what, tmp_path / "file" / "out.png"))
    assert len(told) == 4


def test_a_drawing_that_cannot_be_guarded_is_told_once_and_drawn_on(window, session, stocked_home):
    told: list[str] = []
    session.error_reported.connect(told.append)
    (stocked_home / "recovery").write_text("in the way")
    drag(window, (10, 10), (50, 50))
    drag(window, (50, 10), (10, 50))
    assert session.document.undo_steps == 2
    assert len(told) == 1
    (stocked_home / "recovery").unlink()
    drag(window, (10, 30), (50, 30))  # guarded as soon as that is possible
    assert session.picture.journal is not None


def test_what_was_left_behind_is_not_given_up_before_it_is_safe_elsewhere(window, session, monkeypatch):
    from desktop.documents import open_documents

    drag(window, (10, 10), (50, 50))
    lines = session.document.picture().lines.copy()
    session.picture.journal.close(keep=True)
    session.picture.journal = None
    (left,) = abandoned()

    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(open_documents, "Journal", full)
        session.guarding.recover([left])
        files_done(session)
    assert np.array_equal(session.document.picture().lines, lines)
    assert not session.saved
    assert [found.path for found in abandoned()] == [left.path]


@pytest.fixture
def strange(stocked_home: Path, session: Session) -> Path:
    """A model whose card holds HTML and a sample picture that is far too large."""
    from engine.models import bundle

    card, tensors = bundle.read(model(session, "tiny sketch"))
    bomb = base64.b64encode(to_png_bytes(np.zeros((3000, 3000), np.uint8))).decode()
    html = "<img src='file:///dev/zero'><h1>Big</h1>"
    path = stocked_home / "models" / "strange.safetensors"
    card = replace(card, name=html, licence=html, description=html, data=html, task=html, sample=bomb)
    bundle.write(path, card, tensors)
    session.library.refresh()
    return path


def test_what_strangers_wrote_is_never_taken_for_html(window: MainWindow, session: Session, strange: Path):
    session.open_model(strange)
    settle(session)
    session.error_reported.emit(f"“{session.live.card.name}” failed.")
    session.edit(lambda document: document.set_layer(document.active.id, name="<h1>Layer</h1>"))
    strange_labels = [label for label in window.findChildren(QLabel) if "<" in label.text()]
    assert len(strange_labels) >= 4  # licence, message, status line, layer
    for label in strange_labels:
        assert label.textFormat() == Qt.TextFormat.PlainText, label.text()
    models = window.model_dock.findChild(QListWidget)
    items = [models.item(row) for row in range(models.count())]
    (item,) = [item for item in items if "<img" in item.text()]
    assert "<img" not in item.toolTip()
    assert all(size.width() < 1000 for size in item.icon().availableSizes())


def test_names_of_strangers_folders_are_never_taken_for_html(
    window: MainWindow, session: Session, tmp_path: Path
):
    folder = write_pairs(tmp_path / "<i>data", 4)
    for side in ("drawn", "seen"):
        (folder / side).rename(folder / f"<b>{side}")
    window.training.prepare(folder)
    until(lambda: session.dataset_scan.result is not None)
    labels = training_window(window).findChildren(QLabel)
    shown = [label for label in labels if "<b>drawn" in label.text() or "<i>data" in label.text()]
    assert len(shown) >= 2  # its name, which side is painted
    assert {label.textFormat() for label in shown} == {Qt.TextFormat.PlainText}


def test_dialogs_tell_sentences_and_no_html(window: MainWindow, session: Session):
    for dialog, name in (
        (MorphDialog(session, window), "morph_problem"),
        (FinishDialog(session, window, cut=False), "finish_problem"),
    ):
        assert dialog.findChild(QLabel, name).textFormat() == Qt.TextFormat.PlainText
        dialog.close()


def test_the_very_same_model_is_not_copied_twice(window, session, tmp_path):
    copy = tmp_path / "again.safetensors"
    copy.write_bytes(model(session, "tiny lines").read_bytes())
    before = len(session.library.models)
    done(session.open_file(copy))
    settle(session)
    assert len(session.library.models) == before
    assert session.live.card.name == "tiny lines"


def test_a_broken_palette_of_the_user_costs_only_itself(session, stocked_home):
    before = session.library.palettes()
    (stocked_home / "palettes").mkdir()
    (stocked_home / "palettes" / "a.gpl").write_text("nonsense")
    (stocked_home / "palettes" / "b.gpl").write_text("GIMP Palette\nName: Mine\n1 2 3 dark\n")
    assert [palette.name for palette in session.library.palettes()] == [
        *(palette.name for palette in before),
        "Mine",
    ]


def full_disk(monkeypatch, home) -> AbstractContextManager[Faults]:
    """No journal can be written meanwhile."""
    return at_work(monkeypatch, Faults(home / "recovery", "ENOSPC", 0, lasting=True))


def test_a_disk_that_fills_up_while_drawing_is_told(window, session, stocked_home, monkeypatch):
    told: list[str] = []
    session.error_reported.connect(told.append)
    drag(window, (10, 10), (50, 50))
    session.picture.journal.flush()
    said: list[str] = []
    session.notice.connect(said.append)
    with full_disk(monkeypatch, stocked_home):
        drag(window, (50, 10), (10, 50))
        until(lambda: told)  # without another step
        for height in (30, 40):
            drag(window, (10, height), (50, height))
            session.picture.journal.flush()
        QApplication.processEvents()
        assert len(told) == 1
        assert "No space left" in told[0]
    session.guarding.try_again()  # as it does every few seconds
    until(lambda: said)
    assert said == ["Your drawings are guarded against a crash again."]
    assert np.array_equal(
        restore(session.picture.journal.folder).picture().lines, session.document.picture().lines
    )


def test_closing_asks_where_a_drawing_cannot_be_kept_and_only_there(window, session, stocked_home, tmp_path):
    (stocked_home / "recovery").write_text("in the way")
    drag(window, (10, 10), (50, 50))
    window.close()
    assert window.isVisible()
    assert "can't be kept for the next start" in message(window)
    press(window, "Save")
    choose(window, tmp_path / "drawing.ora")
    assert session.saved
    drag(window, (50, 10), (10, 50))
    (stocked_home / "recovery").unlink()
    window.close()  # guarded by now: nothing is asked
    assert not window.isVisible()
    assert len(abandoned()) == 1


def test_a_drawing_that_cannot_be_kept_can_be_given_up(window, session, stocked_home, monkeypatch):
    drag(window, (10, 10), (50, 50))
    session.picture.journal.flush()
    with full_disk(monkeypatch, stocked_home):
        drag(window, (50, 10), (10, 50))
        for _ in range(2):  # to ask again is no answer
            window.close()
            assert window.isVisible()
        press(window, "Close all the same")
    assert not window.isVisible()
    (left,) = abandoned()
    assert (restore(left.path).picture().lines < 128).any()  # the first stroke


def test_the_window_can_be_closed_while_the_disk_at_home_hangs(window, session, monkeypatch, caplog):
    """And where it does answer in the end, nothing is lost."""
    monkeypatch.setattr(journal, "PATIENCE_S", 0.01)
    drag(window, (10, 10), (50, 50))
    session.picture.journal.flush()
    hangs, gate, sync = threading.Event(), threading.Event(), os.fsync

    def hang(number: int) -> None:
        if threading.current_thread().name == "journal":
            hangs.set()
            gate.wait(60)
        sync(number)

    monkeypatch.setattr(os, "fsync", hang)
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "journal")
    try:
        drag(window, (50, 10), (10, 50))
        assert hangs.wait(20)
        drag(window, (10, 40), (50, 40))
        drawn = session.document.picture().lines
        window.close()
        assert window.isVisible() and "can't be kept for the next start" in message(window)
        press(window, "Close all the same")
        assert not window.isVisible() and thread.is_alive()
        assert caplog.text.count("it is left to itself") == 1
    finally:
        gate.set()
        thread.join(20)
    (left,) = abandoned()
    assert np.array_equal(restore(left.path).picture().lines, drawn)


def test_a_journal_swept_away_under_the_program_is_begun_anew(window, session, stocked_home):
    drag(window, (10, 10), (50, 50))
    session.picture.journal.flush()
    shutil.rmtree(stocked_home / "recovery")
    drag(window, (50, 10), (10, 50))
    assert session.guarding.unguarded() == []
    session.picture.journal.flush()
    assert np.array_equal(
        restore(session.picture.journal.folder).picture().lines, session.document.picture().lines
    )
    assert abandoned() == []  # its lock is there again


def journal_left(window, session) -> Path:
    drag(window, (10, 10), (50, 50))
    drag(window, (50, 10), (10, 50))
    journal, session.picture.journal = session.picture.journal, None
    journal.close(keep=True)
    session.picture.saved_revision = session.document.revision
    return journal.folder


def test_a_journal_cut_in_half_is_brought_back_said_to_be_so_and_kept(window, session, stocked_home):
    told: list[str] = []
    session.error_reported.connect(told.append)
    folder = journal_left(window, session)
    content = (folder / "journal").read_bytes()
    (folder / "journal").write_bytes(content[:-20])
    begin(session, window, None)
    press(window, "Bring back")
    assert (session.document.picture().lines < 128).any()
    kept = stocked_home / "recovery" / "kept" / folder.name
    assert "its last strokes are missing" in told[-1]
    assert str(kept) in told[-1]
    assert (kept / "journal").read_bytes() == content[:-20]
    assert session.guarding.left_behind()[0] == []
    assert not folder.exists()


def test_a_journal_that_cannot_be_read_is_kept_and_its_folder_offered(window, session, monkeypatch):
    folder = journal_left(window, session)
    (folder / "journal").write_bytes(b"nothing of use")
    os.utime(folder / "journal", (0, 0))
    os.utime(folder, (0, 0))
    begin(session, window, None)
    text = message(window)
    assert "damaged" in text
    assert str(folder) in text
    found: list[str] = []
    # There is no file manager here.
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: not found.append(url.toLocalFile()))
    press(window, "folder")
    assert found == [str(folder)]
    assert (folder / "journal").read_bytes() == b"nothing of use"
    begin(session, window, None)
    press(window, "Throw away")
    assert not folder.exists()
