"""From weights in training to a model that paints: averaged, with statistics of their own, in a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from engine import networks
from engine.layers.blocks import Norm, Translator
from engine.models import bundle
from engine.passes.generator import Generator
from trainer.run.config import Config
from trainer.training.state import State

Moments = dict[Norm, list[tuple[Tensor, Tensor]]]
"""For each norm the variance and mean of its inputs, (C,) each in double precision, in every batch."""


def finished(state: State, config: Config, inputs: Iterable[Tensor]) -> dict[str, Tensor]:
    """The averaged weights, with running statistics estimated anew on training pictures unless they are kept.

    Those that were averaged along belong to networks that no longer exist, and were gathered with
    dropout on. The state stays as it is.

    Args:
        inputs: batches of planes (N, inputs, H, W), padded; enough of them to be typical.
    """
    network = cast(Translator, networks.build(config.kind, **config.network))
    network.load_state_dict({key: tensor.cpu() for key, tensor in state.ema.state_dict().items()})
    network.to(state.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if config.network["norm"] == "batch" and config.norms == "batch":
        with state.autocast():
            estimate_statistics(network, inputs)
    return {key: tensor.detach().cpu() for key, tensor in network.state_dict().items()}


@torch.no_grad()
def estimate_statistics(network: nn.Module, inputs: Iterable[Tensor]) -> None:
    """Set the running statistics of all batch norms to the moments over these inputs, dropout off."""
    moments: Moments = {}
    network.eval()
    hooks = []
    for module in network.modules():
        if isinstance(module, Norm) and module.kind == "batch":
            module.train()  # each batch is brought to its own moments, as while training
            hooks.append(module.register_forward_pre_hook(partial(_gather, moments)))
    for batch in inputs:
        network(batch)
    for hook in hooks:
        hook.remove()
    network.eval()
    for norm, batches in moments.items():
        variances, means = (torch.stack(values) for values in zip(*batches, strict=True))
        # Within the batches, and between them.
        norm.running_mean.copy_(means.mean(0))
        norm.running_var.copy_(variances.mean(0) + means.var(0, correction=0))


def _gather(moments: Moments, norm: nn.Module, arguments: tuple[Any, ...]) -> None:
    assert isinstance(norm, Norm)
    variance, mean = torch.var_mean(arguments[0].float(), (0, 2, 3), correction=0)
    moments.setdefault(norm, []).append((variance.double(), mean.double()))


def painter(config: Config, tensors: dict[str, Tensor]) -> Generator:
    """The model as the canvas runs it."""
    return Generator(config.card(), dict(tensors), device=config.device, precision=config.precision)


def write(path: Path, config: Config, tensors: dict[str, Tensor], notes: dict[str, Any], **more: Any) -> None:
    """Write the model file. ``notes`` go into the card's ``training``, ``more`` into the card.

    Raises:
        ModelError: the file can't be written.
    """
    bundle.write(path, replace(config.card(), training=notes, **more), tensors, half=True)
