# SPDX-License-Identifier: MPL-2.0
"""kithd as whoever runs it meets it, and as hostile strangers do."""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import ssl
import stat
import struct
import subprocess
import time

from kith_e2e import LINK, Process, Skipped, check, equal, free_port, main, need, note, test, until

HELLO = struct.pack(">IBIHH", 9, 0x01, 1, 1, 1)


def run(world, *arguments, seconds=10):
    """A kithd that is expected to end: (exit status, what it said)."""
    process = Process(world, f"kithd{len(world.processes)}", [need("KITHD"), *arguments])
    code = process.end(seconds)
    check(code >= 0, arguments, "died of signal", -code, process.log())
    return code, process.log()


def connect_tls(port, version=ssl.TLSVersion.TLSv1_3, alpn="kith/1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols([alpn])
    plain = socket.create_connection(("127.0.0.1", port), 5)
    try:
        return context.wrap_socket(plain)
    except BaseException:
        plain.close()
        raise


def is_closed(connection, seconds=5):
    """Whether the server ends the connection in that time; what it says before does not matter."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def greeted(port):
    connection = connect_tls(port)
    connection.sendall(HELLO)
    answer = connection.recv(100)
    equal(answer[4], 0x81, f"answer to HELLO: {answer.hex()}")
    return connection


class Talk:
    """Two people whose talk goes on while something else happens."""

    def __init__(self, world, server):
        self.anna = world.person("Anna", server.link)
        self.bert = world.person("Bert", server.link)
        self.conv = world.meet(self.anna, self.bert)
        self.count = 0
        self.slowest = 0.0

    def one(self):
        """A message there and one back."""
        for here, there in ((self.anna, self.bert), (self.bert, self.anna)):
            self.count += 1
            text = f"message {self.count}"
            started = time.monotonic()
            here.send(self.conv, text)
            until(lambda there=there: text in self.newest(there), 10, f"{text} meanwhile")
            self.slowest = max(self.slowest, time.monotonic() - started)

    def newest(self, device):
        return [m.get("text") for m in device.call("message.list", conv=self.conv, limit=5)["messages"]]

    def is_unbroken(self):
        """Neither of them lost its connection."""
        return self.anna.account()["online"] and self.bert.account()["online"]


# ---- Starting and ending ------------------------------------------------------------------------


@test("the help is true: it names the options that are taken, and no others")
def _(world):
    code, text = run(world, "--help")

    equal(code, 0, "exit status of --help")
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    check({"--data", "--listen", "--help"} <= options, "options:", options)
    binary = subprocess.run(["strings", need("KITHD")], capture_output=True, text=True, check=False).stdout \
        if shutil.which("strings") else ""  # fmt: skip
    for option in options - {"--help", "--version"}:
        code, said = run(world, option, "--help")  # taken as a flag, or lacking a value
        check("unknown" not in said and "unrecognized" not in said and code in (0, 2), option, said)
    if binary:
        check("--help" in text)
    code, said = run(world, "--version")
    check(code == 0 or "--version" not in options, said)


@test("a wrong call is told, with status 2, and makes nothing")
def _(world):
    for arguments in (("--nonsense",), ("surplus",), ("--listen",), ("--data",), ("--listen", "nonsense:port:1"),
                      ("--listen", "127.0.0.1:99999"), ("--listen", "127.0.0.1:-1")):  # fmt: skip
        code, said = run(world, *arguments, "--data", world.path("new")) if arguments != ("--data",) \
            else run(world, *arguments)  # fmt: skip
        equal(code, 2, f"kithd {' '.join(arguments)}: {said}")
        check(said.strip(), "nothing was said for", arguments)
    check(not os.path.exists(world.path("new")), "a folder was made")


@test("the first start makes identity and folder, and prints one link; later ones print the same identity's")
def _(world):
    server = world.server().start()
    first = server.process.log()
    equal(len(set(LINK.findall(first))), 1, f"links in {first}")
    equal(server.stop(), 0, "exit status of SIGTERM")
    for folder, _, names in os.walk(server.data):
        equal(stat.S_IMODE(os.stat(folder).st_mode) & 0o077, 0, f"mode of {folder}")
        for name in names:
            mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
            equal(mode & 0o077, 0, f"what others may do with {name}")

    server.start()
    anna = world.person("Anna", server.link)

    equal(anna.account()["state"], "ready", "with the first start's link")


@test("a port that is taken, a folder that cannot be used and a second server on one folder are told at once")
def _(world):
    server = world.server().start()

    other = ["--data", world.path("other"), "--listen", f"127.0.0.1:{server.port}"]
    code, said = run(world, *other)
    check(code not in (0, 2) and str(server.port) in said, "port in use:", code, said)

    with open(world.path("file"), "wb"):
        pass
    for path in (world.path("file"), world.path("file/below"), "/proc/nothing"):
        code, said = run(world, "--data", path, "--listen", f"127.0.0.1:{free_port()}")
        check(code not in (0, 2) and said.strip(), "folder", path, code, said)

    code, said = run(world, "--data", server.data, "--listen", f"127.0.0.1:{free_port()}")
    check(code not in (0, 2) and said.strip(), "second server on one folder:", code, said)
    equal(world.person("Anna", server.link).account()["state"], "ready", "the first server goes on")


@test("an identity file that is something else is left alone, and the start refused")
def _(world):
    server = world.server().start()
    server.stop()
    database = server.database()
    changed = []
    for folder, _, names in os.walk(server.data):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                head = file.read(40)
            if path != database and len(head) >= 32:
                with open(path, "wb") as file:
                    file.write(b"x" * len(head))
                changed.append(path)
    check(changed, "no identity file in", os.listdir(server.data))

    code, said = run(world, *server.arguments()[1:])

    check(code not in (0, 2) and said.strip(), code, said)
    for path in changed:
        with open(path, "rb") as file:
            check(file.read(4) == b"xxxx", path, "was written to")


@test("SIGTERM drains: what was acknowledged is there after the next start")
def _(world):
    server = world.server().start()
    talk = Talk(world, server)
    acknowledged = []

    for round_ in range(4):
        for i in range(25):
            acknowledged.append((f"{round_} {i}", talk.anna.send(talk.conv, f"{round_} {i}")["n"]))
        time.sleep(random.uniform(0, 0.1))
        started = time.monotonic()
        equal(server.stop(), 0, f"exit status: {server.process.log()[-500:]}")
        check(time.monotonic() - started < 6, "draining took", time.monotonic() - started)
        server.start()

    until(lambda: len(talk.bert.texts(talk.conv)) >= 1 + len(acknowledged), 30, "all texts")
    equal(talk.bert.texts(talk.conv)[1:], [text for text, _ in acknowledged], "texts")


@test("SIGHUP changes the certificate, and neither connections nor pins")
def _(world):
    server = world.server().start()
    talk = Talk(world, server)

    def certificate():
        with connect_tls(server.port) as connection:
            return connection.getpeercert(binary_form=True)

    before = certificate()
    for face in (talk.anna.rpc(), talk.bert.rpc()):
        face.subscribe()
    server.process.signal(signal.SIGHUP)
    until(lambda: certificate() != before, 5, "another certificate")
    talk.one()

    events = []
    for device in (talk.anna, talk.bert):
        event = device.rpc().next_event(0.2)
        while event:
            events.append(event)
            event = device.rpc().next_event(0)
    equal([e for e in events if e["kind"] in ("online", "alarm")], [], "what the devices noticed")
    equal(world.person("Carl", server.link).account()["state"], "ready", "somebody new")
    talk.anna.kill()
    talk.anna.start()
    talk.one()


@test("it listens soon, and is small when idle")
def _(world):
    server = world.server()
    server.start()
    server.stop()
    times = []
    for _ in range(5):
        started = time.monotonic()
        process = Process(world, "timed", server.arguments())
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                    break
            check(time.monotonic() - started < 5 and process.is_running(), process.log())
            time.sleep(0.001)
        times.append(time.monotonic() - started)
        time.sleep(0.2)
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            resident = int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))
        process.stop()

    note(f"listening after {min(times) * 1000:.0f} .. {max(times) * 1000:.0f} ms, {resident} kB resident when idle")
    check(min(times) < 3, "listening after", times)


# ---- Strangers ----------------------------------------------------------------------------------


@test("only TLS 1.3 with this protocol is spoken, with the hybrid key exchange first")
def _(world):
    server = world.server().start()

    for version, alpn in ((ssl.TLSVersion.TLSv1_2, "kith/1"), (ssl.TLSVersion.TLSv1_3, "http/1.1"),
                          (ssl.TLSVersion.TLSv1_3, None)):  # fmt: skip
        try:
            with connect_tls(server.port, version, alpn) as connection:
                connection.sendall(HELLO)
                check(connection.recv(100) == b"", version, alpn, "was answered")
        except (ssl.SSLError, OSError):
            pass
    greeted(server.port).close()
    if shutil.which("openssl") is None:
        raise Skipped("no openssl")

    def s_client(*more):
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-alpn", "kith/1", *more],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip

    out = s_client("-tls1_3").stdout
    check("X25519MLKEM768" in out, "group:", re.findall(r".*(?:group|Temp).*", out))
    check("CONNECTION ESTABLISHED" not in s_client("-tls1_2").stderr, "TLS 1.2")
    check(s_client("-tls1_2").returncode != 0, "TLS 1.2 was accepted")
    check(s_client("-tls1_3", "-groups", "P-256").returncode != 0, "a group that is not offered was accepted")
    check("New, TLSv1.3" not in s_client("-tls1_3", "-groups", "P-384").stdout, "P-384")


def garbage(rng, kind):
    """A hostile beginning."""
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 4000))
    if kind == 1:
        return b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    if kind == 2:  # a ClientHello that says it is longer than it will ever be
        return b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + rng.randbytes(100)
    return b""


@test("garbage before and after the handshake, oversized and broken frames close their connection alone")
def _(world):
    server = world.server().start()
    talk = Talk(world, server)
    rng = random.Random(7)
    raw = []
    for i in range(80):
        connection = socket.create_connection(("127.0.0.1", server.port), 5)
        with contextlib.suppress(OSError):
            connection.sendall(garbage(rng, i % 4))
        raw.append(connection)
    talk.one()

    frames = {
        "length 0": struct.pack(">I", 0) + b"\0" * 16,
        "length 4": struct.pack(">IBI", 4, 2, 1)[:8],
        "longer than HELLO may be": struct.pack(">IBI", 5000, 1, 1) + b"\0" * 300,
        "no HELLO first": struct.pack(">IBI", 5, 2, 1),
        "a version from the future": struct.pack(">IBIHH", 9, 1, 1, 900, 999),
        "an answer": struct.pack(">IBI", 5, 0x82, 1),
    }
    for name, frame in frames.items():
        with connect_tls(server.port) as connection:
            connection.sendall(frame)
            check(is_closed(connection, 20), name, "left the connection open")
        talk.one()
    for name, frame in {
        "oversized": struct.pack(">IBI", 0x7FFFFFFF, 2, 2) + b"\0" * 100,
        "one byte over the limit": struct.pack(">IBI", (1 << 20) + 4097, 2, 2),
        "a push from a client": struct.pack(">IBI", 5, 0x60, 0),
        "a second HELLO": HELLO,
        "a request number in use": struct.pack(">IBI", 5, 2, 0),
    }.items():
        with greeted(server.port) as connection:
            connection.sendall(frame)
            closed = is_closed(connection, 1)
            check(closed or name in ("a second HELLO",), name, "left the connection open")
        talk.one()
    for _ in range(40):
        with greeted(server.port) as connection, contextlib.suppress(OSError):
            for request in range(1, 30):
                body = rng.randbytes(rng.randrange(0, 200))
                kind = rng.choice([1, 2, 3, *range(0x10, 0x17), *range(0x20, 0x25), *range(0x30, 0x33), 0x40, 0x7F])
                connection.sendall(struct.pack(">IBI", 5 + len(body), kind, request) + body)
    talk.one()

    check(server.process.is_running() and talk.is_unbroken(), "the talk was disturbed")
    for connection in raw:
        connection.close()


@test("half-open, slow and unread connections by the hundred do not slow a real one down")
def _(world):
    server = world.server().start()
    talk = Talk(world, server)
    talk.one()
    quiet = talk.slowest
    held = []

    for i in range(300):
        connection = socket.create_connection(("127.0.0.1", server.port), 5)
        with contextlib.suppress(OSError):
            connection.sendall(b"\x16\x03\x01"[: i % 4])
        held.append(connection)
    talk.one()
    for _ in range(60):
        connection = greeted(server.port)
        connection.setblocking(False)
        held.append(connection)
        # Pings whose answers nobody reads, until the server takes no more.
        pings = b"".join(struct.pack(">IBI", 5, 2, n) for n in range(2, 400))
        with contextlib.suppress(ssl.SSLError, OSError):
            for _ in range(20):
                connection.send(pings)
    talk.one()
    talk.one()

    note(f"slowest message {talk.slowest * 1000:.0f} ms, without strangers {quiet * 1000:.0f} ms")
    check(talk.slowest < 5, "a message took", talk.slowest, "s")
    check(talk.is_unbroken(), "the talk was disturbed")
    for connection in held:
        connection.close()


main()
