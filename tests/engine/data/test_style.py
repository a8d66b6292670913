from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.data.card import Card, from_json, to_json
from engine.data.style import checked, drawn, seeded
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


def test_seeds_stand_for_photos_in_turn_and_then_for_what_lies_between_two():
    known = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))
    assert tuple(seeded(seed, known) for seed in range(3)) == known
    later = {seeded(seed, known) for seed in (*range(3, 40), -1, 2**70)}
    assert len(later) == 39 and not later & set(known)
    for code in later:  # a quarter to a half of the way from one to another
        ways = [
            (np.subtract(code, one), np.subtract(two, one)) for one in known for two in known if one != two
        ]
        shares = [
            step @ way / (way @ way) for step, way in ways if abs(step[0] * way[1] - step[1] * way[0]) < 1e-3
        ]
        assert any(0.249 < share < 0.501 for share in shares)
    assert seeded(3, known) == seeded(3, known) != seeded(6, known)
    assert seeded(-5, known[:1]) == known[0], "of one there is nothing between"


def test_seeds_of_a_model_are_its_photos_and_the_first_is_the_usual_style():
    photos = ((0.5, -1.0), (2.0, 1.0))
    card = a_card(seeded_styles=photos)
    assert (card.code(0), card.code(1), card.code(None)) == (*photos, photos[0])
    assert card.code(7) == seeded(7, photos)
    assert a_card(seeded_styles=photos, default_style=(1.0, 1.0)).code(None) == (1.0, 1.0)
    assert a_card().code(7) == drawn(7, 2)


def test_a_card_with_styles_is_read_as_it_was_written():
    card = a_card(
        styles={"suede": (0.5, -1.0), "patent é": (0.0, 2.0)},
        seeded_styles=((0.25, 0.5), (1.0, -3.0)),
        default_style=(0.1, 0.2),
        style_encoder=8,
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
        ({"seeded_styles": [[1.0]]}, "2 numbers, not 1"),
        ({"seeded_styles": [[1.0, float("nan")]]}, "nan is none"),
        ({"seeded_styles": {"a": [1.0, 1.0]}}, "styles make no sense"),
        ({"seeded_styles": "ab"}, "styles make no sense"),
        ({"seeded_styles": [[1.0, 1.0]] * 257}, "styles make no sense"),
        ({"network": NETWORK, "seeded_styles": [[]]}, "styles makes no sense"),
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
