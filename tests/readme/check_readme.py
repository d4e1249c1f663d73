#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""README.md says what is so.

    check_readme.py --extract README OUTPUT          write the program that it shows
    check_readme.py --check DIRECTORY PROGRAM        the program, built, prints what is shown; the tables agree with
                                                     the code; each file that is named is there
    check_readme.py --self-test DIRECTORY PROGRAM    a README with a fault is found out
"""
import os
import pathlib
import re
import subprocess
import sys

STATES = {
    "ANY": "any",
    "NOAUTH": "not authenticated",
    "LOGGED": "authenticated, selected",
    "SELECTED": "selected",
}


def fenced(text, language):
    """The blocks between ``` with this language, each as (where it ends, contents)."""
    return [(match.end(), match.group(1))
            for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)]


def program(text):
    return fenced(text, "c")[0][1]


def tables(text):
    """Each table as a list of rows, each row a list of cells."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.M)
    return [[[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
            for table in found]


def table(text, first_cell):
    for rows in tables(text):
        if rows[0][0] == first_cell:
            return rows[2:]
    return []


def code_names(cell):
    return re.findall(r"`([^`]*)`", cell)


def dispatch_rows(source):
    """name: states, from lib/cmd/dispatch.c."""
    rows = re.findall(r'^    \{"([A-Z]+)", (true|false), (\w+),', source, re.M)
    return {("UID " if uid == "true" else "") + name: STATES[states] for name, uid, states in rows}


def capability_names(source):
    """From lib/core/capability.c: the table, and what is written without it."""
    names = set(re.findall(r'\{"([^"]+)",\s*IMAP4_FEATURE_', source))
    names |= set(re.findall(r'IMAP4I_S\("(IMAP4rev\d|STARTTLS|LOGINDISABLED)"\)', source))
    return names | {"AUTH=" + name for name in re.findall(r'mechanism, IMAP4I_S\("([A-Z]+)"\)', source)}


def check_commands(text, source, transcript):
    """|transcript|: gives the text of a transcript, or None."""
    listed = {code_names(row[0])[0]: row for row in table(text, "Command")}
    rows = dispatch_rows(source)
    faults = [] if len(rows) >= 25 else [f"only {len(rows)} rows found in dispatch.c"]
    faults += [f"{name} is in one of README.md and dispatch.c alone" for name in sorted(set(listed) ^ set(rows))]
    for name in sorted(set(listed) & set(rows)):
        if listed[name][1] != rows[name]:
            faults.append(f"{name}: states are {rows[name]!r}, not {listed[name][1]!r}")
        files = code_names(listed[name][3])
        if not files:
            faults.append(f"{name}: no transcript")
        for file in files:
            conversation = transcript(file)
            if conversation is None:
                faults.append(f"{name}: there is no {file}")
            elif not re.search(rf"^C\d*[:=] ?\S+ {name}\b", conversation, re.M | re.I):
                faults.append(f"{name}: {file} does not have it")
    return faults


def check_capabilities(text, source):
    rows = table(text, "Capability")
    done = {name for row in rows if row[2] == "done" for name in code_names(row[0])}
    shown = capability_names(source)
    faults = [] if len(shown) >= 10 else [f"only {len(shown)} capabilities found in capability.c"]
    faults += [f"capability {name} is not done, README.md says that it is" for name in sorted(done - shown)]
    faults += [f"capability {name} is done, README.md does not say so" for name in sorted(shown - done)]
    faults += [f"{row[0]}: what is {row[2]!r}?" for row in rows if row[2] not in ("done", "partly", "not yet")]
    return faults


def check_files(text, root):
    named = re.findall(r"\]\(([^)#]+)\)", text) + re.findall(r"`((?:lib|tests|examples|fuzz|include)/[\w./-]+)`", text)
    faults = [f"there is no {name}" for name in named if "://" not in name and not (root / name).exists()]
    for command in re.findall(r"^    \./(\S+)$", text, re.M) + code_names(text):
        name = command[2:] if command.startswith("./") else command
        if name in ("examples/demo", "tests/run", ".ci/run") and not os.access(root / name, os.X_OK):
            faults.append(f"{name} can't be executed")
    return faults


def check_limits(text, header):
    """Names in the section on limits, and the two numbers that it tells."""
    section = text.split("\n## Limits", 1)[1].split("\n## ", 1)[0]
    faults = [f"imap4_limits has no {name}" for name in code_names(section)
              if re.fullmatch(r"[a-z]+_[a-z_]+", name) and not re.search(rf"\b{name};", header)]
    if "64 KiB before login and 16 MiB after it" not in section or "(65,536 / 16,777,216)" not in header:
        faults.append("session_octets is another number")
    return faults


def check_program(text, path):
    """Runs the conversation that is shown, and compares."""
    end, shell = [block for block in fenced(text, "sh") if "./host" in block[1]][0]
    sent = re.search(r"printf '([^']*)' \| \./host", shell).group(1)
    shown = fenced(text[end:], "")[0][1]
    sent = sent.replace("\\r", "\r").replace("\\n", "\n").encode()
    ran = subprocess.run([path], input=sent, capture_output=True, timeout=60)
    faults = [] if ran.returncode == 0 else [f"the program ends with {ran.returncode}: {ran.stderr.decode()}"]
    printed = ran.stdout.decode().replace("\r\n", "\n")
    if printed != shown:
        faults.append(f"the program prints\n{printed}\nand README.md shows\n{shown}")
    return faults


def check(text, root, path):
    def transcript(name):
        file = root / "tests/transcripts" / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else None

    def read(name):
        return (root / name).read_text(encoding="utf-8")

    return (check_commands(text, read("lib/cmd/dispatch.c"), transcript)
            + check_capabilities(text, read("lib/core/capability.c"))
            + check_files(text, root)
            + check_limits(text, read("include/imap4/limits.h"))
            + check_program(text, path))


def self_test(text, root, path):
    """Each change of a true README is a fault."""
    changes = [
        (r"^\| `SELECT` .*\n", ""),
        (r"^(\| `SELECT` \|) authenticated, selected", r"\1 selected"),
        (r"^(\| `SELECT` .*)`select\.imap`", r"\1`no-such.imap`"),
        (r"^(\| `SELECT` .*)`select\.imap`", r"\1`capability.imap`"),
        (r"^(\| `SELECT` [^`]*)`.*", r"\1|"),
        (r"^(\| `SELECT`)", r"| `SELECTED` | selected | 1 | `select.imap` |\n\1"),
        (r"^(\| `MOVE` \| RFC 6851 \|) done", r"\1 partly"),
        (r"^(\| `SORT`, `THREAD` \| RFC 5256 \|) not yet", r"\1 done"),
        (r"^(\| `SORT`, `THREAD` \| RFC 5256 \|) not yet", r"\1 soon"),
        (r"\(include/imap4/store\.h\)", "(include/imap4/stores.h)"),
        (r"`session_octets`", "`session_octet`"),
        (r"16 MiB after it", "17 MiB after it"),
        (r"^\* 1 EXISTS$", "* 2 EXISTS"),
        (r"b SELECT INBOX", "b EXAMINE INBOX"),
    ]
    faults = [f"README.md as it is: {fault}" for fault in check(text, root, path)]
    for pattern, replacement in changes:
        changed, count = re.subn(pattern, replacement, text, count=1, flags=re.M)
        if count != 1:
            faults.append(f"README.md has no {pattern}")
        elif not check(changed, root, path):
            faults.append(f"nobody notices {pattern} -> {replacement}")
    return faults


def main():
    action, first, second = sys.argv[1:]
    if action == "--extract":
        text = program(pathlib.Path(first).read_text(encoding="utf-8"))
        pathlib.Path(second).write_text(text, encoding="utf-8")
        return 0
    root = pathlib.Path(first)
    text = (root / "README.md").read_text(encoding="utf-8")
    faults = {"--check": check, "--self-test": self_test}[action](text, root, second)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
