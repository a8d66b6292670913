"""What is exported of a preview beyond the preview: cut out, made larger; looked at first, beside the pen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.documents.moment import Moment
from desktop.documents.on_canvas import OnCanvas, comes_up
from desktop.documents.open_documents import OpenPicture
from desktop.exporting.writing import Source, check_path, lay, layer_of, write
from desktop.paint.editing.arranging import Ready
from desktop.paint.layers.finish import finishing
from desktop.paint.layers.frozen import Frozen
from desktop.preview.live import Live
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.files.writing import is_same, shown
from engine.finishing.foreground import ENCLOSED, Enclosed
from engine.finishing.framing import FRAMES, MOST_MARGIN, Room
from engine.finishing.larger import FACTORS, check_size
from engine.finishing.making import FinishOptions


class Exporting(Observable):
    """Of the picture on the canvas and its preview, as they are when something is asked for; of one that has
    made way for another, as they were when it was looked at.

    Args:
        canvas: where the picture is.
        live: the model.
        file_work: makes and writes.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        settings: remember what was wanted last.
        parent: the session.
    """

    shown = Property[Pixels | None](None)
    """What was looked at last, uint8 (H, W, 3), or (H, W, 4) straight RGBA of a cut-out."""
    problem = Property("")
    """One sentence on why there is nothing to look at."""

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        file_work: FileWork,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        settings: Settings,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._when_the_pen_is_up = when_the_pen_is_up
        self._canvas, self._live, self._file_work, self._settings = canvas, live, file_work, settings
        self._asked = 0
        self._seen: tuple[OpenPicture, Source, bool] | None = None
        """The picture that was looked at last, what it is made of, and whether its preview was behind."""

    def options(self, *, cut: bool) -> FinishOptions:
        """What was wanted last, of cut-outs or of whole previews."""
        kept = self._settings.exporting
        frame = kept.get("frame", "picture")
        room = Room(next((it for it in FRAMES if it == frame), "picture"), int(kept.get("margin", 16)))
        factor = int(kept.get("cut_factor" if cut else "factor", 1 if cut else 2))
        enclosed: Enclosed = next((it for it in ENCLOSED if it == kept.get("enclosed")), "seen")
        return FinishOptions(cut, factor if factor in (1, *FACTORS) else 1, room, enclosed)

    def remember(self, options: FinishOptions) -> None:
        """Want the same next time."""
        kept = self._settings.exporting
        kept["cut_factor" if options.cut else "factor"] = options.factor
        if options.cut:
            kept["frame"] = options.room.frame
            kept["enclosed"] = options.enclosed
            kept["margin"] = min(max(0, options.room.margin), MOST_MARGIN)

    def look(self, options: FinishOptions, picture: OpenPicture | None = None) -> Job | None:
        """Have what is wanted made, at the picture's own size, to be ``shown``; what was asked for before is
        forgotten. No ``picture`` is that on the canvas, here as below."""
        self._asked += 1
        asked, picture = self._asked, self._meant(picture)
        size = picture.document.width, picture.document.height
        try:
            check_size((size[0] * options.factor, size[1] * options.factor))
            source, _ = self._source(picture)
        except PictureError as error:
            self.shown, self.problem = None, str(error)
            return None
        small = FinishOptions(
            options.cut,
            1,
            Room(options.room.frame, round(options.room.margin / options.factor)),
            options.enclosed,
        )

        def make(job: Job) -> tuple[Pixels | None, str]:
            try:
                return source.made(small, job.progress), ""
            except PictureError as error:
                return None, str(error)

        def show(result: tuple[Pixels | None, str]) -> None:
            if asked == self._asked:
                self.shown, self.problem = result

        return self._file_work.read(self.tr("Looking at the cut-out"), make, show, kind="exporting")

    def forget(self) -> None:
        """Nobody looks any more."""
        self._asked += 1
        self._seen = None
        self.shown, self.problem = None, ""

    def write(self, path: Path, options: FinishOptions, picture: OpenPicture | None = None) -> Job:
        """Make what is wanted, and write it.

        Raises:
            PictureError: no file of that name can hold it, it is that of an open picture, or there is no
                preview yet.
        """
        check_path(path, options)
        for other in self._canvas.pictures:
            if any(is_same(file, path) for file in (other.path, other.target) if file is not None):
                text = self.tr("“%s” is open here; choose another name for the cut-out.")
                raise PictureError(text % shown(path.name))
        self._canvas.finish_stroke()
        picture = self._meant(picture)
        (source, behind), moment = self._source(picture), Moment(picture.document)
        self.remember(options)
        self._settings.folder = str(path.parent)
        text = self.tr("Exported “%s”.")
        if behind:
            text = self.tr("Exported “%s”; the preview was still behind the picture.")
        name = shown(path.name)
        return self._file_work.write(
            self.tr("Exporting “%s”") % name,
            lambda job: write(source, moment, options, path, job.progress),
            lambda _nothing: self._canvas.notice.emit(text % name),
        )

    def add_layer(self, enclosed: Enclosed = "seen", picture: OpenPicture | None = None) -> Job:
        """Lay the cut-out over the picture, as one step that can be undone; the network never sees it.

        Raises:
            PictureError: there is no preview yet.
        """
        picture = self._meant(picture)
        source, _ = self._source(picture)

        def cut(job: Job) -> Ready:
            return Ready.of(layer_of(source, job.progress, enclosed), source.size)

        def arrive(ready: Ready) -> None:
            if not comes_up(self._canvas, picture):
                return
            document = self._canvas.document
            if (document.width, document.height) != source.size:
                self._canvas.notice.emit(
                    self.tr("The picture has another size by now; cut it out once more.")
                )
                return
            self._canvas.edit(lambda it: lay(it, ready))
            self._canvas.notice.emit(self.tr("The cut-out is a layer above the others."))

        return self._file_work.read(
            self.tr("Cutting out"), cut, lambda ready: self._when_the_pen_is_up(lambda: arrive(ready))
        )

    def _meant(self, picture: OpenPicture | None) -> OpenPicture:
        picture = picture or self._canvas.picture
        assert picture is not None
        return picture

    def _source(self, picture: OpenPicture) -> tuple[Source, bool]:
        """What it is made of, and whether the preview is behind."""
        seen, document = self._seen, picture.document
        if picture is self._canvas.picture and (preview := self._live.preview) is not None:
            frozen = tuple(Frozen(layer) for layer in finishing(document.layers))
            size = document.width, document.height
            seen = self._seen = picture, Source(preview, document.picture(), size, frozen), self._live.behind
        if seen is None or seen[0] is not picture:
            raise PictureError(self._live.lack)
        return seen[1], seen[2]
