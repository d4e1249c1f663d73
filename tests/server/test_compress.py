# SPDX-License-Identifier: MIT
"""COMPRESS=DEFLATE (RFC 4978) of imap4-server: test_compress.py SERVER OPENSSL [TEST...]"""
import os
import random
import signal
import unittest
import unittest.mock
import zlib

import test_server
from test_server import USER, Load, Server, Tls

BOMB_OCTETS = 128 * 1024 * 1024
SYNC = b"\x00\x00\x00\xff\xff"  # an empty block: what a sync flush adds


class Deflated:
    """A client's socket and its file, with raw DEFLATE between them and the client."""

    def __init__(self, client):
        self.below = client.socket
        self.file = client.file
        self.deflate = zlib.compressobj(wbits=-15)
        self.inflate = zlib.decompressobj(wbits=-15)
        self.held = b""

    def sendall(self, data):
        self.below.sendall(self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH))

    def more(self):
        octets = self.file.read1(65536)
        self.held += self.inflate.decompress(octets)
        return octets != b""

    def readline(self):
        while b"\n" not in self.held and self.more():
            pass
        line, lf, self.held = self.held.partition(b"\n")
        return line + lf

    def read(self):
        while self.more():
            pass
        data, self.held = self.held, b""
        return data

    def close(self):
        self.file.close()
        self.below.close()


def compress(client):
    client.ok(b"COMPRESS DEFLATE")
    client.socket = client.file = Deflated(client)
    return client


class CompressedServer(Server):
    """Every client that logs in compresses."""

    def login(self, *arguments, **where):
        return compress(super().login(*arguments, **where))


def memory_peak(server):
    with open("/proc/%d/status" % server.process.pid, encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


class Compression(unittest.TestCase):
    def test_capability(self):
        with Server(*USER) as server, server.client() as client:
            self.assertNotIn(b"COMPRESS=DEFLATE", client.ok(b"CAPABILITY")[0].split())
            client.ok(b"LOGIN demo secret")
            self.assertIn(b"COMPRESS=DEFLATE", client.ok(b"CAPABILITY")[0].split())
            compress(client)
            self.assertNotIn(b"COMPRESS=DEFLATE", client.ok(b"CAPABILITY")[0].split())
            self.assertIn(b" NO [COMPRESSIONACTIVE] ", client.command(b"COMPRESS DEFLATE")[-1])

    def test_goodbye(self):
        with CompressedServer(*USER) as server, server.login() as client:
            self.assertTrue(client.ok(b"LOGOUT")[0].startswith(b"* BYE"))
            self.assertEqual(client.file.read(), b"")

    def test_shutdown(self):
        with CompressedServer(*USER) as server, server.login() as client:
            server.process.send_signal(signal.SIGTERM)
            self.assertTrue(client.line().startswith(b"* BYE"))
            self.assertEqual(client.file.read(), b"")

    def test_big_messages(self):
        with CompressedServer(*USER, "--threads", "1") as server:
            Load.big_messages(self, server)

    def test_what_does_not_get_smaller(self):
        noise = random.Random(1)
        message = b"Subject: noise\r\n\r\n" + b"".join(b"%070x\r\n" % noise.getrandbits(280) for _ in range(20000))
        with CompressedServer(*USER, "--threads", "1") as server, server.login() as client:
            client.append(b"INBOX", message)
            client.ok(b"SELECT INBOX")
            client.send(b"f FETCH 1 BODY.PEEK[]\r\n" * 4)
            for _ in range(4):
                lines = client.until(b"f OK")
                self.assertEqual(b"\r\n".join(lines[1:-2]) + b"\r\n", message)

    def test_many_pipelined_commands(self):
        """All of them in a few octets, so the socket tells of them only once."""
        with CompressedServer(*USER, "--threads", "1") as server, server.login() as client:
            client.send(b"".join(b"n%d NOOP\r\n" % i for i in range(20000)))
            client.until(b"n19999 OK")

    def test_octet_by_octet(self):
        with CompressedServer(*USER) as server, server.login() as client:
            deflated = client.socket
            octets = deflated.deflate.compress(b"a NOOP\r\n") + deflated.deflate.flush(zlib.Z_SYNC_FLUSH)
            for i in range(len(octets)):
                deflated.below.sendall(octets[i:i + 1])
            client.until(b"a OK")

    def test_changes_reach_a_client_in_idle(self):
        with CompressedServer(*USER) as server, server.login() as idler, server.login() as writer:
            idler.ok(b"SELECT INBOX")
            idler.send(b"i IDLE\r\n")
            idler.until(b"+")
            writer.append(b"INBOX", b"Subject: news\r\n\r\n")
            idler.until(b"* 1 EXISTS")
            idler.send(b"DONE\r\n")
            idler.until(b"i OK")

    def test_what_follows_the_command_is_not_run(self):
        with Server(*USER) as server, server.login() as client:
            client.send(b"c COMPRESS DEFLATE\r\nx CREATE never\r\n")
            client.until(b"c OK")
            self.assertNotIn(b"x ", client.rest())
            with server.login() as other:
                self.assertNotIn(b"never", b"".join(other.ok(b'LIST "" *')))

    def test_no_deflate(self):
        with CompressedServer(*USER) as server:
            with server.login() as client:
                client.socket.below.sendall(b"\xff" * 1000)
                try:
                    self.assertEqual(client.rest(), b"")
                except OSError:
                    pass
            server.login().close()

    def test_end_of_the_stream(self):
        """Commands before it are answered; what follows it is nothing."""
        with CompressedServer(*USER) as server, server.login() as client:
            deflate = client.socket.deflate
            client.socket.below.sendall(deflate.compress(b"a NOOP\r\n") + deflate.flush(zlib.Z_FINISH) + b"b NOOP\r\n")
            client.until(b"a OK")
            self.assertEqual(client.rest(), b"")

    def test_blocks_of_nothing(self):
        with CompressedServer(*USER, "--threads", "1") as server:
            with server.login() as client, server.login() as other:
                for _ in range(200):
                    client.socket.below.sendall(SYNC * 2000)
                other.ok(b"NOOP")
                client.ok(b"NOOP")

    def test_bomb(self):
        """Much from little costs time, in turns with other clients, and no memory."""
        deflate = zlib.compressobj(level=9, wbits=-15)
        piece = b"x" * 1048576
        octets = deflate.compress(b"a ")
        octets += b"".join(deflate.compress(piece) for _ in range(BOMB_OCTETS // len(piece)))
        octets += deflate.compress(b"\r\n") + deflate.flush(zlib.Z_SYNC_FLUSH)
        self.assertLess(len(octets), BOMB_OCTETS // 500)
        # AddressSanitizer keeps what was freed; of that there is a lot here, though never much at a time.
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        with unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=options), \
                CompressedServer(*USER, "--threads", "1") as server:
            with server.login() as client, server.login() as other:
                before = memory_peak(server)
                client.socket.below.sendall(octets)
                other.ok(b"NOOP")
                self.assertRegex(client.until(b"a BAD")[-1], b"too long")
                self.assertLess(memory_peak(server) - before, BOMB_OCTETS // 16)


class CompressionInTls(Tls):
    """The tests of TLS, with compression inside."""

    def test_big_messages(self):
        with CompressedServer(*USER, *self.options, "--threads", "1", listeners=self.both) as server:
            Load.big_messages(self, server, tls=self.context(), listener=1)

    def test_many_pipelined_commands(self):
        with CompressedServer(*USER, *self.options, listeners=self.both) as server:
            with server.login(tls=self.context(), listener=1) as client:
                client.send(b"".join(b"n%d NOOP\r\n" % i for i in range(20000)))
                client.until(b"n19999 OK")

    def test_blocks_of_nothing(self):
        with CompressedServer(*USER, *self.options, listeners=self.both) as server:
            with server.login(tls=self.context(), listener=1) as client:
                client.socket.below.sendall(SYNC * 100000)
                client.ok(b"NOOP")

    def test_shutdown(self):
        with CompressedServer(*USER, *self.options, listeners=self.both) as server:
            with server.login(tls=self.context(), listener=1) as client:
                server.process.send_signal(signal.SIGTERM)
                self.assertTrue(client.line().startswith(b"* BYE"))
                self.assertEqual(client.rest(), b"")


class WithoutZlib(unittest.TestCase):
    def test_not_offered(self):
        with Server(*USER) as server, server.login() as client:
            self.assertNotIn(b"COMPRESS=DEFLATE", client.ok(b"CAPABILITY")[0].split())
            self.assertIn(b" BAD ", client.command(b"COMPRESS DEFLATE")[-1])


def load_tests(loader, unused_tests, unused_pattern):
    version = test_server.run_server("--version").stdout
    if "compression: none" in version:
        return loader.loadTestsFromTestCase(WithoutZlib)
    suite = loader.loadTestsFromTestCase(Compression)
    if "TLS: none" not in version:
        for name in ("big_messages", "many_pipelined_commands", "blocks_of_nothing", "shutdown"):
            suite.addTest(CompressionInTls("test_" + name))
    return suite


if __name__ == "__main__":
    test_server.main()
