"""Photos that show what an earlier one shows, perhaps mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.data.dataset import Problem
from trainer.dataset_check.pair_notes import PairNotes
from trainer.pictures.sources import Pixels

_ALIKE = 3.0
"""Root mean square difference of two thumbnails, in levels, up to which two photos are the same …"""

_ALIKE_OF_CONTRAST = 0.12
"""… and in shares of their contrast: empty pictures are all alike."""


@dataclass(frozen=True)
class Twin:
    """That the picture at ``index`` shows nearly what the one at ``other`` shows, which came before it."""

    index: int
    other: int
    mirrored: bool


def twins(thumbs: Sequence[Pixels]) -> Iterator[Twin]:
    """Each of some pictures, uint8 (H, W, 3) of one small size, that shows what an earlier one shows."""
    if not thumbs:
        return
    stack = np.stack(list(thumbs)).astype(np.float32)
    stack -= stack.mean((1, 2), keepdims=True)  # a copy may be a little lighter or darker
    flat = stack.reshape(len(stack), -1)
    contrast = flat.std(1)
    size = (flat * flat).sum(1)
    for start in range(0, len(stack), 256):  # bounds memory
        block = stack[start : start + 256]
        best = np.full(len(block), np.inf)
        twin = np.zeros(len(block), np.intp)
        turned = np.zeros(len(block), np.bool_)
        for mirrored in (False, True):
            rows = (block[:, :, ::-1] if mirrored else block).reshape(len(block), -1)
            squares = size[start : start + 256, None] + size[None] - 2 * rows @ flat.T
            apart = np.sqrt(np.maximum(squares, 0) / flat.shape[1])
            # Only earlier ones, so that the first of several stays.
            apart[np.arange(len(stack))[None] >= np.arange(start, start + len(block))[:, None]] = np.inf
            nearest = apart.argmin(1)
            distance = apart[np.arange(len(block)), nearest]
            better = distance < best - 1e-3
            best[better], twin[better], turned[better] = distance[better], nearest[better], mirrored
        least = np.minimum(_ALIKE, _ALIKE_OF_CONTRAST * contrast[start : start + 256])
        for index in np.flatnonzero(best <= least):
            yield Twin(start + int(index), int(twin[index]), bool(turned[index]))


def problems(found: Sequence[PairNotes]) -> Iterator[Problem]:
    """Each photo that shows what an earlier one shows, perhaps mirrored. One that has several drawings is in
    several pairs, and no copy of itself."""
    by_photo: dict[object, list[PairNotes]] = {}
    for noted in found:
        if noted.thumb is not None:
            by_photo.setdefault((noted.pair.b.file, noted.pair.b.half), []).append(noted)
    seen = [notes[0] for notes in by_photo.values()]
    for twin in twins([noted.thumb for noted in seen if noted.thumb is not None]):
        noted, other = seen[twin.index], seen[twin.other]
        how = "exactly" if noted.digest == other.digest else "nearly"
        how = f"{how}, but mirrored," if twin.mirrored else how
        text = f"shows {how} what “{_shown(other, noted)}” shows."
        photo = noted.pair.b
        names = tuple(one.pair.name for one in by_photo[photo.file, photo.half])
        more = names if len(names) > 1 else ()
        yield Problem(photo.file, False, text, "Remove one of them.", "duplicate", names[0], more)


def _shown(other: PairNotes, beside: PairNotes) -> str:
    """The file's name, with its folder where the other has the same name or another folder."""
    one, two = other.pair.b.file, beside.pair.b.file
    return one.name if one.parent == two.parent else f"{one.parent.name}/{one.name}"
