"""Single previews in styles other than the picture's, one after the other, while the hand rests.

The engine has one place for such requests, and a newer one takes the place of an unread one; so only one is
with it at a time, and none while variations are made. The pen waits for one pass at most.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from desktop.documents.stroke_controller import StrokeController
from desktop.preview.live import Live
from engine.data.messages import Failed, Picture, Pixels, Varied, Vary
from engine.data.style import Code

Done = Callable[[Pixels | None], object]
"""Called on the UI thread with the preview, uint8 (H, W, 3) at working size; with None if it won't come."""

FIRST = 1 << 31
"""Seeds of variations are smaller."""

RESTS_MS = 150
"""So long nothing must have happened."""


class Turn:
    """A preview that was asked for.

    Args:
        picture: None for the one on the canvas.
        style: a code of the open model.
        done: who waits for it.
        asker: who asked, see ``Turns.go_first``.
    """

    def __init__(self, picture: Picture | None, style: Code, done: Done, asker: object) -> None:
        self.picture, self.style, self.done, self.asker = picture, style, done, asker
        self.is_dropped = False
        self.drawn = -1
        """Of which drawing it is, see ``Live.drawn``; set when the engine is asked."""

    def drop(self) -> None:
        """Nobody waits for it any more; ``done`` isn't called."""
        self.is_dropped = True


class Turns(QObject):
    """Those who ask take turns, in the order in which they asked, but for one who may go first."""

    def __init__(self, live: Live, strokes: StrokeController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live, self._strokes = live, strokes
        self._asked: deque[Turn] = deque()
        self._sent: tuple[int, Turn] | None = None
        self._first: object = None
        self._numbers = itertools.count(FIRST)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(RESTS_MS)
        self._rest.timeout.connect(self._go_on)
        live.varied.connect(self._take)
        live.refused.connect(self._refused)
        live.watch("varying", self._resume)
        live.watch("card loading", self._begin_anew)
        live.opened.connect(lambda _card: self._ask_again())  # of another document no answer counts
        live.watch("behind settled enabled", self._wait)
        strokes.watch("drawing", self._wait)

    def ask(self, style: Code, done: Done, picture: Picture | None = None, asker: object = None) -> Turn:
        """Have a preview made; see ``Turn``."""
        turn = Turn(picture, style, done, asker)
        self._asked.append(turn)
        self._go_on()
        return turn

    def go_first(self, asker: object) -> None:
        """All others wait until ``asker``, at whose previews somebody looks now, stands back: by turns each
        pass would be in another style, for which the network is prepared anew."""
        self._first = asker

    def stand_back(self, asker: object) -> None:
        """The others may go on."""
        if self._first is asker:
            self._first = None
            self._go_on()

    def stop(self) -> None:
        """End of the program."""
        self._rest.stop()
        self._asked.clear()

    @property
    def _is_busy(self) -> bool:
        """The engine has something to do that goes first, or the hand draws."""
        live = self._live
        waits = live.enabled and (live.behind or not live.settled)
        return self._sent is not None or waits or self._strokes.drawing or live.varying > 0

    def _go_on(self) -> None:
        if self._live.card is None or self._is_busy or self._rest.isActive():
            return
        self._asked = deque(turn for turn in self._asked if not turn.is_dropped)
        turn = next((it for it in self._asked if self._first in (None, it.asker)), None)
        if turn is not None:
            self._asked.remove(turn)
            number = next(self._numbers)
            self._sent, turn.drawn = (number, turn), self._live.drawn
            self._live.make_one(number, turn.style, turn.picture)

    def _wait(self) -> None:
        """Something happened; let it be quiet first."""
        self._rest.start()

    def _resume(self) -> None:
        if self._live.varying:  # they may have taken its place
            self._ask_again()
        self._go_on()

    def _ask_again(self) -> None:
        """What is with the engine may never come."""
        if self._sent is not None:
            self._asked.appendleft(self._sent[1])
            self._sent = None
            self._wait()

    def _take(self, reply: Varied) -> None:
        if self._sent is not None and self._sent[0] == reply.seed:
            self._end(reply.preview)

    def _refused(self, reply: Failed) -> None:
        if (
            isinstance(reply.request, Vary)
            and self._sent is not None
            and self._sent[0] in reply.request.seeds
        ):
            self._end(None)

    def _end(self, preview: Pixels | None) -> None:
        assert self._sent is not None
        (_, turn), self._sent = self._sent, None
        if not turn.is_dropped:
            turn.done(preview)
        self._go_on()

    def _begin_anew(self) -> None:
        """Another model: nothing that was asked for comes, and codes mean something else."""
        gone = [*([self._sent[1]] if self._sent else []), *self._asked]
        self._sent = None
        self._asked.clear()
        for turn in gone:
            if not turn.is_dropped:
                turn.done(None)
        self._wait()
