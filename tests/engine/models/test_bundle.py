from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.data.card import Card, amended, from_json, to_json
from engine.data.messages import Picture
from engine.data.palette import Label, Palette
from engine.errors import ModelError
from engine.models import bundle, drawings, recarding
from engine.models.drawings import SampleDrawing


def with_header(content: bytes, change) -> bytes:
    """A model file's bytes with its header changed and its length put right."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header = change(header) or header
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def test_what_is_written_is_read(tiny, tmp_path, palette: Palette) -> None:
    card, tensors = tiny(
        input="labels", palette=palette, scores={"fid": 3.5}, sample="abc", task="labels → wall"
    )
    file = tmp_path / "a.safetensors"
    bundle.write(file, card, tensors)
    assert bundle.read_card(file) == card
    again, weights = bundle.read(file)
    assert again == card
    assert weights.keys() == tensors.keys()
    assert all(torch.equal(weights[name], tensors[name]) for name in tensors)


def test_half_precision_halves_convolutions_and_spares_norms(tiny, tmp_path) -> None:
    card, tensors = tiny(width=16)
    tensors["downs.1.norm.running_var"] *= 1e6  # more than 16 bits can hold
    bundle.write(tmp_path / "full.safetensors", card, tensors)
    bundle.write(tmp_path / "half.safetensors", card, tensors, half=True)
    _, weights = bundle.read(tmp_path / "half.safetensors")
    assert weights["downs.1.convolution.weight"].dtype == torch.float16
    assert torch.equal(weights["downs.1.norm.running_var"], tensors["downs.1.norm.running_var"])
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]


def test_a_file_can_be_replaced_while_its_weights_are_in_use(tiny, tmp_path) -> None:
    file = tmp_path / "a.safetensors"
    card, first = tiny(seed=1)
    bundle.write(file, card, first)
    _, weights = bundle.read(file)
    bundle.write(file, card, tiny(seed=2)[1])
    assert all(torch.equal(weights[name], first[name]) for name in first)


def test_reading_a_card_brings_no_torch(tiny_file) -> None:
    script = (
        "import sys, pathlib; from engine.models import bundle, catalogue\n"
        "name, count = bundle.read_card(pathlib.Path(sys.argv[1])).name, len(catalogue.entries())\n"
        "print(name, count > 0, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tiny_file())], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["tiny", "True", "False"]


def test_weights_that_are_not_the_cards_are_neither_written_nor_read(tiny, tmp_path) -> None:
    card, tensors = tiny()
    other = dataclasses.replace(card, network={**card.network, "width": 8})
    with pytest.raises(
        ModelError, match=r"“downs\.0\.convolution\.weight” is 4 × 3 × 4 × 4 instead of 8 × 3 × 4 × 4"
    ):
        bundle.write(tmp_path / "a.safetensors", other, tensors)
    assert not list(tmp_path.iterdir())
    bundle.write(tmp_path / "a.safetensors", card, tensors)
    content = (tmp_path / "a.safetensors").read_bytes()

    def claim(header):
        header["__metadata__"]["underpaint"] = to_json(other)

    (tmp_path / "b.safetensors").write_bytes(with_header(content, claim))
    assert bundle.read_card(tmp_path / "b.safetensors").network["width"] == 8
    with pytest.raises(ModelError, match="does not hold the network its card describes"):
        bundle.read(tmp_path / "b.safetensors")


def test_a_failed_write_leaves_the_old_file(tiny, tmp_path) -> None:
    card, tensors = tiny()
    with pytest.raises(ModelError, match="can't be written"):
        bundle.write(tmp_path / "none" / "a.safetensors", card, tensors)


def test_a_full_disk_is_told_as_other_writers_tell_it(tiny, tmp_path, monkeypatch) -> None:
    """safetensors has an error of its own for it, which is none of the system's."""
    import safetensors.torch

    def full(*_: object, **__: object) -> None:
        raise safetensors.SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    card, tensors = tiny()
    with pytest.raises(ModelError, match="can't be written \\(No space left on device\\)"):
        bundle.write(tmp_path / "a.safetensors", card, tensors)
    assert list(tmp_path.iterdir()) == []


def _entry(header) -> dict:
    return header["downs.0.convolution.weight"]


def _set(name: str, value: object):
    def change(header) -> None:
        _entry(header)[name] = value

    return change


DAMAGES = {
    "a shape of 4 GB": (_set("shape", [2**30]), "described wrongly"),
    "offsets of 4 GB": (_set("data_offsets", [0, 2**32]), "described wrongly"),
    "a negative shape": (_set("shape", [-4, 3, 4, 4]), "described wrongly"),
    "a shape that is no list": (_set("shape", "4"), "described wrongly"),
    "a number format of its own": (_set("dtype", ["F32"]), "described wrongly"),
    "whole numbers": (_set("dtype", "I64"), "described wrongly"),
    "overlapping weights": (
        lambda h: h["ups.0.convolution.bias"].update(data_offsets=[4, 16]),
        "cut short or damaged",
    ),
    "no card": (lambda h: h.pop("__metadata__") and None, "no model card"),
    "a card that is no text": (lambda h: h["__metadata__"].update(underpaint=3), "no model card"),
    "a card that is no JSON": (lambda h: h["__metadata__"].update(underpaint="{"), "card is damaged"),
    "a newer card": (
        lambda h: h["__metadata__"].update(underpaint='{"format": 99}'),
        "made by a newer Underpaint",
    ),
    "a list for a header": (lambda h: [1], "no model card"),
    "a missing tensor": (lambda h: h.pop("ups.0.convolution.bias") and None, "cut short or damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_headers_get_a_sentence(damage, tiny_file) -> None:
    change, sentence = DAMAGES[damage]
    file = tiny_file()
    file.write_bytes(with_header(file.read_bytes(), change))
    with pytest.raises(ModelError, match=sentence):
        bundle.read(file)
    with pytest.raises(ModelError, match=sentence):
        bundle.read_card(file)


@pytest.mark.parametrize(("size", "labels"), [((8192, 1), 0), ((1, 8192), 0), ((1024, 2048), 256)])
def test_a_card_whose_passes_would_be_huge_is_refused(size, labels) -> None:
    """The longer edge is that of every document, which may be square; and each label has a plane."""
    fields: dict[str, Any] = {"input": "image", "network": {"inputs": 3, "outputs": 3}}
    if labels:
        palette = Palette("p", tuple(Label(str(number), (number, 0, 0)) for number in range(labels)))
        fields = {"input": "labels", "network": {"inputs": labels, "outputs": 3}} | {
            "palette": palette,
            "one_hot": True,
        }
    card = Card("x", "unet", size=(256, 256), **fields)
    assert from_json(to_json(card)) == card
    with pytest.raises(ModelError, match="too many"):
        from_json(to_json(dataclasses.replace(card, size=size)))


@pytest.mark.parametrize("kept", [0, 5, 8, 200, -1])
def test_files_cut_short_get_a_sentence(kept, tiny_file) -> None:
    file = tiny_file()
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ModelError, match=r"cut short|damaged|is empty"):
        bundle.read(file)


def test_strange_files_get_a_sentence(tmp_path) -> None:
    with pytest.raises(ModelError, match="There is no model file"):
        bundle.read_card(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match=r"can't be read|is not a file"):
        bundle.read_card(tmp_path)
    text = tmp_path / "text.safetensors"
    text.write_text("hello, I am a model, believe me")
    with pytest.raises(ModelError, match="no model file"):
        bundle.read_card(text)
    huge = tmp_path / "huge.safetensors"
    with huge.open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(ModelError, match="larger than any model"):
        bundle.read(huge)


def test_a_network_out_of_bounds_takes_no_memory(tiny, tmp_path) -> None:
    card, _ = tiny()
    for name, value in (("width", 10**6), ("levels", 60), ("width", 4.0), ("surprise", 1)):
        odd = dataclasses.replace(card, network={**card.network, name: value})
        with pytest.raises(ModelError, match=name):
            bundle.blank(odd)


def test_cards_are_checked_field_by_field(tiny) -> None:
    card: Card = tiny()[0]
    for field, value in [
        ("input", "sound"),
        ("size", [0, 10]),
        ("network", []),
        ("statistics", "x"),
        ("name", ""),
        ("line_width", 10**400),
        ("palette", {"name": "p", "labels": [["a", [1, 2, 300]]]}),
        ("hints", "yes"),
        ("one_hot", True),  # of a picture that has no labels
        ("size", [8192, 8192]),
        ("hints", True),  # of a picture that is no sketch
        ("line_width", "1.5"),
        ("size", [True, 256]),
    ]:
        with pytest.raises(ModelError, match="damaged"):
            from_json(json.dumps(json.loads(to_json(card)) | {field: value}))


@pytest.mark.parametrize("version", [True, None, "2"])
def test_a_card_has_a_number_for_its_format(version: object, tiny) -> None:
    with pytest.raises(ModelError, match="no model card"):
        from_json(json.dumps(json.loads(to_json(tiny()[0])) | {"format": version}))


def test_halves_of_signs_keep_no_card_from_being_written(tiny, tmp_path) -> None:
    """A folder's name that is no UTF-8, in a training's notes; JSON can say such a thing as well."""
    card, tensors = tiny()
    notes = {"command": "train sh\udcfcs", "note\ud800": ["\udfff", {"deep": "\ud83d"}]}
    strange = amended(card, json.dumps({"training": notes}))
    file, other = tmp_path / "tiny.safetensors", tmp_path / "other.safetensors"
    bundle.write(file, strange, tensors)
    read = bundle.read_card(file).training
    assert read["command"] == "train sh\ufffds" and read["note\ufffd"] == ["\ufffd", {"deep": "\ufffd"}]
    drawn = SampleDrawing("sh\udcfcs", Picture(np.zeros((4, 4, 3), np.uint8)))
    recarding.written(file, other, dataclasses.replace(bundle.read_card(file), training=notes), [drawn])
    assert bundle.read_card(other).training == read
    assert [one.title for one in drawings.read(other, card.input)] == ["sh\ufffds"]


def test_what_a_training_wrote_stays_when_more_is_said_of_it(tiny) -> None:
    card = dataclasses.replace(tiny()[0], training={"steps": 5, "seed": 0})
    made = amended(card, '{"training": {"hours": 2, "seed": 1}}')
    assert made.training == {"steps": 5, "seed": 1, "hours": 2}


def test_a_card_is_amended_by_known_fields_only(tiny) -> None:
    card: Card = tiny()[0]
    assert amended(card, '{"task": "a → b", "line_width": 2}') == dataclasses.replace(
        card, task="a → b", line_width=2
    )
    for text in ("[", "[]", '{"colour": 1}', '{"input": "sound"}'):
        with pytest.raises(ModelError):
            amended(card, text)


@pytest.mark.skipif(os.name != "posix", reason="permissions differ elsewhere")
def test_the_file_is_readable_by_others(tiny_file) -> None:
    file: Path = tiny_file()
    umask = os.umask(0)
    os.umask(umask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_style_encoder_lies_beside_the_network(tiny, tmp_path) -> None:
    card, tensors = tiny(style=8, style_encoder=4)
    file = tmp_path / "a.safetensors"
    bundle.write(file, card, tensors, half=True)
    again, both = bundle.read(file)
    network, encoder = bundle.split_tensors(both)
    assert again == card and network.keys() | encoder.keys() > encoder.keys()
    bundle.blank(again).load_state_dict(network, assign=True)
    bundle.blank_encoder(again).load_state_dict(encoder, assign=True)
    del tensors["style_encoder.mean.bias"]
    with pytest.raises(ModelError, match=r"“style_encoder\.mean\.bias” is missing instead of 8"):
        bundle.write(file, card, tensors)
    with pytest.raises(ModelError, match=r"style_encoder\..* instead of missing"):
        bundle.write(file, dataclasses.replace(card, style_encoder=0), both)
    with pytest.raises(ModelError, match="width = 2000"):
        bundle.blank_encoder(dataclasses.replace(card, style_encoder=2000))
    with pytest.raises(ModelError, match="can't read styles of photos"):
        bundle.blank_encoder(tiny()[0])
