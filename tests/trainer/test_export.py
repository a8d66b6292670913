from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import bundle, foreign
from engine.errors import ModelError
from engine.layers import Translator
from tests.trainer.small_runs import houses, small, things
from trainer import export as exporting
from trainer.config import Config
from trainer.export import export
from trainer.state import State


def model(folder: Path, config: Config) -> Path:
    torch.manual_seed(0)
    tensors = State(config).generator.state_dict()
    for name, tensor in tensors.items():
        if "running" in name:
            tensor.uniform_(0.5, 1.5)
    file = folder / "model.safetensors"
    bundle.write(file, config.card(), tensors)
    return file


@pytest.mark.parametrize("kind", ["unet", "resnet"])
def test_pth_is_what_the_reference_project_loads(tmp_path: Path, kind: str) -> None:
    file = model(tmp_path, small(houses(tmp_path / "data"), kind=kind, colour_labels=True))
    target = export(file, "pth", tmp_path / "deep" / "latest_net_G.pth")
    state = torch.load(target, weights_only=True)
    assert all(name.startswith("model.") for name in state)
    assert any(name.endswith("num_batches_tracked") for name in state)
    card, tensors = foreign.convert(target)
    ours_card, ours = bundle.read(file)
    assert (card.kind, card.network) == (ours_card.kind, ours_card.network)
    assert tensors.keys() == ours.keys()
    assert all(torch.equal(tensor, ours[name]) for name, tensor in tensors.items())


def test_network_that_the_reference_project_lacks_is_named(tmp_path: Path) -> None:
    file = model(tmp_path, small(things(tmp_path / "data", 3), kind="encoder_decoder"))
    with pytest.raises(ModelError, match="knows no encoder_decoder"):
        export(file, "pth", tmp_path / "x.pth")
    assert not (tmp_path / "x.pth").exists()


def test_unknown_format_or_place_is_a_sentence(tmp_path: Path) -> None:
    file = model(tmp_path, small(things(tmp_path / "data", 3)))
    with pytest.raises(ModelError, match="no format “jpg”; use onnx or pth"):
        export(file, "jpg", tmp_path / "x.jpg")
    with pytest.raises(ModelError, match="can't be written"):
        export(file, "pth", file / "x.pth")


def test_missing_packages_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PACKAGES", ("onnx", "no_such_package"))
    file = model(tmp_path, small(things(tmp_path / "data", 3)))
    with pytest.raises(ModelError, match="pip install onnx no_such_package"):
        export(file, "onnx", tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in (*exporting.PACKAGES, "onnxruntime")),
    reason="onnx, onnxscript and onnxruntime are not installed",
)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_onnx_says_what_the_network_says(tmp_path: Path, norm: str) -> None:
    import onnx
    import onnxruntime

    config = small(things(tmp_path / "data", 3))
    config.network["norm"] = norm
    file = model(tmp_path, config)
    target = export(file, "onnx", tmp_path / "x.onnx")
    card, tensors = bundle.read(file)
    assert onnx.load(target).metadata_props[0].key == "underpaint"
    network = bundle.blank(card)
    assert isinstance(network, Translator)
    network.load_state_dict(tensors, assign=True)
    network.eval()
    network.use_statistics(card.statistics)
    session = onnxruntime.InferenceSession(target)
    for size in ((32, 32), (64, 96)):
        planes = torch.rand(1, 5, *size) * 2 - 1
        (answer,) = session.run(None, {"planes": planes.numpy()})
        with torch.no_grad():
            assert np.abs(answer - network(planes).numpy()).max() < 1e-4
