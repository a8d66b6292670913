"""A shared folder of models and its catalogue: a JSON file that lists them with checksums. Offline, no torch.

    {"format": 1, "models": [{"file": "shoes.safetensors", "bytes": 29…, "sha256": "5f0c…", "name": "shoes",
                              "input": "sketch", "size": [256, 256], "task": …, "data": …, "licence": …}, …]}

The checksum tells whether a file is the one that was listed, whole and unchanged; who listed it is another
question. Catalogues come from strangers: sizes, counts and texts are checked, and a file lies in the folder
of the catalogue and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal, get_args

from engine.data.card import LONGEST, InputKind
from engine.errors import ModelError
from engine.files.parsing import cleaned
from engine.files.writing import escaped, replacing, shown, stem, try_file
from engine.models import bundle

FORMAT = 1
MOST_BYTES = 16 << 20
"""Of a catalogue."""
MOST = 10_000
"""Models in one."""

_CHUNK = 1 << 20
_LONGEST = 500
"""Characters of the longer texts of a card that are listed; the model has all of them."""

SUFFIXES = frozenset((bundle.SUFFIX, ".pth", ".pt", ".ckpt", ".onnx"))
"""Of model files, ours and others': a catalogue is never called so."""

State = Literal["fine", "missing", "changed"]
Step = Callable[[int, int], object]


@dataclass(frozen=True)
class Listed:
    """A model in a catalogue."""

    file: str
    """Its name, in the catalogue's folder."""
    bytes: int
    sha256: str
    name: str
    input: InputKind
    size: tuple[int, int]
    task: str = ""
    data: str = ""
    licence: str = ""


@dataclass(frozen=True)
class SharedModel:
    """A model of a catalogue, and how it stands."""

    listed: Listed
    path: Path
    state: State

    @property
    def sentence(self) -> str:
        """What is wrong with it, and what to do; nothing where it is fine."""
        if self.state == "missing":
            return f"“{self.listed.file}” is not there; ask for it, or have the catalogue written anew."
        if self.state == "changed":
            return f"“{self.listed.file}” is not the file that was listed; fetch it anew."
        return ""


def write(file: Path, step: Step = lambda _done, _total: None) -> tuple[list[Listed], list[str]]:
    """List all models in the folder of ``file`` there, in place of what was listed before.

    Args:
        step: called now and then with bytes done and in all; ends the work by raising.

    Returns:
        what is listed, and a sentence on each file that is no model that can be used.

    Raises:
        ModelError: the folder is missing, or can't be written; something else has the file's name.
    """
    _refuse_others(file)
    folder = file.absolute().parent
    try:
        names = sorted(path.name for path in folder.iterdir() if _is_model(path.name))
        sizes = {name: (folder / name).stat().st_size for name in names}
    except OSError as error:
        raise ModelError(f"“{shown(folder)}” can't be looked into ({error.strerror or error}).") from error
    with _write_errors(file):  # before all models are read
        try_file(file)
    listed, problems, done, total = [], [], 0, sum(sizes.values())
    for name in names:
        try:
            card = bundle.read_card(folder / name)
            mark = _digest(folder / name, _further(step, done, total))
        except ModelError as error:
            problems.append(str(error))
        else:
            texts = {"task": card.task, "data": card.data[:_LONGEST], "licence": card.licence[:_LONGEST]}
            listed.append(Listed(name, sizes[name], mark, card.name, card.input, card.size, **texts))
        done += sizes[name]
        step(done, total)
    if len(listed) > MOST:
        raise ModelError(f"A catalogue lists at most {MOST} models; share them in several folders.")
    text = escaped(
        json.dumps({"format": FORMAT, "models": list(map(asdict, listed))}, ensure_ascii=False, indent=1)
    )
    with _write_errors(file), replacing(file) as part:
        part.write_text(f"{text}\n", "utf-8")
    return listed, problems


@contextmanager
def _write_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(f"“{shown(file)}” can't be written ({error.strerror or error}).") from error


def read(file: Path) -> list[Listed]:
    """What a catalogue lists. None of the models is looked at.

    Raises:
        ModelError: missing, no catalogue, damaged, too large, or from a newer version.
    """
    name = shown(file.name)
    try:
        if not os.path.isfile(file):
            raise ModelError(f"There is no catalogue “{shown(file)}”; check its name.")
        if file.stat().st_size > MOST_BYTES:
            raise ModelError(f"“{name}” is too large for a catalogue.")
        fields = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ModelError(f"“{name}” can't be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"“{name}” is no catalogue, or damaged; delete it, and write one with --write."
        ) from error
    if not isinstance(fields, dict) or type(fields.get("format")) is not int:
        raise ModelError(f"“{name}” is no catalogue of models; write one with --write.")
    if fields["format"] > FORMAT:
        raise ModelError(f"“{name}” was made by a newer Underpaint; update the program to use it.")
    entries = fields.get("models")
    if not isinstance(entries, list) or len(entries) > MOST:
        raise ModelError(f"“{name}” is damaged: it lists no models, or too many. Write it anew.")
    try:
        listed = [_listed(entry) for entry in entries]
        if len({one.file for one in listed}) < len(listed):
            raise ValueError("a file is listed twice")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"“{name}” is damaged ({error}); write it anew.") from error
    return listed


def checked(file: Path, step: Step = lambda _done, _total: None) -> list[SharedModel]:
    """What a catalogue lists, each file held against its checksum.

    Args:
        step: as for ``write``.

    Raises:
        ModelError: as ``read``.
    """
    listed, folder, found, done = read(file), file.absolute().parent, [], 0
    total = sum(one.bytes for one in listed)
    for one in listed:
        state = _state(folder / one.file, one, _further(step, done, total))
        found.append(SharedModel(one, folder / one.file, state))
        done += one.bytes
        step(done, total)
    return found


def is_same(path: Path, listed: Listed) -> bool:
    """Whether a file is the one that was listed."""
    return _state(path, listed, lambda _done, _total: None) == "fine"


def show_list(
    file: Path, out: Callable[[str], object], say: Callable[[str], object], *, anew: bool, as_json: bool
) -> bool:
    """Print a catalogue on the command line.

    Args:
        out, say: get lines of the result, and sentences on what is wrong with models.
        anew: write it first.

    Returns:
        whether every model is there as it was listed.

    Raises:
        ModelError: see ``read`` and ``write``.
    """
    problems = write(file)[1] if anew else []
    found = checked(file)
    problems += [one.sentence for one in found if one.sentence]
    if as_json:
        fields = [asdict(one.listed) | {"path": str(one.path), "state": one.state} for one in found]
        out(json.dumps(fields, ensure_ascii=False, indent=2))
    for one in [] if as_json else found:
        listed, size = one.listed, "{} × {}".format(*one.listed.size)
        mark = f"{one.state:<8}{listed.sha256[:12]}"
        out(f"{listed.name:<20}  {listed.input:<8}  {size:<11}  {mark}  {listed.task}".rstrip())
    for sentence in problems:
        say(sentence)
    return not problems


def _refuse_others(file: Path) -> None:
    """Raise ModelError where a catalogue would take the place of a file that is none, or a model's name.

    A damaged one, and one from a newer version, are catalogues: all that is in them is found anew.
    """
    name = shown(file.name)
    if file.suffix.lower() in SUFFIXES:
        raise ModelError(
            f"“{name}” is a model's name, not a catalogue's; name another file, such as models.json."
        )
    if not os.path.lexists(file):
        return
    try:
        if not os.path.isfile(file) or file.stat().st_size > MOST_BYTES:
            raise ValueError("no catalogue")
        fields = json.loads(file.read_text("utf-8"))
        if type(fields["format"]) is not int or "models" not in fields:
            raise ValueError("no catalogue")
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelError(f"“{name}” exists and is no catalogue; name another file, or delete it.") from error


def _state(path: Path, listed: Listed, step: Step) -> State:
    try:
        if not os.path.isfile(path):
            return "missing"
        if path.stat().st_size != listed.bytes:
            return "changed"
        return "fine" if _digest(path, step) == listed.sha256 else "changed"
    except (OSError, ModelError):
        return "missing"


def _further(step: Step, begun: int, total: int) -> Step:
    """Tells how far the whole is from how far a part of it is."""
    return lambda done, _part: step(begun + done, total)


def _digest(path: Path, step: Step) -> str:
    """The SHA-256 of a file.

    Raises:
        ModelError: it can't be read.
    """
    total, done = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while chunk := file.read(_CHUNK):
                total.update(chunk)
                done += len(chunk)
                step(done, size)
    except OSError as error:
        raise ModelError(f"“{shown(path.name)}” can't be read ({error.strerror or error}).") from error
    return total.hexdigest()


def _is_model(name: str) -> bool:
    """Whether that is a model's file name that is the same on every system, and leads nowhere else."""
    root, dot, suffix = name.rpartition(".")
    plain = PurePosixPath(name).name == PureWindowsPath(name).name == name and ":" not in name
    usual = plain and name.isprintable() and len(name) <= 255 and not name.startswith(".")
    reserved = stem(root, "_").startswith("_") and not root.startswith("_")
    return usual and bool(root) and f"{dot}{suffix}".lower() == bundle.SUFFIX and not reserved


def _listed(entry: Any) -> Listed:
    """Raise ValueError where an entry makes no sense."""
    if not isinstance(entry, dict):
        raise ValueError("a model is no object")
    texts = {key: entry.get(key, "") for key in ("name", "task", "data", "licence")}
    if not all(isinstance(text, str) and len(text) <= LONGEST[key] for key, text in texts.items()):
        raise ValueError("a text makes no sense")
    texts = {key: cleaned(text, lines=key in ("data", "licence")) for key, text in texts.items()}
    name, mark, length = entry["file"], entry["sha256"], entry["bytes"]
    if not isinstance(name, str) or not _is_model(name):
        raise ValueError("a file's name leads elsewhere, or is none of a model")
    if not isinstance(mark, str) or len(mark) != 64 or set(mark) - set("0123456789abcdef"):
        raise ValueError("a checksum makes no sense")
    if type(length) is not int or not 0 < length <= bundle.MOST_BYTES:
        raise ValueError("a size makes no sense")
    width, height = entry["size"]
    if entry["input"] not in get_args(InputKind) or not all(type(it) is int for it in (width, height)):
        raise ValueError("an input makes no sense")
    if not texts["name"]:
        raise ValueError("a model has no name")
    return Listed(name, length, mark, input=entry["input"], size=(width, height), **texts)
