"""What a training's page says of its losses and of looking at photos first, and what it says meanwhile."""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QListWidget,
    QProgressBar,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
)

from desktop.widgets.main_window import MainWindow
from desktop.widgets.training.curves import Curves
from desktop.widgets.training.prepare import PreparePage
from tests.desktop.styled_models import write_styled
from tests.desktop.traced_photos import write_photos
from tests.desktop.training_pairs import write_pairs
from tests.desktop.window_hands import done, training_window, until
from tests.trainer.made_pictures import HOUSES
from tests.trainer.small_runs import houses
from trainer.perception import weights
from trainer.run.history import TrainingHistory


def prepared(window: MainWindow, folder: Path) -> PreparePage:
    trainer = training_window(window)
    trainer.prepare(folder)
    scan = window.session.dataset_scan
    until(lambda: scan.result is not None and not scan.looking)
    trainer.prepare_page.findChild(QToolButton, "fold").setChecked(True)
    return trainer.prepare_page


def spin(page: PreparePage, name: str) -> QDoubleSpinBox:
    found = page.findChild(QDoubleSpinBox, name)
    assert found is not None
    return found


def test_photos_alone_are_drawn_by_trained_edges_and_the_page_says_how_long(
    window: MainWindow, tmp_path: Path
):
    page = prepared(window, write_photos(tmp_path / "photos", 12))
    edges, perceptual = spin(page, "edges"), spin(page, "perceptual")
    first, usual = page.findChild(QLabel, "photo_look"), page.findChild(QToolButton, "usual_recipe")
    assert edges.isVisible() and edges.text() == "85 %" and perceptual.text() == "15.0"
    assert first.text() == "Edges of 12 photos are found first: about 0 s, once." and not usual.isEnabled()
    assert (page.request().options.edges, page.request().options.perceptual) == (None, None)
    edges.setValue(40)
    perceptual.setValue(20)
    assert (page.request().options.edges, page.request().options.perceptual) == (0.4, 20.0)
    edges.setValue(0)
    assert page.request().options.edges == 0 and not first.isVisible()
    # The paper's recipe has neither; back at ours, what was chosen stands again.
    recipe = page.findChild(QComboBox, "recipe")
    recipe.setCurrentIndex(recipe.findData("paper"))
    assert perceptual.value() == 0 and page.request().options.perceptual is None
    recipe.setCurrentIndex(recipe.findData("default"))
    assert perceptual.value() == 20
    assert window.session.settings.recipe == {"edges": 0.0, "perceptual": 20.0}
    usual.click()
    assert (edges.value(), perceptual.value()) == (85, 15) and first.isVisible()
    assert window.session.settings.recipe == {}


def test_pairs_with_drawings_have_no_lines_to_be_found(window: MainWindow, tmp_path: Path):
    window.session.settings.recipe = {"edges": 0.5, "perceptual": 5.0}
    page = prepared(window, write_pairs(tmp_path / "houses"))
    assert not spin(page, "edges").isVisible() and not page.findChild(QLabel, "photo_look").isVisible()
    assert spin(page, "perceptual").value() == 5  # as it was left
    assert (page.request().options.edges, page.request().options.perceptual) == (None, 5.0)
    page.findChild(QToolButton, "usual_recipe").click()
    assert window.session.settings.recipe == {"edges": 0.5}


def test_styles_are_none_or_eight(window: MainWindow, tmp_path: Path):
    page = prepared(window, write_pairs(tmp_path / "houses"))
    styles = spin(page, "styles")
    assert styles.text() == "none" and page.request().options.styles is None
    styles.stepUp()
    assert styles.text() == "8" and page.request().options.styles == 8
    assert type(page.request().options.styles) is int and "--styles" in page.request().options.words()


def test_what_styles_losses_weigh_is_asked_where_there_are_styles(window: MainWindow, tmp_path: Path):
    page = prepared(window, write_pairs(tmp_path / "houses"))
    styles, spread, again = (spin(page, name) for name in ("styles", "kl", "latent"))
    assert not spread.isVisible() and not again.isVisible()
    styles.setValue(8)
    assert spread.isVisible() and (spread.value(), again.value()) == (1, 5)
    spread.setValue(0.1)
    again.setValue(2)
    assert (page.request().options.kl, page.request().options.latent) == (0.1, 2.0)
    styles.setValue(0)
    assert not spread.isVisible() and page.request().options.kl is None
    styles.setValue(8)  # as it was left
    assert page.request().options.kl == 0.1
    page.findChild(QToolButton, "usual_recipe").click()
    assert page.request().options.kl is None and window.session.settings.recipe == {}


def test_label_maps_with_styles_can_be_painted_anew(window: MainWindow, tmp_path: Path):
    page = prepared(window, houses(tmp_path / "houses", 12).folder)
    anew = spin(page, "repaint")
    assert not anew.isVisible() and page.request().options.repaint is None
    spin(page, "styles").setValue(8)
    assert anew.isVisible() and anew.text() == "none"
    anew.setValue(50)
    assert page.request().options.repaint == 0.5
    assert {"--repaint", "0.5", "--styles"} <= set(page.request().options.words())
    page = prepared(window, write_photos(tmp_path / "photos", 12))
    assert spin(page, "styles").value() == 8 and not spin(page, "repaint").isVisible()
    assert page.request().options.repaint is None
    assert window.session.settings.recipe["repaint"] == 0.5, "as it was left, for the next label maps"


def test_which_label_is_painted_anew_is_said_by_its_name(window: MainWindow, tmp_path: Path):
    page = prepared(window, houses(tmp_path / "houses", 12).folder)
    names, palette = page.findChild(QListWidget, "label_names"), window.session.dataset_scan.result.palette
    sky = [label.colour for label in palette.labels].index(HOUSES.labels[0].colour)  # it covers most
    label = page.findChild(QLabel, "repaint_label")
    assert label.text() == f"“{palette.labels[sky].name}” painted anew"
    names.item(sky).setText("sky")
    assert label.text() == "“sky” painted anew" and "“sky”" in spin(page, "repaint").toolTip()
    names.item(sky).setText("what nobody would call anything " * 9)
    assert len(label.text()) < 60
    page = prepared(window, write_photos(tmp_path / "photos", 12))
    assert page.findChild(QLabel, "repaint_label").text() == "Main label painted anew"


def test_what_goes_on_from_styles_has_their_fields_whatever_styles_says(window: MainWindow, tmp_path: Path):
    library = window.session.library
    assert done(library.add(write_styled(tmp_path / "styled.safetensors", "styled")))
    until(lambda: any(entry.name == "styled" for entry in library.models))
    page = prepared(window, houses(tmp_path / "houses", 12).folder)
    parent, names = page.findChild(QComboBox, "from_model"), ("kl", "latent", "repaint")
    parent.setCurrentIndex(parent.findText("tiny sketch"))
    assert spin(page, "styles").text() == "none" and not any(spin(page, name).isVisible() for name in names)
    parent.setCurrentIndex(parent.findText("styled"))
    assert spin(page, "styles").text() == "8, as it has" and all(
        spin(page, name).isVisible() for name in names
    )
    QApplication.processEvents()
    assert spin(page, "styles").width() >= spin(page, "styles").sizeHint().width()  # all of it is seen
    spin(page, "kl").setValue(0.1)
    options = page.request().options
    assert (options.kl, options.styles) == (0.1, None)
    parent.setCurrentIndex(0)
    assert spin(page, "styles").text() == "none" and page.request().options.kl is None


def test_a_model_to_begin_with_can_stay_as_it_is(window: MainWindow, tmp_path: Path):
    page = prepared(window, write_photos(tmp_path / "photos"))
    parent, share = page.findChild(QComboBox, "from_model"), spin(page, "inherited_rate")
    assert not share.isVisible() and page.request().options.inherited_rate is None
    parent.setCurrentIndex(1)
    assert share.isVisible() and share.text() == "100 %" and page.request().options.inherited_rate is None
    spin(page, "styles").setValue(8)
    share.setValue(0)
    assert share.text() == "as it is"
    assert {"--inherited-rate", "--styles", "--from"} <= set(page.request().options.words())
    assert page.request().options.inherited_rate == 0
    parent.setCurrentIndex(0)
    assert not share.isVisible() and page.request().options.inherited_rate is None


def test_without_the_weights_the_page_says_so(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "weights_path", lambda: tmp_path / "nowhere")
    page = prepared(window, write_photos(tmp_path / "photos"))
    assert not spin(page, "edges").isEnabled() and spin(page, "edges").value() == 0
    assert page.findChild(QLabel, "photo_look").text() == weights.MISSING
    assert page.request().options.edges is None


# --- what is told meanwhile ---------------------------------------------------------------------

STARTED = {"event": "started", "time": 0.0, "step": 0, "steps": 100, "batch": 4}


def step(number: int, **more: float) -> dict[str, object]:
    return {
        "event": "step", "time": 0.0, "step": number, "pictures_per_second": 10.0, "learning_rate": 1e-4,
        "l1": 0.25, "adversarial": 1.0, "discriminator_real": 0.5, "discriminator_fake": 0.5, **more,
    }  # fmt: skip


def test_any_loss_that_is_told_is_a_curve_and_others_are_not():
    told = TrainingHistory()
    told.take([step(10, perceptual=0), step(20, perceptual=0.5, feature_matching=2.0), step(30)])
    assert told.curves["perceptual"][1] == 0.5 and told.curves["feature_matching"][1] == 2.0
    assert isnan(told.curves["perceptual"][0]) and isnan(told.curves["feature_matching"][2])
    assert {len(values) for values in told.curves.values()} == {3}
    untold = TrainingHistory()
    untold.take(
        [step(10, perceptual=0), {**step(20), "why": "so", "no name": 1.0, "x" * 41: 1.0, "on": True}]
    )
    assert list(untold.curves) == ["l1", "adversarial", "discriminator_real", "discriminator_fake"]
    untold.take([{**step(30), **{f"loss_{number}": 1.0 for number in range(99)}}])
    assert len(untold.curves) == 12


def test_further_losses_are_shown_and_explained_and_leave_with_their_training(window: MainWindow):
    curves = training_window(window).watch_page.findChild(Curves)
    told = TrainingHistory()
    told.take([step(number, perceptual=0.5, feature_matching=2.0) for number in (10, 20, 30)])
    curves.show_curves(told)
    near, against = curves.findChild(QLabel, "near"), curves.findChild(QLabel, "adversaries")
    assert ">perceptual<" in near.text() and ">feature matching<" in against.text()
    assert "trained eye" in near.toolTip() and "discriminator" in against.toolTip()
    assert curves.points("perceptual") == curves.points("feature_matching") == 3
    other = TrainingHistory()
    other.take([step(10), step(20)])
    curves.show_curves(other)
    assert "perceptual" not in near.text() and "feature" not in against.text()
    assert curves.points("l1") == 2


def test_photos_being_looked_at_are_a_bar_with_the_time_left():
    told = TrainingHistory()
    told.take([STARTED])
    told.take(
        [{"event": "edges", "time": 0.0, "step": 0, "done": 120, "total": 6627, "seconds_left": 1300.0}]
    )
    assert told.edges == (120, 6627) and told.edges_seconds == 1300
    told.take([{"event": "edges", "time": 0.0, "step": 0, "done": "many", "total": 5}])
    assert told.edges == (120, 6627)
    told.take([step(10)])
    assert told.edges is None


def test_the_page_shows_the_photos_that_are_looked_at(window: MainWindow):
    session = window.session
    trainer = training_window(window)
    page, training = trainer.watch_page, session.training
    trainer.pages.setCurrentWidget(page)
    training.history.take([STARTED])
    training.history.take(
        [{"event": "edges", "time": 0.0, "step": 0, "done": 30, "total": 60, "seconds_left": 240.0}]
    )
    training.phase = "running"
    training.history_changed.emit()
    bar, status = page.findChild(QProgressBar), page.findChild(QLabel, "training_status")
    assert (bar.value(), bar.maximum()) == (30, 60)
    assert "30 of 60 photos · 4 min left" in status.text()
    assert (
        page.findChild(QPushButton, "stop").isVisible()
        and not page.findChild(QPushButton, "pause").isVisible()
    )
    training.history.take([step(10)])
    training.history_changed.emit()
    assert (bar.value(), bar.maximum()) == (10, 100) and page.findChild(QPushButton, "pause").isVisible()
    training.phase = None


def test_steps_that_are_given_take_the_place_of_the_time_that_is_chosen(window: MainWindow, tmp_path: Path):
    page = prepared(window, write_pairs(tmp_path / "houses"))
    steps, time = page.findChild(QSpinBox, "steps"), page.findChild(QSlider, "quality")
    steps.setValue(10)
    assert page.request().options.minutes is None and not time.isEnabled()
    steps.setValue(0)
    assert page.request().options.minutes and time.isEnabled()
    until(lambda: window.session.dataset_scan.checked == 1)


def test_the_model_to_begin_with_stays_chosen_when_models_are_looked_at_again(
    window: MainWindow, tmp_path: Path
):
    page, library = prepared(window, write_pairs(tmp_path / "houses")), window.session.library
    begin = page.findChild(QComboBox, "from_model")
    begin.setCurrentIndex(begin.findText("tiny sketch"))
    others = [entry for entry in library.models if entry.name != "tiny map"]  # that one was deleted, say
    library.models = [replace(entry, file=Path(str(entry.file))) for entry in others]
    assert begin.currentText() == "tiny sketch" and "tiny sketch" in page.request().options.from_model
    until(lambda: window.session.dataset_scan.checked == 1)
