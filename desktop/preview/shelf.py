"""The shelf under the canvas: frames that the user kept of its picture, and variations to choose from."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from desktop.documents.moment import Moment
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenDocuments, OpenPicture
from desktop.paint.editing.snapshot import MOST_KEPT, Frame, fit
from desktop.paint.files import frames_and_holds
from desktop.preview.live import Live
from desktop.preview.styles import Styles
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from engine.data.messages import Failed, Pixels, Translate, Varied, Vary

if TYPE_CHECKING:
    from desktop.paint.editing.document import Change, PictureStyle

__all__ = ["Frame", "Shelf"]

VARIATIONS = 8
LONGEST_NAME = 100
_SLOW_MS = 400
"""After so long it is said that a preview is waited for."""


class Shelf(Observable):
    """What lies on the shelf; ``choose`` brings a frame back.

    Args:
        canvas: the picture whose kept frames are shown; they are part of its document.
        documents: have the journals.
        live: the model.
        styles: take a variation's style.
        file_work: packs what is kept.
        changed: called when a picture may not be saved any more.
        parent: owns it.
    """

    kept = Property[tuple[Frame, ...]](())
    """The oldest first. While a preview is corrected, those of its drawing."""
    variations = Property[tuple[Frame, ...]](())
    awaited = Property(0)
    """How many variations are still to come."""

    def __init__(
        self,
        canvas: OnCanvas,
        documents: OpenDocuments,
        live: Live,
        styles: Styles,
        file_work: FileWork,
        changed: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._documents, self._changed = canvas, documents, changed
        self._live, self._styles, self._file_work = live, styles, file_work
        self._of: OpenPicture | None = None
        self._waits: tuple[OpenPicture | None, int] | None = None
        """Of which picture, and as of what was drawn, a frame is to be kept once its preview is there."""
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(self._report_wait)
        self._seeds: dict[int, PictureStyle | None] = {}
        live.varied.connect(self._take)
        live.refused.connect(self._refused)
        # Those of another picture would be taken for this one's; another model makes no more of them.
        canvas.watch("picture", self._follow)
        canvas.restructured.connect(self._look)
        live.watch("behind settled enabled", self._keep_if_due)
        canvas.watch("steps", self._keep_if_due)
        live.watch("card", self._follow_model)

    def keep(self) -> Job | None:
        """Store the picture and its preview as they are now; drawing goes on while they are packed. Where the
        preview is behind, it is waited for.

        Returns:
            the packing; None where there is no preview, or it is waited for.
        """
        canvas, live = self._canvas, self._live
        if live.preview is None:
            self._waits = None
            canvas.error_reported.emit(self.tr("There is no preview yet to keep."))
            return None
        canvas.document.finish_stroke()
        if self._is_to_come:
            self._waits = canvas.picture, live.drawn
            self._slow.start()
            return None
        self._waits = None
        if live.behind:
            canvas.notice.emit(self.tr("The preview was still behind the picture when it was kept."))
        return self._keep(live.preview)

    @property
    def _is_to_come(self) -> bool:
        """A preview of the picture as it is will be there in a moment."""
        live = self._live
        return live.enabled and (live.card is not None or live.loading) and (live.behind or not live.settled)

    def _keep_if_due(self) -> None:
        """The preview may be there that is waited for."""
        if self._waits is None or self._canvas.document.is_drawn_on or self._is_to_come:
            return
        if self._live.preview is None:  # another model is being opened
            self._leave_waiting()
            return
        if self._live.drawn != self._waits[1]:
            self._canvas.notice.emit(self.tr("Kept with what was drawn until its preview was there."))
        self.keep()

    def _report_wait(self) -> None:
        """Nothing was to be seen yet of a frame that is to be kept."""
        if self._waits is not None:
            self._canvas.notice.emit(self.tr("The frame is kept as soon as its preview is there."))

    def _keep(self, preview: Pixels) -> Job:
        document, owner = self._canvas.document, self._canvas.picture
        moment, kind = Moment(document), document.kind

        def pack(job: Job) -> Frame:
            whole = moment.document()
            job.progress(1, 3)
            frame = Frame(preview, whole.snapshot(), kind)
            job.progress(2, 3)
            frames_and_holds.pack(frame)
            return frame

        return self._file_work.read(
            self.tr("Keeping the picture and its preview"), pack, lambda frame: self._put_by(owner, frame)
        )

    def _put_by(self, owner: OpenPicture | None, frame: Frame) -> None:
        if owner is None or owner not in self._canvas.pictures:  # it was closed meanwhile
            return
        frames = owner.document.frames
        frames = (*frames, frame.renamed(self._free_name(frames)))
        if len(frames) > MOST_KEPT:
            text = self.tr("The shelf holds %d frames and no more; take some off, or export this preview.")
            self._canvas.error_reported.emit(text % MOST_KEPT)
        elif not fit(frames):
            text = self.tr(
                "The shelf has no room for another frame as large as this; take some off, or export it."
            )
            self._canvas.error_reported.emit(text)
        else:
            self._arrange(owner, frames)
            if self.variations or self.awaited:
                self._canvas.notice.emit(self.tr("Kept; put the variations away to see it."))

    def _free_name(self, frames: tuple[Frame, ...]) -> str:
        taken = {frame.name for frame in frames}
        names = (self.tr("Frame %d") % number for number in range(1, MOST_KEPT + 3))
        return next(name for name in names if name not in taken)

    def _arrange(self, owner: OpenPicture, frames: tuple[Frame, ...]) -> None:
        """These are kept of a picture now. No step, so a stroke may go on meanwhile."""
        self._arranged(owner, owner.document.put_by(frames))

    def _arranged(self, owner: OpenPicture, change: Change) -> None:
        """It is told to the picture's journal, and to whoever looks."""
        if owner in self._canvas.pictures:
            self._documents.journal(owner, change)
        self._look()
        self._changed()

    def _look(self) -> None:
        """A step was done, or undone, that may have brought or taken frames."""
        if self._of is not None and self.kept is not self._of.document.frames:
            self.kept = self._of.document.frames

    def _follow(self) -> None:
        """Another picture has other frames, and other variations."""
        picture = self._canvas.picture
        if picture is not None and picture.translated:
            self._of, self.kept = picture, picture.document.frames
        self.clear_variations()
        if self._waits is not None and self._waits[0] is not picture:
            self._leave_waiting()

    def _follow_model(self) -> None:
        """Another model makes neither the variations nor the preview that were asked for."""
        self._give_up()
        if self._waits is not None:
            self._leave_waiting()

    def _leave_waiting(self) -> None:
        self._waits = None
        self._canvas.notice.emit(self.tr("The frame was not kept: its preview had not come yet."))

    def choose(self, frame: Frame) -> None:
        """Bring a frame back: a kept one with its picture, a variation with its style if any; both are
        steps that can be undone; else it is a preview."""
        self._waits = None
        if frame.picture is not None:
            snapshot = frame.picture
            picture = self._canvas.picture
            correcting = picture is not None and not picture.translated
            if correcting or frame.kind != self._canvas.document.kind:
                self._canvas.notice.emit(
                    self.tr("That frame belongs to another picture; go back to it first.")
                )
                return
            self._canvas.edit(lambda document: document.restore(snapshot))
        elif frame.style is not None:
            self._styles.take(frame.style)
        self._live.show(frame.preview)

    def drop(self, *frames: Frame) -> None:
        """Take kept frames off the shelf, as a step of their picture."""
        owner, there = self._of, {frame.key for frame in self.kept}
        gone = [frame for frame in frames if frame.key in there]
        if owner is None or not gone:
            return
        if owner is self._canvas.picture:
            self._canvas.edit(lambda document: document.take_off(gone))
        else:  # a preview of it is being corrected
            self._arranged(owner, owner.document.take_off(gone))
        if len(gone) == 1:
            text = self.tr("“%s” is off the shelf; Undo brings it back.") % gone[0].name
        else:
            text = self.tr("%d frames are off the shelf; Undo brings them back.") % len(gone)
        self._canvas.notice.emit(text)

    def rename(self, frame: Frame, name: str) -> None:
        """Call a kept frame something else."""
        name = "".join(letter for letter in name.strip() if letter.isprintable())[:LONGEST_NAME]
        if self._of is not None and name and name != frame.name:
            renamed = frame.renamed(name)
            self._arrange(self._of, tuple(renamed if other is frame else other for other in self.kept))

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
            frame = Frame(self._live.finish(reply.preview), seed=reply.seed, style=self._seeds[reply.seed])
            self.variations = (*self.variations, frame)
            self.awaited = reply.count - reply.index - 1

    def _refused(self, reply: Failed) -> None:
        if isinstance(reply.request, Vary) and self._seeds.keys() >= set(reply.request.seeds):
            self._give_up()
        elif isinstance(reply.request, Translate):  # that is told
            self._waits = None

    def _give_up(self) -> None:
        """No more of them will come."""
        self._seeds = {}
        self.awaited = 0
