"""The edges that a person would draw: holistically-nested edge detection (Xie and Tu, ICCV 2015)."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from engine.data.messages import Pixels
from engine.data.picture import read, write_png
from engine.errors import PictureError
from trainer.perception import trunk

MOST = 512
"""Edge of a picture, in pixels, up to which it is looked at as it is; larger ones are reduced before: the
detector was trained on such, and in larger ones finds the grain."""

_LOOK = 1
"""Counts the ways of looking; maps made in another way are made anew."""


@torch.inference_mode()
def edge_map(photo: Pixels) -> Pixels:
    """How sure an edge is at each pixel of a photo, uint8 (H, W, 3): uint8 (H, W), 0 none to 255 surely.

    Convolutions run in bfloat16 where that is quicker; such a map differs by 6 at most, 0.06 in the mean, so
    both ways are one, and another processor's maps are taken as they are.

    Raises:
        TrainingError: the detector's weights can't be read.
    """
    eye = trunk.trunk(precision=trunk.quickest())
    planes = trunk.planes(photo)
    full = photo.shape[:2]
    if max(full) > MOST:
        reduced = tuple(max(1, int(edge * (MOST / max(full)))) for edge in full)
        planes = F.interpolate(planes, reduced, mode="area")
    size = planes.shape[2:]
    sides = []
    for number, features in enumerate(eye.maps(planes), 1):
        side = F.conv2d(features, eye.weights[f"side{number}.weight"], eye.weights[f"side{number}.bias"])
        sides.append(F.interpolate(side, size, mode="bilinear", align_corners=False))
    fused = F.conv2d(torch.cat(sides, 1), eye.weights["fuse.weight"], eye.weights["fuse.bias"])
    sure = torch.sigmoid(fused)
    if sure.shape[2:] != full:
        sure = F.interpolate(sure, full, mode="bilinear", align_corners=False)
    plane: Pixels = (sure[0, 0] * 255).round().to(torch.uint8).numpy()
    return plane


class EdgeMaps:
    """Edge maps of photos, made once and kept in a folder: a look takes long, and trainings share them.

    A map is kept under a mark of its photo's pixels, so that a changed photo is looked at anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, photo: Pixels) -> Pixels:
        """The ``edge_map`` of a photo, uint8 (H, W, 3); made, and kept, where there is none that can be read.

        Raises:
            PictureError: it can't be written.
            TrainingError: the detector's weights can't be read.
        """
        file = self._file(photo)
        with suppress(PictureError):  # none yet, or a damaged one
            kept: Pixels = read(file).pixels[..., 0]
            if kept.shape == photo.shape[:2]:
                return np.ascontiguousarray(kept)
        made = edge_map(photo)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"“{self.folder}” can't be written ({error.strerror or error}).") from error
        write_png(file, made)
        return made

    def _file(self, photo: Pixels) -> Path:
        mark = hashlib.sha256(repr((_LOOK, photo.shape)).encode() + photo.tobytes())
        name = mark.hexdigest()[:24]
        return self.folder / name[:2] / f"{name[2:]}.png"
