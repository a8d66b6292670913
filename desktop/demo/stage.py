"""A real window with hands that draw in it: what the demonstration and the guide's pictures are made with.

Needs no display. The window has a home of its own, so it shows neither the user's models nor their drawings.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QEvent, QEventLoop, QPointF, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.app import begin, make_application, open_window
from desktop.documents.open_documents import OpenPicture
from desktop.paint.files.drawing import Drawing, Played
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.card import InputKind
from engine.errors import ModelError
from engine.files.writing import replacing

WINDOW = QSize(1280, 800)
PATIENCE_S = 60.0
"""How long to wait for a preview before giving up."""

SURROUNDINGS = {"UNDERPAINT_HURRY": "1"}
"""A training started here would otherwise wait until the machine has nothing else to do."""


class Stage:
    """A window, and hands that draw in it."""

    def __init__(self, session: Session, window: MainWindow) -> None:
        self.session, self.window = session, window

    def wait(self, done: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Let the program live until ``done()``.

        Raises:
            ModelError: it takes longer than so many seconds.
        """
        loop = QEventLoop()
        timer = QTimer()
        timer.setInterval(5)
        deadline = time.monotonic() + seconds
        timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > deadline else None)
        timer.start()
        loop.exec()
        if not done():
            raise ModelError("The demonstration waited in vain for the program; see the messages above.")

    def wait_for_preview(self) -> None:
        """Wait until the preview shows the picture as it is, exactly, and so do the tiles of styles."""
        live, styles = self.session.live, self.session.styles

        def tiles_show_it() -> bool:
            seen = [tile for index, tile in enumerate(styles.tiles) if index in styles.shown]
            return not (styles.watched and live.enabled) or all(map(styles.shows, seen))

        self.wait(lambda: live.preview is not None and not live.behind and live.settled and tiles_show_it())

    def export(self, what: str, path: Path) -> None:
        """Export ``picture``, ``preview`` or ``pair``, and wait until it is written.

        Raises:
            ModelError: it can't be written.
        """
        job = self.session.export(what, path)
        self.wait(lambda: job is None or job.is_over)
        if job is None or not job.is_fine:
            raise ModelError(f"“{path}” can't be written; see the messages above.")

    def seen(self, widget: QWidget | None = None) -> Image.Image:
        """What the window, or another widget, looks like once it has found its layout."""
        for _ in range(3):
            QApplication.processEvents()
        return _grabbed(widget or self.window)

    def shoot(self, path: Path) -> Path:
        """Write a PNG of the window."""
        picture = self.seen()
        with replacing(path) as part:
            picture.save(part, "PNG")
        return path

    def open_model_for(self, kind: InputKind) -> bool:
        """Paint with the first model for pictures of that kind; whether there is one."""
        session = self.session
        entry = session.library.preferred(kind, {})
        if entry is None or entry.card is None or entry.card.input != kind:
            return False
        session.open_model(entry.file)
        self.wait(lambda: session.live.card is not None and session.live.model_file == entry.file)
        self.wait_for_preview()
        return True

    def put_up(self, drawing: Drawing) -> None:
        """The empty picture for a drawing, with the model that it was made for if there is one."""
        session = self.session
        entry = next((entry for entry in session.library.models if entry.name == drawing.model), None)
        card = entry.card if entry and entry.card else session.live.card
        picture = OpenPicture(drawing.document(card.palette if card else None), title=drawing.title)
        session.put_up(picture, entry.file if entry and entry.card else None)
        self.wait(lambda: session.live.card is not None)
        self.wait_for_preview()

    def play(self, stroke: Played, meanwhile: Callable[[int], None] = lambda _place: None) -> None:
        """Draw a stroke with the mouse; ``meanwhile`` is told each place of the pen."""
        self.session.strokes.choose_role(stroke.role)
        self.session.strokes.choose_tool(stroke.tool)
        self.session.strokes.set_ink(**vars(stroke.ink))
        for index, sample in enumerate(stroke.samples):
            kind = QEvent.Type.MouseButtonPress if index == 0 else QEvent.Type.MouseMove
            self._point(kind, sample.x, sample.y)
            meanwhile(index)
        last = stroke.samples[-1]
        self._point(QEvent.Type.MouseButtonRelease, last.x, last.y)

    def drag(self, *points: tuple[float, float]) -> None:
        """Draw through picture points with the tool in hand."""
        for index, point in enumerate(points):
            self._point(QEvent.Type.MouseMove if index else QEvent.Type.MouseButtonPress, *point)
        self._point(QEvent.Type.MouseButtonRelease, *points[-1])

    def _point(self, kind: QEvent.Type, x: float, y: float) -> None:
        canvas = self.window.canvas
        at = self.window.canvas_point(x, y)
        button = Qt.MouseButton.LeftButton
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        pressed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
        glob = QPointF(canvas.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, glob, pressed, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)
        QApplication.processEvents()


@contextmanager
def opened() -> Iterator[Stage]:
    """The window as it is at the very first start, in light colours, with its first preview.

    Raises:
        ModelError: no model answers.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with (
        tempfile.TemporaryDirectory(prefix="underpaint-") as home,
        # Where it would be, so that it reads as it does at home.
        _environment(**SURROUNDINGS, HOME=home, UNDERPAINT_HOME=f"{home}/.local/share/underpaint"),
    ):
        application = QApplication.instance() or make_application()
        session, window = open_window()
        try:
            window.actions_table["theme_light"].setChecked(True)
            window.resize(WINDOW)
            window.show()
            begin(session, window, None)
            stage = Stage(session, window)
            stage.wait_for_preview()
            yield stage
        finally:
            window.close()
            application.processEvents()


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _grabbed(widget: QWidget) -> Image.Image:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return Image.fromarray(rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy())
