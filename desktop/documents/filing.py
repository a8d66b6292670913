"""Pictures come from files and go to files, beside the pen: what is asked for, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop.documents.open_documents import OpenDocuments, OpenPicture
from desktop.documents.reading import Opened, Wanted, read_file, read_photo
from desktop.documents.saving import Saving, Written
from desktop.support.file_work import FileWork, Job
from desktop.support.report_errors import ReportErrors
from engine.data.messages import Pixels
from engine.files.writing import shown


class Filing(QObject):
    """Between the open pictures and the work on their files.

    Args:
        documents: the open pictures.
        work: who reads and writes.
        put_up: brings a picture onto the canvas.
        is_drawing: whether a stroke goes on.
        parent: who owns it.
    """

    notice = Signal(str)
    """One sentence for the message bar."""
    error_reported = Signal(str)
    """One sentence on something that went wrong."""
    files_changed = Signal()
    """Which file a picture has, and whether it is saved, may be another."""
    read_as = Signal(object, str, str)
    """See ``Session.read_as``."""
    changed_elsewhere = Signal(object)
    """See ``Session.changed_elsewhere``."""

    def __init__(
        self,
        documents: OpenDocuments,
        work: FileWork,
        put_up: Callable[[OpenPicture], object],
        is_drawing: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._documents, self._work = documents, work
        self._put_up, self._is_drawing = put_up, is_drawing
        self._arrivals: list[Callable[[], object]] = []

    def open(
        self,
        path: Path,
        wanted: Wanted,
        *,
        parting: OpenPicture | None = None,
        together: bool = False,
        and_then: Callable[[OpenPicture], object] = lambda _picture: None,
    ) -> Job | None:
        """Read a project or a picture, and put it on the canvas when it has come.

        Args:
            path: the file.
            wanted: what a plain picture becomes.
            parting: a picture that shows an older state of the file, and has no file from then on.
            together: see ``OpenPicture.together``.
            and_then: told of the picture when it is on the canvas.
        """
        already = None if parting is not None else self._documents.open_already(path)
        if already is not None:
            self._show(already)
            and_then(already)
            return None

        def arrive(read: Opened) -> None:
            if parting in self._documents.pictures and parting.path is not None:  # else it was closed
                self._documents.part(parting)
                self.files_changed.emit()
            picture = self._documents.opened(read)
            picture.together |= together
            self._show(picture)
            if not read.is_project and wanted.is_guess:
                self.read_as.emit(path, wanted.kind, " ".join(read.notes))
            elif read.notes:
                self.notice.emit(" ".join(read.notes))
            and_then(picture)

        return self._work.read(
            self.tr("Opening “%s”") % shown(path.name),
            lambda job: read_file(path, wanted, job.progress),
            lambda read: self.when_the_pen_is_up(lambda: arrive(read)),
            kind=f"{wanted.kind} {path}",
        )

    def read_photo(self, path: Path, size: tuple[int, int], then: Callable[[Pixels], object]) -> Job:
        """Read a photo, fitted into ``size``; ``then`` gets it, uint8 (H, W, 4) straight RGBA."""
        return self._work.read(
            self.tr("Opening “%s”") % shown(path.name),
            lambda _job: read_photo(path, size),
            lambda pixels: self.when_the_pen_is_up(lambda: then(pixels)),
        )

    def save(self, picture: OpenPicture, path: Path | None, model: Path | None) -> Job:
        """Save as ``.ora`` what the picture is now, see ``OpenDocuments.saving``."""
        picture.document.finish_stroke()
        same = self._documents.being_saved(picture, path)
        if same is not None:
            return same
        saving = self._documents.saving(picture, path, model)
        name = shown(saving.target.name)

        def saved(written: Written) -> None:
            self._documents.saved(picture, saving, written)
            self.notice.emit(" ".join([self.tr("Saved “%s”.") % name, *written.notes]))

        saving.job = self._work.write(
            self.tr("Saving “%s”") % name,
            lambda job: saving.write(job.progress),
            saved,
            kind=f"{id(picture)} {saving.target}",
        )
        saving.job.then(lambda _fine: self._end_saving(picture, saving))
        self.files_changed.emit()
        return saving.job

    def export(
        self, picture: OpenPicture, what: str, path: Path, preview: Pixels | None, *, behind: bool
    ) -> Job:
        """Write what the picture is now for others, see ``Exporting``; ``behind`` is its preview."""
        text = self.tr("Exported “%s”.")
        if what != "picture" and behind:
            text = self.tr("Exported “%s”; the preview was still behind the picture.")
        exporting = self._documents.exporting(picture, what, path, preview)
        return self._work.write(
            self.tr("Exporting “%s”") % shown(path.name),
            lambda job: exporting.write(job.progress),
            lambda _nothing: self.notice.emit(text % shown(path.name)),
        )

    def let_arrive(self) -> None:
        """Put up what waits for the end of a stroke, if none goes on."""
        while self._arrivals and not self._is_drawing():
            with ReportErrors(self.error_reported.emit):
                self._arrivals.pop(0)()

    def leave(self) -> None:
        """End of the program: what waits for the end of a stroke comes no more."""
        self._arrivals.clear()

    def when_the_pen_is_up(self, arrive: Callable[[], object]) -> None:
        """Put nothing on the canvas in the middle of a stroke: that would end it."""
        self._arrivals.append(arrive)
        self.let_arrive()

    def _show(self, picture: OpenPicture) -> None:
        self._put_up(picture)
        if picture.is_changed_elsewhere:
            self.changed_elsewhere.emit(picture)

    def _end_saving(self, picture: OpenPicture, saving: Saving) -> None:
        if saving in picture.savings:  # else a newer one took its place
            picture.savings.remove(saving)
        self.files_changed.emit()
