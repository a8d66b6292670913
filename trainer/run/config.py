"""Everything that fixes a run: the same ``Config`` on the same machine makes the same weights.

``config.json`` of a run folder is this object. It is written once, complete, before the first step,
and only ``resume --epochs`` and its kin may write a longer one.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_type_hints

from engine.data import palette as palettes
from engine.data import style as codes
from engine.data.card import LONGEST, Card, InputKind, is_too_large
from engine.data.deep import FULL
from engine.data.palette import Palette
from engine.data.task import TASKS, Task, input_of
from engine.files.parsing import is_a, parsed_json
from engine.files.writing import escaped, shown
from trainer.loading.augment import Augment
from trainer.machine.errors import TrainingError
from trainer.pictures import sketch
from trainer.pictures.hints import Hinting
from trainer.run.fitting import LATTICE_EDGE
from trainer.run.options import MOST_THREADS, Adversarial, Norms, Precision, Recipe, StyleRecipe, Upsampling

FORMAT = 3
"""Version of ``config.json``; newer ones are refused with a sentence."""

VALIDATIONS_GROW = 3
"""So many times as late as the one before comes each early validation."""

LEAST_EDGE, MOST_EDGE = 32, 2048
MOST_STEPS = 1_000_000_000
MOST_SEED = 2**63 - 1
"""What torch's generators and everybody's JSON can hold."""


@dataclass(frozen=True)
class Config:
    """A run's settings. Sizes are pixels, angles degrees."""

    # --- what is learnt, from what
    name: str
    """Of the model."""
    data: str
    """The data set's folder, absolute."""
    digest: str
    """Of the data set's file list; a run is not resumed on other files."""
    pairs: int
    """Training pairs: one epoch."""
    task: Task
    swap: bool = False
    """Whether the layout's sides change places."""
    way: str = ""
    """How the files make pairs, where that was asked for, see ``trainer.data.pairs.find``."""
    ignored: str = ""
    """Colours of label maps that are left out of losses and scores: “e0e0c0 ffffff”."""
    black: int = 0
    white: int = 65535
    """What that is among 16 bits a channel, see ``Card.levels``."""
    size: tuple[int, int] = (256, 256)
    """Width and height at which the networks work."""
    palette: Palette | None = None
    one_hot: bool = False
    line_width: float = 1.5
    """Sketches: width of the lines, see ``Card.line_width``."""
    validation: float = 0.05
    """Share of the pairs held back where the data set has no validation folder of its own."""
    photos_apart: bool = False
    """All pairs of a photo are held back together; older runs, whose config doesn't say it, split them."""

    # --- networks
    kind: str = "unet"
    network: dict[str, Any] = field(default_factory=dict)
    """Settings of the generator, see ``engine.networks``."""
    patch: int = 70
    """Receptive field of the discriminator."""
    patch_width: int = 32
    upsampling: Upsampling = "transposed"
    """Whether the decoder's kernels are free, or held to a resize and a convolution, see
    ``trainer.training.upsampling``."""
    norms: Norms = "batch"
    """Whether the generator's batch norms go by each batch, or keep the statistics of ``from_model``."""
    from_model: str = ""
    """A model whose weights are the first ones."""

    # --- objective
    adversarial: Adversarial = "cross entropy"
    conditional: bool = True
    """Whether the discriminator sees the input beside the photo."""
    l1: float = 100.0
    """Weight of the L1 loss; the adversarial loss weighs 1."""
    perceptual: float = 0.0
    """That of the perceptual loss, see ``trainer.training.perceptual``."""
    feature_matching: float = 0.0
    """That of feature matching, see ``trainer.training.objective``."""
    stripes: float = 0.0
    lattice: float = 0.0
    """Those of fine stripes and of textures that recur, see ``trainer.training.upsampling``."""
    discriminators: int = 1
    """A second one sees pictures and photos in half their size."""
    discriminator_first: int = 0
    """Steps, the first ones, in which discriminators alone learn, see ``trainer.training.step``."""

    # --- styles, where ``network`` has them
    style_recipe: StyleRecipe = "bicycle"
    """How they are learnt, see ``trainer.training.styles``."""
    named_styles: dict[str, Any] = field(default_factory=dict)
    """Those of ``from_model``, and …"""
    default_style: list[float] = field(default_factory=list)
    """… its code where none is asked for; empty for noughts."""
    style_encoder: int = 32
    """Width of the network that reads styles of photos."""
    kl: float = 1.0
    """Weight of photos' codes being spread as random ones are."""
    latent: float = 5.0
    """That of random codes being found in their pictures again."""
    diversity: float = 80.0
    """That of pictures being as far apart as their codes."""

    # --- steps
    recipe: Recipe = "default"
    steps: int = 0
    batch: int = 4
    learning_rate: float = 2e-4
    inherited_rate: float = 1.0
    """Share of it for the generator's weights but those that make styles, where they come from a model; 0
    leaves them as they are, so that styles are learnt which unlearn nothing."""
    betas: tuple[float, float] = (0.5, 0.999)
    decay_from: float = 0.5
    """Share of the steps after which the learning rate falls, linearly, to zero."""
    ema: float = 0.999
    """What of the averaged weights is kept at each step; 0 uses the newest weights as they are."""
    seed: int = 0

    # --- augmentation, on both sides alike
    jitter: float = 286 / 256
    flip: bool = True
    rotation: float = 3.0
    zoom: float = 0.06
    roam: bool = True
    recolour: float = 0.0
    repaint: float = 0.0
    repainted: int | None = None
    """These eight as in ``trainer.loading.augment``."""
    edges: float = 0.0
    """Of drawings that are made of photos, the share whose lines are those of the photos' edge maps, see
    ``trainer.perception.edges``."""
    hinting: Hinting = "copies"
    """What the hints are like that are made of photos, see ``trainer.pictures.hints``; older runs, whose
    config doesn't say it, had copies. New ones are planned with wishes."""
    differentiable: bool = False
    """Augment before the discriminator, real and generated pictures alike (Zhao et al., NeurIPS 2020)."""

    # --- machine
    device: str = "cpu"
    precision: Precision = "float32"
    threads: int = 1
    processes: int = 1

    # --- book-keeping
    log_every: int = 10
    """Steps between two events with losses."""
    checkpoint_every: int = 0
    """Steps between checkpoints; 0 for one a minute."""
    sample_every: int = 500
    """Steps between two validations, each of the fixed pairs; they also write the model."""
    first_validation: int = 0
    """The step of the first early validation, see ``is_early``; 0 for none."""
    minutes: float = 0.0
    """What was asked for at first; ``steps`` is what a trial made of it."""
    format: int = FORMAT

    @property
    def input(self) -> InputKind:
        """What the model wants painted."""
        return input_of(self.task)

    @property
    def style(self) -> int:
        """How many numbers a style has; 0: there are none."""
        return int(self.network.get("style", 0))

    @property
    def hints(self) -> bool:
        """Whether the input has colour hints."""
        return self.task == "hints"

    @property
    def epochs(self) -> float:
        """How often each pair is seen."""
        return self.steps * self.batch / max(1, self.pairs)

    def card(self) -> Card:
        """The card of the model that this run makes; also what the codec needs to know of its pictures."""
        return Card(
            name=shown(self.name),
            kind=self.kind,
            network=self.network,
            input=self.input,
            size=self.size,
            hints=self.hints,
            line_width=self.line_width if self.input == "sketch" else None,
            palette=self.palette if self.task in ("labels", "image") else None,
            one_hot=self.one_hot,
            levels=None if (self.black, self.white) == FULL else (self.black, self.white),
            styles={name: tuple(code) for name, code in self.named_styles.items()},
            default_style=tuple(self.default_style) or None,
            style_encoder=self.style_encoder if self.style else 0,
            statistics="image" if self.network.get("norm") == "instance" else "running",
            task=_DESCRIPTIONS[self.task],
        )

    def augment(self, edge_maps: Path | None = None) -> Augment:
        """How the pairs become samples.

        Args:
            edge_maps: where edge maps are kept; without it lines are drawn by gradients alone.
        """
        drawing = sketch.Settings(line_width=self.line_width, learned=self.edges, hinting=self.hinting)
        return Augment(
            self.card(),
            self.task,
            self.jitter,
            self.flip,
            self.rotation,
            self.zoom,
            self.roam,
            self.recolour,
            drawing,
            edge_maps if self.edges else None,
            self.repaint,
            self.repainted,
        )

    def validates_at(self, step: int) -> bool:
        """Whether the fixed pairs are validated after ``step`` steps."""
        return step % self.sample_every == 0 or step == self.steps or self.is_early(step)

    def is_early(self, step: int) -> bool:
        """Whether it is a validation out of turn, soon after the beginning, when pictures change quickly."""
        early = self.first_validation
        while 0 < early < min(step, self.sample_every):
            early *= VALIDATIONS_GROW
        return 0 < early == step < self.sample_every

    def learning_rate_at(self, step: int) -> float:
        """Constant, then linear to zero; the first step is 0."""
        start = round(self.steps * self.decay_from)
        if step < start or self.steps <= start:
            return self.learning_rate
        return self.learning_rate * (self.steps - step) / (self.steps - start + 1)


_DESCRIPTIONS: dict[Task, str] = {
    "lines": "lines → photo",
    "hints": "lines and colour hints → photo",
    "labels": "labels → photo",
    "image": "picture → picture",
    "grey": "grey → colour",
    "small": "small → sharp",
}


def least_edge(config: Config) -> int:
    """The shortest edge of pictures, pixels, on which each discriminator comes to a verdict."""
    # Convolutions of stride two halve the edge until 3 pixels are left for the two of stride one; n of them
    # make a field of 9 · 2ⁿ − 2 pixels.
    edge = 1 if config.patch == 1 else (config.patch + 2) // 3
    return 2 * edge if config.discriminators == 2 else edge


def to_json(config: Config) -> str:
    """The config as it stands in ``config.json``."""
    fields = dataclasses.asdict(config)
    if config.palette is not None:
        fields["palette"] = palettes.to_fields(config.palette)
    return escaped(json.dumps(fields, ensure_ascii=False, indent=2))


def from_json(text: str) -> Config:
    """Read ``config.json``.

    Raises:
        TrainingError: damaged, of a newer version, or a setting is of a wrong sort or makes no sense.
    """
    try:
        fields = parsed_json(text)
        if fields["format"] > FORMAT:
            raise TrainingError("The run was made by a newer Underpaint; update the program to resume it.")
        if fields["format"] == 1:  # called the averaged weights “average”
            fields["ema"] = fields.pop("average")
        if fields["format"] <= 2 and "first_look" in fields:
            fields["first_validation"] = fields.pop("first_look")
        fields["format"] = FORMAT
        for name in ("size", "betas"):
            fields[name] = tuple(fields[name])
        if fields.get("palette") is not None:
            fields["palette"] = palettes.from_fields(fields["palette"])
        config = Config(**fields)
        for name, sort in get_type_hints(Config).items():
            if not is_a(sort, getattr(config, name)):
                raise ValueError(f"its “{name}” makes no sense")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise TrainingError(
            f"The run's config.json is damaged ({error}); start the training anew."
        ) from error
    check(config)
    return config


def _is_style(length: object) -> bool:
    return type(length) is int and 0 <= length <= codes.LONGEST


def _are_codes(config: Config) -> bool:
    length = config.network.get("style", 0)
    if not _is_style(length) or not length:
        return not config.named_styles and not config.default_style
    try:
        codes.named(config.named_styles, length)
        codes.checked(config.default_style or [0.0] * length, length)
    except ValueError:
        return False
    return True


def check(config: Config) -> None:
    """Refuse settings that make no sense, before anything is started.

    Raises:
        TrainingError: naming the first one.
    """
    width, height = config.size
    first, second = config.betas
    ahead = config.discriminator_first
    labels = len(config.palette.labels) if config.one_hot and config.palette is not None else 1
    they = "two discriminators" if config.discriminators == 2 else "a discriminator"
    checks = {
        f"the task “{config.task}” is unknown; use {', '.join(TASKS)}": config.task in TASKS,
        f"the size must lie between {LEAST_EDGE} and {MOST_EDGE} pixels": all(
            LEAST_EDGE <= edge <= MOST_EDGE for edge in (width, height)
        ),
        f"the recipe “{config.recipe}” is unknown; use {', '.join(get_args(Recipe))}": config.recipe
        in get_args(Recipe),
        f"the adversarial loss “{config.adversarial}” is unknown": config.adversarial
        in get_args(Adversarial),
        f"the upsampling “{config.upsampling}” is unknown": config.upsampling in get_args(Upsampling),
        f"the way of norms “{config.norms}” is unknown": config.norms in get_args(Norms),
        f"hints are wishes or copies, not “{config.hinting}”": config.hinting in get_args(Hinting),
        "norms can only keep the statistics of a model to begin from": (
            config.norms == "batch" or bool(config.from_model)
        ),
        "a resnet has no decoder to be held to a resize": (
            config.kind != "resnet" or config.upsampling == "transposed"
        ),
        "with neither an L1 nor an adversarial loss nothing is learnt": (
            config.l1 > 0 or config.perceptual > 0 or config.adversarial != "none"
        ),
        "the weight of the L1 loss can't be negative": config.l1 >= 0,
        "the weight of the perceptual loss can't be negative": config.perceptual >= 0,
        "the weight of feature matching can't be negative": config.feature_matching >= 0,
        "the weights of stripes and lattices can't be negative": config.stripes >= 0 <= config.lattice,
        f"lattices need {LATTICE_EDGE} pixels; take a larger size": not config.lattice
        or min(width, height) >= LATTICE_EDGE,
        "there can be one discriminator, or two": config.discriminators in (1, 2),
        "a discriminator can be ahead by some steps, not by all": 0 <= ahead < max(config.steps, 1),
        "a discriminator that is ahead needs an adversarial loss": not ahead or config.adversarial != "none",
        "feature matching needs a discriminator, and so an adversarial loss": (
            config.feature_matching == 0 or config.adversarial != "none"
        ),
        "two discriminators need an adversarial loss": (
            config.discriminators == 1 or config.adversarial != "none"
        ),
        f"{they} of patches of {config.patch} pixels can't judge pictures of less than {least_edge(config)}"
        " pixels; choose a larger size or a smaller patch": (
            config.adversarial == "none" or min(width, height) >= least_edge(config)
        ),
        f"the recipe of styles “{config.style_recipe}” is unknown": config.style_recipe
        in get_args(StyleRecipe),
        f"a style has up to {codes.LONGEST} numbers; 8 are usual": _is_style(config.network.get("style", 0)),
        "the styles of the model to begin from make no sense": _are_codes(config),
        "styles are learnt with a discriminator, and so with an adversarial loss": (
            not config.network.get("style") or config.adversarial != "none"
        ),
        "the weights of the losses of styles can't be negative": (
            min(config.kl, config.latent, config.diversity) >= 0
        ),
        "the encoder of styles has a width between 4 and 48": 4 <= config.style_encoder <= 48,
        "edges give their lines to a share between 0 and 1 of the drawings": 0 <= config.edges <= 1,
        f"edges are found for drawings that are made of photos, which a task “{config.task}” has none of": (
            config.edges == 0 or config.task in ("lines", "hints")
        ),
        f"a model of {width} × {height} pixels that is fed a plane for each of {labels} labels would be too "
        "large to be opened; choose a smaller size, fewer labels, or --colour-labels": (
            not is_too_large(config.size, labels)
        ),
        "the model needs a name": bool(config.name),
        f"a model's name has up to {LONGEST['name']} characters": len(shown(config.name)) <= LONGEST["name"],
        "lines must be wider than nothing, and up to 100 pixels": 0 < config.line_width < 100,
        f"there must be at least one step, and at most {MOST_STEPS}": 1 <= config.steps <= MOST_STEPS,
        f"the seed must lie between 0 and {MOST_SEED}": 0 <= config.seed <= MOST_SEED,
        "a batch has at least one picture": 1 <= config.batch <= 1024,
        "the learning rate must lie between 0 and 1": 0 < config.learning_rate < 1,
        "weights from a model learn at a share between 0 and 1 of the learning rate": (
            0 <= config.inherited_rate <= 1
        ),
        "only weights from a model to begin from can learn more slowly": (
            config.inherited_rate == 1 or bool(config.from_model)
        ),
        "with inherited weights left as they are nothing is learnt but styles, and there are none": (
            config.inherited_rate > 0 or not config.network or bool(config.network.get("style"))
        ),
        "Adam's betas must lie between 0 and 1": 0 <= first < 1 and 0 <= second < 1,
        "the EMA keeps a share between 0 and 1": 0 <= config.ema < 1,
        "the learning rate can only fall after a share of the steps between 0 and 1": (
            0 <= config.decay_from <= 1
        ),
        "the validation share must lie between 0 and 0.5": 0 <= config.validation <= 0.5,
        "jitter enlarges by a factor between 1 and 2": 1 <= config.jitter <= 2,
        "zoom changes the size by a share between 0 and 0.5": 0 <= config.zoom <= 0.5,
        "other colours are given to a share between 0 and 1": 0
        <= config.recolour
        <= 1
        >= config.repaint
        >= 0,
        "only label maps have parts that can be painted anew; leave --repaint out": not config.repaint
        or (config.palette is not None and config.repainted in range(len(config.palette.labels))),
        "photos are painted anew for styles to be of these colours too; add --styles 8": (
            not config.repaint or not config.network or bool(config.network.get("style"))
        ),
        "rotation goes up to 45 degrees": 0 <= config.rotation <= 45,
        "a batch is shared evenly among the processes": (
            config.processes >= 1 and config.batch % config.processes == 0
        ),
        f"a training takes 1 to {MOST_THREADS} threads": 1 <= config.threads <= MOST_THREADS,
        "events come every so many steps, at least every one": config.log_every >= 1,
        "checkpoints come every so many steps": config.checkpoint_every >= 0,
        "samples come every so many steps, at least every one": config.sample_every >= 1,
        "the first validation comes after so many steps": config.first_validation >= 0,
        "black must be darker than white among 16 bits": 0 <= config.black < config.white <= FULL[1],
        "one-hot input needs a palette": config.palette is not None or not config.one_hot,
    }
    for sentence, right in checks.items():
        if not right:
            raise TrainingError(f"This can't be trained: {sentence}.")
