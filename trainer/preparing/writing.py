"""Writes what was decided on into a new folder, in one step at the end.

Until then it grows beside its place as “.NAME.preparing”: whoever is interrupted goes on there with the same
photos and the same options, and no folder ever holds half of it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.data import picture
from engine.errors import PictureError
from engine.files.writing import escaped, first_free, replacing, shown, stem
from trainer.files import layouts, pair_store, zipped
from trainer.preparing import cutting
from trainer.preparing.cutting import Pixels
from trainer.preparing.proposals import PreparationPlan, Progress, Proposal

MANIFEST = layouts.PREPARED
FORMAT = 1
_MOST_BYTES = 64 << 20


def write(
    plan: PreparationPlan,
    kept: Collection[str],
    out: Path,
    progress: Progress = lambda _done, _total: None,
) -> tuple[int, list[str]]:
    """Make the pictures of the photos called ``kept`` into a new folder; sub-folders stay.

    Args:
        out: a folder that doesn't exist, or is empty, outside that of the photos.
        progress: may raise to end it; the same call goes on there.

    Returns:
        How many pictures there are, and a sentence for each photo that can't be read any more.

    Raises:
        PictureError: no photo is kept, or ``out`` can't be used.
    """
    pair_store.refuse_used(Path(out), plan.folder)
    out = _followed(out)
    chosen = [one for one in plan.proposals if one.name in kept and one.readable]
    if not chosen:
        raise PictureError(f"No photo of “{shown(plan.folder.name)}” is kept; keep some of them.")
    names = made_names(plan.proposals)
    unwritten: list[str] = []
    try:
        part = _begun(out, _about(plan, kept, names))
        progress(0, len(chosen))
        for done, one in enumerate(chosen, start=1):
            target = part / names[one.name]
            if not target.exists():
                try:
                    pixels = _made(one, plan)
                except PictureError as error:
                    unwritten.append(str(error))
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                picture.write_png(target, pixels)
            progress(done, len(chosen))
        if len(unwritten) == len(chosen):
            raise PictureError(unwritten[0])
        if os.path.isdir(out):
            out.rmdir()  # empty; not every system renames onto a folder
        os.replace(part, out)
    except OSError as error:
        raise PictureError(f"“{out}” can't be written ({error.strerror or error}).") from error
    return len(chosen) - len(unwritten), unwritten


def discard(out: Path) -> None:
    """Take away what was begun for a folder and not ended; nothing where nothing was."""
    part = _beside(_followed(out))
    if os.path.isfile(part / MANIFEST):
        shutil.rmtree(part, ignore_errors=True)


def made_names(proposals: Sequence[Proposal]) -> dict[str, str]:
    """Where what is made of each photo goes, by the photo's name: the same sub-folder, a PNG file.

    No two have one stem, wherever they are: pictures of one name in two folders would be taken for pairs. Nor
    has one that of a folder called “1.png”, which may be in its place.
    """
    folders_of = {one.name: [stem(it, "folder") for it in one.name.split("/")[:-1]] for one in proposals}
    ending = ".png"
    called = {folder.lower() for folders in folders_of.values() for folder in folders}
    taken = {folder.removesuffix(ending) for folder in called if folder.endswith(ending)}
    names: dict[str, str] = {}
    for one in proposals:
        plain = stem(Path(one.name.split("/")[-1]).stem, "photo")
        free = first_free(lambda number, plain=plain: f"{plain}{number}", lambda it: it.lower() in taken)  # type: ignore[misc]
        taken.add(free.lower())
        names[one.name] = "/".join((*folders_of[one.name], f"{free}{ending}"))
    return names


def _made(one: Proposal, plan: PreparationPlan) -> Pixels:
    photo = picture.read(zipped.source(one.file), enough=one.enough).pixels
    if one.how == "whole":
        subject = cutting.Subject("whole", cutting.at_most(photo, cutting.EDGE))
    else:
        subject = cutting.find_subject(photo)
    return cutting.cut_out(photo, subject, plan.frame)


def _about(plan: PreparationPlan, kept: Collection[str], names: dict[str, str]) -> dict[str, Any]:
    """What is written down of it, and tells whether it is the same again."""
    photos = []
    for one in plan.proposals:
        size = 0
        with suppress(OSError):
            size = zipped.size(one.file)
        made = names[one.name] if one.name in kept and one.readable else None
        photos.append({"photo": one.name, "bytes": size, "made": made, "how": one.how, "why": list(one.why)})
    return {
        "format": FORMAT,
        "folder": plan.folder.name,
        "size": plan.frame.size,
        "margin": plan.frame.margin,
        "photos": photos,
    }


def _begun(out: Path, about: dict[str, Any]) -> Path:
    """The folder that grows beside ``out``: that of this request, if interrupted, else an empty one."""
    part = _beside(out)
    text = escaped(json.dumps(about, ensure_ascii=False, indent=1))
    if os.path.lexists(part):
        manifest = part / MANIFEST
        if not os.path.isfile(manifest):
            raise PictureError(f"“{part}” is in the way; remove it, or choose another folder.")
        if manifest.stat().st_size <= _MOST_BYTES and manifest.read_bytes() == text.encode("utf-8"):
            return part
        shutil.rmtree(part)
    part.mkdir(parents=True)
    with replacing(part / MANIFEST) as file:
        file.write_bytes(text.encode("utf-8"))
    return part


def _followed(out: Path) -> Path:
    """The folder that is written: where ``out`` is a link, what it leads to, as links don't give way."""
    return Path(out).resolve() if os.path.islink(out) else Path(out).absolute()


def _beside(out: Path) -> Path:
    return out.with_name(f".{out.name}.preparing")
