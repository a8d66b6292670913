"""Undo and redo: a closed set of steps, each of which can be taken back and taken again.

A step holds the *other* state, the one that is not on show, and ``exchange`` swaps the two;
so one method serves both directions, and history holds every state only once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from desktop.paint.editing.layer_stack import LayerStack, PictureStyle, State
from desktop.paint.layers.layer import Layer, Packed
from engine.data.rect import EMPTY, Rect

TILE = 64
"""Edge of a tile in pixels."""

BUDGET = 192 << 20
"""Bytes that history may take; the oldest steps go first, the newest always stays."""


@dataclass(frozen=True)
class Change:
    """What an edit changed."""

    rect: Rect = EMPTY
    """Picture pixels whose look changed; empty when none did."""
    sent: bool = False
    """What the network sees changed (``rect`` tells where); False for reference layers."""
    structure: bool = False
    """The list of layers, their properties, the size or the palette changed."""
    layer: int | None = None
    """The layer whose pixels changed, where there is just one."""
    tiles: tuple[tuple[int, int], ...] = ()
    """Row and column of that layer's tiles that changed."""
    style: bool = False
    """The style that is wanted, or the named ones, changed."""

    def __bool__(self) -> bool:
        return bool(self.rect) or self.structure or self.style

    def united(self, later: Change) -> Change:
        """This change and then ``later``, as one."""
        same = self.layer == later.layer
        return Change(
            self.rect.united(later.rect),
            self.sent or later.sent,
            self.structure or later.structure,
            self.layer if same else None,
            tuple(dict.fromkeys(self.tiles + later.tiles)) if same else (),
            self.style or later.style,
        )


def tiles_of(rect: Rect) -> Iterator[tuple[int, int]]:
    """Row and column of every tile that has pixels in ``rect``."""
    if rect:
        for row in range(rect.top // TILE, (rect.bottom - 1) // TILE + 1):
            for column in range(rect.left // TILE, (rect.right - 1) // TILE + 1):
                yield row, column


def tile_rect(row: int, column: int, width: int, height: int) -> Rect:
    """The pixels of a tile, on a canvas of ``width`` × ``height``."""
    return Rect(column * TILE, row * TILE, TILE, TILE).intersected(Rect(0, 0, width, height))


class Tiles:
    """Some tiles of one layer, kept. A tile of one colour, the usual one, is kept as a number."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], Packed | int] = {}
        self.bytes = 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, place: tuple[int, int], pixels: Packed) -> None:
        """Copy ``pixels`` as the tile at ``place``."""
        first = int(pixels[0, 0])
        self._kept[place] = first if (pixels == first).all() else pixels.copy()
        self.bytes += 64 + (0 if isinstance(self._kept[place], int) else pixels.nbytes)

    def add(self, others: Tiles) -> None:
        """Keep those, too, of which none is kept at their place."""
        for place, tile in others.items():
            if place not in self._kept:
                self._kept[place] = tile
                self.bytes += 64 + (0 if isinstance(tile, int) else tile.nbytes)

    def items(self) -> Iterable[tuple[tuple[int, int], Packed | int]]:
        """Row and column of every tile, with its pixels or its one colour."""
        return self._kept.items()

    def write(self, pixels: Packed, bounds: Rect) -> None:
        """Copy what is kept into ``pixels``, a layer of the size of ``bounds``."""
        for place, tile in self._kept.items():
            rect = tile_rect(*place, bounds.width, bounds.height)
            pixels[rect.rows, rect.columns] = tile

    def exchange(self, pixels: Packed) -> None:
        """Swap what is kept with what is in ``pixels``, the layer."""
        kept, self._kept, self.bytes = self._kept, {}, 0
        height, width = pixels.shape
        for place, tile in kept.items():
            rect = tile_rect(*place, width, height)
            target = pixels[rect.rows, rect.columns]
            self.keep(place, target)
            target[...] = tile


class Step(ABC):
    """Something that was done and can be undone and redone."""

    text: str
    """What was done, for the menu: “Undo {text}”."""

    @property
    @abstractmethod
    def bytes(self) -> int:
        """Memory it holds."""

    @abstractmethod
    def exchange(self, stack: LayerStack) -> Change:
        """Swap the state held with the stack's; a second time brings it back."""

    def absorb(self, later: Step) -> bool:
        """Take ``later``, which was done just now, into this step; False where the two can't be one."""
        return False


@dataclass
class PaintStep(Step):
    """Pixels of one layer changed."""

    text: str
    layer: int
    tiles: Tiles
    rect: Rect
    selected: tuple[object, object] | None = None
    """What was selected before and after, where the selection went along, see ``Document``."""
    noted: list[NoteStep] = field(default_factory=list)
    """What is known of the picture by that."""

    @property
    def bytes(self) -> int:
        return self.tiles.bytes + 200 + sum(note.bytes for note in self.noted)

    def exchange(self, stack: LayerStack) -> Change:
        layer = stack.layer(self.layer)
        for row, _ in self.tiles:
            layer.about_to_change(row * TILE, row * TILE + TILE)
        self.tiles.exchange(layer.packed)
        for note in self.noted:
            note.exchange(stack)
        return Change(self.rect, layer.role.sent and layer.shown, False, layer.id, tuple(self.tiles))

    def absorb(self, later: Step) -> bool:
        if not isinstance(later, NoteStep):
            return False
        self.noted.append(later)
        return True


@dataclass
class RefreshStep(Step):
    """Layers show what another program or a screen shows, which comes again and again: as one step."""

    text: str
    source: object
    """What they show; steps of another source are apart."""
    parts: list[PaintStep]
    """One a layer."""

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    def exchange(self, stack: LayerStack) -> Change:
        first, *others = [part.exchange(stack) for part in self.parts]
        for change in others:
            first = first.united(change)
        return first

    def absorb(self, later: Step) -> bool:
        if not isinstance(later, RefreshStep) or later.source is not self.source:
            return False
        for part in later.parts:
            own = next((own for own in self.parts if own.layer == part.layer), None)
            if own is None:
                self.parts.append(part)
            else:  # both hold what was before, and what is held here was so first
                own.tiles.add(part.tiles)
                own.rect = own.rect.united(part.rect)
        return True


@dataclass
class PropertiesStep(Step):
    """Name, visibility, opacity or lock of one layer changed."""

    text: str
    layer: int
    values: dict[str, Any]
    bytes: int = 400

    def exchange(self, stack: LayerStack) -> Change:
        layer = stack.layer(self.layer)
        before = layer.opacity if layer.visible else 0
        current = {name: getattr(layer, name) for name in self.values}
        for name, value in self.values.items():
            setattr(layer, name, value)
        self.values = current
        looks = before != (layer.opacity if layer.visible else 0)
        rect = layer.bounds() if looks else EMPTY
        return Change(rect, bool(rect) and layer.role.sent, structure=True)

    def absorb(self, later: Step) -> bool:
        if not isinstance(later, PropertiesStep) or later.layer != self.layer:
            return False
        self.values = {**later.values, **self.values}  # both hold what was before
        return True


@dataclass
class StateStep(Step):
    """Layers were added, removed or moved, or the size, palette or paper changed.

    Layers whose pixels are all different (after a change of size, say) are other ``Layer`` objects
    with the same ids, so that older steps find them either way.
    """

    text: str
    state: State
    rect: Rect | None = None
    """Pixels whose look it concerns; None for all."""
    _bytes: int = 0

    @property
    def bytes(self) -> int:
        return self._bytes + 400

    def exchange(self, stack: LayerStack) -> Change:
        held, self.state = self.state, stack.state
        stack.state = held
        stays = {id(layer) for layer in held.layers}
        self._bytes = sum(layer.bytes for layer in self.state.layers if id(layer) not in stays)
        self._bytes += sum(hold.pixels.nbytes for hold in self.state.holds if hold not in held.holds)
        if self.rect is None:
            return Change(stack.bounds, True, structure=True)
        sent = _sent(held.layers) != _sent(self.state.layers)
        return Change(self.rect, sent and bool(self.rect), structure=True)

    def absorb(self, later: Step) -> bool:
        if not isinstance(later, StateStep):  # what was before both is held here
            return False
        self.rect = None if self.rect is None or later.rect is None else self.rect.united(later.rect)
        self._bytes += later._bytes
        return True


@dataclass
class StyleStep(Step):
    """Another style is wanted, or one got a name or lost it. No pixel of any layer changes."""

    text: str
    style: PictureStyle | None
    named: tuple[PictureStyle, ...]
    bytes: int = 400

    def exchange(self, stack: LayerStack) -> Change:
        style, named = stack.style, stack.named_styles
        stack.style, stack.named_styles = self.style, self.named
        self.style, self.named = style, named
        return Change(sent=stack.style != style, style=True)

    def absorb(self, later: Step) -> bool:
        return isinstance(later, StyleStep) and later.named == self.named  # what was before is held here


@dataclass
class NoteStep(Step):
    """Something is noted beside the picture otherwise than before. No pixel changes."""

    text: str
    value: object
    swap: Callable[[object], object]
    """Has a value noted; returns the one that was."""
    bytes: int = 4000

    def exchange(self, stack: LayerStack) -> Change:
        self.value = self.swap(self.value)
        return Change(structure=True)


def _sent(layers: Iterable[Layer]) -> list[int]:
    return [layer.id for layer in layers if layer.role.sent and layer.shown]


class History:
    """Steps done, and steps undone, within a budget of bytes."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self.done: list[Step] = []
        self.undone: list[Step] = []

    @property
    def bytes(self) -> int:
        """Memory that the steps hold."""
        return sum(step.bytes for step in self.done) + sum(step.bytes for step in self.undone)

    @property
    def newest(self) -> Step | None:
        """What ``undo`` would take back."""
        return self.done[-1] if self.done else None

    @property
    def undo_text(self) -> str:
        """What ``undo`` would take back; empty when nothing."""
        return self.done[-1].text if self.done else ""

    @property
    def redo_text(self) -> str:
        """What ``redo`` would do again; empty when nothing."""
        return self.undone[-1].text if self.undone else ""

    def add(self, step: Step, *, merge: bool = False) -> None:
        """Note what has just been done; what was undone before can no longer be redone.

        Args:
            step: what was done.
            merge: it may become one with the step before, unless anything was undone since.
        """
        if merge and self.newest is not None and not self.undone and self.newest.absorb(step):
            return
        self.undone.clear()
        self.done.append(step)
        self.trim()

    def join(self) -> None:
        """Make the two newest steps one, where they can be: what takes two to do is one for the user."""
        if len(self.done) > 1 and self.done[-2].absorb(self.done[-1]):
            self.done.pop()

    def undo(self, stack: LayerStack) -> Change | None:
        """Take back the newest step; None when there is none."""
        return self._cross(self.done, self.undone, stack)

    def redo(self, stack: LayerStack) -> Change | None:
        """Do again what was undone last; None when there is nothing."""
        return self._cross(self.undone, self.done, stack)

    def clear(self) -> None:
        """Forget all steps."""
        self.done.clear()
        self.undone.clear()

    def _cross(self, source: list[Step], target: list[Step], stack: LayerStack) -> Change | None:
        if not source:
            return None
        step = source.pop()
        change = step.exchange(stack)
        target.append(step)
        self.trim()
        return change

    def trim(self) -> None:
        """Forget the oldest steps, then the furthest undone ones, until the budget is kept."""
        excess = self.bytes - self.budget
        while excess > 0 and len(self.done) + len(self.undone) > 1:
            steps = self.done if len(self.done) > (0 if self.undone else 1) else self.undone
            excess -= steps.pop(0).bytes
