"""What is selected of the picture on the canvas; it is taken back between the steps of the history."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, SignalInstance

from desktop.documents.on_canvas import OnCanvas, Steps
from desktop.paint.editing.selection import Area
from desktop.paint.layers.held import held
from engine.data.rect import Rect


class Selecting:
    """Selects by command; by the pen it is a tool, ``desktop.paint.tools.select``."""

    def __init__(
        self, canvas: OnCanvas, repainted: SignalInstance, update_undo: Callable[[], object]
    ) -> None:
        """
        Args:
            canvas: whose document it is.
            repainted: takes the pixels that look different.
            update_undo: says what can be taken back now.
        """
        self._canvas, self._repainted, self._update_undo = canvas, repainted, update_undo

    def select(self, area: Rect) -> None:
        """Select ``area``, or nothing if it is empty."""
        self._choose(lambda: Area(area.intersected(self._canvas.document.bounds)))

    def invert(self) -> None:
        """Select what isn't selected, and nothing else."""
        self._choose(lambda: self._canvas.document.area.inverted(self._canvas.document.bounds))

    def undo(self) -> bool:
        """Select what was selected before, if that is the last thing that was done."""
        document = self._canvas.document
        return self._show(document.choices.back(document.area, document.history.newest))

    def redo(self) -> bool:
        """Select again what was taken back last."""
        document = self._canvas.document
        return self._show(document.choices.on(document.area, document.history.newest))

    def steps(self) -> Steps:
        """What can be taken back and done again; selecting only while it is what comes next."""
        document = self._canvas.document
        history, text = document.history, QCoreApplication.translate("paint", "Select")
        back, on = (can(history.newest) for can in (document.choices.can_go_back, document.choices.can_go_on))
        return Steps(
            document.undo_steps + back,
            document.redo_steps + on,
            text if back else history.undo_text,
            text if on else history.redo_text,
        )

    def _choose(self, area: Callable[[], Area]) -> None:
        self._canvas.finish_stroke()
        document = self._canvas.document
        before, document.area = document.area, area()
        document.chose(before)
        self._repainted.emit(document.bounds)
        self._update_undo()

    def _show(self, area: Area | None) -> bool:
        if area is None:
            return False
        self._canvas.document.area = area
        self._repainted.emit(self._canvas.document.bounds)
        self._update_undo()
        return True

    def held(self) -> None:
        """Select what is held of the preview; says so where nothing is."""
        document = self._canvas.document
        if not document.holds:
            self._canvas.finish_stroke()
            text = QCoreApplication.translate("selecting", "Nothing of the preview is held.")
            self._canvas.notice.emit(text)
            return
        self._choose(lambda: Area.of(held(document.holds, (document.width, document.height))))
