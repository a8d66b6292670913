"""Generators of the reference project, https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix:
bare ``state_dict`` files such as ``latest_net_G.pth``.

Everything about the network is inferred from the names and shapes of its weights. In that project a
U-Net is nested, so that level k lies k times inside ``model.1.model.3.…``; a residual generator is
one sequence, numbered through, in which layers without weights count too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import pickles
from engine.card import Card, InputKind
from engine.errors import ModelError
from engine.foreign import Found
from engine.networks import build
from engine.palette import Palette

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = (".pth", ".pt")

LINE_WIDTH = 1.0
"""Width in pixels of the edges that the published sketch models were trained on."""

_WRAPPERS = re.compile(r"^(?:module\.|_orig_mod\.)+")
"""Left in the names by DataParallel and by torch.compile."""

_NORM = ("weight", "bias", "running_mean", "running_var")


def recognises(path: Path) -> bool:
    """Whether this may be such a file: by its ending, or as torch.save begins its files."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False
    return path.suffix.lower() in SUFFIXES or start == b"PK\x03\x04" or start[:2] == b"\x80\x02"


def inspect(path: Path) -> Found:
    """See ``engine.foreign.inspect``."""
    return _found(path, _tensors(path))


def convert(
    path: Path, *, name: str | None = None, input: InputKind = "image", palette: Palette | None = None
) -> tuple[Card, dict[str, Tensor]]:
    """See ``engine.foreign.convert``. The published way to run these networks is with image statistics."""
    import torch

    theirs = _tensors(path)
    found = _found(path, theirs)
    one_hot = input == "labels" and palette is not None and found.inputs == len(palette.labels)
    hints = input == "sketch" and found.inputs == 5
    if input == "labels" and palette is None:
        raise ModelError("A label model needs to know its colours; choose a palette (--palette).")
    if found.inputs not in (1, 3) and not one_hot and not hints:
        raise ModelError(
            f"The network wants {found.inputs} input planes; 1 or 3 are pictures, 5 a sketch with hints "
            "(--input sketch), as many as the palette has colours a label picture (--input labels)."
        )
    tensors: dict[str, Tensor] = {}
    for ours, key in _names(found.kind, found.settings):
        tensor = theirs[key].detach().clone().contiguous()
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"In “{path.name}” the weights “{key}” are damaged; fetch the file anew.")
        tensors[ours] = tensor.float() if tensor.dtype == torch.float64 else tensor
    edge = 2 ** found.settings["levels"] if found.kind == "unet" else 256
    card = Card(
        name=name or found.name,
        kind=found.kind,
        network=found.settings,
        input=input,
        size=(edge, edge),
        hints=hints,
        line_width=LINE_WIDTH if input == "sketch" else None,
        palette=None if input == "sketch" else palette,
        one_hot=one_hot and found.inputs != 3,
        statistics="image",
        description=f"Imported from {path.name}.",
        licence="As its origin says.",
    )
    return card, tensors


def _tensors(path: Path) -> dict[str, Tensor]:
    return {_WRAPPERS.sub("", key): tensor for key, tensor in pickles.load(path).items()}


def _found(path: Path, tensors: dict[str, Tensor]) -> Found:
    """Infer the network, then hold every key and shape of the file against it."""
    if "model.model.0.weight" in tensors:
        kind, settings = "unet", _unet_settings(tensors)
    elif "model.1.weight" in tensors and "model.10.conv_block.1.weight" in tensors:
        kind, settings = "resnet", _resnet_settings(tensors)
    elif {"model.0.weight", "net.0.weight", "layer1.0.weight", "scale0_layer0.0.weight"} & tensors.keys():
        raise ModelError(
            f"“{path.name}” is a discriminator, which paints nothing; import the generator (net_G)."
        )
    else:
        raise ModelError(
            f"“{path.name}” is no pix2pix generator: its first weights are “{next(iter(tensors))}”."
        )
    _check(path.name, kind, settings, tensors)
    count = sum(tensor.numel() for tensor in tensors.values()) / 1e6
    depth = f"{settings['levels']} levels" if kind == "unet" else f"{settings['blocks']} blocks"
    summary = (
        f"{'U-Net' if kind == 'unet' else 'ResNet'}, {depth}, width {settings['width']}, "
        f"{settings['norm']} norm, {settings['inputs']} → {settings['outputs']} planes, {count:.1f} M weights"
    )
    return Found(summary, _title(path), kind, settings, settings["inputs"])


def _title(path: Path) -> str:
    if path.name == "latest_net_G.pth" and path.absolute().parent.name:
        return path.absolute().parent.name
    return path.stem


def _edge(tensors: dict[str, Tensor], key: str, axis: int) -> int:
    """Length of one axis; 0, which no network can have, where there is none."""
    tensor = tensors.get(key)
    return tensor.shape[axis] if tensor is not None and tensor.dim() > axis else 0


def _unet_settings(tensors: dict[str, Tensor]) -> dict[str, Any]:
    levels = 1
    while f"{_prefix(levels)}1.weight" in tensors:
        levels += 1
    return {
        "levels": levels,
        "width": _edge(tensors, "model.model.0.weight", 0),
        "inputs": _edge(tensors, "model.model.0.weight", 1),
        "outputs": _edge(tensors, "model.model.3.weight", 1),
        "norm": "batch" if f"{_prefix(1)}2.weight" in tensors else "instance",
        "dropout": True,  # leaves no trace in the file; the paper has it
    }


def _resnet_settings(tensors: dict[str, Tensor]) -> dict[str, Any]:
    blocks = 0
    while f"model.{10 + blocks}.conv_block.1.weight" in tensors:
        blocks += 1
    return {
        "blocks": blocks,
        "width": _edge(tensors, "model.1.weight", 0),
        "inputs": _edge(tensors, "model.1.weight", 1),
        "outputs": _edge(tensors, f"model.{17 + blocks}.weight", 0),
        "norm": "batch" if "model.2.weight" in tensors else "instance",
        # A dropout layer moves the block's second convolution from place 5 to 6.
        "dropout": _edge(tensors, "model.10.conv_block.6.weight", 2) > 0,
    }


def _prefix(level: int) -> str:
    """What the names of a U-Net's level begin with, from level 1 on."""
    return "model.model.1.model." + "3.model." * (level - 1)


def reference_layout(card: Card, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The way back: a generator's weights under the reference project's names, to be saved for it.

    Raises:
        ModelError: that project has no such network.
    """
    import torch

    if card.kind not in ("unet", "resnet"):
        raise ModelError(
            f"The pix2pix project knows no {card.kind} network; only unet and resnet can be saved."
        )
    theirs: dict[str, Tensor] = {}
    for ours, key in _names(card.kind, card.network):
        theirs[key] = tensors[ours]
        if key.endswith(".running_var"):  # its norms count their batches; nothing reads the count
            theirs[key.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    return theirs


def _names(kind: str, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of our name and theirs for all weights."""
    places = _unet_places(settings) if kind == "unet" else _resnet_places(settings)
    last = "ups.0" if kind == "unet" else "head"
    bias = settings["norm"] != "batch"
    for layer, convolution, norm in places:
        yield f"{layer}.convolution.weight", f"{convolution}.weight"
        if bias or layer == last:
            yield f"{layer}.convolution.bias", f"{convolution}.bias"
        if norm and not bias:
            for part in _NORM:
                yield f"{layer}.norm.{part}", f"{norm}.{part}"


Place = tuple[str, str, str]
"""Our layer; their convolution; their norm, empty where there is none."""


def _unet_places(settings: dict[str, Any]) -> Iterator[Place]:
    innermost = settings["levels"] - 1
    yield "downs.0", "model.model.0", ""
    yield "ups.0", "model.model.3", ""
    for level in range(1, innermost):
        prefix = _prefix(level)
        yield f"downs.{level}", f"{prefix}1", f"{prefix}2"
        yield f"ups.{level}", f"{prefix}5", f"{prefix}6"
    prefix = _prefix(innermost)
    yield f"downs.{innermost}", f"{prefix}1", ""
    yield f"ups.{innermost}", f"{prefix}3", f"{prefix}4"


def _resnet_places(settings: dict[str, Any]) -> Iterator[Place]:
    blocks = settings["blocks"]
    second = 6 if settings["dropout"] else 5
    yield "stem", "model.1", "model.2"
    yield "downs.0", "model.4", "model.5"
    yield "downs.1", "model.7", "model.8"
    for block in range(blocks):
        prefix = f"model.{10 + block}.conv_block"
        yield f"blocks.{block}.first", f"{prefix}.1", f"{prefix}.2"
        yield f"blocks.{block}.second", f"{prefix}.{second}", f"{prefix}.{second + 1}"
    yield "ups.0", f"model.{10 + blocks}", f"model.{11 + blocks}"
    yield "ups.1", f"model.{13 + blocks}", f"model.{14 + blocks}"
    yield "head", f"model.{17 + blocks}", ""


def _check(name: str, kind: str, settings: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Raise ModelError naming the first key that doesn't fit the network."""
    import torch

    try:
        with torch.device("meta"):
            wanted = build(kind, **settings).state_dict()
    except ModelError as error:
        raise ModelError(f"“{name}” is damaged or no pix2pix generator: {error}") from error
    known = set()
    for ours, key in _names(kind, settings):
        known.add(key)
        if key not in tensors:
            raise ModelError(f"“{name}” does not fit a pix2pix {kind}: the weights “{key}” are missing.")
        if tensors[key].shape != wanted[ours].shape:
            raise ModelError(
                f"“{name}” does not fit a pix2pix {kind}: “{key}” is {_words(tensors[key])} "
                f"instead of {_words(wanted[ours])}."
            )
    for key in tensors:
        last = key.rpartition(".")[2]
        dropped = last.startswith("running_") and settings["norm"] == "instance"
        if key in known or dropped or last == "num_batches_tracked":
            continue
        raise ModelError(f"“{name}” does not fit a pix2pix {kind}: it has no place for “{key}”.")


def _words(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) if math.prod(tensor.shape) else "empty"
