"""A zip file of a data set is read as it is; zip files of strangers do no harm."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.data.messages import Picture
from engine.errors import PictureError
from tests.trainer.made_folders import COUNT, parts, written
from tests.trainer.made_pictures import thing
from trainer.data import pairs
from trainer.dataset_check import check, mend
from trainer.files import pair_store, zipped
from trainer.pictures import sketch


def pack(folder: Path, file: Path, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", kind) as target:
        for entry in sorted(folder.rglob("*.*")):
            target.write(entry, entry.relative_to(folder.parent))
    return file


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return written(tmp_path / "set", "{s}/images/{n}.png", "{s}/masks/{n}.png", "numbers")


def test_a_zip_file_is_read_as_its_folder(plain: Path, tmp_path: Path) -> None:
    file = pack(plain, tmp_path / "set.zip")
    one, other = pairs.find(plain), pairs.find(file)
    assert [pair.name for pair in one.pairs] == [pair.name for pair in other.pairs]
    assert (one.task, one.palette, one.direction) == (other.task, other.palette, other.direction)
    for first, second in zip(one.pairs, other.pairs, strict=True):
        assert all((a == b).all() for a, b in zip(pairs.load(first), pairs.load(second), strict=True))
    assert {problem.kind for problem in check.check(other)} == {problem.kind for problem in check.check(one)}
    assert not any(problem.severe for problem in check.stopping(other))
    assert len(pairs.digest(other)) == 64
    assert mend.mend(other, [], tmp_path / "mended") == COUNT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mended", "set", "set.zip"]


@pytest.mark.parametrize("at_top", [False, True])
def test_kept_pairs_are_read_from_a_zip_file(tmp_path: Path, at_top: bool) -> None:
    folder = tmp_path / "kept"
    for seed in range(2):
        pair_store.keep(folder, Picture(lines=sketch.lines(thing(seed))), thing(seed), "lines")
    file = tmp_path / "kept.zip"
    with zipfile.ZipFile(file, "w") as target:
        for entry in sorted(folder.rglob("*.*")):
            target.write(entry, entry.relative_to(folder if at_top else folder.parent))
    data = pairs.find(file)
    assert (data.layout, data.task, len(data.pairs)) == ("kept", "lines", 2)
    assert (pairs.load(data.pairs[1])[1] == thing(1)).all()


def test_a_changed_zip_file_is_opened_anew(plain: Path, tmp_path: Path) -> None:
    file = pack(plain, tmp_path / "set.zip")
    assert len(pairs.find(file).pairs) == COUNT
    for side in ("images", "masks"):
        (plain / "train" / side / "0.png").unlink()
    pack(plain, file)
    assert len(pairs.find(file).pairs) == COUNT - 1


def png(pixels: np.ndarray) -> bytes:  # type: ignore[type-arg]
    from engine.data.picture import to_png_bytes

    return to_png_bytes(pixels)


def leads_out(target: zipfile.ZipFile) -> None:
    for name in ("../evil.png", "/tmp/evil.png", "a/../../evil.png", "C:/evil.png", "a\\evil.png"):
        target.writestr(name, png(parts(0)[1]))


def test_no_member_leads_out(tmp_path: Path) -> None:
    file = tmp_path / "set.zip"
    with zipfile.ZipFile(file, "w") as target:
        leads_out(target)
        target.writestr("good.png", png(parts(1)[1]))
    data = pairs.find(file)
    assert [pair.b.file.name for pair in data.pairs] == ["good.png"]
    told = [str(problem) for problem in data.problems if problem.kind == "left out"]
    assert len(told) == 1 and "5 files of “set.zip” are passed over, such as “../evil.png”" in told[0]


def test_zip_files_in_a_data_set_are_told(plain: Path, tmp_path: Path) -> None:
    """In a folder, and in a zip file itself: nobody looks into them."""
    pack(plain, plain / "more.zip")
    outer = pack(plain, tmp_path / "outer.zip")
    for folder in (plain, outer):
        data = pairs.find(folder)
        assert len(data.pairs) == COUNT
        assert [str(problem) for problem in data.problems if problem.kind == "foreign format"] == [
            "“set/more.zip” .zip files are passed over. Unpack it."
        ]


def bomb(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.png", bytes(40 << 20))
        target.writestr("b.png", png(parts(1)[1]))


def lying(file: Path) -> None:
    """The table of contents says that a member is of gigabytes."""
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("a.png", png(parts(1)[1]))
    content = bytearray(file.read_bytes())
    place = content.rfind(b"PK\1\2")
    content[place + 24 : place + 28] = struct.pack("<I", 0xF0000000)
    file.write_bytes(content)


def strange_packing(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as target:
        target.writestr("a.png", png(parts(1)[1]))


@pytest.mark.parametrize("spoil", [bomb, lying, strange_packing])
def test_members_that_can_not_be_read_are_named(tmp_path: Path, spoil: object) -> None:
    file = tmp_path / "set.zip"
    spoil(file)  # type: ignore[operator]
    problems = check.stopping(pairs.find(file))
    assert [problem.kind for problem in problems] == ["unreadable"] and "a.png" in str(problems[0])


def encrypted(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("a.png", png(parts(1)[1]))
    content = bytearray(file.read_bytes())
    content[content.rfind(b"PK\1\2") + 8] |= 1
    file.write_bytes(content)


def torn(file: Path) -> None:
    bomb(file)
    file.write_bytes(file.read_bytes()[:-40])


def text(file: Path) -> None:
    file.write_text("no zip file")


def countless(file: Path) -> None:
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, zipped.LIMITS.directory + 1, 0, 0)
    file.write_bytes(end)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(encrypted, "encrypted"), (torn, "damaged"), (text, "damaged"), (countless, "holds more than")],
)
def test_a_zip_file_that_can_not_be_used_is_said(tmp_path: Path, spoil: object, said: str) -> None:
    file = tmp_path / "set.zip"
    spoil(file)  # type: ignore[operator]
    with pytest.raises(PictureError, match=said) as error:
        pairs.find(file)
    assert "“set.zip”" in str(error.value) and "\n" not in str(error.value)


def test_a_member_cut_short_is_said(plain: Path, tmp_path: Path) -> None:
    file = pack(plain, tmp_path / "set.zip", zipfile.ZIP_STORED)
    content = bytearray(file.read_bytes())
    place = content.find(b"IDAT") + 20
    content[place : place + 30] = bytes(30)
    file.write_bytes(content)
    problems = check.stopping(pairs.find(file))
    assert [problem.kind for problem in problems] == ["unreadable"]
    assert io.BytesIO(file.read_bytes()).read(2) == b"PK"
