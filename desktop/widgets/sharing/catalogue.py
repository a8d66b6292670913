"""What a shared folder's catalogue lists, and how each file stands; a click adds a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialogButtonBox, QListWidget, QListWidgetItem, QWidget

from desktop.session import Session
from desktop.support import theme
from desktop.widgets.dialogs.picture_dialogs import Form
from desktop.widgets.parts.pictures import faint
from engine.files.writing import shown
from engine.models.shared import SharedModel

_ROLE = Qt.ItemDataRole.UserRole


class CatalogueDialog(Form):
    """Its button, or a double click, adds the chosen model.

    Args:
        session: adds it.
        file: the catalogue.
        found: what it lists.
        parent: the window.
    """

    def __init__(self, session: Session, file: Path, found: Sequence[SharedModel], parent: QWidget) -> None:
        super().__init__(parent.tr("Models of “%s”") % shown(file.parent.name), parent.tr("Add it"), parent)
        self.setObjectName("catalogue")
        self._sharing = session.models.sharing
        self.models = QListWidget()
        self.models.setObjectName("catalogue_models")
        self.models.setWordWrap(True)
        self.models.setMinimumSize(QSize(460, 260))
        signs = {
            "fine": "mdi6.check",
            "missing": "mdi6.file-question-outline",
            "changed": "mdi6.alert-outline",
        }
        for one in found:
            listed = one.listed
            text = f"{listed.name} · {listed.task or listed.input}\n{one.sentence or listed.licence}".strip()
            item = QListWidgetItem(theme.icon(signs[one.state]), text)
            item.setData(_ROLE, one)
            about = (listed.data, listed.licence, f"SHA-256 {listed.sha256}")
            item.setToolTip(theme.plain("\n".join(filter(None, about))))
            if one.state != "fine":
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.models.addItem(item)
        self.models.itemSelectionChanged.connect(self._show)
        self.models.itemDoubleClicked.connect(lambda _item: self.accept())
        self.form.addRow(self.models)
        self.form.addRow(faint(self.tr("Its terms are shown before you use it; the file here is copied.")))
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        self._show()

    def accept(self) -> None:
        """Add the chosen one."""
        chosen = self.models.selectedItems()
        if chosen:
            self._sharing.take(chosen[0].data(_ROLE))
            super().accept()

    def _show(self) -> None:
        self.do.setEnabled(bool(self.models.selectedItems()))
