"""How near made pictures come to what they should be; numpy and scikit-image, no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

NEAR = 2
"""Pixels that two lines may lie apart and still be the same line."""

_RANGES = {"L": (0, 100), "a": (-110, 110), "b": (-110, 110)}
"""CIE Lab, in bins of one unit."""


def likeness(made: Sequence[Pixels], targets: Sequence[Pixels]) -> dict[str, float]:
    """Means over pairs of pictures uint8 (H, W, 3):

    - ``l1``, mean absolute difference on the scale of the loss: pixels in [−1, 1];
    - ``psnr``, decibels;
    - ``ssim``, structural similarity (Wang et al., 2004).
    """
    from skimage.metrics import structural_similarity

    rows = []
    for one, other in zip(made, targets, strict=True):
        difference = one.astype(np.float64) - other
        error = max(float(np.square(difference).mean()), 1e-2)  # equal pictures: about 68 dB
        ssim = structural_similarity(one, other, channel_axis=2, win_size=_window(one))
        rows.append((np.abs(difference).mean() / 127.5, 10 * np.log10(255**2 / error), ssim))
    return dict(zip(("l1", "psnr", "ssim"), np.mean(rows, 0).tolist(), strict=True))


def histogram_intersection(made: Sequence[Pixels], targets: Sequence[Pixels]) -> dict[str, float]:
    """How alike the colours are as a whole, 0 to 1, for each channel of CIE Lab (Isola et al., CVPR 2017,
    section 4.2): the overlap of both histograms over all pictures.
    """
    shares = [_histograms(pictures) for pictures in (made, targets)]
    return {
        f"histogram_{channel}": float(np.minimum(shares[0][channel], shares[1][channel]).sum())
        for channel in _RANGES
    }


def line_agreement(drawn: Mask, found: Mask) -> tuple[float, float]:
    """Precision and recall, 0 to 1, of lines found in a made picture against those drawn for it.

    Args:
        drawn, found: (H, W). A line's pixel is met where the other has one within ``NEAR`` pixels.
    """
    from scipy.ndimage import distance_transform_edt

    if not drawn.any() or not found.any():
        return float(drawn.any() == found.any()), float(drawn.any() == found.any())
    near_drawn = distance_transform_edt(~drawn) <= NEAR
    near_found = distance_transform_edt(~found) <= NEAR
    return float(near_drawn[found].mean()), float(near_found[drawn].mean())


def hint_difference(made: Pixels, hints: Pixels, where: Mask) -> float:
    """Median colour difference (CIEDE2000; 1 can just be seen) of a made picture from the hints in it.

    The median, since hints cross seams and soles, which no good picture paints over.

    Args:
        made, hints: uint8 (H, W, 3).
        where: (H, W), at least one pixel with a hint.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    return float(np.median(deltaE_ciede2000(rgb2lab(made[where]), rgb2lab(hints[where]))))


def reading(read: Sequence[Pixels], labels: Sequence[Pixels], count: int) -> dict[str, float]:
    """How well labels, uint8 (H, W) each, were read: shares from 0 to 1, of labels that occur.

    ``pixel_accuracy``; ``class_accuracy``, the mean over labels; ``mean_iou``, of intersection over union.
    """
    confusion = np.zeros((count, count), np.int64)
    for one, other in zip(read, labels, strict=True):
        confusion += np.bincount(
            other.reshape(-1).astype(np.int64) * count + one.reshape(-1), minlength=count * count
        ).reshape(count, count)
    right = np.diag(confusion)
    there = confusion.sum(1) > 0
    union = confusion.sum(0) + confusion.sum(1) - right
    return {
        "pixel_accuracy": float(right.sum() / max(1, confusion.sum())),
        "class_accuracy": float((right[there] / confusion.sum(1)[there]).mean()),
        "mean_iou": float((right[there] / union[there]).mean()),
    }


def _histograms(pictures: Sequence[Pixels]) -> dict[str, npt.NDArray[np.float64]]:
    from skimage.color import rgb2lab

    totals = {name: np.zeros(high - low) for name, (low, high) in _RANGES.items()}
    for pixels in pictures:
        lab = rgb2lab(pixels)
        for channel, (name, span) in enumerate(_RANGES.items()):
            totals[name] += np.histogram(lab[..., channel], len(totals[name]), span)[0]
    return {name: total / max(1, total.sum()) for name, total in totals.items()}


def _window(pixels: Pixels) -> int:
    """Side of SSIM's window: 7 unless the picture is smaller; odd."""
    edge = min(7, int(pixels.shape[0]), int(pixels.shape[1]))
    return edge - (edge + 1) % 2
