"""Sample drawings that travel in a model file: small PNGs in its metadata, beside the card. Needs no torch.

Programs that know nothing of them read the model as before. They come from strangers: texts, counts and sizes
are checked before anything is decoded, and what makes no sense is left out, with a sentence.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data import picture as pictures
from engine.data.card import InputKind
from engine.data.messages import Picture, Pixels
from engine.errors import ModelError, PictureError
from engine.files.parsing import without_halves
from engine.models import bundle

KEY = "underpaint.drawings"
"""Under which they stand in the metadata."""

MOST = 8
MOST_EDGE = 1024
"""Pixels along the longer edge; whoever picks a larger drawing has it reduced."""
MOST_TEXT = 2 << 20
"""Characters of all of them together; a model's list is read at every start."""
LONGEST_TITLE = 100


@dataclass(frozen=True, eq=False)
class SampleDrawing:
    """Something to begin with."""

    title: str
    picture: Picture


def read(path: Path, input: InputKind) -> list[SampleDrawing]:
    """The sample drawings of a model file; those that are damaged are passed over.

    Args:
        path: the model's.
        input: what it wants painted.

    Raises:
        ModelError: the file is no model.
    """
    text = bundle.read_notes(path).get(KEY, "")
    if not text or len(text) > MOST_TEXT:
        return []
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(entries, list):
        return []
    found = (_drawing(entry, input) for entry in entries[:MOST])
    return [one for one in found if one is not None]


def to_text(drawings: Sequence[SampleDrawing]) -> str:
    """The drawings as they stand in a model file.

    Raises:
        ModelError: there are too many, or they take too much room.
    """
    if len(drawings) > MOST:
        raise ModelError(f"A model takes at most {MOST} sample drawings along; take some away.")
    entries = []
    for one in drawings:
        planes = {name: getattr(one.picture, name) for name in ("pixels", "lines", "hints")}
        packed = {name: _packed(plane) for name, plane in planes.items() if plane is not None}
        entries.append({"title": one.title[:LONGEST_TITLE], "planes": packed})
    text = without_halves(json.dumps(entries, ensure_ascii=False))
    if len(text) > MOST_TEXT:
        raise ModelError(
            f"The sample drawings take more than {MOST_TEXT >> 20} MB; take some away, or plainer ones."
        )
    return text


def _packed(plane: Pixels) -> str:
    return base64.b64encode(pictures.to_png_bytes(plane)).decode("ascii")


def _drawing(entry: Any, input: InputKind) -> SampleDrawing | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("planes"), dict):
        return None
    title = entry.get("title")
    if not isinstance(title, str) or len(title) > LONGEST_TITLE or not title.isprintable():
        title = ""
    wanted = {"lines", "hints"} if input == "sketch" else {"pixels"}
    planes = entry["planes"]
    if not planes.keys() <= wanted or not planes.keys() & {"lines", "pixels"}:
        return None
    try:
        made = {name: _plane(name, text) for name, text in planes.items()}
    except (PictureError, ValueError):
        return None
    if len({plane.shape[:2] for plane in made.values()}) != 1:
        return None
    return SampleDrawing(title, Picture(**made))


def _plane(name: str, text: Any) -> Pixels:
    """One plane: lines (H, W), hints (H, W, 4), pixels (H, W, 3).

    Raises:
        PictureError, ValueError: it is none, or too large.
    """
    if not isinstance(text, str):
        raise ValueError("no text")
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    with pictures.opened(content, ("PNG",), MOST_EDGE * MOST_EDGE) as image:
        if max(image.size) > MOST_EDGE:
            raise ValueError("too large")
    reading = pictures.read(content, most=MOST_EDGE * MOST_EDGE)
    if name == "lines":
        return np.ascontiguousarray(reading.pixels.min(2))
    if name == "pixels":
        return reading.pixels
    height, width = reading.pixels.shape[:2]
    alpha = np.full((height, width), 255, np.uint8) if reading.alpha is None else reading.alpha
    return np.ascontiguousarray(np.dstack([reading.colours, alpha]))
