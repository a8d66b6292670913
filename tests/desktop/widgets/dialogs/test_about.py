"""The About box: devices by the real command, licences by the packages themselves."""

from __future__ import annotations

import sys
import threading

import pytest
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QLabel, QListWidget, QPlainTextEdit

import desktop.__main__ as command_line
from desktop.support import licences
from desktop.widgets.dialogs.about import AboutDialog
from desktop.widgets.main_window import MainWindow
from engine.devices import hardware
from resources.version import VERSION
from tests.desktop.window_hands import text_of, until


def test_box_tells_versions_devices_terms_and_licences(window: MainWindow):
    window.actions_table["about"].trigger()
    dialog = window.findChild(AboutDialog)
    assert dialog is not None and dialog.isVisible()
    until(lambda: "cpu: " in text_of(dialog), 60)
    named = [line.partition(": ") for line in text_of(dialog).splitlines()]
    devices = [line for line in named if line[0] in ("cuda", "mps", "xpu", "cpu")]
    assert [kind for kind, _, _ in devices] == ["cuda", "mps", "xpu", "cpu"]
    assert all(said for _, _, said in devices)
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert VERSION in said and "Qt 6" in said and "pix2pix" in said
    models = dialog.pages.widget(1).findChild(QPlainTextEdit)
    assert models is not None
    assert "facades" in models.toPlainText() and "research and personal use" in models.toPlainText().lower()

    dialog.pages.setCurrentIndex(2)
    names = dialog.findChild(QListWidget)
    assert names is not None
    until(lambda: names.count() > 20)
    shown = dialog.pages.widget(2).findChild(QPlainTextEdit)
    assert shown is not None and shown.toPlainText().startswith("underpaint")
    (row,) = (row for row in range(names.count()) if names.item(row).text().startswith("PySide6"))
    names.setCurrentRow(row)
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in shown.toPlainText()
    assert "https://download.qt.io/official_releases/" in shown.toPlainText()
    dialog.close()
    assert not any(thread.name == "licences" for thread in threading.enumerate())


def test_closing_at_once_leaves_no_child(window: MainWindow):
    window.actions_table["about"].trigger()
    dialog = window.findChild(AboutDialog)
    assert dialog is not None
    child = dialog.findChild(QProcess)
    dialog.close()
    assert child.state() == child.ProcessState.NotRunning


def test_everything_that_is_used_has_its_licence():
    found = {part.name.lower(): part for part in licences.parts()}
    assert {"underpaint", "torch", "numpy", "scipy", "pillow", "qtpy", "sympy", "shiboken6"} <= set(found)
    assert "pytest" not in found, "it does not come along"
    silent = [name for name, part in found.items() if len(part.text) < 100 or not part.terms]
    assert not silent
    assert next(iter(found)) == "underpaint"


def test_devices_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["underpaint", "devices"])
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert not left.value.code
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["cuda", "mps", "xpu", "cpu"]


def test_a_refusal_is_one_sentence():
    def start() -> None:
        raise RuntimeError("Found no NVIDIA driver on your system. Please check that\nyou have one.")

    assert hardware.refusal(start) == "Found no NVIDIA driver on your system."
    for found in hardware.find_devices():
        assert bool(found.names) != bool(found.reason)
        assert found.names or found.reason.endswith(".")
