"""How near generated pictures come to what they should be; numpy and scikit-image, no torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.run.fitting import LATTICE_EDGE

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

NEAR = 2
"""Pixels that two lines may lie apart and still be the same line."""

_BLOCK = 8
"""Pixels a side, an even number."""
_EDGE = 16.0
"""Levels by which a pixel lies beside the mean of its neighbours, from which on something is drawn there."""
_WHITE = 240

_TILES = 3
"""So often, along either axis, a lattice recurs, from …"""
_TILE = LATTICE_EDGE // _TILES
"""… so many pixels to as many."""

_RANGES = {"L": (0, 100), "a": (-110, 110), "b": (-110, 110)}
"""CIE Lab, in bins of one unit."""


def likeness(fake: Pixels, target: Pixels, known: Mask | None = None) -> dict[str, float]:
    """Of two pictures uint8 (H, W, 3), and of their pixels those that are ``known``, (H, W), if not all are,
    some at least:

    - ``l1``, mean absolute difference on the scale of the loss: pixels in [−1, 1];
    - ``psnr``, decibels;
    - ``ssim``, structural similarity (Wang et al., 2004).
    """
    from skimage.metrics import structural_similarity

    difference = fake.astype(np.float64) - target
    if known is None:
        similar = structural_similarity(fake, target, channel_axis=2, win_size=_window(fake))
    else:
        # Of each pixel and its surroundings; what isn't known of these is the photo's own.
        shown = np.where(known[..., None], fake, target)
        _, plane = structural_similarity(shown, target, channel_axis=2, win_size=_window(fake), full=True)
        similar, difference = plane[known].mean(), difference[known]
    error = max(float(np.square(difference).mean()), 1e-2)  # equal pictures: about 68 dB
    return {
        "l1": float(np.abs(difference).mean() / 127.5),
        "psnr": float(10 * np.log10(255**2 / error)),
        "ssim": float(similar),
    }


def stripes(picture: Pixels) -> float | None:
    """How strongly even and odd rows or columns of a picture, uint8 (H, W, 3), part where nothing is drawn.

    In levels of 255, the mean over blocks of 8 × 8 pixels without an edge or white; None without such.
    """
    strengths = []
    for rows in (picture, picture.swapaxes(0, 1)):
        x = rows.astype(np.float32)
        bent = x[1:-1] - (x[:-2] + x[2:]) / 2
        high, wide = (bent.shape[0] // _BLOCK, bent.shape[1] // _BLOCK)
        inside = slice(high * _BLOCK), slice(wide * _BLOCK)
        blocks = bent[inside].reshape(high, _BLOCK, wide, _BLOCK, 3)
        taking_turns = (blocks[:, ::2] - blocks[:, 1::2]).mean((1, 3)) / 2
        background = (x[1:-1][inside].min(2) >= _WHITE).reshape(high, _BLOCK, wide, _BLOCK)
        even = (np.abs(blocks).max((1, 3, 4)) < _EDGE) & ~background.any((1, 3))
        strengths.append(np.abs(taking_turns).mean(2)[even])
    found = np.concatenate(strengths)
    return float(found.mean()) if found.size else None


def lattice(picture: Pixels) -> float | None:
    """How strong a texture recurs from 16 pixels to 16 in a picture, uint8 (H, W, 3), where it isn't white.

    In levels of 255, the root of the mean power of what three by three tiles have in common, slopes left out,
    less what tiles of any texture have in common by chance; None where there is no place for so many.
    """
    grey = picture.astype(np.float64).mean(2)
    tall, wide = (edge // _TILE for edge in grey.shape)
    if min(tall, wide) < _TILES:
        return None
    inside = slice(tall * _TILE), slice(wide * _TILE)
    white = (picture.min(2) >= _WHITE)[inside].reshape(tall, _TILE, wide, _TILE).any((1, 3))
    tiles = grey[inside].reshape(tall, _TILE, wide, _TILE).swapaxes(1, 2).reshape(tall, wide, -1)
    along = np.arange(_TILE) - (_TILE - 1) / 2
    slopes = np.stack([np.ones((_TILE, _TILE)), *np.meshgrid(along, along)]).reshape(3, -1)
    slopes /= np.linalg.norm(slopes, axis=1, keepdims=True)
    tiles -= (tiles @ slopes.T) @ slopes
    count, powers = _TILES**2, []
    for top in range(tall - _TILES + 1):
        for left in range(wide - _TILES + 1):
            place = slice(top, top + _TILES), slice(left, left + _TILES)
            if not white[place].any():
                shared = np.square(tiles[place].mean((0, 1))).mean()
                powers.append((count * shared - np.square(tiles[place]).mean()) / (count - 1))
    return float(np.sqrt(max(0.0, np.mean(powers)))) if powers else None


class Histograms:
    """How alike the colours of many pictures are as a whole (Isola et al., CVPR 2017, section 4.2)."""

    def __init__(self) -> None:
        self._fakes, self._targets = (
            {channel: np.zeros(high - low) for channel, (low, high) in _RANGES.items()} for _ in range(2)
        )
        self._chroma = np.zeros(2)
        self._pixels = 0

    def add(self, fake: Pixels, target: Pixels, known: Mask | None = None) -> None:
        """Count the colours of a picture, and of what it should be: uint8 (H, W, 3); where they are known."""
        from skimage.color import rgb2lab

        for which, (totals, pixels) in enumerate(((self._fakes, fake), (self._targets, target))):
            lab = rgb2lab(pixels) if known is None else rgb2lab(pixels)[known]
            for plane, (channel, span) in enumerate(_RANGES.items()):
                totals[channel] += np.histogram(lab[..., plane], len(totals[channel]), span)[0]
            self._chroma[which] += np.hypot(lab[..., 1], lab[..., 2]).sum()
        self._pixels += lab[..., 0].size

    def intersection(self) -> dict[str, float]:
        """The overlap of both histograms over all pictures, 0 to 1, for each channel of CIE Lab."""
        shares = {}
        for channel in _RANGES:
            fakes, targets = (
                totals[channel] / max(1, totals[channel].sum()) for totals in (self._fakes, self._targets)
            )
            shares[f"histogram_{channel}"] = float(np.minimum(fakes, targets).sum())
        return shares

    def means(self) -> dict[str, float]:
        """Mean lightness, 0 to 100 and exact to half a unit, and mean chroma, 0 for grey, of both."""
        answer = {}
        for which, (of, totals) in enumerate((("", self._fakes), ("real_", self._targets))):
            counts = totals["L"]
            middles = np.arange(len(counts)) + 0.5
            answer[f"{of}lightness"] = float((counts * middles).sum() / max(1, counts.sum()))
            answer[f"{of}chroma"] = float(self._chroma[which] / max(1, self._pixels))
        return answer


def line_agreement(drawn: Mask, found: Mask) -> tuple[float, float]:
    """Precision and recall, 0 to 1, of lines found in a generated picture against those drawn for it.

    Args:
        drawn, found: (H, W). A line's pixel is met where the other has one within ``NEAR`` pixels.
    """
    from scipy.ndimage import distance_transform_edt

    if not drawn.any() or not found.any():
        return float(drawn.any() == found.any()), float(drawn.any() == found.any())
    near_drawn = distance_transform_edt(~drawn) <= NEAR
    near_found = distance_transform_edt(~found) <= NEAR
    return float(near_drawn[found].mean()), float(near_found[drawn].mean())


def hint_difference(fake: Pixels, hints: Pixels, where: Mask) -> float:
    """Median colour difference (CIEDE2000; 1 can just be seen) of a generated picture from the hints in it.

    The median, since hints cross seams and soles, which no good picture paints over.

    Args:
        fake, hints: uint8 (H, W, 3).
        where: (H, W), at least one pixel with a hint.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    return float(np.median(deltaE_ciede2000(rgb2lab(fake[where]), rgb2lab(hints[where]))))


class Reading:
    """How well so many kinds of labels were read in many pictures."""

    def __init__(self, count: int) -> None:
        self._confusion = np.zeros((count, count), np.int64)

    def add(self, read: Pixels, labels: Pixels, known: Mask | None = None) -> None:
        """Count what was read of a picture's labels, uint8 (H, W) both; where they are known."""
        count = len(self._confusion)
        if known is not None:
            read, labels = read[known], labels[known]
        places = labels.reshape(-1).astype(np.int64) * count + read.reshape(-1)
        self._confusion += np.bincount(places, minlength=count * count).reshape(count, count)

    def found(self) -> list[float | None]:
        """Of each label's pixels, the share that was read as it, 0 to 1; None where it doesn't occur."""
        there = self._confusion.sum(1)
        right = np.diag(self._confusion)
        return [float(ours / of) if of else None for ours, of in zip(right, there, strict=True)]

    def shares(self) -> dict[str, float]:
        """Shares from 0 to 1, of labels that occur: ``pixel_accuracy``; ``class_accuracy``, the mean over
        labels; ``mean_iou``, of intersection over union.
        """
        confusion = self._confusion
        right = np.diag(confusion)
        there = confusion.sum(1) > 0
        union = confusion.sum(0) + confusion.sum(1) - right
        return {
            "pixel_accuracy": float(right.sum() / max(1, confusion.sum())),
            "class_accuracy": float((right[there] / confusion.sum(1)[there]).mean()),
            "mean_iou": float((right[there] / union[there]).mean()),
        }


def _window(pixels: Pixels) -> int:
    """Side of SSIM's window: 7 unless the picture is smaller; odd."""
    edge = min(7, int(pixels.shape[0]), int(pixels.shape[1]))
    return edge - (edge + 1) % 2
