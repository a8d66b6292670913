"""The shelf under the canvas: frames the user kept, and variations to choose from."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.documents.moment import Moment
from desktop.documents.on_canvas import OnCanvas
from desktop.preview.live import Live
from desktop.preview.styles import Styles
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from engine.data.messages import Failed, Pixels, Varied, Vary

if TYPE_CHECKING:
    from desktop.paint.editing.document import PictureStyle, Snapshot

VARIATIONS = 8
MOST_KEPT = 60
"""Kept frames hold whole pictures; the oldest goes when there are more."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A preview, and for a kept one the picture it was made of."""

    preview: Pixels
    picture: Snapshot | None = None
    kind: str = ""
    seed: int | None = None
    style: PictureStyle | None = None
    """That of a variation of a model with styles."""


class Shelf(Observable):
    """What lies on the shelf; ``choose`` brings a frame back."""

    kept = Property[tuple[Frame, ...]](())
    variations = Property[tuple[Frame, ...]](())
    awaited = Property(0)
    """How many variations are still to come."""

    def __init__(
        self, canvas: OnCanvas, live: Live, styles: Styles, file_work: FileWork, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._styles, self._file_work = canvas, live, styles, file_work
        self._seeds: dict[int, PictureStyle | None] = {}
        live.varied.connect(self._take)
        live.refused.connect(self._refused)
        # Those of another picture would be taken for this one's; another model makes no more of them.
        canvas.watch("picture", self.clear_variations)
        live.watch("card", self._give_up)

    def keep(self) -> Job | None:
        """Store the picture and its preview as they are now; drawing goes on while they are packed.

        Returns:
            the packing; None where there is no preview.
        """
        preview = self._live.preview
        if preview is None:
            self._canvas.error_reported.emit(self.tr("There is no preview yet to keep."))
            return None
        document = self._canvas.document
        document.finish_stroke()
        moment, kind = Moment(document), document.kind

        def pack(job: Job) -> Snapshot:
            whole = moment.document()
            job.progress(1, 2)
            return whole.snapshot()

        return self._file_work.read(
            self.tr("Keeping the picture and its preview"),
            pack,
            lambda picture: self._put_by(Frame(preview, picture, kind)),
        )

    def _put_by(self, frame: Frame) -> None:
        self.kept = (*self.kept, frame)[-MOST_KEPT:]
        if self.variations or self.awaited:
            self._canvas.said.emit(self.tr("Kept; put the variations away to see it."))

    def choose(self, frame: Frame) -> None:
        """Bring a frame back: a kept one with its picture, a variation with its style if any; both are
        steps that can be undone; else it is a preview."""
        if frame.picture is not None:
            snapshot = frame.picture
            picture = self._canvas.picture
            correcting = picture is not None and not picture.translated
            if correcting or frame.kind != self._canvas.document.kind:
                self._canvas.said.emit(self.tr("That frame belongs to another picture; go back to it first."))
                return
            self._canvas.edit(lambda document: document.restore(snapshot))
        elif frame.style is not None:
            self._styles.take(frame.style)
        self._live.show(frame.preview)

    def drop(self, frame: Frame) -> None:
        """Take a kept frame off the shelf."""
        self.kept = tuple(other for other in self.kept if other is not frame)

    def vary(self) -> None:
        """Make eight variations of the picture as it is now: other styles, where the model knows any, else
        with dropout."""
        seeds = tuple(secrets.randbelow(1 << 31) for _ in range(VARIATIONS))
        styles = self._styles.random(VARIATIONS) if self._styles.length else ()
        if not self._live.vary(seeds, tuple(style.code for style in styles)):
            self._canvas.error_reported.emit(self.tr("No model is ready yet; variations need one."))
            return
        self.variations = ()
        self._seeds = dict(zip(seeds, styles or [None] * VARIATIONS, strict=True))
        self.awaited = len(seeds)

    def clear_variations(self) -> None:
        """Put the variations away."""
        self._give_up()
        self.variations = ()

    def _take(self, reply: Varied) -> None:
        if reply.seed in self._seeds:  # else of a row that was given up
            frame = Frame(reply.preview, seed=reply.seed, style=self._seeds[reply.seed])
            self.variations = (*self.variations, frame)
            self.awaited = reply.count - reply.index - 1

    def _refused(self, reply: Failed) -> None:
        if isinstance(reply.request, Vary) and self._seeds.keys() >= set(reply.request.seeds):
            self._give_up()

    def _give_up(self) -> None:
        """No more of them will come."""
        self._seeds = {}
        self.awaited = 0
