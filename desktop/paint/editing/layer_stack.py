"""What a document is made of: layers over paper, with the palette that they are painted in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.limits import MOST_LAYERS, check_size
from desktop.paint.layers import scaling
from desktop.paint.layers.composite import composite, from_straight, pack, packed
from desktop.paint.layers.held import Hold
from desktop.paint.layers.layer import Layer, Packed, Role
from engine.data.card import InputKind
from engine.data.messages import Pixels
from engine.data.palette import Colour, Palette
from engine.data.rect import Rect
from engine.data.style import Code
from engine.errors import PictureError

ROLES: dict[InputKind, tuple[Role, ...]] = {
    "sketch": (Role.LINES, Role.HINTS),
    "labels": (Role.LABELS,),
    "image": (Role.PAINT,),
}
"""The roles of layers that the network sees, by kind of document."""

WHITE: Colour = (255, 255, 255)
translate = QCoreApplication.translate


@dataclass(frozen=True)
class PictureStyle:
    """Which of many photos of one drawing is wanted, see ``engine.data.style``."""

    code: Code
    name: str = ""
    """For people: the number it was drawn by, its name, the photo that has it; may be empty."""


@dataclass(frozen=True)
class State:
    """What a document is, besides the contents of its layers."""

    width: int
    height: int
    paper: Colour
    palette: Palette | None
    layers: tuple[Layer, ...]
    """Bottom first."""
    active: Layer
    style: PictureStyle | None = None
    """None: the model's usual one."""
    named_styles: tuple[PictureStyle, ...] = ()
    """Those that somebody liked; their names differ."""
    holds: tuple[Hold, ...] = ()
    """What of the preview stays as it was, the newest last."""


class LayerStack:
    """Layers of one size, over paper. Steps of the history swap its state, see ``Step.exchange``.

    Args:
        kind: what sort of model it is for.
        width: in pixels.
        height: in pixels.
        layers: bottom first, all of that size, with different ids, at least one of them sent.
        paper: the colour under all layers.
        palette: label documents need one.
        active: the layer to paint on; the topmost one that is sent if None.
        style: of the photo that is wanted; None for the model's usual one.
        named_styles: those that somebody gave a name.
        holds: what of the preview stays as it was.

    Raises:
        PictureError: too large, or a label picture without palette.
    """

    def __init__(
        self,
        kind: InputKind,
        width: int,
        height: int,
        layers: Sequence[Layer],
        paper: Colour = WHITE,
        palette: Palette | None = None,
        active: Layer | None = None,
        style: PictureStyle | None = None,
        named_styles: tuple[PictureStyle, ...] = (),
        holds: tuple[Hold, ...] = (),
    ) -> None:
        check_size(width, height, len(layers))
        if kind == "labels" and palette is None:
            raise PictureError(translate("paint", "A label picture needs a palette; choose one."))
        self.kind = kind
        self.next_id = 0
        """No layer has had it yet, not even one that undo may bring back."""
        self.state = State(
            width,
            height,
            paper,
            palette,
            tuple(layers),
            active or [layer for layer in layers if layer.role.sent][-1],
            style,
            named_styles,
            holds,
        )

    @property
    def state(self) -> State:
        """What ``StateStep`` swaps; setting it is that step's work alone."""
        return State(
            self.width,
            self.height,
            self.paper,
            self.palette,
            tuple(self.layers),
            self.active,
            self.style,
            self.named_styles,
            self.holds,
        )

    @state.setter
    def state(self, state: State) -> None:
        self.width, self.height = state.width, state.height
        self.paper, self.palette = state.paper, state.palette
        self.layers, self.active = list(state.layers), state.active
        self.style, self.named_styles, self.holds = state.style, state.named_styles, state.holds
        self.next_id = max(self.next_id, *(layer.id + 1 for layer in state.layers))

    @property
    def bounds(self) -> Rect:
        """All of the picture."""
        return Rect(0, 0, self.width, self.height)

    def layer(self, id: int) -> Layer:
        """The layer with that id.

        Raises:
            KeyError: there is none.
        """
        for layer in self.layers:
            if layer.id == id:
                return layer
        raise KeyError(id)

    def colour_at(self, x: int, y: int) -> Colour | None:
        """What is seen at a pixel, reference layers included except in label pictures; None outside.

        A photo that lies half seen over bare paper gives its own colour, not one washed out.
        """
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        painted = (layer for layer in self.layers if layer.role is not Role.REFERENCE)
        bare = not any(layer.shown and layer.packed[y, x] for layer in painted)
        for layer in reversed(self.layers) if bare else ():
            if layer.role is Role.REFERENCE and layer.shown and layer.pixels[y, x, 3] == 255:
                blue, green, red = layer.pixels[y, x, :3].tolist()
                return red, green, blue
        all_seen = self.kind != "labels" or self.active.role is Role.FINISH
        layers = [layer for layer in self.layers if layer.role.sent or all_seen]
        blue, green, red, _ = composite(layers, Rect(x, y, 1, 1), self.paper)[0, 0].tolist()
        return red, green, blue

    def emptiness(self, layer: Layer, rect: Rect) -> Packed:
        """``rect`` of a layer as it is before anything is painted, uint32: transparent, or the background on
        the lowest label layer."""
        lowest = next(other for other in self.layers if other.role.sent)
        full = layer is lowest and layer.role is Role.LABELS
        return np.full((rect.height, rect.width), pack(self.paper) if full else 0, np.uint32)

    def fitting(self, pixels: Pixels) -> Packed:
        """Straight RGBA or RGB ``pixels`` as the active layer takes them, uint32 (H, W) premultiplied.

        On label layers, what is at least half opaque takes the nearest colour, the rest is left out.
        """
        if self.active.role is Role.LABELS:
            assert self.palette is not None
            return scaling.as_labels(pixels, self.palette)
        return packed(from_straight(pixels))

    def free_name(self, role: Role) -> str:
        """A name for another layer of that role, which none has yet."""
        taken = {layer.name for layer in self.layers}
        name = first_name(role)
        numbers = (f"{name} {number}" for number in range(2, MOST_LAYERS + 3))
        return next(name for name in (name, *numbers) if name not in taken)


def first_name(role: Role) -> str:
    """What the first layer of a role is called, in the user's language."""
    names = {
        Role.LINES: translate("paint", "Lines"),
        Role.HINTS: translate("paint", "Colours"),
        Role.PAINT: translate("paint", "Paint"),
        Role.LABELS: translate("paint", "Labels"),
        Role.REFERENCE: translate("paint", "Reference"),
        Role.FINISH: translate("paint", "Finish"),
    }
    return names[role]


def paper_of(kind: InputKind, palette: Palette | None) -> Colour:
    """The colour called background, else the first; white where there is no palette, and in sketches."""
    if kind == "sketch" or palette is None:
        return WHITE
    named = [label for label in palette.labels if label.name.strip().lower() == "background"]
    return (named or palette.labels)[0].colour


def check_paintable(layer: Layer) -> None:
    """Refuse to paint on a layer that shows nothing of it, or is kept from it.

    Raises:
        PictureError: it is locked, hidden or only there to be traced.
    """
    if not layer.role.paintable:
        text = translate("paint", "“{0}” is only there to be traced; choose another layer to paint on.")
    elif layer.locked:
        raise PictureError(locked_text(layer))
    elif not layer.shown:
        text = translate("paint", "“{0}” is hidden; show it to paint on it.")
    else:
        return
    raise PictureError(text.format(layer.name))


def locked_text(layer: Layer) -> str:
    """Why a layer can't be painted on or removed."""
    return translate("paint", "“{0}” is locked; unlock it first.").format(layer.name)


class Seen:
    """What is there of a stack, for those who only look: the part of a document that changes nothing."""

    def __init__(self, stack: LayerStack) -> None:
        self._stack = stack

    @property
    def kind(self) -> InputKind:
        """What sort of model it is for."""
        return self._stack.kind

    @property
    def width(self) -> int:
        """In pixels."""
        return self._stack.width

    @property
    def height(self) -> int:
        """In pixels."""
        return self._stack.height

    @property
    def bounds(self) -> Rect:
        """All of the picture."""
        return self._stack.bounds

    @property
    def paper(self) -> Colour:
        """The colour under all layers."""
        return self._stack.paper

    @property
    def palette(self) -> Palette | None:
        """The colours that mean something; label pictures have one."""
        return self._stack.palette

    @property
    def layers(self) -> list[Layer]:
        """Bottom first; only steps change the list."""
        return self._stack.layers

    @property
    def active(self) -> Layer:
        """The layer that is painted on."""
        return self._stack.active

    def layer(self, id: int) -> Layer:
        """The layer with that id; KeyError where there is none."""
        return self._stack.layer(id)

    def colour_at(self, x: int, y: int) -> Colour | None:
        """What is seen at a pixel; None outside the picture."""
        return self._stack.colour_at(x, y)

    def emptiness(self, layer: Layer, rect: Rect) -> Packed:
        """``rect`` of a layer as it is before anything is painted, uint32."""
        return self._stack.emptiness(layer, rect)

    @property
    def style(self) -> PictureStyle | None:
        """Which photo of the drawing is wanted; None for the model's usual one."""
        return self._stack.style

    @property
    def named_styles(self) -> tuple[PictureStyle, ...]:
        """Styles that somebody gave a name, in that order."""
        return self._stack.named_styles

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What of the preview stays as it was, the newest last."""
        return self._stack.holds
