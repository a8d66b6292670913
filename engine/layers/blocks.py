"""The building blocks that the networks share: a convolution with its norm, dropout, first weights.

Shapes are (N, C, H, W). *Valid* is the height and width of the part of a map, from its top left
corner, that comes from the picture rather than from the padding around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers import packed
from engine.layers.packed import Activation
from engine.layers.quantised import Bits
from engine.layers.styling import Modulation, Styling, modulated

NormKind = Literal["batch", "instance"]
Valid = tuple[int, int]
Moments = tuple[Tensor, Tensor]
"""Of each channel of one map: the mean, and 1 / √(variance + ``EPSILON``); (C,), full precision."""

Styles = Sequence[Modulation]
"""For each layer that follows a style, by its ``index``."""

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
        self._plain: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor, valid: Valid | None = None) -> Tensor:
        if self.kind == "batch" and (self.training or self.statistics == "running"):
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, self.training, 0.1, EPSILON
            )
        return self._normed(x, valid)[0]

    def measured(self, x: Tensor, valid: Valid | None, cache: PassCache) -> Tensor:
        """As a pass with the statistics of the image, of one picture; ``cache`` receives the moments."""
        assert self.statistics == "image", "running statistics are folded, or need no moments"
        y, moments = self._normed(x, valid)
        assert moments is not None, "moments are kept of one picture"
        cache.moments[self] = moments
        return y

    def by(self, moments: Moments, x: Tensor) -> Tensor:
        """Norm a part of a map by moments that were taken before."""
        mean, deviation = moments
        scale = deviation if self.weight is None else deviation * self.weight.float()
        shift = -mean * scale if self.bias is None else self.bias.float() - mean * scale
        return torch.addcmul(shift[:, None, None], x.float(), scale[:, None, None]).to(x.dtype)

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """Scale and shift what it makes, (C,), in place of what it was told before; for inference only."""
        if self._plain is None:
            weight = torch.ones_like(scale) if self.weight is None else self.weight.detach()
            bias = torch.zeros_like(shift) if self.bias is None else self.bias.detach()
            plain = weight.float(), bias.float()
            # The file's own weights stay as they are; later ones go into the same memory as these.
            own = [nn.Parameter(values.clone(), requires_grad=False) for values in plain]
            self.weight, self.bias = own
            self._plain = plain  # once there is memory for all of it
        assert self.weight is not None and self.bias is not None
        self.weight.copy_(self._plain[0] * scale)
        self.bias.copy_(self._plain[1] * scale + shift)

    def _normed(self, x: Tensor, valid: Valid | None) -> tuple[Tensor, Moments | None]:
        """By the picture's own moments, which are returned where there is only one picture."""
        inside = x if valid is None else x[:, :, : valid[0], : valid[1]]
        traced = torch.is_grad_enabled() or torch.compiler.is_compiling()
        if valid is None and traced and len(x) == 1 and inside.shape[2] * inside.shape[3] > 1:
            # A batch of one: its moments are the picture's own, and torch does it in one go.
            return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, EPSILON), None
        if traced or len(x) > 1 or inside.shape[2] * inside.shape[3] == 1:
            # Moments in full precision: half cannot sum thousands of pixels.
            variance, mean = torch.var_mean(inside.float(), (2, 3), correction=0, keepdim=True)
            scale = deviation = torch.rsqrt(variance + EPSILON)
            shift = -mean * scale
            if self.weight is not None and self.bias is not None:
                scale = deviation * self.weight.float()[:, None, None]
                shift = self.bias.float()[:, None, None] - mean * scale
            y = torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))
            return y, (mean.flatten(), deviation.flatten()) if len(x) == 1 else None
        # The same, and it says which moments it took, but no gradient leads through them and no other
        # program knows it. They come in the precision of the weights.
        weight = x.new_ones(x.shape[1], dtype=torch.float32) if self.weight is None else self.weight
        bias = torch.zeros_like(weight) if self.bias is None else self.bias
        if valid is not None:
            inside = inside.contiguous(memory_format=torch.channels_last)
        y, mean, deviation = torch.native_batch_norm(inside, weight, bias, None, None, True, 0.0, EPSILON)
        if valid is not None:
            y = self.by((mean, deviation), x)
        return y, (mean, deviation)


class PassCache:
    """What a pass leaves behind for those that follow it (see ``engine.passes.incremental``).

    Attributes:
        maps: of the encoder, from the outermost level inwards, as the next level takes them.
        moments: those that norms with the statistics of the image took.
    """

    def __init__(self) -> None:
        self.maps: list[Tensor] = []
        self.moments: dict[Norm, Moments] = {}


class Layer(nn.Module):
    """A convolution, plain or transposed, and the norm after it, if there is one.

    Attributes:
        index: among those layers of the network that follow a style; None: it follows none.
    """

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d, norm: NormKind | None) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = Norm(convolution.out_channels, norm) if norm else None
        self.index: int | None = None

    def forward(
        self,
        x: Tensor,
        valid: Valid | None = None,
        cache: PassCache | None = None,
        styles: Styles | None = None,
    ) -> Tensor:
        return self.normed(self.convolution(x), valid, cache, styles)

    def normed(
        self, x: Tensor, valid: Valid | None, cache: PassCache | None, styles: Styles | None = None
    ) -> Tensor:
        """What the convolution made, behind the norm and the style."""
        if self.norm is not None:
            x = self.norm(x, valid) if cache is None else self.norm.measured(x, valid, cache)
        return x if styles is None or self.index is None else modulated(x, styles[self.index])

    @torch.no_grad()
    def restyle(self, modulation: Modulation) -> None:
        """Have one style, (1, C), be that of all passes: in the norm, or in the convolution once folded."""
        scale, shift = (values[0] for values in modulation)
        if self.norm is None:
            packed.restyle(self.convolution, scale, shift)
        else:
            self.norm.restyle(scale, shift)

    @torch.no_grad()
    def fold(self) -> None:
        """Put a batch norm with running statistics into the convolution; the result stays the same."""
        norm = self.norm
        if norm is None or norm.kind != "batch" or norm.statistics != "running":
            return
        assert norm.weight is not None and norm.bias is not None
        convolution = self.convolution
        scale = norm.weight.float() * torch.rsqrt(norm.running_var.float() + EPSILON)
        shift = norm.bias.float() - norm.running_mean.float() * scale
        if convolution.bias is not None:
            shift = shift + convolution.bias.float() * scale
        weight = packed.scaled(convolution.weight.float(), scale, isinstance(convolution, nn.ConvTranspose2d))
        convolution.weight = nn.Parameter(weight, requires_grad=False)
        convolution.bias = nn.Parameter(shift, requires_grad=False)
        self.norm = None


class Dropout(nn.Module):
    """Drops half of the values while training; else none, or, given ``rng``, a seeded half."""

    def forward(self, x: Tensor, rng: torch.Generator | None = None) -> Tensor:
        if self.training:
            return F.dropout(x, 0.5)
        if rng is None:
            return x
        # Thrown on the CPU, so that a seed means the same on every device.
        kept = torch.empty(x.shape, dtype=torch.float32).bernoulli_(0.5, generator=rng)
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
    """Whether ``rng`` makes a difference."""
    styling: Styling | None
    """What makes styles of codes; None: there are none, or one is folded in."""

    def forward(
        self,
        x: Tensor,
        valid: Valid | None = None,
        rng: torch.Generator | None = None,
        style: Tensor | None = None,
    ) -> Tensor:
        """One pass.

        Args:
            x: (N, inputs, H, W) in [−1, 1], H and W multiples of ``multiple`` and at least ``least``.
            valid: height and width of the unpadded part; None for all of it.
            rng: switches dropout on, seeded.
            style: codes (N, length), or (1, length) for all; None: noughts. Of a network with ``styling``.

        Returns:
            (N, outputs, H, W) in [−1, 1].
        """
        raise NotImplementedError

    def styles(self, x: Tensor, style: Tensor | None) -> Styles | None:
        """The modulations of a pass over ``x``."""
        if self.styling is None:
            assert style is None, "this network has no styles"
            return None
        made: Styles = self.styling(x.new_zeros(1, self.styling.length) if style is None else style)
        return made

    def follow_styles(self, length: int, layers: Sequence[Layer]) -> None:
        """Have layers follow a style of so many numbers; of none, nothing changes. Every network says so."""
        self.styling = None
        if length:
            for index, layer in enumerate(layers):
                layer.index = index
            self.styling = Styling(length, [layer.convolution.out_channels for layer in layers])

    def coarse(self) -> Mapping[nn.Module, Bits]:
        """The convolutions that may multiply integers of 8 bits, and with how many bits they must be fed
        for the picture to stay the same to the eye (see ``engine.layers.quantised``). Asked after
        ``fold``."""
        return {}

    def delicate(self) -> Sequence[nn.Module]:
        """The convolutions, one after the other from the first, for which bfloat16 is too coarse."""
        return ()

    def activations(self) -> Mapping[nn.Module, Activation]:
        """The convolutions that are followed by nothing but an activation, which may be theirs then: the
        network asks whether it is (``packed.activated``). Asked after ``fold``."""
        return {}

    def use_statistics(self, statistics: Literal["image", "running"]) -> None:
        """Switch every batch norm; instance norm always takes the picture's own moments."""
        for module in self.modules():
            if isinstance(module, Norm) and module.kind == "batch":
                module.statistics = statistics

    def restyle(self, styles: Styles) -> None:
        """Have one style be that of all passes, once ``styling`` has been taken off; for inference only."""
        assert self.styling is None
        for module in self.modules():
            if isinstance(module, Layer) and module.index is not None:
                module.restyle(styles[module.index])

    def fold(self) -> None:
        """Fold norms into convolutions where running statistics serve; for inference only."""
        for module in self.modules():
            if isinstance(module, Layer):
                module.fold()


def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """First weights as in the paper (appendix 6.2): convolutions N(0, 0.02), norms N(1, 0.02), biases 0.
    What is not of the paper has its own."""
    own = getattr(network, "initialise", None)
    if own is not None:
        own(generator)
        return
    for module in network.modules():
        if isinstance(module, Styling):
            module.initialise(generator)
            continue
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
