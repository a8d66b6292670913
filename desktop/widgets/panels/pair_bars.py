"""Above the canvas: how far the making of pairs has come, and what to do with a preview to be corrected.

They take room of their own, so that they cover no stroke; they come and go between strokes only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidgetAction,
)

from desktop.pairs.teaching import MINUTES, USUAL
from desktop.preview.shelf import Frame
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.drafting.bulk_drafts import BulkDraftsDialog
from desktop.widgets.drafting.controls import DraftControls
from desktop.widgets.parts.actions import Actions
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.pictures import Card, MainButton, faint, title
from engine.data.messages import Pixels

_THUMBNAIL = 64


class PairBar(Card):
    """A line with a faint one under it at the left, buttons at the right."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 5, 8, 5)
        self._row.setSpacing(4)
        self._line, self._under = title(), faint()
        for label in (self._line, self._under):
            label.setTextFormat(Qt.TextFormat.PlainText)  # a file's name could say anything
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            label.setWordWrap(False)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._line)
        words.addWidget(self._under)
        self._row.addLayout(words, 1)
        self._texts = ("", "")
        self._signs: dict[QToolButton, str] = {}
        self.hide()

    def say(self, line: str, under: str) -> None:
        """Show both lines, cut short in the middle where there is no room."""
        self._texts = line, under
        for label, text in ((self._line, line), (self._under, under)):
            shown = label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, max(60, label.width()))
            label.setText(shown)
            label.setToolTip(theme.plain(text) if shown != text else "")

    def resizeEvent(self, event: QEvent) -> None:
        """Other room for the lines."""
        self.say(*self._texts)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange:
            self.dress()
        super().changeEvent(event)

    def dress(self) -> None:
        """Icons in the theme's colours."""
        for button, sign in self._signs.items():
            button.setIcon(theme.icon(sign))

    def _tool(self, text: str, sign: str, tip: str, do: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setIconSize(QSize(18, 18))
        button.clicked.connect(lambda _checked=False: do())
        if sign:
            self._signs[button] = sign
            button.setIcon(theme.icon(sign))
            button.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon if text else Qt.ToolButtonStyle.ToolButtonIconOnly
            )
        self._row.addWidget(button)
        return button

    def _main(self, text: str, name: str) -> QPushButton:
        button = SlimButton(text)
        button.setObjectName(name)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys but those with Alt belong to the canvas
        self._row.addWidget(button)
        return button


class SlimButton(MainButton):
    """The one thing to do next, as high as a bar allows."""

    def sizeHint(self) -> QSize:
        return super().sizeHint() - QSize(16, 8)


class PairDrawingBar(PairBar):
    """Which photo is drawn over, how densely it is seen, and the way to the next."""

    train = Signal(object)
    """The ``Path`` of a data set to be trained on."""

    def __init__(self, session: Session, actions: Actions, messages: MessageBar) -> None:
        super().__init__("pair_drawing_bar")
        self._session, self._actions, self._messages = session, actions, messages
        self._pair_drawing = session.pair_drawing
        self._eye = QToolButton()
        self._eye.setDefaultAction(actions["toggle_photo"])
        self._eye.setAutoRaise(True)
        self._eye.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._eye.setIconSize(QSize(18, 18))
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("photo_opacity")
        self._slider.setRange(0, 100)
        self._slider.setFixedWidth(84)
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider.setToolTip(self.tr("From the drawing alone, at the left, to the photo alone"))
        self._slider.valueChanged.connect(self._set_opacity)
        self._row.addWidget(self._eye)
        self._row.addWidget(self._slider)
        self._row.addSpacing(8)
        actions["next_photo"].setIconText(self.tr("Skip"))
        actions["previous_photo"].setIconText(self.tr("Back"))
        for name in ("previous_photo", "next_photo"):
            button = QToolButton()
            button.setObjectName(name)
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setIconSize(QSize(18, 18))
            self._row.addWidget(button)
        self._draft = DraftControls(session, actions)
        self._row.addWidget(self._draft)
        self._rest = QToolButton()
        self._rest.setObjectName("add_rest")
        self._rest.setDefaultAction(actions["add_rest"])
        self._rest.setAutoRaise(True)
        self._rest.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._rest.setIconSize(QSize(18, 18))
        self._row.addWidget(self._rest)
        self._add = self._main("", "add_pair")
        self._add.clicked.connect(self._act)
        self._row.addSpacing(4)
        self._train = self._tool(
            self.tr("Train &on these"),
            "mdi6.school-outline",
            self.tr("Open the training window on this data set"),
            self._leave_for_training,
        )
        self._train.setObjectName("train_on_pairs")
        done = self._tool(
            self.tr("&Done"),
            "",
            self.tr("Make no more pairs now; with the same photos you go on where you were"),
            self._pair_drawing.finish,
        )
        done.setObjectName("pair_drawing_done")
        self._pair_drawing.watch("photo_set index busy here", self._show)
        self._pair_drawing.watch("photo_shown photo_opacity", self._show_opacity)
        self._pair_drawing.draft.watch("busy", self._show)
        self._pair_drawing.labels.watch("learning waiting progress drafts", self._show)
        session.watch("steps", self._show)

    @cached_property
    def _bulk_drafts_dialog(self) -> BulkDraftsDialog:
        dialog = BulkDraftsDialog(self._session, self._messages, self)
        dialog.train.connect(self._leave_for_training)
        return dialog

    def reactions(self) -> dict[str, Callable[..., object]]:
        """What the actions on photos and their pairs do."""
        pair_drawing = self._pair_drawing
        return {
            "add_pair": pair_drawing.add,
            "add_rest": lambda: self._bulk_drafts_dialog.look(),
            "draft_lines": pair_drawing.draw_draft,
            "next_photo": lambda: pair_drawing.step(1),
            "previous_photo": lambda: pair_drawing.step(-1),
            "toggle_photo": lambda _on: pair_drawing.toggle_photo(),
        }

    def _show(self) -> None:
        pair_drawing, photo_set, photo = (
            self._pair_drawing,
            self._pair_drawing.photo_set,
            self._pair_drawing.photo,
        )
        at_work = photo_set is not None and photo is not None
        self._actions["add_pair"].setEnabled(at_work and pair_drawing.here and not pair_drawing.busy)
        for name, by in (("previous_photo", -1), ("next_photo", 1)):
            inside = (
                at_work and photo_set is not None and 0 <= pair_drawing.index + by < len(photo_set.photos)
            )
            self._actions[name].setEnabled(inside and not pair_drawing.busy)
        self._actions["toggle_photo"].setEnabled(at_work and pair_drawing.here)
        self._slider.setEnabled(pair_drawing.here)
        self._draft.show_state()
        drafts = pair_drawing.labels.drafts
        there = at_work and pair_drawing.draws_labels and drafts is not None and drafts.maps > 0
        self._actions["add_rest"].setEnabled(there)
        self._rest.setVisible(there)
        self.setVisible(at_work)
        if photo_set is None or photo is None:
            return
        line = self.tr("Photo %d of %d · %s") % (
            pair_drawing.index + 1,
            len(photo_set.photos),
            photo.file.name,
        )
        known = self.tr("1 pair") if photo_set.pairs == 1 else self.tr("%d pairs") % photo_set.pairs
        if photo_set.drafts:
            known = self.tr("%s, %d of them drafts") % (known, len(photo_set.drafts))
        under = f"{photo_set.folder.name} · {known}"
        if photo.pair:
            its = self.tr("this photo's draft is in it as it was") if photo.draft else ""
            under += " · " + (its or self.tr("this photo has its pair"))
        elif forecast := self._draft.forecast():
            under += " · " + forecast
        self.say(line, self._draft.message() or under)
        self._add.setText(self._text())
        self._add.setToolTip(self._actions["add_pair"].toolTip() if pair_drawing.here else "")
        self._add.setEnabled(not pair_drawing.busy)
        self._train.setEnabled(photo_set.pairs > 0)

    def _text(self) -> str:
        if not self._pair_drawing.here:
            return self.tr("Back to the &photo")
        photo = self._pair_drawing.photo
        return self.tr("Replace its pair") if photo and photo.pair else self.tr("Add to data set")

    def _act(self) -> None:
        if self._pair_drawing.here:
            self._pair_drawing.add()
        else:
            self._pair_drawing.back_to_photo()

    def _leave_for_training(self) -> None:
        if self._pair_drawing.photo_set is not None:
            self.train.emit(self._pair_drawing.photo_set.folder)

    def _show_opacity(self) -> None:
        pair_drawing = self._pair_drawing
        self._slider.blockSignals(True)
        self._slider.setValue(round(100 * pair_drawing.photo_opacity))
        self._slider.blockSignals(False)
        action = self._actions["toggle_photo"]
        action.blockSignals(True)
        action.setChecked(pair_drawing.photo_shown)
        action.blockSignals(False)

    def _set_opacity(self, value: int) -> None:
        self._pair_drawing.set_photo_opacity(value / 100)


class TeachingBar(PairBar):
    """What to do with a preview that is being corrected, and how long the model may learn from it."""

    def __init__(self, session: Session, messages: MessageBar) -> None:
        super().__init__("teaching_bar")
        self._session, self._messages = session, messages
        self._teaching = session.teaching
        self._staying = self._tool("", "mdi6.bookmark-check-outline", "", lambda: None)
        self._staying.setObjectName("staying")
        self._staying.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._staying.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._list = QListWidget()
        self._list.setIconSize(QSize(_THUMBNAIL, _THUMBNAIL))
        self._list.setFixedSize(240, 260)
        self._list.itemChanged.connect(self._show_staying)
        menu, holder = QMenu(self), QWidgetAction(self)
        holder.setDefaultWidget(self._list)
        menu.addAction(holder)
        self._staying.setMenu(menu)
        self._minutes = QComboBox()
        self._minutes.setObjectName("teaching_minutes")
        self._minutes.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._minutes.setToolTip(self.tr("How long the model learns"))
        for minutes in MINUTES:
            self._minutes.addItem(self.tr("%d minutes") % minutes, minutes)
        self._minutes.setCurrentIndex(MINUTES.index(USUAL))
        self._row.addWidget(self._minutes)
        self._row.addSpacing(4)
        self._teach = self._main("", "teach_it")
        self._teach.clicked.connect(self._act)
        cancel = self._tool(self.tr("Ca&ncel"), "", self.tr("Teach nothing"), self._cancel)
        cancel.setObjectName("teaching_cancel")
        self._teaching.watch("lesson", self._show_lesson)
        self._teaching.watch("here busy", self._show)

    def _show_lesson(self) -> None:
        """Another lesson has other frames that could stay."""
        lesson = self._teaching.lesson
        self._list.blockSignals(True)
        self._list.clear()
        for frame in lesson.others if lesson else ():
            item = QListWidgetItem(theme.picture_icon(_thumbnail(frame.preview)), self.tr("stays"))
            item.setData(Qt.ItemDataRole.UserRole, frame)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self._list.addItem(item)
        self._list.blockSignals(False)
        self._show_staying()
        self._show()

    def _show(self) -> None:
        lesson, teaching = self._teaching.lesson, self._teaching
        self.setVisible(lesson is not None)
        if lesson is None:
            return
        self.say(
            self.tr("Paint over what “%s” should make otherwise") % lesson.card.name,
            self.tr("Its drawing is beside it. “%s” itself stays as it is.") % lesson.card.name,
        )
        here = teaching.here
        self._teach.setText(self.tr("Tea&ch it this") if here else self.tr("Back to the &correction"))
        self._teach.setEnabled(not teaching.busy)

    def _show_staying(self) -> None:
        count, ticked = self._list.count(), len(self._ticked())
        self._staying.setVisible(count > 0)
        self._staying.setText(self.tr("%d of %d stay") % (ticked, count))
        self._staying.setToolTip(
            self.tr("Kept frames that the model should go on making as they are, so that it forgets nothing")
        )

    def _ticked(self) -> list[Frame]:
        items = [self._list.item(row) for row in range(self._list.count())]
        checked = [item for item in items if item.checkState() == Qt.CheckState.Checked]
        return [item.data(Qt.ItemDataRole.UserRole) for item in checked]

    def _act(self) -> None:
        if self._teaching.here:
            self._teaching.teach(self._minutes.currentData(), self._ticked())
        else:
            self._teaching.back_to_correction()

    def _cancel(self) -> None:
        teaching, lesson = self._teaching, self._teaching.lesson
        if teaching.is_touched:
            self._messages.ask(
                self.tr("The correction has not been taught."),
                (self.tr("&Throw it away"), lambda: teaching.cancel() if teaching.lesson is lesson else None),
            )
        else:
            teaching.cancel()


def _thumbnail(preview: Pixels) -> QPixmap:
    height, width = preview.shape[:2]
    image = QImage(preview.data, width, height, preview.strides[0], QImage.Format.Format_RGB888)
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(image.scaled(2 * _THUMBNAIL, 2 * _THUMBNAIL, keep, smooth))
