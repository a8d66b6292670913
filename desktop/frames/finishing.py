"""A preview as a layer of the picture, to be finished by hand; and the preview with such layers over it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from desktop.documents.on_canvas import OnCanvas
from desktop.frames.selected import selected
from desktop.paint.editing.document import Role
from desktop.preview.live import Live
from engine.planes.codec import scaled_preview


class Finishing(QObject):
    """Brings the preview into the picture.

    Args:
        canvas: the picture.
        live: has the preview.
        parent: owns it.
    """

    def __init__(self, canvas: OnCanvas, live: Live, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas, self._live = canvas, live

    def add_layer(self) -> None:
        """Add the preview, or what is selected of it, as a layer that the network never sees, and paint on
        that from then on. A step."""
        canvas, preview = self._canvas, self._live.preview
        document = canvas.document
        if preview is None:
            canvas.said.emit(self.tr("There is no preview yet; open a model first."))
            return
        document.finish_stroke()
        pixels, mask = scaled_preview(preview, (document.width, document.height)), selected(document)
        if mask is not None:
            pixels = np.dstack([pixels, np.where(mask, np.uint8(255), np.uint8(0))])
        canvas.edit(lambda it: it.add_layer(Role.FINISH, pixels=pixels))
        if self._live.behind:
            canvas.said.emit(self.tr("The preview was still behind the picture when it became a layer."))
