"""Label maps whose pixels are numbers: seen as labels, coloured, what has no label left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.data.messages import Pixels
from engine.data.palette import Label, Palette
from engine.errors import PictureError
from tests.trainer.made_folders import COUNT, EDGE, numbers, parts, with_palette, written
from tests.trainer.made_pictures import HOUSES, house, save
from tests.trainer.small_runs import small
from trainer.data import pairs
from trainer.dataset_check import check, mend
from trainer.evaluation import scores
from trainer.files import layouts
from trainer.loading import augment
from trainer.loading.pair_loader import PairLoader
from trainer.pictures import indexed, palettes
from trainer.pictures.sources import IGNORED
from trainer.run import config

VOC = [indexed.made(number) for number in range(256)]
VOC[255] = (224, 224, 192)


def border(values: Pixels, number: int = 255) -> Pixels:
    """The numbers with a border around everything, as Pascal VOC has it."""
    edges = np.zeros(values.shape, np.bool_)
    edges[1:] |= values[1:] != values[:-1]
    edges[:, 1:] |= values[:, 1:] != values[:, :-1]
    return np.where(palettes.grown(edges, 1), np.uint8(number), values)


def many(seed: int, most: int) -> Pixels:
    """Numbers of many small things, up to ``most``."""
    random = np.random.default_rng(seed)
    image = Image.new("L", (EDGE, EDGE), 0)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = random.integers(0, EDGE, 2).tolist()
        draw.rectangle((x, y, x + 14, y + 14), int(random.integers(0, most + 1)))
    return np.array(image)


MAPS = {
    "0/1 masks": (lambda seed: (parts(seed)[0] == 1).astype(np.uint8), {0, 1}, set()),
    "0 to 4": (lambda seed: parts(seed)[0], set(range(5)), set()),
    "from 1": (lambda seed: parts(seed)[0] + np.uint8(1), set(range(1, 6)), set()),
    "with 255": (lambda seed: border(parts(seed)[0]), set(range(5)), {255}),
    "Cityscapes": (lambda seed: border(many(seed, 18)), None, {255}),
    "ADE20K": (lambda seed: many(seed, 149), None, set()),
}


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_numbers_are_labels(tmp_path: Path, name: str, mode: str) -> None:
    made, wanted, nothing = MAPS[name]
    used: set[int] = set()
    for seed in range(COUNT):
        values = made(seed)
        used |= set(np.unique(values).tolist())
        numbers(parts(seed)[1], tmp_path / "images" / f"{seed}.jpg")
        Image.fromarray(values).convert(mode).save(numbers(values, tmp_path / "masks" / f"{seed}.png"))
    data = pairs.find(tmp_path)
    assert (data.task, data.direction, data.problems) == ("labels", "“masks” → “images”", ())
    assert data.palette is not None and "label maps of numbers" in data.notes[0]
    found = {int(label.name.split()[1]) for label in data.palette.labels}
    assert found == (used - nothing if wanted is None else wanted)
    assert ("left out" in data.notes[0]) == bool(nothing)
    colours = data.palette.colours.astype(int)
    apart = np.abs(colours[:, None] - colours[None]).max(2) + 999 * np.eye(len(colours), dtype=int)
    assert apart.min() > palettes.REACH
    a, _ = pairs.load(data.pairs[1])
    values = made(1)
    assert ((a == IGNORED).all(2) == np.isin(values, list(nothing))).all()
    for label in data.palette.labels:
        assert ((a == label.colour).all(2) == (values == int(label.name.split()[1]))).all()
    assert {problem.kind for problem in check.check(data)} <= {"few", "tiny", "mis-paired", "mirrored"}


def test_a_files_palette_gives_the_colours(tmp_path: Path) -> None:
    for seed in range(COUNT):
        numbers(parts(seed)[1], tmp_path / "JPEGImages" / f"{seed}.jpg")
        with_palette(border(parts(seed)[0]), VOC, tmp_path / "SegmentationClass" / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert data.palette is not None and data.task == "labels"
    assert [label.colour for label in data.palette.labels] == VOC[:5]
    assert "the files' palette" in data.notes[0] and "255 means no label" in data.notes[0]


def test_drawings_that_files_keep_in_colours_of_their_own_are_no_numbers(tmp_path: Path) -> None:
    """Of a PNG with a list of colours the numbers say nothing where each file has another list."""
    for seed in range(COUNT):
        colours = np.random.default_rng(seed).integers(0, 256, (16, 3)).tolist()
        with_palette(parts(seed)[0], [tuple(colour) for colour in colours], tmp_path / "A" / f"{seed}.png")
        numbers(parts(seed)[1], tmp_path / "B" / f"{seed}.jpg")
    data = pairs.find(tmp_path)
    assert data.task == "image" and data.palette is None
    assert "label maps" not in " ".join(data.notes)


@pytest.mark.parametrize("odd", [{3}, {1, 3, 5}, set(range(COUNT))], ids=str)
def test_numbers_that_a_program_put_in_a_palette_of_its_own_stay_what_they_are(
    tmp_path: Path, odd: set[int]
) -> None:
    """Those that make PNG files smaller do so, each file for itself."""
    for seed in range(COUNT):
        values, photo = parts(seed)
        if seed in odd:
            order = np.random.default_rng(seed).permutation(5)
            greys = [(int(number),) * 3 for number in order]
            with_palette(np.argsort(order).astype(np.uint8)[values], greys, tmp_path / "A" / f"{seed}.png")  # type: ignore[arg-type]
        else:
            numbers(values, tmp_path / "A" / f"{seed}.png")
        numbers(photo, tmp_path / "B" / f"{seed}.jpg")
    data = pairs.find(tmp_path, palette=HOUSES)
    assert data.task == "labels"
    for seed in range(COUNT):
        assert (pairs.load(data.pairs[seed])[0] == HOUSES.colours[parts(seed)[0]]).all()


def test_a_palette_that_was_left_black_says_nothing(tmp_path: Path) -> None:
    for seed in range(COUNT):
        with_palette(parts(seed)[0], [(0, 0, 0)] * 5, tmp_path / "A" / f"{seed}.png")
        numbers(parts(seed)[1], tmp_path / "B" / f"{seed}.jpg")
    data = pairs.find(tmp_path, palette=HOUSES)
    assert (pairs.load(data.pairs[2])[0] == HOUSES.colours[parts(2)[0]]).all()


def shuffled(folder: Path, odd: int) -> Path:
    """Maps with a palette in the file, of which that of one has the same colours in another order."""
    colours = [label.colour for label in HOUSES.labels]
    for seed in range(20):
        values, photo = parts(seed)
        if seed == odd:
            with_palette(np.uint8(4) - values, colours[::-1], folder / "A" / f"{seed:02}.png")
        else:
            with_palette(values, colours, folder / "A" / f"{seed:02}.png")
        numbers(photo, folder / "B" / f"{seed:02}.jpg")
    return folder


def test_a_palette_in_another_order_is_found_in_any_map_looked_at(tmp_path: Path) -> None:
    data = pairs.find(shuffled(tmp_path, 19))
    assert data.task == "labels"
    for seed in (0, 19):
        assert (pairs.load(data.pairs[seed])[0] == HOUSES.colours[parts(seed)[0]]).all()


def test_a_palette_in_another_order_is_refused_beyond_those_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexed, "LOOKED_AT", 6)
    data = pairs.find(shuffled(tmp_path, 19))
    for problems in (check.check(data), check.stopping(data)):
        (told,) = [problem for problem in problems if problem.severe]
        assert "“A/19.png” has its palette's colours in another order than the other label maps" in str(told)
    assert (pairs.load(data.pairs[0])[0] == HOUSES.colours[parts(0)[0]]).all()


def test_a_palette_that_was_asked_for_may_have_the_files_colours_in_another_order(tmp_path: Path) -> None:
    """Those of the files are for the eye; it is the numbers that count."""
    for seed in range(COUNT):
        values, photo = parts(seed)
        colours = [label.colour for label in HOUSES.labels]
        with_palette(values, [*colours[1:], (9, 9, 9)], tmp_path / "A" / f"{seed}.png")
        numbers(photo, tmp_path / "B" / f"{seed}.jpg")
    data = pairs.find(tmp_path, palette=HOUSES)
    assert data.task == "labels" and data.palette == HOUSES
    assert [problem for problem in check.stopping(data) if problem.severe] == []
    assert (pairs.load(data.pairs[2])[0] == HOUSES.colours[parts(2)[0]]).all()


@pytest.mark.parametrize("is_given", [False, True])
def test_masks_of_one_are_those_of_255(tmp_path: Path, is_given: bool) -> None:
    """Some were made by one program, the others by another."""
    given = Palette("mine", (Label("ground", (0, 0, 0)), Label("wall", (200, 9, 9)))) if is_given else None
    for seed in range(COUNT):
        mask = (parts(seed)[0] == 1).astype(np.uint8)
        numbers(mask * np.uint8(1 if seed % 2 else 255), tmp_path / "masks" / f"{seed}.png")
        numbers(parts(seed)[1], tmp_path / "images" / f"{seed}.jpg")
    data = pairs.find(tmp_path, palette=given)
    assert data.palette is not None and len(data.palette.labels) == 2
    for seed in range(COUNT):
        labels = data.palette.indices(pairs.load(data.pairs[seed])[0])
        assert (labels == (parts(seed)[0] == 1)).all()
    assert "255 is taken for 1" in data.notes[0] and "no label" not in data.notes[0]
    again = pairs.find(tmp_path, task="labels", palette=data.palette, ignore=())
    assert pairs.digest(again) == pairs.digest(data)


def test_a_palette_names_the_numbers(tmp_path: Path) -> None:
    written(tmp_path, "images/{n}.jpg", "masks/{n}.png", "numbers")
    data = pairs.find(tmp_path, palette=HOUSES)
    assert data.palette == HOUSES
    assert (pairs.load(data.pairs[2])[0] == HOUSES.colours[parts(2)[0]]).all()
    short = Palette("short", HOUSES.labels[:3])
    with pytest.raises(PictureError, match="numbers up to 4, but the palette “short” has only 3"):
        pairs.find(tmp_path, palette=short)


def test_a_run_goes_on_with_the_palette_it_began_with(tmp_path: Path) -> None:
    written(tmp_path, "images/{n}.jpg", "masks/{n}.png", "numbers")
    data = pairs.find(tmp_path)
    assert data.palette is not None
    renamed = Palette(
        "mine", tuple(Label(f"thing {n}", label.colour) for n, label in enumerate(data.palette.labels))
    )
    for palette in (data.palette, renamed):
        again = pairs.find(tmp_path, task="labels", palette=palette, ignore=())
        assert pairs.digest(again) == pairs.digest(data) and again.palette == palette


def with_a_rare_number(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[pairs.DataSet, int]:
    """Maps of which one has a label that none of those looked at has; and the place of that pair."""
    monkeypatch.setattr(indexed, "LOOKED_AT", 6)
    for seed in range(20):
        values, photo = parts(seed)
        numbers(np.minimum(values, 2), folder / "labels" / f"{seed:02}.png")
        numbers(photo, folder / "photos" / f"{seed:02}.png")
    data = pairs.find(folder)
    looked_at = {source.file for source in layouts.spread([pair.a for pair in data.pairs], 6)}
    place = next(place for place, pair in enumerate(data.pairs) if pair.a.file not in looked_at)
    values = np.minimum(parts(place)[0], 2)
    values[:8], values[8:10], values[10:12] = 3, 255, 7
    numbers(values, data.pairs[place].a.file)
    return pairs.find(folder), place


def test_numbers_that_were_not_looked_at_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, place = with_a_rare_number(tmp_path, monkeypatch)
    file = data.pairs[place].a.file
    for problems in (check.check(data), check.stopping(data)):
        (told,) = [problem for problem in problems if problem.kind == "numbers"]
        assert not told.severe and told.pair == data.pairs[place].name
        assert str(told).startswith(
            f"“labels/{file.name}”: Its numbers 3 and 7 are in none of the label maps that were looked at, "
            "and so taken for no label. Give a palette that has them with --palette"
        )


def test_a_palette_knows_numbers_that_were_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, place = with_a_rare_number(tmp_path, monkeypatch)
    named = Palette("mine", tuple(Label(f"my {number}", indexed.made(number + 100)) for number in range(8)))
    assert data.palette is not None
    own = Palette("own", (*data.palette.labels, *(Label(f"my {n}", indexed.made(n)) for n in (3, 7))))
    for palette in (named, own):
        given = pairs.find(tmp_path, palette=palette)
        a, _ = pairs.load(given.pairs[place])
        assert palette.indices(a)[3, 3] == 3 and palettes.known(a)[11].all()
        assert (a[9] == IGNORED).all()
        assert not [problem for problem in check.check(given) if problem.kind == "numbers"]
        few = Palette("few", palette.labels[:3])
        assert pairs.find(tmp_path, palette=few).pairs[0].a.table == given.pairs[0].a.table  # in digests


def test_dark_photos_are_no_numbers(tmp_path: Path) -> None:
    for seed in range(COUNT):
        grey = np.array(Image.fromarray(house(seed, EDGE)[1]).convert("L"))
        numbers(grey // 8, tmp_path / "dark" / f"{seed}.png")
        numbers(house(seed, EDGE)[1], tmp_path / "light" / f"{seed}.png")
    data = pairs.find(tmp_path, swap=pairs.find(tmp_path).direction.startswith("“light”"))
    assert data.task == "image" and "numbers" in {problem.kind for problem in data.problems}
    said = " ".join(map(str, data.problems))
    assert "nearly black" in said and "--palette" in said


def test_photos_and_soft_edges_are_no_numbers(tmp_path: Path) -> None:
    for seed in range(COUNT):
        grey = Image.fromarray(house(seed, EDGE)[1]).convert("L")
        numbers(np.array(grey), tmp_path / "grey" / f"{seed}.png")
        numbers(house(seed, EDGE)[1], tmp_path / "seen" / f"{seed}.png")
    assert pairs.find(tmp_path).palette is None


# --- left out ----------------------------------------------------------------------------------------


@pytest.fixture
def ringed(tmp_path: Path) -> Path:
    """Pairs of which all photos are white where nothing is known."""
    for seed in range(COUNT):
        values, photo = parts(seed)
        values = border(values)
        photo = np.where((values == 255)[..., None], np.uint8(255), photo)
        numbers(photo, tmp_path / "images" / f"{seed}.png")
        numbers(values, tmp_path / "masks" / f"{seed}.png")
    return tmp_path


def test_what_has_no_label_is_left_out_of_the_loss(ringed: Path) -> None:
    import torch

    from trainer.machine.distributed import World
    from trainer.training.state import State
    from trainer.training.step import train_step

    data = pairs.find(ringed)
    made = small(data, size=(64, 64), steps=2, validation=0.0)
    assert config.from_json(config.to_json(made)) == made
    losses = []
    for spoilt in (False, True):
        state = State(made)
        with PairLoader(data, made.augment(), batch=2, seed=0, multiple=64, least=64) as loader:
            batch = next(loader)
        assert batch.known.shape == (2, 1, 64, 64) and 0.3 < float(batch.known.mean()) < 1
        targets = batch.targets
        if spoilt:  # whatever stands there
            targets = torch.where(batch.known > 0, targets, torch.rand_like(targets) * 2 - 1)
        with torch.no_grad():
            first = state.generate(batch.inputs)[:, :, :64, :64]
        wanted = ((first - targets).abs() * batch.known).mean()
        told = train_step(state, made, World(), batch.inputs, targets, batch.known)
        losses.append(float(told[0]))
        assert abs(losses[-1] - float(wanted)) < 0.05
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_the_network_sees_labels_where_none_is_known(ringed: Path) -> None:
    data = pairs.find(ringed)
    made = small(data, size=(64, 64), steps=1)
    sample = augment.still(data.pairs[0], made.augment())
    assert sample.known is not None and (sample.known == 0).any()
    assert sample.prepared.max() < 5
    values = border(parts(0)[0])
    known = sample.known > 0
    assert (known == (values != 255)).all() and (sample.prepared[..., 0][known] == values[known]).all()
    white = np.full_like(sample.target, 7)
    assert (sample.masked(white)[~known] == sample.target[~known]).all()


def test_scores_leave_out_what_is_not_known() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    made = target.copy()
    known = np.ones((32, 32), np.bool_)
    known[:8] = False
    made[:8] = 255 - made[:8]
    right = scores.likeness(target, target)
    assert scores.likeness(made, target, known) == pytest.approx(right)
    assert scores.likeness(made, target)["l1"] > 0.1
    reading = scores.Reading(2)
    reading.add(np.where(known, 1, 0).astype(np.uint8), np.ones((32, 32), np.uint8), known)
    assert reading.shares()["pixel_accuracy"] == 1
    histograms = scores.Histograms()
    histograms.add(made, target, known)
    assert histograms.intersection()["histogram_L"] == pytest.approx(1)


def test_a_mended_copy_keeps_what_is_left_out(ringed: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    data = pairs.find(ringed)
    out = tmp_path_factory.mktemp("out") / "mended"
    assert mend.mend(data, [], out) == COUNT
    again = pairs.find(out)
    for one, other in zip(data.pairs, again.pairs, strict=True):
        assert (pairs.load(one)[0] == pairs.load(other)[0]).all()


def coloured(folder: Path, void: tuple[int, int, int]) -> Path:
    """Coloured label maps with a border."""
    for seed in range(COUNT):
        values, photo = parts(seed)
        values = border(values, 5)
        numbers(np.array([*HOUSES.colours.tolist(), void], np.uint8)[values], folder / "A" / f"{seed}.png")
        numbers(photo, folder / "B" / f"{seed}.png")
    return folder


def test_borders_of_coloured_maps(tmp_path: Path) -> None:
    voc = pairs.find(coloured(tmp_path / "voc", (224, 224, 192)))
    assert voc.palette is not None and len(voc.palette.labels) == 5
    assert voc.ignored == ((224, 224, 192),) and "left out" in voc.notes[0] and not voc.problems
    other = coloured(tmp_path / "other", (255, 255, 255))
    (problem,) = pairs.find(other).problems
    assert problem.kind == "border" and "--ignore 255,255,255" in str(problem)
    asked = pairs.find(other, ignore=[(255, 255, 255)])
    assert asked.palette is not None and len(asked.palette.labels) == 5 and not asked.problems
    named = pairs.find(other, palette=HOUSES)
    assert named.ignored == ((255, 255, 255),) and "no label of the palette" in named.notes[0]
    assert pairs.find(other, palette=HOUSES, ignore=()).ignored == ()
    a, _ = pairs.load(named.pairs[0])
    assert ((a == IGNORED).all(2) == (border(parts(0)[0]) == 255)).all()


def test_maps_without_a_border_keep_all_labels(tmp_path: Path) -> None:
    for seed in range(COUNT):
        labels, photo = house(seed)
        save(labels, tmp_path / "A" / f"{seed}.png")
        save(photo, tmp_path / "B" / f"{seed}.png")
    data = pairs.find(tmp_path)
    assert (data.problems, data.ignored, data.notes) == ((), (), ())
