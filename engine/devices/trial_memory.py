"""What trials have found on this machine, kept between sessions in ``trials.json`` among the user's files.

It only saves time: a file that can't be read or written, is damaged, or comes from another machine or version
costs a line in the log and the time of new trials.
"""

from __future__ import annotations

import json
import logging
import math
import platform
from functools import cache
from pathlib import Path
from typing import Any

import resources
from engine.files.writing import replacing

log = logging.getLogger(__name__)

FORMAT = 1
NAME = "trials.json"

MOST_BYTES = 1 << 20
"""Of the file; some 200 bytes a verdict."""
MOST_MACHINES = 8
"""That share a home folder, or were this one before an update."""
MOST_VERDICTS = 2000
"""Of one machine."""

_ABOUT = Path("/proc/cpuinfo")
_NAMED_FIELDS = {
    "cpu family": "family",
    "model": "model",
    "stepping": "stepping",
    "CPU implementer": "implementer",
    "CPU part": "part",
    "CPU revision": "revision",
}
"""Of its fields, in words."""

_memories: dict[str, Memory] = {}
_read: set[Path] = set()


class Memory:
    """The verdicts of one machine.

    Attributes:
        verdicts: for each layer, by its description, the algorithm and the seconds it took.
        grown: whether there is something that the file has not got.
    """

    def __init__(self, machine: str) -> None:
        self.machine = machine
        self.verdicts: dict[str, tuple[str, float]] = {}
        self.grown = False

    def add(self, key: str, algorithm: str, seconds: float) -> None:
        """Note what was found."""
        if key in self.verdicts or len(self.verdicts) < MOST_VERDICTS:
            self.verdicts[key] = algorithm, seconds
            self.grown = True

    def save(self) -> None:
        """Write it to the file, beside what is there of other machines."""
        self.grown = False
        try:
            file = resources.home(NAME)
            others = _contents(file, warns=False)  # that it is damaged was said when it was read
            found = {
                key: [algorithm, float(f"{seconds:.3g}")]
                for key, (algorithm, seconds) in self.verdicts.items()
            }
            mine = {**_verdicts(others.pop(self.machine, {})), **found}
            sound = {machine: some for machine, known in others.items() if (some := _verdicts(known))}
            kept = dict(list(sound.items())[-(MOST_MACHINES - 1) :])
            known = {"format": FORMAT, "machines": {**kept, self.machine: mine}}
            file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(file) as part:
                part.write_text(json.dumps(known), "utf-8")  # in ASCII, which takes any name there is
        except (OSError, resources.NoHomeError) as error:
            log.warning("What was tried can't be remembered: %s", error)


def load(machine: str) -> Memory:
    """What is known of a machine, from this process and from the file."""
    memory = _memories.setdefault(machine, Memory(machine))
    try:
        file = resources.home(NAME)
    except resources.NoHomeError:
        return memory
    if file not in _read:
        _read.add(file)
        known = _contents(file).get(machine, {})
        sound = _verdicts(known)
        if not isinstance(known, dict) or len(sound) < len(known):
            log.warning("Some of what was tried before is not used, as %s is damaged there", file)
        for key, verdict in sound.items():
            memory.verdicts.setdefault(key, verdict)
    return memory


def forget() -> None:
    """Know nothing any more but what the file has, as a process that has just begun."""
    _memories.clear()
    _read.clear()


@cache
def processor() -> str:
    """The processor's name, as exactly as the system tells it."""
    try:
        name = named(_ABOUT.read_text("utf-8", "replace"))
    except OSError:
        name = ""
    return name or platform.processor() or platform.machine()


def named(about: str) -> str:
    """The first processor of ``/proc/cpuinfo``: its name, and what tells it from others of that name. Rented
    machines say nothing but “AMD EPYC”, whatever generation they are of, and those with ARM no name at all.
    """
    lines = (line.partition(":") for line in about.partition("\n\n")[0].splitlines())
    fields = {field.strip(): value.strip() for field, _, value in lines}
    more = ", ".join(f"{word} {fields[field]}" for field, word in _NAMED_FIELDS.items() if fields.get(field))
    name = fields.get("model name", "")
    return f"{name} ({more})" if name and more else name or more


def _contents(file: Path, warns: bool = True) -> dict[str, Any]:
    """The file's machines; none where it can't be read or makes no sense."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError("it is too large")
        known = json.loads(file.read_text("utf-8"))
        if not isinstance(known, dict) or known.get("format") != FORMAT:
            raise ValueError("it is of another version")
        machines = known.get("machines")
        if not isinstance(machines, dict):
            raise ValueError("it has no machines")
        return machines
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        if warns:
            log.warning("What was tried before is not used, as %s is damaged: %s", file, error)
        return {}


def _verdicts(known: Any) -> dict[str, tuple[str, float]]:
    """Those of one machine that make sense."""
    if not isinstance(known, dict):
        return {}
    sound = {}
    for key, verdict in list(known.items())[:MOST_VERDICTS]:
        match verdict:
            case [str(algorithm), int() | float() as seconds] if _are_seconds(seconds):
                sound[key] = algorithm, float(seconds)
    return sound


def _are_seconds(number: float) -> bool:
    try:
        return 0 <= float(number) < math.inf
    except OverflowError:  # JSON has whole numbers of any length
        return False
