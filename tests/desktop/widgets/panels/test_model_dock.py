"""The panel of models."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QListWidget

from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.room import LEAST_LIST
from tests.desktop.window_hands import settle


def test_the_model_in_use_stays_in_sight_when_its_panel_gets_less_room(window: MainWindow, session: Session):
    settle(session)
    models = window.model_dock.findChild(QListWidget, "models")
    assert models is not None
    last = models.item(models.count() - 1)
    models.setFixedHeight(600)
    QApplication.processEvents()
    models.setCurrentItem(last)
    models.setFixedHeight(LEAST_LIST)
    QApplication.processEvents()
    seen = models.viewport().rect()
    assert models.sizeHintForRow(0) * models.count() > seen.height()  # else it would prove nothing
    assert seen.intersects(models.visualItemRect(last))
