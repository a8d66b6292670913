"""What the parts of the session may know of it: the picture on the canvas, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from PySide6.QtCore import SignalInstance

from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Change, Document


class Steps(NamedTuple):
    """How many steps can be taken back and done again, and what the next of each would be."""

    undo: int = 0
    redo: int = 0
    undo_text: str = ""
    redo_text: str = ""


class OnCanvas(Protocol):
    """The session, as those see it that it is made of; each method is described there."""

    @property
    def picture(self) -> OpenPicture | None:
        """The picture on the canvas; None before the first one. May be watched."""

    @property
    def document(self) -> Document:
        """Its document; there has to be one."""

    @property
    def pictures(self) -> list[OpenPicture]:
        """All open pictures, that on the canvas first."""

    @property
    def restructured(self) -> SignalInstance:
        """Layers, size, palette, or what is kept and held, are different now."""

    @property
    def notice(self) -> SignalInstance:
        """Takes one sentence for the message bar."""

    @property
    def error_reported(self) -> SignalInstance:
        """Takes one sentence on something that went wrong."""

    def watch(self, names: str, reaction: Callable[[], object]) -> None: ...
    def put_up(self, picture: OpenPicture, model: Path | None = None) -> None: ...
    def close_picture(self, picture: OpenPicture) -> None: ...
    def mark_saved(self, picture: OpenPicture) -> None: ...
    def finish_stroke(self) -> None: ...
    def edit(self, step: Callable[[Document], Change | None]) -> None: ...
    def show_reference(
        self, id: int, *, visible: bool | None = None, opacity: float | None = None
    ) -> None: ...


def comes_up(canvas: OnCanvas, picture: OpenPicture | None) -> bool:
    """Have that picture on the canvas, for which something has come that was asked for when it was there;
    False where it was closed meanwhile."""
    if picture is None or picture not in canvas.pictures:
        return False
    if picture is not canvas.picture:
        canvas.put_up(picture)
    return True
