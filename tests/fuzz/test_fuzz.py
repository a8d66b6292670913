"""A small share of ``make fuzz``, the same files every time."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.kinds import KINDS
from tests.fuzz.mutation import mutant
from tests.fuzz.trial import Deed, trial

SHARE = 24


@pytest.mark.parametrize("name", KINDS)
def test_damaged_files_get_a_sentence_each(name: str) -> None:
    assert trial(name, range(SHARE)) == []


def test_the_same_seed_makes_the_same_file() -> None:
    content = b'{"a": [1, 2, {"b": "c"}], "d": null}'
    made = [mutant(content, random.Random(number)) for number in range(50)]
    assert made == [mutant(content, random.Random(number)) for number in range(50)]
    assert len(set(made)) > 30


def test_what_executes_something_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what hangs, what raises something else, and what is no sentence."""
    import os

    from engine.errors import PictureError
    from tests.fuzz import trial as trials

    def deeds(file: object) -> None:
        match next(turns):
            case 1:
                os.system("true")
            case 2:
                raise ValueError("not ours")
            case 3:
                raise PictureError("two\nlines")
            case 4:
                raise trials.Hung

    turns = iter(range(6))
    monkeypatch.setitem(KINDS, "gpl", KINDS["gpl"]._replace(read=deeds))
    found = trial("gpl", range(5))
    assert [fault.number for fault in found] == [0, 1, 2, 3]
    for fault, said in zip(found, (Deed.__name__, "not ours", "no good sentence", "Hung"), strict=True):
        assert said in fault.what
