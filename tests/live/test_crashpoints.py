# SPDX-License-Identifier: MIT
"""Every moment at which a crash can differ from another: test_crashpoints.py SERVER CRASHPOINT_LIBRARY.

For each command that changes mail, imap4-server on the Maildir store is killed right before its first call
that changes a file, then, on a fresh copy of the mail, before its second, and so on until it gets through;
and once more at each write, with that write done by half (crashpoint.c does the killing).  A new server must
then show what was before or what comes after the command; after, if it had been acknowledged.  More exactly:

- nothing that the command does not concern is lost or changed, and nothing at all is lost from the account;
- what the command adds to a mailbox is there as a whole or not at all;
- each message whose flags it changes has the old or the new ones;
- what shows first stays: no message comes or goes later, and what is appended later gets a higher UID.
"""
import hashlib
import os
import shutil
import sys
import time
import unittest

import live

FIXED = ("INBOX", "Target", "Tree", "Tree.a", "Tree.a.b")


def message(token, lines=3):
    return live.simple_message(token, b"some text\r\n" * lines)


def literals(mailbox, *messages):
    """An APPEND of |messages|."""
    return ("APPEND %s" % mailbox).encode() + b"".join(
        b' (\\Flagged New) "05-Feb-2024 01:02:03 +0000" {%d+}\r\n%s' % (len(text), text) for text in messages)


def deliver(mail):
    """Messages from elsewhere, that nobody has seen yet."""
    for i in range(3):
        with open(os.path.join(mail, live.USER, "new", "1700000%d.x%d.host" % (i, i)), "wb") as file:
            file.write(message("delivered-%d" % i))


def change_outside(mail):
    """Other programs flag a message and remove another."""
    cur = os.path.join(mail, live.USER, "cur")
    names = sorted(os.listdir(cur))
    os.unlink(os.path.join(cur, names[0]))
    os.rename(os.path.join(cur, names[1]), os.path.join(cur, names[1].partition(":2,")[0] + ":2,RS"))


def forget_index(mail):
    os.unlink(os.path.join(mail, live.USER, "imap4-index"))


# name: (what is done before the server starts, the mailbox that is selected, the command)
COMMANDS = {
    "append": (None, None, literals("Target", message("new"))),
    "append-big": (None, "INBOX", literals("INBOX", message("big", 20000))),
    "append-many": (None, None, literals("Target", message("new1"), message("new2"), message("new3"))),
    "store": (None, "INBOX", "STORE 1:4 +FLAGS (\\Answered)"),
    "store-keyword": (None, "INBOX", "STORE 1:3 FLAGS (Unheard $Work)"),
    "copy": (None, "INBOX", "COPY 1:4 Target"),
    "copy-to-itself": (None, "INBOX", "COPY 2:3 INBOX"),
    "move": (None, "INBOX", "MOVE 2:4 Target"),
    "expunge": (None, "INBOX", "EXPUNGE"),
    "close": (None, "INBOX", "CLOSE"),
    "create": (None, None, "CREATE Fresh.sub"),
    "delete": (None, None, "DELETE Target"),
    "delete-parent": (None, None, "DELETE Tree"),
    "rename": (None, None, "RENAME Target Other"),
    "rename-tree": (None, None, "RENAME Tree Wood"),
    "rename-inbox": (None, None, "RENAME INBOX Old"),
    "subscribe": (None, None, "SUBSCRIBE Tree.a"),
    "unsubscribe": (None, None, "UNSUBSCRIBE Target"),
    "delivered": (deliver, None, "SELECT INBOX"),
    "changed-outside": (change_outside, None, "SELECT INBOX"),
    "index-lost": (forget_index, None, "SELECT INBOX"),
}


class State:
    """All mail of the account: by mailbox UIDVALIDITY and messages, by UID (digest, flags)."""

    def __init__(self, client):
        self.subscribed = {match[1] for match in client.ok('LSUB "" *').texts(rb'LSUB \([^)]*\) "." (.*)')}
        self.boxes = {}
        self.validity = {}
        self.uidnext = {}
        for match in client.ok('LIST "" *').texts(rb'LIST \(([^)]*)\) "." (.*)'):
            if b"\\Noselect" not in match[1]:
                self.look(client, match[2].decode().strip('"'))

    def look(self, client, name):
        answer = client.ok("EXAMINE " + name)
        self.validity[name] = answer.number(rb"OK \[UIDVALIDITY (\d+)\]")
        self.uidnext[name] = answer.number(rb"OK \[UIDNEXT (\d+)\]")
        self.boxes[name] = {}
        if answer.number(rb"(\d+) EXISTS") > 0:
            flags = client.flags()
            for uid, text in client.messages("BODY.PEEK[]").items():
                self.boxes[name][uid] = (hashlib.sha256(text).digest(), flags[uid])

    def digests(self):
        return {digest for box in self.boxes.values() for digest, _ in box.values()}

    def everything(self):
        return self.boxes, self.subscribed


class Crashpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fixture = live.new_directory()
        with live.Server("maildir", mail=cls.fixture) as server, server.login() as client:
            for name in FIXED[1:]:
                client.ok("CREATE " + name)
            client.ok("SUBSCRIBE Target")
            for i in range(6):
                client.append("INBOX", message("inbox-%d" % i), ("\\Seen", "$Work", "\\Deleted")[i % 3])
            for name in FIXED[1:]:
                client.append(name, message(name), "\\Seen")
            time.sleep(0.2)  # so that the directories count as settled, which is what the index then says
            for name in FIXED:
                client.ok("SELECT " + name)
                client.ok("CHECK")

    def copy_of_mail(self, prepare):
        mail = os.path.join(live.new_directory(), "mail")
        shutil.copytree(self.fixture, mail)
        if prepare is not None:
            prepare(mail)
        return mail

    def run_command(self, mail, mailbox, command, crash_at, torn):
        """Whether the command was acknowledged, and whether the server got through without a crash."""
        os.environ.update({"LD_PRELOAD": LIBRARY, "IMAP4_CRASHPOINT": str(crash_at),
                           "IMAP4_CRASHPOINT_TORN": str(torn)})
        try:
            server = live.Server("maildir", "--threads", "1", "--log", "error", mail=mail)
        finally:
            del os.environ["LD_PRELOAD"]
        acknowledged = False
        try:
            with server.login(mailbox) as client:
                client.ok(command)
                acknowledged = True
                client.ok("LOGOUT")
        except live.Closed:
            pass
        return acknowledged, server.stop() == 0

    def look(self, mail):
        """The state, after making sure that it is the last word."""
        with live.Server("maildir", "--threads", "1", mail=mail) as server, server.login() as client:
            state = State(client)
            added = {name: client.append(name, message("later")) for name in state.boxes}
        with live.Server("maildir", "--threads", "1", mail=mail) as server, server.login() as client:
            later = State(client)
            for name, uid in added.items():
                self.assertGreaterEqual(uid, state.uidnext[name], name)
                self.assertIn(uid, later.boxes[name], name)
                del later.boxes[name][uid]
                client.ok("SELECT " + name)
        self.assertEqual(later.everything(), state.everything(), "it shows other mail later")
        self.assertEqual(later.validity, state.validity)
        return state

    def check(self, before, after, found):
        """Each message and mailbox as before or as after; nothing else, nothing lost."""
        missing = (before.digests() & after.digests()) - found.digests()
        self.assertEqual(len(missing), 0, "lost from the account")
        self.assertLessEqual(before.boxes.keys() & after.boxes.keys(), found.boxes.keys())
        self.assertLessEqual(found.boxes.keys(), before.boxes.keys() | after.boxes.keys())
        self.assertIn(found.subscribed, (before.subscribed, after.subscribed))
        for name in found.boxes:
            if name in before.boxes:
                self.check_box(name, before, after, found)
            else:
                self.check_added(name, found.boxes[name], after.boxes[name])
            if name in before.validity and before.validity[name] == after.validity.get(name):
                self.assertEqual(found.validity[name], before.validity[name], name)

    def check_box(self, name, before, after, found):
        """A mailbox that was there before."""
        old, new, box = before.boxes[name], after.boxes.get(name, {}), found.boxes[name]
        for uid, was in old.items():
            where = "%s: UID %d" % (name, uid)
            if uid in box:
                self.assertIn(box[uid], (was, new.get(uid)), where)
            elif name in after.boxes:
                self.assertNotIn(uid, new, where + " is lost")
        added = {uid: what for uid, what in box.items() if uid not in old}
        self.assertGreaterEqual(min(added, default=before.uidnext[name]), before.uidnext[name], name)
        self.check_added(name, added, {uid: what for uid, what in new.items() if uid not in old})

    def check_added(self, name, added, expected):
        """All or none; a UID may have been skipped."""
        whole = [expected[uid] for uid in sorted(expected)]
        self.assertIn([added[uid] for uid in sorted(added)], ([], whole),
                      "a part of what was added to " + name)

    def try_command(self, name, torn):
        prepare, mailbox, command = COMMANDS[name]
        before = self.look(self.copy_of_mail(None))
        mail = self.copy_of_mail(prepare)
        self.assertEqual(self.run_command(mail, mailbox, command, 0, torn), (True, True))
        after = self.look(mail)
        point = 0
        through = False
        while not through:
            point += 1
            mail = self.copy_of_mail(prepare)
            with self.subTest(command=name, point=point, torn=torn):
                acknowledged, through = self.run_command(mail, mailbox, command, point, torn)
                found = self.look(mail)
                self.check(before, after, found)
                if acknowledged:
                    self.assertEqual(found.everything(), after.everything())
            shutil.rmtree(os.path.dirname(mail))
        print("%d points" % (point - 1), end=" ", flush=True)
        self.assertTrue(torn or point > 2)


def add_tests():
    for name in COMMANDS:
        for torn in (0, 1):
            def test(self, name=name, torn=torn):
                self.try_command(name, torn)
            setattr(Crashpoints, "test_%s_%s" % (name.replace("-", "_"), ("whole", "torn")[torn]), test)


if __name__ == "__main__":
    LIBRARY = os.path.abspath(sys.argv.pop(2)) if len(sys.argv) > 2 else sys.exit("no library given")
    add_tests()
    live.main()
