"""The style of a picture where it is translated or taught outside the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import engine
from desktop import translating
from desktop.paint.editing.document import Document, PictureStyle
from desktop.paint.files import project
from desktop.pairs import lessons
from desktop.pairs.lessons import Lesson
from desktop.preview.shelf import Frame
from engine.data.picture import read
from engine.models import bundle
from engine.planes import codec
from tests.desktop.styled_models import write_styled
from trainer.files import pair_store


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_styled(tmp_path_factory.mktemp("styled") / "styles.safetensors")


def drawn(style: PictureStyle | None) -> Document:
    document = Document.new("sketch", 64, 64)
    document.layers[-1].pixels[20:24, 10:50] = (0, 0, 0, 255)
    document.set_style(style)
    return document


def test_a_project_is_translated_in_its_own_style(file: Path, tmp_path: Path, capsys) -> None:
    generator = engine.open(file, device="cpu")
    document = drawn(PictureStyle((1.0, -1.0) * 4, "mine"))
    project.save(document, tmp_path / "a.ora")
    prepared = codec.prepare(document.picture(), generator.card, (64, 64))
    for asked, wanted in ((None, document.style.code), ((0.5,) * 8, (0.5,) * 8)):
        translating.translate(generator, tmp_path / "a.ora", tmp_path / "a.png", None, asked)
        found = read(tmp_path / "a.png").pixels
        np.testing.assert_array_equal(found, generator.translate(prepared, style=wanted))
        assert (found != generator.translate(prepared)).any()
    assert capsys.readouterr().err == ""
    project.save(drawn(PictureStyle((1.0, 2.0), "other")), tmp_path / "b.ora")
    translating.translate(generator, tmp_path / "b.ora", tmp_path / "b.png", None, None)
    np.testing.assert_array_equal(read(tmp_path / "b.png").pixels, generator.translate(prepared))
    assert capsys.readouterr().err.count("has a style that “tiny styles” doesn't know") == 1


def test_one_drawing_in_two_styles_is_two_lessons(file: Path) -> None:
    card = bundle.read_card(file)
    frames = []
    for style, grey in (
        (None, 50),
        (PictureStyle((1.0,) * 8, "a"), 90),
        (PictureStyle((2.0,), "other"), 130),
    ):
        frames.append(Frame(np.full((64, 64, 3), grey, np.uint8), drawn(style).snapshot(), "sketch"))
    document = drawn(PictureStyle((1.0,) * 8, "a"))
    taught, seen = document.picture(), document.picture_flat()
    lesson = Lesson(card, file, taught, seen, frames[1].preview, tuple(frames), document.style.code)
    folder = lessons.keep_correction(lesson, np.full((64, 64, 3), 200, np.uint8))
    lessons.keep_examples(lesson, folder, [], frames)
    photos = [pair_store.read_back(folder, name)[1] for name in pair_store.names(folder)]
    greys = sorted(int(photo.mean()) for photo in photos)
    assert greys == [50, 200], "the correction counts for more; another model's style is the usual one"


def test_a_sample_drawing_corrected_in_a_style_does_not_stay_as_it_was_in_the_usual_one(file: Path) -> None:
    """The model would be taught both, and the greyer one would win."""
    card = bundle.read_card(file)
    style = PictureStyle((1.0,) * 8, "a")
    first, second = drawn(None), drawn(None)
    first.layers[0].pixels[30:40, 30:40] = (200, 30, 30, 255)  # a hint, which is kept in a file of its own
    second.layers[-1].pixels[40:44, 10:50] = (0, 0, 0, 255)
    samples = [
        (document.picture(), np.full((64, 64, 3), grey, np.uint8))
        for document, grey in ((first, 50), (second, 90))
    ]

    def taught(document: Document, grey: int) -> list[int]:
        made = np.full((64, 64, 3), 10, np.uint8)
        lesson = Lesson(card, file, document.picture(), document.picture_flat(), made, (), style.code)
        folder = lessons.keep_correction(lesson, np.full((64, 64, 3), grey, np.uint8))
        lessons.keep_examples(lesson, folder, samples, [])
        photos = (pair_store.read_back(folder, name)[1] for name in pair_store.names(folder))
        return sorted(int(photo.mean()) for photo in photos)

    assert taught(first, 200) == [90, 200]
    assert taught(second, 220) == [200, 220], (
        "what was noted down of it before goes, and the first stays corrected"
    )
