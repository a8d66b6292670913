"""A sheet of what several models make: a column a model, a row a drawing, and the table of measures below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.files.writing import replacing, shown
from trainer.comparison.table import Row

EDGE = 256
"""Pixels along the longer edge of a picture."""
MOST_SIDE = 16_384
"""Pixels of the sheet, either way; where there are many models, pictures become smaller."""
_GAP, _LINE = 8, 22


@dataclass(frozen=True)
class Sheet:
    """What is on it."""

    title: str
    columns: tuple[str, ...]
    """What stands above each column, the models' names among it."""
    pictures: tuple[tuple[Pixels | None, ...], ...]
    """Rows of uint8 (H, W, 3); None where there is nothing to be seen."""
    rows: tuple[Row, ...] = ()
    """The measures of the models, …"""
    first: int = 1
    """… the first of which has this column."""


def sheet_file(path: Path) -> Path:
    """The file that is written for ``path``: a PNG."""
    return path if path.suffix.lower() == ".png" else path.with_name(f"{path.name}.png")


def write(sheet: Sheet, path: Path) -> None:
    """Write it as a PNG, in one step. Needs a ``QGuiApplication``, which has the fonts.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    try:
        with replacing(path) as part:
            part.write_bytes(to_png(sheet))
    except OSError as error:
        text = f"“{shown(path.name)}” can't be written ({error.strerror or error}); choose another place."
        raise PictureError(text) from error


def to_png(sheet: Sheet) -> bytes:
    """The sheet as the bytes of a PNG file."""
    count = max(1, len(sheet.columns))
    edge = max(16, min(EDGE, MOST_SIDE // count - _GAP, MOST_SIDE // max(1, len(sheet.pictures)) - _GAP))
    names = max((len(row.name) for row in sheet.rows), default=0) * 8 if sheet.rows else 0
    left = max(_GAP, names + 2 * _GAP if not sheet.first else _GAP)
    width = left + count * (edge + _GAP)
    top = _GAP + 2 * _LINE
    table = top + len(sheet.pictures) * (edge + _GAP)
    height = table + (len(sheet.rows) * _LINE + _GAP if sheet.rows else 0)
    image = QImage(width, min(height, MOST_SIDE), QImage.Format.Format_RGB888)
    with QPainter(image) as painter:
        painter.fillRect(image.rect(), QColor("white"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(QColor("#202020"))
        font = _font(painter, bold=True)
        painter.setFont(font)
        _write(painter, QRectF(_GAP, _GAP / 2, width - 2 * _GAP, _LINE), sheet.title)
        for index, name in enumerate(sheet.columns):
            _write(painter, QRectF(left + index * (edge + _GAP), _GAP + _LINE, edge, _LINE), name)
        for down, row in enumerate(sheet.pictures):
            for across, picture in enumerate(row):
                room = QRectF(left + across * (edge + _GAP), top + down * (edge + _GAP), edge, edge)
                _put(painter, picture, room)
        for down, measure in enumerate(sheet.rows):
            _measure(painter, sheet, measure, QRectF(left, table + down * _LINE, edge, _LINE), edge + _GAP)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def _measure(painter: QPainter, sheet: Sheet, row: Row, area: QRectF, step: float) -> None:
    """One line of the table: the measure's name in the first column, the best values bold."""
    painter.setFont(_font(painter, bold=False))
    name = area if sheet.first else QRectF(_GAP, area.top(), area.left() - 2 * _GAP, area.height())
    _write(painter, name, row.name)
    for index, value in enumerate(row.values):
        best = index in row.best
        painter.setFont(_font(painter, bold=best))
        text = "–" if value is None else f"{value:.4f}{' ★' if best else ''}"
        _write(painter, area.translated((index + sheet.first) * step, 0), text)


def _font(painter: QPainter, *, bold: bool) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(13)
    font.setBold(bold)
    return font


def _put(painter: QPainter, picture: Pixels | None, room: QRectF) -> None:
    if picture is None:
        painter.fillRect(room, QColor("#f0f0f0"))
        return
    pixels = np.ascontiguousarray(picture)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    scale = room.width() / max(width, height)
    area = QRectF(0, 0, width * scale, height * scale)
    area.moveCenter(room.center())
    if scale < 0.75:  # Qt's own smoothness looks at four pixels alone
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        image = image.scaled(max(1, round(area.width())), max(1, round(area.height())), keep, smooth)
    painter.drawImage(area, image)


def _write(painter: QPainter, area: QRectF, text: str) -> None:
    metrics = QFontMetricsF(painter.font(), painter.device())
    fitting = metrics.elidedText(shown(text), Qt.TextElideMode.ElideMiddle, area.width())
    painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), fitting)
