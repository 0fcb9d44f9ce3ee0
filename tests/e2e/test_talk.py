# SPDX-License-Identifier: MPL-2.0
"""People who talk, through the command line."""

import json
import re

from kith_e2e import LINK, check, equal, main, test, until

CODE = re.compile(r"^\d+-\d+@127\.0\.0\.1:\d+$", re.MULTILINE)


def link_by_hand(world, old, name):
    """A second device, as a person does it: `kith link` there, `kith link CODE` here."""
    new = world.device(name)
    offering = old.command("link", "--yes")
    code = until(lambda: CODE.search(offering.log()), 15, "a code").group(0)
    new.ok("link", code, "--name", name, seconds=60)
    equal(offering.end(), 0, f"link on {old.name}: {offering.log()}")
    return new


def two_people(world):
    """Anna and Bert, who met by a link, each with a first device."""
    server = world.server().start()
    anna = world.device("anna")
    bert = world.device("bert")
    anna.ok("new", server.link, "--name", "Anna")
    link = LINK.search(anna.ok("invite")).group(0)
    bert.ok("join", link, "--name", "Bert", "hello", "Anna")
    anna.await_text("Bert", "hello Anna")
    return server, anna, bert


def await_all(devices, who, text):
    for device, name in zip(devices, who):
        device.await_text(name, text)


@test("two people with two devices each: everything is on all four, and all four are counted")
def _(world):
    _, anna, bert = two_people(world)
    anna2 = link_by_hand(world, anna, "anna2")
    bert2 = link_by_hand(world, bert, "bert2")
    four = [anna, anna2, bert, bert2]
    names = ["Bert", "Bert", "Anna", "Anna"]
    for device, name in zip(four, names):
        device.await_readers(device.await_text(name, "hello Anna"), {"Anna": 2, "Bert": 2})

    for i, device in enumerate(four):
        device.ok("send", names[i], f"from {device.name}")
        await_all(four, names, f"from {device.name}")

    texts = [[m["text"] for m in device.json("read", names[i]) if m["kind"] == "text"] for i, device in enumerate(four)]
    for i, device in enumerate(four):
        equal(sorted(texts[i]), sorted(["hello Anna"] + [f"from {d.name}" for d in four]), device.name)
        equal(len(device.json("devices")["devices"]), 2, f"devices on {device.name}")
    equal(anna.ok("who", "Bert"),
          "Who can read this chat: You \u2013 2 devices, Bert \u2013 2 devices, nobody else\n")  # fmt: skip
    check("from bert2" in anna2.ok("read", "bert"), "names are found whatever their case")


def newest_text(device, conv):
    """The line about a new device may come before or after what is said."""
    return [m for m in device.messages(conv) if m["kind"] == "text"][-1]


@test("a message is delivered, then read; what was read on one device is read on the other")
def _(world):
    _, anna, bert = two_people(world)
    bert2 = link_by_hand(world, bert, "bert2")
    bert2.await_readers(bert2.await_text("Anna", "hello Anna"), {"Anna": 1, "Bert": 2})

    anna.ok("send", "Bert", "are you there?", "--wait", "delivered")
    conv = anna.chat("Bert")
    equal(newest_text(anna, conv)["state"], "delivered", "before it is read")
    bert.await_text("Anna", "are you there?")
    check("are you there?" in bert.ok("read", "Anna"), "not shown")
    anna.await_state(conv, newest_text(anna, conv)["n"], "read")

    check("(read)" in anna.ok("read", "Bert"), "not shown as read")
    equal(bert.ok("read"), "", "new messages on the device where it was read")
    bert2.await_text("Anna", "are you there?")
    until(lambda: bert2.call("chat.get", conv=conv)["unread"] == 0, 10, "read on the other device, too")


@test("keeping unread tells nobody")
def _(world):
    _, anna, bert = two_people(world)
    anna.ok("send", "Bert", "a secret look", "--wait", "delivered")

    check("a secret look" in bert.ok("read", "Anna", "--keep-unread"), "not shown")
    anna.ok("send", "Bert", "and another", "--wait", "delivered")

    equal([m["state"] for m in anna.messages(anna.chat("Bert"))][-2:], ["delivered"] * 2, "states")


@test("a group: made, talked in, grown, shrunk and left")
def _(world):
    server, anna, bert = two_people(world)
    carl = world.device("carl")
    carl.ok("join", LINK.search(anna.ok("invite")).group(0), "--name", "Carl", "I am Carl")
    anna.await_text("Carl", "I am Carl")

    anna.ok("group", "new", "Choir", "Bert")
    anna.ok("send", "Choir", "first")
    bert.await_text("Choir", "first")
    anna.ok("group", "add", "Choir", "Carl")
    anna.ok("send", "Choir", "second")
    carl.await_text("Choir", "second")
    bert.await_text("Choir", "second")
    equal(carl.texts(carl.chat("Choir")), ["second"], "what Carl has of the time before him")
    bert.ok("send", "Choir", "third")
    carl.await_text("Choir", "third")

    anna.ok("group", "remove", "Choir", "Carl")
    bert.ok("send", "Choir", "fourth")
    anna.await_text("Choir", "fourth")
    until(lambda: carl.call("chat.get", conv=carl.chat("Choir"))["state"] == "left", 15, "Carl knows he is out")
    equal(carl.texts(carl.chat("Choir")), ["second", "third"], "what Carl has")
    equal(carl.kith("send", "Choir", "let me in").code, 4, "sending after being removed")

    bert.ok("group", "leave", "Choir")
    anna.await_readers(anna.chat("Choir"), {"Anna": 1})
    check("left" in anna.ok("read", "Choir"), "who left is shown")
    check(server.process.is_running())


@test("a device that is taken off reads nothing new, and sends nothing")
def _(world):
    _, anna, bert = two_people(world)
    anna2 = link_by_hand(world, anna, "anna2")
    conv = anna2.await_text("Bert", "hello Anna")
    bert.await_readers(bert.chat("Anna"), {"Anna": 2, "Bert": 1})
    lost = next(d["device"] for d in anna.json("devices")["devices"] if d["name"] == "anna2")

    anna.ok("devices", "remove", lost[:8])
    bert.await_readers(bert.chat("Anna"), {"Anna": 1, "Bert": 1})
    bert.ok("send", "Anna", "only for one device")
    anna.await_text("Bert", "only for one device")
    until(lambda: anna2.account()["state"] == "removed", 15, "the lost device knows")

    equal(anna2.texts(conv).count("only for one device"), 0, "on the lost device")
    check(anna2.kith("send", "Bert", "hello?").code != 0, "the lost device sends")


@test("text from stdin, long text and text of many scripts arrive as they were")
def _(world):
    _, anna, bert = two_people(world)
    texts = ["-- begins with dashes", "\u0645\u0631\u062d\u0628\u0627 \u4f60\u597d \U0001f9d1\u200d\U0001f680",
             "two\nlines", "x" * 65536]  # fmt: skip

    for text in texts:
        anna.ok("send", "Bert", "-", text=text)
    bert.await_text("Anna", texts[-1])

    equal(bert.texts(bert.chat("Anna"))[1:], texts, "texts")
    equal(anna.kith("send", "Bert", "-", text="x" * 65537).code, 2, "one byte too many")
    equal(anna.kith("send", "Bert", "-", text="").code, 2, "nothing to say")


@test("what others write cannot move the cursor")
def _(world):
    _, anna, bert = two_people(world)
    hostile = "\x1b[2J\x1b]0;title\x07red\x9b31m\u202egnp.exe\rover\x00"[:-1]
    conv = bert.chat("Anna")
    bert.send(conv, hostile)
    anna.await_text(conv, hostile)
    equal(bert.kith("name", "Be\x1b[1mrt").code, 2, "a name that moves the cursor")

    for out in (anna.ok("read", conv), anna.ok("chats"), anna.ok("people"), anna.ok("who", conv)):
        shown = [c for c in out if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
        equal(shown, [], f"control characters in {out!r}")
    check(hostile in [m["text"] for m in anna.json("read", conv)], "--json has the very text")


@test("--json of every verb is JSON, on stdout alone")
def _(world):
    _, anna, _ = two_people(world)

    for arguments in (("chats",), ("people",), ("devices",), ("who", "Bert"), ("invite",), ("doctor",), ("read",),
                      ("read", "Bert"), ("send", "Bert", "text"), ("group", "new", "Choir", "Bert"),
                      ("name", "Anna B")):  # fmt: skip
        done = anna.kith(*arguments, "--json")
        equal((done.code, done.err), (0, ""), f"kith {' '.join(arguments)} --json")
        for line in done.out.splitlines():
            check(isinstance(json.loads(line), dict), line)
    failed = anna.kith("who", "Nobody", "--json")
    equal((failed.out, json.loads(failed.err)["error"]), ("", "not_found"), "a failure")


@test("exit statuses say what went wrong")
def _(world):
    server, anna, bert = two_people(world)
    nobody = world.device("nobody")

    for arguments, code in (
        (("nonsense",), 2), (("send",), 2), (("send", "Bert", "x", "--nonsense"), 2), (("read", "--last"), 2),
        (("send", "Nobody", "x"), 3), (("who", "Nobody"), 3), (("devices", "remove", "ffffffff"), 3),
        (("join", "kith:nonsense"), 2), (("new", server.link), 4), (("link", "nonsense"), 2),
        (("help",), 0), (("--help",), 0), (("--version",), 0), (("send", "--help"), 0),
    ):  # fmt: skip
        done = anna.kith(*arguments)
        equal(done.code, code, f"kith {' '.join(arguments)}: {done.out}{done.err}")
        check(code == 0 or (done.out == "" and done.err != ""), "the reason is on stderr:", arguments, done)
    for arguments in (("chats",), ("send", "Anna", "x"), ("invite",)):
        equal(nobody.kith(*arguments).code, 6, f"{arguments} without an account")

    server.stop()
    until(lambda: not anna.account()["online"], 10, "the agent knows")
    offline = anna.kith("send", "Bert", "later")
    equal(offline.code, 0, f"sending without a connection: {offline.err}")
    check(offline.err != "", "nothing says that it was kept")
    equal(anna.kith("group", "new", "Choir", "Bert").code, 0, "a group without a connection")
    equal(nobody.kith("new", server.link, "--name", "N", seconds=60).code, 5, "joining without a connection")

    server.start()
    bert.await_text("Anna", "later", seconds=30)
    until(lambda: bert.chat("Choir"), 30, "the group that was made offline")


@test("the same --once again sends nothing again")
def _(world):
    _, anna, bert = two_people(world)

    first = anna.json("send", "Bert", "only one", "--once", "job-7")
    again = anna.json("send", "Bert", "only one", "--once", "job-7")
    anna.ok("send", "Bert", "end")
    bert.await_text("Anna", "end")

    equal((again["n"], again["id"]), (first["n"], first["id"]), "answer")
    equal(bert.texts(bert.chat("Anna")).count("only one"), 1, "how often it came")


@test("two who write first to each other at once end up in one conversation each way")
def _(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    of_anna = anna.call("invite.create")["link"]
    of_bert = bert.call("invite.create")["link"]

    asked = [(anna, anna.rpc().ask("account.join", link=of_bert, text="Anna first")),
             (bert, bert.rpc().ask("account.join", link=of_anna, text="Bert first"))]  # fmt: skip
    for device, number in asked:
        device.rpc().answer(number, "account.join")

    def texts(device):
        chats = device.call("chat.list")["chats"]
        return sorted(text for chat in chats for text in device.texts(chat["conv"]))

    for device in (anna, bert):
        until(lambda d=device: texts(d) == ["Anna first", "Bert first"], 20, f"both texts: {texts(device)}")


main()
