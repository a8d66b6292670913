"""Folders of photos made fit to train on."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.data.messages import Pixels
from engine.errors import PictureError
from tests.trainer import faults
from tests.trainer.made_pictures import blob, house, save
from tests.trainer.preparing.conftest import COUNT, SMALL
from trainer.data import pairs
from trainer.preparing import contact, cutting, looking, proposals, writing
from trainer.preparing.cutting import Frame


def on_paper(seed: int, edge: int = 320, place: tuple[int, int] = (30, 90)) -> Pixels:
    """An object on grey paper, unevenly lit, off the middle, with a soft shadow: uint8 (edge, edge, 3)."""
    subject = blob(seed, 192).astype(np.float32)
    down, across = np.mgrid[:edge, :edge] / edge
    paper = np.array([196, 192, 186]) * (1 + 0.1 * (down - 0.5) - 0.15 * (across - 0.5))[..., None]
    middle = place[0] + 96 + 14, place[1] + 96 + 14
    far = np.hypot(down * edge - middle[0], across * edge - middle[1])
    paper *= (1 - 0.25 * np.exp(-((far / 70) ** 2)))[..., None]
    photo = paper + np.random.default_rng(seed).normal(0, 1.5, (edge, edge, 1))
    there = subject.min(2) < 250
    part = photo[place[0] : place[0] + 192, place[1] : place[1] + 192]
    part[there] = subject[there] * 0.8
    return np.clip(photo, 0, 255).astype(np.uint8)


def box_of(pixels: Pixels) -> tuple[int, int, int, int]:
    there = pixels.min(2) < 200
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def is_framed(pixels: Pixels, size: int) -> bool:
    """Whether an object lies in the middle of white, and is 88 % of the square long."""
    top, left, bottom, right = box_of(pixels)
    longest = max(bottom - top, right - left)
    middle = abs(top + bottom - size) <= 0.05 * size and abs(left + right - size) <= 0.05 * size
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return middle and abs(longest - 0.88 * size) <= 0.05 * size and bool((border == 255).all())


def test_each_sort_of_odd_photo_is_told(plan: proposals.PreparationPlan) -> None:
    said = {one.name: " and ".join(one.why) for one in plan.proposals if one.why}
    parts = {
        "copy.png": "nearly what “1.png” shows",
        "view.png": "background of its own",
        "two.png": "second object",
        "cut.png": "straight edge",
        "beyond.png": "beyond the photo’s edge",
        "torn.png": "damaged",
    }
    assert said.keys() == parts.keys()
    assert all(part in said[name] for name, part in parts.items()), said
    assert plan.kept == {f"{seed}.png" for seed in range(COUNT)}
    assert plan.cuts and {one.how for one in plan.proposals if one.keep} == {"centred"}


def test_objects_on_paper_are_cut_out_and_centred() -> None:
    photo = on_paper(4)
    subject = cutting.find_subject(photo)
    assert subject.how == "cut"
    made = cutting.cut_out(photo, subject, Frame(128))
    assert is_framed(made, 128)
    # Nothing of paper and shadow is left, and the object is whole and has its colours.
    expected = cutting.cut_out(blob(4, 192), cutting.find_subject(blob(4, 192)), Frame(128))
    solid, empty = expected.min(2) < 200, expected.min(2) == 255
    assert (made[empty].min(1) >= 250).mean() > 0.985
    assert np.median(np.abs(made[solid].astype(float) - expected[solid] * 0.8)) < 12


def test_white_background_needs_no_cutting() -> None:
    photo = np.full((200, 300, 3), 255, np.uint8)
    photo[10:138, 150:278] = blob(2)
    subject = cutting.find_subject(photo)
    assert subject.how == "centred"
    assert is_framed(cutting.cut_out(photo, subject, Frame(100)), 100)


def test_written_folder_is_a_data_set(plan: proposals.PreparationPlan, tmp_path: Path) -> None:
    count, unwritten = writing.write(plan, plan.kept, tmp_path / "out")
    assert (count, unwritten) == (COUNT, [])
    data = pairs.find(tmp_path / "out")
    assert (data.layout, len(data.pairs)) == ("photos", COUNT)
    for pair in data.pairs:
        assert is_framed(np.array(Image.open(pair.b.file)), SMALL.size)
    noted = json.loads((tmp_path / "out" / writing.MANIFEST).read_text("utf-8"))
    assert len(noted["photos"]) == len(plan.proposals) and str(tmp_path) not in json.dumps(noted)
    assert sorted(it.name for it in tmp_path.iterdir()) == ["out"]


def test_overruled_photos_are_kept(plan: proposals.PreparationPlan, tmp_path: Path) -> None:
    kept = plan.named(["view", "two.png"])
    assert kept == {"view.png", "two.png"}
    writing.write(plan, kept, tmp_path / "out")
    whole = np.array(Image.open(tmp_path / "out" / "view.png"))
    assert whole.shape == (64, 64, 3) and (whole[:, 0] != 255).any()
    with pytest.raises(PictureError, match="check its name"):
        plan.named(["nobody"])
    with pytest.raises(PictureError, match="damaged"):
        plan.named(["torn"])
    with pytest.raises(PictureError, match="kept"):
        writing.write(plan, [], tmp_path / "none")


class Stop(Exception):
    pass


def test_interrupted_folder_goes_on_where_it_was(plan: proposals.PreparationPlan, tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 4:
            raise Stop

    with pytest.raises(Stop):
        writing.write(plan, plan.kept, tmp_path / "out", stop)
    assert not (tmp_path / "out").exists()
    part = tmp_path / ".out.preparing"
    first = {file.name: file.stat().st_mtime_ns for file in part.glob("*.png")}
    assert len(first) == 4
    writing.write(plan, plan.kept, tmp_path / "out")
    made = tmp_path / "out"
    assert len(list(made.glob("*.png"))) == COUNT and not part.exists()
    assert {name: (made / name).stat().st_mtime_ns for name in first} == first


def test_another_request_begins_anew_and_discarding_clears(
    plan: proposals.PreparationPlan, tmp_path: Path
) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise Stop

    with pytest.raises(Stop):
        writing.write(plan, ["1.png", "2.png", "3.png"], tmp_path / "out", stop)
    writing.write(plan, ["5.png"], tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").glob("*.png")] == ["5.png"]
    with pytest.raises(Stop):
        writing.write(plan, ["1.png", "2.png", "3.png"], tmp_path / "other", stop)
    writing.discard(tmp_path / "other")
    assert sorted(it.name for it in tmp_path.iterdir()) == ["out"]


@pytest.mark.parametrize("place", ["objects/inside", "used"])
def test_nothing_is_overwritten(plan: proposals.PreparationPlan, tmp_path: Path, place: str) -> None:
    out = plan.folder / "inside" if "inside" in place else tmp_path / place
    save(blob(1), tmp_path / "used" / "mine.png")
    with pytest.raises(PictureError, match="choose"):
        writing.write(plan, plan.kept, out)
    assert [it.name for it in (tmp_path / "used").iterdir()] == ["mine.png"]
    assert not (plan.folder / "inside").exists()


def test_an_empty_folder_will_do(plan: proposals.PreparationPlan, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    writing.write(plan, ["1.png"], tmp_path / "out")
    assert (tmp_path / "out" / "1.png").exists()


def test_sub_folders_stay_and_names_differ(tmp_path: Path) -> None:
    for number, place in enumerate(("suede/1.png", "suede/2.png", "patent/1.png", "patent/A.png", "a.png")):
        save(blob(number), tmp_path / "photos" / place)
    plan = proposals.propose(tmp_path / "photos", SMALL)
    writing.write(plan, plan.kept, tmp_path / "out")
    made = sorted(file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.png"))
    assert made == ["a.png", "patent/1.png", "patent/A-2.png", "suede/1-2.png", "suede/2.png"]
    # They are styles, and no pairs.
    assert pairs.find(tmp_path / "out").layout == "photos"


def test_a_sub_folder_called_as_a_picture_would_be_is_in_nobodys_way(tmp_path: Path) -> None:
    for number, place in enumerate(("1.bmp", "1.png/x.png", "y/1.PNG/z.png")):
        save(blob(number), tmp_path / "photos" / place)
    plan = proposals.propose(tmp_path / "photos", SMALL)
    writing.write(plan, plan.kept, tmp_path / "out")
    made = sorted(it.relative_to(tmp_path / "out").as_posix() for it in (tmp_path / "out").rglob("*.png"))
    assert made == ["1-2.png", "1.png", "1.png/x.png", "y/1.PNG/z.png"]


def test_zip_files_are_taken(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as packed:
        for seed in range(3):
            target = io.BytesIO()
            Image.fromarray(blob(seed)).save(target, "PNG")
            packed.writestr(f"photos/kind/{seed}.png", target.getvalue())
    plan = proposals.propose(tmp_path / "photos.zip", SMALL)
    writing.write(plan, plan.kept, tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out" / "kind").iterdir()) == ["0.png", "1.png", "2.png"]


def turned(file: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(blob(7)).copy()).save(file.with_suffix(".jpg"), quality=95, exif=exif)


def print_colours(file: Path) -> None:
    Image.fromarray(blob(7)).convert("CMYK").save(file.with_suffix(".jpg"), quality=95)


def sixteen_bits(file: Path) -> None:
    grey = np.array(Image.fromarray(blob(7)).convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(file.with_suffix(".png"))


def clear(file: Path) -> None:
    pixels = blob(7)
    alpha = np.where(pixels.min(2) < 250, 255, 0).astype(np.uint8)
    pixels[alpha == 0] = 0
    Image.fromarray(np.dstack([pixels, alpha])).save(file.with_suffix(".png"))


def huge(file: Path) -> None:
    Image.fromarray(blob(7)).resize((3000, 3000), Image.Resampling.BICUBIC).save(file.with_suffix(".jpg"))


@pytest.mark.parametrize("write", [turned, print_colours, sixteen_bits, clear, huge])
def test_files_as_people_have_them(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "photos").mkdir()
    write(tmp_path / "photos" / "one")
    plan = proposals.propose(tmp_path / "photos", SMALL)
    writing.write(plan, plan.kept, tmp_path / "out")
    made = np.array(Image.open(tmp_path / "out" / "one.png"))
    expected = cutting.cut_out(blob(7), cutting.find_subject(blob(7)), SMALL)
    assert np.abs((made.min(2) < 200).astype(int) - (expected.min(2) < 200)).mean() < 0.06


def test_more_pixels_than_can_be_are_refused_by_the_header(tmp_path: Path) -> None:
    save(blob(1), tmp_path / "photos" / "1.png")
    data = bytearray((tmp_path / "photos" / "1.png").read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "photos" / "bomb.png").write_bytes(data)
    plan = proposals.propose(tmp_path / "photos", SMALL)
    bomb = next(one for one in plan.proposals if one.name == "bomb.png")
    assert not bomb.readable and "pixels" in bomb.said and plan.kept == {"1.png"}


def test_photos_with_backgrounds_are_kept_whole(tmp_path: Path) -> None:
    for seed in range(4):
        save(house(seed)[1], tmp_path / f"{seed}.png")
    save(house(2)[1], tmp_path / "copy.png")
    plan = proposals.propose(tmp_path, SMALL)
    assert not plan.cuts
    assert [one.name for one in plan.proposals if not one.keep] == ["copy.png"]


def test_a_photo_stored_once_more_by_another_program_is_a_duplicate(tmp_path: Path) -> None:
    """Packed harder, its object ends a pixel or two elsewhere, and lies otherwise on white."""
    for number, left in enumerate((60, 75, 90, 105)):
        image = Image.new("RGB", (420, 320), (246, 246, 244))
        pen = ImageDraw.Draw(image)
        colour = (40 + 30 * number, 90, 150 - 20 * number)
        pen.rounded_rectangle((left, 80, left + 195, 230), 30, fill=colour, outline=(20, 20, 20))
        pen.ellipse((left + 40, 40, left + 120, 100), outline=colour, width=10)
        image.save(tmp_path / f"bag {number}.jpg", quality=90)
    Image.open(tmp_path / "bag 0.jpg").save(tmp_path / "again.jpg", quality=70)
    plan = proposals.propose(tmp_path, SMALL)
    assert plan.proposals[0].name == "again.jpg" and plan.kept == {"again.jpg"} | {
        f"bag {number}.jpg" for number in (1, 2, 3)
    }
    (odd,) = [one for one in plan.proposals if one.why]
    assert odd.name == "bag 0.jpg" and odd.why == ("shows nearly what “again.jpg” shows",)


def test_small_objects_in_large_photos_are_no_duplicates_of_each_other(tmp_path: Path) -> None:
    """On all that white they are a few pixels of a thumbnail, which look much the same."""
    middle, reach = 300, 30
    low, high = middle - reach, middle + reach
    for name in ("disc", "square", "diamond", "cross"):
        image = Image.new("RGB", (600, 600), "white")
        pen = ImageDraw.Draw(image)
        if name == "disc":
            pen.ellipse((low, low, high, high), fill=(40, 40, 60))
        elif name == "square":
            pen.rectangle((low + 3, low + 3, high - 3, high - 3), fill=(40, 40, 60))
        elif name == "diamond":
            pen.polygon([(middle, low), (high, middle), (middle, high), (low, middle)], fill=(40, 40, 60))
        else:
            pen.rectangle((low, middle - 9, high, middle + 9), fill=(40, 40, 60))
            pen.rectangle((middle - 9, low, middle + 9, high), fill=(40, 40, 60))
        image.save(tmp_path / f"{name}.png")
    plan = proposals.propose(tmp_path, SMALL)
    assert plan.cuts and [(one.name, one.why) for one in plan.proposals if one.why] == []
    Image.open(tmp_path / "cross.png").save(tmp_path / "cross again.png")
    again = proposals.propose(tmp_path, SMALL)
    assert [one.name for one in again.proposals if one.why] == ["cross.png"]


def test_long_objects_that_differ_at_their_ends_are_no_duplicates(tmp_path: Path) -> None:
    """The middle of a wide photo shows of each the same handle."""
    for number, colour in enumerate(((160, 30, 30), (30, 120, 40), (30, 40, 140), (200, 160, 30))):
        image = Image.new("RGB", (900, 300), "white")
        pen = ImageDraw.Draw(image)
        pen.rectangle((100, 130, 800, 170), fill=(60, 40, 30))
        left = 40 if number % 2 else 740
        (pen.ellipse if number < 2 else pen.rectangle)((left, 90, left + 120, 210), fill=colour)
        image.save(tmp_path / f"tool {number}.png")
    plan = proposals.propose(tmp_path, SMALL)
    assert plan.cuts and [(one.name, one.why) for one in plan.proposals if one.why] == []


def test_no_photo_is_looked_at_twice_for_another_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fine = tmp_path / "photos", {f"{seed}.png" for seed in range(4)}
    for seed in range(4):
        save(on_paper(seed), folder / f"{seed}.png")
    (folder / "torn.png").write_bytes(b"\x89PNG")
    seen: list[str] = []

    def looked(name: str, file: Path) -> looking.Look:
        seen.append(name)
        return look(name, file)

    look, looks = looking.looked, looking.Looks()
    monkeypatch.setattr(looking, "looked", looked)

    def proposed(frame: Frame) -> tuple[proposals.PreparationPlan, set[str]]:
        seen.clear()
        found = proposals.propose(folder, frame, looks=looks)
        return found, set(seen)

    # A look that is ended before its time counts as well.
    with pytest.raises(InterruptedError):
        proposals.propose(folder, SMALL, interrupted, looks)
    before = set(seen) - {"torn.png"}
    assert before and proposed(SMALL)[1] & fine == fine - before
    for frame in (Frame(192, SMALL.margin), Frame(64, 0.2), Frame(64, 0.0), SMALL):
        plan, again = proposed(frame)
        assert again == {"torn.png"}  # perhaps it can be read by now
        assert plan == proposals.propose(folder, frame)
    # A photo that was drawn over since, or is new, is looked at.
    save(on_paper(7), folder / "2.png")
    os.utime(folder / "2.png", ns=(1, 1))
    save(on_paper(8), folder / "8.png")
    assert proposed(SMALL)[1] == {"torn.png", "2.png", "8.png"}


def interrupted(done: int, _total: int) -> None:
    if done:
        raise InterruptedError


def test_a_thumbnail_has_the_margin_that_was_asked_for(tmp_path: Path) -> None:
    save(on_paper(3), tmp_path / "3.png")
    for margin in (0.0, 0.06, 0.25, 0.4):
        (one,) = proposals.propose(tmp_path, Frame(128, margin)).proposals
        small = np.array(Image.open(io.BytesIO(one.thumb)))
        assert small.shape == (looking.THUMB, looking.THUMB, 3)
        top, left, bottom, right = box_of(small)
        assert max(bottom - top, right - left) == pytest.approx(looking.THUMB * (1 - 2 * margin), abs=4)


@pytest.mark.parametrize("what", ["empty", "file", "missing"])
def test_no_photos_are_told(tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(PictureError, match="choose"):
        proposals.propose(tmp_path / what, SMALL)


def test_sheet_shows_every_photo(
    plan: proposals.PreparationPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = contact.write(plan, plan.kept, tmp_path / "sheet.png")
    seen = np.array(Image.open(file))
    assert seen.shape[1] > contact.COLUMNS * looking.THUMB
    # What is left out is crossed out in red, and stands first.
    red = (seen[..., 0] > 180) & (seen[..., 1] < 90)
    assert red[: looking.THUMB, : looking.THUMB + 8].sum() > 300
    monkeypatch.setattr(contact, "ROWS", 1)
    assert [it.name for it in contact.write(plan, plan.kept, tmp_path / "s.png")] == [
        "s.png",
        "s-2.png",
    ]


def test_a_full_disk_is_a_sentence_and_leaves_no_half_folder(
    plan: proposals.PreparationPlan, tmp_path: Path
) -> None:
    """Whichever operation finds no room, renaming at the end included; writing goes on there later."""

    def prepare(out: Path) -> None:
        writing.write(plan, plan.kept, out)

    count = faults.operations(lambda: prepare(tmp_path / "whole"))
    wanted = contents(tmp_path / "whole")
    assert count > 2 * len(plan.kept)
    for at in sorted({*range(0, count, max(1, count // 12)), count - 1}):
        out = tmp_path / f"at {at}"
        with faults.failing(faults.Disk("ENOSPC", at)), pytest.raises(PictureError) as told:
            prepare(out)
        assert "can't be written" in str(told.value) and "\n" not in str(told.value), at
        assert not out.exists(), at
        prepare(out)
        assert contents(out) == wanted and not out.with_name(f".{out.name}.preparing").exists(), at


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_both_looking_and_writing_tell_how_far_they_are_and_end_when_told(
    folder: Path, tmp_path: Path
) -> None:
    class EnoughError(Exception):
        pass

    told: list[tuple[int, int]] = []

    def until_third(done: int, total: int) -> None:
        told.append((done, total))
        if done == 3:
            raise EnoughError

    with pytest.raises(EnoughError):
        proposals.propose(folder, SMALL, until_third)
    assert [done for done, _ in told] == [0, 1, 2, 3]
    told.clear()
    found = proposals.propose(folder, SMALL, lambda done, total: told.append((done, total)))
    assert told[-1] == (len(found.proposals), len(found.proposals))
    told.clear()
    with pytest.raises(EnoughError):
        writing.write(found, found.kept, tmp_path / "out", until_third)
    assert [done for done, _ in told] == [0, 1, 2, 3] and not (tmp_path / "out").exists()
    writing.discard(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
