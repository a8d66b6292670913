"""The main window: puts the parts together and connects every action to what it does."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QPointF, QSizeF, Qt, QTimer
from PySide6.QtGui import (
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMenu,
    QSplitter,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from desktop.paint.tools import tools
from desktop.session import Session
from desktop.support import theme
from desktop.support.observable import bind
from desktop.widgets.canvas.canvas import Canvas
from desktop.widgets.canvas.clipboard import Clipboard
from desktop.widgets.canvas.preview import Preview
from desktop.widgets.canvas.preview_window import PreviewWindowController
from desktop.widgets.canvas.view import View
from desktop.widgets.companions import WithCompanions
from desktop.widgets.comparison.outcome import OutcomeController
from desktop.widgets.dialogs import picture_dialogs
from desktop.widgets.dialogs.about import AboutDialog
from desktop.widgets.dialogs.feather import ask_feather
from desktop.widgets.dialogs.import_controller import ImportController
from desktop.widgets.dialogs.pair_start import PairStartDialog
from desktop.widgets.edit_actions import on_edits
from desktop.widgets.exporting.dialog import FinishDialog
from desktop.widgets.film.dialog import FilmDialog
from desktop.widgets.inputs.controller import InputController
from desktop.widgets.panels.brush_bar import BrushBar
from desktop.widgets.panels.folding import FoldingHeader, Heights
from desktop.widgets.panels.layer_dock import LayerDock
from desktop.widgets.panels.model_dock import ModelDock
from desktop.widgets.panels.pair_bars import PairDrawingBar, TeachingBar
from desktop.widgets.panels.palette_dock import PaletteDock
from desktop.widgets.panels.preview_bar import PreviewBar
from desktop.widgets.panels.shelf_strip import ShelfStrip
from desktop.widgets.panels.status_line import StatusLine
from desktop.widgets.panels.symmetry import Symmetry
from desktop.widgets.parts.actions import LABEL_KEYS, Actions, Reactions, Spec, when_on
from desktop.widgets.parts.files import Files, files_in
from desktop.widgets.parts.folders import FolderController
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.room import dress_overflow, fit, recall, remember
from desktop.widgets.sharing.controller import SharingController
from desktop.widgets.styles.dock import StyleDock
from desktop.widgets.styles.morph import MorphDialog
from desktop.widgets.training.window import TrainingController
from desktop.widgets.welcome.page import Welcome
from resources.version import VERSION


class MainWindow(WithCompanions):
    """One window, one picture on the canvas."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setAcceptDrops(True)
        self.session = session
        self._arranged = False
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
        undoing = actions["undo"], actions["redo"]  # of them all windows hear
        self.preview_controller = PreviewWindowController(
            session, self.preview, actions["preview_window"], undoing, self
        )
        self.preview_bar = PreviewBar(session, actions)
        self.shelf = ShelfStrip(session)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        for place, widget in enumerate((self.canvas, self.preview)):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(place, 1)
        self.splitter.setSizes([1000, 1000])
        middle = QWidget()
        self.setCentralWidget(middle)  # first: Qt dresses everything below whatever gets another parent
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.preview_bar)
        stage = QWidget()  # the message bar lies over it; a splitter would make a third pane of that
        inside = QVBoxLayout(stage)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.splitter)
        self.messages = MessageBar(stage)
        self.pair_drawing_bar = PairDrawingBar(session, actions, self.messages)
        self.teaching_bar = TeachingBar(session, self.messages)
        self.files = Files(session, self.messages, self)
        self.inputs = InputController(session, actions, self.files.ask_open, self)
        self.sharing = SharingController(session, self.messages, self)
        for bar in (self.inputs.bar, self.sharing.bar, self.pair_drawing_bar, self.teaching_bar):
            column.addWidget(bar)
        column.addWidget(stage, 1)
        column.addWidget(self.shelf)
        self.welcome = Welcome(session, actions)
        column.addWidget(self.welcome)
        self.training = TrainingController(session, self.messages, self)
        self.outcome = OutcomeController(session, self.messages, self)
        self.folders = FolderController(session, self.messages, self)
        self.tool_bar = QToolBar(self.tr("Tools"), self)
        self.tool_bar.setObjectName("tool_bar")
        self.tool_bar.setMovable(False)
        self.tools = QActionGroup(self)
        for name in tools():
            action = actions[f"tool_{name}"]
            self.tools.addAction(action)
            self.tool_bar.addAction(action)
        self.tool_bar.addSeparator()
        for name in ("mirror_vertical", "mirror_horizontal", "radial", "undo", "redo"):
            self.tool_bar.addAction(actions[name])
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tool_bar)
        self.brush_bar = BrushBar(session, self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.brush_bar)
        self.palette_dock = PaletteDock(session, self)
        self.layer_dock = LayerDock(session, actions, self)
        self.model_dock = ModelDock(session, actions, self)
        self.style_dock = StyleDock(session, actions, self)
        self.docks = (self.model_dock, self.style_dock, self.palette_dock, self.layer_dock)
        heights = Heights()
        for dock in self.docks:
            dock.setFeatures(
                QDockWidget.DockWidgetFeature.DockWidgetMovable
                | QDockWidget.DockWidgetFeature.DockWidgetFloatable
            )
            FoldingHeader(dock, session.settings.folded, heights)
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self.resizeDocks([self.model_dock], [240], Qt.Orientation.Horizontal)
        self.status_line = StatusLine(session, self.view)
        self.setStatusBar(self.status_line)
        self.menus = actions.fill(self.menuBar())
        self.recent = QMenu(self)
        actions["recent"].setMenu(self.recent)
        self.recent.aboutToShow.connect(lambda: self.files.fill_recent(self.recent))
        self.clipboard = Clipboard(session)

    def _connect(self) -> None:
        for part in (self._on_files, self._on_views, self._on_models, self._on_help):
            self.actions_table.connect(part())
        presets = self.brush_bar.presets
        self.actions_table.connect(on_edits(self.session, self.clipboard, self.files, presets, self))
        self.actions_table.connect(self.inputs.reactions())
        self.actions_table.connect(self.sharing.reactions())
        for names in (("beside", "over", "split"), ("theme_system", "theme_light", "theme_dark")):
            group = QActionGroup(self)
            for name in names:
                group.addAction(self.actions_table[name])
        for number, key in enumerate(LABEL_KEYS):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(lambda number=number: self.palette_dock.choose_label_number(number))
        self._connect_news()
        self._connect_state()

    def _on_files(self) -> Reactions:
        session, files = self.session, self.files
        return {
            "new": lambda: picture_dialogs.NewDialog(session, self).open(),
            "open": files.open,
            "example": session.example,
            "save": files.save,
            "save_as": files.save_as,
            "export_preview": lambda: files.export("preview"),
            "export_finished": lambda: files.export("finished"),
            "export_picture": lambda: files.export("picture"),
            "export_pair": lambda: files.export("pair"),
            "export_film": lambda: FilmDialog(session, self).open(),
            "export_cut_out": lambda: FinishDialog(session, self, cut=True).open(),
            "export_larger": lambda: FinishDialog(session, self, cut=False).open(),
            "next_picture": session.next_picture,
            "close": files.close_picture,
            "quit": self.close,
        }

    def _on_views(self) -> Reactions:
        canvas = self.canvas
        return {
            "beside": when_on(lambda: self.set_mode("beside")),
            "over": when_on(lambda: self.set_mode("over")),
            "split": when_on(lambda: self.set_mode("split")),
            "preview_window": self.preview_controller.show,
            "zoom_in": lambda: canvas.zoom(1.25),
            "zoom_out": lambda: canvas.zoom(0.8),
            "fit": canvas.fit,
            "actual": canvas.actual_size,
            "rotate_left": lambda: canvas.rotate(-15),
            "rotate_right": lambda: canvas.rotate(15),
            "flip": self.view.flip,
            "full_screen": lambda on: self.showFullScreen() if on else self.showNormal(),
            "docks": self._show_docks,
            "styles": self._show_styles,
            "colourways": lambda: self.colourways.open(),
            "theme_system": when_on(lambda: self.set_theme("system")),
            "theme_light": when_on(lambda: self.set_theme("light")),
            "theme_dark": when_on(lambda: self.set_theme("dark")),
        }

    def _on_models(self) -> Reactions:
        session = self.session
        return {
            "refresh": session.live.refresh,
            "native": session.models.set_native,
            **self.shelf.reactions(),
            "feather": lambda: ask_feather(session, self),
            "next_style": lambda: session.styles.step(1),
            "previous_style": lambda: session.styles.step(-1),
            "more_styles": session.styles.more,
            "name_style": self.style_dock.ask_name,
            "morph": lambda: MorphDialog(session, self).open(),
            "photo_style": self.files.style_of_photo,
            "compare_models": lambda: self.comparison.open(),
            "import": self.files.import_model,
            **self.training.reactions(),
            "prepare_photos": lambda: self.preparing.open_on(None),
            "teach": session.teaching.begin,
            "make_pairs": self.make_pairs,
            **self.pair_drawing_bar.reactions(),
        }

    def _on_help(self) -> Reactions:
        return {
            "welcome": self.welcome.open,
            "folders": self.folders.list,
            "shortcuts": lambda: picture_dialogs.ShortcutsDialog(self.actions_table, self).open(),
            "about": lambda: AboutDialog(self.session, VERSION, self).open(),
        }

    def _connect_news(self) -> None:
        """What happens, and who is told."""
        session = self.session
        session.notice.connect(self.messages.say)
        session.error_reported.connect(self.messages.warn)
        ImportController(session, self)
        session.read_as.connect(self.files.offer_other_kinds)
        session.changed_elsewhere.connect(self.files.ask_which)
        session.pair_drawing.finished.connect(self._offer_training)
        session.teaching.started.connect(self.training.open)
        self.pair_drawing_bar.train.connect(self.training.prepare)
        self.training.wants_pairs.connect(self.make_pairs)
        self.training.wants_preparing.connect(lambda folder: self.preparing.open_on(folder))
        session.training_queue.day_wanted.connect(lambda: self.day.open())
        self.canvas.hovered.connect(self.status_line.show_position)
        self.shelf.wants_morph.connect(lambda frame: MorphDialog(session, self, frame).open())
        self.preview_bar.blended.connect(self.canvas.update)
        self.welcome.left.connect(self.canvas.setFocus)
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _scheme: self._system_theme_changed())

    def _connect_state(self) -> None:
        """What is so, and who shows it."""
        session, live, strokes, actions = (
            self.session,
            self.session.live,
            self.session.strokes,
            self.actions_table,
        )
        session.comparing.watch("sides", self._show_preview)
        session.teaching.watch("here", self._show_lesson)
        session.pair_drawing.watch("here", self.canvas.setFocus)
        session.watch("steps", self._show_steps)
        session.watch("title saved", self._show_title)
        session.restructured.connect(self._show_abilities)
        self.symmetry = Symmetry(session, actions, self)
        strokes.watch("ink adjusting", self.canvas.update)  # the axes may be others
        strokes.watch("drawing taken_back", self._show_steps)
        strokes.watch("tool", lambda: actions[f"tool_{strokes.tool}"].setChecked(True))
        strokes.watch("knows_hints", self._show_abilities)
        bind(session.films, "kept", actions["keep_ways"], "setChecked", "toggled")
        bind(strokes, "adjusting", actions["adjust_axes"], "setChecked", "toggled")
        bind(strokes, "quick_shapes", actions["quick_shapes"], "setChecked", "toggled")
        bind(live, "enabled", actions["live"], "setChecked", "toggled")
        bind(live, "single_precision", actions["single_precision"], "setChecked", "toggled")
        live.watch("native", lambda: actions["native"].setChecked(live.native))
        live.watch("card", self._show_abilities)

    def _restore(self) -> None:
        settings = self.session.settings
        fit(self, 1280, 800)
        self._arranged = recall(self, self.splitter, settings)
        self.actions_table["full_screen"].setChecked(self.isFullScreen())
        self.actions_table["docks"].setChecked(True)
        self.actions_table["styles"].setChecked(settings.styles_panel)
        self.style_dock.setVisible(settings.styles_panel)
        self.actions_table[f"theme_{settings.theme}"].setChecked(True)
        self.actions_table[settings.preview_mode].setChecked(True)
        self.actions_table["preview_window"].setChecked(settings.preview_window)

    # --- what actions do ------------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Show the preview ``beside`` the canvas, ``over`` it, or ``split`` by a divider."""
        self.session.settings.preview_mode = mode
        self._show_preview()
        self.preview_bar.set_mode(mode)

    def make_pairs(self, sources: list[Path] | None = None) -> None:
        """Ask which photos to draw over, and into which data set."""
        PairStartDialog(self.session, sources or [], self).open()

    def _offer_training(self) -> None:
        photo_set = self.session.pair_drawing.photo_set
        assert photo_set is not None
        self.messages.offer(
            self.tr("Every photo has its pair now."),
            (self.tr("&Train on them"), lambda: self.training.prepare(photo_set.folder)),
            (self.tr("&Done"), lambda: self.session.pair_drawing.finish(photo_set.folder)),
        )

    def _show_lesson(self) -> None:
        """A correction wants its drawing beside it, whatever else is chosen."""
        self._show_preview()
        self.canvas.setFocus()

    def _show_preview(self) -> None:
        """Beside the canvas or in it; what is compared is always beside it."""
        session, comparing = self.session, self.session.comparing.sides is not None
        mode = "beside" if session.teaching.here else session.settings.preview_mode
        self.preview_controller.show_panel(mode == "beside" or comparing)
        self.canvas.set_mode(mode)
        self.actions_table["compare"].setChecked(comparing)

    def set_theme(self, name: str) -> None:
        """Dress the program ``system``, ``light`` or ``dark``."""
        self.session.settings.theme = name
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        if theme.apply(application, name):
            self.actions_table.dress()
            dress_overflow(self.tool_bar, self.brush_bar)

    def _system_theme_changed(self) -> None:
        if self.session.settings.theme == "system":
            self.set_theme("system")

    def _show_docks(self, on: bool) -> None:
        for dock in self.docks:
            dock.setVisible(on and (dock is not self.style_dock or self.session.settings.styles_panel))

    def _show_styles(self, on: bool) -> None:
        self.session.settings.styles_panel = on
        self.style_dock.setVisible(on and self.actions_table["docks"].isChecked())

    def _show_abilities(self) -> None:
        if self.session.picture is None:
            return
        sketch = self.session.document.kind == "sketch"
        self.actions_table["draw_lines"].setEnabled(sketch)
        self.actions_table["draw_hints"].setEnabled(sketch and self.session.strokes.knows_hints)
        exports = ("export_preview", "export_pair", "export_finished", "export_cut_out", "export_larger")
        for name in (*exports, "vary", "keep", "refresh", "copy_preview", "teach", "preview_layer"):
            self.actions_table[name].setEnabled(self.session.live.card is not None)

    def _show_title(self) -> None:
        name = self.session.title.replace("[*]", "[ * ]")  # Qt's sign for unsaved changes
        self.setWindowTitle(f"{name}[*] – Underpaint")
        self.setWindowModified(not self.session.saved)

    def _show_steps(self) -> None:
        steps, strokes = self.session.steps, self.session.strokes
        redo = strokes.taken_back if strokes.drawing else steps.redo > 0
        self.actions_table.name_step("undo", steps.undo_text, steps.undo > 0 or strokes.drawing)
        self.actions_table.name_step("redo", "" if strokes.drawing else steps.redo_text, redo)

    # --- events ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and pictures may be dropped anywhere."""
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped; with several files, each. Folders are to draw over, zips to train on."""
        dropped = files_in(event.mimeData())
        event.acceptProposedAction()
        if dropped and all(os.path.isdir(path) for path in dropped):
            self.make_pairs(dropped)
        elif not self.training.takes(dropped):
            self.clipboard.take(event.mimeData())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the window; unsaved pictures are kept and offered at the next start.

        What can't be kept is asked about. Else nothing is, and nothing that goes wrong keeps the window open.
        """
        if not self.files.may_close() or not self.training.may_close():
            event.ignore()
            return
        remember(self, self.splitter, self.session.settings)
        self.preview_controller.leave()
        self.session.close()
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """The very first time, the panels share their room so that the bundled models are seen."""
        super().showEvent(event)
        dress_overflow(self.tool_bar, self.brush_bar)
        if not self._arranged:
            QTimer.singleShot(0, self, self._share_out)  # when they have a place
        self._arranged = True

    def _share_out(self) -> None:
        self.resizeDocks(list(self.docks), [258, 150, 200, 146], Qt.Orientation.Vertical)

    def createPopupMenu(self) -> QMenu | None:
        """No menu for hiding bars: one would hide what can't be found again."""
        return None

    def canvas_point(self, x: float, y: float) -> QPointF:
        """Where a picture point lies on the canvas, for demonstrations and tests with real events."""
        return self.view.transform(QSizeF(self.canvas.size())).map(QPointF(x, y))
