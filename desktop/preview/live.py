"""The live side of the session: which model is open, when a pass is asked for, what came back.

*When* is decided here and nowhere else: a pass is asked for as soon as the picture has changed and
none is running; what changes meanwhile goes into the next one. So nothing queues up, an idle
program does nothing, and the picture is copied only as often as the network can use it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.preview import fitting
from desktop.preview.bridge import Bridge
from desktop.preview.passes import Passes
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
    ReadStyle,
    Reply,
    Request,
    StyleRead,
    Translate,
    Translated,
    TriedOut,
    TryOut,
    Tuned,
    Varied,
    Vary,
)
from engine.data.rect import Rect
from engine.data.style import Code
from engine.planes.codec import working_size

Size = tuple[int, int]


class Live(Observable):
    """The open model and its previews of one document at a time. All of it happens on the UI thread.

    There is no model (``model_file`` is None), or one is ``loading``, or ready (``card``), or it was refused
    (neither, though ``model_file`` says which it was). With each of these, and with each other document, a
    generation begins, and no answer to an earlier one counts. What was asked for and what is on show is in
    ``passes``; of the preview on show, ``settled`` says whether it is exact, and ``behind`` whether the
    picture has changed since.

    The session's parts call the first group of methods below; the engine's replies come in by ``_take``.

    Args:
        source: gives the picture as it is now.
        parent: owns it.
        bridge: leads to the engine thread; None for one of its own.
        style: gives the code that the picture wants, or None for the model's usual one.
        finish: what becomes of each preview, uint8 (H, W, 3), before it is shown; it may not write to it.
    """

    enabled = Property(True)
    """Live on or off; off really stops, ``refresh`` still makes a single preview."""
    card = Property[Card | None](None)
    """The model that is ready, or None while none is."""
    model_file = Property[Path | None](None)
    """The model asked for, ready or not."""
    loading = Property(False)
    device = Property("")
    precision = Property("")
    algorithms = Property("")
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
    single_precision = Property(False)
    """Plain single precision, though the device has something quicker."""
    native = Property(False)
    """Whether the network runs at the picture's own size."""
    varying = Property(0)
    """How many of the previews asked for by ``vary`` are still to come."""

    opened = Signal(object)
    """A ``Card``: its model is ready for the document on the canvas; no pass was asked for yet."""
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
    restyled = Signal()
    """The picture may have another style."""
    style_read = Signal(object)
    """A ``StyleRead`` reply of the model that is open."""

    def __init__(
        self,
        source: Callable[[], Picture],
        parent: QObject | None = None,
        bridge: Bridge | None = None,
        style: Callable[[], Code | None] = lambda: None,
        finish: Callable[[Pixels], Pixels] = lambda made: made,
    ) -> None:
        super().__init__(parent)
        self._source, self._style, self.finish = source, style, finish
        self._made: Pixels | None = None
        """The preview on show before it was finished; None where it came from elsewhere."""
        self._row: frozenset[int] = frozenset()
        """The seeds of the variations that are still to come."""
        self.bridge = bridge or Bridge(self)
        self.bridge.replied.connect(self._take)
        self.passes = Passes()
        """What was asked for, what is on show; changed here alone."""
        self.drawn = 0
        """Rises with all that makes other previews, but with styles."""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._send)
        self.watch("enabled", self._resume)
        self.watch("native", self._restart)
        self.watch("single_precision", self._reopen)

    @property
    def lack(self) -> str:
        """Why there is no preview; a sentence. Only where there is none."""
        if self.loading or self.passes.running or self._soon.isActive():
            return self.tr("The first preview of this picture is still being made; try again in a moment.")
        if self.card is None:
            return self.tr("There is no preview yet; open a model first.")
        return self.tr("The model could not make a preview of this picture; have it “Make one preview”.")

    # --- what the session asks -----------------------------------------------------------------

    def open_model(self, path: Path, *, same_picture: bool = False) -> None:
        """Load the model file ``path``; ``opened`` or ``refused`` follows.

        Args:
            path: the model file.
            same_picture: the picture stays, and so does its preview until the new model has made one.
        """
        self._begin(path, keep=same_picture)
        precision = "float32" if self.single_precision else None
        self.bridge.send(OpenModel(self.passes.generation, path, precision=precision))

    def close_model(self) -> None:
        """Be without a model."""
        self._begin(None)

    def document_changed(self) -> None:
        """Another document is on the canvas: what was shown no longer belongs to it. The model stays."""
        self.passes, self.drawn = self.passes.another_document(), self.drawn + 1
        self._forget_preview()
        if self.card is not None:
            self._begin_passes(self.card)

    def edited(self, rect: Rect | None = None, *, restyled: bool = False) -> None:
        """The picture has changed inside ``rect`` (picture pixels), or anywhere if None; its style alone if
        it is ``restyled``."""
        self.passes = self.passes.edited(rect)
        self.drawn += not restyled
        if restyled or rect is None:
            self.restyled.emit()
        self.behind = self.card is not None or self.loading
        if self.enabled:
            self._soon.start()

    def refresh(self) -> None:
        """Make one preview now, live or not."""
        self.passes = self.passes.edited(None)
        self._send(once=True)

    def vary(self, seeds: tuple[int, ...], styles: tuple[Code, ...] = ()) -> bool:
        """Ask for one preview a seed; each arrives as ``varied``. False when no model is ready.

        Args:
            seeds: whole numbers below 2³¹.
            styles: one a seed, each of which is made without dropout; else all are of the picture's.
        """
        if self.card is None:
            return False
        picture = self._source()
        size = working_size(picture.size, self.card, self.native)
        self._row, self.varying = frozenset(seeds), len(seeds)
        self.bridge.send(Vary(self.passes.ticket, picture, size, seeds, self.code(), styles))
        return True

    def make_one(self, number: int, style: Code, picture: Picture | None = None) -> None:
        """Ask for a preview in a style, see ``desktop.preview.turns``; it arrives as ``varied``.

        Args:
            number: comes back as the seed; 2³¹ or more.
            style: a code of the open model.
            picture: None for a small one of that on the canvas: where the network runs at the picture's own
                size, this one may be the model's. The pen must not wait for what is only looked at.
        """
        assert self.card is not None
        painted = picture or self._source()
        size = working_size(painted.size, self.card, self.native)
        if picture is None and size[0] * size[1] > 2 * self.card.size[0] * self.card.size[1]:
            size = working_size(painted.size, self.card)
        self.bridge.send(Vary(self.passes.ticket, painted, size, (number,), styles=(style,)))

    def code(self) -> Code | None:
        """The picture's style where the open model knows it; None for the usual one."""
        return fitting.style_for(self.card, self._style())

    def send(self, request: Inspect | Import | TryOut | ReadStyle) -> None:
        """Have a foreign file looked into or imported, another model tried out, or a photo's style read.

        ``inspected``, ``imported``, ``tried_out`` or ``style_read`` follows, or ``refused``.
        """
        self.bridge.send(request)

    def show(self, preview: Pixels) -> None:
        """Put a kept or chosen frame on show until the picture changes or a newer pass arrives."""
        self.passes = self.passes.overlaid()
        self.preview, self._made = preview, None
        self.behind = False
        self.settled = True

    def finish_again(self) -> None:
        """What becomes of a preview before it is shown has changed."""
        if self._made is not None:
            self._show_made(self._made)
        elif self.preview is not None and self.card is not None:  # what is on show is finished for good
            self.refresh()

    def stop(self) -> None:
        """End the engine thread."""
        self._soon.stop()
        self.bridge.stop()

    # --- passes --------------------------------------------------------------------------------

    def _begin(self, model: Path | None, *, keep: bool = False) -> None:
        """Begin another generation: no answer to an older request counts any more."""
        self.passes = self.passes.another_model()
        self.loading = model is not None  # first: that there is no model now is only for a moment
        self.card = None
        self.model_file = model
        self._forget_preview(keep=keep)

    def _end_row(self) -> None:
        """No more of the variations will come."""
        self._row, self.varying = frozenset(), 0

    def _forget_preview(self, *, keep: bool = False) -> None:
        self._end_row()
        if not keep:
            self.preview = self._made = None
        self.behind = self.preview is not None
        self.settled = True

    def _begin_passes(self, card: Card) -> None:
        """Model and document are there: they are fitted to each other, then the first preview is made."""
        self.opened.emit(card)
        self.edited()
        if not self.enabled:
            self.refresh()  # off or not, the preview is never empty, nor another model's

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
        passes = self.passes
        if self.card is None or not passes.is_due or (passes.running and not once):
            return
        if not (self.enabled or once):
            return
        picture = self._source()
        size = working_size(picture.size, self.card, self.native)
        area = passes.dirty.area
        dirty = None if area is None else _scaled(area, picture.size, size)
        self.passes = passes.asked()
        self.bridge.send(Translate(passes.ticket, picture, size, dirty, self.code()))

    def _take(self, reply: Reply) -> None:
        match reply:
            case Translated():
                self._take_preview(reply)
            case ModelOpened() if reply.generation == self.passes.model:
                self.device, self.precision, self.algorithms = reply.device, reply.precision, reply.algorithms
                self.card = reply.card
                self.loading = False
                self._begin_passes(reply.card)
            case Tuned() if reply.generation == self.passes.model:
                self.precision, self.algorithms = reply.precision, reply.algorithms
            case Varied() if reply.ticket.generation == self.passes.generation:
                self._row -= {reply.seed}
                self.varying = len(self._row)
                self.varied.emit(reply)
            case StyleRead() if reply.generation == self.passes.model:
                self.style_read.emit(reply)
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
        passes, ticket = self.passes, reply.ticket
        if ticket.generation != passes.generation:
            return
        if reply.settled and ticket.revision == passes.shown and not self.settled:
            # Of the preview on show. Nobody asked for it, so it ends nothing that runs.
            self._show_made(reply.preview)
            self.settled, self.seconds = True, reply.seconds
            return
        self.passes = passes.ended(ticket)
        self.seconds, self.device = reply.seconds, reply.device
        if passes.is_newer(ticket):
            self._show_made(reply.preview)
            self.settled = reply.settled
        self.behind = self.passes.is_behind
        self._catch_up()

    def _show_made(self, made: Pixels) -> None:
        self._made = made
        self.preview = self.finish(made)

    def _take_failure(self, reply: Failed) -> None:
        request = reply.request
        if self._is_past(request):
            return
        match request:
            case OpenModel():
                self.loading = False
            case Translate():
                self.passes = self.passes.failed()
            case Vary(seeds=seeds) if self._row.issuperset(seeds):
                self._end_row()
        if not isinstance(request, TryOut):  # nobody waits for it, so nobody need be told
            self.failed.emit(reply.sentence)
        self.refused.emit(reply)
        if isinstance(request, Translate):
            self._catch_up()

    def _is_past(self, request: Request) -> bool:
        """Whether it was asked for in an earlier generation."""
        match request:
            case OpenModel():
                return request.generation != self.passes.model
            case Translate() | Vary():
                return request.ticket.generation != self.passes.generation
        return False

    def _catch_up(self) -> None:
        """A pass has ended: start another if the picture has changed since it was asked for."""
        if self.enabled and self.passes.is_due:
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
