# SPDX-License-Identifier: MIT
"""mbsync (isync) against imap4-server: mail goes up, comes down elsewhere, changes on all sides, stays equal.

Three places are compared, message by message: the server, the Maildir that was pushed, and a second Maildir
that is synchronised with the same account.  mbsync adds a header field X-TUID, and its Maildirs have LF where
IMAP has CRLF; nothing else may differ.
"""
import imaplib
import os
import random
import re
import subprocess
import time
import unittest

import live

MESSAGES = 500
FOLDERS = ("INBOX", "Archive", "Archive.2025", "Archive.2025.deep", "Archive.2025.deep.er", "two words",
           "Sp&AOQ-t", "Lists", "Lists.~tilde")
FLAGS = {"D": "\\draft", "F": "\\flagged", "P": "$forwarded", "R": "\\answered", "S": "\\seen"}

CONFIG = """
FSync no

IMAPAccount live
Host 127.0.0.1
Port %(port)d
User %(user)s
Pass %(password)s
SSLType None
AuthMechs LOGIN
Timeout 120

IMAPStore server
Account live

MaildirStore %(name)s
SubFolders Maildir++
Inbox %(path)s

Channel %(name)s
Far :server:
Near :%(name)s:
Patterns INBOX *
Create Both
Expunge Both
Sync All
CopyArrivalDate yes
SyncState *
"""


def as_mbsync_keeps_it(message):
    """Without CR and without what mbsync adds: equal for all copies of a message."""
    return re.sub(rb"(?m)^X-TUID: [^\n]*\n", b"", message.replace(b"\r", b""), count=1)


class Maildir:
    """A Maildir++ tree on this side, and mbsync for it."""

    def __init__(self, server, name):
        self.path = os.path.join(live.new_directory(), name)
        self.config = self.path + ".mbsyncrc"
        self.name = name
        self.count = 0
        self.make("INBOX")
        values = {"port": server.port, "user": live.USER, "password": live.PASSWORD, "name": name,
                  "path": self.path}
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG % values)

    def folder(self, name):
        return self.path if name == "INBOX" else os.path.join(self.path, "." + name)

    def make(self, name):
        for part in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(self.folder(name), part), exist_ok=True)

    def folders(self):
        return ["INBOX"] + [name[1:] for name in os.listdir(self.path)
                            if name[0] == "." and os.path.isdir(os.path.join(self.path, name, "cur"))]

    def deliver(self, name, message, flags, when):
        self.make(name)
        self.count += 1
        part = "cur/%d.%d_%s.host:2,%s" if flags else "new/%d.%d_%s.host%s"
        path = os.path.join(self.folder(name), part % (when, self.count, self.name, "".join(sorted(flags))))
        with open(path, "wb") as file:
            file.write(message)
        os.utime(path, (when, when))

    def files(self, name):
        """(path, letters) of each message."""
        for part in ("new", "cur"):
            directory = os.path.join(self.folder(name), part)
            for file in sorted(os.listdir(directory)):
                yield os.path.join(directory, file), file.partition(":2,")[2]

    def read(self, name):
        """Flags and time of each message, by its text."""
        found = {}
        for path, letters in self.files(name):
            with open(path, "rb") as file:
                text = as_mbsync_keeps_it(file.read())
            assert text not in found, "twice in %s: %r" % (name, text[:200])
            found[text] = (frozenset(FLAGS[letter] for letter in letters), int(os.stat(path).st_mtime))
        return found

    def refile(self, path, letters):
        """Other flags for the message at |path|."""
        directory, file = os.path.split(path)
        name = file.partition(":2,")[0] + ":2," + "".join(sorted(letters))
        os.rename(path, os.path.join(os.path.dirname(directory), "cur", name))

    def sync(self):
        done = subprocess.run([MBSYNC, "-c", self.config, self.name], capture_output=True, text=True,
                              timeout=live.LONG * 10, check=False)
        complaints = done.stderr.replace("*** IMAP Warning *** Password is being sent in the clear\n", "")
        if done.returncode != 0 or complaints != "":
            raise AssertionError("mbsync %s: status %d\n%s" % (self.name, done.returncode, done.stderr))


class Case:
    store = ""

    def setUp(self):
        self.server = live.Server(self.store)
        self.addCleanup(self.stop)
        self.client = self.server.login()
        self.addCleanup(self.client.close)
        listed = self.client.ok('LIST "" ""').texts(rb'LIST \([^)]*\) "(.)"')
        self.delimiter = listed[0][1].decode()
        self.first = Maildir(self.server, "first")
        self.second = Maildir(self.server, "second")

    def stop(self):
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def quoted(self, name):
        return '"%s"' % name.replace(".", self.delimiter)

    def server_folders(self):
        found = self.client.ok('LIST "" *').texts(rb'LIST \(([^)]*)\) "." "?([^"]*)"?$')
        return [match[2].decode().replace(self.delimiter, ".") for match in found
                if b"\\Noselect" not in match[1]]

    def server_read(self, name):
        """Flags and time of each message on the server, by its text; the text has CRLF alone."""
        found = {}
        self.client.ok("SELECT " + self.quoted(name))
        flags = self.client.flags()
        texts = self.client.messages()
        dates = {}
        for _, text, _ in self.client.ok("UID FETCH 1:* (UID INTERNALDATE)").fetched():
            dates[int(re.search(rb"UID (\d+)", text)[1])] = int(time.mktime(imaplib.Internaldate2tuple(text)))
        self.assertEqual(set(texts), set(flags))
        for uid, text in texts.items():
            self.assertEqual(re.findall(rb"(?<!\r)\n|\r(?!\n)", text), [], "line ends of UID %d" % uid)
            found[as_mbsync_keeps_it(text)] = (flags[uid], dates[uid])
        self.assertEqual(len(found), len(texts), "a message is there twice")
        return found

    def compare(self, expected):
        """All three places hold |expected|: by folder, by text, the flags and the time."""
        self.assertEqual(set(self.server_folders()), set(expected))
        for place in (self.first, self.second):
            self.assertEqual(set(place.folders()), set(expected), place.name)
        for folder, messages in expected.items():
            for place, found in (("server", self.server_read(folder)), ("first", self.first.read(folder)),
                                 ("second", self.second.read(folder))):
                self.compare_folder("%s of %s" % (folder, place), messages, found)

    def compare_folder(self, where, messages, found):
        missing = [text[:300] for text in messages if text not in found]
        excess = [text[:300] for text in found if text not in messages]
        self.assertEqual((missing[:2], excess[:2]), ([], []), "%s: %d missing, %d too many" % (
            where, len(missing), len(excess)))
        for text, (flags, when) in messages.items():
            self.assertEqual(found[text][0], flags, (where, text[:300]))
            self.assertEqual(found[text][1], when, (where, text[:300]))

    def fill(self):
        """The messages of the first Maildir; what is expected everywhere."""
        expected = {folder: {} for folder in FOLDERS}
        rng = random.Random(7)
        for folder in FOLDERS:
            self.first.make(folder)
        for i in range(MESSAGES):
            message = live.varied_message(i)
            folder = FOLDERS[i % 40] if i % 40 < len(FOLDERS) else "INBOX"
            letters = "".join(letter for letter in FLAGS if rng.random() < 0.3)
            when = 1000000000 + i * 86399
            self.first.deliver(folder, message, letters, when)
            expected[folder][as_mbsync_keeps_it(message)] = (frozenset(FLAGS[x] for x in letters), when)
        return expected

    def change_maildir(self, place, expected, rng):
        """Delete some, flag some, add some."""
        for folder in ("INBOX", "Archive"):
            for path, letters in list(place.files(folder)):
                with open(path, "rb") as file:
                    text = as_mbsync_keeps_it(file.read())
                choice = rng.randrange(12)
                if choice == 0:
                    os.unlink(path)
                    del expected[folder][text]
                elif choice == 1:
                    place.refile(path, letters + "T")
                    del expected[folder][text]
                elif choice in (2, 3):
                    letters = "".join(set(letters) ^ {rng.choice("DFPRS")})
                    place.refile(path, letters)
                    expected[folder][text] = (frozenset(FLAGS[x] for x in letters), expected[folder][text][1])
        for i in range(12):
            folder = ("INBOX", "New from " + place.name)[i % 2]
            message = live.varied_message(i, seed="new in " + place.name)
            message = message.replace(b"varied", b"new-in-" + place.name.encode())
            place.deliver(folder, message, "FS"[: i % 3], 1600000000 + i)
            flags = frozenset(FLAGS[x] for x in "FS"[: i % 3])
            expected.setdefault(folder, {})[as_mbsync_keeps_it(message)] = (flags, 1600000000 + i)

    def change_server(self, expected, rng, turn):
        client = self.client
        copies, token = "Archive.on server %d" % turn, b"new-on-server-%d" % turn
        client.ok("SELECT " + self.quoted("Archive.2025"))
        folder = expected["Archive.2025"]
        for uid, text in client.messages().items():
            key = as_mbsync_keeps_it(text)
            choice = rng.randrange(4)
            if choice == 0:
                client.ok("UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid)
                del folder[key]
            elif choice == 1:
                client.ok("UID STORE %d FLAGS.SILENT (\\Flagged $Forwarded)" % uid)
                folder[key] = (frozenset(("\\flagged", "$forwarded")), folder[key][1])
        client.ok("EXPUNGE")
        client.ok("CREATE " + self.quoted(copies))
        client.ok("COPY 1:* " + self.quoted(copies))
        expected[copies] = dict(folder)
        for i in range(10):
            message = live.varied_message(i, seed="new on server").replace(b"varied", token)
            message = live.crlf(message)
            when = 1650000000 + 100 * turn + i
            date = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(when))
            client.append("INBOX", message, "\\Answered", date)
            expected["INBOX"][as_mbsync_keeps_it(message)] = (frozenset(("\\answered",)), when)
        client.ok("CLOSE")

    def test_synchronise(self):
        shown = self.client.ok("CAPABILITY").untagged[0].text.split()
        self.assertIn(b"CONDSTORE", shown)  # which mbsync does not ask for, and so must never be told of
        self.assertIn(b"QRESYNC", shown)
        expected = self.fill()
        self.first.sync()
        self.second.sync()
        self.compare(expected)
        self.change_maildir(self.first, expected, random.Random(1))
        self.change_server(expected, random.Random(2), 1)
        self.first.sync()
        self.second.sync()
        self.compare(expected)
        self.change_maildir(self.second, expected, random.Random(3))
        self.change_server(expected, random.Random(4), 2)
        self.second.sync()
        self.first.sync()
        self.compare(expected)
        before = self.state()
        self.first.sync()
        self.second.sync()
        self.assertEqual(self.state(), before, "mbsync had something to do although nothing had changed")

    def state(self):
        """Numbers that every change on the server raises."""
        status = "STATUS %s (MESSAGES UIDNEXT UIDVALIDITY)"
        return [self.client.ok(status % self.quoted(name)).untagged[0].text
                for name in sorted(self.server_folders())]


class OnMemory(Case, unittest.TestCase):
    store = "memory"


class OnMaildir(Case, unittest.TestCase):
    store = "maildir"


if __name__ == "__main__":
    (MBSYNC,) = live.require("mbsync")
    live.main()
