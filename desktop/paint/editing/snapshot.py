"""A whole picture kept aside, tile by tile; a tile of one colour takes a few bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.paint.editing.history import Tiles, tile_rect, tiles_of
from desktop.paint.editing.layer_stack import LayerStack, PictureStyle, State
from desktop.paint.layers.layer import Layer, blank
from engine.data.card import InputKind
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
