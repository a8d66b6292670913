"""Copy and paste between the active layer and other programs."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication, QImage

from desktop.session import Session
from desktop.widgets.parts.files import local_path
from engine.data.messages import Pixels


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
        files = [local_path(url) for url in data.urls() if url.isLocalFile()] if data else []
        for file in files:
            self._session.open_file(file)
        if files:
            return
        image = QImage(data.imageData()) if data is not None and data.hasImage() else QImage()
        if image.isNull():
            self._session.notice.emit(self.tr("There is no picture to paste."))
            return
        pixels = _pixels(image)
        document = self._session.document
        place = document.selection
        left = place.left if place else max(0, (document.width - image.width()) // 2)
        top = place.top if place else max(0, (document.height - image.height()) // 2)
        self._session.edit(lambda document: document.paste(pixels, left, top))


def _image(pixels: Pixels) -> QImage:
    height, width, planes = pixels.shape
    form = QImage.Format.Format_RGBA8888 if planes == 4 else QImage.Format.Format_RGB888
    return QImage(np.ascontiguousarray(pixels).data, width, height, width * planes, form).copy()


def _pixels(image: QImage) -> Pixels:
    """uint8 (H, W, 4), straight RGBA."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 4].reshape(image.height(), image.width(), 4).copy()
