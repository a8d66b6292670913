"""The run folder: all that is known of a training, and the way to talk to it from outside.

config.json            what fixes the run; the folder appears with it, in one step
events.jsonl           what happened, see ``trainer.run.events``
latest.safetensors     the newest checkpoint: complete state, JSON in its metadata, no pickle
model.safetensors      the newest average, ready to paint with
best.safetensors       the average with the lowest validation loss
samples/               what it makes of a few fixed pairs, over time
drawing.npz            put there by the window: translated every few seconds into samples/drawing.png
stop, pause            files whose presence says so
lock                   held by the process that trains, for as long as it does
host                   name of the machine that trains, or did last
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.messages import Pixels
from engine.data.picture import write_png
from engine.files import lock
from engine.files.writing import first_free, replacing
from trainer.machine.errors import TrainingError
from trainer.run import config as configs
from trainer.run import events
from trainer.run.config import Config

if TYPE_CHECKING:
    from torch import Tensor

MOST_CONFIG_BYTES = 4 << 20

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""No room on the disk, or no more of it for this user; Windows knows no quotas by that name."""


@dataclass(frozen=True)
class Run:
    """A run folder that exists."""

    folder: Path

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "latest.safetensors"

    @property
    def model(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def best(self) -> Path:
        return self.folder / "best.safetensors"

    @property
    def samples(self) -> Path:
        return self.folder / "samples"

    @property
    def edge_maps(self) -> Path:
        """Where the photos' edge maps are kept: beside the runs, which share them."""
        return self.folder.parent / "edge maps"

    def write_sample(self, name: str, pixels: Pixels) -> None:
        """Write a picture, uint8 (H, W, 3), into ``samples/``, which a copy may have lost for being empty.

        Raises:
            PictureError: it can't be written.
        """
        self.samples.mkdir(exist_ok=True)
        write_png(self.samples / name, pixels)

    @property
    def host(self) -> Path:
        """Locks don't reach through every network; by this file others know where to look for its holder."""
        return self.folder / "host"

    @property
    def drawing(self) -> Path:
        return self.folder / "drawing.npz"

    def config(self) -> Config:
        """Raises TrainingError where ``config.json`` is missing or damaged."""
        file = self.folder / "config.json"
        try:
            if file.stat().st_size > MOST_CONFIG_BYTES:
                raise TrainingError(f"“{file}” is too large for a config; start the training anew.")
            return configs.from_json(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise TrainingError(
                f"“{self.folder}” is no run folder; its config.json can't be read."
            ) from error

    def extend(self, config: Config) -> None:
        """Put another config, for more steps, in the place of the old one."""
        with replacing(self.folder / "config.json") as part:
            part.write_text(configs.to_json(config), "utf-8")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process from training in this folder.

        Raises:
            TrainingError: one does so already.
            OSError: the folder can't be written.
        """
        with lock.holding(self.folder / "lock") as ours:
            if not ours:
                raise TrainingError(
                    f"“{self.folder.name}” is being trained already; stop that, or wait until it is done."
                )
            self.host.write_text(platform.node(), "utf-8")
            yield

    def asked(self, request: str) -> bool:
        """Whether somebody left a file ``stop`` or ``pause``."""
        return os.path.exists(self.folder / request)

    def ask(self, request: str) -> None:
        """Leave such a file."""
        (self.folder / request).touch()

    def take_back(self, request: str) -> None:
        """Remove such a file."""
        (self.folder / request).unlink(missing_ok=True)

    def save(self, tensors: Mapping[str, Tensor], note: dict[str, str]) -> None:
        """Replace the checkpoint in one step.

        Raises:
            TrainingError: the disk is full, or the folder can't be written; the old checkpoint stays.
        """
        from trainer.run import checkpoint

        try:
            with replacing(self.checkpoint) as part:
                checkpoint.write(part, tensors, note)
        except OSError as error:
            raise self.unwritable(error) from error

    def restore(self) -> tuple[dict[str, Tensor], dict[str, str]] | None:
        """The checkpoint's tensors and note; None where there is none yet.

        Raises:
            TrainingError: it is damaged, can't be read, or is gone, see ``has_checkpoint``.
        """
        from safetensors import SafetensorError

        from trainer.run import checkpoint

        if not self.has_checkpoint():
            return None
        try:
            return checkpoint.read(self.checkpoint)
        except OSError as error:
            raise self.unreadable(error) from error
        except SafetensorError as error:
            raise self.damaged() from error

    def standing(self) -> int:
        """How many steps the checkpoint has behind it; 0 where there is none yet.

        Raises:
            TrainingError: as ``restore``.
        """
        from safetensors import SafetensorError

        from trainer.run import checkpoint

        if not self.has_checkpoint():
            return 0
        try:
            return int(json.loads(checkpoint.read_note(self.checkpoint)["underpaint"])["state"]["step"])
        except OSError as error:
            raise self.unreadable(error) from error
        except (
            *(SafetensorError, KeyError, ValueError, TypeError),
            *(OverflowError, RecursionError),
        ) as error:
            raise self.damaged() from error

    def has_checkpoint(self) -> bool:
        """Whether there is a checkpoint; False where the run has yet to make its first step.

        Taking one that is gone, or on a disk that doesn't answer, for one that is yet to come would begin
        anew, over all that was learnt.

        Raises:
            TrainingError: there is none though steps were made, or that can't be told.
        """
        try:
            if _is_there(self.checkpoint):
                return True
            steps = _logged_steps(self.events)
            if not steps and not _is_there(self.model) and not _is_there(self.best):
                return False
        except OSError as error:
            raise self.unreadable(error) from error
        so_far = f"step {steps}" if steps else "a model"
        raise TrainingError(
            f"The checkpoint “{self.checkpoint}” is gone, though the training had come to {so_far}; "
            "put it back, or start a new training."
        )

    def unreadable(self, error: OSError) -> TrainingError:
        """What to tell when the disk doesn't give the checkpoint away."""
        return TrainingError(
            f"The checkpoint “{self.checkpoint}” can't be read ({error.strerror or error}); "
            "see that its disk is there, then resume the training."
        )

    def damaged(self) -> TrainingError:
        """What to tell when the checkpoint makes no sense."""
        return TrainingError(f"The checkpoint “{self.checkpoint}” is damaged; start the training anew.")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turns what the system says when it can't write into a TrainingError."""
        try:
            yield
        except OSError as error:
            raise self.unwritable(error) from error

    def unwritable(self, error: Exception) -> TrainingError:
        """What to tell when the folder can't be written."""
        full = isinstance(error, OSError) and error.errno in _FULL
        if full or "No space left" in str(error):
            return TrainingError(
                "The disk is full; the last checkpoint is whole. Make room, then resume the training."
            )
        return TrainingError(
            f"“{self.folder}” can't be written ({error}); the last checkpoint is whole. "
            "Mend that, then resume the training."
        )


def _is_there(file: Path) -> bool:
    """Whether there is such a file, or a link, wherever it leads. ``os.path.exists`` says no where a disk in
    the network doesn't answer, too.

    Raises:
        OSError: that can't be told.
    """
    try:
        os.lstat(file)
    except FileNotFoundError:
        return False
    return True


def _logged_steps(log: Path) -> int:
    """The last step that was told of; 0 where none was, or there is no log.

    Raises:
        OSError: it can't be read.
    """
    if not _is_there(log):
        return 0
    log.open("rb").close()  # reading events takes what can't be opened for one not begun yet
    return max((event["step"] for event in events.read(log)), default=0)


def create(folder: Path, config: Config) -> Run:
    """Make a run folder. It appears complete or not at all.

    Raises:
        TrainingError: it exists already, or can't be made.
    """
    refuse_existing(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:100]}."))
        try:
            with suppress(OSError):  # not every file system knows permissions
                part.chmod(0o755)
            (part / "samples").mkdir()
            with replacing(part / "config.json") as file:
                file.write_text(configs.to_json(config), "utf-8")
            if os.path.exists(folder):
                folder.rmdir()  # empty, as was seen above
            os.rename(part, folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        raise TrainingError(
            f"The run folder “{folder}” can't be made ({error.strerror or error})."
        ) from error
    return Run(folder)


def free(folder: Path) -> Path:
    """The folder, or the first with a number behind its name, that isn't there yet."""
    return first_free(lambda ending: folder.with_name(f"{folder.name}{ending}"), Path.exists)


def refuse_existing(folder: Path) -> None:
    """Raise TrainingError where something is in the way of a new run folder."""
    if os.path.exists(folder) and (not os.path.isdir(folder) or any(folder.iterdir())):
        raise TrainingError(
            f"“{folder}” exists already; to go on with it: underpaint resume {folder}. "
            "For a new training choose another folder with --run."
        )


def refuse_inside(folder: Path, data: Path) -> None:
    """Raise TrainingError where a new run folder lies in the data set: the samples that a run writes would be
    pictures of it, so that nothing goes on with the run, and others learn from what it has made."""
    if folder.resolve().is_relative_to(data.resolve()):
        raise TrainingError(f"“{folder}” lies in the data set’s own folder; choose another place with --run.")


def opened(folder: Path) -> Run:
    """The run in a folder.

    Raises:
        TrainingError: there is none.
    """
    if not os.path.isfile(folder / "config.json"):
        raise TrainingError(f"“{folder}” is no run folder: it has no config.json.")
    return Run(folder)
