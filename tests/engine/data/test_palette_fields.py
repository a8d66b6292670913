"""Palettes in JSON, as models, runs, projects and folders of pairs have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.data.card import Card, from_json, to_json
from engine.data.palette import (
    LONGEST_NAME,
    MOST_LABELS,
    Label,
    Palette,
    from_fields,
    read_gpl,
    to_fields,
    write_gpl,
)


def test_a_palette_is_read_as_it_was_written() -> None:
    palette = Palette("sky “and” sea", (Label("sky", (0, 128, 255)), Label("", (0, 0, 0))))
    assert from_fields(json.loads(json.dumps(to_fields(palette)))) == palette


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (None, "makes no sense"),
        ([], "makes no sense"),
        ({"name": "x"}, "makes no sense"),
        ({"name": "x", "labels": "sky"}, "makes no sense"),
        ({"name": "x", "labels": []}, "no colours or too many"),
        ({"name": "x", "labels": [["a", [0, 0, 0]]] * (MOST_LABELS + 1)}, "no colours or too many"),
        ({"name": "x", "labels": [["a", [0, 0, 256]]]}, "out of range"),
        ({"name": "x", "labels": [["a", [0, 0, -1]]]}, "out of range"),
        ({"name": "x", "labels": [["a", [0, 0, 1.5]]]}, "a label of its palette"),
        ({"name": "x", "labels": [["a", [0, 0]]]}, "a label of its palette"),
        ({"name": "x", "labels": [[7, [0, 0, 0]]]}, "a label of its palette"),
        ({"name": "x", "labels": ["ab"]}, "a label of its palette"),
    ],
)
def test_what_is_no_palette_is_said(fields: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        from_fields(fields)


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("sky\n255 0 0\tinjected", "sky 255 0 0 injected"),
        ("a\u2028b", "a b"),
        ("\ud800", "\ufffd"),
        ("\x1b[31mred\u202e", "[31mred"),
        ("x" * (8 << 10), "x" * LONGEST_NAME),  # all of them would be more than a .gpl file may be
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_stranger_s_names_are_read_as_they_were_written(name: str, becomes: str, tmp_path: Path) -> None:
    given = Palette(name, (Label(name, (1, 2, 3)),) * MOST_LABELS)
    card = Card("x", "unet", {}, "labels", palette=Palette("p", (Label("a", (0, 0, 0)),)))
    palette = from_json(json.dumps(json.loads(to_json(card)) | {"palette": to_fields(given)})).palette
    assert palette is not None
    assert {palette.name, *(label.name for label in palette.labels)} == {becomes}
    write_gpl(palette, tmp_path / "a.gpl")
    assert read_gpl(tmp_path / "a.gpl") == palette


def test_names_of_any_palette_stay_on_their_lines(tmp_path: Path) -> None:
    """Also of one that came from nowhere: a name is no way to say another label."""
    write_gpl(Palette("p\n1 2 3\tq", (Label("sky\r255 0 0\tred", (0, 0, 255)),)), tmp_path / "a.gpl")
    assert read_gpl(tmp_path / "a.gpl") == Palette("p 1 2 3 q", (Label("sky 255 0 0 red", (0, 0, 255)),))
