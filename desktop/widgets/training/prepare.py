"""The second page of the training window: what was found in the folder, and how long to train on it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.training.current import TrainingRequest
from desktop.training.dataset_scan import ScanResult
from desktop.widgets.parts.pictures import Card, MainButton, Pairs, faint, title
from desktop.widgets.training.mending import Mending
from desktop.widgets.training.pair_patterns import PatternBox
from desktop.widgets.training.recipe import RecipeFields
from desktop.widgets.training.time import HowLong
from desktop.widgets.training.words import USUAL, found_in_words, photo_look
from engine.data.palette import Label, Palette
from trainer.perception import weights
from trainer.run.options import Options

SIZES = (32, 64, 128, 192, 256, 384, 512)
TASKS = ("", "labels", "lines", "hints", "image", "grey", "small")
_STYLES = Qt.ItemDataRole.UserRole + 1
"""Where a model to begin with keeps how many numbers its styles have."""


class PreparePage(QWidget):
    """Everything is chosen already; Train starts it."""

    begun = Signal(object)
    """The ``TrainingRequest`` to start with."""
    queued = Signal(object)
    """The ``TrainingRequest`` that is to wait in the queue."""
    left = Signal()
    """Another folder is wanted."""
    unprepared = Signal(object)
    """The photos in this folder, a ``Path``, are to be prepared first."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dataset_scan = session.dataset_scan
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 16)
        column.setSpacing(12)
        column.addLayout(self._head())
        column.addWidget(self._found(), 3)
        self._notes = QWidget()
        middle = QHBoxLayout(self._notes)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(12)
        middle.addWidget(self._problems(), 3)
        middle.addWidget(self._labels(), 2)
        column.addWidget(self._notes, 2)
        column.addWidget(self._quality())
        self._dataset_scan.watch("result looking", self._show)
        self._dataset_scan.watch("checked", self._show_progress)
        session.library.watch("models", self._show_models)

    # --- building -------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._back = QToolButton()
        self._back.setAutoRaise(True)
        self._back.setToolTip(self.tr("Choose another folder"))
        self._back.clicked.connect(self.left)
        self._folder = title("", 1.3)
        self._summary = faint()
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._folder)
        words.addWidget(self._summary)
        row.addWidget(self._back)
        row.addLayout(words, 1)
        return row

    def _found(self) -> QWidget:
        card = Card()
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 12, 14, 12)
        self._pairs = Pairs()
        self._direction = QLabel()
        self._direction.setTextFormat(Qt.TextFormat.PlainText)  # a folder's name could say anything
        self._swap = QToolButton()
        self._swap.setObjectName("swap")
        self._swap.setText(self.tr("&Swap"))
        self._swap.setToolTip(self.tr("Take the other side as what is painted"))
        self._swap.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._swap.setCheckable(True)
        self._swap.clicked.connect(self._look_again)
        row = QHBoxLayout()
        row.addWidget(self._direction, 1)
        row.addWidget(self._swap)
        column.addWidget(self._pairs, 1)
        column.addLayout(row)
        return card

    def _problems(self) -> QWidget:
        card = Card()
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 10, 14, 12)
        self._verdict = title()
        self._mend = Mending()
        self._mend.wanted.connect(self.unprepared)
        self._list = QListWidget()
        self._list.setObjectName("problems")
        self._list.setWordWrap(True)
        self._list.setStyleSheet("#problems { background: palette(alternate-base) }")  # as the card
        self._list.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setIconSize(QSize(16, 16))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        column.addWidget(self._verdict)
        column.addWidget(self._mend)
        column.addWidget(self._bar)
        column.addWidget(self._list, 1)
        return card

    def _labels(self) -> QWidget:
        self._palette_card = Card()
        column = QVBoxLayout(self._palette_card)
        column.setContentsMargins(14, 10, 14, 12)
        column.addWidget(title(self.tr("Labels found; give them names")))
        self._names = QListWidget()
        self._names.setObjectName("label_names")
        self._names.setStyleSheet("#label_names { background: palette(alternate-base) }")
        self._names.setIconSize(QSize(18, 18))
        self._names.itemChanged.connect(self._show_main_label)
        self._names.setEditTriggers(QListWidget.EditTrigger.AllEditTriggers)
        column.addWidget(self._names, 1)
        return self._palette_card

    def _quality(self) -> QWidget:
        card = Card()
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 12, 14, 12)
        top = QHBoxLayout()
        self._how_long = HowLong("quality", USUAL, promising=True)
        self._train = MainButton(self.tr("&Train"))
        self._train.setObjectName("train")
        self._train.clicked.connect(lambda: self._begin(self.begun))
        top.addWidget(self._how_long, 1)
        top.addSpacing(14)
        top.addWidget(self._train)
        self._queue = QPushButton(self.tr("&Add to the queue"))
        self._queue.setObjectName("add_to_queue")
        self._queue.setToolTip(self.tr("Train it when its turn comes: after others, at night, or when idle"))
        self._queue.clicked.connect(lambda: self._begin(self.queued))
        top.addWidget(self._queue)
        self._fold = QToolButton()
        self._fold.setObjectName("fold")
        self._fold.setText(self.tr("Details"))
        self._fold.setAutoRaise(True)
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.toggled.connect(self._unfold)
        self._details = self._folded()
        column.addLayout(top)
        self._first = faint()
        self._first.setObjectName("photo_look")
        column.addWidget(self._first)
        column.addWidget(self._fold)
        column.addWidget(self._details)
        self._details.hide()
        return card

    def _folded(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.setContentsMargins(6, 0, 0, 0)
        row.setSpacing(28)
        self._name = QLineEdit()
        self._name.setObjectName("model_name")
        self._task = QComboBox()
        self._task.setObjectName("task")
        texts = {
            "": self.tr("what the pictures look like"),
            "labels": self.tr("labels"),
            "lines": self.tr("lines"),
            "hints": self.tr("lines and colour hints"),
            "image": self.tr("any picture"),
            "grey": self.tr("the photo in grey"),
            "small": self.tr("the photo reduced"),
        }
        for task in TASKS:
            self._task.addItem(texts[task], task)
        self._task.activated.connect(self._look_again)
        self._pattern = PatternBox()
        self._pattern.activated.connect(self._look_again)
        self._from = QComboBox()
        self._from.setObjectName("from_model")
        self._from.currentIndexChanged.connect(self._show_recipe)
        self._size = QComboBox()
        self._size.setObjectName("size")
        self._width = QSpinBox()
        self._width.setObjectName("width")
        self._width.setRange(4, 256)
        self._width.setValue(32)
        self._width.setToolTip(
            self.tr("Channels of the outermost level: 64 is the paper's, 32 a quarter of its work")
        )
        self._recipe = QComboBox()
        self._recipe.setObjectName("recipe")
        self._recipe.addItem(self.tr("Underpaint's own"), "default")
        self._recipe.addItem(self.tr("as in the paper"), "paper")
        self._recipe.currentIndexChanged.connect(self._show_recipe)
        self._steps = QSpinBox()
        self._steps.setObjectName("steps")
        self._steps.setRange(0, 10_000_000)
        self._steps.setSpecialValueText(self.tr("as many as the time allows"))
        self._steps.valueChanged.connect(lambda steps: self._how_long.setEnabled(not steps))
        self._size.addItem("", None)  # what suits the pictures
        for edge in SIZES:
            self._size.addItem(f"{edge} × {edge}", (edge, edge))
        for fields in (
            (
                (self.tr("Name"), self._name),
                (self.tr("Painted"), self._task),
                (self.tr("Begin with"), self._from),
            ),
            (
                (self.tr("Pairs"), self._pattern),
                (self.tr("Size"), self._size),
                (self.tr("Width of the networks"), self._width),
            ),
            ((self.tr("Recipe"), self._recipe), (self.tr("Steps"), self._steps)),
        ):
            form = QFormLayout()
            for text, field in fields:
                form.addRow(text, field)
            form.setVerticalSpacing(6)
            side = QVBoxLayout()
            side.addLayout(form)
            side.addStretch(1)
            row.addLayout(side, 1)
        self._fields = RecipeFields(self._session.settings)
        self._fields.changed.connect(self._show_photo_look)
        column.addLayout(row)
        column.addWidget(self._fields)
        self._size.currentIndexChanged.connect(self._show_photo_look)
        return box

    def dress(self) -> None:
        """Icons in the theme's colours."""
        self._back.setIcon(theme.icon("mdi6.arrow-left"))
        self._swap.setIcon(theme.icon("mdi6.swap-horizontal"))
        self._fields.dress()
        self._unfold(self._fold.isChecked())
        self._show()

    # --- what is chosen -------------------------------------------------------------------------

    def look_at(self, folder: Path) -> None:
        """Begin with another folder."""
        self._swap.setChecked(False)
        self._task.setCurrentIndex(0)
        self._pattern.forget()
        self._size.setCurrentIndex(0)
        self._name.setText(folder.name)
        self._folder.setText(folder.name)
        self._dataset_scan.look(folder)

    def request(self) -> TrainingRequest | None:
        """What is chosen now; None while nothing has been found."""
        result = self._dataset_scan.result
        if result is None:
            return None
        steps, parent = self._steps.value() or None, self._from.currentData()
        options = Options(
            data=result.folder.resolve(),
            name=self._name.text().strip() or result.folder.name,
            task=self._task.currentData() or None,
            swap=self._swap.isChecked(),
            pair=self._pattern.pattern,
            minutes=None if steps else self._how_long.minutes,
            steps=steps,
            size=self._chosen_size(result),
            width=self._width.value(),
            recipe=self._recipe.currentData(),
            from_model=str(parent) if parent else None,
            **self._fields.chosen(),
        )
        return TrainingRequest(options, self._renamed(result.palette))

    def _chosen_size(self, result: ScanResult) -> tuple[int, int] | None:
        """None for the model's own, where one is gone on from."""
        if self._size.currentIndex() > 0:
            chosen: tuple[int, int] = self._size.currentData()
            return chosen
        return None if self._from.currentData() else result.size

    def _begin(self, signal: SignalInstance) -> None:
        request = self.request()
        if request is not None:
            signal.emit(request)

    def _look_again(self) -> None:
        result = self._dataset_scan.result
        if result is not None:
            task, pattern = self._task.currentData() or None, self._pattern.pattern
            self._dataset_scan.look(result.folder, task, self._swap.isChecked(), pattern)

    def _renamed(self, palette: Palette | None) -> Palette | None:
        """The palette with the names as edited; None where nobody edited any."""
        if palette is None or self._names.count() != len(palette.labels):
            return None
        names = [self._names.item(row).text().strip() for row in range(self._names.count())]
        if names == [label.name for label in palette.labels]:
            return None
        both = zip(names, palette.labels, strict=True)
        return Palette(palette.name, tuple(Label(name or label.name, label.colour) for name, label in both))

    # --- showing --------------------------------------------------------------------------------

    def _show(self) -> None:
        result, looking = self._dataset_scan.result, self._dataset_scan.looking
        self._train.setEnabled(result is not None and result.usable and not looking)
        self._queue.setEnabled(self._train.isEnabled())
        self._swap.setEnabled(result is not None and result.layout != "photos" and not looking)
        if result is None or looking:
            self._summary.setText(self.tr("Looking at the pictures …") if looking else "")
            self._direction.clear()
            self._verdict.clear()
            self._list.clear()
            self._pairs.show_pairs([], self.tr("Looking at the pictures …") if looking else "")
            self._palette_card.hide()
            self._show_photo_look()
            return
        self._summary.setText(found_in_words(result))
        self._direction.setText(self.tr("You paint the left, it makes the right:  %s") % result.direction)
        self._direction.setVisible(bool(result.direction))
        self._pairs.show_pairs(result.shown, self.tr("No pair can be shown."))
        self._show_problems(result)
        self._pattern.offer(result)
        if result.unsure:
            self._fold.setChecked(True)  # where the question is answered
        self._show_palette(result.palette)
        self._show_main_label()
        self._size.setItemText(0, self.tr("%d × %d, as suits them") % result.size)
        self._show_recipe()
        brief = not result.problems and not result.notes and result.palette is None
        fill = QSizePolicy.Policy.Maximum if brief else QSizePolicy.Policy.Expanding
        self._notes.setSizePolicy(QSizePolicy.Policy.Expanding, fill)

    def _show_recipe(self) -> None:
        result, parent = self._dataset_scan.result, self._from.currentData()
        self._fields.show_for(
            self._recipe.currentData(),
            draws=result is not None and result.draws,
            continues=parent is not None,
            inherited_styles=self._from.currentData(_STYLES) or 0,
            labels=result is not None and result.palette is not None,
        )
        self._show_photo_look()

    def _show_photo_look(self) -> None:
        """What comes before the first step, where something does; else what is missing for it."""
        result = self._dataset_scan.result
        text = ""
        if result is not None and result.draws and not self._dataset_scan.looking:
            size = self._chosen_size(result) or result.size
            if self._fields.draws_edges:
                text = photo_look(result.count, weights.seconds(result.count, size))
            elif not weights.available():
                text = self.tr(weights.MISSING)
        self._first.setText(text)
        self._first.setVisible(bool(text))

    def _show_problems(self, result: ScanResult) -> None:
        severe = sum(problem.severe for problem in result.problems)
        self._list.clear()
        for note in result.notes:
            self._list.addItem(QListWidgetItem(theme.icon("mdi6.information-outline"), note))
        for problem in result.problems:
            name = "mdi6.close-circle-outline" if problem.severe else "mdi6.alert-outline"
            self._list.addItem(QListWidgetItem(theme.icon(name), str(problem)))
        if severe:
            self._verdict.setText(self.tr("This can't be trained yet"))
        elif result.problems or (result.notes and self._dataset_scan.checked >= 1):
            self._verdict.setText(self.tr("Worth knowing"))
        elif self._dataset_scan.checked < 1:
            self._verdict.setText(self.tr("Checking every file …"))
        else:
            self._verdict.setText(self.tr("The pairs are fine"))
        self._list.setVisible(bool(result.problems or result.notes))
        self._mend.offer(result)
        self._show_progress()

    def _show_progress(self) -> None:
        share = self._dataset_scan.checked
        self._bar.setVisible(self._dataset_scan.result is not None and share < 1)
        self._bar.setValue(round(100 * share))

    def _show_palette(self, palette: Palette | None) -> None:
        self._palette_card.setVisible(palette is not None)
        labels = palette.labels if palette else ()
        if self._names.count() == len(labels) and self._names.property("shown") == str(palette):
            return  # names being edited are not overwritten by the check that comes later
        self._names.setProperty("shown", str(palette))
        self._names.clear()
        for label in labels:
            swatch = QPixmap(18, 18)
            swatch.fill(QColor(*label.colour))
            item = QListWidgetItem(theme.picture_icon(swatch), label.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._names.addItem(item)

    def _show_main_label(self) -> None:
        result = self._dataset_scan.result
        self._fields.show_main_label(self._names.item(result.main_label if result else -1))

    def _show_models(self) -> None:
        chosen: Path | None = self._from.currentData()
        self._from.clear()
        self._from.addItem(self.tr("nothing, from scratch"), None)
        for entry in self._session.library.models:
            if entry.card is not None:
                self._from.addItem(entry.name, entry.file)
                self._from.setItemData(self._from.count() - 1, entry.card.style, _STYLES)
        files = [self._from.itemData(row) for row in range(self._from.count())]  # Qt finds no equal path
        self._from.setCurrentIndex(files.index(chosen) if chosen in files else 0)

    def _unfold(self, on: bool) -> None:
        self._details.setVisible(on)
        self._fold.setIcon(theme.icon("mdi6.chevron-down" if on else "mdi6.chevron-right"))
