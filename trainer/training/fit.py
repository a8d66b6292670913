"""The training itself: from where a run's checkpoint stands to its last step.

``fit`` reads from top to bottom; ``trainer.training.step`` is one step of it. Logging, samples and
checkpoints leave no trace in what a step makes.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import torch
from torch import Tensor

from engine.devices import device
from engine.errors import DeviceError
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.data.split import train_validation_split
from trainer.loading.pair_loader import PairLoader
from trainer.machine import distributed
from trainer.machine.distributed import World
from trainer.machine.errors import DataChangedError, TrainingError
from trainer.run import config as configs
from trainer.run.config import Config
from trainer.run.events import Event, EventLog
from trainer.run.folder import Run
from trainer.training.edge_maps import make_edge_maps
from trainer.training.state import State
from trainer.training.step import LOSSES, try_step
from trainer.training.validation import ValidationReporter

CHECKPOINT_SECONDS = 50.0
"""Between checkpoints, where the config doesn't count steps: under a minute, writing included."""

PAUSE_SECONDS = 0.2
"""Between two checks whether the pause is over."""


def fit(run: Run, config: Config, data: DataSet, watch: Callable[[Event], None] | None = None) -> bool:
    """Train until the last step, or until somebody stops it.

    Args:
        data: all pairs of the data set, as the config describes it.
        watch: is told every event, as the run's log is.

    Returns:
        Whether the last step is done.

    Raises:
        TrainingError: as ``refuse_changes``, another process trains in this run folder, it can't be
            written, or the losses have become infinite.
        DeviceError: not even a single picture fits into memory, or there is no such device here any more.
    """
    refuse_changes(config, data)
    where = device.choose(config.device)
    torch.set_num_threads(config.threads)
    alone = run.held() if distributed.expected().leads else nullcontext()
    joined = distributed.joined(config.device)
    with run.writing(), alone, memory_errors(), joined as world, stop_signals() as signalled:
        use_device(where, world)
        training, validation = train_validation_split(data, config.validation, config.photos_apart)
        log = EventLog(run.events, watch) if world.leads else EventLog(None)
        state = restore_or_begin(run, config, world, log, len(training.pairs))
        if not make_edge_maps(run, config, training, log, world, signalled, state.step):
            run.take_back("stop")
            log.write("stopped", state.step)
            return False
        reporter = ValidationReporter(run, config, training, validation, log) if world.leads else None
        with closing(Loop(run, state, world, log, training)) as loop:
            stopped = False
            while state.step < config.steps and not stopped:
                if not loop.advance():
                    continue
                if reporter:
                    report(reporter, state, loop.tally)
                loop.save_if_due()
                stopped = should_stop(run, world, log, state, signalled, loop.tally)
            loop.save()
            if reporter and stopped:
                with reporter.sparing(state):
                    reporter.hand_over(state)
        done = state.step == config.steps
        run.take_back("stop")
        log.write("finished" if done else "stopped", state.step)
        return done


def refuse_changes(config: Config, data: DataSet) -> None:
    """Go on only where a run makes what it was begun to make.

    Raises:
        DataChangedError: the pairs have changed since then.
        TrainingError: the number of processes has.
    """
    if pairs.digest(data) != config.digest:
        raise DataChangedError(
            f"The files in “{data.folder}” are not those that the run was begun with; "
            "put them back, or start a new training, from its model with --from."
        )
    size = distributed.expected().size
    if size == config.processes:
        return
    if config.processes == 1:
        raise TrainingError(f"This training is one process's work, not {size}'s; start it without torchrun.")
    raise TrainingError(
        f"This training is shared by {config.processes} processes, not by {size}; "
        f"start as many with torchrun, --nproc-per-node {config.processes} on one machine."
    )


def use_device(where: torch.device, world: World) -> None:
    """Let a graphics card be what “cuda” means from here on."""
    if where.type == "cuda":
        torch.cuda.set_device(world.local_rank if where.index is None else where)
        torch.backends.cudnn.allow_tf32 = False  # validations in float32 say so: let no step be otherwise


def restore_or_begin(run: Run, config: Config, world: World, log: EventLog, count: int) -> State:
    """The state where the run's checkpoint stands; before there is one, that of the first weights, saved.

    Args:
        count: pairs that are trained on.
    """
    state = State(config, world)
    restore(run, state, log)
    if not world.alike(zlib.crc32(configs.to_json(config).encode())) or not world.alike(state.step):
        raise TrainingError(
            f"The processes that share this training don't see the same files in “{run.folder}”; put it on a "
            "disk that all machines see under this path, wait a minute, and start them again."
        )
    begins = not world.agreed(run.has_checkpoint())
    log.write(
        "resumed" if state.step else "started",
        state.step, steps=config.steps, pairs=count, batch=config.batch,
    )  # fmt: skip
    if begins:
        if config.from_model:
            taken, there = state.begin_from(config.from_model)
            sentence = f"Began from “{config.from_model}”: {taken} of {there} weights fit."
            log.write("message", state.step, sentence=sentence)
        world.wait()
        save(run, state, log, world)
    return state


def report(reporter: ValidationReporter, state: State, tally: Tally) -> None:
    """After a step: the fixed pairs, when it is time for them, and the drawing, if it has changed.

    Raises:
        TrainingError: as ``refuse_nonsense``; the last model stays.
    """
    with reporter.sparing(state):
        if state.config.validates_at(state.step):
            tally.refuse_nonsense(state)
            refuse_nonsense(state)
            reporter.show(state)
        reporter.translate_drawing(state)


class Loop:
    """One step after the other, from the state's on, with all that they need beside it.

    Attributes:
        tally: of the steps since they were last told of.
    """

    def __init__(self, run: Run, state: State, world: World, log: EventLog, training: DataSet) -> None:
        self._run, self._state, self._world, self._log = run, state, world, log
        self._training = training
        self._saved = time.monotonic()
        self._begin()

    def _begin(self) -> None:
        self._loader = pair_loader(self._training, self._state, self._world, self._run.edge_maps)
        self.tally = Tally(self._state)

    def close(self) -> None:
        """Make no more batches."""
        self._loader.close()

    def advance(self) -> bool:
        """Make one step, and tell of it now and then.

        Returns:
            False where memory was too short: the state stands at the checkpoint again, and goes on from there
            with less at once.
        """
        state, config, world = self._state, self._state.config, self._world
        losses = try_step(state, config, world, next(self._loader))
        if losses is None:
            halve_micro_batch(self._run, world, state, self._log)
            self.close()
            self._begin()
            return False
        state.step += 1
        self.tally.add(losses)
        if state.step % config.log_every == 0 or state.step == config.steps:
            self._log.write("step", state.step, **self.tally.pop_means(config, world, state))
        return True

    def save_if_due(self) -> None:
        """Replace the checkpoint when it is time to; the last step's is written anyway."""
        step, config = self._state.step, self._state.config
        if step < config.steps and is_due(config, step, time.monotonic() - self._saved):
            self.save()
            self._saved = time.monotonic()

    def save(self) -> None:
        """Replace the checkpoint.

        Raises:
            TrainingError: losses or weights are no longer numbers; the old one stays.
        """
        if self._world.leads:
            self.tally.refuse_nonsense(self._state)
        save(self._run, self._state, self._log, self._world)


def pair_loader(training: DataSet, state: State, world: World, edge_maps: Path | None = None) -> PairLoader:
    """The batches, from that of the state's step on."""
    config = state.config
    return PairLoader(
        training,
        config.augment(edge_maps),
        batch=config.batch,
        seed=config.seed,
        step=state.step,
        part=world.part(config.batch),
        multiple=state.generator.multiple,
        least=state.generator.least,
        threads=loader_threads(state.device.type, os.cpu_count() or 1),
    )


def loader_threads(kind: str, cores: int) -> int:
    """How many threads prepare pictures: half of the cores, as the other ones compute; where a graphics card
    computes, all but one."""
    mine = max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    return max(1, mine // 2 if kind == "cpu" else mine - 1)


class Tally:
    """Losses and time since they were last told. Adding waits for no device."""

    def __init__(self, state: State) -> None:
        self._restart(state)

    def _restart(self, state: State) -> None:
        self._losses = torch.zeros(len(LOSSES), device=state.device)
        self._steps, self._begun = 0, time.monotonic()

    def add(self, losses: Tensor) -> None:
        """Count one step."""
        self._losses += losses
        self._steps += 1

    def leave_out(self, seconds: float) -> None:
        """Count so much time as none."""
        self._begun += seconds

    def refuse_nonsense(self, state: State) -> None:
        """Raises TrainingError where a loss was no number; asks this process alone, at whatever step."""
        if not bool(torch.isfinite(self._losses).all()):
            raise diverged(state, "losses")

    def pop_means(self, config: Config, world: World, state: State) -> dict[str, float]:
        """The means since the last call, as an event has them; then starts anew.

        Raises:
            TrainingError: the losses are no longer numbers.
        """
        means = world.mean(self._losses / self._steps)
        if not bool(torch.isfinite(means).all()):
            raise diverged(state, "losses")
        speed = config.batch * self._steps / (time.monotonic() - self._begun)
        named = {name: round(value, 5) for name, value in zip(LOSSES, means.tolist(), strict=True)}
        self._restart(state)
        rate = config.learning_rate_at(state.step - 1)
        return {"pictures_per_second": round(speed, 3), "learning_rate": rate, **named}


def is_due(config: Config, step: int, seconds: float) -> bool:
    """Whether it is time for a checkpoint."""
    if config.checkpoint_every:
        return step % config.checkpoint_every == 0
    return seconds >= CHECKPOINT_SECONDS


def save(run: Run, state: State, log: EventLog, world: World) -> None:
    """Replace the run's checkpoint; all processes hold the same state, the leading one writes it.

    Raises:
        TrainingError: as ``refuse_nonsense``, or it can't be written; the old one stays.
    """
    if world.leads:
        refuse_nonsense(state)
        note = {"state": state.note(), "events": log.length()}
        run.save(dict(state.named()), {"underpaint": json.dumps(note)})


def refuse_nonsense(state: State) -> None:
    """Raises TrainingError where weights are no longer numbers: what is kept of them would take the place of
    the last that was good."""
    # Sums need no memory for answers weight by weight, and the device is waited for once.
    sums = [
        tensor.sum(dtype=torch.float32)
        for network in state.networks()
        for tensor in network.state_dict().values()
        if tensor.is_floating_point()
    ]
    if not bool(torch.isfinite(torch.stack(sums)).all()):
        raise diverged(state, "weights")


def diverged(state: State, what: str) -> TrainingError:
    """What to tell where losses or weights have become infinite."""
    return TrainingError(
        f"At step {state.step} the {what} were no longer numbers; start anew "
        "with a smaller learning rate, or in the number format float32."
    )


def restore(run: Run, state: State, log: EventLog) -> None:
    """Bring the state back to the run's checkpoint, if there is one; the log forgets what came later.

    Raises:
        TrainingError: the checkpoint is damaged, or of other networks.
    """
    checkpoint = run.restore()
    if checkpoint is None:
        log.cut(0)
        return
    tensors, metadata = checkpoint
    try:
        note = json.loads(metadata["underpaint"])
        state.restore(tensors, note["state"])
        log.cut(note["events"])
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise TrainingError(
            f"The checkpoint “{run.checkpoint}” is damaged; start the training anew."
        ) from error


def halve_micro_batch(run: Run, world: World, state: State, log: EventLog) -> None:
    """Go back to the checkpoint, as the step may be half done, and on with half as many pictures a pass.

    The smaller micro-batch is part of the state, so whoever resumes goes the same way.

    Raises:
        DeviceError: a pass has one picture already, or several processes would have to agree.
    """
    if state.micro_batch == 1 or world.size > 1:
        raise too_large()
    micro_batch = state.micro_batch // 2
    restore(run, state, log)
    state.micro_batch = micro_batch
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    sentence = f"Memory was short: from now on {micro_batch} pictures a pass, and more passes a step."
    log.write("halved", state.step, micro_batch=micro_batch)
    log.write("message", state.step, sentence=sentence)
    save(run, state, log, world)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turns what is raised where memory ends outside a step, which could be halved, into a DeviceError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not device.gave_up(error):
            raise
        raise too_large() from error


def too_large() -> DeviceError:
    """What to tell when nothing is left to be halved."""
    return DeviceError("There is not enough memory for this training; use a smaller size, width or batch.")


def should_stop(
    run: Run, world: World, log: EventLog, state: State, signalled: threading.Event, tally: Tally
) -> bool:
    """Whether somebody wants the training to stop; waits while somebody wants it to pause."""
    if run.asked("pause") and world.size == 1:
        log.write("paused", state.step)
        begun = time.monotonic()
        while run.asked("pause") and not run.asked("stop") and not signalled.wait(PAUSE_SECONDS):
            pass
        tally.leave_out(time.monotonic() - begun)
        log.write("continued", state.step)
    return world.agreed(signalled.is_set() or run.asked("stop"))


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C ends the program as usual."""
    signalled = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield signalled  # only the main thread may listen
        return

    def heed(number: int, _: object) -> None:
        signalled.set()
        signal.signal(number, before[number])

    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, heed)
    try:
        yield signalled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
