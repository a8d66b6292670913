"""A network as it runs: built of its weights, and brought into the number format and layouts of a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from engine.data.card import Card, Statistics
from engine.devices import device, trials
from engine.errors import DeviceError, ModelError
from engine.layers import packed, shapes
from engine.layers.blocks import Layer, Translator
from engine.models import bundle
from engine.planes import codec

if TYPE_CHECKING:
    from torch import Tensor


def built(
    card: Card, tensors: dict[str, Tensor], statistics: Statistics
) -> tuple[Translator, dict[nn.Module, shapes.Shape]]:
    """A network in single precision, its norms folded, and what each convolution is given.

    Raises:
        ModelError: it paints no pictures.
    """
    network = bundle.blank(card)
    if not isinstance(network, Translator):
        raise ModelError(f"A {card.kind} network paints no pictures; choose another model.")
    network.use_statistics(statistics)
    width, height = card.size
    seen = shapes.shapes(network.eval(), *codec.fitting(height, width, network.multiple, network.least))
    full = {name: tensor.float() for name, tensor in tensors.items()}
    network.load_state_dict(full, assign=True)
    network.requires_grad_(False)
    network.fold()
    return network, seen


def on_cpu(network: Translator, plan: trials.Plan) -> torch.dtype:
    """Have a network run on the CPU as planned; returns the number format of the planes that it takes."""
    taken = _converted(network, plan.dtype)
    trials.carry_out(network, plan)
    return taken


def on_card(network: Translator, dtype: torch.dtype, where: torch.device) -> torch.dtype:
    """Have a network run on a card in a number format; returns that of the planes that it takes.

    Raises:
        DeviceError: the card can't take it.
    """
    taken = _converted(network, dtype)
    if where.type == "cuda" and dtype == torch.float32:
        torch.backends.cudnn.allow_tf32 = False  # its 10 bits are not single precision
    _to_device(network, where)
    return taken


def _converted(network: Translator, dtype: torch.dtype) -> torch.dtype:
    """Bring all but delicate convolutions into a number format; norms that remain keep full precision."""
    delicate: Sequence[nn.Module] = network.delicate() if dtype == torch.bfloat16 else ()
    for module in network.modules():
        if isinstance(module, Layer) and module.convolution not in delicate:
            module.convolution.to(dtype)
    packed.keep_precision(network, delicate, dtype)
    return torch.float32 if delicate else dtype


def _to_device(network: nn.Module, where: torch.device) -> None:
    try:
        network.to(where)
        packed.channels_last(network)
    except (RuntimeError, MemoryError) as error:
        if not device.gave_up(error):
            raise
        raise DeviceError(f"The device {where} can't take the model; use --device cpu.") from error
