"""``make fuzz``: a thousand damaged files of each kind. Each kind is read in a process of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.fuzz.kinds import KINDS
from tests.fuzz.trial import MOST_BYTES, SECONDS, limited, peak, trial


def main() -> int:
    """The exit code: 1 where anything was answered wrongly."""
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=…", description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], help="by default all")
    parser.add_argument("--count", type=int, default=1000, help="files of each kind")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other files")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--here", action="store_true", help="in this process, for a debugger")
    asked = parser.parse_args()
    if asked.here:
        return _here(asked)
    failed = False
    for kind in asked.kinds or KINDS:
        words = [kind, "--here", "--count", str(asked.count), "--seed", str(asked.seed)]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tests.fuzz", *words, "--first", str(asked.first)],
                check=False,
                timeout=SECONDS * 60,
            )
            failed |= done.returncode != 0
            if done.returncode not in (0, 1):
                print(f"{kind}: the process ended with {done.returncode}", flush=True)
        except subprocess.TimeoutExpired:
            print(f"{kind}: hangs where Python can't interrupt it", flush=True)
            failed = True
    return int(failed)


def _here(asked: argparse.Namespace) -> int:
    limited()
    faults = []
    for kind in asked.kinds or KINDS:
        found = trial(kind, range(asked.first, asked.first + asked.count), asked.seed)
        faults += found
        for fault in found[:20]:
            print(f"  {fault.kind} {fault.number}: {fault.what}")
        print(f"{kind}: {asked.count} files, {len(found)} answered wrongly, {peak() >> 20} MB", flush=True)
    return int(bool(faults) or peak() > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
