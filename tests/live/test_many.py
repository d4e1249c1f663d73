# SPDX-License-Identifier: MIT
"""200 connections in IDLE on one mailbox: all of them hear of what one other does."""
import unittest

import live

COUNT = 200


class Case:
    store = ""

    def setUp(self):
        self.server = live.Server(self.store)
        self.addCleanup(self.stop)
        self.clients = []
        for _ in range(COUNT):
            client = self.server.login("INBOX")
            self.clients.append(client)
            self.addCleanup(client.close)
        self.writer = self.server.login("INBOX")
        self.addCleanup(self.writer.close)

    def stop(self):
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def test_all_hear_it(self):
        tags = [client.idle() for client in self.clients]
        self.writer.append("INBOX", live.simple_message("one"))
        for client in self.clients:
            client.wait_for(rb"1 EXISTS")
        self.writer.append("INBOX", live.simple_message("two"))
        self.writer.ok("STORE 1 +FLAGS (\\Flagged)")
        for client in self.clients:
            seen = set()
            while len(seen) < 2:
                match = client.wait_for(rb"(2 EXISTS|1 FETCH \(.*\\Flagged.*\))")
                seen.add(match[1][:3])
        self.writer.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        self.writer.ok("EXPUNGE")
        for client in self.clients:
            client.wait_for(rb"1 EXPUNGE")
        for client, tag in zip(self.clients, tags):
            self.assertTrue(client.done(tag).good)
        for client in self.clients:
            self.assertEqual(client.ok("UID SEARCH ALL").texts(rb"SEARCH (.*)")[0][1], b"2")
        self.writer.ok("NOOP")

    def test_all_leave_at_once(self):
        """Half of them in IDLE, half of them in the middle of a command; then the server goes on."""
        for i, client in enumerate(self.clients):
            client.start("IDLE" if i % 2 else "APPEND INBOX {1000}")
        for client in self.clients:
            client.close()
        self.writer.append("INBOX", live.simple_message("after"))
        with self.server.login("INBOX") as client:
            self.assertEqual(len(client.messages()), 1)

    def test_all_are_told_at_the_end(self):
        tags = [client.idle() for client in self.clients]
        self.assertEqual(len(tags), COUNT)
        self.server.process.terminate()
        for client in self.clients:
            client.wait_for(rb"BYE ")
            with self.assertRaises(live.Closed):
                client.response()


class Memory(Case, unittest.TestCase):
    store = "memory"


class Maildir(Case, unittest.TestCase):
    store = "maildir"


if __name__ == "__main__":
    live.main()
