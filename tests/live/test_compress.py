# SPDX-License-Identifier: MIT
"""The tests of test_imaplib.py once more, over COMPRESS=DEFLATE (RFC 4978).

imaplib does not compress, so this does it below: with zlib, by hand.
"""
import imaplib
import unittest
import zlib

import live
import test_imaplib

imaplib.Commands["COMPRESS"] = ("AUTH", "SELECTED")


class Deflated:
    """In place of imaplib's socket and of its file."""

    def __init__(self, connection):
        self.socket = connection.sock
        self.file = connection.file
        self.deflate = zlib.compressobj(wbits=-15)
        self.inflate = zlib.decompressobj(wbits=-15)
        self.held = b""

    def sendall(self, data):
        self.socket.sendall(self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH))

    def more(self):
        octets = self.file.read1(65536)
        self.held += self.inflate.decompress(octets)
        return octets != b""

    def take(self, count):
        data, self.held = self.held[:count], self.held[count:]
        return data

    def readline(self, limit):
        while b"\n" not in self.held[:limit] and len(self.held) < limit and self.more():
            pass
        end = self.held.find(b"\n", 0, limit)
        return self.take(end + 1 if end >= 0 else limit)

    def read(self, count):
        while len(self.held) < count and self.more():
            pass
        return self.take(count)

    def shutdown(self, how):
        self.socket.shutdown(how)

    def close(self):
        """imaplib closes its file, shuts its socket down, and closes that."""
        if not self.file.closed:
            self.file.close()
        else:
            self.socket.close()


class Case(test_imaplib.Case):
    def login(self, mailbox=None):
        connection = super().login()
        if b"COMPRESS=DEFLATE" not in self.ok(connection.capability())[0].split():
            self.skipTest("the server is built without zlib")
        self.ok(connection._simple_command("COMPRESS", "DEFLATE"))
        connection.sock = connection.file = Deflated(connection)
        if mailbox is not None:
            self.ok(connection.select(mailbox))
        return connection


class Memory(Case, unittest.TestCase):
    store = "memory"


class Maildir(Case, unittest.TestCase):
    store = "maildir"


if __name__ == "__main__":
    live.main()
