# SPDX-License-Identifier: MIT
"""The corpus of real and nasty messages, when it is there: ../shared/corpus beside the source root, or
IMAP4_LIVE_CORPUS.  Its check.py asks imap4-server for everything about each message and compares with the
answers of established servers.

Where those are wrong by the RFC, deviations.md says so.  The differences that check.py finds must be those of
that list, each with the answer that stands there, and no others.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import live

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CORPUS = os.environ.get("IMAP4_LIVE_CORPUS", os.path.join(os.path.dirname(ROOT), "shared", "corpus"))
CHECK = os.path.join(CORPUS, "check.py")
DEVIATIONS = os.path.join(HERE, "deviations.md")
COULD_NOT_RUN = 2
MOST = 0.01  # of the answers compared


def deviations(text):
    """{(message or id of a search, item): (RFC clause, our answer, why)} of a table in Markdown."""
    found = {}
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split(" | ")]
        if not line.startswith("| ") or len(cells) != 5 or cells[0] == "message" or set(cells[0]) == {"-"}:
            continue
        key = cells[0], cells[1].strip("`")
        if key in found:
            raise ValueError("twice in the list: %s %s" % key)
        found[key] = cells[2], cells[3].strip("`"), cells[4]
    return found


def differences(lines):
    """{(message or id of a search, item): text} from check.py --diffs."""
    found = {}
    for line in lines:
        item, where, said = json.loads(line)
        message, _, rest = where.partition(" ")
        found[message, rest if item in ("sections", "binary") else item] = " ".join(said)
    return found


def complaints(listed, found):
    """What is wrong between the list and the differences found."""
    out = []
    for key, said in sorted(found.items()):
        if key not in listed:
            out.append("differs and is not in deviations.md: %s %s: %s" % (*key, said))
        elif listed[key][1] not in said:
            out.append("another answer than in deviations.md: %s %s: %s" % (*key, said))
    out += ["in deviations.md, but does not differ: %s %s" % key for key in sorted(set(listed) - set(found))]
    out += ["no RFC clause or reason: %s %s" % key for key, row in sorted(listed.items())
            if not re.search(r"RFC \d+", row[0]) or not row[2]]
    return out


class Harness(unittest.TestCase):
    """The comparison must be able to fail."""

    LIST = """text
| message | item | clause | we answer | why |
| - | - | - | - | - |
| a/x.eml | envelope | RFC 1 section 2 | `cc: y` | because |
| a/x.eml | `BODY[1]` | RFC 1 section 2 | `5 bytes` | because |
| a/x.eml | `BINARY[1]` | RFC 1 section 2 | `[3, 3, '7` | because |
"""
    FOUND = ['["envelope", "a/x.eml", ["references: envelope.cc: y, expected z"]]',
             '["sections", "a/x.eml BODY[1]", ["5 bytes, sha256 1, expected 6 bytes"]]',
             '["binary", "a/x.eml BINARY[1]", ["[3, 3, \'78\'], expected [4, 4, \'79\']"]]']

    def check(self, text, found):
        return complaints(deviations(text), differences(found))

    def test_agreement(self):
        self.assertEqual(self.check(self.LIST, self.FOUND), [])

    def test_complaints(self):
        for text, found in ((self.LIST, self.FOUND[:1]), (self.LIST, self.FOUND + ['["size", "b", ["c"]]']),
                            (self.LIST.replace("cc: y", "cc: w"), self.FOUND),
                            (self.LIST.replace("RFC 1", "some text"), self.FOUND),
                            (self.LIST.replace("because", ""), self.FOUND)):
            self.assertNotEqual(self.check(text, found), [])

    def test_twice(self):
        with self.assertRaises(ValueError):
            deviations(self.LIST + self.LIST)


class Corpus(unittest.TestCase):
    def check(self, store):
        with live.Server(store) as server, tempfile.TemporaryDirectory() as scratch:
            diffs = os.path.join(scratch, "differences")
            command = [sys.executable, CHECK, "127.0.0.1", str(server.port), live.USER, live.PASSWORD,
                       "--skip", "sort,thread", "--show", "0", "--diffs", diffs]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=live.LONG * 20, check=False)
            self.assertIn(done.returncode, range(COULD_NOT_RUN), done.stdout)
            with open(diffs, encoding="utf-8") as file:
                found = differences(file)
        print(done.stdout.splitlines()[-1], flush=True)
        with open(DEVIATIONS, encoding="utf-8") as file:
            listed = deviations(file.read())
        self.assertEqual(complaints(listed, found), [])
        compared = [int(n) for n in re.findall(r"\d+/(\d+)", done.stdout.splitlines()[-1])]
        self.assertLessEqual(len(listed), MOST * sum(compared))

    @unittest.skipUnless(os.path.exists(CHECK), "no corpus at " + CORPUS)
    def test_memory(self):
        self.check("memory")

    @unittest.skipUnless(os.path.exists(CHECK), "no corpus at " + CORPUS)
    def test_maildir(self):
        self.check("maildir")


if __name__ == "__main__":
    live.main()
