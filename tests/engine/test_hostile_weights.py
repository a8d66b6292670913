"""Files made to run code or to eat the memory: a sentence each, and nothing else happens."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from engine.errors import ModelError
from engine.foreign import inspect
from engine.models import pickles
from engine.models.unwrapping import networks


class Bomb:
    """Unpickled, it would make a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def archive_of(state: object) -> dict[str, bytes]:
    """The members of what torch.save writes, by their names without the folder."""
    file = io.BytesIO()
    torch.save(state, file)
    with zipfile.ZipFile(file) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes], path: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"a/{name}", content)
    return path


class Storage:
    """Pickled as torch pickles a storage, with any claim."""

    def __init__(self, items: object, kind: str = "FloatStorage", key: str = "0") -> None:
        self.pid = ("storage", getattr(torch, kind), key, "cpu", items)


class Claiming(pickle._Pickler):
    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, Storage) else None


class Claim:
    """Pickled as a tensor over a storage."""

    def __init__(self, storage: Storage, *where: object) -> None:
        self.arguments = (storage, *where, False, {})

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.arguments


def claimed(thing: object) -> bytes:
    file = io.BytesIO()
    Claiming(file, 2).dump(thing)
    return file.getvalue()


@pytest.mark.parametrize("modern", [True, False])
def test_code_in_a_pickle_never_runs(modern, tmp_path) -> None:
    trace = tmp_path / "trace"
    file = tmp_path / "evil.pth"
    torch.save({"model.model.0.weight": Bomb(trace)}, file, _use_new_zipfile_serialization=modern)
    with pytest.raises(ModelError, match="holds more than weights") as caught:
        inspect(file)
    assert "mkdir" in str(caught.value)
    bare = tmp_path / "bare.pth"
    bare.write_bytes(pickle.dumps(Bomb(trace), 2))
    with pytest.raises(ModelError, match="holds more than weights"):
        inspect(bare)
    assert not trace.exists()


HUGE = 1 << 30  # floats, 4 GB
CLAIMS = {
    "a storage of 4 GB": (Claim(Storage(HUGE), 0, (4, 4), (4, 1)), "claimed"),
    "a tensor of 4 GB": (Claim(Storage(16), 0, (HUGE // 2,), (1,)), "larger than its bytes"),
    "a tensor behind its storage": (Claim(Storage(16), 12, (2, 4), (4, 1)), "larger than its bytes"),
    "strides of zero": (Claim(Storage(16), 0, (1 << 15, 1 << 15), (0, 0)), "larger than its bytes"),
    "strides that overlap": (Claim(Storage(16), 0, (3, 8), (1, 1)), "larger than its bytes"),
    "a negative storage": (Claim(Storage(-16), 0, (4,), (1,)), "storage of an unknown sort"),
    "a negative place": (Claim(Storage(16), -4, (4,), (1,)), "impossible size"),
    "sizes that are no numbers": (Claim(Storage(16), 0, ("4",), (1,)), "impossible size"),
    "two storages under one key": (
        [Claim(Storage(16), 0, (4,), (1,)), Claim(Storage(8), 0, (4,), (1,))],
        "two storages",
    ),
    "many tensors on the same bytes": (
        [Claim(Storage(16), 0, (16,), (1,)) for _ in range(3)],
        "share their bytes",
    ),
    "no tensor at all": (Claim("0", 0, (4,), (1,)), "unknown sort"),  # type: ignore[arg-type]
    "an array of bytes": (bytearray(10), "holds more than weights"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims_are_held_against_the_bytes(claim, tmp_path) -> None:
    thing, sentence = CLAIMS[claim]
    members = archive_of({"a": torch.zeros(16)})
    members["data.pkl"] = claimed({"a": thing})
    with pytest.raises(ModelError, match=sentence):
        pickles.load(packed(members, tmp_path / "a.pth"))


def test_archives_that_are_larger_inside_are_refused(tmp_path) -> None:
    members = archive_of({"a": torch.zeros(1 << 20)})
    with pytest.raises(ModelError, match="packed in a way"):
        pickles.load(packed(members, tmp_path / "a.pth", zipfile.ZIP_DEFLATED))
    content = bytearray(packed(members, tmp_path / "b.pth").read_bytes())
    # The directory at the end says that the storage has 4 GB.
    at = content.rindex(b"a/data/0") - 46
    content[at + 20 : at + 28] = (0xFFFF0000).to_bytes(4, "little") * 2
    (tmp_path / "b.pth").write_bytes(content)
    with pytest.raises(ModelError, match="cut short or damaged"):
        pickles.load(tmp_path / "b.pth")


def test_other_archives_are_told_apart(tmp_path) -> None:
    members = archive_of({"a": torch.zeros(4)})
    with pytest.raises(ModelError, match="TorchScript"):
        pickles.load(packed(members | {"constants.pkl": b""}, tmp_path / "a.pth"))
    with pytest.raises(ModelError, match="no PyTorch weights file"):
        pickles.load(packed({"readme.txt": b"hello"}, tmp_path / "b.pth"))
    with pytest.raises(ModelError, match="its description alone"):
        pickles.load(packed(members | {"data.pkl": bytes(5 << 20)}, tmp_path / "c.pth"))


def test_an_archive_of_countless_members_is_refused_before_it_is_listed(monkeypatch, tmp_path) -> None:
    members = archive_of({"a": torch.zeros(4)}) | {f"data/{number}": b"" for number in range(9, 30_009)}
    file = packed(members, tmp_path / "a.pth")
    listed = []
    monkeypatch.setattr(zipfile, "ZipFile", listed.append)
    with pytest.raises(ModelError, match="more parts than any weights"):
        pickles.load(file)
    assert not listed


@pytest.mark.parametrize("modern", [True, False])
def test_files_cut_anywhere_get_a_sentence(modern, tmp_path) -> None:
    whole = tmp_path / "whole.pth"
    torch.save({"a": torch.zeros(64), "b": torch.ones(3)}, whole, _use_new_zipfile_serialization=modern)
    content = whole.read_bytes()
    assert pickles.load(whole)["b"].tolist() == [1, 1, 1]
    for kept in (*range(0, len(content), 37), len(content) - 1):
        (tmp_path / "cut.pth").write_bytes(content[:kept])
        with pytest.raises(ModelError):
            pickles.load(tmp_path / "cut.pth")


def test_a_memo_that_grows_without_bound_is_harmless(tmp_path) -> None:
    """LONG_BINPUT 2³² − 1 makes the C unpickler take 32 GB."""
    members = archive_of({"a": torch.zeros(4)})
    members["data.pkl"] = b"\x80\x02}r\xff\xff\xff\xff."
    with pytest.raises(ModelError, match=r"holds no weights|damaged"):
        pickles.load(packed(members, tmp_path / "a.pth"))


def test_dictionaries_that_hold_each_other_many_times_are_not_all_walked(tmp_path) -> None:
    """A few kilobytes, in which there are 64⁶ ways down."""
    node: dict[str, object] = {"a": torch.zeros(4)}
    for _ in range(6):
        node = {f"k{number}": node for number in range(64)}
    torch.save(node, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="lie in each other too often"):
        inspect(tmp_path / "a.pth")


@pytest.mark.parametrize("beginning", ["model.model.0.weight", "model.1.weight"])
def test_names_that_all_begin_a_network_are_not_compared_with_each_other(beginning, tmp_path) -> None:
    state = {f"a{number}.{beginning}": torch.zeros(1) for number in range(20_000)}
    state |= {f"a{number}.model.2.conv_block.1.weight": torch.zeros(1) for number in range(20_000)}
    with pytest.raises(ModelError, match="holds more than 64 networks"):
        networks("a.pth", state)


MEMORY = """
import resource, sys
from pathlib import Path
import torch
from engine import foreign
from engine.models import bundle, catalogue
from engine.errors import ModelError
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (700 << 20),) * 2)
for file in sys.argv[1:]:
    try:
        (bundle.read if file.endswith(".safetensors") else foreign.inspect)(Path(file))
        print("opened", file)
    except ModelError as error:
        print("refused", error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and RLIMIT_AS")
def test_no_hostile_file_takes_a_gigabyte(tmp_path, tiny_file) -> None:
    """In a process that may take 700 MB more, each gets a sentence rather than a MemoryError."""
    files = []
    members = archive_of({"a": torch.zeros(16)})
    for number, claim in enumerate(("a storage of 4 GB", "a tensor of 4 GB", "strides of zero")):
        members["data.pkl"] = claimed({"a": CLAIMS[claim][0]})
        files.append(packed(members, tmp_path / f"{number}.pth"))
    header = tmp_path / "header.safetensors"
    header.write_bytes((4 << 30).to_bytes(8, "little") + b"{}" * 100)
    sparse = tmp_path / "sparse.safetensors"
    with sparse.open("wb") as file:
        file.write((4 << 30).to_bytes(8, "little"))
        file.truncate((4 << 30) + 8)
    tensor = tiny_file("tensor.safetensors")
    tensor.write_bytes(tensor.read_bytes().replace(b'"shape":[4,3,4,4]', b'"shape":[1073741824]'))
    files += [header, sparse, tensor]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, *map(str, files)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["refused"] * len(files)
