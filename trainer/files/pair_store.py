"""The trainer's own folder of pairs: what is kept from the canvas, made from photos, or mended.

    pairs.json      {"format": 1, "task": "labels", "palette": {"name": …, "labels": [[name, [r, g, b]], …]},
                     "origins": {"1": ["street.jpg", "5f0c…"], …}, "drafts": {"1": 0.71, …},
                     "styles": {"1": [0.3, …], …}}
    B/1.png         the photos
    A/1.png         label maps, drawn lines, or whatever is the input; missing where it is made from the photo
    hints/1.png     RGBA, colour hints that were drawn under the lines; missing where there are none

    .lock           held by whoever adds a pair or takes one out, for that moment

Splits may stand before that, as ``train/A`` and ``val/A``. Direction, task and palette are written down
here, so nothing has to be guessed. ``origins`` may be missing: they say which photo a pair came from, by its
name and a mark of its content, so that the same photo again replaces its pair. ``drafts`` are pairs
that nobody has corrected, each with the share of its pixels that is held to be right. ``styles``, of lessons,
are the codes in which a model made their photos, where that wasn't its usual one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from engine.data import palette as palettes
from engine.data import style as styles
from engine.data.messages import Picture
from engine.data.palette import Palette
from engine.data.picture import read, write_png
from engine.data.style import Code
from engine.errors import PictureError
from engine.files import lock
from engine.files.parsing import parsed_json
from engine.files.writing import escaped, first_free, replacing
from trainer.files import zipped

Pixels = npt.NDArray[np.uint8]
T = TypeVar("T")

MANIFEST = "pairs.json"
FORMAT = 1
INPUT, PHOTO, HINTS = "A", "B", "hints"
"""The folders' names."""

MOST_MANIFEST_BYTES = 4 << 20

LOCK = ".lock"
"""Held by whoever changes the folder, for that moment."""
PATIENCE_SECONDS = 10.0
"""How long to wait for somebody else who does."""


class Origin(NamedTuple):
    """What a pair came from."""

    name: str
    """Of the file, without its folder: the pairs may be read on another machine."""
    mark: str
    """Tells its content from that of others, whatever it is called and wherever it lies."""


@dataclass(frozen=True)
class Manifest:
    """What ``pairs.json`` says."""

    task: str
    palette: Palette | None = None
    origins: dict[str, Origin] = field(default_factory=dict)
    """By the pair's name; those of pairs that never got their photo may be among them."""
    drafts: dict[str, float] = field(default_factory=dict)
    """How certain each of those is that were taken as they were drafted, 0 to 1, by the pair's name."""
    styles: dict[str, Code] = field(default_factory=dict)
    """In which a model made the photo, by the pair's name; none for its usual one."""


def is_kept(folder: Path) -> bool:
    """Whether the folder is one of ours."""
    return os.path.isfile(folder / MANIFEST)


def read_manifest(folder: Path) -> tuple[str, Palette | None]:
    """Task and palette of a folder of kept pairs.

    Raises:
        PictureError: the manifest is missing, damaged or newer than this program.
    """
    manifest = manifest_of(folder)
    return manifest.task, manifest.palette


def manifest_of(folder: Path) -> Manifest:
    """All that is written down of a folder of kept pairs.

    Raises:
        PictureError: the manifest is missing, damaged or newer than this program.
    """
    file = folder / MANIFEST
    try:
        if zipped.size(file) > MOST_MANIFEST_BYTES:
            raise ValueError("it is too large")
        fields = parsed_json(zipped.content(file).decode("utf-8"))
        if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
            raise ValueError("it has no format")
        if fields["format"] > FORMAT:
            raise PictureError(f"“{file}” was made by a newer Underpaint; update the program to use it.")
        if not isinstance(fields["task"], str):
            raise ValueError("its task is no text")
        palette = fields.get("palette")
        known = None if palette is None else palettes.from_fields(palette)
        origins, drafts = _origins(fields.get("origins")), _drafts(fields.get("drafts"))
        return Manifest(fields["task"], known, origins, drafts, _styles(fields.get("styles")))
    except PictureError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PictureError(
            f"“{file}” is damaged ({error}); remove it to have the folder looked at anew."
        ) from error


def write_manifest(folder: Path, task: str, palette: Palette | None) -> None:
    """Make the folder one of kept pairs.

    Raises:
        PictureError: it can't be written.
    """
    _write(folder, Manifest(task, palette))


def _write(folder: Path, manifest: Manifest) -> None:
    fields: dict[str, Any] = {"format": FORMAT, "task": manifest.task, "palette": None}
    if manifest.palette is not None:
        fields["palette"] = palettes.to_fields(manifest.palette)
    if manifest.origins:
        fields["origins"] = manifest.origins
    if manifest.drafts:
        fields["drafts"] = manifest.drafts
    if manifest.styles:
        fields["styles"] = manifest.styles
    text = escaped(json.dumps(fields, ensure_ascii=False, indent=1))
    with _write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / MANIFEST) as part:
            part.write_text(text, "utf-8")


def keep(
    folder: Path,
    picture: Picture,
    photo: Pixels,
    task: str,
    palette: Palette | None = None,
    origin: Origin | None = None,
    certainty: float | None = None,
    style: Code | None = None,
) -> str:
    """Add what was painted over a photo, and that photo, to a folder of kept pairs, made if need be.

    Args:
        picture: as the document sends it; of the photo's size.
        photo: uint8 (H, W, 3).
        task: “labels”, “lines”, “hints” or “image”, as in ``trainer.data.pairs``.
        palette: for label pictures.
        origin: where the photo comes from; its earlier pair is replaced.
        certainty: of a draft that nobody has corrected, 0 to 1; it is marked as one.
        style: in which a model made the photo; None for its usual one.

    Returns:
        The pair's name.

    Raises:
        PictureError: the folder holds pairs of another task or palette, or can't be written.
    """
    plane = picture.lines if picture.pixels is None else picture.pixels
    assert plane is not None and plane.shape[:2] == photo.shape[:2], "picture and photo are of one size"
    with _write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not is_kept(folder):
            _write(folder, Manifest(task, palette))
        return _keep(folder, picture, photo, task, palette, origin, certainty, style)


def _keep(
    folder: Path,
    picture: Picture,
    photo: Pixels,
    task: str,
    palette: Palette | None,
    origin: Origin | None,
    certainty: float | None,
    style: Code | None,
) -> str:
    manifest = manifest_of(folder)
    if (manifest.task, manifest.palette) != (task, palette):
        raise PictureError(
            f"“{folder.name}” holds pairs of another sort ({manifest.task}); choose another folder for these."
        )
    former = pair_of(folder, manifest, origin) if origin is not None else ""
    taken = names(folder)
    name = former or next(str(count) for count in range(1, len(taken) + 2) if str(count) not in taken)
    noted = manifest
    if origin is not None:
        noted = replace(noted, origins={**noted.origins, name: origin})
    if certainty is not None:
        noted = replace(noted, drafts={**noted.drafts, name: round(certainty, 3)})
    if style is not None:
        noted = replace(noted, styles={**noted.styles, name: style})
    elif name in noted.styles:
        noted = replace(noted, styles=_without(noted.styles, {name}))
    if noted != manifest:
        # Before the pair: one whose origin got lost would be made twice, and a draft would pass for a map.
        _write(folder, noted)
    hints = picture.hints if picture.hints is not None and picture.hints[..., 3].any() else None
    try:
        if hints is None:
            with _write_errors(folder):
                path_of(folder, name, HINTS).unlink(missing_ok=True)
        plane = picture.lines if picture.pixels is None else picture.pixels
        write_pair(folder, name, plane, photo, hints)
    except PictureError:
        if not former:  # half a pair would be an error of the data set
            for part in (INPUT, HINTS):
                with suppress(OSError):
                    path_of(folder, name, part).unlink(missing_ok=True)
        raise
    if certainty is None and name in noted.drafts:
        _write(folder, replace(noted, drafts=_without(noted.drafts, {name})))
    return name


def take_back(folder: Path, names: Collection[str]) -> set[str]:
    """Take drafts out of a folder of kept pairs; those that were corrected since stay.

    Returns:
        The names of those that went.

    Raises:
        PictureError: the folder is damaged, or can't be written.
    """
    with _alone(folder):
        gone = set(names) & set(manifest_of(folder).drafts)
        _remove(folder, gone)
    return gone


def remove(folder: Path, gone: Collection[str]) -> None:
    """Take pairs out of a folder of kept pairs.

    Raises:
        PictureError: the folder is damaged, or can't be written.
    """
    with _alone(folder):
        _remove(folder, gone)


def _remove(folder: Path, gone: Collection[str]) -> None:
    manifest = manifest_of(folder)
    with _write_errors(folder):
        for name in gone:
            # The photo first: a pair without one is no pair, should the program end here.
            for part in (PHOTO, INPUT, HINTS):
                path_of(folder, name, part).unlink(missing_ok=True)
    if gone:
        origins, drafts = _without(manifest.origins, gone), _without(manifest.drafts, gone)
        styled = _without(manifest.styles, gone)
        _write(folder, replace(manifest, origins=origins, drafts=drafts, styles=styled))


def names(folder: Path) -> set[str]:
    """The pairs of a folder, those of its splits excepted: what has a photo."""
    return {file.stem for file in (folder / PHOTO).glob("*.*") if not file.name.startswith(".")}


def pair_of(folder: Path, manifest: Manifest, origin: Origin) -> str:
    """The pair that came from the same photo; empty where there is none."""
    for name, known in manifest.origins.items():
        if known.mark == origin.mark and os.path.isfile(path_of(folder, name, PHOTO)):
            return name
    return ""


def read_back(folder: Path, name: str) -> tuple[Picture, Pixels]:
    """What was painted for a pair, and the photo, uint8 (H, W, 3).

    Args:
        name: as ``keep`` gave it. Which planes the picture has follows from the folder's task.

    Raises:
        PictureError: one of its files can't be read, or they are of different sizes.
    """
    task = manifest_of(folder).task
    a, photo = (read(path_of(folder, name, part)).pixels for part in (INPUT, PHOTO))
    hints = None
    if os.path.isfile(path_of(folder, name, HINTS)):
        reading = read(path_of(folder, name, HINTS))
        alpha = np.full(reading.pixels.shape[:2], 255, np.uint8) if reading.alpha is None else reading.alpha
        hints = np.dstack([reading.colours, alpha])
    if any(plane is not None and plane.shape[:2] != photo.shape[:2] for plane in (a, hints)):
        raise PictureError(
            f"The pictures of the pair “{name}” in “{folder.name}” differ in size; paint it anew."
        )
    if task in ("lines", "hints"):
        return Picture(lines=np.ascontiguousarray(a.min(2)), hints=hints), photo
    return Picture(pixels=a), photo


def write_pair(folder: Path, name: str, a: Pixels | None, b: Pixels, hints: Pixels | None = None) -> None:
    """Write one pair's files; ``name`` may begin with a split, as in “train/1”.

    Raises:
        PictureError: they can't be written.
    """
    # The photo last: a pair without one is no pair, should the program end here.
    for part, pixels in ((INPUT, a), (HINTS, hints), (PHOTO, b)):
        if pixels is not None:
            write_part(folder, name, part, pixels)


def write_part(folder: Path, name: str, part: str, pixels: Pixels) -> None:
    """Write one of a pair's files, uint8 (H, W), (H, W, 3) or (H, W, 4).

    Raises:
        PictureError: it can't be written.
    """
    file = path_of(folder, name, part)
    with _write_errors(folder):
        file.parent.mkdir(parents=True, exist_ok=True)
    write_png(file, pixels)


def path_of(folder: Path, name: str, part: str) -> Path:
    """Where one of a pair's files lies."""
    split, _, stem = name.rpartition("/")
    return folder / split / part / f"{stem}.png"


def refuse_used(out: Path, data: Path) -> None:
    """Make sure that a new folder of pairs spoils nothing.

    Raises:
        PictureError: ``out`` holds something, or lies in the folder ``data`` that it is made from.
    """
    if out.resolve().is_relative_to(data.resolve()):
        raise PictureError(f"“{out}” lies in the data set’s own folder; choose another place.")
    if os.path.lexists(out) and (not os.path.isdir(out) or any(out.iterdir())):
        raise PictureError(f"“{out}” exists already; choose a new folder.")


def free_name(name: str, split: str, taken: set[str]) -> str:
    """A pair's name with no folders in it but its split's, with a number where that is taken; takes it."""
    stem = name.removeprefix(f"{split}/").replace("/", "_") if split else name.replace("/", "_")
    free = first_free(
        lambda ending: f"{split}/{stem}{ending}".lstrip("/"),
        lambda one: one.lower() in taken,  # some systems don't tell a from A
    )
    taken.add(free.lower())
    return free


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the folder inside the block, in this program or another: two who add a pair at once
    would take the same name for it, and a drawing would be lost."""
    with _write_errors(folder):
        file = (folder / LOCK).open("ab")
    with file:
        # Who holds it for so long hangs, or the disk knows no locks: that keeps nobody from adding a pair.
        lock.hold(file, PATIENCE_SECONDS)
        yield


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PictureError(f"“{folder}” can't be written ({error.strerror or error}).") from error


def _without(of_pairs: dict[str, T], names: Collection[str]) -> dict[str, T]:
    return {name: value for name, value in of_pairs.items() if name not in names}


def _drafts(fields: Any) -> dict[str, float]:
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise ValueError("its drafts are no table")
    for pair, certainty in fields.items():
        number = isinstance(certainty, int | float) and not isinstance(certainty, bool)
        number = number and 0 <= certainty <= 1
        if Path(pair).name != pair or not number:
            raise ValueError("a draft among its pairs makes no sense")
    return fields


def _styles(fields: Any) -> dict[str, Code]:
    if fields is None:
        return {}
    if not isinstance(fields, dict) or not all(isinstance(code, list) for code in fields.values()):
        raise ValueError("its styles are no table")
    if any(Path(pair).name != pair for pair in fields):
        raise ValueError("a style among its pairs makes no sense")
    return {pair: styles.of_file(code, len(code)) for pair, code in fields.items()}


def _origins(fields: Any) -> dict[str, Origin]:
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise ValueError("its origins are no table")
    origins = {}
    for pair, (name, mark) in fields.items():
        if Path(pair).name != pair or not isinstance(name, str) or not isinstance(mark, str):
            raise ValueError("an origin of its pairs makes no sense")
        origins[pair] = Origin(name, mark)
    return origins
