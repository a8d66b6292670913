"""Drafts of label maps: learnt from a few houses, read in others, written for the window."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from engine.data.messages import Picture, Pixels
from engine.data.picture import read, write_png
from engine.errors import PictureError
from tests.trainer.made_pictures import HOUSES, house
from trainer.__main__ import commands
from trainer.drafting import calibrating, drafts, features, files, learner
from trainer.drafting.calibrating import HeldOut
from trainer.drafting.remembering import Memory
from trainer.files import pair_store
from trainer.machine.errors import TrainingError
from trainer.perception import weights
from trainer.perception.trunk import CHANNELS

EDGE = 64


@pytest.fixture
def few_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each photo is looked at once more, not four times: most of a short learning is that."""
    monkeypatch.setattr(learner, "VIEWS", 1)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of six houses."""
    folder = tmp_path_factory.mktemp("street") / "pairs"
    for number in range(6):
        labels, photo = house(number, EDGE)
        pair_store.keep(folder, Picture(pixels=labels), photo, "labels", HOUSES)
    return folder


def others(folder: Path, count: int) -> list[tuple[str, Path]]:
    """Photos of other houses, with their marks."""
    listed = []
    for number in range(count):
        file = folder / f"house {number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_png(file, house(100 + number, EDGE)[1])
        listed.append((f"mark{number}", file))
    return listed


@pytest.mark.usefixtures("few_views")
def test_drafts_of_other_houses_are_mostly_right(street: Path, tmp_path: Path) -> None:
    listed = others(tmp_path / "photos", 3)
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    listed.insert(1, ("broken", tmp_path / "photos" / "broken.png"))
    out = tmp_path / "deep" / "drafts"
    out.mkdir(parents=True)
    write_png(out / "former.png", np.zeros((5, 1), np.uint8))
    drafts.draft(street, listed, out, seconds=60, steps=25)
    told = json.loads((out / files.RESULTS).read_text("utf-8"))
    assert {name: told[name] for name in ("format", "maps", "labels")} == {
        "format": 1,
        "maps": 6,
        "labels": 5,
    }
    assert list(told["doubts"]) == ["mark0", "mark1", "mark2"]
    assert all(0 < doubt < 1 for doubt in told["doubts"].values())
    assert {file.name for file in out.glob("*.png")} == {f"mark{number}.png" for number in range(3)}
    right = []
    for number in range(3):
        planes = read(out / f"mark{number}.png").pixels[..., 0]
        planes = planes.reshape(5, -1, planes.shape[1])
        assert np.abs(planes.astype(int).sum(0) - 255).max() <= 3  # chances, rounded
        whole = [np.asarray(Image.fromarray(plane).resize((EDGE, EDGE))) for plane in planes]
        truth = HOUSES.indices(house(100 + number, EDGE)[0])
        right.append((np.argmax(whole, 0) == truth).mean())
    assert np.mean(right) > 0.7
    shares = json.loads((out / files.PROGRESS).read_text("ascii"))
    assert 0 <= shares["share"] <= 1 and shares["photos"] <= 4


def test_what_is_unknown_teaches_nothing() -> None:
    labels, known = np.zeros((16, 16), np.uint8), np.ones((16, 16), np.uint8)
    labels[:, 8:] = 2
    known[:8] = 0
    shares = learner.shares(labels, known, 3, (4, 4))
    assert shares.shape == (3, 4, 4)
    assert not shares[:, :2].any() and shares[0, 2:, :2].all() and shares[2, 2:, 2:].all()


@pytest.mark.usefixtures("few_views")
def test_the_same_is_learnt_again() -> None:
    made = [house(number, EDGE) for number in range(5)]
    photos = [photo for _, photo in made]
    maps = [(HOUSES.indices(labels), None) for labels, _ in made]
    one, other = (
        learner.train_drafter(photos, maps, 5, seconds=60, steps=3).chances(photos[0]) for _ in range(2)
    )
    assert np.array_equal(one, other)


def test_photos_are_looked_at_once_for_all_learnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "VIEWS", 0)
    monkeypatch.setattr(learner, "SHOWN", 4)
    made = [house(number, 32) for number in range(6)]
    looked: list[int] = []
    once = features.extract_features

    def look(photo: Pixels) -> list[torch.Tensor]:
        looked.append(len(photo))
        return once(photo)

    monkeypatch.setattr(features, "extract_features", look)

    def learn(count: int, memory: Memory | None) -> np.ndarray:
        looked.clear()
        photos = [photo for _, photo in made[:count]]
        maps = [(HOUSES.indices(labels), None) for labels, _ in made[:count]]
        drafter = learner.train_drafter(photos, maps, 5, seconds=60, steps=2, memory=memory)
        return drafter.chances(photos[0])

    without = learn(5, None)
    assert np.array_equal(learn(5, Memory(tmp_path / "seen")), without) and len(looked) == 10 + 2
    assert np.array_equal(learn(5, Memory(tmp_path / "seen")), without) and len(looked) == 2
    learn(6, Memory(tmp_path / "seen"))
    assert len(looked) == 2 + 2  # the new one and its mirror image
    learn(5, Memory(tmp_path / "seen"))
    files = sorted((tmp_path / "seen").glob("*.npy"))
    assert len(files) == 10  # what is not learnt from any more is forgotten
    files[0].write_bytes(b"torn")
    assert np.array_equal(learn(5, Memory(tmp_path / "seen")), without) and len(looked) == 2 + 1
    (tmp_path / "seen" / "components.npz").write_bytes(b"torn")
    (tmp_path / "seen" / "essence.npz").write_bytes(b"of an earlier version")
    assert np.array_equal(learn(5, Memory(tmp_path / "seen")), without)
    assert not (tmp_path / "seen" / "essence.npz").exists()


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("mean0", np.full((128, 1), np.nan, np.float32)),
        ("axes3", np.full((64, 512), np.inf, np.float32)),
        ("axes0", np.zeros((24, 7), np.float32)),
        ("axes0", np.zeros((24, 128), np.complex64)),
        ("axes1", np.float32(1)),
        ("mean1", np.zeros((256, 1), "datetime64[s]")),
        ("photos", np.arange(3)),
        ("photos", np.float64("inf")),
        ("more", np.zeros(1 << 18, np.float32)),
    ],
)
def test_what_makes_no_sense_is_worth_nothing(tmp_path: Path, part: str, other: np.ndarray) -> None:
    kept_by(Memory(tmp_path))
    file = tmp_path / "components.npz"
    parts = dict(np.load(file))
    np.savez(file, **parts)
    assert Memory(tmp_path).pca(8) is not None, "it was read"
    np.savez(file, **(parts | {part: other}))
    assert Memory(tmp_path).pca(8) is None


def test_files_that_are_no_arrays_are_worth_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    photo, seen = kept_by(memory)
    components, kept = tmp_path / "components.npz", next(tmp_path.glob("*.npy"))
    stored, plain = components.read_bytes(), kept.read_bytes()
    unknown, locked = bytearray(stored), bytearray(stored)
    for head, way, flag in ((b"PK\1\2", 10, 8), (b"PK\3\4", 8, 6)):
        unknown[stored.index(head) + way] = 99  # a compression that nobody knows
        locked[stored.index(head) + flag] |= 1
    with ZipFile(tmp_path / "no arrays", "w") as zipped:
        for name in np.load(components):
            zipped.writestr(name, b"no array")
    huge = plain.replace(b"(4, 5, 6)", b"(99999999999,)").replace(b"      \n", b" \n")
    for content in (plain, bytes(unknown), bytes(locked), (tmp_path / "no arrays").read_bytes(), stored[:-9]):
        components.write_bytes(content)
        assert Memory(tmp_path).pca(8) is None
    for content in (stored, huge, plain[:-2] + b"\0\x7e", plain + bytes(5000), b"PK\3\4", b""):
        kept.write_bytes(content)
        assert memory.features(photo, (4, 5, 6)) is None
    kept.write_bytes(plain)
    again = memory.features(photo, (4, 5, 6))
    assert again is not None and torch.equal(again, seen)


def kept_by(memory: Memory) -> tuple[Pixels, torch.Tensor]:
    """What a memory is given: a photo, and what was seen in it, (4, 5, 6)."""
    sizes = zip(features.KEPT, CHANNELS[1:], strict=True)
    axes = [torch.rand(most, channels) for most, channels in sizes]
    memory.keep_pca(features.PCA([torch.zeros(rows.shape[1], 1) for rows in axes], axes), 8)
    photo, seen = np.zeros((25, 30, 3), np.uint8), torch.rand(4, 5, 6).half()
    memory.keep_features(photo, seen)
    return photo, seen


def test_it_takes_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "FEWEST_STEPS", 4)
    made = [house(number, 32) for number in range(5)]
    told: list[float] = []
    photos = [photo for _, photo in made]
    maps = [(HOUSES.indices(labels), None) for labels, _ in made]
    learner.train_drafter(photos, maps, 5, seconds=0, progress=told.append)
    steps = [share for share in told if share > learner.LOOKS]
    assert told == sorted(told) and told[-1] == 1
    assert len(steps) == learner.FEWEST_STEPS


@pytest.mark.parametrize(("share", "heads"), [(0.0, 1), (0.3, 3)])
def test_where_steps_take_long_fewer_heads_are_held_out(
    share: float, heads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their fewest steps are more than there is time for, and the head that stays waits for them."""
    monkeypatch.setattr(learner, "FEWEST_OF_FOLDS", 1)
    monkeypatch.setattr(learner, "STEPS", 3)
    monkeypatch.setattr(learner, "CALIBRATING", share)
    held_out: list[int] = []
    temperature = calibrating.temperature
    monkeypatch.setattr(
        calibrating, "temperature", lambda those: held_out.append(len(those)) or temperature(those)
    )
    made = [house(number, 32) for number in range(6)]
    maps = [(HOUSES.indices(labels), None) for labels, _ in made]
    learner.train_drafter([photo for _, photo in made], maps, 5, seconds=600)
    assert held_out == [2 * heads]


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (700, 30), (33, 17)])
def test_any_photo_is_read(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    small = features.resize_photo(photo)
    assert max(small.shape[:2]) <= features.PLACES * features.CELL
    assert small.shape[0] % features.CELL == 0 and small.shape[1] % features.CELL == 0
    made = [house(number, 32) for number in range(2)]
    maps = [(HOUSES.indices(labels), None) for labels, _ in made]
    drafter = learner.train_drafter([pair[1] for pair in made], maps, 5, seconds=60, steps=1)
    chances = drafter.chances(photo)
    assert chances.shape == (5, small.shape[0] // features.CELL, small.shape[1] // features.CELL)
    assert np.allclose(chances.sum(0), 1, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (90, 1), (1, 90)])
def test_a_strip_among_the_photos_is_learnt_from_as_well(shape: tuple[int, int]) -> None:
    labels, photo = house(0, 32)
    strip = np.zeros(shape, np.uint8)
    maps = [(HOUSES.indices(labels), None), (strip, np.ones_like(strip))]
    photos = [photo, np.full((*shape, 3), 90, np.uint8)]
    drafter = learner.train_drafter(photos, maps, 5, seconds=60, steps=1)
    assert np.isfinite(drafter.chances(photo)).all()


def test_without_the_trained_eye_the_evaluations_own_recogniser_serves(
    street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "weights_path", lambda: tmp_path / "none")
    drafts.draft(street, others(tmp_path / "photos", 1), tmp_path / "out", seconds=60, steps=2)
    planes = read(tmp_path / "out" / "mark0.png").pixels[..., 0]
    assert planes.shape[0] % 5 == 0


def test_drafts_are_told_of_before_all_photos_are_read(
    street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, seen = tmp_path / "out", []
    out.mkdir()
    former = {"format": 1, "maps": 5, "labels": 5, "doubts": {"mark1": 0.9, "mark3": 0.8, "gone": 0.7}}
    (out / files.RESULTS).write_text(json.dumps(former))

    class Unsure:
        def chances(self, photo: Pixels) -> np.ndarray:
            seen.append(json.loads((out / files.RESULTS).read_text("utf-8")))
            return np.full((5, 2, 2), 0.2, np.float32)

    monkeypatch.setattr(drafts, "_learnt", lambda *_: Unsure())
    drafts.draft(street, others(tmp_path / "photos", 6), out, seconds=1)
    assert seen[0] == former
    assert seen[1]["doubts"] == {"mark1": 0.9, "mark3": 0.8, "mark0": 1.0} and seen[1]["whole"] is False
    assert set(seen[5]["doubts"]) == {f"mark{number}" for number in range(5)} and seen[5]["maps"] == 6
    told = json.loads((out / files.RESULTS).read_text("utf-8"))
    assert set(told["doubts"]) == {f"mark{number}" for number in range(6)} and "whole" not in told


def test_too_few_maps_are_a_sentence(tmp_path: Path) -> None:
    for number in range(4):
        labels, photo = house(number, 32)
        pair_store.keep(tmp_path / "few", Picture(pixels=labels), photo, "labels", HOUSES)
    with pytest.raises(TrainingError, match="“few” has 4 maps; drafts are made once there are 5"):
        drafts.draft(tmp_path / "few", [], tmp_path / "out", seconds=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("few_views")
def test_drafts_that_nobody_corrected_teach_nothing(street: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    shutil.copytree(street, folder)
    labels, photo = house(50, EDGE)
    pair_store.keep(folder, Picture(pixels=labels), photo, "labels", HOUSES, certainty=0.9)
    drafts.draft(folder, [], tmp_path / "out", seconds=60, steps=1)
    assert json.loads((tmp_path / "out" / files.RESULTS).read_text("utf-8"))["maps"] == 6


def test_a_place_that_cant_be_written_is_a_sentence(street: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(PictureError, match="can't be written"):
        drafts.draft(street, [], tmp_path / "file", seconds=1, steps=1)


@pytest.mark.parametrize("listed", ["", "[[1, 2]]", '[["../x", "y.png"]]', "[[]]", "7"])
def test_a_strange_list_of_photos_is_a_sentence(tmp_path: Path, listed: str) -> None:
    (tmp_path / "photos.json").write_text(listed)
    words = ["drafts", str(tmp_path), str(tmp_path / "photos.json"), str(tmp_path / "out")]
    result = CliRunner().invoke(commands, words)
    assert isinstance(result.exception, TrainingError)
    assert "can't be read" in str(result.exception)


def held_out(seed: int, right: float) -> list[HeldOut]:
    """What a head says of made-up maps that is sure of everything, and right about so many places."""
    found, random = [], torch.Generator().manual_seed(seed)
    for _ in range(6):
        truth = torch.randint(5, (12, 16), generator=random)
        others = (truth + torch.randint(1, 5, truth.shape, generator=random)) % 5
        said = torch.where(torch.rand(truth.shape, generator=random) < right, truth, others)
        logits = 4 * torch.nn.functional.one_hot(said, 5).permute(2, 0, 1).float()
        logits = logits + torch.randn((2, 5, 12, 16), generator=random)
        found.append(HeldOut(logits, torch.nn.functional.one_hot(truth, 5).permute(2, 0, 1).float()))
    return found


@pytest.mark.parametrize("right", [0.5, 0.57, 0.8, 0.95])
def test_as_much_is_told_as_is_true(right: float) -> None:
    """Of maps of the same sort, that the temperature was not found by."""
    found = calibrating.temperature(held_out(1, right))
    told, true = calibrating.predicted_and_true(held_out(2, right), found)
    assert told == pytest.approx(true, abs=0.1) and true == pytest.approx(right, abs=0.05)
    if right < 0.6:
        assert calibrating.predicted_and_true(held_out(2, right), 1.0)[0] > true + 0.2


def test_drafts_are_as_certain_as_those_of_maps_that_were_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [house(number, 32) for number in range(5)]
    photos = [photo for _, photo in made]
    maps = [(HOUSES.indices(labels), None) for labels, _ in made]
    asked: list[Sequence[HeldOut]] = []

    def unsure(held: Sequence[HeldOut]) -> float:
        asked.append(held)
        return 1e6

    monkeypatch.setattr(calibrating, "temperature", unsure)
    chances = learner.train_drafter(photos, maps, 5, seconds=60, steps=2).chances(photos[0])
    assert np.allclose(chances, 0.2, atol=1e-3)
    (held,) = asked
    wanted = [learner.shares(truth, None, 5, held[0].wanted.shape[1:]) for truth, _ in maps]
    # Each map once, a third of them after the other, and with its mirror image.
    places = [next(at for at in range(5) if torch.equal(wanted[at], one.wanted)) for one in held]
    assert places == [0, 3, 1, 4, 2]
    assert all(one.logits.shape[:2] == (2, 5) for one in held)


def test_doubt_is_of_what_is_unsure() -> None:
    sure, unsure = np.zeros((4, 3, 3), np.float32), np.full((4, 3, 3), 0.25, np.float32)
    sure[1] = 1
    assert drafts.doubt(sure) == pytest.approx(0, abs=1e-6) and drafts.doubt(unsure) == pytest.approx(1)


def test_parts_of_a_photo_keep_their_labels_and_their_place() -> None:
    labels, photo = house(1, EDGE)
    truth, random = HOUSES.indices(labels), np.random.default_rng(3)
    known = np.ones_like(truth)
    # Where each pixel is, as colours: a part shows where it was cut out.
    rows, columns = np.mgrid[0:EDGE, 0:EDGE].astype(np.uint8)
    for turn in (0, 1, 2, 3, 4):
        _, (part, there), box = learner.view(turn, photo, (truth, known), random)
        assert part.shape == there.shape and min(part.shape) >= EDGE / 1.7
        assert -1 <= box[0] < box[1] <= 1 and -1 <= box[2] < box[3] <= 1
        assert (turn > 1) == (part.shape != truth.shape)
    one = learner.view(3, photo, (rows, columns), np.random.default_rng(9))
    down, across = one[1]
    assert 2 * down[0, 0] / EDGE - 1 == pytest.approx(one[2][0])
    assert 2 * (down[-1, 0] + 1) / EDGE - 1 == pytest.approx(one[2][1])
    assert (down[:, :1] == down).all() and (across[:1] == across).all()
    assert np.array_equal(learner.view(1, photo, (truth, None), random)[1][0], truth[:, ::-1])
