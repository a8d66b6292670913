"""What is proposed for each photo of a folder: how it is cut, or why it is left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine.errors import PictureError
from engine.files.writing import shown
from trainer.dataset_check import duplicates, outlines
from trainer.files import layouts, zipped
from trainer.pictures import outliers
from trainer.pictures.outliers import Scene
from trainer.preparing.cutting import Frame, How
from trainer.preparing.looking import Look, Looks

Progress = Callable[[int, int], object]
"""Told how many of how many are done; may raise to end it."""

_MOSTLY = 0.5
"""Share of the photos on a plain background, from which objects are cut out at all."""
_SMALL = 0.4
"""Share of the pixels wanted that an object has at least."""
_THREADS = 4


@dataclass(frozen=True)
class Proposal:
    """What is proposed for one photo. It is kept unless there is a reason not to."""

    name: str
    """Its place in the folder, “suede/1.jpg”."""
    file: Path
    how: How = "whole"
    why: tuple[str, ...] = ()
    """Why it is left out, each to be read after the photo's name."""
    readable: bool = True
    thumb: bytes = b""
    """What is made of it, small, as a JPEG file."""
    enough: int = 0
    """Pixels along the photo's longer edge that will do to make it."""

    @property
    def keep(self) -> bool:
        """Whether it is to be kept."""
        return not self.why

    @property
    def said(self) -> str:
        """Why it is left out, in a sentence; nothing of those that are kept."""
        return shown(f"“{self.name}” {' and '.join(self.why)}.") if self.why else ""


@dataclass(frozen=True)
class PreparationPlan:
    """What is proposed for a folder, or zip file, of photos."""

    folder: Path
    frame: Frame
    proposals: tuple[Proposal, ...]
    foreign: tuple[Path, ...] = ()
    """Files that are pictures, or hold some, and can't be read."""
    unread: tuple[tuple[str, bool], ...] = ()
    """Of each sub-folder that can't be looked into, ``layouts.not_looked_into``."""
    cuts: bool = True
    """Whether objects are cut out: most photos show one on a plain background."""

    @property
    def kept(self) -> frozenset[str]:
        """The names of those that are proposed to be kept."""
        return frozenset(one.name for one in self.proposals if one.keep)

    def named(self, words: Collection[str]) -> frozenset[str]:
        """The names of the photos that are meant by names as people say them: with folder and ending, or not.

        Raises:
            PictureError: there is no such photo, or it can't be read.
        """
        found: set[str] = set()
        for word in words:
            wanted = word.replace(os.sep, "/").removeprefix("./")
            meant = [
                one
                for one in self.proposals
                if wanted in (one.name, Path(one.name).name) or wanted in (str(one.file), Path(one.name).stem)
            ]
            if not meant:
                raise PictureError(f"There is no photo “{word}” in “{self.folder.name}”; check its name.")
            if unreadable := next((one for one in meant if not one.readable), None):
                raise PictureError(unreadable.said)
            found.update(one.name for one in meant)
        return frozenset(found)


def propose(
    folder: Path,
    frame: Frame,
    progress: Progress = lambda _done, _total: None,
    looks: Looks | None = None,
) -> PreparationPlan:
    """Look at every photo of a folder, or a zip file of one, and its sub-folders, and propose.

    Args:
        looks: what was seen of this folder before, be it for another frame; what is seen now is added.

    Raises:
        PictureError: there are no photos, or the folder is missing or damaged.
    """
    folder = Path(folder)
    if not os.path.isdir(folder) and not zipped.is_packed(folder):
        reason = "is a file" if os.path.exists(folder) else "does not exist"
        raise PictureError(f"“{folder}” {reason}; choose a folder of photos, or a zip file of one.")
    failed: list[OSError] = []
    found, stills, foreign = layouts.gathered(folder, failed)
    unread = tuple(map(layouts.not_looked_into, failed))
    if not found and unread:
        raise PictureError(unread[0][0])
    if not found:
        remedy = "choose a folder of PNG, JPEG, WebP, TIFF or BMP files"
        raise PictureError(f"There are no photos in “{shown(folder.name)}”; {remedy}.")
    root = zipped.root(folder)
    files = [(one.file.relative_to(root).as_posix(), one.file) for one in found]
    known, seen = Looks() if looks is None else looks, []

    def look(one: tuple[str, Path]) -> Look:
        found = known.at(*one, folder)
        found.frame(frame.margin)
        return found

    progress(0, len(files))
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), thread_name_prefix="prepare") as pool:
        for start in range(0, len(files), 16):
            block = files[start : start + 16]
            for done in pool.map(look, block):
                seen.append(done)
                progress(len(seen), len(files))
    readable = [one for one in seen if not one.problem]
    cuts = sum(one.how != "whole" for one in readable) >= _MOSTLY * max(1, len(readable))
    reasons = _reasons(seen, frame, cuts)
    proposals = []
    for one, why in zip(seen, reasons, strict=True):
        how = one.how if cuts else "whole"
        thumb, enough = one.shown(how), one.enough(how, frame)
        proposals.append(Proposal(one.name, one.file, how, tuple(why), not one.problem, thumb, enough))
    unusable = (*foreign, *(it.file for it in stills))
    return PreparationPlan(folder, frame, tuple(proposals), unusable, unread, cuts)


def _reasons(looks: list[Look], frame: Frame, cuts: bool) -> list[list[str]]:
    """Of each photo, why it is left out."""
    odd = outlines.odd_outlines([one.outline for one in looks])
    answer: list[list[str]] = []
    for one, (cut, in_pieces) in zip(looks, odd, strict=True):
        why: list[str] = []
        answer.append(why)
        if one.problem:
            why.append(one.problem)
            continue
        scene = one.scene or Scene(None)
        if cuts and (one.how == "whole" or scene.background is None):
            why.append("has a background of its own")
        elif cuts:
            if scene.framed:
                why.append("is a photo with a background of its own, laid on a plain one")
            if scene.words:
                why.append("has lettering beside the object")
            if scene.second >= outliers.SECOND:
                why.append("shows a second object or view")
            elif in_pieces and not scene.words:
                why.append("shows an object in pieces, or marks beside it")
            if one.reaches_edge:
                why.append("shows an object that goes on beyond the photo’s edge")
            elif cut and not scene.framed:
                why.append("shows an object cut off by a straight edge")
        if not why and one.long < _SMALL * frame.longest:
            why.append(f"shows an object of only {one.long} pixels")
    # What is left out already is nobody's first.
    for uncut in (False, True):
        thumbs = {
            index: thumb
            for index, (one, why) in enumerate(zip(looks, answer, strict=True))
            if not why and (thumb := one.uncut if uncut else one.compared) is not None
        }
        left = list(thumbs)
        for twin in duplicates.twins(list(thumbs.values())):
            how = "nearly, but mirrored," if twin.mirrored else "nearly"
            answer[left[twin.index]].append(f"shows {how} what “{looks[left[twin.other]].name}” shows")
    return answer
