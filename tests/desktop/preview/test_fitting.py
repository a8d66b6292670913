"""Which model and which picture go together, and what a model changes: every case, without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desktop.preview.fitting import (
    Facts,
    ModelChoice,
    Opening,
    State,
    fit,
    model_for,
    opening,
    picture_for,
    run_by,
)
from engine.data.card import Card, InputKind
from engine.data.palette import Label, Palette
from engine.models.catalogue import Entry

MAP = Palette("map", (Label("sky", (10, 20, 200)), Label("wall", (200, 180, 20))))
OTHERS = Palette("others", (Label("one", (1, 2, 3)), Label("two", (250, 250, 20))))


def card(kind: Any = "sketch", name: str = "mine", **fields: Any) -> Card:
    network = {"inputs": 5 if kind == "sketch" else 3, "outputs": 3}
    fields = {"hints": True, **fields} if kind == "sketch" else fields
    return Card(name=name, kind="unet", network=network, size=(64, 64), input=kind, **fields)


def entry(kind: str = "sketch", name: str = "mine") -> Entry:
    return Entry(name, Path(f"{name}.safetensors"), card(kind, name), None, bundled=False)


@pytest.mark.parametrize(
    ("pictures", "place"),
    [
        ([], None),
        ([Facts("sketch")], 0),
        ([Facts("image"), Facts("sketch"), Facts("sketch")], 1),
        ([Facts("sketch", translated=False), Facts("image")], None),
        ([Facts("sketch", translated=False), Facts("sketch")], 1),
        ([Facts("sketch", over_photo=True)], 0),
    ],
)
def test_a_model_paints_the_first_open_picture_that_suits_it(pictures: list[Facts], place: int | None):
    assert picture_for(card("sketch"), pictures) == place


MINE, LABELS, OTHER = entry(), entry("labels", "streets"), entry(name="other")
BROKEN = Entry("torn", Path("torn.safetensors"), None, "“torn” is cut off; get it again.", bundled=False)


@pytest.mark.parametrize(
    ("chosen", "pictures", "open_file", "decided"),
    [
        (MINE, [Facts("sketch")], None, Opening(MINE, 0)),
        (MINE, [Facts("sketch")], OTHER.file, Opening(MINE, 0)),
        (MINE, [Facts("sketch")], MINE.file, Opening(MINE, 0, is_open=True)),
        (MINE, [Facts("labels"), Facts("sketch")], LABELS.file, Opening(MINE, 1)),
        (
            MINE,
            [Facts("image", translated=False), Facts("sketch")],
            MINE.file,
            Opening(MINE, 1, is_open=True),
        ),
        (LABELS, [Facts("sketch")], MINE.file, Opening(LABELS)),
        (LABELS, [], None, Opening(LABELS)),
        (BROKEN, [Facts("sketch")], MINE.file, Opening(None, problem="“torn” is cut off; get it again.")),
        (None, [Facts("sketch")], MINE.file, Opening(None)),
    ],
)
def test_a_model_that_was_chosen_paints_the_canvas_another_open_picture_or_one_to_begin_with(
    chosen: Entry | None, pictures: list[Facts], open_file: Path | None, decided: Opening
):
    assert opening(chosen, pictures, open_file) == decided


@pytest.mark.parametrize(
    ("picture", "wanted", "preferred", "open_file", "choice"),
    [
        (Facts("sketch"), None, MINE, None, ModelChoice(MINE)),
        (Facts("sketch"), None, MINE, MINE.file, ModelChoice(MINE, is_open=True)),
        (Facts("sketch"), OTHER, None, MINE.file, ModelChoice(OTHER)),
        (Facts("sketch"), OTHER, None, OTHER.file, ModelChoice(OTHER, is_open=True)),
        (Facts("sketch", model="mine"), None, MINE, None, ModelChoice(MINE)),
        (Facts("sketch", model="gone"), None, MINE, MINE.file, ModelChoice(MINE, True, "replaced")),
        (Facts("sketch", model="mine"), OTHER, None, None, ModelChoice(OTHER)),
        (Facts("sketch"), None, None, MINE.file, ModelChoice(None, note="lacking")),
        (Facts("sketch"), None, LABELS, None, ModelChoice(None, note="lacking")),
        (Facts("sketch", over_photo=True), None, LABELS, None, ModelChoice(None)),
        (Facts("sketch", over_photo=True), None, MINE, None, ModelChoice(MINE)),
        (Facts("image", translated=False), None, MINE, MINE.file, ModelChoice(None)),
        (Facts("image", translated=False), OTHER, None, None, ModelChoice(None)),
    ],
)
def test_a_picture_gets_the_model_asked_for_else_one_of_its_kind(
    picture: Facts, wanted: Entry | None, preferred: Entry | None, open_file: Path | None, choice: ModelChoice
):
    assert model_for(picture, wanted, preferred, open_file) == choice


@pytest.mark.parametrize(
    ("kind", "palette", "picture", "decided"),
    [
        # Labels: a picture just begun is painted in the model's, any other keeps what it says.
        ("labels", MAP, State("labels", MAP, untouched=True), "stays"),
        ("labels", MAP, State("labels", OTHERS, untouched=True), "step"),
        ("labels", MAP, State("labels", OTHERS), "kept"),
        ("labels", MAP, State("labels", OTHERS, over_photo=True), "stays"),
        ("labels", MAP, State("labels", OTHERS, over_photo=True, untouched=True), "stays"),
        # Images: a palette is the colour of the paper, which changes while there is nothing else.
        ("image", MAP, State("image", None, untouched=True, blank=True), "anew"),
        ("image", None, State("image", MAP, untouched=True, blank=True), "anew"),
        ("image", MAP, State("image", MAP, untouched=True, blank=True), "stays"),
        ("image", MAP, State("image", None, untouched=True), "stays"),
        ("image", MAP, State("image", None), "stays"),
        ("image", MAP, State("image", None, over_photo=True, untouched=True, blank=True), "stays"),
        # Another kind of picture has come up meanwhile.
        ("labels", MAP, State("image", None, untouched=True, blank=True), "stays"),
        ("sketch", None, State("sketch", None, untouched=True, blank=True), "stays"),
    ],
)
def test_a_palette_is_taken_only_where_that_spoils_nothing(
    kind: str, palette: Palette | None, picture: State, decided: str
):
    assert fit(card(kind, palette=palette), picture).palette == decided


@pytest.mark.parametrize(
    ("made", "hints", "on_hints", "knows", "to_lines"),
    [
        ("sketch", True, True, True, False),
        ("sketch", False, True, False, True),
        ("sketch", False, False, False, False),
        ("image", False, False, True, False),
    ],
)
def test_hints_are_left_where_the_model_does_not_know_them(
    made: InputKind, hints: bool, on_hints: bool, knows: bool, to_lines: bool
):
    network = {"inputs": 5 if hints else 3, "outputs": 3}
    model = Card(name="m", kind="unet", network=network, input=made, hints=hints)
    assert run_by(model, made, None, None).knows_hints is knows
    assert fit(model, State(made, on_hints=on_hints)).to_lines is to_lines


@pytest.mark.parametrize(
    ("model", "picture", "taken", "takes"),
    [
        (("image", MAP), "image", None, True),
        (("image", MAP), "image", MAP, False),
        (("image", None), "image", MAP, True),
        (("image", OTHERS), "image", MAP, True),
        (("image", MAP), "labels", None, False),
        (("labels", MAP), "labels", None, False),
    ],
)
def test_the_brush_begins_with_a_models_colours_once(
    model: tuple[str, Palette | None], picture: InputKind, taken: Palette | None, takes: bool
):
    kind, palette = model
    assert run_by(card(kind, palette=palette), picture, None, taken).takes_colours is takes


@pytest.mark.parametrize(
    ("palette", "chosen", "native"),
    [(None, None, True), (MAP, None, False), (None, False, False), (MAP, True, True)],
    ids=["photos", "maps", "photos otherwise", "maps otherwise"],
)
def test_the_size_is_what_was_chosen_for_the_model_else_what_suits_it(
    palette: Palette | None, chosen: bool | None, native: bool
):
    assert run_by(card("image", palette=palette), "image", chosen, None).native is native
