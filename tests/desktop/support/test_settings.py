from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop.support.settings import FORMAT, MOST_BYTES, Settings, SettingsFile


def test_settings_come_back(tmp_path: Path):
    file = SettingsFile(tmp_path / "deep" / "settings.json")
    file.settings.theme = "dark"
    file.settings.inks["lines"] = {"size": 7.0}
    file.save()
    assert SettingsFile(file.path).settings == file.settings


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        '{"theme": 3',
        "\x00",
        "[" * 100_000,
        '{"format": "new"}',
        '{"format": 0}',
        '{"format": true}',
        "{}" + " " * MOST_BYTES,
    ],
    ids=lambda text: text[:18].strip(),
)
def test_a_damaged_file_is_set_aside_and_the_defaults_serve(tmp_path: Path, text: str):
    path = tmp_path / "settings.json"
    path.write_text(text)
    file = SettingsFile(path)
    assert file.settings == Settings()
    kept = path.with_suffix(".damaged")
    assert kept.read_text() == text
    assert str(kept) in file.problem and file.problem.endswith(".")
    assert SettingsFile(path).problem == "", "told once"


def test_of_two_damaged_files_both_are_kept(tmp_path: Path):
    path = tmp_path / "settings.json"
    for text in ("one", "two", "three"):
        path.write_text(text)
        SettingsFile(path)
    kept = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert kept == {
        "settings.damaged": "one",
        "settings-2.damaged": "two",
        "settings-3.damaged": "three",
    }


def test_a_first_start_has_no_problem(tmp_path: Path):
    file = SettingsFile(tmp_path / "settings.json")
    assert (file.problem, file.settings) == ("", Settings())
    file.save()
    assert json.loads(file.path.read_text())["format"] == FORMAT


def test_values_of_the_wrong_sort_are_passed_over(tmp_path: Path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"theme": 3, "divider": 1, "recent": "x", "live": False}))
    settings = SettingsFile(path).settings
    assert (settings.theme, settings.divider, settings.recent, settings.live) == ("system", 1.0, [], False)


def test_one_entry_that_makes_no_sense_costs_no_other(tmp_path: Path):
    (tmp_path / "settings.json").write_text(
        json.dumps({
            "format": FORMAT,
            "keys": {"undo": "Z", "redo": 7},
            "presets": {"fine": {"size": 3.0}, "torn": [3.0]},
            "styles": {"cats": {"grey": [0.5]}, "shoes": {"red": ["x"], "brown": [1.5]}},
            "recipe": {"minutes": 20, "l1": 10**400},
            "unread_terms": ["a.safetensors", None, "b.safetensors"],
            "recent_colours": [[1, 2, 3], [1, 2], [300, 0, 0], [4, 5, 6]],
            "axes": [0.5, "x", 0.0],
        })
    )  # fmt: skip
    settings = SettingsFile(tmp_path / "settings.json").settings
    assert settings.keys == {"undo": "Z"} and settings.presets == {"fine": {"size": 3.0}}
    assert settings.styles == {"cats": {"grey": [0.5]}, "shoes": {"brown": [1.5]}}
    assert settings.recipe == {"minutes": 20}
    assert settings.unread_terms == ["a.safetensors", "b.safetensors"]
    assert settings.recent_colours == [[1, 2, 3], [4, 5, 6]]
    assert settings.axes == Settings().axes  # which are nothing but together


def test_what_a_newer_version_wrote_is_kept(tmp_path: Path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"holodeck": True}))
    SettingsFile(path).save()
    assert json.loads(path.read_text())["holodeck"] is True


def test_a_folder_that_cannot_be_made_costs_only_the_memory(tmp_path: Path):
    (tmp_path / "file").write_text("")
    SettingsFile(tmp_path / "file" / "settings.json").save()


def test_recent_files_are_ten_and_each_once():
    settings = Settings()
    for number in range(12):
        settings.add_recent(Path(f"/{number % 11}"))
    assert len(settings.recent) == 10
    assert settings.recent[0] == str(Path("/0"))


def test_settings_that_have_not_changed_are_not_written_again(tmp_path: Path):
    file = SettingsFile(tmp_path / "settings.json")
    file.save()
    file.path.unlink()
    file.save()
    assert not file.path.exists()
    file.settings.theme = "dark"
    file.save()
    assert file.path.exists()


@pytest.mark.parametrize(
    "value",
    [
        {"theme": "pink"},
        {"preview_opacity": 50.0},
        {"divider": float("nan")},
        {"preview_opacity": 10**400},
        {"inks": {"lines": 5}},
        {"new_size": [0, 5]},
        {"recent": [1]},
        {"undo_megabytes": -5},
    ],
    ids=lambda fields: "".join(fields),
)
def test_values_out_of_range_are_passed_over(tmp_path: Path, value: dict):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"format": FORMAT, **value}))
    file = SettingsFile(path)
    assert file.settings == Settings()
    file.settings.live = False
    file.save()
    assert SettingsFile(path).settings == Settings(live=False), "they don't come back"


def test_two_windows_keep_what_was_changed_in_the_other(tmp_path: Path):
    first = SettingsFile(tmp_path / "settings.json")
    first.settings.presets = {"fine": {"size": 3.0}, "old": {"size": 9.0}, "soft": {"size": 20.0}}
    first.settings.styles = {"cats": {"grey": [0.5]}}
    first.settings.recent = ["/a"]
    first.settings.unread_terms = ["a.safetensors", "b.safetensors"]
    first.save()
    second = SettingsFile(first.path)

    first.settings.presets["broad"] = {"size": 40.0}
    first.settings.presets["soft"]["size"] = 30.0
    first.settings.styles["cats"]["red"] = [1.5]
    first.settings.styles["shoes"] = {"brown": [2.0]}
    first.settings.unread_terms.remove("a.safetensors")
    first.settings.add_recent(Path("/b"))
    first.settings.theme = "dark"
    del first.settings.presets["old"]
    first.save()
    second.settings.presets["hard"] = {"size": 2.0}
    second.settings.styles["cats"]["black"] = [0.0]
    second.settings.styles["shoes"] = {"blue": [1.0]}
    second.settings.unread_terms.append("c.safetensors")
    second.settings.add_recent(Path("/c"))
    second.settings.fold = 8
    second.save()

    both = SettingsFile(first.path).settings
    assert {name: it["size"] for name, it in both.presets.items()} == {
        "fine": 3.0,
        "soft": 30.0,
        "broad": 40.0,
        "hard": 2.0,
    }
    assert both.styles == {
        "cats": {"grey": [0.5], "red": [1.5], "black": [0.0]},
        "shoes": {"brown": [2.0], "blue": [1.0]},
    }
    assert both.unread_terms == ["b.safetensors", "c.safetensors"]
    assert set(both.recent) == {"/a", "/b", "/c"}
    assert (both.theme, both.fold) == ("dark", 8)

    second.settings.fold = 5
    second.save()
    again = SettingsFile(first.path).settings
    assert again.presets == both.presets and again.styles == both.styles and again.theme == "dark"


def test_what_both_windows_changed_is_as_it_was_changed_last(tmp_path: Path):
    first, second = (SettingsFile(tmp_path / "settings.json") for _ in range(2))
    first.settings.presets["fine"] = {"size": 3.0}
    first.save()
    second.settings.presets["fine"] = {"size": 4.0}
    second.save()
    assert SettingsFile(first.path).settings.presets == {"fine": {"size": 4.0}}
