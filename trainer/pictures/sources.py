"""Where one side of a pair comes from: a file, a part of one, several masks, or something made from these."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data import deep, picture
from engine.data.deep import Levels
from engine.data.palette import Colour
from engine.data.picture import Reading
from engine.errors import PictureError
from trainer.files import zipped

Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.uint16]

Half = Literal["left", "right", "top", "bottom", "first", "second", "third"]
"""A part of a file: halves, and thirds from left to right."""
HALVES: tuple[Half, ...] = get_args(Half)
Derived = Literal["lines", "hints", "grey", "small"]

SMALLER = 4
"""How many times the input of the task “small” is reduced, each way."""

IGNORED: Colour = (254, 1, 253)
"""The colour of a label map's pixels that have no label, and so are left out of losses and scores."""

NOTHING = 255, 65535
"""Numbers that stand for no label, in most data sets that have one: of 8 bits, and −1 of 16."""

KEPT_BYTES = 64 << 20
"""Of pictures that are kept while a folder is recognised."""

_LISTED = 4
"""So many numbers are listed in a sentence."""

_NEAR_IGNORED = 3

_OPAQUE = 128
"""Opacity from which a mask's pixel counts."""

_DARK = 64
"""Red up to which, without green and blue, it is a number rather than a colour."""


@dataclass(frozen=True)
class Mask:
    """A file of its own for one label, painted wherever the mask is neither black nor clear."""

    file: Path
    colour: Colour


@dataclass(frozen=True)
class Source:
    """Where one side of a pair comes from: a file, perhaps half of it, perhaps something made from that."""

    file: Path
    half: Half | None = None
    derived: Derived | None = None
    gutter: int = 0
    """Pixels between two halves that are in neither."""
    table: tuple[Colour, ...] | None = None
    """Of index label maps: the colour of each value; values beyond it have no label."""
    unseen: tuple[tuple[int, Colour], ...] = ()
    """Values that a palette was given for and that the maps which made the table don't have: no part of
    digests, which runs are known by."""
    named: tuple[tuple[int, Colour], ...] = ()
    """What the palettes of all files that were looked at call those numbers; likewise no part of digests."""
    ignored: tuple[Colour, ...] = ()
    """Of coloured label maps: colours that are no labels."""
    levels: Levels | None = None
    """Of pictures with 16 bits a channel: what is black and what is white."""
    masks: tuple[Mask, ...] = ()
    """Files for one label each, in the order in which they cover one another; ``file`` is the first."""
    background: Colour = (0, 0, 0)
    """Of masks, the colour of what none of them covers."""

    @property
    def origin(self) -> Source:
        """The same without what is made from it."""
        return replace(self, derived=None)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that it is read from."""
        return tuple(mask.file for mask in self.masks) or (self.file,)


def load(source: Source) -> Pixels:
    """What a source gives, uint8 (H, W, 3), in full and without any chance in it.

    Raises:
        PictureError: the file can't be read.
    """
    pixels = read(source)
    return pixels if source.derived is None else derived(pixels, source.derived)


def derived(photo: Pixels, what: Derived) -> Pixels:
    """The input uint8 (H, W, 3) that is made from a photo uint8 (H, W, 3), without any chance in it."""
    from trainer.pictures import sketch

    height, width = photo.shape[:2]
    if what == "lines":
        return np.repeat(sketch.lines(photo)[..., None], 3, 2)
    if what == "hints":
        drawn = sketch.draw(photo, np.random.default_rng(0), sketch.PLAIN)
        return sketch.over(drawn.lines, drawn.hints)
    image = Image.fromarray(photo)
    if what == "grey":
        return np.array(image.convert("L").convert("RGB"))
    reduced = image.resize((max(1, width // SMALLER), max(1, height // SMALLER)), Image.Resampling.BOX)
    return np.array(reduced.resize((width, height), Image.Resampling.BICUBIC))


def read(source: Source) -> Pixels:
    """The file's picture, or its half, uint8 (H, W, 3), as seen on white paper; of label maps ``IGNORED``
    what has no label.

    Raises:
        PictureError: the file can't be read.
    """
    if source.masks:
        return _painted(source)
    return shown(reading(source.file, source), source)


def shown(found: Reading, source: Source) -> Pixels:
    """What of a file's picture is this source's."""
    pixels = halved(found.pixels, source.half, source.gutter)
    for colour in source.ignored:
        far = np.abs(pixels.astype(np.int16) - np.array(colour, np.int16)).max(2) > _NEAR_IGNORED
        pixels = np.where(far[..., None], pixels, np.array(IGNORED, np.uint8))
    return pixels


def reading(file: Path, source: Source) -> Reading:
    """A file's picture, whole, as its source has it read.

    Raises:
        PictureError: the file can't be read.
    """
    if source.table is not None:
        found, own = numbered(file)
        if found is None or found.ndim != 2:
            raise PictureError(
                f"“{file.name}” is in colours, the other label maps are of numbers; save it alike."
            )
        if (
            source.named
            and own
            and renumbered(np.unique(found).tolist(), own, dict(source.named)) is not None
        ):
            raise PictureError(
                f"“{file.name}” has its palette's colours in another order than the other label maps; "
                "save it with their palette, or all of them as RGB."
            )
        table = np.tile(np.array(IGNORED, np.uint8), (1 << 16, 1))
        table[: len(source.table)] = source.table
        for number, colour in source.unseen:
            table[number] = colour
        pixels = table[found]
        return Reading(pixels, None, pixels, _strange(found, table))
    return _once((file, source.levels), lambda: picture.read(_still(file), source.levels), _parts)


Found = TypeVar("Found")


@dataclass
class _Kept:
    """What was read, by its file and how it was read."""

    found: dict[tuple[Path, object], object] = field(default_factory=dict)
    room: int = field(default_factory=lambda: KEPT_BYTES)


_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def kept() -> Iterator[None]:
    """Within the block a file is decoded once for each way of reading it, as far as there is room: to
    recognise a folder, the same few pictures are looked at half a dozen times. What was read can't be
    written to.
    """
    before = _kept.set(_Kept())
    try:
        yield
    finally:
        _kept.reset(before)


def _once(how: tuple[Path, object], read: Callable[[], Found], parts: Callable[[Found], list[Any]]) -> Found:
    """What ``read`` returns, or what it did, where that is kept; ``parts`` are its arrays."""
    store = _kept.get()
    if store is None:
        return read()
    if how in store.found:
        return cast(Found, store.found[how])
    found = read()
    arrays = parts(found)
    size = sum(array.nbytes for array in arrays)
    if size <= store.room:
        store.room -= size
        store.found[how] = found
        for array in arrays:
            array.flags.writeable = False
    return found


def _parts(found: Reading) -> list[Any]:
    return [array for array in (found.pixels, found.alpha, found.colours) if array is not None]


def _strange(found: Values, table: Pixels) -> list[str]:
    """A note on numbers that are no label's, but for those that say so in most data sets."""
    unknown = (table == IGNORED).all(1)
    unknown[list(NOTHING)] = False
    there = unknown[found]
    if not there.any():
        return []
    strange = np.unique(found[there]).tolist()
    some = [str(number) for number in strange[:_LISTED]]
    if len(strange) > _LISTED:
        some.append(f"{len(strange) - _LISTED} more")
    said = f"numbers {', '.join(some[:-1])} and {some[-1]} are" if some[1:] else f"number {some[0]} is"
    return [f"Its {said} in none of the label maps that were looked at, and so taken for no label."]


def read_hints(source: Source) -> Pixels:
    """Drawn hints, uint8 (H, W, 4), straight RGBA."""
    found = picture.read(zipped.source(source.file))
    alpha = np.full(found.pixels.shape[:2], 255, np.uint8) if found.alpha is None else found.alpha
    return np.dstack([found.colours, alpha])


def covered(file: Path) -> npt.NDArray[np.bool_]:
    """Where a mask is neither black nor clear, bool (H, W); where it is opaque, if it is black all over.

    Raises:
        PictureError: the file can't be read.
    """
    found = picture.read(_still(file))
    light = found.colours.max(2)
    if found.alpha is not None:  # laid on white, its clear parts would be covered
        opaque = found.alpha >= _OPAQUE
        light = np.where(opaque, light, 0)
        if not light.any():
            return opaque
    # Masks of nought and one are as good as those of nought and 255.
    there: npt.NDArray[np.bool_] = light >= max(1, (int(light.max()) + 1) // 2)
    return there


def halved(pixels: Pixels, half: Half | None, gutter: int = 0) -> Pixels:
    """A part of a picture; what can't be shared out evenly in the middle is in neither half."""
    if half is None:
        return pixels
    height, width = pixels.shape[:2]
    across, down, third = (width - gutter) // 2, (height - gutter) // 2, (width - 2 * gutter) // 3
    step = third + gutter
    rows = {"top": slice(0, down), "bottom": slice(height - down, height)}.get(half, slice(None))
    columns = {
        "left": slice(0, across),
        "right": slice(width - across, width),
        "first": slice(0, third),
        "second": slice(step, step + third),
        "third": slice(width - third, width),
    }.get(half, slice(None))
    return np.ascontiguousarray(pixels[rows, columns])


def values(file: Path) -> Values | None:
    """The numbers in a grey or palette file, uint16 (H, W); of a coloured one that is grey throughout, or
    nearly black but for its red, that channel. None for pictures in colour.

    Raises:
        PictureError: the file can't be read.
    """
    return numbered(file)[0]


def numbered(file: Path) -> tuple[Values | None, tuple[Colour, ...] | None]:
    """The same, and the colours of a palette file; None for others.

    Raises:
        PictureError: the file can't be read.
    """

    def read() -> tuple[Values | None, tuple[Colour, ...] | None]:
        with picture.opened(zipped.source(file), (*picture.FORMATS, "GIF")) as image:
            numbers = _values(image)
            return numbers, _colours(image)

    return _once((file, "numbered"), read, lambda found: [] if found[0] is None else [found[0]])


def _values(image: Image.Image) -> Values | None:
    if image.mode in ("P", "L", "1") or image.mode.startswith("I;16"):
        upright = picture.upright(image)
        found = np.asarray(upright).astype(np.uint16)
        greys = _dark_greys(image)
        return found if greys is None else greys[found]
    if image.mode in ("LA", "RGB", "RGBA") and image.format != "JPEG":
        whole = np.asarray(picture.upright(image))
        first = whole[..., 0]
        if image.mode == "LA" or bool((whole[..., :3] == first[..., None]).all()):
            return first.astype(np.uint16)
        if int(first.max()) <= _DARK and not whole[..., 1:3].any():
            return first.astype(np.uint16)  # as simulators write them
    return None


def colours_of(file: Path) -> tuple[Colour, ...] | None:
    """The colours of a palette file; None for others.

    Raises:
        PictureError: the file can't be read.
    """
    with picture.opened(zipped.source(file), (*picture.FORMATS, "GIF")) as image:
        image.load()
        return _colours(image)


def _colours(image: Image.Image) -> tuple[Colour, ...] | None:
    if image.mode != "P" or _dark_greys(image) is not None:
        return None
    return tuple((red, green, blue) for red, green, blue in _palette(image).tolist())


def _palette(image: Image.Image) -> Pixels:
    """The colours of a palette file, (N, 3)."""
    flat = image.getpalette() or []
    return np.array(flat[: len(flat) // 3 * 3], np.uint8).reshape(-1, 3)


def _dark_greys(image: Image.Image) -> Values | None:
    """The numbers that a palette stands for, (256,), where it is of greys as dark as numbers are: programs
    that make files smaller put those in a palette of their own order. None for others."""
    if image.mode != "P":
        return None
    palette = _palette(image)
    if not len(palette) or (palette != palette[:, :1]).any() or palette.max() > _DARK:
        return None
    if len(np.unique(palette[:, 0])) < len(palette):  # it was left black, and says nothing
        return None
    return np.pad(palette[:, 0], (0, max(0, 256 - len(palette)))).astype(np.uint16)


def renumbered(
    numbers: Iterable[int], own: tuple[Colour, ...] | None, named: Mapping[int, Colour]
) -> int | None:
    """One of the numbers to which a file's own palette gives the colour that others give to another number;
    None where there is none."""
    if own is None:
        return None
    colours = set(named.values())
    for number in numbers:
        if number in named and number < len(own) and own[number] != named[number] and own[number] in colours:
            return number
    return None


def deep_values(file: Path) -> deep.Deep | None:
    """All bits of a file with 16 bits a channel, without opacity; None for others.

    Raises:
        PictureError: the file can't be read.
    """
    origin = zipped.source(file)
    with picture.opened(origin) as image:
        if picture.bits(image) <= 8:
            return None
        found = deep.values(image, origin)
        return None if found is None else deep.colours(found)


def _painted(source: Source) -> Pixels:
    """The label map that several masks make."""
    made: Pixels | None = None
    for mask in source.masks:
        there = covered(mask.file)
        if made is None:
            made = np.tile(np.array(source.background, np.uint8), (*there.shape, 1))
        if there.shape != made.shape[:2]:
            raise PictureError(f"“{mask.file.name}” has another size than the pair’s other masks.")
        made[there] = mask.colour
    assert made is not None
    return made


def _still(file: Path) -> Path | bytes:
    """What the reader takes; it takes no GIF files, which may be films."""
    origin = zipped.source(file)
    if file.suffix.lower() != ".gif":
        return origin
    with picture.opened(origin, ("GIF",)) as image:
        target = io.BytesIO()
        image.convert("RGB").save(target, "PNG", compress_level=1)
    return target.getvalue()
