"""A photo in small regions that belong together: superpixels (SLIC, Achanta et al., PAMI 2012; scikit-image).

Finding them takes some tenths of a second, so those of the photos used last are remembered, and may be found
on another thread before anybody clicks.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt
from PIL import Image

from desktop.paint.layers.composite import to_rgb
from desktop.paint.layers.layer import Layer
from desktop.paint.strokes.sweep import Patch
from engine.data.messages import Pixels

EDGE = 640
"""Pixels: the longer edge of a photo when its regions are looked for; larger ones are reduced before."""
COUNT = 1200
"""Regions in a photo, about; fewer in one so small that they would have less than ``LEAST`` pixels."""
LEAST = 36
COMPACTNESS = 10.0
"""How much being near counts against being of one colour."""
KEPT = 6
"""Photos whose regions are remembered."""

NEAR, FAR = 0.4, 0.8
"""How much of what is likely, of 2 in all, may differ from region to region when a draft is gone by."""

_STEP = 4
"""Every so-manieth pixel each way tells a photo from others."""

Chosen = npt.NDArray[np.bool_]
"""Which of the regions, (n,)."""


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of one photo."""

    numbers: npt.NDArray[np.int32]
    """Which region each pixel is of, from 0: (h, w), of the photo or smaller."""
    colours: npt.NDArray[np.float32]
    """Their means, (n, 3)."""
    beside: npt.NDArray[np.int32]
    """Which of them touch, (m, 2)."""
    shape: tuple[int, int]
    """Height and width of the photo."""
    likely: npt.NDArray[np.float32] | None = None
    """How likely each label is in each of them, (n, labels), by a draft; None where there is none."""

    def at(self, x: float, y: float) -> int | None:
        """The region at a point of the photo; None outside."""
        (height, width), (down, across) = self.shape, self.numbers.shape
        if not (0 <= x < width and 0 <= y < height):
            return None
        return int(self.numbers[int(y * down / height), int(x * across / width)])

    def around(self, seed: int, tolerance: int) -> Chosen:
        """That region, and those that can be reached from it over regions whose mean differs by ``tolerance``
        at most in each channel."""
        return self._joined(seed, (np.abs(self.colours - self.colours[seed]) <= tolerance).all(1))

    def alike(self, seed: int, far: bool, now: npt.NDArray[np.integer]) -> Chosen:
        """That region, and those that can be reached from it over regions of which the draft holds about the
        same: whoever says what one is says so of all of these.

        Args:
            far: they may differ more.
            now: the label of each region, (n,); where it isn't the draft's, somebody has chosen it: it stays,
                unless the region itself is such a one.
        """
        assert self.likely is not None
        same = np.abs(self.likely - self.likely[seed]).sum(1) <= (FAR if far else NEAR)
        of_draft = self.likely.argmax(1) == now
        return self._joined(seed, same & of_draft if of_draft[seed] else same)

    def of_labels(self, labels: Pixels, count: int) -> npt.NDArray[np.int64]:
        """The commonest label in each region, (n,); of a map of the photo's size, uint8 (H, W)."""
        (height, width), (down, across) = self.shape, self.numbers.shape
        small = labels[(np.arange(down) * height // down)[:, None], np.arange(across) * width // across]
        both = self.numbers.reshape(-1).astype(np.int64) * count + small.reshape(-1)
        found = np.bincount(both, minlength=len(self.colours) * count).reshape(-1, count)
        return np.asarray(found.argmax(1), np.int64)

    def _joined(self, seed: int, alike: Chosen) -> Chosen:
        """That region, and those that can be reached from it over regions that are ``alike``."""
        alike = alike.copy()
        alike[seed] = True
        edges = self.beside[alike[self.beside].all(1)]
        chosen = np.zeros(len(self.colours), np.bool_)
        chosen[seed] = True
        while len(edges):
            one, other = chosen[edges[:, 0]], chosen[edges[:, 1]]
            fresh = edges[one != other]
            if not len(fresh):
                break
            chosen[fresh] = True
            edges = edges[~(one & other)]
        return chosen

    def patch(self, chosen: Chosen) -> Patch:
        """The area of these regions in the photo; at least one is chosen."""
        small = chosen[self.numbers]
        (height, width), (down, across) = self.shape, small.shape
        rows = np.asarray(small.any(1))[np.arange(height) * down // height]
        columns = np.asarray(small.any(0))[np.arange(width) * across // width]
        top, left = int(rows.argmax()), int(columns.argmax())
        bottom, right = height - int(rows[::-1].argmax()), width - int(columns[::-1].argmax())
        area = small[
            (np.arange(top, bottom) * down // height)[:, None], np.arange(left, right) * across // width
        ]
        return Patch(area.view(np.uint8) * np.uint8(255), left, top)


class _Fingerprint:
    """What tells the photo of a layer from others, as long as nobody writes into that layer."""

    def __init__(self, layer: Layer) -> None:
        self.key = _key(layer.pixels)
        self._pixels = ref(layer.pixels)
        self._written = False
        layer.let_know(self)

    def keep(self, top: int, bottom: int) -> None:
        """The layer is about to change, see ``Watcher``."""
        self._written = True

    def is_of(self, pixels: Pixels) -> bool:
        """Whether these are the pixels that it was made of, as they were."""
        return not self._written and self._pixels() is pixels


def fingerprint(layer: Layer) -> bytes:
    """What tells a layer's photo from others, for ``known`` and ``regions_in``; on the thread that paints.

    Made once for a photo, as all of it is read for that, and the pen would wait at each press.
    """
    made = _fingerprints.get(layer)
    if made is None or not made.is_of(layer.pixels):
        made = _fingerprints[layer] = _Fingerprint(layer)
    return made.key


def regions_in(photo: Pixels, key: bytes | None = None) -> Regions:
    """The regions of a photo as a layer has it, uint8 (H, W, 4) BGRA; remembered. On any thread.

    Args:
        key: its ``fingerprint``, where that is at hand.
    """
    if key is None:
        key = _key(photo)
    while True:
        with _LOOKING:
            found = kept_regions.pop(key, None)
            if found is not None:
                kept_regions[key] = found  # the newest last
                return found
            others = _sought.get(key)
            if others is None:
                mine = _sought[key] = threading.Event()
                break
        others.wait()  # whoever looks for the same; other photos are looked at meanwhile
    try:
        found = regions(to_rgb(photo))
        with _LOOKING:
            kept_regions[key] = found
            _forget_old()
        return found
    finally:
        with _LOOKING:
            del _sought[key]
        mine.set()


def known(key: bytes) -> Regions | None:
    """The regions of the photo with that ``fingerprint``, where they are remembered; never waits."""
    with _LOOKING:
        found = kept_regions.pop(key, None)
        if found is not None:
            kept_regions[key] = found  # the newest last
        return found


def hold(owner: object, photo: Pixels) -> None:
    """Remember the regions of a photo as long as ``owner``, an open picture, lives, whatever others come."""
    key = _key(photo)
    with _LOOKING:
        _held[owner] = key


def _key(photo: Pixels) -> bytes:
    total = hashlib.sha256(repr(photo.shape).encode())
    total.update(np.ascontiguousarray(photo[::_STEP, ::_STEP, :3]).data)
    return total.digest()


def _forget_old() -> None:
    """Those used last stay, and those of open pictures."""
    held = set(_held.values())
    free = [key for key in kept_regions if key not in held]
    for key in free[: max(0, len(free) - KEPT)]:
        del kept_regions[key]


def keep_likelihoods(photo: Pixels, likely: npt.NDArray[np.float32]) -> None:
    """Remember with the regions of a photo, as ``regions_in`` takes it, how likely each label is in them."""
    found, key = regions_in(photo), _key(photo)
    with _LOOKING:
        kept_regions[key] = replace(found, likely=likely)


def regions(photo: Pixels) -> Regions:
    """The regions of a photo, uint8 (H, W, 3)."""
    from skimage.segmentation import slic  # takes a while itself

    height, width = photo.shape[:2]
    scale = min(1.0, EDGE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = photo if scale == 1 else np.array(Image.fromarray(photo).resize(size, Image.Resampling.BOX))
    count = max(1, min(COUNT, small.shape[0] * small.shape[1] // LEAST))
    if count == 1:
        numbers = np.zeros(small.shape[:2], np.int32)
    else:
        numbers = slic(small, count, COMPACTNESS, max_num_iter=5, start_label=0, channel_axis=-1)
        numbers = np.unique(numbers, return_inverse=True)[1].reshape(small.shape[:2]).astype(np.int32)
    sizes = np.bincount(numbers.reshape(-1))
    sums = [np.bincount(numbers.reshape(-1), small[..., channel].reshape(-1)) for channel in range(3)]
    colours = (np.stack(sums, 1) / sizes[:, None]).astype(np.float32)
    pairs = [
        np.stack([one.reshape(-1), other.reshape(-1)], 1)
        for one, other in ((numbers[1:], numbers[:-1]), (numbers[:, 1:], numbers[:, :-1]))
    ]
    touching = np.sort(np.concatenate(pairs), 1)
    touching = touching[touching[:, 0] != touching[:, 1]]
    beside = np.unique(touching, axis=0) if len(touching) else touching
    return Regions(numbers, colours, beside.astype(np.int32), (height, width))


_LOOKING = threading.Lock()
"""For what follows; never held while regions are looked for."""
kept_regions: dict[bytes, Regions] = {}
"""Of photos, by what tells these from others; the newest last."""
_sought: dict[bytes, threading.Event] = {}
"""Photos whose regions are being looked for: who wants the same waits, rather than look as well."""
_held: WeakKeyDictionary[object, bytes] = WeakKeyDictionary()
"""Which photo is that of which open picture."""
_fingerprints: WeakKeyDictionary[Layer, _Fingerprint] = WeakKeyDictionary()
