# SPDX-License-Identifier: MPL-2.0
"""The directory's log of a kithd, as its operator meets it."""

import contextlib
import os
import shutil
import sqlite3
import stat

from kith_e2e import Process, check, equal, main, need, test, until


def run(world, *arguments, seconds=15):
    """A kithd that is expected to end: (exit status, what it said)."""
    process = Process(world, f"kithd{len(world.processes)}", [need("KITHD"), *arguments])
    code = process.end(seconds)
    check(code >= 0, arguments, "died of signal", -code, process.log())
    return code, process.log()


def run_program(world, *arguments, seconds=15):
    """The same of another program."""
    process = Process(world, f"program{len(world.processes)}", list(arguments))
    return process.end(seconds), process.log()


def ask(server, question):
    with contextlib.closing(sqlite3.connect(server.database())) as database:
        return database.execute(question).fetchone()


def log_size(server):
    return ask(server, "SELECT size FROM kt_head")[0]


def check_logged(server):
    """Every list that is stored is in the log."""
    lists = ask(server, "SELECT count(*) FROM list")[0]
    logged = ask(server, "SELECT count(*) FROM list JOIN kt_version USING(account, version)")[0]
    check(lists > 0 and lists == logged, lists, "lists,", logged, "in the log")
    equal(ask(server, "SELECT is_complete FROM kt_head")[0], 1, "complete")


def log_file(server):
    return os.path.join(server.data, "log")


def check_refused(world, server, *words):
    code, said = run(world, *server.arguments()[1:])
    equal(code, 1, f"exit status: {said}")
    for word in (*words, "--renew-log"):
        check(word in said, word, "not in", said)


def renew(world, server, reason="restored from the copy of Monday"):
    code, said = run(world, "--data", server.data, "--renew-log", reason)
    equal(code, 0, f"exit status: {said}")
    with open(log_file(server), "rb") as file:
        check(reason.encode() in file.read(), "the file does not say the reason")
    return said


def populated(world):
    """A server with some lists, stopped."""
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    conv = world.meet(anna, bert)
    server.stop()
    return server, anna, bert, conv


@test("lists are logged as they come, and the log's secrets are nobody else's to read")
def _(world):
    server, *_ = populated(world)

    check_logged(server)
    equal(stat.S_IMODE(os.stat(log_file(server)).st_mode), 0o600, "mode of the log's file")


@test("lists of before there was a log are put into it at the first start")
def _(world):
    server, *_ = populated(world)
    with contextlib.closing(sqlite3.connect(server.database())) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type='table' AND name LIKE 'kt!_%' ESCAPE '!'")
        for (table,) in tables.fetchall():
            database.execute(f"DROP TABLE {table}")
        database.execute("PRAGMA user_version=1")
        database.commit()
    os.remove(log_file(server))

    # Whoever has seen the log of before would call this one another: so it is for those who have not.
    server.start()
    carl = world.person("Carl", server.link)
    world.meet(carl, world.person("Dora", server.link))
    server.stop()

    check_logged(server)


@test("a log goes on over restarts and kills, and each start adds an entry only when the newest is old")
def _(world):
    server, *_ = populated(world)
    size = log_size(server)

    for _ in range(3):
        server.start()
        server.kill()
    server.start()
    server.stop()

    equal(log_size(server), size, "entries")
    check_logged(server)


@test("a log whose file is missing, damaged or of another log is refused, and what to do is said")
def _(world):
    server, *_ = populated(world)
    with open(log_file(server), "rb") as file:
        good = file.read()
    stranger = world.server("stranger").start()
    stranger.stop()
    with open(log_file(stranger), "rb") as file:
        others = file.read()

    os.remove(log_file(server))
    check_refused(world, server, "missing")
    check(not os.path.exists(log_file(server)), "a new file was made")
    for content, word in (
        (b"kithlog1", "damaged"),
        (good[:-1], "damaged"),
        (good + b"x", "damaged"),
        (good[:8] + bytes(32) + good[40:], "damaged"),
        (others, "another server's"),
    ):
        with open(log_file(server), "wb") as file:
            file.write(content)
        check_refused(world, server, word)
        with open(log_file(server), "rb") as file:
            equal(file.read(), content, "the file")

    with open(log_file(server), "wb") as file:
        file.write(good)
    server.start()
    server.stop()


@test("a database that is older than what devices were shown is refused until a new log takes its place")
def _(world):
    server, anna, bert, conv = populated(world)
    backup = world.path("backup.db")
    shutil.copy(server.database(), backup)
    server.start()
    world.person("Carl", server.link)
    server.stop()
    with open(log_file(server), "rb") as file:
        old = file.read()

    shutil.copy(backup, server.database())
    check_refused(world, server, "older than what devices have been shown")
    check("log 2" in renew(world, server), "generation")

    server.start()
    anna.send(conv, "again")
    bert.await_text("Anna", "again", seconds=30)
    server.stop()
    check_logged(server)
    with open(log_file(server), "rb") as file:
        new = file.read()
    check(new[8:72] != old[8:72], "the new log has the old one's secrets")

    with open(log_file(server), "wb") as file:
        file.write(old)
    check_refused(world, server, "not of the same log")
    check("log 3" in renew(world, server), "the later one of both is the one before")


@test("a database that is damaged under its log is refused")
def _(world):
    server, *_ = populated(world)
    with contextlib.closing(sqlite3.connect(server.database())) as database:
        body = bytearray(database.execute("SELECT body FROM kt_hash WHERE row=0").fetchone()[0])
        for at in range(5, len(body), 32):
            body[at] ^= 1
        database.execute("UPDATE kt_hash SET body=? WHERE row=0", (bytes(body),))
        database.commit()

    check_refused(world, server, "damaged")


@test("a new log needs one before it, and a reason that can be shown")
def _(world):
    code, said = run(world, "--data", world.path("empty"), "--renew-log", "why not")
    equal(code, 1, said)
    for reason in ("", "x" * 256):
        code, said = run(world, "--data", world.path("none"), "--renew-log", reason)
        equal(code, 2, said)
    check(not os.path.exists(world.path("none")), "a folder was made")


@test("a log in two forms stops all sending, leaves a file that proves it, and the person may go on")
def _(world):
    server, anna, bert, conv = populated(world)
    before = world.path("before")
    shutil.copytree(server.data, before)
    server.start()
    world.person("Carl", server.link)
    until(lambda: anna.account()["online"] and bert.account()["online"], 30, "online")
    anna.send(conv, "one form")
    bert.await_text("Anna", "one form", seconds=30)
    # Both have seen a head with Carl's list by now: what they looked up when they came back stands before it.
    anna.stop()
    anna.start()
    until(lambda: anna.call("directory.get")["size"] >= 3, 30, "the newest head")
    server.stop()

    shutil.rmtree(server.data)
    shutil.copytree(before, server.data)
    anna.rpc().subscribe()
    server.start()
    for name in ("Dora", "Emil", "Fritz"):
        world.person(name, server.link)
    event = anna.rpc().await_event(lambda e: e["kind"] == "alarm" and e["what"] == "fork", 60, "alarm")

    file = event["file"]
    equal(stat.S_IMODE(os.stat(file).st_mode), 0o600, "mode of the file")
    equal(anna.call("directory.get")["evidence"], file, "where it is")
    check(anna.account()["is_stopped"], "it goes on as if nothing was")
    code, said = run_program(world, need("KITH_WITNESS"), "check", file)
    equal(code, 0, said)

    n = anna.call("message.send", conv=conv, text="kept")["n"]
    equal(anna.call("message.list", conv=conv)["messages"][-1]["state"], "queued", "while it is stopped")
    anna.call("directory.go_on")
    until(lambda: anna.account()["online"], 30, "online again")
    anna.call("message.wait", conv=conv, n=n, state="sent", timeout_ms=20000)


main()
