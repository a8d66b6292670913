"""Sample drawings that travel with a model: picked from what is open or kept, and put on the canvas again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.preview.shelf import Frame
from engine.data.card import Card, InputKind
from engine.data.messages import Picture, Pixels
from engine.errors import ModelError
from engine.models import drawings
from engine.models.catalogue import Entry
from engine.models.drawings import LONGEST_TITLE, MOST_EDGE, SampleDrawing
from engine.planes.codec import scaled, scaled_labels


@dataclass(frozen=True)
class Choice:
    """Something that could become a sample drawing."""

    title: str
    pick: Callable[[], SampleDrawing]


def choices(pictures: Sequence[OpenPicture], frames: Sequence[Frame], input: InputKind) -> list[Choice]:
    """What of all that is open, and of the kept frames, a model could paint.

    Args:
        input: what the model wants painted.
    """
    found = [
        Choice(picture.name, partial(_of_document, picture.document, picture.name))
        for picture in pictures
        if picture.document.kind == input and picture.translated
    ]
    for frame in frames:
        if frame.picture is not None and frame.kind == input:
            found.append(Choice(frame.name, partial(_of_frame, frame)))
    return found


def document_of(drawing: SampleDrawing, card: Card) -> Document:
    """A sample drawing as a document of its own.

    Raises:
        PictureError: it is of another kind than the model's pictures.
    """
    return Document.from_planes(card.input, drawing.picture, card.palette if card.input == "labels" else None)


class Examples:
    """The sample drawings of models by their cards, read once from each file."""

    def __init__(self, models: Callable[[], Sequence[Entry]]) -> None:
        self._models = models
        self._known: dict[tuple[Path, int], tuple[Callable[[], OpenPicture], ...]] = {}

    def of(self, card: Card) -> tuple[Callable[[], OpenPicture], ...]:
        """What puts each of a model's own drawings on the canvas; the same ones every time."""
        file = next((entry.file for entry in self._models() if entry.card == card), None)
        if file is None:
            return ()
        try:
            key = file, file.stat().st_mtime_ns
            if key not in self._known:
                found = drawings.read(file, card.input)
                self._known[key] = tuple(partial(_picture, drawing, card) for drawing in found)
        except (OSError, ModelError):  # whoever opens the model is told
            return ()
        return self._known[key]


def _picture(drawing: SampleDrawing, card: Card) -> OpenPicture:
    document = document_of(drawing, card)
    document.select([layer for layer in document.layers if layer.role.sent][-1].id)
    return OpenPicture(document, title=drawing.title or card.name)


def _of_document(document: Document, title: str) -> SampleDrawing:
    document.finish_stroke()
    return SampleDrawing(_title(title), _reduced(document.picture(), document.kind))


def _of_frame(frame: Frame) -> SampleDrawing:
    assert frame.picture is not None
    document = Document.from_snapshot(frame.picture)
    return SampleDrawing(_title(frame.name), _reduced(document.picture(), document.kind))


def _title(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_TITLE]


def _reduced(picture: Picture, kind: InputKind) -> Picture:
    """The picture with no more than ``MOST_EDGE`` pixels along its longer edge."""
    width, height = picture.size
    share = MOST_EDGE / max(width, height)
    if share >= 1:
        return picture
    size = max(1, round(width * share)), max(1, round(height * share))

    def small(plane: Pixels | None) -> Pixels | None:
        if plane is None:
            return None
        return scaled_labels(plane, size) if kind == "labels" else scaled(plane, size)

    return Picture(pixels=small(picture.pixels), lines=small(picture.lines), hints=small(picture.hints))
