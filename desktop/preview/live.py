"""The live side of the session: which model is open, when a pass is asked for, what came back.

*When* is decided here and nowhere else: a pass is asked for as soon as the picture has changed and
none is running; what changes meanwhile goes into the next one. So nothing queues up, an idle
program does nothing, and the picture is copied only as often as the network can use it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.preview.bridge import Bridge
from desktop.support.observable import Observable, Property
from engine.data.card import Card
from engine.data.messages import (
    Failed,
    Import,
    Imported,
    Inspect,
    Inspected,
    ModelOpened,
    Notice,
    OpenModel,
    Picture,
    Pixels,
    Reply,
    Ticket,
    Translate,
    Translated,
    TriedOut,
    TryOut,
    Varied,
    Vary,
)
from engine.data.rect import Rect
from engine.planes.codec import working_size

Size = tuple[int, int]


class Live(Observable):
    """The open model and its previews of one document at a time."""

    enabled = Property(True)
    """Live on or off; off really stops, ``refresh`` still makes a single preview."""
    card = Property[Card | None](None)
    """The model that is ready, or None while none is."""
    model_file = Property[Path | None](None)
    """The model asked for, ready or not."""
    loading = Property(False)
    device = Property("")
    precision = Property("")
    ways = Property("")
    """How the network's convolutions run, as ``engine.devices.trials`` decided, in words."""
    seconds = Property(0.0)
    """Time of the newest pass, seconds."""
    preview = Property[Pixels | None](None)
    """The newest preview, uint8 (H, W, 3) at working size, or None."""
    behind = Property(False)
    """The picture has changed since the preview shown."""
    settled = Property(True)
    """Whether the preview shown is exact all over; else it is so around the newest edit, and the engine
    sends the exact one as soon as the pen rests."""
    exact = Property(False)
    """Plain single precision, though the device has something quicker."""
    native = Property(False)
    """Whether the network runs at the picture's own size."""

    opened = Signal(object)
    """A ``Card``: its model is ready."""
    failed = Signal(str)
    """A sentence on what the engine could not do."""
    refused = Signal(object)
    """The ``Failed`` reply itself, for those who asked; emitted after ``failed``."""
    noticed = Signal(str)
    varied = Signal(object)
    """A ``Varied`` reply of the current generation."""
    inspected = Signal(object)
    imported = Signal(object)
    tried_out = Signal(object)

    def __init__(self, source: Callable[[], Picture], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._bridge = Bridge(self)
        self._bridge.replied.connect(self._take)
        self._generation = 0
        self._revision = 0
        self._sent = -1
        self._shown = -1
        self._busy = False
        self._everything = True
        self._dirty: Rect | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._send)
        self.watch("enabled", self._resume)
        self.watch("native", self._restart)
        self.watch("exact", self._reopen)

    # --- what the session asks -----------------------------------------------------------------

    def open_model(self, path: Path, *, same_picture: bool = False) -> None:
        """Load the model file ``path``; ``opened`` or ``refused`` follows.

        Args:
            path: the model file.
            same_picture: the picture stays, and so does its preview until the new model has made one.
        """
        self._begin(path, keep=same_picture)
        self._bridge.send(OpenModel(self._generation, path, precision="float32" if self.exact else None))

    def close_model(self) -> None:
        """Be without a model."""
        self._begin(None)

    def document_changed(self) -> None:
        """Another document is on the canvas: what was shown no longer belongs to it."""
        if self.model_file is None:
            self._begin(None)
        else:
            # The worker keeps open models, so this is how a new generation is told, not a second load.
            self.open_model(self.model_file)

    def edited(self, rect: Rect | None = None) -> None:
        """The picture has changed inside ``rect`` (picture pixels), or anywhere if None."""
        self._revision += 1
        if rect is None:
            self._everything = True
        else:
            self._dirty = rect if self._dirty is None else self._dirty.united(rect)
        self.behind = self.card is not None or self.loading
        if self.enabled:
            self._soon.start()

    def refresh(self) -> None:
        """Make one preview now, live or not."""
        self._revision += 1
        self._everything = True
        self._send(once=True)

    def vary(self, seeds: tuple[int, ...]) -> bool:
        """Ask for one preview a seed; each arrives as ``varied``. False when no model is ready."""
        if self.card is None:
            return False
        picture = self._source()
        size = working_size(picture.size, self.card, self.native)
        self._bridge.send(Vary(Ticket(self._generation, self._revision), picture, size, seeds))
        return True

    def send(self, request: Inspect | Import | TryOut) -> None:
        """Have a foreign file looked into or imported, or another model tried out.

        ``inspected``, ``imported`` or ``tried_out`` follows, or ``refused``.
        """
        self._bridge.send(request)

    def show(self, preview: Pixels) -> None:
        """Put a kept or chosen frame on show until the picture changes or a newer pass arrives."""
        self._shown = self._revision
        self.preview = preview
        self.behind = False
        self.settled = True

    def stop(self) -> None:
        """End the engine thread."""
        self._soon.stop()
        self._bridge.stop()

    # --- passes --------------------------------------------------------------------------------

    def _begin(self, model: Path | None, *, keep: bool = False) -> None:
        """Begin another generation: no answer to an older request counts any more."""
        self._generation += 1
        self._busy = False
        self._everything, self._dirty = True, None
        self._sent = self._shown = -1
        self.card = None
        self.model_file = model
        self.loading = model is not None
        if not keep:
            self.preview = None
        self.behind = self.preview is not None
        self.settled = True

    def _resume(self) -> None:
        """Switched on again: catch up, if there is anything to catch up with."""
        if self.enabled and self.behind:
            self._soon.start()

    def _restart(self) -> None:
        """The network runs at another size."""
        if self.card is not None:
            self.edited()

    def _reopen(self) -> None:
        """The network calculates in other numbers."""
        if self.model_file is not None:
            self.open_model(self.model_file, same_picture=True)

    def _send(self, once: bool = False) -> None:
        if self.card is None or (self._busy and not once):
            return
        if self._sent == self._revision or not (self.enabled or once):
            return
        picture = self._source()
        size = working_size(picture.size, self.card, self.native)
        dirty = None if self._everything or self._dirty is None else _scaled(self._dirty, picture.size, size)
        self._sent = self._revision
        self._everything, self._dirty = False, None
        self._busy = True
        self._bridge.send(Translate(Ticket(self._generation, self._revision), picture, size, dirty))

    def _take(self, reply: Reply) -> None:
        match reply:
            case Translated():
                self._take_preview(reply)
            case ModelOpened() if reply.generation == self._generation:
                self.device, self.precision, self.ways = reply.device, reply.precision, reply.ways
                self.loading = False
                self.card = reply.card
                self.opened.emit(reply.card)
                self.edited()
                if not self.enabled:
                    self.refresh()  # off or not, the preview is never empty, nor another model's
            case Varied() if reply.ticket.generation == self._generation:
                self.varied.emit(reply)
            case Inspected():
                self.inspected.emit(reply)
            case Imported():
                self.imported.emit(reply)
            case TriedOut():
                self.tried_out.emit(reply)
            case Notice():
                self.noticed.emit(reply.sentence)
            case Failed():
                self._take_failure(reply)

    def _take_preview(self, reply: Translated) -> None:
        generation, revision = reply.ticket
        if generation != self._generation:
            return
        if reply.settled and revision == self._shown and not self.settled:
            # Of the preview on show. Nobody asked for it, so it ends nothing that runs.
            self.preview, self.settled, self.seconds = reply.preview, True, reply.seconds
            return
        self._busy = False
        self.seconds, self.device = reply.seconds, reply.device
        if revision > self._shown:
            self._shown = revision
            self.preview, self.settled = reply.preview, reply.settled
        self.behind = self._shown != self._revision
        self._catch_up()

    def _take_failure(self, reply: Failed) -> None:
        match reply.request:
            case (
                OpenModel(generation=generation)
                | Translate(ticket=(generation, _))
                | Vary(ticket=(generation, _))
            ) if generation != self._generation:
                return
            case OpenModel():
                self.loading = False
            case Translate():
                self._busy = False
                self._everything = True  # its ``dirty`` went with it
            case TryOut():  # nobody waits for it, so nobody need be told
                self.refused.emit(reply)
                return
        self.failed.emit(reply.sentence)
        self.refused.emit(reply)
        if isinstance(reply.request, Translate):
            self._catch_up()

    def _catch_up(self) -> None:
        """A pass has ended: start another if the picture has changed since it was asked for."""
        if self.enabled and self._sent != self._revision:
            self._send()


def _scaled(rect: Rect, document: Size, working: Size) -> Rect:
    """``rect`` of document pixels in working pixels, grown so that it covers every one touched."""
    across, down = working[0] / document[0], working[1] / document[1]
    margin = 2  # an antialiased reduction looks a little past its own pixel
    scaled = Rect.spanning(
        int(rect.left * across) - margin,
        int(rect.top * down) - margin,
        int(rect.right * across) + 1 + margin,
        int(rect.bottom * down) + 1 + margin,
    )
    return scaled.intersected(Rect(0, 0, *working))
