from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from engine import foreign, networks
from engine.data.card import Card
from engine.data.palette import read_gpl
from engine.errors import ModelError
from engine.layers.blocks import Translator
from engine.models import bundle
from engine.passes.generator import Generator
from tests.trainer.small_runs import houses, small, things
from trainer.evaluation import export as exporting
from trainer.evaluation.export import export
from trainer.run.config import Config
from trainer.training.state import State


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
    file = model(tmp_path, small(houses(tmp_path / "data"), network=kind, colour_labels=True))
    target, *beside = export(file, "pth", tmp_path / "deep" / "latest_net_G.pth")
    assert [one.name for one in beside] == ["latest_net_G.json", "latest_net_G.gpl"]
    state = torch.load(target, weights_only=True)
    assert all(name.startswith("model.") for name in state)
    assert any(name.endswith("num_batches_tracked") for name in state)
    card, tensors = foreign.convert(target)
    ours_card, ours = bundle.read(file)
    assert (card.kind, card.network) == (ours_card.kind, ours_card.network)
    assert tensors.keys() == ours.keys()
    assert all(torch.equal(tensor, ours[name]) for name, tensor in tensors.items())


def configs(folder: Path) -> dict[str, Config]:
    labels = houses(folder / "houses")
    return {
        "one plane a label": small(labels),
        "coloured labels": small(labels, colour_labels=True),
        "hints": small(things(folder / "things", 3), dropout=False),
        "resnet": small(things(folder / "things", 3), network="resnet"),
    }


@pytest.mark.parametrize("statistics", ["running", "image"])
@pytest.mark.parametrize("which", ["one plane a label", "coloured labels", "hints", "resnet"])
def test_there_and_back_is_the_same_model(
    tmp_path: Path, which: str, statistics: Literal["running", "image"]
) -> None:
    """Name, kind of input, size, palette, statistics: all that the weights themselves can't say."""
    file = model(tmp_path, configs(tmp_path)[which])
    card, tensors = bundle.read(file)
    card = replace(card, name="My “own”", statistics=statistics, task="a → b", size=(48, 32), line_width=2.5)
    bundle.write(file, card, tensors, half=True)
    target, *_ = export(file, "pth", tmp_path / "out" / "net_G.pth")
    again, weights = foreign.convert(target)
    assert again == card
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    there, back = (
        Generator(*model, device="cpu", precision="float32", notice=lambda _: None)
        for model in (bundle.read(file), (again, weights))
    )
    assert np.array_equal(there(picture), back(picture))
    # What is answered goes before what lies beside.
    assert foreign.convert(target, name="Other")[0] == replace(card, name="Other")
    assert foreign.convert(target, statistics="image")[0].statistics == "image"
    if card.palette is not None:
        assert read_gpl(target.with_suffix(".gpl")) == card.palette


def test_a_card_beside_that_is_of_another_network_is_named(tmp_path: Path) -> None:
    labels = small(houses(tmp_path / "data"), colour_labels=True)
    first, *_ = export(model(tmp_path, labels), "pth", tmp_path / "a.pth")
    other, *_ = export(model(tmp_path, small(things(tmp_path / "photos", 3))), "pth", tmp_path / "b.pth")
    first.with_suffix(".json").replace(other.with_suffix(".json"))
    with pytest.raises(ModelError, match="card of another network"):
        foreign.inspect(other)
    # Somebody's notes, or another program's, are no card.
    for text in ("", "{}", "[1]", '{"epochs": 3}', "{" * 9999):
        other.with_suffix(".json").write_text(text)
        assert foreign.inspect(other).card is None
    other.with_suffix(".json").write_text('{"underpaint": {"format": 1}}')
    with pytest.raises(ModelError, match="card is damaged"):
        foreign.inspect(other)


def test_network_that_the_reference_project_lacks_is_named(tmp_path: Path) -> None:
    file = model(tmp_path, small(things(tmp_path / "data", 3), network="encoder_decoder"))
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
def test_onnx_says_what_the_network_says(tmp_path: Path) -> None:
    """With batch norm; with instance norm, and styles, below."""
    import onnx
    import onnxruntime

    config = small(things(tmp_path / "data", 3))
    config.network["norm"] = "batch"
    file = model(tmp_path, config)
    (target,) = export(file, "onnx", tmp_path / "x.onnx")
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


def styled_model(folder: Path) -> Path:
    settings = {
        "levels": 5,
        "width": 4,
        "inputs": 3,
        "outputs": 3,
        "norm": "instance",
        "dropout": False,
        "style": 8,
    }
    network, file = networks.build("unet", **settings), folder / "styled.safetensors"
    assert isinstance(network, Translator) and network.styling is not None
    torch.nn.init.normal_(network.styling.head.weight, 0, 0.2)
    card = Card(name="tiny", kind="unet", network=settings, input="image", default_style=(0.5,) * 8)
    bundle.write(file, card, {name: tensor.detach() for name, tensor in network.state_dict().items()})
    return file


def test_the_reference_project_knows_no_styles(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="knows no styles, but “tiny” has them; export it to ONNX"):
        export(styled_model(tmp_path), "pth", tmp_path / "x.pth")


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in (*exporting.PACKAGES, "onnxruntime")),
    reason="onnx, onnxscript and onnxruntime are not installed",
)
@pytest.mark.filterwarnings("ignore")
def test_onnx_takes_a_style_that_may_be_left_out(tmp_path: Path) -> None:
    import onnxruntime

    file = styled_model(tmp_path)
    (target,) = export(file, "onnx", tmp_path / "x.onnx")
    card, tensors = bundle.read(file)
    network = bundle.blank(card)
    assert isinstance(network, Translator)
    network.load_state_dict(bundle.split_tensors(tensors)[0], assign=True)
    network.eval()
    network.use_statistics(card.statistics)
    session = onnxruntime.InferenceSession(target)
    planes = torch.rand(1, 3, 64, 32) * 2 - 1
    for style in (None, (0.0,) * 8, card.code(3)):
        more = {} if style is None else {"style": np.array([style], np.float32)}
        (answer,) = session.run(None, {"planes": planes.numpy(), **more})
        with torch.no_grad():
            exact = network(planes, style=torch.tensor([card.code(style)]))
        assert np.abs(answer - exact.numpy()).max() < 1e-4
