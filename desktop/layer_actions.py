"""What the user does to layers, apart from drawing on them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from desktop.documents.filing import Filing
from desktop.documents.on_canvas import OnCanvas, comes_up
from desktop.paint.editing.document import ROLES, Role
from desktop.support.file_work import Job
from engine.data.messages import Pixels
from engine.files.writing import shown


class LayerActions(QObject):
    """Adds and moves layers of the picture on the canvas; each is one step to undo."""

    def __init__(self, canvas: OnCanvas, filing: Filing, parent: QObject) -> None:
        """
        Args:
            canvas: whose document it is.
            filing: reads photos beside the pen.
            parent: the session.
        """
        super().__init__(parent)
        self._canvas, self._filing = canvas, filing

    def add_paint(self) -> None:
        """Add an empty layer of the same role as the active one, and draw on it."""
        document = self._canvas.document
        role = document.active.role if document.active.role.paintable else ROLES[document.kind][0]
        self._canvas.edit(lambda document: document.add_layer(role))

    def add_reference(self, path: Path) -> Job:
        """Lay a photo over the picture to trace it; the network never sees it."""
        canvas = self._canvas
        picture = canvas.picture
        assert picture is not None
        size = picture.document.width, picture.document.height

        def arrive(pixels: Pixels) -> None:
            if comes_up(canvas, picture):
                canvas.edit(lambda it: it.add_layer(Role.REFERENCE, shown(path.stem), pixels, 0.5))

        return self._filing.read_photo(path, size, arrive)

    def move(self, by: int) -> None:
        """Move the active layer up (1) or down (−1)."""
        document = self._canvas.document
        index = document.layers.index(document.active) + by
        if 0 <= index < len(document.layers):
            self._canvas.edit(lambda document: document.move_layer(document.active.id, index))
