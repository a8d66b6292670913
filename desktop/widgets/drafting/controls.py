"""What a draft is asked for with, how it is to be, and the ways out; and what is said of it meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from desktop.pairs.label_drafts import made_by
from desktop.pairs.line_draft import FEW, MANY
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.actions import Actions
from desktop.widgets.parts.pictures import faint
from trainer.drafting.files import FEWEST


class DraftControls(QWidget):
    """Of lines: how many; of labels: whether they come by themselves, and the way to decline one."""

    def __init__(self, session: Session, actions: Actions) -> None:
        super().__init__()
        self._session, self._actions = session, actions
        self._pair_drawing = session.pair_drawing
        lines, labels = self._pair_drawing.draft, self._pair_drawing.labels
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._draft = self._button("draft_lines", "", "")
        self._draft.setDefaultAction(actions["draft_lines"])
        self._draft.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._strength, self._filling = self._slider(), QCheckBox(self.tr("Fill in drafts by themselves"))
        self._filling.setObjectName("draft_filling")
        self._filling.setToolTip(
            self.tr("A photo that comes up without a map begins with its draft, where there is one")
        )
        self._filling.toggled.connect(lambda on: setattr(labels, "filling", on))
        menu, holder, box = QMenu(self._draft), QWidgetAction(self._draft), QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(8, 4, 8, 4)
        column.addWidget(self._strength)
        column.addWidget(self._filling)
        holder.setDefaultWidget(box)
        menu.addAction(holder)
        self._draft.setMenu(menu)
        self._decline = self._button("draft_decline", self.tr("Decline"), "mdi6.undo-variant")
        self._decline.setToolTip(
            self.tr("Take the draft away, with what was painted over it; one step, that can be undone")
        )
        self._decline.clicked.connect(labels.decline)
        self._cancel = self._button("draft_cancel", self.tr("Cancel"), "mdi6.close")
        self._cancel.clicked.connect(self._give_up)
        for button in (self._draft, self._decline, self._cancel):
            row.addWidget(button)
        self._dress()
        lines.watch("sure", self._show_strength)
        labels.watch("filling", lambda: self._filling.setChecked(labels.filling))

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def show_state(self) -> None:
        """What can be done now."""
        pair_drawing = self._pair_drawing
        at_hand = pair_drawing.photo_set is not None and pair_drawing.here and not pair_drawing.busy
        finding, learning = pair_drawing.draft.busy, pair_drawing.labels.learning
        drafts = pair_drawing.labels.drafts
        lines = pair_drawing.draws_lines
        labels = pair_drawing.draws_labels and drafts is not None and drafts.maps > 0
        self._actions["draft_lines"].setEnabled(at_hand and (lines or labels) and not finding)
        self._draft.setVisible((lines or labels) and not finding)
        self._strength.setVisible(lines)
        self._filling.setVisible(labels)
        self._decline.setVisible(at_hand and self._maps() > 0)
        self._cancel.setVisible(finding or learning)
        self._cancel.setToolTip(
            self.tr("Draft no lines after all")
            if finding
            else self.tr("Learn nothing now; it is tried again when there are more maps")
        )

    def message(self) -> str:
        """One line on the draft of the photo at hand, or on those to come; nothing where all is as usual."""
        pair_drawing = self._pair_drawing
        labels, photo_set = pair_drawing.labels, pair_drawing.photo_set
        if pair_drawing.draft.busy:
            return self.tr("Finding the lines that somebody would draw, a few seconds …")
        if not pair_drawing.draws_labels or photo_set is None:
            return ""
        maps = self._maps() if pair_drawing.here else 0
        sentence = self.tr("Draft by %d maps, to be corrected.") % maps
        if labels.learning and not labels.waiting:
            share, photos = labels.progress
            left = len(photo_set.photos) - photo_set.done
            news = self.tr("Learning from your maps, %d %%.") % round(100 * share)
            if share >= 1:
                news = self.tr("Drafting other photos, %d of %d.") % (photos, left)
            return f"{sentence} {news}" if maps else news
        if maps:
            return sentence
        if labels.waiting:
            return self.tr("Drafts are learnt when the training has ended.")
        return ""

    def _maps(self) -> int:
        picture = self._session.picture
        if picture is None or not self._pair_drawing.draws_labels:
            return 0
        return made_by(picture.document)

    def forecast(self) -> str:
        """What is to be expected of a data set that is still small."""
        photo_set = self._pair_drawing.photo_set
        if not self._pair_drawing.draws_labels or photo_set is None or photo_set.pairs >= FEWEST:
            return ""
        return self.tr("drafts from %d on") % FEWEST

    def _give_up(self) -> None:
        if self._pair_drawing.draft.busy:
            self._pair_drawing.draft.cancel()
        else:
            self._pair_drawing.labels.cancel()

    def _slider(self) -> QWidget:
        draft = self._pair_drawing.draft
        self._sure = slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName("draft_sure")
        slider.setRange(round(100 * MANY), round(100 * FEW))
        slider.setInvertedAppearance(True)  # more lines at the right
        slider.setInvertedControls(True)
        slider.setFixedWidth(140)
        slider.setAccessibleName(self.tr("How many lines are drafted"))
        slider.setToolTip(self.tr("From few lines to many; the draft just made is drawn anew"))
        slider.setValue(round(100 * draft.sure))
        slider.valueChanged.connect(lambda value: draft.set_sure(value / 100))
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (faint(self.tr("few lines")), slider, faint(self.tr("many"))):
            row.addWidget(widget)
        return box

    def _show_strength(self) -> None:
        self._sure.blockSignals(True)
        self._sure.setValue(round(100 * self._pair_drawing.draft.sure))
        self._sure.blockSignals(False)

    def _button(self, name: str, text: str, sign: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setIconSize(QSize(18, 18))
        if text:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setProperty("sign", sign)
        return button

    def _dress(self) -> None:
        for button in (self._decline, self._cancel):
            button.setIcon(theme.icon(button.property("sign")))
