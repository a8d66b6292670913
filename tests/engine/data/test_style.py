from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.data.card import Card, from_json, to_json
from engine.data.style import checked, drawn
from engine.errors import ModelError, StyleError

NETWORK = {"levels": 5, "width": 4, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": True}


def a_card(**fields: Any) -> Card:
    return Card(name="a", kind="unet", network={**NETWORK, "style": 2}, input="image", **fields)


def test_a_seed_means_the_same_code_everywhere():
    assert drawn(7, 8) == (0.3189, 1.2658, 0.7577, -0.7547, -0.5239, 1.1434, -2.5579, 0.9201)
    assert drawn(-1, 3) == (-0.9328, -0.0754, 0.9347)


def test_codes_are_spread_like_the_normal_distribution():
    codes = np.array([drawn(seed, 8) for seed in range(500)])
    assert abs(codes.mean()) < 0.05 and abs(codes.std() - 1) < 0.05
    assert abs(np.corrcoef(codes.T) - np.eye(8)).max() < 0.2


def test_a_card_with_styles_is_read_as_it_was_written():
    card = a_card(
        styles={"suede": (0.5, -1.0), "patent é": (0.0, 2.0)}, default_style=(0.1, 0.2), style_encoder=8
    )
    again = from_json(to_json(card))
    assert again == card and again.style == 2 and again.usual_style == (0.1, 0.2)
    assert a_card().usual_style == (0.0, 0.0)
    assert '"format": 2' in to_json(card)


def test_a_card_without_styles_stays_as_older_programs_read_it():
    card = Card(name="a", kind="unet", network={**NETWORK, "style": 0}, input="image")
    text = to_json(card)
    assert '"format": 1' in text and "style" not in text
    assert from_json(text).network == NETWORK and from_json(text).style == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"styles": {"a": [1.0]}}, "2 numbers, not 1"),
        ({"styles": {"a": [1.0, float("nan")]}}, "nan is none"),
        ({"styles": {"a": [1.0, 10**400]}}, "is none of them"),
        ({"styles": {"a": [True, 1.0]}}, "True is none"),
        ({"styles": {"a": "ab"}}, "not str"),
        ({"styles": {"a": {"0": 1, "1": 2}}}, "not dict"),
        ({"styles": {"a\nb": [1.0, 1.0]}}, "name makes no sense"),
        ({"styles": {"": [1.0, 1.0]}}, "name makes no sense"),
        ({"styles": {"a" * 65: [1.0, 1.0]}}, "name makes no sense"),
        ({"styles": {str(number): [1.0, 1.0] for number in range(257)}}, "styles make no sense"),
        ({"styles": [1]}, "styles make no sense"),
        ({"default_style": [1.0, float("inf")]}, "inf is none"),
        ({"default_style": 3}, "not int"),
        ({"style_encoder": -1}, "style encoder makes no sense"),
        ({"style_encoder": True}, "style encoder makes no sense"),
        ({"network": {**NETWORK, "style": 65}}, "style makes no sense"),
        ({"network": {**NETWORK, "style": "8"}}, "style makes no sense"),
        ({"network": NETWORK, "style_encoder": 8}, "styles makes no sense"),
        ({"network": NETWORK, "styles": {"a": []}}, "styles makes no sense"),
    ],
)
def test_styles_of_a_damaged_card_are_refused_in_a_sentence(fields: dict[str, Any], words: str):
    import json

    text = json.dumps(json.loads(to_json(a_card())) | fields)
    with pytest.raises(ModelError, match=words):
        from_json(text)


def test_sentences_about_styles_stay_short():
    """However long what a file or a document says is."""
    with pytest.raises(ValueError, match="is none") as wrong:
        checked(["a" * 1_000_000, 1.0], 2)
    assert len(str(wrong.value)) < 100
    card = a_card(styles={f"{number:060}": (0.0, 0.0) for number in range(256)})
    with pytest.raises(StyleError, match="0007 and 248 more") as unknown:
        card.code("a" * 1_000_000)
    assert len(str(unknown.value)) < 800


def test_arrays_and_lists_are_codes():
    assert checked(np.array([1, 2], np.float32), 2) == checked([1, 2.0], 2) == (1.0, 2.0)
    with pytest.raises(ValueError, match="in a row"):
        checked(np.zeros((1, 2)), 2)
