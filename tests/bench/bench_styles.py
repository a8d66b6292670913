"""What a style costs: a dab, a whole pass and a change of style, beside the same model that knows none.

What one costs does not depend on a model's weights, so these are random ones.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from engine.data.card import Card
from engine.layers.blocks import initialise
from engine.models import bundle, catalogue
from engine.networks import build
from engine.passes.generator import Generator
from tests.bench.rows import Row

TURNS = 40
MODEL = "shoes"


def run() -> list[Row]:
    """In turns, on one thread and by its own clock: other programs then hardly matter."""
    torch.set_num_threads(1)
    card, tensors = bundle.read(catalogue.find(MODEL))
    rows = []
    for precision, kept in ((None, "running"), ("float32", "running"), ("int8", "running"), (None, "image")):
        how: dict[str, Any] = {"device": "cpu", "precision": precision, "statistics": kept}
        plain = Generator(card, dict(tensors), **how)
        knowing, with_style = with_styles(card, tensors)
        styled = Generator(knowing, with_style, **how)
        name = f"{MODEL}, {plain.precision}, {kept} statistics"
        rows += measured(plain, styled, name)
    return rows


def with_styles(card: Card, tensors: dict[str, torch.Tensor]) -> tuple[Card, dict[str, torch.Tensor]]:
    """The model with styles of random weights, which none of them had before."""
    fuller = dataclasses.replace(card, network={**card.network, "style": 8})
    network: Any = build(fuller.kind, **fuller.network)
    rng = torch.Generator().manual_seed(0)
    initialise(network, rng)
    torch.nn.init.normal_(network.styling.head.weight, 0, 0.05, generator=rng)
    first = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    return fuller, {**first, **{name: tensor.float() for name, tensor in tensors.items()}}


def measured(plain: Generator, styled: Generator, name: str) -> list[Row]:
    """The rows of one way to run."""
    picture = np.full((256, 256, 3), 255, np.uint8)
    picture[80:160, 60:190] = 0
    painted = picture.copy()
    times: dict[str, list[float]] = {
        what: [] for what in ("dab", "styled dab", "pass", "styled pass", "change")
    }

    def timed(what: str, make: Callable[[], object]) -> None:
        begun = time.thread_time()
        make()
        times[what].append(time.thread_time() - begun)

    place = (110, 100, 32, 32)
    for generator in (plain, styled):
        generator.warm_up()
    plain.update(picture)
    styled.update(picture, style=5)
    for turn in range(TURNS):
        painted[100:132, 110:142] = 255 * (turn % 2)
        timed("dab", lambda: plain.update(painted, place))
        timed("styled dab", lambda: styled.update(painted, place, style=5))
    for turn in range(TURNS // 2):
        timed("pass", lambda: plain(picture))
        timed("styled pass", lambda: styled(picture, style=5))
        timed("change", lambda turn=turn: styled(picture, style=10 + turn))
        styled(picture, style=5)
    median = {what: statistics.median(taken) for what, taken in times.items()}
    return [
        Row(
            f"dab of 32 px in a style, of one without, {name}",
            1.02,
            median["styled dab"] / median["dab"],
            "×",
        ),
        Row(f"whole pass, likewise, {name}", None, median["styled pass"] / median["pass"], "×"),
        Row(f"another style, until its preview, {name}", 2, median["change"] / median["pass"], "frames"),
    ]
