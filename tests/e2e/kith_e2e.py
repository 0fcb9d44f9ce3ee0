# SPDX-License-Identifier: MPL-2.0
"""What the end-to-end tests share: servers, devices and people of real programs, on loopback.

A test is a function marked @test("a sentence"); it gets a World, an empty folder whose processes end with it. After
a test every process must still live, unless the test ended it, and none may have met a sanitizer: a crash that nobody
looked at is a failure, too.

The programs come from the environment: KITHD, KITH_AGENT, KITH. KITH_E2E_LONG=1 makes tests that repeat something
repeat it more often; KITH_E2E_KEEP=1 leaves the folders of failed tests. NAME arguments choose tests by a part of
their sentence. The output is TAP.
"""

import collections
import contextlib
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

LONG = os.environ.get("KITH_E2E_LONG") == "1"
TEST_SECONDS = 600 if LONG else 90
# A program that is built with sanitizers, on a machine that does something else, takes so much longer.
PATIENCE = float(os.environ.get("KITH_E2E_PATIENCE", "1"))
SANITIZER = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
LINK = re.compile(r"kith:[^\s]+/[A-Za-z0-9_-]+")
PR_SET_CHILD_SUBREAPER = 36

Done = collections.namedtuple("Done", "code out err")


class Failed(AssertionError):
    """What a test expected did not happen."""


class Skipped(Exception):
    """The machine lacks what a test needs."""


def need(name):
    path = os.environ.get(name)
    if not path or not os.access(path, os.X_OK):
        raise Skipped(f"${name} is no program")
    return os.path.abspath(path)


def check(truth, *what):
    if not truth:
        raise Failed(" ".join(str(part) for part in what) or "no")


def equal(got, wanted, what=""):
    check(got == wanted, f"{what}: got {got!r}, not {wanted!r}")


def until(condition, seconds, what, pause=0.02):
    """Calls `condition` until it gives something true, and returns that."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds * PATIENCE:g} s: {what}; last: {value!r}")
        time.sleep(pause)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# ---- JSON-RPC -----------------------------------------------------------------------------------


class RpcError(Exception):
    def __init__(self, method, error):
        super().__init__(f"{method}: {error}")
        self.code = error.get("code")
        self.kind = error.get("data", {}).get("kind")
        self.data = error.get("data", {})


class Gone(Exception):
    """The agent closed the connection."""


class Rpc:
    """One face's connection. Answers are matched by id; events wait in `events` in the order they came."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""
        self.last_id = 0
        self.answers = {}
        self.events = collections.deque()

    def close(self):
        self.socket.close()

    def write(self, data):
        try:
            self.socket.settimeout(10 * PATIENCE)
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from error

    def read_line(self, seconds):
        """The next line, or None when none came in time."""
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if not select.select([self.socket], [], [], max(left, 0))[0]:
                if left <= 0:
                    return None
                continue
            try:
                piece = self.socket.recv(1 << 16)
            except OSError as error:
                raise Gone(str(error)) from error
            if not piece:
                raise Gone("closed")
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def take(self, seconds):
        """Reads one message and files it. False: none came."""
        line = self.read_line(seconds)
        if line is None:
            return False
        message = json.loads(line)
        equal(message.get("jsonrpc"), "2.0", "jsonrpc of an answer")
        if message.get("method") == "event":
            self.events.append(message["params"])
        else:
            check(message["id"] not in self.answers, "a second answer to", message["id"])
            self.answers[message["id"]] = message
        return True

    def ask(self, method, **params):
        """Sends a request; its id."""
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method}
        if params:
            request["params"] = params
        self.write(json.dumps(request).encode() + b"\n")
        return self.last_id

    def answer(self, number, method="", seconds=30):
        end = time.monotonic() + seconds * PATIENCE
        while number not in self.answers:
            left = end - time.monotonic()
            check(left > 0, f"no answer to {method} within {seconds} s")
            self.take(left)
        message = self.answers.pop(number)
        if "error" in message:
            raise RpcError(method, message["error"])
        return message["result"]

    def call(self, method, seconds=30, **params):
        return self.answer(self.ask(method, **params), method, seconds)

    def subscribe(self, **params):
        return self.call("events.subscribe", **params)["seq"]

    def next_event(self, seconds=10):
        end = time.monotonic() + seconds * PATIENCE
        while not self.events:
            left = end - time.monotonic()
            if left <= 0 or not self.take(left):
                return None
        return self.events.popleft()

    def await_event(self, wanted, seconds=15, what="event"):
        """The first event for which `wanted` is true; those before it are dropped."""
        end = time.monotonic() + seconds * PATIENCE
        seen = []
        while True:
            left = end - time.monotonic()
            event = self.next_event(max(left, 0) / PATIENCE) if left > 0 else None
            check(event is not None, f"no {what} within {seconds} s, only {seen[-8:]}")
            if wanted(event):
                return event
            seen.append(event)


# ---- Processes ----------------------------------------------------------------------------------


def clean_environment(home, **more):
    kept = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env.setdefault("PATH", "/usr/bin:/bin")
    env.update(HOME=home, LC_ALL="C.UTF-8", TZ="UTC", KITH_KEYRING="no")
    env.update(more)
    return env


class Process:
    """A program that the test started and that is to live until the test says otherwise."""

    def __init__(self, world, name, arguments, env=None, **options):
        self.name = name
        self.log_path = world.path(f"{name}.log")
        self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        self.is_ended = False  # the test ended it
        with open(self.log_path, "ab") as log:
            options.setdefault("stdout", log)
            options.setdefault("stdin", subprocess.DEVNULL)
            self.child = subprocess.Popen(
                arguments, stderr=log, cwd=world.folder,
                env=clean_environment(world.folder) if env is None else env, **options,
            )  # fmt: skip
        self.pid = self.child.pid
        world.processes.append(self)

    def log(self):
        """What it said since it was started."""
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def is_running(self):
        return self.child.poll() is None

    def signal(self, number):
        if self.is_running():
            os.kill(self.pid, number)

    def kill(self):
        """As if the machine's power had gone for this process only."""
        self.is_ended = True
        self.signal(signal.SIGKILL)
        self.child.wait(10)

    def stop(self, seconds=10):
        """Asks it to end; its exit status."""
        self.is_ended = True
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise Failed(f"{self.name} did not end within {seconds} s of SIGTERM") from error

    def end(self, seconds=10):
        """Waits for an end of its own accord; its exit status."""
        self.is_ended = True
        try:
            return self.child.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise Failed(f"{self.name} still runs after {seconds} s") from error


class Server:
    """A kithd with a folder of its own and a port that it keeps over restarts."""

    def __init__(self, world, name="server", port=None):
        self.world = world
        self.name = name
        self.data = world.path(name)
        self.port = port or free_port()
        self.process = None
        self.link = None

    def arguments(self, *more):
        return [need("KITHD"), "--data", self.data, "--listen", f"127.0.0.1:{self.port}", *more]

    def start(self, **options):
        self.process = Process(self.world, self.name, self.arguments(), **options)
        until(self._is_up, 10, f"{self.name} listens")
        if self.link is None:
            self.link = until(lambda: LINK.search(self.process.log()), 5, "a link").group(0)
        return self

    def _is_up(self):
        check(self.process.is_running(), self.name, "ended at its start:", self.process.log()[-800:])
        return is_listening(self.port)

    def stop(self):
        return self.process.stop()

    def kill(self):
        self.process.kill()

    def database(self):
        """Path of the one file that holds everything. The server must not run."""
        files = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(self.data)
            for name in names
            if _is_sqlite(os.path.join(folder, name))
        ]
        equal(len(files), 1, f"SQLite files in {os.listdir(self.data)}")
        return files[0]


def _is_sqlite(path):
    with open(path, "rb") as file:
        return file.read(16) == b"SQLite format 3\0"


class Device:
    """A folder of kith's, with the agent that this test starts, or that the command line starts."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.data = world.path(name)
        self.socket = os.path.join(self.data, "agent.sock")
        self.env = {}
        self.process = None
        self._rpc = None

    def environment(self):
        return clean_environment(
            self.world.folder, KITH_DATA=self.data, KITH_AGENT=need("KITH_AGENT"), **self.env
        )

    # -- The agent

    def start(self, **options):
        """Starts the agent and returns when faces can connect."""
        reading, writing = os.pipe()
        arguments = [need("KITH_AGENT"), "--foreground", "--data", self.data, "--ready-fd", str(writing)]
        try:
            self.process = Process(
                self.world, f"{self.name}-agent", arguments,
                env=self.environment(), pass_fds=[writing], **options,
            )  # fmt: skip
        finally:
            os.close(writing)
        self._rpc = None
        line = b""
        end = time.monotonic() + 15 * PATIENCE
        while not line.endswith(b"\n") and select.select([reading], [], [], max(end - time.monotonic(), 0))[0]:
            piece = os.read(reading, 256)
            if not piece:
                break
            line += piece
        os.close(reading)
        check(line == b"\n", f"the agent of {self.name} did not start: {line!r} {self.process.log()[-800:]}")
        return self

    def kill(self):
        self.process.kill()
        self.drop()

    def stop(self):
        self.drop()
        return self.process.stop()

    def drop(self):
        if self._rpc is not None:
            self._rpc.close()
        self._rpc = None

    def rpc(self):
        """The test's own face; a new one after a restart."""
        if self._rpc is None:
            self._rpc = Rpc(self.socket)
        return self._rpc

    def new_rpc(self):
        return Rpc(self.socket)

    def call(self, method, seconds=30, **params):
        return self.rpc().call(method, seconds, **params)

    # -- The command line

    def command(self, *arguments, **options):
        """A kith that runs beside the test."""
        number = sum(process.name.startswith(f"{self.name}-kith") for process in self.world.processes)
        name = f"{self.name}-kith{number}"
        return Process(self.world, name, [need("KITH"), *arguments], env=self.environment(), **options)

    def kith(self, *arguments, text=None, seconds=30):
        """Runs kith to its end."""
        try:
            done = subprocess.run(
                [need("KITH"), *arguments], env=self.environment(), cwd=self.world.folder, text=True,
                input="" if text is None else text, capture_output=True, timeout=seconds * PATIENCE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Failed(f"kith {' '.join(arguments)}: still runs after {seconds} s") from error
        check(done.returncode >= 0, f"kith {arguments} died of signal {-done.returncode}")
        check(not SANITIZER.search(done.stderr), done.stderr)
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments, **options):
        """The same, where it must do what it is asked; what it printed."""
        done = self.kith(*arguments, **options)
        equal(done.code, 0, f"kith {' '.join(arguments)} on {self.name}: {done.err.strip()}")
        return done.out

    def json(self, *arguments, **options):
        """Each line of --json, parsed; the one, when there is one."""
        out = self.ok(*arguments, "--json", **options)
        values = [json.loads(line) for line in out.splitlines()]
        return values[0] if len(values) == 1 else values

    # -- Short ways to what tests look at

    def account(self):
        return self.call("account.get")

    def chat(self, who):
        """The id of a conversation, None while there is none."""
        try:
            return self.call("chat.find", who=who)["conv"]
        except RpcError as error:
            if error.kind != "not_found":
                raise
            return None

    def messages(self, conv):
        """All messages of a conversation that people see, oldest first."""
        found = []
        after = 0
        while True:
            page = self.call("message.list", conv=conv, after=after, limit=500)["messages"]
            if not page:
                return found
            found += page
            after = page[-1]["n"]

    def texts(self, conv):
        return [m["text"] for m in self.messages(conv) if m["kind"] == "text"]

    def send(self, conv, text, **params):
        return self.call("message.send", conv=conv, text=text, **params)

    def await_text(self, who, text, seconds=20):
        """Waits until a chat has exactly one message with this text; its conversation."""

        def found():
            conv = self.chat(who)
            return conv if conv and self.texts(conv).count(text) else None

        conv = until(found, seconds, f"{text!r} of {who} on {self.name}")
        equal(self.texts(conv).count(text), 1, f"how often {text!r} is on {self.name}")
        return conv

    def await_state(self, conv, n, state, seconds=20):
        ms = int(seconds * 1000 * PATIENCE)
        end = time.monotonic() + seconds * PATIENCE
        while True:
            try:
                return self.call("message.wait", seconds + 5, conv=conv, n=n, state=state, timeout_ms=ms)["state"]
            except RpcError as error:
                check(error.kind == "offline" and time.monotonic() < end, error)
                time.sleep(0.1)

    def await_readers(self, conv, wanted, seconds=20):
        """Waits until `wanted`, {name: devices}, are those who can read."""

        def readers():
            return {r["name"]: r["devices"] for r in self.call("chat.readers", conv=conv)["readers"]}

        until(lambda: readers() == wanted, seconds, f"readers {wanted} on {self.name}, now {readers()}")


class World:
    """A folder, and what runs in it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kith-e2e-")  # short: sockets lie in it
        self.processes = []
        self.undo = contextlib.ExitStack()

    def path(self, name):
        return os.path.join(self.folder, name)

    def server(self, *arguments, **options):
        return Server(self, *arguments, **options)

    def device(self, name):
        return Device(self, name)

    def person(self, name, link, device=None):
        """A new account of that name by RPC, with a started agent."""
        device = device or self.device(name.lower())
        device.start()
        device.call("account.join", link=link, name=name, device_name=f"{name.lower()}-1")
        return device

    def meet(self, one, other, text="hello"):
        """`other` has an account and accepts an invite of `one`. (conversation, at the other)"""
        link = one.call("invite.create")["link"]
        conv = other.call("account.join", link=link, text=text)["conv"]
        one.await_text(other.account()["name"], text)
        return conv

    def link(self, old, new_name):
        """A second device, by the short code."""
        new = self.device(new_name).start()
        code = old.call("pair.offer")["code"]
        accepting = new.rpc().ask("pair.accept", code=code, device_name=new_name)
        equal(old.call("pair.wait")["state"], "asked")
        old.call("pair.approve", yes=True)
        new.rpc().answer(accepting, "pair.accept", 60)
        equal(old.call("pair.wait")["state"], "done")
        return new

    def close(self):
        """Ends everything; what was wrong with the processes."""
        problems = []
        for process in self.processes:
            if not process.is_ended and not process.is_running():
                code = process.child.returncode
                problems.append(f"{process.name} ended with {code}: {process.log()[-1500:]}")
        running = [process for process in self.processes if process.is_running()]
        for process in running:
            process.is_ended = True
            process.signal(signal.SIGTERM)
        for process in running:
            try:
                code = process.child.wait(5 * PATIENCE)
                if code not in (0, -signal.SIGTERM):
                    problems.append(f"{process.name} ended with {code} on SIGTERM: {process.log()[-1500:]}")
            except subprocess.TimeoutExpired:
                problems.append(f"{process.name} does not end on SIGTERM")
                process.kill()
        for pid in own_children():
            end_orphan(pid)
        self.undo.close()
        for process in self.processes:
            found = SANITIZER.search(process.log())
            if found:
                problems.append(f"{process.name}: {process.log()[found.start():][:4000]}")
        return problems

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def become_reaper():
    """Agents that kith puts into the background become children of this process, which then ends them."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def own_children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def end_orphan(pid):
    for number, seconds in ((signal.SIGTERM, 3), (signal.SIGKILL, 3)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            except ChildProcessError:
                return
            time.sleep(0.01)


# ---- Running ------------------------------------------------------------------------------------

TESTS = []


def test(sentence):
    def add(function):
        TESTS.append((sentence, function))
        return function

    return add


def note(*words):
    """Says something to whoever reads the log."""
    for line in " ".join(str(word) for word in words).splitlines():
        print("#", line, flush=True)


def _on_alarm(_number, _frame):
    raise Failed(f"the test takes longer than {TEST_SECONDS * PATIENCE:g} s")


def _run(number, sentence, function):
    world = World()
    trouble = None
    skip = None
    started = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, TEST_SECONDS * PATIENCE)
    try:
        function(world)
    except Skipped as reason:
        skip = reason
    except Exception:  # whatever it is, it is this test's failure
        trouble = traceback.format_exc()
    signal.setitimer(signal.ITIMER_REAL, 0)
    problems = world.close()
    if trouble is None and problems and skip is None:
        trouble = "\n".join(problems)
        problems = []
    took = f"{time.monotonic() - started:.1f} s"
    if skip is not None:
        print(f"ok {number} - {sentence} # SKIP {skip}", flush=True)
    elif trouble is None:
        print(f"ok {number} - {sentence}", flush=True)
        note(took)
    else:
        print(f"not ok {number} - {sentence}", flush=True)
        note(took)
        note(trouble)
        note("\n".join(problems))
        newest = {process.log_path: process for process in world.processes}
        for process in newest.values():
            tail = process.log()[-600:].strip()
            if tail:
                note(f"-- {process.name}: {tail}")
    if trouble is not None and os.environ.get("KITH_E2E_KEEP") == "1":
        note("kept:", world.folder)
    else:
        world.remove()
    return trouble is None


def main():
    become_reaper()
    signal.signal(signal.SIGALRM, _on_alarm)
    names = sys.argv[1:]
    chosen = [t for t in TESTS if not names or any(name in t[0] for name in names)]
    print(f"1..{len(chosen)}", flush=True)
    results = [_run(i + 1, *chosen[i]) for i in range(len(chosen))]
    sys.exit(0 if all(results) else 1)
