#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of this code that a script can check.

    check_style.py DIRECTORY
    check_style.py --self-test

For the library (lib/ and include/): which headers of libc it may include, which functions it may not call, and
that a folder includes only from the folders before it.  For all C files: how long functions and files may be, and
how a file begins.  How lines are laid out is for clang-format, see .ci/run.
"""
import pathlib
import re
import sys

FUNCTION_LINES = 100
FILE_LINES = 1000

# Each folder of lib/ includes from itself and from those before it.
FOLDERS = ["base", "wire", "mail", "search", "core", "cmd", "io"]

# No <stdio.h>, <time.h>, <ctype.h>, <locale.h>, <unistd.h>, <pthread.h> ...: no input or output, clock, thread,
# environment or locale.
HEADERS = {"limits.h", "stdalign.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}
# What only one file may include or name.
OWNED_HEADERS = {"stdlib.h": "lib/base/mem.c", "errno.h": "lib/base/iconv.c", "iconv.h": "lib/base/iconv.c"}
OWNED_WORDS = {"lib/base/mem.c": {"malloc", "realloc", "free"}, "lib/base/iconv.c": {"errno"}}

# Not bounded, or dependent on the locale, or hidden state, or out of a library's hands: calls of
BANNED = set("""
    sprintf snprintf vsprintf vsnprintf printf fprintf sscanf asprintf
    strcpy stpcpy strncpy strcat strncat strtok strtok_r strdup strndup strerror strcoll strxfrm gets
    strcmp strncmp strcasecmp strncasecmp
    strtol strtoul strtoll strtoull strtod strtof atoi atol atoll atof
    isalnum isalpha isascii isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit
    tolower toupper setlocale localeconv nl_langinfo
    malloc calloc realloc reallocarray aligned_alloc free alloca
    getenv setenv secure_getenv system abort exit _Exit atexit assert signal raise
    time clock gettimeofday clock_gettime localtime gmtime mktime strftime rand random srand qsort bsearch
    setjmp longjmp sigsetjmp
    """.split())
# Not to be named at all.
BANNED_WORDS = {"errno", "_Thread_local", "__thread", "register"}

SPDX = re.compile(r"/\* SPDX-License-Identifier: MIT \*/")
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    """The same number of lines, and a string that is still seen to be one."""
    text = match.group()
    return '""' if text[0] == '"' else "0" if text[0] == "'" else "\n" * text.count("\n")


def without_comments(text):
    """C without comments, and with strings and characters emptied; lines stay where they are."""
    kept = re.sub(r'^(\s*#\s*include\s*)"([^"]*)"', r"\1<\2>", text, flags=re.M)
    return COMMENT_OR_STRING.sub(blank, kept)


def functions(code):
    """(first line, lines, name) of each function: from the line in column 1 to the "}" in column 1."""
    start = None
    lines = code.split("\n")
    for i, line in enumerate(lines):
        if line.startswith("}"):
            if start is not None and line.rstrip() == "}":
                head = " ".join(lines[start:i])
                name = re.search(r"(\w+)\s*\(", head)
                yield start + 1, i - start + 1, name.group(1) if name else "?"
            start = None
        elif start is None and re.match(r"[A-Za-z_]", line):
            start = i
        if start is not None and (line.endswith(";") and "{" not in "".join(lines[start:i + 1])):
            start = None
        if start is not None and re.search(r"=\s*\{?\s*$|=\s*\{", lines[start]):
            start = None


def check_layout(path, text):
    """For all C files."""
    lines = text.split("\n")
    code = without_comments(text)
    if not SPDX.match(text):
        yield 1, "the first line must be /* SPDX-License-Identifier: MIT */"
    if not text.endswith("\n"):
        yield len(lines), "no line end at the end"
    if len(lines) - 1 > FILE_LINES:
        yield 1, f"{len(lines) - 1} lines, at most {FILE_LINES}"
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "a space at the end of the line"
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            yield number, "unfinished work belongs in an issue"
    for number, line in enumerate(code.split("\n"), 1):
        if "//" in line:
            yield number, "comments are /* */"
    for number, length, name in functions(code):
        if length > FUNCTION_LINES:
            yield number, f"{name} has {length} lines, at most {FUNCTION_LINES}"


def check_include(path, header):
    """|header| as it stands between the marks; |path| is in lib/ or include/."""
    if header.startswith("imap4/"):
        return None
    if "/" not in header:
        if header in HEADERS or OWNED_HEADERS.get(header) == path:
            return None
        return f"<{header}> is not for this file"
    parts = path.split("/")
    folder = header.split("/")[0]
    if parts[0] == "include":
        return f"a public header includes {header}"
    if folder not in FOLDERS:
        return f"no folder of the library: {header}"
    if FOLDERS.index(folder) > FOLDERS.index(parts[1]):
        return f"{parts[1]}/ must not include from {folder}/: the order is {' '.join(FOLDERS)}"
    return None


def check_library(path, text):
    """For lib/ and include/."""
    allowed = OWNED_WORDS.get(path, set())
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        include = re.match(r"\s*#\s*include\s*<([^>]*)>", line)
        if include:
            fault = check_include(path, include.group(1))
            if fault:
                yield number, fault
            continue
        calls = re.findall(r"(?<![\w.>])([A-Za-z_]\w*)(?=\s*\()", line)
        words = re.findall(r"\b[A-Za-z_]\w*", line)
        for word in [word for word in calls if word in BANNED] + [word for word in words if word in BANNED_WORDS]:
            if word not in allowed:
                yield number, f"{word} is not for this file"
        if re.search(r"\btypedef\b.*\bimap4\w*_t\b|\}\s*imap4\w*_t\s*;", line):
            yield number, "names of types do not end in _t"


def check_file(path, text):
    faults = list(check_layout(path, text))
    if path.startswith(("lib/", "include/")):
        faults += check_library(path, text)
    return [f"{path}:{number}: {fault}" for number, fault in faults]


def check_tree(root):
    root = pathlib.Path(root)
    faults = []
    names = {}
    paths = [path for folder in ["include", "lib", "examples", "tests", "fuzz"]
             for path in sorted((root / folder).rglob("*.[ch]"))]
    for path in paths:
        short = path.relative_to(root).as_posix()
        faults += check_file(short, path.read_text(encoding="utf-8"))
        if short.startswith("lib/"):
            names.setdefault(path.name, []).append(short)
    for places in names.values():
        if len(places) > 1:
            faults.append(f"{places[1]}: the same file name as {places[0]}")
    if len(paths) < 10:
        faults.append(f"{root}: this is no source tree")
    return faults


def self_test():
    """Each rule finds what it is there for, and nothing in what is right."""
    head = "/* SPDX-License-Identifier: MIT */\n"
    body = "  x++;\n"
    cases = [
        ("lib/base/a.c", head + '#include "base/a.h"\nstatic int f(void) {\n  return g->free(1); /* time(0) */\n}\n', 0),
        ("lib/base/a.c", "int x;\n", 1),
        ("lib/base/a.c", head + "int x;", 1),
        ("lib/base/a.c", head + "int x; \n", 1),
        ("lib/base/a.c", head + "\tint x;\n", 1),
        ("lib/base/a.c", head + "/* TO" + "DO: more */\n", 1),
        ("lib/base/a.c", head + "int x; // one\n", 1),
        ("lib/base/a.c", head + 'const char *s = "http://x";\n', 0),
        ("lib/base/a.c", head + '#include "core/op.h"\n', 1),
        ("lib/cmd/a.c", head + '#include "core/op.h"\n#include "imap4/store.h"\n#include <string.h>\n', 0),
        ("lib/core/a.c", head + '#include "cmd/copier.h"\n', 1),
        ("lib/base/a.c", head + "#include <stdio.h>\n", 1),
        ("lib/base/a.c", head + "#include <stdlib.h>\n", 1),
        ("lib/base/mem.c", head + "#include <stdlib.h>\n", 0),
        ("include/imap4/a.h", head + '#include "base/a.h"\n', 1),
        ("lib/wire/a.c", head + "static int f(void) {\n  return isdigit('0') + errno;\n}\n", 2),
        ("lib/base/a.c", head + "typedef int imap4_x_t;\n", 1),
        ("examples/a.c", head + "#include <stdio.h>\nint f(void) {\n  return isdigit('0');\n}\n", 0),
        ("lib/base/a.c", head + "static int f(int a,\n    int b) {\n" + body * 97 + "}\n", 0),
        ("lib/base/a.c", head + "static int f(int a,\n    int b) {\n" + body * 98 + "}\n", 1),
        ("lib/base/a.c", head + "static const int a[] = {\n" + "  1,\n" * 200 + "};\n", 0),
        ("lib/base/a.c", head + "\n" * 1000, 1),
    ]
    faults = []
    for i, (path, text, count) in enumerate(cases):
        found = check_file(path, text)
        if len(found) != count:
            faults.append(f"case {i}: {found}, expected {count}")
    return faults


def main():
    faults = self_test() if sys.argv[1] == "--self-test" else check_tree(sys.argv[1])
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
