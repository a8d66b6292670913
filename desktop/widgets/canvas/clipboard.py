"""Copy and paste between the active layer and other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication, QImage

from desktop.session import Session
from desktop.widgets.parts.files import files_in
from engine.data.messages import Pixels
from engine.data.picture import SUFFIXES

MOST_AT_ONCE = 16
"""Pictures; each stays open, with all its pixels."""
_MOST_TOLD = 3
"""Sentences on files that could not be opened."""


class Clipboard(QObject):
    """Pictures go out as they are seen, and come in as one undoable step."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    def copy(self) -> None:
        """Copy the selection of the active layer, or all of it."""
        pixels, _ = self._session.document.copied()
        QGuiApplication.clipboard().setImage(_image(pixels))
        self._session.notice.emit(self.tr("Copied."))

    def cut(self) -> None:
        """Copy, and delete what was copied, as one step."""
        self.copy()
        self._session.clear()

    def copy_preview(self) -> None:
        """Copy the preview."""
        preview = self._session.live.preview
        if preview is not None:
            QGuiApplication.clipboard().setImage(_image(preview))
            self._session.notice.emit(self.tr("The preview is copied."))

    def paste(self) -> None:
        """Paste a picture onto the active layer."""
        self.take(QGuiApplication.clipboard().mimeData())

    def take(self, data: QMimeData | None) -> None:
        """Open the files, or else paste the picture, that were copied or dropped."""
        files = files_in(data) if data is not None else []
        if files:
            self._open(files)
            return
        image = QImage(data.imageData()) if data is not None and data.hasImage() else QImage()
        if image.isNull():
            elsewhere = data is not None and any(not url.isLocalFile() for url in data.urls())
            self._session.notice.emit(
                self.tr("That is an address, no file of this machine; save the picture, and open its file.")
                if elsewhere
                else self.tr("There is no picture to paste.")
            )
            return
        pixels = _pixels(image)
        document = self._session.document
        place = document.selection
        left = place.left if place else max(0, (document.width - image.width()) // 2)
        top = place.top if place else max(0, (document.height - image.height()) // 2)
        self._session.edit(lambda document: document.paste(pixels, left, top))

    def _open(self, files: list[Path]) -> None:
        """Open all of them, none in another's place; what can't be is told once, when all have come."""
        pictures = sum(file.suffix.lower() in (*SUFFIXES, ".ora") for file in files)
        if pictures > MOST_AT_ONCE:
            text = self.tr("%d pictures are too many to open at once; take up to %d, or their folder.")
            self._session.error_reported.emit(text % (pictures, MOST_AT_ONCE))
            return
        together = len(files) > 1
        opening = [self._session.open_file(file, together=together) for file in files]
        jobs = [job for job in opening if job is not None]

        def sum_up(_fine: bool) -> None:
            wrong = [job.problem for job in jobs if job.problem]
            if wrong and together and all(job.is_over for job in jobs):
                self._session.error_reported.emit(" ".join(wrong[:_MOST_TOLD]))

        for job in jobs:
            job.then(sum_up)


def _image(pixels: Pixels) -> QImage:
    height, width, planes = pixels.shape
    form = QImage.Format.Format_RGBA8888 if planes == 4 else QImage.Format.Format_RGB888
    return QImage(np.ascontiguousarray(pixels).data, width, height, width * planes, form).copy()


def _pixels(image: QImage) -> Pixels:
    """uint8 (H, W, 4), straight RGBA."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 4].reshape(image.height(), image.width(), 4).copy()
