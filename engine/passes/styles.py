"""The style that a network has, and styles of photos.

A style stays for many passes, so it is not computed in them: it is folded into the network when it changes
(see ``docs/adr/0023-styles.md``).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.rect import Rect
from engine.data.style import GREATEST, Code
from engine.devices import device
from engine.errors import ModelError, PictureError, StyleError
from engine.layers.blocks import Translator
from engine.layers.styling import Styling
from engine.models import bundle
from engine.passes.whole import Whole

if TYPE_CHECKING:
    from torch import Tensor, nn

_ENOUGH = 256
"""Pixels along the longer edge of a photo, from which its style is read; halved or more beyond twice that."""


class Styles:
    """The styles of one model: which one its network has, and which a photo has."""

    def __init__(self, card: Card, encoder: dict[str, Tensor]) -> None:
        """``encoder``: the weights that read photos, by their own names."""
        self._card, self._weights = card, encoder
        self._styling: Styling | None = None
        self._encoder: nn.Module | None = None
        self._folded: tuple[Translator, Code] | None = None

    def take_off(self, network: Translator) -> None:
        """Have a network make styles only by ``fold`` from now on."""
        self._styling, network.styling = network.styling, None
        if self._styling is not None:
            self._styling.float().cpu()

    def fold(self, whole: Whole, code: Code) -> None:
        """Have a network make pictures of a style from now on."""
        network, where = whole.network, whole.where
        if self._folded is not None and self._folded[0] is network and self._folded[1] == code:
            return
        self._folded = None  # until it is done
        if self._styling is not None:
            with torch.inference_mode():
                styles = self._styling(torch.tensor([code], dtype=torch.float32))
                network.restyle([(scale.to(where), shift.to(where)) for scale, shift in styles])
        self._folded = network, code

    @device.memory_for("the style of a photo")
    def of(self, photo: Pixels) -> npt.NDArray[np.float32]:
        """The style of a photo, uint8 (H, W, 3): float32 (length,).

        Raises:
            StyleError: the model knows no styles, or reads none, or makes none of this photo.
            PictureError: not such an array.
            DeviceError: not enough memory.
        """
        if not self._card.style:
            self._card.code(0)  # says so
        check_pixels(photo, "photo")
        encoder = self._reader()
        picture = Image.fromarray(np.ascontiguousarray(photo))
        if (factor := max(picture.size) // _ENOUGH) > 1:
            picture = picture.reduce(factor)
        if self._card.network["outputs"] == 1:
            picture = picture.convert("L")
        pixels = torch.from_numpy(np.array(picture)).reshape(picture.height, picture.width, -1)
        with torch.inference_mode():
            mean = encoder(pixels.permute(2, 0, 1)[None].float() / 127.5 - 1)[0][0]
        if not bool(torch.isfinite(mean).all()):
            raise StyleError(
                f"The model “{self._card.name}” makes no style of this photo, as its weights are damaged; "
                "fetch or train it anew."
            )
        code: npt.NDArray[np.float32] = mean.clamp(-GREATEST, GREATEST).numpy().copy()
        return code

    def _reader(self) -> nn.Module:
        if self._encoder is None:
            try:
                encoder = bundle.blank_encoder(self._card)
            except ModelError as error:
                raise StyleError(str(error)) from error
            encoder.load_state_dict(
                {name: tensor.float() for name, tensor in self._weights.items()}, assign=True
            )
            self._encoder = encoder.requires_grad_(False).eval()
        return self._encoder


def seed_of(seed: object) -> int:
    """What a seed, a whole number of any sort, is to torch: 0 to 2⁶³ − 1.

    Raises:
        StyleError: it is none.
    """
    try:
        return operator.index(seed) % (1 << 63)  # type: ignore[arg-type]
    except TypeError as error:
        raise StyleError(f"A seed is a whole number, not {seed!r:.40}; give one, or none.") from error


def rect_of(numbers: Iterable[SupportsIndex]) -> Rect:
    """Left, top, width and height, whole numbers of any sort, as a rectangle.

    Raises:
        PictureError: they are none.
    """
    try:
        return Rect(*map(operator.index, numbers))
    except TypeError as error:
        raise PictureError(
            f"What has changed is left, top, width and height in whole pixels, not {numbers!r:.40}."
        ) from error


def check_pixels(picture: Pixels, what: str) -> None:
    """Raise PictureError where that is no array uint8 (H, W, 3)."""
    if not isinstance(picture, np.ndarray):
        raise PictureError(
            f"A {what} is an array uint8 (height, width, 3), not {type(picture).__name__}; numpy makes one."
        )
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise PictureError(
            f"A {what} is an array uint8 (height, width, 3), not {picture.dtype} {picture.shape}."
        )
