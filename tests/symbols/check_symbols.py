#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library shows, and what it asks of the system.

    check_symbols.py NM SOURCE_DIRECTORY LIBRARY OBJECT...
    check_symbols.py --self-test

The shared library exports what tests/abi/symbols.txt lists and the public headers declare, nothing else.  It
needs a handful of functions of libc, none of which knows about files, sockets, clocks, threads, the environment
or the locale.  No variable in it can change.
"""
import pathlib
import re
import subprocess
import sys

# The copies, comparisons and searches of <string.h>; compilers write bcmp for some memcmp.
STRINGS = {"memchr", "memcmp", "memcpy", "memmove", "memset", "strlen", "bcmp"}
MEMORY = {"malloc", "realloc", "free"}
ICONV = {"iconv", "iconv_open", "iconv_close", "__errno_location"}
# What compilers and linkers add by themselves: stack protectors, fortified copies, start-up code.
TOOLCHAIN = {"__stack_chk_fail", "__memcpy_chk", "__memmove_chk", "__memset_chk", "_GLOBAL_OFFSET_TABLE_"}
WEAK = {"_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable", "__cxa_finalize", "__gmon_start__"}
# Written by start-up code alone.
TOOLCHAIN_DATA = re.compile(r"__TMC_END__|__dso_handle|completed\.\d+|__bss_start|_edata|_end")
# Which source files may use what only they may use.
OWNERS = {"mem.c": MEMORY, "iconv.c": ICONV}


def plain(name):
    """A name without its version ("memcpy@GLIBC_2.14")."""
    return name.split("@")[0]


def check_exports(listing, listed, declared):
    """|listing|: lines of nm -D --defined-only."""
    exported = {plain(line.split()[-1]) for line in listing if line.strip()}
    faults = [f"{name} is exported, its name does not begin with imap4_"
              for name in sorted(exported) if not name.startswith("imap4_")]
    faults += [f"{name} is exported and not in tests/abi/symbols.txt" for name in sorted(exported - listed)]
    faults += [f"{name} is in tests/abi/symbols.txt and not exported" for name in sorted(listed - exported)]
    faults += [f"{name} is exported and in no public header" for name in sorted(exported - declared)]
    faults += [f"{name} is declared in a public header and not exported" for name in sorted(declared - exported)]
    return faults


def check_list(lines):
    """The list itself: one name a line, sorted, so that changes of it are easy to read."""
    return [] if lines == sorted(set(lines)) and lines else ["tests/abi/symbols.txt is empty or not sorted"]


def check_needs(listing):
    """|listing|: lines of nm -D --undefined-only."""
    faults = []
    for line in listing:
        kind, name = line.split()[-2], plain(line.split()[-1])
        allowed = STRINGS | MEMORY | ICONV | TOOLCHAIN | (WEAK if kind in "wv" else set())
        if name not in allowed:
            faults.append(f"the library needs {name}")
    return faults


def check_object(source, listing):
    """|listing|: lines of nm --undefined-only of the object of |source|."""
    allowed = STRINGS | TOOLCHAIN | OWNERS.get(source, set())
    names = {plain(line.split()[-1]) for line in listing if line.strip()}
    return [f"{source} needs {name}" for name in sorted(names - allowed) if not re.match(r"imap4i?_", name)]


def check_variables(listing):
    """|listing|: lines of nm --format=sysv.  Tables that hold addresses are read-only after relocation."""
    faults = []
    for line in listing:
        columns = [column.strip() for column in line.split("|")]
        if len(columns) < 7 or not re.match(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)", columns[6]):
            continue
        if not TOOLCHAIN_DATA.fullmatch(columns[0]):
            faults.append(f"{columns[0]} is a variable that can change (in {columns[6]})")
    return faults


def declared_functions(texts):
    return {name for text in texts for name in re.findall(r"^IMAP4_API\b[^;(]*?\b(\w+)\(", text, re.M)}


def run(nm, *arguments):
    return subprocess.run([nm, *arguments], check=True, capture_output=True, text=True).stdout.splitlines()


def source_name(path):
    return re.sub(r"\.(o|obj)$", "", pathlib.Path(path).name)


def check(nm, root, library, objects):
    root = pathlib.Path(root)
    lines = (root / "tests/abi/symbols.txt").read_text().splitlines()
    headers = [path.read_text() for path in sorted(root.glob("include/imap4/*.h"))]
    faults = check_list(lines)
    faults += check_exports(run(nm, "-D", "--defined-only", library), set(lines), declared_functions(headers))
    faults += check_needs(run(nm, "-D", "--undefined-only", library))
    faults += check_variables(run(nm, "--format=sysv", library))
    for path in objects:
        faults += check_object(source_name(path), run(nm, "--undefined-only", path))
    return faults


def self_test():
    """Each check finds what it is there for, and nothing in what is right."""
    good = ["0000000000001000 T imap4_f"]
    cases = [
        (check_exports(good, {"imap4_f"}, {"imap4_f"}), 0),
        (check_exports(good + ["0000000000001000 T helper"], {"imap4_f", "helper"}, {"imap4_f", "helper"}), 1),
        (check_exports(good, set(), {"imap4_f"}), 1),
        (check_exports(good, {"imap4_f", "imap4_g"}, {"imap4_f"}), 1),
        (check_exports(good, {"imap4_f"}, set()), 1),
        (check_exports(good, {"imap4_f"}, {"imap4_f", "imap4_g"}), 1),
        (check_list(["imap4_a", "imap4_b"]), 0),
        (check_list(["imap4_b", "imap4_a"]), 1),
        (check_list([]), 1),
        (check_needs(["    U memcpy@GLIBC_2.14", "    w __cxa_finalize@GLIBC_2.2.5"]), 0),
        (check_needs(["    U read@GLIBC_2.2.5", "    U time", "    U getenv"]), 3),
        (check_needs(["    U __cxa_finalize@GLIBC_2.2.5"]), 1),
        (check_object("mem.c", ["    U free", "    U imap4i_buf_free"]), 0),
        (check_object("buf.c", ["    U free"]), 1),
        (check_object("utf7.c", ["    U iconv_open", "    U __errno_location"]), 2),
        (check_variables(["rows |0| d | OBJECT|8| |.data.rel.ro", "completed.0 |0| b | OBJECT|1| |.bss"]), 0),
        (check_variables(["counter |0| b | OBJECT|8| |.bss", "last |0| d | OBJECT|8| |.data"]), 2),
        (check_variables(["mine |0| d | TLS|8| |.tbss"]), 1),
    ]
    faults = [f"case {i}: {found}, expected {count}" for i, (found, count) in enumerate(cases) if len(found) != count]
    if declared_functions(["IMAP4_API IMAP4_MUST_USE int imap4_f(int (*g)(void));\nint imap4_h(void);\n"]) != {"imap4_f"}:
        faults.append("declared_functions")
    return faults


def main():
    faults = self_test() if sys.argv[1:] == ["--self-test"] else check(*sys.argv[1:4], sys.argv[4:])
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
