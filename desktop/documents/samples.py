"""The drawings that come along: examples to begin with, and what welcome and lessons are made of."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import resources
from desktop.paint.files.drawing import Drawing
from engine.data.card import InputKind
from engine.data.palette import Palette
from engine.errors import PictureError

log = logging.getLogger(__name__)


def bundled() -> Iterator[tuple[Path, Drawing]]:
    """Every drawing, in the order of the files, without its strokes: those are many and starts wait for it.

    A damaged one is logged and passed over.
    """
    for path in sorted(resources.path("samples").glob("*.json")):
        try:
            yield path, Drawing.head(path)
        except PictureError as error:
            log.warning("samples: %s", error)


def samples(kind: InputKind, model: str, palette: Palette | None = None) -> Iterator[Path]:
    """The drawings for a kind; those made for ``model`` if there are any, else all.

    Pictures in the colours of one image model say nothing to another: of images only those in the colours of
    ``palette``, which a model has from the one that it was made of.
    """
    fitting: list[Path] = []
    others: list[Path] = []
    for path, drawing in bundled():
        if drawing.kind != kind:
            continue
        if drawing.model == model:
            fitting.append(path)
        elif kind != "image" or (palette is not None and drawing.palette == palette.name):
            others.append(path)
    yield from fitting or others
