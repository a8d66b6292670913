"""The strip under the canvas: kept frames and variations as thumbnails; a click brings one back."""

from __future__ import annotations

from functools import partial
from weakref import WeakKeyDictionary

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from desktop.preview.shelf import Frame
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.actions import Reactions
from engine.data.messages import Pixels

_SIDE = 58


class ShelfStrip(QFrame):
    """Hidden while it has nothing to show."""

    wants_morph = Signal(object)
    """A morph is to begin at this kept ``Frame``."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shelf")
        self._session = session
        self._thumbnails: WeakKeyDictionary[Frame, QIcon] = WeakKeyDictionary()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 6, 2)
        self._title = QLabel()
        self._title.setProperty("faint", True)
        self._title.setWordWrap(True)
        self._title.setFixedWidth(84)
        self._list = QListWidget()
        self._list.setObjectName("frames")
        self._list.setViewMode(QListWidget.ViewMode.IconMode)
        self._list.setFlow(QListWidget.Flow.LeftToRight)
        self._list.setWrapping(False)
        self._list.setMovement(QListWidget.Movement.Static)
        self._list.setIconSize(QSize(_SIDE, _SIDE))
        self._list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFixedHeight(_SIDE + 38)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self._list.setEditTriggers(QListWidget.EditTrigger.NoEditTriggers)
        self._list.itemChanged.connect(self._renamed)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.itemClicked.connect(self._choose)
        self._list.itemSelectionChanged.connect(self._show_what_goes)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._offer)
        self._close = QToolButton()
        self._close.setObjectName("put_away")
        self._close.setAutoRaise(True)
        self._close.clicked.connect(self._put_away)
        row.addWidget(self._title)
        row.addWidget(self._list, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self._dress()
        session.shelf.watch("kept variations awaited", self._show)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        self._close.setIcon(theme.icon("mdi6.close"))

    def _frames(self) -> tuple[Frame, ...]:
        shelf = self._session.shelf
        return shelf.variations if self._varying else shelf.kept

    def _show(self) -> None:
        shelf = self._session.shelf
        varying = self._varying
        if varying and shelf.awaited:
            self._title.setText(self.tr("Variations: %d to come") % shelf.awaited)
        else:
            self._title.setText(self.tr("Variations") if varying else self.tr("Kept"))
        frames = self._frames()
        self._list.blockSignals(True)  # nobody has renamed anything
        self._fill(frames)
        self._list.blockSignals(False)
        self._show_what_goes()
        self._list.scrollToBottom()
        self.setVisible(bool(frames) or varying)

    def _fill(self, frames: tuple[Frame, ...]) -> None:
        """Rows come and go, the others stay: one may have its name typed just now."""
        wanted = [frame.key for frame in frames]
        for row in reversed(range(self._list.count())):
            if self._list.item(row).data(Qt.ItemDataRole.UserRole).key not in wanted:
                self._list.takeItem(row)
        for row, frame in enumerate(frames):
            item = self._list.item(row)
            if item is None or item.data(Qt.ItemDataRole.UserRole).key != frame.key:
                item = QListWidgetItem()
                item.setSizeHint(QSize(_SIDE + 12, _SIDE + 22))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                self._list.insertItem(row, item)
            if item.data(Qt.ItemDataRole.UserRole) is not frame:
                item.setIcon(self._thumbnail(frame))
                item.setText(frame.name)
                item.setData(Qt.ItemDataRole.UserRole, frame)
                item.setToolTip(theme.plain(self._tip(frame)))

    def _show_what_goes(self) -> None:
        """What the cross does now; nothing unless it is known which frames are meant."""
        varying, count = self._varying, len(self.chosen())
        if varying:
            tip = self.tr("Put the variations away")
        elif count > 1:
            tip = self.tr("Take the %d chosen frames off the shelf") % count
        elif count:
            tip = self.tr("Take the chosen frame off the shelf")
        else:
            tip = self.tr("Choose the frames to take off the shelf first, several with Ctrl")
        self._close.setToolTip(tip)
        self._close.setEnabled(varying or count > 0)

    @property
    def _varying(self) -> bool:
        shelf = self._session.shelf
        return bool(shelf.variations or shelf.awaited)

    def _tip(self, frame: Frame) -> str:
        if frame.style is not None:
            return self.tr("Take this style (%s)") % frame.style.name
        if frame.seed is not None:
            return self.tr("Show this variation (seed %d)") % frame.seed
        return self.tr("Bring back this picture and its preview: %s") % frame.name

    def _thumbnail(self, frame: Frame) -> QIcon:
        """Made once: one more frame must not cost the scaling of all."""
        if frame not in self._thumbnails:
            self._thumbnails[frame] = theme.picture_icon(_thumbnail(frame.preview))
        return self._thumbnails[frame]

    def _choose(self, item: QListWidgetItem) -> None:
        if len(self._list.selectedItems()) > 1 or not item.isSelected():  # one more is chosen, or one less
            return
        self._session.shelf.choose(item.data(Qt.ItemDataRole.UserRole))

    def reactions(self) -> Reactions:
        """What becomes of actions on kept frames and held parts."""
        shelf, holding = self._session.shelf, self._session.holding
        return {
            "keep": shelf.keep,
            "vary": shelf.vary,
            "rename_frame": self.rename,
            "compare": self.compare,
            "hold_rest": holding.hold_rest,
            "hold_selected": holding.hold_selected,
            "select_held": self._session.selecting.held,
            "lift_hold": holding.lift,
            "lift_holds": holding.lift_all,
        }

    def chosen(self) -> list[Frame]:
        """The kept frames that are chosen, in their order; with Ctrl there may be several."""
        items = (self._list.item(row) for row in range(self._list.count()))
        frames = (item.data(Qt.ItemDataRole.UserRole) for item in items if item.isSelected())
        return [frame for frame in frames if frame.picture is not None]

    def compare(self, on: bool) -> None:
        """Compare the chosen two, or the newest two; or end that."""
        comparing, chosen = self._session.comparing, self.chosen()
        if not on:
            comparing.end()
        elif comparing.sides is None:
            comparing.begin(chosen[:2] if len(chosen) > 1 else ())

    def rename(self, frame: Frame | None = None) -> None:
        """Have a kept frame's name typed: the chosen one's, or the newest's."""
        items = [self._list.item(row) for row in range(self._list.count())]
        wanted = frame or next(reversed(self.chosen()), None) or next(reversed(self._frames()), None)
        item = next((it for it in items if it.data(Qt.ItemDataRole.UserRole) is wanted), None)
        if item is None or wanted is None or wanted.picture is None:
            self._session.notice.emit(self.tr("No frame is kept that could be renamed."))
            return
        self._list.scrollToItem(item)
        self._list.editItem(item)

    def _renamed(self, item: QListWidgetItem) -> None:
        frame = item.data(Qt.ItemDataRole.UserRole)
        if item.text().strip():  # in a moment: the editor is open still, and the item will be another
            QTimer.singleShot(0, self, partial(self._session.shelf.rename, frame, item.text()))
        elif item.text() != frame.name:
            item.setText(frame.name)

    def _offer(self, at: QPoint) -> None:
        item = self._list.itemAt(at)
        frame = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if frame is not None and frame.picture is not None:
            self.menu_of(frame).popup(self._list.mapToGlobal(at))

    def menu_of(self, frame: Frame) -> QMenu:
        """What can be done with a kept frame."""
        session = self._session
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for sign, text, do in (
            ("mdi6.undo-variant", self.tr("&Bring back"), session.shelf.choose),
            ("mdi6.lock-outline", self.tr("&Hold the rest like this"), session.holding.hold_rest),
            ("mdi6.rename-outline", self.tr("Re&name …"), self.rename),
            ("mdi6.human-male-board", self.tr("&Teach it this …"), session.teaching.begin),
            ("mdi6.movie-open-outline", self.tr("&Morph from here …"), self.wants_morph.emit),
            ("mdi6.close", self.tr("Take &off the shelf"), self._take_off),
        ):
            menu.addAction(theme.icon(sign), text, partial(do, frame))
        with_what = QMenu(self.tr("&Compare with"), menu)
        with_what.setIcon(theme.icon("mdi6.compare"))
        compare = session.comparing.begin
        with_what.addAction(self.tr("The preview now"), partial(compare, (frame,)))
        for other in session.shelf.kept:
            if other is not frame:
                with_what.addAction(other.name.replace("&", "&&"), partial(compare, (frame, other)))
        menu.insertMenu(menu.actions()[2], with_what)
        return menu

    def _put_away(self) -> None:
        if self._varying:
            self._session.shelf.clear_variations()
        else:
            self._session.shelf.drop(*self.chosen())

    def _take_off(self, frame: Frame) -> None:
        """The frame whose menu it is, with all that are chosen if it is one of them."""
        chosen = self.chosen()
        self._session.shelf.drop(*(chosen if frame in chosen else (frame,)))


def _thumbnail(preview: Pixels) -> QPixmap:
    height, width = preview.shape[:2]
    image = QImage(preview.data, width, height, preview.strides[0], QImage.Format.Format_RGB888)
    return QPixmap.fromImage(
        image.scaled(
            _SIDE * 2,
            _SIDE * 2,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    )
