"""The plain network, of another making than ``engine.passes.incremental``: as it is, and with moments held
still."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.data.card import Card
from engine.layers.blocks import EPSILON, Norm
from engine.models import bundle


class Frozen:
    """A network, neither folded nor packed, whose norms can be made to keep the moments of one picture."""

    def __init__(self, card: Card, tensors: dict[str, Tensor], statistics: str) -> None:
        self.network = bundle.blank(card)
        weights, _ = bundle.split_tensors(tensors)
        self.network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
        self.network.eval().requires_grad_(False).use_statistics(statistics)
        self.style = torch.tensor([card.usual_style]) if card.style else None
        self.moments: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    @torch.inference_mode()
    def exact(self, planes: Tensor, valid: tuple[int, int] | None = None) -> Tensor:
        """(1, outputs, H, W) by the network's own pass."""
        return self.network(planes, valid, style=self.style)

    @torch.inference_mode()
    def measure(self, planes: Tensor) -> None:
        """Take the moments of a picture, without padding, for those that follow."""
        self.moments = {}
        self._hooked(planes, self._take)

    @torch.inference_mode()
    def still(self, planes: Tensor) -> Tensor:
        """A pass in which every norm uses the moments of the measured picture."""
        return self._hooked(planes, self._hold)

    def _hooked(self, planes: Tensor, hook) -> Tensor:
        image = [
            module
            for module in self.network.modules()
            if isinstance(module, Norm) and module.statistics == "image"
        ]
        hooks = [norm.register_forward_hook(hook) for norm in image]
        try:
            return self.network(planes, style=self.style)
        finally:
            for handle in hooks:
                handle.remove()

    def _take(self, norm: Norm, given: tuple[Tensor, ...], made: Tensor) -> None:
        pixels = given[0].double().flatten(2)
        self.moments[norm] = pixels.mean(2), pixels.var(2, correction=0)

    def _hold(self, norm: Norm, given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        mean, variance = (moment[..., None, None] for moment in self.moments[norm])
        y = (given[0].double() - mean) / (variance + EPSILON).sqrt()
        if norm.weight is not None:
            y = y * norm.weight[:, None, None] + norm.bias[:, None, None]
        return y.float()
