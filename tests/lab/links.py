# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One end of a UDP conversation.

links.py answer ADDRESS PORT WORD
links.py ask ADDRESS PORT SECONDS: asks every half millisecond, and at the end prints
    for each change of who answers, `FROM TO TIME` of the first ask that the other
    answered; `silent MILLISECONDS TIME`, the longest time in which no ask was answered
    and when it ended; and `answered COUNT ASKED`.  TIME is in seconds since 1970.
"""

import select
import socket
import sys
import time


def answer(address, port, word):
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind((address, port))
    while True:
        asked, sender = end.recvfrom(64)
        end.sendto(asked + b" " + word.encode(), sender)


def converse(end, seconds):
    """When each ask was sent, and who answered it: {number: word}."""
    sent, answers = [], {}
    until = time.time() + seconds
    while time.time() < until + 0.3:
        if time.time() < until:
            sent.append(time.time())
            end.send(b"%d" % (len(sent) - 1))
        wait = 0.0005
        while select.select([end], [], [], wait)[0]:
            number, word = end.recv(64).split()
            answers[int(number)] = word.decode()
            wait = 0
    return sent, answers


def ask(address, port, seconds):
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.connect((address, port))
    sent, answers = converse(end, seconds)
    last, longest, ended, who = sent[0], 0.0, sent[0], None
    for number, when in enumerate(sent):
        word = answers.get(number)
        if word is None:
            continue
        if when - last > longest:
            longest, ended = when - last, when
        last = when
        if who not in (None, word):
            print(who, word, f"{when:.6f}")
        who = word
    if sent[-1] - last > longest:
        longest, ended = sent[-1] - last, sent[-1]
    print("silent", round(longest * 1000), f"{ended:.6f}")
    print("answered", len(answers), len(sent))


if sys.argv[1] == "answer":
    answer(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    ask(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
