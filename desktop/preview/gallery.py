"""What the bundled models can do, to be seen: of each a sample drawing, and what the model makes of it.

The engine that runs makes these pictures, one by one, and only while the hand rests and the preview is up to
date: they are never what somebody waits for.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.documents.samples import SampleDrawings, bundled, drawn
from desktop.documents.stroke_controller import StrokeController
from desktop.paint.files.drawing import Drawing
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.tryouts import TryOuts
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from engine.data.card import Card, InputKind
from engine.data.messages import Picture, Pixels, TryOut
from engine.errors import PictureError
from engine.planes.codec import working_size

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exhibit:
    """One model on show."""

    model: Path
    card: Card
    drawing: Path | None = None
    """The sample drawing, as soon as it has been found."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What there is to see of an exhibit."""

    title: str
    """What is drawn."""
    drawn: Pixels
    """The drawing, uint8 (H, W, 3)."""
    preview: Pixels
    """What the model makes of it, uint8 (H, W, 3), of another size."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    exhibit: Exhibit
    title: str
    flat: Pixels
    picture: Picture


DrawingFiles = dict[tuple[InputKind, str], Path]
"""By kind of picture and name of a model: the first drawing that was made for it."""


FIRST = ("shoes", "glossy", "facades", "handbags", "cats", "aerial", "streets")
"""Names of models in the order in which they are shown: what is understood at first sight goes first, and
early among it what is on open terms."""

_SORTS: tuple[InputKind, ...] = ("sketch", "labels", "image")
"""The order of all others, behind them."""


class Gallery(Observable):
    """The bundled models that sample drawings were made for.

    Args:
        canvas: where a drawing comes up.
        samples: draw it.
        fresh: hands on a picture to begin with for a model that has no drawing.
        live: is not to be held up, nor are
        strokes: the hand's.
        tryouts: make the previews.
        library: lists the models.
        parent: owns it.
    """

    exhibits = Property[tuple[Exhibit, ...]](())
    shown = Property[dict[Path, Shown]]({})
    """By model file; those that could be made so far."""

    def __init__(
        self,
        canvas: OnCanvas,
        samples: SampleDrawings,
        fresh: Callable[[Card, Callable[[OpenPicture], object]], object],
        live: Live,
        strokes: StrokeController,
        tryouts: TryOuts,
        library: Library,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._samples, self._fresh = canvas, samples, fresh
        self._live, self._strokes, self._tryouts, self._library = live, strokes, tryouts, library
        self._tasks = TaskQueue("gallery", self)
        self._tasks.error_reported.connect(lambda sentence: log.warning("gallery: %s", sentence))
        self._begun = self._busy = False
        self._found: DrawingFiles | None = None
        self._to_draw: deque[Exhibit] = deque()
        self._drawn: _Drawn | None = None
        # Only when everybody has been told: of a model just opened no preview is behind yet.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._go_on)

    def begin(self) -> None:
        """List the models; what there is to see of them follows by and by. Once is enough."""
        if self._begun:
            return
        self._begun = True
        live = self._live
        exhibits = [
            Exhibit(entry.file, entry.card) for entry in self._library.models if entry.bundled and entry.card
        ]
        self.exhibits = tuple(sorted(exhibits, key=lambda exhibit: rank(exhibit.card)))
        for part, names in ((live, "loading behind settled enabled"), (self._strokes, "drawing")):
            part.watch(names, self._soon.start)
        self._canvas.watch("picture", self._soon.start)

    def put_up(self, exhibit: Exhibit) -> None:
        """Put the exhibit's drawing on the canvas, to be painted on with its model."""
        path = exhibit.drawing

        def put_up(picture: OpenPicture | None) -> None:
            if picture is not None:
                self._canvas.put_up(picture, exhibit.model)

        if path is not None:
            self._canvas.finish_stroke()
            self._samples.have(lambda: drawn(path, exhibit.card), put_up)
        else:
            self._fresh(exhibit.card, put_up)

    @property
    def busy(self) -> bool:
        """Whether a step is being taken, or is about to be."""
        return self._busy or self._soon.isActive()

    def leave(self) -> None:
        """End of the program."""
        self._soon.stop()
        self._tasks.give_up()  # nothing is written

    # --- one step after the other ---------------------------------------------------------------

    def _go_on(self) -> None:
        """Take the next step, if nobody draws or waits for a preview."""
        live = self._live
        waits = live.loading or not live.settled or (live.enabled and live.behind)
        if self._busy or waits or self._strokes.drawing or self._canvas.picture is None:
            return
        self._busy = True
        if self._found is None:
            self._tasks.do(_first_drawings, self._list)
        elif self._drawn is not None:
            drawn = self._drawn
            size = working_size(drawn.picture.size, drawn.exhibit.card)
            self._tryouts.ask(TryOut(drawn.exhibit.model, drawn.picture, size), self._take)
        elif self._to_draw:
            exhibit = self._to_draw.popleft()
            self._tasks.do(lambda: _draw(exhibit), self._hold)
        else:
            self._busy = False

    def _list(self, found: DrawingFiles) -> None:
        self._found = found
        listed = [
            dataclasses.replace(exhibit, drawing=found.get((exhibit.card.input, exhibit.card.name)))
            for exhibit in self.exhibits
        ]
        self.exhibits = tuple(exhibit for exhibit in listed if exhibit.drawing is not None)
        self._to_draw.extend(self.exhibits)
        self._done()

    def _hold(self, drawn: _Drawn | None) -> None:
        self._drawn = drawn
        self._done()

    def _take(self, preview: Pixels | None) -> None:
        drawn, self._drawn = self._drawn, None
        if drawn is not None and preview is not None:
            self.shown = {**self.shown, drawn.exhibit.model: Shown(drawn.title, drawn.flat, preview)}
        self._done()

    def _done(self) -> None:
        self._busy = False
        self._soon.start()


def rank(card: Card) -> int:
    """Where among the others a model is shown."""
    return FIRST.index(card.name) if card.name in FIRST else len(FIRST) + _SORTS.index(card.input)


def _first_drawings() -> DrawingFiles:
    found: DrawingFiles = {}
    for path, drawing in bundled():
        found.setdefault((drawing.kind, drawing.model), path)
    return found


def _draw(exhibit: Exhibit) -> _Drawn | None:
    assert exhibit.drawing is not None
    try:
        drawing = Drawing.load(exhibit.drawing)
        document = drawing.document(exhibit.card.palette)
        drawing.replay(document)
    except PictureError as error:
        log.warning("gallery: %s", error)
        return None
    return _Drawn(exhibit, drawing.title, document.picture_flat().copy(), document.picture())
