# SPDX-License-Identifier: MPL-2.0
"""kith-witness as logs, servers and operators meet it. Notes, trees and requests are made here a second time, from the
specifications alone, and signed by the openssl program."""

import base64
import concurrent.futures
import contextlib
import hashlib
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import urllib.error
import urllib.request

from kith_e2e import PATIENCE, Process, Skipped, check, clean_environment, equal, free_port, is_listening, main, need, test, until

DASH = "\u2014"
FOLLOW = re.compile(r"for witnesses: (follow \S+ \S+)")


# ---- Notes and trees ----------------------------------------------------------------------------


def sha(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


def root_of(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha(b"\x01" + root_of(leaves[:k]) + root_of(leaves[k:]))


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def growth(m, leaves, whole=True):
    """SUBPROOF of RFC 6962 2.1.2."""
    n = len(leaves)
    if m == n:
        return [] if whole else [root_of(leaves)]
    k = split(n)
    if m <= k:
        return growth(m, leaves[:k], whole) + [root_of(leaves[k:])]
    return growth(m - k, leaves[k:], False) + [root_of(leaves[:k])]


class Log:
    """A log of somebody else's: any number of leaves, an Ed25519 key, and whatever it wants to say."""

    made = 0

    def __init__(self, world, origin):
        self.origin = origin
        Log.made += 1
        self.path = world.path(f"log{Log.made}.pem")
        self.leaves = []
        run_openssl("genpkey", "-algorithm", "ed25519", "-out", self.path)
        self.key = run_openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-32:]
        self.id = sha(origin.encode() + b"\n\x01" + self.key)[:4]

    def vkey(self):
        return f"{self.origin}+{self.id.hex()}+{b64(bytes([1]) + self.key)}"

    def grow(self, count, salt=b""):
        for i in range(count):
            self.leaves.append(sha(b"\x00" + salt + str(len(self.leaves)).encode()))
        return self

    def checkpoint(self, size=None):
        size = len(self.leaves) if size is None else size
        text = f"{self.origin}\n{size}\n{b64(root_of(self.leaves[:size]))}\n"
        return f"{text}\n{DASH} {self.origin} {b64(self.id + self.sign(text.encode()))}\n"

    def sign(self, message):
        file = self.path + f".{sha(message).hex()[:16]}"
        with open(file, "wb") as out:
            out.write(message)
        return run_openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", file)

    def request(self, old, size=None, proof=None):
        size = len(self.leaves) if size is None else size
        if proof is None:
            proof = growth(old, self.leaves[:size]) if 0 < old <= size else []
        return f"old {old}\n" + "".join(b64(p) + "\n" for p in proof) + "\n" + self.checkpoint(size)


def run_openssl(*arguments):
    try:
        return subprocess.run(["openssl", *arguments], capture_output=True, check=True, timeout=30).stdout
    except FileNotFoundError as error:
        raise Skipped("no openssl program") from error


def verify(world, vkey, message, signature):
    """Whether an Ed25519 key of a vkey signed it."""
    public = base64.b64decode(vkey.split("+", 2)[2])[1:]
    for name, data in (("pub", bytes.fromhex("302a300506032b6570032100") + public), ("msg", message), ("sig", signature)):
        with open(world.path(f"verify.{name}"), "wb") as file:
            file.write(data)
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", world.path("verify.pub"), "-rawin",
         "-in", world.path("verify.msg"), "-sigfile", world.path("verify.sig")],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode == 0


def check_lines(world, witness, checkpoint, lines):
    """Signature lines must be good cosignatures of the witness on the checkpoint."""
    text = checkpoint.split("\n\n")[0] + "\n"
    found = 0
    for line in lines.splitlines():
        dash, name, encoded = line.split(" ")
        equal(dash, DASH, "the dash")
        data = base64.b64decode(encoded)
        for vkey in witness.keys():
            if name == vkey.split("+")[0] and data[:4].hex() == vkey.split("+")[1]:
                found += 1
                if len(data) == 4 + 8 + 64:
                    time = int.from_bytes(data[4:12], "big")
                    message = f"cosignature/v1\ntime {time}\n{text}".encode()
                    check(verify(world, vkey, message, data[12:]), "a cosignature is not good")
    return found


# ---- The program --------------------------------------------------------------------------------


class Witness:
    def __init__(self, world, name="witness"):
        self.world = world
        self.name = name
        self.data = world.path(name)
        self.port = free_port()
        self.process = None
        os.makedirs(self.data, exist_ok=True)

    def configure(self, *lines):
        with open(os.path.join(self.data, "witness.conf"), "w", encoding="utf-8") as file:
            file.write(f"# for a test\n\nlisten 127.0.0.1:{self.port}\n" + "".join(line + "\n" for line in lines))
        return self

    def start(self, **options):
        self.process = Process(self.world, self.name, [need("KITH_WITNESS"), "run", "--data", self.data], **options)
        until(self._is_up, 10, f"{self.name} listens")
        return self

    def _is_up(self):
        check(self.process.is_running(), self.name, "ended at its start:", self.process.log()[-800:])
        return is_listening(self.port)

    def keys(self):
        done = subprocess.run(
            [need("KITH_WITNESS"), "key", "--data", self.data], capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.split()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.port}/{path}"

    def ask(self, path, body=None):
        """(status, type, text)"""
        data = body if body is None or isinstance(body, bytes) else body.encode()
        request = urllib.request.Request(self.url(path), data=data)
        try:
            with urllib.request.urlopen(request, timeout=20 * PATIENCE) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()

    def add(self, request):
        return self.ask("add-checkpoint", request)

    def get(self, origin):
        return self.ask(f"{sha(origin.encode()).hex()}/checkpoint")


def with_log(world):
    log = Log(world, "log.example/one")
    return log, Witness(world).configure(f"log {log.vkey()}").start()


# ---- Over HTTP ----------------------------------------------------------------------------------


@test("a log that grows is cosigned, with good signatures, and monitors get what was cosigned")
def _(world):
    log, witness = with_log(world)
    equal(witness.get(log.origin)[0], 404, "before")

    for old, size in ((0, 3), (3, 3), (3, 8), (8, 21)):
        log.grow(size - len(log.leaves))
        status, kind, lines = witness.add(log.request(old))
        equal(status, 200, f"from {old} to {size}: {lines}")
        check(kind.startswith("text/plain"), kind)
        equal(check_lines(world, witness, log.checkpoint(), lines), 2, "signatures")
    status, _, note = witness.get(log.origin)
    equal(status, 200, "monitor")
    check(note.startswith(log.checkpoint()), "the log's own signature is missing")
    equal(check_lines(world, witness, log.checkpoint(), "".join(note.splitlines(True)[5:])), 2, "signatures")


@test("a fork, a smaller tree and a wrong guess are refused, and nothing is forgotten by it")
def _(world):
    log, witness = with_log(world)
    fork = Log(world, log.origin)
    fork.path, fork.key, fork.id = log.path, log.key, log.id
    log.grow(10)
    fork.leaves = log.leaves[:4]
    fork.grow(12, b"fork")
    equal(witness.add(log.request(0))[0], 200, "first")

    equal(witness.add(fork.request(10))[0], 422, "a longer fork")
    equal(witness.add(fork.request(10, 10))[0], 422, "a fork of the same size")
    equal(witness.add(log.request(10, 12, [b"x" * 32] * 3))[0], 422, "a made up proof")
    equal(witness.add(log.request(4, 6))[1:], ("text/x.tlog.size", "10\n"), "a smaller tree")
    equal(witness.add(log.request(0, 10))[0], 409, "a wrong guess")
    equal(witness.add(log.request(10, 9))[0], 400, "old above new")
    log.grow(5)
    equal(witness.add(log.request(10))[0], 200, "the honest log")
    check("REFUSED" in witness.process.log(), witness.process.log())


@test("unknown logs, false signatures, broken and long requests each get their answer")
def _(world):
    log, witness = with_log(world)
    other = Log(world, "log.example/other").grow(3)
    posing = Log(world, log.origin).grow(3)
    log.grow(3)
    good = log.request(0)

    equal(witness.add(other.request(0))[0], 404, "unknown")
    equal(witness.add(posing.request(0))[0], 403, "another key")
    for cut in range(0, len(good), 7):
        equal(witness.add(good[:cut])[0], 400, f"cut at {cut}")
    equal(witness.add(good.replace("old 0", "old 00"))[0], 400, "two zeros")
    equal(witness.add(b"x" * 300000)[0], 413, "long")
    equal(witness.ask("add-checkpoint")[0], 405, "GET of add-checkpoint")
    equal(witness.ask("x", b"y")[0], 405, "POST of something")
    equal(witness.ask("x")[0], 404, "GET of something")
    equal(witness.ask("A" * 64 + "/checkpoint")[0], 404, "no hash")
    equal(witness.add(good)[0], 200, "the good one, after all that")


@test("what was cosigned outlives a kill at any moment, and a damaged state is not taken for none")
def _(world):
    log, witness = with_log(world)
    log.grow(40)
    known = 0
    for size in (5, 11, 12, 30):
        equal(witness.add(log.request(known, size))[0], 200, f"to {size}")
        witness.process.kill()
        witness.start()
        equal(witness.add(log.request(0, size))[1:], ("text/x.tlog.size", f"{size}\n"), "after the kill")
        known = size
    # The answer was lost, the state was not: the log asks again from there.
    equal(witness.add(log.request(30, 30))[0], 200, "again")
    witness.process.stop()
    state = [name for name in os.listdir(witness.data) if name.startswith("log-")]
    equal(len(state), 1, "files of state")
    path = os.path.join(witness.data, state[0])
    with open(path, "rb") as file:
        whole = file.read()
    with open(path, "wb") as file:
        file.write(whole[:-1])
    process = Process(world, "damaged", [need("KITH_WITNESS"), "run", "--data", witness.data])
    equal(process.end(), 1, "exit status")
    check(log.origin in process.log(), process.log())


@test("killed while it is asked, a witness has never answered for less than it says afterwards")
def _(world):
    log, witness = with_log(world)
    log.grow(200)
    requests = [log.request(size - 1, size) for size in range(1, 121)]

    def hammer():
        answered = 0
        with contextlib.suppress(OSError):
            for size, request in enumerate(requests, 1):
                if witness.add(request)[0] == 200:
                    answered = size
        return answered

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(hammer)
        until(lambda: witness.get(log.origin)[0] == 200, 10, "the first cosignature", pause=0.01)
        witness.process.kill()
        answered = asking.result()
    witness.start()
    stored = int(witness.add(log.request(199, 200))[2])
    check(answered <= stored <= answered + 1, "answered", answered, "stored", stored)


@test("of many that ask at once for the same step exactly one path is cosigned")
def _(world):
    log, witness = with_log(world)
    log.grow(64)
    equal(witness.add(log.request(0, 10))[0], 200, "first")
    requests = [log.request(10, size) for size in range(11, 43)]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(witness.add, requests))

    won = [size for size, answer in zip(range(11, 43), answers) if answer[0] == 200]
    equal(len(won), 1, f"cosigned: {won}")
    equal({answer[0] for answer in answers}, {200, 409}, "answers")
    equal({answer[2] for answer in answers if answer[0] == 409}, {f"{won[0]}\n"}, "sizes")


@test("what cannot be kept is not cosigned, and is cosigned when it can")
def _(world):
    log, witness = with_log(world)
    log.grow(9)
    witness.process.stop()
    # Room for a key, not for what was cosigned.
    witness.start(
        stdout=subprocess.DEVNULL, restore_signals=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)),
    )  # fmt: skip

    equal(witness.add(log.request(0, 5))[0], 500, "no room")
    equal(witness.get(log.origin)[0], 404, "for monitors")
    witness.process.stop()
    witness.start()
    equal(witness.add(log.request(0, 4))[0], 200, "with room")
    equal(witness.add(log.request(4, 9))[0], 200, "and on")


@test("a folder and an address serve one witness, and a line that is wrong is named")
def _(world):
    _, witness = with_log(world)
    second = Process(world, "second", [need("KITH_WITNESS"), "run", "--data", witness.data])
    equal(second.end(), 3, "the same folder")
    third = Witness(world, "third")
    third.port = witness.port
    third.configure()
    process = Process(world, "third-run", [need("KITH_WITNESS"), "run", "--data", third.data])
    equal(process.end(), 3, "the same address")
    for line in ("dance", "log x", "log", "follow here", "name a+b", "push ftp://x y", "listen 8080", "log a b c d"):
        wrong = Witness(world, "wrong").configure(line)
        process = Process(world, f"wrong-{len(world.processes)}", [need("KITH_WITNESS"), "run", "--data", wrong.data])
        equal(process.end(), 2, line)
        check("line 4 of" in process.log(), process.log())


def made_key(number, kind=1):
    """A key that nobody has."""
    name = f"log{number}.example"
    key = sha(name.encode())
    return f"{name}+{sha(name.encode() + bytes([10, kind]) + key)[:4].hex()}+{b64(bytes([kind]) + key)}"


@test("a file may name 256 logs, 64 servers and 8 other witnesses, and not one more of each")
def _(world):
    witness = Witness(world)
    identity = base64.urlsafe_b64encode(b"i" * 32).decode().rstrip("=")
    lines = [f"log {made_key(i)}" for i in range(256)]
    lines += [f"follow host{i}.example {identity}" for i in range(64)]
    lines += [f"push http://host{i}.example/ {made_key(i, 4)}" for i in range(8)]
    witness.configure(*lines)
    equal(len(witness.keys()), 2, "lines printed")
    for more in (f"log {made_key(256)}", lines[256], lines[-1]):
        witness.configure(*lines, more)
        done = subprocess.run(
            [need("KITH_WITNESS"), "key", "--data", witness.data], capture_output=True, text=True, check=False, timeout=30
        )
        equal(done.returncode, 2, more)
        check("at most" in done.stderr, done.stderr)


# ---- Following servers --------------------------------------------------------------------------


def shifted(seconds):
    shim = os.environ.get("KITH_E2E_SHIM", "")
    if not os.path.isfile(shim):
        raise Skipped("$KITH_E2E_SHIM is no file")
    options = os.environ.get("ASAN_OPTIONS", "")
    return {
        "LD_PRELOAD": shim,
        "KITH_E2E_SHIFT": str(seconds),
        "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".strip(":"),
    }


def start_server(world, server, witnesses=(), shift=0):
    more = [argument for witness in witnesses for key in witness.keys() for argument in ("--witness", key)]
    arguments = server.arguments(*more)
    server.arguments = lambda *_: arguments
    env = clean_environment(world.folder, **(shifted(shift) if shift else {}))
    server.start(env=env)
    del server.arguments
    return until(lambda: FOLLOW.search(server.process.log()), 5, "a line for witnesses").group(1)


def notes(server):
    """{size: note} of the checkpoints that a server has, running or not."""
    with contextlib.closing(sqlite3.connect(f"file:{server.database()}?mode=ro", uri=True)) as database:
        return {size: bytes(note).decode() for size, note in database.execute("SELECT size, note FROM kt_checkpoint")}


def count_lines(world, witness, server):
    """How many good signatures of the witness the server's newest checkpoint has."""
    found = notes(server)
    note = found[max(found)]
    return check_lines(world, witness, note, "".join(note.splitlines(True)[4:]))


def cosigned(witness, server):
    """The size that the witness has cosigned of the server's log."""
    del server
    for name in os.listdir(witness.data):
        if name.startswith("log-"):
            status, _, note = witness.ask(f"{name[4:]}/checkpoint")
            if status == 200 and note.startswith("kith.log/"):
                return int(note.split("\n")[1])
    return 0


@test("two families witness each other: one line here, one option there")
def _(world):
    servers = [world.server("a"), world.server("b")]
    witnesses = [Witness(world, "wa"), Witness(world, "wb")]
    follow = [start_server(world, servers[i], [witnesses[1 - i]]) for i in range(2)]
    for i in range(2):
        witnesses[i].configure(follow[1 - i]).start()

    for i in range(2):
        until(lambda i=i: cosigned(witnesses[i], servers[1 - i]) > 0, 20, "a cosigned checkpoint")
    until(lambda: all("REFUSED" not in witness.process.log() for witness in witnesses), 1, "no refusal")
    for i in range(2):
        until(lambda i=i: count_lines(world, witnesses[1 - i], servers[i]) == 2, 10, "signatures at the server")


@test("a server that was set back is refused while it is shorter and when it has grown otherwise")
def _(world):
    server = world.server("s")
    witness = Witness(world)
    witness.configure(start_server(world, server, [witness]))
    server.stop()
    shutil.copytree(server.data, world.path("copy"))
    start_server(world, server, [witness], shift=100)
    anna = world.device("anna").start()
    anna.call("account.join", link=server.link, name="Anna", device_name="a")
    anna.stop()
    witness.start()
    until(lambda: cosigned(witness, server) >= 2, 30, "two entries cosigned")
    size = cosigned(witness, server)
    server.stop()

    shutil.rmtree(server.data)
    shutil.copytree(world.path("copy"), server.data)
    start_server(world, server, [witness], shift=200)
    until(lambda: "REFUSED: its log has become shorter" in witness.process.log(), 40, "the shorter log is refused")
    bert = world.device("bert").start()
    bert.call("account.join", link=server.link, name="Bert", device_name="b")
    bert.stop()
    witness.process.stop()
    witness.start()
    until(lambda: "REFUSED: its checkpoint is not the tree" in witness.process.log(), 40, "the fork is refused")
    equal(cosigned(witness, server), size, "what is cosigned")
    witness.process.stop()
    server.stop()
    for note in notes(server).values():
        if int(note.split("\n")[1]) >= size:
            equal(check_lines(world, witness, note, "".join(note.splitlines(True)[4:])), 0, "the fork's cosignatures")


@test("a new log of a server is followed when the server says that it begins one, and why")
def _(world):
    server = world.server("s")
    witness = Witness(world)
    witness.configure(start_server(world, server, [witness])).start()
    until(lambda: cosigned(witness, server) > 0, 20, "a cosigned checkpoint")
    server.stop()
    renewing = Process(world, "renew", [need("KITHD"), "--data", server.data, "--renew-log", "the disk burned"])
    equal(renewing.end(), 0, "renewing")
    start_server(world, server, [witness])

    until(lambda: 'has begun a new log, number 2: "the disk burned"' in witness.process.log(), 30, "the reason")

    until(lambda: count_lines(world, witness, server) == 2, 40, "the new log is cosigned", pause=0.5)
    check("REFUSED" not in witness.process.log(), witness.process.log())


@test("asked to end while another witness does not answer, it ends soon")
def _(world):
    server = world.server("s")
    witness = Witness(world)
    follow = start_server(world, server, [witness])
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        witness.configure(follow, f"push http://127.0.0.1:{port}/ {witness.keys()[0]}").start()
        until(lambda: cosigned(witness, server) > 0, 20, "a cosigned checkpoint")
        deaf.settimeout(10 * PATIENCE)
        connection, _ = deaf.accept()
        equal(witness.process.stop(5), 0, "exit status")
        connection.close()


@test("a witness that speaks only HTTP cosigns a Kith server through another one")
def _(world):
    server = world.server("s")
    near = Witness(world, "near")
    far = Witness(world, "far")
    follow = start_server(world, server, [near, far])
    # The far one must know the server's log: its key is made of what the near one has met.
    near.configure(follow).start()
    until(lambda: cosigned(near, server) > 0, 20, "a cosigned checkpoint")
    near.process.stop()
    server.stop()
    note = notes(server)[max(notes(server))]
    origin = note.split("\n")[0]
    with contextlib.closing(sqlite3.connect(server.database())) as database:
        signed_log = bytes(database.execute("SELECT signed_log FROM kt_log").fetchone()[0])
    equal(origin, f"kith.log/{sha(signed_log).hex()}", "origin")
    vkey = next(line for line in [vkey_of(note, signed_log)] if line)
    far.configure(f"log {vkey}").start()
    near.configure(follow, f"push {far.url()} {far.keys()[0]}").start()
    start_server(world, server, [near, far])

    until(lambda: far.get(origin)[0] == 200, 30, "the far one has cosigned")
    until(lambda: count_lines(world, far, server) == 2, 40, "the far cosignature is at the server", pause=0.5)
    check("REFUSED" not in near.process.log(), near.process.log())


def vkey_of(note, signed_log):
    """The log's key stands in its configuration: the one of which name and id fit the note's signature."""
    origin = note.split("\n")[0]
    wanted = base64.b64decode(note.splitlines()[4].split(" ")[2])[:4]
    for at in range(len(signed_log) - 32):
        key = signed_log[at : at + 32]
        if sha(origin.encode() + b"\n\x01" + key)[:4] == wanted:
            return f"{origin}+{wanted.hex()}+{b64(bytes([1]) + key)}"
    return None


main()
