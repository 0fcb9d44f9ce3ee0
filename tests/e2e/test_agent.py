# SPDX-License-Identifier: MPL-2.0
"""The agent as programs of the same machine meet it: its socket, its folder, and what it does with nonsense."""

import json
import os
import socket
import stat

from kith_e2e import LONG, Gone, RpcError, check, equal, main, test, until


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def fault(rpc, line):
    """The error that a line is answered with."""
    rpc.write(line + b"\n")
    answer = json.loads(rpc.read_line(10))
    check("error" in answer, "an answer to", line[:60], ":", answer)
    return answer


@test("folder, socket and every file are their owner's alone")
def _(world):
    device = world.device("anna").start()

    equal(mode(device.data), 0o700, "folder")
    check(stat.S_ISSOCK(os.stat(device.socket).st_mode), "no socket")
    for name in os.listdir(device.data):
        equal(mode(os.path.join(device.data, name)), 0o600, name)


@test("a second agent on one folder is refused, and the first goes on")
def _(world):
    device = world.device("anna").start()
    second = world.device("anna")
    second.name = "second"

    try:
        second.start()
    except AssertionError as error:
        check("exists" in str(error), error)
    else:
        check(False, "both run")

    equal(second.process.end(), 3, "exit status")
    equal(device.call("hello", schema=1)["pid"], device.process.pid)


@test("two commands that start the agent at once end up with one agent")
def _(world):
    device = world.device("anna")
    commands = [device.command("people", "--json") for _ in range(4)]

    codes = [command.end(20) for command in commands]

    equal(codes, [6] * 4, "exit statuses (6: no account yet)")
    device.call("agent.stop")


@test("an agent that was stopped can be started again at once")
def _(world):
    device = world.device("anna")

    for _ in range(20):
        equal(device.kith("people").code, 6, "exit status (6: no account yet)")
        equal(device.kith("daemon", "stop").code, 0, "stopping")

    equal(device.kith("daemon", "stop").code, 1, "stopping what does not run")


@test("after a kill the socket is taken over, and what was there is there")
def _(world):
    device = world.device("anna").start()
    device.kill()
    check(os.path.exists(device.socket), "a killed agent leaves its socket")

    device.start()

    equal(device.account()["state"], "none")
    equal(device.stop(), 0, "exit status of SIGTERM")
    check(not os.path.exists(device.socket), "the socket is still there after an end in order")


@test("each kind of nonsense has its error, and the connection goes on")
def _(world):
    rpc = world.device("anna").start().rpc()

    for line in (b"", b"{", b"\xff\xfe", b"nonsense", b'{"jsonrpc":"2.0","id":1,"method":"hello"', b"[" * 5000):
        answer = fault(rpc, line)
        equal((answer["error"]["code"], answer["id"]), (-32700, None), line[:20])
    for line in (b"1", b'"text"', b"[]", b'[{"jsonrpc":"2.0","id":1,"method":"hello"}]', b"{}",
                 b'{"jsonrpc":"1.0","id":1,"method":"hello"}', b'{"jsonrpc":"2.0","id":1}',
                 b'{"jsonrpc":"2.0","id":{},"method":"hello"}', b'{"jsonrpc":"2.0","id":1,"method":7}'):  # fmt: skip
        equal(fault(rpc, line)["error"]["code"], -32600, line)
    for name in ("nothing", "", "hello ", "HELLO", "account", "x" * 100000):
        line = json.dumps({"jsonrpc": "2.0", "id": 7, "method": name}).encode()
        answer = fault(rpc, line)
        equal((answer["error"]["code"], answer["id"]), (-32601, 7), name[:20])

    equal(rpc.call("hello", schema=1)["schema"], 1)


@test("a wrong parameter is named")
def _(world):
    device = world.device("anna").start()
    conv = "0" * 64

    for method, params, field in (
        ("hello", {}, "schema"),
        ("hello", {"schema": 1, "more": 2}, "more"),
        ("hello", {"schema": "1"}, "schema"),
        ("chat.get", {"conv": "0" * 63}, "conv"),
        ("chat.get", {"conv": "G" * 64}, "conv"),
        ("message.send", {"conv": conv, "text": ""}, "text"),
        ("message.send", {"conv": conv, "text": "x" * 65537}, "text"),
        ("message.send", {"conv": conv, "text": "x", "once": "o" * 65}, "once"),
        ("message.wait", {"conv": conv, "n": -1, "state": "sent"}, "n"),
        ("message.wait", {"conv": conv, "n": 1, "state": "gone"}, "state"),
        ("message.list", {"conv": conv, "limit": 501}, "limit"),
        ("group.create", {"title": "t", "accounts": []}, "accounts"),
        ("account.join", {"link": "x" * 1025}, "link"),
    ):
        try:
            device.call(method, **params)
        except RpcError as error:
            equal((error.code, error.data.get("field")), (-32602, field), f"{method} {str(params)[:80]}")
        else:
            check(False, method, str(params)[:80], "was taken")


@test("without an account every question about one is answered so")
def _(world):
    device = world.device("anna").start()

    for method, params in (
        ("invite.create", {}), ("chat.list", {}), ("person.list", {}), ("device.list", {}),
        ("chat.find", {"who": "rose"}), ("pair.offer", {}),
        ("message.send", {"conv": "0" * 64, "text": "x"}),
    ):  # fmt: skip
        try:
            device.call(method, **params)
        except RpcError as error:
            equal(error.kind, "no_account", method)
        else:
            check(False, method, "was answered")


@test("a line that never ends is cut off, and no other face notices")
def _(world):
    device = world.device("anna").start()
    greedy = device.new_rpc()

    try:
        for _ in range(64):
            greedy.write(b"x" * 65536)
        while greedy.read_line(10) is not None:
            pass
        check(False, "the connection is still open after 4 MiB without an end of line")
    except Gone:
        pass

    equal(device.call("hello", schema=1)["pid"], device.process.pid)


@test("a flood of requests is answered once each, also to a face that reads nothing for long")
def _(world):
    device = world.device("anna").start()
    count = 20000 if LONG else 5000
    flood = device.new_rpc()
    lines = b"".join(
        json.dumps({"jsonrpc": "2.0", "id": i, "method": "account.get"}).encode() + b"\n" for i in range(count)
    )
    flood.socket.setblocking(False)

    # Written until the agent reads no more, and then, piece by piece, while it is read.
    answers = []
    while len(answers) < count:
        try:
            lines = lines[flood.socket.send(lines):] if lines else lines
            continue_writing = bool(lines)
        except BlockingIOError:
            continue_writing = False
        if not continue_writing:
            equal(device.call("account.get")["state"], "none", "another face meanwhile")
            line = flood.read_line(10)
            while line is not None:
                answers.append(json.loads(line)["id"])
                line = flood.read_line(0)
            flood.socket.setblocking(False)

    equal(sorted(answers), list(range(count)), "answers")


@test("faces that come and go by the hundred leave nothing behind")
def _(world):
    device = world.device("anna").start()
    folder = f"/proc/{device.process.pid}/fd"
    rpc = device.rpc()
    rpc.call("account.get")

    def descriptors():
        rpc.call("account.get")
        return len(os.listdir(folder)) if os.access(folder, os.R_OK) else 0

    before = descriptors()
    for round_ in range(300):
        face = device.new_rpc()
        if round_ % 3 == 0:
            face.ask("pair.wait" if round_ % 2 else "account.get")
        elif round_ % 3 == 1:
            face.write(b'{"jsonrpc":"2.0",')
        face.close()

    until(lambda: descriptors() <= before, 10, f"{before} descriptors again, now {descriptors()}")


@test("more faces than the agent serves are turned away without harm to the others")
def _(world):
    device = world.device("anna").start()
    rpc = device.rpc()
    rpc.call("account.get")
    many = []

    for _ in range(100):
        face = socket.socket(socket.AF_UNIX)
        face.connect(device.socket)
        many.append(face)
    equal(rpc.call("account.get")["state"], "none")
    for face in many:
        face.close()

    until(lambda: device.new_rpc().call("account.get"), 5, "a new face is served again")


@test("after a new connection, replay gives each event once and in order")
def _(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    face = anna.rpc()
    start = face.subscribe()
    at_bert = world.meet(anna, bert)
    count = 60

    seen = []
    for i in range(count):
        bert.send(at_bert, f"text {i}")
        if i % 20 == 10:
            event = face.next_event(10)
            while event is not None:
                if "seq" in event:
                    seen.append(event["seq"])
                event = face.next_event(0)
            face.close()
            if i % 40 == 10:
                anna.kill()
                anna.start()
            face = anna.new_rpc()
            face.subscribe(after=seen[-1])
    anna.await_text("Bert", f"text {count - 1}")
    last = anna.new_rpc().subscribe()
    while seen[-1] < last:
        event = face.next_event(10)
        check(event is not None, "events end at", seen[-1], "of", last)
        if "seq" in event:
            seen.append(event["seq"])
    whole = anna.new_rpc()
    whole.subscribe(after=0)
    texts = []
    for _ in range(last):
        event = whole.next_event(10)
        if event["kind"] == "message" and event.get("message", {}).get("text", "").startswith("text "):
            texts.append(event["message"]["text"])

    equal(seen, list(range(start + 1, last + 1)), "seq of the events")
    equal(list(dict.fromkeys(texts)), [f"text {i}" for i in range(count)], "texts in the replay from the start")


main()
