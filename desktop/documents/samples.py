"""The drawings that come along: examples to begin with, and what welcome and lessons are made of."""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Signal

import resources
from desktop.documents.open_documents import OpenPicture
from desktop.paint.files.drawing import Drawing
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from engine.data.card import Card, InputKind
from engine.data.palette import Palette
from engine.errors import PictureError

log = logging.getLogger(__name__)

OwnSample = Callable[[], OpenPicture]
"""Makes a picture of a sample drawing that came with its model."""


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


class SampleDrawings(Observable):
    """Has sample drawings drawn beside the pen, and hands on the one that was asked for last.

    Args:
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    drawing = Property(False)
    """One is on its way."""

    error_reported = Signal(str)

    def __init__(
        self, when_the_pen_is_up: Callable[[Callable[[], object]], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._when_the_pen_is_up = when_the_pen_is_up
        self._tasks = TaskQueue("sample drawings", self)
        self._tasks.error_reported.connect(self._failed)
        self._number = 0
        """Of the one asked for last."""
        self._rounds: dict[tuple[object, ...], Iterator[Path | OwnSample]] = {}
        self.own: Callable[[Card], tuple[OwnSample, ...]] = lambda _card: ()

    def have(
        self, make: Callable[[], OpenPicture | None], then: Callable[[OpenPicture | None], object]
    ) -> None:
        """Have a picture made, with the methods below, and hand it on; of several only the last.

        Args:
            make: called on another thread.
            then: called on the UI thread, while no stroke goes on.
        """
        self.drop()
        self.drawing, number = True, self._number

        def arrive(picture: OpenPicture | None) -> None:
            self._when_the_pen_is_up(lambda: self._hand_on(number, picture, then))

        self._tasks.do(make, arrive)

    def drop(self) -> None:
        """Something else comes on the canvas: nobody waits any more."""
        self._tasks.forget()
        self._number += 1
        self.drawing = False

    def leave(self) -> None:
        """End of the program."""
        self.drop()
        self._tasks.give_up()  # nothing is written

    def next(self, kind: InputKind, card: Card | None) -> OpenPicture | None:
        """The next sample drawing for a model, round and round; those that came with it go first.

        Raises:
            PictureError: it can't be read, or not be drawn.
        """
        name = card.name if card else ""
        palette = card.palette if card else None
        own = self.own(card) if card is not None and card.input == kind else ()
        key = kind, name, palette.name if palette else "", own
        if key not in self._rounds:
            found: list[Path | OwnSample] = [*own, *samples(kind, name, palette)]
            # The first one is the first impression; the others come in a random order.
            random.shuffle(rest := found[1:])
            self._rounds[key] = itertools.cycle(found[:1] + rest)
        chosen = next(self._rounds[key], None)
        if chosen is None:
            return None
        return drawn(chosen, card) if isinstance(chosen, Path) else chosen()

    def _hand_on(
        self, number: int, picture: OpenPicture | None, then: Callable[[OpenPicture | None], object]
    ) -> None:
        if number == self._number:
            self.drawing = False
            then(picture)

    def _failed(self, sentence: str) -> None:
        self.drawing = False
        self.error_reported.emit(sentence)


def drawn(path: Path, card: Card | None) -> OpenPicture:
    """A sample drawing, as a picture of its own to go on with. Slow: it is read in 10 to 40 ms, and drawn in
    tenths of a second.

    Args:
        path: the drawing.
        card: of the model that is to paint it; a label picture gets its palette.

    Raises:
        PictureError: it can't be read, or not be drawn.
    """
    drawing = Drawing.load(path)
    document = drawing.document(card.palette if card else None)
    drawing.replay(document)
    document.forget_history()
    document.select([layer for layer in document.layers if layer.role.sent][-1].id)
    document.picture()  # made here, where the pen doesn't wait for it
    return OpenPicture(document, title=drawing.title)
