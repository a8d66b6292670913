"""The page of the training window on which trainings wait in line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTime, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTimeEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.training.training_queue import state_of
from desktop.widgets.parts.pictures import MainButton, faint, title
from desktop.widgets.parts.progress_rows import SHARE, RowsWithProgress
from desktop.widgets.training.words import duration
from trainer.queue.items import Item
from trainer.queue.schedule import WHENS, Schedule

_ROLE = Qt.ItemDataRole.UserRole


class QueuePage(QWidget):
    """Shows ``session.training_queue`` and steers it."""

    left = Signal()
    """Another page is wanted."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._queue = session, session.training_queue
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 16)
        column.setSpacing(12)
        column.addLayout(self._head())
        column.addLayout(self._hours())
        self._empty = faint(
            self.tr(
                "Nothing waits. Choose a folder of pictures, and press “Add to the queue” beside “Train”; "
                "they are trained one after the other, at night or when the machine is idle if you like."
            )
        )
        self._empty.setObjectName("queue_empty")
        column.addWidget(self._empty)
        self._list = QListWidget()
        self._list.setObjectName("queue_list")
        self._list.setAccessibleName(self.tr("Trainings that wait"))
        self._list.setDragDropMode(QListWidget.DragDropMode.InternalMove)
        self._list.setWordWrap(True)
        self._list.setItemDelegate(RowsWithProgress(self._list))
        self._list.setSpacing(3)
        self._list.setToolTip(self.tr("Drag to reorder, or press Alt+Up and Alt+Down"))
        self._list.model().rowsMoved.connect(self._dropped)
        self._list.itemActivated.connect(lambda _: self._open())
        self._list.currentRowChanged.connect(lambda _: self._show_buttons())
        column.addWidget(self._list, 1)
        column.addLayout(self._buttons())
        for keys, do in (
            ("Alt+Up", lambda: self._move(-1)),
            ("Alt+Down", lambda: self._move(1)),
            ("Del", self._remove),
            ("Space", self._hold),
        ):
            shortcut = QShortcut(QKeySequence(keys), self._list, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(do)
        self._queue.watch("queue status works history begun ended", self._show)

    # --- building -------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._back = QToolButton()
        self._back.setAutoRaise(True)
        self._back.setToolTip(self.tr("Back; the queue goes on"))
        self._back.clicked.connect(self.left)
        words = QVBoxLayout()
        words.setSpacing(0)
        self._status = faint()
        self._status.setObjectName("queue_status")
        words.addWidget(title(self.tr("Queue"), 1.3))
        words.addWidget(self._status)
        self._start = MainButton(self.tr("&Start the queue"))
        self._start.setObjectName("queue_start")
        self._start.clicked.connect(self._queue.start)
        self._stop = self._button("queue_stop", self.tr("&Stop the queue"), self._queue.stop)
        self._stop.setToolTip(
            self.tr("Save what is being trained; nothing is begun until it is started again")
        )
        self._day = self._button("queue_day", self.tr("&Day's results …"), self._queue.look_at_day)
        self._day.setToolTip(self.tr("What ended in the last 24 hours, with samples side by side"))
        row.addWidget(self._back)
        row.addLayout(words, 1)
        row.addWidget(self._day)
        row.addWidget(self._stop)
        row.addWidget(self._start)
        return row

    def _hours(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._when = QComboBox()
        self._when.setObjectName("queue_when")
        self._when.setAccessibleName(self.tr("When to train"))
        texts = {
            "now": self.tr("Train now"),
            "night": self.tr("Train at night"),
            "idle": self.tr("Train when the machine is idle"),
        }
        for when in WHENS:
            self._when.addItem(texts[when], when)
        self._when.activated.connect(self._choose)
        self._begins, self._ends = QTimeEdit(), QTimeEdit()
        for edit, name, text in (
            (self._begins, "queue_begins", self.tr("Where the night begins")),
            (self._ends, "queue_ends", self.tr("Where the night ends")),
        ):
            edit.setObjectName(name)
            edit.setDisplayFormat("HH:mm")
            edit.setAccessibleName(text)
            edit.setToolTip(text)
            edit.editingFinished.connect(self._choose)
        self._to = faint("–")
        for widget in (self._when, self._begins, self._to, self._ends):
            row.addWidget(widget)
        row.addStretch(1)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._up = self._button("queue_up", self.tr("Move &up"), lambda: self._move(-1))
        self._down = self._button("queue_down", self.tr("Move &down"), lambda: self._move(1))
        self._pause = self._button("queue_hold", self.tr("&Pause"), self._hold)
        self._retry = self._button("queue_retry", self.tr("&Retry"), self._again)
        self._retry.setToolTip(self.tr("Go on from its checkpoint when its turn comes"))
        self._gone = self._button("queue_remove", self.tr("Re&move"), self._remove)
        self._gone.setToolTip(self.tr("Take it out of the queue; what it has learnt so far stays"))
        self._look = self._button("queue_open", self.tr("Sh&ow"), self._open)
        self._paint = self._button("queue_paint", self.tr("Paint &with it"), self._paint_with_it)
        for button in (self._up, self._down, self._pause, self._retry, self._gone):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._look)
        row.addWidget(self._paint)
        return row

    def _button(self, name: str, text: str, do: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.clicked.connect(lambda: do())
        return button

    def dress(self) -> None:
        """Icons in the theme's colours."""
        self._back.setIcon(theme.icon("mdi6.arrow-left"))
        self._show()

    # --- what is chosen -------------------------------------------------------------------------

    def _item(self) -> Item | None:
        current = self._list.currentItem()
        return None if current is None else self._queue.queue.find(current.data(_ROLE))

    def _choose(self) -> None:
        begins, ends = (edit.time().toString("HH:mm") for edit in (self._begins, self._ends))
        self._queue.choose(Schedule(self._when.currentData(), begins, ends))

    def _move(self, by: int) -> None:
        item = self._item()
        if item is not None:
            self._queue.move(item.id, max(0, self._list.currentRow() + by))

    def _dropped(self) -> None:
        order = [self._list.item(row).data(_ROLE) for row in range(self._list.count())]
        before = [item.id for item in self._queue.queue.items]
        for index, id in enumerate(order):
            if before[index : index + 1] != [id]:
                current = self._list.currentItem()
                moved = current.data(_ROLE) if current is not None else id
                self._queue.move(moved, order.index(moved))
                return

    def _hold(self) -> None:
        item = self._item()
        if item is not None and item.state in ("waiting", "training"):
            self._queue.hold(item.id, not item.held)

    def _again(self) -> None:
        item = self._item()
        if item is not None:
            self._queue.retry(item.id)

    def _remove(self) -> None:
        item = self._item()
        if item is not None:
            self._queue.remove(item.id)

    def _open(self) -> None:
        item = self._item()
        if item is not None and item.run is not None:
            self._session.training.show(item.run)

    def _paint_with_it(self) -> None:
        item = self._item()
        if item is not None and item.run is not None:
            self._session.training.take_over_from(item.run)

    # --- showing --------------------------------------------------------------------------------

    def _show(self) -> None:
        queue = self._queue.queue
        chosen = self._list.currentItem().data(_ROLE) if self._list.currentItem() else None
        rows = [(item.id, self._in_words(item)) for item in queue.items]
        shown = [
            (self._list.item(row).data(_ROLE), self._list.item(row).text())
            for row in range(self._list.count())
        ]
        if [id for id, _ in rows] == [id for id, _ in shown]:
            for index, (_, text) in enumerate(rows):  # in place: the list stays where it was scrolled to
                if shown[index][1] != text:
                    self._list.item(index).setText(text)
        else:
            place = max(0, self._list.currentRow())
            self._list.clear()
            for id, text in rows:
                row = QListWidgetItem(text)
                row.setData(_ROLE, id)
                self._list.addItem(row)
            ids = [id for id, _ in rows]
            # Where the chosen one is gone, its neighbour: Del once more must not take the first, at work.
            self._list.setCurrentRow(ids.index(chosen) if chosen in ids else min(place, len(ids) - 1))
        for index, item in enumerate(queue.items):
            step, steps = self._queue.begun.get(item.id, (0, 0))
            share = min(1.0, step / steps) if steps else None
            if self._list.item(index).data(SHARE) != share:
                self._list.item(index).setData(SHARE, share)
        self._empty.setVisible(not rows)
        self._list.setVisible(bool(rows))
        self._start.setVisible(not queue.on or bool(self._queue.ended))
        self._start.setEnabled(queue.next() is not None)
        self._stop.setVisible(queue.on)
        self._show_hours(queue.schedule)
        self._status.setText(self._state())
        self._day.setEnabled(any(item.state in ("done", "failed") for item in queue.items))
        self._show_buttons()

    def _show_hours(self, schedule: Schedule) -> None:
        self._when.setCurrentIndex(self._when.findData(schedule.when))
        for edit, clock in ((self._begins, schedule.begins), (self._ends, schedule.ends)):
            if not edit.hasFocus():
                edit.setTime(QTime.fromString(clock.zfill(5), "HH:mm"))
        for widget in (self._begins, self._to, self._ends):
            widget.setVisible(schedule.when == "night")

    def _state(self) -> str:
        queue, status = self._queue.queue, self._queue.status
        if not self._queue.works:
            if queue.on and queue.next() is None:
                return self.tr("On; what you add is trained when its turn comes.")
            if queue.on and self._queue.ended:
                return self.tr("It ended by itself; start it again. %s") % self._queue.ended
            return self.tr("Starting …") if queue.on else self.tr("Off; start it to train what waits.")
        reasons = {
            "night": self.tr("Waits for the night."),
            "busy": self.tr("Waits until the machine is idle."),
            "painting": self.tr("Pauses while you paint."),
            "other": self.tr("Waits while another training goes on."),
        }
        said = reasons.get(status.reason, self.tr("At work."))
        left = self._queue.seconds_left
        return said if left is None else self.tr("%s All of it takes %s more.") % (said, duration(left))

    def _in_words(self, item: Item) -> str:
        history = self._queue.history
        state = state_of(item, self._queue.status)
        words = {
            "waiting": self.tr("waiting"),
            "training": self.tr("training"),
            "paused": self.tr("paused"),
            "interrupted": self.tr("interrupted, goes on first"),
            "done": self.tr("done after %s") % duration(item.worked),
            "failed": self.tr("failed: %s") % item.sentence,
        }
        parts = [words[state]]
        if item.id == self._queue.status.id and history is not None and history.steps:
            parts.append(self.tr("step %d of %d") % (history.step, history.steps))
            if state == "training" and history.seconds_left is not None:
                parts.append(self.tr("%s left") % duration(history.seconds_left))
        elif state != "done" and (begun := self._queue.begun.get(item.id)) is not None:
            parts.append(self.tr("step %d of %d") % begun)
        elif state == "waiting" and item.options.minutes:
            parts.append(duration(item.options.minutes * 60))
        if item.sentence and state != "failed":
            parts.append(item.sentence)
        return f"{item.name}\n{' · '.join(parts)}"

    def _show_buttons(self) -> None:
        item, row = self._item(), self._list.currentRow()
        open_ended = item is not None and item.state in ("waiting", "training")
        self._up.setEnabled(item is not None and row > 0)
        self._down.setEnabled(item is not None and row < self._list.count() - 1)
        self._pause.setEnabled(open_ended)
        self._pause.setText(self.tr("&Continue") if item is not None and item.held else self.tr("&Pause"))
        self._retry.setEnabled(item is not None and item.state == "failed")
        self._gone.setEnabled(item is not None)
        begun = item is not None and item.run is not None
        self._look.setEnabled(begun)
        self._paint.setEnabled(begun and item is not None and item.state == "done")
