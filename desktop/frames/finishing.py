"""A preview as a layer of the picture, to be finished by hand; and the preview with such layers over it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject

from desktop.documents.on_canvas import OnCanvas, comes_up
from desktop.frames.selected import selected
from desktop.paint.editing.arranging import Ready
from desktop.paint.editing.document import Role
from desktop.preview.live import Live
from desktop.support.file_work import FileWork, Job
from engine.planes.codec import scaled_preview

AT_ONCE = 1 << 20
"""Pixels of a picture whose layer is made before anybody notices; a larger one is made beside the pen."""


class Finishing(QObject):
    """Brings the preview into the picture.

    Args:
        canvas: the picture.
        live: has the preview.
        file_work: makes large layers.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        file_work: FileWork,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._file_work = canvas, live, file_work
        self._when_the_pen_is_up = when_the_pen_is_up

    def add_layer(self) -> Job | None:
        """Add the preview, or what is selected of it, as a layer that the network never sees, and paint on
        that from then on. A step.

        Returns:
            the making of it, which goes on; None where it is there already, or there is no preview.
        """
        canvas, preview, picture = self._canvas, self._live.preview, self._canvas.picture
        document, behind = canvas.document, self._live.behind
        if preview is None:
            canvas.notice.emit(self._live.lack)
            return None
        document.finish_stroke()
        size, mask = (document.width, document.height), selected(document)

        def make() -> Ready:
            pixels = scaled_preview(preview, size)
            if mask is not None:
                pixels = np.dstack([pixels, np.where(mask, np.uint8(255), np.uint8(0))])
            return Ready.of(pixels, size)

        def arrive(ready: Ready) -> None:
            if not comes_up(canvas, picture):
                return
            if (canvas.document.width, canvas.document.height) != size:
                canvas.notice.emit(
                    self.tr("The picture has another size by now; ask for the layer once more.")
                )
                return
            canvas.edit(lambda it: it.add_layer(Role.FINISH, pixels=ready))
            if behind:
                canvas.notice.emit(
                    self.tr("The preview was still behind the picture when it became a layer.")
                )

        if size[0] * size[1] <= AT_ONCE:
            arrive(make())
            return None
        return self._file_work.read(
            self.tr("Making the preview a layer"),
            lambda _job: make(),
            lambda ready: self._when_the_pen_is_up(lambda: arrive(ready)),
        )
