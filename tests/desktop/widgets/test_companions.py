"""Windows beside the main one."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

from desktop.widgets.main_window import MainWindow


def test_they_are_built_once_when_they_are_first_asked_for(window: MainWindow) -> None:
    """Together they are a quarter of the window's widgets, which its start would wait for."""
    ways = {
        "colourways": window.actions_table["colourways"].trigger,
        "comparison": window.actions_table["compare_models"].trigger,
        "preparing": window.actions_table["prepare_photos"].trigger,
        "day": window.session.training_queue.day_wanted.emit,
    }
    assert not window.findChildren(QDialog)
    for name, ask in ways.items():
        ask()
        (dialog,) = window.findChildren(QDialog, name)
        assert dialog.isVisible()
        dialog.close()
        ask()
        assert window.findChildren(QDialog, name) == [dialog] and dialog.isVisible()
        dialog.close()
    assert len(window.findChildren(QDialog)) == len(ways)
