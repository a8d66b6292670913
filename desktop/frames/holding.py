"""Parts of the preview that stay as they are, while the rest follows the pen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QObject

from desktop.documents.on_canvas import OnCanvas
from desktop.frames.selected import selected
from desktop.paint.editing.snapshot import Frame, Snapshot
from desktop.paint.layers.held import (
    MOST_HELD_BYTES,
    MOST_HOLDS,
    MOST_LINES,
    Hold,
    Overlays,
    counting,
    falling,
    within,
)
from desktop.preview.live import Live
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from engine.data.messages import Pixels


class Holding(Observable):
    """What is held of the preview of the picture on the canvas; part of its document, each change a step.

    The engine knows nothing of it: what it has made is finished here, see ``Live``.

    Args:
        canvas: where the picture is.
        live: has the preview.
        settings: know how wide the feather is.
        parent: owns it.
    """

    outline = Property[tuple[QLineF, ...]](())
    """Where what is held ends, in shares of the picture's width and height; made once, and painted often."""

    def __init__(
        self, canvas: OnCanvas, live: Live, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._settings = canvas, live, settings
        self._holds: Sequence[Hold] = ()
        self._overlays = Overlays()
        canvas.restructured.connect(self._notice)
        canvas.watch("picture", self._take)

    def finished(self, preview: Pixels) -> Pixels:
        """What the engine has made, uint8 (H, W, 3), with what is held over it."""
        return self._overlays.over(self._holds, preview)

    def hold_rest(self, frame: Frame | None = None) -> None:
        """Have the preview live inside the selection only; all else stays as it is, or as in a kept frame."""
        if frame is None:
            self._hold(self._live.preview, rest=True)
        elif frame.picture is not None and not self._is_alike(frame.picture):
            self._canvas.notice.emit(
                self.tr("“%s” is of a picture of another shape; bring it back before you hold it.")
                % frame.name
            )
        else:
            self._hold(frame.preview, rest=True)

    def hold_selected(self) -> None:
        """Have what is selected of the preview stay as it is."""
        self._hold(self._live.preview, rest=False)

    def lift(self) -> None:
        """Let the newest go; what was held before it is so again."""
        self._have(self._canvas.document.holds[:-1], self.tr("Lift a hold"))

    def lift_all(self) -> None:
        """Have all of the preview live."""
        self._have((), self.tr("Lift all holds"))

    def set_feather(self, pixels: int) -> None:
        """How wide the border is across which what lives and what is held are mixed, from now on."""
        self._settings.feather = pixels

    def _is_alike(self, picture: Snapshot) -> bool:
        """Whether a picture has the shape of that on the canvas; it may be larger or smaller."""
        document, size = self._canvas.document, (picture.hollow.width, picture.hollow.height)
        return abs(size[0] * document.height - size[1] * document.width) <= max(*size, *document.bounds[2:])

    def _hold(self, shown: Pixels | None, *, rest: bool) -> None:
        canvas, document = self._canvas, self._canvas.document
        document.finish_stroke()
        mask = selected(document)
        if shown is None:
            canvas.notice.emit(self._live.lack)
        elif mask is None:
            canvas.notice.emit(self.tr("Select a part of the picture first, with Select (S)."))
        elif rest and mask.all():
            canvas.notice.emit(self.tr("All of the picture is selected, so there is nothing else to hold."))
        elif len(document.holds) >= MOST_HOLDS:
            canvas.notice.emit(self.tr("There are %d holds already; lift some first.") % MOST_HOLDS)
        else:
            size = shown.shape[1], shown.shape[0]
            inside = falling(within(mask, size), self._settings.feather)
            held = np.uint8(255) - inside if rest else inside
            if not held.any() or (rest and not inside.any()):
                canvas.notice.emit(self.tr("The selection is less than a pixel of the preview; select more."))
                return
            holds = (*document.holds, Hold(np.dstack([shown, held]), rest))
            if sum(hold.pixels.nbytes for hold in holds) > MOST_HELD_BYTES:
                canvas.notice.emit(
                    self.tr("The holds take more memory than there is for them; lift some first.")
                )
                return
            text = self.tr("Hold the rest") if rest else self.tr("Hold the selection")
            canvas.edit(lambda it: it.hold(holds, text))

    def _have(self, holds: tuple[Hold, ...], text: str) -> None:
        if not self._canvas.document.holds:
            self._canvas.notice.emit(self.tr("Nothing of the preview is held."))
            return
        self._canvas.edit(lambda document: document.hold(holds, text))

    def _notice(self) -> None:
        """A step was done, or undone."""
        if self._take():
            self._live.finish_again()

    def _take(self) -> bool:
        """Others may count than did a moment ago. Of another picture another preview comes anyway."""
        picture = self._canvas.picture
        holds = counting(picture.document.holds) if picture is not None else ()
        if list(map(id, holds)) == list(map(id, self._holds)):
            return False
        self._holds = holds
        most = MOST_LINES // max(1, len(holds))
        self.outline = tuple(QLineF(*line) for hold in holds for line in hold.outline(most))
        return True
