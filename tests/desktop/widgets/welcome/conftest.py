"""A program that came with a few small models and drawings of its own, started as often as wanted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import (
    QApplication,
)

import resources
from desktop.app import begin, open_window
from desktop.paint.files.drawing import Drawing, Played
from desktop.paint.layers.layer import Role
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.preview.library import suggested
from desktop.widgets.main_window import MainWindow
from engine.data.card import InputKind
from tests.desktop.window_hands import files_done


def a_drawing(kind: InputKind, model: str, title: str) -> Drawing:
    """Two strokes, at a place of their own for each title."""
    start = 6.0 + len(title)
    ends = (Sample(start, 8.0), Sample(start + 24, 50.0))
    if kind == "labels":
        ink = Ink(brush="pixel", colour=(200, 180, 20), filled=True)
        strokes = [Played("rectangle", Role.LABELS, ink, ends)]
    else:
        strokes = [
            Played("pen", Role.LINES, Ink(size=3), ends),
            Played("line", Role.HINTS, Ink(size=12, colour=(200, 20, 20)), ends),
        ]
    return Drawing(kind, 96, 96, title, model=model, strokes=strokes)


@pytest.fixture
def bundle(tmp_path: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program that came with other models and drawings."""
    folder = tmp_path / "bundled"
    shutil.copytree(resources.path("palettes"), folder / "palettes")
    shutil.copytree(tiny_models, folder / "models")
    (folder / "samples").mkdir()
    drawings: list[tuple[InputKind, str, str]] = [
        ("sketch", "tiny sketch", "Boot"),
        ("sketch", "tiny sketch", "Another boot"),
        ("sketch", "tiny lines", "Bag"),
        ("labels", "tiny labels", "House"),
        ("sketch", "of somebody else", "Stranger"),
    ]
    for number, (kind, model, title) in enumerate(drawings):
        a_drawing(kind, model, title).save(folder / "samples" / f"{number}.json")
    monkeypatch.setattr(resources, "path", folder.joinpath)
    suggested.cache_clear()
    yield folder
    suggested.cache_clear()


@pytest.fixture
def started(qapp: QApplication, bundle: Path) -> Iterator[Callable[[], MainWindow]]:
    """Start the program, as often as wanted; what it remembers is in the home folder."""
    open_now: list[MainWindow] = []

    def close() -> None:
        window = open_now.pop()
        session = window.session
        files_done(session)  # while something is being written the window would stay open
        window.close()
        window.deleteLater()
        session.deleteLater()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        qapp.processEvents()

    def start() -> MainWindow:
        if open_now:
            close()
        session, window = open_window()
        open_now.append(window)
        window.resize(1280, 800)
        window.welcome.greet()
        window.show()
        begin(session, window, None)
        window.welcome.take_keyboard()
        return window

    yield start
    if open_now:
        close()


@pytest.fixture
def window(started: Callable[[], MainWindow]) -> MainWindow:
    """The very first start."""
    return started()
