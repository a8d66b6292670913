"""What was seen in photos, kept from one learning to the next: with many maps, looking is most of the work.

    components.npz  what is worth keeping of what is seen, and by how many photos that was found
    5f0c….npy       what is kept of a photo, float16 (C, H, W); about a megabyte

Photos go by their pixels, and what was kept by another PCA counts for nothing. What can't be read is
looked at anew, and what can't be written is looked at again the next time.
"""

from __future__ import annotations

import hashlib
import io
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.messages import Pixels
from engine.files.writing import replacing
from trainer.drafting.features import KEPT, PCA
from trainer.perception.trunk import CHANNELS

_PCA = "components.npz"
_OF_BEFORE = "essence.npz"
"""Found in larger pictures, by earlier versions."""
_MOST_BYTES = 1 << 20
"""Of the file of what is worth keeping; it takes a third of that."""
_HEADER = 4096
"""Bytes of a file beside its numbers, at most."""


class Memory:
    """Of one data set, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pca, self._used = folder, b"", set[str]()

    def pca(self, photos: int) -> PCA | None:
        """That of before, where it was found by so many photos at least."""
        with suppress(Exception):  # numpy and zipfile raise whatever a damaged file makes them
            with np.load(_contents(self._folder / _PCA, _MOST_BYTES), allow_pickle=False) as kept:
                parts = range(len(KEPT))
                means, axes = ([kept[f"{name}{part}"] for part in parts] for name in ("mean", "axes"))
                found_by = int(kept["photos"])
            shapes = zip(means, axes, CHANNELS[1:], KEPT, strict=True)
            fits = all(
                mean.shape == (channels, 1) and rows.shape == (most, channels)
                for mean, rows, channels, most in shapes
            )
            fits = fits and all(part.dtype == np.float32 and np.isfinite(part).all() for part in means + axes)
            if fits and found_by >= photos:
                return self._go_by(PCA(*([torch.from_numpy(part) for part in it] for it in (means, axes))))
        return None

    def keep_pca(self, pca: PCA, photos: int) -> None:
        """Go by this one from now on."""
        self._go_by(pca)
        named: dict[str, Any] = {"photos": photos}
        named |= {f"mean{number}": part.numpy() for number, part in enumerate(pca.means)}
        named |= {f"axes{number}": part.numpy() for number, part in enumerate(pca.axes)}
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._folder / _PCA) as part, part.open("wb") as file:
                np.savez(file, **named)

    def features(self, photo: Pixels, size: tuple[int, int, int]) -> Tensor | None:
        """What was kept of a photo, as it is looked at: float16 of that size; None where nothing was."""
        name = self._name(photo)
        with suppress(Exception):  # see above
            content = _contents(self._folder / name, 2 * math.prod(size) + _HEADER)
            kept = np.load(content, allow_pickle=False)
            if kept.shape == size and kept.dtype == np.float16 and np.isfinite(kept).all():
                self._used.add(name)
                return torch.from_numpy(kept)
        return None

    def keep_features(self, photo: Pixels, features: Tensor) -> None:
        """Remember it."""
        name = self._name(photo)
        self._used.add(name)
        with suppress(OSError), replacing(self._folder / name) as part, part.open("wb") as file:
            np.save(file, features.numpy(), allow_pickle=False)

    def forget_others(self) -> None:
        """Nothing is kept of photos that were asked for no more."""
        with suppress(OSError):
            (self._folder / _OF_BEFORE).unlink(missing_ok=True)
        for file in self._folder.glob("*.npy"):
            if file.name not in self._used:
                with suppress(OSError):
                    file.unlink()

    def _go_by(self, pca: PCA) -> PCA:
        total = hashlib.sha256()
        for part in (*pca.means, *pca.axes):
            total.update(part.contiguous().numpy().data)
        self._pca = total.digest()
        return pca

    def _name(self, photo: Pixels) -> str:
        total = hashlib.sha256(self._pca + repr(photo.shape).encode())
        total.update(np.ascontiguousarray(photo).data)
        return f"{total.hexdigest()[:32]}.npy"


def _contents(file: Path, most: int) -> io.BytesIO:
    """Of a file that is no larger."""
    with file.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise ValueError("it is too large")
    return io.BytesIO(content)
