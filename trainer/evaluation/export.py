"""A model for other programs: ONNX, or the weights file of the reference project."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.data.card import Card, to_json
from engine.errors import ModelError
from engine.files.writing import replacing
from engine.foreign import pix2pix
from engine.layers.blocks import Translator
from engine.models import beside, bundle, catalogue
from trainer.evaluation.formats import FORMATS

PACKAGES = ("onnx", "onnxscript")
"""What torch needs to write ONNX; nothing else here does, so they are an optional extra."""


def export(model: str | Path, to: str, target: Path) -> list[Path]:
    """Write a model in another format.

    ``pth`` is a ``state_dict`` in the key layout of https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix.
    ``onnx`` takes ``planes``, float32 (1, inputs, H, W) in [−1, 1] as ``engine.planes.codec`` makes them,
    with any H and W that are multiples of the network's, and gives ``picture`` (1, outputs, H, W); the
    model's card is in its metadata. With styles it also takes ``style``, float32 (1, length), which may be
    left out: then it is the card's usual one. Beside a ``pth`` the card is written as ``.json`` and its
    palette as ``.gpl``, so that it can be imported again as it was.

    Returns:
        What was written, the model first.

    Raises:
        ModelError: there is no such model or format, the format doesn't know the network, packages for it
            are missing, or the file can't be written.
    """
    card, tensors = bundle.read(catalogue.find(model))
    if to not in FORMATS:
        raise ModelError(f"There is no format “{to}”; use {' or '.join(FORMATS)}.")
    if to == "pth" and card.style:
        raise ModelError(
            f"The pix2pix project knows no styles, but “{card.name}” has them; export it to ONNX."
        )
    full = {name: tensor.float() for name, tensor in bundle.split_tensors(tensors)[0].items()}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            if to == "pth":
                torch.save(pix2pix.reference_layout(card, full), part)
            else:
                _write_onnx(card, full, part)
        return [target, *(beside.write(target, card) if to == "pth" else ())]
    except OSError as error:
        raise ModelError(f"“{target}” can't be written ({error.strerror or error}).") from error


class _Styled(nn.Module):
    """A network whose second input is the style."""

    def __init__(self, network: Translator) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor, style: Tensor) -> Tensor:
        fake: Tensor = self.network(planes, style=style)
        return fake


def _write_onnx(card: Card, tensors: dict[str, Tensor], path: Path) -> None:
    if not all(importlib.util.find_spec(package) for package in PACKAGES):
        raise ModelError(
            f"For ONNX packages are missing; install them with: pip install {' '.join(PACKAGES)}"
        )
    network = bundle.blank(card)
    assert isinstance(network, Translator)
    network.load_state_dict(tensors, assign=True)
    network.requires_grad_(False).eval()
    network.use_statistics(card.statistics)
    network.fold()
    edge = max(network.multiple, network.least)
    # Not square, and not the smallest, lest the sizes are taken for constants.
    planes = torch.zeros(1, network.inputs, 2 * edge, 3 * edge)
    usual = torch.tensor([card.usual_style], dtype=torch.float32)
    height, width = (network.multiple * torch.export.Dim(name, min=1) for name in ("down", "across"))
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own insides
        program = torch.onnx.export(
            _Styled(network) if card.style else network,
            (planes, usual) if card.style else (planes,),
            dynamo=True,
            input_names=["planes", "style"] if card.style else ["planes"],
            output_names=["picture"],
            dynamic_shapes=({2: height, 3: width}, {}) if card.style else ({2: height, 3: width},),
            verbose=False,
        )
    assert program is not None
    if card.style:  # an input that has a value as well may be left out
        import onnx_ir

        style = program.model.graph.inputs[1]
        style.const_value = onnx_ir.tensor(usual.numpy(), name="style")
        program.model.graph.initializers["style"] = style
    program.model.metadata_props["underpaint"] = to_json(card)
    program.save(path)
