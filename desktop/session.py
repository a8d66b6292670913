"""The session: all observable state of the program and every action of the user.

Widgets watch its properties and call its methods; they never touch a document, the engine or a file
themselves. Drawing is ``session.strokes``'s work, what the network makes of it ``session.live``'s; kept
frames are on ``session.shelf``, models in ``session.library``. Here are pictures and their steps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from desktop.colourways.board import Colourways
from desktop.documents.filing import Filing
from desktop.documents.guarding import Guarding
from desktop.documents.on_canvas import Steps
from desktop.documents.open_documents import OpenDocuments, OpenPicture, project_file
from desktop.documents.reading import Wanted
from desktop.documents.recovery import Unreadable
from desktop.documents.samples import SampleDrawings
from desktop.documents.stroke_controller import StrokeController
from desktop.exporting.exporting import Exporting
from desktop.film.films import Films
from desktop.frames.comparing import Comparing
from desktop.frames.finishing import Finishing
from desktop.frames.holding import Holding
from desktop.handling import Handling
from desktop.inputs.paper import Paper
from desktop.inputs.watching import Watching
from desktop.layer_actions import LayerActions
from desktop.models import Models
from desktop.paint.editing.document import Change, Document
from desktop.paint.files.export import picture_file
from desktop.pairs.pair_drawing import PairDrawing
from desktop.pairs.teaching import Teaching
from desktop.preparing.preparing import Preparing
from desktop.preview.gallery import Gallery
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.matching import Matching
from desktop.preview.morphing import Morphing
from desktop.preview.shelf import Shelf
from desktop.preview.styles import Styles, code_of
from desktop.preview.tryouts import TryOuts
from desktop.selecting import Selecting
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from desktop.support.places import Places
from desktop.support.report_errors import ReportErrors
from desktop.support.settings import SettingsFile
from desktop.training.current import Training
from desktop.training.dataset_scan import DatasetScan
from desktop.training.training_queue import TrainingQueue
from engine.data.card import InputKind
from engine.data.rect import Rect

__all__ = ["OpenPicture", "Session", "Steps", "Unreadable"]

log = logging.getLogger(__name__)


class Session(Observable):
    """Everything that the window shows, and everything that it can do."""

    picture = Property[OpenPicture | None](None)
    """The picture on the canvas."""
    title = Property("")
    """The picture's file name, or what it is called without one."""
    steps = Property(Steps())
    saved = Property(True)
    """Nothing in the picture would be lost if it were closed now."""

    repainted = Signal(Rect)
    """These picture pixels look different now."""
    restructured = Signal()
    """Layers, size or palette of the picture are different now."""
    notice = Signal(str)
    """One sentence for the message bar."""
    error_reported = Signal(str)
    """One sentence on something that went wrong."""
    read_as = Signal(object, str, str)
    """A plain picture, its ``Path``, was opened as a kind, and could be another; what was changed in it."""
    changed_elsewhere = Signal(object)
    """This ``OpenPicture`` was to be opened again: its file was changed elsewhere, it was here."""

    def __init__(self, file: SettingsFile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.file, self.settings = file, file.settings
        self._make_picture_parts()
        self._make_preview_parts()
        self._make_frame_parts()
        self._make_training_parts()
        self._hear()

    # The parts know each other in this order; what comes later is given to those before as a function.

    def _make_picture_parts(self) -> None:
        """What drawing and opening take, with or without a model."""
        self.strokes = StrokeController(lambda: self.document, self.settings.inks, self)
        self.handling = Handling(self.strokes, self.settings, self)
        self.file_work = FileWork(self)
        self.documents = OpenDocuments(self.settings, lambda: self.guarding.hear(), self.file_work.later)
        self.filing = Filing(
            self.documents, self.file_work, self.put_up, lambda: self.strokes.goes_on, parent=self
        )
        self._pen_up = self.filing.when_the_pen_is_up
        self.guarding = Guarding(self, self.documents, self.file_work, self._pen_up, self)
        self.layers = LayerActions(self, self.filing, self)
        self.selecting = Selecting(self, self.repainted, self._update_undo)
        self.samples = SampleDrawings(self._pen_up, self)
        self.places = Places(self)

    def _make_preview_parts(self) -> None:
        """The open model, and what goes by it."""
        self.live = live = Live(
            lambda: self.document.picture(),
            self,
            style=lambda: code_of(self.document),
            finish=lambda made: self.holding.finished(made),
        )
        live.enabled, live.single_precision = self.settings.live, self.settings.single_precision
        self.tryouts = TryOuts(live, self)
        self.library = library = Library(live, self.file_work, self)
        strokes, settings, pen_up = self.strokes, self.settings, self._pen_up
        self.matching = Matching(
            self, self.documents, self.samples, live, strokes, library, settings, pen_up, self
        )
        self.styles = Styles(self, live, strokes, library, settings, pen_up, self)

    def _make_frame_parts(self) -> None:
        """What is made of previews, and of more than one of them."""
        live, strokes, work = self.live, self.strokes, self.file_work
        settings, turns, pen_up = self.settings, self.styles.turns, self._pen_up
        self.shelf = Shelf(self, self.documents, live, self.styles, work, self._update_undo, self)
        self.holding = Holding(self, live, settings, self)
        self.finishing = Finishing(self, live, work, pen_up, self)
        self.comparing = Comparing(self, live, self.shelf, self)
        self.morphing = Morphing(self, live, self.styles, self.shelf, work, settings, self)
        self.colourways = Colourways(self, live, turns, strokes, work, self)
        self.films = Films(self, live, turns, strokes, work, settings, self)
        self.exporting = Exporting(self, live, work, pen_up, settings, self)

    def _make_training_parts(self) -> None:
        """Trainings, what they train on, what becomes of their models; and what is drawn after."""
        live, strokes, tryouts, library = self.live, self.strokes, self.tryouts, self.library
        settings, work, pen_up = self.settings, self.file_work, self._pen_up
        training = Training(lambda: self.picture.document if self.picture else None, settings, self)
        self.training, self.training_queue = training, TrainingQueue(strokes.touched, self)
        self.dataset_scan, self.preparing = DatasetScan(self), Preparing(settings, self)
        self.pair_drawing = PairDrawing(self, settings, self.matching, training, pen_up, self)
        self.teaching = Teaching(self, live, tryouts, self.shelf, library, training, self)
        self.gallery = Gallery(self, self.samples, self.matching.fresh, live, strokes, tryouts, library, self)
        rest = self.shelf, settings, work, training, pen_up, self.matching
        self.models = Models(self, self.samples, live, strokes, tryouts, library, *rest, self)
        self.watching = Watching(self, strokes, pen_up, work, self)
        self.paper = Paper(self, work, pen_up, settings.paper, self)

    def _hear(self) -> None:
        """What the parts tell, and who is told."""
        strokes, filing = self.strokes, self.filing
        strokes.touched.connect(self._touched)
        strokes.finished.connect(self._changed)
        strokes.layer_chosen.connect(self.restructured)
        strokes.watch("drawing", self.documents.begin_journals)
        strokes.watch("drawing", filing.let_arrive)
        # Not within a command, nor a press that takes the place of clicks which waited.
        for over in (strokes.interrupted, strokes.awaited.over):
            over.connect(filing.let_arrive, Qt.ConnectionType.QueuedConnection)
        filing.files_changed.connect(self._update_undo)
        filing.read_as.connect(self.read_as)
        filing.changed_elsewhere.connect(self.changed_elsewhere)
        self.file_work.cancelled.connect(lambda job: self.notice.emit(self.tr("Given up: %s.") % job.text))
        for said in (filing.notice, self.live.noticed, self.handling.notice):
            said.connect(self.notice)
        self.live.failed.connect(self.error_reported)
        for part in (strokes, self.handling, self.file_work, filing, self.places, self.samples):
            part.error_reported.connect(self.error_reported)

    # --- the picture ---------------------------------------------------------------------------

    @property
    def document(self) -> Document:
        """The document on the canvas.

        Raises:
            AssertionError: before the first picture was opened.
        """
        assert self.picture is not None, "the session has no picture yet"
        return self.picture.document

    @property
    def pictures(self) -> list[OpenPicture]:
        """All open pictures, the one used last first."""
        return self.documents.pictures

    def new_picture(self, kind: InputKind, width: int, height: int) -> None:
        """Put an empty picture on the canvas; the old one stays open if it has anything to lose."""
        palette = self.matching.colours_for(kind) or self.matching.palette_for(kind)
        with self._report_errors():
            self.put_up(OpenPicture(Document.new(kind, width, height, palette)))
            self.settings.new_size = [width, height]

    def put_up(self, picture: OpenPicture, model: Path | None = None) -> None:
        """Put ``picture`` on the canvas, with ``model``, else with the one last used for it."""
        self.finish_stroke()
        self.samples.drop()
        self.documents.put_up(picture)
        self._show_picture(model)

    def next_picture(self) -> None:
        """Go to the open picture that was on the canvas longest ago."""
        if len(self.pictures) > 1:
            self.put_up(self.pictures[-1])
        else:
            self.notice.emit(self.tr("No other picture is open."))

    def close_picture(self, picture: OpenPicture) -> None:
        """Close a picture for good, its journal included; after the last one comes an empty one."""
        picture.document.finish_stroke()
        self.documents.close(picture)
        if picture is self.picture:
            kind = picture.document.kind
            with self._report_errors():
                following = self.pictures[0] if self.pictures else None
                palette = picture.document.palette if kind == "labels" else self.matching.colours_for(kind)
                self.put_up(following or self.matching.empty(kind, palette))

    def example(self) -> None:
        """Put the next sample drawing of the open model on the canvas."""
        self.matching.example()

    def open_file(self, path: Path, *, kind: InputKind | None = None, together: bool = False) -> Job | None:
        """Open a project, a picture, a model or foreign weights; says so when it can't be done.

        Args:
            path: the file.
            kind: what a plain picture becomes; None for what is on the canvas now.
            together: others come with it, and it takes none of their places, see ``OpenPicture.together``.

        Returns:
            the reading of it, unless it is open already or the engine looks into it.
        """
        path, suffix = path.absolute(), path.suffix.lower()
        self.settings.folder = str(path.parent)
        self.finish_stroke()
        if suffix == ".safetensors":
            return self.library.add(path)
        if suffix in (".pth", ".pt", ".ckpt"):
            self.library.inspect(path)
            return None
        self.file_work.later(self.library.prepare)
        return self.filing.open(path, self._wanted(kind), together=together)

    def open_instead(self, path: Path, kind: InputKind, first: OpenPicture | None) -> Job | None:
        """Open a plain picture again as another kind, in place of ``first`` if that is untouched."""

        def take_its_place(_picture: OpenPicture) -> None:
            if first is not None and first in self.pictures and first is not self.picture and first.is_saved:
                self.close_picture(first)

        self.finish_stroke()
        return self.filing.open(path.absolute(), self._wanted(kind), and_then=take_its_place)

    def open_anew(self, picture: OpenPicture) -> Job | None:
        """Open the file of ``picture`` as it is now; what was drawn stays open, without a file."""
        if picture.path is None:
            return None
        return self.filing.open(picture.path, self._wanted(None), parting=picture)

    def _wanted(self, kind: InputKind | None) -> Wanted:
        """What a plain picture becomes; None for what is on the canvas now."""
        wanted = kind or (self.document.kind if self.picture else "image")
        card = self.live.card
        levels = card.levels if card is not None and card.input == wanted else None
        return Wanted(wanted, kind is None, self.matching.palette_for(wanted), levels)

    def objection(self, path: Path | None = None) -> str:
        """What is to be asked before the picture is saved to ``path``, or to where it came from; a sentence
        that says what would be lost, or nothing."""
        assert self.picture is not None
        target = project_file(path.absolute()) if path is not None else self.picture.target
        return self.documents.objection(self.picture, target) if target is not None else ""

    def save(self, path: Path | None = None, *, anyway: bool = False) -> Job | None:
        """Save as ``.ora`` what the picture is now; drawing goes on meanwhile, and is not saved by that.

        Args:
            path: where to; None where it came from.
            anyway: somebody was asked about the ``objection``; else that is told, and nothing written.

        Returns:
            the writing, which goes on; None if it needs a path that is not given, or there is an objection.
        """
        assert self.picture is not None
        if path is None and self.needs_a_path:
            return None
        if objection := "" if anyway else self.objection(path):
            self.error_reported.emit(objection)
            return None
        return self.filing.save(self.picture, path and path.absolute(), self.live.model_file)

    def finish_stroke(self) -> None:
        """Finish what is being drawn, as a step: what comes next would drop it."""
        if self.picture is not None:
            self.document.finish_stroke()

    def mark_saved(self, picture: OpenPicture) -> None:
        """All that is in ``picture`` was written elsewhere."""
        self.documents.mark_saved(picture)
        self._update_undo()

    @property
    def needs_a_path(self) -> bool:
        """Save must become Save As: there is no file yet, or writing it would lose something."""
        return self.picture is not None and self.picture.needs_a_path

    def export(self, what: str, path: Path) -> Job | None:
        """Write a picture file of what is there now; ``what`` is one of those of ``Exporting``.

        Its suffix says which format it gets; one that says nothing gets ``.png`` behind it.

        Returns:
            the writing, which goes on; None where it takes a preview and there is none, which is told.
        """
        assert self.picture is not None
        if what != "picture" and self.live.preview is None:
            self.error_reported.emit(self.live.lack)
            return None
        path = picture_file(path).absolute()
        self.settings.folder = str(path.parent)
        live = self.live
        return self.filing.export(self.picture, what, path, live.preview, behind=live.behind)

    # --- models --------------------------------------------------------------------------------

    def open_model(self, path: Path) -> None:
        """Paint with the model in ``path`` once its terms were seen; another kind brings its own picture."""
        self.models.open(path)

    def start(self) -> None:
        """First picture and first model: what was used last, else the first bundled one."""
        with self._report_errors():
            picture, model = self.matching.first()
            self.put_up(picture, model)
            if model is None:
                self.error_reported.emit(self.tr("No model is installed; drop a model file on the window."))

    # --- steps ---------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take back the last step, or of the stroke that goes on the last click, or all; first what waits."""
        if self.strokes.awaited.take_back():
            return
        if self.strokes.drawing:
            last = self.document.history.newest
            if not self.strokes.step_back():
                self.finish_stroke()
            if self.document.history.newest is last:  # it left nothing, or goes on
                return
        if not self.selecting.undo():
            self._apply(self.document.undo)

    def redo(self) -> None:
        """Do again what was taken back last, or of the stroke that goes on the last click."""
        if not (self.strokes.step_forward() or self.selecting.redo()):
            self._apply(self.document.redo)

    def edit(self, step: Callable[[Document], Change | None]) -> None:
        """Carry out one step on the document, e.g. ``edit(lambda d: d.clear_layer(i))``."""
        self.finish_stroke()
        self._apply(lambda: step(self.document))

    def clear(self) -> None:
        """Delete what is selected, or all of the active layer."""
        self.edit(lambda document: document.clear_selection())

    def show_reference(self, id: int, *, visible: bool | None = None, opacity: float | None = None) -> None:
        """Look at a reference otherwise, also while a stroke goes on."""
        self._apply(lambda: self.document.show_reference(id, visible=visible, opacity=opacity))

    def close(self) -> None:
        """End of the program: wait for what is being written, remember everything, stop the engine, whatever
        goes wrong in one of these steps; unsaved pictures stay journalled."""
        lessons = self.pair_drawing, self.teaching, self.gallery, self.styles, self.training_queue
        inputs = self.films, self.watching, self.paper, self.colourways, self.models, self.preparing
        others = self.dataset_scan, self.places, self.samples, self.strokes
        leaving = (part.leave for part in (*others, *lessons, *inputs))
        ends = (self.guarding.stop, self.live.stop, self.documents.stop)
        first = self.filing.leave, self.finish_stroke, self.training.leave, self.file_work.leave
        for step in (*first, self.remember, *leaving, *ends):
            try:
                step()
            except Exception:  # the pictures and the other parts must not pay for it
                log.exception("closing")

    def remember(self) -> None:
        """Write down what the user has chosen."""
        self.settings.live = self.live.enabled
        self.settings.single_precision = self.live.single_precision
        if self.picture is not None:
            self.settings.kind = self.document.kind
        self.file.save()

    # --- inside --------------------------------------------------------------------------------

    def _apply(self, step: Callable[[], Change | None]) -> None:
        with self._report_errors():
            change = step()
            if change is not None:
                self._changed(change)

    def _changed(self, change: Change) -> None:
        """A step was done: repaint, translate, journal, tell."""
        if change.rect:
            self.repainted.emit(change.rect)
        if change.structure:
            self.strokes.take_ink()
            self.restructured.emit()
        if change.sent:
            self.live.edited(None if change.structure else change.rect, restyled=change.style)
        assert self.picture is not None
        self.documents.journal(self.picture, change)
        self.films.note(change)
        self.guarding.report_news()
        self._update_undo()

    def _update_undo(self) -> None:
        assert self.picture is not None
        self.steps = self.selecting.steps()
        self.title, self.saved = self.picture.name, self.picture.is_saved

    def _touched(self, rect: Rect) -> None:
        """A stroke painted inside ``rect``; it is no step yet."""
        self.repainted.emit(rect)
        if self.document.active.role.sent:
            self.live.edited(rect)

    def _show_picture(self, model: Path | None = None) -> None:
        self.picture = self.documents.pictures[0]
        self.strokes.take_ink()
        self._update_undo()
        self.restructured.emit()
        self.repainted.emit(self.document.bounds)
        self.matching.find_model(self.picture, model)

    def _report_errors(self) -> ReportErrors:
        return ReportErrors(self.error_reported.emit)
