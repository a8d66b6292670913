"""A whole picture kept aside, tile by tile; a tile of one colour takes a few bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.paint.editing.history import State, Tiles, tile_rect, tiles_of
from desktop.paint.layers.layer import Layer, blank
from engine.data.card import InputKind
from engine.data.rect import Rect

if TYPE_CHECKING:
    from desktop.paint.editing.sheet import Sheet


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
    def of(cls, document: Sheet) -> Snapshot:
        """Take one; changes the document no more than it is changed later."""
        hollow, contents = [], []
        for layer in document.layers:
            contents.append(tiles_within(layer))
            hollow.append(layer.hollow())
        active = hollow[document.layers.index(document.active)]
        state = State(
            document.width, document.height, document.paper, document.palette, tuple(hollow), active
        )
        return cls(document.kind, state, tuple(contents))

    @property
    def bytes(self) -> int:
        """Memory it holds."""
        return sum(tiles.bytes for tiles in self.tiles)

    def state(self) -> State:
        """Layers with all their pixels, new ones at every call."""
        held = self.hollow
        layers: list[Layer] = []
        for layer, tiles in zip(held.layers, self.tiles, strict=True):
            whole = layer.with_pixels(blank(held.width, held.height))
            tiles.write(whole.packed, Rect(0, 0, held.width, held.height))
            layers.append(whole)
        active = layers[held.layers.index(held.active)]
        return State(held.width, held.height, held.paper, held.palette, tuple(layers), active)
