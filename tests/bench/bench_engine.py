"""Full frames and stroke updates through ``engine``, against the way the published code runs.

Of the bundled models, and of ``unet_256`` with 64 channels outside, as imported weights are; its weights
here are random, since what they are makes no difference to time. Stroke updates are in ``strokes``.

The reference way is the published test script's: eager, single precision, statistics of the image,
dropout on. Both take the same picture in turns, so that whatever else the machine does disturbs
both alike; only their ratio is worth comparing between machines. Each model has a process of its own, as for
people who run one: what the last one left in memory would change how quickly the next gets some.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import engine
from engine.data.card import Card, Statistics
from engine.data.messages import Pixels
from engine.layers.blocks import initialise
from engine.models import bundle, catalogue
from engine.networks import build
from engine.passes.generator import Generator
from engine.planes import codec
from tests.bench import bars, bench_models, strokes
from tests.bench.rows import Row
from tests.bench.turns import alone, alternating, report, spread

FRAMES = 30
OPEN_S = 1.5
LIKE_DB, NEAR = 40, 0.02
KINDS: tuple[Statistics, ...] = ("image", "running")


def run() -> list[Row]:
    """Time every bundled model and the wide one: frames, then strokes; and how like they are."""
    rows = []
    for entry in catalogue.entries():
        if entry.card is not None and entry.bundled:
            rows += alone(_bundled, entry.name, entry.file)
    rows += alone(_opening)
    for kind in KINDS:
        rows += alone(_wide, kind, bars.wide(kind))
    return rows + strokes.work()


def _bundled(name: str, file: Path) -> list[Row]:
    generator = engine.open(file)
    rows = _frames(name, generator, reference_way(*bundle.read(file)), bars.bundled())
    rows += strokes.likeness(file)
    return rows + _error(name, generator, engine.open(file, precision="float32"))


def _wide(kind: Statistics, ratio: float) -> list[Row]:
    card, tensors = wide()
    generator, reference = Generator(card, dict(tensors), statistics=kind), reference_way(card, tensors)
    rows = _frames(f"unet_256, 64 channels, {kind} statistics", generator, reference, ratio)
    return rows + strokes.times(generator, reference, kind)


def _frames(name: str, generator: Generator, reference: Callable[[Pixels], Pixels], bar: float) -> list[Row]:
    picture = drawing(generator.card)
    ours, theirs = alternating(lambda: generator(picture), lambda: reference(picture))
    report(f"{name}, engine", ours)
    report(f"{name}, the reference way", theirs)
    where = f"{generator.device}, {generator.precision}"
    ratio = statistics.median(ours) / statistics.median(theirs)
    return [
        Row(f"full frame of {name} ({where})", None, *spread(ours)),
        Row(f"full frame of {name}, the reference way", None, *spread(theirs)),
        Row(f"full frame of {name} against the reference way", bar, ratio, "×"),
    ]


def _error(name: str, generator: Generator, plain: Generator) -> list[Row]:
    """How far the default precision is from plain single precision, over the model's sample drawings."""
    decibels, furthest = [], []
    for drawing in bench_models.fitting(generator):
        document = drawing.document(generator.card.palette)
        drawing.replay(document)
        prepared = bench_models.seen(generator, document)
        error = np.abs(generator.translate(prepared).astype(np.int16) - plain.translate(prepared)) / 255
        decibels.append(-10 * float(np.log10(max(float((error**2).mean()), 1e-12))))
        furthest.append(float(np.quantile(error, 0.999)))
    if not decibels:
        return []
    what = f"{name}, {generator.precision} against float32, worst of {len(decibels)} drawings"
    return [
        Row(f"{what}: PSNR", LIKE_DB, min(decibels), "dB", least=True),
        Row(f"{what}: 99.9 % of values nearer than", NEAR, max(furthest), "of the range"),
    ]


def _opening() -> list[Row]:
    """From a model file to its first frame."""
    card, tensors = wide()
    Generator(card, dict(tensors))  # trials, once a machine
    picture, times = drawing(card), []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "unet_256.safetensors"
        bundle.write(file, card, tensors, half=True)
        for _ in range(5):
            start = time.perf_counter()
            engine.open(file)(picture)
            times.append(time.perf_counter() - start)
    what = "opening unet_256, 64 channels, until its first frame"
    return [Row(what, OPEN_S, statistics.median(times), "s", span=(min(times), max(times)))]


def wide() -> tuple[Card, dict[str, torch.Tensor]]:
    """``unet_256`` as the published weights are, with first weights."""
    settings = {"levels": 8, "width": 64, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": True}
    network = build("unet", **settings)
    initialise(network, torch.Generator().manual_seed(0))
    tensors = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    return Card("unet_256", "unet", settings, "image"), tensors


def reference_way(card: Card, tensors: dict[str, torch.Tensor]) -> Callable[[Pixels], Pixels]:
    """The network as the published test script runs it, by the same weights."""
    network = build(card.kind, **card.network)
    theirs, _ = bundle.split_tensors(tensors)  # without what reads styles of photos
    network.load_state_dict({name: tensor.float() for name, tensor in theirs.items()})
    network.train()

    def translate(picture: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        planes = codec.to_planes(codec.flat(picture, card), card, network.multiple, network.least)  # type: ignore[arg-type]
        with torch.no_grad():
            made = network(planes.contiguous())
        return codec.to_pixels(made, height, width)

    return translate


def drawing(card: Card) -> Pixels:
    """A picture of the model's size that it could be given."""
    width, height = card.size
    picture = np.full((height, width, 3), 255, np.uint8)
    if card.palette is not None:
        picture[:] = card.palette.colours[0]
        stripes = np.array_split(np.arange(width), len(card.palette.labels))
        for stripe, colour in zip(stripes, card.palette.colours, strict=True):
            picture[height // 8 : -height // 8, stripe] = colour
    else:
        picture[height // 4 : height // 4 + 2, width // 8 : -width // 8] = 0
        if card.hints:
            picture[height // 2 : height // 2 + 40, width // 4 : width // 2] = (180, 30, 30)
    return picture
