"""How long the painting core takes for one report of the pen, a fill, and what the network is sent."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from desktop.paint.editing.document import Document
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
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
    ]
