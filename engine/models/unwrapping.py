"""The generator inside what a training saved: wrappers taken off, normed weights brought back to plain ones.

People save more than one network in a file (``{"epoch": 3, "G_state_dict": …, "D_state_dict": …}``,
Lightning's ``state_dict`` with the name of each network before its weights), and what parallel training or
compiling wraps round a network stays in the names of its weights.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

MOST_DEPTH = 6
"""Dictionaries inside dictionaries that are looked through."""

MOST_LISTED = 64
"""Networks of a list that are looked at, and of one dictionary at most."""

MOST_WALKED = 8 << 20
"""Entries of dictionaries and characters of their names, each as often as one comes by it: twice what a
pickle can hold. One dictionary may lie in many, and these in many."""
_EACH = 250
"""Entries that a dictionary counts for besides its own."""

_WRAPPERS = ("module", "_orig_mod")
"""Left in the names by DataParallel and by torch.compile."""

_BEGINNINGS = ("model.model.0.weight", "model.1.weight", "model1_1.1.weight")
"""The first weights of a U-Net, of a residual generator, of pix2pixHD's with an enhancer."""


class Claimed(Protocol):
    """A tensor that a file claims, not made yet."""

    @property
    def size(self) -> tuple[int, ...]:
        """Its shape."""


@dataclass(frozen=True)
class Network:
    """Weights that belong together, and where they were found: the ``label``, empty for the whole file."""

    label: str
    leaves: dict[str, Any]
    """By names without wrappers; of normed weights (spectral norm, weight norm) all parts."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the weights, as they are once the parts of normed ones have been put together."""
        return {
            plain: self.leaves[name].size
            for name in self.leaves
            if (plain := _plain(name, self.leaves)) is not None
        }


def networks(file: str, value: Any) -> list[Network]:
    """All networks in what was saved: each dictionary of weights, in parts where prefixes tell them apart.

    Args:
        file: the file's name, for sentences.
        value: nested dictionaries, or a list of such; a leaf is whatever has a ``size`` and no items.

    Raises:
        ModelError: it takes too long to look through.
    """
    found: list[tuple[tuple[str, ...], dict[str, Any]]] = []
    walked = 0
    for path, entries in _dictionaries(value, ()):
        names = [*path, *(key for key in entries if isinstance(key, str))]
        walked += _EACH + len(entries) + sum(map(len, names))
        if walked > MOST_WALKED:
            raise ModelError(
                f"The dictionaries in “{file}” lie in each other too often; "
                "save the network's bare state_dict."
            )
        leaves = _leaves(entries)
        if not leaves:
            continue
        prefixes = _prefixes(leaves)
        if len(prefixes) > MOST_LISTED:
            raise ModelError(
                f"“{file}” holds more than {MOST_LISTED} networks in one; save one's bare state_dict."
            )
        if not prefixes:
            found.append((path, _without(leaves, "")))
        for prefix in prefixes:
            words = tuple(word for word in prefix.split(".") if word and word not in _WRAPPERS)
            found.append(((*path, *words), _without(leaves, prefix)))
    shared = 0  # of the paths: what all begin with tells none of them apart
    while len(found) > 1 and all(len(path) > shared + 1 for path, _ in found):
        if len({path[shared] for path, _ in found}) > 1:
            break
        shared += 1
    return [Network("/".join(path[shared:]), leaves) for path, leaves in found]


def is_generator(network: Network) -> bool:
    """Whether its weights have the names of a generator's."""
    shapes = network.shapes
    return _BEGINNINGS[0] in shapes or any(".conv_block." in name for name in shapes)


def chosen(file: str, found: list[Network], wanted: str | None) -> Network:
    """The one generator of several networks.

    Args:
        file: the file's name, for sentences.
        wanted: the label of one, or the last part of it.

    Raises:
        ModelError: there are several and none is wanted, or there is none of that name.
    """
    generators = [network for network in found if is_generator(network)]
    names = ", ".join(f"“{network.label}”" for network in generators)
    if wanted is not None:
        fitting = [one for one in generators if wanted in (one.label, one.label.rpartition("/")[2])]
        if len(fitting) != 1:
            there = f"there are {names}" if generators else "there is none at all"
            raise ModelError(f"“{file}” holds no one generator “{wanted}”; {there}.")
        return fitting[0]
    if len(generators) > 1:
        raise ModelError(
            f"“{file}” holds several generators, {names}; choose one: underpaint import {file} "
            f"--generator {generators[0].label}"
        )
    if generators:
        return generators[0]
    return max(found, key=lambda network: len(network.leaves))  # of which the error is to speak


def plain(tensors: dict[str, Tensor], transposed: set[str], file: str) -> dict[str, Tensor]:
    """Weights without norms on them: spectral norm and weight norm computed as a trained network has them.

    Args:
        tensors: of one network, all parts.
        transposed: names of weights of transposed convolutions, which keep their outputs second.
        file: the file's name, for sentences.

    Raises:
        ModelError: parts are missing or don't fit together.
    """
    answer: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        weight = _plain(name, tensors)
        if weight is None:
            continue
        if weight == name:
            answer[name] = tensor
            continue
        try:
            answer[weight] = _put_together(name, weight, tensors, 1 if weight in transposed else 0)
        except (KeyError, RuntimeError, IndexError) as error:
            raise ModelError(
                f"In “{file}” the parts of the normed weights “{weight}” don't fit together; fetch it anew."
            ) from error
    return answer


def _put_together(name: str, weight: str, tensors: Mapping[str, Tensor], axis: int) -> Tensor:
    import torch

    layer = weight.removesuffix(".weight")
    value = tensors[name].double()
    if name.endswith((".weight_v", ".original1")):  # weight norm: a direction and its length
        length = tensors[f"{layer}.weight_g" if name.endswith("_v") else name[:-1] + "0"].double()
        others = [index for index in range(value.dim()) if index != 0]
        own: Tensor = torch.linalg.vector_norm(value, dim=others, keepdim=True)
        return torch.mul(value, torch.div(length, own)).float()
    old = name.endswith("_orig")
    u, v = (
        tensors[f"{layer}.weight_{x}" if old else f"{layer}.parametrizations.weight.0._{x}"] for x in "uv"
    )
    matrix = value.movedim(axis, 0).flatten(1)
    sigma = torch.dot(u.double(), matrix @ v.double())
    return torch.div(value, sigma).float()


def _plain(name: str, among: Mapping[str, Any]) -> str | None:
    """What a weight is called without its norm; None for the parts that it is computed with."""
    layer, _, last = name.rpartition(".")
    before, _, kind = layer.rpartition(".parametrizations.")
    if kind == "weight" and before:
        return f"{before}.weight" if last in ("original", "original1") else None
    if kind == "weight.0" and before and last in ("_u", "_v"):
        return None
    if last == "weight_orig":
        return f"{layer}.weight"
    if last == "weight_v" and f"{layer}.weight_g" in among:
        return f"{layer}.weight"
    parts = {"weight_u": "weight_orig", "weight_v": "weight_orig", "weight_g": "weight_v"}
    return None if last in parts and f"{layer}.{parts[last]}" in among else name


def _dictionaries(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[Any, Any]]]:
    if len(path) <= 1 and isinstance(value, (list, tuple)):  # of state dicts, one a network
        value = dict(enumerate(value[:MOST_LISTED]))
    if not isinstance(value, dict) or len(path) > MOST_DEPTH:
        return
    yield path, value
    for key, one in value.items():
        if isinstance(key, str) or (type(key) is int and len(path) <= 1):
            yield from _dictionaries(one, (*path, str(key)))


def _leaves(entries: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: one for key, one in entries.items() if isinstance(key, str) and hasattr(one, "size")}


def _prefixes(leaves: Mapping[str, Any]) -> list[str]:
    """What stands before the names of each generator's weights, in their order."""
    names = {plain for name in leaves if (plain := _plain(name, leaves)) is not None}
    # In order, so that whether one begins in some way is found without a look at each.
    residual = sorted(name for name in names if ".conv_block." in name)
    found: dict[str, None] = {}
    for name in leaves:
        weight = _plain(name, leaves)
        for beginning in _BEGINNINGS:
            if weight is None or not weight.endswith(beginning):
                continue
            prefix = weight.removesuffix(beginning)
            whole = not prefix or prefix.endswith(".")
            if beginning == "model.1.weight" and not _any_begins(residual, f"{prefix}model."):
                continue
            if whole:
                found[prefix] = None
    return list(found)


def _any_begins(names: list[str], beginning: str) -> bool:
    """Whether any of the names, which are in order, begins so."""
    index = bisect_left(names, beginning)
    return index < len(names) and names[index].startswith(beginning)


def _without(leaves: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The weights whose names begin with ``prefix``, by what follows it; wrappers are taken off as well."""
    kept = {}
    for name, leaf in leaves.items():
        if not name.startswith(prefix):
            continue
        rest = name.removeprefix(prefix)
        while rest.startswith(tuple(f"{word}." for word in _WRAPPERS)):
            rest = rest.partition(".")[2]
        kept[rest] = leaf
    return kept
