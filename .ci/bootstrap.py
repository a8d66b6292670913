"""Prepare this machine for Underpaint: system packages, ``.venv``, exact versions. Nothing but Python.

``python3 .ci/bootstrap.py [dev] [app]`` makes ``.venv`` and installs the program into it, with the
extras named; the Makefile calls it before everything it does. What is done is noted in a stamp inside
``.venv``, so doing it again costs a look at that stamp. An install that was cut off is taken up again.

Exit codes: 0 ready, 1 something is missing or failed (one sentence on stderr says what).
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
VENV = ROOT / ".venv"
IN_VENV = VENV / "bin" / "python"
STAMP = VENV / "underpaint-ready.json"

CPU_BUILDS = "https://download.pytorch.org/whl/cpu"

# What pip downloads for the versions in constraints.txt, in MB: the sum of the wheels' sizes as the
# registry states them (`uv lock` lists them). torch is most of it.
DOWNLOAD_MB = {"cuda": 2860, "cpu": 320, "macos": 270}
EXTRA_MB = {"dev": 29, "app": 2}

# What Qt's own libraries and its xcb and offscreen plug-ins are linked against and don't bring along
# (readelf -d), and the package that has it on Debian and Ubuntu.
QT_NEEDS = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
A_FONT = "fonts-dejavu-core"

SOURCES_OF_PIP = re.compile(
    r"\b(index-url|find-links|no-index|proxy|cert|trusted-host|constraint|no-binary|only-binary|pre|target|user)="
)
"""Settings of pip, as ``pip config list`` tells them, by which another installer would bring other things."""


def main(extras: Sequence[str]) -> None:
    """Make everything ready for the program and ``extras``; do nothing where it is already."""
    unknown = set(extras) - set(EXTRA_MB)
    if unknown:
        stop(f"There is no extra “{min(unknown)}”; choose from {', '.join(EXTRA_MB)}.")
    if not (3, 11) <= sys.version_info < (3, 15):
        stop(f"Underpaint needs Python 3.11 to 3.14, and this is {platform.python_version()}; use another.")
    if is_ready(extras):
        return
    with one_at_a_time():
        if is_ready(extras):  # another make was quicker
            return
        bring_system_packages(extras)
        make_venv()
        install(extras)


# --- the stamp ----------------------------------------------------------------------------------


def fingerprint() -> str:
    """What the packages in ``.venv`` depend on. Lint or test settings in pyproject.toml do not count."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = json.dumps([project["project"], project["build-system"]], sort_keys=True)
    wanted += (ROOT / "resources" / "version.py").read_text("utf-8")
    # A .venv holds its own path and Python's; it can neither be moved nor given another Python.
    place = f"{ROOT}\n{platform.python_version()}"
    return hashlib.sha256(f"{wanted}\n{CONSTRAINTS.read_text('utf-8')}\n{place}".encode()).hexdigest()


def stamped_extras() -> set[str] | None:
    """The extras that were installed for the present fingerprint; None where nothing (valid) was."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
        return set(stamp["extras"]) if stamp["fingerprint"] == fingerprint() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_ready(extras: Sequence[str]) -> bool:
    """Whether a former run finished everything that ``extras`` want."""
    installed = stamped_extras()
    return installed is not None and installed >= set(extras) and IN_VENV.exists()


# --- the system ---------------------------------------------------------------------------------


def bring_system_packages(extras: Sequence[str]) -> None:
    """Install, or name, what Qt and Python want from the system. macOS brings all of it."""
    if sys.platform != "linux":
        return
    python = f"python3.{sys.version_info.minor}"
    libraries = [name for name in QT_NEEDS if not can_load(name)]
    packages = [QT_NEEDS[name] for name in libraries]
    if not has_font():
        packages.append(A_FONT)
    if not can_make_venv():
        packages.append(f"{python}-venv")
    if "app" in extras:  # PyInstaller reads libraries with objdump, and packs Python as one
        packages += ["binutils"] if shutil.which("objdump") is None else []
        packages += ["xz-utils"] if shutil.which("xz") is None else []
        if sys.base_prefix == "/usr" and not can_load(f"lib{python}.so.1.0"):
            packages.append(f"lib{python}")
    if not packages:
        return
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        wanted = [*libraries, *(name for name in packages if name not in QT_NEEDS.values())]
        stop(f"Underpaint needs from the system, by its own package manager: {', '.join(wanted)}.")
    as_root = privilege()
    if as_root is None:
        stop(
            "Something that Underpaint needs of the system is missing; "
            f"install it with “sudo apt-get install {names}” and run make again."
        )
    say(f"Installing packages of the system: {names}")
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    subprocess.run([*apt, "update"], check=False)  # an old list may still do; the next line will tell
    done = subprocess.run([*apt, "install", "-y", "--no-install-recommends", *packages], check=False)
    if done.returncode != 0:
        stop(f"apt-get could not install what Underpaint needs; try it by hand: sudo apt-get install {names}")


def can_load(library: str) -> bool:
    """Whether the dynamic loader finds ``library``."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font() -> bool:
    """Whether there is a single font that Qt could draw letters with."""
    home = Path.home()
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts"]
    folders.append(Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "fonts")
    kinds = {".ttf", ".otf", ".ttc", ".pfb"}
    return any(file.suffix.lower() in kinds for folder in folders for file in folder.rglob("*"))


def can_make_venv() -> bool:
    """Debian cuts the module venv off Python. Asked of a new process, to see what was just installed."""
    return (
        subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0
    )


def privilege() -> list[str] | None:
    """What to put before a command for it to run as root without asking; None if that can't be."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def has_nvidia() -> bool:
    """Whether there is a card that the CUDA build of torch could use."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


# --- the packages -------------------------------------------------------------------------------


def make_venv() -> None:
    """Make ``.venv``, or keep the one there is if it is whole and of this place and this Python."""
    question = "import pip, platform, sys; print(platform.python_version(), sys.prefix, sep='\\n')"
    if IN_VENV.exists():
        answer = subprocess.run([IN_VENV, "-c", question], capture_output=True, text=True, check=False)
        if answer.stdout.splitlines() == [platform.python_version(), str(VENV)] and not was_moved():
            drop_half_installed()
            return
        say("The folder .venv is of another Python or place, or unfinished; making it anew.")
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
    if done.returncode != 0:
        stop(f"Python could not make the folder {VENV}; the lines above say why.")


def was_moved() -> bool:
    """Whether the scripts in ``.venv`` call a Python at another place."""
    try:
        script = (VENV / "bin" / "pip").read_bytes()
    except OSError:
        return True
    return f"{VENV}/bin/python".encode() not in script


def drop_half_installed() -> None:
    """Forget packages whose installation was cut off, else pip takes them for whole.

    RECORD is the last file that pip writes.
    """
    for notes in VENV.glob("lib/python*/site-packages/*.dist-info"):
        if not (notes / "RECORD").exists():
            shutil.rmtree(notes)


def install(extras: Sequence[str]) -> None:
    """Bring the pinned packages and the program itself, editable, into ``.venv``."""
    wanted = sorted(set(extras) | (stamped_extras() or set()))
    STAMP.unlink(missing_ok=True)
    pin = next(line for line in CONSTRAINTS.read_text("utf-8").splitlines() if line.startswith("torch=="))
    build, index = torch_build(pin)
    megabytes = DOWNLOAD_MB[build] + sum(EXTRA_MB[extra] for extra in wanted)
    say(
        f"Installing Underpaint into .venv: up to {megabytes} MB to download, less what pip has kept "
        f"from before (PyTorch, {'the CUDA' if build == 'cuda' else 'the CPU'} build, is most of it)."
    )
    if index:
        install_packages("--no-deps", *index, pin)
    # Building the editable install takes setuptools; the pinned one, so that nothing floats.
    install_packages("--constraint", CONSTRAINTS, "setuptools")
    target = f"{ROOT}[{','.join(wanted)}]" if wanted else str(ROOT)
    install_packages("--constraint", CONSTRAINTS, "--no-build-isolation", "--editable", target)
    part = STAMP.with_suffix(".part")
    part.write_text(json.dumps({"fingerprint": fingerprint(), "extras": wanted}), "utf-8")
    part.replace(STAMP)
    say("Ready.")


def torch_build(pin: str) -> tuple[str, list[str]]:
    """Which build of torch pip will bring (a key of DOWNLOAD_MB), and the options that make it do so."""
    if sys.platform == "darwin":
        return "macos", []
    if not has_nvidia():
        chosen = choice_of_pip(pin, "--index-url", CPU_BUILDS, "--timeout", "5", "--retries", "0")
        if chosen is None:
            say("PyTorch's index of CPU builds can't be reached; going on without it.")
        elif "pytorch.org/" in chosen:  # which of its hosts serves the files is the index's affair
            return "cpu", ["--index-url", CPU_BUILDS]
    # Another index or a folder of wheels in pip's own settings may have a CPU build as well.
    chosen = choice_of_pip(pin)
    return "cpu" if chosen and re.search(r"(\+|%2B)cpu", chosen) else "cuda", []


def choice_of_pip(pin: str, *options: str) -> str | None:
    """The address of the file that pip would install for ``pin``; None where it finds none."""
    asked = [IN_VENV, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
    answer = subprocess.run(
        [*asked, "--report", "-", *options, pin],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=quiet_environment(),
        check=False,
    )
    try:
        return str(json.loads(answer.stdout)["install"][0]["download_info"]["url"])
    except (ValueError, KeyError, IndexError):
        return None


def install_packages(*words: str | Path) -> None:
    """Run the installer with its progress visible; stop with a sentence where it fails."""
    command = installer()
    done = subprocess.run([*command, *words], env=quiet_environment(), check=False)
    if done.returncode != 0:
        name = "uv" if command[0] == "uv" else "pip"
        stop(f"{name} could not install the packages; look at the lines above, and run make again to go on.")


def installer() -> list[str | Path]:
    """What packages are given to: uv where it is had, which needs seconds for what takes pip minutes.

    It reads none of pip's settings; whoever has some that say where packages come from is served by pip.
    """
    if shutil.which("uv"):
        listed = subprocess.run([IN_VENV, "-m", "pip", "config", "list"], capture_output=True, text=True)
        if listed.returncode == 0 and not SOURCES_OF_PIP.search(listed.stdout):
            return ["uv", "pip", "install", "--python", IN_VENV]
    return [IN_VENV, "-m", "pip", "install"]


def quiet_environment() -> dict[str, str]:
    """The user's environment, pip's settings included, less pip's advertisement of newer pips."""
    return {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}


# --- talking ------------------------------------------------------------------------------------


def one_at_a_time() -> BinaryIO:
    """A context in which no other bootstrap of this folder runs; waits until the other one is done."""
    import fcntl

    file = (ROOT / "pyproject.toml").open("rb")  # closing it, at the latest on exit, frees the lock
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another make is installing; waiting for it.")
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


def say(sentence: str) -> None:
    """Tell the user what happens."""
    print(sentence, file=sys.stderr, flush=True)


def stop(sentence: str) -> NoReturn:
    """End with a sentence."""
    say(sentence)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("Interrupted; run make again to go on.")
    except OSError as error:
        stop(f"Underpaint could not be installed: {error}.")
