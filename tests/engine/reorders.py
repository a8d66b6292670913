"""Strokes in a process of its own, where oneDNN tells everything that it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import warm

WATCHED = """
import sys
from pathlib import Path
import numpy as np, torch
from engine.models import bundle
from engine.data.card import Card
from engine.passes.generator import Generator
from engine.layers.blocks import initialise
from engine.networks import build
from engine.devices import trials

# Torch's own convolutions reorder their weights by design. A trial beside other work may take one for the
# quickest by chance; what is looked at is how the others lay them out.
possible = trials.candidates
trials.candidates = lambda *layer: [name for name in possible(*layer) if name != "plain"] or ["plain"]

model, statistics, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
if model == "wide":
    settings = {"levels": 8, "width": 64, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": False}
    network = build("unet", **settings)
    initialise(network, torch.Generator().manual_seed(0))
    card, tensors = Card("wide", "unet", settings, "image"), dict(network.state_dict())
else:
    card, tensors = bundle.read(Path(model))
generator = Generator(card, tensors, device="cpu", statistics=statistics)
generator.warm_up()
rng = np.random.default_rng(1)
picture = np.full((size, size, 3), 255, np.uint8)
if card.palette is not None:
    picture[:] = card.palette.colours[0]


def dab():
    left, top = (int(place) for place in rng.integers(0, size - 32, 2))
    colours = [(0, 0, 0), (180, 30, 30)] if card.palette is None else card.palette.colours
    picture[top : top + 32, left : left + 32] = colours[int(rng.integers(len(colours)))]
    generator.update(picture, (left, top, 32, 32))


generator.update(picture)
for _ in range(6):
    dab()
generator.settle()
print("WARM", flush=True)
for _ in range(8):
    dab()
generator.settle()
print("DONE", generator.algorithms, flush=True)
"""

SETS = ["SSE41", "AVX2", "AVX512_CORE", None]
"""Of ``ONEDNN_MAX_CPU_ISA``; one that the processor has not got means what it has."""


def reordered(model: str, statistics: str, size: int, instructions: str | None, home: Path) -> list[str]:
    """The shapes of weights that oneDNN reorders once a model is warm, by its own account."""
    environment = {"ONEDNN_VERBOSE": "1", "UNDERPAINT_HOME": str(home)}
    if instructions is not None:
        environment["ONEDNN_MAX_CPU_ISA"] = instructions
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
        done = warm.run("-c", WATCHED, model, statistics, size, folder=home / "told", **environment)
    assert "DONE" in done.stdout, done.stderr[-2000:]
    lines = done.stdout.partition("WARM")[2].splitlines()
    assert sum(",convolution," in line or ",deconvolution," in line for line in lines) > 50
    shapes = [line.split(",")[-2] for line in lines if ",reorder," in line]
    return [shape for shape in shapes if not shape.startswith("1x")]  # of one picture: a map
