"""JSON from strangers that can't be parsed: a sentence, without a word of Python's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.colourways.sets import read_sets
from desktop.paint.files.drawing import Drawing
from engine.data import card
from engine.data.palette import read_gpl
from engine.errors import UnderpaintError
from engine.files.parsing import parsed_json, read_whole
from trainer.files import pair_store
from trainer.run import config

LONG = "9" * 5000
"""A number that Python doesn't turn into one, and says how to have it do so."""
BROKEN = {
    '{"a": [1, 2': r"no JSON from line 1",
    '{\n"a"}': r"no JSON from line 2",
    f'{{"a": {LONG}}}': r"a number in it has thousands of digits",
    "[" * 100_000: r"lists lie too deep",
}


def of_a_card(file: Path) -> object:
    known = card.Card(name="a", kind="unet", network={}, input="sketch", size=(64, 64))
    return card.amended(known, file.read_text("utf-8"))


def fields_of(file: Path) -> object:
    return card.amended_by(card.Card(name="a", kind="unet", network={}, input="sketch", size=(64, 64)), file)


def of_a_run(file: Path) -> object:
    return config.from_json(file.read_text("utf-8"))


def of_a_data_set(file: Path) -> object:
    file.rename(file.with_name(pair_store.MANIFEST))
    return pair_store.manifest_of(file.parent)


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_what_is_wrong_is_a_part_of_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=BROKEN[text]) as told:
        parsed_json(text)
    assert not {"sys", "limit", "delimiter", "recursion"} & set(str(told.value).split())


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ValueError, match="it is no text"):
        parsed_json(b'{"a": "\xff\xfe"}')


def test_no_more_is_read_than_was_to_be_expected(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert read_whole(tmp_path / "file", 3) == b"abc"
    with pytest.raises(OSError, match="too large"):
        read_whole(tmp_path / "file", 2)


ENDLESS = Path("/dev/zero")
"""Of which the system says that it has no bytes at all."""


@pytest.mark.skipif(not ENDLESS.exists(), reason="This system has no file without an end.")
@pytest.mark.parametrize("read", [read_gpl, read_sets, Drawing.load, fields_of])
def test_files_without_an_end_are_refused(read: Callable[[Path], object]) -> None:
    with pytest.raises(UnderpaintError, match=r"zero” can't be read \(it is too large\)"):
        read(ENDLESS)


@pytest.mark.parametrize("read", [of_a_card, of_a_run, of_a_data_set])
def test_readers_say_it_so(tmp_path: Path, read: Callable[[Path], object]) -> None:
    file = tmp_path / "of a stranger.json"
    file.write_text(f'{{"format": 1, "a": {LONG}}}', "utf-8")
    with pytest.raises(UnderpaintError, match="a number in it has thousands of digits"):
        read(file)
