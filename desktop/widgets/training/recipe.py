"""Weights and shares of a training that can be chosen: a field each, which begins with the recipe's value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QListWidgetItem, QToolButton, QWidget

from desktop.support import theme
from desktop.support.settings import Settings
from desktop.widgets.parts.room import shortened
from desktop.widgets.training.words import CONTEXT
from trainer.perception import weights
from trainer.run import options
from trainer.run.options import Recipe

IN_A_ROW = 3
SHARE = 100
"""A share is shown in per cent."""
WIDEST_LABEL = 120
"""Pixels for the name of a label that is painted anew."""
_SAME = 1e-6


def _(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text)


@dataclass(frozen=True)
class Field:
    """A number that is an option of a training, named as there; its bounds are the option's own."""

    option: str
    text: str
    tip: str
    step: float = 1.0
    most: float = 1000.0
    """Where the option itself has no bound."""
    none: str = ""
    """What 0 is called."""
    digits: int = 1
    """Behind the point."""
    of_styles: bool = False
    """Whether it says something only where there are styles."""
    of_parent: bool = False
    """Whether only where there is a model to begin with."""
    of_labels: bool = False
    """Whether only where label maps are painted."""


def fields() -> tuple[Field, ...]:
    """The fields in their order; another one is another line."""
    return (
        Field(
            "edges",
            _("Lines as people draw"),
            _(
                "How many of the drawings have lines that a trained edge detector finds: outline and parts, "
                "as people draw them. The others follow every change of colour. Each photo is looked at "
                "once, before the first step."
            ),
            step=0.05,
            none=_("none"),
        ),
        Field(
            "perceptual",
            _("Perceptual loss"),
            _(
                "How much it counts that textures and shapes look right to a trained eye, not only each "
                "pixel's colour. 15 is usual, with an L1 loss of 40; a training takes about half as long "
                "again. 0 does without."
            ),
            none=_("none"),
        ),
        Field(
            "l1",
            _("L1 loss"),
            _(
                "How much it counts that each pixel's colour is near the photo's. More of it is smoother and "
                "safer, less of it leaves more to the other losses."
            ),
            step=5.0,
            none=_("none"),
        ),
        Field(
            "styles",
            _("Styles"),
            _(
                "How many numbers say which of many photos one drawing becomes; 8 are usual. The model then "
                "paints one drawing in many styles and reads the style of any photo; photos in sub-folders "
                "give styles with their names. It learns somewhat slower. A model to go on from keeps the "
                "styles it has."
            ),
            step=8.0,
            none=_("none"),
        ),
        Field(
            "kl",
            _("Spread of styles"),
            _(
                "How much it counts that the styles of photos are spread as random ones are. With less of it "
                "photos' own styles differ more and random ones may miss them; 1 is usual, 0.1 for few "
                "photos that are very unlike."
            ),
            step=0.1,
            none=_("none"),
            digits=2,
            of_styles=True,
        ),
        Field(
            "latent",
            _("Styles found again"),
            _(
                "How much it counts that a random style can be read in the picture made of it. With more of "
                "it styles are plainer to see; 5 is usual."
            ),
            none=_("none"),
            of_styles=True,
        ),
        Field(
            "repaint",
            _("Main label painted anew"),
            _(
                "In how many photos the label that covers most, such as the walls of fronts, is painted in "
                "another colour, so that styles are of that colour too. 50 % is usual; without it styles "
                "are as unlike as the photos are."
            ),
            step=0.05,
            none=_("none"),
            of_styles=True,
            of_labels=True,
        ),
        Field(
            "inherited_rate",
            _("What it knows goes on learning"),
            _(
                "How quickly the weights of the model to begin with go on learning, beside what is new. With "
                "“as it is” they stay, and only styles are learnt: it paints what it painted, in other "
                "colours, and needs no more than half an hour."
            ),
            step=0.1,
            none=_("as it is"),
            of_parent=True,
        ),
    )


class RecipeFields(QWidget):
    """The fields, a few in a row.

    Args:
        settings: remember what was chosen otherwise than the recipe has it.
    """

    changed = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        rows = QGridLayout(self)
        rows.setContentsMargins(6, 2, 0, 0)
        rows.setHorizontalSpacing(10)
        self._settings = settings
        self._recipe: Recipe = "default"
        self._draws = self._continues = self._paints_labels = False
        self._inherited_styles = 0
        self._options = {option.name: option for option in options.each()}
        self._spins: dict[str, QDoubleSpinBox] = {}
        self._labels: dict[str, QLabel] = {}
        self._of_styles = [field.option for field in fields() if field.of_styles]
        self._of_parent = [field.option for field in fields() if field.of_parent]
        self._of_labels = [field.option for field in fields() if field.of_labels]
        for number, field in enumerate(fields()):
            name = field.option
            about, scale = self._options[name].about, self._scale(name)
            spin = QDoubleSpinBox()
            spin.setDecimals(0 if scale == SHARE or self._options[name].kind is int else field.digits)
            least, most = about.least or 0, field.most if about.most is None else about.most
            spin.setRange(scale * least, scale * most)
            spin.setSingleStep(scale * field.step)
            spin.setSuffix(" %" if scale == SHARE else "")
            spin.setSpecialValueText(field.none)
            spin.setObjectName(name)
            spin.setToolTip(theme.plain(field.tip))
            spin.valueChanged.connect(self._remember)
            label = QLabel(field.text)
            label.setToolTip(spin.toolTip())
            label.setBuddy(spin)
            label.setObjectName(f"{name}_label")
            row, column = divmod(number, IN_A_ROW)
            rows.addWidget(label, row, 2 * column)
            rows.addWidget(spin, row, 2 * column + 1)
            self._spins[name], self._labels[name] = spin, label
        self._usual = QToolButton()
        self._usual.setObjectName("usual_recipe")
        self._usual.setText(_("As the recipe has them"))
        self._usual.setToolTip(_("Undo what was chosen here: the recipe's own values"))
        self._usual.setAutoRaise(True)
        self._usual.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._usual.clicked.connect(self._undo)
        rows.addWidget(self._usual, 0, 2 * IN_A_ROW)
        rows.setColumnStretch(2 * IN_A_ROW + 1, 1)
        self.show_for(self._recipe, draws=False)

    @property
    def draws_edges(self) -> bool:
        """Whether the edges of photos have to be found."""
        return self._applies("edges") and self._spins["edges"].value() > 0

    def dress(self) -> None:
        """Icons in the theme's colours."""
        self._usual.setIcon(theme.icon("mdi6.restore"))

    def show_for(
        self,
        recipe: Recipe,
        *,
        draws: bool,
        continues: bool = False,
        inherited_styles: int = 0,
        labels: bool = False,
    ) -> None:
        """Show what a recipe has, or what was chosen instead.

        Args:
            draws: whether drawings are made of photos.
            continues: whether there is a model to begin with.
            inherited_styles: how many numbers a style of that model has, which it keeps.
            labels: whether label maps are painted.
        """
        self._recipe, self._draws, self._continues, self._paints_labels = recipe, draws, continues, labels
        self._inherited_styles = inherited_styles
        kept, none = _("%d, as it has") % inherited_styles, _("none")
        self._spins["styles"].setSpecialValueText(kept if inherited_styles else none)
        self._spins["styles"].updateGeometry()  # Qt leaves it as wide as the text before needed
        for name, spin in self._spins.items():
            value = self._usual_of(name)
            if recipe == "default":  # the paper's is the paper's
                value = self._settings.recipe.get(name, value)
            spin.blockSignals(True)
            spin.setValue(self._scale(name) * value)
            spin.blockSignals(False)
            spin.setEnabled(name != "edges" or weights.available())
        self._show_those_that_apply()

    def show_main_label(self, item: QListWidgetItem | None) -> None:
        """Say which label covers most, which is the one that would be painted anew; None where that is not
        known."""
        name = item.text() if item is not None else ""
        field, label = next(it for it in fields() if it.option == "repaint"), self._labels["repaint"]
        cut = shortened(name, label.fontMetrics(), WIDEST_LABEL)
        label.setText(_("“%s” painted anew") % cut if name else field.text)
        said = [_("The label that covers most is “%s”.") % name] if name else []
        for widget in (label, self._spins["repaint"]):
            widget.setToolTip(theme.plain("\n".join([*said, field.tip])))

    def chosen(self) -> dict[str, Any]:
        """Option → value, of those that are not as the recipe has them."""
        chosen: dict[str, float] = {}
        for name, spin in self._spins.items():
            value = spin.value() / self._scale(name)
            if self._applies(name) and abs(value - self._usual_of(name)) > _SAME:
                chosen[name] = int(value) if self._options[name].kind is int else value
        return chosen

    def _usual_of(self, name: str) -> float:
        from trainer.run import usual  # with much that the window has no time for at its start

        return float(usual.setting(name, self._recipe, self._draws))

    def _applies(self, name: str) -> bool:
        if name in self._of_parent:
            return self._continues
        if name in self._of_labels and not self._paints_labels:
            return False
        if name in self._of_styles:
            return self._spins["styles"].value() > 0 or self._inherited_styles > 0
        return name != "edges" or (self._draws and weights.available())

    def _scale(self, name: str) -> int:
        option = self._options[name]
        return SHARE if option.about.most == 1 and option.kind is float else 1

    def _remember(self) -> None:
        if self._recipe == "default":
            others = {name: it for name, it in self._settings.recipe.items() if not self._applies(name)}
            self._settings.recipe = {**others, **self.chosen()}
        self._show_those_that_apply()
        self.changed.emit()

    def _undo(self) -> None:
        for name in reversed(self.chosen()):  # what depends on there being styles before these
            self._spins[name].setValue(self._scale(name) * self._usual_of(name))

    def _show_those_that_apply(self) -> None:
        for name, spin in self._spins.items():
            for widget in (spin, self._labels[name]):
                widget.setVisible(self._draws if name == "edges" else self._applies(name))
        self._show_usual()

    def _show_usual(self) -> None:
        self._usual.setEnabled(bool(self.chosen()))
