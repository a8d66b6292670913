"""Pictures and models brought together, as ``desktop.preview.fitting`` decides."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenDocuments, OpenPicture
from desktop.documents.samples import SampleDrawings
from desktop.documents.stroke_controller import StrokeController
from desktop.paint.editing.document import Change, Document, Role
from desktop.preview import fitting
from desktop.preview.fitting import Facts, Opening, State
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.support.report_errors import ReportErrors
from desktop.support.settings import Settings
from engine.data.card import Card, InputKind
from engine.data.messages import Failed, OpenModel
from engine.data.palette import Palette
from engine.models.catalogue import Entry


class Matching(QObject):
    """Chooses what the user has not chosen: the model for a picture, the picture for a model.

    Args:
        canvas: where the picture is.
        documents: the open pictures.
        samples: to begin with.
        live: opens models, and tells when one is ready.
        strokes: the brush, which goes by the model.
        library: the models that there are.
        settings: remember which model was used last, and how.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    def __init__(
        self,
        canvas: OnCanvas,
        documents: OpenDocuments,
        samples: SampleDrawings,
        live: Live,
        strokes: StrokeController,
        library: Library,
        settings: Settings,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._documents, self._samples, self._live = canvas, documents, samples, live
        self._strokes, self._library, self._settings = strokes, library, settings
        self._when_the_pen_is_up = when_the_pen_is_up
        self._taken = self.colours_for("image") if "image" in settings.models else None
        """Whose colours the brush has begun with: what is mixed later stays."""
        live.opened.connect(self._fit)
        live.refused.connect(self._refused)

    # --- which goes with which -----------------------------------------------------------------

    def first(self) -> tuple[OpenPicture, Path | None]:
        """What to begin with, a picture and its model: what was used last, else the first bundled one.

        Raises:
            PictureError: the picture can't be made.
        """
        entry = self._library.preferred(self._settings.kind, self._settings.models)
        if entry is None or entry.card is None:
            return self.empty("sketch", None), None
        return self._picture(entry.card), entry.file

    def opening(self, model: Path) -> Opening:
        """What it takes to paint with the model in a file; nothing is done yet."""
        pictures = [facts_of(picture) for picture in self._documents.pictures]
        return fitting.opening(self._library.entry(model), pictures, self._open_file())

    def find_model(self, picture: OpenPicture, wanted: Path | None) -> None:
        """Have the picture that came up translated by the model in ``wanted``, else by one that suits it."""
        document, live = picture.document, self._live
        choice = fitting.model_for(
            facts_of(picture),
            self._library.entry(wanted) if wanted else None,
            None if wanted else self._preferred(document),
            self._open_file(),
        )
        entry = choice.entry
        if choice.note == "lacking":
            self._canvas.notice.emit(self._library.lack_of(document.kind))
        elif choice.note == "replaced" and entry is not None:
            self._canvas.notice.emit(
                self.tr("Its model “%s” is not installed; “%s” takes its place.")
                % (document.model, entry.name)
            )
        if entry is None:
            live.close_model()
            if picture.translated:
                self._strokes.knows_hints = True
        elif choice.is_open:
            live.document_changed()
        else:
            live.open_model(entry.file)

    # --- what to paint with --------------------------------------------------------------------

    def palette_for(self, kind: InputKind) -> Palette | None:
        """What pictures of a kind are held to. Labels: the open model's, else that of the label model last
        used, else the first; others: nothing."""
        if kind != "labels":
            return None
        return self.colours_for(kind) or next(iter(self._library.palettes()), None)

    def colours_for(self, kind: InputKind) -> Palette | None:
        """What to paint a new picture with: of the open model, else of the one last used for that kind."""
        card = self._live.card
        if card is None or card.input != kind:
            entry = self._library.preferred(kind, self._settings.models)
            card = entry.card if entry and entry.card and entry.card.input == kind else None
        return card.palette if card is not None else None

    def empty(self, kind: InputKind, palette: Palette | None) -> OpenPicture:
        """A picture with nothing in it, of the size last chosen; labels need a palette, if only any.

        Raises:
            PictureError: too large, or a label picture without palette.
        """
        width, height = self._settings.new_size
        return OpenPicture(Document.new(kind, width, height, palette or self.palette_for(kind)))

    def fresh(self, card: Card, then: Callable[[OpenPicture], object]) -> None:
        """Have a picture to begin with for a model: a sample drawing, else one with nothing in it."""
        wrong: list[str] = []

        def make() -> OpenPicture | None:
            with ReportErrors(wrong.append):
                return self._samples.next(card.input, card)
            return None

        def take(sample: OpenPicture | None) -> None:
            for sentence in wrong:
                self._canvas.error_reported.emit(sentence)
            with ReportErrors(self._canvas.error_reported.emit):
                then(sample or self.empty(card.input, card.palette))

        self._canvas.finish_stroke()  # later ones are waited for
        self._samples.have(make, take)

    def example(self) -> None:
        """Put the next sample drawing of the open model on the canvas."""
        card, samples = self._live.card, self._samples
        kind = card.input if card else self._canvas.document.kind

        def show(sample: OpenPicture | None) -> None:
            if sample is not None:
                self._canvas.put_up(sample)
            else:
                text = self.tr("There is no sample drawing for this model; start with a few strokes.")
                self._canvas.notice.emit(text)

        self._canvas.finish_stroke()
        samples.have(lambda: samples.next(kind, card), show)

    # --- inside --------------------------------------------------------------------------------

    def _index_for(self, card: Card) -> int | None:
        return fitting.picture_for(card, [facts_of(picture) for picture in self._documents.pictures])

    def _picture(self, card: Card) -> OpenPicture:
        """The picture to begin with, here and now: there is nothing else to be seen yet."""
        index = self._index_for(card)
        if index is not None:
            return self._documents.pictures[index]
        sample = None
        with ReportErrors(self._canvas.error_reported.emit):
            sample = self._samples.next(card.input, card)
        return sample or self.empty(card.input, card.palette)

    def _preferred(self, document: Document) -> Entry | None:
        """The best model for a picture; one of another kind if there is no other."""
        wanted = dict(self._settings.models)
        if document.model:
            wanted[document.kind] = document.model
        return self._library.preferred(document.kind, wanted)

    def _open_file(self) -> Path | None:
        """The model that is open or being opened; None too if that failed, or if its file is gone."""
        live = self._live
        works = live.card is not None or live.loading
        return live.model_file if works and live.model_file and os.path.isfile(live.model_file) else None

    def _fit(self, card: Card) -> None:
        """A model is ready for the picture: remember that it works, and let size, brush and picture go by it.

        A stroke that was begun meanwhile goes on, with the brush it has; what would end it waits.
        """
        picture, file = self._canvas.picture, self._live.model_file
        assert picture is not None and file is not None
        self._library.works(file)
        self._settings.models[card.input] = picture.document.model = card.name
        run = fitting.run_by(
            card, picture.document.kind, self._settings.native_size.get(card.name), self._taken
        )
        self._live.native = run.native
        self._strokes.knows_hints = run.knows_hints
        if run.takes_colours:
            self._strokes.take_colours(card.palette)
            self._taken = card.palette
        self._when_the_pen_is_up(lambda: self._fit_picture(card, picture))

    def _fit_picture(self, card: Card, picture: OpenPicture) -> None:
        """No stroke goes on: let the picture go by the model, if both are still those that have met."""
        if card is not self._live.card or picture is not self._canvas.picture:
            return
        decided, palette = fitting.fit(card, state_of(picture)), card.palette
        if decided.palette == "step":
            self._canvas.edit(lambda document: document.set_palette(palette))
        elif decided.palette == "anew":
            self._begin_anew(picture, palette)
        elif decided.palette == "kept":
            self._canvas.notice.emit(
                self.tr(
                    "The picture's palette is not the model's; each colour goes to its nearest label. "
                    "Choose the other one above the labels."
                )
            )
        if decided.to_lines:
            self._strokes.choose_role(Role.LINES)

    def _begin_anew(self, picture: OpenPicture, palette: Palette | None) -> None:
        """Give a sheet on which nothing was done yet another palette: no step, and nothing to journal."""

        def step(document: Document) -> Change:
            change = document.set_palette(palette)
            document.forget_history()
            self._documents.mark_saved(picture)
            return change

        self._canvas.edit(step)

    def _refused(self, reply: Failed) -> None:
        """A model that could not be opened: go back to one that works, if there is one."""
        if not isinstance(reply.request, OpenModel):
            return
        self._library.doubt(reply.request.path)
        picture = self._canvas.picture
        assert picture is not None
        entry = fitting.model_for(facts_of(picture), None, self._preferred(picture.document), None).entry
        if entry is None or entry.file == reply.request.path:
            self._live.close_model()
        else:
            self._live.open_model(entry.file, same_picture=True)


def facts_of(picture: OpenPicture) -> Facts:
    """What an open picture is."""
    document = picture.document
    return Facts(document.kind, picture.translated, bool(picture.photo), document.model)


def state_of(picture: OpenPicture) -> State:
    """How the picture on the canvas stands."""
    document = picture.document
    untouched = picture.path is None and picture.is_saved and not document.can_undo
    return State(
        kind=document.kind,
        palette=document.palette,
        over_photo=bool(picture.photo),
        untouched=untouched,
        blank=untouched and document.kind == "image" and document.is_blank,
        on_hints=document.active.role is Role.HINTS,
    )
