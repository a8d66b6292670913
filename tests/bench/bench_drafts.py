"""How good drafts of label maps are, and what they save: learnt from 20 maps of facades, drafts of 20 others.

The hand is simulated: again and again it makes the one click that puts most pixels right, until ``GOAL`` of
them are: smart fill on a single region or on all that is alike around it, or the plain fill on an area of one
label; over a draft, also smart fill with Ctrl, or with Ctrl and Shift, by the draft. From nothing it begins
with the commonest label everywhere, from a draft with that. By hand, without smart fill, it draws each area
of one label as one shape, the largest first: the least needed. All photos are of the validation split,
drawn once by ``SEED``: whoever tunes the learner does so on photos of the training split. They lie beside the
project; without them there is no row.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from desktop.paint.gestures.superpixels import Regions, regions_in
from desktop.paint.layers.composite import from_straight
from desktop.pairs import kept_drafts
from engine.data.messages import Picture, Pixels
from engine.data.picture import write_png
from tests.bench.labelling import alike
from tests.bench.rows import Row
from trainer.data import pairs
from trainer.drafting import drafts as drafting
from trainer.files import pair_store
from trainer.pictures import palettes

FACADES = Path(__file__).resolve().parents[3] / "shared" / "data" / "facades"
MAPS = 20
SEED = 19
SECONDS = 100.0
GOAL = 0.8
"""Of a map's pixels; regions of a photo don't follow a label map's rectangles much further than that."""
TOLERANCES = (0, 32)
"""Of smart fill: one region, and as it comes."""


@dataclass
class Front:
    """A photo, uint8 (H, W, 3), and its labels, uint8 (H, W)."""

    photo: Pixels
    labels: Pixels


def run() -> list[Row]:
    """Pixels right, and steps."""
    if not FACADES.is_dir():
        print(f"there is no “{FACADES}”; drafts are not measured", file=sys.stderr)
        return []
    data = pairs.find(FACADES, task="labels")
    assert data.palette is not None
    listed_pairs = sorted(data.of_split("val").pairs, key=str)
    fronts = []
    for number in np.random.default_rng(SEED).permutation(len(listed_pairs))[: 2 * MAPS]:
        drawn, photo = pairs.load(listed_pairs[number])
        fronts.append(Front(photo, palettes.labelled(drawn, data.palette)))
    count = len(data.palette.labels)
    with tempfile.TemporaryDirectory(prefix="underpaint-") as name:
        folder, out = Path(name, "pairs"), Path(name, "drafts")
        for front in fronts[0::2]:
            picture = Picture(pixels=data.palette.colours[front.labels])
            pair_store.keep(folder, picture, front.photo, "labels", data.palette)
        others = fronts[1::2]
        listed = [(f"m{number}", Path(name, f"{number}.png")) for number in range(len(others))]
        for front, (_, file) in zip(others, listed, strict=True):
            write_png(file, front.photo)
        began = time.process_time()
        drafting.draft(folder, listed, out, seconds=SECONDS)
        spent = time.process_time() - began
        drafts = kept_drafts.read(out)
        empty = int(np.bincount(np.concatenate([front.labels.reshape(-1) for front in others])).argmax())
        right, all_steps = [], []
        for front, (mark, _) in zip(others, listed, strict=True):
            draft = kept_drafts.labels_of(drafts, mark, front.photo, count)
            assert draft is not None
            right.append(float((draft == front.labels).mean()))
            nothing = np.full_like(front.labels, empty)
            all_steps.append((*clicks(front, nothing, draft, count), shapes(front, count)))
    print("pixels right, photo by photo:", *(f"{share:.2f}" for share in right), file=sys.stderr)
    doubts = dict(drafts.doubts)
    agreement = float(np.corrcoef([doubts[mark] for mark, _ in listed], right)[0, 1])
    bare, plainly, corrected, hand = np.mean(all_steps, 0).tolist()
    print(
        f"{bare:.1f} clicks from nothing, {corrected:.1f} from a draft, {plainly:.1f} without Ctrl; "
        f"{hand:.1f} shapes by hand",
        file=sys.stderr,
    )
    what = f"{MAPS} facades drafted by {MAPS} others"
    return [
        Row(
            f"{what}, pixels right",
            0.60,
            float(np.mean(right)),
            "",
            least=True,
            span=(min(right), max(right)),
        ),
        Row(f"{what}, doubt against pixels right, correlation", 0.0, agreement, ""),
        Row(f"{what}, processor time to learn and read", None, spent, "s"),
        Row(f"clicks from a draft to {GOAL:.0%} right, of those from nothing", 1 / 3, corrected / bare, "×"),
        Row(f"clicks from a draft to {GOAL:.0%} right, of shapes drawn by hand", None, corrected / hand, "×"),
    ]


def clicks(front: Front, empty: Pixels, draft: Pixels, count: int) -> list[int]:
    """How many clicks bring a map to ``GOAL``, or as far as clicks help: from nothing, from a draft that was
    found last, and from that with Ctrl."""
    regions = regions_in(from_straight(front.photo))
    numbers = whole(regions).reshape(-1)
    total = len(regions.colours)
    there = np.zeros((total, count), np.float32)
    np.add.at(there, (numbers, front.labels.reshape(-1)), 1)
    # What a click can reach is the same for all of them, and takes longest to find.
    reach = np.unique(
        np.stack([regions.around(seed, by) for by in TOLERANCES for seed in range(total)]), axis=0
    ).astype(np.float32)
    by_draft = [alike(regions, far) for far in (False, True)]
    return [
        _clicks(front, one, regions, numbers, there, reach, with_ctrl)
        for one, with_ctrl in ((empty, []), (draft, []), (draft, by_draft))
    ]


def _clicks(
    front: Front,
    begun: Pixels,
    regions: Regions,
    numbers: npt.NDArray[np.int32],
    there: npt.NDArray[np.float32],
    reach: npt.NDArray[np.float32],
    by_draft: Sequence[npt.NDArray[np.float32]],
) -> int:
    total, count = there.shape
    held = np.zeros_like(there)
    np.add.at(held, (numbers, begun.reshape(-1)), 1)
    now = held.argmax(1)
    right = np.bincount(numbers[(begun == front.labels).reshape(-1)], minlength=total).astype(np.float32)
    would = reach @ there
    useless: set[tuple[int, int, int]] = set()
    done = 0
    while right.sum() < GOAL * front.labels.size:
        areas = plain(regions, now)
        of_areas = np.zeros((areas.max() + 1, count), np.float32)
        np.add.at(of_areas, areas, there)
        gain = would.max(1) - reach @ right
        gain_of_areas = of_areas.max(1) - np.bincount(areas, right)
        most, gain_by_draft, seed, far, label = max(gain.max(), gain_of_areas.max()), 0.0, -1, 0, -1
        for number, within in enumerate(by_draft):
            assert regions.likely is not None
            gains = within @ ((there - right[:, None]) * (regions.likely.argmax(1) == now)[:, None])
            for place, of, other in useless:
                gains[place, other] *= of != number
            if gains.max() > gain_by_draft:
                seed, label = divmod(int(gains.argmax()), count)
                gain_by_draft, far = float(gains.max()), number
        if max(most, gain_by_draft) <= 0:
            break
        if gain_by_draft > most:
            filled = regions.alike(seed, bool(far), now)  # what is there by now may cut it short
            if (there[filled, label] - right[filled]).sum() < 0.5 * gain_by_draft:
                useless.add((seed, far, label))
                continue
        elif gain.max() >= gain_of_areas.max():
            best = int(gain.argmax())
            filled, label = reach[best] > 0, int(would[best].argmax())
        else:
            best = int(gain_of_areas.argmax())
            filled, label = areas == best, int(of_areas[best].argmax())
        now[filled], right[filled] = label, there[filled, label]
        done += 1
    return done


def plain(regions: Regions, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Which area of one label each region is of, (n,): what the plain fill would take."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    same = regions.beside[labels[regions.beside[:, 0]] == labels[regions.beside[:, 1]]]
    links = coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), (len(labels), len(labels)))
    areas: npt.NDArray[np.int32] = connected_components(links, directed=False)[1]
    return areas


def shapes(front: Front, count: int) -> int:
    """How many areas of one label there are to draw, the largest first, until ``GOAL`` is covered."""
    from scipy import ndimage

    sizes: list[int] = []
    for label in range(count):
        found, _ = ndimage.label(front.labels == label)
        sizes += np.bincount(found.reshape(-1))[1:].tolist()
    covered = np.cumsum(sorted(sizes, reverse=True))
    return int((covered < GOAL * front.labels.size).sum()) + 1


def whole(regions: Regions) -> npt.NDArray[np.int32]:
    """The number of each of a photo's pixels' regions, (H, W)."""
    rows, columns = (
        np.arange(side) * part // side
        for side, part in zip(regions.shape, regions.numbers.shape, strict=True)
    )
    return regions.numbers[rows[:, None], columns]
