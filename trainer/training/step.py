"""One step of a training: all networks, from one batch.

Only the state, the config and the pictures decide what a step makes, so a run that was killed and resumed
ends with the very weights of one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.devices import device
from engine.networks.patchgan import Discriminated
from trainer.loading.pair_loader import Batch
from trainer.machine.distributed import World
from trainer.perception.trunk import trunk
from trainer.run.config import Config
from trainer.training.objective import (
    DiffAugment,
    feature_matching_loss,
    l1_distance,
    mean_adversarial_loss,
)
from trainer.training.perceptual import perceptual_loss
from trainer.training.state import State, rng
from trainer.training.styles import StyleNoise, StylePass, begin_style_pass
from trainer.training.upsampling import lattice_loss, stripe_loss


class Losses(NamedTuple):
    """A step's losses, single numbers; 0 where the config does without.

    Attributes:
        l1: the generator's distance from the photos.
        adversarial: that of the generated pictures from what discriminators find real.
        discriminator_real, discriminator_fake: the discriminators' errors about photos and about generated
            pictures.
        perceptual: how unlike the photos the generated pictures look.
        feature_matching: how unlike them the discriminators' hidden layers find them.
        kl, latent, diversity: of styles: how far photos' codes are from random ones, how far random codes are
            from what the encoder reads in their pictures, how far pictures of two codes are apart.
        stripes, lattice: how striped the difference from the photos is, and how much of it recurs.
    """

    l1: Tensor
    adversarial: Tensor
    discriminator_real: Tensor
    discriminator_fake: Tensor
    perceptual: Tensor
    feature_matching: Tensor
    kl: Tensor
    latent: Tensor
    diversity: Tensor
    stripes: Tensor
    lattice: Tensor


LOSSES = Losses._fields
"""What ``train_step`` returns, and what the events of a run call it."""


def try_step(state: State, config: Config, world: World, batch: Batch) -> Tensor | None:
    """A step; None where memory was too short for it, which may have left it half done."""
    try:
        known = _to_device(batch.known, state.device) if batch.known.numel() else None
        inputs, photos = _to_device(batch.inputs, state.device), _to_device(batch.targets, state.device)
        return train_step(state, config, world, inputs, photos, known)
    except (RuntimeError, MemoryError) as error:
        if not device.gave_up(error):
            raise
    return None  # not from inside “except”, where the error still holds on to the step's memory


def _to_device(planes: Tensor, where: torch.device) -> Tensor:
    """The planes on a device. From pinned memory a graphics card fetches them while it still computes; with
    other memory it would be waited for, and nothing prepared meanwhile."""
    return planes.pin_memory().to(where, non_blocking=True) if where.type == "cuda" else planes.to(where)


def train_step(
    state: State, config: Config, world: World, inputs: Tensor, photos: Tensor, known: Tensor | None = None
) -> Tensor:
    """One step of both networks and the average (Isola et al., CVPR 2017, section 3.3).

    Both networks step at once, where the paper lets the discriminator go first: one pass over the generated
    picture then serves both, which saves a pass in eight of the discriminator's. In the first steps that the
    config sets apart discriminators learn alone, before a generator that has learnt elsewhere goes on.

    Args:
        inputs: (N, planes, H', W') in [−1, 1], padded at the right and at the bottom as need be.
        photos: (N, C, H, W) in [−1, 1].
        known: (N, 1, H, W), 0 where nothing is to be learnt, else 1; by default all is.

    Returns:
        The means of ``Losses`` over the batch, (11,), on the state's device.
    """
    count, _, height, width = photos.shape
    # Whatever is thrown in this step follows from its number; several processes throw apart.
    _seed(rng(config.seed, "dropout", state.step, world.rank).initial_seed(), state.device)
    mine = world.part(config.batch)
    augmenting = rng(config.seed, "distortion", state.step)
    augments = [DiffAugment.sample(augmenting, config.batch, height, width)[mine] for _ in range(2)]
    if config.feature_matching:
        augments[1] = augments[0]  # or the features of one place would be compared with another's
    crops = torch.rand(config.batch, 2, generator=rng(config.seed, "crops", state.step))[mine]
    noise = StyleNoise.of_step(config, state.step, world) if config.style else None
    means = torch.zeros(len(LOSSES), device=photos.device)
    generator_waits = state.step < config.discriminator_first

    def discriminate(pictures: Tensor, part: slice, augment: DiffAugment) -> list[Discriminated]:
        seen = inputs[part, :, :height, :width]
        if config.differentiable:
            pictures, seen = augment[part].augment_photos(pictures), augment[part].augment_inputs(seen)
        pairs = torch.cat((seen, pictures), 1) if config.conditional else pictures
        return state.discriminate(pairs.contiguous(memory_format=torch.channels_last))

    for start in range(0, count, state.micro_batch):
        part = slice(start, start + state.micro_batch)
        real, mask = photos[part], None if known is None else known[part]
        with torch.set_grad_enabled(not generator_waits):
            style = begin_style_pass(state, config, inputs[part], real, noise and noise.of(part))
            fake = style.generate()[:, :, :height, :width]
        if mask is not None:
            # The photo itself where nothing is known: no loss there, nothing for the discriminator to see.
            fake = fake * mask + real * (1 - mask)
        l1 = l1_loss(fake, real, style)
        adv = d_real = d_fake = perceptual = fm = torch.zeros_like(l1)
        if config.adversarial != "none":
            pred_fake = discriminate(fake, part, augments[0])
            pred_real = discriminate(real, part, augments[1])
            d_real = mean_adversarial_loss(pred_real, True, config.adversarial)
            d_fake = mean_adversarial_loss(pred_fake, False, config.adversarial)
            adv = mean_adversarial_loss(pred_fake, True, config.adversarial)
            if config.feature_matching and style.has_target:
                fm = feature_matching_loss(with_target(pred_fake, style), with_target(pred_real, style))
        if config.perceptual and style.has_target and not generator_waits:
            vgg, places = trunk(str(photos.device), state.precision), style.with_target(crops[part])
            perceptual = perceptual_loss(vgg, style.with_target(fake), style.with_target(real), places)
        stripes, lattice = texture_losses(config, fake, real, style)
        of_style = style.losses(fake)
        losses = Losses(
            l1=l1 * style.weight,
            adversarial=adv,
            discriminator_real=d_real,
            discriminator_fake=d_fake,
            perceptual=perceptual * style.weight,
            feature_matching=fm * style.weight,
            kl=of_style.kl,
            latent=of_style.latent,
            diversity=of_style.diversity,
            stripes=stripes * style.weight,
            lattice=lattice * style.weight,
        )
        share = len(fake) / count
        if config.adversarial != "none":  # both networks learn from the same logits
            state.backward("discriminator", discriminator_loss(losses) * share, again=not generator_waits)
        if not generator_waits:
            state.backward("generator", generator_loss(losses, config) * share)
            if config.style and config.style_recipe == "diversity":
                state.backward("encoder", losses.latent * share)
        means += torch.stack(losses).detach() * share
    if config.adversarial != "none":
        state.optimizer_step("discriminator", world)
    if not generator_waits:
        move_generator(state, world)
    state.scaler.update()
    state.update_ema()
    return means


def _seed(number: int, where: torch.device) -> None:
    """Have whatever torch throws on a device from now on follow from a number."""
    if where.type == "cpu":
        torch.default_generator.manual_seed(number)  # for each other kind torch would note who asked: 1 ms
    else:
        torch.manual_seed(number)


def move_generator(state: State, world: World) -> None:
    """A step of the generator, and of the encoder of styles where there is one, along their gradients."""
    state.optimizer_step("generator", world)
    if state.encoder is not None:
        state.optimizer_step("encoder", world)
    state.project_upsampling()


def discriminator_loss(losses: Losses) -> Tensor:
    """What the discriminators learn from; halved, so that they learn more slowly."""
    return (losses.discriminator_real + losses.discriminator_fake) / 2


def generator_loss(losses: Losses, config: Config) -> Tensor:
    """What the generator learns from, and with it the encoder as far as it led to it."""
    loss = losses.adversarial + config.l1 * losses.l1 + config.perceptual * losses.perceptual
    loss = loss + config.feature_matching * losses.feature_matching
    loss = loss + config.stripes * losses.stripes + config.lattice * losses.lattice
    if not config.style:
        return loss
    if config.style_recipe == "bicycle":
        return loss + (config.kl * losses.kl + config.latent * losses.latent)
    return loss - config.diversity * losses.diversity


def l1_loss(fake: Tensor, real: Tensor, style: StylePass) -> Tensor:
    """The L1 loss of those pictures that have a target; 0 where there is none.

    Where nothing is known, both are equal and count as noughts, as in all other losses. Over what is known
    alone, a pixel would weigh by what else is in its pass, so that passes cut otherwise, or shared by several
    processes, would learn otherwise; over what is known of its picture, the few pixels of a picture that is
    nearly all unknown would outweigh whole others, and the discriminator's say, which masks diminish, too.
    """
    if not style.has_target:
        return torch.zeros((), device=real.device)
    return l1_distance(style.with_target(fake), style.with_target(real))


def texture_losses(config: Config, fake: Tensor, real: Tensor, style: StylePass) -> tuple[Tensor, Tensor]:
    """The losses of stripes and of lattices, of those pictures that have a target; 0 where there is none."""
    nothing = torch.zeros((), device=real.device)
    if not style.has_target or not (config.stripes or config.lattice):
        return nothing, nothing
    away = style.with_target(fake) - style.with_target(real)
    return (
        stripe_loss(away) if config.stripes else nothing,
        lattice_loss(away) if config.lattice else nothing,
    )


def with_target(predictions: Sequence[Discriminated], style: StylePass) -> list[Discriminated]:
    """What discriminators make of those pictures that have a target."""
    return [
        Discriminated(style.with_target(logits), tuple(map(style.with_target, features)))
        for logits, features in predictions
    ]
