"""Which part of the program may know which: the table that ``tests/test_architecture.py`` holds it to."""

from __future__ import annotations

# A *room* is a package with the modules directly in it, and each module of a package that holds packages.
# Room → the rooms that it may import from. Arrows inside functions and TYPE_CHECKING count too.
ARROWS: dict[str, str] = {
    "resources": "",
    "engine": "engine.passes",
    "engine.data": "engine.errors engine.files",
    "engine.devices": "engine.data engine.errors engine.files engine.layers resources",
    "engine.errors": "",
    "engine.files": "",
    "engine.foreign": "engine.data engine.errors engine.files engine.models engine.networks",
    "engine.layers": "",
    "engine.models": "engine.data engine.errors engine.files engine.networks resources",
    "engine.networks": "engine.errors engine.layers",
    "engine.passes": (
        "engine.data engine.devices engine.errors engine.layers engine.models engine.networks engine.planes"
    ),
    "engine.planes": "engine.data engine.errors",
    "engine.thread": "engine.data engine.errors engine.foreign engine.models engine.passes engine.planes",
    "engine.finishing": "engine.data engine.errors engine.planes",
    "trainer.__main__": "engine.errors resources trainer.cli trainer.commands trainer.preparing",
    "trainer.cli": (
        "engine.data engine.errors engine.files engine.models engine.passes resources trainer.data "
        "trainer.dataset_check trainer.drafting trainer.evaluation trainer.machine trainer.perception "
        "trainer.pictures trainer.planning trainer.run trainer.training"
    ),
    "trainer.data": "engine.data engine.errors engine.files trainer.files trainer.pictures",
    "trainer.dataset_check": (
        "engine.data engine.errors engine.files trainer.data trainer.files trainer.loading "
        "trainer.perception trainer.pictures"
    ),
    "trainer.evaluation": (
        "engine.data engine.errors engine.files engine.foreign engine.layers engine.models engine.passes "
        "trainer.data trainer.files trainer.loading trainer.machine trainer.perception trainer.pictures "
        "trainer.run trainer.training"
    ),
    "trainer.files": "engine.data engine.errors engine.files",
    "trainer.loading": (
        "engine.data engine.errors engine.planes trainer.data trainer.machine trainer.perception "
        "trainer.pictures"
    ),
    "trainer.machine": "engine.errors engine.files resources",
    "trainer.pictures": "engine.data engine.errors engine.planes trainer.files",
    "trainer.planning": (
        "engine.data engine.devices engine.models engine.networks trainer.data trainer.machine trainer.run "
        "trainer.training"
    ),
    "trainer.preparing": (
        "engine.data engine.errors engine.files engine.finishing trainer.cli trainer.dataset_check "
        "trainer.files trainer.pictures"
    ),
    "trainer.run": (
        "engine.data engine.files resources trainer.loading trainer.machine trainer.perception "
        "trainer.pictures"
    ),
    "trainer.training": (
        "engine.data engine.devices engine.errors engine.layers engine.models engine.networks "
        "engine.passes engine.planes trainer.data trainer.files trainer.loading trainer.machine "
        "trainer.perception trainer.pictures trainer.run"
    ),
    "trainer.perception": "engine.data engine.devices engine.errors engine.layers resources trainer.machine",
    "trainer.comparison": (
        "engine.data engine.errors engine.passes resources trainer.data trainer.evaluation "
        "trainer.machine trainer.perception"
    ),
    "trainer.drafting": (
        "engine.data engine.errors engine.files trainer.data trainer.evaluation trainer.files "
        "trainer.loading trainer.machine trainer.perception trainer.pictures"
    ),
    "trainer.commands": (
        "engine.data engine.errors engine.files engine.models engine.passes trainer.cli trainer.data "
        "trainer.dataset_check trainer.evaluation trainer.machine trainer.queue trainer.run"
    ),
    "trainer.queue": "engine.data engine.files resources trainer.machine trainer.run",
    "desktop.__main__": (
        "desktop.app desktop.colourways desktop.comparison desktop.demo desktop.paint.files "
        "desktop.replaying desktop.single_instance desktop.translating engine engine.data engine.devices "
        "engine.errors engine.foreign engine.models engine.passes engine.planes resources "
        "trainer.__main__ trainer.cli"
    ),
    "desktop.app": (
        "desktop.crashes desktop.session desktop.single_instance desktop.support desktop.widgets.dialogs "
        "desktop.widgets.main_window desktop.widgets.parts engine.errors resources"
    ),
    "desktop.crashes": "desktop.support engine.errors engine.files resources",
    "desktop.demo": (
        "desktop.app desktop.documents desktop.paint.editing desktop.paint.files desktop.paint.layers "
        "desktop.session desktop.training desktop.widgets.dialogs desktop.widgets.main_window "
        "desktop.widgets.training engine.data engine.errors engine.files resources"
    ),
    "desktop.awaiting": "desktop.paint.editing desktop.paint.strokes desktop.paint.tools desktop.support",
    "desktop.documents": (
        "desktop.awaiting desktop.paint.brushes desktop.paint.editing desktop.paint.files "
        "desktop.paint.gestures desktop.paint.layers desktop.paint.strokes desktop.paint.tools "
        "desktop.support engine.data engine.errors engine.files engine.planes resources"
    ),
    "desktop.paint.brushes": "desktop.paint.plugins desktop.paint.strokes",
    "desktop.paint.editing": "desktop.paint.layers desktop.paint.strokes engine.data engine.errors",
    "desktop.paint.files": (
        "desktop.paint.editing desktop.paint.layers desktop.paint.strokes desktop.paint.tools engine.data "
        "engine.errors engine.files"
    ),
    "desktop.paint.reel": (
        "desktop.paint.editing desktop.paint.files desktop.paint.layers desktop.paint.strokes engine.data"
    ),
    "desktop.film": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.paint.layers "
        "desktop.paint.reel desktop.paint.strokes desktop.preview desktop.support engine.data "
        "engine.errors engine.files engine.planes"
    ),
    "desktop.replaying": (
        "desktop.film desktop.paint.files desktop.paint.reel engine engine.data engine.errors engine.planes"
    ),
    "desktop.widgets.film": "desktop.film desktop.session desktop.widgets.dialogs desktop.widgets.parts",
    "desktop.paint.gestures": (
        "desktop.paint.brushes desktop.paint.editing desktop.paint.layers desktop.paint.strokes "
        "engine.data engine.errors"
    ),
    "desktop.paint.layers": "engine.data",
    "desktop.paint.plugins": "",
    "desktop.paint.strokes": "engine.data",
    "desktop.paint.tools": (
        "desktop.paint.editing desktop.paint.gestures desktop.paint.layers desktop.paint.plugins "
        "desktop.paint.strokes engine.data engine.errors"
    ),
    "desktop.pairs": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.paint.gestures "
        "desktop.paint.layers desktop.paint.strokes desktop.preview desktop.support desktop.training "
        "engine.data engine.errors engine.files engine.models engine.planes resources trainer.drafting "
        "trainer.files trainer.machine trainer.perception trainer.pictures trainer.run"
    ),
    "desktop.preview": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.support engine.data "
        "engine.errors engine.files engine.models engine.planes engine.thread resources"
    ),
    "desktop.session": (
        "desktop.colourways desktop.documents desktop.exporting desktop.film desktop.frames "
        "desktop.handling desktop.inputs desktop.layer_actions desktop.models desktop.paint.editing "
        "desktop.paint.files desktop.pairs desktop.preparing desktop.preview desktop.selecting "
        "desktop.support desktop.training engine.data"
    ),
    "desktop.layer_actions": (
        "desktop.documents desktop.paint.editing desktop.support engine.data engine.files"
    ),
    "desktop.single_instance": "engine.files resources",
    "desktop.support": "engine.errors engine.files resources",
    "desktop.training": (
        "desktop.paint.editing desktop.support engine.data engine.errors engine.files engine.models "
        "resources trainer.data trainer.dataset_check trainer.pictures trainer.queue trainer.run"
    ),
    "desktop.widgets.canvas": (
        "desktop.frames desktop.paint.layers desktop.paint.strokes desktop.paint.tools desktop.session "
        "desktop.support desktop.widgets.parts engine.data"
    ),
    "desktop.widgets.dialogs": (
        "desktop.documents desktop.paint.editing desktop.paint.layers desktop.session desktop.support "
        "desktop.widgets.parts engine.data engine.errors engine.files"
    ),
    "desktop.widgets.main_window": (
        "desktop.paint.tools desktop.session desktop.support desktop.widgets.canvas "
        "desktop.widgets.companions desktop.widgets.comparison desktop.widgets.dialogs "
        "desktop.widgets.edit_actions desktop.widgets.exporting desktop.widgets.film "
        "desktop.widgets.sharing desktop.widgets.inputs desktop.widgets.panels desktop.widgets.parts "
        "desktop.widgets.styles desktop.widgets.training desktop.widgets.welcome resources"
    ),
    "desktop.widgets.companions": (
        "desktop.session desktop.widgets.colourways desktop.widgets.comparison desktop.widgets.day "
        "desktop.widgets.parts desktop.widgets.preparing desktop.widgets.training"
    ),
    "desktop.widgets.panels": (
        "desktop.paint.brushes desktop.paint.editing desktop.paint.tools desktop.pairs desktop.preview "
        "desktop.session desktop.support desktop.widgets.canvas desktop.widgets.drafting "
        "desktop.widgets.hand desktop.widgets.parts engine.data engine.models"
    ),
    "desktop.widgets.parts": (
        "desktop.paint.editing desktop.paint.files desktop.paint.layers desktop.session desktop.support "
        "engine.data engine.files"
    ),
    "desktop.widgets.training": (
        "desktop.session desktop.support desktop.training desktop.widgets.parts engine.data engine.files "
        "trainer.perception trainer.queue trainer.run"
    ),
    "desktop.widgets.day": (
        "desktop.session desktop.training desktop.widgets.parts desktop.widgets.training"
    ),
    "desktop.widgets.welcome": (
        "desktop.preview desktop.session desktop.support desktop.widgets.panels desktop.widgets.parts "
        "engine.data engine.files"
    ),
    "desktop.translating": (
        "desktop.paint.editing desktop.paint.files desktop.paint.layers engine.data engine.errors "
        "engine.finishing engine.passes engine.planes trainer.cli"
    ),
    "desktop.widgets.styles": (
        "desktop.paint.editing desktop.preview desktop.session desktop.support desktop.widgets.dialogs "
        "desktop.widgets.parts engine.errors"
    ),
    "desktop.inputs": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.paint.layers desktop.support "
        "engine.data engine.errors engine.files"
    ),
    "desktop.widgets.inputs": (
        "desktop.inputs desktop.session desktop.support desktop.widgets.dialogs desktop.widgets.panels "
        "desktop.widgets.parts"
    ),
    "desktop.handling": "desktop.documents desktop.support",
    "desktop.widgets.hand": (
        "desktop.documents desktop.session desktop.support desktop.widgets.parts engine.data"
    ),
    "desktop.frames": (
        "desktop.documents desktop.paint.editing desktop.paint.layers desktop.preview desktop.support "
        "engine.data engine.planes"
    ),
    "desktop.selecting": "desktop.documents desktop.paint.editing desktop.paint.layers engine.data",
    "desktop.widgets.edit_actions": (
        "desktop.paint.editing desktop.paint.strokes desktop.paint.tools desktop.session "
        "desktop.widgets.canvas desktop.widgets.dialogs desktop.widgets.hand desktop.widgets.parts "
        "engine.data"
    ),
    "desktop.colourways": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.preview desktop.support "
        "engine engine.data engine.errors engine.files engine.passes engine.planes trainer.cli"
    ),
    "desktop.exporting": (
        "desktop.documents desktop.paint.editing desktop.paint.files desktop.paint.layers desktop.preview "
        "desktop.support engine.data engine.errors engine.files engine.finishing"
    ),
    "desktop.widgets.exporting": (
        "desktop.session desktop.support desktop.widgets.dialogs desktop.widgets.parts engine.data "
        "engine.errors engine.finishing"
    ),
    "desktop.widgets.colourways": (
        "desktop.colourways desktop.session desktop.support desktop.widgets.parts engine.data engine.files"
    ),
    "desktop.comparison": (
        "desktop.documents desktop.paint.files desktop.preview desktop.support engine engine.data "
        "engine.errors engine.files engine.models engine.planes resources trainer.cli trainer.comparison "
        "trainer.dataset_check trainer.evaluation trainer.machine trainer.perception"
    ),
    "desktop.models": (
        "desktop.comparison desktop.documents desktop.sharing desktop.pairs desktop.preview "
        "desktop.support desktop.training engine.models"
    ),
    "desktop.widgets.comparison": (
        "desktop.comparison desktop.pairs desktop.session desktop.support desktop.widgets.parts engine.data "
        "engine.files"
    ),
    "desktop.sharing": (
        "desktop.documents desktop.paint.editing desktop.preview desktop.support engine.data "
        "engine.errors engine.files engine.models engine.planes"
    ),
    "desktop.widgets.sharing": (
        "desktop.sharing desktop.session desktop.support desktop.widgets.dialogs desktop.widgets.panels "
        "desktop.widgets.parts engine.data engine.errors engine.files engine.models"
    ),
    "desktop.widgets.drafting": (
        "desktop.pairs desktop.session desktop.support desktop.widgets.parts trainer.drafting"
    ),
    "desktop.preparing": "desktop.support engine.errors engine.files trainer.preparing",
    "desktop.widgets.preparing": "desktop.preparing desktop.session desktop.widgets.parts engine.files",
}

# Of the window, these alone hold what is named first: where the engine thread and Qt meet.
ONLY = {"engine.thread": "desktop.preview.bridge", "desktop.preview.bridge": "desktop.preview.live"}

# Qt stays in the window; widgets in what is seen of it.
QT = ("PySide6", "shiboken6", "qtawesome", "qtpy")
WIDGETS = ("PySide6.QtWidgets", "PySide6.QtOpenGLWidgets", "PySide6.QtSvgWidgets", "qtawesome")
MAY_SHOW = (
    "desktop.app",
    "desktop.demo.replay",
    "desktop.demo.illustrations",
    "desktop.demo.stage",
    "desktop.support.theme",
    "desktop.widgets",
)

# The window stands before torch is imported, on the engine's thread. So these, and all that they import
# at module level, are free of it.
TORCH = ("torch", "torchvision", "safetensors.torch")
LIGHT = (
    "desktop",
    "resources",
    "trainer.run.events",
    "engine",
    "engine.data",
    "engine.errors",
    "engine.files",
    "engine.models.bundle",
    "engine.models.catalogue",
    "engine.planes.codec",
    "engine.thread",
)
