"""The main window: puts the parts together and connects every action to what it does."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QPointF, QSizeF, Qt
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QMainWindow,
    QMenu,
    QSplitter,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.paint.document import Role
from desktop.paint.tools import tools
from desktop.session import Session
from desktop.widgets import dialogs
from desktop.widgets.actions import Actions, Spec
from desktop.widgets.brush_bar import BrushBar
from desktop.widgets.canvas import Canvas
from desktop.widgets.clipboard import Clipboard
from desktop.widgets.layer_dock import LayerDock
from desktop.widgets.message_bar import MessageBar
from desktop.widgets.model_dock import ModelDock
from desktop.widgets.palette_dock import LABEL_KEYS, PaletteDock
from desktop.widgets.preview import Preview
from desktop.widgets.preview_bar import PreviewBar
from desktop.widgets.shelf_strip import ShelfStrip
from desktop.widgets.status_line import StatusLine
from desktop.widgets.view import View

PICTURES = "*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp"


class MainWindow(QMainWindow):
    """One window, one picture on the canvas."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setAcceptDrops(True)
        self.session = session
        self.view = View(self)
        self.actions_table = Actions(self, session.settings.keys)
        for number, tool in enumerate(tools().values()):
            spec = Spec(f"tool_{tool.id}", "tools", tool.title, tool.key, tool.icon, True, number == 0)
            self.actions_table.add(spec)
        self._build()
        self._connect()
        self._restore()

    # --- building -------------------------------------------------------------------------------

    def _build(self) -> None:
        session, actions = self.session, self.actions_table
        self.canvas = Canvas(session, self.view)
        self.preview = Preview(session, self.view)
        self.preview_bar = PreviewBar(session, actions)
        self.shelf = ShelfStrip(session)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        for place, widget in enumerate((self.canvas, self.preview)):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(place, 1)
        self.splitter.setSizes([1000, 1000])
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.preview_bar)
        stage = QWidget()  # the message bar lies over it; a splitter would make a third pane of that
        inside = QVBoxLayout(stage)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.splitter)
        column.addWidget(stage, 1)
        column.addWidget(self.shelf)
        self.setCentralWidget(middle)
        self.messages = MessageBar(stage)
        self.tool_bar = QToolBar(self.tr("Tools"))
        self.tool_bar.setObjectName("tool_bar")
        self.tool_bar.setMovable(False)
        self.tools = QActionGroup(self)
        for name in tools():
            action = actions[f"tool_{name}"]
            self.tools.addAction(action)
            self.tool_bar.addAction(action)
        self.tool_bar.addSeparator()
        for name in ("mirror_vertical", "mirror_horizontal", "undo", "redo"):
            self.tool_bar.addAction(actions[name])
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tool_bar)
        self.brush_bar = BrushBar(session)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.brush_bar)
        self.palette_dock = PaletteDock(session, self)
        self.layer_dock = LayerDock(session, actions, self)
        self.model_dock = ModelDock(session, actions, self)
        self.docks = (self.model_dock, self.palette_dock, self.layer_dock)
        for dock in self.docks:
            dock.setFeatures(
                QDockWidget.DockWidgetFeature.DockWidgetMovable
                | QDockWidget.DockWidgetFeature.DockWidgetFloatable
            )
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self.resizeDocks(list(self.docks), [240, 250, 170], Qt.Orientation.Vertical)
        self.resizeDocks([self.model_dock], [240], Qt.Orientation.Horizontal)
        self.status_line = StatusLine(session, self.view)
        self.setStatusBar(self.status_line)
        self.menus = actions.fill(self.menuBar())
        self.recent = QMenu(self)
        actions["recent"].setMenu(self.recent)
        self.recent.aboutToShow.connect(self._fill_recent)
        self.clipboard = Clipboard(session)

    def _connect(self) -> None:
        session, live, actions = self.session, self.session.live, self.actions_table
        actions.connect(
            {
                "new": lambda: dialogs.NewDialog(session, self).open(),
                "open": self._open,
                "example": session.example,
                "save": self._save,
                "save_as": self._save_as,
                "export_preview": lambda: self._export("preview"),
                "export_picture": lambda: self._export("picture"),
                "export_pair": lambda: self._export("pair"),
                "next_picture": session.next_picture,
                "close": self._close_picture,
                "quit": self.close,
                "undo": session.undo,
                "redo": session.redo,
                "copy": self.clipboard.copy,
                "copy_preview": self.clipboard.copy_preview,
                "paste": self.clipboard.paste,
                "clear": session.clear,
                "resize": lambda: dialogs.ResizeDialog(session, self).open(),
                "crop": lambda: dialogs.CropDialog(session, self).open(),
                "smaller": lambda: session.hand.scale_brush(1 / 1.15),
                "larger": lambda: session.hand.scale_brush(1.15),
                "draw_lines": lambda: session.hand.choose_role(Role.LINES),
                "draw_hints": lambda: session.hand.choose_role(Role.HINTS),
                "mirror_vertical": self._set_symmetry,
                "mirror_horizontal": self._set_symmetry,
                "beside": when_on(lambda: self.set_mode("beside")),
                "over": when_on(lambda: self.set_mode("over")),
                "split": when_on(lambda: self.set_mode("split")),
                "zoom_in": lambda: self.canvas.zoom(1.25),
                "zoom_out": lambda: self.canvas.zoom(0.8),
                "fit": self.canvas.fit,
                "actual": self.canvas.actual_size,
                "rotate_left": lambda: self.canvas.rotate(-15),
                "rotate_right": lambda: self.canvas.rotate(15),
                "flip": self.view.flip,
                "full_screen": lambda on: self.showFullScreen() if on else self.showNormal(),
                "docks": self._show_docks,
                "theme_system": when_on(lambda: self.set_theme("system")),
                "theme_light": when_on(lambda: self.set_theme("light")),
                "theme_dark": when_on(lambda: self.set_theme("dark")),
                "add_paint": session.add_paint_layer,
                "add_reference": self._add_reference,
                "remove_layer": lambda: session.edit(lambda d: d.remove_layer(d.active.id)),
                "layer_up": lambda: session.move_layer(1),
                "layer_down": lambda: session.move_layer(-1),
                "live": lambda on: setattr(live, "enabled", on),
                "refresh": live.refresh,
                "native": session.set_native,
                "keep": session.shelf.keep,
                "vary": session.shelf.vary,
                "import": self._import,
                "shortcuts": lambda: dialogs.ShortcutsDialog(actions, self).open(),
                "about": lambda: dialogs.AboutDialog(session, _version(), self).open(),
                **{f"tool_{name}": when_on(partial(session.hand.choose_tool, name)) for name in tools()},
            }
        )
        for names in (("beside", "over", "split"), ("theme_system", "theme_light", "theme_dark")):
            group = QActionGroup(self)
            for name in names:
                group.addAction(actions[name])
        for number, key in enumerate(LABEL_KEYS):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(lambda number=number: self.palette_dock.choose_label_number(number))
        self.canvas.hovered.connect(self.status_line.show_place)
        session.said.connect(self.messages.say)
        session.told_off.connect(self.messages.warn)
        session.library.asks.connect(lambda found: dialogs.ImportDialog(session, found, self).open())
        session.watch("can_undo", lambda: actions["undo"].setEnabled(session.can_undo))
        session.watch("can_redo", lambda: actions["redo"].setEnabled(session.can_redo))
        session.hand.watch("tool", lambda: actions[f"tool_{session.hand.tool}"].setChecked(True))
        session.watch("picture saved", self._show_title)
        live.watch("enabled", lambda: actions["live"].setChecked(live.enabled))
        live.watch("native", lambda: actions["native"].setChecked(live.native))
        live.watch("card", self._show_abilities)
        session.restructured.connect(self._show_abilities)
        session.hand.watch("ink", self._show_symmetry)
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _scheme: self._system_theme_changed())

    def _restore(self) -> None:
        settings = self.session.settings
        self.resize(1280, 800)
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode()))
        if settings.window_state:
            self.restoreState(QByteArray.fromBase64(settings.window_state.encode()))
        self.actions_table["docks"].setChecked(True)
        self.actions_table[f"theme_{settings.theme}"].setChecked(True)
        self.actions_table[settings.preview_mode].setChecked(True)

    # --- what actions do ------------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Show the preview ``beside`` the canvas, ``over`` it, or ``split`` by a divider."""
        self.session.settings.preview_mode = mode
        self.preview.setVisible(mode == "beside")
        self.canvas.set_mode(mode)
        self.preview_bar.set_mode(mode)

    def set_theme(self, name: str) -> None:
        """Dress the program ``system``, ``light`` or ``dark``."""
        self.session.settings.theme = name
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, name)
        self.actions_table.dress()
        self.session.restructured.emit()
        self.session.library.changed.emit("models")

    def _system_theme_changed(self) -> None:
        if self.session.settings.theme == "system":
            self.set_theme("system")

    def _show_docks(self, on: bool) -> None:
        for dock in self.docks:
            dock.setVisible(on)

    def _set_symmetry(self, _on: bool) -> None:
        vertical = self.actions_table["mirror_vertical"].isChecked()
        horizontal = self.actions_table["mirror_horizontal"].isChecked()
        names = {(True, True): "both", (True, False): "vertical", (False, True): "horizontal"}
        self.session.hand.set_symmetry(names.get((vertical, horizontal), "none"))
        self.canvas.update()

    def _show_symmetry(self) -> None:
        symmetry = self.session.hand.ink.symmetry
        for name, values in (
            ("mirror_vertical", ("vertical", "both")),
            ("mirror_horizontal", ("horizontal", "both")),
        ):
            action = self.actions_table[name]
            action.blockSignals(True)
            action.setChecked(symmetry in values)
            action.blockSignals(False)

    def _show_abilities(self) -> None:
        if self.session.picture is None:
            return
        card = self.session.live.card
        sketch = self.session.document.kind == "sketch"
        self.actions_table["draw_lines"].setEnabled(sketch)
        self.actions_table["draw_hints"].setEnabled(sketch and (card is None or card.hints))
        for name in ("vary", "keep", "refresh", "export_preview", "export_pair", "copy_preview"):
            self.actions_table[name].setEnabled(card is not None)

    def _show_title(self) -> None:
        picture = self.session.picture
        name = picture.name if picture else ""
        self.setWindowTitle(f"{name}[*] – Underpaint")
        self.setWindowModified(not self.session.saved)

    # --- files ----------------------------------------------------------------------------------

    def _folder(self) -> str:
        return self.session.settings.folder or str(Path.home())

    def _ask_open(self, title: str, filters: str, then) -> None:  # type: ignore[no-untyped-def]
        dialog = QFileDialog(self, title, self._folder(), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.open()

    def _ask_save(self, title: str, suggested: str, filters: str, suffix: str, then) -> None:  # type: ignore[no-untyped-def]
        dialog = QFileDialog(self, title, self._folder(), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(suggested)
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.open()

    def _open(self) -> None:
        everything = f"*.ora {PICTURES} *.safetensors *.pth"
        self._ask_open(
            self.tr("Open"),
            self.tr("All that Underpaint opens (%s);;Projects (*.ora);;Pictures (%s)")
            % (everything, PICTURES),
            self.session.open_file,
        )

    def _import(self) -> None:
        self._ask_open(
            self.tr("Import weights or a model"),
            self.tr("Models and weights (*.safetensors *.pth *.pt)"),
            self.session.open_file,
        )

    def _add_reference(self) -> None:
        self._ask_open(
            self.tr("Photo to trace"), self.tr("Pictures (%s)") % PICTURES, self.session.add_reference
        )

    def _save(self) -> None:
        if not self.session.save() and self.session.needs_a_path:
            self._save_as()

    def _save_as(self) -> None:
        picture = self.session.picture
        assert picture is not None
        stem = (picture.path.stem if picture.path else picture.title) + (" copy" if picture.foreign else "")
        self._ask_save(
            self.tr("Save as"), f"{stem}.ora", self.tr("OpenRaster (*.ora)"), "ora", self.session.save
        )

    def _export(self, what: str) -> None:
        picture = self.session.picture
        assert picture is not None
        stem = picture.path.stem if picture.path else picture.title
        self._ask_save(
            self.tr("Export"),
            f"{stem} {what}.png",
            self.tr("PNG picture (*.png)"),
            "png",
            lambda path: self.session.export(what, path),
        )

    def _close_picture(self) -> None:
        picture = self.session.picture
        assert picture is not None
        if picture.is_saved:
            self.session.close_picture(picture)
            return
        self.messages.ask(
            self.tr("“%s” has changes that are not saved.") % picture.name,
            (self.tr("Save …"), self._save),
            (self.tr("Throw them away"), lambda: self.session.close_picture(picture)),
        )

    def _fill_recent(self) -> None:
        self.recent.clear()
        for name in self.session.settings.recent:
            path = Path(name)
            action = QAction(path.name, self.recent)
            action.setToolTip(name)
            action.triggered.connect(lambda _checked=False, path=path: self.session.open_file(path))
            self.recent.addAction(action)
        if self.recent.isEmpty():
            self.recent.addAction(self.tr("Nothing yet")).setEnabled(False)

    # --- events ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and pictures may be dropped anywhere."""
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped; with several files, each."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.session.open_file(Path(url.toLocalFile()))
        if not event.mimeData().hasUrls():
            self.clipboard.take(event.mimeData())
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the window; unsaved pictures are kept and offered at the next start."""
        settings = self.session.settings
        settings.geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        settings.window_state = bytes(self.saveState().toBase64().data()).decode()
        self.session.close()
        super().closeEvent(event)

    def createPopupMenu(self) -> QMenu | None:
        """No menu for hiding bars: one would hide what can't be found again."""
        return None

    def canvas_point(self, x: float, y: float) -> QPointF:
        """Where a picture point lies on the canvas, for demonstrations and tests with real events."""
        return self.view.transform(QSizeF(self.canvas.size())).map(QPointF(x, y))


def when_on(do: Callable[[], object]) -> Callable[[bool], None]:
    """For an action that is one of several: act on being chosen, not on being left."""

    def react(on: bool) -> None:
        if on:
            do()

    return react


def _version() -> str:
    try:
        return importlib.metadata.version("underpaint")
    except importlib.metadata.PackageNotFoundError:
        return ""
