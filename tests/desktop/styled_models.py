"""Models with styles, of random weights: what they paint means nothing, but each style has its colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.data.card import Card

NAMED = {
    "suede": (1.5, -1.0, 0.5, 0.0, 1.0, -0.5, 0.25, 2.0),
    "patent": (-1.0, 2.0, 0.0, 1.0, -1.5, 0.5, 1.0, 0.0),
}


def write_styled(file: Path, name: str = "tiny styles", *, strength: float = 0.25, **fields: Any) -> Path:
    """Write a model for sketches with hints; ``fields`` are of its card, or width and levels."""
    import torch

    from engine.layers.blocks import initialise
    from engine.models import bundle
    from engine.networks import build

    network: dict[str, Any] = {
        "levels": 5,
        "width": 4,
        "inputs": 5,
        "outputs": 3,
        "norm": "batch",
        "dropout": False,
    }
    network |= {key: fields.pop(key, value) for key, value in network.items()}
    network["style"] = fields.pop("style", 8)
    usual: dict[str, Any] = {"input": "sketch", "hints": True, "line_width": 1.5, "size": (64, 64)}
    usual |= {"statistics": "running", "styles": NAMED, "style_encoder": 4}
    card = Card(name=name, kind="unet", network=network, **(usual | fields))
    rng = torch.Generator().manual_seed(5)
    net = build("unet", **network)
    initialise(net, rng)
    for key, part in net.named_parameters():
        if key.startswith("styling.head"):
            torch.nn.init.normal_(part, 0, strength, generator=rng)
    state = {key: tensor.detach() for key, tensor in net.state_dict().items()}
    for key, tensor in state.items():
        if tensor.dim() == 4:  # first weights of 0.02 paint grey; these paint something
            state[key] = tensor * 50 * (2 / tensor[0].numel()) ** 0.5
        elif key.endswith("running_mean"):
            state[key] = torch.randn(tensor.shape, generator=rng) * 0.3
        elif key.endswith("running_var"):
            state[key] = torch.rand(tensor.shape, generator=rng) + 0.5
    if card.style_encoder:
        encoder = build("style_encoder", inputs=3, width=card.style_encoder, style=card.style)
        initialise(encoder, rng)
        state |= {bundle.STYLE_ENCODER + key: tensor.detach() for key, tensor in encoder.state_dict().items()}
    bundle.write(file, card, state)
    return file
