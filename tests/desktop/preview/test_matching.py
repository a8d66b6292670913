"""Model and picture come to fit each other: kinds, palettes, sizes."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QLabel, QListWidget

from desktop.documents import open_documents
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.paint.editing.layer_stack import WHITE
from engine.data.palette import Label, Palette
from tests.desktop.conftest import PALETTE
from tests.desktop.window_hands import drag, model, settle, until


def test_a_model_of_another_kind_brings_its_own_picture_and_the_old_one_stays(window, session):
    drag(window, (10, 10), (50, 50))
    sketch = session.picture
    session.open_model(model(session, "tiny labels"))
    settle(session)
    assert session.document.kind == "labels"
    assert [label.name for label in session.document.palette.labels] == ["sky", "wall", "door"]
    session.next_picture()
    assert session.picture is sketch
    settle(session)
    assert session.live.card.input == "sketch"


def test_a_model_of_the_same_kind_keeps_the_drawing(window, session):
    drag(window, (10, 10), (50, 50))
    before = session.picture
    session.open_model(model(session, "tiny lines"))
    settle(session)
    assert session.picture is before
    assert session.live.card.name == "tiny lines"


def test_colours_that_mean_something_to_an_image_model_are_named(window, session):
    """On paper of the first, begun with the nearest, chosen by keys; and any other colour may be mixed."""
    session.open_model(model(session, "tiny image"))
    settle(session)
    session.strokes.choose_colour((95, 5, 5))
    session.strokes.choose_tool("eraser")
    session.open_model(model(session, "tiny map"))
    settle(session)
    session.strokes.choose_tool("pen")
    names = window.palette_dock.findChild(QListWidget, "colours")
    assert names.isVisibleTo(window)
    assert [names.item(row).text().split()[0] for row in range(names.count())] == ["sky", "wall", "door"]
    assert session.document.paper == PALETTE.labels[0].colour
    assert session.strokes.ink.colour == PALETTE.labels[2].colour, "the nearest"
    window.palette_dock.choose_label_number(2)
    assert session.strokes.ink.colour == PALETTE.labels[2].colour
    assert names.currentRow() == 2
    session.strokes.choose_colour((1, 2, 3))
    assert session.strokes.ink.colour == (1, 2, 3)
    assert names.currentRow() == -1
    session.new_picture("image", 64, 64)
    settle(session)
    window.actions_table["single_precision"].toggle()
    settle(session)
    assert session.strokes.ink.colour == (1, 2, 3), "a colour that was mixed stays"
    drag(window, (10, 10), (50, 50))
    assert session.document.picture_flat()[30, 30].tolist() == [1, 2, 3]
    window.actions_table["single_precision"].toggle()
    settle(session)


def test_named_colours_are_painted_plainly_unless_the_brush_has_been_set(window, session):
    """Soft edges are no even areas; but a brush that somebody has chosen is theirs."""
    session.open_model(model(session, "tiny image"))
    settle(session)
    assert session.strokes.ink.brush == "soft"
    session.open_model(model(session, "tiny map"))
    settle(session)
    ink = session.strokes.ink
    assert (ink.brush, ink.hardness, ink.pressure_size) == ("pen", 1.0, False)
    assert ink.gap > 0, "the bucket holds where an outline is nearly closed"
    session.open_model(model(session, "tiny image"))
    settle(session)
    assert session.strokes.ink.brush == "soft"
    session.strokes.set_ink(size=40.0)
    session.open_model(model(session, "tiny map"))
    settle(session)
    ink = session.strokes.ink
    assert (ink.brush, ink.size) == ("soft", 40.0)
    assert ink.colour in [label.colour for label in PALETTE.labels]


def test_on_a_blank_sheet_it_is_said_how_to_paint_in_flat_colours(window, session):
    session.open_model(model(session, "tiny map"))
    settle(session)
    session.new_picture("image", 64, 64)
    settle(session)

    def said():
        dock = window.palette_dock
        return [label.text() for label in dock.findChildren(QLabel) if label.isVisibleTo(dock)]

    assert any("outline" in text and "fill it (F)" in text for text in said())
    drag(window, (10, 10), (50, 50))
    assert any("has learned" in text for text in said())
    session.undo()
    assert any("fill it (F)" in text for text in said())


def test_a_sheet_for_a_model_without_names_is_white(window, session):
    """Also while another image model, which was used last, has names."""
    session.open_model(model(session, "tiny map"))
    settle(session)
    session.open_model(model(session, "tiny sketch"))
    settle(session)
    for picture in [picture for picture in session.pictures if picture is not session.picture]:
        session.close_picture(picture)
    session.open_model(model(session, "tiny image"))
    settle(session)
    assert (session.document.kind, session.document.paper, session.document.palette) == ("image", WHITE, None)
    session.open_model(model(session, "tiny map"))
    settle(session)
    assert (session.document.paper, session.document.palette) == (PALETTE.labels[0].colour, PALETTE)
    assert session.saved and not session.document.can_undo, "nobody did anything"
    session.open_model(model(session, "tiny image"))
    settle(session)
    assert (session.document.paper, session.document.palette) == (WHITE, None)
    session.open_model(model(session, "tiny map"))
    settle(session)
    for picture in reversed(session.pictures):
        session.close_picture(picture)
    settle(session)
    assert (session.document.kind, session.document.palette) == ("image", PALETTE)


def test_painted_maps_run_at_the_models_size_and_photos_at_their_own(window, session):
    """Unless that was changed for the model."""
    native = window.actions_table["native"]
    sizes = {}
    for name in ("tiny image", "tiny map", "tiny sketch"):
        session.open_model(model(session, name))
        settle(session)
        sizes[name] = native.isChecked(), session.live.preview.shape[:2]
    assert sizes == {
        "tiny image": (True, (80, 96)),
        "tiny map": (False, (53, 64)),
        "tiny sketch": (False, (53, 64)),
    }
    assert session.settings.native_size == {}, "nobody changed it"
    session.open_model(model(session, "tiny map"))
    settle(session)
    native.setChecked(True)
    until(lambda: session.live.preview.shape[:2] == (80, 96))
    for name in ("tiny sketch", "tiny map"):
        session.open_model(model(session, name))
        settle(session)
    assert native.isChecked() and session.live.preview.shape[:2] == (80, 96)


def test_names_of_colours_stay_while_a_new_sheet_is_put_up(window, session):
    session.open_model(model(session, "tiny map"))
    settle(session)
    session.new_picture("image", 64, 64)
    window.palette_dock.choose_label_number(1)
    settle(session)
    assert session.strokes.ink.colour == PALETTE.labels[1].colour


def test_names_of_colours_go_with_their_model_and_a_painting_stays_on_its_paper(window, session):
    session.open_model(model(session, "tiny image"))
    settle(session)
    names = window.palette_dock.findChild(QListWidget, "colours")
    assert not names.isVisibleTo(window)
    drag(window, (10, 10), (50, 50))
    painted = session.document.picture_flat().copy()
    session.open_model(model(session, "tiny map"))
    settle(session)
    assert names.isVisibleTo(window)
    assert np.array_equal(session.document.picture_flat(), painted)
    session.new_picture("image", 64, 64)
    assert session.document.paper == PALETTE.labels[0].colour
    session.new_picture("sketch", 64, 64)
    assert not names.isVisibleTo(window)


def test_a_sheet_takes_other_paper_without_a_journal(window, session, monkeypatch):
    session.open_model(model(session, "tiny image"))
    settle(session)
    session.new_picture("image", 64, 64)
    settle(session)
    monkeypatch.setattr(open_documents, "Journal", None)
    session.open_model(model(session, "tiny map"))
    settle(session)
    assert session.document.paper == PALETTE.labels[0].colour
    assert session.saved and session.picture.journal is None


def test_labels_that_went_to_another_palette_come_back_by_undo(window, session):
    others = Palette("others", (Label("one", (1, 2, 3)), Label("two", (250, 250, 20))))
    document = Document.new("labels", 64, 64, others)
    before = document.picture_flat().copy()
    session.put_up(OpenPicture(document), model(session, "tiny labels"))
    settle(session)
    assert document.palette == PALETTE and not np.array_equal(document.picture_flat(), before)
    session.undo()
    assert document.palette == others and np.array_equal(document.picture_flat(), before)


def test_a_picture_for_the_open_model_is_fitted_before_its_only_pass(window, session):
    """With live off there is no second one that would put it right."""
    session.open_model(model(session, "tiny labels"))
    settle(session)
    session.live.enabled = False
    others = Palette("others", (Label("one", (1, 2, 3)), Label("two", (250, 250, 20))))
    session.put_up(OpenPicture(Document.new("labels", 64, 64, others)))
    assert session.document.palette == PALETTE
    until(lambda: not session.live.passes.running)
    assert session.live.preview is not None and not session.live.behind
