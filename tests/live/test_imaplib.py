# SPDX-License-Identifier: MIT
"""Python's imaplib against imap4-server, on both stores: each method that sends a command of RFC 3501.

Where imaplib has no method (IDLE) or hides what is of interest (which responses came during which command),
the plain connection of live.py is used.
"""
import imaplib
import os
import random
import re
import threading
import time
import unittest

import live

MESSAGE = live.simple_message("hello", b"first line\r\nsecond line with needle\r\n")


class Case(live.ImaplibCase):
    """Tests that run on each store."""

    # ---- before login

    def test_capability(self):
        connection = self.connect()
        self.assertEqual(connection.PROTOCOL_VERSION, "IMAP4REV1")
        self.assertIn(b"IMAP4rev1", self.ok(connection.capability())[0].split())
        self.ok(connection.noop())

    def test_login(self):
        connection = self.connect()
        with self.assertRaises(imaplib.IMAP4.error):
            connection.login(live.USER, "wrong")
        with self.assertRaises(imaplib.IMAP4.error):
            connection.login("nobody", live.PASSWORD)
        self.ok(connection.login(live.USER, live.PASSWORD))
        self.assertEqual(connection.state, "AUTH")

    def test_authenticate(self):
        connection = self.connect()
        secret = ("\0%s\0%s" % (live.USER, live.PASSWORD)).encode()
        self.ok(connection.authenticate("PLAIN", lambda challenge: secret))
        answers = [live.USER.encode(), live.PASSWORD.encode()]
        self.ok(self.connect().authenticate("LOGIN", lambda challenge: answers.pop(0)))
        with self.assertRaises(imaplib.IMAP4.error):
            self.connect().authenticate("PLAIN", lambda challenge: b"\0demo\0wrong")
        with self.assertRaises(imaplib.IMAP4.error):  # the client breaks off
            self.connect().authenticate("PLAIN", lambda challenge: None)
        with self.assertRaises(imaplib.IMAP4.error):
            self.connect().authenticate("X-NONE", lambda challenge: b"")

    def test_logout(self):
        connection = self.login()
        self.assertEqual(connection.logout()[0], "BYE")

    def test_wrong_state(self):
        client = self.server.client()
        self.addCleanup(client.close)
        self.assertIn(b" BAD ", client.command("SELECT INBOX").tagged)
        self.assertIn(b" BAD ", client.command("FETCH 1 FLAGS").tagged)
        client.ok("LOGIN %s %s" % (live.USER, live.PASSWORD))
        self.assertIn(b" BAD ", client.command("FETCH 1 FLAGS").tagged)
        self.assertIn(b" BAD ", client.command("LOGIN %s %s" % (live.USER, live.PASSWORD)).tagged)

    # ---- names

    def names(self, answer):
        found = set()
        for line in self.ok(answer):
            if line is not None:
                found.add(re.fullmatch(rb'\([^)]*\) "." "?(.*?)"?', line)[1].decode())
        return found

    def test_mailboxes(self):
        connection = self.login()
        mark = re.fullmatch(rb'\([^)]*\) "(.)" "?"?', self.ok(connection.list('""', '""'))[0])[1].decode()
        deep = "Work" + mark + "2025"
        for name in ("Work", deep, "Sp&AOQ-t", '"two words"'):
            self.ok(connection.create(name))
        self.no(connection.create("Work"))
        self.no(connection.create("INBOX"))
        names = {"INBOX", "Work", deep, "Sp&AOQ-t", "two words"}
        self.assertEqual(self.names(connection.list()), names)
        self.assertEqual(self.names(connection.list('""', "%")), names - {deep})
        self.assertEqual(self.names(connection.list("Work" + mark, "*")), {deep})
        self.ok(connection.subscribe("Work"))
        self.ok(connection.subscribe(deep))
        self.assertEqual(self.names(connection.lsub()), {"Work", deep})
        self.ok(connection.unsubscribe("Work"))
        self.assertEqual(self.names(connection.lsub()), {deep})
        self.ok(connection.append(deep, None, None, MESSAGE))
        self.ok(connection.rename("Work", "Done"))
        self.assertEqual(self.names(connection.list('""', "Done*")), {"Done", "Done" + mark + "2025"})
        self.assertIn(b"MESSAGES 1", self.ok(connection.status("Done" + mark + "2025", "(MESSAGES)"))[0])
        self.no(connection.rename("Work", "Other"))
        self.ok(connection.delete("Done" + mark + "2025"))
        self.ok(connection.delete("Done"))
        self.no(connection.delete("Done"))
        self.no(connection.delete("INBOX"))
        self.no(connection.select("Done"))
        self.assertEqual(self.names(connection.list()), {"INBOX", "Sp&AOQ-t", "two words"})

    def test_rename_inbox(self):
        connection = self.login()
        self.fill(connection, 2)
        self.ok(connection.rename("INBOX", "old"))
        self.assertEqual(self.ok(connection.select("old")), [b"2"])
        self.assertEqual(self.ok(connection.select("INBOX")), [b"0"])

    def email_ids(self, connection):
        return [re.search(rb"EMAILID \(([\w-]{1,255})\) THREADID (?:NIL|\([\w-]+\))", row)[1]
                for row in self.ok(connection.fetch("1:*", "(EMAILID THREADID)"))]

    def mailbox_id(self, connection, name):
        return re.search(rb"MAILBOXID \(([\w-]{1,255})\)", self.ok(connection.status(name, "(MAILBOXID)"))[0])[1]

    def test_object_ids(self):
        """RFC 8474: what was renamed, copied or moved is known again, the rest is not taken for it."""
        connection = self.login()
        self.assertIn("OBJECTID", self.ok(connection.capability())[0].decode().split())
        self.fill(connection, 3)
        created = self.ok(connection.create("a"))[0]
        first = self.mailbox_id(connection, "a")
        self.assertIn(b"MAILBOXID (" + first + b")", created)
        self.ok(connection.select())
        one, two, three = self.email_ids(connection)
        self.assertEqual(len({one, two, three}), 3)
        self.ok(connection.copy("2:3", "a"))
        self.ok(connection.xatom("MOVE", "2", "a"))
        self.assertEqual(self.email_ids(connection), [one, three])
        self.ok(connection.rename("a", "b"))
        self.assertEqual(self.mailbox_id(connection, "b"), first)
        self.ok(connection.select("b"))
        self.assertEqual(self.email_ids(connection), [two, three, two])
        self.assertEqual(self.ok(connection.search(None, "EMAILID", two.decode())), [b"1 3"])
        inbox = self.mailbox_id(connection, "INBOX")
        self.ok(connection.rename("INBOX", "a"))
        self.assertEqual(self.mailbox_id(connection, "INBOX"), inbox)
        self.assertNotIn(self.mailbox_id(connection, "a"), (first, inbox))
        self.ok(connection.select("a"))
        self.assertEqual(self.email_ids(connection), [one, three])
        self.ok(connection.delete("b"))
        self.ok(connection.create("b"))
        self.assertNotIn(self.mailbox_id(connection, "b"), (first, inbox))

    def test_namespace(self):
        self.assertRegex(self.ok(self.login().namespace())[0], rb'^\(\("" "."\)\) NIL NIL$')

    def test_status(self):
        connection = self.login()
        self.fill(connection, 2)
        self.ok(connection.append("INBOX", "\\Seen", None, MESSAGE))
        line = self.ok(connection.status("INBOX", "(MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)"))[0]
        self.assertRegex(line, rb"^INBOX \(MESSAGES 3 RECENT 3 UIDNEXT 4 UIDVALIDITY [1-9]\d* UNSEEN 2\)$")
        self.no(connection.status("missing", "(MESSAGES)"))

    # ---- messages

    def test_select(self):
        connection = self.login()
        self.fill(connection, 3)
        self.assertEqual(self.ok(connection.select()), [b"3"])
        for name in ("FLAGS", "PERMANENTFLAGS", "UIDNEXT", "UIDVALIDITY", "READ-WRITE"):
            self.assertNotEqual(connection.response(name)[1], [None], name)
        self.assertEqual(connection.recent()[1], [b"3"])
        self.no(connection.select("missing"))

    def test_examine(self):
        connection = self.login()
        self.fill(connection, 1)
        self.assertEqual(self.ok(connection.select("INBOX", readonly=True)), [b"1"])
        self.assertNotEqual(connection.response("READ-ONLY")[1], [None])
        self.no(connection.xatom("STORE", "1", "+FLAGS", "(\\Seen)"))
        self.ok(connection.fetch("1", "(RFC822)"))
        self.assertNotIn(b"\\Seen", self.ok(connection.fetch("1", "(FLAGS)"))[0])

    def test_append_and_fetch(self):
        connection = self.login()
        when = time.struct_time((2024, 2, 29, 23, 59, 58, 3, 60, 0))
        date = imaplib.Time2Internaldate(time.mktime(when))
        data = self.ok(connection.append("INBOX", "\\Flagged $Label1", date, MESSAGE))
        self.assertRegex(data[0], rb"^\[APPENDUID \d+ 1\]")
        self.ok(connection.select())
        self.assertEqual(self.ok(connection.fetch("1", "(BODY.PEEK[])"))[0][1], MESSAGE)
        flags = set(imaplib.ParseFlags(self.ok(connection.fetch("1", "(FLAGS)"))[0]))
        self.assertLessEqual({b"\\Flagged", b"$Label1"}, flags)
        self.assertNotIn(b"\\Seen", flags)
        line = self.ok(connection.fetch("1", "(INTERNALDATE)"))[0]
        self.assertEqual(time.mktime(imaplib.Internaldate2tuple(line)), time.mktime(when))
        self.assertIn(b"RFC822.SIZE %d" % len(MESSAGE), self.ok(connection.fetch("1", "(RFC822.SIZE)"))[0])
        header, _, body = MESSAGE.partition(b"\r\n\r\n")
        for item, expected in (
                ("RFC822.HEADER", header + b"\r\n\r\n"), ("BODY.PEEK[HEADER]", header + b"\r\n\r\n"),
                ("BODY.PEEK[TEXT]", body), ("BODY.PEEK[1]", body), ("BODY.PEEK[]<5.10>", MESSAGE[5:15]),
                ("BODY.PEEK[HEADER.FIELDS (SUBJECT)]", b"Subject: hello\r\n\r\n"), ("RFC822.TEXT", body),
                ("RFC822", MESSAGE), ("BODY[]", MESSAGE)):
            self.assertEqual(self.ok(connection.fetch("1", "(%s)" % item))[0][1], expected, item)
        self.assertIn(b"\\Seen", self.ok(connection.fetch("1", "(FLAGS)"))[0])
        self.assertIn(b'"hello"', self.ok(connection.fetch("1", "(ENVELOPE)"))[0])
        self.assertIn(b'"text" "plain"', self.ok(connection.fetch("1", "BODYSTRUCTURE"))[0].lower())
        for macro in ("ALL", "FAST", "FULL"):
            self.assertIn(b"INTERNALDATE", self.ok(connection.fetch("1", macro))[0])
        self.no(connection.append("missing", None, None, MESSAGE))

    def test_messages_come_back_as_they_went(self):
        connection = self.login()
        messages = [live.crlf(live.varied_message(i)) for i in range(60)]
        for message in messages:
            self.ok(connection.append("INBOX", None, None, message))
        client = self.client("INBOX")
        found = client.messages()
        self.assertEqual([found[i + 1] for i in range(len(messages))], messages)
        for _, text, _ in client.ok("FETCH 1:* (UID RFC822.SIZE)").fetched():
            uid, size = re.search(rb"UID (\d+)", text)[1], re.search(rb"SIZE (\d+)", text)[1]
            self.assertEqual(int(size), len(messages[int(uid) - 1]))

    def test_store(self):
        connection = self.login()
        self.fill(connection, 3)
        self.ok(connection.select())

        def flags(number):
            found = imaplib.ParseFlags(self.ok(connection.fetch(number, "(FLAGS)"))[0])
            return set(found) - {b"\\Recent"}

        self.assertEqual(len(self.ok(connection.store("1:2", "+FLAGS", "(\\Seen $Work)"))), 2)
        self.assertEqual(flags("1"), {b"\\Seen", b"$Work"})
        self.assertEqual(self.ok(connection.store("1", "+FLAGS.SILENT", "\\Draft")), [None])
        self.ok(connection.store("1", "-FLAGS", "\\Seen"))
        self.assertEqual(flags("1"), {b"\\Draft", b"$Work"})
        self.ok(connection.store("1", "FLAGS", "(\\Answered)"))
        self.assertEqual(flags("1"), {b"\\Answered"})
        self.assertEqual(flags("2"), {b"\\Seen", b"$Work"})
        self.assertEqual(flags("3"), set())
        self.ok(connection.store("1:*", "FLAGS", "()"))
        self.assertEqual([flags(n) for n in "123"], [set()] * 3)

    def test_copy(self):
        connection = self.login()
        self.fill(connection, 3)
        self.ok(connection.create("Copy"))
        self.ok(connection.select())
        self.ok(connection.store("2", "+FLAGS", "(\\Flagged $Work)"))
        self.assertIn(b"COPYUID", self.ok(connection.copy("2:3", "Copy"))[0])
        self.assertEqual(connection.copy("1", "missing")[0], "NO")
        self.assertIn(b"TRYCREATE", connection.copy("1", "missing")[1][0])
        self.assertEqual(self.ok(connection.select("Copy")), [b"2"])
        self.assertIn(b"Subject: m2", self.ok(connection.fetch("1", "(BODY.PEEK[])"))[0][1])
        flags = set(imaplib.ParseFlags(self.ok(connection.fetch("1", "(FLAGS)"))[0]))
        self.assertLessEqual({b"\\Flagged", b"$Work"}, flags)

    def test_expunge(self):
        connection = self.login()
        self.fill(connection, 4)
        self.ok(connection.select())
        self.ok(connection.store("2:3", "+FLAGS", "\\Deleted"))
        self.assertEqual(self.ok(connection.expunge()), [b"2", b"2"])
        self.assertEqual(self.ok(connection.expunge()), [None])
        self.assertEqual(self.ok(connection.uid("SEARCH", "ALL")), [b"1 4"])

    def test_close_and_unselect(self):
        connection = self.login()
        self.fill(connection, 3)
        self.ok(connection.select())
        self.ok(connection.store("1", "+FLAGS", "\\Deleted"))
        self.ok(connection.unselect())
        self.assertEqual(self.ok(connection.select()), [b"3"])
        self.ok(connection.close())
        self.assertEqual(self.ok(connection.select()), [b"2"])
        self.ok(connection.check())

    def test_search(self):
        connection = self.login()
        self.fill(connection, 2)
        self.ok(connection.append("INBOX", "\\Seen \\Flagged $Work", '"01-Feb-2020 12:00:00 +0000"', MESSAGE))
        self.ok(connection.select())
        for criteria, expected in (
                (("ALL",), b"1 2 3"), (("SEEN",), b"3"), (("UNSEEN",), b"1 2"), (("FLAGGED",), b"3"),
                (("KEYWORD", "$Work"), b"3"), (("UNKEYWORD", "$Work"), b"1 2"),
                (("SUBJECT", '"hello"'), b"3"), (("SUBJECT", "HELL"), b"3"), (("BODY", "needle"), b"3"),
                (("TEXT", "m2"), b"2"),
                (("FROM", "sender"), b"1 2 3"), (("TO", "nobody"), b""), (("BEFORE", "1-Mar-2020"), b"3"),
                (("ON", "1-Feb-2020"), b"3"), (("SINCE", "1-Mar-2020"), b"1 2"), (("LARGER", "10"), b"1 2 3"),
                (("SENTON", "7-Feb-2022"), b"1 2 3"), (("NOT", "1:2"), b"3"),
                (("OR", "SUBJECT", "m1", "SUBJECT", "m2"), b"1 2"), (("UID", "2:3", "UNSEEN"), b"2"),
                (("HEADER", "Message-ID", "m1@"), b"1"), (("(OR SEEN 1)",), b"1 3")):
            self.assertEqual(self.ok(connection.search(None, *criteria)), [expected], criteria)
        self.assertEqual(self.ok(connection.search("UTF-8", "BODY", '"needle"')), [b"3"])
        self.no(connection.xatom("SEARCH", "CHARSET", "X-NONE", "ALL"))

    def test_uid(self):
        connection = self.login()
        self.fill(connection, 4)
        self.ok(connection.create("Copy"))
        self.ok(connection.select())
        self.ok(connection.store("1", "+FLAGS", "\\Deleted"))
        self.ok(connection.expunge())
        self.assertEqual(self.ok(connection.uid("SEARCH", "3:*")), [b"4"])
        self.assertRegex(self.ok(connection.uid("FETCH", "2", "(FLAGS)"))[0], rb"^1 \(.*UID 2")
        self.assertRegex(self.ok(connection.uid("STORE", "3:4", "+FLAGS", "\\Deleted"))[0], rb"^2 \(.*UID 3")
        self.ok(connection.uid("COPY", "2:4", "Copy"))
        self.ok(connection.uid("EXPUNGE", "4"))
        self.assertEqual(self.ok(connection.uid("SEARCH", "ALL")), [b"2 3"])
        self.ok(connection.uid("MOVE", "2", "Copy"))
        self.assertEqual(self.ok(connection.uid("SEARCH", "ALL")), [b"3"])
        self.assertEqual(self.ok(connection.uid("FETCH", "1000", "(FLAGS)")), [None])
        self.assertIn(b"MESSAGES 4", self.ok(connection.status("Copy", "(MESSAGES)"))[0])

    def test_not_offered(self):
        """imaplib's methods for extensions that are not there are refused, and the connection goes on."""
        connection = self.login("INBOX")
        for call in (lambda: connection.getacl("INBOX"), lambda: connection.getquota("x"),
                     lambda: connection.getquotaroot("INBOX"), lambda: connection.myrights("INBOX"),
                     lambda: connection.getannotation("INBOX", '"*"', '"*"')):
            try:
                self.assertNotEqual(call()[0], "OK")
            except imaplib.IMAP4.error:
                pass
        self.ok(connection.noop())

    def test_enable_and_id(self):
        connection = self.login()
        self.ok(connection.xatom("ID", '("name" "imaplib")'))
        self.ok(connection.xatom("ENABLE", "X-NOTHING"))

    # ---- several connections

    def test_idle(self):
        one, two = self.client("INBOX"), self.client("INBOX")
        tag = one.idle()
        two.append("INBOX", MESSAGE)
        one.wait_for(rb"1 EXISTS")
        two.ok("STORE 1 +FLAGS (\\Flagged)")
        self.assertIn(b"\\Flagged", one.wait_for(rb"1 FETCH \((.*)\)")[1])
        two.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        two.ok("EXPUNGE")
        one.wait_for(rb"1 EXPUNGE")
        self.assertTrue(one.done(tag).good)
        self.assertTrue(one.command("NOOP").good)

    def read_to(self, connection, pattern):
        """Lines up to the one that matches."""
        while not re.match(pattern, line := connection.readline()):
            self.assertRegex(line, rb"^\* .*\r\n$")

    def test_idle_by_hand(self):
        """imaplib has no IDLE before Python 3.14: its connection, with the lines sent and read by hand."""
        one, two = self.login("INBOX"), self.login("INBOX")
        for turn in (1, 2):
            tag = one._new_tag()
            one.send(tag + b" IDLE\r\n")
            self.read_to(one, rb"\+ ")
            self.ok(two.append("INBOX", None, None, MESSAGE))
            self.read_to(one, rb"\* %d EXISTS\r\n$" % turn)
            self.ok(two.noop())
            self.ok(two.store(str(turn), "+FLAGS.SILENT", "$Work"))
            self.read_to(one, rb"\* %d FETCH \(.*\$Work" % turn)
            one.send(b"DONE\r\n")
            self.read_to(one, tag + b" OK")
            self.assertEqual(len(self.ok(one.search(None, "ALL"))[0].split()), turn)

    def test_changes_are_announced(self):
        one, two = self.login("INBOX"), self.login("INBOX")
        self.fill(one, 3)
        two.noop()
        self.assertEqual(two.response("EXISTS")[1][-1:], [b"3"])
        self.ok(one.noop())
        self.ok(one.store("2", "+FLAGS", "\\Deleted"))
        self.ok(one.expunge())
        two.untagged_responses.clear()
        self.ok(two.noop())
        self.assertEqual(two.response("EXPUNGE")[1], [b"2"])
        self.assertEqual(self.ok(two.uid("SEARCH", "ALL")), [b"1 3"])

    def test_no_expunge_during_fetch_store_search(self):
        """Sequence numbers hold until a command that may break them (RFC 3501 section 7.4.1)."""
        one, two = self.client("INBOX"), self.client("INBOX")
        for i in range(5):
            two.append("INBOX", live.simple_message("m%d" % (i + 1)))
        self.assertEqual(one.ok("NOOP").number(rb"(\d+) EXISTS"), 5)
        two.ok("STORE 2,4 +FLAGS.SILENT (\\Deleted)")
        two.ok("EXPUNGE")
        for command in ("FETCH 1:* (UID FLAGS)", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL",
                        "FETCH 5 BODY.PEEK[]", "STORE 3 -FLAGS.SILENT (\\Seen)", "SEARCH SUBJECT m"):
            answer = one.command(command)
            self.assertEqual(answer.texts(rb"\d+ EXPUNGE"), [], command)
            for number, text, literals in answer.fetched():
                uid = re.search(rb"UID (\d+)", text)
                self.assertTrue(uid is None or int(uid[1]) == number, answer.untagged)
                for literal in literals:
                    self.assertIn(b"Subject: m%d\r\n" % number, literal)
        gone = [int(match[1]) for match in one.ok("NOOP").texts(rb"(\d+) EXPUNGE")]
        self.assertIn(gone, ([2, 3], [4, 2]))
        self.assertEqual(one.ok("UID SEARCH ALL").texts(rb"SEARCH (.*)")[0][1], b"1 3 5")

    def test_pipelined(self):
        client = self.client("INBOX")
        for i in range(3):
            client.append("INBOX", live.simple_message("m%d" % (i + 1)))
        tags = [client.start(command) for command in (
            "NOOP", "STORE 1 +FLAGS.SILENT (\\Deleted)", "FETCH 2 (UID)", "EXPUNGE", "FETCH 1 (UID)",
            "APPEND INBOX {%d+}\r\n%s" % (len(MESSAGE), MESSAGE.decode()), "SEARCH ALL", "IDLE")]
        client.send(b"DONE\r\n")
        answers = [client.answer(tag) for tag in tags[:-1]]
        self.assertTrue(all(answer.good for answer in answers), answers)
        self.assertEqual(answers[2].number(rb"2 FETCH \(UID (\d+)\)"), 2)
        self.assertEqual(answers[4].number(rb"1 FETCH \(UID (\d+)\)"), 2)
        self.assertEqual(answers[6].texts(rb"SEARCH (.*)")[0][1], b"1 2 3")
        while not client.response().text.startswith(tags[-1]):
            pass

    def flags_by_uid(self, answer):
        """What FETCH responses tell: UID to flags, without \\Recent."""
        flags = {}
        for match in answer.texts(rb"\d+ FETCH \((.*)\)"):
            uid = int(re.search(rb"UID (\d+)", match[1])[1])
            flags[uid] = set(re.search(rb"FLAGS \(([^)]*)\)", match[1])[1].split()) - {b"\\Recent"}
        return flags

    def change(self, rng, client, number):
        kind = rng.randrange(4)
        uids = client.ok("UID SEARCH ALL").texts(rb"SEARCH(.*)")[0][1].split()
        if kind == 0 or not uids:
            client.append("INBOX", live.simple_message("n%d" % number))
            return
        uid = rng.choice(uids)
        if kind == 1:
            client.ok(b"UID STORE %s +FLAGS.SILENT (\\Deleted)" % uid)
            client.ok(b"UID EXPUNGE %s" % uid)
        else:
            flag = rng.choice([b"\\Seen", b"\\Flagged", b"$Work"])
            client.ok(b"UID STORE %s %sFLAGS.SILENT (%s)" % (uid, rng.choice([b"+", b"-"]), flag))

    def test_comes_back(self):
        """A client that keeps flags offline learns from QRESYNC alone what has changed (RFC 7162)."""
        rng = random.Random(6)
        worker = self.client("INBOX")
        for i in range(40):
            worker.append("INBOX", live.simple_message("m%d" % i))
        known, parameter = {}, ""
        for turn in range(25):
            with self.server.login() as client:
                client.ok("ENABLE QRESYNC")
                answer = client.ok("SELECT INBOX" + parameter)
                if not parameter:
                    known = self.flags_by_uid(client.ok("UID FETCH 1:* (FLAGS)"))
                for match in answer.texts(rb"VANISHED \(EARLIER\) (\S+)"):
                    for part in match[1].split(b","):
                        first, _, last = part.partition(b":")
                        for uid in range(int(first), int(last or first) + 1):
                            known.pop(uid, None)
                known.update(self.flags_by_uid(answer))
                self.assertEqual(known, self.flags_by_uid(worker.ok("UID FETCH 1:* (FLAGS)")), turn)
                parameter = " (QRESYNC (%d %d))" % (answer.number(rb"OK \[UIDVALIDITY (\d+)"),
                                                    answer.number(rb"OK \[HIGHESTMODSEQ (\d+)"))
            for i in range(rng.randrange(8)):
                self.change(rng, worker, 10 * turn + i)

    def work(self, server, seed):
        """Change INBOX as fast as the server lets one, and hold what it says against what it said before."""
        rng = random.Random(seed)
        with server.login() as client:
            view = View(client)
            for i in range(120):
                view.step(rng, "w%d-%d" % (seed, i))
            view.check()

    def check_rest(self):
        client = self.client("INBOX")
        status = client.ok("STATUS INBOX (MESSAGES)")
        self.assertEqual(len(client.flags()), status.number(rb".*MESSAGES (\d+)"))

    def test_two_at_work(self):
        live.run_together(lambda: self.work(self.server, 1), lambda: self.work(self.server, 2))
        self.check_rest()


class View:
    """What a client may believe: which UID each sequence number has, from the responses alone."""

    def __init__(self, client):
        self.client = client
        self.uids = []  # None: not known yet
        self.tokens = {}
        self.take(client.ok("SELECT INBOX"))
        self.look()

    def take(self, answer, breaks=True):
        for response in answer.untagged:
            match = re.match(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH)(.*)", response.text, re.DOTALL)
            if match is None:
                continue
            number = int(match[1])
            if match[2] == b"EXISTS":
                assert number >= len(self.uids), "EXISTS went down: %r" % response
                self.uids += [None] * (number - len(self.uids))
            elif match[2] == b"EXPUNGE":
                assert breaks, "EXPUNGE at the wrong moment: %r" % response
                assert 1 <= number <= len(self.uids), "EXPUNGE of nothing: %r" % response
                del self.uids[number - 1]
            else:
                self.fetched(number, response)

    def fetched(self, number, response):
        assert 1 <= number <= len(self.uids), "FETCH of nothing: %r" % response
        uid = re.search(rb"UID (\d+)", response.text)
        if uid is None:
            return
        known = self.uids[number - 1]
        assert known in (None, int(uid[1])), "message %d was UID %r: %r" % (number, known, response)
        self.uids[number - 1] = int(uid[1])
        for literal in response.literals:
            token = self.tokens.setdefault(int(uid[1]), literal)
            assert token == literal, "UID %r has changed" % uid[1]

    def step(self, rng, token):
        choice = rng.randrange(8)
        count = len(self.uids)
        if choice < 3 or count == 0:
            message = live.simple_message(token)
            self.take(self.client.ok(b"APPEND INBOX {%d+}\r\n%s" % (len(message), message)))
        elif choice == 3:
            self.take(self.client.command("FETCH %d (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])"
                                          % rng.randint(1, count)), False)
        elif choice == 4:
            self.take(self.client.command("STORE %d +FLAGS (\\Seen)" % rng.randint(1, count)), False)
        elif choice == 5:
            self.take(self.client.command("STORE %d +FLAGS.SILENT (\\Deleted)" % rng.randint(1, count)),
                      False)
        elif choice == 6:
            self.take(self.client.ok("EXPUNGE"))
        else:
            self.take(self.client.command("SEARCH UNSEEN"), False)

    def look(self):
        """Ask for all UIDs.  Messages that others have removed meanwhile may be left out, with a NO."""
        if not self.uids:
            return
        answer = self.client.command("FETCH 1:* (UID)")
        count = len(self.uids)
        self.take(answer, False)
        assert answer.good or answer.code("EXPUNGEISSUED") is not None, answer.tagged
        assert not answer.good or None not in self.uids[:count], self.uids

    def check(self):
        self.take(self.client.ok("NOOP"))
        self.look()
        known = [uid for uid in self.uids if uid is not None]
        assert known == sorted(set(known)), self.uids


class Memory(Case, unittest.TestCase):
    store = "memory"


class Maildir(Case, unittest.TestCase):
    store = "maildir"

    def test_delivery_from_outside(self):
        connection = self.login("INBOX")
        with open(self.server.mail + "/demo/new/1700000000.M1P1.host", "wb") as file:
            file.write(b"Subject: delivered\n\nbody\n")
        self.ok(connection.noop())
        self.assertEqual(connection.response("EXISTS")[1][-1:], [b"1"])
        self.assertEqual(self.ok(connection.fetch("1", "(RFC822)"))[0][1],
                         b"Subject: delivered\r\n\r\nbody\r\n")

    def test_two_servers_at_work(self):
        """Two processes on the same mail."""
        with live.Server("maildir", mail=self.server.mail) as other:
            live.run_together(lambda: self.work(self.server, 1), lambda: self.work(other, 2),
                              lambda: self.work(self.server, 3))
        self.check_rest()

    def test_other_programs_at_work(self):
        """Mail is delivered, flagged and deleted behind the server's back, as other programs do."""
        directory = self.server.mail + "/demo/"
        self.client("INBOX")
        at_work = threading.Event()

        def change():
            rng = random.Random(4)
            number = 0
            while not at_work.is_set():
                number += 1
                if number % 3:
                    name = "%d.x%d.host" % (1700000000 + number, number)
                    with open(directory + "tmp/" + name, "wb") as file:
                        file.write(live.simple_message("delivered-%d" % number).replace(b"\r\n", b"\n"))
                    os.rename(directory + "tmp/" + name, directory + "new/" + name)
                names = os.listdir(directory + "cur")
                if names:
                    name = rng.choice(names)
                    base, _, letters = name.partition(":2,")
                    letters = "".join(sorted(set(letters) ^ set(rng.choice("FRS"))))
                    try:
                        if rng.random() < 0.3:
                            os.unlink(directory + "cur/" + name)
                        else:
                            os.rename(directory + "cur/" + name, directory + "cur/" + base + ":2," + letters)
                    except FileNotFoundError:
                        pass  # the server was faster
                time.sleep(0.002)

        def work():
            try:
                live.run_together(lambda: self.work(self.server, 1), lambda: self.work(self.server, 2))
            finally:
                at_work.set()

        live.run_together(change, work)
        time.sleep(0.1)  # so that the last change counts as past
        self.check_rest()

    def test_mail_is_there_after_a_restart(self):
        connection = self.login()
        self.fill(connection, 3)
        self.ok(connection.create("Folder.Deep"))
        self.ok(connection.select())
        self.ok(connection.store("2", "FLAGS", "(\\Flagged $Work)"))
        before = self.ok(connection.fetch("1:*", "(UID INTERNALDATE RFC822.SIZE ENVELOPE EMAILID)"))
        validity = connection.response("UIDVALIDITY")[1]
        connection.logout()
        self.assertEqual(self.server.stop(), 0)
        self.server = live.Server("maildir", mail=self.server.mail)
        connection = self.login("INBOX")
        self.assertEqual(connection.response("UIDVALIDITY")[1], validity)
        self.assertEqual(self.ok(connection.fetch("1:*", "(UID INTERNALDATE RFC822.SIZE ENVELOPE EMAILID)")),
                         before)
        self.assertEqual(self.ok(connection.search(None, "KEYWORD", "$Work")), [b"2"])
        self.assertIn("Folder.Deep", self.names(connection.list()))


if __name__ == "__main__":
    live.main()
