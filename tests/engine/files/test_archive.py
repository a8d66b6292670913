"""Zip files of strangers: whatever they say of themselves, no more is taken than is borne."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from engine.files import archive
from engine.files.archive import ArchiveError, Limits

LIMITS = Limits(members=50, directory=10_000)
MOST = 8 << 20


def made(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return made(tmp_path / "a.zip", {"a.txt": b"alpha" * 50, "b/c.txt": b"gamma"})


def patched(path: Path, sign: bytes, offset: int, value: bytes, *, last: bool = False) -> Path:
    """Overwrite bytes of a record, counted from the start of it."""
    content = bytearray(path.read_bytes())
    place = (content.rfind(sign) if last else content.find(sign)) + offset
    content[place : place + len(value)] = value
    path.write_bytes(content)
    return path


HEADER, ENTRY, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def refused(path: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(ArchiveError) as caught:
        archive.opened(path, limits)
    return caught.value.reason


def unread(path: Path, member: str = "a.txt", most: int = MOST) -> str:
    with archive.opening(path, LIMITS) as file, pytest.raises(ArchiveError) as caught:
        file.read(member, most)
    return caught.value.reason


def test_members_are_read(good: Path) -> None:
    with archive.opening(good, LIMITS) as file:
        assert file.names == {"a.txt", "b/c.txt"} and file.left_out == ()
        assert file.read("a.txt", MOST) == b"alpha" * 50 and file.size("a.txt") == 250
        assert file.read("a.txt", 5, first=5) == b"alpha"
        assert file.read("b/c.txt", 100, first=100) == b"gamma"
        assert file.size("nothing") == 0 and not file.is_encrypted
    assert unread(good, "nothing") == "missing"
    assert unread(good, most=249) == "member too large"


def test_a_closed_archive_lets_go_of_its_file(good: Path) -> None:
    file = archive.opened(good, LIMITS)
    file.close()
    with pytest.raises(ArchiveError):
        file.read("a.txt", MOST)


# --- the whole file ------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip file " * 99, END, END + bytes(10)], ids=repr)
def test_what_is_no_zip_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert refused(tmp_path / "a.zip") == "damaged"


def test_missing_files_and_folders_are_errors_of_the_system(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.zip"):
        with pytest.raises((FileNotFoundError, IsADirectoryError, PermissionError)):
            archive.opened(path, LIMITS)


def test_an_empty_zip_file_is_one(tmp_path: Path) -> None:
    with archive.opening(made(tmp_path / "a.zip", {}), LIMITS) as file:
        assert not file.names


def test_a_comment_and_a_program_before_it_are_borne(good: Path) -> None:
    with zipfile.ZipFile(good, "a") as file:
        file.comment = b"hello" * 999
    good.write_bytes(b"#!/bin/sh\n" + good.read_bytes())
    with archive.opening(good, LIMITS) as found:
        assert found.read("b/c.txt", MOST) == b"gamma"


def test_size_and_members_are_limited(good: Path, tmp_path: Path) -> None:
    assert refused(good, Limits(50, 10_000, whole=100)) == "too large"
    assert refused(good, Limits(1, 10_000)) == "countless"
    assert refused(good, Limits(50, 100)) == "countless"
    # Many members, of which the end record says that there is one.
    many = made(tmp_path / "many.zip", {f"{number}.txt": b"" for number in range(60)})
    patched(many, END, 8, struct.pack("<HH", 1, 1), last=True)
    assert refused(many) == "countless"


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (10, struct.pack("<H", 65535), "countless"),
        (12, struct.pack("<I", 0xFFFFFFF0), "countless"),
        (12, struct.pack("<I", 9_999), "damaged"),
        (12, struct.pack("<I", 7), "damaged"),
        (16, struct.pack("<I", 0xFFFFFFF0), "damaged"),
    ],
)
def test_an_end_record_that_lies(good: Path, offset: int, value: bytes, reason: str) -> None:
    assert refused(patched(good, END, offset, value, last=True)) == reason


def large_variety(path: Path, count: int, directory: int, shift: int = 0, between: bytes = b"") -> Path:
    """The same zip file with the records of large ones; the plain end record says nothing true."""
    content = path.read_bytes()
    place = content.rfind(END)
    true_count, true_directory, offset = struct.unpack("<HII", content[place + 10 : place + 20])
    record = struct.pack(
        "<4sQHHIIQQQQ",
        *(b"PK\6\6", 44, 45, 45, 0, 0),
        *(count or true_count, count or true_count, directory or true_directory, offset),
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, place + shift, 1)
    end = struct.pack("<4sHHHHIIH", END, 0, 0, 1, 1, 60, 0xFFFFFFFF, 0)
    path.write_bytes(content[:place] + record + between + locator + end)
    return path


def test_the_records_of_large_zip_files(good: Path) -> None:
    with archive.opening(large_variety(good, 0, 0), LIMITS) as file:
        assert file.read("b/c.txt", MOST) == b"gamma"


@pytest.mark.parametrize(
    ("count", "directory", "shift", "between", "reason"),
    [
        (1 << 60, 0, 0, b"", "countless"),
        (0, 1 << 62, 0, b"", "countless"),
        (0, 5_000, 0, b"", "damaged"),
        (0, 0, 8, b"", "damaged"),  # another record is pointed to
        (0, 0, 0, b"PK\6\6" + bytes(8), "damaged"),  # a second one, nearer to the end
    ],
)
def test_records_of_large_zip_files_that_lie(
    good: Path, count: int, directory: int, shift: int, between: bytes, reason: str
) -> None:
    assert refused(large_variety(good, count, directory, shift, between)) == reason


def test_a_version_to_come_is_damage(good: Path) -> None:
    assert refused(patched(good, ENTRY, 6, struct.pack("<H", 255))) == "damaged"


def test_names_that_are_no_text_are_damage(good: Path) -> None:
    """Said to be UTF-8, and not: in the table of contents, and in the member's own header."""
    broken = bytes([0xFF]) + b".txt"
    patched(good, HEADER, 30, broken)
    patched(good, ENTRY, 8, struct.pack("<H", 0x800))
    assert unread(good) == "damaged"
    assert refused(patched(good, ENTRY, 46, broken)) == "damaged"


# --- names ---------------------------------------------------------------------------------------

OUTSIDE = (
    "../evil.txt",
    "a/../../evil.txt",
    "a/..",
    "..",
    "/etc/evil.txt",
    "//server/evil.txt",
    "C:evil.txt",
    "C:/evil.txt",
    "good.txt:stream",
    "..\\evil.txt",
    "a\\evil.txt",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / "a.zip", {name: b"evil", "good.txt": b"good"})
    with archive.opening(path, LIMITS) as file:
        assert file.names == {"good.txt"} and file.left_out == (name,)
        for tried in {name, name.replace("\\", "/"), "evil.txt", "a/evil.txt"}:
            with pytest.raises(ArchiveError, match="missing"):
                file.read(tried, MOST)


def test_names_end_nowhere_else_than_they_seem_to(good: Path) -> None:
    """With a zero in it, of which some see only what stands before."""
    patched(patched(good, HEADER, 30, b"a\0txt"), ENTRY, 46, b"a\0txt")
    with archive.opening(good, LIMITS) as file:
        assert file.names == {"b/c.txt"} and file.left_out == ("a",)


def test_empty_parts_of_names_say_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", {"./a.txt": b"a", "b//c.txt": b"c", "d/": b"", ".": b"x"})
    with archive.opening(path, LIMITS) as file:
        assert file.names == {"a.txt", "b/c.txt"} and file.read("b/c.txt", MOST) == b"c"
        assert file.left_out == (".",)


@pytest.mark.parametrize("kind", [0o120777, 0o010644, 0o020644, 0o140644])
def test_links_and_devices_are_left_out(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo("a.txt")
    link.create_system, link.external_attr = 3, kind << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("b.txt", b"b")
    with archive.opening(tmp_path / "a.zip", LIMITS) as found:
        assert found.names == {"b.txt"} and found.left_out == ("a.txt",)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_one_name_the_last_is_taken_and_the_others_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name, content in (("a.txt", b"1"), ("a.txt", b"2"), ("./a.txt", b"3")):
            file.writestr(name, content)
    with archive.opening(tmp_path / "a.zip", LIMITS) as found:
        assert found.read("a.txt", MOST) == b"3" and found.left_out == ("a.txt", "a.txt")


def test_nested_zip_files_are_plain_members(good: Path, tmp_path: Path) -> None:
    path = made(tmp_path / "outer.zip", {"inner.zip": good.read_bytes()}, zipfile.ZIP_STORED)
    with archive.opening(path, LIMITS) as file:
        assert file.names == {"inner.zip"}
        assert file.read("inner.zip", MOST) == good.read_bytes()
        with pytest.raises(ArchiveError, match="missing"):
            file.read("inner.zip/a.txt", MOST)


# --- members -------------------------------------------------------------------------------------


def test_bombs(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", {"a.txt": bytes(4 << 20), "b.txt": bytes(1 << 20)})
    assert unread(path) == "bomb"
    with archive.opening(path, LIMITS) as file:
        assert len(file.read("b.txt", MOST)) == 1 << 20  # plain areas pack as well
        assert file.read("a.txt", MOST, first=64) == bytes(64)


@pytest.mark.parametrize("claimed", [250, MOST])
def test_a_member_that_holds_more_than_it_says_takes_no_memory(tmp_path: Path, claimed: int) -> None:
    path = made(tmp_path / "a.zip", {"a.txt": bytes(96 << 20)})
    patched(path, ENTRY, 24, struct.pack("<I", claimed))
    patched(path, ENTRY, 20, struct.pack("<I", path.stat().st_size - 200))
    tracemalloc.start()
    try:
        assert unread(path) == "damaged"
        assert tracemalloc.get_traced_memory()[1] < 3 * claimed + (8 << 20)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (24, struct.pack("<I", 0xF0000000), "member too large"),
        (24, struct.pack("<I", 251), "damaged"),  # one more than there is
        (24, struct.pack("<I", 249), "damaged"),
        (20, struct.pack("<I", 0xF0000000), "damaged"),
        (20, struct.pack("<I", 3), "damaged"),
        (16, b"\1\2\3\4", "damaged"),  # the check sum
        (42, struct.pack("<I", 0x7FFFFFFF), "damaged"),  # where it begins
        (42, struct.pack("<I", 5), "damaged"),
        (10, struct.pack("<H", zipfile.ZIP_BZIP2), "packing"),
        (10, struct.pack("<H", 99), "packing"),
        (8, struct.pack("<H", 1), "encrypted"),
        (8, struct.pack("<H", 0x40), "encrypted"),
    ],
)
def test_a_table_of_contents_that_lies(good: Path, offset: int, value: bytes, reason: str) -> None:
    patched(good, ENTRY, offset, value)
    with archive.opening(good, LIMITS) as file:
        assert file.is_encrypted == (reason == "encrypted")
    assert unread(good) == reason


@pytest.mark.parametrize("size", [1 << 40, (1 << 64) - 1])
@pytest.mark.parametrize("field", [0, 1, 2])
def test_sizes_of_large_members_that_lie(tmp_path: Path, field: int, size: int) -> None:
    """Sizes and place of a member of more than four gigabytes stand in an extra field."""
    numbers = [5, 5, 0]
    numbers[field] = size
    content = b"alpha"
    header = struct.pack("<4sHHHHHIIIHH", HEADER, 45, 0, 0, 0, 0, zlib.crc32(content), 5, 5, 5, 0) + b"a.txt"
    extra = struct.pack("<HHQQQ", 1, 24, *numbers)
    most = 0xFFFFFFFF
    entry = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        *(ENTRY, 45, 45, 0, 0, 0, 0, zlib.crc32(content), most, most, 5, len(extra), 0, 0, 0, 0, most),
    )
    body, directory = header + content, entry + b"a.txt" + extra
    end = struct.pack("<4sHHHHIIH", END, 0, 0, 1, 1, len(directory), len(body), 0)
    (tmp_path / "a.zip").write_bytes(body + directory + end)
    assert unread(tmp_path / "a.zip") == ("member too large" if field == 0 else "damaged")


def test_content_that_is_damaged(tmp_path: Path) -> None:
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = made(tmp_path / "a.zip", {"a.txt": random.Random(0).randbytes(5000)}, packing)
        patched(path, HEADER, 100, bytes(30))
        assert unread(path) == "damaged"


def test_whatever_is_changed_in_it_there_is_a_reason(good: Path) -> None:
    """Bytes at random, lengths, and numbers in its records."""
    content = good.read_bytes()
    chance, seen = random.Random(7), set()
    for _ in range(1500):
        bytes_ = bytearray(content[: chance.randrange(len(content))] if chance.random() < 0.2 else content)
        for _ in range(chance.randrange(4)):
            place = chance.randrange(len(bytes_) or 1)
            bytes_[place : place + 4] = chance.choice(
                [b"\xff" * 4, bytes(4), chance.randbytes(1), b"\xff" * 8]
            )
        good.write_bytes(bytes_)
        try:
            with archive.opening(good, LIMITS) as file:
                for name in file.names:
                    assert len(file.read(name, MOST)) <= MOST
            seen.add("read")
        except ArchiveError as error:
            seen.add(error.reason)
    assert {"read", "damaged", "countless"} <= seen


def test_bytes_of_a_member_come_in_pieces(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(3 * archive.PIECE_BYTES + 17)
    path = made(tmp_path / "a.zip", {"a.txt": content})
    with archive.opening(path, LIMITS) as file:
        assert file.read("a.txt", MOST) == content
        assert file.read("a.txt", MOST, first=archive.PIECE_BYTES + 3) == content[: archive.PIECE_BYTES + 3]
