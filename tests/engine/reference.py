"""The reference project's networks, written down once more from its layer tables: names of the
weights, shapes, and a plain forward pass in torch.nn.functional. Shares no line with engine.networks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]


class Layers:
    """Makes or runs a network layer by layer; ``state`` grows while ``making``."""

    def __init__(self, state: State, norm: str, *, making: bool = False, training: bool = False) -> None:
        self.state, self.norm_kind, self.making, self.training = state, norm, making, training
        self.rng = torch.Generator().manual_seed(len(state))

    def weights(self, key: str, *shape: int, scale: float = 0.1) -> Tensor:
        if self.making:
            self.state[key] = torch.randn(*shape, generator=self.rng) * scale
        return self.state[key]

    def convolution(self, x, key, outputs, size, stride, padding, bias, transposed=False, extra=0):
        shape = (x.shape[1], outputs) if transposed else (outputs, x.shape[1])
        # Large enough that signals neither die nor blow up on their way.
        scale = (2 / (x.shape[1] * size * size / (stride * stride if transposed else 1))) ** 0.5
        weight = self.weights(f"{key}.weight", *shape, size, size, scale=scale)
        shift = self.weights(f"{key}.bias", outputs) if bias else None
        if transposed:
            return F.conv_transpose2d(x, weight, shift, stride, padding, extra)
        return F.conv2d(x, weight, shift, stride, padding)

    def norm(self, x, key):
        channels = x.shape[1]
        if self.norm_kind == "instance":
            return F.instance_norm(x) if x[0, 0].numel() > 1 else torch.zeros_like(x)
        weight = self.weights(f"{key}.weight", channels, scale=0.3)
        if self.making:
            weight += 1
            self.state[f"{key}.running_mean"] = torch.zeros(channels)
            self.state[f"{key}.running_var"] = torch.ones(channels)
            self.state[f"{key}.num_batches_tracked"] = torch.tensor(0)
        bias = self.weights(f"{key}.bias", channels)
        mean, variance = self.state[f"{key}.running_mean"], self.state[f"{key}.running_var"]
        if self.training and x[0, 0].numel() == 1:  # as batch norm without moments to speak of
            return bias[None, :, None, None].expand_as(x)
        return F.batch_norm(x, mean, variance, weight, bias, self.training, 0.1, 1e-5)


def unet(layers: Layers, x: Tensor, levels: int, width: int, outputs: int = 3) -> Tensor:
    """``unet_256`` has 8 levels, ``unet_128`` 7; without dropout."""
    bias = layers.norm_kind == "instance"

    def level(x: Tensor, depth: int) -> Tensor:
        prefix = "model.model." if depth == 0 else "model.model.1.model." + "3.model." * (depth - 1)
        inner = width * min(2**depth, 8)
        outer = x.shape[1]
        if depth == 0:
            inside = level(layers.convolution(x, prefix + "0", inner, 4, 2, 1, bias), 1)
            up = layers.convolution(F.relu(inside), prefix + "3", outputs, 4, 2, 1, True, transposed=True)
            return torch.tanh(up)
        inside = layers.convolution(F.leaky_relu(x, 0.2), prefix + "1", inner, 4, 2, 1, bias)
        if depth == levels - 1:
            up = layers.convolution(F.relu(inside), prefix + "3", outer, 4, 2, 1, bias, transposed=True)
            return torch.cat((x, layers.norm(up, prefix + "4")), 1)
        inside = level(layers.norm(inside, prefix + "2"), depth + 1)
        up = layers.convolution(F.relu(inside), prefix + "5", outer, 4, 2, 1, bias, transposed=True)
        return torch.cat((x, layers.norm(up, prefix + "6")), 1)

    return level(x, 0)


def resnet(
    layers: Layers, x: Tensor, blocks: int, width: int, outputs: int = 3, dropout: bool = False
) -> Tensor:
    """``resnet_6blocks`` and ``resnet_9blocks``; ``dropout`` only moves the names."""
    bias = layers.norm_kind == "instance"
    x = F.pad(x, (3, 3, 3, 3), "reflect")
    x = F.relu(layers.norm(layers.convolution(x, "model.1", width, 7, 1, 0, bias), "model.2"))
    x = F.relu(layers.norm(layers.convolution(x, "model.4", width * 2, 3, 2, 1, bias), "model.5"))
    x = F.relu(layers.norm(layers.convolution(x, "model.7", width * 4, 3, 2, 1, bias), "model.8"))
    second = 6 if dropout else 5
    for block in range(10, 10 + blocks):
        key = f"model.{block}.conv_block."
        y = F.pad(x, (1, 1, 1, 1), "reflect")
        y = F.relu(layers.norm(layers.convolution(y, key + "1", width * 4, 3, 1, 0, bias), key + "2"))
        y = F.pad(y, (1, 1, 1, 1), "reflect")
        y = layers.convolution(y, f"{key}{second}", width * 4, 3, 1, 0, bias)
        x = x + layers.norm(y, f"{key}{second + 1}")
    for place, channels in ((10 + blocks, width * 2), (13 + blocks, width)):
        y = layers.convolution(x, f"model.{place}", channels, 3, 2, 1, bias, transposed=True, extra=1)
        x = F.relu(layers.norm(y, f"model.{place + 1}"))
    x = F.pad(x, (3, 3, 3, 3), "reflect")
    return torch.tanh(layers.convolution(x, f"model.{17 + blocks}", outputs, 7, 1, 0, True))


KINDS = {
    "unet_256": (unet, {"levels": 8}, 256),
    "unet_128": (unet, {"levels": 7}, 128),
    "resnet_6blocks": (resnet, {"blocks": 6}, 64),
    "resnet_9blocks": (resnet, {"blocks": 9, "dropout": True}, 64),
}


def run(kind: str, state: State, norm: str, x: Tensor, width: int, *, training: bool, making=False) -> Tensor:
    """A forward pass; in ``training`` norms use the moments of ``x`` and gather running ones."""
    network, settings, _ = KINDS[kind]
    with torch.no_grad():
        return network(Layers(state, norm, making=making, training=training), x, width=width, **settings)


def made(kind: str, norm: str, *, width: int = 4, inputs: int = 3) -> State:
    """A state dict with random weights, its running statistics filled by real passes."""
    state: State = {}
    size = KINDS[kind][2]
    rng = torch.Generator().manual_seed(7)
    for number in range(6):
        x = torch.rand(1, inputs, size, size, generator=rng) * 2 - 1
        run(kind, state, norm, x, width, training=True, making=number == 0)
    return state
