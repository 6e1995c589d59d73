#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sessions that a test watches.

  sessions.py answer PORT                      echoes TCP and UDP, IPv4 and IPv6
  sessions.py hold tcp|udp ADDRESS PORT FILE   keeps one session, asks five times a second,
                                               and appends a line to FILE for each answer
"""

import selectors
import socket
import sys
import time


def answer(port):
    selector = selectors.DefaultSelector()
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        server = socket.socket(socket.AF_INET6, kind)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            server.listen()
        selector.register(server, selectors.EVENT_READ, kind)
    while True:
        for key, _ in selector.select():
            if key.data == socket.SOCK_DGRAM:
                data, peer = key.fileobj.recvfrom(2048)
                key.fileobj.sendto(data, peer)
            elif key.data == socket.SOCK_STREAM:
                session, _ = key.fileobj.accept()
                selector.register(session, selectors.EVENT_READ, "session")
            else:
                echo(selector, key.fileobj)


def echo(selector, session):
    try:
        data = session.recv(2048)
        if data:
            session.sendall(data)
            return
    except OSError:
        pass
    selector.unregister(session)
    session.close()


def hold(protocol, address, port, path):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    session = socket.socket(family, kind)
    session.settimeout(5)
    session.connect((address, port))
    session.settimeout(1)
    with open(path, "a", buffering=1, encoding="ascii") as file:
        for number in range(10**9):
            line = f"{number}\n".encode()
            try:
                session.sendall(line)
                if session.recv(2048).endswith(line):
                    file.write(f"{number}\n")
            except socket.timeout:
                pass
            time.sleep(0.2)


if __name__ == "__main__":
    if sys.argv[1] == "answer":
        answer(int(sys.argv[2]))
    else:
        hold(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
