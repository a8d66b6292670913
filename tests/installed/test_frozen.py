"""The packaged program, used as its users would: no Python of theirs, odd folders, nothing to write to.

``make smoke`` runs this on what ``make app`` has made; ``UNDERPAINT_PROGRAM`` names another one, such as
``/usr/bin/underpaint``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from desktop.paint.files.drawing import Drawing
from engine.data.picture import read, write_png
from tests.engine import reference
from tests.journeys.x_screen import Pixels, Screen, paper
from tests.trainer.small_runs import things
from trainer.run import events

pytestmark = pytest.mark.installed

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(os.environ.get("UNDERPAINT_PROGRAM", ROOT / "dist/underpaint/underpaint")).absolute()
SHOTS = Path(os.environ.get("UNDERPAINT_SHOTS", ROOT / "build/smoke"))
PATIENCE_S = 180.0
SMALL = "--width 4 --size 32 --patch 16 --batch 2 --precision float32 --threads 1 --device cpu --log-every 1"
NOBODY, DAEMON = 65534, 1  # user numbers that every Unix has

as_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can start a program as somebody else",
)


@pytest.fixture(scope="module", autouse=True)
def there_is_a_program() -> None:
    assert PROGRAM.exists(), f"there is no {PROGRAM}; make app makes it"


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a user without Python or a development tree; an empty word takes a variable away."""
    windows = ("SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "APPDATA")
    names = ("PATH", "LANG", "LD_LIBRARY_PATH", *windows)
    kept = {name: os.environ[name] for name in names if name in os.environ}
    usual = {"HOME": str(home), "UNDERPAINT_HOME": str(home / "underpaint"), "QT_QPA_PLATFORM": "offscreen"}
    every = {**kept, **usual, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **more}
    return {name: value for name, value in every.items() if value or name == "HOME"}


def run(
    *words: object, home: Path, program: Path = PROGRAM, before: tuple[str, ...] = (), **more: Any
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*before, str(program), *map(str, words)],
        cwd=home,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def wait(done: Callable[[], object], what: str) -> None:
    """Look again and again at what another process does; nothing tells."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    """A shoe of lines and hints, as a picture."""
    sample = Drawing.load(ROOT / "resources/samples/01-red-sneaker.json")
    document = sample.document(None)
    sample.replay(document)
    write_png(tmp_path / "shoe.png", document.picture_flat())
    return tmp_path / "shoe.png"


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that other users get into, with a copy of the program (by links) in it."""
    with tempfile.TemporaryDirectory(prefix="underpaint smoke é ü ") as name:
        Path(name).chmod(0o755)
        yield Path(name)


# --- commands --------------------------------------------------------------------------------------


def test_models_are_those_of_the_source_tree(tmp_path: Path):
    done = run("models", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    source = subprocess.run(
        [sys.executable, "-m", "desktop", "models", "--json"],
        cwd=ROOT,
        env={**os.environ, "UNDERPAINT_HOME": str(tmp_path / "underpaint")},
        capture_output=True,
        text=True,
        check=True,
    )

    def without_places(text: str) -> list[dict[str, object]]:
        return [{**entry, "file": Path(entry["file"]).name} for entry in json.loads(text)]

    assert without_places(done.stdout) == without_places(source.stdout)
    assert {"facades", "shoes"} <= {entry["name"] for entry in json.loads(done.stdout)}


@pytest.mark.parametrize("model", ["shoes", "facades"])
def test_translation_is_the_source_trees_byte_for_byte(model: str, drawing: Path, tmp_path: Path):
    done = run("translate", model, drawing, tmp_path / "packaged.png", home=tmp_path)
    assert done.returncode == 0, done.stderr
    subprocess.run(
        [sys.executable, "-m", "desktop", "translate", model, drawing, tmp_path / "source.png"],
        cwd=ROOT,
        env={**environment(tmp_path), "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert (tmp_path / "packaged.png").read_bytes() == (tmp_path / "source.png").read_bytes()
    assert read(tmp_path / "packaged.png").pixels.std() > 10


def test_import_of_foreign_weights(tmp_path: Path, drawing: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    torch.save(reference.made("unet_128", "batch", width=2), folder / "latest_net_G.pth")
    done = run("import", folder / "latest_net_G.pth", "--name", "mine", home=tmp_path)
    assert done.returncode == 0, done.stderr
    done = run("translate", "mine", drawing, tmp_path / "out.png", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "out.png").pixels.shape == read(drawing).pixels.shape


def test_training_is_killed_taken_up_and_exported(tmp_path: Path):
    things(tmp_path / "data", 10)
    folder = tmp_path / "run"
    words = ("train", tmp_path / "data", "--run", folder, *SMALL.split(), "--steps", "100000")
    with (tmp_path / "said").open("wb") as said:
        command = [str(PROGRAM), *map(str, words), "--checkpoint-every", "5"]
        child = subprocess.Popen(command, env=environment(tmp_path), stdout=said, stderr=said)
        try:

            def steps() -> int:
                assert child.poll() is None, (tmp_path / "said").read_text()
                return max((event["step"] for event in events.read(folder / "events.jsonl")), default=0)

            wait(lambda: steps() >= 20, "twenty steps are done")
        finally:
            child.kill()
            child.wait()
    done = run("resume", folder, "--minutes", "0.02", home=tmp_path)
    assert done.returncode == 0, done.stderr
    told = events.read(folder / "events.jsonl")
    assert any(event["event"] == "resumed" and event["step"] >= 15 for event in told)
    assert told[-1]["event"] == "finished"

    done = run("export", folder / "model.safetensors", "--to", "pth", "--out", "net.pth", home=tmp_path)
    assert done.returncode == 0, done.stderr
    exported = torch.load(tmp_path / "net.pth", weights_only=True)
    assert exported and all(isinstance(value, torch.Tensor) for value in exported.values())


def test_devices_and_licences(tmp_path: Path):
    done = run("devices", home=tmp_path)
    assert done.returncode == 0 and "cpu: " in done.stdout
    folder = PROGRAM.resolve().parent
    inside = folder / "_internal" if (folder / "_internal").exists() else folder.parent / "Resources"
    for terms in ("LGPL-3.0", "Qt, third parties", "Icon fonts", "Fluent Emoji", "PyInstaller"):
        assert (inside / f"resources/licences/{terms}.txt").exists()
    assert list(inside.glob("torch-*.dist-info/licenses/LICENSE"))


def test_wrong_words_are_told_in_a_sentence(tmp_path: Path):
    done = run("translate", "shoes", "gone.png", "out.png", home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "gone.png" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# --- the window ------------------------------------------------------------------------------------


def is_shown(seen: Pixels) -> bool:
    return bool(paper(seen)[2])


@pytest.mark.xvfb
def test_window_is_drawn_in_and_talks_to_nobody(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps({"theme": "light", "folder": str(tmp_path)}))
    screen = Screen(tmp_path)
    try:
        words, program = [], str(PROGRAM)
        if shutil.which("strace"):
            words = ["--follow-forks", "--trace=socket", "--output", str(tmp_path / "told"), program]
            program = "strace"
        child = screen.start(*words, home=home, program=program)
        screen.focus()
        screen.hand("mousemove", 1270, 400)
        seen = screen.wait(
            lambda seen: is_shown(seen) and seen[200:660, 560:1020].std() > 20, "it shows an example"
        )
        left, top, right, bottom = paper(seen)
        across, down = (right - left) / 10, (bottom - top) / 10
        before = screen.still()
        screen.drag(*[(left + x * across, top + y * down) for x, y in ((1, 1), (5, 2), (9, 1))])
        screen.hand("mousemove", 1270, 400)
        canvas = np.s_[top + 4 : bottom - 4, left + 4 : right - 4]
        preview = np.s_[top + 4 : bottom - 4, 560:1020]
        screen.wait(lambda seen: (seen[canvas] != before[canvas]).any(), "the stroke is there")
        after = screen.wait(lambda seen: (seen[preview] != before[preview]).any(), "the preview follows")
        SHOTS.mkdir(parents=True, exist_ok=True)
        Image.fromarray(after).save(SHOTS / "frozen.png")
        screen.hand("key", "ctrl+q")
        assert child.wait(60) == 0
    finally:
        screen.close()
    assert "Traceback" not in (tmp_path / "errors").read_text()
    if words:
        told = (tmp_path / "told").read_text("utf-8", "replace")
        assert "AF_UNIX" in told and "AF_INET" not in told  # the first is how it draws
    log = (home / "logs" / "underpaint.log").read_text("utf-8")
    assert "ERROR" not in log and "WARNING" not in log, log
    assert not list((home / "logs").glob("*.crash"))


def opened(home: Path, program: Path = PROGRAM, **more: str) -> subprocess.Popen[bytes]:
    """A window without a display, on the way to being open."""
    return subprocess.Popen(
        [*more.pop("before", "").split(), str(program)],
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def is_ready(runtime: Path) -> bool:
    return any(file.read_bytes() == b"ready" for file in runtime.glob("underpaint/*.lock"))


def closed(child: subprocess.Popen[bytes]) -> str:
    """What a window said until it was told to close."""
    child.send_signal(signal.SIGTERM)
    try:
        said = child.communicate(timeout=PATIENCE_S)[0].decode("utf-8", "replace")
    finally:
        child.kill()
    assert child.returncode == 0, said
    return said


# --- odd places ------------------------------------------------------------------------------------


def own(folder: Path, user: int) -> Path:
    folder.mkdir(mode=0o700)
    os.chown(folder, user, user)
    return folder


def somebody(user: int) -> str:
    return f"setpriv --reuid={user} --regid={user} --clear-groups"


@as_root
def test_from_a_read_only_folder_with_an_odd_name(open_to_all: Path, drawing: Path):
    """Linked into a path with spaces and accents, and started by somebody who can write nothing of it."""
    folder = open_to_all / "Programme für Grafik"
    subprocess.run(["cp", "--archive", "--link", PROGRAM.resolve().parent, folder], check=True)
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o555)
    home = own(open_to_all / "daheim", NOBODY)
    shutil.copy(drawing, home / "schuh ä.png")
    before = tuple(somebody(NOBODY).split())
    words = ("translate", "shoes", "schuh ä.png", "foto ö.png")
    done = run(*words, home=home, program=folder / "underpaint", before=before)
    assert done.returncode == 0, done.stderr
    assert (home / "foto ö.png").stat().st_uid == NOBODY
    runtime = own(open_to_all / "runtime", NOBODY)
    child = opened(home, program=folder / "underpaint", before=somebody(NOBODY), XDG_RUNTIME_DIR=str(runtime))
    try:
        wait(lambda: is_ready(runtime), "the window is open")
    finally:
        said = closed(child)
    assert "Traceback" not in said
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


@pytest.mark.parametrize("home_word", ["", "set"])
def test_with_an_empty_home(tmp_path: Path, drawing: Path, home_word: str):
    """HOME is a folder with nothing in it; and is not set to anything at all."""
    target = tmp_path / "out.png"
    files: dict[str, Any] = {"UNDERPAINT_HOME": str(tmp_path / "files") if not home_word else ""}
    home = tmp_path / "home"
    home.mkdir()
    done = run("translate", "shoes", drawing, target, home=home, **files, HOME=str(home) if home_word else "")
    assert done.returncode == 0, done.stderr
    assert target.exists()


@as_root
@pytest.mark.parametrize("user", [NOBODY, 54321], ids=["nobody", "unknown"])
def test_without_any_home_files_need_a_place(open_to_all: Path, user: int):
    """HOME is empty: the user's entry counts; and a number without one is told what to do."""
    words: dict[str, Any] = {"before": tuple(somebody(user).split()), "HOME": "", "UNDERPAINT_HOME": ""}
    done = run("models", home=open_to_all, **words)
    if user == NOBODY:
        assert done.returncode == 0 and "shoes" in done.stdout, done.stderr
    else:
        assert done.returncode == 1 and "set UNDERPAINT_HOME" in done.stderr
    words["UNDERPAINT_HOME"] = str(own(open_to_all / "files", user))
    done = run("models", home=open_to_all, **words)
    assert done.returncode == 0 and "shoes" in done.stdout, done.stderr


@as_root
def test_window_with_nothing_to_write_to(open_to_all: Path):
    """Neither home nor cache nor runtime folder: it opens, says no word of Python, and closes."""
    home = open_to_all / "read only"
    home.mkdir(mode=0o555)
    nowhere: dict[str, Any] = {
        "XDG_CACHE_HOME": "/proc/none",
        "XDG_CONFIG_HOME": "/proc/none",
        "XDG_RUNTIME_DIR": "/proc/none",
    }
    child = opened(home, before=somebody(NOBODY), TMPDIR=str(home), **nowhere)
    try:
        # Nothing can be written that would tell; the engine's thread loads torch once the window stands.
        wait(lambda: "libtorch_cpu" in Path(f"/proc/{child.pid}/maps").read_text(), "the window stands")
        assert child.poll() is None
    finally:
        said = closed(child)
    assert "Traceback" not in said
    assert list(home.iterdir()) == []


@as_root
def test_two_users_at_once(open_to_all: Path):
    children, runtimes = [], []
    for user in (NOBODY, DAEMON):
        home = own(open_to_all / str(user), user)
        runtimes.append(own(open_to_all / f"{user}-runtime", user))
        more: dict[str, Any] = {"XDG_RUNTIME_DIR": str(runtimes[-1]), "UNDERPAINT_HOME": ""}
        children.append(opened(home, before=somebody(user), **more))
    try:
        wait(lambda: all(is_ready(runtime) for runtime in runtimes), "both windows are open")
    finally:
        said = [closed(child) for child in children]
    assert not any("Traceback" in words for words in said)
    for user in (NOBODY, DAEMON):
        assert (open_to_all / str(user) / ".local/share/underpaint/settings.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="looks at files of Unix")
def test_second_start_hands_its_file_over(tmp_path: Path, drawing: Path):
    # The path of a socket may have but 104 signs.
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:
        first = opened(tmp_path, XDG_RUNTIME_DIR=runtime)
        try:
            wait(lambda: is_ready(Path(runtime)), "the window is open")
            done = run(drawing, home=tmp_path, XDG_RUNTIME_DIR=runtime)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        finally:
            closed(first)
    settings = json.loads((tmp_path / "underpaint" / "settings.json").read_text("utf-8"))
    assert settings["folder"] == str(drawing.parent)
