"""The training itself: from where a run's checkpoint stands to its last step.

``fit`` is the loop, ``learn`` one step of it; both read from top to bottom. Only the state, the config
and the pictures decide what a step makes: logging, samples and checkpoints leave no trace in it, so a run
that was killed and resumed ends with the very weights of one that was not.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from engine import device
from engine.errors import DeviceError
from trainer import distributed, pairs
from trainer.config import Config
from trainer.distributed import World
from trainer.errors import TrainingError
from trainer.events import Event, Journal
from trainer.feed import Feed
from trainer.objective import Distortion, verdict_loss
from trainer.pairs import DataSet
from trainer.run import Run
from trainer.samples import Studio
from trainer.split import parted
from trainer.state import State, dice

LOSSES = ("l1", "made", "judge_real", "judge_made")
"""What ``learn`` returns: the generator's distance from the photos and from fooling the judge (the
discriminator), and the judge's errors about photos and about what the generator made."""

CHECKPOINT_SECONDS = 50.0
"""Between checkpoints, where the config doesn't count steps: under a minute, writing included."""

PAUSE_SECONDS = 0.2
"""Between two looks whether the pause is over."""


def fit(run: Run, config: Config, data: DataSet, watch: Callable[[Event], None] | None = None) -> bool:
    """Train until the last step, or until somebody stops it.

    Args:
        data: all pairs of the data set, as the config describes it.
        watch: is told every event, as the run's journal is.

    Returns:
        Whether the last step is done.

    Raises:
        TrainingError: the pairs have changed since the run began, the run folder can't be written, or
            the losses have become infinite.
        DeviceError: not even a single picture fits into memory.
    """
    if pairs.digest(data) != config.digest:
        raise TrainingError(
            f"The files in “{data.folder}” are not those that the run was begun with; "
            "put them back, or start a new training."
        )
    torch.set_num_threads(config.threads)
    with distributed.joined(config.device) as world, heeding_signals() as signalled, run.writing():
        training, validation = parted(data, config.validation)
        journal = Journal(run.events, watch) if world.leads else Journal(None)
        studio = Studio(run, config, training, validation, journal) if world.leads else None
        state = restored(run, config, world, journal)
        journal.tell(
            "resumed" if state.step else "started",
            state.step, steps=config.steps, pairs=len(training.pairs), batch=config.batch,
        )  # fmt: skip
        feed = fed(training, config, state.step, world)
        losses, logged = torch.zeros(len(LOSSES), device=state.device), state.step
        saved = begun = time.monotonic()
        stopped = False
        try:
            while state.step < config.steps and not stopped:
                batch = next(feed)
                inputs, photos = batch.inputs.to(state.device), batch.targets.to(state.device)
                try:
                    losses += learn(state, config, world, inputs, photos)
                except (RuntimeError, MemoryError) as error:
                    if not device.gave_up(error):
                        raise
                    state = halved(run, config, world, state, journal)
                    feed.close()
                    feed = fed(training, config, state.step, world)
                    losses, logged = torch.zeros_like(losses), state.step
                    continue
                state.step += 1

                last = state.step == config.steps
                if state.step % config.log_every == 0 or last:
                    seconds = time.monotonic() - begun
                    log(
                        journal,
                        config,
                        world,
                        state,
                        losses / (state.step - logged),
                        seconds / (state.step - logged),
                    )
                    losses.zero_()
                    logged, begun = state.step, time.monotonic()
                if studio and (state.step % config.sample_every == 0 or last):
                    studio.show(state)
                if studio:
                    studio.translate_drawing(state)
                if is_due(config, state.step, time.monotonic() - saved) and not last:
                    save(run, state, journal, world)
                    saved = time.monotonic()
                stopped = wished(run, world, journal, state, signalled)
            save(run, state, journal, world)
        finally:
            feed.close()
        done = state.step == config.steps
        run.take_back("stop")
        journal.tell("finished" if done else "stopped", state.step)
        return done


def fed(training: DataSet, config: Config, step: int, world: World) -> Feed:
    """The feed, from the batch of a step on."""
    return Feed(
        training,
        config.augment(),
        batch=config.batch,
        seed=config.seed,
        step=step,
        part=world.part(config.batch),
        threads=max(1, (os.cpu_count() or 1) // 2),
    )


def learn(state: State, config: Config, world: World, inputs: Tensor, photos: Tensor) -> Tensor:
    """One step of both networks and the average (Isola et al., CVPR 2017, section 3.3).

    Both networks step at once, where the paper lets the judge go first: one look at the made picture then
    serves both, which saves a pass in eight of the judge's.

    Args:
        inputs: (N, planes, H, W) in [−1, 1].
        photos: (N, C, H, W) in [−1, 1].

    Returns:
        ``LOSSES``, on the state's device.
    """
    count, _, height, width = photos.shape
    # Whatever is thrown in this step follows from its number; several processes throw apart.
    torch.manual_seed(dice(config.seed, "dropout", state.step, world.rank).initial_seed())
    mine = world.part(config.batch)
    distorted = dice(config.seed, "distortion", state.step)
    distortions = [Distortion.drawn(distorted, config.batch, height, width)[mine] for _ in range(2)]
    losses = torch.zeros(len(LOSSES), device=photos.device)

    def verdicts(pictures: Tensor, part: slice, distortion: Distortion) -> Tensor:
        seen = inputs[part]
        if config.differentiable:
            pictures, seen = distortion[part].of_photos(pictures), distortion[part].of_inputs(seen)
        with state.autocast():
            judged: Tensor = state.judge(torch.cat((seen, pictures), 1) if config.conditional else pictures)
        return judged

    for start in range(0, count, state.share):
        part = slice(start, start + state.share)
        made = state.make(inputs[part])
        distance = F.l1_loss(made, photos[part])
        real = fake = fooled = torch.zeros_like(distance)
        if config.adversarial != "none":
            about_made = verdicts(made, part, distortions[0])
            about_real = verdicts(photos[part], part, distortions[1])
            real = verdict_loss(about_real, True, config.adversarial)
            fake = verdict_loss(about_made, False, config.adversarial)
            fooled = verdict_loss(about_made, True, config.adversarial)
        share = len(made) / count
        # Both networks learn from one and the same verdict. Halved, so that the judge learns more slowly.
        if config.adversarial != "none":
            state.descend("judge", (real + fake) / 2 * share, again=True)
        state.descend("generator", (fooled + config.l1 * distance) * share)
        losses += torch.stack((distance, fooled, real, fake)).detach() * share
    if config.adversarial != "none":
        state.step_along("judge", world)
    state.step_along("generator", world)
    state.scaler.update()
    state.follow()
    return losses


def log(journal: Journal, config: Config, world: World, state: State, losses: Tensor, seconds: float) -> None:
    """Tell the mean losses and the speed since they were last told; this waits for the device.

    Raises:
        TrainingError: the losses are no longer numbers.
    """
    means = world.mean(losses)
    if not bool(torch.isfinite(means).all()):
        raise TrainingError(
            f"At step {state.step} the losses were no longer numbers; start anew "
            "with a smaller --learning-rate, or with --precision float32."
        )
    named = {name: round(value, 5) for name, value in zip(LOSSES, means.tolist(), strict=True)}
    journal.tell(
        "step",
        state.step,
        pictures_per_second=round(config.batch / seconds, 3),
        learning_rate=config.learning_rate_at(state.step),
        **named,
    )


def is_due(config: Config, step: int, seconds: float) -> bool:
    """Whether it is time for a checkpoint."""
    if config.checkpoint_every:
        return step % config.checkpoint_every == 0
    return seconds >= CHECKPOINT_SECONDS


def save(run: Run, state: State, journal: Journal, world: World) -> None:
    """Replace the run's checkpoint; all processes hold the same state, the leading one writes it."""
    if world.leads:
        note = {"state": state.note(), "events": journal.length()}
        run.save(state.tensors(), {"underpaint": json.dumps(note)})


def restored(run: Run, config: Config, world: World, journal: Journal) -> State:
    """The state of the run's checkpoint, or the first one. The journal forgets what came later.

    Raises:
        TrainingError: the checkpoint is damaged, or of other networks.
    """
    state = State(config)
    distributed.synchronise(state.generator, world)
    distributed.synchronise(state.judge, world)
    checkpoint = run.restore()
    world.wait()
    if checkpoint is None:
        journal.cut(0)
        return state
    tensors, metadata = checkpoint
    try:
        note = json.loads(metadata["underpaint"])
        state.restore(tensors, note["state"])
        journal.cut(note["events"])
    except (KeyError, ValueError, TypeError) as error:
        raise TrainingError(
            f"The checkpoint “{run.checkpoint}” is damaged; start the training anew."
        ) from error
    return state


def halved(run: Run, config: Config, world: World, state: State, journal: Journal) -> State:
    """Go back to the checkpoint, as the step may be half done, and on with half as many pictures a pass.

    The smaller share is part of the state, so whoever resumes goes the same way.

    Raises:
        DeviceError: a pass has one picture already, or several processes would have to agree.
    """
    if state.share == 1 or world.size > 1:
        raise DeviceError(
            "There is not enough memory for this training; use a smaller --size, --width or --batch."
        )
    share = state.share // 2
    del state
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    state = restored(run, config, world, journal)
    state.share = share
    journal.tell("halved", state.step, share=share)
    journal.tell(
        "message",
        state.step,
        sentence=f"Memory was short: from now on {share} pictures a pass, and as many passes a step as needed.",
    )
    save(run, state, journal, world)
    return state


def wished(run: Run, world: World, journal: Journal, state: State, signalled: threading.Event) -> bool:
    """Whether somebody wants the training to stop; waits while somebody wants it to pause."""
    if run.asked("pause") and world.size == 1:
        journal.tell("paused", state.step)
        while run.asked("pause") and not run.asked("stop") and not signalled.wait(PAUSE_SECONDS):
            pass
        journal.tell("continued", state.step)
    return world.agreed(signalled.is_set() or run.asked("stop"))


@contextmanager
def heeding_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C ends the program as usual."""
    signalled = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield signalled  # only the main thread may listen
        return

    def heed(number: int, _: object) -> None:
        signalled.set()
        signal.signal(number, before[number])

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, heed)
    try:
        yield signalled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
