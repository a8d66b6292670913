"""Pictures ↔ network planes: the only place that knows [−1, 1], palettes, padding and ink.

A picture is first *prepared*: bytes (H, W, C) at working size that hold all that the network will
see. By what the model's card says, C is

- 3, or 1 (luma, ITU-R BT.601) for networks with one input plane;
- 1, the label's index, for label models fed with one plane a label;
- 5 for sketch models with hints: ink (255 paper, 0 line), hint red, green, blue (0 where there is
  no hint), and where the hints are (255 or 0).

Preparing and padding need no torch; ``planes`` and ``to_pixels`` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.errors import ModelError, PictureError
from engine.planes import ink

if TYPE_CHECKING:
    from torch import Tensor

Mask = npt.NDArray[np.bool_]

COLOURED = 32
"""Difference between the strongest and the weakest of red, green and blue from which a pixel of a
flat sketch is a hint rather than ink; JPEG files tint their black lines by up to about as much."""

TINTED = 4
"""The same difference from which a pixel beside a hint may be that hint's soft edge."""


def check(card: Card) -> None:
    """Hold what the card says of its input against its network's planes.

    Raises:
        ModelError: they don't fit, or the network doesn't make grey or colour pictures.
    """
    inputs, outputs = card.network.get("inputs"), card.network.get("outputs")
    if card.input == "sketch" and card.hints:
        wanted: tuple[int, ...] = (5,)
    elif card.input == "labels" and card.one_hot and card.palette is not None:
        wanted = (len(card.palette.labels),)
    else:
        wanted = (1, 3)
    if inputs not in wanted:
        raise ModelError(
            f"The model “{card.name}” has {inputs} input planes, but its card needs "
            f"{' or '.join(map(str, wanted))}; import or train it anew."
        )
    if outputs not in (1, 3):
        raise ModelError(f"The model “{card.name}” makes {outputs} planes, which is no picture; use another.")


def working_size(size: tuple[int, int], card: Card, native: bool = False) -> tuple[int, int]:
    """The size at which the network sees a document: the model's, in the document's proportions.

    Args:
        size: width and height of the document.
        native: the document's own size instead, see ``usually_native``.

    Returns:
        Width and height; the longer edge is the longer one of ``card.size``.
    """
    if native:
        return size
    scale = max(card.size) / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def usually_native(card: Card) -> bool:
    """Whether a model usually runs at the document's own size: if it takes images, whose detail would be
    lost, unless these are painted in colours with names: then in strokes as wide as it has learnt."""
    return card.input == "image" and card.palette is None


def prepare(picture: Picture, card: Card, size: tuple[int, int] | None = None) -> Pixels:
    """What the network will see of a document's picture.

    Args:
        size: working size (width, height); None for the picture's own.

    Returns:
        uint8 (H, W, C), see the module. The lines are redrawn at the model's line width.
    """
    size = size or picture.size
    if picture.lines is None:
        assert picture.pixels is not None
        scale = scaled_labels if card.input == "labels" else scaled
        return flat(scale(picture.pixels, size), card)
    hints = None if picture.hints is None else scaled(picture.hints, size)
    return sketched(redrawn(scaled(picture.lines, size), card), hints, card)


def redrawn(lines: Pixels, card: Card) -> Pixels:
    """Lines uint8 (H, W) at the width that a model wants, if it wants one."""
    return lines if card.line_width is None else ink.redrawn(lines, card.line_width)


def sketched(lines: Pixels, hints: Pixels | None, card: Card) -> Pixels:
    """What the network will see of a sketch at working size.

    Args:
        lines: uint8 (H, W), 255 paper to 0 ink, ``redrawn``.
        hints: uint8 (H, W, 4), straight RGBA.
    """
    if hints is not None and not hints[..., 3].any():
        hints = None  # most sketches have an empty layer for them
    if not card.hints:
        return flat(composite(lines, hints), card)
    prepared = np.zeros((*lines.shape, 5), np.uint8)
    prepared[..., 0] = lines
    if hints is not None:
        there = hints[..., 3] >= 128
        np.copyto(prepared[..., 1:4], hints[..., :3], where=there[..., None])
        prepared[..., 4] = there * np.uint8(255)
    return prepared


def flat(pixels: Pixels, card: Card) -> Pixels:
    """What the network will see of a flat picture uint8 (H, W, 3); sizes and lines stay as they are."""
    if card.input == "labels" and card.palette is not None:
        indices = card.palette.indices(pixels)
        if card.one_hot:
            return indices[..., None]
        pixels = card.palette.colours.take(indices, axis=0)
    elif card.input == "sketch" and card.hints:
        return _split(pixels)
    if card.network["inputs"] == 1:
        return np.array(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))[..., None]
    return pixels


def off_palette(pixels: Pixels, prepared: Pixels, card: Card) -> int:
    """How many pixels of a flat picture are of no label's colour; 0 for models without a palette.

    Args:
        pixels: uint8 (H, W, 3).
        prepared: what ``flat`` made of them.
    """
    if card.input != "labels" or card.palette is None:
        return 0
    seen = card.palette.colours.take(prepared[..., 0], axis=0) if card.one_hot else prepared
    return 0 if np.array_equal(seen, pixels) else int((seen != pixels).any(2).sum())


def to_planes(prepared: Pixels, card: Card, multiple: int, least: int) -> Tensor:
    """Prepared bytes as a network takes them: ``padded``, then made ``planes``."""
    return planes(padded(prepared, card, multiple, least), card)


def fitting(height: int, width: int, multiple: int, least: int) -> tuple[int, int]:
    """The smallest height and width that a network takes and that hold a picture, see ``padded``."""
    return max(-(-height // multiple) * multiple, least), max(-(-width // multiple) * multiple, least)


def padded(prepared: Pixels, card: Card, multiple: int, least: int) -> Pixels:
    """Prepared bytes at a size that a network takes.

    Args:
        prepared: uint8 (H, W, C), see the module.
        multiple: the padded edges are multiples of this,
        least: and at least so long.

    Returns:
        uint8 (H', W', C), padded at the right and at the bottom: pictures by repeated reflection, label
        indices by the label at the edge. ``prepared`` itself where it fits.
    """
    height, width = prepared.shape[:2]
    tall, wide = fitting(height, width, multiple, least)
    below, beside = tall - height, wide - width
    if not (below or beside):
        return prepared
    mode = "edge" if card.input == "labels" else "reflect"
    return np.pad(prepared, ((0, below), (0, beside), (0, 0)), mode=mode)  # type: ignore[call-overload,no-any-return]


def planes(prepared: Pixels, card: Card) -> Tensor:
    """Prepared bytes as numbers, each pixel for itself.

    Args:
        prepared: uint8 (H, W, C), see the module.

    Returns:
        float32 (1, planes, H, W) in [−1, 1], channels last in memory.
    """
    import torch

    # Torch refuses arrays that run backwards, and warns of those that can't be written to.
    return numbers(torch.from_numpy(np.require(prepared, requirements=["C", "W"])), card)


def numbers(prepared: Tensor, card: Card) -> Tensor:
    """As ``planes``, of bytes that are a tensor already, on whatever device."""
    import torch

    if card.one_hot and card.palette is not None:
        # Rows of an identity matrix are looked up six times as quickly as labels are compared.
        rows = torch.eye(len(card.palette.labels), device=prepared.device)
        made = rows.index_select(0, prepared.reshape(-1).int()).reshape(*prepared.shape[:2], -1)
    else:
        made = prepared.float().div_(127.5).sub_(1)
        if card.hints:
            mask = made[..., 4:].add_(1).div_(2)
            made[..., 1:4] *= mask
    return made.permute(2, 0, 1)[None]


def to_pixels(made: Tensor, height: int, width: int) -> Pixels:
    """What a network made, (1, 1 or 3, H', W') in [−1, 1], cropped to uint8 (H, W, 3)."""
    pixels: Pixels = to_bytes(made, height, width).cpu().numpy()
    return pixels


def to_bytes(made: Tensor, height: int, width: int) -> Tensor:
    """As ``to_pixels``, where the network is."""
    import torch

    inside = made[0, :, :height, :width].permute(1, 2, 0).float()
    # Rounded by cutting off; by way of 16 bits, since from floats to 8 torch knows no quick way.
    whole = torch.add(torch.tensor(128.0), inside, alpha=127.5).to(torch.int16)
    return whole.clamp_(0, 255).to(torch.uint8).expand(-1, -1, 3).contiguous()


def scaled_preview(preview: Pixels, size: tuple[int, int]) -> Pixels:
    """A preview brought from working size to the document's, smoothly.

    Args:
        preview: uint8 (H, W, 3).
        size: width and height.
    """
    return scaled(preview, size)


def scaled(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Smaller by area, so that no line gets lost; larger smoothly. RGBA is weighted by its alpha.

    A whole number of times smaller, each pixel is the mean of its own block, whatever lies around that.
    """
    height, width = pixels.shape[:2]
    if size == (width, height):
        return pixels
    if size[0] < 1 or size[1] < 1:
        raise PictureError("A picture needs at least one pixel; choose a larger size.")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if width % size[0] == 0 and height % size[1] == 0:
        return np.array(image.reduce((width // size[0], height // size[1])))
    shrinks = size[0] <= width and size[1] <= height
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.array(image.resize(size, method))


def scaled_labels(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """By the nearest pixel: a mixture of two labels would be a third."""
    height, width = pixels.shape[:2]
    if size == (width, height):
        return pixels
    rows = (np.arange(size[1]) * 2 + 1) * height // (2 * size[1])
    columns = (np.arange(size[0]) * 2 + 1) * width // (2 * size[0])
    scaled: Pixels = pixels[rows[:, None], columns]
    return scaled


def composite(lines: Pixels, hints: Pixels | None) -> Pixels:
    """Lines over hints over white, for sketch models that know no hints: uint8 (H, W, 3)."""
    if hints is None:
        return np.repeat(lines[..., None], 3, axis=2)
    opacity = hints[..., 3:].astype(np.uint32)
    under = hints[..., :3] * opacity + 255 * (255 - opacity)
    seen: Pixels = ((under * lines[..., None] + 32512) // 65025).astype(np.uint8)
    return seen


def _split(pixels: Pixels) -> Pixels:
    """A flat sketch as ink and hints: neutral pixels are ink, coloured ones hints.

    Soft edges of hints are neither: towards the paper they take the hint's own colour or become
    paper, so that no ring of ink or of another colour surrounds a hint.
    """
    red, green, blue = (np.ascontiguousarray(pixels[..., channel]) for channel in range(3))
    chroma = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    coloured = chroma > COLOURED
    prepared = np.zeros((*chroma.shape, 5), np.uint8)
    prepared[..., 0] = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))
    rows, columns = np.flatnonzero(coloured.any(1)), np.flatnonzero(coloured.any(0))
    if not len(rows):
        return prepared
    box = np.s_[max(0, rows[0] - 2) : rows[-1] + 3, max(0, columns[0] - 2) : columns[-1] + 3]
    chroma, coloured, inside = chroma[box], coloured[box], prepared[box]
    edges = (chroma > TINTED) & _beside(_beside(coloured))
    np.copyto(inside[..., 0], 255, where=coloured | edges)
    np.copyto(inside[..., 1:4], pixels[box], where=coloured[..., None])
    np.multiply(coloured, np.uint8(255), out=inside[..., 4])
    _firm(inside[..., 1:4], pixels[box], chroma, coloured)
    return prepared


def _beside(mask: Mask) -> Mask:
    """The mask and all pixels that touch it."""
    padded = np.pad(mask, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    touched: Mask = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return touched


def _firm(hints: Pixels, pixels: Pixels, chroma: npt.NDArray[np.uint8], coloured: Mask) -> None:
    """Give each hint the colour of the most coloured one of the nine pixels around it, itself first.

    Args:
        hints: uint8 (H, W, 3), written to.
        pixels: uint8 (H, W, 3), the colours.
        chroma: uint8 (H, W), how coloured they are.
        coloured: which are hints; they alone are looked at.
    """
    strength = np.pad(chroma, 1)
    rows = np.maximum(np.maximum(strength[:-2], strength[1:-1]), strength[2:])
    greatest = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    # Only at the edges of a hint, or in shaded ones, is there a firmer pixel beside.
    down, across = np.nonzero(coloured & (chroma < greatest))
    wanted = greatest[down, across]
    for number in range(9):
        below, beside = np.divmod(number, 3)
        firmer = strength[down + below, across + beside] == wanted
        rows_, columns = down[firmer], across[firmer]
        hints[rows_, columns] = pixels[rows_ + below - 1, columns + beside - 1]
