# SPDX-License-Identifier: MIT
"""What the live tests share: a server that is started and stopped, a plain connection, messages to send.

A test file is run as TEST.py SERVER [unittest arguments]; main() below takes SERVER away and does the rest.
Nothing is timed: waiting has a bound (LONG) only so that a failure ends.  Tools that a test needs and that
are not installed make it fail, or, with IMAP4_LIVE_OPTIONAL=1, end with SKIPPED, which ctest calls skipped.
"""
import imaplib
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

LONG = float(os.environ.get("IMAP4_LIVE_SECONDS", "60"))
SKIPPED = 77
USER = "demo"
PASSWORD = "secret"

_server = ""
_directory = None  # of the whole run


def number_from(name, default):
    """A number from the environment."""
    return int(os.environ.get(name, str(default)))


def sanitized():
    """Whether the server was built with sanitizers, which need memory and time of their own."""
    return os.environ.get("IMAP4_LIVE_SANITIZED", "") not in ("", "0", "OFF")


def skip(reason):
    """End the whole test file as skipped."""
    print("skipped: " + reason)
    sys.exit(SKIPPED)


def require(*tools):
    """The paths of |tools|; ends the test file if one is not installed."""
    paths = [shutil.which(tool) for tool in tools]
    for tool, path in zip(tools, paths):
        if path is None:
            reason = "this test needs %s, which is not installed" % tool
            if os.environ.get("IMAP4_LIVE_OPTIONAL", "") == "1":
                skip(reason)
            sys.exit(reason + " (IMAP4_LIVE_OPTIONAL=1 would skip it)")
    return paths


def new_directory():
    """An empty directory that goes away at the end of the run."""
    return tempfile.mkdtemp(dir=_directory)


def server_path():
    return _server


class ImaplibCase:
    """For tests with Python's imaplib that run on each store: a server, connections to it, answers that have
    to be OK or NO."""

    store = ""

    def setUp(self):
        self.server = Server(self.store)
        self.addCleanup(self.stop)

    def stop(self):
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def connect(self):
        connection = imaplib.IMAP4("127.0.0.1", self.server.port, LONG)
        self.addCleanup(self.disconnect, connection)
        return connection

    def disconnect(self, connection):
        if connection.state != "LOGOUT":
            connection.shutdown()

    def login(self, mailbox=None):
        connection = self.connect()
        connection.login(USER, PASSWORD)
        if mailbox is not None:
            self.ok(connection.select(mailbox))
        return connection

    def client(self, mailbox=None):
        client = self.server.login(mailbox)
        self.addCleanup(client.close)
        return client

    def ok(self, answer):
        """The data of an answer that has to be OK."""
        self.assertEqual(answer[0], "OK", answer)
        return answer[1]

    def no(self, answer):
        self.assertEqual(answer[0], "NO", answer)

    def fill(self, connection, count, mailbox="INBOX"):
        for i in range(count):
            self.ok(connection.append(mailbox, None, None, simple_message("m%d" % (i + 1))))


def main():
    """Run the tests of the file that was started."""
    global _server, _directory
    if len(sys.argv) < 2:
        sys.exit("usage: %s SERVER [TEST...]" % sys.argv[0])
    _server = sys.argv[1]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    with tempfile.TemporaryDirectory(prefix="imap4-live-") as directory:
        _directory = directory
        unittest.main(module="__main__", argv=[sys.argv[0]] + sys.argv[2:], verbosity=2)


# ---------------------------------------------------------------------------------------- the server

class Server:
    """A running server with one of the two stores; |store| is "memory" or "maildir".

    With "maildir" it can be started again on the same mail: pass |mail|.  As a context manager it is stopped
    at the end, and must then leave with status 0.
    """

    def __init__(self, store="memory", *options, mail=None, tls=None):
        self.store = store
        self.mail = mail
        if store == "maildir" and mail is None:
            self.mail = new_directory()
        where = ("--memory",) if store == "memory" else ("--mail", self.mail)
        user = "%s:%s" % (USER, PASSWORD)
        arguments = [_server, "--listen", "127.0.0.1:0", "--user", user, *where, *options]
        listeners = 1
        if tls is not None:
            arguments += ["--listen-tls", "127.0.0.1:0", "--cert", tls[0], "--key", tls[1]]
            listeners = 2
        number, self.log_path = tempfile.mkstemp(suffix=".log", dir=_directory)
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=number)
        os.close(number)
        self.ports = [self._ready() for _ in range(listeners)]
        self.port = self.ports[0]

    def _ready(self):
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"imap4-server: ready on 127\.0\.0\.1:(\d+)\n", line)
        if match is None:
            self.kill()
            raise AssertionError("not ready: %r, log: %s" % (line, self.log()))
        return int(match[1])

    def log(self):
        """What the server has logged so far."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self):
        """kill -9, as a crash."""
        self.process.kill()
        self.process.wait(LONG)
        self.process.stdout.close()

    def stop(self):
        """End it in good order; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(LONG)
        self.process.stdout.close()
        return status

    def memory_peak(self):
        """The most memory that the process has held so far, in KiB (VmHWM)."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
        raise AssertionError("no VmHWM in /proc")

    def _ready_client(self, enter):
        client = Client(self.port)
        try:
            greeting = client.response()
            if not greeting.text.startswith(b"* OK "):
                raise AssertionError("greeting: %r" % greeting.text)
            enter(client)
        except BaseException:
            client.close()
            raise
        return client

    def client(self):
        """A connection that has been greeted."""
        return self._ready_client(lambda client: None)

    def login(self, mailbox=None):
        """A connection that has logged in and, with |mailbox|, selected it."""
        def enter(client):
            client.ok("LOGIN %s %s" % (USER, PASSWORD))
            if mailbox is not None:
                client.ok("SELECT " + mailbox)

        return self._ready_client(enter)

    def __enter__(self):
        return self

    def __exit__(self, kind, *unused):
        if self.process.returncode is not None and kind is None:
            return
        status = self.stop()
        if kind is not None or status != 0:
            sys.stderr.write(self.log())
        if kind is None and status != 0:
            raise AssertionError("the server left with status %d" % status)


# ---------------------------------------------------------------------------------------- a connection

class Closed(Exception):
    """The server has closed the connection, or it broke."""


class Refused(AssertionError):
    """A command was answered with NO or BAD."""


class Response:
    """One response: |text| without its last CRLF and with "{n}" where a literal was, and the literals."""

    __slots__ = ("text", "literals")

    def __init__(self, text, literals):
        self.text = text
        self.literals = literals

    def __repr__(self):
        return "%r%s" % (self.text, " +%d literals" % len(self.literals) if self.literals else "")


class Answer:
    """What a command brought: the untagged responses, and the tagged one."""

    def __init__(self, untagged, tagged):
        self.untagged = untagged
        self.tagged = tagged

    @property
    def good(self):
        return self.tagged.split(b" ", 2)[1] == b"OK"

    def code(self, name):
        """The arguments of the response code |name| in the tagged response, or None."""
        match = re.match(rb"\S+ \S+ \[" + name.encode() + rb"(?: ([^\]]*))?\]", self.tagged)
        return None if match is None else (match[1] or b"").decode()

    def texts(self, pattern):
        """The matches of the untagged responses that |pattern| matches from "* " on."""
        found = (re.match(rb"\* " + pattern, response.text) for response in self.untagged)
        return [match for match in found if match is not None]

    def number(self, pattern):
        """The number that the last match of |pattern| holds in its first group, or None."""
        found = self.texts(pattern)
        return int(found[-1][1]) if found else None

    def fetched(self):
        """The FETCH responses as (sequence number, text after FETCH, literals)."""
        result = []
        for response in self.untagged:
            match = re.match(rb"\* (\d+) FETCH (.*)", response.text, re.DOTALL)
            if match:
                result.append((int(match[1]), match[2], response.literals))
        return result


class Client:
    """One connection, with just enough IMAP for tests."""

    def __init__(self, port, timeout=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout or LONG)
        self.file = self.socket.makefile("rb", buffering=65536)
        self.count = 0

    def tag(self):
        self.count += 1
        return b"t%d" % self.count

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionError, BrokenPipeError) as error:
            raise Closed(str(error)) from error

    def line(self):
        """The next line without its CRLF."""
        try:
            line = self.file.readline()
        except ConnectionError as error:
            raise Closed(str(error)) from error
        if not line.endswith(b"\r\n"):
            if line.endswith(b"\n"):
                raise AssertionError("line without CRLF: %r" % line)
            raise Closed("closed after %r" % line)
        return line[:-2]

    def octets(self, count):
        """The next |count| octets."""
        try:
            data = self.file.read(count)
        except ConnectionError as error:
            raise Closed(str(error)) from error
        if len(data) != count:
            raise Closed("closed in a literal")
        return data

    def response(self):
        text = self.line()
        literals = []
        while True:
            match = re.search(rb"\{(\d+)\}$", text)
            if match is None:
                return Response(text, literals)
            literals.append(self.octets(int(match[1])))
            text += self.line()

    def answer(self, tag):
        """The responses up to the one with |tag|."""
        untagged = []
        while True:
            response = self.response()
            if response.text.startswith(tag + b" "):
                return Answer(untagged, response.text)
            if not response.text.startswith(b"* "):
                raise AssertionError("expected an untagged response: %r" % response)
            untagged.append(response)

    def start(self, command):
        """Send a command without waiting; its tag.  |command|: text or octets, with any literal inside it."""
        tag = self.tag()
        self.send(tag + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n")
        return tag

    def command(self, command):
        return self.answer(self.start(command))

    def ok(self, command):
        answer = self.command(command)
        if not answer.good:
            raise Refused("%.200r: %r" % (command, answer.tagged))
        return answer

    def append(self, mailbox, message, flags="", date=""):
        """APPEND with a non-synchronising literal; the UID, or None where the server does not say."""
        before = "APPEND %s (%s) " % (mailbox, flags) + ('"%s" ' % date if date else "")
        code = self.ok(b"%s{%d+}\r\n%s" % (before.encode(), len(message), message)).code("APPENDUID")
        return None if code is None else int(code.split()[1])

    def messages(self, what="BODY.PEEK[]", uids="1:*"):
        """A literal for each message, by UID."""
        found = {}
        for _, text, literals in self.ok("UID FETCH %s (UID %s)" % (uids, what)).fetched():
            if literals:
                found[int(re.search(rb"UID (\d+)", text)[1])] = literals[0]
        return found

    def flags(self, uids="1:*"):
        """The flags of each message in lower case without \\Recent, by UID."""
        found = {}
        for _, text, _ in self.ok("UID FETCH %s (UID FLAGS)" % uids).fetched():
            words = re.search(rb"FLAGS \(([^)]*)\)", text)[1].decode().lower().split()
            found[int(re.search(rb"UID (\d+)", text)[1])] = frozenset(words) - {"\\recent"}
        return found

    def idle(self):
        """Begin IDLE; the tag."""
        tag = self.start("IDLE")
        while not self.response().text.startswith(b"+"):
            pass
        return tag

    def wait_for(self, pattern):
        """Read untagged responses up to the one that |pattern| matches from "* " on."""
        while True:
            response = self.response()
            match = re.match(rb"\* " + pattern, response.text)
            if match:
                return match

    def done(self, tag):
        """End IDLE."""
        self.send(b"DONE\r\n")
        return self.answer(tag)

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def run_together(*functions):
    """Run functions in threads of their own, to their end; the first exception of one is raised here."""
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as error:  # is raised again in the caller's thread
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# ---------------------------------------------------------------------------------------- messages

WORDS = ("lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore "
         "et dolore magna aliqua From >From . .. Subject: MAIL {3} \" \\ ( ) * %").split()


def crlf(data):
    """Bare LF becomes CRLF, nothing else is changed: how a message is served."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", data)


def lines_of_text(rng, octets, width=72):
    """About |octets| octets of words in lines that end with CRLF."""
    lines = []
    total = 0
    while total < octets:
        line = ""
        while len(line) < width:
            line += rng.choice(WORDS) + " "
        lines.append(line.rstrip())
        total += len(line) + 2
    return "".join(line + "\r\n" for line in lines).encode()


def simple_message(token, body=b"text\r\n", more=""):
    """A small message that says |token| in its Subject and Message-ID."""
    return ("From: Sender <sender@example.org>\r\nTo: receiver@example.com\r\nSubject: %s\r\n"
            "Message-ID: <%s@example.org>\r\nDate: Mon, 7 Feb 2022 21:52:25 -0800\r\n%s\r\n"
            % (token, token, more)).encode() + body


def multipart(boundary, parts, subtype="mixed"):
    """Content-Type and body of a multipart entity."""
    head = 'MIME-Version: 1.0\r\nContent-Type: multipart/%s; boundary="%s"\r\n' % (subtype, boundary)
    inner = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return head.encode(), b"preamble\r\n" + inner + b"--" + boundary.encode() + b"--\r\nepilogue\r\n"


def nested_message(token, depth):
    """Multiparts inside each other, |depth| of them, with a message/rfc822 in the innermost."""
    entity = b"Content-Type: message/rfc822\r\n\r\n" + simple_message(token + "-inside", b"innermost\r\n")
    for level in range(depth):
        text = b"Content-Type: text/plain; charset=utf-8\r\n\r\nlevel %d \xc3\xa9\r\n" % level
        head, body = multipart("b%d-%s" % (level, token), [text, entity])
        entity = head + b"\r\n" + body
    head, _, body = entity.partition(b"\r\n\r\n")
    return simple_message(token, body, more=head.decode() + "\r\n")


def varied_message(number, seed=1):
    """Message |number| of a series in which sizes, line ends, headers and structures differ much.

    Headers are always complete, and there are no NUL octets and no CRs without LF: mbsync does not take them
    or does not keep them.
    """
    rng = random.Random("%s/%d" % (seed, number))
    token = "varied-%d" % number
    kinds = (
        lambda: simple_message(token, b"x"),
        lambda: simple_message(token, b""),
        lambda: simple_message(token, b"no newline at the end"),
        lambda: simple_message(token, lines_of_text(rng, rng.randrange(1, 5000))),
        lambda: simple_message(token, lines_of_text(rng, rng.randrange(5000, 60000), 200)),
        lambda: simple_message(token, bytes(rng.choice(b"\xe4\xf6\xfc\xff\x80 abc\n") for _ in range(3000))),
        lambda: simple_message(token, b"y" * rng.randrange(1000, 40000) + b"\r\nshort\r\n"),
        lambda: nested_message(token, rng.randrange(1, 12)),
        lambda: simple_message(token, b"\r\n" * rng.randrange(1, 50)),
        lambda: simple_message(token, b"t\r\n", "Subject: another\r\nX-Empty:\r\nX-Folded: a\r\n\tb\r\n"),
        lambda: simple_message(token, b"8-bit header\r\n", "X-Raw: caf\u00e9 \u2603\r\n"),
        lambda: simple_message(token, b"t\r\n", "X-Long: " + "word " * 400 + "\r\n"),
        lambda: simple_message(token, b"t\r\n", "".join("X-H%d: v\r\n" % i for i in range(300))),
        lambda: simple_message(token, b"--b\r\n\r\nnever closed\r\n",
                               "Content-Type: multipart/alternative; boundary=b\r\n"),
        lambda: b"\r\nno header at all " + token.encode() + b"\r\n",
        lambda: b"X-Odd : space before colon\r\nNotAField\r\nSubject:" + token.encode() + b"\r\n\r\nodd\r\n",
    )
    message = kinds[number % len(kinds)]()
    if number % 97 == 5:
        message = simple_message(token, lines_of_text(rng, 300 * 1024))
    if number % 3 == 1:
        message = message.replace(b"\r\n", b"\n")
    return message
