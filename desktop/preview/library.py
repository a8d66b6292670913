"""The models at hand, and how new ones come in: model files are copied, foreign weights imported."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

import resources
from desktop.documents.samples import bundled
from desktop.preview.live import Live
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from engine.data.card import InputKind
from engine.data.messages import Failed, Import, Imported, Inspect, Inspected
from engine.data.palette import Palette, read_gpl
from engine.errors import PictureError
from engine.files.writing import replacing, shown
from engine.models.bundle import is_bare, read_card
from engine.models.catalogue import Entry, entries, free_model_file

log = logging.getLogger(__name__)

_CHUNK = 1 << 20
"""Bytes that are compared or copied at a time."""


class Library(Observable):
    """Bundled and user's models; broken files are listed with what is wrong with them."""

    models = Property[list[Entry]]([])
    importing = Property[Path | None](None)
    """The foreign file that is being looked into or imported."""

    arrived = Signal(object)
    """The ``Path`` of a model that was added or imported just now."""
    removed = Signal(object)
    """The ``Path`` of a model that was deleted just now."""
    asks = Signal(object)
    """An ``Inspected`` reply: what the file can't say must be asked of the user."""

    def __init__(self, live: Live, file_work: FileWork, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live = live
        self._file_work = file_work
        live.inspected.connect(self._inspected)
        live.imported.connect(self._imported)
        live.refused.connect(self._refused)
        self._doubted: set[Path] = set()
        self._foreign: deque[Inspect | Import] = deque()
        """The first is with the engine: there, a newer one would take the place of an unread one."""
        self._carded: set[Path] = set()
        """Weights beside which a card lay when they were looked into."""
        self.held: set[Path] = set()
        """Those whose terms nobody has seen yet: nothing is done with them unasked."""
        self.brought: set[Path] = set()
        """Files that were copied here from elsewhere and have just arrived."""
        self.refresh()

    def refresh(self) -> None:
        """Look again which model files there are, here and now: at the start, before there is a pen.

        Only cards are read, which takes one or two milliseconds a model.
        """
        self.models = entries()

    def look_again(self, then: Callable[[], object] = lambda: None) -> Job:
        """Look again beside the pen which model files there are; ``then`` is called when that is known."""

        def take(models: list[Entry]) -> None:
            self.models = models
            then()

        return self._file_work.read(self.tr("Looking which models there are"), lambda _job: entries(), take)

    def entry(self, path: Path) -> Entry | None:
        """The listed model whose file is ``path``."""
        return next((entry for entry in self.models if entry.file == path), None)

    def preferred(self, kind: str, last_used: Mapping[str, str]) -> Entry | None:
        """The model to begin with for ``kind``: the one last used, else the first sample drawing's, else the
        first, else one of any kind.

        One that could not be opened is passed over until it has been.
        """
        usable = [
            entry for entry in self.models if entry.card and entry.file not in self._doubted | self.held
        ]
        of_kind = [entry for entry in usable if entry.card and entry.card.input == kind]
        named = [entry for entry in of_kind if entry.name == last_used.get(kind)]
        if not named and len(of_kind) > 1:  # else there is no need to read drawings
            named = [entry for entry in of_kind if entry.bundled and entry.name == suggested(kind)]
        return next(iter(named or of_kind or usable), None)

    def prepare(self) -> None:
        """Read on any thread, once, what ``preferred`` will have to know."""
        for kind in ("sketch", "labels", "image"):
            suggested(kind)

    def lack_of(self, kind: InputKind) -> str:
        """What to tell the user where no model for ``kind`` can be used."""
        return {
            "sketch": self.tr("No model for sketches is installed; drop a model file on the window."),
            "labels": self.tr("No model for labels is installed; drop a model file on the window."),
            "image": self.tr("No model for images is installed; drop a model file on the window."),
        }[kind]

    def doubt(self, path: Path) -> None:
        """A model could not be opened, whatever its card says; perhaps it is gone."""
        self._doubted.add(path)
        self.look_again()

    def works(self, path: Path) -> None:
        """A model was opened."""
        self._doubted.discard(path)
        self.held.discard(path)

    def palettes(self) -> list[Palette]:
        """The bundled palettes, the first one first, then the user's; broken ones are passed over."""
        found = []
        for folder in (resources.path("palettes"), resources.home("palettes")):
            for path in sorted(folder.glob("*.gpl")):
                try:
                    found.append(read_gpl(path))
                except PictureError as error:
                    log.warning("palette: %s", error)
        return found

    def add(self, path: Path) -> Job | None:
        """Copy a model file into the user's models and use it; one that is there already is just used.

        Weights without a card are looked into as ``inspect`` does.

        Returns:
            the copying, or what of it there is to do; None for a model that is listed.
        """
        if self.entry(path) is not None:
            self.arrived.emit(path)
            return None
        return self._file_work.read(  # from wherever it lies, which may be slow
            self.tr("Adding the model “%s”") % shown(path.stem),
            lambda job: _added(path, [entry.file for entry in self.models], job),
            lambda added: self._take_added(path, *added),
        )

    def _take_added(self, path: Path, file: Path | None, models: list[Entry]) -> None:
        if file is None:
            self.inspect(path)
        else:
            if file not in {entry.file for entry in self.models}:
                self.brought.add(file)
            self.models = models
            self.arrived.emit(file)

    def inspect(self, path: Path) -> None:
        """Look into foreign weights; ``asks`` follows, or the live side's ``failed``."""
        self._ask(Inspect(path))

    def carry_out_import(self, path: Path, name: str, kind: InputKind, palette: Palette | None) -> None:
        """Import foreign weights with the user's answers; ``arrived`` follows, or ``failed``."""
        self._ask(Import(path, name, kind, palette, free_model_file(name)))

    def remove(self, entry: Entry) -> Job:
        """Delete one of the user's own models; a bundled one stays."""

        def delete(_job: Job) -> list[Entry]:
            if not entry.bundled:
                entry.file.unlink(missing_ok=True)
            return entries()

        def take(models: list[Entry]) -> None:
            self.models = models
            if not entry.bundled:
                self.removed.emit(entry.file)

        return self._file_work.write(self.tr("Deleting the model “%s”") % shown(entry.name), delete, take)

    def _ask(self, request: Inspect | Import) -> None:
        self._foreign.append(request)
        if len(self._foreign) == 1:
            self._send()

    def _send(self) -> None:
        """Have the engine do what comes next, if anything."""
        request = self._foreign[0] if self._foreign else None
        self.importing = request.path if request else None
        if isinstance(request, Import):  # what was imported meanwhile may have taken the place
            request = self._foreign[0] = replace(request, target=free_model_file(request.name))
        if request is not None:
            self._live.send(request)

    def _end(self) -> Path:
        """The engine is done with a file; which one."""
        path = self._foreign.popleft().path
        self._send()
        return path

    def _inspected(self, reply: Inspected) -> None:
        self._end()
        if reply.card is not None:
            self._carded.add(reply.path)
        else:
            self._carded.discard(reply.path)
        self.asks.emit(reply)

    def _imported(self, reply: Imported) -> None:
        if self._end() in self._carded:  # that lay beside a stranger's weights, and may name terms
            self.brought.add(reply.path)
        self.look_again(lambda: self.arrived.emit(reply.path))

    def _refused(self, reply: Failed) -> None:
        if isinstance(reply.request, Inspect | Import):
            self._end()


def _added(path: Path, known: list[Path], job: Job) -> tuple[Path | None, list[Entry]]:
    """On a thread: the file of a model that is among the user's models from now on, and what is there then.

    Returns:
        for weights without a card: no file.

    Raises:
        ModelError: it is no model file of ours, or damaged.
        OSError: it can't be copied.
        Cancelled: it is not wanted any more; nothing was copied.
    """
    if os.path.isfile(path) and is_bare(path):
        return None, []
    card = read_card(path)
    size = path.stat().st_size
    for number, file in enumerate(known):
        if _is_copy(file, path, size, partial(job.progress, number, 2 * len(known))):
            return file, entries()
    target = free_model_file(card.name)
    with replacing(target) as part, path.open("rb") as source, part.open("wb") as copy:
        done = 0
        while chunk := source.read(_CHUNK):
            copy.write(chunk)
            done += len(chunk)
            job.progress(size + done, 2 * size)
    return target, entries()


def _is_copy(file: Path, path: Path, size: int, step: Callable[[], object]) -> bool:
    """Whether both hold the very same bytes; whatever can't be read is no copy."""
    step()
    try:
        if file.stat().st_size != size:
            return False
        with file.open("rb") as one, path.open("rb") as other:
            while chunk := one.read(_CHUNK):
                step()
                if chunk != other.read(_CHUNK):
                    return False
        return True
    except OSError:
        return False


@lru_cache
def suggested(kind: str) -> str:
    """The model that the first bundled drawing of a kind was made for; empty where it names none."""
    return next((drawing.model for _, drawing in bundled() if drawing.kind == kind), "")
