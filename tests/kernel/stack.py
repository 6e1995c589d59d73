# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Adds up the stack of each chain of calls as kernels before 6.8 do, which round every
frame up to 32 bytes, and fails where one takes more than the 512 bytes that there are.

    stack.py OBJECT PROGRAM...
"""

import re
import struct
import subprocess
import sys

LIMIT = 512
ROUND = 32
CALL, LOAD_WIDE, MOVE, ADD_CONSTANT = 0x85, 0x18, 0xBF, 0x07
LOADS, STORES = (1,), (2, 3)  # instruction classes
PSEUDO_CALL, FRAME = 1, 10


def readelf(option, path):
    return subprocess.run(
        ["readelf", option, path], capture_output=True, text=True, check=True
    ).stdout


class Object:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.sections = {
            int(m[1]): (m[2], int(m[3], 16))
            for m in re.finditer(
                r"\[ *(\d+)\] (\S+) +\S+ +\S+ (\S+) ", readelf("-SW", path)
            )
        }
        self.symbols = {}
        self.functions = {}  # by (section, instruction): name, length
        for m in re.finditer(
            r"^ *(\d+): (\S+) +(\d+) (\S+) +\S+ +\S+ +(\d+) ?(\S*)$",
            readelf("-sW", path),
            re.M,
        ):
            symbol = (m[4], int(m[5]), int(m[2], 16) // 8)
            self.symbols[int(m[1])] = symbol
            if m[4] == "FUNC":
                self.functions[symbol[1:]] = (m[6], int(m[3]) // 8)
        self.relocations = self.read_relocations(path)

    @staticmethod
    def read_relocations(path):
        found, section = {}, None
        for line in readelf("-rW", path).split("\n"):
            heading = re.match(r"Relocation section '\.rel(\S+)'", line)
            entry = re.match(r"([0-9a-f]{16}) +([0-9a-f]{16}) ", line)
            if heading:
                section = heading[1]
            elif entry:
                found[section, int(entry[1], 16) // 8] = int(entry[2], 16) >> 32
        return found

    def target(self, section, at, opcode, constant):
        """The function that an instruction calls or takes the address of, or None."""
        index = self.relocations.get((self.sections[section][0], at))
        if index is None:
            here = opcode == CALL
            return self.functions.get((section, at + 1 + constant)) if here else None
        kind, where, first = self.symbols[index]
        if kind == "SECTION":
            first = constant + 1 if opcode == CALL else constant // 8
        return self.functions.get((where, first))

    def read(self, section, first, length):
        """Bytes of stack of a function, and the names of those that it calls."""
        depth, called, copy = 0, set(), None
        begins = self.sections[section][1]
        for at in range(first, first + length):
            opcode, registers, offset, constant = struct.unpack_from(
                "<BBhi", self.bytes, begins + 8 * at
            )
            to, by = registers & 15, registers >> 4
            if (opcode & 7 in LOADS and by == FRAME) or (
                opcode & 7 in STORES and to == FRAME
            ):
                depth = max(depth, -offset)
            if opcode == MOVE and by == FRAME:
                copy = to
            elif opcode == ADD_CONSTANT and to == copy:
                depth, copy = max(depth, -constant), None
            if (opcode == CALL and by == PSEUDO_CALL) or opcode == LOAD_WIDE:
                function = self.target(section, at, opcode, constant)
                if function:
                    called.add(function[0])
        return depth, called


def deepest(functions, name):
    depth, called = functions[name]
    below = max((deepest(functions, i) for i in called), default=(0, []))
    frame = (max(depth, 1) + ROUND - 1) // ROUND * ROUND
    return frame + below[0], [f"{name} {depth}"] + below[1]


def main():
    image = Object(sys.argv[1])
    functions = {
        name: image.read(section, first, length)
        for (section, first), (name, length) in image.functions.items()
    }
    failed = 0
    for program in sys.argv[2:]:
        total, chain = deepest(functions, program)
        print(f"{program}: {total} of {LIMIT} bytes: {' > '.join(chain)}")
        failed += total > LIMIT
    print(f"{len(sys.argv) - 2 - failed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
