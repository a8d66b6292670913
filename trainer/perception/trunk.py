"""The convolutions of VGG16 (Simonyan and Zisserman, ICLR 2015), as the edge detector was trained on them.

Bundled as ``resources/perception/hed_vgg16.safetensors``, in half precision; the README beside it says from
where. Nothing is learnt here.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from engine.data.messages import Pixels
from engine.devices import device as devices
from engine.layers import winograd
from trainer.machine.errors import TrainingError
from trainer.perception import weights

BLOCKS = (2, 2, 3, 3, 3)
"""Convolutions a block; between blocks pictures get half as large."""

CHANNELS = (64, 128, 256, 512, 512)

_MEAN = (104.00699, 116.66877, 122.67892)
"""Of blue, green and red, 0 to 255, as in training."""


class Trunk:
    """The convolutions, and what else lies in the file.

    Attributes:
        weights: name → tensor, single precision, channels last.
    """

    def __init__(
        self,
        file: Path | None = None,
        device: str | torch.device = "cpu",
        precision: torch.dtype = torch.float32,
    ) -> None:
        """Read the weights, and lay those of the convolutions out in the precision in which they will run.

        Args:
            file: None for the bundled one.
            device: where they are to be.
            precision: of the convolutions.

        Raises:
            TrainingError: they are missing or damaged.
        """
        file = file or weights.weights_path()
        try:
            with torch.inference_mode(False):  # or no gradient could ever pass through them
                read = {name: _laid_out(tensor) for name, tensor in load_file(file).items()}
                self.weights = {name: tensor.to(device) for name, tensor in read.items()}
                self._precision = precision
                self._mean = torch.tensor(_MEAN, device=device).view(1, 3, 1, 1)
                self._layers = [
                    [
                        (
                            self.weights[f"{name}.weight"].to(precision),
                            self.weights[f"{name}.bias"].to(precision),
                        )
                        for name in _names(block, count)
                    ]
                    for block, count in enumerate(BLOCKS)
                ]
        except Exception as error:  # safetensors raises its own, and what is missing is a KeyError
            raise TrainingError(
                f"The bundled edge detector can't be read ({error}); install the program anew."
            ) from error

    def maps(self, pictures: Tensor, blocks: int = len(BLOCKS), *, full: bool = True) -> Iterator[Tensor]:
        """The last map of each of the first ``blocks`` blocks, odd edges kept: (N, channels, H / 2ⁿ, W / 2ⁿ).

        Args:
            pictures: (N, 3, H, W), red, green and blue in [−1, 1]; gradients pass through.
            full: whether maps are of single precision, whatever convolutions are.
        """
        x = (pictures.flip(1) * 127.5 + (127.5 - self._mean)).to(self._precision)
        # What a look sees must not change from one start to the next: nothing is tried here.
        quick = (
            x.device.type == "cpu" and x.dtype == torch.float32 and not x.requires_grad and winograd.right()
        )
        wanted = torch.contiguous_format if quick else torch.channels_last
        x = x.contiguous(memory_format=wanted)
        for block, layers in enumerate(self._layers[:blocks]):
            if block:
                x = F.max_pool2d(x, 2, ceil_mode=True)
            for weight, bias in layers:
                if quick and winograd.pays(x):
                    x = winograd.convolve(x, weight, bias).relu_()
                else:  # what is made is laid out as the weight is
                    laid = weight.contiguous() if quick else weight
                    x = F.relu(F.conv2d(x, laid, bias, padding=1))
            yield x.float() if full else x


def trunk(device: str = "cpu", precision: torch.dtype = torch.float32) -> Trunk:
    """The bundled one, read once for each device and precision.

    Raises:
        TrainingError: it is missing or damaged.
    """
    with _READING:
        return bundled(device, precision)


_READING = threading.Lock()
"""Photos are looked at on several threads; one of them reads, and tries what is quickest."""


@functools.cache
def bundled(device: str, precision: torch.dtype) -> Trunk:
    """As ``trunk``, for one thread at a time."""
    return Trunk(device=device, precision=precision)


def quickest() -> torch.dtype:
    """The precision in which this processor looks quickest: bfloat16 where that pays, never where it is
    emulated."""
    with _READING:
        return torch.bfloat16 if devices.bfloat16_pays() else torch.float32


def planes(picture: Pixels) -> Tensor:
    """A picture, uint8 (H, W, 3), as float32 (1, 3, H, W) in [−1, 1]."""
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)


def _names(block: int, count: int) -> list[str]:
    return [f"block{block + 1}.conv{number + 1}" for number in range(count)]


def _laid_out(tensor: Tensor) -> Tensor:
    tensor = tensor.float()
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
