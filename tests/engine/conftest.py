"""Small models and pictures that the engine's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.palette import Label, Palette
from engine.devices import device, trial_memory
from engine.layers.blocks import initialise
from engine.layers.styling import Styling
from engine.models import bundle
from engine.networks import build
from engine.thread import worker
from tests.engine.desk import Desk

needs_bfloat16 = pytest.mark.skipif(
    not device.computes(torch.bfloat16), reason="torch refuses bfloat16 on this processor"
)

needs_float16 = pytest.mark.skipif(
    not device.computes(torch.float16), reason="torch refuses float16 on this processor"
)

needs_quick_bfloat16 = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(),
    reason="this processor emulates bfloat16, seconds a frame; quicker tests stand for this one",
)

needs_integers = pytest.mark.skipif(
    not device.integers(torch.device("cpu")), reason="this processor multiplies no integers rightly"
)

TINY = {"levels": 5, "width": 4, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": True}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks gain nothing from a second one, and other tests may want the core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def nothing_tried() -> Iterator[None]:
    """No layer was tried before; nor afterwards, as seconds that a test makes up hold for no other."""
    trial_memory.forget()
    yield
    trial_memory.forget()


@pytest.fixture(scope="session")
def palette() -> Palette:
    names = {"ground": (0, 0, 222), "wall": (0, 48, 255), "window": (0, 128, 255), "shop": (175, 0, 0)}
    return Palette("test", tuple(Label(name, colour) for name, colour in names.items()))


@pytest.fixture(scope="session")
def picture() -> Pixels:
    """64 × 64 pixels of noise over a gradient."""
    rng = np.random.default_rng(3)
    slope = np.linspace(0, 200, 64)[:, None, None]
    return (slope + rng.integers(0, 56, (64, 64, 3))).astype(np.uint8)


Tiny = Callable[..., tuple[Card, dict[str, torch.Tensor]]]


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    """``tiny(name="x", inputs=5, …)``: a card and fitting random weights; unknown words go to the network."""

    def make(kind: str = "unet", seed: int = 0, **fields: Any) -> tuple[Card, dict[str, torch.Tensor]]:
        network = {name: fields.pop(name, value) for name, value in TINY.items()}
        if "style" in fields:
            network["style"] = fields.pop("style")
        if kind == "resnet":
            network.pop("levels")
            network["blocks"] = fields.pop("blocks", 6)
        defaults = {"name": "tiny", "input": "image", "size": (32, 32), "statistics": "running"}
        card = Card(kind=kind, network=network, **(defaults | fields))
        rng = torch.Generator().manual_seed(seed)
        net = build(kind, **network)
        initialise(net, rng)
        if card.style:  # strong enough to be seen
            assert isinstance(net.styling, Styling)
            torch.nn.init.normal_(net.styling.head.weight, 0, 0.15, generator=rng)
            torch.nn.init.normal_(net.styling.head.bias, 0, 0.15, generator=rng)
        state = {name: tensor.detach() for name, tensor in net.state_dict().items()}
        for name, tensor in state.items():
            # First weights of 0.02 paint grey; these paint something.
            if tensor.dim() == 4:
                state[name] = tensor * 50 * (2 / tensor[0].numel()) ** 0.5
            elif name.endswith("running_mean"):
                state[name] = torch.randn(tensor.shape, generator=rng) * 0.3
            elif name.endswith("running_var"):
                state[name] = torch.rand(tensor.shape, generator=rng) + 0.5
        if card.style_encoder:
            encoder = build(
                "style_encoder", inputs=network["outputs"], width=card.style_encoder, style=card.style
            )
            initialise(encoder, rng)
            state |= {
                bundle.STYLE_ENCODER + name: tensor.detach() for name, tensor in encoder.state_dict().items()
            }
        return card, state

    return make


@pytest.fixture
def tiny_file(tiny: Tiny, tmp_path: Path) -> Callable[..., Path]:
    """As ``tiny``, written to a model file."""

    def make(file: str = "tiny.safetensors", **fields: Any) -> Path:
        card, tensors = tiny(**fields)
        bundle.write(tmp_path / file, card, tensors)
        return tmp_path / file

    return make


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(worker, "FIRST_S", 0.0)
    desk = Desk()
    yield desk
    desk.rest_again()
    desk.worker.stop()
    assert desk.replies.empty(), "a reply nobody waited for"
