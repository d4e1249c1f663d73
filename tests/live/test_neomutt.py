# SPDX-License-Identifier: MIT
"""neomutt against imap4-server, with its header cache, CONDSTORE and QRESYNC (RFC 7162).

neomutt runs on a terminal of its own, with keys that are pushed, through a proxy that records what is said.  It
opens the mailbox, tells what it takes to be there, and leaves; another client changes the mailbox; and so on.
What neomutt has to know then can only have come from QRESYNC and its cache.
"""
import os
import pty
import random
import re
import select
import socket
import subprocess
import threading
import time
import unittest

import live

SETTINGS = """
set folder = "imap://%(user)s@127.0.0.1:%(port)d/"
set spoolfile = "imap://%(user)s@127.0.0.1:%(port)d/INBOX"
set imap_user = "%(user)s"
set imap_pass = "%(password)s"
set ssl_starttls = no
set ssl_force_tls = no
set imap_condstore = %(resync)s
set imap_qresync = %(resync)s
set header_cache = "%(directory)s/cache"
set tmpdir = "%(directory)s"
set certificate_file = ""
set sleep_time = 0
set quit = yes
set delete = yes
set move = no
set mark_old = no
set wait_key = no
set pipe_split = no
set sort = mailbox-order
set record = ""
set from = "demo@example.org"
"""

# What neomutt tells: a pattern of its own, and the IMAP flag that it stands for ("": all messages).
TOLD = (("~A", ""), ("~R", "\\seen"), ("~F", "\\flagged"), ("~Q", "\\answered"))

# How neomutt asks for what has changed: not with a parameter of SELECT.
CHANGED = rb"^\S+ UID FETCH \S+ \(FLAGS\) \(CHANGEDSINCE \d+ VANISHED\)"


class Proxy:
    """Passes octets on to the server and keeps the lines of both sides."""

    def __init__(self, port):
        self.to = port
        self.sent = []  # lines of the client
        self.said = []  # and of the server
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = []
        self._begin(self._accept)

    def _begin(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self._begin(self._serve, client)

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.to), live.LONG) as server:
            back = self._begin(self._pass, server, client, self.said)
            self._pass(client, server, self.sent)
            back.join()

    def _pass(self, source, target, lines):
        with source.makefile("rb") as file:
            try:
                for line in file:
                    lines.append(line.rstrip(b"\r\n"))
                    target.sendall(line)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def forget(self):
        del self.sent[:], self.said[:]

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(live.LONG)


class Neomutt:
    """neomutt with a cache of its own."""

    def __init__(self, port, resync):
        self.directory = live.new_directory()
        self.settings = os.path.join(self.directory, "neomuttrc")
        os.mkdir(os.path.join(self.directory, "cache"))
        with open(self.settings, "w", encoding="ascii") as file:
            file.write(SETTINGS % {"user": live.USER, "password": live.PASSWORD, "port": port,
                                   "directory": self.directory, "resync": "yes" if resync else "no"})

    def run(self, keys):
        """Open INBOX, press |keys|, leave."""
        environment = dict(os.environ, TERM="xterm", HOME=self.directory, LANG="C", LC_ALL="C", LINES="50",
                           COLUMNS="120")
        master, slave = pty.openpty()
        process = subprocess.Popen([NEOMUTT, "-n", "-F", self.settings, "-e", "push '%s<quit>'" % keys], stdin=slave,
                                   stdout=slave, stderr=slave, env=environment, start_new_session=True)
        os.close(slave)
        shown = b""
        end = time.monotonic() + live.LONG
        while process.poll() is None and time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    shown += os.read(master, 65536)
                except OSError:
                    break
        if process.poll() is None and time.monotonic() >= end:
            process.kill()
        status = process.wait(live.LONG)
        os.close(master)
        if status != 0:
            raise AssertionError("neomutt: status %d\n%s" % (status, shown[-2000:].decode("ascii", "replace")))

    def tell(self):
        """Open INBOX, and tell the tokens of all messages, and of those with each flag."""
        keys = ""
        for number, (pattern, _) in enumerate(TOLD):
            path = os.path.join(self.directory, "told%d" % number)
            with open(path, "w", encoding="ascii"):
                pass
            keys += ("<untag-pattern>~A<enter><tag-pattern>%s<enter><tag-prefix-cond><pipe-message>cat >%s<enter>"
                     "<end-cond>" % (pattern, path))
        self.run(keys)
        told = {}
        for number, (_, flag) in enumerate(TOLD):
            with open(os.path.join(self.directory, "told%d" % number), encoding="ascii") as file:
                told[flag] = sorted(re.findall(r"^Subject: (\S+)", file.read(), re.M))
        return told


class Case:
    store = ""

    def setUp(self):
        self.server = live.Server(self.store)
        self.addCleanup(self.stop)
        self.proxy = Proxy(self.server.port)
        self.addCleanup(self.proxy.close)
        self.worker = self.server.login("INBOX")
        self.addCleanup(self.worker.close)
        for i in range(12):
            self.worker.append("INBOX", live.simple_message("m%d" % i))

    def stop(self):
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def there(self):
        """What Neomutt.tell() should tell."""
        texts = self.worker.messages("BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
        flags = self.worker.flags()
        return {flag: sorted(re.match(rb"Subject: (\S+)", text)[1].decode() for uid, text in texts.items()
                             if flag == "" or flag in flags[uid]) for _, flag in TOLD}

    def uids(self):
        return [int(uid) for uid in self.worker.ok("UID SEARCH ALL").texts(rb"SEARCH(.*)")[0][1].split()]

    def change(self, rng, token):
        uids = self.uids()
        kind = rng.randrange(4)
        if kind == 0 or len(uids) < 4:
            self.worker.append("INBOX", live.simple_message(token))
        elif kind == 1:
            uid = rng.choice(uids)
            self.worker.ok("UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid)
            self.worker.ok("UID EXPUNGE %d" % uid)
        else:
            flag = rng.choice(["\\Seen", "\\Flagged", "\\Answered"])
            self.worker.ok("UID STORE %d %sFLAGS.SILENT (%s)" % (rng.choice(uids), rng.choice("+-"), flag))

    def sent(self, pattern):
        return [line for line in self.proxy.sent if re.search(pattern, line, re.I)]

    def said(self, pattern):
        return [line for line in self.proxy.said if re.search(pattern, line)]

    def test_comes_back(self):
        neomutt = Neomutt(self.proxy.port, True)
        self.assertEqual(neomutt.tell(), self.there())
        self.assertEqual(self.sent(CHANGED), [], "there was nothing to begin with")
        rng = random.Random(8)
        for turn in range(5):
            before = self.uids()
            self.proxy.forget()
            for i in range(2 + rng.randrange(5)):
                self.change(rng, "n%d-%d" % (turn, i))
            after = self.uids()
            self.assertEqual(neomutt.tell(), self.there(), turn)
            self.assertEqual(len(self.sent(rb"^\S+ ENABLE .*QRESYNC")), 1, self.proxy.sent)
            self.assertEqual(len(self.sent(CHANGED)), 1, self.proxy.sent)
            gone = set(before) - set(after)
            self.assertEqual(self.said(rb"^\* VANISHED \(EARLIER\) ") != [], gone != set(), self.proxy.said)
            self.assertEqual(self.said(rb"^\S+ (BAD|NO) "), [])
            new = set(after) - set(before)
            self.assertLessEqual(self.headers_fetched(), len(gone) + len(new), self.proxy.sent)

    def headers_fetched(self):
        """How many: of what it has, neomutt asks again for some in the place of which others were expunged."""
        return len(self.said(rb"^\* \d+ FETCH .*\bBODY\[HEADER"))

    def test_its_own_changes(self):
        """What neomutt has changed itself it does not take for new, nor lose."""
        neomutt = Neomutt(self.proxy.port, True)
        neomutt.tell()
        uids = self.uids()
        neomutt.run("<first-entry><flag-message><first-entry><next-entry><delete-message>")
        self.assertIn("\\flagged", self.worker.flags(str(uids[0]))[uids[0]])
        self.assertEqual(self.uids(), uids[:1] + uids[2:])
        self.proxy.forget()
        self.assertEqual(neomutt.tell(), self.there())
        self.assertEqual(len(self.sent(CHANGED)), 1, self.proxy.sent)
        self.assertEqual(self.said(rb"^\S+ (BAD|NO) "), [])

    def test_without(self):
        """The same with the cache alone."""
        neomutt = Neomutt(self.proxy.port, False)
        rng = random.Random(9)
        for turn in range(3):
            self.assertEqual(neomutt.tell(), self.there(), turn)
            for i in range(4):
                self.change(rng, "n%d-%d" % (turn, i))
        self.assertEqual(self.sent(rb"QRESYNC|CONDSTORE|CHANGEDSINCE"), [])


class OnMemory(Case, unittest.TestCase):
    store = "memory"


class OnMaildir(Case, unittest.TestCase):
    store = "maildir"

    def test_mailbox_made_anew(self):
        """Another UIDVALIDITY: what is in the cache is worth nothing."""
        neomutt = Neomutt(self.proxy.port, True)
        neomutt.tell()
        self.worker.close()
        self.assertEqual(self.server.stop(), 0)
        for name in os.listdir(self.server.mail + "/demo"):
            # The account remembers the last UIDVALIDITY: else one that is made in the same second is the same.
            if name not in ("cur", "new", "tmp", "imap4-uidvalidity"):
                path = os.path.join(self.server.mail, "demo", name)
                if os.path.isfile(path):
                    os.unlink(path)
        self.server = live.Server("maildir", mail=self.server.mail)
        self.proxy.to = self.server.port
        self.worker = self.server.login("INBOX")
        self.addCleanup(self.worker.close)
        self.worker.append("INBOX", live.simple_message("other"))
        self.proxy.forget()
        self.assertEqual(neomutt.tell(), self.there())
        self.assertEqual(self.sent(CHANGED), [])


if __name__ == "__main__":
    (NEOMUTT,) = live.require("neomutt")
    live.main()
