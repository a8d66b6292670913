"""The document: layers over paper, edited in steps that can be undone.

Every method that edits is one step of the history and returns the ``Change`` it made. What the
network sees is ``picture()``. All of it belongs to one thread.
"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.history import Change, PropertiesStep
from desktop.paint.editing.recording import Recording
from desktop.paint.editing.sheet import MOST_LAYERS, WHITE, Sheet, check_size, locked_text
from desktop.paint.editing.snapshot import Snapshot
from desktop.paint.layers import overhang, scaling
from desktop.paint.layers.composite import from_straight, pack, to_straight
from desktop.paint.layers.layer import Layer, Packed, Piece, Role, blank
from desktop.paint.strokes.stroke import Ink
from engine.data.card import InputKind
from engine.data.messages import Picture, Pixels
from engine.data.palette import Colour, Palette
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError

__all__ = ["Change", "Document", "Layer", "Recording", "Role", "Snapshot"]

NEUTRAL = 24
"""Channels of a grey in a sketch may differ by this much, as they do in photographs of drawings."""

ROLES: dict[InputKind, tuple[Role, ...]] = {
    "sketch": (Role.LINES, Role.HINTS),
    "labels": (Role.LABELS,),
    "image": (Role.PAINT,),
}
"""The roles of layers that the network sees, by kind of document."""

translate = QCoreApplication.translate


class Document(Sheet):
    """A picture and all that can be done to it, see ``Sheet``."""

    @classmethod
    def new(cls, kind: InputKind, width: int, height: int, palette: Palette | None = None) -> Document:
        """An empty picture.

        Raises:
            PictureError: too large, or a label picture without palette.
        """
        check_size(width, height, len(ROLES[kind]))
        layers = [
            Layer(id, _first_name(role), role, blank(width, height))
            for id, role in enumerate(reversed(ROLES[kind]), start=1)
        ]
        document = cls(kind, width, height, layers, _paper(kind, palette), palette)
        if kind == "labels":
            layers[0].packed[...] = pack(document.paper)
        return document

    @classmethod
    def from_picture(cls, kind: InputKind, pixels: Pixels, palette: Palette | None = None) -> Document:
        """A document that shows ``pixels``, uint8 (H, W, 3) RGB.

        Labels go to the nearest colour of the palette. In a sketch, neutral pixels become ink on the
        lines layer and coloured ones hints under it.

        Raises:
            PictureError: too large, or a label picture without palette.
        """
        height, width = pixels.shape[:2]
        document = cls.new(kind, width, height, palette)
        if kind == "sketch":
            coloured = pixels.max(2) - pixels.min(2) > NEUTRAL
            hints, lines = document.layers
            hints.packed[...] = np.where(coloured, _packed(from_straight(pixels)), np.uint32(0))
            light = pixels @ np.array([77, 150, 29], np.uint16) >> 8
            lines.packed[...] = np.where(coloured, 0, (255 - light).astype(np.uint32) << 24)
        else:
            if palette is not None and kind == "labels":
                pixels = palette.snapped(pixels)[0]
            document.layers[0].packed[...] = _packed(from_straight(pixels))
        return document

    @classmethod
    def from_planes(cls, kind: InputKind, picture: Picture, palette: Palette | None = None) -> Document:
        """A document that sends ``picture``: a sketch's lines and hints come back on layers of their own.

        Raises:
            PictureError: too large, or a label picture without palette.
        """
        if picture.lines is None:
            assert picture.pixels is not None
            return cls.from_picture(kind, picture.pixels, palette)
        document = cls.new("sketch", *picture.size)
        hints, lines = document.layers
        lines.packed[...] = (255 - picture.lines).astype(np.uint32) << 24
        if picture.hints is not None:
            hints.packed[...] = _packed(from_straight(picture.hints))
        return document

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Document:
        """A document of its own that looks like the one that the snapshot was taken of."""
        state = snapshot.state()
        return cls(
            snapshot.kind, state.width, state.height, state.layers, state.paper, state.palette, state.active
        )

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing on the paper for the network to see."""
        picture = self.picture()
        if picture.pixels is not None:
            return bool((picture.pixels == np.array(self.paper, np.uint8)).all())
        assert picture.lines is not None
        hinted = picture.hints is not None and bool(picture.hints[..., 3].any())
        return bool((picture.lines == 255).all()) and not hinted

    # --- copy, paste, clear ---------------------------------------------------------------------

    def copied(self) -> tuple[Pixels, Rect]:
        """The active layer's pixels, uint8 (H, W, 4) straight RGBA, within the selection or all of it."""
        self._settle()
        rect = self.selection or self.bounds
        return to_straight(np.ascontiguousarray(self.active.pixels[rect.rows, rect.columns])), rect

    def paste(self, pixels: Pixels, left: int, top: int) -> Change:
        """Lay ``pixels``, uint8 (H, W, 4) straight RGBA or (H, W, 3), over the active layer.

        On label layers, what is at least half opaque takes the nearest colour, the rest is left out.

        Raises:
            PictureError: the layer can't be painted on.
        """
        recording = self.begin(Ink())
        fitted = self.fitting(pixels)
        recording.put(fitted, left, top, over=True)
        change = recording.commit(translate("paint", "Paste"))
        self.selection = Rect(left, top, pixels.shape[1], pixels.shape[0]).intersected(self.bounds)
        self.lift(fitted, EMPTY, left, top)
        return change

    def fitting(self, pixels: Pixels) -> Packed:
        """Straight RGBA or RGB ``pixels`` as the active layer takes them, uint32 (H, W) premultiplied."""
        if self.active.role is Role.LABELS:
            assert self.palette is not None
            return scaling.as_labels(pixels, self.palette)
        return _packed(from_straight(pixels))

    def clear_selection(self) -> Change:
        """Delete what is selected on the active layer; all of it if nothing is."""
        self._settle()
        if not self.selection:
            return self.clear_layer(self.active.id)
        recording = self.begin(Ink())
        recording.put(self.emptiness(self.active, self.selection), self.selection.left, self.selection.top)
        return recording.commit(translate("paint", "Delete"))

    def clear_layer(self, id: int) -> Change:
        """Remove all paint from a layer; the lowest label layer becomes all background.

        Raises:
            PictureError: the layer is locked, hidden or a reference.
        """
        self._settle()
        layer = self.layer(id)
        self._check_paintable(layer)
        recording = self._record(layer, Ink())
        rect = layer.bounds()
        if rect:
            recording.put(self.emptiness(layer, rect), rect.left, rect.top)
        return recording.commit(translate("paint", "Clear"))

    # --- layers ---------------------------------------------------------------------------------

    def add_layer(
        self, role: Role, name: str = "", pixels: Pixels | None = None, opacity: float = 1.0
    ) -> Change:
        """Add a layer above the active one (a reference: above all), and paint on it from now on.

        Args:
            role: one that documents of this kind know, or a reference.
            name: made up if empty.
            pixels: uint8 (H, W, 4) straight RGBA or (H, W, 3); of another size, they are fitted in.
            opacity: 0 to 1.

        Raises:
            PictureError: a role that doesn't belong, or too many layers.
        """
        self._settle()
        if role.sent and role not in ROLES[self.kind]:
            raise PictureError(translate("paint", "A picture of this kind has no such layers."))
        beyond = overhang.extent(self.layers, self.bounds)
        check_size(self.width, self.height, len(self.layers) + 1, beyond)
        content = blank(self.width, self.height)
        if pixels is not None:
            content = scaling.fitted(pixels, self.width, self.height, smooth=role is not Role.LABELS)
            if role is Role.LABELS and self.palette is not None:
                content = _pixels(scaling.as_labels(to_straight(content), self.palette))
        layer = Layer(self._next_id, name or self._free_name(role), role, content)
        layer.opacity = opacity
        self._next_id += 1
        place = self.layers.index(self.active) + 1 if role.sent else len(self.layers)
        layers = [*self.layers[:place], layer, *self.layers[place:]]
        active = layer if role.sent else self.active
        return self._restate(translate("paint", "Add layer"), layer.bounds(), layers=layers, active=active)

    def remove_layer(self, id: int) -> Change:
        """Remove a layer.

        Raises:
            PictureError: it is locked, or the only one that the network sees.
        """
        self._settle()
        layer = self.layer(id)
        if layer.locked:
            raise PictureError(locked_text(layer))
        if layer.role.sent and sum(other.role.sent for other in self.layers) == 1:
            raise PictureError(translate("paint", "A picture needs at least one layer to paint on."))
        place = self.layers.index(layer)
        layers = [other for other in self.layers if other is not layer]
        active = layers[max(0, place - 1)] if layer is self.active else self.active
        if not active.role.sent:
            active = next(other for other in reversed(layers) if other.role.sent)
        rect = layer.bounds() if layer.shown else EMPTY
        return self._restate(translate("paint", "Remove layer"), rect, layers=layers, active=active)

    def move_layer(self, id: int, index: int) -> Change:
        """Move a layer to ``index`` in the list, 0 being the bottom."""
        self._settle()
        layer = self.layer(id)
        layers = [other for other in self.layers if other is not layer]
        layers.insert(min(max(index, 0), len(layers)), layer)
        if layers == self.layers:
            return Change()
        return self._restate(translate("paint", "Move layer"), layer.bounds(), layers=layers)

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
        """Change a layer's properties; what is None stays.

        Args:
            id: the layer.
            name: up to 200 characters.
            visible: shown, and seen by the network.
            opacity: 0 to 1; label layers are always opaque.
            locked: can't be painted on.
            merge: belongs to the step before, as while a slider is dragged.
        """
        self._settle()
        layer = self.layer(id)
        if opacity is not None:
            opacity = 1.0 if layer.role is Role.LABELS else min(max(float(opacity), 0.0), 1.0)
        wanted = {"name": name and name[:200], "visible": visible, "opacity": opacity, "locked": locked}
        values = {
            field: value
            for field, value in wanted.items()
            if value is not None and value != getattr(layer, field)
        }
        if not values:
            return Change()
        step = PropertiesStep(translate("paint", "Layer properties"), id, values)
        change = step.exchange(self)
        last = self.history.done[-1] if self.history.done else None
        if merge and isinstance(last, PropertiesStep) and last.layer == id and not self.history.undone:
            last.values = {**step.values, **last.values}
        else:
            self.history.add(step)
        return self._stepped(change)

    def show_reference(self, id: int, *, visible: bool | None = None, opacity: float | None = None) -> Change:
        """Look at a reference otherwise. It is part of the desk rather than of the picture: no step.

        Args:
            id: a reference layer.
            visible: shown.
            opacity: 0 to 1.
        """
        layer = self.layer(id)
        assert layer.role is Role.REFERENCE
        layer.visible = layer.visible if visible is None else visible
        layer.opacity = layer.opacity if opacity is None else min(max(float(opacity), 0.0), 1.0)
        return Change(layer.bounds(), structure=True)

    # --- size and palette -----------------------------------------------------------------------

    def resize(self, width: int, height: int) -> Change:
        """Scale the picture; labels by the nearest neighbour.

        Raises:
            PictureError: too large.
        """
        self._settle()
        if (width, height) == (self.width, self.height):
            return Change()
        beyond = overhang.extent(self.layers, self.bounds) / (self.width * self.height)
        check_size(width, height, len(self.layers), math.ceil(beyond * width * height))
        copies = {
            layer.id: scaling.scaled(layer.pixels, width, height, smooth=layer.role is not Role.LABELS)
            for layer in self.layers
        }
        outside = {
            layer.id: overhang.scaled(layer, width, height, smooth=layer.role is not Role.LABELS)
            for layer in self.layers
        }
        self.selection = EMPTY
        return self._replaced(translate("paint", "Resize"), copies, outside, width=width, height=height)

    def crop(self, rect: Rect) -> Change:
        """Make ``rect`` the picture; where it reaches beyond, there is new room, empty but for what layers
        hold there.

        Raises:
            PictureError: empty or too large.
        """
        self._settle()
        if rect == self.bounds:
            return Change()
        check_size(rect.width, rect.height, len(self.layers), overhang.extent(self.layers, rect))
        copies, outside = {}, {}
        inside = rect.intersected(self.bounds)
        place = Rect(inside.left - rect.left, inside.top - rect.top, inside.width, inside.height)
        for layer in self.layers:
            canvas = _pixels(self.emptiness(layer, Rect(0, 0, rect.width, rect.height)))
            canvas[place.rows, place.columns] = layer.pixels[inside.rows, inside.columns]
            copies[layer.id] = canvas
            outside[layer.id] = overhang.cropped(layer, canvas, rect)
        self.selection = EMPTY
        text = translate("paint", "Crop")
        return self._replaced(text, copies, outside, width=rect.width, height=rect.height)

    def set_palette(self, palette: Palette | None) -> Change:
        """Paint with another palette, on its paper; in a label picture colours go to their nearest label.

        Args:
            palette: None for images alone: any colour, on white.
        """
        self._settle()
        if palette == self.palette:
            return Change()
        text = translate("paint", "Palette")
        if self.kind != "labels":
            paper = _paper(self.kind, palette)
            return self._restate(text, None, palette=palette, paper=paper)
        assert palette is not None, "labels have colours"
        copies = {
            layer.id: _pixels(scaling.as_labels(to_straight(layer.pixels), palette))
            for layer in self.layers
            if layer.role is Role.LABELS
        }
        outside = {
            layer.id: tuple(
                Piece(piece.rect, _pixels(scaling.as_labels(to_straight(piece.pixels), palette)))
                for piece in layer.outside
            )
            for layer in self.layers
            if layer.role is Role.LABELS
        }
        return self._replaced(text, copies, outside, palette=palette, paper=_paper(self.kind, palette))

    # --- kept pictures --------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All of the picture as it is now, in little memory; it stays as it is."""
        self._settle()
        return Snapshot.of(self)

    def restore(self, snapshot: Snapshot) -> Change:
        """Bring a snapshot of a picture of this kind back, as one step.

        Raises:
            PictureError: it is of another kind.
        """
        self._settle()
        if snapshot.kind != self.kind:
            raise PictureError(translate("paint", "That picture is of another kind."))
        state = snapshot.state()
        self._next_id = max(self._next_id, *(layer.id + 1 for layer in state.layers))
        return self._enter(translate("paint", "Bring back"), state, None)

    def _free_name(self, role: Role) -> str:
        taken = {layer.name for layer in self.layers}
        name = _first_name(role)
        numbers = (f"{name} {number}" for number in range(2, MOST_LAYERS + 3))
        return next(name for name in (name, *numbers) if name not in taken)


def _first_name(role: Role) -> str:
    names = {
        Role.LINES: translate("paint", "Lines"),
        Role.HINTS: translate("paint", "Colours"),
        Role.PAINT: translate("paint", "Paint"),
        Role.LABELS: translate("paint", "Labels"),
        Role.REFERENCE: translate("paint", "Reference"),
    }
    return names[role]


def _paper(kind: InputKind, palette: Palette | None) -> Colour:
    """The colour called background, else the first; white where there is no palette, and in sketches."""
    if kind == "sketch" or palette is None:
        return WHITE
    named = [label for label in palette.labels if label.name.strip().lower() == "background"]
    return (named or palette.labels)[0].colour


def _packed(pixels: Pixels) -> Packed:
    return pixels.view(np.uint32)[:, :, 0]


def _pixels(packed: Packed) -> Pixels:
    return np.ascontiguousarray(packed).view(np.uint8).reshape(*packed.shape, 4)
