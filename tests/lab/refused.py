#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Ends well where the kernel tells a real socket at once that it was refused.

  refused.py tcp|udp ADDRESS PORT [BYTES]      BYTES: of the datagram
  refused.py session ADDRESS PORT FILE         a session that lives, and is reset soon
                                               after FILE is gone
"""

import os
import socket
import sys
import time

AT_ONCE = 0.5
SOON = 2


def connected(kind, address, port):
    session = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    session.settimeout(3)
    session.connect((address, port))
    return session


def ask(protocol, address, port, size):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    begin = time.monotonic()
    try:
        session = connected(kind, address, port)
        session.send(b"x" * size)
        session.recv(2048)
    except ConnectionRefusedError:
        took = time.monotonic() - begin
        return None if took < AT_ONCE else f"refused, but after {took:.3f} s"
    except OSError as error:
        return f"not refused: {error}"
    return "answered"


def session_is_reset(address, port, path):
    session = connected(socket.SOCK_STREAM, address, port)
    last = time.monotonic()
    try:
        while time.monotonic() - last < SOON:
            if os.path.exists(path):
                last = time.monotonic()
            session.sendall(b"x\n")
            if not session.recv(2048):
                return "closed, not reset"
            time.sleep(0.05)
        return "still answered"
    except ConnectionResetError:
        return "reset too early" if os.path.exists(path) else None
    except OSError as error:
        return f"not reset: {error}"


if __name__ == "__main__":
    if sys.argv[1] == "session":
        sys.exit(session_is_reset(sys.argv[2], int(sys.argv[3]), sys.argv[4]))
    sys.exit(ask(sys.argv[1], sys.argv[2], int(sys.argv[3]), int((sys.argv + ["20"])[4])))
