# SPDX-License-Identifier: MPL-2.0
"""kill -9 of agents and server at any moment: what was acknowledged is there, once, in order."""

import random
import threading
import time

from kith_e2e import LONG, Gone, RpcError, check, equal, main, note, test, until

SEED = random.randrange(1 << 32)


class Sender(threading.Thread):
    """Sends numbered texts from one device, each again and again under one `once` until the agent says it is kept."""

    def __init__(self, device, conv, seed):
        super().__init__(daemon=True)
        self.device = device
        self.conv = conv
        self.random = random.Random(seed)
        self.is_over = threading.Event()
        self.kept = []
        self.trouble = None
        self.repeats = 0
        self.is_asking = threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                first = len(self.kept)
                self._send([f"{self.device.name} {first + i}" for i in range(self.random.randint(1, 8))])
                time.sleep(self.random.uniform(0, 0.05))
        except Exception as error:  # told by the test
            self.trouble = error

    def _send(self, texts):
        """All of them at once, so that a kill meets requests that were read and not answered."""
        is_kept = False
        while not is_kept:
            try:
                face = self.device.new_rpc()
            except OSError:
                time.sleep(0.02)
                continue
            try:
                self.is_asking.set()
                asked = [face.ask("message.send", conv=self.conv, text=text, once=text) for text in texts]
                for number in asked:
                    face.answer(number, "message.send")
                is_kept = True
            except Gone:
                self.repeats += 1
            except RpcError as error:
                if error.kind not in ("store", "busy"):
                    raise
                time.sleep(0.05)
            finally:
                self.is_asking.clear()
                face.close()
        self.kept += texts


def four_devices(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    conv = world.meet(anna, bert)
    four = [anna, world.link(anna, "anna2"), bert, world.link(bert, "bert2")]
    for device in four:
        until(lambda d=device: d.chat(conv), 20, f"the conversation on {device.name}")
        device.await_readers(conv, {"Anna": 2, "Bert": 2})
    return server, four, conv


def kill_some(rng, server, devices, senders, rounds):
    """Kills one of them at a random moment, `rounds` times; sometimes two at once. Half of the moments are just after
    somebody has asked for something."""
    for _ in range(rounds):
        time.sleep(rng.expovariate(1 / 0.15))
        if rng.random() < 0.5:
            rng.choice(senders).is_asking.wait(0.5)
            time.sleep(rng.uniform(0, 0.003))
        victims = rng.sample([server, *devices], 2 if rng.random() < 0.2 else 1)
        for victim in victims:
            victim.kill()
        time.sleep(rng.choice([0, 0, 0.02, 0.3]))
        for victim in victims:
            victim.start()


def check_all(devices, conv, senders):
    kept = [text for sender in senders for text in sender.kept]
    for device in devices:

        def missing(device=device):
            there = set(device.texts(conv))
            return [text for text in kept if text not in there]

        until(lambda missing=missing: not missing(), 60, f"{len(kept)} texts on {device.name}")
        texts = [text for text in device.texts(conv) if text != "hello"]
        for sender in senders:
            own = [text for text in texts if text.startswith(sender.device.name + " ")]
            equal(own, sender.kept, f"what {sender.device.name} said, on {device.name}")
        equal(len(texts), len(kept), f"texts on {device.name}")


@test("agents and server are killed while everybody writes: nothing lost, nothing twice, all in order")
def _(world):
    server, devices, conv = four_devices(world)
    rng = random.Random(SEED)
    note("seed", SEED)
    senders = [Sender(device, conv, rng.random()) for device in devices]

    for sender in senders:
        sender.start()
    kill_some(rng, server, devices, senders, 400 if LONG else 30)
    for sender in senders:
        sender.is_over.set()
    for sender in senders:
        sender.join(60)
        check(sender.trouble is None and not sender.is_alive(), sender.device.name, repr(sender.trouble))

    check_all(devices, conv, senders)
    note(sum(len(s.kept) for s in senders), "texts,", sum(s.repeats for s in senders), "repeated after a kill")
    for device in devices:
        equal([m for m in device.messages(conv) if m["kind"] == "gap"], [], f"gaps on {device.name}")
        until(lambda d=device: d.account()["outbox"] == 0, 20, f"nothing waits on {device.name}")


@test("an agent that is killed while it makes its account ends up with one account")
def _(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    rng = random.Random(SEED)

    for i in range(30 if LONG else 6):
        link = anna.call("invite.create")["link"]
        guest = world.device(f"guest{i}").start()
        guest.rpc().ask("account.join", link=link, name=f"Guest {i}", text=f"I am {i}")
        time.sleep(rng.uniform(0, 0.12))
        guest.kill()
        guest.start()
        if guest.account()["state"] == "none":
            guest.call("account.join", link=link, name=f"Guest {i}", text=f"I am {i}")
        anna.await_text(f"Guest {i}", f"I am {i}", seconds=30)
        equal(guest.account()["state"], "ready")
        guest.stop()

    people = [person["name"] for person in anna.call("person.list")["people"]]
    equal(len(people), len(set(people)), f"people, each once: {people}")


@test("a device that is killed while it is linked is linked, or not at all, and the old one goes on")
def _(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    conv = world.meet(anna, bert)
    rng = random.Random(SEED)
    linked = 0

    for i in range(20 if LONG else 5):
        new = world.device(f"new{i}").start()
        code = anna.call("pair.offer")["code"]
        new.rpc().ask("pair.accept", code=code, device_name=f"new{i}")
        equal(anna.call("pair.wait")["state"], "asked")
        anna.call("pair.approve", yes=True)
        time.sleep(rng.uniform(0, 0.3))
        new.kill()
        try:
            equal(anna.call("pair.wait", seconds=60)["state"], "done")
        except RpcError as error:
            check(error.kind in ("offline", "not_found", "timeout", "rejected"), error)
        new.start()
        state = new.account()["state"]
        check(state in ("none", "ready", "linking"), state)
        if state == "ready":
            linked += 1
            until(lambda n=new: n.chat(conv), 20, f"the conversation on new{i}")
            new.send(conv, f"from new{i}")
            bert.await_text("Anna", f"from new{i}")
        new.stop()
    note(linked, "were linked")

    anna.send(conv, "still here")
    bert.await_text("Anna", "still here")


@test("a server that is killed while people join and are linked refuses nobody in the end")
def _(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    rng = random.Random(SEED)

    for i in range(20 if LONG else 4):
        link = anna.call("invite.create")["link"]
        guest = world.device(f"guest{i}").start()
        number = guest.rpc().ask("account.join", link=link, name=f"Guest {i}", text=f"I am {i}")
        time.sleep(rng.uniform(0, 0.1))
        server.kill()
        server.start()
        try:
            guest.rpc().answer(number, "account.join", 40)
        except RpcError as error:
            check(error.kind in ("offline", "timeout"), error)
        anna.await_text(f"Guest {i}", f"I am {i}", seconds=40)


main()
