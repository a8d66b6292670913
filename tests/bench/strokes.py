"""Stroke updates: how long until the preview shows a dab, how exact it is there, and what work that is."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.rect import Rect
from engine.models import bundle
from engine.passes.following import MARGIN
from engine.passes.generator import Generator
from engine.planes import codec, windows
from tests.bench import bars
from tests.bench.rows import Row
from tests.bench.turns import alternating, report, spread
from tests.engine.frozen import Frozen

DAB = 32
"""Pixels across."""

SIZES = (256, 512, 1024)
AGAINST_SMALLEST, AGAINST_FRAME = 1.5, 1.2
EXACT_MS = 150
NEAR_DB = 35
DABS = 40


class Stroke:
    """A picture over which dabs wander, and the generator that follows it."""

    def __init__(self, generator: Generator, size: int) -> None:
        self.generator = generator
        self.picture = blank(generator.card, size)
        self._places = places(size)
        self._colours = itertools.cycle(colours(generator.card))
        generator.update(self.picture)

    def dab(self) -> tuple[Pixels, Rect]:
        """One more, and the preview with it."""
        rect = next(self._places)
        paint(self.picture, rect, next(self._colours))
        preview = self.generator.update(self.picture, rect)
        assert not self.generator.settled, "a dab should be a part of the picture"
        return preview, rect

    def settle(self) -> None:
        """Have the exact frame."""
        self.generator.settle()
        assert self.generator.settled


def times(generator: Generator, reference: Callable[[Pixels], Pixels], kind: str) -> list[Row]:
    """Updates against the reference frame and against each other at several sizes; exact frames."""
    name = f"unet_256, 64 channels, {kind} statistics"
    card, tensors = generator.card, generator._tensors
    strokes = {SIZES[0]: Stroke(generator, SIZES[0])}
    still = blank(card, SIZES[0])
    update, theirs = alternating(strokes[SIZES[0]].dab, lambda: reference(still))
    report(f"{name}, stroke update", update)
    rows = [
        Row(f"stroke update, {DAB}-px dab, 256², {name}", None, *spread(update)),
        Row(
            f"stroke update, 256², {name}, against the reference frame",
            bars.dab(),
            statistics.median(update) / statistics.median(theirs),
            "×",
        ),
    ]
    for size in SIZES[1:]:
        strokes[size] = Stroke(Generator(card, dict(tensors), statistics=generator.statistics), size)
    small, *larger = alternating(*(stroke.dab for stroke in strokes.values()))
    for size, taken in zip(SIZES[1:], larger, strict=True):
        report(f"{name}, stroke update, {size}²", taken)
        ratio = statistics.median(taken) / statistics.median(small)
        rows.append(Row(f"stroke update, {size}², {name}, against 256²", AGAINST_SMALLEST, ratio, "×"))
    for size in SIZES[:2]:
        rows += _settling(strokes[size], size, name)
    return rows


def _settling(stroke: Stroke, size: int, name: str) -> list[Row]:
    """The exact frame after the pen rests, against a plain call."""
    settled: list[float] = []
    _, exact, frame = alternating(
        stroke.dab, stroke.settle, lambda: stroke.generator(stroke.picture), turns=10
    )
    settled += exact
    report(f"{name}, exact frame after the pen rests, {size}²", settled)
    middle = statistics.median(settled)
    if size == SIZES[0]:
        return [Row(f"exact frame after the pen rests, 256², {name}", EXACT_MS, middle, "ms")]
    what = f"exact frame after the pen rests, {size}², {name}, against its own full frame"
    return [Row(what, AGAINST_FRAME, middle / statistics.median(frame), "×")]


def likeness(file: Path) -> list[Row]:
    """The least PSNR of an update, inside the dab, against the plain network's frame; with the statistics
    of the image, that with the moments of pen down."""
    rows = []
    for kind in ("running", "image"):
        card, tensors = bundle.read(file)
        generator = Generator(card, dict(tensors), statistics=kind)
        plain = Frozen(card, tensors, kind)
        stroke = Stroke(generator, SIZES[0])
        plain.measure(_planes(stroke))
        least = 99.0
        for _ in range(DABS):
            made, rect = stroke.dab()
            wanted = codec.to_pixels(plain.still(_planes(stroke)), SIZES[0], SIZES[0])
            least = min(least, psnr(made[rect.rows, rect.columns], wanted[rect.rows, rect.columns]))
        what = f"stroke update of {card.name}, {kind} statistics, inside the change, least PSNR"
        rows.append(Row(what, NEAR_DB, least, "dB", least=True))
    return rows


def work() -> list[Row]:
    """The share of a full frame's multiplications that an update does."""
    rows = []
    for width in (32, 64):
        for size in SIZES:
            part, frame = macs(width, size, next(places(size))), macs(width, size, None)
            what = f"multiplications of a stroke update, {size}², {width} channels"
            rows.append(
                Row(f"{what} ({part / 1e6:.0f} of {frame / 1e6:.0f} million)", None, part / frame, "×")
            )
    return rows


def macs(width: int, size: int, change: Rect | None, inputs: int = 3, outputs: int = 3) -> int:
    """Multiplications of ``unet_256``, or of an update after ``change``; what padding saves isn't counted."""
    channels = [inputs, *(width * min(2**level, 8) for level in range(8))]
    bounds = Rect(0, 0, size, size)
    changed, shown = (
        (bounds, bounds) if change is None else (change, change.grown(MARGIN).intersected(bounds))
    )
    total = 0
    for level in range(8):
        bounds = Rect(0, 0, size >> (level + 1), size >> (level + 1))
        changed, shown = windows.halved(changed, bounds), windows.halved(shown, bounds)
        below = channels[level + 1] * (1 if level == 7 else 2)
        above = channels[level] if level else outputs
        total += 16 * windows.area(changed) * channels[level] * channels[level + 1]
        total += 16 * windows.area(shown) * below * above
    return total


def places(size: int) -> Iterator[Rect]:
    """Where dabs go, without an end: along a wave, each next to the last."""
    for step in itertools.count():
        across = 20 + 9 * step % (size - DAB - 40)
        yield Rect(across, round(size / 2 + size / 6 * np.sin(step / 7)), DAB, DAB)


def blank(card: Card, size: int) -> Pixels:
    """Paper, or the second label."""
    picture = np.full((size, size, 3), 255, np.uint8)
    if card.palette is not None:
        picture[:] = card.palette.colours[1 % len(card.palette.labels)]
    return picture


def colours(card: Card) -> list[tuple[int, ...]]:
    """To paint with."""
    if card.palette is not None:
        return [tuple(int(value) for value in colour) for colour in card.palette.colours]
    return [(0, 0, 0), (180, 30, 30)] if card.hints else [(0, 0, 0), (90, 140, 200), (250, 200, 40)]


def paint(picture: Pixels, rect: Rect, colour: tuple[int, ...]) -> None:
    """A round dab that fills ``rect``."""
    down, across = np.mgrid[: rect.height, : rect.width]
    middle = (DAB - 1) / 2
    inside = (down - middle) ** 2 + (across - middle) ** 2 <= (DAB / 2) ** 2
    picture[rect.rows, rect.columns][inside] = colour


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal-to-noise ratio in dB; 99 where they are the same."""
    error = float(np.square(one.astype(float) - other).mean())
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def _planes(stroke: Stroke) -> torch.Tensor:
    prepared = codec.flat(stroke.picture, stroke.generator.card)
    return codec.to_planes(prepared, stroke.generator.card, stroke.generator.network.multiple, 1)
