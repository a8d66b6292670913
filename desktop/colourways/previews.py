"""Previews of the drawing in sets of colours, one after the other, in the pauses of the pen.

Everything slow is done beside the pen: the drawing is reduced and recoloured on another thread, and the
engine is asked for one preview at a time (see ``desktop.preview.turns``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.colourways.hints import own_colours, recoloured
from desktop.colourways.sets import ColourSet, code_of
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.stroke_controller import StrokeController
from desktop.preview.live import Live
from desktop.preview.turns import RESTS_MS, Turn, Turns
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Picture, Pixels
from engine.data.palette import Colour
from engine.data.style import Code
from engine.planes.codec import scaled, working_size

Stamp = tuple[int, Code]
"""The drawing and the style that a preview is of."""
_Look = tuple[tuple[Colour, ...], str | int | None]
"""What of a set can be seen: all but its name."""


@dataclass(frozen=True, eq=False)
class _Reduced:
    """The drawing at the size at which the network sees it."""

    stamp: Stamp
    lines: Pixels | None
    hints: Pixels | None
    """Both None where the picture has no hints: then only styles make a difference."""
    own: tuple[Colour, ...]


class Previews(QObject):
    """What there is to see of the drawing on the canvas.

    Args:
        canvas: where the picture is.
        live: the model.
        turns: who asks the engine for single previews, while the hand rests.
        strokes: the hand's.
        in_order: puts the drawing's colours into the order in which sets have others for them.
        parent: owns it.
    """

    read = Signal()
    """The colours of the drawing as it is are known, see ``own``."""
    made = Signal()
    """There is another preview."""
    refused = Signal()
    """One of them can't be made of the drawing as it is."""

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        turns: Turns,
        strokes: StrokeController,
        in_order: Callable[[tuple[Colour, ...]], tuple[Colour, ...]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._in_order = in_order
        self._canvas, self._live, self._turns, self._strokes = canvas, live, turns, strokes
        self._queue = TaskQueue("colourways", self)
        self._queue.error_reported.connect(self._failed)
        self._reduced: _Reduced | None = None
        self._made: dict[_Look, tuple[Stamp, Pixels]] = {}
        self._refused: dict[_Look, Stamp] = {}
        self._sets: tuple[ColourSet, ...] = ()
        self._next: tuple[ColourSet, ...] = ()
        self._turn: Turn | None = None
        self._wanted = self._working = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(RESTS_MS)
        self._rest.timeout.connect(self._reduce)

    @property
    def own(self) -> tuple[Colour, ...] | None:
        """The colours of the drawing as it is, in their order; None as long as they are not known."""
        reduced = self._reduced
        return self._in_order(reduced.own) if reduced is not None and reduced.stamp == self._stamp() else None

    def of(self, one: ColourSet) -> Pixels | None:
        """The drawing in a set, uint8 (H, W, 3), as it is or was a moment ago."""
        made = self._made.get(_look(one))
        return None if made is None else made[1]

    def is_fresh(self, one: ColourSet) -> bool:
        """Whether what there is to see of a set is of the drawing as it is."""
        made = self._made.get(_look(one))
        return made is not None and made[0] == self._stamp()

    def go_on(self, sets: Sequence[ColourSet], wanted: Sequence[ColourSet]) -> None:
        """Have the first of the ``wanted`` ones made that is not fresh; call it again after each of the
        signals, and whenever something may have changed. What was made of the other ``sets`` is kept."""
        self._wanted, self._sets, self._next = True, tuple(sets), tuple(wanted)
        reduced = self._reduced
        due = [one for one in self._next if not self.is_fresh(one) and not self._is_refused(one)]
        if self._live.enabled and due:
            self._turns.go_first(self)
        else:
            self._turns.stand_back(self)
        if reduced is None or reduced.stamp != self._stamp():
            self._drop()
            self._rest.start()
        elif self._turn is None and not self._working and self._live.enabled and due:
            self._recolour(due[0], reduced)

    def give_up(self) -> None:
        """Nobody looks any more."""
        self._wanted = False
        self._rest.stop()
        self._drop()
        self._turns.stand_back(self)

    def forget(self) -> None:
        """Another picture, or another model."""
        self._made.clear()
        self._refused.clear()
        self._reduced = None
        self.give_up()

    def stop(self) -> None:
        """End of the program."""
        self.give_up()
        self._queue.give_up()  # nothing is written

    # --- inside --------------------------------------------------------------------------------

    def _is_refused(self, one: ColourSet) -> bool:
        """Whether it was in vain to ask for the drawing as it is in a set."""
        return self._refused.get(_look(one)) == self._stamp()

    def _stamp(self) -> Stamp:
        code = self._live.code() if self._canvas.picture is not None else None
        return self._live.drawn, code or ()

    def _reduce(self) -> None:
        """The pen rests: see what the drawing is now."""
        live, card = self._live, self._live.card
        busy = self._strokes.drawing or live.behind or not live.settled  # they tell when it is over
        if busy or not live.enabled or card is None or self._working:
            return
        picture, stamp = self._canvas.document.picture(), self._stamp()
        lines, hints = picture.lines, picture.hints
        if lines is None or hints is None or not card.hints:
            self._reduced = _Reduced(stamp, None, None, ())
            self.read.emit()
            return
        size = working_size(picture.size, card)

        def work() -> _Reduced:
            return _Reduced(stamp, scaled(lines, size), scaled(hints, size), own_colours(hints))

        def take(reduced: _Reduced) -> None:
            self._reduced = reduced
            if self.own is not None:
                self.read.emit()

        self._do(work, take)

    def _recolour(self, one: ColourSet, reduced: _Reduced) -> None:
        """Recolour the hints, then ask for what the network makes of them."""
        card = self._live.card
        assert card is not None
        code = code_of(card, one, self._canvas.document.named_styles) or self._live.code() or card.usual_style

        own = self._in_order(reduced.own)

        def work() -> Picture | None:
            if reduced.hints is None:
                return None
            return Picture(lines=reduced.lines, hints=recoloured(reduced.hints, own, one.colours))

        def done(preview: Pixels | None) -> None:
            self._turn = None
            if preview is not None:
                self._made[_look(one)] = reduced.stamp, preview
                here = {_look(known) for known in (*self._sets, one)}
                self._made = {known: made for known, made in self._made.items() if known in here}
                self.made.emit()
            elif self._live.card is card and not self._live.loading:  # else it is withdrawn, not refused
                self._refused[_look(one)] = reduced.stamp
                self.refused.emit()

        def ask(picture: Picture | None) -> None:
            if self._wanted and reduced is self._reduced and self.own is not None:
                self._turn = self._turns.ask(code, done, picture, self)

        self._do(work, ask)

    def _do(self, work: Callable[[], object], then: Callable[..., object]) -> None:
        """On the other thread; one thing at a time."""

        def go_on(found: object) -> None:
            self._working = False
            then(found)
            if self._wanted:
                self.go_on(self._sets, self._next)

        self._working = True
        self._queue.do(work, go_on)

    def _failed(self, sentence: str) -> None:
        self._working = False
        self._turns.stand_back(self)
        self._canvas.error_reported.emit(sentence)

    def _drop(self) -> None:
        if self._turn is not None:
            self._turn.drop()
            self._turn = None


def _look(one: ColourSet) -> _Look:
    return one.colours, one.style
