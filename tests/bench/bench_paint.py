"""How long the painting core takes for a report of the pen, a fill, a drag, and what the network is sent."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter, QTransform

from desktop.paint.editing.document import Document
from desktop.paint.editing.selection import Area
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from desktop.widgets.parts.reduced import Reduced
from engine.data.card import InputKind
from engine.data.palette import Label, Palette
from tests.bench.rows import Row


def _milliseconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def _samples(edge: int, ink: Ink, step: float) -> list[float]:
    """Milliseconds a sample, over 20 winding strokes of 60 samples."""
    document = Document.new("image", edge, edge)
    rng = np.random.default_rng(1)
    times = []
    for _ in range(20):
        x = y = edge / 2
        angle = float(rng.uniform(0, 6))
        stroke = tools()["pen"].start(document, ink, Sample(x, y))
        for _ in range(60):
            angle += float(rng.normal(0, 0.3))
            x = min(max(x + step * np.cos(angle), 0), edge)
            y = min(max(y + step * np.sin(angle), 0), edge)
            sample = Sample(x, y, float(rng.uniform(0.5, 1)))
            times.append(_milliseconds(lambda stroke=stroke, sample=sample: stroke.move(sample)))
        stroke.finish(Sample(x, y))
    return times


def _fills() -> list[float]:
    """Milliseconds from pen down to the finished step, inside a drawn outline on 1024²."""
    document = Document.new("sketch", 1024, 1024)
    outline = tools()["ellipse"].start(document, Ink(size=4), Sample(40, 40))
    outline.finish(Sample(980, 980))
    document.select(document.layers[0].id)
    times = []
    for turn in range(9):
        ink = Ink(colour=(200, 30 + turn, 30), gap=4)

        def fill(ink: Ink = ink) -> None:
            tools()["fill"].start(document, ink, Sample(500, 500)).finish(Sample(500, 500))

        times.append(_milliseconds(fill))
        document.undo()
    return times


def _pictures() -> list[float]:
    """Milliseconds for what the network is sent, after one report of a 30-px pen on 1024²."""
    document = Document.new("sketch", 1024, 1024)
    document.picture()
    stroke = tools()["pen"].start(document, Ink(size=30), Sample(100, 100))
    times = []
    for step in range(60):
        stroke.move(Sample(100 + step * 12, 300))
        times.append(_milliseconds(document.picture))
    stroke.abort()
    return times


def _drags(kind: InputKind) -> list[float]:
    """Milliseconds from a report of the pen to what is transformed drawn at its new place, 4096² on 900² of
    the screen: moved, then turned."""
    edge, shown = 4096, 900
    palette = Palette("two", (Label("paper", (255, 255, 255)), Label("house", (200, 30, 30))))
    document = Document.new(kind, edge, edge, palette if kind == "labels" else None)
    pixels = np.full((edge, edge, 4), (200, 30, 30, 255), np.uint8)
    pixels[::5, ::3, :3] = 255
    document.paste(pixels, 0, 0)
    stroke = tools()["transform"].start(document, Ink(), Sample(0, 0))
    reduced, screen = Reduced(), QImage(shown, shown, QImage.Format.Format_RGB32)

    def report(x: float, y: float) -> None:
        stroke.move(Sample(x, y))
        with QPainter(screen) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setTransform(QTransform.fromScale(shown / edge, shown / edge))
            reduced.paint(painter, document, True, QRect(0, 0, shown, shown), stroke.ghost)

    times = []
    for start in (Sample(edge / 2, edge / 2), Sample(edge + 200, edge / 2)):
        stroke.press(start)
        for step in range(1, 11):
            at = start.x + 17 * step, start.y + 31 * step
            times.append(_milliseconds(lambda at=at: report(*at)))
        stroke.finish(Sample(start.x + 170, start.y + 310))
    stroke.abort()
    return times


def _outline() -> Row:
    """Milliseconds until the marching line of a selection of grain is there, as one by colour makes it."""
    grain = Area.of(np.random.default_rng(3).random((4096, 4096)) < 0.5)
    times = [_milliseconds(grain.edges) for _ in range(5)]
    what = "the outline of a selection of grain, 4096², median"
    return Row(what, 50.0, statistics.median(times), "ms", span=(min(times), max(times)))


def _drag(kind: InputKind) -> Row:
    times = _drags(kind)
    what = f"one move of a transform drag, {kind}, 4096², median"
    return Row(what, 50.0, statistics.median(times), "ms", span=(min(times), max(times)))


def run() -> list[Row]:
    """Medians, in milliseconds."""
    soft = Ink("soft", 100, 0.3, pressure_size=False)
    return [
        Row(
            "one sample, soft 100-px brush, 2048² picture",
            2.0,
            statistics.median(_samples(2048, soft, 20)),
            "ms",
        ),
        Row(
            "one sample, 30-px pen, 1024² picture",
            1.0,
            statistics.median(_samples(1024, Ink(size=30), 12)),
            "ms",
        ),
        Row("filling an outlined area, gaps closed, 1024²", 100.0, statistics.median(_fills()), "ms"),
        Row("the picture for the network after a sample, 1024²", None, statistics.median(_pictures()), "ms"),
        *(_drag(kind) for kind in ("image", "labels")),
        _outline(),
    ]
