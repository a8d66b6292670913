"""A stack of layers and groups as one picture, mixed as OpenRaster describes it.

https://www.openraster.org/baseline/layer-stack-spec.html: a group has visibility, opacity, an offset and
a way of mixing, like a layer; with any of these but the offset it is mixed by itself first.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

from PySide6.QtCore import QCoreApplication, QPoint
from PySide6.QtGui import QImage, QPainter

from desktop.paint.editing.layer_stack import WHITE
from desktop.paint.editing.limits import MOST_PIXELS
from desktop.paint.files import placed
from desktop.paint.files.archive import Archive
from desktop.paint.files.stack import PLAIN, is_hidden, opacity, whole
from desktop.paint.layers import colour_modes, overhang
from desktop.paint.layers.composite import composite, to_rgb
from desktop.paint.layers.layer import Layer, Role, blank, image_over
from engine.data.messages import Pixels
from engine.data.rect import Rect
from engine.errors import PictureError

MOST_DECODED = 32 * MOST_PIXELS
"""Pixels of all layers together, one after the other; some ten seconds."""
MOST_WAITING = 3 * MOST_PIXELS
"""Pixels of all groups that are open at once."""
MOST_DEPTH = 60
"""Of groups within groups."""

_Mode = QPainter.CompositionMode
_MODES = {
    PLAIN: _Mode.CompositionMode_SourceOver,
    "svg:multiply": _Mode.CompositionMode_Multiply,
    "svg:screen": _Mode.CompositionMode_Screen,
    "svg:overlay": _Mode.CompositionMode_Overlay,
    "svg:darken": _Mode.CompositionMode_Darken,
    "svg:lighten": _Mode.CompositionMode_Lighten,
    "svg:color-dodge": _Mode.CompositionMode_ColorDodge,
    "svg:color-burn": _Mode.CompositionMode_ColorBurn,
    "svg:hard-light": _Mode.CompositionMode_HardLight,
    "svg:soft-light": _Mode.CompositionMode_SoftLight,
    "svg:difference": _Mode.CompositionMode_Difference,
    "svg:exclusion": _Mode.CompositionMode_Exclusion,
    "svg:plus": _Mode.CompositionMode_Plus,
    "svg:src-atop": _Mode.CompositionMode_SourceAtop,
    "svg:dst-out": _Mode.CompositionMode_DestinationOut,
    "svg:dst-in": _Mode.CompositionMode_DestinationIn,
    "svg:dst-atop": _Mode.CompositionMode_DestinationAtop,
}
_EVERYWHERE = {"svg:dst-in", "svg:dst-atop"}
"""Those that change what is below also where a layer has nothing."""

translate = QCoreApplication.translate


class Flattening:
    """Mixes a stack; afterwards says what of it could not be.

    Args:
        source: the file with the layers.
        canvas: what is seen of them.
        name: of the file, for sentences.
        step: called now and then: how many layers of how many are done; may raise whatever is to end it.
    """

    def __init__(self, source: Archive, canvas: Rect, name: str, step: Callable[[int, int], object]) -> None:
        self._source, self._canvas, self._name, self._step = source, canvas, name, step
        self._done = self._total = 0
        self._decoded = self._open = 0
        self.unknown: dict[str, None] = {}
        """Ways of mixing that were taken for paint over paint, as the file calls them."""
        self.left_out = False
        """Something that is no picture is missing."""
        self.gaps = placed.Gaps()
        """Layers that are missing because they can't be read."""
        self._found = 0

    def picture(self, stack: ElementTree.Element) -> Pixels:
        """What is seen of ``stack``; uint8 (H, W, 3) on white.

        Raises:
            PictureError: no layer can be read, or there is more than can be opened.
        """
        seen = blank(self._canvas.width, self._canvas.height)
        self._open = self._canvas.width * self._canvas.height
        self._total = sum(1 for _ in stack.iter("layer"))
        self._mix(stack, seen, (0, 0), 0)
        if self.gaps.error is not None and not self._found:
            raise self.gaps.error
        whole_picture = Layer(1, "", Role.PAINT, seen)
        return to_rgb(composite([whole_picture], self._canvas, WHITE))

    def _mix(self, element: ElementTree.Element, target: Pixels, at: tuple[int, int], depth: int) -> None:
        """Lay a layer or group, which is in something that lies ``at`` there, over ``target``."""
        if element.tag == "layer":
            self._step(self._done, self._total)
            self._done += 1
        if is_hidden(element) or opacity(element) <= 0:
            return
        if element.tag == "stack":
            self._mix_group(element, target, at, depth)
        elif placed.is_picture(self._source, element):
            self._mix_picture(element, target, at)
        else:
            self.left_out = True

    def _mix_picture(self, element: ElementTree.Element, target: Pixels, at: tuple[int, int]) -> None:
        self._decoded += self._source.size(element.get("src", "")) // 8  # it takes time, whatever it is
        if self._decoded > MOST_DECODED:
            raise self._too_much()
        try:
            rect = placed.rect_of(self._source, element, self._name)
        except PictureError as error:
            self.gaps.add(element, error)
            return
        self._decoded += rect.width * rect.height
        if self._decoded > MOST_DECODED:
            raise self._too_much()
        left, top, side = rect.left + at[0], rect.top + at[1], max(rect.width, rect.height)
        # It may lie on its side.
        if (
            Rect(left, top, side, side).intersected(self._canvas)
            or element.get("composite-op") in _EVERYWHERE
        ):
            try:
                pixels = placed.decoded(self._source, element, self._name).pixels
            except PictureError as error:
                self.gaps.add(element, error)
                return
            self._lay(element, pixels, Rect(left, top, pixels.shape[1], pixels.shape[0]), target)
        self._found += 1

    def _mix_group(
        self, element: ElementTree.Element, target: Pixels, at: tuple[int, int], depth: int
    ) -> None:
        at = at[0] + whole(element, "x", self._name, 0), at[1] + whole(element, "y", self._name, 0)
        plain = element.get("composite-op", PLAIN) == PLAIN and opacity(element) == 1
        # The outermost stack has nothing below it.
        alone = not plain or (depth > 0 and element.get("isolation", "auto") != "auto")
        mixed, size = target, self._canvas.width * self._canvas.height
        if depth > MOST_DEPTH or (alone and self._open + size > MOST_WAITING):
            raise self._too_much()
        if alone:
            mixed = blank(self._canvas.width, self._canvas.height)
            self._open += size
        for inner in reversed(element):  # the topmost comes first in the file
            self._mix(inner, mixed, at, depth + 1)
        if alone:
            self._lay(element, mixed, self._canvas, target)
            self._open -= size

    def _lay(self, element: ElementTree.Element, pixels: Pixels, place: Rect, target: Pixels) -> None:
        mode = element.get("composite-op", PLAIN)
        if mode not in _MODES and mode not in colour_modes.MODES:
            self.unknown[mode[:40]] = None
            mode = PLAIN
        density = opacity(element)
        if mode in _EVERYWHERE and place != self._canvas:
            pixels, place = self._spread(pixels, place), self._canvas
        if mode != PLAIN and density < 1:  # Qt would fade what the mode does, not what is laid
            faded = blank(place.width, place.height)
            _draw(pixels, faded, (0, 0), _MODES[PLAIN], density)
            pixels, density = faded, 1.0
        if mode in colour_modes.MODES:
            seen = place.intersected(self._canvas)
            part = overhang.within(pixels, place, seen)
            colour_modes.lay(part, target[seen.rows, seen.columns], colour_modes.MODES[mode])
            return
        _draw(pixels, target, (place.left, place.top), _MODES[mode], density)

    def _spread(self, pixels: Pixels, place: Rect) -> Pixels:
        spread = blank(self._canvas.width, self._canvas.height)
        if place.intersected(self._canvas):
            _draw(pixels, spread, (place.left, place.top), _MODES[PLAIN], 1.0)
        return spread

    def _too_much(self) -> PictureError:
        text = translate(
            "paint", "“{0}” has more layers than can be shown; save it there as a flat picture first."
        )
        return PictureError(text.format(self._name))


def _draw(pixels: Pixels, target: Pixels, at: tuple[int, int], mode: _Mode, density: float) -> None:
    """Mix ``pixels`` into ``target``, both premultiplied BGRA."""
    form = QImage.Format.Format_ARGB32_Premultiplied
    image = image_over(target, form)  # a painter keeps none alive
    with QPainter(image) as painter:
        painter.setCompositionMode(mode)
        painter.setOpacity(density)
        painter.drawImage(QPoint(*at), image_over(pixels, form))
