"""First drafts of label maps: after every few finished ones a recogniser learns from them, and reads on.

It learns in a process of its own that lets everybody else go first; while a training goes on it waits, and it
never begins with too few maps.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal

from desktop.documents.on_canvas import OnCanvas
from desktop.paint.editing.document import Change, Document, Layer, Role
from desktop.paint.layers.composite import from_straight, packed
from desktop.paint.strokes.stroke import Ink
from desktop.pairs import kept_drafts, photos
from desktop.pairs.kept_drafts import Drafts
from desktop.pairs.photos import Photo, PhotoSet
from desktop.support import background
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from desktop.training.current import Training
from engine.data.messages import Pixels
from engine.errors import PictureError
from trainer.drafting.files import FEWEST, PROGRESS
from trainer.machine import at_work

SECONDS = 100.0
"""Of learning; with looking at what is learnt from, and starting, two minutes at most."""
LOOK_SECONDS = 0.5
"""Seconds between two looks at how far it is."""
_OTHERS = 1.0
"""Seconds between two looks at whether other programs still train."""
_MADE_BY = "draft"
"""What a picture's extras call how many maps its draft was made by."""


class LabelDrafts(Observable):
    """Has drafts learnt for the data set that grows, and lays them.

    Args:
        canvas: where they are laid.
        training: never learns beside it.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    learning = Property(False)
    waiting = Property(False)
    """It would learn, but a training goes on."""
    progress = Property[tuple[float, int]]((0.0, 0))
    """Which share is learnt, and how many photos were read since."""
    drafts = Property[Drafts | None](None)
    """What there is; None while no label maps are made."""
    filling = Property(True)
    """A photo that comes up without a map gets its draft by itself."""

    _went_on = Signal(object)
    _waits = Signal(object, bool)
    """What gives the learning up, and whether it waits for another program's training."""
    _came = Signal(object, object)
    """What gives the learning up, and the drafts that there are so far."""

    def __init__(
        self,
        canvas: OnCanvas,
        training: Training,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._training = canvas, training
        self._when_the_pen_is_up = when_the_pen_is_up
        self._tasks = TaskQueue("label drafts", self)
        self._tasks.error_reported.connect(self._failed)
        self._reading = TaskQueue("reading drafts", self)
        self._reading.error_reported.connect(canvas.error_reported)
        self._given_up = threading.Event()
        self._photo_set: PhotoSet | None = None
        self._index = 0
        self._refused = 0
        """Maps at which it was cancelled, or failed: it is tried again after some more."""
        self._went_on.connect(self._go_on, Qt.ConnectionType.QueuedConnection)
        self._came.connect(self._take_first, Qt.ConnectionType.QueuedConnection)
        self._waits.connect(self._wait, Qt.ConnectionType.QueuedConnection)
        training.watch("phase", self._notice_training)

    # --- learning ------------------------------------------------------------------------------

    def begin(self, photo_set: PhotoSet, drafts: Drafts) -> None:
        """Make drafts for the photos of a photo_set, where there are those of an earlier day."""
        self.end()
        self.drafts = drafts
        self.follow(photo_set, 0)

    def follow(self, photo_set: PhotoSet, index: int) -> None:
        """The photos as they are now, and which photo is at hand: learn where there are enough new maps."""
        self._photo_set, self._index = photo_set, index
        if self.drafts is None or self.learning:
            return
        maps = photo_set.by_hand
        learnt = self.drafts.maps if self.drafts.whole else 0  # what was interrupted is done again
        known = max(learnt, self._refused) if maps >= learnt else self._refused
        due = maps >= FEWEST and maps // FEWEST > known // FEWEST
        self.waiting = due and self._training.goes_on
        if due and not self.waiting and any(not photo.pair for photo in photo_set.photos):
            self._learn(photo_set, index)

    def cancel(self) -> None:
        """Learn nothing now; after some more maps it is tried again."""
        if self.learning and self._photo_set is not None:
            self._refused = self._photo_set.by_hand
        self._stop()

    def end(self) -> None:
        """No label maps are made any more."""
        self._stop()
        self._photo_set, self.drafts, self._refused = None, None, 0

    def leave(self) -> None:
        """End of the program; what was being learnt is learnt another time."""
        self._given_up.set()
        self._tasks.give_up()  # it is told to end, but what it learns from may lie where nothing answers
        self._reading.give_up()

    def _stop(self) -> None:
        self._given_up.set()
        self._tasks.forget()
        self.learning = self.waiting = False

    def _learn(self, photo_set: PhotoSet, index: int) -> None:
        self.progress = 0.0, 0
        self.learning = True
        given_up = self._given_up = threading.Event()
        after, before = photo_set.photos[index:], photo_set.photos[:index]
        wanted = [photo for photo in (*after, *before) if not photo.pair]
        self._tasks.do(lambda: self._have_learnt(photo_set.folder, wanted, given_up), self._take)

    def _have_learnt(self, data: Path, wanted: list[Photo], given_up: threading.Event) -> Drafts | None:
        """On the task queue's thread."""
        # Of the queue, or begun in a terminal; those of this window are waited for without a thread.
        while at_work.others() and not given_up.is_set():
            self._waits.emit(given_up, True)
            given_up.wait(_OTHERS)
        self._waits.emit(given_up, False)
        out = kept_drafts.drafts_folder(data)
        last, written = 0.0, kept_drafts.written(out)

        def look() -> bool:
            nonlocal last, written
            now = time.monotonic()
            if not given_up.is_set() and now - last > LOOK_SECONDS:
                last = now
                self._went_on.emit(kept_drafts.progress(out))
                before, written = written, kept_drafts.written(out)
                if written != before:
                    self._came.emit(given_up, kept_drafts.read(out))
            return given_up.is_set()

        (out / PROGRESS).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="underpaint-") as name:
            listed = Path(name, "photos.json")
            marks = [(photo.mark, str(photo.file.absolute())) for photo in wanted]
            listed.write_text(json.dumps(marks), "utf-8", "surrogatepass")
            words = ["drafts", str(data), str(listed), str(out), "--seconds", str(SECONDS), "--gently"]
            wrong = background.done(words, look)
        if given_up.is_set():
            return None
        if wrong:
            raise PictureError(wrong)
        return kept_drafts.read(out)

    def _take(self, found: Drafts | None) -> None:
        self.learning = self.waiting = False
        if found is None or self._photo_set is None:
            return
        if not found.maps:  # what was learnt can't be read: not again and again
            self._refused = self._photo_set.by_hand
        self.drafts = found
        self.follow(self._photo_set, self._index)  # maps may have been finished meanwhile

    def _wait(self, learning: threading.Event, waits: bool) -> None:
        if self.learning and learning is self._given_up:
            self.waiting = waits

    def _go_on(self, progress: tuple[float, int]) -> None:
        if self.learning:
            self.progress = progress

    def _take_first(self, learning: threading.Event, found: Drafts) -> None:
        """Some photos were read: whoever comes to one needn't wait for the others."""
        if self.learning and learning is self._given_up and found.maps:
            self.drafts = found

    def _failed(self, sentence: str) -> None:
        self.learning = self.waiting = False
        if self._photo_set is not None:
            self._refused = self._photo_set.by_hand
        self._canvas.error_reported.emit(sentence)

    def _notice_training(self) -> None:
        """Two trainings would fight for the processor."""
        if self._training.goes_on and self.learning:
            self._stop()
        if self._photo_set is not None:
            self.follow(self._photo_set, self._index)

    # --- laying --------------------------------------------------------------------------------

    def found(self, photo: Photo, pixels: Pixels, count: int) -> Pixels | None:
        """The draft of a photo, see ``kept_drafts.labels_of``; on any thread but that of the pen."""
        drafts = self.drafts
        if drafts is None or photos.was_replaced(photo):  # it is of another picture then
            return None
        return kept_drafts.labels_of(drafts, photo.mark, pixels, count)

    def draw(self, photo: Photo, quietly: bool = False) -> None:
        """Lay the draft of the photo at hand over what is there, as one step.

        Args:
            quietly: only where nothing is there, and without a word where there is no draft.

        Raises:
            PictureError: there is none, or the picture was cropped.
        """
        document, palette = self._canvas.document, self._canvas.document.palette
        assert palette is not None
        if self.drafts is None or not self.drafts.maps:
            text = self.tr("Drafts come once there are %d finished maps; paint this one by hand.")
            raise PictureError(text % FEWEST)
        if self._photo_set is not None and palette != self._photo_set.palette:
            raise PictureError(self._other_palette())
        pixels = photos.photo_in(document)

        def take(labels: Pixels | None) -> None:
            if self._canvas.picture is None or document is not self._canvas.document:
                return
            if quietly and (labels is None or not document.is_blank or document.palette != palette):
                return
            if document.palette != palette:  # since it was asked for
                self._canvas.error_reported.emit(self._other_palette())
            elif labels is None:
                self._canvas.notice.emit(
                    self.tr(
                        "There is no draft for this photo, or for a part of it; one comes with more maps."
                    )
                )
            else:
                self.lay(document, labels)

        count = len(palette.labels)
        self._reading.do(
            lambda: self.found(photo, pixels, count),
            lambda labels: self._when_the_pen_is_up(lambda: take(labels)),
            "draft",
        )

    def lay(self, document: Document, labels: Pixels) -> None:
        """Lay a draft, label indices uint8 (H, W), on the picture on the canvas."""
        picture = self._canvas.picture
        assert picture is not None
        untouched = picture.is_saved
        maps = self.drafts.maps if self.drafts is not None else 0
        self._canvas.edit(lambda it: _noted(it, maps, lambda: laid(it, labels, self.tr("Draft of labels"))))
        if untouched:  # nothing of anybody's would be lost
            self._canvas.mark_saved(picture)

    def decline(self) -> None:
        """Take the draft away, with what was painted over it: one step, that can be undone."""
        self._canvas.edit(lambda it: _noted(it, 0, lambda: _emptied(it, self.tr("Decline the draft"))))

    def _other_palette(self) -> str:
        palette = self._photo_set.palette if self._photo_set is not None else None
        text = self.tr("The data set is painted in the labels of “%s”; choose that palette again.")
        return text % (palette.name if palette is not None else "")


def made_by(document: Document) -> int:
    """How many maps the draft in a picture was made by; 0 where there is none."""
    maps = document.extras.get(_MADE_BY, 0)
    return maps if type(maps) is int and maps > 0 and not document.is_blank else 0


def _noted(document: Document, maps: int, do: Callable[[], Change]) -> Change:
    """Do something, after which the picture is one whose draft was made by so many maps, as one step."""
    before = document.history.newest
    change = do()
    is_step = document.history.newest is not before
    document.note(_MADE_BY, maps, document.history.undo_text if is_step else "")
    if is_step:
        document.history.join()
    return change


def _labels_layer(document: Document) -> Layer:
    return next((layer for layer in document.layers if layer.role is Role.LABELS), document.active)


def laid(document: Document, labels: Pixels, text: str) -> Change:
    """Labels, indices uint8 (H, W), on the layer of labels, as one step called ``text``."""
    assert document.palette is not None
    recording = document.begin(Ink(), _labels_layer(document))
    recording.put(packed(from_straight(document.palette.colours[labels])), 0, 0, over=True)
    return recording.commit(text)


def _emptied(document: Document, text: str) -> Change:
    recording = document.begin(Ink(), _labels_layer(document))
    background = np.empty((document.height, document.width, 3), np.uint8)
    background[...] = document.paper
    recording.put(packed(from_straight(background)), 0, 0, over=True)
    return recording.commit(text)
