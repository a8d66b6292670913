from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from engine.data.palette import read_gpl, write_gpl
from engine.errors import PictureError, UnderpaintError
from tests.trainer.made_folders import problems_of
from tests.trainer.made_pictures import HOUSES, house, save, side_by_side, thing, through_jpeg
from trainer.__main__ import commands
from trainer.data import pairs
from trainer.data.pairs import DataSet, Problem
from trainer.dataset_check import check, correspondence, mend, pair_notes
from trainer.pictures import sketch

COUNT = 14


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Houses in two folders, with nothing wrong."""
    folder = tmp_path_factory.mktemp("sound")
    for seed in range(COUNT):
        labels, photo = house(seed)
        save(labels, folder / "A" / f"{seed}.png")
        save(photo, folder / "B" / f"{seed}.png")
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    shutil.copytree(sound, tmp_path / "data")
    return tmp_path / "data"


def edit(file: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:  # type: ignore[type-arg]
    save(change(np.array(Image.open(file))), file)


def deepened(folder: Path) -> Path:
    """A 16-bit picture; Pillow writes grey ones only."""
    file = folder / "B" / "3.png"
    grey = np.array(Image.open(file).convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(file)
    return file


def alone(folder: Path) -> Path:
    return save(house(50)[1], folder / "B" / "50.png")


def torn(folder: Path) -> Path:
    file = folder / "B" / "3.png"
    file.write_bytes(file.read_bytes()[:300])
    return file


def text(folder: Path) -> Path:
    file = folder / "A" / "3.png"
    file.write_text("this is no picture")
    return file


def other_size(folder: Path) -> Path:
    file = folder / "A" / "3.png"
    edit(file, lambda pixels: pixels[:100, :90])
    return file


def tiny(folder: Path) -> Path:
    for side in "AB":
        edit(folder / side / "3.png", lambda pixels: pixels[::4, ::4])
    return folder / "B" / "3.png"


def copied(folder: Path) -> Path:
    for side in "AB":
        shutil.copy(folder / side / "3.png", folder / side / "99.png")
    return folder / "B" / "99.png"


def nearly_copied(folder: Path) -> Path:
    shutil.copy(folder / "A" / "3.png", folder / "A" / "99.png")
    again = through_jpeg(np.array(Image.open(folder / "B" / "3.png")), 60)
    return save(np.clip(again.astype(int) + 2, 0, 255).astype(np.uint8), folder / "B" / "99.png")


def mirrored_copy(folder: Path) -> Path:
    for side in "AB":
        save(np.array(Image.open(folder / side / "3.png"))[:, ::-1], folder / side / "99.png")
    return folder / "B" / "99.png"


def mirrored(folder: Path) -> Path:
    edit(folder / "A" / "3.png", lambda pixels: pixels[:, ::-1])
    return folder / "A" / "3.png"


def mixed_up(folder: Path) -> Path:
    shutil.copy(folder / "A" / "5.png", folder / "A" / "3.png")
    return folder / "A" / "3.png"


def softened(folder: Path) -> Path:
    file = folder / "A" / "3.png"
    small = Image.open(file).resize((90, 90), Image.Resampling.BICUBIC)
    small.resize((128, 128), Image.Resampling.BICUBIC).save(file)
    return file


def off_palette(folder: Path) -> Path:
    def dot(pixels: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        pixels[4:30, 4:30] = (255, 0, 255)
        return pixels

    edit(folder / "A" / "3.png", dot)
    return folder / "A" / "3.png"


def grey(folder: Path) -> Path:
    file = folder / "B" / "3.png"
    Image.open(file).convert("L").save(file)
    return file


def transparent(folder: Path) -> Path:
    file = folder / "B" / "3.png"
    image = Image.open(file).convert("RGBA")
    image.putalpha(Image.fromarray(np.tile(np.arange(128, dtype=np.uint8) * 2, (128, 1))))
    image.save(file)
    return file


def foreign(folder: Path) -> Path:
    file = folder / "B" / "film.gif"
    Image.new("P", (8, 8)).save(file)
    return file


SPOILT = [
    (alone, "unmatched", True),
    (torn, "unreadable", True),
    (text, "unreadable", True),
    (other_size, "odd size", False),
    (tiny, "tiny", False),
    (copied, "duplicate", False),
    (nearly_copied, "duplicate", False),
    (mirrored_copy, "duplicate", False),
    (mirrored, "mirrored", False),
    (mixed_up, "mis-paired", False),
    (softened, "soft edges", False),
    (off_palette, "off palette", False),
    (grey, "mixed modes", False),
    (deepened, "converted", False),
    (transparent, "converted", False),
    (foreign, "foreign format", False),
]


@dataclass(frozen=True)
class Spoilt:
    """A data set with one thing wrong, looked through once for all that is asked of that."""

    folder: Path
    file: Path
    kind: str
    severe: bool
    data: DataSet
    problems: list[Problem]


@pytest.fixture(scope="module", params=SPOILT, ids=[spoil.__name__ for spoil, *_ in SPOILT])
def spoilt(request: pytest.FixtureRequest, sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    spoil, kind, severe = request.param
    folder = Path(shutil.copytree(sound, tmp_path_factory.mktemp("spoilt") / "data"))
    file = spoil(folder)
    data = pairs.find(folder)
    return Spoilt(folder, file, kind, severe, data, check.check(data))


def test_sound_data_has_no_problems(sound: Path) -> None:
    assert problems_of(sound) == []


def test_every_kind_of_problem_is_named(spoilt: Spoilt) -> None:
    file = spoilt.file
    found = [problem for problem in spoilt.problems if problem.kind == spoilt.kind]
    assert [(problem.file, problem.severe) for problem in found] == [(file, spoilt.severe)]
    # One line with the file, what is wrong, and what to do.
    line = str(found[0])
    assert f"{file.parent.name}/{file.name}" in line and "\n" not in line
    assert line.endswith(".") and found[0].remedy[:1].isupper() and len(found[0].remedy) > 8


def test_errors_alone_stop_a_training(spoilt: Spoilt) -> None:
    stopping = check.stopping(spoilt.data)
    assert [problem.kind for problem in stopping] == ([spoilt.kind] if spoilt.severe else [])
    # In the same words as the whole check.
    assert set(stopping) <= set(spoilt.problems)


@pytest.mark.parametrize("spoil", [alone, torn, text])
def test_training_refuses_in_the_same_words(folder: Path, spoil: Callable[[Path], Path]) -> None:
    spoil(folder)
    said = [str(problem) for problem in problems_of(folder) if problem.severe]
    result = CliRunner().invoke(commands, ["train", str(folder), "--run", str(folder.parent / "run")])
    assert isinstance(result.exception, UnderpaintError)
    assert [str(result.exception)] == said
    assert not (folder.parent / "run").exists()


def test_mended_copy_is_sound(spoilt: Spoilt, tmp_path: Path) -> None:
    folder = spoilt.folder
    before = {file: file.read_bytes() for file in folder.rglob("*.*")}
    count = mend.mend(spoilt.data, spoilt.problems, tmp_path / "mended")
    again = pairs.find(tmp_path / "mended")
    assert again.layout == "kept" and again.task == "labels" and len(again.pairs) == count >= COUNT - 1
    kinds = {problem.kind for problem in check.check(again)}
    # A photo without colours stays one; the rest is put right.
    assert kinds <= ({"mixed modes"} if spoilt.kind in ("mixed modes", "converted") else set())
    assert {file: file.read_bytes() for file in folder.rglob("*.*")} == before


def test_mirrored_input_is_mirrored_back(folder: Path, tmp_path: Path) -> None:
    mirrored(folder)
    data = pairs.find(folder)
    mend.mend(data, check.check(data), tmp_path / "mended")
    again = {pair.name: pair for pair in pairs.find(tmp_path / "mended").pairs}
    assert (pairs.load(again["3"])[0] == house(3)[0]).all()


def test_sound_photos_are_copied_byte_for_byte(tmp_path: Path) -> None:
    for seed in range(3):
        save(thing(seed), tmp_path / "photos" / "train" / f"{seed}.jpg")
    data = pairs.find(tmp_path / "photos")
    mend.mend(data, [], tmp_path / "mended")
    for seed in range(3):
        original = tmp_path / "photos" / "train" / f"{seed}.jpg"
        assert (tmp_path / "mended" / "train" / "B" / f"{seed}.jpg").read_bytes() == original.read_bytes()
    assert [pair.split for pair in pairs.find(tmp_path / "mended").pairs] == ["train"] * 3


@pytest.mark.parametrize("place", ["data/inside", "data", "used"])
def test_copy_spoils_nothing(folder: Path, tmp_path: Path, place: str) -> None:
    save(thing(1), tmp_path / "used" / "mine.png")
    with pytest.raises(PictureError, match="choose"):
        mend.mend(pairs.find(folder), [], tmp_path / place)
    assert not (tmp_path / "used" / "pairs.json").exists()


def test_nothing_left_is_said(folder: Path, tmp_path: Path) -> None:
    data = pairs.find(folder)
    all_bad = [Problem(pair.a.file, False, "", "", "duplicate", pair.name) for pair in data.pairs]
    with pytest.raises(PictureError, match="No pair"):
        mend.mend(data, all_bad, tmp_path / "mended")


@pytest.mark.parametrize("count", [4, 7])
def test_tiny_files_are_left_out_however_many(folder: Path, tmp_path: Path, count: int) -> None:
    for number in range(12, COUNT):
        for side in "AB":
            (folder / side / f"{number}.png").unlink()
    for number in range(count):
        for side in "AB":
            edit(folder / side / f"{number}.png", lambda pixels: pixels[::4, ::4])
    data = pairs.find(folder)
    problems = check.check(data)
    said_once = count > 6
    assert sum(problem.kind == "tiny" for problem in problems) == (1 if said_once else count)
    assert mend.mend(data, problems, tmp_path / "mended") == 12 - count
    assert "tiny" not in {problem.kind for problem in problems_of(tmp_path / "mended")}


def test_nothing_but_tiny_files_is_said(tmp_path: Path) -> None:
    for seed in range(8):
        save(thing(seed, 40), tmp_path / "photos" / f"{seed}.png")
    data = pairs.find(tmp_path / "photos")
    with pytest.raises(PictureError, match="No pair"):
        mend.mend(data, check.check(data), tmp_path / "mended")


def test_of_what_is_learnt_from_little_stays_in_memory(tmp_path: Path) -> None:
    """Pairs of large pictures are reduced one by one: together they would take gigabytes."""
    for seed in range(6):
        for side, pixels in zip("AB", house(seed, 450), strict=True):
            save(pixels, tmp_path / side / f"{seed}.png")
    data = pairs.find(tmp_path)
    sides = list(check.compared(data))
    assert len(sides) == 6
    assert all(side.nbytes == correspondence.SEEN**2 * 3 for pair in sides for side in pair)
    # Nothing else is seen in them than in the whole pictures.
    learnt = correspondence.Correspondence.fit(sides)
    assert learnt is not None
    one, other = learnt.judge(*pairs.load(data.pairs[0])), learnt.judge(*sides[0])
    assert one.verdict == other.verdict == "fits" and one.sides is not None and other.sides is not None
    assert all((side == same).all() for side, same in zip(one.sides, other.sides, strict=True))


def test_of_many_pairs_only_verdicts_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed partners are found by is not kept of so many pairs that they aren't looked for."""
    file = mirrored(folder)
    data = pairs.find(folder)
    common = correspondence.Correspondence.fit(list(check.compared(data)))
    few = pair_notes.take_notes(data.pairs[0], data, common)
    assert few.judgement is not None and few.judgement.sides is not None
    assert few.thumb is not None and few.thumb.nbytes == pair_notes.THUMB**2 * 3
    monkeypatch.setattr(correspondence, "MOST_SWAPPED", COUNT - 1)
    many = pair_notes.take_notes(data.pairs[0], data, common)
    assert many.judgement is not None and many.judgement.sides is None
    assert [(problem.file, problem.kind) for problem in check.check(data)] == [(file, "mirrored")]


def test_odd_width_is_named(tmp_path: Path) -> None:
    for seed in range(COUNT):
        pair = side_by_side(seed)
        save(pair[:, :-1] if seed == 3 else pair, tmp_path / f"{seed}.png")
    kinds = [(problem.kind, problem.file and problem.file.name) for problem in problems_of(tmp_path)]
    assert ("odd size", "3.png") in kinds


def test_what_most_files_have_is_said_once(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(side_by_side(seed, 192), tmp_path / f"{seed}.jpg", quality=80)
    found = problems_of(tmp_path)
    assert [problem.kind for problem in found] == ["soft edges"]
    assert found[0].file is None and f"{COUNT} files" in found[0].text


def test_input_of_a_photo_before_it_was_turned_is_named(folder: Path) -> None:
    """Cameras turn photos by a note in the file, which programs that draw label maps may pass over."""
    file = folder / "A" / "3.png"
    for side in ("A", "B"):
        edit(folder / side / "3.png", lambda pixels: pixels[:, :90])
    edit(file, lambda pixels: np.rot90(pixels))
    (told,) = [it for it in problems_of(folder) if it.file == file and it.kind == "odd size"]
    assert str(told).partition("pixels")[2] == (
        ", as if one of them had been turned; it will be scaled, and no longer lie on its photo. "
        "Turn one of them."
    )


def test_swapped_partners_are_named(folder: Path) -> None:
    (folder / "A" / "3.png").rename(folder / "A" / "keep.png")
    (folder / "A" / "7.png").rename(folder / "A" / "3.png")
    (folder / "A" / "keep.png").rename(folder / "A" / "7.png")
    found = problems_of(folder)
    assert [(problem.file and problem.file.name, problem.kind) for problem in found] == [
        ("3.png", "mis-paired"),
        ("7.png", "mis-paired"),
    ]
    assert "“7.png”" in found[0].text and "“3.png”" in found[1].text


# --- the command line ----------------------------------------------------------------------------


def test_command_says_one_line_a_problem(folder: Path) -> None:
    lonely, soft = alone(folder), softened(folder)
    result = CliRunner().invoke(commands, ["check", str(folder)])
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert len(lines) == 2
    assert lines[0].startswith("error: ") and lonely.name in lines[0]
    assert lines[1].startswith("warning: ") and soft.name in lines[1]
    assert "two folders" in result.stderr and "errors: 1, warnings: 1" in result.stderr


def test_command_is_silent_on_sound_data(sound: Path) -> None:
    result = CliRunner().invoke(commands, ["check", str(sound)])
    assert (result.exit_code, result.stdout) == (0, "")


def test_command_mends_beside_the_folder(folder: Path) -> None:
    torn(folder)
    result = CliRunner().invoke(commands, ["check", str(folder), "--fix"])
    assert result.exit_code == 1  # the folder itself still has the error
    copy = folder.with_name("data-mended")
    assert len(pairs.find(copy).pairs) == COUNT - 1
    assert CliRunner().invoke(commands, ["check", str(copy)]).exit_code == 0


def test_command_takes_a_palette(folder: Path, tmp_path: Path) -> None:
    write_gpl(HOUSES, tmp_path / "houses.gpl")
    result = CliRunner().invoke(
        commands,
        [
            "check",
            str(folder),
            "--palette",
            str(tmp_path / "houses.gpl"),
            "--fix",
            "--out",
            str(tmp_path / "o"),
        ],
    )
    assert result.exit_code == 0
    assert pairs.find(tmp_path / "o").palette == read_gpl(tmp_path / "houses.gpl")
    assert "sky, wall" in result.stderr


@pytest.mark.parametrize("arguments", [["--out", "x"], ["--task", "dreams"]])
def test_wrong_usage_is_exit_code_2(sound: Path, arguments: list[str]) -> None:
    assert CliRunner().invoke(commands, ["check", str(sound), *arguments]).exit_code == 2


def drawn_twice(folder: Path) -> Path:
    """Photos, two drawings of each, and the first photo once more, saved otherwise, drawn twice as well."""
    for number in range(6):
        photo = thing(number)
        for name in (f"{number}", *(["copy"] if number == 0 else [])):
            save(photo if name != "copy" else np.clip(photo, 1, 254), folder / "photos" / f"{name}.png")
            for drawing in range(2):
                drawn = np.roll(sketch.lines(photo), drawing, 0)
                save(drawn, folder / "sketches" / f"{name}-{drawing + 1}.png")
    return folder


def test_drawings_of_one_photo_are_no_duplicates(tmp_path: Path) -> None:
    data = pairs.find(drawn_twice(tmp_path / "data"))
    assert len(data.pairs) == 14
    problems = check.check(data)
    doubled = [problem for problem in problems if problem.kind == "duplicate"]
    assert [problem.file.name for problem in doubled if problem.file] == ["copy.png"]
    assert doubled[0].pairs == ("copy-1", "copy-2")
    assert mend.mend(data, doubled, tmp_path / "mended") == 12


def test_names_tell_files_of_different_endings_apart(tmp_path: Path) -> None:
    for number in range(5):
        save(thing(number), tmp_path / "data" / f"{number}.png")
    digest = pairs.digest(pairs.find(tmp_path / "data"))
    Image.fromarray(thing(9, 20)).save(tmp_path / "data" / "3.bmp")
    data = pairs.find(tmp_path / "data")
    assert sorted(pair.name for pair in data.pairs) == ["0", "1", "2", "3.bmp", "3.png", "4"]
    problems = check.check(data)
    assert {problem.pair for problem in problems if problem.kind == "tiny"} == {"3.bmp"}
    assert mend.mend(data, problems, tmp_path / "mended") == 5
    assert sorted(file.name for file in (tmp_path / "mended" / "B").iterdir()) == [
        *("0.png", "1.png", "2.png", "3.png.png", "4.png")
    ]
    named_alike = replace(data, pairs=tuple(replace(pair, name=pair.plain, ending="") for pair in data.pairs))
    assert pairs.digest(named_alike) == pairs.digest(data) != digest  # as older runs know it
