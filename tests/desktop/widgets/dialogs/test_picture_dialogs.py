"""Dialogs change what was touched, and nothing else."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QKeySequenceEdit, QLabel, QPushButton, QSpinBox

from desktop.paint.editing.document import Document
from desktop.session import OpenPicture
from desktop.widgets.dialogs import picture_dialogs
from desktop.widgets.main_window import MainWindow
from engine.data.rect import Rect
from tests.desktop.window_hands import drag


def opened(window: MainWindow, action: str) -> tuple[QDialog, list[QSpinBox], QPushButton]:
    """The form that an action opens, its fields, and the button that carries it out."""
    window.actions_table[action].trigger()
    form = window.findChildren(picture_dialogs.Form)[-1]
    return form, form.findChildren(QSpinBox), form.do


@pytest.fixture(params=[(20_000, 50), (3, 30_000), (8193, 20)])
def long(request: pytest.FixtureRequest, window: MainWindow) -> Document:
    """A picture with an edge that is longer than most."""
    document = Document.new("image", *request.param)
    window.session.put_up(OpenPicture(document, translated=False))
    return document


@pytest.mark.parametrize("action", ["resize", "crop"])
def test_ok_without_a_change_changes_nothing(window: MainWindow, long: Document, action: str) -> None:
    size = long.width, long.height
    form, _, do = opened(window, action)
    assert do.isEnabled()
    form.accept()
    assert (long.width, long.height) == size
    assert long.undo_steps == 0


def test_a_field_of_its_own_changes_alone(window: MainWindow, long: Document) -> None:
    form, (_, _, width, height), _ = opened(window, "crop")
    had = width.value()
    height.setValue(height.value() + 5)
    form.accept()
    assert (long.width, long.height) == (had, height.value())


def test_a_selection_far_out_is_cropped_to_as_it_is(window: MainWindow) -> None:
    document = Document.new("image", 20_000, 50)
    window.session.put_up(OpenPicture(document, translated=False))
    window.session.selecting.select(Rect(19_000, 3, 900, 40))
    form, (left, top, _, _), _ = opened(window, "crop")
    assert (left.value(), top.value()) == (19_000, 3)
    form.accept()
    assert (document.width, document.height) == (900, 40)


@pytest.mark.parametrize("action", ["new", "resize", "crop"])
def test_a_size_that_is_too_much_is_told_in_the_dialog(window: MainWindow, action: str) -> None:
    form, fields, do = opened(window, action)
    assert do.isEnabled()
    fields[-1].setValue(1_000_000)
    fields[-2].setValue(1_000_000)
    assert not do.isEnabled()
    assert any("too many" in label.text() for label in form.findChildren(QLabel))
    fields[-2].setValue(20)
    fields[-1].setValue(20)
    assert do.isEnabled()
    form.reject()


@pytest.mark.parametrize(("action", "left"), [("resize", (50, 42)), ("crop", (50, 80))])
def test_the_picture_that_was_asked_about_is_changed(
    window: MainWindow, action: str, left: tuple[int, int]
) -> None:
    """A second start may put up another picture while the dialog is open."""
    session = window.session
    drag(window, (10, 10), (50, 50))
    meant = session.picture
    form, fields, _ = opened(window, action)
    session.new_picture("sketch", 400, 300)
    other = session.picture
    fields[-2].setValue(50)
    form.accept()
    assert (meant.document.width, meant.document.height) == left and session.picture is meant
    assert (other.document.width, other.document.height) == (400, 300) and not other.document.can_undo


def test_a_picture_that_was_closed_under_its_dialog_is_missed(window: MainWindow) -> None:
    session, told = window.session, []
    session.error_reported.connect(told.append)
    meant = session.picture
    form, fields, _ = opened(window, "resize")
    session.new_picture("sketch", 400, 300)
    if meant in session.pictures:
        session.close_picture(meant)
    fields[0].setValue(50)
    form.accept()
    assert told == ["That picture was closed meanwhile."] and session.document.width == 400


def test_a_new_picture_keeps_a_long_edge_for_the_next(window: MainWindow) -> None:
    window.session.new_picture("image", 20_000, 50)
    window.session.remember()
    file = type(window.session.file)(window.session.file.path)
    assert file.settings.new_size == [20_000, 50]


@pytest.mark.parametrize("key", ["3", "Shift+0", "Alt+1", "Alt+9", "Ctrl+Z"])
def test_a_key_that_has_an_owner_is_given_to_no_action(window: MainWindow, key: str) -> None:
    form = picture_dialogs.ShortcutsDialog(window.actions_table, window)
    before = {spec.id: window.actions_table.all_keys(spec.id) for spec in window.actions_table}
    field = form.findChildren(QKeySequenceEdit)[0]
    had = field.keySequence()
    field.setKeySequence(QKeySequence(key))
    field.editingFinished.emit()
    assert any(f"{key} belongs to “" in label.text() for label in form.findChildren(QLabel))
    assert field.keySequence() == had and window.session.settings.keys == {}
    assert {spec.id: window.actions_table.all_keys(spec.id) for spec in window.actions_table} == before


def test_leaving_the_field_of_a_key_changes_no_key(window: MainWindow) -> None:
    form = picture_dialogs.ShortcutsDialog(window.actions_table, window)
    before = {spec.id: window.actions_table.all_keys(spec.id) for spec in window.actions_table}
    for field in form.findChildren(QKeySequenceEdit):
        field.editingFinished.emit()
    assert {spec.id: window.actions_table.all_keys(spec.id) for spec in window.actions_table} == before
    assert window.session.settings.keys == {}


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.25])
@pytest.mark.parametrize("text", ["&To", "&Terms", "&Ways"])
def test_the_name_of_a_field_is_not_cut(window: MainWindow, text: str, scale: float) -> None:
    """Kerning is lost where a letter is underlined, and the text is wider than Qt measures it."""
    form = picture_dialogs.Form("", "OK", window)
    font = form.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    form.setFont(font)
    form.form.addRow(text, QSpinBox())
    form.show()
    (name,) = (label for label in form.findChildren(QLabel) if label.text() == text)
    shown = name.grab().toImage()
    right = {shown.pixel(shown.width() - 1, row) for row in range(shown.height())}
    assert right == {shown.pixel(shown.width() - 1, 0)}
    form.close()
