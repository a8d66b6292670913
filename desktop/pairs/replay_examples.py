"""What a model that is taught does well already: its sample drawings, and what it makes of them now.

A network trained on one pair alone forgets the rest within minutes. So these stand beside the corrected pair
in its lessons, as they are.
"""

from __future__ import annotations

import logging
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from desktop.documents.samples import samples
from desktop.paint.files import project
from desktop.paint.files.drawing import Drawing
from desktop.support.background import program
from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.picture import read
from engine.errors import PictureError
from engine.planes.codec import scaled_preview

log = logging.getLogger(__name__)

MOST = 6
PATIENCE_SECONDS = 120
HURRY_SECONDS = 0.1
"""How soon it is noticed that nobody waits any more."""


def rehearsed(
    card: Card, model: Path, base: str, given_up: Callable[[], bool] = lambda: False
) -> list[tuple[Picture, Pixels]]:
    """Some drawings made for a model, each with what it makes of it, uint8 (H, W, 3) of the drawing's size.

    The program translates them in a process of its own, as ``underpaint translate`` does: the engine here has
    the hand to follow. Slow: files, seconds.

    Args:
        card, model: the model's, and its file.
        base: the name that the sample drawings know it by.
        given_up: asked meanwhile whether nobody waits for it any more.

    Raises:
        PictureError: they can't be made, or it was given up.
    """
    drawings = [Drawing.load(path) for path in samples(card.input, base)]
    documents = []
    for drawing in [drawing for drawing in drawings if drawing.model == base][:MOST]:
        document = drawing.document(card.palette)
        drawing.replay(document)
        documents.append(document)
    if not documents:
        return []
    with tempfile.TemporaryDirectory() as name:
        drawn, made = Path(name, "drawn"), Path(name, "made")
        drawn.mkdir()
        for number, document in enumerate(documents):
            project.save(document, drawn / f"{number}.ora")
        _translate(model, drawn, made, given_up)
        previews = [read(made / f"{number}.png").pixels for number in range(len(documents))]
    pictures = [document.picture() for document in documents]
    return [
        (picture, scaled_preview(preview, picture.size))
        for picture, preview in zip(pictures, previews, strict=True)
    ]


def _translate(model: Path, drawn: Path, made: Path, given_up: Callable[[], bool]) -> None:
    words = [*program(), "translate", str(model), str(drawn), str(made)]
    text = QCoreApplication.translate(
        "teaching", "What the model does well can't be noted down (see the log); teach it again later."
    )
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
            said = None
            while said is None:
                try:
                    said, _ = child.communicate(timeout=HURRY_SECONDS)
                except subprocess.TimeoutExpired:
                    if given_up() or time.monotonic() > end:
                        child.kill()
    except OSError as error:
        log.warning("rehearsal: %s", error)
        raise PictureError(text) from error
    if child.returncode:
        log.warning("rehearsal: ended with %d: %s", child.returncode, said.decode(errors="replace"))
        raise PictureError(text)
