"""Which parts of a drawing belong together: the areas between its lines, whose gaps count as closed.

A ball that is rolled about between the lines doesn't get through gaps narrower than itself (Zhang et al.,
“Vectorizing cartoon animations”, TVCG 2009): where a large one gets are the large areas, smaller ones find
what is left. So an outline may be open, and a thin handle is an area of its own all the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]

RADII = (24, 16, 10, 6, 3, 1, 0)
"""Of the balls, in pixels of a picture of 512; gaps up to twice the largest count as closed."""

_JOIN = 0.3
"""Share of a sliver's boundary that is open towards its neighbour."""


def areas(ink: Mask, unit: float = 1.0) -> Numbers:
    """The areas between lines.

    Args:
        ink: (H, W), where lines are.
        unit: how many times as large as 512 pixels the picture is.

    Returns:
        int32 (H, W): 0 on ink, else the number of the area, from 1 on.
    """
    from scipy import ndimage

    found = np.zeros(ink.shape, np.int32)
    radii = [round(radius * unit) for radius in RADII]
    # The picture's edges hold no ball up.
    beyond = radii[0] + 1
    room = ndimage.distance_transform_edt(np.pad(~ink, beyond, mode="edge"))
    room = room[beyond:-beyond, beyond:-beyond]
    count = 0
    for radius in radii:
        left = (found == 0) & ~ink
        parts, number = ndimage.label((room > radius) & left)
        if not number:
            continue
        if radius:
            apart, where = ndimage.distance_transform_edt(parts == 0, return_indices=True)
            reached = left & (apart <= radius)
            parts = parts[tuple(where)]
        else:
            reached = left
        found[reached] = parts[reached] + count
        count += number
    return _joined(found, count)


def _joined(found: Numbers, count: int) -> Numbers:
    """Slivers go to the larger area that they share much of their boundary with: what is between is no
    gap."""
    if count < 2:
        return found
    sides = [(found[:, 1:], found[:, :-1]), (found[1:], found[:-1])]
    pairs = np.concatenate([np.stack([one.ravel(), other.ravel()], 1) for one, other in sides])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]].astype(np.int64)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    codes, shared = np.unique(both[:, 0] * (count + 1) + both[:, 1], return_counts=True)
    mine, theirs = codes // (count + 1), codes % (count + 1)
    boundaries = np.bincount(mine, shared, count + 1)
    sizes = np.bincount(found.ravel(), minlength=count + 1)
    into = np.arange(count + 1)
    for number in sorted(set(mine.tolist()) - {0}, key=lambda it: int(sizes[it])):
        open_to = (mine == number) & (theirs > 0)
        if not open_to.any():
            continue
        index = int(np.argmax(np.where(open_to, shared, 0)))
        other = int(theirs[index])
        if sizes[number] <= sizes[other] and shared[index] >= _JOIN * boundaries[number]:
            into[number] = other
    for _turn in range(count):  # a sliver of a sliver
        further = into[into]
        if np.array_equal(further, into):
            break
        into = further
    joined: Numbers = into[found].astype(np.int32)
    return joined
