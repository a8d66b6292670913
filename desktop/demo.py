"""The demonstration: a recorded drawing, drawn anew in the real window with real pointer events.

Needs no display. Writes a picture of each stage and a short animation; the README's come from here.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QEvent, QEventLoop, QPointF, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication

import resources
from desktop.app import begin, make_application, open_window
from desktop.easel import OpenPicture
from desktop.paint.drawing import Drawing
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.errors import ModelError
from engine.files import replacing

WINDOW = QSize(1280, 800)
ANIMATION_WIDTH = 800
FRAME_MS = 80
PATIENCE_S = 60.0
"""How long to wait for a preview before giving up."""


def run(out: Path) -> list[Path]:
    """Draw every demonstration into the folder ``out``; returns the files written.

    Raises:
        ModelError: no model answers.
        OSError: ``out`` can't be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        before = os.environ.get("UNDERPAINT_HOME")
        os.environ["UNDERPAINT_HOME"] = home
        try:
            application = QApplication.instance() or make_application()
            session, window = open_window()
            stage = Stage(session, window, out)
            try:
                _perform(stage)
                return stage.written
            finally:
                window.close()
                application.processEvents()
        finally:
            if before is None:
                del os.environ["UNDERPAINT_HOME"]
            else:
                os.environ["UNDERPAINT_HOME"] = before


class Stage:
    """A window, and hands that draw in it."""

    def __init__(self, session: Session, window: MainWindow, out: Path) -> None:
        self.session, self.window, self.out = session, window, out
        self.frames: list[Image.Image] = []
        self.written: list[Path] = []

    def wait(self, done: Callable[[], bool]) -> None:
        """Let the program live until ``done()``.

        Raises:
            ModelError: it takes longer than ``PATIENCE_S``.
        """
        loop = QEventLoop()
        timer = QTimer()
        timer.setInterval(5)
        deadline = time.monotonic() + PATIENCE_S
        timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > deadline else None)
        timer.start()
        loop.exec()
        if not done():
            raise ModelError("The demonstration waited in vain for a preview; see the messages above.")

    def settle(self) -> None:
        """Wait until the preview shows the picture as it is, exactly."""
        live = self.session.live
        self.wait(lambda: live.preview is not None and not live.behind and live.settled)

    def shoot(self, name: str) -> None:
        """A picture of the window, once it has found its layout."""
        for _ in range(3):
            QApplication.processEvents()
        path = self.out / f"{name}.png"
        with replacing(path) as part:
            self.window.grab().save(str(part), "PNG")
        self.written.append(path)

    def film(self) -> None:
        """One more frame of the animation."""
        image = self.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        pixels = rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3)
        height = round(ANIMATION_WIDTH * image.height() / image.width())
        frame = Image.fromarray(pixels.copy()).resize((ANIMATION_WIDTH, height), Image.Resampling.LANCZOS)
        self.frames.append(frame)

    def draw(self, drawing: Drawing, after_stroke: Callable[[int], None], film_every: int = 0) -> None:
        """Draw ``drawing`` with the mouse into an empty picture, stroke by stroke."""
        card = self.session.live.card
        palette = card.palette if card else None
        self.session.put_up(OpenPicture(drawing.document(palette), title=drawing.title))
        self.wait(lambda: self.session.live.card is not None)
        self.settle()
        for number, stroke in enumerate(drawing.strokes):
            self.session.hand.choose_role(stroke.role)
            self.session.hand.choose_tool(stroke.tool)
            self.session.hand.set_ink(**vars(stroke.ink))
            for place, sample in enumerate(stroke.samples):
                kind = QEvent.Type.MouseButtonPress if place == 0 else QEvent.Type.MouseMove
                self._point(kind, sample.x, sample.y)
                if film_every and place % film_every == film_every - 1:
                    self.wait(lambda: not self.session.live.behind)
                    self.film()
            last = stroke.samples[-1]
            self._point(QEvent.Type.MouseButtonRelease, last.x, last.y)
            self.settle()
            after_stroke(number)

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


def _perform(stage: Stage) -> None:
    session, window = stage.session, stage.window
    window.resize(WINDOW)
    window.show()
    begin(session, window, None)
    stage.settle()
    stage.shoot("1-first-start")
    drawings = {path.stem: Drawing.load(path) for path in sorted(resources.path("samples").glob("*.json"))}
    sketches = [drawing for drawing in drawings.values() if drawing.kind == "sketch"]
    labels = [drawing for drawing in drawings.values() if drawing.kind == "labels"]
    if sketches:
        _sketch(stage, sketches[0])
    if labels:
        _labels(stage, labels[0])
    session.hand.choose_tool("pen")
    window.set_theme("dark")
    stage.settle()
    stage.shoot("7-dark")
    window.actions_table["split"].setChecked(True)
    stage.shoot("8-split")
    window.actions_table["beside"].setChecked(True)


def _sketch(stage: Stage, drawing: Drawing) -> None:
    window, session = stage.window, stage.session
    half = len(drawing.strokes) // 2

    def after(number: int) -> None:
        stage.film()
        if number == half:
            stage.shoot("2-half-drawn")

    stage.draw(drawing, after, film_every=6)
    stage.frames += stage.frames[-1:] * 12
    stage.shoot("3-drawn")
    _write_animation(stage.frames, stage.out / "drawing.webp")
    stage.written.append(stage.out / "drawing.webp")
    session.shelf.keep()
    session.shelf.vary()
    stage.wait(lambda: session.shelf.awaited == 0)
    stage.shoot("4-variations")
    session.shelf.clear_variations()
    window.actions_table["over"].setChecked(True)
    stage.shoot("5-over")
    window.actions_table["beside"].setChecked(True)


def _labels(stage: Stage, drawing: Drawing) -> None:
    entry = stage.session.library.preferred("labels", {})
    if entry is None or entry.card is None or entry.card.input != "labels":
        return
    stage.session.open_model(entry.file)
    stage.wait(lambda: stage.session.live.card is not None)
    stage.draw(drawing, lambda _number: None)
    stage.shoot("6-labels")


def _write_animation(frames: list[Image.Image], path: Path) -> None:
    """A WebP: a tenth of the size of a GIF, and in true colours."""
    with replacing(path) as part:
        frames[0].save(
            part,
            "WEBP",
            save_all=True,
            append_images=frames[1:],
            duration=FRAME_MS,
            loop=0,
            quality=70,
            method=4,
        )
