#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write casefold_table.c from UnicodeData.txt.

usage: casefold.py [/usr/share/unicode/UnicodeData.txt] > casefold_table.c

For each code point the table holds what RFC 5051 section 2 step (2) makes of it: its titlecase, then the
full decomposition of that, of any type.  Hangul syllables are left out: casefold.c computes them.

A code point is looked up in two stages, blocks of equal content being stored once.  An entry is 0 if the
code point stands for itself, else it names a run of UTF-16 code units in a pool: the offset in the low 13
bits and the number of units in the high 3, or 0 there if the first unit of the run is the number.  Runs may
overlap.
"""
import os
import re
import sys

OFFSET_BITS = 13
MAX_SHORT = 7


def read(path):
    """Titlecase and decomposition mappings."""
    title, parts = {}, {}
    with open(path, encoding="ascii") as file:
        for line in file:
            field = line.rstrip("\n").split(";")
            cp = int(field[0], 16)
            if field[14]:
                title[cp] = int(field[14], 16)
            if field[5]:
                parts[cp] = [int(x, 16) for x in re.sub(r"<.*?>", "", field[5]).split()]
    return title, parts


def version(path):
    """Of Unicode: UnicodeData.txt does not say, the files next to it do."""
    with open(os.path.join(os.path.dirname(path), "DerivedAge.txt"), encoding="utf-8") as file:
        return re.match(r"# DerivedAge-([0-9.]+)\.txt", file.readline()).group(1)


def decompose(cp, parts):
    if cp not in parts:
        return [cp]
    return [y for x in parts[cp] for y in decompose(x, parts)]


def units(cps):
    data = "".join(map(chr, cps)).encode("utf-16-be")
    return tuple(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))


def build_pool(runs):
    """Put the longest runs first, so that short ones are found inside them."""
    text, place = "\0", {}  # a filler, because no entry may be 0
    for run in sorted(runs, key=lambda r: (-len(r), r)):
        stored = run if len(run) <= MAX_SHORT else (len(run),) + run
        wanted = "".join(map(chr, stored))
        at = text.find(wanted)
        if at < 0:
            overlap = next(k for k in range(min(len(wanted), len(text)), -1, -1)
                           if text.endswith(wanted[:k]))
            at = len(text) - overlap
            text += wanted[overlap:]
        place[run] = at
    return [ord(unit) for unit in text], place


def entry(run, place):
    at = place[run]
    assert at < 1 << OFFSET_BITS
    value = at | (len(run) if len(run) <= MAX_SHORT else 0) << OFFSET_BITS
    assert value != 0
    return value


def hangul(cp):
    """What casefold.c computes: the jamo of a syllable."""
    index = cp - 0xAC00
    jamo = [0x1100 + index // 588, 0x1161 + index // 28 % 21, 0x11A7 + index % 28]
    return jamo if index % 28 else jamo[:2]


def checksum(folds):
    """FNV-1a over all code points with the code points they become; tests/unit/test_casefold.c has it."""
    value = 0x811C9DC5
    for cp in range(0x110000):
        result = hangul(cp) if 0xAC00 <= cp <= 0xD7A3 else folds.get(cp, [cp])
        for number in [len(result)] + result:
            value = (value ^ number) * 0x01000193 & 0xFFFFFFFF
    return value


def stages(values, limit, bits):
    size = 1 << bits
    blocks, first, second = {}, [], []
    for base in range(0, limit, size):
        block = tuple(values.get(cp, 0) for cp in range(base, base + size))
        if block not in blocks:
            blocks[block] = len(blocks)
            second.extend(block)
        first.append(blocks[block])
    return first, second


def width(first):
    return 1 if max(first) < 256 else 2


def emit(kind, name, numbers, note):
    print(f"\n/* {note} */\nconst {kind} {name}[{len(numbers)}] = {{")
    line = "  "
    for number in numbers:
        word = f"{number},"
        if len(line) + len(word) > 110:
            print(line)
            line = "  "
        line += word
    print(line + "\n};")


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode/UnicodeData.txt"
    title, parts = read(path)
    folds = {}
    for cp in sorted(set(title) | set(parts)):
        result = decompose(title.get(cp, cp), parts)
        if result != [cp]:
            folds[cp] = result
    runs = {cp: units(result) for cp, result in folds.items()}
    pool, place = build_pool(set(runs.values()))
    values = {cp: entry(run, place) for cp, run in runs.items()}
    limit = max(folds) + 1
    best = min(range(3, 9), key=lambda b: (lambda f, s: len(f) * width(f) + len(s) * 2)(
        *stages(values, limit, b)))
    first, second = stages(values, limit, best)
    longest = max(map(len, folds.values()))
    octets = len(first) * width(first) + 2 * len(second) + 2 * len(pool)
    print(f"{len(folds)} code points, {len(set(runs.values()))} runs, block {1 << best}, "
          f"{len(first)} + {len(second)} + {len(pool)} numbers, {octets} octets, longest {longest}, "
          f"checksum {checksum(folds):#010x}",
          file=sys.stderr)
    assert longest <= 18 and octets < 40 * 1024

    print("/* SPDX-License-Identifier: MIT */")
    print("/*\n * Titlecase and decomposition of Unicode.  Generated by casefold.py from UnicodeData.txt\n"
          f" * {version(path)}, which is Copyright (c) 1991-2022 Unicode, Inc., under the terms of\n"
          " * https://www.unicode.org/license.txt.  The script explains the layout.\n */")
    print('/* clang-format off */\n#include "base/casefold_table.h"')
    print(f"\n_Static_assert(IMAP4I_CASEFOLD_BLOCK_BITS == {best}, \"made for another block size\");")
    print(f"_Static_assert(IMAP4I_CASEFOLD_OFFSET_BITS == {OFFSET_BITS}, \"made for another layout\");")
    print(f"_Static_assert(IMAP4I_CASEFOLD_LIMIT == {limit}, \"made for another range\");")
    kind = "uint8_t" if width(first) == 1 else "uint16_t"
    emit(kind, "imap4i_casefold_blocks", first, "Block number by code point / block size.")
    emit("uint16_t", "imap4i_casefold_entries", second, "Entry by block and place in the block.")
    emit("uint16_t", "imap4i_casefold_units", pool, "The pool of UTF-16 code units.")


if __name__ == "__main__":
    main()
