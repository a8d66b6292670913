"""How soon a sketch is ready for the network after a dab, against preparing all of it anew."""

from __future__ import annotations

import itertools
import statistics
import time

import numpy as np
from PIL import Image, ImageDraw

from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.planes import codec, ink
from engine.planes.preparing import Preparing
from tests.bench.rows import Row
from tests.bench.turns import alternating, report, spread

SIZES = (512, 2048)
MOST = {512: 0.75, 2048: 0.35}
"""Share of the time for all of it; a dab of ink has all lines redrawn at the model's size, 256²."""
DAB = 32


def run() -> list[Row]:
    """A dab of ink and one of colour, on documents of 512² and 2048²."""
    rows = []
    for size, role in itertools.product(SIZES, ("lines", "hints")):
        sketch = Sketch(size)
        parts, whole = alternating(lambda: sketch.dab(role), sketch.anew)  # noqa: B023
        report(f"preparing a sketch of {size}², {role}", parts)
        what = f"preparing a sketch of {size}² after a dab of {'ink' if role == 'lines' else 'colour'}"
        ratio = statistics.median(parts) / statistics.median(whole)
        rows += [Row(what, None, *spread(parts)), Row(f"{what}, against all of it", MOST[size], ratio, "×")]
    return [*rows, redrawn()]


def redrawn() -> Row:
    """A typical drawing of 256² brought to a model's line width; the least of 30."""
    drawn = Image.new("L", (256, 256), 255)
    pen = ImageDraw.Draw(drawn)
    rng = np.random.default_rng(1)
    for _ in range(6):
        pen.line([tuple(point) for point in rng.integers(20, 236, (5, 2)).tolist()], fill=40, width=4)
    lines, milliseconds = np.asarray(drawn), []
    for _ in range(30):
        start = time.perf_counter()
        ink.redrawn(lines, 1.5)
        milliseconds.append((time.perf_counter() - start) * 1000)
    span = min(milliseconds), max(milliseconds)
    return Row("a typical drawing of 256² is redrawn, at least", 5, min(milliseconds), "ms", span=span)


class Sketch:
    """A bag of few lines with a patch of colour, on which dabs wander."""

    def __init__(self, size: int) -> None:
        settings = {"levels": 8, "width": 32, "inputs": 5, "outputs": 3, "norm": "batch", "dropout": True}
        self._card = Card("sketch", "unet", settings, "sketch", hints=True, line_width=1.5)
        self._pen = size // 128
        lines, hints = np.full((size, size), 255, np.uint8), np.zeros((size, size, 4), np.uint8)
        for top, left in ((1, 2), (4, 1)):
            outside = np.s_[top * size // 8 : 7 * size // 8, left * size // 8 : -left * size // 8]
            lines[outside] = 0
            lines[outside][self._pen : -self._pen, self._pen : -self._pen] = 255
        hints[5 * size // 8 : 6 * size // 8, size // 4 : -size // 4] = (180, 30, 30, 255)
        self._planes = {"lines": lines, "hints": hints}
        self._preparing = Preparing(self._card)
        self._places = itertools.cycle(range(size // 4, size // 2, self._pen))
        self.dab("lines")

    def dab(self, role: str) -> Pixels:
        """One more, and what the network sees then. The picture's own copy is part of the time."""
        place = next(self._places)
        plane = self._planes[role].copy()
        plane[place : place + DAB, 2 * place // 3 : 2 * place // 3 + DAB] = (
            0 if role == "lines" else (20, 90, 200, 255)
        )
        self._planes[role] = plane
        return self._preparing(Picture(**self._planes), self._card.size)

    def anew(self) -> Pixels:
        """The same, as if it were the first."""
        return codec.prepare(Picture(**self._planes), self._card, self._card.size)
