"""A whole picture kept aside, tile by tile, a tile of one colour in a few bytes, and the preview of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from desktop.paint.editing.history import Tiles, tile_rect, tiles_of
from desktop.paint.editing.layer_stack import LayerStack, PictureStyle, State
from desktop.paint.layers.held import new_key
from desktop.paint.layers.layer import Layer, blank
from engine.data.card import InputKind
from engine.data.messages import Pixels
from engine.data.rect import Rect


def tiles_within(layer: Layer) -> Tiles:
    """All that a layer holds within the picture; around it all is transparent."""
    tiles = Tiles()
    for place in tiles_of(layer.bounds()):
        rect = tile_rect(*place, *layer.size)
        tiles.keep(place, layer.packed[rect.rows, rect.columns])
    return tiles


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A document as it was at one moment, without its history."""

    kind: InputKind
    hollow: State
    """Its layers have properties, but no more than a pixel each."""
    tiles: tuple[Tiles, ...]
    """What the layers hold, bottom first."""

    @classmethod
    def of(cls, stack: LayerStack) -> Snapshot:
        """Take one; changes the layers no more than it is changed later."""
        hollow, contents = [], []
        for layer in stack.layers:
            contents.append(tiles_within(layer))
            hollow.append(layer.hollow())
        active = hollow[stack.layers.index(stack.active)]
        state = replace(stack.state, layers=tuple(hollow), active=active)
        return cls(stack.kind, state, tuple(contents))

    @property
    def style(self) -> PictureStyle | None:
        """The style that it had; None for the model's usual one."""
        return self.hollow.style

    @property
    def bytes(self) -> int:
        """Memory it holds."""
        return sum(tiles.bytes for tiles in self.tiles)

    def stack(self) -> LayerStack:
        """A stack of its own, likewise."""
        state = self.state()
        return LayerStack(
            self.kind,
            state.width,
            state.height,
            state.layers,
            state.paper,
            state.palette,
            state.active,
            state.style,
            state.named_styles,
            state.holds,
        )

    def state(self) -> State:
        """Layers with all their pixels, new ones at every call."""
        held = self.hollow
        layers: list[Layer] = []
        for layer, tiles in zip(held.layers, self.tiles, strict=True):
            whole = layer.with_pixels(blank(held.width, held.height))
            tiles.write(whole.packed, Rect(0, 0, held.width, held.height))
            layers.append(whole)
        active = layers[held.layers.index(held.active)]
        return replace(held, layers=tuple(layers), active=active)


MOST_KEPT = 60
"""Frames on a picture's shelf; the oldest goes when there are more."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A preview, and for a kept one the picture it was made of."""

    preview: Pixels
    """uint8 (H, W, 3). Never written to."""
    picture: Snapshot | None = None
    kind: str = ""
    seed: int | None = None
    style: PictureStyle | None = None
    """That of a variation of a model with styles."""
    name: str = ""
    """What a kept one is called."""
    key: str = field(default_factory=new_key, init=False)
    """By which files name it."""
    packed: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)
    """What it is in files, by their endings, once that is known: it is worked out once."""

    def renamed(self, name: str) -> Frame:
        """The same by another name."""
        other = replace(self, name=name)
        object.__setattr__(other, "key", self.key)
        other.packed.update(self.packed)
        return other
