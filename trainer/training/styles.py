"""How styles are learnt: which codes a step tries, and what comes of them.

``bicycle`` (BicycleGAN: Zhu et al., “Toward Multimodal Image-to-Image Translation”, NeurIPS 2017): every
other picture is made by the code of its own photo, as the encoder reads it, and has to come near that photo;
the others by random codes, which the encoder has to find in them again. The discriminator judges all of them.
So a step makes no more pictures than one without styles. A drawing with hints has to come near its photo by
a random code, and no code is to be found in that picture: its colours are the hints' to say.

``diversity`` (DSGAN: Yang et al., “Diversity-Sensitive Conditional Generative Adversarial Networks”, ICLR
2019): every picture is made by a random code, and every other one by a second code too: the farther codes are
apart, the farther the pictures have to be. The encoder learns to find codes in generated pictures again.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from trainer.machine.distributed import World
from trainer.run.config import Config
from trainer.training.objective import rows
from trainer.training.state import State, rng

BOUND = 0.5
"""Of pictures' distance by codes' distance, from which on more of it is no better; pixels in [−1, 1]."""

_LEAST = 1e-3
"""Distance of two codes, at least."""

_TARGET_WEIGHT = 2.0
"""How much a picture that has to come near its photo counts for that: half of them have to, and are all."""

_TARGET_WEIGHT_BESIDE_HINTS = 1.2
"""The same where two of three drawings have hints, and so five of six have to."""


class StyleNoise(NamedTuple):
    """What is drawn for a step, of this process's pictures; on the CPU.

    Attributes:
        alternate: (N,), true for every other picture of the training, the first one among them.
        codes: (N, length), of N(0, 1).
        more: others like these.
    """

    alternate: Tensor
    codes: Tensor
    more: Tensor

    @classmethod
    def of_step(cls, config: Config, step: int, world: World) -> StyleNoise:
        """The same numbers for a picture however many processes share the batch."""
        codes, more = torch.randn(
            2, config.batch, config.style, generator=rng(config.seed, "styles", step)
        ).unbind()
        places = torch.arange(step * config.batch, (step + 1) * config.batch)
        mine = world.part(config.batch)
        return cls((places % 2 == 0)[mine], codes[mine], more[mine])

    def of(self, part: slice) -> StyleNoise:
        """What is drawn for some of the pictures."""
        return StyleNoise(self.alternate[part], self.codes[part], self.more[part])


class StyleLosses(NamedTuple):
    """Single numbers; means over those pictures of a pass that have them, weighed as those count."""

    kl: Tensor
    latent: Tensor
    diversity: Tensor


class StylePass:
    """The styles of one pass, begun with no codes: what a network without styles makes.

    Attributes:
        targeted: numbers of the pictures that have to come near their photos; None: all.
        weight: of the losses about these, so that they count as if they were all.
    """

    targeted: Tensor | None = None
    weight = 1.0

    def __init__(self, state: State, inputs: Tensor) -> None:
        self._state, self._inputs = state, inputs

    def generate(self) -> Tensor:
        """The pictures, (N, outputs, H', W')."""
        return self._state.generate(self._inputs)

    def losses(self, pictures: Tensor) -> StyleLosses:
        """Of the pictures as they have become."""
        nothing = pictures.new_zeros(())
        return StyleLosses(nothing, nothing, nothing)

    @property
    def has_target(self) -> bool:
        """Whether any picture of the pass has to come near its photo."""
        return self.weight > 0

    def with_target(self, tensor: Tensor) -> Tensor:
        """Those of (N, …), on any device, that have to come near their photos."""
        return tensor if self.targeted is None else rows(tensor, self.targeted.to(tensor.device))


class BicyclePass(StylePass):
    """By codes of photos, and by random ones."""

    def __init__(self, state: State, inputs: Tensor, photos: Tensor, noise: StyleNoise) -> None:
        super().__init__(state, inputs)
        device = photos.device
        alternate, hinted = noise.alternate.to(device), _hinted(inputs, state.config)
        self.targeted = (alternate | hinted).nonzero().flatten()
        self._random = (~alternate & ~hinted).nonzero().flatten()
        each = _TARGET_WEIGHT_BESIDE_HINTS if state.config.task == "hints" else _TARGET_WEIGHT
        self.weight, self._rest = each * len(self.targeted) / len(photos), 2 * len(self._random) / len(photos)
        self._codes, self._kl = noise.codes.to(device), photos.new_zeros(())
        read = (alternate & ~hinted).nonzero().flatten()
        self._read = 2 * len(read) / len(photos)
        if len(read):
            mean, logvar = state.read(photos[read])
            self._kl = (mean.square() + logvar.exp() - 1 - logvar).sum(1).mean() / 2
            epsilon = noise.more.to(device)[read]
            self._codes = self._codes.index_copy(0, read, mean + (logvar / 2).exp() * epsilon)

    def generate(self) -> Tensor:
        return self._state.generate(self._inputs, self._codes)

    def losses(self, pictures: Tensor) -> StyleLosses:
        latent = pictures.new_zeros(())
        if len(self._random):
            # The generator's task alone, as in the paper: the encoder could agree with it on signs that
            # nobody sees.
            mean, _ = self._state.read(pictures[self._random], learns=False)
            latent = (mean - self._codes[self._random]).abs().mean() * self._rest
        return StyleLosses(self._kl * self._read, latent, pictures.new_zeros(()))


class DiversityPass(StylePass):
    """By random codes, some pictures by two of them."""

    def __init__(self, state: State, inputs: Tensor, photos: Tensor, noise: StyleNoise) -> None:
        super().__init__(state, inputs)
        self._twice = noise.alternate.nonzero().flatten().to(photos.device)
        self._codes = noise.codes.to(photos.device)
        self._second = noise.more.to(photos.device)[self._twice]
        self._generated = inputs[:0]
        self._size = photos.shape[2:]
        self._rest = 2 * len(self._twice) / len(photos)

    def generate(self) -> Tensor:
        inputs = torch.cat((self._inputs, self._inputs[self._twice]))
        self._generated = self._state.generate(inputs, torch.cat((self._codes, self._second)))
        return self._generated[: len(self._inputs)]

    def losses(self, pictures: Tensor) -> StyleLosses:
        diversity = nothing = pictures.new_zeros(())
        if len(self._twice):
            height, width = self._size
            generated = self._generated[:, :, :height, :width]  # as they came, where nothing is known too
            apart = (generated[self._twice] - generated[len(self._inputs) :]).abs().mean((1, 2, 3))
            codes = (self._codes[self._twice] - self._second).abs().mean(1).clamp_min(_LEAST)
            diversity = (apart / codes).clamp_max(BOUND).mean() * self._rest
        mean, _ = self._state.read(pictures.detach())
        return StyleLosses(nothing, (mean - self._codes).abs().mean(), diversity)


def _hinted(inputs: Tensor, config: Config) -> Tensor:
    """Which of the drawings (N, planes, H, W) have hints: (N,), booleans."""
    if config.task != "hints":
        return torch.zeros(len(inputs), dtype=torch.bool, device=inputs.device)
    return inputs[:, 4].amax((1, 2)) > 0


def begin_style_pass(
    state: State, config: Config, inputs: Tensor, photos: Tensor, noise: StyleNoise | None
) -> StylePass:
    """What a pass over planes (N, inputs, H', W') begins with; without ``noise`` there are no styles."""
    if noise is None:
        return StylePass(state, inputs)
    return (BicyclePass if config.style_recipe == "bicycle" else DiversityPass)(state, inputs, photos, noise)
