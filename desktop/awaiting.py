"""Strokes that have to wait: what their tool goes by isn't known yet, and the pen must not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from desktop.paint.editing.document import Document
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import Tool
from desktop.support.task_queue import TaskQueue


@dataclass
class Awaited:
    """A stroke that waits until it can begin."""

    tool: Tool
    ink: Ink
    track: list[tuple[Sample, bool, bool]]
    """Where the pen was so far, with Shift, with Ctrl."""
    lifted: bool = False


class AwaitedStrokes(QObject):
    """Strokes of tools that have to know something first.

    It is found out on another thread, and they are drawn in their order then, unless what they were to be
    drawn on is another by that time.

    Args:
        document: what is drawn on.
        aim: all that must not change meanwhile.
        draw: draws one of them.
    """

    over = Signal()
    """None waits any more."""
    notice = Signal(str)
    error_reported = Signal(str)

    def __init__(
        self,
        document: Callable[[], Document],
        aim: Callable[[], object],
        draw: Callable[[Awaited], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._document, self._aim, self._draw = document, aim, draw
        self._tasks = TaskQueue("photo under the pen", self)
        self._tasks.error_reported.connect(self.error_reported)
        self._strokes: list[Awaited] = []
        self._aimed: object = None

    @property
    def waits(self) -> bool:
        """Whether there are any."""
        return bool(self._strokes)

    def hold(self, stroke: Awaited) -> bool:
        """The pen came down: whether the stroke has to wait."""
        aim = self._aim()
        if self._strokes and aim != self._aimed:
            self._give_up()
        behind = bool(self._strokes) and self._strokes[-1].tool is stroke.tool
        # One that comes behind another waits anyway, and what its tool has to know may be long to find out.
        preparation = None if behind else stroke.tool.preparation(self._document())
        if preparation is None and not behind:
            return False
        if preparation is not None and not self._strokes:
            self._aimed = aim
            self.notice.emit(self.tr("The photo is being looked at; what you clicked is filled in a moment."))
            self._prepare(preparation)
        self.lift()
        self._strokes.append(stroke)
        return True

    def move(self, sample: Sample, shift: bool, ctrl: bool) -> None:
        """The pen went on, while its stroke waits."""
        if self._strokes and not self._strokes[-1].lifted:
            self._strokes[-1].track.append((sample, shift, ctrl))

    def lift(self) -> None:
        """The pen went up."""
        if self._strokes:
            self._strokes[-1].lifted = True

    def drop(self) -> bool:
        """Draw none of them; False when there is none."""
        dropped = self._forget()
        if dropped:
            self.over.emit()
        return dropped

    def take_back(self) -> bool:
        """Draw all but the newest of them; False when there is none."""
        if len(self._strokes) < 2:
            return self.drop()
        self._strokes.pop()
        return True

    def leave(self) -> None:
        """End of the program."""
        self._forget()
        self._tasks.give_up()  # it only looks

    def _forget(self) -> bool:
        dropped, self._strokes = self._strokes, []
        self._tasks.forget()
        return bool(dropped)

    def _prepare(self, preparation: Callable[[], object]) -> None:
        def attempt() -> Exception | None:
            try:
                preparation()
            except Exception as error:  # raised again where somebody is told
                return error
            return None

        self._tasks.do(attempt, self._go_on)

    def _go_on(self, wrong: Exception | None) -> None:
        if wrong is not None:  # whatever it is: nobody looks any more, and later strokes wouldn't begin
            self.drop()
            raise wrong
        while self._strokes:
            if self._aim() != self._aimed:
                self._give_up()
                return
            preparation = self._strokes[0].tool.preparation(self._document())
            if preparation is not None:  # forgotten again
                self._prepare(preparation)
                return
            self._draw(self._strokes.pop(0))
            self._aimed = self._aim()
        self.over.emit()

    def _give_up(self) -> None:
        self.drop()
        text = self.tr("The picture was changed while its photo was looked at; click once more to fill.")
        self.notice.emit(text)
