"""From weights in training to a model that paints: averaged, with statistics of their own, in a file.

The tensors of such a model are, as in the file, those of the generator and of what reads styles of photos.
"""

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
    return _in_file(network, state)


def average_weights(state: State) -> dict[str, Tensor]:
    """The averaged weights as they are, with the statistics averaged along with them."""
    return _in_file(state.ema, state)


def _in_file(network: Translator, state: State) -> dict[str, Tensor]:
    tensors = dict(network.state_dict())
    if state.encoder_ema is not None:
        encoder = state.encoder_ema.state_dict()
        tensors |= {bundle.STYLE_ENCODER + name: tensor for name, tensor in encoder.items()}
    return {name: tensor.detach().cpu() for name, tensor in tensors.items()}


@torch.no_grad()
def estimate_statistics(network: Translator, inputs: Iterable[Tensor]) -> None:
    """Set the running statistics of all batch norms to the moments over these inputs, dropout off; of a
    network that knows styles, each in a random one."""
    moments: Moments = {}
    network.eval()
    hooks = []
    for module in network.modules():
        if isinstance(module, Norm) and module.kind == "batch":
            module.train()  # each batch is brought to its own moments, as while training
            hooks.append(module.register_forward_pre_hook(partial(_gather, moments)))
    drawn = torch.Generator().manual_seed(0)
    for batch in inputs:
        style = None
        if network.styling is not None:
            style = torch.randn(len(batch), network.styling.length, generator=drawn).to(batch.device)
        network(batch, style=style)
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
