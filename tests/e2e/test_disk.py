# SPDX-License-Identifier: MPL-2.0
"""A disk that is full: what cannot be kept is said, nothing is lost, and it goes on by itself when there is room."""

import contextlib
import os
import resource
import shutil
import subprocess
import time

from kith_e2e import RpcError, Skipped, check, equal, main, note, test, until

KB = 1024


class SmallDisk:
    """A folder on a file system of its own."""

    def __init__(self, world, name, size):
        self.folder = world.path(name)
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", self.folder],
            capture_output=True, text=True, check=False,
        ) if shutil.which("mount") else None  # fmt: skip
        if mounted is None or mounted.returncode != 0:
            raise Skipped("a file system cannot be mounted here")
        world.undo.callback(subprocess.run, ["umount", "-l", self.folder], check=False)
        self.ballast = os.path.join(self.folder, "ballast")

    def watch(self, process):
        """Nothing to do: the file system is small for everybody."""

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            for piece in (64 * KB, 4 * KB, 1):
                try:
                    while True:
                        file.write(b"\0" * piece)
                except OSError:
                    continue

    def free(self):
        os.remove(self.ballast)


class SmallFiles:
    """The same for a process that may write no file behind its first page: works without rights."""

    def __init__(self, world, name, _size):
        self.folder = world.path(name)
        self.process = None
        self.is_full = False

    def watch(self, process):
        self.process = process
        if self.is_full:
            self.fill()

    def _limit(self, size):
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def fill(self):
        self.is_full = True
        self._limit(4 * KB)

    def free(self):
        self.is_full = False
        self._limit(resource.RLIM_INFINITY)


# Python ignores the signal that such a write raises; with this, so does what it starts.
OPTIONS = {"restore_signals": False}


def send_until_refused(device, conv, tag):
    """(texts that were kept, the error of the one that was not)"""
    kept = []
    while len(kept) < 500:
        text = f"{tag} {len(kept)} " + "x" * 2000
        try:
            device.send(conv, text, once=text[:20])
        except RpcError as error:
            return kept, error
        kept.append(text)
    return kept, None


def full_agent(world, kind):
    server = world.server().start()
    disk = kind(world, "anna", 8 << 20)
    anna = world.device("anna").start(**OPTIONS)
    disk.watch(anna.process)
    anna.call("account.join", link=server.link, name="Anna")
    bert = world.person("Bert", server.link)
    conv = world.meet(anna, bert)

    disk.fill()
    kept, error = send_until_refused(anna, conv, "from Anna")
    check(error is not None, "500 messages fitted onto a full disk")
    equal((error.code, error.kind), (-32000, "store"), f"error after {len(kept)}")
    done = anna.kith("send", "Bert", "no room")
    check(done.code == 1 and done.err, "kith send:", done)
    said = [f"from Bert {i} " + "y" * 2000 for i in range(40)]
    for text in said:
        bert.send(conv, text)
    until(lambda: bert.account()["outbox"] == 0, 20, "Bert's messages on the server")
    anna.call("chat.list")
    check(anna.process.is_running(), "the agent ended:", anna.process.log())

    disk.free()
    anna.await_text("Bert", said[-1], seconds=30)
    until(lambda: set(said) <= set(anna.texts(conv)), 30, "all of Bert's")
    anna.send(conv, "room again", once="room again")
    bert.await_text("Anna", "room again", seconds=30)

    theirs = [t for t in bert.texts(conv) if t.startswith("from Anna")]
    equal(theirs, kept, "what Bert has of Anna's: what was kept, and only that")
    equal([t for t in anna.texts(conv) if t.startswith("from Bert")], said, "what Anna has of Bert's")
    equal([t for t in bert.texts(conv) if t == "no room"], [], "what was refused")
    note(f"{len(kept)} messages fitted")


@test("the agent's disk is full: sending says so, nothing is lost, and it goes on")
def _(world):
    full_agent(world, SmallDisk)


@test("the same where only the files of the agent may not grow")
def _(world):
    full_agent(world, SmallFiles)


def full_server(world, kind):
    disk = kind(world, "server", 8 << 20)
    server = world.server().start(**OPTIONS)
    disk.watch(server.process)
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    conv = world.meet(anna, bert)

    disk.fill()
    texts = [f"{i} " + "z" * 8000 for i in range(60)]
    for text in texts:
        anna.send(conv, text)
    until(lambda: anna.account()["outbox"] > 0, 5, "messages wait")
    waiting = anna.command("send", "Bert", "waits, too")
    carl = world.device("carl").start()
    joining = carl.rpc().ask("account.join", link=server.link, name="Carl")
    time.sleep(1)
    equal(carl.new_rpc().call("account.get")["state"], "making", "an account that does not fit")
    check(server.process.is_running(), "the server ended:", server.process.log())
    check(len(bert.texts(conv)) < 62, "everything fitted onto a full disk")

    disk.free()
    freed = time.monotonic()
    equal(waiting.end(20), 0, f"kith send while the server's disk is full: {waiting.log()}")
    bert.await_text("Anna", "waits, too")
    note(f"messages go on after {time.monotonic() - freed:.1f} s")
    with contextlib.suppress(RpcError):
        carl.rpc().answer(joining, "account.join", 40)
    until(lambda: carl.account()["state"] == "ready", 40, "the new account")
    note(f"the account is made after {time.monotonic() - freed:.1f} s")

    equal(bert.texts(conv)[1:], [*texts, "waits, too"], "texts, in order, once each")


@test("the server's disk is full: messages wait at their senders, nothing is lost, and it goes on")
def _(world):
    full_server(world, SmallDisk)


@test("the same where only the files of the server may not grow")
def _(world):
    full_server(world, SmallFiles)


@test("with no room at all neither agent nor server starts, and each says why")
def _(world):
    disk = SmallDisk(world, "tiny", 64 * KB)
    disk.fill()
    device = world.device("tiny")
    done = device.kith("people")
    check(done.code == 1 and done.err, "kith:", done)
    disk.free()
    done = device.kith("people")
    equal(done.code, 6, f"with room again: {done.err}")
    device.call("agent.stop")

    other = SmallDisk(world, "other", 64 * KB)
    other.fill()
    server = world.server("other")
    try:
        server.start()
    except AssertionError as error:
        check("ended at its start" in str(error), error)
        check(server.process.end() > 0 and server.process.log().strip(), "the server says nothing")
    else:
        check(False, "the server starts without room")


main()
