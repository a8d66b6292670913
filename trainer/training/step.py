"""One step of a training: all networks, from one batch.

Only the state, the config and the pictures decide what a step makes, so a run that was killed and resumed
ends with the very weights of one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.devices import device
from engine.networks.patchgan import Discriminated
from trainer.loading.pair_loader import Batch
from trainer.machine.distributed import World
from trainer.perception.trunk import trunk
from trainer.run.config import Config
from trainer.training.objective import Distortion, feature_distance, mean_adversarial_loss
from trainer.training.perceptual import crop_loss
from trainer.training.state import State, rng
from trainer.training.styles import Draw, Styled, styled
from trainer.training.upsampling import stripes

LOSSES = (
    "l1", "adversarial", "discriminator_real", "discriminator_fake", "perceptual", "feature_matching",
    "kl", "latent", "diversity", "stripes",
)  # fmt: skip
"""What ``learn`` returns: the generator's distance from the photos and from fooling the discriminators, the
discriminators' errors about photos and about what was generated, how unlike the photos that looks, and how
unlike them the discriminators find it on their way; with styles how far photos' codes are from random ones,
how far random codes are from what the encoder reads in their pictures, and how far pictures of two codes are
apart; and how striped the difference from the photos is."""


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

    Both networks step at once, where the paper lets the discriminator go first: one pass over the generated
    picture then serves both, which saves a pass in eight of the discriminator's.

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
    draw = Draw.of_step(config, state.step, world) if config.style else None
    losses = torch.zeros(len(LOSSES), device=photos.device)

    def discriminated(pictures: Tensor, part: slice, distortion: Distortion) -> list[Discriminated]:
        seen = inputs[part, :, :height, :width]
        if config.differentiable:
            pictures, seen = distortion[part].of_photos(pictures), distortion[part].of_inputs(seen)
        return state.discriminate(torch.cat((seen, pictures), 1) if config.conditional else pictures)

    for start in range(0, count, state.micro_batch):
        part = slice(start, start + state.micro_batch)
        style = styled(state, config, inputs[part], photos[part], draw and draw.of(part))
        generated = style.generated()[:, :, :height, :width]
        there = None
        if known is not None:
            # The photo itself where nothing is known: no distance there, and nothing for the discriminator to
            # see.
            there = known[part]
            generated = generated * there + photos[part] * (1 - there)
        distance = distance_of(generated, photos[part], there, style)
        real = fake = fooled = unlike = unmatched = uneven = torch.zeros_like(distance)
        meets = style.weight > 0
        if config.adversarial != "none":
            about_generated = discriminated(generated, part, distortions[0])
            about_real = discriminated(photos[part], part, distortions[1])
            real = mean_adversarial_loss(about_real, True, config.adversarial)
            fake = mean_adversarial_loss(about_generated, False, config.adversarial)
            fooled = mean_adversarial_loss(about_generated, True, config.adversarial)
            if config.feature_matching and meets:
                unmatched = feature_distance(of_met(about_generated, style), of_met(about_real, style))
        if config.perceptual and meets:
            eye = trunk(str(photos.device), state.precision)
            places = crops[part] if style.met is None else crops[part][style.met.cpu()]
            unlike = crop_loss(eye, style.of_met(generated), style.of_met(photos[part]), places)
        if config.stripes and meets:
            uneven = stripes(style.of_met(generated) - style.of_met(photos[part]))
        of_styles = style.losses(generated)
        share = len(generated) / count
        # Both networks learn from the same logits. Halved, so that the discriminator learns more
        # slowly.
        if config.adversarial != "none":
            state.backward("discriminator", (real + fake) / 2 * share, again=True)
        to_photos = distance, unlike, unmatched, uneven
        distance, unlike, unmatched, uneven = (loss * style.weight for loss in to_photos)
        missed = fooled + config.l1 * distance + config.perceptual * unlike
        missed = missed + config.feature_matching * unmatched + config.stripes * uneven
        if draw is not None:
            missed = missed + style.missed(of_styles)
        state.backward("generator", missed * share)
        if draw is not None and config.style_recipe == "diversity":
            state.backward("encoder", of_styles.latent * share)
        told = (distance, fooled, real, fake, unlike, unmatched, *of_styles, uneven)
        losses += torch.stack(told).detach() * share
    if config.adversarial != "none":
        state.optimizer_step("discriminator", world)
    state.optimizer_step("generator", world)
    if config.style:
        state.optimizer_step("encoder", world)
    state.project_upsampling()
    state.scaler.update()
    state.update_ema()
    return losses


def distance_of(generated: Tensor, photos: Tensor, there: Tensor | None, style: Styled) -> Tensor:
    """How far what was generated is from the photos (L1), of those pictures that are to come near them.

    Args:
        there: as ``known``.
    """
    if not style.weight:
        return torch.zeros((), device=photos.device)
    distance = F.l1_loss(style.of_met(generated), style.of_met(photos))
    return distance if there is None else distance / style.of_met(there).mean().clamp_min(1e-3)


def of_met(discriminated: Sequence[Discriminated], style: Styled) -> list[Discriminated]:
    """What discriminators make of those pictures that are to come near their photos."""
    return [
        Discriminated(style.of_met(logits), tuple(map(style.of_met, features)))
        for logits, features in discriminated
    ]
