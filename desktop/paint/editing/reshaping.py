"""Steps that give layers other pixels: another size, another palette, hints in other colours. Nothing
happens before they are taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from desktop.paint.editing.history import StateStep
from desktop.paint.editing.layer_stack import (
    LayerStack,
    PictureStyle,
    State,
    check_paintable,
    paper_of,
    translate,
)
from desktop.paint.editing.limits import check_size
from desktop.paint.layers import overhang, scaling
from desktop.paint.layers.composite import from_straight, to_straight, unpacked
from desktop.paint.layers.held import MOST_HELD_BYTES
from desktop.paint.layers.layer import Piece, Role
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.data.rect import Rect
from engine.errors import PictureError


def resizing(stack: LayerStack, width: int, height: int) -> StateStep:
    """The picture scaled; labels by the nearest neighbour.

    Raises:
        PictureError: too large.
    """
    larger = width * height / (stack.width * stack.height)
    beyond = math.ceil(overhang.extent(stack.layers, stack.bounds) * larger)
    largest = math.ceil(overhang.furthest(stack.layers, stack.bounds) * larger)
    check_size(width, height, len(stack.layers), beyond, largest if larger > 1 else 0)
    copies = {
        layer.id: scaling.scaled(layer.pixels, width, height, smooth=layer.role is not Role.LABELS)
        for layer in stack.layers
    }
    outside = {
        layer.id: overhang.scaled(layer, width, height, smooth=layer.role is not Role.LABELS)
        for layer in stack.layers
    }
    state = replace(_with_pixels(stack, copies, outside), width=width, height=height)
    return StateStep(translate("paint", "Resize"), state)


def cropping(stack: LayerStack, rect: Rect) -> StateStep:
    """``rect`` as the picture; where it reaches beyond, there is new room, empty but for what layers hold
    there.

    Raises:
        PictureError: empty or too large, or what is held of its preview would be.
    """
    beyond, largest = overhang.extent(stack.layers, rect), overhang.furthest(stack.layers, rect)
    grows = largest > overhang.furthest(stack.layers, stack.bounds)  # else it was so in its file
    check_size(rect.width, rect.height, len(stack.layers), beyond, largest if grows else 0)
    copies, outside = {}, {}
    inside = rect.intersected(stack.bounds)
    place = Rect(inside.left - rect.left, inside.top - rect.top, inside.width, inside.height)
    for layer in stack.layers:
        canvas = unpacked(stack.emptiness(layer, Rect(0, 0, rect.width, rect.height)))
        canvas[place.rows, place.columns] = layer.pixels[inside.rows, inside.columns]
        copies[layer.id] = canvas
        outside[layer.id] = overhang.cropped(layer, canvas, rect)
    size = stack.width, stack.height
    scale = rect.width * rect.height / (size[0] * size[1])
    if sum(hold.pixels.nbytes for hold in stack.holds) * scale > MOST_HELD_BYTES:
        text = translate(
            "paint", "What is held would take too much memory at that size; lift some holds first."
        )
        raise PictureError(text)
    holds = tuple(it for hold in stack.holds if (it := hold.cropped(size, rect)) is not None)
    state = _with_pixels(stack, copies, outside)
    state = replace(state, width=rect.width, height=rect.height, holds=holds)
    return StateStep(translate("paint", "Crop"), state)


def recolouring(stack: LayerStack, palette: Palette | None) -> StateStep:
    """Another palette, and its paper; in a label picture colours go to their nearest label.

    Args:
        stack: what gets it.
        palette: None for images alone: any colour, on white.
    """
    state = stack.state
    if stack.kind == "labels":
        assert palette is not None, "labels have colours"
        labels = [layer for layer in stack.layers if layer.role is Role.LABELS]
        copies = {layer.id: _snapped(layer.pixels, palette) for layer in labels}
        outside = {
            layer.id: tuple(Piece(piece.rect, _snapped(piece.pixels, palette)) for piece in layer.outside)
            for layer in labels
        }
        state = _with_pixels(stack, copies, outside)
    paper = paper_of(stack.kind, palette)
    return StateStep(translate("paint", "Palette"), replace(state, palette=palette, paper=paper))


def tinting(
    stack: LayerStack, recoloured: Callable[[Pixels], Pixels], text: str, style: PictureStyle | None
) -> StateStep:
    """Other colours in all hints that can be seen, beyond the edges of the picture as well.

    Args:
        stack: what gets them.
        recoloured: gives straight RGBA, uint8 (H, W, 4), in other colours.
        text: what the step is called.
        style: which the picture wants from then on.

    Raises:
        PictureError: one of the layers is locked.
    """
    layers = []
    for layer in stack.layers:
        if layer.role is Role.HINTS and layer.shown:
            check_paintable(layer)
            outside = tuple(Piece(it.rect, _through(recoloured, it.pixels)) for it in layer.outside)
            other = layer.with_pixels(_through(recoloured, layer.pixels))
            other.outside = outside
            layers.append(other)
        else:  # the very same: whoever watches it goes on
            layers.append(layer)
    active = layers[stack.layers.index(stack.active)]
    return StateStep(text, replace(stack.state, layers=tuple(layers), active=active, style=style))


def _through(recoloured: Callable[[Pixels], Pixels], pixels: Pixels) -> Pixels:
    return from_straight(recoloured(to_straight(pixels)))


def _snapped(pixels: Pixels, palette: Palette) -> Pixels:
    return unpacked(scaling.as_labels(to_straight(pixels), palette))


def _with_pixels(
    stack: LayerStack, copies: dict[int, Pixels], outside: dict[int, tuple[Piece, ...]]
) -> State:
    """The same layers with other pixels: other ``Layer`` objects of the same ids, see ``StateStep``."""
    layers = tuple(layer.with_pixels(copies.get(layer.id, layer.pixels)) for layer in stack.layers)
    for layer in layers:
        layer.outside = outside.get(layer.id, layer.outside)
    return replace(stack.state, layers=layers, active=layers[stack.layers.index(stack.active)])
