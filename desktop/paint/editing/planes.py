"""What the network sees of a document, kept up to date rectangle by rectangle."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from desktop.paint.editing.history import Change
from desktop.paint.editing.layer_stack import LayerStack
from desktop.paint.layers.composite import composite, luma, to_rgb, to_straight
from desktop.paint.layers.layer import Layer, Role
from engine.data.dirty import NOTHING, Dirty
from engine.data.messages import Pixels
from engine.data.rect import Rect


class Planes:
    """Ready-made arrays of a stack of layers, of which only what changed is composed anew.

    An array that was handed out is never written to again: the next one starts as its copy. One
    that hasn't changed is handed out again.
    """

    def __init__(self, stack: LayerStack) -> None:
        self._stack = stack
        self._ready: dict[str, Pixels] = {}
        self._stale: dict[str, Dirty] = {}

    def lines(self) -> Pixels:
        """uint8 (H, W): lightness of the lines layers over white, 255 paper to 0 full ink."""
        return self._fresh(
            "lines", lambda rect: luma(composite(self._layers(Role.LINES), rect, (255, 255, 255)))
        )

    def hints(self) -> Pixels:
        """uint8 (H, W, 4): the hint layers, straight RGBA."""
        return self._fresh("hints", lambda rect: to_straight(composite(self._layers(Role.HINTS), rect, None)))

    def flat(self) -> Pixels:
        """uint8 (H, W, 3): all layers that are sent, over paper, RGB."""
        return self._fresh("flat", lambda rect: to_rgb(composite(self._layers(), rect, self._stack.paper)))

    def repainted(self, layer: Layer, rect: Rect) -> None:
        """Pixels of ``layer`` are others now."""
        if layer.role is Role.LINES or layer.role is Role.HINTS:
            self._spoil(layer.role.value, rect)
        if layer.role.sent:
            self._spoil("flat", rect)

    def changed(self, change: Change) -> None:
        """A step was done, undone or redone."""
        if not change.sent:
            return
        if change.layer is not None:
            self.repainted(self._stack.layer(change.layer), change.rect)
        else:
            for name in ("lines", "hints", "flat"):
                self._spoil(name, change.rect)

    def _layers(self, role: Role | None = None) -> Iterator[Layer]:
        for layer in self._stack.layers:
            if layer.role is role or (role is None and layer.role.sent):
                yield layer

    def _spoil(self, name: str, rect: Rect) -> None:
        self._stale[name] = self._stale.get(name, NOTHING).spread(rect)

    def _fresh(self, name: str, compose: Callable[[Rect], Pixels]) -> Pixels:
        bounds = self._stack.bounds
        ready = self._ready.get(name)
        if ready is None or ready.shape[:2] != (bounds.height, bounds.width):
            ready = compose(bounds)
        else:
            stale = self._stale.get(name, NOTHING).within(bounds)
            if stale:
                ready = compose(bounds) if stale == bounds else ready.copy()
                if stale != bounds:
                    ready[stale.rows, stale.columns] = compose(stale)
        ready.flags.writeable = False
        self._stale[name] = NOTHING
        self._ready[name] = ready
        return ready
