"""Which algorithm each convolution is done by: what decides it, and what is remembered of that."""

from __future__ import annotations

import json
import logging
import os
import re
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.data.card import Card
from engine.devices import algorithms, device, trial_memory, trials
from engine.devices.trial_memory import NAME, Memory
from engine.layers import packed, quantised, shapes
from engine.layers.blocks import Translator
from engine.models import bundle, catalogue
from engine.networks.resnet import ResNet
from engine.networks.unet import UNet
from engine.passes.generator import Generator
from tests.engine.reorders import SETS, reordered

pytestmark = pytest.mark.usefixtures("nothing_tried")

SHAPE = (1, 64, 8, 8)


def took(seconds: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Trials come out like that; which algorithms they were of."""
    tried = []

    def answer(convolution, shape, dtype, bits, algorithms):
        tried.append(algorithms)
        return {algorithm: seconds[algorithm] for algorithm in algorithms if algorithm in seconds}

    monkeypatch.setattr(trials, "time_algorithms", answer)
    return tried


def chosen(
    convolution: packed.Convolution,
    memory: Memory,
    bits=None,
    rounding: algorithms.Rounding = "where it pays",
) -> str:
    return trials.best_algorithm(convolution, SHAPE, torch.float32, bits, rounding, memory).algorithm


@pytest.mark.parametrize(
    ("seconds", "algorithm"),
    [
        ({"plain": 1.0, "packed": 0.9}, "packed"),
        ({"plain": 0.9, "packed": 1.0}, "packed"),  # the same work: chance
        ({"plain": 0.5, "packed": 1.0}, "plain"),
        ({"plain": 1.0}, "plain"),  # packing failed
        ({"plain": 1.0, "packed": 0.9, "integers": 0.5, "integer product": 0.6}, "integers"),
        ({"plain": 1.0, "packed": 0.9, "integers": 0.85}, "packed"),  # rounding has to pay
    ],
)
def test_the_quickest_way_is_taken(seconds, algorithm, monkeypatch) -> None:
    took(seconds, monkeypatch)
    assert chosen(nn.Conv2d(64, 64, 4, 2, 1), Memory("here"), bits=16) == algorithm


def test_plain_has_to_win_again_and_again(monkeypatch) -> None:
    answers = [{"plain": 0.5, "packed": 1.0}] * 5 + [{"plain": 0.6, "packed": 0.7}]
    monkeypatch.setattr(trials, "time_algorithms", lambda *given: answers.pop(0))
    memory, layer = Memory("here"), nn.Conv2d(64, 64, 4, 2, 1)
    assert chosen(layer, memory) == "packed" and not answers
    assert list(memory.verdicts.values()) == [("packed", 0.7)], "the least of all that were measured"


def test_the_pen_goes_before_doubts(monkeypatch) -> None:
    took({"plain": 0.5, "packed": 1.0}, monkeypatch)
    asked, memory, layer = [True, True, False], Memory("here"), nn.Conv2d(64, 64, 4, 2, 1)
    given = layer, SHAPE, torch.float32, None
    assert trials.best_algorithm(*given, "where it pays", memory, lambda: asked.pop(0)) is None
    assert not asked and not memory.verdicts


def test_a_decoder_s_layer_has_ways_of_its_own(monkeypatch) -> None:
    narrow, deep = nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.ConvTranspose2d(512, 64, 4, 2, 1)
    tried = took({"plain": 1.0, "packed": 0.9, "shuffled": 0.5, "product": 0.4}, monkeypatch)
    assert chosen(narrow, Memory("here")) == "shuffled"
    assert chosen(deep, Memory("here")) == "product"
    tried = [[way for way in ways if way != "halved"] for ways in tried]  # which not every torch has
    assert tried == [["plain", "packed", "shuffled"], ["plain", "packed", "product"]]


def test_what_was_tried_is_not_tried_again(monkeypatch) -> None:
    tried, memory = took({"plain": 1.0, "packed": 0.9}, monkeypatch), Memory("here")
    for _ in range(3):
        assert chosen(nn.Conv2d(64, 64, 4, 2, 1), memory) == "packed"
    assert len(tried) == 1
    assert chosen(nn.Conv2d(64, 32, 4, 2, 1), memory) == "packed" and len(tried) == 2


def test_a_processor_that_lies_is_left_to_plain_convolutions(monkeypatch, caplog) -> None:
    def refuses(*given: object) -> None:
        raise RuntimeError("illegal instruction set")

    monkeypatch.setattr(packed, "packing_works", lambda: True)
    monkeypatch.setattr(packed, "Packed", refuses)
    trials.say_refused.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):  # layers
            assert chosen(nn.Conv2d(64, 64, 4, 2, 1), Memory("here")) == "plain"
    (record,) = caplog.records
    assert "can't be done packed here" in record.message and "Traceback" not in caplog.text


def test_what_there_was_no_memory_to_try_is_tried_again(monkeypatch, caplog) -> None:
    def full(*given: object) -> None:
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(packed, "packing_works", lambda: True)
    layer, memory = nn.Conv2d(64, 64, 4, 2, 1), Memory("here")
    with monkeypatch.context() as little, caplog.at_level(logging.WARNING):
        little.setattr(packed, "Packed", full)
        assert chosen(layer, memory) == "plain"
    assert not memory.verdicts and not caplog.records, "the processor can do it"
    took({"plain": 1.0, "packed": 0.9}, monkeypatch)
    assert chosen(layer, memory) == "packed" and memory.verdicts


@pytest.mark.parametrize(
    ("about", "name"),
    [
        (
            "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nstepping\t: 1\n"
            "\nprocessor\t: 1\ncpu family\t: 6\nmodel name\t: Another\n",
            "AMD EPYC (family 25, model 17, stepping 1)",
        ),
        (
            "processor\t: 0\nBogoMIPS\t: 50\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\nCPU revision\t: 1\n",
            "implementer 0x41, part 0xd0c, revision 1",
        ),
        ("model name\t: Some: strange\n", "Some: strange"),
        ("\n\nwithout fields", ""),
        ("", ""),
    ],
)
def test_generations_of_one_name_are_told_apart(about: str, name: str) -> None:
    assert trial_memory.named(about) == name


def test_an_unknown_instruction_set_means_plain_convolutions_and_one_line(monkeypatch, caplog, tiny) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX9000")
    algorithms.is_known_set.cache_clear()
    with caplog.at_level(logging.WARNING):
        generator = Generator(*tiny(), device="cpu", precision="float32")
    assert re.fullmatch(r"float32: \d+ plain", generator.algorithms)
    assert caplog.text.count("ONEDNN_MAX_CPU_ISA=AVX9000 is no instruction set") == 1


def test_an_empty_instruction_set_is_none(caplog) -> None:
    algorithms.is_known_set.cache_clear()
    assert algorithms.is_known_set("") and not caplog.text


def test_the_decision_is_logged(caplog, tiny) -> None:
    with caplog.at_level(logging.INFO):
        generator = Generator(*tiny(), device="cpu", precision="float32")
    assert f"The network runs on the CPU in {generator.algorithms}" in caplog.text
    assert generator.algorithms.startswith("float32: ")


# --- the file -------------------------------------------------------------------------------------


def test_verdicts_come_back_from_the_file(home: Path) -> None:
    memory = trial_memory.load("this machine")
    memory.add("a layer", "packed", 0.00123)
    memory.save()
    other = Memory("another machine")
    other.add("a layer", "plain", 1.0)
    other.save()
    trial_memory.forget()
    assert trial_memory.load("this machine").verdicts == {"a layer": ("packed", 0.00123)}
    assert trial_memory.load("a third").verdicts == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100000,
        '{"format": 99, "machines": {}}',
        '{"format": 1, "machines": 7}',
        '{"format": 1, "machines": {"here": 7}}',
        '{"format": 1, "machines": {"here": {"a": 1, "b": ["packed"], "c": ["packed", "x"], "d": [1, 2]}}}',
        '{"format": 1, "machines": {"here": {"a": ["packed", -1], "b": ["packed", NaN]}}}',
        '{"format": 2, "machines": {"here": {"a": ["packed", 1' + "0" * 400 + "]}}}",
        '{"format": 2, "machines": {"here": 7, "\\ud800": {"\\ud800": ["\\ud800", 1]}}}',
        " " * (trial_memory.MOST_BYTES + 1),
    ],
    ids=lambda text: text[:40],
)
def test_a_damaged_file_costs_one_line_and_is_written_anew(text: str, home: Path, caplog) -> None:
    (home / NAME).write_text(text, "utf-8")
    with caplog.at_level(logging.WARNING):
        memory = trial_memory.load("here")
        assert memory.verdicts == {}
        memory.add("a layer", "packed", 0.5)
        memory.save()
    (record,) = caplog.records
    assert "not used" in record.message and NAME in record.message
    assert json.loads((home / NAME).read_text("utf-8"))["machines"]["here"]["a layer"] == ["packed", 0.5]


def test_what_earlier_versions_found_is_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They chose among fewer algorithms, so that what is the quickest now may not have been one of them."""
    machine = (
        trial_memory.processor(),
        f"{torch.get_num_threads()} threads",
        f"torch {torch.__version__}",
        torch.backends.cpu.get_cpu_capability(),
        os.environ.get("ONEDNN_MAX_CPU_ISA", "all"),
    )
    network = ResNet(blocks=6, width=8, inputs=3, outputs=3, norm="instance", dropout=False).eval()
    given = shapes.shapes(network, 64, 64)
    keys = [
        trials.layer_key(layer, shape, torch.float32, None)
        for layer, shape in given.items()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    found = {", ".join(machine): {key: ["packed", 0.01] for key in keys}}
    (home / NAME).write_text(json.dumps({"format": 1, "machines": found}), "utf-8")
    tried = took({"plain": 1.0, "packed": 0.9, "winograd": 0.5}, monkeypatch)
    trials.plan(network, given, "float32")
    assert tried
    tried.clear()
    trials.plan(network, given, "float32")
    assert not tried


def test_of_other_machines_only_what_makes_sense_is_kept(home: Path) -> None:
    others = {"there": {"a": ["packed", 1.0], "b": ["packed", -1], "c": 7}, "nowhere": {"a": 7}, "none": 7}
    (home / NAME).write_text(json.dumps({"format": trial_memory.FORMAT, "machines": others}), "utf-8")
    memory = trial_memory.load("here")
    memory.add("a layer", "packed", 0.5)
    memory.save()
    assert json.loads((home / NAME).read_text("utf-8"))["machines"] == {
        "there": {"a": ["packed", 1.0]},
        "here": {"a layer": ["packed", 0.5]},
    }


def test_a_way_that_nobody_knows_is_tried_anew(monkeypatch) -> None:
    memory = Memory("here")
    convolution = nn.Conv2d(64, 64, 4, 2, 1)
    memory.add(trials.layer_key(convolution, SHAPE, torch.float32, None), "by magic", 0.1)
    tried = took({"plain": 1.0, "packed": 0.9}, monkeypatch)
    assert chosen(convolution, memory) == "packed" and len(tried) == 1


def test_a_full_memory_still_changes_its_mind(monkeypatch) -> None:
    monkeypatch.setattr(trial_memory, "MOST_VERDICTS", 1)
    memory = Memory("here")
    memory.add("a layer", "winograd", 0.1)  # which is no candidate any more
    memory.add("another", "packed", 0.1)
    memory.add("a layer", "packed", 0.2)
    assert memory.verdicts == {"a layer": ("packed", 0.2)}


def test_a_home_that_can_t_be_written_costs_a_line(home: Path, caplog) -> None:
    (home / NAME).mkdir()
    memory = trial_memory.load("here")
    memory.add("a layer", "packed", 0.5)
    memory.save()
    assert "can't be remembered" in caplog.text


# --- weights stay as they are laid out --------------------------------------------------------------


@pytest.mark.skipif(not packed.packing_works(), reason="this build of torch has no oneDNN to speak of")
@pytest.mark.parametrize(
    ("model", "statistics", "instructions"),
    [
        *(("bundled", "running", instructions) for instructions in SETS),
        ("wide", "image", "AVX2"),
    ],
)
def test_once_warm_no_weight_is_reordered(model, statistics, instructions, tmp_path: Path) -> None:
    """``python -m tests.bench reorders`` looks at all models and sizes."""
    if model == "bundled":
        model = str(next(entry.file for entry in catalogue.entries() if entry.bundled))
    assert not Counter(reordered(model, statistics, 256, instructions, tmp_path))


def test_a_plan_knows_every_convolution(tiny) -> None:
    card, _ = tiny(levels=6)
    assert isinstance(card, Card)
    network = bundle.blank(card).eval()
    assert isinstance(network, UNet)
    seen = shapes.shapes(network, 64, 128)
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    assert set(seen) == set(layers)
    assert seen[network.downs[0].convolution] == (1, card.network["inputs"], 64, 128)
    assert seen[network.ups[0].convolution][2:] == (32, 64)


@pytest.mark.parametrize("kind", ["unet", "resnet", "encoder_decoder"])
def test_shapes_are_those_of_a_pass(kind, tiny) -> None:
    card, tensors = tiny(kind=kind)
    network = bundle.blank(card).eval()
    assert isinstance(network, Translator)
    told = shapes.shapes(network, 32, 64)
    network.load_state_dict(tensors, assign=True)
    seen = {}
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_pre_hook(lambda it, given: seen.update({it: tuple(given[0].shape)}))
    with torch.inference_mode():
        network(torch.zeros(1, network.inputs, 32, 64))
    assert told == seen


def test_without_integers_nothing_is_computed_in_them(monkeypatch, tiny) -> None:
    monkeypatch.setattr(quantised, "right", lambda: False)
    assert "integer" not in Generator(*tiny(levels=6, width=32), device="cpu").algorithms


@pytest.mark.parametrize(
    ("floats", "integers", "bfloat16", "precision"),
    [
        (10.0, 9.9, 5.0, "bfloat16"),
        (10.0, 4.0, 4.9, "bfloat16"),  # a little slower than integers, but at any size
        (10.0, 4.0, 5.1, "int8"),
        (10.0, 20.0, 9.5, "float32"),
        (10.0, 20.0, 8.0, "bfloat16"),
    ],
)
def test_bfloat16_goes_before_integers_unless_it_is_much_slower(
    floats, integers, bfloat16, precision, monkeypatch, tiny
) -> None:
    def known(convolution, shape, dtype, bits, forced, memory, allowed):
        if dtype == torch.bfloat16:
            return trials.Verdict("packed", bfloat16)
        return (
            trials.Verdict("integers", integers)
            if bits and integers < floats
            else trials.Verdict("packed", floats)
        )

    card, tensors = tiny(levels=6, width=32)
    network = bundle.blank(card).eval()
    assert isinstance(network, UNet)
    network.load_state_dict(tensors, assign=True)
    network.fold()
    wide = set(network.coarse())
    assert wide
    # Told of the whole network: of a layer without integers nothing but noughts.
    monkeypatch.setattr(
        trials,
        "best_algorithm",
        lambda it, *rest: known(it, *rest) if it in wide else trials.Verdict("packed", 0.0),
    )
    monkeypatch.setattr(device, "integers", lambda *_: True)
    monkeypatch.setattr(device, "number_format", lambda *_: torch.bfloat16)
    assert trials.plan(network, shapes.shapes(network, 64, 64), None).precision == precision
