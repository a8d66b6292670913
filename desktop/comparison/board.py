"""Several models on the drawing on the canvas: what each makes of it, how each does on a validation folder,
and which of them stays.

Previews follow the drawing while somebody looks; the engine makes one at a time, in the pauses of the pen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from desktop.comparison import aside, judging
from desktop.comparison.judging import Table
from desktop.comparison.sheet import Sheet, sheet_file, write
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.stroke_controller import StrokeController
from desktop.preview.fitting import style_for
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.tryouts import TryOuts
from desktop.preview.turns import RESTS_MS
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from engine.data.card import Card
from engine.data.messages import Pixels, TryOut
from engine.data.style import Code
from engine.files.writing import shown
from engine.models.catalogue import Entry
from engine.planes.codec import usually_native, working_size
from trainer.comparison.table import Judged, Row, rows

_Stamp = tuple[int, int, Code | None]
"""The drawing and its style."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A model, and what it makes of the drawing."""

    entry: Entry
    card: Card
    preview: Pixels | None = None
    """uint8 (H, W, 3), of the drawing as it is or was a moment ago."""
    fails: bool = False
    """It can't be made; the log says why."""
    judged: Judged | None = None

    @property
    def file(self) -> Path:
        """The model's."""
        return self.entry.file


class Comparison(Observable):
    """Which models are compared, and how they do.

    Args:
        canvas: has the drawing.
        live: goes first.
        tryouts: ask the engine for what each model makes of it.
        strokes: the hand's.
        library: has the models.
        file_work: judges, writes the sheet, and puts files aside.
        open_model: paints with a model.
        parent: owns it.
    """

    tiles = Property[tuple[Tile, ...]](())
    whole = Property(False)
    """Every tile is of the drawing as it is."""
    excuse = Property("")
    """Why there is nothing to compare; a sentence, or nothing."""
    watched = Property(False)
    """Somebody looks."""
    shown = Property(range(1 << 16))
    """The tiles that can be seen without scrolling: these are made first."""
    table = Property[Table | None](None)
    job = Property[Job | None](None)
    """The judging that goes on."""
    put_aside = Property[tuple[Path, ...]](())
    """Models that could be brought back."""

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        tryouts: TryOuts,
        strokes: StrokeController,
        library: Library,
        file_work: FileWork,
        open_model: Callable[[Path], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._tryouts, self._strokes = canvas, live, tryouts, strokes
        self._library, self._file_work, self._open_model = library, file_work, open_model
        self._left_out: set[Path] = set()
        self._made: dict[Path, tuple[_Stamp, Pixels | None]] = {}
        self._asked: tuple[Path, _Stamp] | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(RESTS_MS)
        self._rest.timeout.connect(self._go_on)
        library.watch("models", self._lay_out)
        for part, names in ((canvas, "picture steps"), (live, "behind settled enabled loading")):
            part.watch(names, self._look)
        strokes.watch("drawing", self._look)
        self.watch("watched", self._begin)

    # --- which ---------------------------------------------------------------------------------

    @property
    def rows(self) -> tuple[Row, ...]:
        """The measures of the models, where these were judged."""
        return rows([tile.judged.scores if tile.judged else {} for tile in self.tiles])

    def leave_out(self, file: Path) -> None:
        """Compare the others alone; the model stays where it is."""
        self._left_out.add(file)
        self._lay_out()

    def take_all(self) -> None:
        """Compare all that paint such drawings."""
        self._left_out.clear()
        self._lay_out()

    @property
    def is_partial(self) -> bool:
        """Whether some that paint such drawings are left out."""
        return bool(self._left_out & {entry.file for entry in self._library.models})

    def paint_with(self, file: Path) -> None:
        """Paint with one of them."""
        self._open_model(file)

    # --- which one stays -----------------------------------------------------------------------

    def others(self, file: Path) -> tuple[Tile, ...]:
        """The models that would be put aside if that one stayed; those that came along can't be."""
        return tuple(tile for tile in self.tiles if tile.file != file and not tile.entry.bundled)

    def let_stay(self, file: Path) -> Job | None:
        """Paint with that one, and put the others that are the user's own aside; ``bring_back`` undoes it.

        Those that came with the program are left out of the comparison.
        """
        going = [tile.file for tile in self.others(file)]
        self._left_out.update(tile.file for tile in self.tiles if tile.file != file)
        self._open_model(file)
        self._lay_out()
        if not going:
            return None
        text = self.tr("Putting %d models aside") % len(going)
        return self._file_work.write(text, lambda _job: aside.put(going), lambda _none: self._moved())

    def bring_back(self) -> Job:
        """Put the models that are put aside among the others again."""
        files = self.put_aside
        text = self.tr("Bringing %d models back") % len(files)
        names = {file.name for file in files}
        self._left_out = {file for file in self._left_out if file.name not in names}
        return self._file_work.write(text, lambda _job: aside.bring_back(files), lambda _none: self._moved())

    def _moved(self) -> None:
        self.put_aside = aside.there()
        self._library.look_again()

    # --- the validation folder -----------------------------------------------------------------

    def judge(self, folder: Path, *, eye: bool = False) -> Job | None:
        """Judge the models by a folder of pairs; ``table`` follows.

        Args:
            folder: see there.
            eye: whether a trained eye looks at the pictures, too, which takes long.
        """
        if self.job is not None or not self.tiles:
            return None
        files = [tile.file for tile in self.tiles]
        job = self._file_work.make(
            self.tr("Judging %d models by “%s”") % (len(files), shown(folder.name)),
            lambda job: judging.judge(files, folder, job, eye=eye),
            lambda table: self.take_table(files, table),
        )
        self.job = job
        job.then(lambda _fine: setattr(self, "job", None))
        return job

    def take_table(self, files: Sequence[Path], table: Table) -> None:
        """Show what was found of these models; what can't be judged is said."""
        self.table = replace(table, judged=tuple(
            replace(one, file=file) for file, one in zip(files, table.judged, strict=True)
        ))  # fmt: skip
        self._lay_out()
        for one in self.table.judged:
            if one.problem:
                self._canvas.error_reported.emit(f"“{one.name}”: {one.problem}")

    # --- the sheet -----------------------------------------------------------------------------

    def export(self, path: Path) -> Job | None:
        """Write a sheet of the drawing, what each model makes of it, and the table."""
        if not self.whole:
            text = self.excuse or self.tr("Some pictures are still being made; wait a moment.")
            self._canvas.error_reported.emit(text)
            return None
        path = sheet_file(path)
        picture = self._canvas.picture
        names = self.tr("Drawing"), *(tile.card.name for tile in self.tiles)
        flat = self._canvas.document.picture_flat().copy()
        made = (flat, *(tile.preview for tile in self.tiles))
        sheet = Sheet(picture.name if picture else "", names, (made,), self.rows)
        return self._file_work.write(
            self.tr("Writing “%s”") % shown(path.name),
            lambda _job: write(sheet, path),
            lambda _none: self._canvas.notice.emit(self.tr("The sheet is “%s”.") % shown(path.name)),
        )

    def leave(self) -> None:
        """End of the program."""
        self._rest.stop()
        self._asked = None

    # --- inside --------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self.watched:
            self.put_aside = aside.there()
        self._lay_out()

    def _stamp(self, card: Card) -> _Stamp:
        document = self._canvas.document
        style = document.style.code if document.style is not None else None
        return id(document), document.revision, style_for(card, style)

    def _update_excuse(self, found: Sequence[Tile]) -> str:
        if not found:
            return self.tr("No model paints pictures of this kind; open another picture, or add a model.")
        return ""

    def _lay_out(self) -> None:
        """Models, pictures or scores may be others."""
        if not self.watched or self._canvas.picture is None:
            return
        judged = {one.file: one for one in self.table.judged} if self.table else {}
        kind, tiles = self._canvas.document.kind, []
        for entry in self._library.models:
            card = entry.card
            if card is None or card.input != kind or entry.file in self._left_out | self._library.held:
                continue
            made = self._made.get(entry.file)
            preview = made[1] if made is not None else None
            fails = made is not None and preview is None
            tiles.append(Tile(entry, card, preview, fails, judged.get(entry.file)))
        self.excuse = self._update_excuse(tiles)
        self.tiles = tuple(tiles)
        self._look()

    def _look(self) -> None:
        """Something happened; let it be quiet first."""
        if not self.watched or self._canvas.picture is None:
            return
        kind = self._canvas.document.kind
        if any(tile.card.input != kind for tile in self.tiles) or (not self.tiles and not self.excuse):
            self._lay_out()
            return
        self.whole = bool(self.tiles) and all(self._is_fresh(tile) for tile in self.tiles)
        if not self.whole:
            self._rest.start()

    def _is_fresh(self, tile: Tile) -> bool:
        made = self._made.get(tile.file)
        return made is not None and made[0] == self._stamp(tile.card)

    def _go_on(self) -> None:
        """Have the next picture made, if nobody draws or waits for a preview."""
        live = self._live
        waits = live.loading or (live.enabled and live.card is not None and (live.behind or not live.settled))
        if not self.watched or self._asked is not None or waits or self._strokes.drawing:
            return
        picture = self._canvas.document.picture()
        seen = self.tiles[self.shown.start : self.shown.stop]
        for tile in (*seen, *self.tiles):
            # While live is switched off nothing follows: only what was never made is.
            if self._is_fresh(tile) or (not live.enabled and tile.preview is not None):
                continue
            stamp = self._stamp(tile.card)
            self._asked = tile.file, stamp
            size = working_size(picture.size, tile.card, native=usually_native(tile.card))
            self._tryouts.ask(TryOut(tile.file, picture, size, stamp[2]), self._take)
            return

    def _take(self, preview: Pixels | None) -> None:
        if self._asked is None:  # the program is about to end
            return
        (file, stamp), self._asked = self._asked, None
        self._made[file] = stamp, preview
        self._lay_out()
