"""Weights in the layouts that oneDNN wants, made once and not in every pass.

Which layout a convolution wants depends on the processor and on the size of the map: brought a weight in
another one, oneDNN reorders all of it in every pass, which on small maps takes up to a hundred times as long
as the convolution. So a weight is laid out for the sizes that run through it. Different sizes often want the
same layout, so that few of them serve; a network's weights share the ``Room`` that further ones may take.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor

Call = tuple[int, ...]
"""What a weight is asked to be laid out for: the shape of the map, and whatever else makes a difference."""

SPARE = 0.3
"""How much memory further layouts may take, of what the first ones take."""

_MOST_KNOWN = 4096
"""Calls of one sort of weight whose layout is remembered; far more than windows have sizes."""

_UNTOLD = 108
"""The byte of a serialised description that holds the size asked for, whatever the layout is."""

_known: dict[tuple[object, ...], dict[Call, bytes]] = {}
"""For each sort of weight: which layout a call wants. It is the same for every weight of that sort."""


class Room:
    """The memory that a network's weights may take beyond one layout each.

    Attributes:
        left: bytes.
    """

    def __init__(self) -> None:
        self.left = 0


class Layouts:
    """One weight, in as many layouts as its calls want and the room allows."""

    def __init__(
        self,
        weight: Tensor,
        lay_out: Callable[[Tensor, Call], Tensor],
        sort: object,
        first: Call,
        room: Room,
        swapped: bool = False,
    ) -> None:
        """Lay a weight out for its first call.

        Args:
            weight: as torch has it; not kept.
            lay_out: from a weight and a call to the weight laid out, a tensor of the mkldnn layout.
            sort: with the weight's shape and number format decides what ``lay_out`` answers to a call.
            first: the call that will come most often.
            room: shared by the weights of a network.
            swapped: whether ``lay_out`` swaps the first two dimensions, as for transposed convolutions.
        """
        self._lay_out, self._swapped, self._room = lay_out, swapped, room
        self._dtype = weight.dtype
        sort = sort, torch.get_num_threads(), tuple(weight.shape), weight.dtype
        self._wanted = _known.setdefault(sort, {})
        self._ready: dict[Call, Tensor] = {}
        laid = lay_out(weight, first)
        self._bytes = int(torch.ops.mkldnn._nbytes(laid))
        room.left += int(SPARE * self._bytes)
        self._remember(first, _layout(laid))
        self._kept = OrderedDict({self._wanted[first]: laid})
        self._ready[first] = laid

    def __call__(self, call: Call) -> Tensor:
        """The weight, laid out for a call. Where there is no room left, in place of another layout."""
        laid = self._ready.get(call)
        return self._found(call) if laid is None else laid

    def serves(self, call: Call) -> bool:
        """Whether a call can have its layout without another one having to go; if so, it has it then."""
        if call in self._ready:
            return True
        wanted = self._wanted.get(call)
        if self._bytes > self._room.left:
            if wanted is None:
                wanted = self._remember(call, _layout(self._lay_out(self.plain(), call)))
            if wanted not in self._kept:
                return False
        self._found(call)
        return True

    def replace(self, weight: Tensor) -> None:
        """Put another weight of the same shape in its place, in every layout that there is."""
        fresh: dict[int, Tensor] = {}
        for call, laid in self._ready.items():
            if id(laid) not in fresh:
                fresh[id(laid)] = self._lay_out(weight, call)
        self._ready = {call: fresh[id(laid)] for call, laid in self._ready.items()}
        self._kept = OrderedDict((layout, fresh[id(laid)]) for layout, laid in self._kept.items())

    def plain(self) -> Tensor:
        """The weight as torch has it."""
        plain = next(reversed(self._kept.values())).to_dense(self._dtype)
        return plain.transpose(0, 1).contiguous() if self._swapped else plain

    def _found(self, call: Call) -> Tensor:
        wanted = self._wanted.get(call)
        if wanted is None or wanted not in self._kept:
            laid = self._lay_out(self.plain(), call)
            wanted = self._remember(call, _layout(laid))
            if wanted not in self._kept:
                self._keep(wanted, laid)
        self._kept.move_to_end(wanted)
        laid = self._ready[call] = self._kept[wanted]
        return laid

    def _keep(self, layout: bytes, laid: Tensor) -> None:
        if self._bytes <= self._room.left:
            self._room.left -= self._bytes
        else:
            _, dropped = self._kept.popitem(last=False)
            self._ready = {call: ready for call, ready in self._ready.items() if ready is not dropped}
        self._kept[layout] = laid

    def _remember(self, call: Call, layout: bytes) -> bytes:
        if len(self._wanted) >= _MOST_KNOWN:
            self._wanted.clear()
        self._wanted[call] = layout
        return layout


def _layout(laid: Tensor) -> bytes:
    """What tells one layout from another."""
    described = bytearray(torch.ops.mkldnn._get_mkldnn_serialized_md(laid).numpy().tobytes())
    described[_UNTOLD] = 0
    return bytes(described)
