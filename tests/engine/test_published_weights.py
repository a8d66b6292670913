"""Weights of the reference project, imported, paint what the reference paints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import foreign
from engine.data.palette import Palette
from engine.errors import ModelError
from engine.models import bundle
from engine.passes.generator import Generator
from tests.engine import reference

NORMS = ("batch", "instance")
FITTING = {"unet_256": 256, "unet_128": 128, "resnet_6blocks": 48, "resnet_9blocks": 48}
WIDTH = 4


@pytest.fixture(scope="module")
def states() -> dict[tuple[str, str], reference.State]:
    return {
        (kind, norm): reference.made(kind, norm, width=WIDTH) for kind in reference.KINDS for norm in NORMS
    }


def saved(state: Mapping[str, object], path: Path, **how: Any) -> Path:
    torch.save(state, path, **how)
    return path


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", reference.KINDS)
@pytest.mark.parametrize("statistics", ["running", "image"])
def test_the_output_is_the_references(kind, norm, statistics, states, tmp_path) -> None:
    state = states[kind, norm]
    card, tensors = foreign.convert(saved(state, tmp_path / "net_G.pth"))
    edge = FITTING[kind]
    picture = np.random.default_rng(1).integers(0, 256, (edge, edge, 3), np.uint8)
    x = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    copy = {key: value.clone() for key, value in state.items()}
    wanted = reference.run(kind, copy, norm, x, WIDTH, training=statistics == "image")

    network = bundle.blank(card)
    network.load_state_dict(tensors, assign=True)
    network.eval().use_statistics(statistics)
    with torch.inference_mode():
        exact = network(x)
    assert wanted.std() > 0.1  # not a grey sheet, which any network could paint
    assert (exact - wanted).abs().max() <= 1e-3

    generator = Generator(card, tensors, device="cpu", statistics=statistics, precision="float32")
    levels = ((wanted[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).numpy()
    assert np.abs(generator(picture).astype(int) - levels).max() <= 1


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", reference.KINDS)
def test_everything_is_inferred_from_keys_and_shapes(kind, norm, states, tmp_path) -> None:
    found = foreign.inspect(saved(states[kind, norm], tmp_path / "shoes.pth"))
    assert found.name == "shoes"
    assert found.settings["norm"] == norm
    assert (found.settings["width"], found.inputs, found.settings["outputs"]) == (WIDTH, 3, 3)
    if kind.startswith("unet"):
        assert (found.kind, found.settings["levels"]) == ("unet", int(kind[5:]).bit_length() - 1)
        assert found.settings["dropout"] is True
    else:
        assert (found.kind, found.settings["blocks"]) == ("resnet", int(kind[7]))
        assert found.settings["dropout"] is (kind == "resnet_9blocks")
    assert f"{norm} norm" in found.summary and "M weights" in found.summary


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_wrappers_are_stripped(prefix, states, tmp_path) -> None:
    plain = states["unet_128", "batch"]
    wrapped = saved({prefix + key: value for key, value in plain.items()}, tmp_path / "a.pth")
    _, tensors = foreign.convert(wrapped)
    _, wanted = foreign.convert(saved(plain, tmp_path / "b.pth"))
    assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)


def test_leftovers_of_old_files_do_no_harm(states, tmp_path) -> None:
    batch = {k: v for k, v in states["unet_128", "batch"].items() if not k.endswith("num_batches_tracked")}
    instance = dict(states["resnet_6blocks", "instance"])
    instance["model.2.running_mean"] = torch.zeros(WIDTH)
    instance["model.2.running_var"] = torch.ones(WIDTH)
    instance["model.2.num_batches_tracked"] = torch.tensor(3)
    assert foreign.inspect(saved(batch, tmp_path / "a.pth")).settings["norm"] == "batch"
    assert foreign.inspect(saved(instance, tmp_path / "b.pth")).settings["norm"] == "instance"


def test_the_older_file_layout_is_read(states, tmp_path) -> None:
    """Most published weights were saved before PyTorch 1.6."""
    state = states["unet_128", "instance"]
    old = saved(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    _, tensors = foreign.convert(old)
    _, wanted = foreign.convert(saved(state, tmp_path / "new.pth"))
    assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)


def test_a_module_saved_state_with_metadata_is_read(tmp_path) -> None:
    """What ``network.state_dict()`` returns carries more than a plain dict; parameters are read as well."""
    from engine.networks import build

    network = build("unet", levels=5, width=2, inputs=3, outputs=3, norm="batch", dropout=False)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    torch.save(dict(network.named_parameters()), tmp_path / "b.pth")
    for name in ("a.pth", "b.pth"):
        with pytest.raises(ModelError, match=r"no pix2pix generator: its first weights are “downs\.0"):
            foreign.inspect(tmp_path / name)


def test_the_name_comes_from_the_folder_where_the_file_says_nothing(states, tmp_path) -> None:
    folder = tmp_path / "edges2shoes"
    folder.mkdir()
    assert (
        foreign.inspect(saved(states["unet_128", "batch"], folder / "latest_net_G.pth")).name == "edges2shoes"
    )


def test_what_a_file_cannot_say_is_taken_from_the_answers(states, tmp_path, palette: Palette) -> None:
    file = saved(states["unet_128", "batch"], tmp_path / "a.pth")
    card, _ = foreign.convert(file, name="Fronts", input="labels", palette=palette)
    assert (card.name, card.input, card.palette, card.one_hot) == ("Fronts", "labels", palette, False)
    assert (card.statistics, card.size) == ("image", (128, 128))
    card, _ = foreign.convert(file, input="sketch")
    assert (card.hints, card.line_width) == (False, 1.0)
    with pytest.raises(ModelError, match="choose a palette"):
        foreign.convert(file, input="labels")


def test_the_number_of_planes_decides_between_hints_and_labels(tmp_path, palette: Palette) -> None:
    five = saved(reference.made("unet_128", "batch", width=2, inputs=5), tmp_path / "five.pth")
    assert foreign.convert(five, input="sketch")[0].hints
    with pytest.raises(ModelError, match="5 input planes"):
        foreign.convert(five)
    four = saved(reference.made("unet_128", "batch", width=2, inputs=4), tmp_path / "four.pth")
    assert foreign.convert(four, input="labels", palette=palette)[0].one_hot


@pytest.mark.parametrize(
    "key", ["model.0.weight", "net.0.weight", "module.model.0.weight", "scale0_layer0.0.weight"]
)
def test_discriminators_are_refused_by_name(key, tmp_path) -> None:
    file = saved(
        {key: torch.zeros(8, 6, 4, 4), "model.2.weight": torch.zeros(16, 8, 4, 4)}, tmp_path / "d.pth"
    )
    with pytest.raises(ModelError, match="is a discriminator"):
        foreign.inspect(file)


def test_the_first_key_that_does_not_fit_is_named(states, tmp_path) -> None:
    good = states["unet_128", "batch"]
    missing = {key: value for key, value in good.items() if key != "model.model.1.model.2.bias"}
    with pytest.raises(ModelError, match=r"“model\.model\.1\.model\.2\.bias” are missing"):
        foreign.inspect(saved(missing, tmp_path / "a.pth"))
    reshaped = dict(good) | {"model.model.1.model.2.bias": torch.zeros(3)}
    with pytest.raises(ModelError, match=r"“model\.model\.1\.model\.2\.bias” is 3 instead of 8"):
        foreign.inspect(saved(reshaped, tmp_path / "b.pth"))
    more = dict(good) | {"model.extra": torch.zeros(3)}
    with pytest.raises(ModelError, match=r"no place for “model\.extra”"):
        foreign.inspect(saved(more, tmp_path / "c.pth"))
    broken = dict(good) | {"model.model.1.model.2.bias": torch.full((8,), float("nan"))}
    with pytest.raises(ModelError, match=r"“model\.model\.1\.model\.2\.bias” are damaged"):
        foreign.convert(saved(broken, tmp_path / "d.pth"))


def test_every_format_says_no_to_a_text(tmp_path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    assert foreign.formats() == ("pix2pix",)
    with pytest.raises(ModelError, match="no weights file that can be imported"):
        foreign.inspect(text)
    with pytest.raises(ModelError, match="There is no file"):
        foreign.inspect(tmp_path / "none.pth")
