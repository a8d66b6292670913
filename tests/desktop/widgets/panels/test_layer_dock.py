"""The list of layers: what has changed is made anew, and nothing else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QToolButton

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


def typed(window: MainWindow, place: int, name: str) -> QLineEdit:
    """A name is being typed over that of the row at ``place``."""
    found = window.layer_dock.findChild(QListWidget)
    assert found is not None
    found.itemDoubleClicked.emit(found.item(place))
    field = rows(window)[place].findChild(QLineEdit)
    assert field is not None and field.hasFocus()
    QTest.keyClicks(field, name)
    return field


def test_a_name_being_typed_is_not_given_to_the_picture_that_comes_up(stacked: MainWindow) -> None:
    session, first = stacked.session, stacked.session.picture
    second = OpenPicture(Document.new("image", 60, 40), translated=False)
    before = [[layer.name for layer in picture.document.layers] for picture in (first, second)]
    typed(stacked, 7, "Outline")
    session.put_up(second)
    QApplication.processEvents()
    assert right(stacked)
    after = [[layer.name for layer in picture.document.layers] for picture in (first, second)]
    assert after == before and second.document.history.newest is None


def test_a_name_being_typed_goes_with_its_layer(stacked: MainWindow) -> None:
    session = stacked.session
    before = [layer.name for layer in session.document.layers]
    typed(stacked, 0, "Outline")
    session.edit(lambda document: document.remove_layer(document.layers[-1].id))
    QApplication.processEvents()
    assert right(stacked) and names(stacked) == before[-2::-1]


def test_a_name_being_typed_follows_the_layer_that_moves(stacked: MainWindow) -> None:
    session, layer = stacked.session, stacked.session.document.layers[2]
    typed(stacked, 5, "Outline")
    session.edit(lambda document: document.move_layer(layer.id, 7))
    QApplication.processEvents()
    assert right(stacked) and session.document.layer(layer.id).name == "Outline"


def test_escape_gives_up_the_new_name(stacked: MainWindow) -> None:
    before = names(stacked)
    field = typed(stacked, 0, "Outline")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert not field.isVisible() and names(stacked) == before
    assert stacked.session.document.layers[-1].name == before[0]
