"""OpenRaster files as documents of all their layers, as far as these can be read and held in memory."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.arranging import LONGEST_NAME
from desktop.paint.editing.document import ROLES, Document
from desktop.paint.editing.layer_stack import WHITE, LayerStack
from desktop.paint.editing.limits import MOST_LAYER_PIXELS, fits
from desktop.paint.files import placed
from desktop.paint.files.archive import Archive
from desktop.paint.files.notation import Notes
from desktop.paint.files.placed import Gaps
from desktop.paint.files.stack import is_hidden, opacity, whole
from desktop.paint.layers import overhang
from desktop.paint.layers.composite import to_straight
from desktop.paint.layers.layer import Layer, Role, blank
from desktop.paint.layers.scaling import as_labels
from engine.data.messages import Pixels
from engine.data.palette import Palette
from engine.data.rect import Rect
from engine.errors import PictureError

PAPER = "data/paper.png"
"""Where coloured paper of ours lies, which others see as a layer."""

Step = Callable[[int, int], object]
"""Told how many parts of how many are done; may raise whatever is to end it, and nothing has happened."""

translate = QCoreApplication.translate


class Layers:
    """A stack of plain layers, looked at by the headers of its pictures: nothing is decoded yet."""

    def __init__(self, source: Archive, stack: ElementTree.Element, canvas: Rect, notes: Notes) -> None:
        self._source, self._stack, self._canvas, self._notes = source, stack, canvas, notes
        self._kind = notes.kind()
        self._roles = notes.inner(notes.fields.get("roles", {}), "roles").fields
        # The paper is our own only where our notes name every layer but that; else it is a stranger's.
        names = [element.get("src") for element in stack]
        ours = self._kind == "image" and all((name in self._roles) != (name == PAPER) for name in names)
        self.gaps = Gaps()
        self._is_missed = self._is_fused = False
        self._elements: list[ElementTree.Element] = []
        self._places: list[Rect] = []
        for element in reversed(stack):  # the topmost comes first in the file
            if ours and element.get("src") == PAPER:
                continue
            self._is_fused |= not self._role(element).sent and _is_shown(element)
            try:
                self._places.append(placed.rect_of(source, element, notes.source))
                self._elements.append(element)
            except PictureError as error:
                self._miss(element, error)

    @property
    def is_seen(self) -> bool:
        """Whether what can't be read was to be seen, and the merged picture shows it as the layers would: it
        does not where what is only there to be traced is in it."""
        return self._is_missed and not self._is_fused

    def fit(self) -> bool:
        """Whether all may be in memory."""
        canvas, places = self._canvas, self._places
        count = max(len(places), len(ROLES[self._kind]))
        beyond = sum(overhang.beyond([place], canvas) for place in places if overhang.leaves(place, canvas))
        return sum(place.width * place.height for place in places) <= MOST_LAYER_PIXELS and fits(
            canvas.width, canvas.height, count, beyond
        )

    def read(self, step: Step, instead: Callable[[], bool]) -> tuple[Document, list[str]] | None:
        """The picture with all its layers that can be read, and sentences on what these have lost.

        Args:
            step: called now and then.
            instead: asked when it turns out that the merged picture shows more; whether that can serve.

        Returns:
            None where that serves.

        Raises:
            PictureError: there are layers, and none can be read.
        """
        layers: list[Layer] = []
        said: list[str] = []
        active: Layer | None = None
        total = len(self._elements)
        for number, element in enumerate(self._elements, start=1):
            if self.is_seen and instead():
                return None
            step(number - 1, total + 1)
            try:
                layer, lost = self._layer(element, len(layers) + 1)
            except PictureError as error:
                self._miss(element, error)
                continue
            layers.append(layer)
            said += lost
            if element.get("selected") == "true" and layer.role.paintable:
                active = layer
        if self.gaps.error is not None and (self.is_seen or not layers) and instead():
            return None
        if self.gaps.error is not None and not layers:
            raise self.gaps.error
        kind, canvas = self._kind, self._canvas
        if not any(layer.role.sent for layer in layers):
            role = ROLES[kind][0]
            extra = Layer(len(layers) + 1, role.value.capitalize(), role, blank(canvas.width, canvas.height))
            layers.append(extra)
        paper = self._notes.colour("paper", WHITE)
        made = LayerStack(kind, canvas.width, canvas.height, layers, paper, self._notes.palette(), active)
        return Document(made), list(dict.fromkeys(said))

    def _miss(self, element: ElementTree.Element, error: PictureError) -> None:
        self.gaps.add(element, error)
        self._is_missed |= _is_shown(element) and self._role(element).sent

    def _role(self, element: ElementTree.Element) -> Role:
        value = self._roles.get(element.get("src", ""))
        for role in (*ROLES[self._kind], Role.REFERENCE, Role.FINISH):
            if value == role.value:
                return role
        return ROLES[self._kind][0]

    def _layer(self, element: ElementTree.Element, number: int) -> tuple[Layer, list[str]]:
        """One layer, and sentences on what it has lost."""
        name = self._notes.source
        role, palette = self._role(element), self._notes.palette()
        found = placed.decoded(self._source, element, name)
        said = found.notes
        left = whole(element, "x", name, 0) + whole(self._stack, "x", name, 0)
        top = whole(element, "y", name, 0) + whole(self._stack, "y", name, 0)
        pixels, outside = overhang.cut(found.pixels, left, top, self._canvas)
        del found
        if role is Role.LABELS and palette is not None:
            parts = [pixels, *(piece.pixels for piece in outside)]
            if not all([_snap(part, palette) for part in parts]):
                said.append(translate("paint", "Colours off the palette went to the nearest label."))
        name = element.get("name", "")
        if len(name) > LONGEST_NAME:
            said.append(translate("paint", "Long names of layers were cut short."))
        layer = Layer(number, name[:LONGEST_NAME] or f"{number}", role, pixels)
        layer.outside = outside
        layer.visible = not is_hidden(element)
        layer.locked = element.get("edit-locked") == "true"
        layer.opacity = 1.0 if role is Role.LABELS else opacity(element)
        if layer.opacity != opacity(element):
            said.append(translate("paint", "Layers of labels are opaque; “{0}” was not.").format(layer.name))
        return layer, said


def _is_shown(element: ElementTree.Element) -> bool:
    return not is_hidden(element) and opacity(element) > 0


def _snap(pixels: Pixels, palette: Palette) -> bool:
    """Bring premultiplied pixels to the palette's colours, in place; whether they were so already."""
    snapped, packed = as_labels(to_straight(pixels), palette), pixels.view(np.uint32)[:, :, 0]
    same = np.array_equal(snapped, packed)
    if not same:
        packed[...] = snapped
    return same
