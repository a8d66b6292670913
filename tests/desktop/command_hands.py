"""Hands for tests of the command line: what a command did, and tiny models for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch

from engine.data.card import Card
from engine.data.palette import Label, Palette
from engine.layers.blocks import initialise
from engine.layers.styling import Styling
from engine.models import bundle
from engine.networks import build

PALETTE = Palette("two", (Label("ground", (0, 0, 222)), Label("wall", (0, 48, 255))))


class Done(NamedTuple):
    code: int
    out: str
    err: str


def write_model(file: Path, **fields: Any) -> Path:
    settings = {"levels": 6, "width": 2, "outputs": 3, "norm": "batch", "dropout": True}
    settings["inputs"] = fields.pop("inputs", 3)
    settings["style"] = fields.pop("style", 0)
    network, rng = build("unet", **settings), torch.Generator().manual_seed(0)
    initialise(network, rng)
    if settings["style"]:
        assert isinstance(network.styling, Styling)
        torch.nn.init.normal_(network.styling.head.weight, 0, 0.2, generator=rng)
    state = {k: v.detach() * (8 if v.dim() == 4 else 1) for k, v in network.state_dict().items()}
    if width := fields.get("style_encoder"):
        encoder = build("style_encoder", inputs=3, width=width, style=settings["style"])
        initialise(encoder, rng)
        state |= {bundle.STYLE_ENCODER + k: v.detach() for k, v in encoder.state_dict().items()}
    defaults: dict[str, Any] = {"name": file.stem, "input": "image", "size": (64, 64)}
    defaults["statistics"] = "running"
    file.parent.mkdir(parents=True, exist_ok=True)
    bundle.write(file, Card(kind="unet", network=settings, **(defaults | fields)), state)
    return file
