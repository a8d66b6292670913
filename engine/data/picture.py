"""The one picture reader and writer of the program: PNG, JPEG, WebP, TIFF and BMP files ↔ sRGB bytes.

Files may come from strangers: size and format are checked before a pixel is decoded, and whatever
a decoder raises becomes a sentence.
"""

from __future__ import annotations

import io
import stat
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from engine.data import deep
from engine.data.deep import Levels
from engine.errors import PictureError
from engine.files import mistaken
from engine.files.writing import replacing

Pixels = npt.NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
"""The only decoders that are ever asked, by their names in Pillow."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
"""File name endings that stand for those formats, lower case."""

MOST_PIXELS = 8192 * 8192
MOST_BYTES = 512 * 1024 * 1024

_ZIPPED = "is a zip file; open it with “Train a model”, in the Training menu, or unpack it"
ON_WHITE = "Its transparent parts are laid on white."
"""The note on a picture with transparency."""

_GREY = ("1", "L", "LA")
"""Modes whose colour profile is one of grey."""

_BAND = 1 << 19
"""Pixels that are converted at a time: Pillow lets no other thread run meanwhile, not even the pen's; and
large pictures need no large intermediate."""

# Pillow clears memory in blocks, and lets nobody run meanwhile. What is larger than the C library ever keeps
# for itself comes from the system, which clears each page when it is first touched: when it is decoded.
Image.core.set_block_size(64 << 20)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Reading:
    """A picture as it came from a file, turned upright and brought to sRGB.

    ``pixels`` uint8 (H, W, 3) is the picture as seen on white paper. Where the file knows
    transparency, ``alpha`` uint8 (H, W) holds it and ``colours`` uint8 (H, W, 3) the colours
    before they were laid on white; else ``alpha`` is None and ``colours`` is ``pixels``.
    ``notes`` are sentences on what had to be changed.
    """

    pixels: Pixels
    alpha: Pixels | None
    colours: Pixels
    notes: list[str] = field(default_factory=list)


def read(
    source: Path | str | bytes,
    levels: Levels | None = None,
    most: int = MOST_PIXELS,
    enough: int | None = None,
) -> Reading:
    """Read a picture from a file, or from bytes that would make one.

    Args:
        source: the file, or what is in it.
        levels: which values of 16 bits become black and white; by default what the picture itself uses,
            where that is 12 bits or less, else all.
        most: pixels; one that its header says is larger is refused before anything is decoded.
        enough: pixels along the longer edge that will do: a picture of twice as many or more comes reduced.
            JPEG files are reduced while they are decoded.

    Raises:
        PictureError: missing, of another format, damaged, cut short, or larger than allowed.
    """
    with opened(source, most=most) as image:
        return _decoded(image, source if isinstance(source, bytes) else Path(source), levels, enough)


@contextmanager
def opened(
    source: Path | str | bytes, formats: tuple[str, ...] = FORMATS, most: int = MOST_PIXELS
) -> Iterator[Image.Image]:
    """A picture file opened, of a size that can be borne, and not decoded yet.

    Args:
        formats: decoders that may be asked.
        most: pixels.

    Raises:
        PictureError: as ``read``; whatever is raised inside becomes one, too.
    """
    name = "The picture" if isinstance(source, bytes) else f"“{Path(source).name}”"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is either checked or noted here
            with Image.open(_opened(source, name), formats=formats) as image:
                _check_size(image.size, name, most)
                _map_no_turned(image)
                yield image
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(f"{name} has more pixels than can be opened; scale it down first.") from error
    except UnidentifiedImageError as error:
        start = _start(source)
        other = _ZIPPED if start.startswith(b"PK\x03\x04") else mistaken.leading(start)
        raise PictureError(
            f"{name} {other}." if other else f"{name} is no picture that can be read; use {_format_names()}."
        ) from error
    except MemoryError as error:
        raise PictureError(f"There is not enough memory to open {name}; scale it down first.") from error
    except FileNotFoundError as error:
        raise PictureError(f"{name} does not exist; check its name.") from error
    except PermissionError as error:
        raise PictureError(f"{name} may not be read; check its permissions.") from error
    except Exception as error:  # decoders raise nearly anything on damaged files
        if isinstance(error, OSError) and error.errno is not None:  # of the system, which is no damage
            raise PictureError(f"{name} can't be read ({error.strerror}).") from error
        raise PictureError(f"{name} is damaged or cut short; fetch or save it anew.") from error


def write_png(path: Path, pixels: Pixels) -> None:
    """Write uint8 (H, W), (H, W, 3) or (H, W, 4) as a PNG file, in one step.

    Raises:
        PictureError: the folder is missing, read-only or full.
    """
    try:
        with replacing(Path(path)) as part:
            part.write_bytes(to_png_bytes(pixels))
    except OSError as error:
        raise PictureError(f"“{path}” can't be written ({error.strerror or error}).") from error


def to_png_bytes(pixels: Pixels) -> bytes:
    """uint8 (H, W), (H, W, 3) or (H, W, 4) as the bytes of a PNG file, packed quickly rather than tightly."""
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(target, "PNG", compress_level=1)
    return target.getvalue()


def _map_no_turned(image: Image.Image) -> None:
    """Have Pillow read a picture that lies on its side rather than map it into memory: what it maps it takes
    for as wide as the picture becomes, and mixes up its rows."""
    turned = getattr(image, "tag_v2", {}).get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    if turned and isinstance(image, ImageFile.ImageFile):
        image.filename = ""  # only what has a name is mapped


def _opened(source: Path | str | bytes, name: str) -> io.BytesIO | Path:
    if isinstance(source, bytes):
        size = len(source)
    else:
        about = Path(source).stat()
        if not stat.S_ISREG(about.st_mode):
            raise PictureError(f"{name} is not a file; choose a picture.")
        size = about.st_size
    if size > MOST_BYTES:
        raise PictureError(f"{name} is larger than {MOST_BYTES >> 20} MB; scale it down first.")
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source)


def _start(source: Path | str | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[: mistaken.ENOUGH]
    try:
        with Path(source).open("rb") as file:
            return file.read(mistaken.ENOUGH)
    except OSError:
        return b""


def _check_size(size: tuple[int, int], name: str, most: int) -> None:
    width, height = size
    if width < 1 or height < 1 or width * height > most:
        raise PictureError(
            f"{name} has {width} × {height} pixels; "
            f"at most {most // 1_000_000} million can be opened. Scale it down first."
        )


def _decoded(image: Image.Image, source: Path | bytes, levels: Levels | None, enough: int | None) -> Reading:
    notes: list[str] = []
    is_deep = bits(image) > 8
    if enough:
        share = enough / max(image.size)
        image.draft(None, (max(1, round(image.width * share)), max(1, round(image.height * share))))
    image.load()
    if getattr(image, "is_animated", False):  # how many there are, TIFF files only say one by one
        notes.append("It holds several pictures; the first was taken.")
    turned = upright(image)
    if turned.mode in ("I", "F"):
        raise PictureError("The picture has 32 bits a channel; save it with 8 or 16 bits a channel.")
    if is_deep:
        turned = _shallow(image, source, levels, notes)
    if enough:
        turned = _reduced(turned, max(turned.size) // enough)
    in_srgb = _to_srgb(turned, image.info.get("icc_profile"), notes)
    colours, alpha = np.empty((turned.height, turned.width, 3), np.uint8), _alpha(turned)
    for rows, band in _bands(turned):
        colours[rows] = np.asarray(in_srgb(band))
    if alpha is None:
        return Reading(colours, None, colours, notes)
    notes.append(ON_WHITE)
    return Reading(_on_white(colours, alpha), alpha, colours, notes)


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """The picture at a whole part of its size; colours of a palette, and clear ones, can't be averaged."""
    if factor < 2:
        return image
    grey = image.mode in _GREY
    if image.has_transparency_data:  # by which Pillow weighs these two
        return image.convert("LA" if grey else "RGBA").reduce(factor)
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image.reduce(factor)
    return image.convert("L" if grey else "RGB").reduce(factor)


def _bands(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """The picture piece by piece, from the top; and which rows each is."""
    height = max(1, _BAND // max(1, image.width))
    for top in range(0, image.height, height):
        bottom = min(top + height, image.height)
        yield slice(top, bottom), image.crop((0, top, image.width, bottom))


def _shallow(
    image: Image.Image, source: Path | bytes, levels: Levels | None, notes: list[str]
) -> Image.Image:
    """A picture of 16 bits a channel at 8, upright."""
    whole = deep.values(image, source)
    if whole is None:  # of coloured TIFF files only the upper byte is to be had
        notes.append("Of its 16 bits a channel the upper 8 were taken; save it as PNG where it is too dark.")
        return upright(image)
    levels = levels or deep.usual(deep.colours(whole))
    notes.append("Its 16 bits a channel were brought to 8.")
    if levels != deep.FULL:
        notes[-1] = f"Its 16 bits a channel were brought to 8: {levels[0]} is black, {levels[1]} white."
    made = Image.fromarray(deep.reduced(whole, levels))
    made.getexif().update(image.getexif())
    return upright(made)


def bits(image: Image.Image) -> int:
    """Bits a channel in the file; Pillow silently drops the low byte of 16-bit colour."""
    if image.mode.startswith("I;16"):
        return 16
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(258, (8,))  # BitsPerSample
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    if image.format == "PNG" and isinstance(image, ImageFile.ImageFile) and image.fp is not None:
        place = image.fp.tell()
        image.fp.seek(24)  # the bit depth in IHDR, PNG specification 11.2.1
        depth = image.fp.read(1)
        image.fp.seek(place)
        return depth[0] if depth else 8
    return 8


def upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says; damaged EXIF data says nothing."""
    try:
        return ImageOps.exif_transpose(image) or image
    except (ValueError, TypeError, KeyError, SyntaxError, struct.error, OSError):
        return image


def _alpha(image: Image.Image) -> Pixels | None:
    """uint8 (H, W); None where all is opaque."""
    if not image.has_transparency_data:
        return None
    alpha, is_opaque = np.empty((image.height, image.width), np.uint8), True
    for rows, band in _bands(image):
        clear = band if band.mode in ("RGBA", "LA") else band.convert("RGBA")
        alpha[rows] = np.asarray(clear.getchannel("A"))
        is_opaque = is_opaque and bool((alpha[rows] == 255).all())
    return None if is_opaque else alpha


def _to_srgb(
    image: Image.Image, profile: bytes | None, notes: list[str]
) -> Callable[[Image.Image], Image.Image]:
    """What brings any part of the picture, without alpha, to RGB in the sRGB colour space."""

    def bare(part: Image.Image) -> Image.Image:
        if part.mode in ("L", "RGB", "CMYK", "LAB"):
            return part
        return part.convert("L" if part.mode in _GREY else "RGB")  # as the profile is of grey

    sample = bare(image.crop((0, 0, 1, 1)))
    if profile or sample.mode == "LAB":
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile) if profile else ImageCms.createProfile("LAB"))
            if "srgb" not in (own.profile.profile_description or "").lower():
                change = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), sample.mode, "RGB")
                change.apply(sample)
                notes.append("Its colours were brought to sRGB.")
                return lambda part: change.apply(bare(part))
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append("Its colour profile does not fit or is damaged, and was left aside.")
    if sample.mode == "CMYK":
        notes.append("Its print colours were brought to sRGB without a profile; they may look different.")
    return lambda part: bare(part).convert("RGB")


def _on_white(colours: Pixels, alpha: Pixels) -> Pixels:
    seen = np.empty_like(colours)
    rows = max(1, _BAND // colours.shape[1])
    for top in range(0, len(colours), rows):
        band = slice(top, top + rows)
        opacity = alpha[band, :, None].astype(np.uint32)
        seen[band] = (colours[band] * opacity + 255 * (255 - opacity) + 127) // 255
    return seen


def _format_names() -> str:
    return "PNG, JPEG, WebP, TIFF or BMP"
