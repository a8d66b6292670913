"""The stroke that is open on a document, whoever draws it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.history import Change, PaintStep
from desktop.paint.editing.recording import Recording, Repainted
from desktop.paint.editing.selection import Area
from desktop.paint.layers.layer import Layer
from desktop.paint.strokes.stroke import Ink
from engine.data.palette import Palette


class OpenStroke:
    """One stroke at most, from its beginning until it is kept or taken back.

    Args:
        repainted: called with every rectangle of a layer that is painted.
        keep: called with the step that a stroke has become.
    """

    def __init__(self, repainted: Repainted, keep: Callable[[PaintStep], object]) -> None:
        self._repainted = repainted
        self._keep = keep
        self._recording: Recording | None = None
        self.unfinished: Callable[[], object] | None = None
        """See ``Document.unfinished``."""

    @property
    def is_painting(self) -> bool:
        """A layer is being painted on."""
        return self._recording is not None

    def begin(self, layer: Layer, ink: Ink, palette: Palette | None, selection: Area) -> Recording:
        """Open one on ``layer``; the last one has been finished."""
        assert self._recording is None
        self._recording = Recording(
            layer, ink, palette=palette, selection=selection, repainted=self._repainted, ended=self._ended
        )
        return self._recording

    def finish(self) -> None:
        """Finish it, as a step of what it has."""
        if self.unfinished is not None:
            self.unfinished()
        if self._recording is not None:
            self._recording.commit(QCoreApplication.translate("paint", "Stroke"))

    def abort(self) -> Change:
        """Take back what it painted."""
        assert self._recording is not None
        layer = self._recording.layer
        return Change(self._recording.abort(), layer.role.sent and layer.shown, layer=layer.id)

    def _ended(self, step: PaintStep | None) -> None:
        self._recording = None
        if step is not None:
            self._keep(step)
