"""Preparing photos by the command line."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.errors import PictureError
from tests.trainer.made_pictures import blob, save
from tests.trainer.preparing.conftest import COUNT
from trainer.__main__ import commands
from trainer.preparing import contact


def run(*words: object):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(commands, ["prepare", *map(str, words)])


def test_command_prepares_and_tells(folder: Path, tmp_path: Path) -> None:
    result = run(folder, tmp_path / "out", "--size", "64", "--keep", "two", "--drop", "3.png")
    lines = result.stdout.splitlines()
    assert result.exit_code == 1  # one file is torn
    assert lines[-1] == str(tmp_path / "out")
    told = sorted(line.split("“")[1].split("”")[0] for line in lines[:-1])
    assert told == ["3.png", "beyond.png", "copy.png", "cut.png", "torn.png", "view.png"]
    assert [line for line in lines if line.startswith("error: ")] == [
        line for line in lines if "torn.png" in line
    ]
    assert "kept: 10 of 16 photos" in result.stderr
    assert sorted(it.stem for it in (tmp_path / "out").glob("*.png")) == sorted(
        ["two", *(str(seed) for seed in range(COUNT) if seed != 3)]
    )
    again = run(folder, tmp_path / "out")
    assert isinstance(again.exception, PictureError) and "choose a new folder" in str(again.exception)


def test_command_tries_without_writing(folder: Path, tmp_path: Path) -> None:
    result = run(
        folder, tmp_path / "out", "--size", 128, "--dry-run", "--json", "--sheet", tmp_path / "sheet.png"
    )
    told = json.loads(result.stdout)
    assert (told["kept"], told["out"], told["size"], len(told["photos"])) == (COUNT, None, 128, 16)
    assert {one["photo"]: one["why"] for one in told["photos"]}["3.png"] == []
    assert [it.name for it in tmp_path.iterdir()] == ["sheet.png"]


def test_the_folder_may_be_said_by_an_option_as_with_pairs(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "--out", tmp_path / "out", "--size", 64)
    assert result.stdout.splitlines()[-1] == str(tmp_path / "out") and (tmp_path / "out" / "1.png").is_file()


def test_a_link_to_an_empty_folder_is_written_into(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "real").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "real")
    result = run(folder, "--out", tmp_path / "link", "--size", 64)
    assert result.stdout.splitlines()[-1] == str(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "elsewhere" / "real" / "1.png").is_file()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    error = run(folder, "--out", tmp_path / "dangling", "--size", 64).exception
    assert isinstance(error, PictureError) and "choose a new folder" in str(error)
    left = [it.name for it in (*tmp_path.iterdir(), *(tmp_path / "elsewhere").iterdir())]
    assert sorted(left) == ["dangling", "elsewhere", "link", "real"]


@pytest.mark.parametrize(("code", "word"), [(errno.EACCES, "left out"), (errno.EIO, "error")])
def test_folders_that_can_not_be_looked_into_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, word: str
) -> None:
    for seed in range(4):
        save(blob(seed), tmp_path / "photos" / f"{seed}.png")
    save(blob(4), tmp_path / "photos" / "late" / "4.png")
    scandir = os.scandir

    def failing(folder: str) -> Any:
        if Path(folder).name in closed:
            raise OSError(code, os.strerror(code), folder)
        return scandir(folder)

    closed = {"late"}
    monkeypatch.setattr(os, "scandir", failing)
    result = run(tmp_path / "photos", tmp_path / "out", "--size", 64)
    assert f"{word}: The folder “late” can't be looked into ({os.strerror(code)})" in result.stdout
    assert result.exit_code == (word == "error") and (tmp_path / "out" / "3.png").is_file()
    result = run(tmp_path / "photos", tmp_path / "again", "--size", 64, "--json")
    assert "“late” can't be looked into" in json.loads(result.stdout)["unread"][0]
    closed.add("photos")
    error = run(tmp_path / "photos", tmp_path / "none").exception
    assert isinstance(error, PictureError) and "“photos” can't be looked into" in str(error)


def test_the_folder_is_said_once(folder: Path, tmp_path: Path) -> None:
    for words, sentence in (
        ((tmp_path / "out", "--out", tmp_path / "other"), "the folder is given as OUT already; give it once"),
        ((), "say which folder, as OUT or by --out"),
    ):
        result = run(folder, *words)
        assert result.exit_code == 2 and sentence in " ".join(result.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["--size", "8"], ["--margin", "0.5"], ["--sheet", "x.jpg"]])
def test_wrong_usage_is_exit_code_2(folder: Path, tmp_path: Path, words: list[str]) -> None:
    assert run(folder, tmp_path / "out", *words).exit_code == 2


def test_a_sheet_takes_no_other_files_place(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    (tmp_path / "pages-2.png").write_bytes(b"mine too")
    photo = (folder / "1.png").read_bytes()
    monkeypatch.setattr(contact, "ROWS", 1)
    for sheet, sentence in (
        (folder / "1.png", "lies in"),
        (folder / "sheet.png", "lies in"),
        (tmp_path / "out" / "sheet.png", "lies in"),
        (tmp_path / "mine.png", "exists already"),
        (tmp_path / "pages.png", "exists already"),
    ):
        result = run(folder, tmp_path / "out", "--size", 32, "--sheet", sheet)
        assert isinstance(result.exception, PictureError) and sentence in str(result.exception), sheet
    assert (folder / "1.png").read_bytes() == photo and not (folder / "sheet.png").exists()
    assert {it.name: it.read_bytes() for it in tmp_path.iterdir()} == {
        "mine.png": b"mine",
        "pages-2.png": b"mine too",
    }


@pytest.mark.parametrize(("photos", "drop"), [("photos", "3.png"), ("photos", "3"), ("empty", "3.png")])
def test_what_is_kept_and_left_out_is_said_to_be_both(
    folder: Path, tmp_path: Path, photos: str, drop: str
) -> None:
    (tmp_path / "empty").mkdir()
    result = run(
        folder if photos == "photos" else tmp_path / "empty",
        tmp_path / "out",
        "--keep",
        "3.png",
        "--drop",
        drop,
    )
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
    assert f"“{drop}” is to be kept and to be left out" in " ".join(result.stderr.replace("│", " ").split())
