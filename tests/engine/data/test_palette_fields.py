"""Palettes in JSON, as models, runs, projects and folders of pairs have them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.data.palette import MOST_LABELS, Label, Palette, from_fields, to_fields


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
