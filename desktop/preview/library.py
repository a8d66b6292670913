"""The models at hand, and how new ones come in: model files are copied, foreign weights imported."""

from __future__ import annotations

import filecmp
import logging
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QObject, Signal

import resources
from desktop.documents.samples import bundled
from desktop.preview.live import Live
from desktop.support.observable import Observable, Property
from engine.data.card import InputKind
from engine.data.messages import Failed, Import, Imported, Inspect, Inspected
from engine.data.palette import Palette, read_gpl
from engine.errors import PictureError
from engine.files.writing import replacing
from engine.models.bundle import is_bare, read_card
from engine.models.catalogue import Entry, entries, place

log = logging.getLogger(__name__)


class Library(Observable):
    """Bundled and user's models; broken files are listed with what is wrong with them."""

    models = Property[list[Entry]]([])
    importing = Property[Path | None](None)
    """The foreign file that is being looked into or imported."""

    arrived = Signal(object)
    """The ``Path`` of a model that was added or imported just now."""
    asks = Signal(object)
    """An ``Inspected`` reply: what the file can't say must be asked of the user."""

    def __init__(self, live: Live, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live = live
        live.inspected.connect(self._inspected)
        live.imported.connect(self._imported)
        live.refused.connect(self._refused)
        self._doubted: set[Path] = set()
        self.refresh()

    def refresh(self) -> None:
        """Look again which model files there are."""
        self.models = entries()

    def entry(self, path: Path) -> Entry | None:
        """The listed model whose file is ``path``."""
        return next((entry for entry in self.models if entry.file == path), None)

    def preferred(self, kind: str, last_used: Mapping[str, str]) -> Entry | None:
        """The model to begin with for ``kind``: the one last used, else the first sample drawing's, else the
        first, else one of any kind.

        One that could not be opened is passed over until it has been.
        """
        usable = [entry for entry in self.models if entry.card and entry.file not in self._doubted]
        of_kind = [entry for entry in usable if entry.card and entry.card.input == kind]
        named = [entry for entry in of_kind if entry.name == last_used.get(kind)]
        if not named and len(of_kind) > 1:  # else there is no need to read drawings
            named = [entry for entry in of_kind if entry.bundled and entry.name == _suggested(kind)]
        return next(iter(named or of_kind or usable), None)

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
        self.refresh()

    def works(self, path: Path) -> None:
        """A model was opened."""
        self._doubted.discard(path)

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

    def add(self, path: Path) -> None:
        """Copy a model file into the user's models and use it; one that is there already is just used.

        Weights without a card are looked into as ``inspect`` does.

        Raises:
            ModelError: it is no model file of ours, or damaged.
            OSError: it can't be copied.
        """
        here = self.entry(path) or self._copy_of(path)
        if here is not None:
            path = here.file
        elif path.is_file() and is_bare(path):
            self.inspect(path)
            return
        else:
            card = read_card(path)
            target = place(card.name)
            with replacing(target) as part:
                shutil.copyfile(path, part)
            path = target
            self.refresh()
        self.arrived.emit(path)

    def _copy_of(self, path: Path) -> Entry | None:
        """The listed model whose file holds the very same bytes."""
        for entry in self.models:
            try:
                if filecmp.cmp(entry.file, path, shallow=False):
                    return entry
            except OSError:  # whatever can't be read is no copy
                continue
        return None

    def inspect(self, path: Path) -> None:
        """Look into foreign weights; ``asks`` follows, or the live side's ``failed``."""
        self.importing = path
        self._live.send(Inspect(path))

    def carry_out_import(self, path: Path, name: str, kind: InputKind, palette: Palette | None) -> None:
        """Import foreign weights with the user's answers; ``arrived`` follows, or ``failed``."""
        self.importing = path
        self._live.send(Import(path, name, kind, palette, place(name)))

    def remove(self, entry: Entry) -> None:
        """Delete one of the user's own models.

        Raises:
            OSError: it can't be deleted.
        """
        if not entry.bundled:
            entry.file.unlink(missing_ok=True)
            self.refresh()

    def _inspected(self, reply: Inspected) -> None:
        self.importing = None
        self.asks.emit(reply)

    def _imported(self, reply: Imported) -> None:
        self.importing = None
        self.refresh()
        self.arrived.emit(reply.path)

    def _refused(self, reply: Failed) -> None:
        if isinstance(reply.request, Inspect | Import):
            self.importing = None


@lru_cache
def _suggested(kind: str) -> str:
    """The model that the first bundled drawing of a kind was made for; empty where it names none."""
    return next((drawing.model for _, drawing in bundled() if drawing.kind == kind), "")
