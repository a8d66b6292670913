from __future__ import annotations

import errno
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.files.writing import first_free, replacing, stem, write_all


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("red shoes 2.1", "red shoes 2.1"),
        ("Häuser", "Häuser"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "model"),
        ("", "model"),
        (" . ", "model"),
        ("a\\b:c*d\n", "a_b_c_d_"),
        ("x" * 300, "x" * 100),
        ("x" * 99 + ". y", "x" * 99),
        ("NUL", "_NUL"),
        ("com1.tar", "_com1.tar"),
        ("console", "console"),
    ],
)
def test_a_stem_is_a_name_that_every_system_takes(name: str, expected: str, tmp_path: Path) -> None:
    made = stem(name, "model")
    assert made == expected
    (tmp_path / made).touch()
    assert [file.name for file in tmp_path.iterdir()] == [made]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "drawing.txt"
    target.write_text("old")

    def half() -> None:
        with replacing(target) as part:
            part.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]
    with replacing(target) as part:
        part.write_text("new")
    assert target.read_text() == "new" and list(tmp_path.iterdir()) == [target]


def test_what_an_unbuffered_file_did_not_take_is_written_again() -> None:
    class Sluggish(io.BytesIO):
        def write(self, content: Any) -> int:
            return super().write(memoryview(content)[:3])

    file = Sluggish()
    write_all(file, b"0123456789")
    assert file.getvalue() == b"0123456789"

    class Full(io.BytesIO):
        def write(self, _content: object) -> int:
            return 0

    with pytest.raises(OSError, match="error"):
        write_all(Full(), b"0")


def written_by_another_start(path: Path) -> None:
    """A file, written by a process of its own: each clears up a folder once."""
    code = (
        "import sys; from pathlib import Path; from engine.files.writing import replacing\n"
        "with replacing(Path(sys.argv[1])) as part: part.write_text('new')"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def test_parts_of_processes_that_are_no_more_are_cleared_away_when_surely_old(tmp_path: Path) -> None:
    old = (".drawing.ora.abcd_123.underpaint.part", ".other.png.zzzzzzzz.underpaint.part")
    strangers = (".holiday film.download.part", ".drawing.ora.abcd_123.part", ".underpaint.part")
    others = (*strangers, "part", "drawing.ora.part", ".part", ".hidden", ".d.ora.abcd_124.underpaint.part")
    for name in (*old, *others):
        (tmp_path / name).write_text("")
        if name != others[-1]:  # that one may be being written
            os.utime(tmp_path / name, (0, 0))
    with replacing(tmp_path / "held.txt") as part:
        os.utime(part, (0, 0))  # by a process that sleeps since long
        part.write_text("held")
        os.utime(part, (0, 0))
        written_by_another_start(tmp_path / "new.txt")
    assert {file.name for file in tmp_path.iterdir()} == {*others, "new.txt", "held.txt"}
    assert (tmp_path / "held.txt").read_text() == "held"


def test_what_a_killed_process_left_is_cleared_away_in_time(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from engine.files.writing import replacing\n"
        "with replacing(Path(sys.argv[1]) / 'a.txt') as part: os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (part,) = tmp_path.iterdir()
    for name in ("b.txt", "c.txt"):
        written_by_another_start(tmp_path / name)
        assert part.exists() is (name == "b.txt")
        if part.exists():
            os.utime(part, (0, 0))


def test_the_longest_names_there_are_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("画" * 84 + ".t")
    with replacing(target) as part:
        part.write_text("new")
    assert target.read_text() == "new"


def test_permissions_stay_as_they_were(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as part:
        part.write_text("new")
    assert target.stat().st_mode & 0o777 == 0o640


def _refusing(code: int, real: Callable[..., Any], when: Callable[[Any], bool]) -> Callable[..., Any]:
    """A system call that some file systems know for files and not for the rest, or not at all."""

    def call(what: Any, *rest: Any, **named: Any) -> Any:
        if when(what):
            raise OSError(code, os.strerror(code))
        return real(what, *rest, **named)

    return call


@pytest.mark.skipif(os.name != "posix", reason="only POSIX flushes folders")
@pytest.mark.parametrize("names", [1, 2])
@pytest.mark.parametrize(
    ("call", "code", "when"),
    [
        ("fsync", errno.EINVAL, lambda handle: stat.S_ISDIR(os.fstat(handle).st_mode)),
        ("open", errno.EACCES, lambda path: os.path.isdir(path)),
        ("chmod", errno.EOPNOTSUPP, lambda _path: True),
    ],
    ids=["a folder that can't be flushed", "a folder that can't be read", "no permissions"],
)
def test_what_a_file_system_does_not_know_costs_nobody_a_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    code: int,
    when: Callable[[Any], bool],
    names: int,
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    if names > 1:
        os.link(target, tmp_path / "b.txt")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _refusing(code, getattr(os, call), when))
        with replacing(target) as part:
            part.write_text("new")
    assert target.read_text() == "new"
    assert len(list(tmp_path.iterdir())) == names and not list(tmp_path.glob(".*"))


def test_the_first_free_name_is_taken() -> None:
    taken: set[str] = set()
    for expected in ("house.png", "house-2.png", "house-3.png"):
        name = first_free(lambda ending: f"house{ending}.png", taken.__contains__)
        assert name == expected
        taken.add(name)
    assert first_free(lambda ending: f"a{ending}", {"a"}.__contains__, separator=" ") == "a 2"
