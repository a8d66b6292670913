"""Everything that passes between the window and the engine thread: frozen, and complete in itself.

A request holds all that the engine needs, and arrays in it are never written to again, so nothing
here needs a lock. Pictures are uint8; rows come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.data.card import Card, InputKind, Statistics
from engine.data.palette import Palette
from engine.data.rect import Rect
from engine.data.style import Code

Pixels = npt.NDArray[np.uint8]


Style = int | str | Code
"""What a picture is to look like: a seed, a name or a code, see ``Card.code``; None: the usual style."""


class Ticket(NamedTuple):
    """Which state of the program a pass belongs to.

    ``generation`` changes with document or model, ``revision`` with every edit. A preview is shown if
    its generation is current and its revision newer than the one on screen.
    """

    generation: int
    revision: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What the user painted, as the document sends it, at the document's own size.

    Sketches come apart, so that a grey or black hint is never mistaken for ink nor a white one
    for paper: ``lines`` uint8 (H, W), 255 paper to 0 full ink, and ``hints`` uint8 (H, W, 4),
    straight (not premultiplied) RGBA. Label and image pictures are ``pixels`` uint8 (H, W, 3).
    """

    pixels: Pixels | None = None
    lines: Pixels | None = None
    hints: Pixels | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        plane = self.pixels if self.pixels is not None else self.lines
        assert plane is not None, "a picture has pixels or lines"
        return plane.shape[1], plane.shape[0]


# --- requests ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenModel:
    """Load a model and make it the one that passes run on. Overrides as in ``engine.open``."""

    generation: int
    path: Path
    device: str | None = None
    statistics: Statistics | None = None
    precision: str | None = None


@dataclass(frozen=True, slots=True)
class Translate:
    """Make the preview of a picture.

    ``size`` is the working size (width, height) that the picture is brought to before the network
    sees it, ``None`` for its own. ``dirty``, in pixels at working size, covers all that changed
    since the request before; ``None`` means everything may have. A generation newer than that of
    ``OpenModel`` says that the document is another one; the model stays open. Another ``style`` than in
    the request before means a whole pass, whatever is dirty.
    """

    ticket: Ticket
    picture: Picture
    size: tuple[int, int] | None = None
    dirty: Rect | None = None
    style: Style | None = None


@dataclass(frozen=True, slots=True)
class Vary:
    """Make one preview a seed with dropout on. Ends early when superseded by a newer ``Vary``, or by a pass
    on another document.

    Where there are ``styles``, one a seed, each preview is of its own style, and dropout stays off; else all
    are of ``style``.
    """

    ticket: Ticket
    picture: Picture
    size: tuple[int, int] | None
    seeds: tuple[int, ...]
    style: Style | None = None
    styles: tuple[Style, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadStyle:
    """Read the style of the photo in a file, as the open model sees it."""

    path: Path


@dataclass(frozen=True, slots=True)
class TryOut:
    """Make the preview of a picture with a model that is not the open one, which stays open.

    Done when nothing else waits. If another model is to be opened while this one is loaded, that goes first,
    and this is begun anew. ``size`` and ``style`` as in ``Translate``.
    """

    path: Path
    picture: Picture
    size: tuple[int, int] | None
    style: Style | None = None


@dataclass(frozen=True, slots=True)
class Inspect:
    """Look into a foreign weights file, without running anything in it."""

    path: Path


@dataclass(frozen=True, slots=True)
class Import:
    """Turn a foreign weights file into a model file."""

    path: Path
    name: str
    input: InputKind
    palette: Palette | None
    target: Path


Request = OpenModel | Translate | Vary | ReadStyle | TryOut | Inspect | Import


# --- replies -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelOpened:
    """Passes may follow. ``seconds`` is what opening has taken.

    Where it is not ``ready``, a ``Tuned`` follows as soon as nothing else is asked. Until then it may be that
    the network runs by algorithms that are right but not the quickest; then no preview is ``settled``.
    """

    generation: int
    card: Card
    device: str
    precision: str
    seconds: float
    algorithms: str = ""
    """How many convolutions run by which algorithm, in words (see ``engine.devices.trials``)."""
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Tuned:
    """The open model now runs as trials on this machine found best; the words as in ``ModelOpened``."""

    generation: int
    precision: str
    algorithms: str


@dataclass(frozen=True, slots=True)
class Translated:
    """A preview, uint8 (H, W, 3) at working size. ``seconds`` is the pass alone.

    Where it is not ``settled``, it is up to date around the newest change and older elsewhere; the
    same ticket's exact frame follows as soon as the pen rests, unless another request comes before.
    """

    ticket: Ticket
    preview: Pixels
    seconds: float
    device: str
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Varied:
    """One of the variations asked for; ``index`` counts from 0 to ``count`` − 1."""

    ticket: Ticket
    index: int
    count: int
    seed: int
    preview: Pixels


@dataclass(frozen=True, slots=True)
class StyleRead:
    """The style of a photo; ``generation`` is that of the model's ``OpenModel``."""

    generation: int
    path: Path
    code: Code


@dataclass(frozen=True, slots=True)
class TriedOut:
    """What the model in ``path`` makes of a picture, uint8 (H, W, 3) at working size."""

    path: Path
    preview: Pixels


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a foreign file says of itself; ``summary`` is one line for the user.

    ``inputs`` is the number of planes the network wants; five can only be a sketch with hints.
    """

    path: Path
    summary: str
    name: str
    inputs: int
    card: Card | None = None
    """The card that lay beside the file, if there was one; answers are begun from it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A model file now lies at ``path``."""

    path: Path
    card: Card


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know though nothing failed (one sentence)."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Failed:
    """``request`` could not be carried out; ``sentence`` says why and what to do."""

    request: Request
    sentence: str


Reply = (
    ModelOpened | Tuned | Translated | Varied | StyleRead | TriedOut | Inspected | Imported | Notice | Failed
)
