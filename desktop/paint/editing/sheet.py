"""The sheet: layers over paper, the stroke that is open, and the history. ``Document`` adds the edits.

All of it belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.history import Change, History, PaintStep, State, StateStep
from desktop.paint.editing.planes import Planes
from desktop.paint.editing.recording import Recording
from desktop.paint.layers.composite import composite, pack
from desktop.paint.layers.layer import Layer, Packed, Piece, Role
from desktop.paint.strokes.stroke import Ink
from engine.data.card import InputKind
from engine.data.messages import Picture, Pixels
from engine.data.palette import Colour, Palette
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError

MOST_PIXELS = 8192 * 4096
"""Of one picture."""
MOST_LAYER_PIXELS = 2 * MOST_PIXELS
"""Of all layers of a picture together: 268 MB."""
MOST_LAYERS = 100

WHITE: Colour = (255, 255, 255)
translate = QCoreApplication.translate


class Floating(NamedTuple):
    """Pixels that were just pasted or moved: until the next step, they can be moved on without taking
    along what they came to lie on."""

    step: PaintStep
    pixels: Packed
    source: Rect
    """What moving them emptied; empty for pasted ones."""
    left: int
    top: int


class Sheet:
    """A picture of one kind, its layers and its history.

    Args:
        kind: what sort of model it is for.
        width: in pixels.
        height: in pixels.
        layers: bottom first, all of that size, with different ids, at least one of them sent.
        paper: the colour under all layers.
        palette: label documents need one.
        active: the layer to paint on; the topmost one that is sent if None.
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
    ) -> None:
        check_size(width, height, len(layers))
        if kind == "labels" and palette is None:
            raise PictureError(translate("paint", "A label picture needs a palette; choose one."))
        self.kind = kind
        self.width = width
        self.height = height
        self.paper = paper
        self.palette = palette
        self.layers: list[Layer] = list(layers)
        self.active: Layer = active or [layer for layer in layers if layer.role.sent][-1]
        self.revision = 0
        """Rises with every step, undone and redone ones too; not while a stroke is open."""
        self.model = ""
        """Name of the model it was last painted with."""
        self.extras: dict[str, Any] = {}
        """What a project file of ours held besides, kept for the next save."""
        self.selection = EMPTY
        """Paint stays within it, unless it is empty. Not a step of the history."""
        self.floating: Floating | None = None
        """What was pasted or moved last; ask ``still_floating``."""
        self.last_point: tuple[float, float] | None = None
        """Where the last freehand stroke or line ended: Shift draws straight from there."""
        self.unfinished: Callable[[], object] | None = None
        """Finishes the stroke that somebody draws, of which a polygon shows nothing in any layer yet; who
        draws it sets this, and takes it away when it has ended."""
        self.history = History()
        self._planes = Planes(self)
        self._recording: Recording | None = None
        self._next_id = max((layer.id for layer in layers), default=0) + 1

    # --- what is there --------------------------------------------------------------------------

    @property
    def bounds(self) -> Rect:
        """All of the picture."""
        return Rect(0, 0, self.width, self.height)

    @property
    def state(self) -> State:
        """What ``StateStep`` swaps; setting it is that step's work alone."""
        return State(self.width, self.height, self.paper, self.palette, tuple(self.layers), self.active)

    @state.setter
    def state(self, state: State) -> None:
        self.width, self.height = state.width, state.height
        self.paper, self.palette = state.paper, state.palette
        self.layers, self.active = list(state.layers), state.active
        self.selection = self.selection.intersected(self.bounds)

    def layer(self, id: int) -> Layer:
        """The layer with that id.

        Raises:
            KeyError: there is none.
        """
        for layer in self.layers:
            if layer.id == id:
                return layer
        raise KeyError(id)

    def select(self, layer_id: int) -> None:
        """Paint on that layer from now on."""
        self._settle()
        self.active = self.layer(layer_id)

    def picture(self) -> Picture:
        """What the network sees: a copy that stays as it is, see ``engine.data.messages.Picture``.

        Parts that haven't changed since the last call are the very same arrays.
        """
        if self.kind == "sketch":
            return Picture(lines=self._planes.lines(), hints=self._planes.hints())
        return Picture(pixels=self._planes.flat())

    def picture_flat(self) -> Pixels:
        """uint8 (H, W, 3) RGB: all shown layers but the reference ones, over paper. Not to be written to."""
        return self._planes.flat()

    def colour_at(self, x: int, y: int) -> Colour | None:
        """What is seen at a pixel, reference layers included except in label pictures; None outside.

        A photo that lies half seen over bare paper gives its own colour, not one washed out.
        """
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        bare = not any(layer.shown and layer.packed[y, x] for layer in self.layers if layer.role.sent)
        for layer in reversed(self.layers) if bare else ():
            if layer.role is Role.REFERENCE and layer.shown and layer.pixels[y, x, 3] == 255:
                blue, green, red = layer.pixels[y, x, :3].tolist()
                return red, green, blue
        layers = [layer for layer in self.layers if layer.role.sent or self.kind != "labels"]
        blue, green, red, _ = composite(layers, Rect(x, y, 1, 1), self.paper)[0, 0].tolist()
        return red, green, blue

    # --- strokes --------------------------------------------------------------------------------

    def begin(self, ink: Ink) -> Recording:
        """Open a stroke on the active layer; one still open is committed.

        Raises:
            PictureError: the layer is locked, hidden or only there to be traced.
        """
        self._settle()
        self._check_paintable(self.active)
        return self._record(self.active, ink)

    @property
    def is_drawn_on(self) -> bool:
        """A stroke is open, see ``settle``."""
        return self.unfinished is not None or self._recording is not None

    def settle(self) -> None:
        """Finish the stroke that is open, as a step of what it has: what comes next would drop it.

        Every step does so first. So must whoever writes, copies or leaves the picture.
        """
        if self.unfinished is not None:
            self.unfinished()
        if self._recording is not None:
            self._recording.commit(translate("paint", "Stroke"))

    def lift(self, pixels: Packed, source: Rect, left: int, top: int) -> None:
        """Note that the newest step laid ``pixels`` at (left, top), so that they can be moved on."""
        step = self.history.done[-1] if self.history.done else None
        self.floating = Floating(step, pixels, source, left, top) if isinstance(step, PaintStep) else None

    def still_floating(self) -> Floating | None:
        """What was pasted or moved on the active layer, if nothing was done since."""
        done, floating = self.history.done, self.floating
        if floating is None or not done or done[-1] is not floating.step:
            return None
        return floating if floating.step.layer == self.active.id else None

    def emptiness(self, layer: Layer, rect: Rect) -> Packed:
        """``rect`` of a layer as it is before anything is painted, uint32: transparent, or the background on
        the lowest label layer."""
        lowest = next(other for other in self.layers if other.role.sent)
        full = layer is lowest and layer.role is Role.LABELS
        return np.full((rect.height, rect.width), pack(self.paper) if full else 0, np.uint32)

    # --- history --------------------------------------------------------------------------------

    def undo(self) -> Change | None:
        """Take back the last step, or the stroke that is open; None when there is nothing."""
        if self._recording is not None:
            layer = self._recording.layer
            return Change(self._recording.abort(), layer.role.sent and layer.shown, layer=layer.id)
        change = self.history.undo(self)
        return self._stepped(change) if change is not None else None

    def redo(self) -> Change | None:
        """Do again what was taken back last; None when there is nothing, or a stroke is open."""
        if self._recording is not None:
            return None
        change = self.history.redo(self)
        return self._stepped(change) if change is not None else None

    @property
    def undo_steps(self) -> int:
        """How many steps can be taken back."""
        return len(self.history.done)

    @property
    def redo_steps(self) -> int:
        """How many steps can be done again."""
        return len(self.history.undone)

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return bool(self.history.done)

    @property
    def can_redo(self) -> bool:
        """Whether there is anything to do again."""
        return bool(self.history.undone)

    @property
    def undo_text(self) -> str:
        """What ``undo`` would take back; empty when nothing."""
        return self.history.done[-1].text if self.history.done else ""

    @property
    def redo_text(self) -> str:
        """What ``redo`` would do again; empty when nothing."""
        return self.history.undone[-1].text if self.history.undone else ""

    def forget_history(self) -> None:
        """Make this the state that undo can't go behind, e.g. after replaying a sample drawing."""
        self._settle()
        self.history.done.clear()
        self.history.undone.clear()

    # --- how ------------------------------------------------------------------------------------

    def _record(self, layer: Layer, ink: Ink) -> Recording:
        self._recording = Recording(
            layer,
            ink,
            palette=self.palette,
            selection=self.selection,
            repainted=self._planes.repainted,
            ended=self._ended,
        )
        return self._recording

    def _ended(self, step: PaintStep | None) -> None:
        self._recording = None
        if step is not None:
            self.history.add(step)
            self.revision += 1

    def _settle(self) -> None:
        self.settle()

    def _stepped(self, change: Change) -> Change:
        self.revision += 1
        self._planes.changed(change)
        return change

    def _restate(self, text: str, rect: Rect | None, **fields: Any) -> Change:
        if "layers" in fields:
            fields["layers"] = tuple(fields["layers"])
        return self._enter(text, replace(self.state, **fields), rect)

    def _replaced(
        self, text: str, copies: dict[int, Pixels], outside: dict[int, tuple[Piece, ...]], **fields: Any
    ) -> Change:
        """Give layers other pixels: other ``Layer`` objects of the same ids, see ``StateStep``."""
        layers = [layer.with_pixels(copies.get(layer.id, layer.pixels)) for layer in self.layers]
        for layer in layers:
            layer.outside = outside.get(layer.id, layer.outside)
        active = layers[self.layers.index(self.active)]
        return self._restate(text, None, layers=layers, active=active, **fields)

    def _enter(self, text: str, state: State, rect: Rect | None) -> Change:
        step = StateStep(text, state, rect)
        change = step.exchange(self)
        self.history.add(step)
        return self._stepped(change)

    def _check_paintable(self, layer: Layer) -> None:
        if not layer.role.sent:
            text = translate("paint", "“{0}” is only there to be traced; choose another layer to paint on.")
        elif layer.locked:
            raise PictureError(locked_text(layer))
        elif not layer.shown:
            text = translate("paint", "“{0}” is hidden; show it to paint on it.")
        else:
            return
        raise PictureError(text.format(layer.name))


def check_size(width: int, height: int, layers: int, beyond: int = 0) -> None:
    """Refuse what would not fit into memory.

    Args:
        width: of the picture, in pixels.
        height: likewise.
        layers: how many.
        beyond: pixels that layers hold beyond the edges of the picture.

    Raises:
        PictureError: one sentence on what is too much.
    """
    if width < 1 or height < 1:
        raise PictureError(translate("paint", "A picture needs at least one pixel."))
    if width * height > MOST_PIXELS:
        text = translate(
            "paint", "{0} × {1} pixels are too many; {2} million are the most. Choose a smaller size."
        )
        raise PictureError(text.format(width, height, MOST_PIXELS // 1_000_000))
    if not fits(width, height, layers, beyond):
        text = translate("paint", "The picture would have more layers than fit into memory at its size.")
        raise PictureError(text)


def fits(width: int, height: int, layers: int, beyond: int = 0) -> bool:
    """Whether so many layers, and pixels beyond the picture, may be in memory."""
    return layers <= MOST_LAYERS and width * height * layers + beyond <= MOST_LAYER_PIXELS


def locked_text(layer: Layer) -> str:
    """Why a layer can't be painted on or removed."""
    return translate("paint", "“{0}” is locked; unlock it first.").format(layer.name)
