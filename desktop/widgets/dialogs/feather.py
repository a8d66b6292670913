"""How wide the border is between what is held of the preview and what lives."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QInputDialog, QWidget

from desktop.paint.layers.held import LARGEST_FEATHER
from desktop.session import Session

translate = QCoreApplication.translate


def ask_feather(session: Session, window: QWidget) -> None:
    """Ask for it; holds that are made from then on have it."""
    dialog = QInputDialog(window)
    dialog.setObjectName("feather")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(translate("feather", "Feather of holds"))
    dialog.setLabelText(
        translate(
            "feather",
            "Pixels of the preview across which what is held and what lives are mixed.\n"
            "They lie inside the selection; 0 is a hard edge.",
        )
    )
    dialog.setInputMode(QInputDialog.InputMode.IntInput)
    dialog.setIntRange(0, LARGEST_FEATHER)
    dialog.setIntValue(session.settings.feather)
    dialog.intValueSelected.connect(session.holding.set_feather)
    dialog.open()
