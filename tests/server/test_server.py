# SPDX-License-Identifier: MIT
"""imap4-server over real sockets: test_server.py SERVER OPENSSL [TEST...]

Starts the server on free ports, waits for its "ready" lines and talks to it as clients do.  Nothing is
timed: waiting has a bound (LONG) only so that a failure ends.
"""
import os
import re
import resource
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

LONG = 30.0
SERVER = ""
OPENSSL = ""
DIRECTORY = None  # temporary files of the whole run


def make_certificate(directory):
    """A self-signed certificate for localhost: paths of the certificate and of its key."""
    certificate = os.path.join(directory, "cert.pem")
    key = os.path.join(directory, "key.pem")
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", certificate],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return certificate, key


def run_server(*options):
    """Run the server to its end, for options with which it ends at once."""
    return subprocess.run([SERVER, *options], capture_output=True, text=True, timeout=LONG, check=False)


class Client:
    """One connection, with just enough IMAP for these tests."""

    def __init__(self, address, tls=None):
        self.socket = socket.create_connection(address, LONG)
        if tls is not None:
            self.start_tls(tls)
        else:
            self.file = self.socket.makefile("rb")
        self.number = 0

    def start_tls(self, context):
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line without its end; b"" when the server has closed."""
        line = self.file.readline()
        if line and not line.endswith(b"\r\n"):
            raise AssertionError("line without CRLF: %r" % line)
        return line[:-2]

    def until(self, start):
        """Lines up to the first that begins with |start|."""
        lines = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\r\n"):
                raise AssertionError("closed before %r, after %r" % (start, lines[-3:] + [line]))
            line = line[:-2]
            lines.append(line)
            if line.startswith(start):
                return lines

    def command(self, text):
        """Send a command; its lines, the tagged one last."""
        self.number += 1
        tag = b"t%d" % self.number
        self.send(tag + b" " + text + b"\r\n")
        return self.until(tag + b" ")

    def ok(self, text):
        lines = self.command(text)
        if b" OK" not in lines[-1][:8]:
            raise AssertionError("%r: %r" % (text, lines[-1]))
        return lines

    def append(self, mailbox, message):
        self.number += 1
        tag = b"t%d" % self.number
        self.send(tag + b" APPEND " + mailbox + b" {%d}\r\n" % len(message))
        self.until(b"+")
        self.send(message + b"\r\n")
        lines = self.until(tag + b" ")
        if b" OK" not in lines[-1][:8]:
            raise AssertionError(lines[-1])

    def rest(self):
        """All that comes until the server closes its side in good order."""
        return self.file.read()

    def hang_up(self):
        """Close this side, and wait until the server has seen that."""
        self.socket.shutdown(socket.SHUT_WR)
        return self.rest()

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class Server:
    """A running server.  |addresses| are those of its ready lines, in order."""

    def __init__(self, *options, listeners=("--listen",), limits=None):
        arguments = [SERVER, *options]
        for listener in listeners:
            arguments += [listener, "127.0.0.1:0"]
        self.log = tempfile.TemporaryFile(dir=DIRECTORY)
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=self.log, preexec_fn=limits)
        self.addresses = []
        for _ in listeners:
            line = self.process.stdout.readline().decode()
            match = re.fullmatch(r"imap4-server: ready on (127\.0\.0\.1):(\d+)\n", line)
            if match is None:
                self.process.kill()
                self.process.wait()
                self.log.seek(0)
                raise AssertionError("not ready: %r, log: %r" % (line, self.log.read()))
            self.addresses.append((match[1], int(match[2])))

    def client(self, tls=None, listener=0):
        client = Client(self.addresses[listener], tls)
        greeting = client.line()
        if not greeting.startswith(b"* OK "):
            raise AssertionError("greeting: %r" % greeting)
        return client

    def login(self, user=b"demo", password=b"secret", **where):
        client = self.client(**where)
        client.ok(b"LOGIN %s %s" % (user, password))
        return client

    def stop(self, number=signal.SIGTERM):
        """Its exit status after a signal, and its log."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(LONG)
        self.process.stdout.close()
        self.log.seek(0)
        log = self.log.read().decode()
        self.log.close()
        return status, log

    def __enter__(self):
        return self

    def __exit__(self, kind, *unused):
        if self.log.closed:
            return
        status, log = self.stop()
        if kind is None and status != 0:
            raise AssertionError("exit status %d, log: %s" % (status, log))
        if kind is not None:
            sys.stderr.write(log)


USER = ("--memory", "--user", "demo:secret")


class Options(unittest.TestCase):
    def test_help_and_version(self):
        answer = run_server("--help")
        self.assertEqual(answer.returncode, 0)
        for option in ("--listen", "--listen-tls", "--cert", "--key", "--mail", "--special-use", "--memory", "--user",
                       "--quota-storage", "--quota-messages", "--passwd", "--any-user", "--allow-plaintext", "--require-tls", "--threads",
                       "--idle-timeout", "--log", "--help", "--version"):
            self.assertIn(option, answer.stdout)
        answer = run_server("--version")
        self.assertEqual(answer.returncode, 0)
        self.assertRegex(answer.stdout, r"^imap4-server \d+\.\d+\.\d+")

    def test_wrong_options(self):
        for options in (
                (), ("--memory",), ("--user", "a:b"), ("--mail", "x", *USER), ("--bad", *USER), ("--listen",),
                ("--memory", "--user", "nocolon"), ("--memory", "--user", ":x"),
                ("--memory", "--user", "a:"), ("--memory", "--any-user", ""),
                ("--memory", "--passwd", "/nonexistent/file"),
                ("--mail", "/nonexistent/directory", "--user", "a:b"),
                (*USER, "--cert", "x"), (*USER, "--listen-tls", "127.0.0.1:0"),
                (*USER, "--require-tls", "--allow-plaintext"),
                (*USER, "--quota-storage", "0"), (*USER, "--quota-storage", "1k"),
                (*USER, "--quota-messages", "99999999999999999999"), (*USER, "--quota-messages", ""),
                (*USER, "--listen", "127.0.0.1"), (*USER, "--listen", "127.0.0.1:"),
                (*USER, "--listen", "127.0.0.1:99999"),
                (*USER, "--threads", "0"), (*USER, "--threads", "x"), (*USER, "--threads", "65"),
                (*USER, "--idle-timeout", "4000001"), (*USER, "--log", "loud")):
            answer = run_server(*options)
            self.assertEqual(answer.returncode, 1, options)
            self.assertNotEqual(answer.stderr, "", options)
            self.assertEqual(answer.stdout, "", options)

    def test_wrong_password_files(self):
        for text in ("nocolon\n", ":x\n", "a:\n", "a:{PLAIN}\n", "a:{ROT13}nopq\n", "a:$6$salt$hash\n",
                     "ok:fine\nbad\n"):
            path = os.path.join(DIRECTORY, "wrong")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            answer = run_server("--memory", "--passwd", path)
            self.assertEqual(answer.returncode, 1, text)
            self.assertIn("wrong:%d:" % text.count("\n"), answer.stderr)


class Sessions(unittest.TestCase):
    def test_greeting_login_logout(self):
        with Server(*USER) as server, server.client() as client:
            self.assertRegex(client.command(b"LOGIN demo wrong")[-1], rb"^t1 NO \[AUTHENTICATIONFAILED\]")
            self.assertRegex(client.command(b"LOGIN other secret")[-1], rb"^t2 NO \[AUTHENTICATIONFAILED\]")
            client.ok(b"LOGIN demo secret")
            self.assertIn(b'"imap4-server"', client.ok(b"ID NIL")[0])
            client.ok(b"SELECT INBOX")
            lines = client.ok(b"LOGOUT")
            self.assertTrue(lines[0].startswith(b"* BYE"))
            self.assertEqual(client.rest(), b"")

    def test_log_has_sessions_and_no_secrets(self):
        with Server(*USER) as server:
            with server.login() as client:
                client.append(b"INBOX", b"Subject: hidden-subject\r\n\r\nhidden-text\r\n")
                client.ok(b"LOGOUT")
                client.rest()
            with server.client() as client:
                client.command(b'LOGIN "de mo" wrong-secret')
                client.hang_up()
            with server.login() as client:
                client.hang_up()
            with server.login() as client:
                client.ok(b"NOOP")
                status, log = server.stop()
        self.assertEqual(status, 0)
        sessions = [line for line in log.splitlines() if " session " in line]
        self.assertEqual(len(sessions), 4, log)
        self.assertRegex(log, r'session peer=127\.0\.0\.1:\d+ user="demo" tls=no commands=3 in=\d+ out=\d+ '
                              r'seconds=\d+\.\d{3} end=goodbye')
        self.assertRegex(log, r'login failed peer=\S+ user="de\\x20mo"')
        self.assertRegex(log, r'session \S+ user=- .* end=client-closed')
        self.assertRegex(log, r'session \S+ user="demo" .* end=client-closed')
        self.assertRegex(log, r'session \S+ user="demo" .* end=shutdown')
        for secret in ("secret", "hidden"):
            self.assertNotIn(secret, log)

    def test_log_levels(self):
        with Server(*USER, "--log", "error") as server:
            server.login().close()
            self.assertEqual(server.stop(), (0, ""))

    def test_users_of_a_file(self):
        hashed = subprocess.run([OPENSSL, "passwd", "-6", "right: horse"], check=True, capture_output=True,
                                text=True).stdout.strip()
        path = os.path.join(DIRECTORY, "passwd")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# users\n\nplain:pass:word\nmarked:{PLAIN}{odd}\nhashed:{CRYPT}%s\n"
                       "more:{SHA512-CRYPT}%s:1000:1000::/home\n" % (hashed, hashed))
        with Server("--memory", "--passwd", path, "--user", "extra:x") as server:
            for user, password in ((b"plain", b"pass:word"), (b"marked", b'"{odd}"'), (b"extra", b"x")):
                server.login(user, password).close()
            if "crypt" in run_server("--version").stdout:
                for user in (b"hashed", b"more"):
                    server.login(user, b'"right: horse"').close()
            for user, password in ((b"plain", b"pass"), (b"hashed", b"wrong"), (b"hashed", hashed.encode()),
                                   (b"nobody", b"x"), (b"extra", b'""')):
                with server.client() as client:
                    self.assertRegex(client.command(b"LOGIN %s %s" % (user, password))[-1], rb"^t1 NO ")

    def test_any_user(self):
        with Server("--memory", "--any-user", "open") as server:
            with server.login(b"first", b"open") as one, server.login(b"second", b"open") as other:
                one.append(b"INBOX", b"Subject: x\r\n\r\n")
                self.assertIn(b"* 1 EXISTS", one.ok(b"SELECT INBOX"))
                self.assertIn(b"* 0 EXISTS", other.ok(b"SELECT INBOX"))
            with server.client() as client:
                self.assertRegex(client.command(b"LOGIN first closed")[-1], rb"^t1 NO ")

    def test_idle_timeout(self):
        with Server(*USER, "--idle-timeout", "1") as server:
            for client in (server.client(), server.login()):
                with client:
                    self.assertTrue(client.line().startswith(b"* BYE"))
                    self.assertEqual(client.rest(), b"")
            self.assertEqual(server.stop()[1].count("end=autologout"), 2)

    def test_changes_reach_a_client_in_idle(self):
        with Server(*USER, "--threads", "2") as server, server.login() as idler, server.login() as writer:
            idler.ok(b"SELECT INBOX")
            idler.send(b"i IDLE\r\n")
            idler.until(b"+")
            writer.append(b"INBOX", b"Subject: news\r\n\r\n")
            idler.until(b"* 1 EXISTS")
            idler.send(b"DONE\r\n")
            idler.until(b"i OK")

    def test_goodbye_arrives_in_spite_of_unread_input(self):
        """Closing a socket with unread input resets the connection; the BYE must arrive all the same."""
        with Server(*USER) as server:
            for _ in range(20):
                with server.client() as client:
                    client.send(b"a LOGOUT\r\n" + b"b NOOP\r\n" * 5000)
                    client.until(b"a OK")
                    self.assertEqual(client.rest(), b"")

    def test_half_closed_connection(self):
        with Server(*USER) as server, server.client() as client:
            client.send(b"a LOGIN demo secret\r\nb SELECT INBOX\r\nc NOOP\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            client.until(b"c OK")
            client.rest()

    def test_time_of_day(self):
        """Messages that were appended just now are younger than an hour, and no older."""
        with Server(*USER) as server, server.login() as client:
            self.assertIn(b"WITHIN", client.ok(b"CAPABILITY")[0].split())
            client.append(b"INBOX", b"Subject: now\r\n\r\n")
            client.ok(b"SELECT INBOX")
            self.assertEqual(client.ok(b"SEARCH YOUNGER 3600")[0], b"* SEARCH 1")
            self.assertEqual(client.ok(b"SEARCH RETURN (COUNT) OLDER 3600")[0][-8:], b" COUNT 0")

    def test_maildir(self):
        root = tempfile.mkdtemp(dir=DIRECTORY)
        with Server("--mail", root, "--user", "demo:secret") as server:
            with server.login() as client:
                client.ok(b"SELECT INBOX")
                with open(os.path.join(root, "demo", "new", "1.a.b"), "wb") as file:
                    file.write(b"Subject: delivered\n\ntext\n")
                client.append(b"INBOX", b"Subject: appended\r\n\r\n")
                self.assertIn(b"* 2 EXISTS", client.ok(b"NOOP") + client.ok(b"SELECT INBOX"))
            with server.client() as client:
                self.assertRegex(client.command(b"LOGIN ../demo secret")[-1], rb"^t1 NO ")

    def test_special_use(self):
        root = tempfile.mkdtemp(dir=DIRECTORY)
        for options, sent in (((), b"* LIST () \".\" Sent"), (("--special-use",), b"* LIST (\\Sent) \".\" Sent")):
            with Server("--mail", root, "--user", "demo:secret", *options) as server:
                with server.login() as client:
                    if not options:
                        client.ok(b"CREATE Sent")
                        client.ok(b"CREATE Bin (USE (\\Trash))")
                    answer = client.ok(b"LIST \"\" (Sent Bin) RETURN (SPECIAL-USE STATUS (MESSAGES))")
                    self.assertIn(sent, answer)
                    self.assertIn(b"* STATUS Sent (MESSAGES 0)", answer)
                    self.assertIn(b"* LIST (\\Trash) \".\" Bin", answer)

    def test_quota(self):
        root = tempfile.mkdtemp(dir=DIRECTORY)
        for place in (("--mail", root, "--user", "demo:secret"), USER):
            with Server(*place, "--quota-storage", "2048", "--quota-messages", "5") as server:
                with server.login() as client:
                    self.assertIn(b" QUOTA ", client.ok(b"CAPABILITY")[0])
                    client.append(b"INBOX", b"Subject: one\r\n\r\n" + b"x" * 1200)
                    self.assertEqual(client.ok(b"GETQUOTAROOT INBOX")[:2],
                                     [b'* QUOTAROOT INBOX ""', b'* QUOTA "" (STORAGE 2 2 MESSAGE 1 5)'])
                    client.ok(b"SELECT INBOX")
                    self.assertRegex(client.command(b"COPY 1 INBOX")[-1], rb"^t\d+ NO \[OVERQUOTA\]")
        with Server("--mail", root, "--user", "demo:secret") as server, server.login() as client:
            self.assertNotIn(b"QUOTA", client.ok(b"CAPABILITY")[0])


class Load(unittest.TestCase):
    def test_many_connections(self):
        """500 at a time, all greeted before the first goes on."""
        with Server(*USER, "--threads", "3") as server:
            clients = [Client(server.addresses[0]) for _ in range(500)]
            for client in clients:
                self.assertTrue(client.line().startswith(b"* OK "))
            for client in clients:
                client.send(b"a LOGIN demo secret\r\nb SELECT INBOX\r\nc NOOP\r\n")
            for client in clients:
                client.until(b"c OK")
            for client in clients:
                client.send(b"d LOGOUT\r\n")
            for client in clients:
                client.until(b"d OK")
                self.assertEqual(client.rest(), b"")
                client.close()
            status, log = server.stop()
        self.assertEqual(status, 0)
        self.assertEqual(log.count('user="demo"'), 500)

    def test_out_of_files(self):
        """Connections beyond the limit of open files wait, and are served when others leave."""
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
        with Server(*USER, "--threads", "1", limits=limit) as server:
            clients = [Client(server.addresses[0]) for _ in range(60)]
            served = []
            waiting = list(clients)
            while len(served) < 60:
                readable = select.select([client.socket for client in waiting], [], [], LONG)[0]
                self.assertNotEqual(readable, [], "after %d" % len(served))
                for client in [client for client in waiting if client.socket in readable]:
                    self.assertTrue(client.line().startswith(b"* OK "))
                    waiting.remove(client)
                    served.append(client)
                for client in served:
                    if client.file.closed:
                        continue
                    client.ok(b"NOOP")
                    client.close()
            self.assertIn("Too many open files", server.stop()[1])

    def big_messages(self, server, **where):
        """A message much larger than any buffer, in and out, to a client that does not read at first."""
        message = b"Subject: big\r\n\r\n" + b"".join(b"%08d 0123456789abcdef\r\n" % i for i in range(120000))
        with server.login(**where) as client:
            client.append(b"INBOX", message)
            client.ok(b"SELECT INBOX")
            client.send(b"f FETCH 1 BODY.PEEK[]\r\n" * 4)
            with server.login(**where) as other:
                other.ok(b"NOOP")  # is served meanwhile
            for _ in range(4):
                lines = client.until(b"f OK")
                self.assertRegex(lines[0], rb"^\* 1 FETCH \(BODY\[\] \{%d\}$" % len(message))
                self.assertEqual(b"\r\n".join(lines[1:-2]) + b"\r\n", message)
                self.assertEqual(lines[-2], b")")

    def test_big_messages(self):
        with Server(*USER, "--threads", "1") as server:
            self.big_messages(server)

    def test_parallel_clients(self):
        """Some clients at work on the same mailbox from several threads."""
        failures = []

        def work(server):
            try:
                with server.login() as client:
                    for _ in range(20):
                        client.append(b"INBOX", b"Subject: x\r\n\r\ntext\r\n")
                        client.ok(b"SELECT INBOX")
                        client.ok(b"FETCH 1:* (FLAGS RFC822.SIZE)")
                        client.ok(b"STORE * +FLAGS (\\Seen)")
                        client.ok(b"SEARCH SEEN")
            except Exception as failure:  # whatever it is, the main thread reports it
                failures.append(failure)

        with Server(*USER, "--threads", "4") as server:
            threads = [threading.Thread(target=work, args=(server,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            with server.login() as client:
                self.assertIn(b"* 160 EXISTS", client.ok(b"SELECT INBOX"))


class Shutdown(unittest.TestCase):
    def test_signals_say_bye(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(*USER) as server:
                clients = [server.client(), server.login(), server.login(), server.login()]
                clients[2].ok(b"SELECT INBOX")
                clients[3].ok(b"SELECT INBOX")
                clients[3].send(b"i IDLE\r\n")
                clients[3].until(b"+")
                server.process.send_signal(number)
                for client in clients:
                    self.assertTrue(client.line().startswith(b"* BYE"))
                    self.assertEqual(client.rest(), b"")
                    client.close()
                status, log = server.stop(number)
            self.assertEqual(status, 0)
            self.assertEqual(log.count("end=shutdown"), 4, log)

    def test_client_that_does_not_read(self):
        """A client in the middle of a long response can't hold the shutdown up for ever."""
        with Server(*USER) as server, server.login() as client:
            client.append(b"INBOX", b"Subject: x\r\n\r\n" + b"x" * 3000000 + b"\r\n")
            client.ok(b"SELECT INBOX")
            client.send(b"a FETCH 1 BODY[]\r\n" * 8)
            self.assertIn(b"FETCH", client.line())
            self.assertEqual(server.stop()[0], 0)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificate, cls.key = make_certificate(DIRECTORY)
        cls.options = ("--cert", cls.certificate, "--key", cls.key)
        cls.both = ("--listen", "--listen-tls")

    def context(self):
        return ssl.create_default_context(cafile=self.certificate)

    def test_password_needs_tls(self):
        with Server(*USER, *self.options, "--require-tls") as server, server.client() as client:
            capabilities = client.ok(b"CAPABILITY")[0].split()
            self.assertIn(b"LOGINDISABLED", capabilities)
            self.assertIn(b"STARTTLS", capabilities)
            self.assertNotIn(b"AUTH=PLAIN", capabilities)
            self.assertRegex(client.command(b"LOGIN demo secret")[-1], rb"^t2 NO ")
            client.ok(b"STARTTLS")
            client.start_tls(self.context())
            capabilities = client.ok(b"CAPABILITY")[0].split()
            self.assertNotIn(b"LOGINDISABLED", capabilities)
            self.assertNotIn(b"STARTTLS", capabilities)
            self.assertIn(b"AUTH=PLAIN", capabilities)
            client.ok(b"LOGIN demo secret")
            self.assertRegex(server.stop()[1], r'user="demo" tls=yes')

    def test_this_machine_may_do_without(self):
        with Server(*USER, *self.options) as server, server.client() as client:
            capabilities = client.ok(b"CAPABILITY")[0].split()
            self.assertNotIn(b"LOGINDISABLED", capabilities)
            self.assertIn(b"STARTTLS", capabilities)
            client.ok(b"LOGIN demo secret")

    def test_no_certificate_no_starttls(self):
        with Server(*USER) as server, server.client() as client:
            self.assertNotIn(b"STARTTLS", client.ok(b"CAPABILITY")[0].split())
            self.assertRegex(client.command(b"STARTTLS")[-1], rb"^t2 (BAD|NO) ")

    def test_nothing_sent_before_the_handshake_is_run(self):
        """What a third party puts behind STARTTLS in the clear must not run inside TLS."""
        with Server(*USER, *self.options) as server:
            with Client(server.addresses[0]) as client:
                client.line()
                client.send(b"a STARTTLS\r\nb LOGIN demo secret\r\n")
                seen = []
                try:
                    client.until(b"a OK")
                    client.start_tls(self.context())
                    seen += [client.ok(b"CAPABILITY")[0]]
                    client.send(b"z LOGOUT\r\n")
                    seen += client.rest().split(b"\r\n")
                except (OSError, AssertionError):
                    pass  # to end the connection is fine too
                self.assertEqual([line for line in seen if line.startswith(b"b ")], [])
            self.assertNotIn('user="demo"', server.stop()[1])

    def test_implicit_tls(self):
        with Server(*USER, *self.options, listeners=self.both) as server:
            with server.login(tls=self.context(), listener=1) as client:
                self.assertNotIn(b"STARTTLS", client.ok(b"CAPABILITY")[0].split())
                lines = client.ok(b"LOGOUT")
                self.assertTrue(lines[0].startswith(b"* BYE"))
                self.assertEqual(client.rest(), b"")
            server.login().close()

    def test_protocols(self):
        with Server(*USER, *self.options, listeners=self.both) as server:
            context = self.context()
            context.set_alpn_protocols(["imap"])
            with server.login(tls=context, listener=1) as client:
                self.assertEqual(client.socket.selected_alpn_protocol(), "imap")
            context.set_alpn_protocols(["http/1.1"])
            with self.assertRaises(OSError):
                Client(server.addresses[1], context)
            old = self.context()
            old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            old.maximum_version = ssl.TLSVersion.TLSv1_1
            with self.assertRaises(OSError):
                Client(server.addresses[1], old)
            with Client(server.addresses[1]) as client:
                try:
                    client.send(b"a NOOP\r\n" * 10)  # no TLS at all
                    self.assertNotIn(b"OK", client.rest())
                except OSError:
                    pass
            server.login(tls=self.context(), listener=1).close()

    def test_silent_client_during_handshake(self):
        """A client that connects and says nothing keeps no other from being served."""
        options = (*USER, *self.options, "--threads", "1", "--idle-timeout", "1")
        with Server(*options, listeners=self.both) as server:
            with Client(server.addresses[1]) as silent:
                server.login(tls=self.context(), listener=1).close()
                self.assertEqual(silent.rest(), b"")

    def test_big_messages(self):
        with Server(*USER, *self.options, "--threads", "1", listeners=self.both) as server:
            Load.big_messages(self, server, tls=self.context(), listener=1)

    def test_many_pipelined_commands(self):
        """Commands that fit in one TLS record are all answered, though the socket reports it only once."""
        with Server(*USER, *self.options, listeners=self.both) as server:
            with server.login(tls=self.context(), listener=1) as client:
                client.send(b"".join(b"n%d NOOP\r\n" % i for i in range(1000)))
                client.until(b"n999 OK")

    def test_shutdown(self):
        with Server(*USER, *self.options, listeners=self.both) as server:
            client = server.login(tls=self.context(), listener=1)
            server.process.send_signal(signal.SIGTERM)
            self.assertTrue(client.line().startswith(b"* BYE"))
            self.assertEqual(client.rest(), b"")
            client.close()

    def test_wrong_certificate(self):
        answer = run_server(*USER, "--cert", self.key, "--key", self.key)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("certificate", answer.stderr)


class WithoutTls(unittest.TestCase):
    def test_certificate_is_refused(self):
        answer = run_server(*USER, "--cert", "x", "--key", "x")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("not compiled in", answer.stderr)


def load_tests(loader, unused_tests, unused_pattern):
    tls = "TLS: none" not in run_server("--version").stdout
    cases = [Options, Sessions, Load, Shutdown, Tls if tls else WithoutTls]
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in cases)


def main():
    global SERVER, OPENSSL, DIRECTORY
    SERVER, OPENSSL = sys.argv[1:3]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as directory:
        DIRECTORY = directory
        unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)


if __name__ == "__main__":
    main()
