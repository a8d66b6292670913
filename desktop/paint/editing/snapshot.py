"""A whole picture kept aside, tile by tile, a tile of one colour in a few bytes, and the preview of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from desktop.paint.editing.history import Change, History, Step, Tiles, tile_rect, tiles_of
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
        """Memory it holds, but for what is held of its preview."""
        return sum(tiles.bytes for tiles in self.tiles) + sum(layer.bytes for layer in self.hollow.layers)

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
"""Frames on a picture's shelf."""
MOST_KEPT_BYTES = 768 << 20
"""Memory that they take together, as ``bytes_of`` counts. Files are read up to that, so nothing beyond it may
come to lie on a shelf."""


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

    @property
    def bytes(self) -> int:
        """Memory it holds, packed and not, but for what is held in its picture."""
        taken = self.preview.nbytes + sum(map(len, self.packed.values()))
        return taken + (self.picture.bytes if self.picture is not None else 0)

    def renamed(self, name: str) -> Frame:
        """The same by another name."""
        other = replace(self, name=name)
        object.__setattr__(other, "key", self.key)
        other.packed.update(self.packed)
        return other


def bytes_of(frames: Iterable[Frame]) -> int:
    """Memory that kept frames hold together: what is held in several of their pictures is there once."""
    frames = tuple(frames)
    holds = {hold.key: hold.pixels.nbytes for it in frames if it.picture for hold in it.picture.hollow.holds}
    return sum(frame.bytes for frame in frames) + sum(holds.values())


def fit(frames: Sequence[Frame]) -> bool:
    """Whether these may lie on one shelf, and will all come back from their file."""
    return len(frames) <= MOST_KEPT and bytes_of(frames) <= MOST_KEPT_BYTES


class HasFrames(Protocol):
    """Who has the kept frames."""

    frames: tuple[Frame, ...]


class TakenOff(Step):
    """Kept frames were taken off the shelf. Those that are kept later are no part of it: going back in a
    drawing must not cost what was kept on the way.

    Args:
        text: what it is called.
        shelf: has the frames.
        frames: what is taken off.
    """

    def __init__(self, text: str, shelf: HasFrames, frames: Iterable[Frame]) -> None:
        self.text, self._shelf = text, shelf
        self._keys = frozenset(frame.key for frame in frames)
        self.gone: tuple[tuple[int, Frame], ...] = ()
        """Frames, and where they were; none while they are on the shelf."""

    bytes: int = 400
    """Without the frames: they have room of their own, on the shelf and off it, see ``make_room``."""

    def exchange(self, stack: LayerStack) -> Change:
        frames, gone = list(self._shelf.frames), self.gone
        self.gone = () if gone else tuple((at, it) for at, it in enumerate(frames) if it.key in self._keys)
        for at, frame in gone:
            frames.insert(at, frame)
        if not gone:
            frames = [frame for frame in frames if frame.key not in self._keys]
        self._shelf.frames = tuple(frames)
        return Change(structure=True)


def make_room(frames: Sequence[Frame], history: History) -> None:
    """Let go of what was taken off longest ago and could not come back, as these frames take its room.

    Such steps stay, and bring nothing back: others count on their place.
    """
    steps = [step for step in history.done if isinstance(step, TakenOff)]
    while steps and not fit((*frames, *(frame for step in steps for _, frame in step.gone))):
        steps.pop(0).gone = ()
