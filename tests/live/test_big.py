# SPDX-License-Identifier: MIT
"""A big message on the Maildir store: in, out, in part, searched, with the server's memory staying small.

64 MiB normally, 1 GiB with IMAP4_LIVE_BIG=1.  The server has one thread, and another connection is served
meanwhile.
"""
import hashlib
import unittest

import live

MEMORY_KIB = 32 * 1024  # of the server, whatever the size of the message
PIECE_LINES = 16384
LINE = 64

FRONT = (b"From: a@example.org\r\nSubject: big\r\nMIME-Version: 1.0\r\n"
         b'Content-Type: multipart/mixed; boundary="limit"\r\n\r\n'
         b"--limit\r\nContent-Type: text/plain\r\n\r\nsmall part\r\n"
         b"--limit\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n")
BACK = b"\r\nneedle-near-the-end\r\n--limit--\r\n"


def line_of(number):
    """Line |number| of the big part: LINE octets."""
    return b"%012d abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUV\r\n" % number


class Big(unittest.TestCase):
    def setUp(self):
        self.lines = (1024 if live.number_from("IMAP4_LIVE_BIG", 0) else 64) * 1024 * 1024 // LINE
        self.part_octets = self.lines * LINE + len(BACK) - len(b"\r\n--limit--\r\n")
        self.octets = len(FRONT) + self.lines * LINE + len(BACK)
        self.assertEqual(len(line_of(0)), LINE)
        self.server = live.Server("maildir", "--threads", "1")
        self.addCleanup(self.stop)
        self.client = self.server.login()
        self.addCleanup(self.client.close)
        self.other = self.server.login()
        self.addCleanup(self.other.close)

    def stop(self):
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def pieces(self):
        """The message, a megabyte at a time."""
        yield FRONT
        for first in range(0, self.lines, PIECE_LINES):
            yield b"".join(line_of(i) for i in range(first, min(first + PIECE_LINES, self.lines)))
        yield BACK

    def upload(self):
        """APPEND; the hash of what was sent."""
        digest = hashlib.sha256()
        tag = self.client.start("APPEND INBOX {%d}" % self.octets)
        self.assertTrue(self.client.line().startswith(b"+"))
        for count, piece in enumerate(self.pieces()):
            self.client.send(piece)
            digest.update(piece)
            if count % 16 == 1:
                self.other.ok("NOOP")
        self.client.send(b"\r\n")
        answer = self.client.answer(tag)
        self.assertTrue(answer.good, answer.tagged)
        return digest.digest()

    def download(self, item, expected):
        """FETCH without keeping what comes; its hash."""
        digest = hashlib.sha256()
        tag = self.client.start("FETCH 1 " + item)
        line = self.client.line()
        self.assertRegex(line, rb"^\* 1 FETCH \(.*\{%d\}$" % expected)
        left = expected
        while left > 0:
            piece = self.client.octets(min(left, 1 << 20))
            digest.update(piece)
            left -= len(piece)
            if (left >> 20) % 16 == 0:
                self.other.ok("NOOP")
        self.assertEqual(self.client.line(), b")")
        self.assertTrue(self.client.answer(tag).good)
        return digest.digest()

    def partial(self, section, offset, octets):
        answer = self.client.ok("FETCH 1 BODY.PEEK[%s]<%d.%d>" % (section, offset, octets))
        return answer.fetched()[0][2][0]

    def check_memory(self, after):
        peak = self.server.memory_peak()
        print("%s: %d KiB" % (after, peak), flush=True)
        if not live.sanitized():
            self.assertLess(peak, MEMORY_KIB, after)

    def check_partials(self):
        for number in (0, 1, self.lines // 2, self.lines - 1000):
            expected = b"".join(line_of(number + i) for i in range(512))
            self.assertEqual(self.partial("2", number * LINE, 512 * LINE), expected)
            self.assertEqual(self.partial("", len(FRONT) + number * LINE, 512 * LINE), expected)
        self.assertEqual(self.partial("1", 0, 1000), b"small part")
        self.assertEqual(self.partial("", self.octets - 10, 100), BACK[-10:])
        self.assertEqual(self.partial("", self.octets, 100), b"")

    def check_search(self):
        for criteria, found in (("BODY needle-near-the-end", b" 1"), ("TEXT needle-near-the-end", b" 1"),
                                ("BODY needle-that-is-not-there", b""), ("SUBJECT big", b" 1"),
                                ('BODY "%012d abcdef"' % (self.lines - 1), b" 1"),
                                ("LARGER %d" % (self.octets - 1), b" 1")):
            tag = self.client.start("SEARCH " + criteria)
            self.other.ok("NOOP")
            answer = self.client.answer(tag)
            self.assertEqual(answer.texts(rb"SEARCH(.*)")[0][1], found, criteria)

    def test_big_message(self):
        sent = self.upload()
        self.check_memory("APPEND")
        self.client.ok("SELECT INBOX")
        size = self.client.ok("FETCH 1 RFC822.SIZE").number(rb"1 FETCH \(RFC822\.SIZE (\d+)\)")
        self.assertEqual(size, self.octets)
        structure = self.client.ok("FETCH 1 BODYSTRUCTURE").untagged[0].text
        self.assertIn(b" %d " % self.part_octets, structure)
        self.check_memory("BODYSTRUCTURE")
        self.assertEqual(self.download("BODY.PEEK[]", self.octets), sent)
        self.check_memory("FETCH BODY[]")
        self.check_partials()
        self.check_memory("partial FETCH")
        self.check_search()
        self.check_memory("SEARCH")
        self.client.ok("CREATE Copy")
        self.client.ok("COPY 1 Copy")
        self.client.ok("SELECT Copy")
        self.assertEqual(self.partial("2", 0, LINE), line_of(0))
        self.check_memory("COPY")

    def test_client_leaves_in_the_middle(self):
        """Of an upload nothing stays; a download that is broken off leaves the server as it was."""
        with self.server.login() as client:
            client.start("APPEND INBOX {%d}" % self.octets)
            client.line()
            for count, piece in enumerate(self.pieces()):
                client.send(piece)
                if count == 8:
                    break
        self.other.ok("SELECT INBOX")
        self.assertEqual(self.other.ok("STATUS INBOX (MESSAGES)").number(rb".*MESSAGES (\d+)"), 0)
        self.upload()
        with self.server.login("INBOX") as client:
            client.start("FETCH 1 BODY.PEEK[]")
            client.octets(100000)
        self.assertEqual(self.other.ok("NOOP").number(rb"(\d+) EXISTS"), 1)
        self.check_memory("broken off")


if __name__ == "__main__":
    live.main()
