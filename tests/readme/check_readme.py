#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""README.md says what is so.

    check_readme.py --extract README OUTPUT          write the program that it shows
    check_readme.py --check DIRECTORY PROGRAM CAPABILITIES
                                                     the program, built, prints what is shown; the tables agree with
                                                     the code; each file that is named is there.  CAPABILITIES is
                                                     tests/session/test_capabilities, built, which holds the library
                                                     against the names that it prints
    check_readme.py --self-test DIRECTORY PROGRAM CAPABILITIES
                                                     a README with a fault is found out
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

C = r"^C\d*[:=] ?"  # what a client sends, and a server
S = r"^S\d*[:=] ?"

# What in a transcript is a capability's own: a command, an argument or a response that there is only with it.
USES = {
    "IMAP4rev1": S + r".*\bCAPABILITY IMAP4rev1|" + C + r"\S+ (CHECK|LSUB)\b",
    "IMAP4rev2": S + r"\* ENABLED.* IMAP4rev2|" + C + r"\S+ ENABLE.* IMAP4rev2",
    "STARTTLS": C + r"\S+ STARTTLS\b",
    "LOGINDISABLED": S + r".*\b(LOGINDISABLED|PRIVACYREQUIRED)\b",
    "AUTH=PLAIN": C + r"\S+ AUTHENTICATE (PLAIN|\{)",
    "AUTH=LOGIN": C + r"\S+ AUTHENTICATE LOGIN",
    "IDLE": C + r"\S+ IDLE\b",
    "NAMESPACE": S + r"\* NAMESPACE ",
    "ID": S + r"\* ID ",
    "CHILDREN": S + r"\* LIST \(.*\\Has(No)?Children",
    "MULTIAPPEND": C + r"\S+ APPEND .*\{.*\{\d|" + C + r"\S+ APPEND .*\n(.*\n)?" + C + r".* \{\d+\+?\}",
    "REPLACE": C + r"\S+ (UID )?REPLACE\b",
    "PREVIEW": S + r"\* \d+ FETCH .*\bPREVIEW\b",
    "BINARY": S + r"\* \d+ FETCH .*\bBINARY|" + C + r".* ~\{\d",
    "UNSELECT": C + r"\S+ UNSELECT\b",
    "UIDPLUS": S + r".*\[(APPENDUID|COPYUID) |" + C + r"\S+ UID EXPUNGE\b",
    "SASL-IR": C + r"\S+ AUTHENTICATE PLAIN \S",
    "ENABLE": S + r"\* ENABLED\b",
    "MOVE": C + r"\S+ (UID )?MOVE\b",
    "LITERAL+": C + r".*\{\d+\+\}",
    "LITERAL-": S + r".*\bCAPABILITY.* LITERAL- ",
    "INPROGRESS": S + r"\* OK \[INPROGRESS ",
    "MESSAGELIMIT=n": S + r".*(\[MESSAGELIMIT |MESSAGELIMIT=)",
    "SAVELIMIT=n": S + r".* SAVELIMIT=\d",
    "UIDBATCHES": S + r"\* UIDBATCHES ",
    "UIDONLY": C + r"\S+ ENABLE .*UIDONLY",
    "UNAUTHENTICATE": C + r"\S+ UNAUTHENTICATE\b",
    "CONDSTORE": S + r".*(\bMODSEQ \(|HIGHESTMODSEQ|NOMODSEQ)|"
                 + C + r".*\b(CONDSTORE|MODSEQ|(UN)?CHANGEDSINCE)\b",
    "QRESYNC": C + r".*\b(QRESYNC|VANISHED)\b",
    "ESEARCH": S + r"\* ESEARCH ",
    "WITHIN": C + r".*SEARCH .*\b(YOUNGER|OLDER) ",
    "SEARCHRES": C + r".*\bRETURN \(.*SAVE|" + C + r"\S+ (UID )?\w+ \$",
    "PARTIAL": C + r".*\(.*PARTIAL -?\d",
    "LIST-EXTENDED": C + r"\S+ LIST (\(|.*\bRETURN \(|\S+ \()",
    "LIST-STATUS": C + r"\S+ LIST .*RETURN \(.*STATUS \(",
    "STATUS=SIZE": S + r"\* STATUS .*\bSIZE \d",
    "SPECIAL-USE": S + r"\* LIST \(.*\\(All|Archive|Drafts|Flagged|Junk|Sent|Trash)\b",
    "CREATE-SPECIAL-USE": C + r"\S+ CREATE .*\(USE \(",
    "COMPRESS=DEFLATE": C + r"\S+ COMPRESS DEFLATE",
    "OBJECTID": S + r".*\b(MAILBOXID|EMAILID|THREADID)\b",
    "SAVEDATE": S + r"\* \d+ FETCH .*\bSAVEDATE ",
    "APPENDLIMIT=n": S + r".*\bAPPENDLIMIT(=\d| \d| NIL)",
    "UTF8=ACCEPT": C + r".*(\bUTF8=ACCEPT\b|\bUTF8 \(~)",
    "QUOTA": S + r"\* QUOTA(ROOT)? |" + C + r"\S+ GETQUOTA",
    "QUOTASET": C + r"\S+ SETQUOTA ",
    "QUOTA=RES-STORAGE": S + r"\* QUOTA .*STORAGE \d",
    "QUOTA=RES-MESSAGE": S + r"\* QUOTA .*MESSAGE \d",
    "QUOTA=RES-MAILBOX": S + r"\* QUOTA .*MAILBOX \d",
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


def capability_names(path):
    """What the test of capabilities holds the library against."""
    return set(subprocess.run([path, "--names"], capture_output=True, text=True, check=True).stdout.split())


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


def check_uses(name, cell, transcript):
    """The transcripts that are named show the capability."""
    files = code_names(cell)
    faults = [] if files else [f"{name}: no transcript"]
    if name not in USES:
        return faults + [f"{name}: nobody knows what would show it"]
    for file in files:
        conversation = transcript(file)
        if conversation is None:
            faults.append(f"{name}: there is no {file}")
        elif not re.search(USES[name], conversation, re.M | re.I):
            faults.append(f"{name}: {file} does not show it")
    return faults


def check_capabilities(text, shown, transcript):
    """|shown|: what the library has."""
    rows = table(text, "Capability")
    done = {name: row for row in rows if row[2] == "done" for name in code_names(row[0])}
    faults = [] if len(shown) >= 40 else [f"only {len(shown)} capabilities are printed"]
    faults += [f"capability {name} is not done, README.md says that it is" for name in sorted(set(done) - shown)]
    faults += [f"capability {name} is done, README.md does not say so" for name in sorted(shown - set(done))]
    faults += [f"{row[0]}: what is {row[2]!r}?" for row in rows if row[2] not in ("done", "partly", "not yet")]
    faults += [f"{row[0]}: {row[1]!r} is no RFC" for row in rows if not re.fullmatch(r"\d{4,5}(, \d{4,5})*|none", row[1])]
    for name in sorted(done):
        faults += check_uses(name, done[name][3], transcript)
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


def check(text, root, path, shown):
    def transcript(name):
        file = root / "tests/transcripts" / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else None

    def read(name):
        return (root / name).read_text(encoding="utf-8")

    return (check_commands(text, read("lib/cmd/dispatch.c"), transcript)
            + check_capabilities(text, shown, transcript)
            + check_files(text, root)
            + check_limits(text, read("include/imap4/limits.h"))
            + check_program(text, path))


def self_test(text, root, path, shown):
    """Each change of a true README is a fault."""
    changes = [
        (r"^\| `SELECT` .*\n", ""),
        (r"^(\| `SELECT` \|) authenticated, selected", r"\1 selected"),
        (r"^(\| `SELECT` .*)`select\.imap`", r"\1`no-such.imap`"),
        (r"^(\| `SELECT` .*)`select\.imap`", r"\1`capability.imap`"),
        (r"^(\| `SELECT` [^`]*)`.*", r"\1|"),
        (r"^(\| `SELECT`)", r"| `SELECTED` | selected | 1 | `select.imap` |\n\1"),
        (r"^\| `QRESYNC` .*\n", ""),
        (r"^(\| `MOVE` \| 6851 \|) done", r"\1 partly"),
        (r"^(\| `MOVE` \|) 6851", r"\1 some"),
        (r"^(\| `MOVE` \| 6851 \| done \|) [^|]*", r"\1 "),
        (r"^(\| `MOVE` \| 6851 \| done \|.*)`move\.imap`", r"\1`no-such.imap`"),
        (r"^(\| `MOVE` \| 6851 \| done \|.*)`move\.imap`", r"\1`copy.imap`"),
        (r"^(\| `CHILDREN` .*)`list-children\.imap`", r"\1`select.imap`"),
        (r"^\| `APPENDLIMIT=n`", "| `APPENDLIMIT`"),
        (r"^(\| `SORT`, `THREAD` \| 5256 \|) not yet", r"\1 done"),
        (r"^(\| `SORT`, `THREAD` \| 5256 \|) not yet", r"\1 soon"),
        (r"\(include/imap4/store\.h\)", "(include/imap4/stores.h)"),
        (r"`session_octets`", "`session_octet`"),
        (r"16 MiB after it", "17 MiB after it"),
        (r"^\* 1 EXISTS$", "* 2 EXISTS"),
        (r"b SELECT INBOX", "b EXAMINE INBOX"),
    ]
    faults = [f"README.md as it is: {fault}" for fault in check(text, root, path, shown)]
    for name in ("IDLE", "QUOTA=RES-STORAGE"):  # what the library has no more, and what it has and nobody says
        if not check(text, root, path, shown - {name}) or not check(text, root, path, shown | {name + "-2"}):
            faults.append(f"nobody notices another {name}")
    for name in sorted(USES):
        if re.search(USES[name], "# a comment\nC: a1 NOOP\nS: a1 OK done\n", re.M | re.I):
            faults.append(f"everything shows {name}")
    for pattern, replacement in changes:
        changed, count = re.subn(pattern, replacement, text, count=1, flags=re.M)
        if count != 1:
            faults.append(f"README.md has no {pattern}")
        elif not check(changed, root, path, shown):
            faults.append(f"nobody notices {pattern} -> {replacement}")
    return faults


def main():
    action, first, second, *rest = sys.argv[1:]
    if action == "--extract":
        text = program(pathlib.Path(first).read_text(encoding="utf-8"))
        pathlib.Path(second).write_text(text, encoding="utf-8")
        return 0
    root = pathlib.Path(first)
    text = (root / "README.md").read_text(encoding="utf-8")
    faults = {"--check": check, "--self-test": self_test}[action](text, root, second, capability_names(rest[0]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
