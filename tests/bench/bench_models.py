"""What bundled models make of drawings by hand: how still the preview holds, how far a dab of red reaches.

With ``UNDERPAINT_SHEETS=FOLDER`` in the environment a contact sheet of each model goes there as well, drawing
and preview side by side; with ``UNDERPAINT_MODEL=FILE`` that model is measured, and no bundled one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

import engine
from desktop.documents.samples import samples
from desktop.paint.editing.document import Document
from desktop.paint.files.drawing import Drawing
from desktop.paint.layers.layer import Role
from engine.data.messages import Pixels
from engine.models import catalogue
from engine.passes.generator import Generator
from engine.planes import codec
from tests.bench.rows import Row
from trainer.evaluation import dabs
from trainer.training import sheet

Mask = npt.NDArray[np.bool_]

WINDOW = 64
"""Pixels around what a stroke changed in which the preview may change."""
CLOSED = 9
"""Gaps in an outline up to so many pixels don't open it."""
FEW = 10
"""Drawings up to which a contact sheet has two in a row."""


def run() -> list[Row]:
    """Measure every bundled model that has sample drawings."""
    chosen = os.environ.get("UNDERPAINT_MODEL")
    files = [Path(chosen)] if chosen else [entry.file for entry in catalogue.entries() if entry.bundled]
    rows = []
    for file in files:
        generator = engine.open(file)
        drawings = list(fitting(generator))
        if drawings:
            rows += measured(generator, drawings)
            write_sheet(generator, drawings)
    return rows


def fitting(generator: Generator) -> Iterator[Drawing]:
    """The sample drawings for a model, as the program would offer them."""
    card = generator.card
    yield from map(Drawing.load, samples(card.input, card.name))


def measured(generator: Generator, drawings: list[Drawing]) -> list[Row]:
    """The rows of one model."""
    name = generator.card.name
    flicker = [change for drawing in drawings for change in changes_elsewhere(generator, drawing)]
    rows = [
        Row(f"{name}: a stroke's mean change of the preview {WINDOW} px away", None, mean(flicker), "levels"),
        Row(f"{name}: the largest of {len(flicker)} strokes", None, max(flicker, default=0.0), "levels"),
    ]
    if generator.card.hints:
        shares = [red_share(generator, drawing) for drawing in drawings]
        for drawing, share in zip(drawings, shares, strict=True):
            print(f"{name}, {drawing.title}: {share:.0%} red from one dab", file=sys.stderr)
        rows.append(Row(f"{name}: of the thing, red from one red dab", None, mean(shares), "of 1"))
    return rows


def seen(generator: Generator, document: Document) -> Pixels:
    """What the network sees of a picture, at the model's own size."""
    return codec.prepare(document.picture(), generator.card, generator.card.size)


def changes_elsewhere(generator: Generator, drawing: Drawing) -> Iterator[float]:
    """For each stroke but the first, the mean absolute change of the preview, 0 to 255, in all pixels that
    lie more than half a window away from what the stroke changed in the picture."""
    document = drawing.document(generator.card.palette)
    before: Pixels | None = None
    shown: Pixels | None = None
    for stroke in drawing.strokes:
        stroke.replay(document)
        after = seen(generator, document)
        preview = generator.translate(after)
        if before is not None and shown is not None and (after != before).any():
            changed = (after != before).any(2)
            away = ~ndimage.binary_dilation(changed, np.ones((3, 3), bool), WINDOW // 2)
            if away.any():
                yield float(np.abs(preview.astype(np.int16) - shown)[away].mean())
        before, shown = after, preview


def red_share(generator: Generator, drawing: Drawing) -> float:
    """How much of the thing turns red when its lines have nothing but one red dab, 0 to 1."""
    document = drawing.document()
    for stroke in drawing.strokes:
        if stroke.role is Role.LINES:
            stroke.replay(document)
    lines = dabs.bare(seen(generator, document))
    inside = within(lines[..., 0] < 128)
    place = dabs.roomiest(lines[..., 0], inside)
    return dabs.reach(generator.translate(dabs.dabbed(lines, place, dabs.RED)), place, inside) or 0.0


def within(lines: Mask) -> Mask:
    """What an outline surrounds, its small gaps closed."""
    closed = ndimage.binary_closing(np.pad(lines, CLOSED), np.ones((3, 3), bool), CLOSED)
    filled: Mask = ndimage.binary_fill_holes(closed)
    return filled[CLOSED:-CLOSED, CLOSED:-CLOSED]


def write_sheet(generator: Generator, drawings: list[Drawing]) -> None:
    """All drawings with their previews, if somebody wants to see them: two a row, or four of many."""
    folder = os.environ.get("UNDERPAINT_SHEETS")
    if folder is None:
        return
    pictures: list[Pixels] = []
    for drawing in drawings:
        document = drawing.document(generator.card.palette)
        drawing.replay(document)
        prepared = seen(generator, document)
        pictures += [sheet.shown(prepared, generator.card), generator.translate(prepared)]
    Path(folder).mkdir(parents=True, exist_ok=True)
    columns = 4 if len(drawings) <= FEW else 8
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    whole = Image.fromarray(sheet.sheet(rows))
    whole.save(Path(folder) / f"model-{generator.card.name}.webp", quality=85, method=6)


def mean(values: list[float]) -> float:
    """0 of none."""
    return float(np.mean(values)) if values else 0.0
