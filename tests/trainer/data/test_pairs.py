from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.data.messages import Picture, Pixels
from engine.data.palette import Label, Palette
from engine.errors import PictureError
from tests.trainer.made_pictures import HOUSES, house, save, side_by_side, thing
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.files import pair_store
from trainer.pictures import sketch

COUNT = 8


def lines_of(seed: int) -> Pixels:
    return np.repeat(sketch.lines(thing(seed))[..., None], 3, 2)


def severe(data: DataSet) -> list[str]:
    return [problem.kind for problem in data.problems if problem.severe]


def written(folder: Path, layout: str, swapped: bool = False) -> Path:
    """Houses in a layout; ``swapped`` puts the label map where the photo is in the other case."""
    for seed in range(COUNT):
        labels, photo = house(seed)
        one, other = (labels, photo) if swapped else (photo, labels)
        if layout == "side by side":
            save(np.concatenate([one, other], 1), folder / f"{seed}.png")
        elif layout == "two folders":
            save(one, folder / "first" / f"{seed}.png")
            save(other, folder / "second" / f"{seed}.png")
        else:
            save(one, folder / f"{seed}_A.png")
            save(other, folder / f"{seed}_B.png")
    return folder


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("layout", ["side by side", "two folders", "suffixes"])
def test_layout_direction_and_task_are_seen(tmp_path: Path, layout: str, swapped: bool) -> None:
    data = pairs.find(written(tmp_path, layout, swapped))
    assert (data.layout, data.task, data.input) == (layout, "labels", "labels")
    assert data.palette is not None and len(data.palette.labels) == len(HOUSES.labels)
    assert data.problems == ()
    assert len(data.pairs) == COUNT
    for seed, pair in enumerate(data.pairs):
        a, b = pairs.load(pair)
        labels, photo = house(seed)
        assert (a == labels).all() and (b == photo).all()


@pytest.mark.parametrize("layout", ["side by side", "two folders", "suffixes"])
def test_sides_can_be_swapped(tmp_path: Path, layout: str) -> None:
    folder = written(tmp_path, layout)
    usual, swapped = pairs.find(folder), pairs.find(folder, swap=True)
    for one, other in zip(usual.pairs, swapped.pairs, strict=True):
        assert (one.a, one.b) == (other.b, other.a)
    assert swapped.task == "image"
    assert usual.direction.split(" → ") == swapped.direction.split(" → ")[::-1]


def test_photos_beside_their_lines_are_line_pairs(tmp_path: Path) -> None:
    """White meets white in the middle, so there is no seam to see."""
    for seed in range(COUNT):
        save(np.concatenate([lines_of(seed), thing(seed)], 1), tmp_path / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert (data.layout, data.task, data.direction) == ("side by side", "lines", "left half → right half")


@pytest.mark.parametrize("wide", [False, True])
def test_single_photos_get_an_input_made(tmp_path: Path, wide: bool) -> None:
    for seed in range(COUNT):
        photo = house(seed, 128)[1]
        save(photo[32:96] if wide else photo, tmp_path / f"{seed}.jpg")
    data = pairs.find(tmp_path)
    assert (data.layout, data.task, data.input) == ("photos", "hints", "sketch")
    assert len(data.pairs) == COUNT


@pytest.mark.parametrize("task", ["lines", "hints", "grey", "small"])
@pytest.mark.parametrize("paired", [False, True])
def test_input_made_from_the_photo(tmp_path: Path, task: str, paired: bool) -> None:
    if paired:
        written(tmp_path, "side by side")
    else:
        for seed in range(COUNT):
            save(house(seed)[1], tmp_path / f"{seed}.png")
    data = pairs.find(tmp_path, task=task)
    assert data.task == task and not data.problems
    a, b = pairs.load(data.pairs[3])
    assert (b == house(3)[1]).all()
    assert a.shape == b.shape and (a != b).any()
    if task == "lines":
        assert (a[..., 0] == sketch.lines(b)).all()
    if task == "grey":
        assert (a.max(2) == a.min(2)).all()
    if task == "hints":
        assert (a.max(2) - a.min(2)).max() > 20
    if task == "small":
        # Fine structure is gone, the whole stays.
        assert (
            np.abs(np.diff(a.astype(int), axis=0)).mean()
            < 0.7 * np.abs(np.diff(b.astype(int), axis=0)).mean()
        )
        assert abs(float(a.mean()) - float(b.mean())) < 2


def test_drawn_lines_stay_where_hints_are_asked_for(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(np.concatenate([lines_of(seed), thing(seed)], 1), tmp_path / f"{seed}.png")
    data = pairs.find(tmp_path, task="hints")
    assert data.task == "hints" and data.pairs[0].a.derived is None


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "val"), ("train", "val")),
        (("training", "testing"), ("train", "test")),
        (("Train", "validation"), ("train", "val")),
    ],
)
def test_splits_are_folders(tmp_path: Path, folders: tuple[str, str], splits: tuple[str, str]) -> None:
    for seed in range(COUNT):
        for folder in folders:
            save(side_by_side(seed + 20 * (folder == folders[1])), tmp_path / folder / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert {pair.split for pair in data.pairs} == set(splits)
    assert len(data.of_split(splits[0]).pairs) == COUNT
    assert len({pair.name for pair in data.pairs}) == 2 * COUNT


@pytest.mark.parametrize("shape", ["trainA", "train/A", "A/train"])
def test_splits_of_two_folders(tmp_path: Path, shape: str) -> None:
    for seed in range(COUNT):
        for split in ("train", "val"):
            labels, photo = house(seed)
            for side, pixels in (("A", photo), ("B", labels)):
                place = shape.replace("train", split).replace("A", side)
                save(pixels, tmp_path / place / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert (data.layout, data.task) == ("two folders", "labels")
    assert [pair.split for pair in data.pairs].count("val") == COUNT
    assert data.pairs[0].a.file.parent != data.pairs[0].b.file.parent
    assert "B" in data.pairs[0].a.file.relative_to(tmp_path).as_posix()


@pytest.mark.parametrize("layout", ["two folders", "suffixes"])
def test_files_without_partner_are_errors(tmp_path: Path, layout: str) -> None:
    written(tmp_path, layout)
    lonely = tmp_path / ("first/99.png" if layout == "two folders" else "99_B.png")
    save(house(99)[1], lonely)
    data = pairs.find(tmp_path)
    assert len(data.pairs) == COUNT
    assert [(problem.file, problem.severe, problem.kind) for problem in data.problems] == [
        (lonely, True, "unmatched")
    ]


def test_two_folders_without_common_names(tmp_path: Path) -> None:
    for seed in range(COUNT):
        labels, photo = house(seed)
        save(labels, tmp_path / "maps" / f"map{seed}.png")
        save(photo, tmp_path / "photos" / f"photo{'abcdefgh'[seed]}.png")
    data = pairs.find(tmp_path)
    assert severe(data) == ["no pairs"] and "name" in str(data.problems[0])


def test_names_are_unique_over_folders(tmp_path: Path) -> None:
    for kind in ("boots", "bags", "hats"):
        save(thing(1), tmp_path / kind / "1.png")
    data = pairs.find(tmp_path)
    assert sorted(pair.name for pair in data.pairs) == ["bags/1", "boots/1", "hats/1"]


@pytest.mark.parametrize("content", [None, "notes.txt", "film.gif"])
def test_no_pictures_is_an_error(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / content).write_bytes(b"GIF89a")
    data = pairs.find(tmp_path)
    assert severe(data) == ["no pairs"]
    assert any(problem.kind == "foreign format" for problem in data.problems) == (content == "film.gif")


@pytest.mark.parametrize("task", ["labels", "image"])
def test_photos_alone_can_not_be_pairs(tmp_path: Path, task: str) -> None:
    save(house(1)[1], tmp_path / "1.png")
    assert severe(pairs.find(tmp_path, task=task)) == ["no pairs"]


def test_labels_without_a_palette_are_an_error_unless_it_is_given(tmp_path: Path) -> None:
    for seed in range(COUNT):
        photo = house(seed)[1]
        save(photo, tmp_path / "one" / f"{seed}.png")
        save(photo[::-1], tmp_path / "two" / f"{seed}.png")
    assert severe(pairs.find(tmp_path, task="labels")) == ["palette"]
    data = pairs.find(tmp_path, task="labels", palette=HOUSES)
    assert data.palette is HOUSES and not severe(data)


def test_undecided_direction_is_said(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for seed in range(COUNT):
        photo = house(seed)[1].astype(int)
        night = np.clip(photo - 90 + random.integers(-1, 2, photo.shape), 0, 255).astype(np.uint8)
        save(photo.astype(np.uint8), tmp_path / "day" / f"{seed}.png")
        save(np.clip(night + 60, 60, 255).astype(np.uint8), tmp_path / "night" / f"{seed}.png")
    data = pairs.find(tmp_path)
    drawn = [problem.kind for problem in data.problems]
    assert drawn in ([], ["direction"]) and data.task == "image"
    same = tmp_path / "same"
    for seed in range(COUNT):
        photo = house(seed)[1]
        save(photo, same / "one" / f"{seed}.png")
        save(photo, same / "two" / f"{seed}.png")
    data = pairs.find(same)
    assert [problem.kind for problem in data.problems] == ["direction", "pairing"]
    assert data.direction == "“one” → “two”"


@pytest.mark.parametrize("folder", ["missing", "file.txt"])
def test_what_is_no_folder_is_said(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file.txt").touch()
    with pytest.raises(PictureError, match="choose a folder"):
        pairs.find(tmp_path / folder)


def test_unknown_task_is_said(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no task “dreams”"):
        pairs.find(tmp_path, task="dreams")


def test_unreadable_files_do_not_stop_recognition(tmp_path: Path) -> None:
    written(tmp_path, "side by side")
    (tmp_path / "0.png").write_bytes(b"not a picture at all")
    data = pairs.find(tmp_path)
    assert data.layout == "side by side" and len(data.pairs) == COUNT
    with pytest.raises(PictureError):
        pairs.load(data.pairs[0])


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_folders_that_can_not_be_looked_into_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    for seed in range(6):
        for side, pixels in zip("ab", house(seed, 64), strict=True):
            save(pixels, tmp_path / side / ("late" if seed > 3 else "early") / f"{seed}.png")
    scandir = os.scandir

    def failing(folder: str) -> Any:
        if Path(folder).name == "late":
            raise OSError(code, os.strerror(code), folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", failing)
    data = pairs.find(tmp_path)
    assert len(data.pairs) == 4 and len(data.problems) == 2
    assert all("“late” can't be looked into" in problem.text for problem in data.problems)
    assert bool(severe(data)) == (code == errno.EIO)


def test_links_that_lead_back_are_not_followed(tmp_path: Path) -> None:
    written(tmp_path, "side by side")
    try:
        (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("links can't be made here")
    assert len(pairs.find(tmp_path).pairs) == COUNT


def test_folders_elsewhere_are_linked(tmp_path: Path) -> None:
    """As people have them whose photos are on another disk; each folder once, whatever leads to it."""
    written(tmp_path / "disk", "two folders")
    (tmp_path / "data").mkdir()
    folders = sorted((tmp_path / "disk").iterdir())
    try:
        for folder in folders:
            (tmp_path / "data" / folder.name).symlink_to(folder, target_is_directory=True)
        (tmp_path / "data" / "zzz").symlink_to(folders[0], target_is_directory=True)
        (tmp_path / "data" / "all").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("links can't be made here")
    data = pairs.find(tmp_path / "data")
    assert (data.layout, len(data.pairs), data.problems) == ("two folders", COUNT, ())


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    written(tmp_path, "side by side")
    save(thing(1), tmp_path / ".thumbnails" / "1.png")
    save(thing(1), tmp_path / "__MACOSX" / "1.png")
    (tmp_path / "._1.png").write_bytes(b"junk")
    data = pairs.find(tmp_path)
    assert len(data.pairs) == COUNT and not data.problems


# --- digest --------------------------------------------------------------------------------------


def test_digest_changes_with_the_list_and_not_with_the_place(tmp_path: Path) -> None:
    first = pairs.digest(pairs.find(written(tmp_path / "one", "two folders")))
    assert first == pairs.digest(pairs.find(written(tmp_path / "two", "two folders")))
    assert first != pairs.digest(pairs.find(tmp_path / "one", swap=True))
    assert first != pairs.digest(pairs.find(tmp_path / "one", task="grey"))
    file = tmp_path / "two" / "first" / "3.png"
    Image.open(file).save(file, compress_level=0)
    assert first != pairs.digest(pairs.find(tmp_path / "two"))
    data = pairs.find(tmp_path / "one")
    (tmp_path / "one" / "first" / "3.png").unlink()
    assert first != pairs.digest(pairs.find(tmp_path / "one"))
    with pytest.raises(PictureError, match="gone"):
        pairs.digest(data)


# --- kept from the canvas ------------------------------------------------------------------------


def drawing(seed: int) -> Picture:
    hints = np.zeros((128, 128, 4), np.uint8)
    hints[60:80, 60:80] = (200, 30, 40, 255)
    return Picture(lines=sketch.lines(thing(seed)), hints=hints)


def test_kept_pairs_come_back_as_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    names = [pair_store.keep(folder, drawing(seed), thing(seed), "hints") for seed in range(3)]
    assert names == ["1", "2", "3"]
    data = pairs.find(folder)
    assert (data.layout, data.task, data.problems) == ("kept", "hints", ())
    for seed, pair in enumerate(data.pairs):
        a, b = pairs.load(pair)
        assert (b == thing(seed)).all()
        assert (a == sketch.over(drawing(seed).lines, drawing(seed).hints)).all()  # type: ignore[arg-type]


def test_kept_labels_bring_their_palette(tmp_path: Path) -> None:
    labels, photo = house(1)
    pair_store.keep(tmp_path, Picture(pixels=labels), photo, "labels", HOUSES)
    data = pairs.find(tmp_path)
    assert data.palette == HOUSES and data.pairs[0].hints is None
    other = Palette("other", (Label("a", (1, 2, 3)),))
    with pytest.raises(PictureError, match="another sort"):
        pair_store.keep(tmp_path, Picture(pixels=labels), photo, "labels", other)


def test_kept_pairs_can_be_trained_for_another_task(tmp_path: Path) -> None:
    pair_store.keep(tmp_path, drawing(1), thing(1), "hints")
    assert pairs.find(tmp_path, task="lines").pairs[0].hints is None
    assert pairs.find(tmp_path, task="grey").pairs[0].a.derived == "grey"
    with pytest.raises(PictureError, match="for “hints”"):
        pairs.find(tmp_path, task="labels")


def test_kept_pair_of_two_photos_is_told(tmp_path: Path) -> None:
    for seed in (1, 2):
        pair_store.keep(tmp_path, drawing(seed), thing(seed), "hints")
    Image.fromarray(thing(7)).save(tmp_path / "B" / "2.bmp")
    for task in ("hints", "grey"):
        data = pairs.find(tmp_path, task=task)
        assert [pair.b.file.name for pair in data.pairs] == ["1.png", "2.png"]
        (problem,) = data.problems
        assert str(problem) == (
            "“B/2.bmp” is passed over, as “2.png” has the same name. Remove one of them, or rename it."
        )


def test_kept_pair_without_photo_is_an_error(tmp_path: Path) -> None:
    pair_store.keep(tmp_path, drawing(1), thing(1), "hints")
    pair_store.keep(tmp_path, drawing(2), thing(2), "hints")
    (tmp_path / "B" / "2.png").unlink()
    assert severe(pairs.find(tmp_path)) == ["unmatched"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 99, "task": "lines"}', '{"format": 1}', '{"format": 1, "task": 3}',
     '{"format": 1, "task": "labels", "palette": {"name": "x", "labels": [["a", [1, 2, 300]]]}}',
     '{"format": 1, "task": "labels", "palette": {"name": "x", "labels": []}}',
     '{"format": 1, "task": "dreams"}', "[" * 100_000],
)  # fmt: skip
def test_damaged_manifest_is_said(tmp_path: Path, text: str) -> None:
    pair_store.keep(tmp_path, drawing(1), thing(1), "hints")
    (tmp_path / pair_store.MANIFEST).write_text(text)
    with pytest.raises(PictureError, match=r"damaged|newer|update"):
        pairs.find(tmp_path)


def test_manifest_is_plain_json(tmp_path: Path) -> None:
    pair_store.write_manifest(tmp_path, "labels", HOUSES)
    fields = json.loads((tmp_path / pair_store.MANIFEST).read_text("utf-8"))
    assert fields["task"] == "labels" and fields["palette"]["labels"][0] == ["sky", [0, 0, 222]]
    assert pair_store.read_manifest(tmp_path) == ("labels", HOUSES)


# --- real data, where it is at hand ---------------------------------------------------------------


MEASURED = [
    *((0, 0, 222), (0, 48, 255), (0, 128, 255), (0, 208, 255), (32, 255, 224), (112, 255, 143)),
    *((192, 255, 63), (255, 240, 0), (255, 160, 0), (255, 80, 0), (255, 0, 0), (175, 0, 0)),
]
"""The facades' label colours: the mode of each over all training maps."""


@pytest.mark.parametrize(
    ("name", "layout", "task", "direction"),
    [
        ("facades", "side by side", "labels", "right half → left half"),
        ("maps", "side by side", "image", "right half → left half"),
        ("shoes", "photos", "hints", "hints made from the photo → photo"),
        ("handbags", "photos", "hints", "hints made from the photo → photo"),
    ],
)
def test_real_data_is_recognised(shared: Path, name: str, layout: str, task: str, direction: str) -> None:
    folder = shared / "data" / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    data = pairs.find(folder)
    assert (data.layout, data.task, data.direction) == (layout, task, direction)
    pictures = [file for file in folder.rglob("*") if file.suffix == ".jpg"]
    assert len(data.pairs) == len(pictures) > 0 and not data.problems
    if task == "labels":
        assert data.palette is not None and len(data.palette.labels) == len(MEASURED)
        apart = np.abs(data.palette.colours[:, None].astype(int) - np.array(MEASURED)).max(2)
        assert apart.min(0).max() <= 2
