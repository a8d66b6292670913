"""A contact sheet: what is proposed for each photo, as pictures, those that are left out first."""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from engine.data.picture import write_png
from engine.errors import PictureError
from engine.files.writing import shown
from trainer.preparing.looking import THUMB
from trainer.preparing.proposals import PreparationPlan, Proposal

COLUMNS, ROWS = 10, 24
_GAP, _LINE, _LINES = 8, 14, 3
_PAPER, _INK, _FAINT, _LEFT = (236, 236, 240), (30, 30, 30), (110, 110, 118), (196, 60, 44)


def write(plan: PreparationPlan, kept: Collection[str], file: Path) -> list[Path]:
    """Write the sheet as PNG; of many photos further ones, called “…-2.png” and so on.

    Returns:
        The files.

    Raises:
        PictureError: it can't be written, or would take the place of a file.
    """
    ordered = sorted(plan.proposals, key=lambda one: one.name in kept)
    targets = files(file, len(ordered))
    refuse_existing(targets)
    for target, start in zip(targets, range(0, len(ordered), COLUMNS * ROWS), strict=True):
        write_png(target, _page(ordered[start : start + COLUMNS * ROWS], kept))
    return targets


def files(file: Path, count: int) -> list[Path]:
    """Those that the sheet of so many photos takes."""
    pages = -(-count // (COLUMNS * ROWS))
    others = (file.with_name(f"{file.stem}-{number}{file.suffix}") for number in range(2, pages + 1))
    return [file, *others][:pages]


def refuse_existing(targets: Sequence[Path]) -> None:
    """Raise PictureError where one of them exists: it may be somebody's photo."""
    for target in targets:
        if os.path.lexists(target):
            raise PictureError(f"“{target}” exists already; choose another name for the sheet.")


def _page(photos: Sequence[Proposal], kept: Collection[str]):  # type: ignore[no-untyped-def]
    import numpy as np

    columns = min(COLUMNS, len(photos))
    rows = -(-len(photos) // columns)
    wide, tall = THUMB + _GAP, THUMB + _GAP + _LINE * _LINES
    sheet = Image.new("RGB", (columns * wide + _GAP, rows * tall + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for index, one in enumerate(photos):
        left, top = _GAP + index % columns * wide, _GAP + index // columns * tall
        is_kept = one.name in kept
        if one.thumb:
            small = Image.open(io.BytesIO(one.thumb), formats=("JPEG",)).convert("RGB")
            sheet.paste(
                small if is_kept else Image.blend(small, Image.new("RGB", small.size, _PAPER), 0.45),
                (left, top),
            )
        draw.rectangle((left, top, left + THUMB - 1, top + THUMB - 1), outline=_FAINT if is_kept else _LEFT)
        if not is_kept:
            draw.line((left, top + THUMB - 1, left + THUMB - 1, top), fill=_LEFT, width=2)
        words = one.how if is_kept else " and ".join(one.why) or "left out by hand"
        for line, text in enumerate(_wrapped(shown(one.name), 1, font) + _wrapped(words, _LINES - 1, font)):
            ink = _INK if line == 0 else _FAINT if is_kept else _LEFT
            draw.text((left, top + THUMB + 1 + line * _LINE), text, fill=ink, font=font)
    return np.asarray(sheet)


def _wrapped(text: str, lines: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Text in so many lines at most; what is too long ends in dots."""
    made = [""]
    for word in text.split(" "):
        longer = f"{made[-1]} {word}".strip()
        if font.getlength(longer) <= THUMB or not made[-1]:
            made[-1] = longer
        else:
            made.append(word)
    cut = made[:lines]
    if len(made) > lines or font.getlength(cut[-1]) > THUMB:
        while cut[-1] and font.getlength(f"{cut[-1]} …") > THUMB:
            cut[-1] = cut[-1][:-1]
        cut[-1] += " …"
    return cut
