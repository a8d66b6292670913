"""The building blocks that the networks share: a convolution with its norm, dropout, first weights.

Shapes are (N, C, H, W). *Valid* is the height and width of the part of a map, from its top left
corner, that comes from the picture rather than from the padding around it.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NormKind = Literal["batch", "instance"]
Valid = tuple[int, int]

EPSILON = 1e-5
"""Added to variances, as in the reference."""


class Norm(nn.Module):
    """Batch or instance norm over the channels of a map.

    While training, batch norm uses the moments of the batch and keeps their running average.
    Otherwise ``statistics`` decides: ``running`` takes that average, ``image`` the moments of each
    picture itself (biased variance, over the valid part). Instance norm knows only the latter.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, kind: NormKind) -> None:
        super().__init__()
        self.statistics: Literal["image", "running"] = "image" if kind == "instance" else "running"
        self.kind = kind
        self.weight: nn.Parameter | None = None
        self.bias: nn.Parameter | None = None
        if kind == "batch":
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
            self.register_buffer("running_mean", torch.zeros(channels))
            self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, valid: Valid | None = None) -> Tensor:
        if self.kind == "batch" and (self.training or self.statistics == "running"):
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, self.training, 0.1, EPSILON
            )
        if valid is None and len(x) == 1 and x.shape[2] * x.shape[3] > 1:
            # A batch of one: its moments are the picture's own, and torch does it in one go.
            return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, EPSILON)
        inside = x if valid is None else x[:, :, : valid[0], : valid[1]]
        # Moments in full precision: half cannot sum thousands of pixels.
        variance, mean = torch.var_mean(inside.float(), (2, 3), correction=0, keepdim=True)
        scale = torch.rsqrt(variance + EPSILON)
        if self.weight is not None and self.bias is not None:
            scale = scale * self.weight.float()[:, None, None]
            shift = self.bias.float()[:, None, None] - mean * scale
        else:
            shift = -mean * scale
        return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))


class Layer(nn.Module):
    """A convolution, plain or transposed, and the norm after it, if there is one."""

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d, norm: NormKind | None) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = Norm(convolution.out_channels, norm) if norm else None

    def forward(self, x: Tensor, valid: Valid | None = None) -> Tensor:
        x = self.convolution(x)
        return x if self.norm is None else self.norm(x, valid)

    @torch.no_grad()
    def fold(self) -> None:
        """Put a batch norm with running statistics into the convolution; the result stays the same."""
        norm = self.norm
        if norm is None or norm.kind != "batch" or norm.statistics != "running":
            return
        assert norm.weight is not None and norm.bias is not None
        convolution = self.convolution
        weight = convolution.weight.float()
        scale = norm.weight.float() * torch.rsqrt(norm.running_var.float() + EPSILON)
        shift = norm.bias.float() - norm.running_mean.float() * scale
        if convolution.bias is not None:
            shift = shift + convolution.bias.float() * scale
        # A transposed convolution keeps its output channels second.
        by_output = (1, -1, 1, 1) if isinstance(convolution, nn.ConvTranspose2d) else (-1, 1, 1, 1)
        convolution.weight = nn.Parameter(weight * scale.reshape(by_output), requires_grad=False)
        convolution.bias = nn.Parameter(shift, requires_grad=False)
        self.norm = None


class Dropout(nn.Module):
    """Drops half of the values while training; else none, or, given ``dice``, a seeded half."""

    def forward(self, x: Tensor, dice: torch.Generator | None = None) -> Tensor:
        if self.training:
            return F.dropout(x, 0.5)
        if dice is None:
            return x
        # Thrown on the CPU, so that a seed means the same on every device.
        kept = torch.empty(x.shape, dtype=torch.float32).bernoulli_(0.5, generator=dice)
        return x * (kept * 2).to(x.device, x.dtype)


class Translator(nn.Module):
    """A network that makes pictures of pictures; what the generator may rely on."""

    least: ClassVar[int] = 1
    """Smallest edge of a padded picture."""
    inputs: int
    outputs: int
    multiple: int
    """Edges of a padded picture are multiples of this."""
    has_dropout: bool
    """Whether ``dice`` make a difference."""

    def forward(self, x: Tensor, valid: Valid | None = None, dice: torch.Generator | None = None) -> Tensor:
        """One pass.

        Args:
            x: (N, inputs, H, W) in [−1, 1], H and W multiples of ``multiple`` and at least ``least``.
            valid: height and width of the unpadded part; None for all of it.
            dice: switches dropout on, seeded.

        Returns:
            (N, outputs, H, W) in [−1, 1].
        """
        raise NotImplementedError

    def use_statistics(self, statistics: Literal["image", "running"]) -> None:
        """Switch every batch norm; instance norm always takes the picture's own moments."""
        for module in self.modules():
            if isinstance(module, Norm) and module.kind == "batch":
                module.statistics = statistics

    def fold(self) -> None:
        """Fold norms into convolutions where running statistics serve; for inference only."""
        for module in self.modules():
            if isinstance(module, Layer):
                module.fold()


def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """First weights as in the paper (appendix 6.2): convolutions N(0, 0.02), norms N(1, 0.02), biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02, generator=generator)
        elif isinstance(module, Norm) and module.weight is not None:
            nn.init.normal_(module.weight, 1.0, 0.02, generator=generator)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def shrunk(valid: Valid | None) -> Valid | None:
    """The valid part after a stride of two: a pixel counts when any of the two it stands on does."""
    return None if valid is None else ((valid[0] + 1) // 2, (valid[1] + 1) // 2)
