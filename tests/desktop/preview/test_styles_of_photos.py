"""Styles of photos in the window: dropped on the preview, chosen, refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Failed, ReadStyle
from tests.desktop.window_hands import files_done, send, until


def photo(path: Path) -> Path:
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    return path


def drop(path: Path, widget: QWidget) -> list[bool]:
    """Drag a file over a widget and let go of it there; whether each event was accepted."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at, copy, left = widget.rect().center(), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    events = (QDragEnterEvent(at, copy, data, left, none), QDropEvent(QPointF(at), copy, data, left, none))
    for event in events:
        QApplication.sendEvent(widget, event)
    return [event.isAccepted() for event in events]


def test_a_photo_dropped_on_the_preview_gives_its_style(
    window: MainWindow, styled: Session, tmp_path: Path, told: list[str]
) -> None:
    path = photo(tmp_path / "boot.png")
    assert drop(path, window.preview) == [True, True]
    until(lambda: styled.document.style is not None)
    assert styled.document.style.name == "boot" and styled.styles.reading is None
    assert told == ["The picture has the style of “boot” now."]
    before = styled.document.style
    styled.styles.take_of(photo(tmp_path / "boot.png"))
    until(lambda: styled.styles.reading is None)
    assert styled.document.style == before, "the same photo has the same style"
    assert len(styled.pictures) == 1


def test_what_is_dropped_elsewhere_is_opened(window: MainWindow, styled: Session, tmp_path: Path) -> None:
    path = photo(tmp_path / "boot.png")
    drop(path, window.canvas)
    files_done(styled)
    assert styled.picture.name == "boot" and styled.document.style is None


def test_without_styles_of_photos_a_drop_on_the_preview_opens(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    path = photo(tmp_path / "boot.png")
    drop(path, window.preview)
    files_done(session)
    assert session.picture.name == "boot"


def test_a_photo_that_is_none_is_told(styled: Session, tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    styled.styles.take_of(tmp_path / "no.png")
    until(lambda: told)
    assert len(told) == 1 and "no.png" in told[0]
    assert styled.styles.reading is None and styled.document.style is None


def test_a_style_that_comes_in_a_stroke_waits_for_its_end(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    kinds, left, none = QMouseEvent.Type, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(window, kinds.MouseButtonPress, (10, 10), left, left)
    styled.styles.take_of(photo(tmp_path / "boot.png"))
    until(lambda: styled.styles.reading is None)
    assert styled.styles.current is None and styled.strokes.drawing
    send(window, kinds.MouseButtonRelease, (10, 10), left, none)
    assert styled.document.style.name == "boot"


def test_a_photo_that_cannot_be_read_does_not_hold_up_the_next(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    styled.styles.take_of(tmp_path / "gone.png")
    first = styled.styles.reading
    assert first is not None
    styled.styles.take_of(photo(tmp_path / "boot.png"))
    styled.live.refused.emit(Failed(ReadStyle(first), "It is gone."))  # the engine had begun with it
    until(lambda: styled.document.style is not None)
    assert styled.document.style.name == "boot"


@pytest.mark.parametrize("what", ["broken", "empty", "folder", "gone", "text"])
def test_what_is_no_photo_is_told_and_nothing_changes(
    window: MainWindow, styled: Session, tmp_path: Path, told: list[str], what: str
) -> None:
    file = tmp_path / "photo.png"
    if what == "broken":
        file.write_bytes(photo(tmp_path / "whole.png").read_bytes()[:200])
    elif what == "folder":
        file.mkdir()
    elif what != "gone":
        file.write_bytes(b"" if what == "empty" else b"not a photo")
    drop(file, window.preview)
    until(lambda: styled.styles.reading is None)
    assert len(told) == 1 and "photo.png" in told[0] and "\n" not in told[0]
    assert styled.document.style is None
