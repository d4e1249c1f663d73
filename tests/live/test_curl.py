# SPDX-License-Identifier: MIT
"""curl against imap4-server: listing, fetching, uploading, commands of one's own, and its exit codes."""
import os
import re
import subprocess
import unittest

import live

# Exit codes of curl (its manual page): what a client is told must lead to these.
QUOTE = 21  # a command was refused
UPLOAD = 25
LOGIN = 67  # a SELECT that is refused, too
MISSING = 78  # the resource does not exist

MESSAGE = live.simple_message("curled", live.lines_of_text(live.random.Random(1), 20000))
HEAD, _, BODY = MESSAGE.partition(b"\r\n\r\n")


class Case:
    store = ""

    def setUp(self):
        self.server = live.Server(self.store)
        self.addCleanup(self.stop)

    def stop(self):
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def run_curl(self, path, *options, user=live.USER + ":" + live.PASSWORD, scheme="imap", port=None):
        """curl's exit code and what it printed."""
        url = "%s://127.0.0.1:%d/%s" % (scheme, port or self.server.port, path)
        command = [CURL, "-q", "-sS", "--noproxy", "*", "-m", "%d" % live.LONG, "-u", user, *options, url]
        done = subprocess.run(command, capture_output=True, timeout=live.LONG * 2, check=False)
        return done.returncode, done.stdout

    def curl(self, path, *options, **where):
        """What curl printed; it has to succeed."""
        code, output = self.run_curl(path, *options, **where)
        self.assertEqual(code, 0, (path, options, output[:300]))
        return output

    def upload(self, mailbox, message):
        path = os.path.join(live.new_directory(), "message")
        with open(path, "wb") as file:
            file.write(message)
        return self.run_curl(mailbox, "-T", path)

    def test_list(self):
        self.curl("", "-X", "CREATE Work")
        self.curl("", "-X", "SUBSCRIBE Work")
        names = re.findall(rb'^\* LIST \([^)]*\) "." "?([^"\r]*)"?\r$', self.curl(""), re.MULTILINE)
        self.assertEqual(set(names), {b"INBOX", b"Work"})
        self.assertRegex(self.curl("", "-X", 'LSUB "" *'), rb'^\* LSUB \([^)]*\) "." "?Work"?\r\n$')

    def test_upload_and_fetch(self):
        self.assertEqual(self.upload("INBOX", MESSAGE)[0], 0)
        self.assertEqual(self.upload("INBOX", b"Subject: other\r\n\r\n")[0], 0)
        for path, expected in (("INBOX;MAILINDEX=1", MESSAGE), ("INBOX;UID=1", MESSAGE),
                               ("INBOX;MAILINDEX=1;SECTION=TEXT", BODY),
                               ("INBOX;UID=1;SECTION=HEADER", HEAD + b"\r\n\r\n"),
                               ("INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)", b"Subject: curled\r\n\r\n"),
                               ("INBOX;UID=1;SECTION=1", BODY),
                               ("INBOX;UID=1;PARTIAL=7.20", MESSAGE[7:27]),
                               ("INBOX;UID=2", b"Subject: other\r\n\r\n")):
            self.assertEqual(self.curl(path), expected, path)

    def test_sizes_of_upload(self):
        messages = [live.simple_message("size%d" % n, b"x" * n) for n in (0, 1, 100, 16000, 70000, 3000000)]
        for message in messages:
            self.assertEqual(self.upload("INBOX", message)[0], 0)
        for i, message in enumerate(messages):
            self.assertEqual(self.curl("INBOX;MAILINDEX=%d" % (i + 1)), message)

    def test_search(self):
        self.upload("INBOX", MESSAGE)
        self.upload("INBOX", b"Subject: other\r\n\r\n")
        self.assertEqual(self.curl("INBOX?SUBJECT%20curled"), b"* SEARCH 1\r\n")
        self.assertEqual(self.curl("INBOX?ALL"), b"* SEARCH 1 2\r\n")

    def test_commands(self):
        self.upload("INBOX", MESSAGE)
        self.assertRegex(self.curl("INBOX", "-X", "STORE 1 +FLAGS (\\Flagged)"),
                         rb"^\* 1 FETCH \(FLAGS \(.*\\Flagged.*\)\)\r\n$")
        self.assertRegex(self.curl("INBOX", "-X", "FETCH 1 (FLAGS RFC822.SIZE)"),
                         rb"^\* 1 FETCH \(FLAGS \(.*\) RFC822\.SIZE %d\)\r\n$" % len(MESSAGE))
        self.curl("", "-X", "CREATE Copy")
        self.curl("INBOX", "-X", "COPY 1 Copy")
        self.assertEqual(self.curl("Copy;MAILINDEX=1"), MESSAGE)
        self.assertRegex(self.curl("INBOX", "-X", "STATUS Copy (MESSAGES)"),
                         rb'^\* STATUS "?Copy"? \(MESSAGES 1\)')
        self.curl("INBOX", "-X", "STORE 1 +FLAGS.SILENT (\\Deleted)")
        self.assertEqual(self.curl("INBOX", "-X", "EXPUNGE"), b"* 1 EXPUNGE\r\n")
        self.assertIn(b"IMAP4rev1", self.curl("", "-X", "CAPABILITY"))
        self.curl("", "-X", "NOOP")

    def test_uidvalidity(self):
        self.upload("INBOX", MESSAGE)
        status = self.curl("", "-X", "STATUS INBOX (UIDVALIDITY)")
        validity = int(re.search(rb"UIDVALIDITY (\d+)", status)[1])
        self.assertEqual(self.curl("INBOX;UIDVALIDITY=%d/;UID=1" % validity), MESSAGE)
        self.assertEqual(self.run_curl("INBOX;UIDVALIDITY=%d/;UID=1" % (validity + 1))[0], MISSING)

    def test_names(self):
        for name, url in (("two words", "two%20words"), ("Sp&AOQ-t", "Sp%26AOQ-t"), ('q\\"uote', "q%22uote")):
            self.curl("", "-X", 'CREATE "%s"' % name)
            self.assertEqual(self.upload(url, MESSAGE)[0], 0)
            self.assertEqual(self.curl(url + ";MAILINDEX=1"), MESSAGE)

    def test_failures(self):
        self.upload("INBOX", MESSAGE)
        self.assertEqual(self.run_curl("", user="demo:wrong")[0], LOGIN)
        self.assertEqual(self.run_curl("missing;MAILINDEX=1")[0], LOGIN)
        self.assertEqual(self.run_curl("INBOX;MAILINDEX=2")[0], MISSING)
        self.assertEqual(self.run_curl("INBOX;UID=2")[0], MISSING)
        self.assertEqual(self.upload("missing", MESSAGE)[0], UPLOAD)
        self.assertEqual(self.run_curl("INBOX", "-X", "NONSENSE")[0], QUOTE)
        self.assertEqual(self.run_curl("", "-X", "DELETE missing")[0], QUOTE)

    def test_login_options(self):
        for mechanism in ("PLAIN", "LOGIN"):
            self.curl("", "--login-options", "AUTH=" + mechanism)
        self.curl("", "--sasl-ir")

    def test_tls(self):
        version = subprocess.run([live.server_path(), "--version"], capture_output=True, check=True)
        if b"TLS: none" in version.stdout:
            self.skipTest("the server was built without TLS")
        directory = live.new_directory()
        paths = [os.path.join(directory, name) for name in ("cert.pem", "key.pem")]
        subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                       check=True, capture_output=True)
        with live.Server(self.store, "--require-tls", tls=paths) as server:
            trust = ("--cacert", paths[0])
            self.assertEqual(self.run_curl("INBOX", "-X", "NOOP", port=server.port)[0], LOGIN)
            for scheme, port, options in (("imap", server.ports[0], ("--ssl-reqd",)),
                                          ("imaps", server.ports[1], ())):
                path = os.path.join(directory, scheme)
                with open(path, "wb") as file:
                    file.write(MESSAGE)
                where = {"scheme": scheme, "port": port}
                self.curl("INBOX", "-T", path, *options, *trust, **where)
                self.assertEqual(self.curl("INBOX;MAILINDEX=1", *options, *trust, **where), MESSAGE)


class Memory(Case, unittest.TestCase):
    store = "memory"


class Maildir(Case, unittest.TestCase):
    store = "maildir"


if __name__ == "__main__":
    CURL, OPENSSL = live.require("curl", "openssl")
    live.main()
