"""What ``underpaint import`` makes of weights of other programs, and of model files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import engine
from engine.data.picture import read
from engine.models import bundle
from tests.desktop.command_hands import PALETTE, Done
from tests.engine import reference


@pytest.fixture
def weights(tmp_path) -> Path:
    folder = tmp_path / "edges2shoes"
    folder.mkdir()
    torch.save(reference.made("unet_128", "batch", width=2), folder / "latest_net_G.pth")
    return folder / "latest_net_G.pth"


def test_published_weights_become_a_model_of_the_users(underpaint, weights, home, noise) -> None:
    done = underpaint("import", weights)
    target = home / "models" / "edges2shoes.safetensors"
    assert done == Done(0, f"{target}\n", "")
    card = bundle.read_card(target)
    assert (card.name, card.input, card.statistics) == ("edges2shoes", "image", "image")
    assert engine.open("edges2shoes")(noise).shape == noise.shape
    assert underpaint("import", weights).out.strip().endswith("edges2shoes-2.safetensors")


def test_flags_say_what_a_file_cannot(underpaint, weights, tmp_path) -> None:
    (tmp_path / "card.json").write_text('{"task": "labels → front", "statistics": "running"}')
    target = tmp_path / "new" / "fronts.safetensors"
    words = ["--to", target, "--name", "Fronts", "--palette", "facades", "--card", tmp_path / "card.json"]
    assert underpaint("import", weights, *words) == Done(0, f"{target}\n", "")
    card = bundle.read_card(target)
    assert (card.name, card.input, card.palette.name) == ("Fronts", "labels", "facades")
    assert (card.task, card.statistics) == ("labels → front", "running")
    (tmp_path / "card.json").write_text('{"colour": 1}')
    done = underpaint("import", weights, *words)
    assert done.code == 1 and "A card's fields are" in done.err


def test_a_recorded_drawing_gives_the_card_its_sample_picture(underpaint, weights, tmp_path) -> None:
    import base64

    import resources

    recorded = next(resources.path("samples").glob("*sneaker.json"))
    target = tmp_path / "shoes.safetensors"
    done = underpaint("import", weights, "--to", target, "--input", "sketch", "--sample", recorded)
    assert done == Done(0, f"{target}\n", "")
    pixels = read(base64.b64decode(bundle.read_card(target).sample)).pixels
    assert max(pixels.shape[:2]) == 128 and pixels.std() > 1
    done = underpaint("import", weights, "--to", target, "--sample", tmp_path / "none.json")
    assert done.code == 1 and "none.json" in done.err


def test_a_model_file_is_given_another_name_and_card(underpaint, weights, tmp_path) -> None:
    trained, target = tmp_path / "trained.safetensors", tmp_path / "shoes.safetensors"
    assert underpaint("import", weights, "--to", trained, "--input", "sketch").code == 0
    (tmp_path / "card.json").write_text('{"task": "sketch → shoe"}')
    words = ["--to", target, "--name", "Shoes", "--card", tmp_path / "card.json"]
    assert underpaint("import", trained, *words) == Done(0, f"{target}\n", "")
    (before, tensors), (card, kept) = bundle.read(trained), bundle.read(target)
    assert card == replace(before, name="Shoes", task="sketch → shoe")
    assert all(torch.equal(tensors[name], kept[name]) for name in tensors | kept)
    done = underpaint("import", trained, "--to", target, "--input", "labels")
    assert done.code == 2 and "says itself" in done.err


def test_a_users_palette_is_found_by_name_or_file(underpaint, weights, home, tmp_path) -> None:
    from engine.data.palette import write_gpl

    (home / "palettes").mkdir()
    write_gpl(PALETTE, home / "palettes" / "two.gpl")
    for number, word in enumerate(("two", home / "palettes" / "two.gpl")):
        target = tmp_path / f"{number}.safetensors"
        assert underpaint("import", weights, "--to", target, "--palette", word).code == 0
        assert bundle.read_card(target).palette == PALETTE


def test_colours_of_an_image_model_get_names(underpaint, weights, tmp_path) -> None:
    """With the import or afterwards; a model of labels keeps those that it has learnt."""
    from engine.data.palette import write_gpl

    write_gpl(PALETTE, tmp_path / "two.gpl")
    target, named = tmp_path / "plans.safetensors", tmp_path / "named.safetensors"
    words = ["--input", "image", "--palette", tmp_path / "two.gpl"]
    assert underpaint("import", weights, "--to", named, *words).code == 0
    assert underpaint("import", weights, "--to", target).code == 0
    assert bundle.read_card(target).palette is None
    assert underpaint("import", target, "--to", target, "--palette", tmp_path / "two.gpl").code == 0
    assert bundle.read_card(target).palette == bundle.read_card(named).palette == PALETTE
    assert bundle.read_card(target).input == bundle.read_card(named).input == "image"
    assert underpaint("import", weights, "--to", target, "--palette", tmp_path / "two.gpl").code == 0
    done = underpaint("import", target, "--to", target, "--palette", tmp_path / "two.gpl")
    assert done.code == 2 and "only an image model" in done.err


def test_weights_are_imported_from_checkpoints_with_chosen_statistics(underpaint, weights, tmp_path) -> None:
    state = torch.load(weights, weights_only=True)
    both, target = tmp_path / "both.ckpt", tmp_path / "x.safetensors"
    torch.save({"netG_A": state, "netG_B": state, "epoch": 3}, both)
    done = underpaint("import", both, "--to", target)
    assert done.code == 1 and "--generator netG_A" in done.err
    words = ("--to", target, "--generator", "netG_B", "--statistics", "running")
    assert underpaint("import", both, *words) == Done(0, f"{target}\n", "")
    assert bundle.read_card(target).statistics == "running"
    assert underpaint("import", target, "--to", target, "--statistics", "image").code == 0
    assert bundle.read_card(target).statistics == "image"
    bare = tmp_path / "bare.safetensors"
    save_file(state, bare)
    assert underpaint("import", bare, "--to", target, "--name", "Bare").code == 0
    assert bundle.read_card(target).name == "Bare"
