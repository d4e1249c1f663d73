# SPDX-License-Identifier: MIT
"""The corpus of real and nasty messages, when it is there: ../shared/corpus beside the source root, or
IMAP4_LIVE_CORPUS.  Its check.py asks imap4-server for everything about each message and compares with the
answers of established servers.

This test fails only when the check could not be run to its end; how many answers agree is printed.
"""
import os
import subprocess
import sys
import unittest

import live

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.environ.get("IMAP4_LIVE_CORPUS", os.path.join(os.path.dirname(ROOT), "shared", "corpus"))
CHECK = os.path.join(CORPUS, "check.py")
COULD_NOT_RUN = 2


class Corpus(unittest.TestCase):
    def check(self, store):
        with live.Server(store) as server:
            command = [sys.executable, CHECK, "127.0.0.1", str(server.port), live.USER, live.PASSWORD,
                       "--skip", "binary,sort,thread", "--show", "5"]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=live.LONG * 20, check=False)
        print(done.stdout if done.returncode != 0 else done.stdout.splitlines()[-1], flush=True)
        self.assertIn(done.returncode, range(COULD_NOT_RUN))
        self.assertRegex(done.stdout.splitlines()[-1], "^corpus: ")

    def test_memory(self):
        self.check("memory")

    def test_maildir(self):
        self.check("maildir")


if __name__ == "__main__":
    if not os.path.exists(CHECK):
        live.skip("no corpus at " + CORPUS)
    live.main()
