"""One step of a training: both networks, from one batch.

Only the state, the config and the pictures decide what a step makes, so a run that was killed and resumed
ends with the very weights of one that was not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.devices import device
from engine.networks.patchgan import Judged
from trainer.loading.pair_loader import Batch
from trainer.machine.distributed import World
from trainer.perception.trunk import trunk
from trainer.run.config import Config
from trainer.training.objective import Distortion, feature_distance, mean_adversarial_loss
from trainer.training.perceptual import crop_loss
from trainer.training.state import State, rng

LOSSES = (
    "l1", "adversarial", "discriminator_real", "discriminator_fake", "perceptual", "feature_matching"
)  # fmt: skip
"""What ``learn`` returns: the generator's distance from the photos and from fooling the discriminators, the
discriminators' errors about photos and about what was generated, how unlike the photos that looks, and how
unlike them the discriminators find it on their way."""


def attempt(state: State, config: Config, world: World, batch: Batch) -> Tensor | None:
    """A step; None where memory was too short for it, which may have left it half done."""
    try:
        known = _moved(batch.known, state.device) if batch.known.numel() else None
        inputs, photos = _moved(batch.inputs, state.device), _moved(batch.targets, state.device)
        return learn(state, config, world, inputs, photos, known)
    except (RuntimeError, MemoryError) as error:
        if not device.gave_up(error):
            raise
    return None  # not from inside “except”, where the error still holds on to the step's memory


def _moved(planes: Tensor, where: torch.device) -> Tensor:
    """The planes on a device. From pinned memory a graphics card fetches them while it still computes; with
    other memory it would be waited for, and nothing prepared meanwhile."""
    return planes.pin_memory().to(where, non_blocking=True) if where.type == "cuda" else planes.to(where)


def learn(
    state: State, config: Config, world: World, inputs: Tensor, photos: Tensor, known: Tensor | None = None
) -> Tensor:
    """One step of both networks and the average (Isola et al., CVPR 2017, section 3.3).

    Both networks step at once, where the paper lets the discriminator go first: one look at the made picture
    then serves both, which saves a pass in eight of the discriminator's.

    Args:
        inputs: (N, planes, H', W') in [−1, 1], padded at the right and at the bottom as need be.
        photos: (N, C, H, W) in [−1, 1].
        known: (N, 1, H, W), 0 where nothing is to be learnt, else 1; by default all is.

    Returns:
        ``LOSSES``, on the state's device.
    """
    count, _, height, width = photos.shape
    # Whatever is thrown in this step follows from its number; several processes throw apart.
    torch.manual_seed(rng(config.seed, "dropout", state.step, world.rank).initial_seed())
    mine = world.part(config.batch)
    distorted = rng(config.seed, "distortion", state.step)
    distortions = [Distortion.drawn(distorted, config.batch, height, width)[mine] for _ in range(2)]
    if config.feature_matching:
        distortions[1] = distortions[0]  # or the features of one place would be compared with another's
    crops = torch.rand(config.batch, 2, generator=rng(config.seed, "crops", state.step))[mine]
    losses = torch.zeros(len(LOSSES), device=photos.device)

    def judged(pictures: Tensor, part: slice, distortion: Distortion) -> list[Judged]:
        seen = inputs[part, :, :height, :width]
        if config.differentiable:
            pictures, seen = distortion[part].of_photos(pictures), distortion[part].of_inputs(seen)
        return state.judged(torch.cat((seen, pictures), 1) if config.conditional else pictures)

    for start in range(0, count, state.micro_batch):
        part = slice(start, start + state.micro_batch)
        generated = state.make(inputs[part])[:, :, :height, :width]
        if known is None:
            distance = F.l1_loss(generated, photos[part])
        else:
            # The photo itself where nothing is known: no distance there, and nothing for the discriminator to
            # see.
            there = known[part]
            generated = generated * there + photos[part] * (1 - there)
            distance = F.l1_loss(generated, photos[part]) / there.mean().clamp_min(1e-3)
        real = fake = fooled = unlike = unmatched = torch.zeros_like(distance)
        if config.adversarial != "none":
            about_generated = judged(generated, part, distortions[0])
            about_real = judged(photos[part], part, distortions[1])
            real = mean_adversarial_loss(about_real, True, config.adversarial)
            fake = mean_adversarial_loss(about_generated, False, config.adversarial)
            fooled = mean_adversarial_loss(about_generated, True, config.adversarial)
            if config.feature_matching:
                unmatched = feature_distance(about_generated, about_real)
        if config.perceptual:
            eye = trunk(str(photos.device), state.precision)
            unlike = crop_loss(eye, generated, photos[part], crops[part])
        share = len(generated) / count
        # Both networks learn from one and the same verdict. Halved, so that the discriminator learns more
        # slowly.
        if config.adversarial != "none":
            state.backward("discriminator", (real + fake) / 2 * share, again=True)
        missed = fooled + config.l1 * distance + config.perceptual * unlike
        missed = missed + config.feature_matching * unmatched
        state.backward("generator", missed * share)
        losses += torch.stack((distance, fooled, real, fake, unlike, unmatched)).detach() * share
    if config.adversarial != "none":
        state.optimizer_step("discriminator", world)
    state.optimizer_step("generator", world)
    state.project_upsampling()
    state.scaler.update()
    state.update_ema()
    return losses
