"""Everything that a step changes: the networks, their optimisers, the averages, and the count of steps.

That is all a checkpoint has to hold: whatever is random follows from (seed, step), see ``rng``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.adam import adam as fused_adam

from engine import networks
from engine.data.card import Card
from engine.devices import device
from engine.errors import ModelError
from engine.layers.blocks import Translator, initialise
from engine.models import bundle, catalogue
from engine.networks.patchgan import Discriminated, PatchGAN
from engine.networks.style_encoder import StyleEncoder
from trainer.machine.distributed import ALONE, World
from trainer.machine.errors import TrainingError
from trainer.run.config import Config
from trainer.training import norms, upsampling

_MOMENTS = ("exp_avg", "exp_avg_sq")

_DISCRIMINATORS = ("discriminator", "discriminator_half")
"""What they are called in checkpoints; one optimiser has both."""


class State:
    """A training between two steps.

    Attributes:
        step: steps done.
        discriminators: tell fakes from photos; a second one sees both in half their size.
        micro_batch: pictures in one pass; less than the batch where memory is short.
        best: lowest validation loss so far.
        ema: the generator's averaged weights; the generator itself where none are kept.
        encoder: reads styles of photos; None where there are no styles.
        encoder_ema: likewise averaged.
    """

    def __init__(self, config: Config, world: World = ALONE) -> None:
        """First weights, by the seed.

        Raises:
            ModelError, TrainingError: there are no such networks.
        """
        self.config = config
        self.step = 0
        self.micro_batch = config.batch // config.processes
        self.best = float("inf")
        self.device = torch.device(config.device)
        self.precision = getattr(torch, config.precision)
        if self.device.type == "cpu" and not device.computes(self.precision):
            raise TrainingError(
                f"This processor can't train in {config.precision}; train with float32, or go on"
                " with this run on a machine that can."
            )

        first = torch.Generator().manual_seed(config.seed)
        generator = networks.build(config.kind, **config.network)
        if not isinstance(generator, Translator):
            raise TrainingError(f"A {config.kind} network paints no pictures; use unet.")
        self.generator: Translator = generator
        initialise(self.generator, first)
        self.project_upsampling()
        planes = config.network["outputs"] + (config.network["inputs"] if config.conditional else 0)
        norm = config.network["norm"]
        self.discriminators: list[PatchGAN] = []
        for _ in range(config.discriminators):
            discriminator = networks.build(
                "patchgan", receptive_field=config.patch, width=config.patch_width, inputs=planes, norm=norm
            )
            initialise(discriminator, first)
            self.discriminators.append(cast(PatchGAN, discriminator))

        self.encoder: StyleEncoder | None = None
        if config.style:
            self.encoder = self._new_encoder()
            initialise(self.encoder, first)

        for network in (self.generator, *self.discriminators, *self._encoders()):
            network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            norms.adapt(network, world)
        if config.norms == "kept":
            norms.keep(self.generator)
        self.ema = self.generator
        if config.ema:
            self.ema = cast(Translator, networks.build(config.kind, **config.network))
            self.ema.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.ema.load_state_dict(self.generator.state_dict())
            self.ema.requires_grad_(False).eval()
        self.encoder_ema = self.encoder
        if config.ema and self.encoder is not None:
            self.encoder_ema = self._new_encoder()
            self.encoder_ema.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.encoder_ema.load_state_dict(self.encoder.state_dict())
            self.encoder_ema.requires_grad_(False).eval()

        self.adam = {
            "generator": Adam([self.generator], config, inherited=self._inherited()),
            "discriminator": Adam(self.discriminators, config),
        }
        if self.encoder is not None:
            self.adam["encoder"] = Adam([self.encoder], config)
        self.scaler = self._new_scaler()

    def begin_from(self, model: str) -> tuple[int, int]:
        """Put a model's weights into the generator as far as they fit; the others stay first ones.

        The first layer is learnt anew where it has seen other inputs.

        Returns:
            How many tensors were taken, and how many there are.

        Raises:
            ModelError: there is no such model, or it is another network.
        """
        card, tensors = bundle.read(catalogue.find(model))
        theirs, encoder = bundle.split_tensors(tensors)
        ours = self.generator.state_dict()
        first = next(iter(ours)).removesuffix("weight")
        taken = {
            name: tensor.float()
            for name, tensor in theirs.items()
            if name in ours
            and ours[name].shape == tensor.shape
            and (_inputs(card) == _inputs(self.config.card()) or not name.startswith(first))
        }
        if 2 * len(taken) < len(ours):
            raise ModelError(
                f"The model “{model}” has another network than the one to be trained; "
                "choose one of the same kind, levels and width."
            )
        self.generator.load_state_dict({**ours, **taken})
        self.project_upsampling()
        self.ema.load_state_dict(self.generator.state_dict())
        if encoder and self.encoder is not None and self.encoder_ema is not None:
            self.encoder.load_state_dict({name: tensor.float() for name, tensor in encoder.items()})
            self.encoder_ema.load_state_dict(self.encoder.state_dict())
        return len(taken), len(ours)

    def _inherited(self) -> list[nn.Parameter]:
        """The generator's weights that learn at a rate of their own, see ``Config.inherited_rate``."""
        if self.config.inherited_rate == 1:
            return []
        return [
            weight for name, weight in self.generator.named_parameters() if not name.startswith("styling.")
        ]

    def _new_encoder(self) -> StyleEncoder:
        config = self.config
        network = networks.build(
            "style_encoder", inputs=config.network["outputs"], width=config.style_encoder, style=config.style
        )
        return cast(StyleEncoder, network)

    def _encoders(self) -> list[StyleEncoder]:
        """The one there is, if there is one."""
        return [] if self.encoder is None else [self.encoder]

    def _new_scaler(self) -> torch.amp.GradScaler:
        """Only half precision has too small a range for gradients."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == torch.float16)

    def autocast(self) -> torch.autocast:
        """Convolutions inside run in the config's precision."""
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)

    def generate(self, inputs: Tensor, codes: Tensor | None = None) -> Tensor:
        """What the generator makes of padded planes (N, inputs, H, W), and of codes (N, style) where it knows
        styles: (N, outputs, H, W) in [−1, 1]."""
        with self.autocast():
            generated: Tensor = self.generator(inputs, style=codes)
        return generated.float()

    def read(self, photos: Tensor, learns: bool = True) -> tuple[Tensor, Tensor]:
        """The codes of photos (N, outputs, H, W): means, and logarithms of variances, (N, style).

        Args:
            learns: whether gradients reach the encoder's own weights; they pass through to photos anyway.
        """
        (encoder,) = self._encoders()
        weights: dict[str, Tensor] = {
            name: weight if learns else weight.detach() for name, weight in encoder.named_parameters()
        }
        with self.autocast():
            mean, logvar = torch.func.functional_call(encoder, weights, (photos,))
        return mean.float(), logvar.float()

    def discriminate(self, pairs: Tensor) -> list[Discriminated]:
        """What each discriminator makes of pairs (N, planes, H, W)."""
        each = []
        with self.autocast():
            for discriminator in self.discriminators:
                each.append(discriminator.discriminate(pairs))
                if len(each) < len(self.discriminators):
                    pairs = F.avg_pool2d(pairs, 2)
        return each

    def backward(self, part: str, loss: Tensor, again: bool = False) -> None:
        """Add a loss's gradients to the generator (and to the encoder, as far as it led to the loss), to all
        discriminators, or to the encoder alone; ``again`` where another loss shares what led to it."""
        parts = [part, "encoder"] if part == "generator" and "encoder" in self.adam else [part]
        parameters = [weight for each in parts for weight in self.adam[each].param_groups[0]["params"]]
        torch.autograd.backward(self.scaler.scale(loss), retain_graph=again, inputs=parameters)

    def optimizer_step(self, part: str, world: World) -> None:
        """Let the optimiser of either part make one step along its gradients, which are used up."""
        adam = self.adam[part]
        (group,) = adam.param_groups
        group["lr"] = self.config.learning_rate_at(self.step)
        if part == "encoder":
            for weight in group["params"]:  # of a step without photos' codes, or losses, there are none
                if weight.grad is None:
                    weight.grad = torch.zeros_like(weight)
        world.mean_gradients(group["params"])
        self.scaler.step(cast(torch.optim.Optimizer, adam))  # of which it asks what ours has
        adam.zero_grad()

    def project_upsampling(self) -> None:
        """Hold the generator's decoder to the config's way of enlarging."""
        if self.config.upsampling == "resize":
            upsampling.project_upsampling(self.generator)

    @torch.no_grad()
    def update_ema(self) -> None:
        """Let the averaged weights follow the newest ones; quicker at first, when those move far."""
        if self.ema is self.generator:
            return
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))
        newest = list(self.generator.state_dict().values())
        torch._foreach_lerp_(list(self.ema.state_dict().values()), newest, 1 - keep)
        if self.encoder is not None and self.encoder_ema is not None:
            newest = list(self.encoder.state_dict().values())
            torch._foreach_lerp_(list(self.encoder_ema.state_dict().values()), newest, 1 - keep)

    # --- checkpoints ---

    def note(self) -> dict[str, Any]:
        """What a checkpoint holds beside ``named``: JSON."""
        return {
            "step": self.step,
            "micro_batch": self.micro_batch,
            "best": self.best,
            "scaler": self.scaler.state_dict(),
            "moments": {name: adam.steps() for name, adam in self.adam.items()},
        }

    def restore(self, tensors: dict[str, Tensor], note: dict[str, Any]) -> None:
        """Take over a checkpoint.

        Raises:
            TrainingError: it is of other networks.
        """
        tensors, note = _upgraded(tensors, note)
        for name, adam in self.adam.items():
            adam.zero_grad()
            adam.state.clear()
            # There are moments without a step where all so far were left out, as the scaler was too large.
            if note["moments"][name] or any(key.startswith(f"{_MOMENTS[0]}.{name}.") for key in tensors):
                adam.make_moments(note["moments"][name])
        named = dict(self.named())
        if {key: tensor.shape for key, tensor in named.items()} != {
            key: tensor.shape for key, tensor in tensors.items()
        }:
            raise TrainingError(
                "The checkpoint is of another network than config.json; start the training anew."
            )
        with torch.no_grad():
            for key, tensor in named.items():
                tensor.copy_(tensors[key])  # in place, which keeps the order in memory
        self.step, self.micro_batch, self.best = note["step"], note["micro_batch"], note["best"]
        # A step that was broken off has left the old one between two of its stages, where it can't go on.
        self.scaler = self._new_scaler()
        if note["scaler"]:
            self.scaler.load_state_dict(note["scaler"])

    def networks(self) -> list[nn.Module]:
        """All whose weights a checkpoint holds."""
        averages = [self.ema, self.encoder_ema] if self.ema is not self.generator else []
        networks = [self.generator, *self.discriminators, *self._encoders(), *averages]
        return [network for network in networks if network is not None]

    def named(self) -> Iterator[tuple[str, Tensor]]:
        """What a checkpoint holds, as it lies in memory and with the names it gets there."""
        parts: list[tuple[str, str, nn.Module]] = [("generator", "generator", self.generator)]
        for called, discriminator in zip(_DISCRIMINATORS, self.discriminators, strict=False):
            parts.append((called, "discriminator", discriminator))
        parts += [("encoder", "encoder", encoder) for encoder in self._encoders()]
        for called, part, network in parts:
            moments = self.adam[part].state
            for name, tensor in network.state_dict().items():
                yield f"{called}.{name}", tensor
            for name, parameter in network.named_parameters():
                for moment in _MOMENTS:
                    if parameter in moments:
                        yield f"{moment}.{called}.{name}", moments[parameter][moment]
        if self.ema is not self.generator:
            for name, tensor in self.ema.state_dict().items():
                yield f"ema.{name}", tensor
            if self.encoder_ema is not None:
                for name, tensor in self.encoder_ema.state_dict().items():
                    yield f"encoder_ema.{name}", tensor


def rng(seed: int, *place: int | str) -> torch.Generator:
    """A generator of the CPU that gives the same numbers whenever it is made for the same place in a
    training."""
    digest = hashlib.sha256(json.dumps([seed, *place]).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def _upgraded(tensors: dict[str, Tensor], note: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A checkpoint with today's names; before, the discriminator was “judge”, the EMA “average”."""
    if "judge" not in note["moments"]:
        return tensors, note
    names = {"judge": "discriminator", "average": "ema"}

    def renamed(key: str) -> str:
        first, *rest = key.split(".")
        if first in _MOMENTS:
            rest[0] = names.get(rest[0], rest[0])
        return ".".join([names.get(first, first), *rest])

    moments = {names.get(name, name): steps for name, steps in note["moments"].items()}
    upgraded = {**note, "micro_batch": note["share"], "moments": moments}
    return {renamed(key): tensor for key, tensor in tensors.items()}, upgraded


def _inputs(card: Card) -> tuple[object, ...]:
    """What a model's input planes mean."""
    palette = card.palette.labels if card.palette is not None and card.one_hot else None
    return card.input, card.hints, palette


class Adam:
    """Adam as torch computes it, ``fused``, in a class of our own: a training needs a tenth of torch's, which
    besides imports a compiler that we don't use; that took 1.3 s or more of every start, and 70 MB."""

    _step_supports_amp_scaling = True  # what GradScaler sets for a step and takes away after it, see ``step``

    def __init__(
        self, networks: Sequence[nn.Module], config: Config, inherited: Sequence[nn.Parameter] = ()
    ) -> None:
        parameters = [parameter for network in networks for parameter in network.parameters()]
        self._share, self._slower = config.inherited_rate, set(inherited)
        if not self._share:
            parameters = [parameter for parameter in parameters if parameter not in self._slower]
        self.param_groups: list[dict[str, Any]] = [{"params": parameters, "lr": config.learning_rate}]
        self.state: dict[Tensor, dict[str, Tensor]] = {}
        """Of each parameter that was moved: ``step`` and the moments, as torch calls them."""
        self._betas = config.betas

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters along their gradients."""
        (group,) = self.param_groups
        moved = [parameter for parameter in group["params"] if parameter.grad is not None]
        self._move([parameter for parameter in moved if parameter not in self._slower], group["lr"])
        self._move([parameter for parameter in moved if parameter in self._slower], group["lr"] * self._share)

    def _move(self, moved: list[Tensor], rate: float) -> None:
        gradients = [parameter.grad for parameter in moved if parameter.grad is not None]
        if not moved:
            return
        for parameter in moved:
            if parameter not in self.state:
                self.state[parameter] = _untouched(parameter, 0)
        kept = [self.state[parameter] for parameter in moved]
        first, second = map(float, self._betas)  # torch takes no whole numbers
        fused_adam(
            moved,
            gradients,
            [entry["exp_avg"] for entry in kept],
            [entry["exp_avg_sq"] for entry in kept],
            [],
            [entry["step"] for entry in kept],
            fused=True,
            grad_scale=getattr(self, "grad_scale", None),
            found_inf=getattr(self, "found_inf", None),
            amsgrad=False,
            beta1=first,
            beta2=second,
            lr=rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )

    def zero_grad(self) -> None:
        """Let go of the gradients."""
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    def steps(self) -> int:
        """How many steps it has made; all its parameters share them."""
        return max((int(entry["step"].item()) for entry in self.state.values()), default=0)

    def make_moments(self, steps: int) -> None:
        """Make its state as if ``steps`` steps had been made, for a checkpoint to be copied into."""
        for parameter in self.param_groups[0]["params"]:
            self.state[parameter] = _untouched(parameter, steps)


def _untouched(parameter: Tensor, steps: int) -> dict[str, Tensor]:
    """What Adam keeps of a parameter, at the beginning."""
    moments = {moment: torch.zeros_like(parameter, requires_grad=False) for moment in _MOMENTS}
    return {"step": torch.tensor(float(steps), device=parameter.device), **moments}
