"""Pictures and models brought together: which model paints a picture, and which picture a model brings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document, Role
from desktop.paint.editing.history import Change
from desktop.support.report_errors import ReportErrors
from engine.data.card import Card, InputKind
from engine.data.messages import Failed, OpenModel
from engine.data.palette import Palette
from engine.models.catalogue import Entry
from engine.planes.codec import usually_native

if TYPE_CHECKING:
    from desktop.session import Session


class Matching(QObject):
    """Chooses for the session what the user has not chosen."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._taken: Palette | None = None
        """Whose colours the brush has begun with: what is mixed later stays."""
        session.live.opened.connect(self._opened)
        session.live.refused.connect(self._refused)

    def start(self) -> None:
        """First picture and first model: what was used last, else the first bundled one."""
        session = self._session
        entry = session.library.preferred(session.settings.kind, session.settings.models)
        if "image" in session.settings.models:
            self._taken = self.colours_for("image")
        if entry is None:
            session.new_picture("sketch", *session.settings.new_size)
            session.error_reported.emit(self.tr("No model is installed; drop a model file on the window."))
        else:
            self._put_up_kind(entry)

    def open_model(self, path: Path) -> None:
        """Paint with the model in ``path``; one of another kind brings its own picture along."""
        session, live = self._session, self._session.live
        entry = session.library.entry(path)
        if entry is None or entry.card is None:
            problem = entry.problem if entry else None
            session.error_reported.emit(problem or self.tr("That model is gone."))
            return
        failed = live.card is None and not live.loading
        if (
            session.picture is None
            or not session.picture.translated
            or session.picture.document.kind != entry.card.input
        ):
            self._put_up_kind(entry)
        elif live.model_file != path or failed:
            live.open_model(path, same_picture=True)

    def find_model(self, picture: OpenPicture, wanted: Path | None) -> None:
        """Have the picture that came up translated by the model in ``wanted``, else by one that suits it."""
        session, live, document = self._session, self._session.live, picture.document
        if not picture.translated:
            live.close_model()
            return
        entry = session.library.entry(wanted) if wanted else self._model_for(document)
        if entry is None:
            live.close_model()
            session.strokes.knows_hints = True
            if not picture.photo:  # pairs are made where there is no model yet
                session.said.emit(session.library.lack_of(document.kind))
            return
        if wanted is None and document.model not in ("", entry.name):
            session.said.emit(
                self.tr("Its model “%s” is not installed; “%s” takes its place.")
                % (document.model, entry.name)
            )
        if live.model_file == entry.file:
            live.document_changed()
        else:
            live.open_model(entry.file)

    def palette_for(self, kind: InputKind) -> Palette | None:
        """What pictures of a kind are held to. Labels: the open model's, else that of the label model last
        used, else the first; others: nothing."""
        if kind != "labels":
            return None
        return self.colours_for(kind) or next(iter(self._session.library.palettes()), None)

    def colours_for(self, kind: InputKind) -> Palette | None:
        """What to paint a new picture with: of the open model, else of the one last used for that kind."""
        session, card = self._session, self._session.live.card
        if card is None or card.input != kind:
            entry = session.library.preferred(kind, session.settings.models)
            card = entry.card if entry and entry.card and entry.card.input == kind else None
        return card.palette if card is not None else None

    def empty(self, kind: InputKind, palette: Palette | None) -> OpenPicture:
        """A picture with nothing in it, of the size last chosen; labels need a palette, if only any.

        Raises:
            PictureError: too large, or a label picture without palette.
        """
        width, height = self._session.settings.new_size
        return OpenPicture(Document.new(kind, width, height, palette or self.palette_for(kind)))

    def fresh(self, card: Card) -> OpenPicture:
        """A picture to begin with for a model: a sample drawing, else one with nothing in it.

        Raises:
            PictureError: too large, or a label picture without palette.
        """
        sample = None
        with self._report_errors():
            sample = self._session.documents.next_example(card.input, card)
        return sample or self.empty(card.input, card.palette)

    # --- inside --------------------------------------------------------------------------------

    def _model_for(self, document: Document) -> Entry | None:
        """The model to use for a picture, if there is one of its kind that works."""
        wanted = dict(self._session.settings.models)
        if document.model:
            wanted[document.kind] = document.model
        entry = self._session.library.preferred(document.kind, wanted)
        return entry if entry and entry.card and entry.card.input == document.kind else None

    def _put_up_kind(self, entry: Entry) -> None:
        """Bring up the open picture that a model is for, else a sample drawing, else an empty one."""
        session, card = self._session, entry.card
        assert card is not None
        for picture in session.pictures:
            if picture.document.kind == card.input and picture.translated:
                session.put_up(picture, entry.file)
                return
        with self._report_errors():
            session.put_up(self.fresh(card), entry.file)

    def _opened(self, card: Card) -> None:
        """Remember that it works; what it calls colours becomes the palette of a picture just begun."""
        session = self._session
        session.settle_stroke()  # a sheet on which one is drawn is not empty
        document, picture, file = session.document, session.picture, session.live.model_file
        assert picture is not None and file is not None
        session.library.works(file)
        session.settings.models[card.input] = document.model = card.name
        session.live.native = session.settings.native_size.get(card.name, usually_native(card))
        palette = card.palette
        other = document.kind == card.input and document.palette != palette
        if other and not picture.photo:  # that one is painted in the labels of its data set
            begun = picture.path is None and picture.is_saved and not document.can_undo
            if document.kind == "image":
                if begun and document.is_blank:
                    self._begin_anew(picture, palette)
            elif palette is not None and begun:
                session.edit(lambda document: document.set_palette(palette))
            elif palette is not None:
                session.said.emit(
                    self.tr(
                        "The picture's palette is not the model's; each colour goes to its nearest label. "
                        "Choose the other one above the labels."
                    )
                )
        if card.input == document.kind == "image" and palette != self._taken:
            session.strokes.take_colours(palette)
            self._taken = palette
        session.strokes.knows_hints = card.input != "sketch" or card.hints
        if not session.strokes.knows_hints and document.active.role is Role.HINTS:
            session.strokes.choose_role(Role.LINES)

    def _begin_anew(self, picture: OpenPicture, palette: Palette | None) -> None:
        """Give a sheet on which nothing was done yet another palette: no step, and nothing to journal."""

        def step(document: Document) -> Change:
            change = document.set_palette(palette)
            document.forget_history()
            self._session.documents.settle(picture)
            return change

        self._session.edit(step)

    def _refused(self, reply: Failed) -> None:
        """A model that could not be opened: go back to one that works, if there is one."""
        if not isinstance(reply.request, OpenModel):
            return
        live = self._session.live
        self._session.library.doubt(reply.request.path)
        entry = self._model_for(self._session.document)
        if entry is None or entry.file == reply.request.path:
            live.close_model()
        else:
            live.open_model(entry.file, same_picture=True)

    def _report_errors(self) -> ReportErrors:
        return ReportErrors(self._session.error_reported.emit)
