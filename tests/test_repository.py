"""What the papers say must be so: pins, commands, links, the tree, and the way a machine is prepared."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from resources.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
PAPERS = [
    *(
        ROOT / name
        for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
    ),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "resources").rglob("*.md")),
]
RECORDS = sorted((ROOT / "docs" / "adr").glob("0*.md"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def pins() -> dict[str, Version]:
    """Package, its name normalised → the version in the constraints file."""
    lines = (ROOT / ".ci" / "constraints.txt").read_text("utf-8").splitlines()
    exact = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert len({name for name, _ in exact}) == len(exact), "a package is pinned twice"
    return {name: Version(version) for name, version in exact}


def direct() -> list[Requirement]:
    """What pyproject.toml asks for, extras included."""
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in (*PROJECT["dependencies"], *extras)]


# --- pins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", direct(), ids=lambda wanted: wanted.name)
def test_pin_lies_in_its_range(wanted: Requirement) -> None:
    pin = pins()[wanted.name.lower()]
    assert wanted.specifier, "a range says what should work"
    assert wanted.specifier.contains(pin)


@pytest.mark.parametrize("wanted", direct(), ids=lambda wanted: wanted.name)
def test_dependency_has_a_reason(wanted: Requirement) -> None:
    assert wanted.name.lower() in (ROOT / "docs/adr/0001-dependencies.md").read_text("utf-8").lower()


def installed(name: str, extras: frozenset[str] = frozenset()) -> dict[str, Version]:
    """The versions at hand of everything that ``name`` with ``extras`` pulls in, itself excepted."""
    found: dict[str, Version] = {}
    waiting = [(name, extras)]
    while waiting:
        package, wanted = waiting.pop()
        for line in distribution(package).requires or []:
            needed = Requirement(line)
            if needed.marker and not any(needed.marker.evaluate({"extra": extra}) for extra in {"", *wanted}):
                continue
            inner = re.sub(r"[-_.]+", "-", needed.name).lower()
            if inner not in found:
                found[inner] = Version(Version(version(inner)).public)  # 2.13.0+cpu is 2.13.0
                waiting.append((inner, frozenset(needed.extras)))
    return found


def test_what_is_installed_is_what_is_pinned() -> None:
    """Else the tests speak of other versions than the ones that users get."""
    at_hand = installed("underpaint", frozenset({"dev"}))
    assert len(at_hand) > 20
    assert at_hand == {name: pins().get(name) for name in at_hand}


# --- papers -------------------------------------------------------------------------------------


def test_changelog_begins_with_this_version() -> None:
    """Older ones say their day; each is told by what was added, changed and fixed."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest, *older = re.findall(r"^## ([\d.]+) \((.+)\)$", text, re.MULTILINE)
    assert newest[0] == VERSION
    assert older and all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for _, day in older)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {"Added", "Changed", "Fixed"}


def test_version_stands_in_one_place(project: Path) -> None:
    """What else must know it, reads it there: window, command line, packages, pyproject.toml."""
    assert "version" not in PROJECT and "version" in PROJECT["dynamic"]
    scripts = [*project.glob("*.spec"), *project.glob("*.toml"), *(project / ".ci").rglob("*")]
    scripts += [file for part in ("desktop", "engine", "trainer") for file in (project / part).rglob("*.py")]
    scripts += [*(project / ".github").rglob("*.yml"), *(project / "docs/guide").glob("*.md")]
    said = re.compile(rf"(?<![\d.=]){re.escape(VERSION)}(?![\d.])")
    files = [file for file in scripts if file.is_file()]
    assert not [str(file) for file in files if said.search(file.read_text("utf-8", "replace"))]
    command = [sys.executable, "-m", "desktop", "--version"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout == f"underpaint {VERSION}\n"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_links_lead_somewhere(paper: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", paper.read_text("utf-8"))
    dead = [link for link in links if "://" not in link and not (paper.parent / link).exists()]
    assert not dead


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_named_commands_exist(paper: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert targets >= {"run", "test"}
    named = set(re.findall(r"`make ([\w-]+)", paper.read_text("utf-8")))
    named |= set(re.findall(r"^\s*make ([\w-]+)", paper.read_text("utf-8"), re.MULTILINE))
    assert named <= targets


def test_every_target_is_phony() -> None:
    """A file named “test” or “app” would silently stop its target."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony and set(phony[1].split()) == set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_names_tests_that_exist() -> None:
    """Tests that moved would be asked for in vain, on the one processor where nobody looks."""
    said = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "test-avx2"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    asked = re.findall(r"\btests/[\w/.]+", said.stdout)
    assert len(asked) > 5
    assert [name for name in asked if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_decision_record_is_whole(record: Path) -> None:
    text = record.read_text("utf-8")
    assert text.startswith(f"# {record.name[:4]} ")
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Context", "Decision", "Rejected"]
    assert f"]({record.name})" in (record.parent / "README.md").read_text("utf-8")


def test_architecture_names_every_package() -> None:
    """Its tree has a line for each package, and for each module of one that holds packages."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    lines = [line.split() for line in text.split("```")[1].strip().splitlines()]
    assert all(words[1:] for words in lines), "a line without a word on what it is"
    parts = ("desktop", "engine", "resources", "trainer")
    packages = {file.parent for part in parts for file in (ROOT / part).rglob("__init__.py")}
    holders = {package for package in packages if any(package in other.parents for other in packages)}
    modules = {file for package in holders for file in package.glob("*.py") if file.name != "__init__.py"}
    there = {f"{package.relative_to(ROOT).as_posix()}/" for package in packages - {ROOT / "resources"}}
    there |= {file.relative_to(ROOT).as_posix() for file in modules} | {"resources/"}
    assert there == {words[0] for words in lines}, "packages that the tree leaves out, or that are gone"


def test_architecture_takes_the_minutes_it_promises() -> None:
    words = (ROOT / "ARCHITECTURE.md").read_text("utf-8").split()
    assert len(words) <= 1300, f"{len(words)} words: shorten what is there, before anything is added"


def test_no_file_speaks_of_the_machine_it_was_made_on() -> None:
    """Paths, and papers that the reader does not have."""
    # Put together here, or this very file would be found.
    forbidden = re.compile("|".join(["/work" + "/", "house" + r"\.md", "/tmp" + "/plan", "/root" + "/"]))
    made = {".venv", ".git", "build", "dist", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__"}
    kinds = {".py", ".md", ".toml", ".json", ".gpl", ".spec", ".txt", ".yml", ".svg", ""}
    guilty = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in made and not name.endswith(".egg-info")]
        for file in (Path(folder) / name for name in files if name not in made):
            if file.suffix in kinds and forbidden.search(file.read_text("utf-8", errors="replace")):
                guilty.append(str(file.relative_to(ROOT)))
    assert not guilty


# --- preparing a machine ------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that preparing needs, in a folder of their own."""
    wanted = ("bootstrap.py", "constraints.txt")
    for name in (*(f".ci/{file}" for file in wanted), "pyproject.toml", "Makefile", "resources/version.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def bootstrap_of(folder: Path) -> ModuleType:
    """The module ``.ci/bootstrap.py`` of that clone."""
    spec = importlib.util.spec_from_file_location("bootstrap", folder / ".ci" / "bootstrap.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prepared(folder: Path, *extras: str) -> ModuleType:
    """A clone's bootstrap, with the traces of a finished install of ``extras``."""
    bootstrap = bootstrap_of(folder)
    bootstrap.IN_VENV.parent.mkdir(parents=True)
    bootstrap.IN_VENV.touch()
    stamp = {"fingerprint": bootstrap.fingerprint(), "extras": sorted(extras)}
    bootstrap.STAMP.write_text(json.dumps(stamp), "utf-8")
    return bootstrap


def test_finished_install_is_not_done_again(clone: Path) -> None:
    bootstrap = prepared(clone, "dev")
    assert bootstrap.is_ready([])
    assert bootstrap.is_ready(["dev"])
    assert not bootstrap.is_ready(["dev", "app"])


def test_being_ready_costs_a_look_at_the_stamp(clone: Path) -> None:
    """No other program is started, no system library looked for, and nothing said."""
    prepared(clone)
    done = run_bootstrap(clone, before="bootstrap.subprocess = bootstrap.ctypes = bootstrap.shutil = None")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (".ci/constraints.txt", "numpy==", "numpy==9."),
        ("resources/version.py", "VERSION = ", "VERSION = 9"),
        ("pyproject.toml", '"numpy>=', '"numpy>=9.'),
        ("pyproject.toml", "desktop.__main__:main", "desktop.__main__:other"),
    ],
)
def test_what_pip_would_be_given_counts(clone: Path, file: str, old: str, new: str) -> None:
    bootstrap = prepared(clone)
    text = (clone / file).read_text("utf-8")
    assert old in text
    (clone / file).write_text(text.replace(old, new), "utf-8")
    assert not bootstrap.is_ready([])


def test_lint_settings_do_not_count(clone: Path) -> None:
    bootstrap = prepared(clone)
    settings = (clone / "pyproject.toml").read_text("utf-8")
    (clone / "pyproject.toml").write_text(settings.replace("line-length = 110", "line-length = 99"), "utf-8")
    assert bootstrap.is_ready([])


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"extras": []}', '{"fingerprint": 1, "extras": 2}'])
def test_damaged_stamp_means_not_ready(clone: Path, stamp: str) -> None:
    bootstrap = prepared(clone)
    bootstrap.STAMP.write_text(stamp, "utf-8")
    assert not bootstrap.is_ready([])


def test_moved_folder_is_not_ready(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    prepared(clone)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "clone"
    shutil.move(clone, elsewhere)
    assert not bootstrap_of(elsewhere).is_ready([])


def test_package_that_was_cut_off_is_forgotten(clone: Path) -> None:
    bootstrap = bootstrap_of(clone)
    packages = clone / ".venv/lib/python3.11/site-packages"
    for name in ("whole-1.dist-info", "cut-1.dist-info"):
        (packages / name).mkdir(parents=True)
        (packages / name / "METADATA").touch()
    (packages / "whole-1.dist-info" / "RECORD").touch()
    bootstrap.drop_half_installed()
    assert [folder.name for folder in packages.iterdir()] == ["whole-1.dist-info"]


def run_bootstrap(
    clone: Path, *words: str, before: str = "", path: str = ""
) -> subprocess.CompletedProcess[str]:
    """``bootstrap.main(words)`` in a process of its own; ``before`` is run on the module first."""
    program = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('bootstrap', {str(clone / '.ci/bootstrap.py')!r})\n"
        "bootstrap = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(bootstrap)\n"
        f"{before}\n"
        f"bootstrap.main({list(words)!r})\n"
    )
    environment = {**os.environ, "PATH": path}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_unknown_extra_is_a_sentence(clone: Path) -> None:
    done = run_bootstrap(clone, "nonsense")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no extra “nonsense”; choose from dev, app.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves Qt's libraries to the system")
def test_missing_libraries_are_named_in_one_sentence(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    apt = tmp_path / "bin" / "apt-get"
    apt.write_text("#!/bin/sh\nexit 99\n", "utf-8")
    apt.chmod(0o755)
    before = (
        "bootstrap.QT_NEEDS = {'libnever.so.9': 'libnever9', 'libc.so.6': 'libc6'}\n"
        "bootstrap.os.geteuid = lambda: 1000"
    )
    done = run_bootstrap(clone, before=before, path=str(tmp_path / "bin"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "apt-get install libnever9" in done.stderr
    assert "libc6" not in done.stderr
    assert not (clone / ".venv").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves Qt's libraries to the system")
def test_system_without_apt_hears_the_libraries(clone: Path) -> None:
    done = run_bootstrap(clone, before="bootstrap.QT_NEEDS = {'libnever.so.9': 'libnever9'}")
    assert done.returncode == 1
    assert "libnever.so.9" in done.stderr
    assert "libnever9" not in done.stderr


def test_old_python_is_a_sentence(clone: Path) -> None:
    done = run_bootstrap(clone, before="bootstrap.sys.version_info = (3, 10, 9)")
    assert done.returncode == 1
    assert "needs Python 3.11 to 3.14" in done.stderr


@pytest.mark.parametrize(
    ("has_uv", "settings", "chosen"),
    [
        (True, "", "uv"),
        (True, "[global]\nindex-url = https://mirror.example/simple\n", "pip"),
        (False, "", "pip"),
    ],
)
def test_uv_installs_where_it_is_had_unless_pip_has_settings(
    clone: Path, tmp_path: Path, has_uv: bool, settings: str, chosen: str
) -> None:
    (tmp_path / "bin").mkdir()
    if has_uv:
        (tmp_path / "bin" / "uv").write_text("#!/bin/sh\nexit 99\n", "utf-8")
        (tmp_path / "bin" / "uv").chmod(0o755)
    (tmp_path / "pip.conf").write_text(settings, "utf-8")
    before = (
        "import os; from pathlib import Path\n"
        "for name in [name for name in os.environ if name.startswith('PIP_')]: del os.environ[name]\n"
        f"os.environ['PIP_CONFIG_FILE'] = {str(tmp_path / 'pip.conf') if settings else os.devnull!r}\n"
        f"bootstrap.IN_VENV = Path({sys.executable!r})\n"
        "print('uv' if bootstrap.installer()[0] == 'uv' else bootstrap.installer()[2])\n"
        "sys.exit()"
    )
    done = run_bootstrap(clone, before=before, path=str(tmp_path / "bin"))
    assert (done.returncode, done.stdout) == (0, f"{chosen}\n"), done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_without_a_python_is_a_sentence(clone: Path) -> None:
    done = subprocess.run(["make", "run", "PYTHON="], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Underpaint needs Python 3.11 to 3.14" in done.stderr.splitlines()[0]


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed (Debian: binutils)")
def test_every_library_that_qt_is_linked_against_is_looked_for() -> None:
    """A new Qt may want more of the system; then the list in bootstrap.py grows."""
    import PySide6

    assert PySide6.__file__
    qt = Path(PySide6.__file__).parent
    looked_at = [
        *(qt / f"Qt{part}.abi3.so" for part in ("Core", "Gui", "Widgets", "Svg")),
        *(
            qt / "Qt/lib" / f"libQt6{part}.so.6"
            for part in ("Core", "Gui", "Widgets", "Svg", "DBus", "XcbQpa")
        ),
        *(qt / "Qt/plugins/platforms" / f"lib{name}.so" for name in ("qxcb", "qoffscreen")),
        *(qt / "Qt/plugins/iconengines").glob("*.so"),
        *(qt / "Qt/plugins/xcbglintegrations").glob("*.so"),
    ]
    wanted: set[str] = set()
    for file in looked_at:
        command = ["readelf", "--dynamic", str(file)]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        wanted |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", lines))
    come_along = re.compile(r"libQt6|libicu|libpyside|libshiboken")  # inside the wheels
    any_linux = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so|ld-linux")  # Python itself needs them
    one_package = {"libgthread-2.0.so.0"}  # comes with libglib-2.0.so.0
    missing = {
        name for name in wanted if not come_along.match(name) and not any_linux.match(name)
    } - one_package
    assert missing <= bootstrap_of(ROOT).QT_NEEDS.keys()
