"""A small process in the place of a program that takes seconds to import: see ``command`` in ``warm.py``."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

HEEDED = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


def main() -> None:
    """Have it done, hand signals on, and end as it ends."""
    _, address, module, *words = sys.argv
    signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)  # until there is a child that could heed them
    with socket.socket(socket.AF_UNIX) as call:
        call.connect(address)
        request = json.dumps([module, words, dict(os.environ)]).encode() + b"\n"
        sent = socket.send_fds(call, [request], [0, 1, 2])
        call.sendall(request[sent:])
        for number in HEEDED:
            signal.signal(number, lambda number, _frame: call.sendall(bytes([number])))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
        ended = call.recv(100)
    code = int(ended or -signal.SIGKILL)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code in HEEDED else None
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
