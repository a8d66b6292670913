"""What is watched: a file that another program paints, or a region of a screen. Off until somebody asks.

The picture watched is a document of its own: it lies there on locked layers, with empty ones above to draw
on, so that nothing drawn is lost when it comes anew. Its changes are one step of the history, until something
else is done. None of it is written anywhere before somebody draws on it or saves it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QScreen

from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.documents.saving import stamp_of
from desktop.documents.stroke_controller import StrokeController
from desktop.inputs import arriving
from desktop.inputs.arriving import Arrival
from desktop.inputs.file_source import FileSource, seen
from desktop.inputs.region_source import RegionSource, check_screen, grabbed
from desktop.paint.editing.document import Change, Document, Role
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Pixels
from engine.files.writing import shown

_Source = FileSource | RegionSource


class Watching(Observable):
    """Brings what is watched onto the canvas, one change after the other.

    Args:
        canvas: where it comes up.
        strokes: the hand's, which nothing may hold up.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        work: reads a file the first time.
        parent: owns it.
    """

    what = Property("")
    """What is watched, for people; empty while nothing is."""
    where = Property("")
    """The folder that the file is in, or how large the region is."""
    missing = Property(False)
    """The file isn't there just now."""
    pending = Property(False)
    """A newer picture waits for the end of a stroke, or for its document to be on the canvas."""
    changes = Property(0)
    """How often it was brought anew since the watch began."""

    def __init__(
        self,
        canvas: OnCanvas,
        strokes: StrokeController,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        work: FileWork,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._strokes, self._work = canvas, strokes, work
        self._when_the_pen_is_up = when_the_pen_is_up
        self._queue = TaskQueue("watching", self)
        self._queue.error_reported.connect(self._lose)
        self._source: _Source | None = None
        self._picture: OpenPicture | None = None
        self._layers: dict[Role, int] = {}
        self._shown: Pixels | None = None
        self._frame: Pixels | None = None
        self._busy = False
        canvas.watch("picture", self._go_on)
        canvas.watch("steps", self._notice_undo)

    def watch_file(self, path: Path) -> Job:
        """Put the picture in ``path`` on the canvas, and follow it from then on."""
        path = path.absolute()
        document = self._canvas.document
        kind, palette, stamp = document.kind, document.palette, stamp_of(path)
        most = arriving.most_pixels(kind)

        def read(_job: Job) -> tuple[Document, Pixels]:
            pixels = seen(path, most)
            return arriving.beginning(kind, pixels, palette, shown(path.name)), pixels

        def arrive(document: Document, pixels: Pixels) -> None:
            self._begin(document, pixels, shown(path.stem))
            source = FileSource(path, stamp, most, self._queue, self)
            source.gone.connect(self._set_missing)
            source.troubled.connect(self._canvas.error_reported)
            self._follow(source, shown(path.name), shown(path.parent))

        return self._work.read(
            self.tr("Opening “%s”") % shown(path.name),
            read,
            lambda made: self._when_the_pen_is_up(lambda: arrive(*made)),
        )

    def may_watch_region(self) -> bool:
        """Whether programs may look at the screen here; says why not."""
        with ReportErrors(self._canvas.error_reported.emit):
            check_screen()
            return True
        return False

    def watch_region(self, screen: QScreen, region: QRect) -> None:
        """Put what a region of a screen shows on the canvas, and follow it.

        Args:
            screen: the screen.
            region: in its logical pixels, from its top left corner.
        """
        with ReportErrors(self._canvas.error_reported.emit):
            pixels = grabbed(screen, region)
            document = self._canvas.document
            name = self.tr("Screen")
            self._begin(arriving.beginning(document.kind, pixels, document.palette, name), pixels, name)
            source = RegionSource(screen, region, lambda: self._strokes.drawing, self)
            source.begin_with(pixels)
            source.lost.connect(self._lose)
            size = self.tr("%d × %d pixels") % (region.width(), region.height())
            self._follow(source, self.tr("a region of the screen"), size)

    def stop(self) -> None:
        """Watch nothing any more; the picture stays as it is."""
        if self._source is not None:
            self._end()
            self._canvas.notice.emit(self.tr("Nothing is watched any more; the picture stays as it is."))

    def leave(self) -> None:
        """End of the program."""
        if self._source is not None:
            self._source.stop()
            self._source = None
        self._queue.give_up()

    # --- how ------------------------------------------------------------------------------------

    def _begin(self, document: Document, pixels: Pixels, title: str) -> None:
        """One watch at a time."""
        self._end()
        self._layers, self._shown = arriving.shown_on(document), pixels
        self._picture = OpenPicture(document, title=title, watched=True)
        self._canvas.put_up(self._picture)

    def _end(self) -> None:
        if self._source is not None:
            self._source.stop()
            self._source.deleteLater()
        if self._picture is not None:
            self._picture.watched = False
        self._queue.forget()
        self._source, self._picture, self._busy = None, None, False
        self._shown = self._frame = None
        self.what, self.missing, self.pending = "", False, False

    def _follow(self, source: _Source, what: str, where: str) -> None:
        self._source, self.changes = source, 0
        source.came.connect(self._take)
        self.where, self.what = where, what

    def _set_missing(self, missing: bool) -> None:
        self.missing = missing
        if missing:
            self._canvas.notice.emit(
                self.tr("“%s” is not there any more; watching goes on when it is back.") % self.what
            )

    def _lose(self, sentence: str) -> None:
        self._end()
        self._canvas.error_reported.emit(sentence)

    def _take(self, frame: Pixels) -> None:
        self._frame = frame
        self._go_on()

    def _go_on(self) -> None:
        """Bring the newest frame, if there is one and its picture is on the canvas."""
        picture = self._picture
        if self._source is None or picture is None:
            return
        if picture not in self._canvas.pictures:
            self._end()
        elif picture is self._canvas.picture and self._frame is not None and not self._busy:
            self._busy = True
            frame, self._frame = self._frame, None
            it = picture.document
            work = partial(
                arriving.arrival, it.kind, frame, (it.width, it.height), it.palette, it.paper, self._shown
            )
            self._queue.do(work, lambda new: self._bring(picture, frame, new))
            return
        self.pending = self._frame is not None

    def _bring(self, picture: OpenPicture, frame: Pixels, new: Arrival | None) -> None:
        self.pending = picture is self._picture
        self._when_the_pen_is_up(lambda: self._arrive(picture, frame, new))

    def _arrive(self, picture: OpenPicture, frame: Pixels, new: Arrival | None) -> None:
        if picture is not self._picture:  # stopped, or another watch
            return
        self._busy = False
        document = picture.document
        if picture is not self._canvas.picture or (
            new is not None and new.pixels.shape[:2] != (document.height, document.width)
        ):
            self._frame = self._frame if self._frame is not None else frame  # again, as soon as it can be
        elif new is not None:
            self._show(picture, new)
        self._go_on()

    def _show(self, picture: OpenPicture, new: Arrival) -> None:
        try:
            step = arriving.refreshing(
                picture.document, self._layers, new, self._source, self.tr("Watched picture")
            )
        except KeyError:
            self._lose(
                self.tr("The layer that showed what is watched was removed; watch it again to have it back.")
            )
            return
        self._shown = new.pixels
        if step is None:
            return
        is_saved = picture.is_saved

        def refresh(document: Document) -> Change:
            change = document.refresh(step)
            if is_saved:  # what comes from elsewhere is there, and not here to be kept
                picture.saved_revision = document.revision
            return change

        self._canvas.edit(refresh)
        self.changes += 1

    def _notice_undo(self) -> None:
        """What the layers show may be an older picture: the next one comes as a whole."""
        picture = self._picture
        if picture is not None and picture is self._canvas.picture and picture.document.redo_steps:
            self._shown = None
