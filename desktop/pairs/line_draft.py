"""A first drawing of the photo at hand, to be corrected rather than begun: lines that somebody would draw.

A trained edge detector finds them. It needs torch, which the window does without, so it runs as a process of
its own; where its weights are missing, lines follow the photo's gradients.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject

from desktop.documents.on_canvas import OnCanvas
from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.layers.composite import from_straight, packed
from desktop.paint.strokes.stroke import Ink
from desktop.pairs import photos
from desktop.support import background
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Pixels
from engine.data.picture import read, write_png
from engine.errors import PictureError
from trainer.perception import weights

FEW, MANY = 0.75, 0.3
"""How sure an edge must be to be drawn, see ``trainer.pictures.sketch.sparing``."""
USUAL = 0.45

KEPT = 8
"""Edge maps that are remembered, so that another strength costs no second look."""


class LineDraft(Observable):
    """Draws the lines of the photo over which the picture on the canvas is drawn.

    Args:
        canvas: where they are drawn.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    busy = Property(False)
    """The lines are being found."""
    sure = Property(USUAL)
    """How sure an edge must be, from ``FEW`` lines to ``MANY``."""

    def __init__(
        self,
        canvas: OnCanvas,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._when_the_pen_is_up = canvas, when_the_pen_is_up
        self._tasks = TaskQueue("line draft", self)
        self._tasks.error_reported.connect(self._failed)
        self._maps: dict[bytes, Pixels | None] = {}
        self._given_up = threading.Event()
        self._drawn: tuple[Document, int] | None = None
        """What was drawn last, and the revision that it made."""
        self._reported = False

    def set_sure(self, sure: float) -> None:
        """Draw fewer lines or more; those drawn just now are drawn anew."""
        self.sure = sure
        if self.busy:
            self.draw()
        elif self._is_newest():
            self._draw(anew=True)  # the photo has been looked at: nobody has to wait

    def draw(self) -> None:
        """Draw the lines, as one step that can be undone, over what is drawn already."""
        self._draw()

    def _draw(self, anew: bool = False) -> None:
        """Draw the lines.

        Args:
            anew: in the place of those drawn just now, and only there.
        """
        with ReportErrors(self._canvas.error_reported.emit):
            document = self._canvas.document
            if document.kind != "sketch":
                raise PictureError(self.tr("Lines can be drafted in a sketch only; paint this one by hand."))
            photo, sure = photos.photo_in(document), self.sure
            self._given_up.clear()
            self.busy = self.busy or not anew
            self._tasks.do(
                lambda: self._lines(photo, sure), lambda lines: self._take(document, lines, anew), "draft"
            )

    def cancel(self) -> None:
        """Draw nothing after all."""
        self._given_up.set()
        self._tasks.forget()
        self.busy = False

    def leave(self) -> None:
        """End of the program, or of drawing over photos."""
        self.cancel()
        self._tasks.give_up()  # nothing is written

    def _lines(self, photo: Pixels, sure: float) -> Pixels:
        """On the task queue's thread: uint8 (H, W), 255 paper to 0 ink."""
        from trainer.pictures import sketch  # with much that the window has no time for at its start

        return sketch.sparing_lines(photo, sure, self._map(photo))

    def _map(self, photo: Pixels) -> Pixels | None:
        total = hashlib.sha256(repr(photo.shape).encode())
        total.update(np.ascontiguousarray(photo).data)  # as it lies there: a copy holds up whoever draws
        key = total.digest()
        if key not in self._maps:
            found = edge_map(photo, self._given_up.is_set) if weights.available() else None
            if self._given_up.is_set():
                return None
            self._maps[key] = found
            if len(self._maps) > KEPT:
                del self._maps[next(iter(self._maps))]
        return self._maps[key]

    def _take(self, document: Document, lines: Pixels, anew: bool) -> None:
        self.busy = False
        self._when_the_pen_is_up(lambda: self._lay(document, lines, anew))

    def _lay(self, document: Document, lines: Pixels, anew: bool) -> None:
        canvas = self._canvas
        if anew and not self._is_newest():  # somebody corrects them by now
            return
        if self._given_up.is_set() or canvas.picture is None or document is not canvas.document:
            return
        if not weights.available() and not self._reported:
            self._reported = True
            canvas.notice.emit(self.tr(weights.MISSING))
        if (lines == 255).all():
            canvas.notice.emit(self.tr("No lines were found in this photo; move the slider to more lines."))
        if self._is_newest():
            canvas.edit(lambda it: it.undo())
        before = document.revision
        canvas.edit(lambda it: _laid(it, lines, self.tr("Draft of lines")))
        self._drawn = (document, document.revision) if document.revision != before else None

    def _is_newest(self) -> bool:
        """Whether nothing was done since the lines were drawn."""
        if self._drawn is None or self._canvas.picture is None:
            return False
        document, revision = self._drawn
        return document is self._canvas.document and document.revision == revision and document.can_undo

    def _failed(self, sentence: str) -> None:
        self.busy = False
        self._canvas.error_reported.emit(sentence)


def remembered(settings: Mapping[str, str]) -> float:
    """How sure an edge must be, as it was set last; the usual, where that makes no sense."""
    try:
        sure = float(settings.get("sure", USUAL))
    except ValueError:
        return USUAL
    return min(max(sure, MANY), FEW) if math.isfinite(sure) else USUAL


def edge_map(photo: Pixels, given_up: Callable[[], bool]) -> Pixels | None:
    """A photo's edge map, uint8 (H, W), found by another process; None where nobody wants it any more.

    Args:
        photo: uint8 (H, W, 3).
        given_up: asked meanwhile; the process ends early then.

    Raises:
        PictureError: it can't be found.
    """
    with tempfile.TemporaryDirectory(prefix="underpaint-") as name:
        file, out = Path(name, "photo.png"), Path(name, "map.png")
        write_png(file, photo)
        wrong = background.done(["edges", str(file), str(out), "--gently"], given_up)
        if given_up():
            return None
        if wrong:
            raise PictureError(wrong)
        found: Pixels | None = None
        with suppress(PictureError):
            found = read(out).pixels[..., 0]
        if found is None or found.shape != photo.shape[:2]:
            text = QCoreApplication.translate("LineDraft", "The photo's edges did not arrive; try it again.")
            raise PictureError(text)
        return np.ascontiguousarray(found)


def _laid(document: Document, lines: Pixels, text: str) -> Change:
    """Lines in black on the lowest layer of lines, over what is drawn there."""
    layer = next((layer for layer in document.layers if layer.role is Role.LINES), document.active)
    ink = np.zeros((*lines.shape, 4), np.uint8)
    ink[..., 3] = 255 - lines
    recording = document.begin(Ink(), layer)
    recording.put(packed(from_straight(ink)), 0, 0, over=True)
    return recording.commit(text)
