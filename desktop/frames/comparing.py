"""Two kept frames under a divider, or one and the preview as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject

from desktop.documents.on_canvas import OnCanvas
from desktop.preview.live import Live
from desktop.preview.shelf import Frame, Shelf
from desktop.support.observable import Observable, Property
from engine.data.messages import Pixels


@dataclass(frozen=True, eq=False)
class Side:
    """What is shown on one side of the divider."""

    name: str
    preview: Pixels | None
    """None for the preview as it is, whatever that is by now."""
    size: tuple[int, int] | None = None
    """Of the picture that it was made of; None for that of the picture on the canvas."""


class Comparing(Observable):
    """Which two are compared.

    Args:
        canvas: another picture on it ends comparing.
        live: has the preview as it is.
        shelf: has the kept frames.
        parent: owns it.
    """

    sides = Property[tuple[Side, Side] | None](None)
    """What is left and right of the divider; None while nothing is compared."""

    def __init__(self, canvas: OnCanvas, live: Live, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._shelf = canvas, live, shelf
        self._frames: tuple[Frame, ...] = ()
        canvas.watch("picture", self.end)
        shelf.watch("kept", self._notice)

    def begin(self, frames: Sequence[Frame] = ()) -> None:
        """Compare two frames, or one with the preview.

        Args:
            frames: at most two; none for the two that were kept last.
        """
        chosen = tuple(frames) or self._shelf.kept[-2:]
        if not chosen:
            self._refuse(self.tr("No frame is kept to compare with; keep one first, with Keep this frame."))
            return
        if len(chosen) == 1 and self._live.preview is None:
            self._refuse(self._live.lack)
            return
        self._frames = chosen
        self._show()

    def end(self) -> None:
        """Show the preview alone."""
        self._frames, self.sides = (), None

    def _refuse(self, text: str) -> None:
        self._canvas.notice.emit(text)
        self.changed.emit("sides")  # what was ticked for it is so no more

    def _show(self) -> None:
        sides = [Side(frame.name, frame.preview, _size(frame)) for frame in self._frames]
        if len(sides) == 1:
            sides.append(Side(self.tr("The preview now"), None))
        self.sides = sides[0], sides[1]

    def _notice(self) -> None:
        """One may have another name, or be gone."""
        now = {frame.key: frame for frame in self._shelf.kept}
        if any(frame.key not in now for frame in self._frames):
            self.end()
        elif self._frames:
            self._frames = tuple(now[frame.key] for frame in self._frames)
            self._show()


def _size(frame: Frame) -> tuple[int, int] | None:
    return None if frame.picture is None else (frame.picture.hollow.width, frame.picture.hollow.height)
