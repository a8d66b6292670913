"""Photo → the line drawing and the colour hints that somebody might have painted of it.

Lines are edges: of a map that a trained detector made (``trainer.perception.edges``), which finds what people
draw, or where the gradient is strongest (Canny, “A computational approach to edge detection”, PAMI 8, 1986,
by scikit-image). They are thinned, without small components as in the pix2pix paper (appendix, “edges→photo”)
and brought to the pen's width by the very function that the canvas applies to people's drawings. What makes
people's drawings differ from edges is added at random: coarser scale, missing inner lines, gaps, wobble,
doubled contours, another pen. Lengths are in pixels of a 256-pixel picture and grow with larger ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.planes import ink
from trainer.pictures import background, discs, hints, thinning
from trainer.pictures.background import Background
from trainer.pictures.channels import weakest
from trainer.pictures.hints import Hinting

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Plane = npt.NDArray[np.float32]
_Value = TypeVar("_Value", np.bool_, np.float32)


@dataclass(frozen=True)
class Settings:
    """How drawings vary. Probabilities 0 to 1, lengths in pixels of a 256-pixel picture."""

    line_width: float = 1.5
    """Of the model's card: what the canvas will bring people's lines to, in pixels of the picture."""
    other_pen: float = 0.25
    """How often the pen is another one, from 1 to 3 pixels."""
    learned: float = 0.85
    """How often lines are those of the edge map, where there is one."""
    sure: tuple[float, float] = (0.3, 0.75)
    """Least and greatest value of the edge map, 0 to 1, at which a line starts."""
    scale: tuple[float, float] = (1.0, 2.8)
    """Standard deviation of the blur before edges are looked for, least and greatest."""
    threshold: tuple[float, float] = (0.05, 0.18)
    """Least and greatest strength at which a line starts, as a share of the picture's strongest edges."""
    colour: tuple[float, float] = (0.3, 0.7)
    """Weight of the weakest channel against lightness: light objects on white paper differ in colour only."""
    simple: float = 0.4
    """How often inner lines are left out; of them, a random share."""
    gaps: float = 0.4
    """How often lines have gaps."""
    wobble: float = 0.6
    """How often the hand is unsteady, by up to 2.5 pixels."""
    doubled: float = 0.12
    """How often a part of the contour is drawn twice."""
    hints: float = 0.65
    """How often there are colour hints."""
    hinting: Hinting = "wishes"
    """What hints are like, see ``trainer.pictures.hints``."""


PLAIN = Settings(
    other_pen=0,
    learned=1,
    sure=(0.45, 0.45),
    scale=(1.8, 1.8),
    threshold=(0.1, 0.1),
    colour=(0.5, 0.5),
    simple=0,
    gaps=0,
    wobble=0,
    doubled=0,
    hints=1,
    hinting="copies",
)
"""No chance but in the hints: for evaluation."""


_NOISE = 0.035
"""Edges weaker than this, as the detector measures them, are grain: a step of five levels, hardly blurred."""


@dataclass(frozen=True)
class Sketch:
    """A drawing: ``lines`` uint8 (H, W), 255 paper to 0 ink; ``hints`` uint8 (H, W, 4), straight RGBA,
    opacity 0 or 255."""

    lines: Pixels
    hints: Pixels


def draw(
    photo: Pixels, random: np.random.Generator, settings: Settings, edges: Pixels | None = None
) -> Sketch:
    """One of the many drawings that somebody might have made of a photo.

    Args:
        photo: uint8 (H, W, 3).
        random: all that varies comes from it, in the same order.
        edges: the photo's edge map, uint8 (H, W), 0 none to 255 surely, if there is one.
    """
    plain = background.find_background(photo)
    lines = drawn(photo, random, settings, edges, plain)
    return Sketch(lines, hints.hinted(photo, random, settings.hints, settings.hinting, plain))


def drawn(
    photo: Pixels,
    random: np.random.Generator,
    settings: Settings,
    edges: Pixels | None = None,
    plain: Background | None = None,
) -> Pixels:
    """The lines of one of these drawings, uint8 (H, W), 255 paper to 0 ink.

    Args:
        plain: the photo's background, if it is plain.
    """
    return _penned(_drawn(photo, plain, random, settings, edges), random, settings)


def lines(photo: Pixels, line_width: float = PLAIN.line_width, edges: Pixels | None = None) -> Pixels:
    """The lines alone, without any chance: uint8 (H, W), 255 paper to 0 ink; of the edge map, if given."""
    settings, random = replace(PLAIN, line_width=line_width), np.random.default_rng(0)
    return drawn(photo, random, settings, edges, background.find_background(photo))


def sparing(settings: Settings, sure: float) -> Settings:
    """Settings under which a line starts at just this value of an edge map, and where there is none, at a
    strength as far between the least and the greatest.

    Args:
        sure: between the least and the greatest of ``Settings.sure``: the more, the fewer lines.
    """
    (least, most), (weak, strong) = Settings.sure, Settings.threshold
    threshold = weak + (sure - least) / (most - least) * (strong - weak)
    return replace(settings, sure=(sure, sure), threshold=(threshold, threshold))


def sparing_lines(photo: Pixels, sure: float, edges: Pixels | None = None) -> Pixels:
    """As ``lines``, fewer or more of them, see ``sparing``."""
    settings, random = sparing(PLAIN, sure), np.random.default_rng(0)
    return _penned(
        _drawn(photo, background.find_background(photo), random, settings, edges), random, settings
    )


def redrawn(lines: Pixels, random: np.random.Generator, settings: Settings) -> Pixels:
    """Lines that a person or another program drew, as somebody else might have: uint8 (H, W) both."""
    contours = ink.redrawn(lines, 1) < 128
    if random.random() < settings.wobble:
        contours = _shifted_lines(contours, _unsteadiness(contours.shape, random, random.uniform(0.5, 2.5)))
    return _penned(contours, random, settings)


def over(lines: Pixels, hints: Pixels) -> Pixels:
    """A drawing as seen: lines uint8 (H, W) over hints uint8 (H, W, 4) over white paper, uint8 (H, W, 3)."""
    there = hints[..., 3:] >= 128
    under = np.where(there, hints[..., :3], 255).astype(np.uint16)
    seen: Pixels = (under * lines[..., None] // 255).astype(np.uint8)
    return seen


# --- lines ---------------------------------------------------------------------------------------


def _drawn(
    photo: Pixels,
    plain: Background | None,
    random: np.random.Generator,
    settings: Settings,
    edges: Pixels | None,
) -> Mask:
    """The contours that somebody draws, without the lettering beside the object."""
    # Drawn only where there is a map: without one, chance goes on as it always did.
    if edges is None or random.random() >= settings.learned:
        seen = photo if plain is None else plain.without_lettering(photo)
        return _contours(seen, random, settings)
    sure = edges.astype(np.float32) / np.float32(255)
    if plain is not None and plain.lettering is not None:
        sure[plain.lettering] = 0
    return _sure_contours(sure, random, settings)


def _sure_contours(sure: Plane, random: np.random.Generator, settings: Settings) -> Mask:
    """Lines one pixel wide along the ridges of an edge map, without specks, sometimes without inner ones."""
    unit = discs.unit(sure.shape)
    strong = float(random.uniform(*settings.sure))
    smooth = 0.8 if settings.scale[0] == settings.scale[1] else float(random.uniform(0.6, 1.6))
    if random.random() < settings.wobble:
        sure = _shifted(sure, _unsteadiness(sure.shape, random, random.uniform(0.5, 2.5)))
    found = thinning.lines(sure, 0.4 * strong, strong, unit * smooth)
    return _without_specks(found, 12 * unit, settings.simple, random)


def _contours(photo: Pixels, random: np.random.Generator, settings: Settings) -> Mask:
    """Edges one pixel wide, without specks, sometimes without inner ones."""
    from skimage.feature import canny

    unit = discs.unit(photo.shape)
    sigma = unit * float(random.uniform(*settings.scale))
    share = float(random.uniform(*settings.threshold))
    colour = np.float32(random.uniform(*settings.colour))
    grey = np.asarray(Image.fromarray(photo).convert("L"), np.float32)
    plane = np.asarray((grey * (1 - colour) + weakest(photo) * colour) / 255, np.float32)
    if random.random() < settings.wobble:
        # Shifting what edges are found in, rather than the edges, never tears or thickens a line.
        plane = _shifted(plane, _unsteadiness(plane.shape, random, random.uniform(0.5, 2.5)))
    # A coarse scale is found on a smaller picture, which is quicker and makes rounder lines.
    step = max(1, int(sigma / 1.4))
    small = _shrunk(plane, step)
    sigma = max(0.6, sigma / step)
    strong = max(_NOISE, share * _strongest(small, sigma))
    edges = canny(small, sigma, low_threshold=0.4 * strong, high_threshold=strong, mode="nearest")
    kept = _without_specks(edges, 10 * unit / step, settings.simple, random)
    return kept if step == 1 else _enlarged(kept, photo.shape[:2])


def _strongest(plane: Plane, sigma: float) -> float:
    """Strength of the strongest edges, as the detector measures it."""
    from scipy import ndimage

    if min(plane.shape) < 2:  # one row or column has no edges across
        return 0.0
    smooth = ndimage.gaussian_filter(plane, sigma)
    down, across = np.gradient(smooth)
    strength = np.hypot(down, across)
    return float(np.quantile(strength[::2, ::2], 0.985)) * 8  # its Sobel is eight gradients


def _without_specks(edges: Mask, least: float, simple: float, random: np.random.Generator) -> Mask:
    """Lines of at least so many pixels; with probability ``simple`` some of the inner ones go too."""
    from scipy import ndimage

    found, count = ndimage.label(edges, np.ones((3, 3), np.uint8))
    sizes = np.bincount(found.reshape(-1), minlength=count + 1)
    stays = sizes >= least
    stays[0] = False
    if random.random() < simple:
        rate, longest = random.uniform(0.2, 0.9), random.uniform(3, 12) * least
        draws = random.random(count + 1)
        stays &= (sizes >= longest) | (draws > rate) | _outer(found, count)
    return np.asarray(stays[found])


def _outer(found: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.bool_]:
    """Which lines are met first on coming from the picture's sides: they make the outline."""
    there = found > 0
    outer = np.zeros(count + 1, np.bool_)
    for axis in (0, 1):
        for towards in (found, np.flip(found, axis)):
            mask = there if towards is found else np.flip(there, axis)
            first = mask.argmax(axis)
            labels = np.take_along_axis(towards, np.expand_dims(first, axis), axis).reshape(-1)
            # A line seen from a side now and then only is no outline.
            seen = np.bincount(labels, minlength=count + 1)
            outer |= seen >= 6
    return outer


def _enlarged(mask: Mask, shape: tuple[int, int]) -> Mask:
    """Smooth lines again after enlarging by a small factor."""
    soft = Image.fromarray(mask.view(np.uint8) * np.uint8(255)).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(soft) >= 90


def _penned(contours: Mask, random: np.random.Generator, settings: Settings) -> Pixels:
    """Thin lines drawn with a pen, some of them twice or with gaps: uint8 (H, W), 255 paper to 0 ink."""
    unit = discs.unit(contours.shape)
    if random.random() < settings.doubled:
        again = _shifted_lines(contours, _unsteadiness(contours.shape, random, random.uniform(2, 4)))
        contours = contours | (again & _blobs(contours.shape, random, 2, unit * 60))
    if random.random() < settings.gaps:
        contours = contours & ~_blobs(contours.shape, random, int(random.integers(2, 14)), unit * 5)
    pen = settings.line_width
    if random.random() < settings.other_pen:
        pen = float(random.uniform(1, 3))
    return ink.redrawn(np.where(contours, np.uint8(0), np.uint8(255)), pen)


def _unsteadiness(shape: tuple[int, ...], random: np.random.Generator, by: float) -> Plane:
    """How far a hand misses, down and across, float32 (2, H, W): up to ``by`` pixels of a 256-pixel picture,
    another way at every 20 to 40."""
    height, width = shape[:2]
    cells = int(random.integers(6, 14))
    by *= discs.unit(shape)
    field = random.uniform(-by, by, (2, cells, cells)).astype(np.float32)
    return np.stack(
        [
            np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC))
            for plane in field
        ]
    )


def _shifted(plane: npt.NDArray[_Value], by: Plane) -> npt.NDArray[_Value]:
    """Each pixel is the one that lies ``by`` further, to the nearest."""
    height, width = plane.shape
    rows = np.clip(np.arange(height)[:, None] + np.rint(by[0]).astype(np.intp), 0, height - 1)
    columns = np.clip(np.arange(width)[None] + np.rint(by[1]).astype(np.intp), 0, width - 1)
    shifted: npt.NDArray[_Value] = plane[rows, columns]
    return shifted


def _shifted_lines(mask: Mask, by: Plane) -> Mask:
    """Thin lines shifted; they are doubled in width before, so that they don't tear."""
    padded = np.pad(mask, ((1, 0), (1, 0)))
    return _shifted(padded[1:, 1:] | padded[:-1, 1:] | padded[1:, :-1] | padded[:-1, :-1], by)


def _blobs(shape: tuple[int, int], random: np.random.Generator, count: int, radius: float) -> Mask:
    """Round patches at random places, of half to all of the radius."""
    blobs = np.zeros(shape, np.bool_)
    for y, x, part in random.random((count, 3)):
        discs.stamp(blobs, y * shape[0], x * shape[1], radius * (0.5 + part / 2))
    return blobs


def _shrunk(plane: Plane, step: int) -> Plane:
    if step == 1:
        return plane
    height, width = plane.shape
    size = max(8, width // step), max(8, height // step)
    return np.array(Image.fromarray(plane).resize(size, Image.Resampling.BOX))
