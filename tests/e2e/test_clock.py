# SPDX-License-Identifier: MPL-2.0
"""A machine whose date is wrong by a year."""

import os
import time

from kith_e2e import Skipped, check, clean_environment, equal, main, test, until

YEAR = 366 * 86400


def shifted(seconds):
    shim = os.environ.get("KITH_E2E_SHIM", "")
    if not os.path.exists(shim):
        raise Skipped("$KITH_E2E_SHIM is no file")
    options = os.environ.get("ASAN_OPTIONS", "")
    return {
        "LD_PRELOAD": shim,
        "KITH_E2E_SHIFT": str(seconds),
        "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".strip(":"),
    }


def talk(one, other, conv, name, other_name, tag):
    """A text each way, delivered and read."""
    n = one.send(conv, f"{tag} there")["n"]
    other.await_text(name, f"{tag} there")
    other.call("message.read", conv=conv, n=other.messages(conv)[-1]["n"])
    one.await_state(conv, n, "read")
    other.send(conv, f"{tag} back")
    one.await_text(other_name, f"{tag} back")


def check_wrong_device(world, shift):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    wrong = world.device("wrong")
    wrong.env = shifted(shift)

    # It joins, is written to, invites, has its list asked for by others, links and is linked.
    wrong.start()
    link = anna.call("invite.create")["link"]
    conv = wrong.call("account.join", link=link, name="Bert", text="hello")["conv"]
    anna.await_text("Bert", "hello")
    talk(anna, wrong, conv, "Anna", "Bert", "one")
    carl = world.person("Carl", wrong.call("invite.create")["link"])
    group = anna.call("group.create", title="Choir", accounts=[anna.call("chat.get", conv=conv)["peer"]])["conv"]
    anna.send(group, "la la")
    wrong.await_text("Choir", "la la")
    check(carl.chat("Bert"), "Carl has no conversation with his inviter")
    second = world.link(wrong, "second")
    until(lambda: second.chat(conv), 20, "the conversation on the second device")
    anna.await_readers(conv, {"Anna": 1, "Bert": 2})

    # Its date is put right, in the middle of it all, and wrong again.
    wrong.kill()
    wrong.env = {}
    wrong.start()
    talk(anna, wrong, conv, "Anna", "Bert", "two")
    wrong.kill()
    wrong.env = shifted(shift)
    wrong.start()
    talk(anna, wrong, conv, "Anna", "Bert", "three")
    second.await_text("Anna", "three there")

    texts = [t for t in wrong.texts(conv) if t != "hello"]
    equal(texts, [f"{tag} {way}" for tag in ("one", "two", "three") for way in ("there", "back")], "order")
    for arguments in (("read", "Anna"), ("chats",), ("doctor",)):
        check(wrong.kith(*arguments).code in (0, 1), arguments)


@test("a device that is a year ahead joins, talks, invites and links as any other")
def _(world):
    check_wrong_device(world, YEAR)


@test("a device that is a year behind joins, talks, invites and links as any other")
def _(world):
    check_wrong_device(world, -YEAR)


@test("a server that is a year off serves devices whose dates are right")
def _(world):
    for name, shift in (("ahead", YEAR), ("behind", -YEAR)):
        server = world.server(name)
        env = clean_environment(world.folder, **shifted(shift))
        server.start(env=env)
        anna = world.person(f"Anna {name}", server.link)
        bert = world.person(f"Bert {name}", server.link)
        conv = world.meet(anna, bert)
        talk(anna, bert, conv, f"Anna {name}", f"Bert {name}", "one")
        server.kill()
        server.start(env=env)
        talk(anna, bert, conv, f"Anna {name}", f"Bert {name}", "two")
        now = time.time() * 1000
        for message in bert.messages(conv):
            check(abs(message["time_ms"] - now) < 600000, "not the time when it came:", message)


main()
