"""Generators of the reference project, https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix:
``state_dict`` files such as ``latest_net_G.pth``, bare, inside a checkpoint, or as safetensors.

Everything about the network is inferred from the names and shapes of its weights. In that project a
U-Net is nested, so that level k lies k times inside ``model.1.model.3.…``; a residual generator is
one sequence, numbered through, in which layers without weights count too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.card import Card, InputKind, Statistics
from engine.data.palette import Palette
from engine.errors import ModelError
from engine.foreign import ForeignModel
from engine.models import beside, bundle, pickles, unwrapping
from engine.models.unwrapping import Network
from engine.networks import build

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors")

Shapes = Mapping[str, tuple[int, ...]]

LINE_WIDTH = 1.0
"""Width in pixels of the edges that the published sketch models were trained on."""

_BLOCK = re.compile(r"model\.[0-9]{1,4}\.conv_block\.")

_NORM = ("weight", "bias", "running_mean", "running_var")


def recognises(path: Path) -> bool:
    """Whether this may be such a file: by its ending, or as torch.save and safetensors begin their files."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError:
        return False
    known = start.startswith((b"PK\x03\x04", b"\x80\x02")) or _is_safetensors(start)
    return path.suffix.lower() in SUFFIXES or known


def inspect(path: Path) -> ForeignModel:
    """See ``engine.foreign.inspect``."""
    found, _, _ = _looked_into(path, None)
    return found


def convert(
    path: Path,
    *,
    name: str | None = None,
    input: InputKind | None = None,
    palette: Palette | None = None,
    statistics: Statistics | None = None,
    generator: str | None = None,
) -> tuple[Card, dict[str, Tensor]]:
    """See ``engine.foreign.convert``. The published way to run these networks is with image statistics."""
    import torch

    found, network, load = _looked_into(path, generator)
    theirs = unwrapping.plain(load(network.leaves), _transposed(found), path.name)
    tensors: dict[str, Tensor] = {}
    for ours, key in _names(found.kind, found.settings):
        tensor = theirs[key].detach().clone().contiguous()
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"In “{path.name}” the weights “{key}” are damaged; fetch the file anew.")
        tensors[ours] = tensor.float() if tensor.dtype == torch.float64 else tensor
    asked = input or ("labels" if palette is not None else None)
    if statistics == "running" and found.settings["norm"] == "instance":
        raise ModelError(
            f"“{path.name}” has instance norms, which know no running statistics; use the image's "
            "(--statistics image)."
        )
    if found.card is not None and asked in (None, found.card.input):
        kept = found.card
        fits = palette is None or kept.palette is None or len(palette.labels) == len(kept.palette.labels)
        if not fits and kept.one_hot:
            raise ModelError(
                f"The network has a plane for each of {found.inputs} labels, the palette {_count(palette)} "
                "colours; choose one that fits (--palette)."
            )
        return (
            replace(
                kept,
                name=name or kept.name,
                palette=palette or kept.palette,
                statistics=statistics or kept.statistics,
            ),
            tensors,
        )
    card = _card(found, name, asked or "image", palette, statistics or "image")
    return replace(card, description=f"Imported from {path.name}."), tensors


def _card(
    found: ForeignModel, name: str | None, input: InputKind, palette: Palette | None, statistics: Statistics
) -> Card:
    """A card of what the file says and what was answered."""
    one_hot = input == "labels" and palette is not None and found.inputs == len(palette.labels)
    hints = input == "sketch" and found.inputs == 5
    if input == "labels" and palette is None:
        raise ModelError("A label model needs to know its colours; choose a palette (--palette).")
    if found.inputs not in (1, 3) and not one_hot and not hints:
        raise ModelError(
            f"The network wants {found.inputs} input planes; 1 or 3 are pictures, 5 a sketch with hints "
            "(--input sketch), as many as the palette has colours a label picture (--input labels)."
        )
    edge = 2 ** found.settings["levels"] if found.kind == "unet" else 256
    return Card(
        name=name or found.name,
        kind=found.kind,
        network=found.settings,
        input=input,
        size=(edge, edge),
        hints=hints,
        line_width=LINE_WIDTH if input == "sketch" else None,
        palette=None if input == "sketch" else palette,
        one_hot=one_hot and found.inputs != 3,
        statistics=statistics,
        licence="As its origin says.",
    )


def _count(palette: Palette | None) -> int:
    return 0 if palette is None else len(palette.labels)


Load = Callable[[dict[str, Any]], "dict[str, Tensor]"]


def _looked_into(path: Path, generator: str | None) -> tuple[ForeignModel, Network, Load]:
    """What the file holds, the generator in it, and what makes tensors of its leaves."""
    value: Any
    load: Load
    if _is_safetensors(_start(path)) or path.suffix.lower() == bundle.SUFFIX:
        value = bundle.read_bare(path)

        def load(leaves: dict[str, Any]) -> dict[str, Tensor]:
            return bundle.load_bare(path, leaves)
    else:
        checkpoint = pickles.read(path)
        value, load = checkpoint.value, checkpoint.load
    networks = unwrapping.networks(path.name, value)
    if not networks:
        raise ModelError(f"“{path.name}” holds no weights; save the network's state_dict.")
    network = unwrapping.chosen(path.name, networks, generator)
    found = _found(path, network)
    card = beside.card_of(path, found.kind, found.settings)
    if card is not None:
        found = replace(found, name=card.name, settings=card.network, card=card)
    return found, network, load


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(9)
    except OSError as error:
        raise ModelError(f"“{path.name}” can't be read ({error.strerror or error}).") from error


def _is_safetensors(start: bytes) -> bool:
    """A header's length, then the header."""
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= bundle.MOST_HEADER_BYTES


def _transposed(found: ForeignModel) -> set[str]:
    return {key for ours, key in _names(found.kind, found.settings) if ours.startswith("ups.")}


def _found(path: Path, network: Network) -> ForeignModel:
    """Infer the network, then hold every key and shape of the file against it."""
    shapes = network.shapes
    if "model.model.0.weight" in shapes:
        kind, settings = "unet", _unet_settings(shapes)
    elif "model.1.weight" in shapes and "model.10.conv_block.1.weight" in shapes and not _is_hd(shapes):
        kind, settings = "resnet", _resnet_settings(shapes)
    else:
        raise ModelError(f"“{path.name}” {_something_else(shapes)}.")
    _check(path.name, kind, settings, shapes)
    count = sum(math.prod(shape) for shape in shapes.values()) / 1e6
    depth = f"{settings['levels']} levels" if kind == "unet" else f"{settings['blocks']} blocks"
    summary = (
        f"{'U-Net' if kind == 'unet' else 'ResNet'}, {depth}, width {settings['width']}, "
        f"{settings['norm']} norm, {settings['inputs']} → {settings['outputs']} planes, {count:.1f} M weights"
    )
    return ForeignModel(summary, _title(path), kind, settings, settings["inputs"])


def _is_hd(shapes: Shapes) -> bool:
    """Whether a residual generator has not two steps down, so that its blocks begin elsewhere."""
    return "model1_1.1.weight" in shapes or min(_blocks(shapes)) != 10


def _blocks(shapes: Shapes) -> set[int]:
    """The numbers that the residual blocks have."""
    return {int(name.split(".")[1]) for name in shapes if _BLOCK.match(name)}


def _something_else(shapes: Shapes) -> str:
    """What it is if no generator that is known; goes on after the file's name."""
    if {"model.0.weight", "net.0.weight", "layer1.0.weight", "scale0_layer0.0.weight"} & shapes.keys():
        return "is a discriminator, which paints nothing; import the generator (net_G)"
    blocks = _blocks(shapes)
    if "model1_1.1.weight" in shapes:
        return (
            "is pix2pixHD's generator with a local enhancer; Underpaint has no such network, only those of "
            "pix2pix and CycleGAN"
        )
    if "model.1.weight" in shapes and blocks:
        steps, count = (min(blocks) - 4) // 3, len(blocks)
        return (
            f"is a residual generator with {steps} steps down and {count} blocks, as pix2pixHD's global one "
            "has them; Underpaint has no such network, only those with 2 steps down and 6 or 9 blocks"
        )
    return f"is no pix2pix generator: its first weights are “{next(iter(shapes), '')}”"


def _title(path: Path) -> str:
    if path.name == "latest_net_G.pth" and path.absolute().parent.name:
        return path.absolute().parent.name
    return path.stem


def _edge(shapes: Shapes, key: str, axis: int) -> int:
    """Length of one axis; 0, which no network can have, where there is none."""
    shape = shapes.get(key, ())
    return shape[axis] if len(shape) > axis else 0


def _unet_settings(shapes: Shapes) -> dict[str, Any]:
    levels = 1
    while f"{_prefix(levels)}1.weight" in shapes:
        levels += 1
    return {
        "levels": levels,
        "width": _edge(shapes, "model.model.0.weight", 0),
        "inputs": _edge(shapes, "model.model.0.weight", 1),
        "outputs": _edge(shapes, "model.model.3.weight", 1),
        "norm": "batch" if f"{_prefix(1)}2.weight" in shapes else "instance",
        "dropout": True,  # leaves no trace in the file; the paper has it
    }


def _resnet_settings(shapes: Shapes) -> dict[str, Any]:
    blocks = 0
    while f"model.{10 + blocks}.conv_block.1.weight" in shapes:
        blocks += 1
    return {
        "blocks": blocks,
        "width": _edge(shapes, "model.1.weight", 0),
        "inputs": _edge(shapes, "model.1.weight", 1),
        "outputs": _edge(shapes, f"model.{17 + blocks}.weight", 0),
        "norm": "batch" if "model.2.weight" in shapes else "instance",
        # A dropout layer moves the block's second convolution from place 5 to 6.
        "dropout": _edge(shapes, "model.10.conv_block.6.weight", 2) > 0,
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
    if card.style:
        raise ModelError(
            f"The pix2pix project knows no styles, but “{card.name}” has them; export it to ONNX."
        )
    theirs: dict[str, Tensor] = {}
    for ours, key in _names(card.kind, card.network):
        theirs[key] = tensors[ours]
        if key.endswith(".running_var"):  # its norms count their batches; nothing reads the count
            theirs[key.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    return theirs


def _names(kind: str, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of our name and theirs for all weights."""
    layers = _unet_layers(settings) if kind == "unet" else _resnet_layers(settings)
    last = "ups.0" if kind == "unet" else "head"
    bias = settings["norm"] != "batch"
    for layer, convolution, norm in layers:
        yield f"{layer}.convolution.weight", f"{convolution}.weight"
        if bias or layer == last:
            yield f"{layer}.convolution.bias", f"{convolution}.bias"
        if norm and not bias:
            for part in _NORM:
                yield f"{layer}.norm.{part}", f"{norm}.{part}"


LayerNames = tuple[str, str, str]
"""Our layer; their convolution; their norm, empty where there is none."""


def _unet_layers(settings: dict[str, Any]) -> Iterator[LayerNames]:
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


def _resnet_layers(settings: dict[str, Any]) -> Iterator[LayerNames]:
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


def _check(name: str, kind: str, settings: dict[str, Any], shapes: Shapes) -> None:
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
        if key not in shapes:
            raise ModelError(f"“{name}” does not fit a pix2pix {kind}: the weights “{key}” are missing.")
        if shapes[key] != tuple(wanted[ours].shape):
            raise ModelError(
                f"“{name}” does not fit a pix2pix {kind}: “{key}” is {_words(shapes[key])} "
                f"instead of {_words(tuple(wanted[ours].shape))}."
            )
    for key in shapes:
        last = key.rpartition(".")[2]
        dropped = last.startswith("running_") and settings["norm"] == "instance"
        if key in known or dropped or last == "num_batches_tracked":
            continue
        raise ModelError(f"“{name}” does not fit a pix2pix {kind}: it has no place for “{key}”.")


def _words(shape: tuple[int, ...]) -> str:
    return (" × ".join(map(str, shape)) or "a single number") if math.prod(shape) else "empty"
