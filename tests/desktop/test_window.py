from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QListWidget,
    QSlider,
    QSpinBox,
    QTableWidget,
    QToolButton,
    QWidget,
)

from desktop.app import display_is_missing
from desktop.paint.editing.document import Role
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.dialogs import picture_dialogs
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.actions import ALSO
from engine.data.picture import write_png
from tests.desktop.window_hands import done, drag, files_done, settle, text_of, until


def label_model(window: MainWindow) -> Path:
    return next(entry.file for entry in window.session.library.models if entry.name == "tiny labels")


def dialog(window: MainWindow) -> QDialog:
    """The dialog that is open, and nothing else."""
    (found,) = [child for child in window.findChildren(QDialog) if child.isVisible()]
    return found


def test_the_parts_can_be_found_by_name(window: MainWindow):
    for name in ("canvas", "preview"):
        assert window.findChild(QWidget, name).isVisible()
    assert QGuiApplication.desktopFileName() in ("", "underpaint")  # the class a window manager sees


def test_no_two_actions_share_a_key(window: MainWindow):
    keys = Counter()
    for spec in window.actions_table:
        for sequence in window.actions_table[spec.id].shortcuts():
            keys[sequence.toString()] += 1
    assert [key for key, count in keys.items() if count > 1] == []
    assert set(ALSO) <= {spec.id for spec in window.actions_table}


def test_every_action_stands_in_a_menu_and_has_something_to_do(window: MainWindow):
    in_menus = {action for menu in window.menus.values() for action in menu.actions()}
    for spec in window.actions_table:
        action = window.actions_table[spec.id]
        assert action in in_menus, spec.id
        signal = "2toggled(bool)" if spec.checkable else "2triggered(bool)"
        assert action.receivers(signal) > 0 or action.menu(), spec.id


def test_every_action_can_be_carried_out(window: MainWindow):
    """Each once, on a picture with something in it; what opens a dialog is closed again."""
    drag(window, (10, 10), (60, 60))
    for spec in window.actions_table:
        if spec.id in ("quit", "full_screen"):
            continue
        window.actions_table[spec.id].trigger()
        for found in window.findChildren(QDialog):
            if found.isVisible():
                found.reject()
        QApplication.processEvents()
    until(lambda: not window.session.live.loading)


def test_a_changed_shortcut_is_remembered_and_can_be_taken_back(window: MainWindow):
    actions = window.actions_table
    actions.set_key("keep", "Ctrl+K")
    assert window.session.settings.keys == {"keep": "Ctrl+K"}
    assert actions["keep"].shortcut() == QKeySequence("Ctrl+K")
    actions.set_key("keep", "K")
    assert window.session.settings.keys == {}


def test_number_keys_choose_labels(window: MainWindow):
    window.session.open_model(label_model(window))
    settle(window.session)
    palette = window.session.document.palette
    for number, label in enumerate(palette.labels):
        window.palette_dock.choose_label_number(number)
        assert window.session.strokes.ink.colour == label.colour
    window.palette_dock.choose_label_number(19)
    assert window.session.strokes.ink.colour == palette.labels[-1].colour


def test_the_brush_bar_shows_and_sets_the_brush(window: MainWindow):
    box = window.brush_bar.findChild(QSpinBox)
    box.setValue(40)
    assert window.session.strokes.ink.size == 40
    window.session.strokes.set_ink(size=12.0)
    assert box.value() == 12
    window.session.strokes.choose_role(Role.HINTS)
    assert box.value() == round(window.session.strokes.ink.size) != 12


def test_a_new_picture_by_the_dialog(window: MainWindow):
    window.actions_table["new"].trigger()
    form = dialog(window)
    width, height = form.findChildren(QSpinBox)
    width.setValue(70)
    height.setValue(50)
    kinds = form.findChild(QComboBox)
    kinds.setCurrentIndex(kinds.findData("image"))
    form.accept()
    document = window.session.document
    assert (document.kind, document.width, document.height) == ("image", 70, 50)
    settle(window.session)
    assert window.session.live.card.input == "image"


def test_resizing_keeps_the_proportions(window: MainWindow):
    window.actions_table["resize"].trigger()
    form = dialog(window)
    width, height = form.findChildren(QSpinBox)
    width.setValue(48)
    assert height.value() == 40
    form.accept()
    assert (window.session.document.width, window.session.document.height) == (48, 40)
    window.session.undo()
    assert (window.session.document.width, window.session.document.height) == (96, 80)


def test_a_taken_shortcut_is_refused_with_its_owner(window: MainWindow):
    form = picture_dialogs.ShortcutsDialog(window.actions_table, window)
    form.open()
    search = form.findChild(QLineEdit)
    search.setText("undo")
    table = form.findChild(QTableWidget)
    row = next(row for row in range(table.rowCount()) if not table.isRowHidden(row))
    field: Any = table.cellWidget(row, 1)
    field.setKeySequence(QKeySequence("Ctrl+S"))
    field.editingFinished.emit()
    assert "Save" in text_of(form)
    assert window.actions_table.key("undo") == "Ctrl+Z"
    form.reject()


@pytest.mark.parametrize("key", ["Ctrl+Y", "1", "Shift+0"])
def test_second_keys_and_those_of_labels_are_taken_too(window: MainWindow, key: str):
    form = picture_dialogs.ShortcutsDialog(window.actions_table, window)
    form.open()
    field: Any = form.findChild(QTableWidget).cellWidget(0, 1)
    before = field.keySequence()
    field.setKeySequence(QKeySequence(key))
    field.editingFinished.emit()
    assert key in text_of(form)
    assert field.keySequence() == before
    form.reject()


def test_backspace_takes_a_shortcut_away(window: MainWindow):
    form = picture_dialogs.ShortcutsDialog(window.actions_table, window)
    form.open()
    names = [spec.id for spec in window.actions_table]
    field: Any = form.findChild(QTableWidget).cellWidget(names.index("keep"), 1)
    field.setKeySequence(QKeySequence("Backspace"))
    field.editingFinished.emit()
    assert window.actions_table["keep"].shortcuts() == []
    assert window.session.settings.keys == {"keep": ""}
    form.reject()


def test_the_status_line_counts_every_step(window: MainWindow):
    for place in range(3):
        drag(window, (10, 10 + 20 * place), (60, 10 + 20 * place))
    for undone in range(1, 4):
        window.session.undo()
        assert f"{3 - undone} undo, {undone} redo" in text_of(window.status_line).splitlines()
    assert not window.actions_table["undo"].isEnabled()
    assert "Stroke" in window.actions_table["redo"].text()


def test_cut_is_one_step_and_comes_back_by_paste(window: MainWindow):
    drag(window, (10, 10), (60, 60))
    ink = (window.session.document.picture().lines < 128).sum()
    window.actions_table["select_all"].trigger()
    assert window.session.document.selection == window.session.document.bounds
    window.actions_table["cut"].trigger()
    assert window.session.steps.undo == 2
    assert (window.session.document.picture().lines == 255).all()
    window.actions_table["paste"].trigger()
    assert (window.session.document.picture().lines < 128).sum() == ink
    window.actions_table["select_nothing"].trigger()
    assert not window.session.document.selection


def test_another_palette_is_one_step_and_the_brush_follows(window: MainWindow):
    session = window.session
    session.open_model(label_model(window))
    settle(session)
    before = session.document.palette
    box = window.palette_dock.findChild(QComboBox)
    assert box.currentText() == before.name
    other = next(row for row in range(box.count()) if box.itemText(row) != before.name)
    steps = session.steps.undo
    box.setCurrentIndex(other)
    box.activated.emit(other)
    assert session.document.palette == box.currentData() != before
    assert session.steps.undo == steps + 1
    assert session.strokes.ink.colour in {label.colour for label in session.document.palette.labels}
    listed = window.palette_dock.findChild(QListWidget, "labels")
    assert listed.count() == len(session.document.palette.labels)
    session.undo()
    assert session.document.palette == before
    assert box.currentText() == before.name


def test_a_new_layer_is_one_to_paint_on_whatever_was_chosen(window: MainWindow, tmp_path: Path):
    session = window.session
    write_png(tmp_path / "photo.png", np.zeros((80, 96, 3), np.uint8))
    done(session.layers.add_reference(tmp_path / "photo.png"))
    session.strokes.choose_layer(session.document.layers[-1].id)
    session.layers.add_paint()
    assert session.document.active.role.sent
    drag(window, (10, 10), (60, 60))
    assert (session.document.picture().lines < 128).any()


def test_a_layer_is_renamed_in_its_row(window: MainWindow):
    layers = window.layer_dock.findChild(QListWidget)
    layers.itemDoubleClicked.emit(layers.item(0))
    field = layers.itemWidget(layers.item(0)).findChild(QLineEdit)
    field.setText("Outline")
    QTest.keyClick(field, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert window.session.document.layers[-1].name == "Outline"
    assert window.session.steps.undo == 1


def test_the_window_remembers_how_it_is_divided(window: MainWindow):
    window.splitter.setSizes([600, 300])
    before = window.splitter.sizes()
    window.close()
    again = MainWindow(window.session)
    again.resize(window.size())
    again.show()
    shares = [sizes[0] / sum(sizes) for sizes in (before, again.splitter.sizes())]
    assert shares[0] == pytest.approx(shares[1], abs=0.05)
    again.close()
    again.deleteLater()


def test_a_shelf_with_one_more_frame_scales_no_thumbnail_again(window: MainWindow):
    for _ in range(2):
        assert done(window.session.shelf.keep())
    frames = window.shelf.findChild(QListWidget)
    first = frames.item(0).icon().cacheKey()
    assert done(window.session.shelf.keep())
    assert frames.count() == 3
    assert frames.item(0).icon().cacheKey() == first


def test_files_dropped_on_the_window_are_opened(window: MainWindow, tmp_path: Path):
    path = tmp_path / "photo.png"
    write_png(path, np.full((40, 60, 3), 200, np.uint8))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(drop)
    files_done(window.session)
    assert (window.session.document.width, window.session.document.height) == (60, 40)
    assert window.session.settings.recent == [str(path)]


def test_copy_and_paste_is_one_step(window: MainWindow):
    drag(window, (10, 10), (60, 60))
    window.clipboard.copy()
    before = window.session.document.undo_steps
    window.session.clear()
    window.clipboard.paste()
    assert window.session.document.undo_steps == before + 2
    assert (window.session.document.picture().lines < 128).any()


def test_pasting_without_a_picture_is_told(window: MainWindow):
    QGuiApplication.clipboard().clear()
    told = []
    window.session.notice.connect(told.append)
    window.clipboard.paste()
    assert len(told) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_dress_everything(window: MainWindow, theme: str):
    window.actions_table[f"theme_{theme}"].trigger()
    window.set_theme(theme)
    QApplication.processEvents()
    background = window.grab().toImage().pixelColor(window.canvas.mapTo(window, QPoint(4, 4)))
    assert (background.lightness() > 128) is (theme == "light")


def test_another_theme_is_put_on_without_a_word_of_the_session(window: MainWindow, session: Session):
    """Every part dresses itself; nothing is said to have changed that has not."""
    window.set_theme("light")
    news: list[str] = []
    session.restructured.connect(lambda: news.append("restructured"))
    session.library.changed.connect(news.append)
    session.live.changed.connect(news.append)
    swatch = window.palette_dock.widget().findChild(QToolButton)
    models = window.model_dock.findChild(QListWidget, "models")
    before = swatch.icon().cacheKey(), models.item(0).icon().cacheKey()
    window.set_theme("dark")
    window.preview_bar.findChild(QSlider).setValue(30)
    assert news == []
    after = swatch.icon().cacheKey(), models.item(0).icon().cacheKey()
    assert after[0] != before[0] and after[1] != before[1]
    window.set_theme("light")


def test_what_the_program_wears_is_not_put_on_again(window: MainWindow, qapp: QApplication):
    """It takes 50 ms, and every start asks for it twice."""
    worn = theme.icon("mdi6.undo")
    assert not theme.apply(qapp, "light") and theme.icon("mdi6.undo") is worn
    assert theme.apply(qapp, "dark") and theme.icon("mdi6.undo") is not worn
    qapp.setStyleSheet("")  # somebody took it off
    assert theme.apply(qapp, "dark") and qapp.styleSheet()
    assert theme.apply(qapp, "light")


def test_split_and_over_show_the_preview_on_the_canvas(window: MainWindow):
    def shown() -> QImage:
        return window.canvas.grab().toImage()

    window.actions_table["beside"].setChecked(True)
    QApplication.processEvents()
    window.canvas.fit()
    plain = shown()
    for mode in ("over", "split"):
        window.actions_table[mode].setChecked(True)
        QApplication.processEvents()
        assert not window.preview.isVisible()
        assert shown() != plain
    window.actions_table["beside"].setChecked(True)
    assert window.preview.isVisible()


def test_a_broken_model_file_is_listed_grey_with_its_reason(window: MainWindow, stocked_home: Path):
    (stocked_home / "models" / "broken.safetensors").write_bytes(b"\xff" * 64)
    window.session.library.refresh()
    models = window.model_dock.findChild(QListWidget)
    (item,) = [models.item(row) for row in range(models.count()) if "broken" in models.item(row).text()]
    assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
    assert len(item.text().splitlines()[1]) > 10


def test_esc_and_keys_reach_the_canvas(window: MainWindow):
    window.canvas.setFocus()
    size = window.session.strokes.ink.size
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    assert window.session.strokes.ink.size > size


@pytest.mark.parametrize(
    ("environment", "platform", "missing"),
    [
        ({}, "linux", True),
        ({"DISPLAY": ":0"}, "linux", False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False),
        ({"QT_QPA_PLATFORM": "xcb"}, "linux", False),
        ({}, "darwin", False),
        ({}, "win32", False),
    ],
)
def test_a_missing_display_is_known_before_qt_aborts(environment, platform, missing):
    assert display_is_missing(environment, platform) is missing
