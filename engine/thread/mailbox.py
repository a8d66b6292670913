"""Where requests wait for the engine thread: one slot a kind, the newest wins, so nothing queues up."""

from __future__ import annotations

import dataclasses
import threading

from engine.data.dirty import EVERYTHING, Dirty
from engine.data.messages import Import, Inspect, OpenModel, ReadStyle, Request, Translate, TryOut, Vary

_ORDER: tuple[type[Request], ...] = (OpenModel, Translate, ReadStyle, Vary, Inspect, Import, TryOut)
"""A model comes before the passes on it, what the pen waits for before what a click waits for, and what
nobody has asked for comes last."""


class Mailbox:
    """Filled by any thread, emptied by one."""

    def __init__(self) -> None:
        self._slots: dict[type[Request], Request] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, request: Request) -> None:
        """Leave a request, in place of an unread one of its kind. Ignored once closed."""
        with self._changed:
            unread = self._slots.get(type(request))
            if isinstance(request, Translate) and isinstance(unread, Translate):
                request = _united(unread, request)
            self._slots[type(request)] = request
            self._changed.notify()

    def take(self) -> Request | None:
        """The most urgent request, as soon as there is one; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._slots or self._closed)
            if self._closed:
                return None
            return self._slots.pop(next(kind for kind in _ORDER if kind in self._slots))

    def rests(self, seconds: float) -> bool:
        """Whether nothing arrives for so long; returns at once, with False, if something is there."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._slots or self._closed, seconds)

    def empty(self) -> bool:
        """Whether nothing is asked."""
        with self._changed:
            return not self._slots and not self._closed

    def take_translate(self) -> Translate | None:
        """The waiting ``Translate``, if there is one that waits for no model itself; doesn't wait."""
        with self._changed:
            request = None if OpenModel in self._slots else self._slots.pop(Translate, None)
            return request if isinstance(request, Translate) else None

    def superseded(self, request: Request) -> bool:
        """Whether nobody waits for the rest of a request that was taken: a newer one of its kind, or
        another model, is asked for, or everything ends."""
        with self._changed:
            return self._closed or OpenModel in self._slots or type(request) in self._slots

    def postpone(self, request: Request) -> None:
        """Leave a request that was taken back where it waited, unless a newer one of its kind is there."""
        with self._changed:
            self._slots.setdefault(type(request), request)

    def close(self) -> None:
        """Forget what waits and let ``take`` return None from now on."""
        with self._changed:
            self._closed = True
            self._slots.clear()
            self._changed.notify_all()


def _united(unread: Translate, newer: Translate) -> Translate:
    """The newer request, its ``dirty`` covering what the unread one would have."""
    alike = unread.ticket.generation == newer.ticket.generation and unread.size == newer.size
    dirty = Dirty(newer.dirty).spread(unread.dirty) if alike else EVERYTHING
    return dataclasses.replace(newer, dirty=dirty.area)
