"""One sheet with all colourways and their names, as a PNG or a PDF, and each as a PNG of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPageSize, QPainter, QPdfWriter, QTextOption

from desktop.colourways.sets import ColourSet
from engine.data.messages import Pixels
from engine.data.picture import to_png_bytes
from engine.errors import PictureError
from engine.files.writing import replacing, shown, stem

Step = Callable[[int, int], object]

_GAP, _LABEL, _SWATCH = 0.06, 0.12, 0.05
"""In edges of a picture."""
MOST_EDGE = 1024
"""Pixels along the longer edge of a picture on the sheet."""


class Made(NamedTuple):
    """A colourway, and what became of the drawing in it."""

    colours: ColourSet
    preview: Pixels
    """uint8 (H, W, 3); all of one sheet have one size."""


def write_all(
    made: Sequence[Made], title: str, folder: Path, step: Step = lambda _done, _total: None
) -> list[Path]:
    """Write ``colourways.png``, ``colourways.pdf`` and a numbered PNG of each into a folder, over older ones.

    Needs a ``QGuiApplication``, which has the fonts.

    Args:
        made: one or more.
        title: stands above them.
        folder: made if it is missing.
        step: called between files; ends the work by raising, and a folder that was made for it is gone again.

    Returns:
        the files, in the order in which they were written.

    Raises:
        PictureError: the folder is read-only or full.
    """
    names = files_of([one.colours for one in made], folder)
    makers: list[Callable[[], bytes]] = [lambda: _png(made, title), lambda: _pdf(made, title)]
    makers += [lambda one=one: to_png_bytes(one.preview) for one in made]  # type: ignore[misc]
    is_ours = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for done, (name, make) in enumerate(zip(names, makers, strict=True)):
            step(done, len(names))
            with replacing(name) as part:
                part.write_bytes(make())
    except BaseException as error:
        if is_ours:
            _take_back(folder, names)
        if not isinstance(error, OSError):
            raise
        text = f"“{shown(folder.name)}” can't be written ({error.strerror or error}); choose another place."
        raise PictureError(text) from error
    return names


def _take_back(folder: Path, names: Sequence[Path]) -> None:
    """Remove a folder that was made for these files, unless others have come to lie there."""
    with suppress(OSError):
        for name in names:
            name.unlink(missing_ok=True)
        folder.rmdir()


def files_of(sets: Sequence[ColourSet], folder: Path) -> list[Path]:
    """The files that ``write_all`` writes of sets."""
    names = [folder / "colourways.png", folder / "colourways.pdf"]
    return names + [folder / f"{_stem(number, one)}.png" for number, one in enumerate(sets, start=1)]


def _stem(number: int, colours: ColourSet) -> str:
    named = "" if colours.is_numbered(number) else f" {stem(colours.name, 'colours')}"
    return f"{number:02d}{named}"


class _Grid:
    """Where everything lies, in pixels of the sheet."""

    def __init__(self, made: Sequence[Made]) -> None:
        height, width = made[0].preview.shape[:2]
        scale = min(1.0, MOST_EDGE / max(height, width))
        self.width, self.height = max(1, round(width * scale)), max(1, round(height * scale))
        edge = max(self.width, self.height, 128)
        self.gap, self.label, self.swatch = (round(edge * part) for part in (_GAP, _LABEL, _SWATCH))
        self.font = QFont()
        self.font.setPixelSize(max(8, round(self.label * 0.55)))
        room = QRectF(0, 0, max(self.width, edge), 1 << 20)
        metrics = QFontMetricsF(self.font)
        self.labels = [_label(number, one.colours) for number, one in enumerate(made, start=1)]
        anywhere = QImage(1, 1, QImage.Format.Format_RGB888)
        with QPainter(anywhere) as painter:
            painter.setFont(self.font)
            tallest = max(painter.boundingRect(room, text, _wrapped()).height() for text in self.labels)
        self.above = (self.label - metrics.height()) / 2
        self.label_height = max(self.label, math.ceil(tallest + 2 * self.above))
        self.columns = math.ceil(math.sqrt(len(made)))
        rows = math.ceil(len(made) / self.columns)
        self.cell_width = max(self.width, edge) + self.gap
        self.cell_height = self.height + self.label_height + self.swatch + self.gap
        self.size = (
            self.columns * self.cell_width + self.gap,
            rows * self.cell_height + self.gap + self.label,
        )

    def cell(self, number: int) -> tuple[int, int]:
        """Left and top of a cell."""
        row, column = divmod(number, self.columns)
        return self.gap + column * self.cell_width, self.gap + self.label + row * self.cell_height


def _draw(painter: QPainter, made: Sequence[Made], title: str, grid: _Grid) -> None:
    painter.fillRect(QRectF(0, 0, *grid.size), QColor("white"))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setFont(grid.font)
    painter.setPen(QColor("#202020"))
    head = QRectF(grid.gap, grid.gap * 0.5, grid.size[0] - 2 * grid.gap, grid.label)
    fitting = QFontMetricsF(grid.font).elidedText(title, Qt.TextElideMode.ElideRight, head.width())
    painter.drawText(head, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), fitting)
    for number, (colours, preview) in enumerate(made):
        left, top = grid.cell(number)
        pixels = np.ascontiguousarray(preview)
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        painter.drawImage(QRectF(left, top, grid.width, grid.height), image)
        room = grid.cell_width - grid.gap
        for index, colour in enumerate(colours.colours):
            across = room / len(colours.colours)
            area = QRectF(left + index * across, top + grid.height, across, grid.swatch)
            painter.fillRect(area, QColor(*colour))
        below = QRectF(left, top + grid.height + grid.swatch + grid.above, room, grid.label_height)
        painter.drawText(below, grid.labels[number], _wrapped())


def _label(number: int, colours: ColourSet) -> str:
    return colours.caption if colours.is_numbered(number) else f"{number}  {colours.caption}"


def _wrapped() -> QTextOption:
    """A name is written as a whole, on as many lines as it takes."""
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    return option


def _png(made: Sequence[Made], title: str) -> bytes:
    grid = _Grid(made)
    image = QImage(*grid.size, QImage.Format.Format_RGB888)
    with QPainter(image) as painter:
        _draw(painter, made, title, grid)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def _pdf(made: Sequence[Made], title: str) -> bytes:
    """A page as wide as a sheet of A4, as high as it has to be."""
    grid = _Grid(made)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator("Underpaint")
    writer.setResolution(300)
    across = 210.0
    page = QSizeF(across, across * grid.size[1] / grid.size[0])
    exact = QPageSize.SizeMatchPolicy.ExactMatch
    writer.setPageSize(QPageSize(page, QPageSize.Unit.Millimeter, "", exact))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    with QPainter(writer) as painter:
        scale = writer.width() / grid.size[0]
        painter.scale(scale, scale)
        _draw(painter, made, title, grid)
    return bytes(buffer.data().data())
