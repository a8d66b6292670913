"""The list of layers: what has changed is made anew, and nothing else."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QListWidget, QToolButton

from desktop.paint.editing.document import Document, Role
from desktop.session import OpenPicture
from desktop.widgets.main_window import MainWindow
from desktop.widgets.panels.layer_dock import LayerRow


def rows(window: MainWindow) -> list[LayerRow]:
    """The rows, the topmost layer first."""
    found = window.layer_dock.findChild(QListWidget)
    assert found is not None
    items = [found.itemWidget(found.item(place)) for place in range(found.count())]
    return [item for item in items if isinstance(item, LayerRow)]


def names(window: MainWindow) -> list[str]:
    return [next(label.text() for label in row.findChildren(QLabel) if label.text()) for row in rows(window)]


def right(window: MainWindow) -> bool:
    document = window.session.document
    found = window.layer_dock.findChild(QListWidget)
    assert found is not None
    chosen = len(document.layers) - 1 - document.layers.index(document.active)
    return names(window) == [layer.name for layer in reversed(document.layers)] and (
        found.currentRow() == chosen and found.count() == len(document.layers)
    )


@pytest.fixture
def stacked(window: MainWindow) -> MainWindow:
    """A window with eight layers."""
    window.session.put_up(OpenPicture(Document.new("image", 60, 40), translated=False))
    for _ in range(7):
        window.session.layers.add_paint()
    return window


def test_a_new_layer_makes_one_row(stacked: MainWindow) -> None:
    before = rows(stacked)
    stacked.session.strokes.choose_layer(stacked.session.document.layers[3].id)
    stacked.session.layers.add_paint()
    assert right(stacked)
    assert [row for row in rows(stacked) if row in before] == before
    stacked.session.undo()
    assert right(stacked) and rows(stacked) == before


def test_rows_follow_whatever_is_done(stacked: MainWindow) -> None:
    session = stacked.session
    session.layers.move(-1)
    assert right(stacked)
    session.edit(lambda document: document.move_layer(document.layers[0].id, 7))
    assert right(stacked)
    session.edit(lambda document: document.remove_layer(document.layers[2].id))
    assert right(stacked)
    session.edit(lambda document: document.set_layer(document.layers[4].id, name="Another"))
    assert right(stacked) and "Another" in names(stacked)
    session.edit(lambda document: document.add_layer(Role.REFERENCE, "Photo"))
    assert right(stacked)
    for _ in range(5):
        session.undo()
        assert right(stacked)
    session.put_up(OpenPicture(Document.new("sketch", 60, 40), translated=False))
    assert right(stacked)


def test_switches_know_the_layer_of_now(stacked: MainWindow) -> None:
    session = stacked.session
    session.edit(lambda document: document.resize(30, 20))  # other layers with the same ids
    top = session.document.layers[-1]
    eye, lock = rows(stacked)[0].findChildren(QToolButton)
    eye.click()
    lock.click()
    assert (top.visible, top.locked) == (False, True)
    eye.click()
    assert (top.visible, top.locked) == (True, True)
