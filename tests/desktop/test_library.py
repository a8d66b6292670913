from __future__ import annotations

import resources
from desktop.library import _suggested
from desktop.paint.drawing import Drawing
from desktop.session import Session
from engine import catalogue


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
    _suggested.cache_clear()
    assert begun_with(session, "sketch", {}) == sketches[0]
    _suggested.cache_clear()
