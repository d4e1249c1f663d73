# SPDX-License-Identifier: MIT
"""kill -9 of imap4-server while clients change mail: what was acknowledged must hold after a restart.

Three clients append, flag, copy, move and expunge on the Maildir store, each keeping a journal of what the
server has acknowledged with OK and of the one command that is under way.  At a random moment the server is
killed; a new one on the same directory must then show every mailbox as the journals allow:

- a message whose APPEND, COPY or MOVE was acknowledged is there under its UID, with its octets and its date;
- flags are as acknowledged, or as the command under way would have them;
- what was expunged with an OK stays gone; what a MOVE under way takes is in one of the two mailboxes;
- what an APPEND or COPY under way brings is there as a whole or not at all;
- UIDVALIDITY stays, UIDNEXT is above every UID ever seen, and no UID ever stands for another message.

IMAP4_LIVE_CRASHES rounds (default 20) run on one directory.  The seed is printed and can be set with
IMAP4_LIVE_SEED; it fixes what is done, not when the kernel lets which process run.
IMAP4_LIVE_KEEP=DIR keeps the mail directory of a failure there.
"""
import hashlib
import os
import random
import re
import shutil
import threading
import time
import unittest

import live

CLIENTS = 3
SHARED = "INBOX"
FLAGS = ("\\seen", "\\flagged", "\\answered", "\\draft", "$work", "$label1", "later")
PLENTY = 90  # messages in a mailbox from which on expunging is preferred


class Message:
    """A message that the server has acknowledged, or that was found after a crash."""

    __slots__ = ("digest", "flags", "date", "owner", "other_flags", "maybe_gone")

    def __init__(self, digest, flags, date, owner):
        self.digest = digest
        self.flags = flags
        self.date = date
        self.owner = owner  # the only client that touches it
        self.other_flags = None  # a STORE is under way
        self.maybe_gone = False  # an EXPUNGE or MOVE is under way

    def what(self):
        return (self.digest, self.flags, self.date)


class Box:
    """What is known of a mailbox."""

    def __init__(self, name):
        self.name = name
        self.uidvalidity = None
        self.messages = {}  # by UID
        self.history = {}  # digest of every UID ever seen
        self.watched = {}  # Subject of UIDs that another connection has seen

    def add(self, uid, message):
        known = self.history.setdefault(uid, message.digest)
        assert known == message.digest, "UID %d of %s stands for another message now" % (uid, self.name)
        assert uid not in self.messages, "UID %d of %s was given twice" % (uid, self.name)
        self.messages[uid] = message


class Brought:
    """Messages that the command under way brings to a mailbox, all or none of them."""

    def __init__(self, box, whats, moved=()):
        self.box = box
        self.whats = list(whats)
        self.moved = list(moved)  # (source box, UID, digest) of a MOVE: not all or none


def uids_of(text):
    """The numbers of a uid-set."""
    numbers = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


class Worker:
    """One client with its journal."""

    def __init__(self, number, boxes, seed):
        self.number = number
        self.rng = random.Random("%s/%d" % (seed, number))
        self.boxes = [boxes[SHARED], boxes["W%d" % number]]
        self.count = 0
        self.brought = None  # by the command under way
        self.log = []
        self.acknowledged = 0
        self.client = None
        self.box = None

    def run(self, server):
        """Work until the server is gone."""
        self.brought = None
        self.box = None
        try:
            with server.login() as self.client:
                while True:
                    self.step()
        except (live.Closed, ConnectionError):
            pass

    def command(self, command):
        self.log.append(command[:100])
        answer = self.client.command(command)
        if not answer.good:
            raise live.Refused("%.200r: %r" % (command, answer.tagged))
        self.log.append(answer.tagged)
        self.acknowledged += 1
        return answer

    def step(self):
        rng = self.rng
        if self.box is None or rng.random() < 0.15:
            box = rng.choice(self.boxes)
            self.command("SELECT " + box.name)
            self.box = box
        mine = [uid for uid, message in list(self.box.messages.items()) if message.owner == self.number]
        full = len(self.box.messages) > PLENTY
        choice = rng.random()
        if not mine or choice < (0.1 if full else 0.4):
            self.append()
        elif choice < 0.6:
            self.store(self.some(mine))
        elif choice < 0.75 and not full:
            self.copy(self.some(mine))
        elif choice < 0.85:
            self.move(self.some(mine))
        else:
            self.expunge(self.some(mine, 12 if full else 4))

    def some(self, uids, limit=5):
        return sorted(self.rng.sample(uids, min(len(uids), self.rng.randint(1, limit))))

    def new_message(self):
        self.count += 1
        token = "c%d-%d-%d" % (self.number, self.count, self.rng.randrange(10 ** 9))
        size = self.rng.choice((1, 50, 500, 3000, 20000, 200000))
        message = live.simple_message(token, live.lines_of_text(self.rng, self.rng.randint(0, size)))
        flags = frozenset(flag for flag in FLAGS if self.rng.random() < 0.25)
        when = time.gmtime(self.rng.randrange(10 ** 9, 16 * 10 ** 8))
        date = time.strftime("%d-%b-%Y %H:%M:%S +0000", when)
        return message, flags, date.lstrip("0")

    def append(self):
        """One message or, with MULTIAPPEND, a few."""
        box = self.rng.choice(self.boxes)
        parts = [self.new_message() for _ in range(self.rng.choice((1, 1, 1, 2, 4)))]
        whats = [(hashlib.sha256(message).digest(), flags, date) for message, flags, date in parts]
        command = b"APPEND " + box.name.encode()
        for message, flags, date in parts:
            command += b' (%s) "%26s" ' % (" ".join(flags).encode(), date.encode())
            command += b"{%d+}\r\n%s" % (len(message), message)
        self.brought = Brought(box, whats)
        uids = uids_of(self.command(command).code("APPENDUID").split()[1])
        assert len(uids) == len(whats)
        for uid, what in zip(uids, whats):
            box.add(uid, Message(*what, self.number))
        self.brought = None

    def set_flags(self, uids, flags_of, command):
        """A STORE that gives each of |uids| the flags that flags_of(old flags) says."""
        messages = [self.box.messages[uid] for uid in uids]
        for message in messages:
            message.other_flags = flags_of(message.flags)
        self.command(command)
        for message in messages:
            message.flags, message.other_flags = message.other_flags, None

    def store(self, uids):
        flags = frozenset(self.rng.sample(FLAGS, self.rng.randint(1, 3)))
        mode, change = self.rng.choice((("FLAGS", lambda old: flags), ("+FLAGS", lambda old: old | flags),
                                        ("-FLAGS.SILENT", lambda old: old - flags)))
        numbers = ",".join(map(str, uids))
        self.set_flags(uids, change, "UID STORE %s %s (%s)" % (numbers, mode, " ".join(flags)))

    def copied(self, code, other):
        """The messages that COPYUID names are in |other|; those are the pairs of UIDs."""
        _, source, target = code.split()
        pairs = list(zip(uids_of(source), uids_of(target)))
        for uid, new in pairs:
            other.add(new, Message(*self.box.messages[uid].what(), self.number))
        return pairs

    def copy(self, uids):
        other = self.rng.choice(self.boxes)
        self.brought = Brought(other, [self.box.messages[uid].what() for uid in uids])
        code = self.command("UID COPY %s %s" % (",".join(map(str, uids)), other.name)).code("COPYUID")
        assert [uid for uid, _ in self.copied(code, other)] == uids
        self.brought = None

    def move(self, uids):
        other = self.boxes[1 - self.boxes.index(self.box)]
        messages = [self.box.messages[uid] for uid in uids]
        self.brought = Brought(other, [message.what() for message in messages],
                               [(self.box, uid, message.digest) for uid, message in zip(uids, messages)])
        for message in messages:
            message.maybe_gone = True
        answer = self.command("UID MOVE %s %s" % (",".join(map(str, uids)), other.name))
        code = [match[1].decode() for match in answer.texts(rb"OK \[COPYUID ([^\]]*)\]")]
        assert len(code) == 1, answer.untagged
        assert [uid for uid, _ in self.copied(code[0], other)] == uids
        for uid in uids:
            del self.box.messages[uid]
        self.brought = None

    def expunge(self, uids):
        """In a mailbox of one's own EXPUNGE, in the shared one UID EXPUNGE."""
        numbers = ",".join(map(str, uids))
        self.set_flags(uids, lambda old: old | {"\\deleted"},
                       "UID STORE %s +FLAGS.SILENT (\\Deleted)" % numbers)
        if self.box.name != SHARED:
            uids = [uid for uid, message in self.box.messages.items() if "\\deleted" in message.flags]
        for uid in uids:
            self.box.messages[uid].maybe_gone = True
        self.command("EXPUNGE" if self.box.name != SHARED else "UID EXPUNGE " + numbers)
        for uid in uids:
            del self.box.messages[uid]


def watch(server, box):
    """A connection that looks at the shared mailbox all the time: which UIDs have been shown to anybody."""
    last = max(box.history, default=0)
    try:
        with server.login(box.name) as client:
            while True:
                client.ok("NOOP")
                what = "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"
                for uid, header in client.messages(what, "%d:*" % (last + 1)).items():
                    assert box.watched.setdefault(uid, header) == header, "UID %d has changed" % uid
                    last = max(last, uid)
    except (live.Closed, ConnectionError):
        pass


class Found:
    """A message as the restarted server shows it."""

    def __init__(self, text, literal):
        self.uid = int(re.search(rb"UID (\d+)", text)[1])
        self.literal = literal
        self.digest = hashlib.sha256(literal).digest()
        flags = re.search(rb"FLAGS \(([^)]*)\)", text)[1].decode().lower().split()
        self.flags = frozenset(flags) - {"\\recent"}
        self.date = re.search(rb'INTERNALDATE "([^"]*)"', text)[1].decode().strip()
        self.size = int(re.search(rb"RFC822\.SIZE (\d+)", text)[1])
        self.text = text

    def what(self):
        return (self.digest, self.flags, self.date)


class Crash(unittest.TestCase):
    def setUp(self):
        self.seed = live.number_from("IMAP4_LIVE_SEED", 20240229)
        self.rng = random.Random(self.seed)
        names = [SHARED] + ["W%d" % i for i in range(CLIENTS)]
        self.boxes = {name: Box(name) for name in names}
        self.workers = [Worker(i, self.boxes, self.seed) for i in range(CLIENTS)]
        self.mail = live.new_directory()
        with live.Server("maildir", mail=self.mail) as server, server.login() as client:
            for name in names[1:]:
                client.ok("CREATE " + name)
            for box in self.boxes.values():
                answer = client.ok("SELECT " + box.name)
                box.uidvalidity = answer.number(rb"OK \[UIDVALIDITY (\d+)\]")

    def start(self):
        return live.Server("maildir", "--threads", "2", "--log", "error", mail=self.mail)

    def work_and_kill(self):
        """All clients at work, then the end of the server at some moment."""
        server = self.start()
        moment = self.rng.uniform(0.02, 0.6)
        timer = threading.Timer(moment, server.kill)
        timer.start()
        try:
            live.run_together(lambda: watch(server, self.boxes[SHARED]),
                              *[lambda worker=worker: worker.run(server) for worker in self.workers])
        finally:
            timer.join()

    def kill_at_start(self):
        """Once more, while the new server takes up the mailboxes."""
        server = self.start()
        client = server.login()
        for name in self.boxes:
            client.start("SELECT " + name)
        time.sleep(self.rng.uniform(0, 0.01))
        server.kill()
        client.close()

    def look(self, client, box):
        """The messages of a mailbox by UID."""
        answer = client.ok("SELECT " + box.name)
        self.assertEqual(answer.number(rb"OK \[UIDVALIDITY (\d+)\]"), box.uidvalidity, box.name)
        uidnext = answer.number(rb"OK \[UIDNEXT (\d+)\]")
        self.assertGreater(uidnext, max([0, *box.history, *box.watched]), box.name)
        exists = answer.number(rb"(\d+) EXISTS")
        found = {}
        if exists:
            items = "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY.PEEK[]"
            for _, text, literals in client.ok("FETCH 1:* (%s)" % items).fetched():
                message = Found(text, literals[-1])
                found[message.uid] = message
        self.assertEqual(len(found), exists)
        self.assertLess(max(found, default=0), uidnext)
        files = sum(len(os.listdir(self.directory(box, part))) for part in ("new", "cur"))
        self.assertEqual(files, exists, "files in %s" % box.name)
        return found

    def directory(self, box, part):
        return os.path.join(self.mail, live.USER, "" if box.name == "INBOX" else "." + box.name, part)

    def check_whole(self, box, message):
        """Octets, size and ENVELOPE belong together."""
        where = (box.name, message.uid, message.literal[:200])
        self.assertEqual(message.size, len(message.literal), where)
        token = re.search(rb"\r\nSubject: ([^\r]*)\r\n", message.literal)
        self.assertIsNotNone(token, where)
        self.assertIn(b"<" + token[1] + b"@example.org>", message.text, where)
        watched = box.watched.get(message.uid)
        if watched is not None:
            self.assertEqual(watched, b"Subject: " + token[1] + b"\r\n\r\n", where)

    def check_known(self, box, uid, known, found):
        """A message of the journal against what is there."""
        if found is None:
            self.assertTrue(known.maybe_gone, "%s: UID %d is lost" % (box.name, uid))
            return
        self.assertEqual(found.digest, known.digest, "%s: UID %d is another message" % (box.name, uid))
        self.assertIn(found.flags, (known.flags, known.other_flags), "%s: flags of UID %d" % (box.name, uid))
        self.assertEqual(found.date, known.date, "%s: date of UID %d" % (box.name, uid))

    def check_new(self, box, found):
        """A message that no journal has: a command under way must have brought it."""
        where = "%s: UID %d" % (box.name, found.uid)
        self.assertNotIn(found.uid, box.history, where + " has come back")
        for worker in self.workers:
            brought = worker.brought
            if brought is not None and brought.box is box and found.what() in brought.whats:
                brought.whats.remove(found.what())
                return worker.number
        self.fail("%s: nobody brought this: %r" % (where, found.literal[:200]))

    def check_brought(self, worker, before, found):
        brought = worker.brought
        if brought is None:
            return
        if not brought.moved:
            self.assertIn(len(brought.whats), (0, before), "a part of what client %d brought" % worker.number)
        left = [what[0] for what in brought.whats]
        for box, uid, digest in brought.moved:
            if digest in left:
                left.remove(digest)
                self.assertIn(uid, found[box.name], "UID %d of %s got lost on its way" % (uid, box.name))

    def check(self):
        """Everything the journals say, then take what is there as the new truth."""
        with self.start() as server, server.login() as client:
            found = {name: self.look(client, box) for name, box in self.boxes.items()}
        before = [len(worker.brought.whats) if worker.brought else 0 for worker in self.workers]
        owners = {}
        for name, box in self.boxes.items():
            for uid, known in box.messages.items():
                self.check_known(box, uid, known, found[name].get(uid))
            for uid, message in found[name].items():
                self.check_whole(box, message)
                if uid in box.messages:
                    owners[name, uid] = box.messages[uid].owner
                else:
                    owners[name, uid] = self.check_new(box, message)
        for worker, count in zip(self.workers, before):
            self.check_brought(worker, count, found)
        for name, box in self.boxes.items():
            box.messages = {}
            for uid, message in found[name].items():
                box.add(uid, Message(*message.what(), owners[name, uid]))

    def test_crashes(self):
        rounds = live.number_from("IMAP4_LIVE_CRASHES", 20)
        print("seed %d, %d rounds" % (self.seed, rounds), flush=True)
        done = 0
        try:
            for done in range(rounds):
                self.work_and_kill()
                for _ in range(self.rng.choice((0, 0, 1, 2))):
                    self.kill_at_start()
                self.check()
        except BaseException:
            print("round %d of seed %d" % (done + 1, self.seed))
            for worker in self.workers:
                print("client %d: %r" % (worker.number, worker.log[-8:]))
            if "IMAP4_LIVE_KEEP" in os.environ:
                keep = os.path.join(os.environ["IMAP4_LIVE_KEEP"], "mail-%d" % os.getpid())
                shutil.copytree(self.mail, keep)
            raise
        total = sum(worker.acknowledged for worker in self.workers)
        print("%d commands acknowledged, %d messages left" % (
            total, sum(len(box.messages) for box in self.boxes.values())))
        self.assertGreater(total, rounds)

    def damage(self, change):
        """|change| gets the path of a message that was acknowledged; the check must see it."""
        while not self.boxes[SHARED].messages:
            self.work_and_kill()
            self.check()
        directory = self.directory(self.boxes[SHARED], "cur")
        change(os.path.join(directory, sorted(os.listdir(directory))[0]))
        with self.assertRaises(AssertionError):
            self.check()

    def test_sees_a_lost_message(self):
        self.damage(os.unlink)

    def test_sees_other_octets(self):
        def change(path):
            with open(path, "r+b") as file:
                file.seek(-3, os.SEEK_END)
                file.write(b"#")
        self.damage(change)

    def test_sees_other_flags(self):
        def change(path):
            name, _, letters = path.partition(":2,")
            os.rename(path, name + ":2," + "".join(sorted(set(letters) ^ set("F"))))
        self.damage(change)

    def test_sees_a_message_too_many(self):
        self.damage(lambda path: shutil.copy(path, re.sub("/cur/[^.]*", "/new/1", path)))


if __name__ == "__main__":
    live.main()
