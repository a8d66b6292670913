"""A whole document as it is now, to be written on another thread; what is edited later goes by."""

from __future__ import annotations

from collections.abc import Iterator

from desktop.paint.editing.document import Document
from desktop.paint.editing.layer_stack import LayerStack
from desktop.paint.layers.frozen import Frozen
from desktop.paint.layers.layer import Layer


class Moment:
    """Takes next to no time, whatever the size. Made on the document's own thread, read on any one.

    Args:
        document: no stroke may be open in it, see ``Document.finish_stroke``.
    """

    def __init__(self, document: Document) -> None:
        assert not document.is_drawn_on, "an open stroke is neither in nor out"
        self.revision = document.revision
        self._kind, self._size = document.kind, (document.width, document.height)
        self._paper, self._palette = document.paper, document.palette
        self._model, self._extras = document.model, dict(document.extras)
        self._layers = [Frozen(layer) for layer in document.layers]
        self._active = document.layers.index(document.active)
        self._styles = document.style, document.named_styles
        self._frames, self._holds = document.frames, document.holds

    def layers(self) -> Iterator[Layer]:
        """The layers with all their pixels, bottom first; each can be had once, so that few are in memory."""
        while self._layers:
            yield self._layers.pop(0).layer()

    def document(self) -> Document:
        """A document of its own, without history, that is as the other one was."""
        layers = [layer.layer() for layer in self._layers]
        active = layers[self._active]
        stack = LayerStack(self._kind, *self._size, layers, self._paper, self._palette, active, *self._styles)
        stack.holds = self._holds
        document = Document(stack)
        document.model, document.extras = self._model, dict(self._extras)
        document.frames = self._frames
        return document
