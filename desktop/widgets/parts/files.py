"""Where files come from and go to: the dialogs, the recent files, and what must be asked before closing."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from desktop.paint.files.export import FORMATS, picture_file
from desktop.session import OpenPicture, Session, Unreadable
from desktop.support import theme
from desktop.support.file_work import Job
from desktop.widgets.parts.message_bar import Answer, MessageBar
from desktop.widgets.parts.room import shortened
from engine.data.card import InputKind
from engine.data.picture import SUFFIXES
from engine.files.writing import as_on_disk, from_url, is_text, shown

PICTURES = "*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp"


class Files(QObject):
    """Asks where a file is or should be, and has the session open or write it."""

    def __init__(self, session: Session, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._messages, self._window = session, messages, window
        self._given_up: list[OpenPicture] = []
        self._to_close: Job | None = None
        """What is being written, and closes the window when it is."""
        self._waits_for_tiles = False
        """The window closes once colourways were made and written."""
        session.colourways.watch("writing", self._begin_to_wait)

    def ask_open(self, title: str, filters: str, then) -> None:  # type: ignore[no-untyped-def]
        """Ask for a file; ``then`` gets its ``Path``, and dialogs begin in its folder from then on."""

        def take(name: str) -> None:
            path = as_on_disk(Path(name))
            self._session.settings.folder = str(path.parent)
            then(path)

        dialog = QFileDialog(self._window, title, dialogs_begin(self._session), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(take)
        dialog.open()

    def ask_onto(self, title: str, filters: str, then) -> None:  # type: ignore[no-untyped-def]
        """As ``ask_open``, of a file that goes to the picture that is on the canvas now."""
        picture = self._session.picture
        assert picture is not None
        self.ask_open(title, filters, lambda path: then(path) if self._to_canvas(picture) else None)

    def _ask_save(self, title: str, suggested: str, filters: str, suffix: str, then) -> None:  # type: ignore[no-untyped-def]
        """Ask where to; ``then``, which knows the final name, has to ask before it replaces anything."""
        dialog = QFileDialog(self._window, title, dialogs_begin(self._session), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(suggested)
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.open()

    def open(self) -> None:
        """Ask for anything that can be opened."""
        everything = f"*.ora {PICTURES} *.safetensors *.pth *.pt *.ckpt"
        self.ask_open(
            self.tr("Open"),
            self.tr("All that Underpaint opens (%s);;Projects (*.ora);;Pictures (%s)")
            % (everything, PICTURES),
            self._session.open_file,
        )

    def import_model(self) -> None:
        """Ask for a model file or foreign weights."""
        self.ask_open(
            self.tr("Import weights or a model"),
            self.tr("Models and weights (*.safetensors *.pth *.pt *.ckpt)"),
            self._session.open_file,
        )

    def add_reference(self) -> None:
        """Ask for a photo to trace."""
        self.ask_onto(
            self.tr("Photo to trace"), self.tr("Pictures (%s)") % PICTURES, self._session.layers.add_reference
        )

    def style_of_photo(self) -> None:
        """Ask for a photo whose style the picture is to have."""
        styles = self._session.styles
        if not styles.of_photos:
            self._session.notice.emit(styles.excuse(of_photos=True))
            return
        self.ask_onto(
            self.tr("Photo whose style to take"), self.tr("Pictures (%s)") % PICTURES, styles.take_of
        )

    def save(self) -> None:
        """Save where the picture came from; ask where to if that can't be."""
        picture = self._session.picture
        assert picture is not None
        if self._session.needs_a_path:
            self.save_as()
        else:
            self._write(picture, None)

    def save_as(self, and_then: Callable[[], object] = lambda: None) -> None:
        """Ask where to save; ``and_then`` follows once it is saved."""
        picture = self._session.picture
        assert picture is not None
        stem = _stem(picture) + (self.tr(" copy") if picture.foreign else "")
        self._ask_save(
            self.tr("Save as"),
            f"{stem}.ora",
            self.tr("OpenRaster (*.ora)"),
            "ora",
            lambda path: self._write(picture, path, and_then),
        )

    def _write(
        self, picture: OpenPicture, path: Path | None, and_then: Callable[[], object] = lambda: None
    ) -> None:
        """Save to ``path``, or where it came from; ask first if that would lose what is there."""
        session = self._session

        def write() -> None:
            if self._to_canvas(picture):
                job = session.save(path, anyway=True)
                if job is not None:
                    job.then(lambda fine: and_then() if fine else None)

        def ask_again() -> None:
            if self._to_canvas(picture):
                self.save_as(and_then)

        if not self._to_canvas(picture):  # a second start may have put up another one under the dialog
            return
        objection = session.objection(path)
        if objection:
            self._messages.ask(
                objection, (self.tr("&Replace it"), write), (self.tr("Save under &another name …"), ask_again)
            )
        else:
            write()

    def _to_canvas(self, picture: OpenPicture) -> bool:
        """Bring the picture that was asked about back, if it is still open: it may have been left since."""
        if picture not in self._session.pictures:
            return False
        if picture is not self._session.picture:
            self._session.put_up(picture)
        return True

    def export(self, what: str) -> None:
        """Ask where to write ``picture``, ``preview``, ``pair`` or ``finished``."""
        picture = self._session.picture
        assert picture is not None
        self._ask_save(
            self.tr("Export"),
            f"{_stem(picture)} {what}.png",
            self.tr("PNG picture (*.png);;Other pictures (%s)")
            % " ".join(f"*{it}" for it in list(FORMATS)[1:]),
            "png",
            partial(self._export, what, picture),
        )

    def _export(self, what: str, picture: OpenPicture, path: Path) -> None:
        path = picture_file(path)

        def write() -> None:
            if self._to_canvas(picture):
                self._session.export(what, path)

        def ask_again() -> None:
            if self._to_canvas(picture):
                self.export(what)

        another = self.tr("Export under &another name …"), ask_again
        self._messages.ask_to_replace(path, write, another)

    def close_picture(self) -> None:
        """Close the picture on the canvas; ask first if that would lose anything."""
        picture = self._session.picture
        assert picture is not None
        self._session.finish_stroke()
        self._close(picture)

    def _close(self, picture: OpenPicture) -> None:
        session = self._session
        if picture not in session.pictures:
            return
        same = session.documents.being_saved(picture, None)
        if picture.is_saved:
            session.close_picture(picture)
        elif same is not None:
            session.notice.emit(
                self.tr("“%s” is being saved; it is closed when that is done.") % picture.name
            )
            same.then(lambda fine: self._close(picture) if fine else None)
        else:
            self._messages.ask(
                self.tr("“%s” has changes that are not saved.") % picture.name,
                (self.tr("&Save and close"), lambda: self._save_and_close(picture)),
                (self.tr("&Throw them away"), partial(session.close_picture, picture)),
            )

    def _save_and_close(self, picture: OpenPicture) -> None:
        if not self._to_canvas(picture):
            return
        close = partial(self._close, picture)  # asks again if it was drawn on while it was being saved
        if self._session.needs_a_path:
            self.save_as(close)
        else:
            self._write(picture, None, close)

    def may_close(self) -> bool:
        """Whether the window may be closed: unsaved pictures are kept for the next start, unless they can't
        be written there. Then a question is on show. What is being written is waited for, and then it closes.
        """
        if self._waits_for_writing():
            return False
        lost = [picture for picture in self._session.guarding.unguarded() if picture not in self._given_up]
        if not lost:
            return True

        def save_first() -> None:
            if self._to_canvas(lost[0]):
                self.save()

        names = ", ".join(f"“{picture.name}”" for picture in lost[:3]) + (" …" if len(lost) > 3 else "")
        self._messages.ask(
            self.tr("%s can't be kept for the next start; save it, or it is lost.") % names
            if len(lost) == 1
            else self.tr("%s can't be kept for the next start; save them, or they are lost.") % names,
            (self.tr("&Save …"), save_first),
            (self.tr("&Close all the same"), lambda: self._close_all_the_same(lost)),
        )
        return False

    def _waits_for_writing(self) -> bool:
        """Whether a file is being made; then that is said, and the window closes when it is done."""
        session = self._session
        writing = [job for job in session.file_work.jobs if job.awaited]
        if not (writing or session.colourways.writing) or not session.file_work.waits:
            return False
        self._waits_for_tiles = not writing
        self._messages.offer(  # a disk of the network may never answer
            self.tr(
                "%s goes on; the window closes when that is done. Drawings come back next time either way."
            )
            % (writing[-1].text if writing else self.tr("Making the colourways")),
            (self.tr("Close &without waiting"), self._close_without_waiting),
        )
        if writing and self._to_close is not writing[-1]:
            self._to_close = writing[-1]
            writing[-1].then(self._close_now)
        return True

    def _begin_to_wait(self) -> None:
        """The colourways are made, and in a moment they are written, unless something came between."""
        if self._waits_for_tiles and not self._session.colourways.writing:
            self._waits_for_tiles, work = False, self._session.file_work
            QTimer.singleShot(0, self, lambda: self._window.close() if work.is_writing else None)

    def _close_now(self, fine: bool) -> None:
        """What the window waited for is over; where it failed, that is on show and somebody should see it."""
        self._to_close = None
        if fine:
            self._window.close()

    def _close_without_waiting(self) -> None:
        self._session.file_work.waits = False
        self._window.close()
        self._session.file_work.waits = True  # it may have been kept open for another reason

    def _close_all_the_same(self, lost: list[OpenPicture]) -> None:
        self._given_up = lost
        self._window.close()
        self._given_up = []  # it may have been kept open for another reason

    def ask_which(self, picture: OpenPicture) -> None:
        """A file was to be opened again that was changed elsewhere, while its picture here was drawn on."""
        self._messages.ask(
            self.tr("“%s” was changed elsewhere, and drawn on here.") % picture.name,
            (self.tr("&Open the file beside it"), lambda: self._session.open_anew(picture)),
        )

    def report_unreadable(self, found: Unreadable) -> None:
        """A drawing was left behind that can't be brought back, or not yet; it is kept."""
        answers: list[Answer] = [
            (self.tr("Show its &folder"), lambda: self._session.places.found.emit(found.path))
        ]
        if found.lasting:
            answers.append((self.tr("&Throw away"), lambda: self._session.guarding.forget([found])))
        text = self.tr("%s It is kept in “%s”.") % (found.reason, shown(found.path))
        self._messages.ask(text, *answers)

    def fill_recent(self, menu: QMenu) -> None:
        """List the files used last."""
        menu.clear()
        menu.setToolTipsVisible(True)
        for name, text in told_apart(self._session.settings.recent[:10]).items():
            path = Path(name)
            action = QAction(shortened(text, menu.fontMetrics()).replace("&", "&&"), menu)
            action.setToolTip(theme.plain(shown(name)))
            action.triggered.connect(lambda _checked=False, path=path: self._session.open_file(path))
            menu.addAction(action)
        if menu.isEmpty():
            menu.addAction(self.tr("Nothing yet")).setEnabled(False)

    def offer_other_kinds(self, path: Path, kind: InputKind, notes: str) -> None:
        """A picture from elsewhere doesn't say what it is; the kind on the canvas is but a guess."""
        kinds: dict[InputKind, tuple[str, str]] = {
            "sketch": (self.tr("“%s” is opened as a sketch."), self.tr("Open as &sketch")),
            "labels": (self.tr("“%s” is opened as labels."), self.tr("Open as &labels")),
            "image": (self.tr("“%s” is opened as an image."), self.tr("Open as &image")),
        }
        first = self._session.picture  # another may be on the canvas when it is answered
        others = [
            (text, partial(self._session.open_instead, path, other, first))
            for other, (_, text) in kinds.items()
            if other != kind
        ]
        clean = (self.tr("Sketch on &paper: clean it …"), partial(self._session.paper.open, path))
        self._messages.offer(f"{kinds[kind][0] % shown(path.name)} {notes}".strip(), *others, clean)


def dialogs_begin(session: Session, folder: Path | None = None) -> str:
    """The folder in which dialogs begin, if not in ``folder``. Qt can't look into those whose names are no
    text."""
    folder = folder or Path(session.settings.folder or Path.home())
    return str(next(it for it in (folder, *folder.parents) if is_text(it)))


def told_apart(paths: list[str]) -> dict[str, str]:
    """For each of these files its name; of those called alike as much of the folder as tells them apart."""

    def named(path: Path, parts: int) -> str:
        folder = "/".join(path.parent.parts[-parts:]) if parts else ""
        return shown(f"{path.name} – {folder}" if folder else path.name)

    texts: dict[str, str] = {}
    for path in map(Path, paths):
        alike = [other for other in map(Path, paths) if other.name == path.name and other != path]
        most = max([len(path.parts), *(len(other.parts) for other in alike)])
        lengths = (it for it in range(most) if named(path, it) not in {named(other, it) for other in alike})
        texts[str(path)] = named(path, next(lengths, 0))
    return texts


def local_path(url: QUrl) -> Path:
    """The file of a dropped or copied address."""
    if os.name != "posix":
        return Path(url.toLocalFile())
    return from_url(bytes(url.toEncoded(QUrl.ComponentFormattingOption.FullyEncoded).data()))


def files_in(data: QMimeData) -> list[Path]:
    """The files and folders of this machine that are dropped or copied, each once."""
    named = (local_path(url) for url in data.urls() if url.isLocalFile())
    return list(dict.fromkeys(path for path in named if "\0" not in str(path)))  # no file is called so


def dropped_photo(data: QMimeData) -> Path | None:
    """The picture file that is dropped, if it is one and nothing else is."""
    files = files_in(data)
    return files[0] if len(files) == len(data.urls()) == 1 and files[0].suffix.lower() in SUFFIXES else None


def offer_style(event: QDragEnterEvent, session: Session) -> bool:
    """Whether a photo is dragged whose style can be read, which is taken; the window opens whatever else."""
    fits = session.styles.of_photos and dropped_photo(event.mimeData()) is not None
    event.setAccepted(fits)
    if fits:
        event.acceptProposedAction()
    return fits


def drop_style(event: QDropEvent, session: Session) -> None:
    """Take the style of the photo that is dropped."""
    photo = dropped_photo(event.mimeData())
    event.setAccepted(photo is not None)
    if photo is not None:
        event.acceptProposedAction()
        session.styles.take_of(photo)


def _stem(picture: OpenPicture) -> str:
    """What a file of the picture could be called."""
    return shown(picture.path.stem) if picture.path else picture.title.replace("/", "-").replace("\\", "-")
