from __future__ import annotations

from pathlib import Path

import pytest

from engine.files import replacing, stem


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
