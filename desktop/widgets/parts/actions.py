"""All actions in one table: menus, tool bars, the list of shortcuts and its editing derive from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from desktop.support import theme

CONTEXT = "actions"


def _(text: str) -> str:
    """Mark ``text`` for translation; it is translated where it is shown."""
    return str(QT_TRANSLATE_NOOP(CONTEXT, text))


Reactions = dict[str, Callable[..., object]]
"""By an action's name: what it does."""


@dataclass(frozen=True)
class Spec:
    """One row of the table. ``menu`` is where it stands; ``rule`` draws a line above it."""

    id: str
    menu: str
    text: str
    key: str = ""
    icon: str = ""
    checkable: bool = False
    rule: bool = False
    tip: str = ""


MENUS = [
    ("file", _("&File")),
    ("edit", _("&Edit")),
    ("tools", _("&Tools")),
    ("view", _("&View")),
    ("layer", _("&Layer")),
    ("model", _("&Model")),
    ("training", _("T&raining")),
    ("help", _("&Help")),
]

TABLE = [
    Spec("new", "file", _("&New picture …"), "Ctrl+N", "mdi6.file-plus-outline"),
    Spec("open", "file", _("&Open …"), "Ctrl+O", "mdi6.folder-open-outline"),
    Spec("recent", "file", _("Open &recent"), icon="mdi6.history"),
    Spec("example", "file", _("Another &example"), "Ctrl+E", "mdi6.dice-multiple-outline",
         tip=_("Put the next sample drawing of this model on the canvas")),
    Spec("watch_file", "file", _("&Watch a file …"), "Ctrl+Alt+W", "mdi6.file-eye-outline", rule=True,
         tip=_("Paint in any program: whenever the file is saved there, the picture here follows")),
    Spec("watch_region", "file", _("Watch a region of the sc&reen …"), "Ctrl+Alt+R", "mdi6.monitor-eye",
         tip=_("Follow what a rectangle of the screen shows; nothing of it is stored")),
    Spec("watch_stop", "file", _("S&top watching"), "Ctrl+Shift+W", "mdi6.eye-off-outline"),
    Spec("paper", "file", _("&From a photo of a sketch …"), "Ctrl+Alt+P", "mdi6.file-image-outline",
         tip=_("Clean a photo of a sketch on paper to lines")),
    Spec("save", "file", _("&Save"), "Ctrl+S", "mdi6.content-save-outline", rule=True),
    Spec("save_as", "file", _("Save &as …"), "Ctrl+Shift+S", "mdi6.content-save-edit-outline"),
    Spec("export_preview", "file", _("Export pre&view …"), "Ctrl+Shift+E", "mdi6.image-outline", rule=True),
    Spec("export_finished", "file", _("Export &finished picture …"), "Ctrl+Alt+E", "mdi6.image-check-outline",
         tip=_("The preview with all that was painted over it by hand, flattened")),
    Spec("export_picture", "file", _("Export &picture …"), "", "mdi6.draw"),
    Spec("export_pair", "file", _("Export side &by side …"), "", "mdi6.compare",
         tip=_("Picture and preview in one PNG, as the trainer reads it")),
    Spec("export_film", "file", _("Export &time-lapse …"), "Ctrl+Shift+L", "mdi6.movie-roll",
         tip=_("The way of the drawing, and what the network made of it, as a moving picture")),
    Spec("keep_ways", "file", _("&Keep the strokes for time-lapses"), "", "mdi6.record-rec", True,
         tip=_("Every step of a drawing is kept with its time, and saved with it; off: none is")),
    Spec("export_cut_out", "file", _("Export cut-ou&t …"), "Ctrl+Shift+X", "mdi6.scissors-cutting",
         tip=_("The object without its background: a PNG with transparency, or a layer")),
    Spec("export_larger", "file", _("Export &larger …"), "Ctrl+Alt+X", "mdi6.arrow-expand-all",
         tip=_("The preview at twice or four times the picture's size, with sharp edges")),
    Spec("next_picture", "file", _("Next open p&icture"), "Ctrl+Tab", "mdi6.swap-horizontal", rule=True),
    Spec("close", "file", _("&Close picture"), "Ctrl+W", "mdi6.close"),
    Spec("quit", "file", _("&Quit"), "Ctrl+Q", "mdi6.exit-to-app"),
    Spec("undo", "edit", _("&Undo"), "Ctrl+Z", "mdi6.undo"),
    Spec("redo", "edit", _("&Redo"), "Ctrl+Shift+Z", "mdi6.redo"),
    Spec("cut", "edit", _("Cu&t"), "Ctrl+X", "mdi6.content-cut", rule=True,
         tip=_("Copy the selection, or the whole layer, and delete it there")),
    Spec("copy", "edit", _("&Copy"), "Ctrl+C", "mdi6.content-copy",
         tip=_("Copy the selection, or the whole layer")),
    Spec("copy_preview", "edit", _("Copy pre&view"), "Ctrl+Shift+C", "mdi6.image-multiple-outline"),
    Spec("paste", "edit", _("&Paste"), "Ctrl+V", "mdi6.content-paste"),
    Spec("paste_paper", "edit", _("Paste a p&hoto of a sketch …"), "Ctrl+Alt+V", "mdi6.file-image-outline",
         tip=_("Clean the photo of a sketch that was copied to lines")),
    Spec("clear", "edit", _("C&lear"), "Del", "mdi6.delete-outline",
         tip=_("Delete what is selected, or all of the layer drawn on")),
    Spec("select_all", "edit", _("Select &all"), "Ctrl+A", "mdi6.select-all", rule=True),
    Spec("select_nothing", "edit", _("Select &nothing"), "Ctrl+Shift+A", "mdi6.select-off"),
    Spec("invert", "edit", _("&Invert selection"), "Ctrl+Shift+I", "mdi6.select-inverse"),
    Spec("resize", "edit", _("Re&size picture …"), "Ctrl+Alt+I", "mdi6.resize", rule=True),
    Spec("crop", "edit", _("Cr&op picture …"), "", "mdi6.crop"),
    Spec("smaller", "tools", _("Smaller brush"), "[", "mdi6.minus", rule=True),
    Spec("larger", "tools", _("Larger brush"), "]", "mdi6.plus"),
    Spec("keep_preset", "tools", _("&Keep this brush …"), "Ctrl+B", "mdi6.brush-variant",
         tip=_("Give the brush in hand a name, to take it again")),
    Spec("next_preset", "tools", _("&Next kept brush"), "B", "mdi6.chevron-right"),
    Spec("previous_preset", "tools", _("Kept brush be&fore"), "Shift+B", "mdi6.chevron-left"),
    Spec("draw_lines", "tools", _("Draw &lines"), "Q", "mdi6.draw", rule=True,
         tip=_("Strokes go to the lines of the sketch")),
    Spec("draw_hints", "tools", _("Draw &colours"), "W", "mdi6.palette-outline",
         tip=_("Strokes tell the network which colour you want there")),
    Spec("select_rectangle", "tools", _("Select by a &rectangle"), "Shift+R", "mdi6.selection", rule=True),
    Spec("select_hand", "tools", _("Select by &hand"), "Shift+P", "mdi6.lasso"),
    Spec("select_polygon", "tools", _("Select by a pol&ygon"), "Shift+G", "mdi6.vector-polygon"),
    Spec("select_colour", "tools", _("Select by c&olour"), "Shift+F", "mdi6.auto-fix"),
    Spec("mirror_vertical", "tools", _("Mirror &left and right"), "M", "mdi6.reflect-horizontal", True, True),
    Spec("mirror_horizontal", "tools", _("Mirror &top and bottom"), "Shift+M", "mdi6.reflect-vertical", True),
    Spec("radial", "tools", _("Ra&dial symmetry"), "Ctrl+Shift+M", "mdi6.flower-outline", True,
         tip=_("Each stroke comes again, turned around the crossing of the axes")),
    Spec("adjust_axes", "tools", _("Move and turn the a&xes"), "Shift+A", "mdi6.axis-arrow", True,
         tip=_("Show knobs to move and turn the axes of symmetry by")),
    Spec("reset_axes", "tools", _("Axes &back to the middle"), "", "mdi6.image-filter-center-focus"),
    Spec("quick_shapes", "tools", _("&Quick shapes"), "Shift+Q", "mdi6.shape-outline", True, True,
         tip=_("A stroke that is held still at its end becomes a line, an ellipse or a polygon")),
    Spec("beside", "view", _("Preview &beside"), "F6", "mdi6.view-split-vertical", True),
    Spec("over", "view", _("Preview &over the picture"), "F7", "mdi6.layers-outline", True),
    Spec("split", "view", _("&Split view"), "F8", "mdi6.compare", True),
    Spec("preview_window", "view", _("Preview in its own &window"), "Shift+F6", "mdi6.dock-window", True,
         tip=_("On a second screen, say; with a zoom of its own")),
    Spec("zoom_in", "view", _("Zoom &in"), "+", "mdi6.magnify-plus-outline", rule=True),
    Spec("zoom_out", "view", _("Zoom o&ut"), "-", "mdi6.magnify-minus-outline"),
    Spec("fit", "view", _("&Fit"), "Ctrl+0", "mdi6.fit-to-page-outline"),
    Spec("actual", "view", _("&100 %"), "Ctrl+1", "mdi6.numeric-1-box-outline"),
    Spec("rotate_left", "view", _("Turn left"), "Ctrl+[", "mdi6.rotate-left"),
    Spec("rotate_right", "view", _("Turn right"), "Ctrl+]", "mdi6.rotate-right"),
    Spec("flip", "view", _("Flip &view"), "H", "mdi6.flip-horizontal", tip=_("Only how it is shown")),
    Spec("full_screen", "view", _("Full s&creen"), "F11", "mdi6.fullscreen", True, True),
    Spec("docks", "view", _("&Panels"), "Tab", "mdi6.dock-right", True),
    Spec("styles", "view", _("Pan&el of styles"), "F9", "mdi6.palette-swatch-variant", True,
         tip=_("What the drawing is in other styles, to choose from")),
    Spec("colourways", "view", _("Colourwa&ys …"), "Shift+F9", "mdi6.view-grid-outline",
         tip=_("What the drawing is with its hints in other colours, to choose from")),
    Spec("theme_system", "view", _("Theme of the system"), "", "mdi6.theme-light-dark", True, True),
    Spec("theme_light", "view", _("Light theme"), "", "mdi6.white-balance-sunny", True),
    Spec("theme_dark", "view", _("Dark theme"), "", "mdi6.weather-night", True),
    Spec("add_paint", "layer", _("New &layer"), "Ctrl+Shift+N", "mdi6.layers-plus"),
    Spec("add_reference", "layer", _("New &reference from a picture …"), "", "mdi6.image-plus",
         tip=_("A photo to trace: shown, never sent to the network")),
    Spec("preview_layer", "layer", _("&Preview as a layer"), "Ctrl+L", "mdi6.image-edit-outline",
         tip=_("To finish it by hand: the preview, or its selected part, as a layer that is never sent")),
    Spec("remove_layer", "layer", _("&Delete layer"), "", "mdi6.layers-remove"),
    Spec("layer_up", "layer", _("Move layer &up"), "Ctrl+PgUp", "mdi6.arrow-up", rule=True),
    Spec("layer_down", "layer", _("Move layer &down"), "Ctrl+PgDown", "mdi6.arrow-down"),
    Spec("live", "model", _("&Live preview"), "F5", "mdi6.lightning-bolt-outline", True),
    Spec("refresh", "model", _("&Make one preview"), "Shift+F5", "mdi6.refresh"),
    Spec("native", "model", _("Network at the picture's own &size"), "", "mdi6.arrow-expand", True,
         tip=_("Off: the picture is brought to the size that the model was trained at")),
    Spec("single_precision", "model", _("Plain single &precision"), "", "mdi6.decimal-increase", True,
         tip=_("Slower, for comparing; off: the quickest numbers that serve on this device")),
    Spec("keep", "model", _("&Keep this frame"), "K", "mdi6.bookmark-plus-outline", rule=True,
         tip=_("Store picture and preview on the shelf")),
    Spec("rename_frame", "model", _("&Rename the kept frame …"), "F2", "mdi6.rename-outline",
         tip=_("Give the frame chosen on the shelf, or the newest, another name")),
    Spec("compare", "model", _("&Compare kept frames"), "Shift+K", "mdi6.compare", True,
         tip=_("The two chosen on the shelf, or the newest two, under a divider; Esc ends it")),
    Spec("vary", "model", _("Eight &variations"), "V", "mdi6.creation-outline",
         tip=_("Eight other pictures of the same drawing to choose from")),
    Spec("hold_rest", "model", _("&Hold the rest of the preview"), "Ctrl+H", "mdi6.lock-outline", rule=True,
         tip=_("Inside the selection the preview lives; all else of it stays as it is now")),
    Spec("hold_selected", "model", _("Hold what is selecte&d"), "Ctrl+Shift+H", "mdi6.lock-plus-outline",
         tip=_("That part of the preview stays as it is now; all else lives")),
    Spec("select_held", "model", _("Select &what is held"), "Ctrl+Alt+A", "mdi6.selection-ellipse",
         tip=_("To bring it into the picture with Preview as a layer, say")),
    Spec("lift_hold", "model", _("Li&ft the newest hold"), "Ctrl+Alt+H", "mdi6.lock-open-variant-outline",
         tip=_("It lives again; what was held before is so again")),
    Spec("lift_holds", "model", _("Lift all hold&s"), "Ctrl+Alt+Shift+H", "mdi6.lock-open-outline"),
    Spec("feather", "model", _("Feather of holds …"), "Ctrl+Alt+F", "mdi6.feather",
         tip=_("How wide the border is between what is held and what lives")),
    Spec("next_style", "model", _("Ne&xt style"), ".", "mdi6.chevron-right", rule=True,
         tip=_("Take the next style of the panel")),
    Spec("previous_style", "model", _("Style &before"), ",", "mdi6.chevron-left",
         tip=_("Take the style of the panel that stands before")),
    Spec("more_styles", "model", _("M&ore styles"), "Shift+V", "mdi6.dice-multiple-outline",
         tip=_("Draw eight others; those that are locked stay")),
    Spec("name_style", "model", _("&Name this style …"), "Ctrl+K", "mdi6.tag-plus-outline",
         tip=_("Keep the picture's style by a name, with the picture and for this model")),
    Spec("photo_style", "model", _("Style of a pho&to …"), "Ctrl+Shift+O", "mdi6.image-search-outline",
         tip=_("Take the style that a photo has; one may be dropped on the preview as well")),
    Spec("morph", "model", _("Morp&h …"), "Ctrl+M", "mdi6.movie-open-outline",
         tip=_("From one kept frame or style to another, as a moving picture")),
    Spec("compare_models", "model", _("Comp&are models …"), "Ctrl+Shift+K", "mdi6.view-column-outline",
         rule=True, tip=_("What each makes of the drawing, how each does on other pairs; which one stays")),
    Spec("from_catalogue", "model", _("Add from catalog&ue …"), "Ctrl+Alt+U", "mdi6.folder-table-outline",
         tip=_("A model of a shared folder, checked against the folder's list")),
    Spec("edit_card", "model", _("&Edit card …"), "Ctrl+Alt+K", "mdi6.card-account-details-outline",
         tip=_("What the open model says of itself: name, terms, what it learnt from, sample drawings")),
    Spec("give_away", "model", _("&Give away …"), "Ctrl+Alt+G", "mdi6.gift-outline",
         tip=_("Write the open model with its card and drawings into one file for somebody else")),
    Spec("import", "model", _("&Import weights or a model …"), "Ctrl+I", "mdi6.import",
         tip=_("A model file, or latest_net_G.pth of the reference project")),
    Spec("train", "training", _("&Train a model …"), "Ctrl+T", "mdi6.school-outline",
         tip=_("From a folder of pictures to a model of your own")),
    Spec("queue", "training", _("&Queue of trainings …"), "Ctrl+Alt+Q", "mdi6.playlist-play",
         tip=_("Trainings one after the other, at night or when the machine is idle")),
    Spec("day", "training", _("Day's &results …"), "Ctrl+Alt+D", "mdi6.calendar-today-outline",
         tip=_("What came of the trainings of the last 24 hours, with samples side by side")),
    Spec("prepare_photos", "training", _("&Prepare photos …"), "Ctrl+Shift+P", "mdi6.image-auto-adjust",
         tip=_("Cut out and centre what a folder of photos shows, and leave odd photos out")),
    Spec("teach", "training", _("Teac&h it this …"), "Ctrl+Shift+T", "mdi6.human-male-board",
         tip=_("Paint over the preview what is wrong with it, and have the model learn that")),
    Spec("make_pairs", "training", _("&Make pairs by painting …"), "Ctrl+P", "mdi6.image-edit-outline",
         rule=True, tip=_("Draw over photos; each goes with its drawing into a data set to train on")),
    Spec("add_pair", "training", _("&Add to the data set"), "Ctrl+D", "mdi6.image-check-outline",
         tip=_("Put photo and drawing into the data set as a pair, and go on to the next photo")),
    Spec("add_rest", "training", _("Add the rest as the&y are …"), "Ctrl+Shift+D",
         "mdi6.image-multiple-outline",
         tip=_("Look over the drafts of photos without a map, and put those you trust into the data set")),
    Spec("draft_lines", "training", _("&Draft the photo"), "Shift+D", "mdi6.auto-fix",
         tip=_("Its lines, or labels as you paint them, to be corrected; smart fill with Ctrl goes by it")),
    Spec("next_photo", "training", _("&Skip to the next photo"), "PgDown", "mdi6.skip-next-outline"),
    Spec("previous_photo", "training", _("&Back to the photo before"), "PgUp", "mdi6.skip-previous-outline"),
    Spec("toggle_photo", "training", _("Show the &photo over the drawing"), "T", "mdi6.image-outline", True),
    Spec("welcome", "help", _("&Welcome"), "", "mdi6.hand-wave-outline",
         tip=_("What each model can do, as pictures to begin with")),
    Spec("folders", "help", _("Your &folders …"), "", "mdi6.folder-outline",
         tip=_("Where models, trainings, unsaved drawings and logs are")),
    Spec("shortcuts", "help", _("&Keyboard shortcuts …"), "F1", "mdi6.keyboard-outline"),
    Spec("about", "help", _("&About Underpaint"), "", "mdi6.information-outline"),
]  # fmt: skip

LABEL_KEYS = [*"1234567890", *(f"Shift+{digit}" for digit in "1234567890")]
"""Keys of the first twenty labels; no action can have one of these."""

PRESET_KEYS = [f"Alt+{digit}" for digit in "123456789"]
"""Keys of the first nine brushes that have a name; no action can have one of these either."""

ALSO = {"redo": "Ctrl+Y", "zoom_in": "=", "refresh": "Ctrl+Return"}
"""Second keys that many hands know."""


def shown(text: str) -> str:
    """The text of the table in the user's language."""
    return QCoreApplication.translate(CONTEXT, text)


class Actions:
    """The table's actions for one window, connected to what carries them out."""

    def __init__(self, window: QWidget, keys: dict[str, str]) -> None:
        self._actions: dict[str, QAction] = {}
        self._window = window
        self._keys = keys
        self._specs: dict[str, Spec] = {}
        for spec in TABLE:
            self.add(spec)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._specs.values())

    def add(self, spec: Spec) -> QAction:
        """Make the action of a row; tools add rows of their own."""
        action = QAction(shown(spec.text), self._window)
        action.setObjectName(f"action_{spec.id}")
        action.setCheckable(spec.checkable)
        self._actions[spec.id] = action
        self._specs[spec.id] = spec
        self._window.addAction(action)
        self.set_key(spec.id, self._keys.get(spec.id, spec.key), remember=False)
        self.dress(spec.id)
        return action

    def connect(self, reactions: Reactions) -> None:
        """Connect each action to what it does; an action without one is a mistake of ours."""
        for name, reaction in reactions.items():
            action = self._actions[name]
            if action.isCheckable():
                action.toggled.connect(reaction)
            else:
                action.triggered.connect(lambda _checked=False, do=reaction: do())

    def set_key(self, name: str, key: str, remember: bool = True) -> None:
        """Give an action another shortcut; an empty one takes it away."""
        sequences = [QKeySequence(key)] if key else []
        if key and name in ALSO:
            sequences.append(QKeySequence(ALSO[name]))
        self._actions[name].setShortcuts(sequences)
        if remember:
            if key == self._specs[name].key:
                self._keys.pop(name, None)
            else:
                self._keys[name] = key
        self._describe(name)

    def key(self, name: str) -> str:
        """The first shortcut of an action, in the portable spelling."""
        return self._actions[name].shortcut().toString()

    def all_keys(self, name: str) -> list[str]:
        """All shortcuts of an action, in the portable spelling."""
        return [key.toString() for key in self._actions[name].shortcuts()]

    def name_step(self, name: str, step: str, usable: bool) -> None:
        """Say on “Undo” or “Redo” which ``step`` it would be, if any."""
        text = shown(self._specs[name].text)
        self._actions[name].setText(f"{text}: {step}" if step else text)
        self._actions[name].setEnabled(usable)
        self._describe(name)

    def dress(self, name: str = "") -> None:
        """Give the icons the theme's colours."""
        for spec in [self._specs[name]] if name else self._specs.values():
            if spec.icon:
                self._actions[spec.id].setIcon(theme.icon(spec.icon))

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Build the menus; returns them by name."""
        menus = {}
        for name, title in MENUS:
            menu = bar.addMenu(shown(title))
            menu.setToolTipsVisible(True)
            menus[name] = menu
            for spec in [spec for spec in self._specs.values() if spec.menu == name]:
                if spec.rule and not menu.isEmpty():
                    menu.addSeparator()
                menu.addAction(self._actions[spec.id])
        return menus

    def _describe(self, name: str) -> None:
        spec, action = self._specs[name], self._actions[name]
        text = shown(spec.tip or spec.text).replace("&", "").removesuffix(" …")
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{text} ({key})" if key else text)
        action.setStatusTip(text)


def when_on(do: Callable[[], object]) -> Callable[[bool], None]:
    """For an action that is one of several: act on being chosen, not on being left."""

    def react(on: bool) -> None:
        if on:
            do()

    return react
