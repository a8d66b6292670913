"""The demonstration: a recorded drawing, drawn anew in the real window with real pointer events.

Writes a picture of each stage and a short animation, which is the README's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

import resources
from desktop.demo import illustrations, stage
from desktop.demo.stage import Stage
from desktop.paint.files.drawing import Drawing
from engine.files.writing import replacing

ANIMATION_WIDTH = 800
FRAME_MS = 80
FILM_EVERY = 6
"""Places of the pen from frame to frame."""


def run(out: Path | None, guide: Path | None = None) -> list[Path]:
    """Draw every demonstration into the folder ``out``; returns the files written.

    Args:
        out: None for no demonstration.
        guide: where the pictures of the user guide go; None for no such pictures.

    Raises:
        ModelError: no model answers.
        OSError: a folder can't be written.
    """
    written: list[Path] = []
    with stage.opened() as there:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            written += Demonstration(there, out).perform()
        if guide is not None:
            guide.mkdir(parents=True, exist_ok=True)
            written += illustrations.take(there, guide)
    return written


class Demonstration:
    """What is shown, one thing after the other."""

    def __init__(self, there: Stage, out: Path) -> None:
        self._stage, self._out = there, out
        self._frames: list[Image.Image] = []
        self._written: list[Path] = []

    def perform(self) -> list[Path]:
        """Show all of it; returns the files written."""
        session, window = self._stage.session, self._stage.window
        self._shoot("1-first-start")
        drawings = [Drawing.load(path) for path in sorted(resources.path("samples").glob("*.json"))]
        sketches = [drawing for drawing in drawings if drawing.kind == "sketch"]
        labels = [drawing for drawing in drawings if drawing.kind == "labels"]
        if sketches:
            self._sketch(sketches[0])
        if labels:
            self._labels(labels[0])
        session.strokes.choose_tool("pen")
        window.actions_table["theme_dark"].setChecked(True)
        self._stage.wait_for_preview()
        self._shoot("7-dark")
        window.actions_table["split"].setChecked(True)
        self._shoot("8-split")
        window.actions_table["beside"].setChecked(True)
        window.actions_table["theme_light"].setChecked(True)
        return self._written

    def _shoot(self, name: str) -> None:
        self._written.append(self._stage.shoot(self._out / f"{name}.png"))

    def _film(self) -> None:
        """One more frame of the animation."""
        frame = self._stage.seen()
        height = round(ANIMATION_WIDTH * frame.height / frame.width)
        self._frames.append(frame.resize((ANIMATION_WIDTH, height), Image.Resampling.LANCZOS))

    def _draw(self, drawing: Drawing, after: Callable[[int], None], meanwhile: Callable[[int], None]) -> None:
        """Draw it stroke by stroke into an empty picture; ``after`` is told each stroke's number."""
        self._stage.put_up(drawing)
        for number, stroke in enumerate(drawing.strokes):
            self._stage.play(stroke, meanwhile)
            self._stage.wait_for_preview()
            after(number)

    def _sketch(self, drawing: Drawing) -> None:
        session, window = self._stage.session, self._stage.window
        half = len(drawing.strokes) // 2

        def meanwhile(index: int) -> None:
            if index % FILM_EVERY == FILM_EVERY - 1:
                self._stage.wait(lambda: not session.live.behind)
                self._film()

        def after(number: int) -> None:
            self._film()
            if number == half:
                self._shoot("2-half-drawn")

        self._draw(drawing, after, meanwhile)
        self._frames += self._frames[-1:] * 12
        self._shoot("3-drawn")
        self._written.append(_write_animation(self._frames, self._out / "drawing.webp"))
        self._stage.wait_for_preview()
        session.shelf.keep()
        self._stage.wait(lambda: not session.file_work.jobs)
        session.shelf.vary()
        self._stage.wait(lambda: session.shelf.awaited == 0)
        self._shoot("4-variations")
        session.shelf.clear_variations()
        window.actions_table["over"].setChecked(True)
        self._shoot("5-over")
        window.actions_table["beside"].setChecked(True)

    def _labels(self, drawing: Drawing) -> None:
        if self._stage.open_model_for("labels"):
            self._draw(drawing, lambda _number: None, lambda _place: None)
            self._shoot("6-labels")


def _write_animation(frames: list[Image.Image], path: Path) -> Path:
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
    return path
