"""What was asked of the engine, what it is at, and what of it is on show: plain state, no engine, no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.data.dirty import EVERYTHING, NOTHING, Dirty
from engine.data.messages import Ticket
from engine.data.rect import Rect


@dataclass(frozen=True)
class Passes:
    """The passes on one picture with one model. Every method returns what is so afterwards."""

    generation: int = 0
    """Which document and model; answers to an older one count no more."""
    model: int = 0
    """The generation that the model was asked for in: another document may have come since."""
    revision: int = 0
    """Of the picture; grows with every edit."""
    sent: int = -1
    """The revision that was sent last, in this generation."""
    shown: int = -1
    """The revision of the preview on show."""
    running: bool = False
    """A pass was asked for, and has not ended."""
    dirty: Dirty = EVERYTHING
    """What has changed since the revision that was sent last."""

    @property
    def ticket(self) -> Ticket:
        """What the picture as it is now is sent under."""
        return Ticket(self.generation, self.revision)

    @property
    def is_due(self) -> bool:
        """The picture has changed since it was sent."""
        return self.sent != self.revision

    @property
    def is_behind(self) -> bool:
        """The picture has changed since the preview on show."""
        return self.shown != self.revision

    def is_newer(self, ticket: Ticket) -> bool:
        """Whether the preview made for ``ticket`` is newer than the one on show."""
        return ticket.revision > self.shown

    def another_document(self) -> Passes:
        """Another document is on the canvas; the model stays."""
        return Passes(self.generation + 1, self.model, self.revision)

    def another_model(self) -> Passes:
        """A model is asked for, or none is wanted."""
        return Passes(self.generation + 1, self.generation + 1, self.revision)

    def edited(self, area: Rect | None) -> Passes:
        """The picture has changed inside ``area``, or anywhere if None."""
        return replace(self, revision=self.revision + 1, dirty=self.dirty.spread(area))

    def asked(self) -> Passes:
        """The picture is sent as it is now."""
        return replace(self, sent=self.revision, running=True, dirty=NOTHING)

    def ended(self, ticket: Ticket) -> Passes:
        """The pass for ``ticket`` has come back, and is shown if it is newer."""
        return replace(self, running=False, shown=max(self.shown, ticket.revision))

    def failed(self) -> Passes:
        """The pass that ran will not come back, and what had changed for it went with it."""
        return replace(self, running=False, dirty=EVERYTHING)

    def overlaid(self) -> Passes:
        """Something else is shown for the picture as it is now."""
        return replace(self, shown=self.revision)
