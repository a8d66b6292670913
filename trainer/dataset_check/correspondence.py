"""Whether the two sides of a pair show the same thing: finds mirrored and mixed-up pairs.

Two ways of seeing it are tried on the data set itself, and the clearer one is taken: where both sides
have edges in the same places (drawings); and how well the photo's colours and edges follow from the
input's by a linear fit over all pairs (label maps, street maps, night from day). What pictures of
different pairs have in common says what chance alone would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]

Verdict = Literal["fits", "mirrored", "foreign"]

FEWEST = 4
"""Pairs from which anything can be learnt."""

_EDGES, _CELLS, _FINE = 64, 32, 4
"""Grids on which edges and colours are compared, and by how many pixels a cell's colours are told."""

SEEN = _CELLS * _FINE
"""Edge, pixels, to which pictures are reduced before anything else."""

_CLEAR = 2.2
"""By how many standard deviations of foreign pairs the usual pair must stand out."""

_FOREIGN = 0.15
"""A pair that lies no further on the way from foreign pairs to the usual one is taken for foreign …"""

_MIRRORED = 0.5
"""… and to be a mirrored one, its mirror image must lie so far, and clearly further than itself."""

_QUIET = 0.3
"""Pictures with less in them than this share of the usual can't be judged."""


_SWAPPED = 0.3
"""Two pairs have changed partners if both fit so much better, of that way, the other way round."""

MOST_SWAPPED = 3000
"""Among more pairs than this, changed partners aren't looked for: each is compared with each."""


class Judgement(NamedTuple):
    """Of a pair by itself; and what was compared of its sides, float16, for comparing it with others."""

    verdict: Verdict
    sides: tuple[Halves, Halves] | None


class _Way:
    """One way of comparing; subclasses say what of a picture is compared."""

    usual: float
    chance: float
    spread: float
    usual_strength: tuple[float, float]

    def seen(self, a: Pixels, b: Pixels) -> tuple[Floats, Floats]:
        """What is compared of either side: arrays of one shape, (planes, n, n), mean 0."""
        raise NotImplementedError

    def learn(self, pictures: Sequence[tuple[Floats, Floats]]) -> None:
        """Note what usual and foreign pairs are like."""
        ones = np.stack([_unit(one) for one, _ in pictures])
        others = np.stack([_unit(other) for _, other in pictures])
        table = ones @ others.T
        foreign = table[~np.eye(len(table), dtype=np.bool_)]
        self.usual = float(np.median(np.diag(table)))
        self.chance, self.spread = float(foreign.mean()), float(foreign.std())
        strengths = np.array([(_strength(one), _strength(other)) for one, other in pictures])
        one, other = np.median(strengths, axis=0)
        self.usual_strength = float(one), float(other)

    @property
    def clearness(self) -> float:
        """How far the usual pair stands out from foreign ones, in standard deviations."""
        return (self.usual - self.chance) / max(self.spread, 1e-3)

    def is_busy(self, one: Floats, other: Floats) -> bool:
        """Whether there is enough in both sides to be compared."""
        return all(
            _strength(side) >= _QUIET * usual
            for side, usual in zip((one, other), self.usual_strength, strict=True)
        )


class _ByEdges(_Way):
    """Where edges lie, their strength evened out over the picture."""

    def __init__(self, pairs: Sequence[tuple[Pixels, Pixels]]) -> None:
        self.learn([self.seen(a, b) for a, b in pairs])

    def seen(self, a: Pixels, b: Pixels) -> tuple[Floats, Floats]:
        return self._evened(a), self._evened(b)

    def _evened(self, pixels: Pixels) -> Floats:
        edges = _blurred(_edges(_small(pixels, _EDGES)), 1)
        local = _blurred(edges, 8)
        spread = np.sqrt(np.maximum(_blurred((edges - local) ** 2, 8), 0))
        evened: Floats = (edges - local) / (spread + 2)
        return _centred(evened)


class _ByFit(_Way):
    """What of the photo follows from the input, by ridge regression over the cells of all pairs."""

    def __init__(self, pairs: Sequence[tuple[Pixels, Pixels]]) -> None:
        known = np.stack([self._known(a) for a, _ in pairs])
        wanted = np.stack([_centred(self._cells(b)) for _, b in pairs])
        self._scale_known = known.std((0, 2, 3), keepdims=True)[0] + 1e-6
        self._scale_wanted = wanted.std((0, 2, 3), keepdims=True)[0] + 1e-6
        inputs = _rows(known / self._scale_known)
        targets = _rows(wanted / self._scale_wanted)
        ridge = 0.01 * len(inputs) * np.eye(inputs.shape[1], dtype=np.float32)
        self._weights = np.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ targets)
        self.learn([self.seen(a, b) for a, b in pairs])

    def seen(self, a: Pixels, b: Pixels) -> tuple[Floats, Floats]:
        wanted: Floats = _centred(self._cells(b)) / self._scale_wanted
        rows = _rows((self._known(a) / self._scale_known)[None]) @ self._weights
        return rows.T.reshape(wanted.shape), wanted

    def _known(self, pixels: Pixels) -> Floats:
        from scipy import ndimage

        cells = self._cells(pixels)
        around = ndimage.uniform_filter(cells, (0, 3, 3))
        mixed = cells[:3] * cells[[1, 2, 0]]
        return _centred(np.concatenate([cells, cells * cells, mixed, around]))

    def _cells(self, pixels: Pixels) -> Floats:
        """Mean colour and edge strengths of each cell: float32 (5, cells, cells)."""
        small = _small(pixels, SEEN)
        planes = np.concatenate([small / 255, _edges(small) / 16])
        means: Floats = planes.reshape(5, _CELLS, _FINE, _CELLS, _FINE).mean((2, 4))
        return means


class Correspondence:
    """What the pairs of a data set have in common, learnt from some of them."""

    def __init__(self, way: _Way) -> None:
        self._way = way

    @classmethod
    def fit(cls, pairs: Sequence[tuple[Pixels, Pixels]]) -> Correspondence | None:
        """From up to some hundred pairs, each side as ``reduced`` gives it, most of which fit.

        None where there are too few, or where nothing that is seen here tells pairs from chance.
        """
        if len(pairs) < FEWEST:
            return None
        ways: list[_Way] = [_ByEdges(pairs), _ByFit(pairs)]
        best = max(ways, key=lambda way: way.clearness)
        return cls(best) if best.clearness >= _CLEAR else None

    def judge(self, a: Pixels, b: Pixels, keep_sides: bool = True) -> Judgement:
        """Whether two sides, uint8 (H, W, 3), are a pair as the others are; in doubt they are.

        Args:
            keep_sides: for ``swapped``; they take 20 to 32 kB.
        """
        way = self._way
        one, other = way.seen(reduced(a), reduced(b))
        unit, mirror_image = _unit(one), _unit(other[..., ::-1])
        own, mirrored = float(unit @ _unit(other)), float(unit @ mirror_image)
        span = way.usual - way.chance
        verdict: Verdict = "fits"
        if way.is_busy(one, other):
            if mirrored > way.chance + _MIRRORED * span and mirrored > own + max(0.08, 0.25 * span):
                verdict = "mirrored"
            elif own < way.chance + _FOREIGN * span:
                verdict = "foreign"
        sides = (unit.astype(np.float16), _unit(other).astype(np.float16)) if keep_sides else None
        return Judgement(verdict, sides)

    def swapped(self, judgements: Sequence[Judgement]) -> list[tuple[int, int]]:
        """Pairs that have changed partners, as places in the sequence, the first one lower.

        Much surer than a pair's own verdict, as two inputs and two photos have to agree. None where not all
        sides were kept.
        """
        kept = [judgement.sides for judgement in judgements if judgement.sides is not None]
        if len(kept) < max(2, len(judgements)) or len(kept) > MOST_SWAPPED:
            return []
        ones, others = (np.stack(side).astype(np.float32) for side in zip(*kept, strict=True))
        table = ones @ others.T
        gain = table - np.diag(table)[:, None]
        both = np.minimum(gain, gain.T)
        np.fill_diagonal(both, -np.inf)
        best = both.argmax(1)
        enough = both.max(1) > _SWAPPED * (self._way.usual - self._way.chance)
        return [
            (index, int(other))
            for index, other in enumerate(best)
            if enough[index] and best[other] == index and index < other
        ]


def reduced(pixels: Pixels) -> Pixels:
    """All that is looked at of a picture uint8 (H, W, 3): uint8 (SEEN, SEEN, 3)."""
    if pixels.shape[:2] == (SEEN, SEEN):
        return pixels
    return np.array(_resized(pixels, SEEN))


def _small(pixels: Pixels, edge: int) -> Floats:
    """float32 (3, edge, edge)."""
    return np.asarray(_resized(pixels, edge), np.float32).transpose(2, 0, 1)


def _resized(pixels: Pixels, edge: int) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels)).resize((edge, edge), Image.Resampling.BOX)


def _edges(planes: Floats) -> Floats:
    """Strength of edges across and down, of the channel where it is greatest: float32 (2, H, W), 0 to 16."""
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = np.abs(padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]).max(0)
    down = np.abs(padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]).max(0)
    strength: Floats = np.sqrt(np.stack([across, down]))
    return strength


def _blurred(planes: Floats, sigma: int) -> Floats:
    """A Gaussian of ``sigma`` pixels across and down, (planes, n, n): as products, which are far quicker."""
    weights = _gaussian(planes.shape[-1], sigma)
    return np.asarray(weights @ planes @ weights.T, np.float32)


@cache
def _gaussian(length: int, sigma: int) -> Floats:
    """What a Gaussian makes of each pixel of a line, (n, n)."""
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter1d(np.eye(length), sigma, axis=0), np.float32)


def _centred(planes: Floats) -> Floats:
    centred: Floats = planes - planes.mean((1, 2), keepdims=True)
    return centred


def _rows(pictures: Floats) -> Floats:
    """(N, planes, H, W) as one row a place, (N H W, planes)."""
    return np.moveaxis(pictures, 1, -1).reshape(-1, pictures.shape[1])


def _strength(planes: Floats) -> float:
    return float(np.sqrt((planes * planes).mean()))


def _unit(planes: Floats) -> Floats:
    flat = planes.reshape(-1)
    unit: Floats = flat / (np.sqrt((flat * flat).sum()) + np.float32(1e-6))
    return unit
