"""Several processes, one training: started by ``torchrun``, they share each batch and agree on every step.
They may be on several machines, which see the run folder under the same path.

Each process takes its part of the batch. Norms take their moments over the whole batch
(``trainer.training.norms``), gradients are averaged, so all hold the same weights, and these equal those of a
single process up to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from trainer.machine import network
from trainer.machine.errors import TrainingError
from trainer.machine.lookout import Lookout, LostError, end_with

MEETING_SECONDS = 300
"""For all processes to come together: people start them by hand, machine after machine."""

SKEW = timedelta(days=1)
"""One may be so far behind the others, at the most: where the leading one looks at many photos, for instance.
Those that are gone are found out by ``trainer.machine.lookout``."""


@dataclass(frozen=True)
class World:
    """This process among those that train together."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Number of the process on its machine, and of its graphics card."""

    @property
    def leads(self) -> bool:
        """Whether this process writes the run folder and speaks to the user."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Of ``count`` pictures, those of this process."""
        share = count // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def mean_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make all gradients the mean over the processes."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        add_up(flat)
        flat /= self.size
        means = torch.split(flat, [gradient.numel() for gradient in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, values: Tensor) -> Tensor:
        """The mean of ``values`` over the processes."""
        if self.size == 1:
            return values
        total = values.clone()
        add_up(total)
        return total / self.size

    def agreed(self, request: bool) -> bool:
        """Whether any process asks for it; all get the same answer."""
        if self.size == 1:
            return request
        return bool(self._greatest([float(request)])[0])

    def alike(self, number: int) -> bool:
        """Whether all processes have the same number, up to 2⁵³; all get the same answer."""
        if self.size == 1:
            return True
        most, least = self._greatest([float(number), -float(number)])
        return most == -least

    def first(self, work: Callable[[], object]) -> None:
        """Have the leading process do something alone; the others wait until it is done.

        Raises:
            TrainingError: in the others, that it could not be done; in the leading one, what it raised.
        """
        if not self.leads:
            if self.agreed(False):
                raise TrainingError("The first process could not begin this training; it says there why.")
            return
        try:
            work()
        except BaseException:
            self.agreed(True)
            raise
        self.agreed(False)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            with reaching(self.size):
                dist.barrier()

    def _greatest(self, numbers: list[float]) -> list[float]:
        device = f"cuda:{self.local_rank}" if dist.get_backend() == "nccl" else "cpu"
        tensor = torch.tensor(numbers, device=device, dtype=torch.float64)
        with reaching(self.size):
            dist.all_reduce(tensor, dist.ReduceOp.MAX)
        return tensor.tolist()


ALONE = World()


def expected() -> World:
    """What torchrun's environment says of this process; a world of one without it."""
    rank, size, local_rank = (int(os.environ.get(name, default)) for name, default in _VARIABLES)
    return World(rank, size, local_rank)


_VARIABLES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))


def add_up(tensor: Tensor) -> None:
    """Make of each process's tensor the sum of all, in place.

    Raises:
        LostError: one of them is gone.
    """
    with reaching(dist.get_world_size()):
        dist.all_reduce(tensor)


@contextmanager
def reaching(size: int) -> Iterator[None]:
    """Turns what torch says where another process can't be reached into a LostError."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise LostError(size) from error


@contextmanager
def joined(device: str) -> Iterator[World]:
    """Join the processes that torchrun started, if it did; leave them at the end. Where they are joined
    already, who joined them leaves them.

    Where another of them is gone, this process says so and ends, with exit code 1.

    Raises:
        TrainingError: the others have not come.
    """
    world = expected()
    if world.size == 1 or dist.is_initialized():
        yield world
        return
    lookout = _meet(world, "nccl" if device.startswith("cuda") else "gloo")
    try:
        yield world
    except LostError as error:
        # Closing connections that are broken may wait for ever, or bring the process down with nothing said.
        end_with(error)
    finally:
        lookout.leave()
        dist.destroy_process_group()


def _meet(world: World, backend: str) -> Lookout:
    own = int(os.environ.get("LOCAL_WORLD_SIZE", world.size))
    if own < world.size and (card := network.card_towards(os.environ.get("MASTER_ADDR", ""))):
        # Gloo would take that of the machine's name, which is often the one that leads nowhere.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", card)
    patience = timedelta(seconds=MEETING_SECONDS)
    try:
        store, rank, size = next(dist.rendezvous("env://", timeout=patience))  # type: ignore[attr-defined]
        store.set(f"here {rank}", "yes")
        store.wait([f"here {other}" for other in range(size)], patience)
        # Asked by threads of its own, so on a connection of its own, where there can be one.
        own_store = store.clone() if hasattr(store, "clone") else store
        signs = dist.PrefixStore("lookout", own_store)  # type: ignore[attr-defined]
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=SKEW)
    except RuntimeError as error:
        raise TrainingError(
            f"The {world.size} processes that are to share this training have not found each other "
            f"within {MEETING_SECONDS // 60} minutes; start them on every machine, with the same "
            "--master-addr, and see that its port is open."
        ) from error
    return Lookout(signs, rank, size)
