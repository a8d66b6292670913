"""From a pair of files to what the network sees of it in one step of one epoch.

Both sides go through one and the same affine map: jitter (the paper's 286 → 256), flip, small rotation
and scale. The input is prepared by the engine's own codec with the card of the model in the making, so
training and canvas can't drift apart. All chance in a sample comes from (seed, epoch, index).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.card import Card
from engine.data.messages import Picture
from engine.planes import codec, ink
from trainer.data.pairs import DataSet, Pair, Task
from trainer.loading.recolour import recolouring, repainted
from trainer.pictures import background, palettes, sketch, sources
from trainer.pictures import hints as colour_hints
from trainer.pictures.background import Background

Pixels = npt.NDArray[np.uint8]

_REDUCE_FROM = 1.3
"""Pictures are kept reduced where they are this many times larger than needed."""

_UNIFORM = 6
"""Greatest deviation of a picture's border from its own colour that still is one colour."""


@dataclass(frozen=True)
class Augment:
    """Everything that fixes how samples are made of pairs, besides the seed."""

    card: Card
    """Of the model in the making: input kind, size (width, height), palette, one-hot, hints, line width."""
    task: Task
    jitter: float = 286 / 256
    """How much larger than the window a picture is at least (1 for none)."""
    flip: bool = True
    """Whether half of the samples are mirrored; not for lettering or anything that has its right way."""
    rotation: float = 3.0
    """Greatest angle, degrees, either way."""
    zoom: float = 0.06
    """Greatest change of size, as a share, beyond the jitter."""
    roam: bool = True
    """Whether an object on a plain background may also become smaller and move about, as people draw it."""
    recolour: float = 0.0
    """How often a photo with hints made of it gets other colours, and the hints with it."""
    drawing: sketch.Settings = field(default_factory=sketch.Settings)
    edge_maps: Path | None = None
    """Where the photos' edge maps are kept; None where lines are drawn without them."""
    repaint: float = 0.0
    """How often a photo of a label map is painted anew …"""
    repainted: int | None = None
    """… where the map has the label of that number; None for nowhere."""

    @property
    def still(self) -> Augment:
        """The same with as little chance as may be: for evaluation and samples."""
        settings = replace(sketch.PLAIN, line_width=self.drawing.line_width)
        return replace(
            self,
            jitter=1.0,
            flip=False,
            rotation=0.0,
            zoom=0.0,
            roam=False,
            recolour=0.0,
            drawing=settings,
            repaint=0.0,
        )


class Sample(NamedTuple):
    """``prepared`` uint8 (H, W, C) as ``engine.planes.codec.prepare`` gives, ``target`` uint8 (H, W, 3), and
    ``known`` uint8 (H, W), 0 where a label map has no label, which is left out of losses and scores; None
    where all is known."""

    prepared: Pixels
    target: Pixels
    known: Pixels | None = None

    @property
    def share(self) -> float:
        """Of its pixels that are known, more than 0 to 1."""
        return 1.0 if self.known is None else max(1e-3, float((self.known > 0).mean()))

    def masked(self, generated: Pixels) -> Pixels:
        """A picture generated from it, uint8 (H, W, 3), with the target's own pixels where nothing is known:
        there it is neither right nor wrong."""
        if self.known is None:
            return generated
        return np.where(self.known[..., None] > 0, generated, self.target)


class Loaded(NamedTuple):
    """A pair in memory, in as many pixels as are needed.

    ``a`` is None where it is made from ``b``, else uint8 (H, W) label indices, (H, W) lines, or
    (H, W, 3); ``hints`` (H, W, 4) or None. All of ``b``'s size, (H, W, 3). ``background`` is what lies
    around each of them, where that is plain: the colour or label of ``a`` and the colour of ``b``.
    """

    a: Pixels | None
    b: Pixels
    hints: Pixels | None
    background: tuple[tuple[int, ...], tuple[int, ...]] | None
    known: Pixels | None = None
    """As in ``Sample``."""
    edges: Pixels | None = None
    """The edge map of ``b``, (H, W), where lines are made of it."""

    @property
    def bytes(self) -> int:
        """Memory taken."""
        planes = self.a, self.b, self.hints, self.known, self.edges
        return sum(plane.nbytes for plane in planes if plane is not None)


class Memory:
    """Pairs read once and kept while there is room; what doesn't fit is read anew each time.

    Safe to ask from several threads. Without effect on the samples, only on their speed.
    """

    def __init__(self, data: DataSet, augment: Augment, most_bytes: int) -> None:
        self._pairs = data.pairs
        self._augment = augment
        self._room = most_bytes
        self._kept: dict[int, Loaded] = {}
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> Loaded:
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        fresh = load(self._pairs[index], self._augment)
        with self._lock:
            if fresh.bytes <= self._room and index not in self._kept:
                self._room -= fresh.bytes
                self._kept[index] = fresh
        return fresh


def sample(data: DataSet, index: int, epoch: int, seed: int, augment: Augment) -> Sample:
    """One pair as it is seen in one epoch. The same arguments always give the same bytes.

    Raises:
        PictureError: a file can't be read.
    """
    return varied(load(data.pairs[index], augment), chance(seed, epoch, index), augment)


def chance(seed: int, epoch: int, index: int = -1) -> np.random.Generator:
    """The only source of a sample's randomness; of the epoch's, where no pair is named."""
    # NumPy fills short seeds up with zeros, so the index counts from one and the epoch itself is zero.
    return np.random.default_rng([seed, epoch, index + 1])


def still(pair: Pair, augment: Augment) -> Sample:
    """The middle of a pair without augmentation, for evaluation and samples; hints are always the same.

    Raises:
        PictureError: a file can't be read.
    """
    quiet = augment.still
    random = np.random.default_rng(list(pair.name.encode("utf-8", "surrogatepass")))
    return varied(load(pair, quiet), random, quiet)


def load(pair: Pair, augment: Augment) -> Loaded:
    """Read a pair and bring both sides to one size, reduced as far as the samples allow.

    Raises:
        PictureError: a file can't be read.
    """
    b = sources.read(pair.b)
    size = _needed(b, augment)
    a = hints = known = None
    if pair.a.derived is None:
        whole = sources.read(pair.a)
        if augment.task == "labels":
            there = palettes.known(whole)
            if not there.all():
                known = _resized(there.view(np.uint8) * np.uint8(255), size, nearest=True)
        a = _input_plane(whole, size, augment)
    if pair.hints is not None:
        hints = _resized(sources.read_hints(pair.hints), size, nearest=True)
    b = _resized(b, size)
    edges = _edges(b, augment) if a is None and augment.task in ("lines", "hints") else None
    return Loaded(a, b, hints, _background(a, b) if augment.roam else None, known, edges)


def seen(data: DataSet, numbers: Iterable[int], seed: int, augment: Augment) -> list[Pixels]:
    """Photos of some pairs as a training sees them, but whole: as many of them painted anew."""
    whole = replace(augment.still, repaint=augment.repaint)
    return [sample(data, number, 0, seed, whole).target for number in numbers]


def varied(loaded: Loaded, random: np.random.Generator, augment: Augment) -> Sample:
    """One of the samples that can be made of a pair."""
    a, b, hints, background, known, edges = loaded
    affine = _affine(b.shape[:2], random, augment, plain=background is not None)
    size = augment.card.size
    target = _mapped(b, affine, size, Image.Resampling.BICUBIC, background and background[1])
    if a is not None:
        nearest = augment.task == "labels"
        method = Image.Resampling.NEAREST if nearest else Image.Resampling.BICUBIC
        a = _mapped(a, affine, size, method, background and background[0])
    if hints is not None:
        hints = _mapped(hints, affine, size, Image.Resampling.NEAREST, (0, 0, 0, 0))
    if augment.task in ("lines", "hints"):
        if edges is not None:
            edges = _mapped(edges, affine, size, Image.Resampling.BILINEAR, (0,))
        return _drawn(a, target, hints, edges, random, augment)
    if a is not None and augment.repainted is not None and random.random() < augment.repaint:
        target = repainted(target, a == augment.repainted, random)
    if known is not None:
        known = _mapped(known, affine, size, Image.Resampling.NEAREST, (255,))
    return Sample(_prepared(a, target, augment), target, known)


def _prepared(a: Pixels | None, target: Pixels, augment: Augment) -> Pixels:
    """The input as the codec prepares it, where it is no drawing."""
    card, task = augment.card, augment.task
    if task == "labels":
        assert a is not None and card.palette is not None
        return a[..., None] if card.one_hot else codec.flat(card.palette.colours[a], card)
    if a is None:
        a = sources.derived(target, task)  # type: ignore[arg-type]
    return codec.flat(a, card)


def _drawn(
    a: Pixels | None,
    target: Pixels,
    hints: Pixels | None,
    edges: Pixels | None,
    random: np.random.Generator,
    augment: Augment,
) -> Sample:
    """A drawing of the photo, or by the lines and hints that were read; lines come at their final width."""
    plain = background.find_background(target)
    if a is None:
        lines = sketch.drawn(target, random, augment.drawing, edges, plain)
    else:
        lines = sketch.redrawn(a, random, augment.drawing)
    painted = Picture(lines=lines)
    if augment.task == "hints":
        if hints is None:  # somebody's own hints are of their photo
            hints, target = _hinted(target, random, augment, plain)
        painted = Picture(lines=lines, hints=hints)
    return Sample(codec.prepare(painted, replace(augment.card, line_width=None)), target)


def _hinted(
    target: Pixels, random: np.random.Generator, augment: Augment, plain: Background | None
) -> tuple[Pixels, Pixels]:
    """Hints of a photo, and the photo in the colours that they are of: without a hint the usual ones are
    the right ones."""
    drawing = augment.drawing
    if drawing.hinting == "copies":
        made = colour_hints.hinted(target, random, drawing.hints, "copies", plain)
        if random.random() < augment.recolour and made[..., 3].any():
            recoloured = recolouring(random)
            return np.dstack([recoloured(made[..., :3]), made[..., 3]]), recoloured(target)
        return made, target
    if random.random() >= drawing.hints:
        return colour_hints.none(target), target
    # A wish is of the colours that the photo has by then, and pure among these.
    if random.random() < augment.recolour:
        target = recolouring(random)(target)
    return colour_hints.wished(target, random, plain), target


def _input_plane(a: Pixels, size: tuple[int, int], augment: Augment) -> Pixels:
    """An input that was read, as it is kept: label indices, lines in grey, or colours."""
    if augment.task == "labels":
        assert augment.card.palette is not None
        labels = palettes.filled(palettes.labelled(a, augment.card.palette), palettes.known(a))
        return _resized(labels, size, nearest=True)
    if augment.task in ("lines", "hints"):
        # Redrawn before it is reduced, lest thin lines fade, and after it, by sketch.redrawn.
        thick = 2 * max(1.0, a.shape[1] / size[0])
        return _resized(ink.redrawn(np.array(Image.fromarray(a).convert("L")), thick), size)
    return _resized(a, size)


def _edges(b: Pixels, augment: Augment) -> Pixels | None:
    """The edge map of a photo as it is kept in memory, (H, W)."""
    if augment.edge_maps is None:
        return None
    from trainer.perception.edges import EdgeMaps  # with torch, which the window does without

    return EdgeMaps(augment.edge_maps).of(b)


def _needed(b: Pixels, augment: Augment) -> tuple[int, int]:
    """Width and height that a photo is kept at: enough for the window and its jitter."""
    height, width = b.shape[:2]
    scale = min(width / augment.card.size[0], height / augment.card.size[1]) / augment.jitter
    if scale < _REDUCE_FROM:
        return width, height
    return max(1, round(width / scale)), max(1, round(height / scale))


def _resized(pixels: Pixels, size: tuple[int, int], nearest: bool = False) -> Pixels:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    method = Image.Resampling.NEAREST if nearest else Image.Resampling.LANCZOS
    return np.array(Image.fromarray(pixels).resize(size, method))


def _background(a: Pixels | None, b: Pixels) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The one colour around each side, where both have one."""
    behind = _border_colour(b)
    before = () if a is None else _border_colour(a)
    return None if behind is None or before is None else (before, behind)


def _border_colour(plane: Pixels) -> tuple[int, ...] | None:
    channels = plane.reshape(*plane.shape[:2], -1)
    border = np.concatenate([channels[0], channels[-1], channels[:, 0], channels[:, -1]])
    colour = np.median(border, axis=0)
    if np.abs(border - colour).max() > _UNIFORM:
        return None
    return tuple(int(value) for value in colour)


# --- geometry ------------------------------------------------------------------------------------

Affine = tuple[float, float, float, float, float, float]
"""Where a pixel (x, y) of the window lies in the picture: (a x + b y + c, d x + e y + f)."""


def _affine(shape: tuple[int, int], random: np.random.Generator, augment: Augment, plain: bool) -> Affine:
    """A window that never leaves the picture, but where this has a plain background.

    The window keeps its shape: of a picture with other proportions a part is seen, at random.
    """
    height, width = shape
    across, down = augment.card.size
    whole = min(width / across, height / down)
    angle = np.deg2rad(random.uniform(-1, 1) * augment.rotation)
    zoom = 1 + random.uniform(-1, 1) * augment.zoom
    move_x, move_y = random.uniform(-1, 1, 2)
    mirrored = augment.flip and random.random() < 0.5
    # Drawn in any case, so that the other numbers are the same with and without it.
    roams = random.random() < 0.5
    shrunk = random.uniform(1.0, 1.4)
    cos, sin = np.cos(angle), np.sin(angle)
    scale = whole / augment.jitter * zoom
    if plain and augment.roam and roams:
        scale = whole * shrunk
        free_x, free_y = abs(scale * across - width * 0.9) / 2, abs(scale * down - height * 0.9) / 2
    else:
        reach_x = (across * cos + down * abs(sin)) / 2
        reach_y = (down * cos + across * abs(sin)) / 2
        scale = min(scale, width / 2 / reach_x, height / 2 / reach_y)
        free_x, free_y = width / 2 - scale * reach_x, height / 2 - scale * reach_y
    if augment.jitter == 1 and not augment.roam and not augment.zoom:
        move_x = move_y = 0.0
    middle_x, middle_y = width / 2 + move_x * free_x, height / 2 + move_y * free_y
    side = -scale if mirrored else scale
    a, b, d, e = side * cos, -scale * sin, side * sin, scale * cos
    return (
        float(a),
        float(b),
        float(middle_x - a * across / 2 - b * down / 2),
        float(d),
        float(e),
        float(middle_y - d * across / 2 - e * down / 2),
    )


def _mapped(
    plane: Pixels,
    affine: Affine,
    size: tuple[int, int],
    method: Image.Resampling,
    background: tuple[int, ...] | None,
) -> Pixels:
    """What is seen through the window: uint8 (H, W) or (H, W, C)."""
    height, width = plane.shape[:2]
    if affine == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0) and size == (width, height):
        return plane
    image = Image.fromarray(plane)
    fill = None if not background else background if len(background) > 1 else background[0]
    seen = image.transform(size, Image.Transform.AFFINE, affine, method, fillcolor=fill)
    return np.array(seen)
