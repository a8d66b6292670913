"""The hand: which tool and brush it holds, and the stroke it is drawing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.awaiting import Awaited, AwaitedStrokes
from desktop.documents.inks import SHARED, Inks, in_colours, nearest
from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.gestures.tool import Placement
from desktop.paint.layers.layer import Layer
from desktop.paint.strokes.stroke import HOLD_S, LARGEST_SIZE, Ink, Sample, Selects
from desktop.paint.tools import Stroke, Tool, at_the_other_end, tool_that_has, tools
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from engine.data.palette import Colour, Palette
from engine.data.rect import Rect

MOST_RECENT = 12
REACH = 6.0
"""Pixels of the screen that a press may miss a point by and mean it."""
STILL = 3.0
"""Pixels of the screen that a pen may tremble by and is still held still."""


class StrokeController(Observable):
    """Turns the pointer into strokes on the document that ``document()`` gives."""

    tool = Property(next(iter(tools())))
    ink = Property(Ink())
    """The brush of the tool on the active layer."""
    drawing = Property(False)
    """A stroke is going on."""
    taken_back = Property(False)
    """Clicks of that stroke were taken back, and can be done again."""
    knows_hints = Property(True)
    """Whether the model in use was trained with colour hints; else they can neither be seen nor drawn."""

    quick_shapes = Property(True)
    """A stroke that is held still at its end becomes the shape that it was meant to be."""
    adjusting = Property(False)
    """The axes of symmetry are shown with knobs to move and turn them by."""
    recent = Property[tuple[Colour, ...]](())
    """The colours that were painted with last, the newest first."""
    became = Property("")
    """What the last stroke became by that, in the user's language."""

    touched = Signal(Rect)
    """An unfinished stroke changed these pixels, or gave them back."""
    finished = Signal(object)
    """A stroke is done; the ``Change`` it made."""
    shown = Signal()
    """A stroke shows something else of itself, without the pointer having done it."""
    interrupted = Signal()
    """A stroke was ended by a command, which goes on with the picture that it was drawn in."""
    layer_chosen = Signal()
    """Another layer is drawn on now."""
    notice = Signal(str)
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
        self._colour: Colour | None = None
        """What the stroke paints with; None where it is no colour that anybody chose."""
        self.pixel = 1.0
        """How many pixels of the picture a pixel of the screen is, in both directions."""
        self._stillness = QTimer(self)
        self._stillness.setSingleShot(True)
        self._stillness.setInterval(round(HOLD_S * 1000) + 10)
        self._stillness.timeout.connect(self._still)
        self._last: tuple[Sample, bool, bool] = Sample(0, 0), False, False
        """Where the pen was seen last, with Shift, with Ctrl."""
        self.awaited = AwaitedStrokes(document, self._aim, self._draw, self)
        self.awaited.notice.connect(self.notice)
        self.awaited.error_reported.connect(self.error_reported)
        self._track: list[Sample] = []
        self._width = 0.0
        self._in_command = False

    @property
    def stroke(self) -> Stroke | None:
        """The stroke that goes on, for the canvas to show its outline."""
        return self._stroke

    @property
    def goes_on(self) -> bool:
        """Whether a stroke is being drawn, or waits to be: another picture would cost it. It would also take
        what a command does that has just ended one."""
        return self.drawing or self.awaited.waits or self._in_command

    # --- drawing --------------------------------------------------------------------------------

    def press(
        self,
        sample: Sample,
        *,
        eraser: bool = False,
        shift: bool = False,
        ctrl: bool = False,
        alt: bool = False,
    ) -> None:
        """The pen touches the canvas, or the mouse button goes down."""
        self._last = sample, shift, ctrl
        self.became = ""
        if self._stroke is not None:  # a tool of several clicks goes on
            self._touch(self._stroke.press(sample, shift, ctrl))
            return
        tool = at_the_other_end() if eraser else tools()[self.tool]
        self._track = [sample]
        ink = self._held(tool, shift, alt)
        if self.awaited.hold(Awaited(tool, ink, [self._last])):
            return
        stroke = self._begin(tool, ink, sample, shift, ctrl)
        if stroke is not None and tool.at_once:
            self._touch(stroke.press(sample, shift, ctrl))

    def _begin(self, tool: Tool, ink: Ink, sample: Sample, shift: bool, ctrl: bool) -> Stroke | None:
        """Begin a stroke of that tool; says so where it can't be done."""
        document = self._document()
        if self._is_out_of_reach(document.active.role):
            return None
        self._width = ink.size if tool.by_hand else 0.0
        with ReportErrors(self.error_reported.emit):
            self._stroke = tool.start(document, ink, sample, shift, ctrl)
            self._colour = self._chosen_colour(tool, ink)
            self._stroke.aim(REACH * self.pixel)
            document.unfinished = self._interrupt
            self.drawing = True
            self._touch(self._stroke.rect)
            if self._stroke.rests:
                self._stillness.start()
        return self._stroke

    def move(self, sample: Sample, *, shift: bool = False, ctrl: bool = False) -> None:
        """The pen moves on the canvas."""
        self._last = sample, shift, ctrl
        if self._stroke is not None:
            self._track.append(sample)
            self._touch(self._stroke.move(sample, shift, ctrl))
            self.became = self._stroke.became
            if self._stroke.rests:
                self._stillness.start()
        else:
            self.awaited.move(sample, shift, ctrl)

    def _aim(self) -> object:
        """What strokes that wait would be drawn on, and with what has been drawn there."""
        document = self._document()
        return document, document.revision, document.active.id, document.selection, self._stroke

    def _draw(self, awaited: Awaited) -> None:
        """Draw a stroke that had to wait; one whose pen is down yet goes on."""
        self._last, *others = awaited.track
        sample, shift, ctrl = self._last
        self._track, self.became = [sample], ""
        if self._begin(awaited.tool, awaited.ink, sample, shift, ctrl) is not None:
            for sample, shift, ctrl in others:
                self.move(sample, shift=shift, ctrl=ctrl)
            if awaited.lifted:
                self.release(sample, shift=shift, ctrl=ctrl)

    def _still(self) -> None:
        """No event came for a while: the pen is where it was, but it is later."""
        if self._stroke is not None and self._stroke.rests:
            sample, shift, ctrl = self._last
            self.move(sample._replace(time=sample.time + HOLD_S + 0.01), shift=shift, ctrl=ctrl)
            self._stillness.stop()

    def release(self, sample: Sample, *, shift: bool = False, ctrl: bool = False) -> None:
        """The pen leaves the canvas; the stroke becomes one undo step, unless its tool takes more clicks."""
        if self._stroke is not None:
            self._end(self._stroke, self._stroke.finish(sample, shift, ctrl))
        else:
            self.awaited.move(sample, shift, ctrl)
            self.awaited.lift()

    def lift(self) -> None:
        """The pen was lifted where nobody heard of it: as if it had been where it was seen last."""
        sample, shift, ctrl = self._last
        self.release(sample, shift=shift, ctrl=ctrl)

    def _interrupt(self) -> None:
        """End the stroke for a command; what waits for its end comes when that is done."""
        self._in_command = True
        try:
            self.finish()
        finally:
            self._in_command = False
        self.interrupted.emit()

    def finish(self) -> None:
        """End the stroke that goes on with what it has, as one undo step.

        Nobody who would drop a stroke needs to call this: ``Document.finish_stroke`` does.
        """
        if self._stroke is not None:
            change = self._stroke.close()
            self._end(self._stroke, self._stroke.finish(*self._last) if change is None else change)

    def take_track(self) -> tuple[list[Sample], float]:
        """Where the pen was in the last stroke, and how wide a line it left there, 0 where none, as with
        shapes; for whoever asks first. Nothing while one goes on: it isn't over."""
        if self._stroke is not None:
            return [], 0.0
        (track, self._track), (width, self._width) = (self._track, []), (self._width, 0.0)
        return track, width

    def cancel(self) -> bool:
        """Abort the stroke that goes on; the picture is as it was before. False when there is none.

        One that has become a shape is kept as it was drawn.
        """
        if self._stroke is not None and (kept := self._stroke.relent()) is not None:
            self.became = ""
            self._end(self._stroke, kept)
            return True
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            self._rest()
            return self.awaited.drop()
        self._document().unfinished = None
        self._touch(stroke.abort())
        self._rest()
        return True

    def step_back(self) -> bool:
        """Take back the last click of a stroke of several; False where there is no such."""
        changed = self._stroke.step_back() if self._stroke is not None else None
        return self._stepped(changed)

    def step_forward(self) -> bool:
        """Do the click again that was taken back last; False where there is none."""
        return self._stepped(self._stroke.step_forward() if self._stroke is not None else None)

    def _stepped(self, changed: Rect | None) -> bool:
        if changed is None:
            return False
        self._touch(changed)
        self.shown.emit()
        return True

    @property
    def placement(self) -> Placement | None:
        """Where the box is that is being transformed; None where none is."""
        return self._stroke.placement if self._stroke is not None else None

    def place(self, **numbers: float) -> None:
        """Move, scale or turn what is being transformed, e.g. ``place(degrees=90)``."""
        if self._stroke is not None and self._stroke.placement is not None:
            self._touch(self._stroke.place(self._stroke.placement._replace(**numbers)))
            self.shown.emit()

    def leave(self) -> None:
        """End of the program."""
        self.awaited.leave()

    # --- tool and brush -------------------------------------------------------------------------

    def choose_tool(self, name: str) -> None:
        """Draw with the tool called ``name`` from now on."""
        if name != self.tool:
            self._document().finish_stroke()
            self.tool = name
            self.take_ink()
            if tools()[name].at_once:
                tool = tools()[name]
                self._begin(tool, self._held(tool, False, False), Sample(0, 0), False, False)
                self.shown.emit()

    def take_ink(self) -> None:
        """Take the brush that belongs to the tool and the active layer, in a colour that it can have."""
        document = self._document()
        ink = self._inks.of(document.active.role, self.tool)
        if document.active.role is Role.LABELS and document.palette is not None:
            ink = dataclasses.replace(ink, colour=nearest(ink.colour, document.palette))
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
        self.set_everywhere(symmetry=symmetry)

    def set_everywhere(self, **fields: Any) -> None:
        """Change some of the brush on every layer and for every tool, e.g. how one selects."""
        self._inks.everywhere(**fields)
        self.take_ink()

    def begin_with(self, **fields: Any) -> None:
        """Set some of every brush before there is a picture."""
        self._inks.everywhere(**fields)

    def select_by(self, what: Selects) -> None:
        """Select by a rectangle, by hand, by a polygon or by colour from now on."""
        self.choose_tool(tool_that_has("selects").id)
        self.set_everywhere(selects=what)

    def take_colours(self, palette: Palette | None) -> None:
        """Where a model has named colours, begin with the nearest of them, and plainly."""
        ink = self._inks.of(Role.PAINT, SHARED)
        fitting = in_colours(ink, palette)
        if fitting != ink:
            self._inks.put(Role.PAINT, SHARED, fitting)
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

    def _held(self, tool: Tool, shift: bool, alt: bool) -> Ink:
        """The ink of that tool, with what the keys and the screen have to say about it."""
        document, settings = self._document(), tool.settings
        ink = self._inks.of(document.active.role, tool.id)
        if self.quick_shapes and "stabiliser" in settings:
            ink = dataclasses.replace(ink, hold=STILL * self.pixel)
        if "selects" in settings and alt:
            ink = dataclasses.replace(ink, combine="subtract")
        elif "selects" in settings and shift and document.selection:
            ink = dataclasses.replace(ink, combine="add")
        return ink

    def _chosen_colour(self, tool: Tool, ink: Ink) -> Colour | None:
        """The colour that a stroke of that tool paints with, if somebody chose it: lines are always black,
        and a label's colour is its sign, which means nothing in another picture."""
        paints = {"size", "tolerance"} & set(tool.settings)
        signs = self._document().active.role in (Role.LINES, Role.LABELS)
        return None if ink.erase or signs or not paints else ink.colour

    def _touch(self, rect: Rect) -> None:
        self.taken_back = self._stroke is not None and self._stroke.can_step_forward
        if rect:
            self.touched.emit(rect)

    def _end(self, stroke: Stroke, change: Change | None) -> None:
        if change is None:  # it takes more clicks
            self._touch(stroke.lifted)
            return
        self._stroke = None
        self._document().unfinished = None
        if stroke.picked is not None:
            self.choose_colour(stroke.picked)
        if change and self._colour is not None:
            others = (colour for colour in self.recent if colour != self._colour)
            self.recent = (self._colour, *others)[:MOST_RECENT]
        self.finished.emit(change)
        self._rest()

    def _rest(self) -> None:
        """The pen is up. Last of all: what has waited for that may put another picture on the canvas, and a
        stroke belongs to the one in which it was drawn."""
        self.drawing = self._stroke is not None  # somebody who heard of the end may have begun another


def topmost(document: Document, role: Role) -> Layer | None:
    """The topmost layer of that role, or None."""
    return next((layer for layer in reversed(document.layers) if layer.role is role), None)
