"""The hand: which tool and brush it holds, and the stroke it is drawing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from desktop.documents.inks import Inks
from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.layers.layer import Layer
from desktop.paint.strokes.stroke import LARGEST_SIZE, Ink, Sample
from desktop.paint.tools import Stroke, tools
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from engine.data.palette import Colour, Palette
from engine.data.rect import Rect


class StrokeController(Observable):
    """Turns the pointer into strokes on the document that ``document()`` gives."""

    tool = Property("pen")
    ink = Property(Ink())
    """The brush of the tool on the active layer."""
    drawing = Property(False)
    """A stroke is going on."""
    knows_hints = Property(True)
    """Whether the model in use was trained with colour hints; else they can neither be seen nor drawn."""

    touched = Signal(Rect)
    """An unfinished stroke changed these pixels, or gave them back."""
    finished = Signal(object)
    """A stroke is done; the ``Change`` it made."""
    layer_chosen = Signal()
    """Another layer is drawn on now."""
    error_reported = Signal(str)

    def __init__(
        self,
        document: Callable[[], Document],
        memory: dict[str, dict[str, Any]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._inks = Inks(memory)
        self._stroke: Stroke | None = None
        self._last: tuple[Sample, bool, bool] = Sample(0, 0), False, False
        """Where the pen was seen last, with Shift, with Ctrl."""

    @property
    def stroke(self) -> Stroke | None:
        """The stroke that goes on, for the canvas to show its outline."""
        return self._stroke

    # --- drawing --------------------------------------------------------------------------------

    def press(self, sample: Sample, *, eraser: bool = False, shift: bool = False, ctrl: bool = False) -> None:
        """The pen touches the canvas, or the mouse button goes down."""
        self._last = sample, shift, ctrl
        if self._stroke is not None:  # a tool of several clicks goes on
            self._touch(self._stroke.move(sample, shift, ctrl))
            return
        name = "eraser" if eraser else self.tool
        document = self._document()
        if self._is_out_of_reach(document.active.role):
            return
        ink = self._inks.of(document.active.role, name)
        with ReportErrors(self.error_reported.emit):
            self._stroke = tools()[name].start(document, ink, sample, shift, ctrl)
            document.unfinished = self.finish
            self.drawing = True
            self._touch(self._stroke.rect)

    def move(self, sample: Sample, *, shift: bool = False, ctrl: bool = False) -> None:
        """The pen moves on the canvas."""
        self._last = sample, shift, ctrl
        if self._stroke is not None:
            self._touch(self._stroke.move(sample, shift, ctrl))

    def release(self, sample: Sample, *, shift: bool = False, ctrl: bool = False) -> None:
        """The pen leaves the canvas; the stroke becomes one undo step, unless its tool takes more clicks."""
        if self._stroke is not None:
            self._end(self._stroke, self._stroke.finish(sample, shift, ctrl))

    def lift(self) -> None:
        """The pen was lifted where nobody heard of it: as if it had been where it was seen last."""
        sample, shift, ctrl = self._last
        self.release(sample, shift=shift, ctrl=ctrl)

    def finish(self) -> None:
        """End the stroke that goes on with what it has, as one undo step.

        Nobody who would drop a stroke needs to call this: ``Document.finish_stroke`` does.
        """
        if self._stroke is not None:
            change = self._stroke.close()
            self._end(self._stroke, self._stroke.finish(*self._last) if change is None else change)

    def cancel(self) -> bool:
        """Abort the stroke that goes on; the picture is as it was before. False when there is none."""
        stroke, self._stroke = self._stroke, None
        self.drawing = False
        if stroke is None:
            return False
        self._document().unfinished = None
        self._touch(stroke.abort())
        return True

    # --- tool and brush -------------------------------------------------------------------------

    def choose_tool(self, name: str) -> None:
        """Draw with the tool called ``name`` from now on."""
        if name != self.tool:
            self._document().finish_stroke()
            self.tool = name
            self.take_ink()

    def take_ink(self) -> None:
        """Take the brush that belongs to the tool and the active layer, in a colour that it can have."""
        document = self._document()
        ink = self._inks.of(document.active.role, self.tool)
        if document.active.role is Role.LABELS and document.palette is not None:
            ink = dataclasses.replace(ink, colour=_nearest(ink.colour, document.palette))
        self.ink = ink

    def set_ink(self, **fields: Any) -> None:
        """Change some of the brush, e.g. ``set_ink(size=12.0)``."""
        self.ink = dataclasses.replace(self.ink, **fields)
        self._inks.put(self._document().active.role, self.tool, self.ink)

    def scale_brush(self, factor: float) -> None:
        """Make the brush larger or smaller; by a pixel at least, up to the largest there is."""
        size = self.ink.size * factor
        if abs(size - self.ink.size) < 1:
            size = self.ink.size + (1 if factor > 1 else -1)
        self.set_ink(size=float(min(max(round(size), 1), LARGEST_SIZE)))

    def set_symmetry(self, symmetry: str) -> None:
        """Mirror strokes: ``none``, ``vertical``, ``horizontal`` or ``both``, on every layer."""
        self._inks.mirror(symmetry)
        self.take_ink()

    def take_colours(self, palette: Palette | None) -> None:
        """Where a model has colours that mean something to it, begin with the nearest of them."""
        if palette is not None:
            ink = self._inks.of(Role.PAINT, "pen")
            self._inks.put(Role.PAINT, "pen", dataclasses.replace(ink, colour=_nearest(ink.colour, palette)))
            self.take_ink()

    def choose_colour(self, colour: Colour) -> None:
        """Draw in ``colour``; in a sketch, coloured strokes are hints and go to their own layer."""
        document = self._document()
        if document.kind == "sketch" and document.active.role not in (Role.HINTS, Role.FINISH):
            self.choose_role(Role.HINTS)
            if not self.knows_hints:
                return
        self.set_ink(colour=colour)

    def pick_colour(self, sample: Sample) -> None:
        """Draw in the colour under the pointer from now on."""
        colour = self._document().colour_at(int(sample.x), int(sample.y))
        if colour is not None:
            self.choose_colour(colour)

    def choose_role(self, role: Role) -> None:
        """Draw on the topmost layer of that role, e.g. on the lines."""
        layer = topmost(self._document(), role)
        if layer is not None:
            self.choose_layer(layer.id)

    def choose_layer(self, layer_id: int) -> None:
        """Draw on that layer from now on, with the brush last used on its kind."""
        document = self._document()
        document.finish_stroke()
        if not self._is_out_of_reach(document.layer(layer_id).role):
            document.select(layer_id)
            self.take_ink()
        self.layer_chosen.emit()

    def _is_out_of_reach(self, role: Role) -> bool:
        """Whether a layer of that role can't be drawn on with this model; says so."""
        if role is Role.HINTS and not self.knows_hints:
            self.error_reported.emit(
                self.tr("This model knows no colour hints; draw lines, or choose another model.")
            )
            return True
        return False

    def _touch(self, rect: Rect) -> None:
        if rect:
            self.touched.emit(rect)

    def _end(self, stroke: Stroke, change: Change | None) -> None:
        if change is None:  # it takes more clicks
            return
        self._stroke = None
        self._document().unfinished = None
        self.drawing = False
        if stroke.picked is not None:
            self.choose_colour(stroke.picked)
        self.finished.emit(change)


def _nearest(colour: Colour, palette: Palette) -> Colour:
    return palette.labels[int(palette.indices(np.array([[colour]], np.uint8))[0, 0])].colour


def topmost(document: Document, role: Role) -> Layer | None:
    """The topmost layer of that role, or None."""
    return next((layer for layer in reversed(document.layers) if layer.role is role), None)
