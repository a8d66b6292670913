"""Generators inside checkpoints, under wrappers, with norms on their weights, in safetensors: they import as
bare ones. What is none is called what it is."""

from __future__ import annotations

import argparse
import datetime
import random
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine import foreign
from engine.data import picture
from engine.errors import ModelError, PictureError
from engine.models import bundle
from tests.engine import reference

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    return reference.made("unet_128", "batch", width=2)


@pytest.fixture(scope="module")
def wanted(state: State, tmp_path_factory: pytest.TempPathFactory) -> State:
    file = tmp_path_factory.mktemp("bare") / "net_G.pth"
    torch.save(state, file)
    return foreign.convert(file)[1]


def prefixed(prefix: str, state: State) -> State:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


DISCRIMINATOR = {"model.0.weight": torch.zeros(8, 6, 4, 4), "model.2.weight": torch.zeros(16, 8, 4, 4)}


def checkpoints(state: State) -> dict[str, Any]:
    adam = {
        "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2, 3, 4, 4)}},
        "param_groups": [{"lr": 2e-4, "betas": (0.5, 0.999), "params": [0]}],
    }
    lightning = prefixed("generator.", state) | prefixed("discriminator.", DISCRIMINATOR)
    return {
        "model_state_dict": {
            "epoch": 3,
            "model_state_dict": state,
            "optimizer_state_dict": adam,
            "loss": 0.5,
        },
        "state_dict": {"state_dict": OrderedDict(state), "best": np.float64(0.25), "arch": "unet"},
        "G_state_dict": {"G_state_dict": state, "D_state_dict": DISCRIMINATOR, "optimizer_G": adam},
        "netG": {"netG": prefixed("module.", state), "netD": prefixed("module.", DISCRIMINATOR)},
        "generator": {"generator": {"net": state}, "args": argparse.Namespace(lr=0.1, path=Path("x"))},
        "lightning": {
            "epoch": 1,
            "pytorch-lightning_version": "2.1",
            "state_dict": lightning,
            "callbacks": {"ModelCheckpoint{}": {"best_model_score": torch.tensor(1.0)}},
            "optimizer_states": [adam],
            "hyper_parameters": defaultdict(int, width=2),
        },
        "parallel": prefixed("module.", state),
        "a list": [state, DISCRIMINATOR],
        "by number": {"nets": {0: state, 1: DISCRIMINATOR}},
        "averaged": prefixed("module.", state) | {"n_averaged": torch.tensor(3)},
        "the state of chance": {
            "netG": state,
            "rng": (np.random.default_rng(3).integers(0, 9, 500), random.Random(3).getstate()),
            "torch_rng": torch.get_rng_state(),
            "began": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        },
        "an attribute": prefixed("model.", state),
        "compiled inside": prefixed("netG._orig_mod.", state),
        "the discriminator beside": prefixed("netG.module.", state) | prefixed("netD.module.", DISCRIMINATOR),
    }


@pytest.mark.parametrize("kind", checkpoints({}))
@pytest.mark.parametrize("modern", [True, False])
def test_a_wrapped_generator_imports_as_a_bare_one(kind, modern, state, wanted, tmp_path) -> None:
    file = tmp_path / "a.ckpt"
    torch.save(checkpoints(state)[kind], file, _use_new_zipfile_serialization=modern)
    card, tensors = foreign.convert(file)
    assert card.name == "a"
    assert tensors.keys() == wanted.keys()
    assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("prefix", ["", "module.", "generator."])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_bare_safetensors_import_whatever_they_are_called(prefix, suffix, state, wanted, tmp_path) -> None:
    file = tmp_path / f"net_G{suffix}"
    save_file(prefixed(prefix, state), file)
    _, tensors = foreign.convert(file)
    assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)
    with pytest.raises(ModelError, match="has no model card; import it"):
        bundle.read(file)


def test_of_several_generators_one_is_asked_for(state, wanted, tmp_path) -> None:
    other = {name: tensor + 1 if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    file = tmp_path / "cycle.pth"
    for content in (
        {"netG_A": other, "netG_B": state},
        {"nets": {"netG_A": other, "netG_B": state}},
        {"state_dict": prefixed("netG_A.module.", other) | prefixed("netG_B.module.", state)},
    ):
        torch.save(content, file)
        with pytest.raises(
            ModelError, match=r"several generators, “netG_A”, “netG_B”; choose one: .*--generator"
        ):
            foreign.inspect(file)
        _, tensors = foreign.convert(file, generator="netG_B")
        assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)
        with pytest.raises(ModelError, match="no one generator “netG_C”; there are “netG_A”, “netG_B”"):
            foreign.convert(file, generator="netG_C")


def normed(state: State, how: str) -> State:
    """The state with norms on its convolutions' weights, made by torch's own layers.

    Those keep on iterating while they train, so their plain weights are not quite those they began from.
    """
    norm: Any = {
        "spectral, old": nn.utils.spectral_norm,
        "spectral": nn.utils.parametrizations.spectral_norm,
        "weight, old": nn.utils.weight_norm,
        "weight": nn.utils.parametrizations.weight_norm,
    }[how]
    answer = {}
    for name, tensor in state.items():
        if not name.endswith(".weight") or tensor.dim() != 4:
            answer[name] = tensor
            continue
        layer = name.removesuffix(".weight")
        transposed = layer.rpartition(".")[2] in ("5", "3")  # of a U-Net's levels
        outputs, inputs = tensor.shape[:2]
        convolution: nn.Module = (
            nn.ConvTranspose2d(outputs, inputs, 4, bias=False)
            if transposed
            else nn.Conv2d(inputs, outputs, 4, bias=False)
        )
        convolution.weight.data = tensor.clone()
        convolution = norm(convolution)
        convolution.train()
        x = torch.zeros(1, outputs if transposed else inputs, 8, 8)
        for _ in range(3):
            convolution(x)
        convolution.eval()
        convolution(x)
        PLAIN[name] = convolution.weight.detach().clone()
        for part, value in convolution.state_dict().items():
            answer[f"{layer}.{part}"] = value
    return answer


PLAIN: State = {}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("how", ["spectral, old", "spectral", "weight, old", "weight"])
def test_norms_on_weights_are_folded(how, state, tmp_path) -> None:
    PLAIN.clear()
    theirs = normed(state, how)
    assert not any(name in theirs for name in PLAIN)
    torch.save(prefixed("module.", theirs), tmp_path / "normed.pth")
    torch.save(dict(state) | PLAIN, tmp_path / "plain.pth")
    _, tensors = foreign.convert(tmp_path / "normed.pth")
    _, plain = foreign.convert(tmp_path / "plain.pth")
    assert tensors.keys() == plain.keys()
    for name, tensor in plain.items():
        torch.testing.assert_close(tensors[name], tensor, rtol=1e-4, atol=1e-5)
    part = next(name for name in theirs if name.endswith(("_u", "original0", "weight_g")))
    torch.save(dict(theirs) | {part: torch.zeros(5)}, tmp_path / "broken.pth")
    with pytest.raises(ModelError, match="don't fit together"):
        foreign.convert(tmp_path / "broken.pth")


def test_statistics_are_chosen_when_importing(state, tmp_path) -> None:
    file = tmp_path / "net.pth"
    torch.save(state, file)
    assert foreign.convert(file)[0].statistics == "image"
    assert foreign.convert(file, statistics="running")[0].statistics == "running"
    torch.save(reference.made("unet_128", "instance", width=2), file)
    with pytest.raises(ModelError, match="know no running statistics"):
        foreign.convert(file, statistics="running")


def global_generator(steps: int, blocks: int) -> State:
    """Names and shapes of pix2pixHD's global generator, of width 2."""
    state = {"model.1.weight": torch.zeros(2, 3, 7, 7), "model.1.bias": torch.zeros(2)}
    for step in range(steps):
        width = 2 << step
        state[f"model.{4 + 3 * step}.weight"] = torch.zeros(2 * width, width, 3, 3)
    for block in range(blocks):
        for place in (1, 5):
            key = f"model.{4 + 3 * steps + block}.conv_block.{place}.weight"
            state[key] = torch.zeros(2 << steps, 2 << steps, 3, 3)
    return state


PAGE = b"\n<!DOCTYPE html><html><head><title>Download</title></head></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 217704720\n"


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".bin"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (POINTER, "is a Git LFS pointer.*git lfs pull"),
        (PAGE, "is a web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "is a message from a web server"),
        (b"", "is empty"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "is an HDF5 file"),
        (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0:\x80\x01", "is an ONNX program"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "is a picture"),
        (b"\x1f\x8b\x08" + bytes(64), "is a packed archive"),
    ],
    ids=["pointer", "page", "xml", "empty", "keras", "onnx", "picture", "gzip"],
)
def test_what_is_no_weights_file_is_called_what_it_is(suffix, content, says, tmp_path) -> None:
    file = tmp_path / f"latest_net_G{suffix}"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=says):
        foreign.inspect(file)
    if suffix == ".safetensors":
        with pytest.raises(ModelError, match=says):
            bundle.read_card(file)


@pytest.mark.parametrize(("content", "says"), [(POINTER, "Git LFS pointer"), (PAGE, "is a web page")])
def test_pictures_that_are_pointers_or_pages_are_called_that(content, says, tmp_path) -> None:
    (tmp_path / "x.png").write_bytes(content)
    for source in (tmp_path / "x.png", content):
        with pytest.raises(PictureError, match=says):
            picture.read(source)


def test_other_networks_and_archives_are_called_what_they_are(tmp_path) -> None:
    file = tmp_path / "a.pth"

    def refused() -> str:
        with pytest.raises(ModelError) as caught:
            foreign.inspect(file)
        return str(caught.value)

    for modern in (True, False):
        torch.save(Net(), file, _use_new_zipfile_serialization=modern)
        assert "a whole network, Net, with its program" in refused() and "state_dict" in refused()
    for members, says in (
        ({"latest_net_G.pth": b"x"}, "is a zip archive with “latest_net_G.pth” in it; unpack it"),
        ({"a.npy": b"x"}, "is a NumPy archive"),
        ({"notes.txt": b"x"}, "is a zip archive with “notes.txt” in it, no PyTorch weights"),
    ):
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        assert says in refused()
    torch.save(global_generator(4, 9), file)
    assert "4 steps down and 9 blocks, as pix2pixHD's global one" in refused()
    torch.save(global_generator(3, 3) | {"model1_1.1.weight": torch.zeros(2, 3, 7, 7)}, file)
    assert "pix2pixHD's generator with a local enhancer" in refused()
    torch.save({"D_state_dict": DISCRIMINATOR}, file)
    assert "is a discriminator" in refused()
    torch.save({"epoch": 3, "names": ["a"]}, file)
    assert "holds no weights" in refused()


def test_code_beside_weights_is_not_run_and_named(state, tmp_path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            import os

            return os.mkdir, (str(tmp_path / "trace"),)

    torch.save({"state_dict": state, "more": Bomb()}, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="mkdir"):
        foreign.inspect(tmp_path / "a.pth")
    assert not (tmp_path / "trace").exists()
