"""The document: layers over paper, edited in steps that can be undone.

Every method that edits is one step of the history and returns the ``Change`` it made. What the
network sees is ``picture()``. All of it belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing import arranging, beginnings, reshaping
from desktop.paint.editing.arranging import Ready
from desktop.paint.editing.history import (
    Change,
    History,
    NoteStep,
    PaintStep,
    RefreshStep,
    StateStep,
    Step,
    StyleStep,
)
from desktop.paint.editing.layer_stack import ROLES, LayerStack, PictureStyle, Seen, check_paintable
from desktop.paint.editing.open_stroke import OpenStroke
from desktop.paint.editing.planes import Planes, is_blank
from desktop.paint.editing.recording import Recording
from desktop.paint.editing.selection import Area, Choices, Floating, Mask, Selection
from desktop.paint.editing.snapshot import Frame, Snapshot, TakenOff, make_room
from desktop.paint.layers.composite import to_straight
from desktop.paint.layers.held import Hold
from desktop.paint.layers.layer import Layer, Packed, Role
from desktop.paint.strokes.stroke import Ink
from engine.data.card import InputKind
from engine.data.messages import Picture, Pixels
from engine.data.palette import Palette
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError

__all__ = ["ROLES", "Change", "Document", "Layer", "LayerStack", "PictureStyle", "Recording", "Role"]

translate = QCoreApplication.translate


class Document(Seen):
    """A stack of layers, the history of its steps, a selection and the stroke that is open, put together."""

    def __init__(self, stack: LayerStack) -> None:
        super().__init__(stack)
        self._planes = Planes(stack)
        self._selection = Selection()
        self._stroke = OpenStroke(self._planes.repainted, self._keep)
        self.history = History()
        self.revision = 0
        """Rises with every step, undone and redone ones too; not while a stroke is open."""
        self.model = ""
        """Name of the model it was last painted with."""
        self.extras: dict[str, Any] = {}
        """What a project file of ours held besides, kept for the next save."""
        self.frames: tuple[Frame, ...] = ()
        """Previews that were kept, with their pictures, the oldest first; see ``put_by``."""
        self.last_point: tuple[float, float] | None = None
        """Where the last freehand stroke or line ended: Shift draws straight from there."""

    @classmethod
    def new(cls, kind: InputKind, width: int, height: int, palette: Palette | None = None) -> Document:
        """An empty picture; label pictures need a palette."""
        return cls(beginnings.empty(kind, width, height, palette))

    @classmethod
    def from_picture(cls, kind: InputKind, pixels: Pixels, palette: Palette | None = None) -> Document:
        """A document that shows ``pixels``, uint8 (H, W, 3) RGB."""
        return cls(beginnings.of_picture(kind, pixels, palette))

    @classmethod
    def from_planes(cls, kind: InputKind, picture: Picture, palette: Palette | None = None) -> Document:
        """A document that sends ``picture``."""
        return cls(beginnings.of_planes(kind, picture, palette))

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Document:
        """A document of its own that looks like the one that the snapshot was taken of."""
        return cls(snapshot.stack())

    # --- what is there --------------------------------------------------------------------------

    def select(self, layer_id: int) -> None:
        """Paint on that layer from now on."""
        self.finish_stroke()
        self._stack.active = self.layer(layer_id)

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

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing on the paper for the network to see."""
        return is_blank(self.picture(), self.paper)

    # --- strokes --------------------------------------------------------------------------------

    @property
    def unfinished(self) -> Callable[[], object] | None:
        """Finishes the stroke that somebody draws, of which a polygon shows nothing in any layer yet; who
        draws it sets this, and takes it away when it has ended."""
        return self._stroke.unfinished

    @unfinished.setter
    def unfinished(self, finish: Callable[[], object] | None) -> None:
        self._stroke.unfinished = finish

    @property
    def is_drawn_on(self) -> bool:
        """A stroke is open, see ``finish_stroke``."""
        return self.unfinished is not None or self._stroke.is_painting

    @property
    def is_painted_on(self) -> bool:
        """A stroke is open that has a layer in hand: ``undo`` takes back that, and ``redo`` waits."""
        return self._stroke.is_painting

    def begin(self, ink: Ink, layer: Layer | None = None) -> Recording:
        """Open a stroke on the active layer, or another one; one still open is committed.

        Raises:
            PictureError: the layer is locked, hidden or only there to be traced.
        """
        self.finish_stroke()
        layer = layer or self.active
        check_paintable(layer)
        return self._stroke.begin(layer, ink, self.palette, self.area)

    def finish_stroke(self) -> None:
        """Finish the stroke that is open, as a step of what it has: what comes next would drop it.

        Every step does so first. So must whoever writes, copies or leaves the picture.
        """
        self._stroke.finish()

    # --- selection, copy, paste, clear ----------------------------------------------------------

    @property
    def selection(self) -> Rect:
        """The rectangle around what is selected; paint stays within it, unless it is empty. No step."""
        return self._selection.area.rect

    @selection.setter
    def selection(self, rect: Rect) -> None:
        self._selection.area = Area(rect)

    @property
    def area(self) -> Area:
        """Which pixels are selected: ``area.within(rect)`` is a mask. Not a step of the history."""
        return self._selection.area

    @area.setter
    def area(self, area: Area) -> None:
        self._selection.area = area.cropped(self.bounds)

    def chose(self, before: Area) -> None:
        """Note that somebody selected something else than ``before``; see ``choices``."""
        self._selection.choices.note(before, self.area, self.history.newest)

    @property
    def choices(self) -> Choices:
        """What was selected by somebody, between the steps."""
        return self._selection.choices

    def lift(self, pixels: Packed, source: Rect, left: int, top: int, cut: Mask | None = None) -> None:
        """Note that the newest step laid ``pixels`` at (left, top), so that they can be moved on."""
        self._selection.lift(self.history.newest, pixels, source, left, top, cut)

    def went_along(self, before: Area) -> None:
        """Note that the selection moved with the newest step: undo brings it back, too."""
        step = self.history.newest
        if isinstance(step, PaintStep):
            step.selected = before, self.area

    def still_floating(self) -> Floating | None:
        """What was pasted or moved on the active layer, if nothing was done since."""
        return self._selection.still_floating(self.history.newest, self.active)

    def copied(self) -> tuple[Pixels, Rect]:
        """The active layer's pixels, uint8 (H, W, 4) straight RGBA, within the selection or all of it."""
        self.finish_stroke()
        rect = self.selection or self.bounds
        pixels = to_straight(np.ascontiguousarray(self.active.pixels[rect.rows, rect.columns]))
        if self.area.mask is not None:
            pixels[~self.area.mask] = 0
        return pixels, rect

    def paste(self, pixels: Pixels, left: int, top: int) -> Change:
        """Lay ``pixels``, uint8 (H, W, 4) straight RGBA or (H, W, 3), over the active layer.

        On label layers, what is at least half opaque takes the nearest colour, the rest is left out.

        Raises:
            PictureError: the layer can't be painted on.
        """
        recording = self.begin(Ink())
        fitted = self._stack.fitting(pixels)
        recording.put(fitted, left, top, over=True)
        change = recording.commit(translate("paint", "Paste"))
        self.selection = Rect(left, top, pixels.shape[1], pixels.shape[0]).intersected(self.bounds)
        self.lift(fitted, EMPTY, left, top)
        return change

    def clear_selection(self) -> Change:
        """Delete what is selected on the active layer; all of it if nothing is."""
        self.finish_stroke()
        if not self.selection:
            return self.clear_layer(self.active.id)
        return self._emptied(self.active, self.area, translate("paint", "Delete"))

    def clear_layer(self, id: int) -> Change:
        """Remove all paint from a layer; the lowest label layer becomes all background.

        Raises:
            PictureError: the layer is locked, hidden or a reference.
        """
        self.finish_stroke()
        layer = self.layer(id)
        return self._emptied(layer, Area(layer.bounds()), translate("paint", "Clear"))

    # --- layers ---------------------------------------------------------------------------------

    def add_layer(
        self, role: Role, name: str = "", pixels: Pixels | Ready | None = None, opacity: float = 1.0
    ) -> Change:
        """Add a layer, and paint on it from now on; see ``arranging.adding``."""
        self.finish_stroke()
        return self._take(arranging.adding(self._stack, role, name, pixels, opacity))

    def remove_layer(self, id: int) -> Change:
        """Remove a layer; PictureError where it is locked, or the only one that the network sees."""
        self.finish_stroke()
        return self._take(arranging.removing(self._stack, id))

    def move_layer(self, id: int, index: int) -> Change:
        """Move a layer to ``index`` in the list, 0 being the bottom."""
        self.finish_stroke()
        return self._take(arranging.moving(self._stack, id, index))

    def set_layer(
        self,
        id: int,
        *,
        name: str | None = None,
        visible: bool | None = None,
        opacity: float | None = None,
        locked: bool | None = None,
        merge: bool = False,
    ) -> Change:
        """Change a layer's properties, see ``arranging.setting``; what is None stays.

        With ``merge`` it belongs to the step before, as while a slider is dragged.
        """
        self.finish_stroke()
        return self._take(arranging.setting(self.layer(id), name, visible, opacity, locked), merge=merge)

    def show_reference(self, id: int, *, visible: bool | None = None, opacity: float | None = None) -> Change:
        """Look at a reference otherwise. It is part of the desk rather than of the picture: no step."""
        layer = self.layer(id)
        assert layer.role is Role.REFERENCE
        layer.visible = layer.visible if visible is None else visible
        layer.opacity = layer.opacity if opacity is None else min(max(float(opacity), 0.0), 1.0)
        return Change(layer.bounds(), structure=True)

    # --- size and palette -----------------------------------------------------------------------

    def resize(self, width: int, height: int) -> Change:
        """Scale the picture, see ``reshaping.resizing``."""
        self.finish_stroke()
        if (width, height) == (self.width, self.height):
            return Change()
        return self._reshaped(reshaping.resizing(self._stack, width, height))

    def crop(self, rect: Rect) -> Change:
        """Make ``rect`` the picture, see ``reshaping.cropping``."""
        self.finish_stroke()
        return Change() if rect == self.bounds else self._reshaped(reshaping.cropping(self._stack, rect))

    def set_palette(self, palette: Palette | None) -> Change:
        """Paint with another palette, on its paper, see ``reshaping.recolouring``."""
        self.finish_stroke()
        return self._take(None if palette == self.palette else reshaping.recolouring(self._stack, palette))

    def recolour_hints(
        self, recoloured: Callable[[Pixels], Pixels], text: str, style: PictureStyle | None = None
    ) -> Change:
        """Give the hints other colours, and the picture a style, see ``reshaping.tinting``; None stays."""
        self.finish_stroke()
        return self._take(reshaping.tinting(self._stack, recoloured, text, style or self.style))

    def note(self, key: str, value: object, text: str = "") -> Change:
        """Keep ``value``, which JSON can say, in ``extras``: a step called ``text``, or none without that."""

        def swap(value: object) -> object:
            was, self.extras = self.extras.get(key), {**self.extras, key: value}
            return was

        self.finish_stroke()
        step = NoteStep(text, value, swap)
        return self._take(step) if text else self._changed(step.exchange(self._stack))

    # --- style ----------------------------------------------------------------------------------

    def take_styles(self, style: PictureStyle | None, named: tuple[PictureStyle, ...]) -> None:
        """Have these from the beginning, as they were in its file: no step."""
        self._stack.style, self._stack.named_styles = style, named

    def set_style(self, style: PictureStyle | None, *, merge: bool = False) -> Change:
        """Want another photo; with ``merge`` it belongs to the step before, as while a slider is dragged."""
        self.finish_stroke()
        if style == self.style:
            return Change()
        return self._take(StyleStep(translate("paint", "Style"), style, self.named_styles), merge=merge)

    def name_style(self, style: PictureStyle) -> Change:
        """Keep a style by its name, see ``arranging.naming``; PictureError where there are too many."""
        self.finish_stroke()
        return self._take(arranging.naming(self._stack, style))

    def forget_style(self, name: str) -> Change:
        """Keep the style of that name no more; the picture's own stays as it is."""
        self.finish_stroke()
        return self._take(arranging.forgetting(self._stack, name))

    # --- kept pictures --------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All of the picture as it is now, in little memory; it stays as it is."""
        self.finish_stroke()
        return Snapshot.of(self._stack)

    def restore(self, snapshot: Snapshot) -> Change:
        """Bring a snapshot of a picture of this kind back, as one step; PictureError if it is of another."""
        self.finish_stroke()
        if snapshot.kind != self.kind:
            raise PictureError(translate("paint", "That picture is of another kind."))
        state = replace(snapshot.state(), named_styles=self.named_styles)
        return self._take(StateStep(translate("paint", "Bring back"), state))

    def put_by(self, frames: tuple[Frame, ...]) -> Change:
        """Have these kept frames, which must ``fit``; part of the desk rather than the picture: no step."""
        self.frames, self.revision = frames, self.revision + 1
        make_room(frames, self.history)
        return Change(structure=True)

    def take_off(self, frames: Iterable[Frame]) -> Change:
        """Have these kept frames no more."""
        self.finish_stroke()
        return self._take(TakenOff(translate("paint", "Take off the shelf"), self, frames))

    def hold(self, holds: tuple[Hold, ...], text: str) -> Change:
        """Have these, as a step called ``text``."""
        self.finish_stroke()
        return self._take(StateStep(text, replace(self._stack.state, holds=holds), EMPTY))

    # --- history --------------------------------------------------------------------------------

    def undo(self) -> Change | None:
        """Take back the last step, or the stroke that is open; None when there is nothing."""
        if self.is_painted_on:
            return self._stroke.abort()
        step, change = self.history.newest, self.history.undo(self._stack)
        self._selection.follow(step, back=True)
        return None if change is None else self._changed(change)

    def redo(self) -> Change | None:
        """Do again what was taken back last; None when there is nothing, or a stroke is open."""
        change = None if self.is_painted_on else self.history.redo(self._stack)
        if change is not None:
            self._selection.follow(self.history.newest)
        return None if change is None else self._changed(change)

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

    def refresh(self, step: RefreshStep) -> Change:
        """Have layers show what their source shows now, locked or not; one step with those just before."""
        self.finish_stroke()
        return self._take(step, merge=True)

    def forget_history(self) -> None:
        """Make this the state that undo can't go behind, e.g. after replaying a sample drawing."""
        self.finish_stroke()
        self.history.clear()
        self.choices.clear()

    # --- how ------------------------------------------------------------------------------------

    def _emptied(self, layer: Layer, area: Area, text: str) -> Change:
        recording, rect = self.begin(Ink(), layer), area.rect
        if rect:
            recording.put(self.emptiness(layer, rect), rect.left, rect.top, cut=area.mask)
        return recording.commit(text)

    def _keep(self, step: PaintStep) -> None:
        """A stroke has become a step; what it painted is there already."""
        self.history.add(step)
        self.choices.forget_undone()
        self.revision += 1

    def _take(self, step: Step | None, *, merge: bool = False) -> Change:
        """Do a step that was only thought of so far."""
        if step is None:
            return Change()
        change = step.exchange(self._stack)
        self.history.add(step, merge=merge)
        self.choices.forget_undone()
        return self._changed(change)

    def _reshaped(self, step: StateStep) -> Change:
        change = self._take(step)
        self.selection = EMPTY
        return change

    def _changed(self, change: Change) -> Change:
        """The stack is another: whatever knows it follows."""
        self.revision += 1
        self.area = self.area  # what of it is in the picture still
        self._planes.changed(change)
        return change
