"""A full frame of each bundled model through ``engine.open``, against the way the published code runs.

The reference way is the published test script's: eager, single precision, statistics of the image,
dropout on. Both take the same picture in turns, so that whatever else the machine does disturbs
both alike; only their ratio is worth comparing between machines.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

import engine
from engine import bundle, catalogue, codec
from engine.card import Card
from engine.generator import Generator
from engine.messages import Pixels
from engine.networks import build
from tests.bench.rows import Row

FRAMES = 30
RATIO = 0.6


def run() -> list[Row]:
    """Time every bundled model; a row for the ratio of each, and for what a frame takes."""
    rows = []
    for entry in catalogue.entries():
        if entry.card is None or not entry.bundled:
            continue
        generator = engine.open(entry.file)
        ours, theirs = alternating(generator, reference_way(*bundle.read(entry.file)), drawing(entry.card))
        ratio = statistics.median(ours) / statistics.median(theirs)
        for way, times in (("engine.open", ours), ("the reference way", theirs)):
            least, middle, most = min(times), statistics.median(times), max(times)
            print(
                f"{entry.name}, {way}: {least:.1f} / {middle:.1f} / {most:.1f} ms (least, median, most)",
                file=sys.stderr,
            )
        where = f"{generator.device}, {generator.precision}"
        rows.append(Row(f"full frame of {entry.name} ({where})", None, statistics.median(ours), "ms"))
        rows.append(Row(f"full frame of {entry.name} against the reference way", RATIO, ratio, "×"))
    return rows


def alternating(
    generator: Generator, reference: Callable[[Pixels], Pixels], picture: Pixels
) -> tuple[list[float], list[float]]:
    """Milliseconds of ``FRAMES`` frames of each way, taken in turns after two unmeasured rounds."""
    ways = (generator, reference)
    times: tuple[list[float], list[float]] = ([], [])
    for frame in range(FRAMES + 2):
        for way, list_of in zip(ways, times, strict=True):
            start = time.perf_counter()
            way(picture)
            if frame >= 2:
                list_of.append((time.perf_counter() - start) * 1000)
    return times


def reference_way(card: Card, tensors: dict[str, torch.Tensor]) -> Callable[[Pixels], Pixels]:
    """The network as the published test script runs it, by the same weights."""
    network = build(card.kind, **card.network)
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    network.train()

    def translate(picture: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        planes = codec.to_planes(codec.flat(picture, card), card, network.multiple, network.least)
        with torch.no_grad():
            made = network(planes.contiguous())
        return codec.to_pixels(made, height, width)

    return translate


def drawing(card: Card) -> Pixels:
    """A picture of the model's size that it could be given."""
    width, height = card.size
    picture = np.full((height, width, 3), 255, np.uint8)
    if card.palette is not None:
        picture[:] = card.palette.colours[1 % len(card.palette.labels)]
        picture[height // 4 : height // 2, width // 4 : width // 2] = card.palette.colours[0]
    else:
        picture[height // 4 : height // 4 + 2, width // 8 : -width // 8] = 0
        if card.hints:
            picture[height // 2 : height // 2 + 40, width // 4 : width // 2] = (180, 30, 30)
    return picture
