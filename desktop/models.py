"""What is done with whole models: compared, described and given away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.comparison.board import Comparison
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.samples import SampleDrawings
from desktop.documents.stroke_controller import StrokeController
from desktop.pairs.outcome import Outcomes
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.shelf import Shelf
from desktop.preview.tryouts import TryOuts
from desktop.sharing.sharing import Sharing
from desktop.support.file_work import FileWork
from desktop.support.settings import Settings
from desktop.training.current import Training


class Models(QObject):
    """Parts of the session that have to do with more than the open model.

    Args:
        canvas, samples, live, strokes, tryouts, library, shelf, settings, file_work: as the parts want
            them.
        training: what was a lesson is looked at before it is taken over.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        open_model: paints with the model in a file.
        parent: owns it.
    """

    def __init__(
        self,
        canvas: OnCanvas,
        samples: SampleDrawings,
        live: Live,
        strokes: StrokeController,
        tryouts: TryOuts,
        library: Library,
        shelf: Shelf,
        settings: Settings,
        file_work: FileWork,
        training: Training,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        open_model: Callable[[Path], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.comparison = Comparison(canvas, live, tryouts, strokes, library, file_work, open_model, self)
        goes_on = when_the_pen_is_up, open_model, self
        self.sharing = Sharing(canvas, samples, live, library, shelf, settings, file_work, *goes_on)
        self.outcomes = Outcomes(live, tryouts, self)
        self.outcomes.said.connect(canvas.said)
        training.review = self.outcomes.review

    def leave(self) -> None:
        """End of the program."""
        self.comparison.leave()
        self.outcomes.leave()
