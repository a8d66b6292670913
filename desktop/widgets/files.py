"""Where files come from and go to: the dialogs, the recent files, and what must be asked before closing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from desktop import theme
from desktop.session import OpenPicture, Session
from desktop.widgets.message_bar import MessageBar
from engine.card import InputKind

PICTURES = "*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp"


class Files(QObject):
    """Asks where a file is or should be, and has the session open or write it."""

    def __init__(self, session: Session, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._messages, self._window = session, messages, window

    def _folder(self) -> str:
        return self._session.settings.folder or str(Path.home())

    def _ask_open(self, title: str, filters: str, then) -> None:  # type: ignore[no-untyped-def]
        dialog = QFileDialog(self._window, title, self._folder(), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.open()

    def _ask_save(self, title: str, suggested: str, filters: str, suffix: str, then) -> None:  # type: ignore[no-untyped-def]
        dialog = QFileDialog(self._window, title, self._folder(), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(suggested)
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.open()

    def open(self) -> None:
        """Ask for anything that can be opened."""
        everything = f"*.ora {PICTURES} *.safetensors *.pth *.pt *.ckpt"
        self._ask_open(
            self.tr("Open"),
            self.tr("All that Underpaint opens (%s);;Projects (*.ora);;Pictures (%s)")
            % (everything, PICTURES),
            self._session.open_file,
        )

    def import_model(self) -> None:
        """Ask for a model file or foreign weights."""
        self._ask_open(
            self.tr("Import weights or a model"),
            self.tr("Models and weights (*.safetensors *.pth *.pt *.ckpt)"),
            self._session.open_file,
        )

    def add_reference(self) -> None:
        """Ask for a photo to trace."""
        self._ask_open(
            self.tr("Photo to trace"), self.tr("Pictures (%s)") % PICTURES, self._session.add_reference
        )

    def save(self) -> None:
        """Save where the picture came from; ask where to if that can't be."""
        if not self._session.save() and self._session.needs_a_path:
            self.save_as()

    def save_as(self, and_then: Callable[[], object] = lambda: None) -> None:
        """Ask where to save; ``and_then`` follows if it was."""
        picture = self._session.picture
        assert picture is not None
        stem = _stem(picture) + (self.tr(" copy") if picture.foreign else "")
        self._ask_save(
            self.tr("Save as"),
            f"{stem}.ora",
            self.tr("OpenRaster (*.ora)"),
            "ora",
            lambda path: and_then() if self._session.save(path) else None,
        )

    def export(self, what: str) -> None:
        """Ask where to write ``picture``, ``preview`` or ``pair``."""
        picture = self._session.picture
        assert picture is not None
        self._ask_save(
            self.tr("Export"),
            f"{_stem(picture)} {what}.png",
            self.tr("PNG picture (*.png)"),
            "png",
            lambda path: self._session.export(what, path),
        )

    def close_picture(self) -> None:
        """Close the picture on the canvas; ask first if that would lose anything."""
        picture = self._session.picture
        assert picture is not None
        close = partial(self._session.close_picture, picture)
        if picture.is_saved:
            close()
            return
        self._messages.ask(
            self.tr("“%s” has changes that are not saved.") % picture.name,
            (self.tr("&Save and close"), lambda: self._save_and_close(picture)),
            (self.tr("&Throw them away"), close),
        )

    def _save_and_close(self, picture: OpenPicture) -> None:
        if picture is not self._session.picture:  # it may have been left since the question
            self._session.put_up(picture)
        close = partial(self._session.close_picture, picture)
        if self._session.needs_a_path:
            self.save_as(close)
        elif self._session.save():
            close()

    def fill_recent(self, menu: QMenu) -> None:
        """List the files used last."""
        menu.clear()
        menu.setToolTipsVisible(True)
        for name in self._session.settings.recent:
            path = Path(name)
            action = QAction(path.name.replace("&", "&&"), menu)
            action.setToolTip(theme.plain(name))
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
        others = [
            (text, partial(self._session.open_instead, path, other))
            for other, (_, text) in kinds.items()
            if other != kind
        ]
        self._messages.offer(f"{kinds[kind][0] % path.name} {notes}".strip(), *others)


def _stem(picture: OpenPicture) -> str:
    """What a file of the picture could be called."""
    return picture.path.stem if picture.path else picture.title.replace("/", "-").replace("\\", "-")
