from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from PySide6.QtWidgets import QComboBox, QLineEdit
from safetensors.torch import save_file

import resources
from desktop.paint.files.drawing import Drawing
from desktop.preview.library import suggested
from desktop.session import Session
from desktop.widgets.dialogs.picture_dialogs import ImportDialog
from engine.data.messages import Inspected
from engine.foreign import pix2pix
from engine.models import beside, bundle, catalogue
from engine.networks import build
from tests.desktop.window_hands import done, model, settle, until


def begun_with(session: Session, kind: str, last_used: dict[str, str]) -> str:
    entry = session.library.preferred(kind, last_used)
    assert entry is not None
    return entry.name


def test_the_first_model_is_the_one_that_the_first_drawing_was_made_for(session: Session) -> None:
    """It is the first thing that anybody sees, so drawing and model must fit."""
    bundled = [entry for entry in catalogue.entries() if entry.bundled]
    session.library.models = bundled
    for kind in ("sketch", "labels"):
        paths = sorted(resources.path("samples").glob("*.json"))
        first = next(drawing for drawing in map(Drawing.load, paths) if drawing.kind == kind)
        assert begun_with(session, kind, {}) == first.model
    others = [entry.name for entry in bundled if entry.card and entry.card.input == "sketch"]
    for name in others:
        assert begun_with(session, "sketch", {"sketch": name}) == name


def test_a_model_of_the_users_is_never_taken_for_the_bundled_one(session: Session) -> None:
    session.library.models = [entry for entry in catalogue.entries() if not entry.bundled]
    assert begun_with(session, "sketch", {}) == "tiny lines"  # the first by name


def test_a_damaged_sample_drawing_keeps_nobody_from_beginning(session, tmp_path, monkeypatch) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "01.json").write_text("nonsense")
    monkeypatch.setattr(resources, "path", lambda name: tmp_path / name)
    sketches = [entry.name for entry in session.library.models if entry.card and entry.card.input == "sketch"]
    suggested.cache_clear()
    assert begun_with(session, "sketch", {}) == sketches[0]
    suggested.cache_clear()


def test_weights_without_a_card_are_asked_about_and_begin_with_the_card_beside(window, session, tmp_path):
    """Dropped on the window, a ``.safetensors`` of another program is imported, not refused."""
    card = replace(bundle.read_card(model(session, "tiny labels")), name="Mine, exported")
    shape = {name: value for name, value in card.network.items() if name != "dropout"}
    state = {name: torch.rand_like(tensor) for name, tensor in unet(shape).items()}
    path = tmp_path / "net_G.safetensors"
    save_file(pix2pix.reference_layout(card, state), path)
    beside.write(path, card)
    done(session.open_file(path))
    until(lambda: window.findChildren(ImportDialog))
    (dialog,) = window.findChildren(ImportDialog)
    kind, palette = (box for box in dialog.findChildren(QComboBox) if box.isVisible())
    assert (kind.currentData(), palette.currentData()) == ("labels", card.palette)
    dialog.accept()
    until(lambda: session.live.card is not None and session.live.card.name == "Mine, exported")
    settle(session)
    assert session.live.card == card


def test_terms_of_a_card_beside_weights_are_shown_before_these_are_used(window, session, tmp_path):
    before = session.live.model_file
    card = replace(bundle.read_card(model(session, "tiny labels")), name="Theirs", licence="CC BY-NC 4.0")
    shape = {name: value for name, value in card.network.items() if name != "dropout"}
    path = tmp_path / "net_G.safetensors"
    save_file(pix2pix.reference_layout(card, unet(shape)), path)
    beside.write(path, card)
    done(session.open_file(path))
    until(lambda: window.findChildren(ImportDialog))
    window.findChildren(ImportDialog)[0].accept()
    until(lambda: window.sharing.bar.isVisible())
    assert session.models.sharing.asked.name == "Theirs" and session.live.model_file == before


def test_weights_dropped_together_are_all_asked_about(window, session, tmp_path) -> None:
    paths = [exported(session, tmp_path / f"{name}.pth") for name in "abc"]
    asked: list[Inspected] = []
    session.library.asks.connect(asked.append)
    for path in paths:
        session.open_file(path)
    assert session.library.importing == paths[0]
    until(lambda: session.library.importing is None)
    assert [found.path for found in asked] == paths
    # One question after the other, whatever is answered.
    names = [found.name for found in asked]
    for name, answer in zip(
        names, (ImportDialog.accept, ImportDialog.reject, ImportDialog.accept), strict=True
    ):
        (dialog,) = [one for one in window.findChildren(ImportDialog) if one.isVisible()]
        assert dialog.findChild(QLineEdit).text() == name
        answer(dialog)
    assert not any(one.isVisible() for one in window.findChildren(ImportDialog))

    def listed() -> set[str]:
        return {entry.name for entry in session.library.models} & set(names)

    until(lambda: listed() >= {names[0], names[2]})
    assert session.library.importing is None and listed() == {names[0], names[2]}


def test_one_that_can_t_be_read_does_not_hold_up_those_after_it(session, told, tmp_path) -> None:
    (tmp_path / "a.pth").write_bytes(b"\x80\x02 nothing")
    good = exported(session, tmp_path / "b.pth")
    asked: list[Inspected] = []
    session.library.asks.connect(asked.append)
    for path in (tmp_path / "a.pth", good):
        session.open_file(path)
    until(lambda: asked)
    assert [found.path for found in asked] == [good] and len(told) == 1


def test_imports_of_one_name_at_once_are_two_models(session, tmp_path) -> None:
    path = exported(session, tmp_path / "a.pth")
    arrived: list[Path] = []
    session.library.arrived.connect(arrived.append)
    for _ in range(2):
        session.library.carry_out_import(path, "mine", "image", None)
    until(lambda: len(arrived) == 2)
    assert len(set(arrived)) == 2 and all(file.is_file() for file in arrived)
    settle(session)


def test_terms_are_shown_though_other_weights_were_looked_into_since(window, session, tmp_path) -> None:
    theirs = exported(session, tmp_path / "theirs.pth", licence="CC BY-NC 4.0")
    other = exported(session, tmp_path / "other.pth")
    asked: list[Inspected] = []
    session.library.asks.connect(asked.append)
    for path in (theirs, other):
        session.open_file(path)
    until(lambda: len(asked) == 2)
    session.library.carry_out_import(theirs, "Theirs", "labels", None)
    until(lambda: window.sharing.bar.isVisible())
    assert session.models.sharing.asked.name == "Theirs"
    assert session.models.sharing.asked.file in session.library.held


def exported(session: Session, path: Path, licence: str = "") -> Path:
    """Weights in another program's layout; a card with terms beside them, where there are any."""
    card = replace(bundle.read_card(model(session, "tiny labels")), licence=licence)
    shape = {name: value for name, value in card.network.items() if name != "dropout"}
    torch.save(pix2pix.reference_layout(card, unet(shape)), path)
    if licence:
        beside.write(path, card)
    return path


def unet(settings: dict[str, object]) -> dict[str, torch.Tensor]:
    return build("unet", **settings, dropout=True).state_dict()
