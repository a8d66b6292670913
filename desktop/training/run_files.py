"""What the window writes into run folders, and takes out of them; never on the UI thread.

A run may lie on a disk that answers late.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QFile, Qt
from PySide6.QtGui import QImage

from desktop.training.runs import RunError
from engine.data.messages import Picture
from engine.files.writing import replacing
from engine.models.catalogue import free_model_file

translate = QCoreApplication.translate


def take_over(run: Path, file: str, name: str) -> Path:
    """Copy a model of a run into the user's models, where it takes a free name like ``name``; the copy.

    Raises:
        RunError: it isn't there, or the folder can't be reached.
        OSError: there is no room.
    """
    source = run / file
    if not os.path.isdir(run):
        raise _out_of_reach(run)
    if not os.path.isfile(source):
        text = translate("Training", "There is no model yet; the first one comes after a few seconds.")
        raise RunError(text)
    target = free_model_file(name)
    with replacing(target) as part:
        shutil.copyfile(source, part)
    _forget_former(run, target)
    return target


def ask(run: Path, command: str) -> None:
    """Ask whoever trains in a run for ``pause`` or ``stop``.

    Raises:
        RunError: the folder can't be reached.
        OSError: it can't be written to.
    """
    try:
        (run / command).touch()
    except FileNotFoundError as error:
        raise _out_of_reach(run) from error


def unask(run: Path, command: str) -> None:
    """Take that back.

    Raises:
        RunError: the folder can't be reached.
        OSError: it can't be written to.
    """
    if not os.path.isdir(run):
        raise _out_of_reach(run)
    (run / command).unlink(missing_ok=True)


def _out_of_reach(run: Path) -> RunError:
    text = translate("Training", "“%s” can't be reached just now; try it again when it is back.")
    return RunError(text % run)


def move_to_trash(folder: Path) -> bool:
    """Whether there was a trash that took it."""
    return QFile(str(folder)).moveToTrash()


def wipe(folder: Path) -> bool:
    """Delete it for good."""
    shutil.rmtree(folder)
    return True


def _forget_former(run: Path, target: Path) -> None:
    """A model taken over again takes the place of the one taken over before, the same and less trained: of
    that alone. What another put under its name, or changed in its card since, stays."""
    note = run / "taken_over"
    path, _, mark = note.read_bytes().partition(b"\0") if os.path.isfile(note) else (b"", b"", b"")
    former = Path(os.fsdecode(path))
    if path and former.parent == target.parent and former != target and _mark(former) == mark:
        former.unlink(missing_ok=True)
    note.write_bytes(os.fsencode(target) + b"\0" + _mark(target))  # its name may be no text


def _mark(file: Path) -> bytes:
    """What tells a file's content from another's; one that is not there, or can't be read, is like none."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest().encode()
    except OSError:
        return b"unread"


def write_drawing(target: Path, picture: Picture) -> None:
    """Leave what is on the canvas for the training to translate."""
    names = ("pixels", "lines", "hints")
    planes: dict[str, Any] = {name: getattr(picture, name) for name in names}
    with replacing(target) as part, part.open("wb") as file:
        np.savez(file, **{name: plane for name, plane in planes.items() if plane is not None})


def picture(path: Path, height: int) -> QImage:
    """A picture from a run; an empty one where there is none. QImage may be used on any thread."""
    image = QImage(str(path))
    if image.height() > height:
        image = image.scaledToHeight(height, Qt.TransformationMode.SmoothTransformation)
    return image
