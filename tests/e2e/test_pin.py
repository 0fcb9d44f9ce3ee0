# SPDX-License-Identifier: MPL-2.0
"""Somebody else answers at the server's address."""

import os
import re
import shutil
import sqlite3
import subprocess

from kith_e2e import LONG, Process, Skipped, check, equal, main, test, until


def rows(server, table):
    """How many there are; the server does not run."""
    with sqlite3.connect(server.database()) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def is_pin_alarm(event):
    return event["kind"] == "alarm" and event["what"] == "pin"


def back_to_work(device):
    """A device that met a stranger tries again within a minute; nobody has to wait for that here."""
    if not LONG:
        device.kill()
        device.start()


@test("with another server at the same address an alarm is raised, nothing is said, and it goes on afterwards")
def _(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    conv = world.meet(anna, bert)
    anna.rpc().subscribe()

    server.stop()
    stranger = world.server("stranger", port=server.port).start()
    anna.send(conv, "for Bert alone")
    anna.rpc().await_event(is_pin_alarm, 20, "alarm")
    bert.send(conv, "for Anna alone")
    checks = {c["name"]: c for c in anna.call("agent.doctor")["checks"]}
    check(any(not c["ok"] for c in checks.values()), "the doctor finds nothing:", checks)
    equal(anna.kith("send", "Bert", "and this").code, 0, "sending meanwhile is kept")
    equal(anna.account()["online"], False, "online")
    stranger.stop()
    equal((rows(stranger, "account"), rows(stranger, "conv")), (0, 0), "what the stranger learnt")

    server.start()
    back_to_work(anna)
    back_to_work(bert)
    bert.await_text("Anna", "for Bert alone", seconds=90)
    anna.await_text("Bert", "for Anna alone", seconds=90)
    bert.await_text("Anna", "and this", seconds=90)


@test("a link that names another server than the one that answers is not joined")
def _(world):
    right = world.server("right").start()
    right.stop()
    wrong = world.server("wrong", port=right.port).start()
    anna = world.device("anna")

    done = anna.kith("new", right.link, "--name", "Anna", seconds=60)
    equal(done.code, 4, f"exit status: {done.out}{done.err}")
    check("Somebody else answers" in done.err, done.err)
    anna.call("agent.stop")
    wrong.stop()

    equal(rows(wrong, "account"), 0, "accounts on the wrong server")


class ForeignServer:
    """OpenSSL's server with a key of its own; prints every byte of application data that it is sent."""

    def __init__(self, world, port, *more):
        if shutil.which("openssl") is None:
            raise Skipped("no openssl")
        key, cert = world.path("foreign.key"), world.path("foreign.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key, "-out", cert,
             "-subj", "/CN=kith", "-days", "30"], check=True, capture_output=True,
        )  # fmt: skip
        self.received = world.path("received")
        reading, self.stdin = os.pipe()  # kept open: s_server ends with its input
        with open(self.received, "wb") as out:
            self.process = Process(
                world, "s_server",
                ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", cert, "-quiet", *more],
                stdout=out, stdin=reading,
            )  # fmt: skip
        os.close(reading)

    def data(self):
        with open(self.received, "rb") as file:
            return file.read()

    def end(self):
        self.process.kill()
        os.close(self.stdin)


def meets_foreign(world, *options):
    """An agent meets it; gives the bytes it got and the agent's alarms."""
    server = world.server().start()
    anna = world.person("Anna", server.link)
    anna.rpc().subscribe()
    server.stop()
    foreign = ForeignServer(world, server.port, *options)
    until(lambda: not anna.account()["online"], 10, "offline")
    try:
        anna.rpc().await_event(is_pin_alarm, 8, "alarm")
        alarmed = True
    except AssertionError:
        alarmed = False
    data = foreign.data()
    foreign.end()
    return data, alarmed


@test("a foreign TLS server with everything right but the key gets no byte")
def _(world):
    data, alarmed = meets_foreign(world, "-alpn", "kith/1", "-tls1_3")

    equal(re.sub(rb"(ACCEPT|ERROR)\n?", b"", data), b"", "application data")
    check(alarmed, "no alarm")


@test("a foreign server with TLS 1.2 or another protocol gets no byte")
def _(world):
    data, _ = meets_foreign(world, "-alpn", "kith/1", "-tls1_2")

    equal(re.sub(rb"(ACCEPT|ERROR)\n?", b"", data), b"", "application data")


main()
