# SPDX-License-Identifier: MIT
"""BINARY (RFC 3516) through Python's imaplib, which reads literal8 though it knows nothing of the extension:
parts decoded by the server against the same parts decoded by Python's email package, on both stores.
"""
import email
import email.policy
import random
import re
import unittest
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import live

NUL = b"Subject: nul\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n\0\0"


def random_message(rng):
    """A message with parts inside parts, of each encoding."""
    outer = MIMEMultipart()
    outer["Subject"] = "parts"
    for depth in range(3):
        inner = MIMEMultipart()
        for _ in range(rng.randint(1, 4)):
            octets = rng.randbytes(rng.choice((0, 1, 2, 57, 1000, 70000)))
            if rng.random() < 0.5:
                inner.attach(MIMEApplication(octets))
            else:
                charset = email.charset.Charset("utf-8")
                charset.body_encoding = rng.choice((email.charset.QP, email.charset.BASE64))
                text = "grüße = %d \u20ac \t\n" % depth * rng.randint(0, 300)
                inner.attach(MIMEText(text, "plain", charset))
        outer.attach(inner)
    return outer.as_bytes(policy=email.policy.SMTP)


def leaves(message, number=""):
    """(number, part) of each part that has no parts."""
    if not message.is_multipart():
        yield number or "1", message
        return
    for i, part in enumerate(message.get_payload(), 1):
        yield from leaves(part, "%s.%d" % (number, i) if number else str(i))


class BinaryCase(live.ImaplibCase):
    def append(self, connection, mailbox, octets):
        """APPEND with literal8, which imaplib's own method does not send."""
        tag = connection._new_tag()
        connection.send(b"%s APPEND %s ~{%d}\r\n" % (tag, mailbox, len(octets)))
        while connection._get_response():
            self.assertIsNone(connection.tagged_commands[tag], "no continuation")
        connection.send(octets + b"\r\n")
        return connection._command_complete("APPEND", tag)

    def fetch(self, connection, item, number=1):
        """The value of one item: octets of a literal, or what stands there."""
        data = self.ok(connection.fetch(str(number), "(%s)" % item))[0]
        if isinstance(data, tuple):
            head, octets = data
            self.assertEqual(b"~{" in head, b"\0" in octets, head)
            return octets
        value = re.fullmatch(rb'\d+ \(\S+ (.*)\)', data).group(1)
        return b"" if value == b'""' else value

    def test_advertised(self):
        self.assertIn(b"BINARY", self.ok(self.login().capability())[0].split())

    def test_nul(self):
        connection = self.login()
        self.ok(self.append(connection, b"INBOX", NUL))
        self.ok(connection.create("Box"))
        self.ok(connection.select("INBOX"))
        self.ok(connection.copy("1", "Box"))
        for mailbox in "INBOX", "Box":
            self.ok(connection.select(mailbox))
            self.assertEqual(self.fetch(connection, "BINARY.PEEK[]"), NUL)
            self.assertEqual(self.fetch(connection, "BINARY.PEEK[1]"), b"a\0b\r\n\0\0")
            self.assertEqual(self.fetch(connection, "BINARY.PEEK[1]<2.3>"), b"b\r\n")
            self.assertEqual(self.fetch(connection, "BINARY.SIZE[1]"), b"7")
            self.assertEqual(self.fetch(connection, "RFC822.SIZE"), b"%d" % len(NUL))
            self.assertEqual(self.fetch(connection, "BODY.PEEK[]"), NUL.replace(b"\0", b"?"))

    def test_parts(self):
        rng = random.Random(5)
        connection = self.login("INBOX")
        for number in range(1, 6):
            octets = random_message(rng)
            self.ok(connection.append("INBOX", None, None, octets))
            self.ok(connection.noop())
            parts = list(leaves(email.message_from_bytes(octets)))
            self.assertGreaterEqual(len(parts), 3)
            for name, part in parts:
                want = part.get_payload(decode=True)
                self.assertEqual(self.fetch(connection, "BINARY.PEEK[%s]" % name, number), want)
                self.assertEqual(self.fetch(connection, "BINARY.SIZE[%s]" % name, number), b"%d" % len(want))
                first, count = rng.randint(0, len(want) + 1), rng.randint(1, 40000)
                window = "BINARY.PEEK[%s]<%d.%d>" % (name, first, count)
                self.assertEqual(self.fetch(connection, window, number), want[first:first + count])
            data = self.ok(connection.uid("FETCH", str(number), "(%s)" % " ".join(
                "BINARY.PEEK[%s]" % name for name, _ in parts)))
            whole = [item[1] for item in data if isinstance(item, tuple)]
            self.assertEqual(whole, [part.get_payload(decode=True) for _, part in parts])

    def test_seen(self):
        connection = self.login()
        self.fill(connection, 1)
        self.ok(connection.select())
        for item, seen in (("BINARY.SIZE[1]", False), ("BINARY.PEEK[1]", False), ("BINARY[1]", True)):
            self.ok(connection.fetch("1", "(%s)" % item))
            self.assertEqual(b"\\Seen" in self.ok(connection.fetch("1", "(FLAGS)"))[0], seen, item)

    def test_unknown_encoding(self):
        connection = self.login()
        self.ok(connection.append("INBOX", None, None, b"Content-Transfer-Encoding: x-odd\r\n\r\nwhat\r\n"))
        self.fill(connection, 1)
        self.ok(connection.select())
        kind, data = connection.fetch("1:2", "(BINARY.PEEK[1])")
        self.assertEqual(kind, "NO")
        self.assertIn(b"[UNKNOWN-CTE]", data[0])
        self.assertEqual(connection.response("FETCH")[1], [(b"2 (BINARY[1] {6}", b"text\r\n"), b")"])
        self.assertEqual(self.fetch(connection, "BODY.PEEK[1]"), b"what\r\n")


class Memory(BinaryCase, unittest.TestCase):
    store = "memory"


class Maildir(BinaryCase, unittest.TestCase):
    store = "maildir"

    def test_after_a_restart(self):
        self.ok(self.append(self.login(), b"INBOX", NUL))
        self.assertEqual(self.server.stop(), 0)
        self.server = live.Server("maildir", mail=self.server.mail)
        self.assertEqual(self.fetch(self.login("INBOX"), "BINARY.PEEK[]"), NUL)


if __name__ == "__main__":
    live.main()
