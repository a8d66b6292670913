"""What the menu does with a model's card, and with models that are given away."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.session import Session
from desktop.sharing.sharing import Draft, gift_file
from desktop.widgets.parts.actions import Reactions
from desktop.widgets.parts.files import dialogs_begin
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.sharing.card_dialog import CardDialog
from desktop.widgets.sharing.catalogue import CatalogueDialog
from desktop.widgets.sharing.terms import TermsBar
from engine.files.writing import as_on_disk, stem
from engine.models.catalogue import Entry


class SharingController(QObject):
    """Opens the dialogs, and asks what has to be asked over the canvas.

    Args:
        session: has the models.
        messages: over the canvas.
        window: the main window.
    """

    def __init__(self, session: Session, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._messages, self._main = session, messages, window
        self._sharing = session.models.sharing
        self.bar = TermsBar(session)
        self.dialog: CardDialog | None = None

    def reactions(self) -> Reactions:
        """By an action's name: what it does."""
        return {"edit_card": self.edit, "give_away": self.give, "from_catalogue": self.catalogue}

    def edit(self) -> None:
        """Edit the open model's card."""
        self._sharing.draft(self._edit)

    def give(self) -> None:
        """Ask where the open model is to be written to; first, whether its card may stay so empty.

        The questions are about that model, whichever is open when they are answered.
        """
        entry = self._sharing.to_give()
        if entry is None:
            return
        lack = self._sharing.lacks(entry)
        if lack:
            self._messages.ask(
                self.tr("%s Whoever gets it will want to know.") % lack,
                (self.tr("&Edit the card …"), lambda: self._sharing.draft(self._edit, entry)),
                (self.tr("&Give it away all the same …"), lambda: self._ask_where(entry)),
            )
        else:
            self._ask_where(entry)

    def catalogue(self) -> None:
        """Ask for a shared folder's catalogue, and show what it lists."""
        folder = dialogs_begin(self._session)
        dialog = QFileDialog(self._main, self.tr("Catalogue"), folder, self.tr("Catalogues (*.json)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.open_catalogue(as_on_disk(Path(name))))
        dialog.open()

    def open_catalogue(self, file: Path) -> None:
        """Show what a catalogue lists, as soon as its files were looked at."""
        self._session.settings.folder = str(file.parent)
        self._sharing.read_catalogue(
            file, lambda found: CatalogueDialog(self._session, file, found, self._main).open()
        )

    def _edit(self, draft: Draft) -> None:
        self.dialog = CardDialog(self._session, draft, self._main)
        self.dialog.destroyed.connect(self._forget)
        self.dialog.open()

    def _forget(self) -> None:
        self.dialog = None

    def _ask_where(self, entry: Entry) -> None:
        folder = dialogs_begin(self._session)
        dialog = QFileDialog(self._main, self.tr("Give away"), folder, self.tr("Models (*.safetensors)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setDefaultSuffix("safetensors")
        dialog.selectFile(f"{stem(entry.name, 'model')}.safetensors")
        dialog.fileSelected.connect(lambda name: self.write(Path(name), entry))
        dialog.open()

    def write(self, path: Path, entry: Entry) -> None:
        """Write a model there; ask first where that would replace something."""
        path = gift_file(path)
        self._session.settings.folder = str(path.parent)
        another = self.tr("Give away under &another name …"), lambda: self._ask_where(entry)
        self._messages.ask_to_replace(path, lambda: self._sharing.give(path, entry), another)
