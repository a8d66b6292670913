"""The preview in a window of its own: real events, another start, another screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSizeF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.app import begin, open_window
from desktop.session import Session
from desktop.widgets.canvas.preview_window import PreviewWindow
from desktop.widgets.main_window import MainWindow
from tests.desktop.styled_models import write_styled
from tests.desktop.window_hands import done, drag, files_done, model, settle, until


def opened(window: MainWindow) -> PreviewWindow:
    window.actions_table["preview_window"].trigger()
    found = window.preview_controller.window
    assert found is not None and found.isVisible()
    found.resize(500, 420)
    QApplication.processEvents()
    return found


def seen(own: PreviewWindow) -> np.ndarray:
    image = own.preview.grab().toImage().convertToFormat(own.preview.grab().toImage().Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def wheel(own: PreviewWindow, at: QPointF) -> None:
    event = QWheelEvent(
        at, own.preview.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(own.preview, event)


def test_it_shows_the_preview_and_gives_the_panel_back(window: MainWindow, session: Session) -> None:
    assert window.preview.isVisible()
    own = opened(window)
    assert not window.preview.isVisible()
    before = seen(own)
    drag(window, (20, 20), (70, 20), (70, 60))
    settle(session)
    after = seen(own)
    assert not np.array_equal(before, after)
    window.set_mode("split")
    window.set_mode("beside")
    assert not window.preview.isVisible()
    own.close()
    assert window.preview.isVisible() and not window.actions_table["preview_window"].isChecked()
    assert not session.settings.preview_window
    again = opened(window)
    assert again is own
    window.actions_table["preview_window"].trigger()
    assert not own.isVisible() and window.preview.isVisible()


def test_it_repaints_with_the_panel(window: MainWindow, session: Session) -> None:
    """No timer and no queue of its own lies between an answer and its paint event."""
    own = opened(window)
    drag(window, (20, 20), (70, 20))
    settle(session)
    preview = session.live.preview
    assert preview is not None
    session.live.show(np.zeros_like(preview))
    QApplication.processEvents()
    other = seen(own)
    session.live.show(np.full_like(preview, 255))
    QApplication.processEvents()
    assert np.abs(seen(own).astype(int) - other).max() == 255


def test_it_has_a_zoom_of_its_own(window: MainWindow, session: Session) -> None:
    own = opened(window)
    canvas, scale = window.view.scale, own.view.scale
    wheel(own, QPointF(100, 100))
    assert own.view.scale > scale and window.view.scale == canvas and not own.view.fitted
    centre = QPointF(own.view.centre)
    QTest.mousePress(own.preview, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    QTest.mouseMove(own.preview, QPoint(230, 210))
    QTest.mouseRelease(own.preview, Qt.MouseButton.LeftButton, pos=QPoint(230, 210))
    assert own.view.centre != centre
    own.fit_action.trigger()
    assert own.view.fitted and own.view.scale == pytest.approx(scale)
    own.resize(300, 260)
    QApplication.processEvents()
    assert own.view.scale < scale


def test_full_screen_and_back(window: MainWindow, session: Session) -> None:
    own = opened(window)
    QTest.keyClick(own, Qt.Key.Key_F11)
    until(lambda: own.isFullScreen())
    assert not window.isFullScreen() and own.full.isChecked()
    QTest.keyClick(own, Qt.Key.Key_Escape)
    until(lambda: not own.isFullScreen())
    own.on_top.trigger()
    assert own.isVisible() and own.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
    own.on_top.trigger()
    assert own.isVisible() and not own.windowFlags() & Qt.WindowType.WindowStaysOnTopHint


def test_it_survives_other_models_and_pictures(window: MainWindow, session: Session) -> None:
    own = opened(window)
    session.open_model(model(session, "tiny labels"))
    settle(session)
    assert own.isVisible() and session.document.kind == "labels"
    session.new_picture("sketch", 200, 50)
    settle(session)
    room = QSizeF(own.preview.size())
    at = own.view.transform(room).map(QPointF(100, 25))
    assert at == QPointF(room.width() / 2, room.height() / 2)
    assert seen(own).std() > 0


def test_what_is_dropped_behaves_as_on_the_main_window(
    window: MainWindow, session: Session, stocked_home: Path, tmp_path: Path
) -> None:
    own = opened(window)
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "photo.png"))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    former = session.picture

    def drop() -> None:
        at, copy = QPoint(50, 50), Qt.DropAction.CopyAction
        QApplication.sendEvent(own.preview, QDragEnterEvent(at, copy, data, buttons, keys))
        QApplication.sendEvent(own.preview, QDropEvent(QPointF(at), copy, data, buttons, keys))

    drop()
    files_done(session)
    assert session.picture is not former and session.document.width == 64
    write_styled(stocked_home / "models" / "styles.safetensors")
    session.library.refresh()
    session.open_model(model(session, "tiny styles"))
    settle(session)
    drop()
    until(lambda: session.document.style is not None)


def test_it_is_back_after_a_restart(window: MainWindow, session: Session, qapp: QApplication) -> None:
    own = opened(window)
    own.move(40, 30)
    own.resize(410, 330)
    own.on_top.trigger()
    QApplication.processEvents()
    place = own.geometry()
    window.close()
    assert session.settings.preview_window and not own.isVisible()
    second, other = open_window()
    other.show()
    begin(second, other, None)
    settle(second)
    again = other.preview_controller.window
    assert again is not None and again.isVisible()
    # The frame of an offscreen window is not known before it is shown.
    away = again.geometry().topLeft() - place.topLeft()
    assert again.size() == place.size() and away.manhattanLength() <= 8
    assert again.on_top.isChecked() and not other.preview.isVisible()
    again.move(90_000, 70_000)  # a screen that is gone by the next start
    again.remember()
    lost = PreviewWindow(second, (), other)
    screen = qapp.primaryScreen().availableGeometry()
    part = screen.intersected(lost.geometry())
    assert part.width() >= 48 and part.height() >= 48
    lost.deleteLater()
    other.close()
    other.deleteLater()
    second.deleteLater()
    qapp.sendPostedEvents(None, 52)
    qapp.processEvents()


def test_esc_ends_comparing_before_full_screen_and_undo_is_heard(
    window: MainWindow, session: Session
) -> None:
    drag(window, (20, 20), (70, 20))
    settle(session)
    assert done(session.shelf.keep())
    own = opened(window)
    own.full.setChecked(True)
    session.comparing.begin()
    assert session.comparing.sides is not None
    QTest.keyClick(own, Qt.Key.Key_Escape)
    assert session.comparing.sides is None and own.isFullScreen()
    QTest.keyClick(own, Qt.Key.Key_Escape)
    assert not own.isFullScreen()
    steps = session.steps.undo
    QTest.keyClick(own, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.steps.undo == steps - 1


def test_esc_in_the_main_window_ends_comparing_too(window: MainWindow, session: Session) -> None:
    assert done(session.shelf.keep())
    opened(window)
    window.activateWindow()
    until(window.isActiveWindow)
    for widget in (window, window.canvas):
        session.comparing.begin()
        QTest.keyClick(widget, Qt.Key.Key_Escape)
        assert session.comparing.sides is None and not window.actions_table["compare"].isChecked()
