"""How files make pairs: as in well-known data sets, and as people name them."""

from __future__ import annotations

import shutil
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

from engine.errors import PictureError
from tests.trainer.made_folders import COUNT, numbers, parts, written
from tests.trainer.made_pictures import HOUSES, house, save, thing
from trainer.data import pairs
from trainer.data.dataset import DataSet
from trainer.pictures import sketch

EACH_WAY = {
    "CMP": ("base/cmp_b{N}.jpg", "base/cmp_b{N}.png", "palette"),
    "one folder": ("{n}.jpg", "{n}.png", "colours"),
    "Kaggle": ("{n}.jpg", "{n}_mask.png", "masks"),
    "Carvana": ("train/{N}_01.jpg", "train_masks/{N}_01_mask.gif", "masks"),
    "DRIVE": ("training/images/{N}_training.png", "training/1st_manual/{N}_manual1.gif", "masks"),
    "ISIC": ("ISIC_{N}.jpg", "ISIC_{N}_segmentation.png", "masks"),
    "ISIC in folders": ("images/ISIC_{N}.jpg", "ground/ISIC_{N}_segmentation.png", "masks"),
    "ground truth": ("x{n}.png", "x{n}_gt.png", "colours"),
    "label": ("x{n}.png", "x{n}_label.png", "numbers"),
    "inputs and targets": ("{n}-targets.png", "{n}-inputs.png", "colours"),
    "beginnings": ("img_{N}.png", "mask_{N}.png", "masks"),
    "no separator": ("img{n}.png", "img{n}_mask.png", "masks"),
    "folders and splits in one": ("{s}_img/{n}.png", "{s}_label/{n}.png", "colours"),
    "splits behind": ("images_{s}/{n}.png", "masks_{s}/{n}.png", "colours"),
    "mirrored": ("B/cats/{n}.png", "A/cats/{n}.png", "colours"),
    "mirrored behind": ("cats/B/{n}.png", "cats/A/{n}.png", "colours"),
    "mirrored in splits": ("{s}/B/cats/{n}.png", "{s}/A/cats/{n}.png", "colours"),
    "CycleGAN": ("{s}A/{n}.png", "{s}B/{n}.png", "colours"),
    "sides with splits inside": ("A/{s}/{n}.png", "B/{s}/{n}.png", "colours"),
    "input and target": ("target/{n}.png", "input/{n}.png", "colours"),
    "YOLO": ("images/{s}/{n}.jpg", "labels/{s}/{n}.png", "numbers"),
    "Cityscapes": (
        "leftImg8bit/{s}/aachen/aachen_{N}_000019_leftImg8bit.png",
        "gtFine/{s}/aachen/aachen_{N}_000019_gtFine_color.png",
        "colours",
    ),
    "Cityscapes as downloaded": (
        "leftImg8bit_trainvaltest/leftImg8bit/{s}/bonn/bonn_{N}_000019_leftImg8bit.png",
        "gtFine_trainvaltest/gtFine/{s}/bonn/bonn_{N}_000019_gtFine_labelIds.png",
        "numbers",
    ),
    "CamVid": ("701_StillsRaw/0001TP_{N}.png", "LabeledApproved/0001TP_{N}_L.png", "colours"),
    "ADE20K": ("images/training/ADE_train_{N}.jpg", "annotations/training/ADE_train_{N}.png", "numbers"),
    "COCO stuff": ("{s}2017/{N}.jpg", "stuffthingmaps/{s}2017/{N}.png", "numbers"),
    "LaPa": ("{s}/images/{n}_0.jpg", "{s}/labels/{n}_0.png", "numbers"),
    "VOC": ("JPEGImages/2007_{N}.jpg", "SegmentationClass/2007_{N}.png", "palette"),
    "inside another": ("set/set/images/{n}.jpg", "set/set/masks/{n}.png", "masks"),
    "by number": ("CelebA-HQ-img/{n}.jpg", "CelebAMask-HQ-mask/{N}.png", "numbers"),
    "a folder each": ("item{n}/image.png", "item{n}/label.png", "numbers"),
    "other words": ("pics/shot{n}.jpg", "drawn/paint{n}.png", "colours"),
    "SegNet's CamVid": ("{s}/0001TP_{N}.png", "{s}annot/0001TP_{N}.png", "numbers"),
    "splits between": ("Task1-2_{s}_Input/x{N}.jpg", "Task1_{s}_GroundTruth/x{N}_segmentation.png", "masks"),
    "splits twice": ("{s}/{s}_A/{n}-1.png", "{s}/{s}_B/{n}-1.png", "masks"),
    "both splits' name": ("train_val/images/d_r_{n}_.jpg", "train_val/masks/d_r_{n}_.bmp", "colours"),
    "numbers in brackets": ("lumps/lump ({n}).png", "lumps/lump ({n})_mask.png", "masks"),
    "words in between": ("camera/1_camera_front_{N}.png", "label/1_label_front_{N}.png", "colours"),
    "words before and behind": ("photos/f-{N}-01.jpg", "sketches/F2-{N}-01-sz1.png", "colours"),
    "ranges": ("images/{n}-7_h.jpg", "manual1/{n}-7_h.png", "masks"),
    "red": ("CameraRGB/02_00_{N}.png", "CameraSeg/02_00_{N}.png", "red"),
    "−1 of 16 bits": ("images/{n}.png", "labels/{n}.png", "rest"),
    "beyond 255": ("images/{n}.png", "labels/{n}.png", "far"),
}


def kinds(data: DataSet) -> set[str]:
    return {problem.kind for problem in data.problems}


@pytest.mark.parametrize("name", EACH_WAY)
def test_pairs_are_found_as_they_are_named(tmp_path: Path, name: str) -> None:
    photo, label, how = EACH_WAY[name]
    data = pairs.find(written(tmp_path, photo, label, how))
    assert data.layout in ("two folders", "suffixes")
    assert (data.task, len(data.pairs), data.problems) == ("labels", COUNT, ())
    for seed, pair in enumerate(sorted(data.pairs, key=lambda pair: str(pair.b.file))):
        values, _ = parts(seed)
        a, b = pairs.load(pair)
        assert np.abs(b.astype(int) - parts(seed)[1]).mean() < 12  # JPEG
        assert data.palette is not None
        indices = data.palette.indices(a)
        same = values == 1 if how == "masks" else values
        # The labels' order differs, their areas don't.
        both = np.unique(np.stack([indices.ravel(), same.ravel()]), axis=1)
        assert both.shape[1] == len(np.unique(same))
    if "{s}" in photo and "train_val" not in photo:
        assert {pair.split for pair in data.pairs} == {"train", "val"}


def test_a_third_folder_is_told(tmp_path: Path) -> None:
    written(tmp_path, "images/{n}.png", "masks/{n}.png")
    for seed in range(COUNT):
        save(thing(seed, 64), tmp_path / "depth" / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert data.direction == "“masks” → “images”" and kinds(data) == {"left out"}
    assert "“depth”" in str(data.problems[0]) and "--pair" in str(data.problems[0])
    assert "depth+images" in data.patterns
    asked = pairs.find(tmp_path, pattern="images+depth")
    assert {pair.a.file.parent.name for pair in asked.pairs} | {
        pair.b.file.parent.name for pair in asked.pairs
    } == {"images", "depth"}
    assert "left out" not in kinds(asked)


def test_of_several_maps_the_coloured_ones_are_taken_and_it_is_told(tmp_path: Path) -> None:
    photo = "leftImg8bit/train/ulm/ulm_{N}_leftImg8bit.png"
    written(tmp_path, photo, "gtFine/train/ulm/ulm_{N}_gtFine_color.png")
    written(tmp_path, photo, "gtFine/train/ulm/ulm_{N}_gtFine_labelIds.png", "numbers")
    data = pairs.find(tmp_path)
    assert all(pair.a.file.stem.endswith("_color") for pair in data.pairs) and len(data.pairs) == COUNT
    assert kinds(data) == {"left out"} and "_labelIds" in str(data.problems[0])
    asked = pairs.find(tmp_path, pattern="leftImg8bit+*_gtFine_labelIds")
    assert all(pair.a.file.stem.endswith("_labelIds") for pair in asked.pairs)
    assert asked.palette is not None and len(asked.palette.labels) == len(HOUSES.labels)


def test_more_photos_than_masks_is_said_in_a_line(tmp_path: Path) -> None:
    written(tmp_path, "JPEGImages/{n}.jpg", "SegmentationClass/{n}.png", "palette", count=20)
    for seed in range(8, 20):
        (tmp_path / "SegmentationClass" / f"{seed}.png").unlink()
    data = pairs.find(tmp_path)
    assert len(data.pairs) == 8 and [problem.severe for problem in data.problems] == [False]
    assert "12 files of “JPEGImages”" in str(data.problems[0])


@pytest.mark.parametrize("shape", ["masks/{c}/{n}.png", "masks/{N}_{c}.png", "{n}_{c}.png"])
def test_masks_of_single_labels_are_put_together(tmp_path: Path, shape: str) -> None:
    photo = "{n}.jpg" if "/" not in shape else "images/{n}.jpg"
    for seed in range(COUNT):
        values, pixels = parts(seed)
        numbers(pixels, tmp_path / photo.format(n=seed))
        for label, name in ((1, "body"), (2, "windshield")):
            mask = (values == label).astype(np.uint8) * np.uint8(255)
            numbers(mask, tmp_path / shape.format(c=name, n=seed, N=f"{seed:05d}"))
    data = pairs.find(tmp_path)
    assert data.palette is not None and len(data.pairs) == COUNT and not kinds(data)
    assert {label.name for label in data.palette.labels} == {"background", "body", "windshield"}
    assert "put together" in " ".join(data.notes)
    named = {label.name: label.colour for label in data.palette.labels}
    a, _ = pairs.load(data.pairs[2])
    values, _ = parts(2)
    assert ((a == named["body"]).all(2) == (values == 1)).all()
    assert ((a == named["windshield"]).all(2) == (values == 2)).all()
    # The same again, as a run that goes on finds it.
    again = pairs.find(tmp_path, task="labels", palette=data.palette, ignore=())
    assert pairs.digest(again) == pairs.digest(data)


@pytest.mark.parametrize(
    ("shape", "layout", "direction"),
    [
        ("left right", "side by side", "right half → left half"),
        ("gutter", "side by side", "right half → left half"),
        ("odd", "side by side", "right half → left half"),
        ("stacked", "stacked", "lower half → upper half"),
        ("stacked gutter", "stacked", "lower half → upper half"),
        ("three", "panels", "third third → first third"),
        ("three gutter", "panels", "third third → first third"),
    ],
)
def test_several_pictures_in_one_file(tmp_path: Path, shape: str, layout: str, direction: str) -> None:
    for seed in range(COUNT):
        labels, photo = house(seed)
        axis = 0 if "stacked" in shape else 1
        gap = np.full((10, 128, 3) if axis == 0 else (128, 10, 3), 90, np.uint8)
        joined = [photo, labels]
        if "three" in shape:
            joined = [photo, np.repeat(sketch.lines(photo)[..., None], 3, 2), labels]
        if "gutter" in shape:
            joined = [part for one in joined for part in (one, gap)][:-1]
        if shape == "odd":
            joined = [photo, photo[:, :1], labels]
        save(np.concatenate(joined, axis), tmp_path / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert (data.layout, data.direction, data.task) == (layout, direction, "labels")
    assert kinds(data) == ({"pairing"} if "three" in shape else set())
    for seed, pair in enumerate(data.pairs):
        a, b = pairs.load(pair)
        assert (a == house(seed)[0]).all() and (b == house(seed)[1]).all()
    if "three" in shape:
        asked = pairs.find(tmp_path, pattern="first+second")
        assert {asked.pairs[0].a.half, asked.pairs[0].b.half} == {"first", "second"}


def test_proportions_of_two_pictures_are_said(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(house(seed, 128)[1][32:96], tmp_path / f"{seed}.jpg", quality=95)
    data = pairs.find(tmp_path)
    assert data.layout == "photos" and kinds(data) == {"pairing"}
    assert "--pair" in str(data.problems[0]) and "left+right" in data.patterns
    assert pairs.find(tmp_path, pattern="alone").problems == ()
    assert pairs.find(tmp_path, pattern="left+right").layout == "side by side"


def test_flat_pictures_among_photos_are_said(tmp_path: Path) -> None:
    for seed in range(COUNT):
        labels, photo = house(seed)
        save(labels, tmp_path / f"paint{'abcdef'[seed]}.png")
        save(photo, tmp_path / f"seen{seed}.png")
    data = pairs.find(tmp_path)
    assert data.layout == "photos" and kinds(data) == {"pairing"}
    assert "even colours" in str(data.problems[0])


def test_single_files_for_labels_say_how_to_pair(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(house(seed)[1], tmp_path / f"street{'abcdef'[seed]}.png")
    (problem,) = pairs.find(tmp_path, task="labels").problems
    assert problem.severe and "x_mask.png" in str(problem)


def test_names_that_only_share_a_part_are_offered(tmp_path: Path) -> None:
    """Photos of two views are no pairs by themselves, but may be meant so."""
    for seed in range(COUNT):
        save(thing(seed), tmp_path / f"shoe{seed}_side.jpg")
        save(thing(seed + 20), tmp_path / f"shoe{seed}_top.jpg")
    data = pairs.find(tmp_path)
    assert data.layout == "photos" and len(data.pairs) == 2 * COUNT and kinds(data) == {"pairing"}
    assert "*_side+*_top" in str(data.problems[0])
    asked = pairs.find(tmp_path, pattern="*_side+*_top", task="image")
    assert len(asked.pairs) == COUNT and asked.layout == "suffixes"


def test_folders_of_kinds_with_numbers_are_said_to_be_no_pairs(tmp_path: Path) -> None:
    for seed in range(COUNT):
        save(thing(seed), tmp_path / "boots" / f"{seed}.png")
        save(thing(seed + 30), tmp_path / "bags" / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert "pairing" in kinds(data) and "--pair alone" in " ".join(map(str, data.problems))
    alone = pairs.find(tmp_path, pattern="alone")
    assert (alone.layout, len(alone.pairs), alone.problems) == ("photos", 2 * COUNT, ())


def test_a_way_that_is_not_there_is_said(tmp_path: Path) -> None:
    written(tmp_path, "images/{n}.png", "masks/{n}.png")
    with pytest.raises(PictureError, match=r"could be: images\+masks"):
        pairs.find(tmp_path, pattern="pictures+masks")


def test_several_drawings_of_a_photo_are_pairs_with_it(tmp_path: Path) -> None:
    for kind, first in (("cat", 0), ("dog", 20)):
        for seed in range(first, first + 4):
            save(thing(seed), tmp_path / "photo" / kind / f"n{seed:03d}_12.jpg")
            lines = np.repeat(sketch.lines(thing(seed))[..., None], 3, 2)
            for number in (1, 2):
                save(lines, tmp_path / "sketch" / kind / f"n{seed:03d}_12-{number}.png")
    data = pairs.find(tmp_path)
    assert (data.task, data.direction, len(data.pairs)) == ("lines", "“sketch” → “photo”", 16)
    assert len({pair.name for pair in data.pairs}) == 16 and len({pair.b.file for pair in data.pairs}) == 8
    assert all(pair.a.file.stem.startswith(pair.b.file.stem) for pair in data.pairs) and not data.problems


def test_two_sets_in_two_folders_are_both_taken(tmp_path: Path) -> None:
    written(tmp_path, "base/cmp_b{N}.jpg", "base/cmp_b{N}.png", "palette")
    written(tmp_path, "extended/cmp_x{N}.jpg", "extended/cmp_x{N}.png", "palette")
    data = pairs.find(tmp_path)
    assert len(data.pairs) == 2 * COUNT and not data.problems


def test_what_a_model_made_is_not_taken_for_the_photo(tmp_path: Path) -> None:
    written(tmp_path, "{n}_real_B.png", "{n}_real_A.png")
    for seed in range(COUNT):
        save(house(seed + 40, 64)[1], tmp_path / f"{seed}_fake_B.png")
    data = pairs.find(tmp_path)
    assert data.direction == "“*_real_A” → “*_real_B”" and kinds(data) == {"left out"}


def test_kinds_in_three_folders_are_photos(tmp_path: Path) -> None:
    for number, kind in enumerate(("a_cat", "b_dog", "c_cow")):
        for seed in range(COUNT):
            save(thing(seed + 20 * number), tmp_path / kind / f"{kind}_{seed}.jpg")
    data = pairs.find(tmp_path)
    assert (data.layout, len(data.pairs), data.problems) == ("photos", 3 * COUNT, ())


def test_a_film_is_no_partner(tmp_path: Path) -> None:
    written(tmp_path, "images/{n}.png", "masks/{n}.png")
    shutil.copy(numbers(parts(1)[0], tmp_path / "x.gif"), tmp_path / "images" / "film.gif")
    (tmp_path / "x.gif").unlink()
    assert kinds(pairs.find(tmp_path)) == {"foreign format"}


def test_what_simply_has_no_partner_is_no_error(tmp_path: Path) -> None:
    """Tests whose answers are kept secret, and more of a pair than two files."""
    written(tmp_path, "training/image_2/{N}.jpg", "training/semantic/{N}.png")
    for seed in range(3):
        save(house(20 + seed, 64)[1], tmp_path / f"testing/image_2/{seed:05d}.jpg")
    (found,) = pairs.find(tmp_path).problems
    assert not found.severe and "3 files" in found.text and "00000.jpg" in found.remedy


def test_more_of_a_pair_is_told_in_a_line(tmp_path: Path) -> None:
    written(tmp_path, "street/ADE_{N}.jpg", "street/ADE_{N}_seg.png")
    for seed in range(COUNT):
        save(parts(seed)[0], tmp_path / f"street/ADE_{seed:05d}_parts_1.png")
    data = pairs.find(tmp_path)
    assert len(data.pairs) == COUNT
    assert [(problem.severe, problem.kind) for problem in data.problems] == [(False, "left out")]


def test_reduced_pictures_are_the_input(tmp_path: Path) -> None:
    for seed in range(COUNT):
        large = house(seed, 128)[1]
        save(large, tmp_path / f"Set_HR/{seed:04d}.png")
        save(large[::4, ::4], tmp_path / f"Set_LR_bicubic/X4/{seed:04d}x4.png")
    data = pairs.find(tmp_path)
    assert data.direction == "“Set_LR_bicubic/X4” → “Set_HR”" and len(data.pairs) == COUNT


def test_of_several_masks_the_drawn_one_goes_with_the_photo(tmp_path: Path) -> None:
    """As in DRIVE, where the other is what the camera sees, and in a set with both kinds of drawings."""
    written(tmp_path, "training/images/{N}_training.png", "training/1st_manual/{N}_manual1.gif", "masks")
    for seed in range(COUNT):
        seen = np.full((64, 64), 255, np.uint8)
        numbers(seen, tmp_path / f"training/mask/{seed:05d}_training_mask.gif")
    data = pairs.find(tmp_path)
    assert data.pattern == "images+1st_manual" and [problem.kind for problem in data.problems] == ["left out"]


def test_a_photo_is_preferred_to_two_drawings(tmp_path: Path) -> None:
    written(tmp_path, "set/semantic_set/original_images/{N}.jpg", "RGB_color_image_masks/{N}.png")
    written(tmp_path, "again/{N}.jpg", "set/semantic_set/label_images_semantic/{N}.png", "numbers")
    shutil.rmtree(tmp_path / "again")
    assert "original_images" in pairs.find(tmp_path).pattern


def test_a_class_of_sound_things_is_not_paired_with_the_broken(tmp_path: Path) -> None:
    """As in MVTec AD, whose files are numbered everywhere."""
    written(tmp_path, "bottle/test/broken/{N}.png", "bottle/ground_truth/broken/{N}_mask.png", "masks")
    for seed in range(COUNT):
        save(house(20 + seed, 64)[1], tmp_path / f"bottle/train/good/{seed:05d}.png")
    data = pairs.find(tmp_path)
    assert data.direction == "“bottle/ground_truth/broken” → “bottle/broken”"


def test_names_with_a_number_in_common_alone_are_not_paired(tmp_path: Path) -> None:
    """Unpaired sets, as CycleGAN has them, whose numbers happen to meet."""
    for seed in range(8):
        save(thing(seed, 64), tmp_path / f"trainA/n02_{seed}.jpg")
        save(house(seed, 64)[1], tmp_path / f"trainB/n03_{seed + 3}.jpg")
    data = pairs.find(tmp_path)
    assert not data.pairs and data.problems[0].severe and "A+B" in data.problems[0].remedy


def test_a_drawing_of_a_photo_in_several_strengths(tmp_path: Path) -> None:
    for seed in range(COUNT):
        photo = house(seed, 64)[1]
        save(photo, tmp_path / f"clear/{seed:04d}.png")
        for number in (1, 2):
            save(photo // 2 + np.uint8(60 + seed), tmp_path / f"hazy/{seed:04d}_{number}_0.9{number}.png")
    data = pairs.find(tmp_path)
    assert len(data.pairs) == 2 * COUNT and data.layout == "two folders"


def test_rare_masks_are_labels_too_and_what_is_left_is_told(tmp_path: Path) -> None:
    """As in CelebAMask-HQ, where few wear a hat."""
    for seed in range(150):
        values, photo = parts(seed)
        save(photo[::2, ::2], tmp_path / f"img/{seed}.jpg")
        for name, which in (("skin", 1), ("hair", 2), ("nose", 3), ("brow", 4)):
            mask = (values[::2, ::2] == which).astype(np.uint8) * np.uint8(255)
            save(mask, tmp_path / f"anno/{seed:05d}_{name}.png")
            if name == "brow" and seed % 30 == 0:
                save(mask, tmp_path / f"anno/{seed:05d}_hat.png")
    save(mask, tmp_path / "anno/00007_scar.png")
    data = pairs.find(tmp_path)
    assert data.palette is not None and "hat" in {label.name for label in data.palette.labels}
    assert len(data.pairs) == 150 and "00007_scar.png" in data.problems[0].remedy


def test_what_is_not_read_is_told_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "1.heic").write_bytes(b"x")
    (tmp_path / "2.gif").write_bytes(b"x")
    assert kinds(pairs.find(tmp_path)) == {"foreign format", "no pairs"}


def test_depth_of_16_bits_is_not_called_black(tmp_path: Path) -> None:
    for seed in range(COUNT):
        values, photo = parts(seed)
        save(photo, tmp_path / f"rgb/{seed}.png")
        depth = values.astype(np.uint16) * 900 + np.arange(64, dtype=np.uint16)[None] * 13
        save(depth, tmp_path / f"depth/{seed}.png")
    assert "numbers" not in kinds(pairs.find(tmp_path))


@pytest.mark.parametrize(("one", "other"), [("train", "val"), ("train", "test"), ("val", "test")])
def test_photos_of_one_split_are_not_paired_with_maps_of_another(
    tmp_path: Path, one: str, other: str
) -> None:
    """Each split is counted from 0, so equal numbers say nothing."""
    for seed in range(COUNT):
        values, _ = parts(seed + 50)
        numbers(parts(seed)[1], tmp_path / "images" / one / f"{seed:04d}.jpg")
        numbers(HOUSES.colours[values], tmp_path / "labels" / other / f"{seed:04d}.png")
    data = pairs.find(tmp_path)
    assert not data.pairs
    assert [str(problem) for problem in data.problems] == [
        "The folders “images” and “labels” have hardly a file name in common within one split: they are of "
        f"{one} and {other}. Put the two pictures of a pair into folders of the same split."
    ]


@pytest.mark.parametrize("split", ["images", "labels"])
def test_splits_of_one_side_alone_are_no_obstacle(tmp_path: Path, split: str) -> None:
    for seed in range(COUNT):
        values, photo = parts(seed)
        part = "train" if seed < COUNT - 2 else "val"
        images = "images/" + f"{part}/" * (split == "images")
        labels = "labels/" + f"{part}/" * (split == "labels")
        numbers(photo, tmp_path / images / f"{seed:04d}.jpg")
        numbers(HOUSES.colours[values], tmp_path / labels / f"{seed:04d}.png")
    data = pairs.find(tmp_path)
    assert [pair.split for pair in data.pairs].count("val") == 2 and len(data.pairs) == COUNT


@pytest.mark.parametrize("plain", [0, COUNT - 2])
def test_signs_with_accents_are_the_same_however_systems_write_them(tmp_path: Path, plain: int) -> None:
    """One sign, or as on a Mac a letter and its accent; beside names that have none, too."""
    for seed in range(COUNT):
        values, photo = parts(seed)
        name = f"{seed}" if seed < plain else "Caf" + "éèäöüñ"[seed]
        numbers(photo, tmp_path / "images" / f"{normalize('NFC', name)}.jpg")
        numbers(HOUSES.colours[values], tmp_path / "labels" / f"{normalize('NFD', name)}.png")
    data = pairs.find(tmp_path)
    assert len(data.pairs) == COUNT and not data.problems
    assert len({(pair.a.file, pair.b.file) for pair in data.pairs}) == COUNT
    assert all(normalize("NFC", pair.a.file.stem) == pair.b.file.stem for pair in data.pairs)
