"""The options of a training, as they are asked for: on the command line, by the window, of the child process.

One field is one option, and says all there is to say of it. The command line (``trainer.cli.train``) is made
from the fields, ``words`` writes them for a child process, ``trainer.planning.plan`` makes a config of them.
Free of torch and numpy: the window and ``--help`` have no time for either.
"""

# Without “from __future__ import annotations”: what stands behind the fields is looked at, not text.

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from engine.data.task import Task
from trainer.machine.errors import TrainingError

Recipe = Literal["default", "paper"]
Precision = Literal["float32", "bfloat16", "float16"]
Upsampling = Literal["transposed", "resize"]
Norms = Literal["batch", "kept"]
Adversarial = Literal["cross entropy", "least squares", "none"]
StyleRecipe = Literal["bicycle", "diversity"]

MOST_MINUTES, MOST_EPOCHS = 1e6, 1e6
"""Of a training: about two years, and more epochs than anybody waits for."""
MOST_THREADS = 1024

HOW_LONG = ("epochs", "steps", "minutes")
"""Options of which there can be one alone."""

Rgb = tuple[int, int, int]
"""As ``engine.data.palette.Colour``, which brings numpy."""


class OptionError(TrainingError):
    """An option, or two together, that can't be; ``flag`` names it as it is written."""

    def __init__(self, flag: str, sentence: str) -> None:
        super().__init__(sentence)
        self.flag = flag


# --- values that are more than a word or a number --------------------------------------------------


def size_of(text: str) -> tuple[int, int]:
    """Width and height from “256” or “384x256”.

    Raises:
        OptionError: it is neither.
    """
    words = text.lower().replace("×", "x").split("x")
    if not 1 <= len(words) <= 2 or not all(word.strip().isdecimal() for word in words):
        raise OptionError("--size", "Write the size as 256, or as 384x256: width and height.")
    return int(words[0]), int(words[-1])


def colour_of(text: str) -> Rgb:
    """Red, green and blue from “224,224,192”.

    Raises:
        OptionError: it is something else.
    """
    parts = [int(part) if part.strip().isdecimal() else 256 for part in text.split(",")]
    if len(parts) != 3 or max(parts) > 255:
        raise OptionError("--ignore", f"“{text}” is no colour; write 224,224,192.")
    return parts[0], parts[1], parts[2]


# --- what there is to say of an option -------------------------------------------------------------


@dataclass(frozen=True)
class About:
    """What the command line says of an option, and how its value is written there."""

    help: str
    flags: tuple[str, ...] = ()
    """By default the field's name behind two hyphens."""
    least: float | None = None
    most: float | None = None
    metavar: str | None = None
    formerly: str = ""
    """A name that it had once; scripts may still say so, and no help mentions it."""
    read: Callable[[str], Any] | None = None
    """Makes the value, or each of several, of a word …"""
    write: Callable[[Any], str] = str
    """… and this a word of the value."""
    has_no: bool = False
    """Whether ``--no-…`` takes it back."""


PAIR = (
    "How files make pairs, where that can't be seen: two folders or patterns, photos+masks or *+*_mask; "
    "left+right, top+bottom, first+third; alone."
)
IGNORE = "A colour of label maps that means no label: left out of losses and scores. May be given again."
DATA = "A folder of pairs, or of photos, or a zip file of one."


@dataclass(frozen=True)
class Options:
    """What somebody wants of a training. None stands for what the trainer chooses.

    Raises:
        OptionError: a value out of its range, an unknown word, or two ways to say how long.
    """

    data: Annotated[Path, About(DATA, metavar="DATA")]
    run: Annotated[
        Path | None,
        # torchrun takes “--run” for the beginning of an option of its own.
        About("The run folder to make; by default beside the models.", flags=("--run", "--run-folder")),
    ] = None
    task: Annotated[Task | None, About("By default what the pictures look like.")] = None
    swap: Annotated[bool, About("Train the other direction.")] = False
    pair: Annotated[str, About(PAIR, metavar="ONE+OTHER")] = ""
    ignore: Annotated[
        tuple[Rgb, ...],
        About(IGNORE, metavar="R,G,B", read=colour_of, write=lambda colour: ",".join(map(str, colour))),
    ] = ()
    name: Annotated[str | None, About("Of the model; by default the folder's.")] = None
    size: Annotated[
        tuple[int, int] | None,
        About("256, or 384x256: width and height.", read=size_of, write=lambda size: "{}x{}".format(*size)),
    ] = None
    width: Annotated[int, About("Of the networks.", least=4, most=256)] = 32
    levels: Annotated[
        int | None,
        About(
            "Of the U-Net; by default as many as the size bears, or as the model --from has. Fewer make a "
            "smaller file.",
            least=5,
            most=9,
        ),
    ] = None
    epochs: Annotated[
        float | None, About("Times through all pairs.", least=0.001, most=MOST_EPOCHS, formerly="sweeps")
    ] = None
    steps: Annotated[int | None, About("Steps, instead of epochs.", least=1)] = None
    minutes: Annotated[float | None, About("Time, instead of epochs.", least=0.01, most=MOST_MINUTES)] = None
    recipe: Annotated[Recipe, About("Which settings to begin from.")] = "default"
    batch: Annotated[int | None, About("Pictures a step.", least=1)] = None
    seed: Annotated[int, About("Of everything that is random.", least=0)] = 0
    from_model: Annotated[str | None, About("A model to go on from.", flags=("--from",))] = None
    network: Annotated[str | None, About("unet, encoder_decoder or resnet.")] = None
    dropout: Annotated[bool, About("The paper's noise; gives variations.", has_no=True)] = True
    """Counts for new networks only."""
    patch: Annotated[int | None, About("Of the discriminator: 1, 16, 34, 70, 142, 286.")] = None
    upsampling: Annotated[str | None, About("Of the decoder: transposed or resize.")] = None
    norms: Annotated[str | None, About("batch, or kept: those of the model --from.")] = None
    l1: Annotated[float | None, About("Weight of the L1 loss.", least=0)] = None
    perceptual: Annotated[
        float | None, About("Weight of the perceptual loss, on crops; 15 goes with --l1 40.", least=0)
    ] = None
    feature_matching: Annotated[
        float | None,
        About(
            "Weight of the discriminator's features being alike; 10 as in pix2pixHD.",
            least=0,
            metavar="WEIGHT",
        ),
    ] = None
    stripes: Annotated[
        float | None,
        About("Weight of there being no fine stripes that photos have not; 100 goes with --l1 40.", least=0),
    ] = None
    lattice: Annotated[
        float | None,
        About(
            "Weight of no texture recurring that doesn't in photos, as a weave does; 200 goes with --l1 40.",
            least=0,
        ),
    ] = None
    discriminators: Annotated[
        int | None, About("1, or 2: another one looks at half the size.", least=1, most=2)
    ] = None
    discriminator_first: Annotated[
        int | None,
        About(
            "Steps in which the discriminator learns alone, before the generator goes on from --from.",
            least=0,
            metavar="STEPS",
        ),
    ] = None
    styles: Annotated[
        int | None,
        About(
            "Numbers in a style: one drawing, many pictures; 8 are usual. Sub-folders of photos become named "
            "styles.",
            least=0,
            most=64,
            metavar="NUMBERS",
        ),
    ] = None
    style_recipe: Annotated[
        StyleRecipe | None, About("How styles are learnt: from photos, or by being unlike.")
    ] = None
    kl: Annotated[
        float | None,
        About(
            "Of styles: weight of photos' codes being spread as random ones are; less lets them differ more.",
            least=0,
            metavar="WEIGHT",
        ),
    ] = None
    latent: Annotated[
        float | None,
        About("Of styles: weight of random codes being found again.", least=0, metavar="WEIGHT"),
    ] = None
    diversity: Annotated[
        float | None,
        About("Of styles learnt by being unlike: weight of that.", least=0, metavar="WEIGHT"),
    ] = None
    repaint: Annotated[
        float | None,
        About(
            "Of styles of label maps: share of photos in which the label that covers most, such as walls, is "
            "painted anew, so that styles are of its colour too; 0.5 is usual.",
            least=0,
            most=1,
            metavar="SHARE",
        ),
    ] = None
    edges: Annotated[
        float | None,
        About(
            "Share of drawings made of photos whose lines a trained edge detector finds, as people draw; "
            "it looks at each photo once, about half a second long.",
            least=0,
            most=1,
            metavar="SHARE",
        ),
    ] = None
    hinting: Annotated[
        str | None,
        About("wishes, as people paint hints, or copies of the photo's colours.", flags=("--hints",)),
    ] = None
    adversarial: Annotated[str | None, About("“cross entropy”, “least squares”, none.")] = None
    conditional: Annotated[bool | None, About("Whether the discriminator sees the input.", has_no=True)] = (
        None
    )
    learning_rate: Annotated[float | None, About("Of Adam.")] = None
    inherited_rate: Annotated[
        float | None,
        About(
            "Share of the learning rate at which weights of the model --from go on learning, styles aside: 0 "
            "leaves them as they are.",
            least=0,
            most=1,
            metavar="SHARE",
        ),
    ] = None
    ema: Annotated[float | None, About("Share that averaged weights keep a step.", formerly="average")] = None
    flip: Annotated[bool | None, About("Mirror half of the pictures.", has_no=True)] = None
    recolour: Annotated[float | None, About("Share of hinted pictures in new colours.")] = None
    differentiable: Annotated[bool | None, About("Augment before the discriminator.", has_no=True)] = None
    validation: Annotated[
        float | None,
        About("Share of the pairs held back, where no folder val is.", least=0, most=0.5, metavar="SHARE"),
    ] = None
    palette: Annotated[Path | None, About("For labels: a .gpl file, names and all.")] = None
    colour_labels: Annotated[bool, About("No plane a label.")] = False
    """Feed label maps as colours, as published models have it, instead of one plane a label."""
    device: Annotated[str | None, About("cuda, mps, xpu or cpu.")] = None
    precision: Annotated[Precision | None, About("By default the quickest.")] = None
    threads: Annotated[int | None, About("Of the processor.", least=1, most=MOST_THREADS)] = None
    log_every: Annotated[int | None, About("Steps between events.", least=1)] = None
    checkpoint_every: Annotated[int | None, About("Steps; by default a minute.", least=1)] = None
    gently: Annotated[bool, About("Let other programs go first.")] = False

    def __post_init__(self) -> None:
        for option in each():
            option.check(getattr(self, option.name))
        one_of(**{name: getattr(self, name) for name in HOW_LONG})

    def words(self) -> list[str]:
        """The command line that asks for this, without the program's name."""
        words = ["train", f"./{self.data}" if str(self.data).startswith("-") else str(self.data)]
        for option in each():
            value = getattr(self, option.name)
            if option.name != "data" and value != option.default:
                words += option.words(value)
        return words


@dataclass(frozen=True)
class Option:
    """One field of ``Options``."""

    name: str
    kind: Any
    """Its type, without None."""
    default: Any
    about: About

    @property
    def flags(self) -> tuple[str, ...]:
        """As it is written on the command line; the first is the usual one."""
        return self.about.flags or (f"--{self.name.replace('_', '-')}",)

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it may be; none where it may be any."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    def check(self, value: Any) -> None:
        """Refuse what makes no sense whatever the pictures are.

        Raises:
            OptionError: naming the option.
        """
        about, flag = self.about, self.flags[0]
        if self.choices and value is not None and value not in self.choices:
            raise OptionError(flag, f"There is no {self.name} “{value}”; use {' or '.join(self.choices)}.")
        if value is None or (about.least is None and about.most is None):
            return
        least, most = about.least or 0, math.inf if about.most is None else about.most
        if not least <= value <= most or not math.isfinite(value):
            bounds = f"at least {least:g}" if most == math.inf else f"between {least:g} and {most:g}"
            raise OptionError(flag, f"{flag} must be {bounds}; {value} is not.")

    def read(self, word: Any) -> Any:
        """The value that the command line gave, of a word where it is written as one."""
        read = self.about.read or (lambda whole: whole)
        if self.is_several:
            return tuple(map(read, word or ()))
        return word if word is None else read(word)

    def words(self, value: Any) -> list[str]:
        """A value other than the usual one, as it is written on the command line."""
        flag = self.flags[0]
        if isinstance(value, bool):
            return [flag if value else f"--no-{flag.removeprefix('--')}"]
        several = value if self.is_several else (value,)
        return [word for one in several for word in (flag, self.about.write(one))]

    @property
    def is_several(self) -> bool:
        """Whether it may be given again and again."""
        return get_args(self.kind)[1:] == (...,)


def each() -> Iterator[Option]:
    """The options, in the order in which they are explained."""
    return iter(_EACH)


def _described() -> Iterator[Option]:
    for field in fields(Options):
        sort, about = get_args(field.type)
        if type(None) in get_args(sort):
            (sort,) = (part for part in get_args(sort) if part is not type(None))
        yield Option(field.name, sort, field.default, about)


_EACH = tuple(_described())


def one_of(**asked: float | None) -> None:
    """Refuse more than one way to say how long.

    Raises:
        OptionError: there is more than one.
    """
    given = [f"--{name}" for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise OptionError(given[-1], f"{' and '.join(given)} contradict each other; use one.")
