"""Make of the folder that PyInstaller leaves what people install: a plain archive and, on Debian, a package.

``python .ci/pack.py`` takes ``dist/underpaint``, strips torch's own libraries, adds the licences of what came
from the system, and writes beside it

    underpaint-VERSION-linux-x86_64.tar.xz    (elsewhere: a .zip)
    underpaint_VERSION_amd64.deb
    SHA256SUMS

What is made on the way lies in ``build``. Exit codes: 0 done, 1 something is missing or too large (one
sentence on stderr says what).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from resources.version import VERSION  # noqa: E402 (a script of this folder does not see the others)

LINUX = ROOT / ".ci" / "linux"
DIST, BUILD = ROOT / "dist", ROOT / "build"
PROGRAM = DIST / "underpaint"
INSIDE = PROGRAM / "_internal"
ID = "io.github.underpaint.underpaint"

MOST_MB = {"folder": 800, "archive": 260}
"""The promised sizes for the CPU build of torch, the bundled models not counted."""


def main() -> None:
    """Make everything that this system can make."""
    if not PROGRAM.is_dir():
        stop("There is no dist/underpaint; run “make app”, which makes it first.")
    strip_torch()
    add_licences()
    made = [archive()]
    if sys.platform == "linux" and shutil.which("dpkg-deb"):
        made.append(debian_package())
    sums = "".join(f"{digest(file)}  {file.name}\n" for file in made)
    (DIST / "SHA256SUMS").write_text(sums, "utf-8")
    report(made)


# --- the folder ------------------------------------------------------------------------------------


def strip_torch() -> None:
    """Drop what debuggers read from torch's libraries. Those of numpy and scipy don't survive it.

    On a Mac it would break the signature without which nothing runs.
    """
    if sys.platform != "linux":
        return
    for library in (INSIDE / "torch" / "lib").glob("*.so*"):
        if not library.is_symlink():
            subprocess.run(["strip", "--strip-unneeded", library], check=True)


def add_licences() -> None:
    """The terms of the system's libraries that PyInstaller brought along."""
    if sys.platform != "linux":  # there PyInstaller brings none
        return
    if shutil.which("dpkg") is None:
        stop("Only dpkg tells under which terms the system's libraries are; pack on Debian or Ubuntu.")
    folder = INSIDE / "resources" / "licences"
    silent = []
    for package, files in sorted(system_packages().items()):
        terms = Path("/usr/share/doc", package.split(":")[0], "copyright")
        if not terms.is_file():
            silent.append(package)
            continue
        head = f"From the Debian package {package}: {', '.join(sorted(files))}\n\n"
        target = folder / f"{package.split(':')[0]}.txt"
        target.write_text(head + terms.read_text("utf-8", "replace"), "utf-8")
    if silent:
        stop(f"No licence is known for {', '.join(silent)}, which would be passed on.")


def system_packages() -> dict[str, set[str]]:
    """Debian package → its libraries in the folder."""
    found: dict[str, set[str]] = {}
    for file in sorted(INSIDE.glob("*.so*")):
        package = owner(file.name, file.stat().st_size)
        if package is not None:
            found.setdefault(package, set()).add(file.name)
    return found


def owner(library: str, size: int | None = None) -> str | None:
    """The installed Debian package that a library of that name is from, and of that size if one is given.

    None for those of Python and the wheels.
    """
    for place in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"):
        file = Path(place, library)
        if not file.exists() or size not in (None, file.stat().st_size):
            continue
        # dpkg knows a file by the name under which it was installed; /lib is a link to /usr/lib today.
        for name in dict.fromkeys([file, file.resolve(), Path("/usr") / file.resolve().relative_to("/")]):
            for path in (str(name), str(name).removeprefix("/usr")):
                answer = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False)
                if answer.returncode == 0:
                    return answer.stdout.split(": ")[0].split(",")[0]
    return None


# --- archives --------------------------------------------------------------------------------------


def archive() -> Path:
    """The folder in one file, its names and times the same whoever packs it."""
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    name = f"underpaint-{VERSION}-{system}-{platform.machine().lower().replace('amd64', 'x86_64')}"
    if sys.platform != "linux":
        folder = DIST / "Underpaint.app" if sys.platform == "darwin" else PROGRAM
        if sys.platform == "darwin":  # keeps the links inside the bundle
            target = DIST / f"{name}.zip"
            subprocess.run(["ditto", "-c", "-k", "--keepParent", folder, target], check=True)
            return target
        return Path(shutil.make_archive(str(DIST / name), "zip", DIST, folder.name))
    target = DIST / f"{name}.tar.xz"
    with (
        target.open("wb") as file,
        subprocess.Popen(["xz", "-T2", "-6", "-c"], stdin=subprocess.PIPE, stdout=file) as xz,
    ):
        assert xz.stdin is not None
        with tarfile.open(fileobj=xz.stdin, mode="w|") as tar:
            for path in in_order(PROGRAM):
                tar.add(path, path.relative_to(DIST), recursive=False, filter=nobodys)
        xz.stdin.close()
        if xz.wait() != 0:
            stop("xz could not write the archive; look at the lines above.")
    return target


def in_order(folder: Path) -> Iterator[Path]:
    """The folder and all in it, sorted."""
    yield folder
    yield from sorted(folder.rglob("*"))


def nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the packer's name, time and habits."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = moment()
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def moment() -> int:
    """When this version was made: SOURCE_DATE_EPOCH, else its last change, in seconds since 1970."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(answer.stdout) if answer.returncode == 0 and answer.stdout.strip() else int(time.time())


# --- the Debian package ----------------------------------------------------------------------------


def debian_package() -> Path:
    """A package that puts the program into /opt's tidier sister, /usr/lib, and tells the desktop of it."""
    architecture = output("dpkg", "--print-architecture")
    stage = BUILD / "deb"
    shutil.rmtree(stage, ignore_errors=True)
    subprocess.run(["cp", "--archive", "--link", PROGRAM, made(stage / "usr/lib")], check=True)
    share = stage / "usr" / "share"
    made(stage / "usr/bin")
    (stage / "usr/bin/underpaint").symlink_to("../lib/underpaint/underpaint")
    fill("underpaint.desktop", share / "applications" / "underpaint.desktop")
    fill("underpaint.mime.xml", share / "mime" / "packages" / "underpaint.xml")
    metainfo = fill("underpaint.metainfo.xml", share / "metainfo" / f"{ID}.metainfo.xml")
    shutil.copy(metainfo, BUILD)  # for appstreamcli, which goes by the file's name
    pack_small(fill("underpaint.1", share / "man" / "man1" / "underpaint.1"))
    icons = share / "icons" / "hicolor"
    for png in (BUILD / "icons").glob("underpaint-*.png"):
        size = png.stem.split("-")[1]
        if int(size) <= 512:
            shutil.copy(png, made(icons / f"{size}x{size}" / "apps") / "underpaint.png")
    shutil.copy(ROOT / "resources/icons/underpaint.svg", made(icons / "scalable" / "apps") / "underpaint.svg")
    documents = made(share / "doc" / "underpaint")
    shutil.copy(ROOT / "LICENSE", documents / "copyright")
    with (documents / "copyright").open("a", encoding="utf-8") as file:
        file.write(
            "\nThe models in /usr/lib/underpaint/_internal/resources/models have terms of their own; the "
            "README there tells them.\nHelp, About Underpaint shows the licences of all bundled parts; "
            "they lie in\n/usr/lib/underpaint/_internal: the folders *.dist-info and resources/licences.\n"
        )
    shutil.copy(ROOT / "CHANGELOG.md", documents / "changelog")
    pack_small(documents / "changelog")
    shutil.copy(ROOT / "SECURITY.md", documents)
    kilobytes = sum(path.lstat().st_size for path in stage.rglob("*")) >> 10
    (made(stage / "DEBIAN") / "control").write_text(
        f"Package: underpaint\nVersion: {VERSION}\nArchitecture: {architecture}\n"
        "Maintainer: The Underpaint developers (see SECURITY.md)\n"
        f"Installed-Size: {kilobytes}\nSection: graphics\nPriority: optional\n"
        f"Depends: {', '.join(depends())}\nRecommends: fonts-dejavu-core | fonts-noto-core\n"
        "Description: painting program in which a network paints the photo over your strokes\n"
        " You draw lines, paint flat labels or over a photograph, and a pix2pix generator\n"
        " paints the photo over your strokes while the pen moves. It runs on your own\n"
        " machine, with or without a graphics card, and comes with models for shoes,\n"
        " handbags, house fronts and maps, and a trainer for your own.\n",
        "utf-8",
    )
    for folder in (path for path in stage.rglob("*") if path.is_dir() and not path.is_symlink()):
        folder.chmod(0o755)
    for document in [*share.rglob("*"), stage / "DEBIAN" / "control"]:
        if document.is_file():
            document.chmod(0o644)
    target = DIST / f"underpaint_{VERSION}_{architecture}.deb"
    # zstd: half a minute instead of five, and every dpkg that knows this glibc knows it.
    options = ["--root-owner-group", "-Zzstd", "-z12"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment())}
    subprocess.run(["dpkg-deb", *options, "--build", stage, target], check=True, env=environment)
    shutil.rmtree(stage)
    return target


def depends() -> list[str]:
    """The Debian packages whose libraries the program is linked against and does not bring along."""
    there = {file.name for file in INSIDE.rglob("*.so*")}
    wanted: set[str] = set()
    newest = (2, 28)
    for file in [PROGRAM / "underpaint", *INSIDE.rglob("*.so*")]:
        if file.is_symlink() or not file.is_file():
            continue
        wanted |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "--dynamic", str(file))))
        needs = output("readelf", "--version-info", str(file))
        newest = max([newest, *((2, int(minor)) for minor in re.findall(r"GLIBC_2\.(\d+)", needs))])
    glibc = f"libc6 (>= 2.{newest[1]})"
    # Loaded by name: Qt's way onto a screen.
    packages = {owner(name) for name in wanted - there} | {owner("libxcb-cursor.so.0")}
    named = {package.split(":")[0] for package in packages if package} - {"libc6"}
    brought = {package.split(":")[0] for package in system_packages()}
    named |= {other for package in brought for other in data_packages(package)}
    return [glibc, *sorted(named - brought)]


def data_packages(package: str) -> set[str]:
    """What a library's own package depends on that is no library: the tables and settings that it reads."""
    answer = output("dpkg-query", "--show", "--showformat", "${Depends}", package)
    found = set()
    for line in answer.split(","):
        name = re.split(r"[ :(|]", line.strip(), maxsplit=1)[0]
        listed = subprocess.run(["dpkg", "--listfiles", name], capture_output=True, text=True, check=False)
        if name and listed.returncode == 0 and ".so" not in listed.stdout:
            found.add(name)
    return found


def fill(name: str, target: Path) -> Path:
    """Copy a template with version and date in it."""
    date = time.strftime("%Y-%m-%d", time.gmtime(moment()))
    text = (LINUX / name).read_text("utf-8").replace("@VERSION@", VERSION).replace("@DATE@", date)
    made(target.parent)
    target.write_text(text, "utf-8")
    return target


def pack_small(file: Path) -> None:
    """gzip a document, as Debian wants it."""
    packed = file.with_name(f"{file.name}.gz")
    packed.write_bytes(gzip.compress(file.read_bytes(), 9, mtime=moment()))
    file.unlink()


# --- telling ---------------------------------------------------------------------------------------


def report(files: list[Path]) -> None:
    """Say what was made and how large it is; stop where a promise is broken."""
    models = sum(size_of(INSIDE / "resources" / part) for part in ("models", "perception"))
    sizes = {"folder": size_of(PROGRAM) - models, "archive": files[0].stat().st_size - models}
    print(f"{PROGRAM.relative_to(ROOT)}: {sizes['folder'] / 1e6:.0f} MB, and {models / 1e6:.0f} MB of models")
    for file in files:
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.0f} MB with the models")
    cpu_build = not list((INSIDE / "torch" / "lib").glob("*cuda*"))
    for what, most in MOST_MB.items():
        if cpu_build and sys.platform == "linux" and sizes[what] > most * 1e6:
            stop(f"The {what} is larger than the promised {most} MB; look what came in.")


def size_of(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir() or file.is_symlink())


def digest(file: Path) -> str:
    """SHA-256 in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def made(folder: Path) -> Path:
    """The folder, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def stop(sentence: str) -> NoReturn:
    """End with a sentence."""
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        stop(f"“{error.cmd[0]}” failed; look at the lines above.")
    except OSError as error:
        stop(f"The program could not be packed: {error}.")
