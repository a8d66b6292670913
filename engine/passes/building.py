"""A network as it runs: built of its weights, and brought into the number format and layouts of a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from engine.data.card import Card, Statistics
from engine.devices import device, trials
from engine.errors import DeviceError, ModelError
from engine.layers import packed, shapes
from engine.layers.blocks import Layer, Translator
from engine.models import bundle
from engine.passes.whole import Whole
from engine.planes import codec

if TYPE_CHECKING:
    from torch import Tensor


def built(
    card: Card, tensors: dict[str, Tensor], statistics: Statistics
) -> tuple[Translator, dict[nn.Module, shapes.Shape]]:
    """A network in single precision, its norms folded, and what each convolution is given.

    Raises:
        ModelError: it paints no pictures, or its weights are no numbers.
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
    _check_numbers(network, card)
    return network, seen


def _check_numbers(network: nn.Module, card: Card) -> None:
    """Refuse weights that are no numbers, as of a training that ran away: all that they paint is black."""
    for weights in network.parameters():  # running statistics are folded into them, where they count
        if weights.is_floating_point() and weights.numel():
            least, most = torch.aminmax(weights)  # either is NaN where one of them is
            if not bool(torch.isfinite(least) & torch.isfinite(most)):
                raise ModelError(
                    f"The model “{card.name}” holds weights that are no numbers and paints nothing; "
                    "fetch it anew, or train it anew from before that."
                )


@dataclass(frozen=True)
class Running:
    """A network that runs, and how: see ``Generator``, which has the same words."""

    whole: Whole
    dtype: torch.dtype
    precision: str
    algorithms: str
    tried: bool = True


def on_cpu(network: Translator, card: Card, plan: trials.Plan) -> Running:
    """Have a network run on the CPU as planned."""
    taken = _converted(network, plan.dtype)
    trials.carry_out(network, plan)
    whole = Whole(network, card, torch.device("cpu"), taken)
    return Running(whole, plan.dtype, plan.precision, str(plan), plan.tried)


def on_card(network: Translator, card: Card, where: torch.device, precision: str | None) -> Running:
    """Have a network run on a graphics card.

    Raises:
        DeviceError: the card can't take it, or not in that precision.
    """
    device.integers(where, precision)  # raises where they are asked for
    dtype = device.number_format(where, precision)
    taken = _converted(network, dtype)
    if where.type == "cuda" and dtype == torch.float32:
        torch.backends.cudnn.allow_tf32 = False  # its 10 bits are not single precision
    to_device(network, where)
    name = device.name(dtype)
    return Running(Whole(network, card, where, taken), dtype, name, name)


def _converted(network: Translator, dtype: torch.dtype) -> torch.dtype:
    """Bring all but delicate convolutions into a number format; norms that remain keep full precision.
    Returns the number format of the planes that the network takes."""
    delicate: Sequence[nn.Module] = network.delicate() if dtype == torch.bfloat16 else ()
    for module in network.modules():
        if isinstance(module, Layer) and module.convolution not in delicate:
            module.convolution.to(dtype)
    packed.keep_precision(network, delicate, dtype)
    return torch.float32 if delicate else dtype


def to_device(network: nn.Module, where: torch.device) -> None:
    """Move a network.

    Raises:
        DeviceError: it has no room there.
    """
    try:
        network.to(where)
        packed.channels_last(network)
    except (RuntimeError, MemoryError) as error:
        if not device.gave_up(error):
            raise
        raise DeviceError(f"The device {where} can't take the model; use --device cpu.") from error
