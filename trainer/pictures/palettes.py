"""Finds out whether pictures are label maps, and which colours their labels have.

Label maps are often stored as JPEG: flat areas are then off by a level or two, and every edge between
two labels is a ramp of colours that mean nothing, some of which come near to a third label's. So colours
are counted inside flat areas alone, and pixels at an edge may only become labels that lie flat beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.data.palette import Label, Palette
from trainer.pictures.channels import strongest
from trainer.pictures.sources import IGNORED

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

NUMBERS = "numbers"
"""Name of a palette that was made for numbers (``trainer.pictures.indexed``): its colours mean nothing to
others."""

MOST_LABELS = 64
"""A folder with more flat colours than this holds pictures, not label maps."""

FLAT = 12
"""Largest difference, in any channel, among the nine pixels around one that lies in a flat area."""

REACH = 14
"""Largest difference in any channel at which a pixel still has a label's colour."""

EDGE = 4
"""Pixels from a flat area up to which a colour may be its blurred edge."""

_LEAST_SHARE = 5e-4
"""Of all flat pixels, that a colour needs to be a label …"""

_LEAST_HERE = 4e-3
"""… and of one map's, to count as being in that map at all."""

_MOST_UNEXPLAINED = 0.02
"""Of all pixels, that may be neither of a label's colour nor near one."""

_LEAST_FLAT = 0.25
"""Of all pixels, that must lie in flat areas; thin labels and blurred edges take the rest."""

_SHARP = 3
"""A label's colour, as JPEG leaves it, is off by no more than this …"""

_LEAST_SHARP = 0.75
"""… in this share of what lies within ``REACH`` of it. Measured: facade labels 0.94, street maps 0.55,
photographs 0.15."""


@dataclass
class Count:
    """The flat colours of a set of pictures: ``shares`` sums each picture's share, ``maps`` counts them."""

    pictures: int = 0
    flat: float = 0.0
    shares: dict[int, float] = field(default_factory=dict)
    maps: dict[int, int] = field(default_factory=dict)

    def add(self, picture: Pixels) -> None:
        """Count one more picture."""
        inside = picture[flat(picture)]
        self.pictures += 1
        self.flat += len(inside) / max(1, picture.shape[0] * picture.shape[1])
        codes, numbers = np.unique(_codes(inside), return_counts=True)
        for code, number in zip(codes.tolist(), numbers.tolist(), strict=True):
            share = number / len(inside)
            self.shares[code] = self.shares.get(code, 0.0) + share
            self.maps[code] = self.maps.get(code, 0) + (share >= _LEAST_HERE)


def find_palette(pictures: Iterable[Pixels], name: str = "found") -> Palette | None:
    """The palette of a set of label maps, or None where they are no label maps.

    Args:
        pictures: uint8 (H, W, 3), any sizes; a hundred show rare labels too. Read once, and no further
            than the first dozen where these are clearly no label maps.
        name: of the palette.

    Returns:
        Labels called “label 1” … by how much of the pictures they cover, most first, coloured with the
        most frequent of their colours.
    """
    kept: list[Pixels] = []
    count = Count()
    for picture in pictures:
        kept.append(_reduced(picture))
        count.add(kept[-1])
        if len(kept) == 12 and not _like_labels(count, _peaks(count)):
            return None
    colours = _peaks(count)
    if not 2 <= len(colours) <= MOST_LABELS or not _like_labels(count, colours):
        return None
    labels = tuple(Label(f"label {number}", colour) for number, colour in enumerate(colours, start=1))
    palette = Palette(name, labels)
    some = kept[:: -(-len(kept) // 24)]
    unexplained = float(np.mean([_unexplained(picture, palette) for picture in some]))
    return palette if unexplained <= _MOST_UNEXPLAINED else None


def named(found: Palette, known: Iterable[Palette]) -> Palette:
    """A found palette under the names, exact colours and order of a known one, if it is that.

    Returns:
        Of those of ``known`` that have a colour within ``REACH`` of each one found, the nearest; or else
        ``found``.
    """
    if found.name == NUMBERS:
        return found
    best, least = found, float("inf")
    for palette in known:
        apart = _apart(found.colours[None], palette)
        if int(apart.max()) <= REACH and float(apart.mean()) < least:
            best, least = palette, float(apart.mean())
    return best


def labelled(pixels: Pixels, palette: Palette) -> Pixels:
    """The label of every pixel of a label map, blurred edges put right.

    Args:
        pixels: uint8 (H, W, 3).

    Returns:
        uint8 (H, W), indices into the palette: the nearest label in colour. But a pixel on a ramp, along
        its row or column, from one label to another becomes the nearer of these two, whatever third
        label the ramp comes by.
    """
    nearest = palette.indices(pixels)
    snapped = palette.colours.take(nearest, axis=0)
    unsure = strongest(np.maximum(pixels, snapped) - np.minimum(pixels, snapped)) > 0
    if not unsure.any():
        return nearest
    wide = np.pad(pixels, ((EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge").transpose(2, 0, 1)
    wide = np.ascontiguousarray(wide).astype(np.int16)
    around = np.pad(nearest, EDGE, mode="edge")
    height, width = nearest.shape
    colours = np.ascontiguousarray(palette.colours.T).astype(np.int32)
    steepest = np.zeros((height, width), np.int16)
    answer = nearest.copy()
    for down, across in ((1, 0), (0, 1)):
        for reach in (EDGE - 1, EDGE):  # the longer one where both fit: its ends are surer
            back, ahead = ((EDGE + way * down * reach, EDGE + way * across * reach) for way in (-1, 1))
            ones, others = (around[top : top + height, left : left + width] for top, left in (back, ahead))
            rows, columns = np.nonzero(unsure & (ones != others))  # few: maps are mostly flat
            here = wide[:, rows + EDGE, columns + EDGE]
            before, after = (wide[:, rows + top, columns + left] for top, left in (back, ahead))
            low, high = np.minimum(before, after) - REACH, np.maximum(before, after) + REACH
            steepness = np.abs(after - before).sum(0, dtype=np.int16)
            ramp = ((here >= low) & (here <= high)).all(0) & (steepness >= steepest[rows, columns])
            rows, columns, here = rows[ramp], columns[ramp], here[:, ramp].astype(np.int32)
            one, other = ones[rows, columns], others[rows, columns]
            to_one = np.square(here - colours[:, one]).sum(0)
            to_other = np.square(here - colours[:, other]).sum(0)
            answer[rows, columns] = np.where(to_one <= to_other, one, other)
            steepest[rows, columns] = steepness[ramp]
    return answer


def known(pixels: Pixels) -> Mask:
    """Which pixels of a label map, uint8 (H, W, 3), have a label at all."""
    red, green, blue = (pixels[..., channel] != value for channel, value in enumerate(IGNORED))
    return np.asarray(red | green | blue)  # channel by channel: many times quicker than any(2)


def filled(indices: Pixels, there: Mask) -> Pixels:
    """Labels (H, W) with the nearest known one wherever none is known: on the canvas none is ever unknown."""
    if there.all() or not there.any():
        return indices
    from scipy import ndimage

    rows, columns = ndimage.distance_transform_edt(~there, return_distances=False, return_indices=True)
    nearest: Pixels = indices[rows, columns]
    return nearest


def flat(pixels: Pixels) -> Mask:
    """Which pixels of uint8 (H, W, 3) lie in areas of one colour, up to what JPEG does to them."""
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    above, here, below = padded[:-2], padded[1:-1], padded[2:]
    high = np.maximum(np.maximum(above, here), below)
    low = np.minimum(np.minimum(above, here), below)
    high = np.maximum(np.maximum(high[:, :-2], high[:, 2:]), high[:, 1:-1])
    low = np.minimum(np.minimum(low[:, :-2], low[:, 2:]), low[:, 1:-1])
    return strongest(high - low) <= FLAT


def near_palette(pixels: Pixels, palette: Palette) -> Mask:
    """Which pixels of uint8 (H, W, 3) have, within ``REACH``, the colour of a label."""
    return np.asarray(_apart(pixels, palette) <= REACH)


@dataclass(frozen=True)
class Faults:
    """What is wrong with a label map: shares of its pixels, 0 to 1, that are mixtures of labels, and that
    lie in flat areas of no label's colour, with the foremost such colour."""

    soft: float
    stray: float
    stray_colour: tuple[int, int, int] | None


def faults(pixels: Pixels, palette: Palette) -> Faults:
    """What is wrong with a label map, uint8 (H, W, 3)."""
    apart = np.where(known(pixels), _apart(pixels, palette), 0)
    stray = (apart > REACH) & flat(pixels)
    soft = float(((apart > _SHARP) & ~stray).mean())
    if not stray.any():
        return Faults(soft, 0.0, None)
    codes, counts = np.unique(_codes(pixels[stray]), return_counts=True)
    return Faults(soft, float(stray.mean()), _colour(int(codes[counts.argmax()])))


def _apart(pixels: Pixels, palette: Palette) -> Pixels:
    """Greatest difference, over the channels, of each pixel from the nearest label: uint8 (H, W)."""
    snapped = palette.colours.take(palette.indices(pixels), axis=0)
    return strongest(np.maximum(pixels, snapped) - np.minimum(pixels, snapped))


def grown(mask: Mask, by: int) -> Mask:
    """The mask and all within ``by`` pixels of it, in a square."""
    for axis in (0, 1):
        out = mask.copy()
        for shift in range(1, min(by, mask.shape[axis] - 1) + 1):
            head = [slice(None)] * 2
            tail = [slice(None)] * 2
            head[axis], tail[axis] = slice(shift, None), slice(None, -shift)
            out[tuple(head)] |= mask[tuple(tail)]
            out[tuple(tail)] |= mask[tuple(head)]
        mask = out
    return mask


def _reduced(picture: Pixels) -> Pixels:
    """At most 512 pixels an edge, by leaving pixels out, so that no new colours arise."""
    step = max(1, max(picture.shape[:2]) // 512)
    return np.ascontiguousarray(picture[::step, ::step])


def _like_labels(count: Count, colours: list[tuple[int, int, int]]) -> bool:
    """Whether there are flat areas, and their colours are sharp."""
    return (
        bool(colours)
        and count.flat >= _LEAST_FLAT * count.pictures
        and _sharpness(count, colours) >= _LEAST_SHARP
    )


def _peaks(count: Count) -> list[tuple[int, int, int]]:
    """The most frequent colours, each taking what lies within ``REACH`` of it; most share first."""
    if not count.shares:
        return []
    codes = np.array(list(count.shares), np.int64)
    shares = np.array(list(count.shares.values()))
    maps = np.array(list(count.maps.values()))
    channels = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], 1)
    free = np.ones(len(codes), np.bool_)
    found: list[tuple[float, tuple[int, int, int]]] = []
    for index in np.argsort(-shares, kind="stable"):
        if not free[index]:
            continue
        apart = np.abs(channels - channels[index]).max(1)
        mine = free & (apart <= REACH)
        share = float(shares[mine].sum()) / count.pictures
        free &= apart > REACH
        if share < _LEAST_SHARE:
            if shares[index] < _LEAST_SHARE * count.pictures / 64:
                break  # the rest is dust
            continue
        # One picture's accident is no label, unless there are hardly more pictures.
        if count.pictures > 4 and maps[mine].max() < 2:
            continue
        found.append((share, _colour(int(codes[index]))))
    return [colour for _, colour in sorted(found, reverse=True)][: MOST_LABELS + 1]


def _sharpness(count: Count, colours: list[tuple[int, int, int]]) -> float:
    """Share of what lies within ``REACH`` of the colours that lies within ``_SHARP`` of them."""
    codes = np.array(list(count.shares), np.int64)
    shares = np.array(list(count.shares.values()))
    channels = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], 1)
    apart = np.full(len(codes), 256, np.int64)
    for colour in colours:
        apart = np.minimum(apart, np.abs(channels - np.array(colour)).max(1))
    return float(shares[apart <= _SHARP].sum() / max(1e-9, shares[apart <= REACH].sum()))


def _unexplained(picture: Pixels, palette: Palette) -> float:
    """Share of pixels that no label nor the blur between labels accounts for."""
    known = near_palette(picture, palette)
    return float((~grown(known, EDGE)).mean()) + float((flat(picture) & ~known).mean())


def _codes(pixels: Pixels) -> npt.NDArray[np.int64]:
    wide = pixels.reshape(-1, 3).astype(np.int64)
    codes: npt.NDArray[np.int64] = (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2]
    return codes


def _colour(code: int) -> tuple[int, int, int]:
    return code >> 16 & 255, code >> 8 & 255, code & 255
