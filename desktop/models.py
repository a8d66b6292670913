"""What is done with whole models: opened, compared, described, given away and deleted."""

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
from desktop.preview.matching import Matching
from desktop.preview.shelf import Shelf
from desktop.preview.tryouts import TryOuts
from desktop.sharing.sharing import Sharing
from desktop.support.file_work import FileWork, Job
from desktop.support.report_errors import ReportErrors
from desktop.support.settings import Settings
from desktop.training.current import Training
from engine.models.catalogue import Entry


class Models(QObject):
    """Parts of the session that have to do with more than the open model.

    Args:
        canvas, samples, live, strokes, tryouts, library, shelf, settings, file_work: as the parts want
            them.
        training: what was a lesson is looked at before it is taken over, and opened then.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        matching: decides what opening a model takes.
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
        matching: Matching,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._samples, self._live, self._library = canvas, samples, live, library
        self._settings, self._matching, self._when_the_pen_is_up = settings, matching, when_the_pen_is_up
        self.comparison = Comparison(canvas, live, tryouts, strokes, library, file_work, self.open, self)
        goes_on = when_the_pen_is_up, self.open, self
        self.sharing = Sharing(canvas, samples, live, library, shelf, settings, file_work, *goes_on)
        self.outcomes = Outcomes(live, tryouts, self)
        self.outcomes.notice.connect(canvas.notice)
        training.review = self.outcomes.review
        training.brought.connect(self._open_trained)

    def open(self, path: Path) -> None:
        """See ``Session.open_model``: what it takes is decided first, then done once."""
        if self.sharing.holds(path):
            return
        decided = self._matching.opening(path)
        if decided.entry is None or decided.entry.card is None:
            self._canvas.error_reported.emit(decided.problem or self.tr("That model is gone."))
            return
        self._samples.drop()  # whatever was to come up, something else was chosen since
        with ReportErrors(self._canvas.error_reported.emit):
            if decided.index is None:
                self._matching.fresh(decided.entry.card, lambda picture: self._canvas.put_up(picture, path))
            elif decided.index > 0:
                self._canvas.put_up(self._canvas.pictures[decided.index], path)
            elif not decided.is_open:
                self._live.open_model(path, same_picture=True)

    def remove(self, entry: Entry) -> Job:
        """Delete one of the user's own models from the disk; where it was open another takes its place."""

        def see(fine: bool) -> None:
            if fine and self._live.model_file == entry.file and self._canvas.picture is not None:
                self._matching.find_model(self._canvas.picture, None)

        job = self._library.remove(entry)
        job.then(see)
        return job

    def set_native(self, on: bool) -> None:
        """Run the network at the picture's own size; remembered of the model, where it is a change."""
        if on != self._live.native and self._live.card is not None:
            self._settings.native_size[self._live.card.name] = on
        self._live.native = on

    def _open_trained(self, path: Path, said: str) -> None:
        """Paint with what the training on show has made."""

        def known() -> None:
            self.open(path)
            self._canvas.notice.emit(said)

        self._library.look_again(lambda: self._when_the_pen_is_up(known))

    def leave(self) -> None:
        """End of the program."""
        self.comparison.leave()
        self.outcomes.leave()
