"""Render the program's icon, one SVG, into what the systems want: PNGs, an .ico and an .icns.

``python .ci/icons.py FOLDER`` writes ``underpaint-SIZE.png`` for the hicolor sizes, ``underpaint.ico`` and
``underpaint.icns`` there. Needs the program's own packages; Qt draws without a display.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

DRAWING = Path(__file__).resolve().parent.parent / "resources" / "icons" / "underpaint.svg"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)


def main(folder: Path) -> None:
    """Write all of them; raises ValueError where the drawing can't be read."""
    folder.mkdir(parents=True, exist_ok=True)
    application = QGuiApplication([])
    drawing = QSvgRenderer(str(DRAWING))
    if not drawing.isValid():
        raise ValueError(f"{DRAWING} is no SVG that Qt can draw")
    for size in (*SIZES, 1024):
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        drawing.render(painter)
        painter.end()
        if not image.save(str(folder / f"underpaint-{size}.png")):
            raise OSError(f"{folder} can't be written")
    del application
    # Each size was drawn for itself; Pillow would scale one picture down.
    icons = [Image.open(folder / f"underpaint-{size}.png") for size in ICO_SIZES]
    icons[-1].save(folder / "underpaint.ico", sizes=[icon.size for icon in icons], append_images=icons[:-1])
    with Image.open(folder / "underpaint-1024.png") as large:
        large.save(folder / "underpaint.icns")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
