"""The dialog that takes drafts as they are: a look over all, how certain they have to be, one press."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QSpinBox, QVBoxLayout, QWidget

from desktop.pairs.bulk_drafts import CERTAIN, Taken
from desktop.session import Session
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.picks import Pick, PickList, decoded
from desktop.widgets.parts.pictures import MainButton, faint, title
from desktop.widgets.parts.room import fit


class BulkDraftsDialog(QDialog):
    """Stays open beside the window. Nothing is added before the button says so.

    Args:
        messages: offer to take back what was added.
    """

    train = Signal()
    """On the data set."""

    def __init__(self, session: Session, messages: MessageBar, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("rest_of_drafts")
        self.setWindowTitle(self.tr("Add the rest as they are"))
        fit(self, 880, 640)
        self._bulk_drafts, self._messages = session.pair_drawing.bulk_drafts, messages
        self._said, self._hint = title(), faint()
        self._said.setObjectName("rest_said")
        self._hint.setText(
            self.tr(
                "Photos without a map, under their drafts, the least certain first. A click leaves one out."
            )
        )
        self._thumbs: dict[str, bytes] = {}
        self.sheet = PickList(self._thumb, self._bulk_drafts.toggle)
        self.sheet.setObjectName("rest_sheet")
        self._least = QSpinBox()
        self._least.setObjectName("rest_least")
        self._least.setRange(0, 100)
        self._least.setSingleStep(5)
        self._least.setPrefix(self.tr("from "))
        self._least.setSuffix(self.tr(" % certain on"))
        self._least.setValue(round(100 * CERTAIN))
        self._least.setToolTip(
            self.tr(
                "Takes the drafts of which that many pixels are held to be right, and leaves the others out"
            )
        )
        self._least.valueChanged.connect(lambda value: self._bulk_drafts.choose(value / 100))
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._stop = self._button(
            "stop",
            self.tr("&Stop"),
            self.tr("Add no more; those added can be taken back"),
            self._bulk_drafts.cancel,
        )
        self._back = self._button(
            "back",
            self.tr("&Take drafts back"),
            self.tr(
                "Take all drafts out of the data set that went in as they were; what was corrected stays"
            ),
            self._take_back,
        )
        self._close = self._button("close", self.tr("&Close"), self.tr("Add none now"), self.reject)
        self._add = MainButton("")
        self._add.setObjectName("rest_add")
        self._add.setAutoDefault(False)  # Enter takes a draft or leaves it out
        self._add.setToolTip(self.tr("Put these into the data set, marked as drafts; they can be taken back"))
        self._add.clicked.connect(self._bulk_drafts.take)
        self._arrange()
        self._bulk_drafts.watch("photo_set proposals chosen busy share", self._show)
        self._bulk_drafts.taken.connect(self._report)

    def look(self) -> None:
        """Show it, with the drafts there are now."""
        self.show()
        self.raise_()
        self.activateWindow()
        if not self._bulk_drafts.busy:
            self._bulk_drafts.look(self._least.value() / 100)
        self.sheet.setFocus()

    def reject(self) -> None:
        """Away; what is being done ends."""
        self._bulk_drafts.cancel()
        super().reject()

    def _button(self, name: str, text: str, tip: str, do) -> QPushButton:  # type: ignore[no-untyped-def]
        button = QPushButton(text)
        button.setObjectName(f"rest_{name}")
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: do())
        return button

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        top, going, bottom = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        top.addWidget(self._said, 1)
        top.addWidget(self._least)
        going.addWidget(self._bar, 1)
        going.addWidget(self._stop)
        bottom.addWidget(self._back)
        bottom.addStretch(1)
        bottom.addWidget(self._close)
        bottom.addWidget(self._add)
        column.addLayout(top)
        column.addWidget(self._hint)
        column.addWidget(self.sheet, 1)
        column.addLayout(going)
        column.addLayout(bottom)

    # --- showing --------------------------------------------------------------------------------

    def _thumb(self, mark: str) -> QPixmap:
        return decoded(f"draft:{mark}", self._thumbs.get(mark, b""))

    def _show(self) -> None:
        rest = self._bulk_drafts
        if rest.photo_set is None:
            self.hide()
        self._thumbs = {one.photo.mark: one.thumb for one in rest.proposals}
        picks = []
        for one in rest.proposals:
            wanted, share = one.photo.mark in rest.chosen, round(100 * one.certainty)
            tip = self.tr("“%s”: %d %% of the pixels of its draft are held to be right.")
            more = (
                self.tr("A click leaves it out.") if wanted else self.tr("It is left out; a click takes it.")
            )
            picks.append(
                Pick(
                    one.photo.mark,
                    one.photo.file.name,
                    self.tr("%d %% certain") % share,
                    f"{tip % (one.photo.file.name, share)} {more}",
                    wanted,
                )
            )
        self.sheet.fill(picks)
        self._said.setText(self._sentence())
        count = len(rest.chosen)
        self._add.setText(self.tr("&Add 1 draft") if count == 1 else self.tr("&Add %d drafts") % count)
        self._add.setEnabled(count > 0 and not rest.busy)
        self._least.setEnabled(not rest.busy)
        self._bar.setVisible(bool(rest.busy))
        self._stop.setVisible(rest.busy == "taking")
        self._bar.setValue(round(1000 * rest.share))
        self._back.setVisible(rest.photo_set is not None and bool(rest.photo_set.drafts))
        self._back.setEnabled(not rest.busy)

    def _sentence(self) -> str:
        rest = self._bulk_drafts
        wanted = [one.certainty for one in rest.proposals if one.photo.mark in rest.chosen]
        if rest.busy == "looking":
            return self.tr("Looking at the drafts …")
        if rest.busy == "taking":
            return self.tr("Adding them …")
        if not rest.proposals:
            return self.tr("There are no drafts for photos without a map.")
        if not wanted:
            return self.tr("None of %d drafts is taken.") % len(rest.proposals)
        share = round(100 * sum(wanted) / len(wanted))
        text = self.tr("%d of %d drafts are taken, on average %d %% certain.")
        return text % (len(wanted), len(rest.proposals), share)

    # --- what came of it ------------------------------------------------------------------------

    def _report(self, taken: Taken) -> None:
        if not taken.names:
            if not taken.wrong:
                self._messages.warn(self.tr("No draft could be added; look at the photos one by one."))
            return
        if not self._bulk_drafts.proposals:
            self.hide()
        names = list(taken.names.values())
        count, share = len(names), round(100 * taken.certainty)
        said = (
            self.tr("1 draft is in the data set as it was; %d %% of its pixels are held to be right.") % share
        )
        if count != 1:
            text = self.tr(
                "%d drafts are in the data set as they were; on average %d %% of the pixels "
                "are held to be right."
            )
            said = text % (count, share)
        if taken.lost == 1:
            said += " " + self.tr("1 photo could not be read, or was replaced meanwhile.")
        elif taken.lost:
            said += " " + self.tr("%d photos could not be read, or were replaced meanwhile.") % taken.lost
        self._messages.ask(
            said,
            (self.tr("Take them &back"), lambda: self._bulk_drafts.take_back(taken.folder, names)),
            (self.tr("Train on &them"), self.train.emit),
        )

    def _take_back(self) -> None:
        photo_set = self._bulk_drafts.photo_set
        if photo_set is not None:
            self._bulk_drafts.take_back(photo_set.folder, photo_set.drafts)
