"""By which network card this machine reaches another one."""

from __future__ import annotations

import socket
import struct
import sys

_PORT = 9
"""Of the other machine; nothing is sent there."""
_ADDRESS_OF = 0x8915
"""SIOCGIFADDR: Linux's question for the IPv4 address of a card."""


def card_towards(host: str) -> str:
    """The name of the card, as Linux has it, that leads to ``host``; empty where nobody can tell."""
    if sys.platform != "linux" or not host:
        return ""
    import fcntl

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect((host, _PORT))
            address = way.getsockname()[0]
            for _, name in socket.if_nameindex():
                asked = struct.pack("256s", name.encode()[:15])
                try:
                    answer = fcntl.ioctl(way.fileno(), _ADDRESS_OF, asked)
                except OSError:  # a card without an address
                    continue
                if socket.inet_ntoa(answer[20:24]) == address:
                    return name
    except OSError:  # no such host, or no way to it
        return ""
    return ""
