"""What the packages tell a desktop, and how they are put together. What is in them: ``tests/installed``."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from PIL import Image

from desktop.__main__ import command_names

ROOT = Path(__file__).resolve().parent.parent
LINUX = ROOT / ".ci" / "linux"


def module(name: str) -> ModuleType:
    """A script of ``.ci``, not run."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def pack() -> ModuleType:
    return module("pack")


def needs(program: str, package: str) -> pytest.MarkDecorator:
    reason = f"{program} is not installed (Debian: {package})"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


@pytest.mark.parametrize("name", [file.name for file in sorted(LINUX.iterdir())])
def test_templates_are_filled(pack: ModuleType, name: str, tmp_path: Path):
    text = pack.fill(name, tmp_path / "deep" / name).read_text("utf-8")
    assert not re.search(r"@[A-Z]+@", text)


@needs("desktop-file-validate", "desktop-file-utils")
def test_desktop_entry_is_valid():
    command = ["desktop-file-validate", str(LINUX / "underpaint.desktop")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs("appstreamcli", "appstream")
def test_metainfo_is_valid(pack: ModuleType, tmp_path: Path):
    file = pack.fill("underpaint.metainfo.xml", tmp_path / f"{pack.ID}.metainfo.xml")
    command = ["appstreamcli", "validate", "--no-net", "--no-color", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert ElementTree.parse(file).findtext("id") == pack.ID


def test_desktop_entry_metainfo_and_mime_types_agree():
    entry = (LINUX / "underpaint.desktop").read_text("utf-8")
    opened = set(re.findall(r"^MimeType=(.*);$", entry, re.MULTILINE)[0].split(";"))
    metainfo = ElementTree.parse(LINUX / "underpaint.metainfo.xml")
    assert {media.text for media in metainfo.iter("mediatype")} <= opened
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    described = ElementTree.parse(LINUX / "underpaint.mime.xml")
    assert {kind.get("type") for kind in described.iter(f"{space}mime-type")} <= opened
    assert metainfo.findtext("launchable") == "underpaint.desktop"


def test_man_page_names_every_command():
    text = (LINUX / "underpaint.1").read_text("utf-8")
    named = set(re.findall(r'^\.BI? "?(\w+)', text, re.MULTILINE))
    assert command_names() - named == set()


def test_the_same_folder_makes_the_same_archive(
    pack: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    packed = []
    for number, order in enumerate(("ab", "ba")):
        folder = tmp_path / str(number) / "program"
        (folder / "inside").mkdir(parents=True)
        for name in order:
            (folder / "inside" / name).write_text(name)
        (folder / "run").write_text("#!/bin/sh\n")
        (folder / "run").chmod((0o700, 0o755)[number])
        (folder / "inside" / "link").symlink_to("a")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w|") as tar:
            for path in pack.in_order(folder):
                tar.add(path, path.relative_to(folder.parent), recursive=False, filter=pack.nobodys)
        packed.append(buffer.getvalue())
    assert packed[0] == packed[1]
    with tarfile.open(fileobj=io.BytesIO(packed[0])) as tar:
        modes = {entry.name: entry.mode for entry in tar}
        assert (modes["program/run"], modes["program/inside/a"], modes["program"]) == (0o755, 0o644, 0o755)
        assert tar.getmember("program/inside/link").issym()


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("torch/testing/__init__.py", True),
        ("torch/_inductor/config.py", True),
        ("torch/bin/torch_shm_manager", True),
        ("torch/bin/protoc", False),
        ("torch/include/torch/all.h", False),
        ("torch/lib/libtorch_cpu.so", True),
        ("torch/lib/libonnx.a", False),
        ("torch/test/test_api", False),
        ("skimage/__init__.pyi", True),
        ("numpy/__init__.pyi", False),
        ("numpy/ma/tests/test_core.py", False),
        ("numpy/testing/__init__.py", True),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqvnc.so", False),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
        ("PySide6\\plugins\\platforms\\qwindows.dll", True),
        ("PySide6/Qt/lib/libQt6Quick.so.6", False),
        ("libQt6Widgets.so.6", True),
        ("PySide6/QtDBus.abi3.so", False),
        ("PySide6/Qt/lib/libQt6DBus.so.6", True),
        ("PySide6/Qt6Network.dll", True),
        ("resources/models/facades.safetensors", True),
        ("torch-2.13.0.dist-info/licenses/LICENSE", True),
    ],
)
def test_what_goes_into_the_package(name: str, stays: bool):
    assert module("contents").stays(name) == stays


def test_libraries_of_plug_ins_that_went_go_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    contents = module("contents")
    monkeypatch.setattr(contents.sys, "platform", "linux")
    links = {"program.so": {"libone.so.1"}, "libone.so.1": {"libtwo.so.2", "libc.so.6"}, "libtwo.so.2": set()}
    monkeypatch.setattr(contents, "linked", lambda file: links.get(Path(file).name, set()))
    names = [
        "package/program.so",
        "libone.so.1",
        "x.libs/libtwo.so.2",
        "libthree.so.3",
        "libpython3.11.so.1.0",
    ]
    entries = [(name, name, "BINARY") for name in names]
    assert [name for name, _, _ in contents.needed(entries)] == [n for n in names if n != "libthree.so.3"]


@needs("dpkg", "dpkg")
def test_libraries_are_found_in_their_packages(pack: ModuleType):
    assert (pack.owner("libc.so.6") or "").split(":")[0] == "libc6"
    assert pack.owner("libnever.so.9") is None


def test_icons_are_drawn_in_every_size(tmp_path: Path):
    subprocess.run([sys.executable, ROOT / ".ci" / "icons.py", tmp_path], check=True, capture_output=True)
    for size in (16, 22, 24, 32, 48, 64, 128, 256, 512):
        with Image.open(tmp_path / f"underpaint-{size}.png") as image:
            assert image.size == (size, size)
            assert image.getextrema()[3] == (0, 255), "round corners, on nothing"
    with Image.open(tmp_path / "underpaint.ico") as image:
        assert {16, 32, 48, 256} <= {size for size, _ in image.info["sizes"]}
    with Image.open(tmp_path / "underpaint.icns") as image:
        assert (512, 512, 2) in image.info["sizes"]
