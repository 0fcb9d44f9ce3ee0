# SPDX-License-Identifier: MPL-2.0
"""A server that lies. It is a real one whose file was changed while it did not run: devices pin its identity, so it is
the only one that can lie to them."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import struct
import subprocess

from kith_e2e import RpcError, Skipped, check, equal, main, test, until

# ---- Device lists [docs/wire.md §3] -------------------------------------------------------------


class Key:
    """An Ed25519 key of the liar's own."""

    def __init__(self, world, name):
        if shutil.which("openssl") is None:
            raise Skipped("no openssl")
        self.path = world.path(name)
        self._openssl("genpkey", "-algorithm", "ed25519", "-out", self.path)
        self.public = self._openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-32:]

    @staticmethod
    def _openssl(*arguments):
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout

    def sign(self, data):
        with open(self.path + ".data", "wb") as file:
            file.write(data)
        return self._openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", file.name)


def vec8(data):
    return bytes([len(data)]) + data


class List:
    """A signed device list, taken apart."""

    def __init__(self, data):
        self.head = data[:2]
        self.account = data[2:34]
        self.key = data[35 : 35 + data[34]]
        at = 35 + data[34]
        self.version, self.previous, self.issued = struct.unpack(">Q32sQ", data[at : at + 48])
        length = struct.unpack(">H", data[at + 48 : at + 50])[0]
        self.devices = self._devices(data[at + 50 : at + 50 + length])
        at += 50 + length
        self.signature = data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
        self.rotation = data[at + 1 :]
        equal(self.encode(), data, "the list, put together again")

    @staticmethod
    def _devices(data):
        devices = []
        while data:
            length = 16 + 1 + 1 + data[17] + 8
            devices.append(data[:length])
            data = data[length:]
        return devices

    def body(self):
        devices = b"".join(sorted(self.devices))
        return (self.head + self.account + vec8(self.key) + struct.pack(">Q32sQ", self.version, self.previous, self.issued)
                + struct.pack(">H", len(devices)) + devices)  # fmt: skip

    def encode(self):
        return self.body() + vec8(self.signature) + vec8(self.rotation)

    def sign(self, key):
        self.signature = key.sign(b"kith/1 device list" + self.body())


def device_of(key):
    return hashlib.sha256(key.public).digest()[:16] + b"\x01" + vec8(key.public) + struct.pack(">Q", 1)


def successor(data, ghost):
    """The list that would follow, with one more device."""
    forged = List(data)
    forged.previous = hashlib.sha256(data).digest()
    forged.version += 1
    forged.devices.append(device_of(ghost))
    forged.rotation = b""
    return forged


def signed_by_another(data, ghost):
    forged = successor(data, ghost)
    forged.sign(ghost)
    return forged.encode()


def signature_kept(data, ghost):
    return successor(data, ghost).encode()


def account_key_replaced(data, ghost):
    forged = successor(data, ghost)
    forged.key = ghost.public
    forged.sign(ghost)
    forged.rotation = ghost.sign(b"kith/1 device list" + forged.body())
    return forged.encode()


def version_skipped(data, ghost):
    forged = successor(data, ghost)
    forged.version += 1
    forged.sign(ghost)
    return forged.encode()


def truncated(data, _ghost):
    return data[:-1]


def garbage(_data, _ghost):
    return os.urandom(200)


FORGERIES = [signed_by_another, signature_kept, account_key_replaced, version_skipped, truncated, garbage]


@contextlib.contextmanager
def lying(server, kill=False):
    """The server's database, for a lie between two of its lives."""
    if kill:
        server.kill()
    else:
        server.stop()
    database = sqlite3.connect(server.database())
    with database:
        yield database
    database.close()
    server.start()


def account_row(database, account):
    return database.execute("SELECT row, version FROM account WHERE id=?", [bytes.fromhex(account)]).fetchone()


def put_list(database, account, body, ghost):
    """The lie itself: one more list, which is logged for good when the server starts, and a ghost whose inbox is open and
    who has packages to give."""
    row, version = account_row(database, account)
    database.execute("UPDATE kt_head SET is_complete=0")
    database.execute("INSERT INTO list(account, version, body) VALUES(?, ?, ?)", [row, version + 1, body])
    database.execute("UPDATE account SET version=? WHERE row=?", [version + 1, row])
    database.execute(
        "INSERT INTO device(account, id, is_listed, next_item, items, bytes) VALUES(?, ?, 1, 1, 0, 0)",
        [row, device_of(ghost)[:16]],
    )
    database.execute(
        "INSERT INTO last_resort(device, body) SELECT g.row, l.body FROM device g, device d, last_resort l"
        " WHERE g.id=? AND d.account=? AND l.device=d.row LIMIT 1", [device_of(ghost)[:16], row],
    )  # fmt: skip


def newest_list(database, account):
    row, version = account_row(database, account)
    return database.execute("SELECT body FROM list WHERE account=? AND version=?", [row, version]).fetchone()[0]


def items_of(database, device_id):
    return database.execute(
        "SELECT count(*) FROM item JOIN device ON device.row=item.device WHERE device.id=?", [device_id]
    ).fetchone()[0]


def mls_vector(data):
    """With its length in front [RFC9420 §2.1.2]."""
    return (bytes([len(data)]) if len(data) < 64 else struct.pack(">H", 0x4000 | len(data))) + data


def package_ref(message):
    """KeyPackageRef [RFC9420 §5.2] of a key package in an MLSMessage, under the default suite, whose hash is SHA-384."""
    return hashlib.sha384(mls_vector(b"MLS 1.0 KeyPackage Reference") + mls_vector(message[4:])).digest()


def wait_until_online(*devices):
    for device in devices:
        until(lambda d=device: d.account()["online"], 30, f"{device.name} online again")


def wait_until_stocked(server, device_id):
    """Key packages come a little later than the account."""

    def has_packages():
        with contextlib.closing(sqlite3.connect(server.database(), timeout=10)) as database:
            return database.execute(
                "SELECT count(*) FROM package JOIN device ON device.row=package.device"
                " WHERE device.id=? AND taken_ms IS NULL", [device_id],
            ).fetchone()[0] > 0  # fmt: skip

    until(has_packages, 20, "key packages on the server")


def two_people(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    return server, anna, bert, world.meet(anna, bert)


@test("a forged device list that is in the log is refused whatever is false about it: an alarm, and nothing for the ghost")
def _(world):
    server, anna, _, _ = two_people(world)
    anna.rpc().subscribe()

    for i, forge in enumerate(FORGERIES):
        ghost = Key(world, f"ghost{i}")
        carl = world.person(f"Carl{i}", server.link)
        conv = world.meet(anna, carl)
        of_carl = carl.account()["account"]
        with lying(server) as database:
            put_list(database, of_carl, forge(newest_list(database, of_carl), ghost), ghost)
        wait_until_online(anna)
        group = anna.call("group.create", title=f"Choir {i}", accounts=[of_carl])["conv"]
        anna.send(group, f"not for ghosts {i}")
        event = anna.rpc().await_event(lambda e: e["kind"] == "alarm", 20, f"alarm for {forge.__name__}")
        equal((event["what"], event.get("account")), ("list", of_carl), forge.__name__)
        anna.send(conv, f"among us {i}")
        carl.await_text("Anna", f"among us {i}", seconds=30)
        for reader in anna.call("chat.readers", conv=group)["readers"]:
            check(reader["devices"] == 1, forge.__name__, "readers:", reader)
        equal({r["name"]: r["devices"] for r in anna.call("chat.readers", conv=conv)["readers"]},
              {"Anna": 1, f"Carl{i}": 1}, "readers of the old chat")  # fmt: skip
        with lying(server) as database:
            equal(items_of(database, device_of(ghost)[:16]), 0, f"what the ghost was sent: {forge.__name__}")
        wait_until_online(anna)


@test("a forged list of one's own account is refused, too, and the talk goes on")
def _(world):
    server, anna, bert, conv = two_people(world)
    ghost = Key(world, "ghost")
    of_anna = anna.account()["account"]
    anna.rpc().subscribe()

    with lying(server) as database:
        put_list(database, of_anna, signed_by_another(newest_list(database, of_anna), ghost), ghost)
    anna.rpc().await_event(lambda e: e["kind"] == "alarm" and e["what"] == "list", 20, "alarm")
    anna.send(conv, "still only us")
    bert.await_text("Anna", "still only us")
    equal([d["is_this"] for d in anna.call("device.list")["devices"]], [True], "own devices")

    with lying(server) as database:
        equal(items_of(database, device_of(ghost)[:16]), 0, "what the ghost was sent")


@test("who joins by an invite refuses an inviter whose list is forged")
def _(world):
    server, anna, _, _ = two_people(world)
    ghost = Key(world, "ghost")
    of_anna = anna.account()["account"]
    link = anna.call("invite.create")["link"]

    with lying(server) as database:
        put_list(database, of_anna, signed_by_another(newest_list(database, of_anna), ghost), ghost)
    carl = world.device("carl").start()
    carl.rpc().subscribe()
    joining = carl.rpc().ask("account.join", link=link, name="Carl", text="for Anna alone")
    carl.rpc().await_event(lambda e: e["kind"] == "alarm" and e["what"] == "list", 20, "alarm")
    with contextlib.suppress(RpcError):
        carl.rpc().answer(joining, "account.join", 40)

    with lying(server) as database:
        equal(items_of(database, device_of(ghost)[:16]), 0, "what the ghost was sent")


@test("packages of another device in a person's place bring nobody into a conversation")
def _(world):
    server, anna, bert, conv = two_people(world)
    eve = world.person("Eve", server.link)
    of_bert, of_eve = (bytes.fromhex(d.account()["device"]) for d in (bert, eve))

    wait_until_stocked(server, of_eve)
    with lying(server) as database:
        packages = "SELECT body FROM {} WHERE device=(SELECT row FROM device WHERE id=?) AND body IS NOT NULL"
        refs = [package_ref(body) for table in ("package", "last_resort")
                for (body,) in database.execute(packages.format(table), [of_eve])]  # fmt: skip
        row = {name: database.execute("SELECT row FROM device WHERE id=?", [name]).fetchone()[0] for name in (of_bert, of_eve)}
        database.execute("DELETE FROM package WHERE device=?", [row[of_bert]])
        database.execute("UPDATE package SET device=? WHERE device=?", [row[of_bert], row[of_eve]])
        database.execute("DELETE FROM last_resort WHERE device=?", [row[of_bert]])
        database.execute("UPDATE last_resort SET device=? WHERE device=?", [row[of_bert], row[of_eve]])
    wait_until_online(anna, bert, eve)
    group = anna.call("group.create", title="Choir", accounts=[bert.account()["account"]])["conv"]
    anna.send(group, "not for Eve")
    anna.send(conv, "among us")
    bert.await_text("Anna", "among us")

    readers = {r["name"] for r in anna.call("chat.readers", conv=group)["readers"]}
    check("Eve" not in readers, "readers", readers)
    equal(eve.call("chat.list")["chats"], [], "what Eve has")
    with lying(server) as database:
        # Bert, who finds few packages on the server, may have put real ones there: a Welcome to one of those is right.
        welcomes = [body for (body,) in database.execute("SELECT body FROM item")]
        check(len(refs) > 1, "Eve had packages", refs)
        equal([ref for ref in refs if any(ref in body for body in welcomes)], [], "Welcomes to packages of Eve's")


# ---- Conversation logs --------------------------------------------------------------------------


def entries(database, kind=0):
    return database.execute("SELECT row, seq, body FROM entry WHERE kind=? ORDER BY seq", [kind]).fetchall()


def absent_bert(world, count):
    """Bert is away while Anna says something; the server, where the entries wait, is to lie about them."""
    server, anna, bert, conv = two_people(world)
    bert.send(conv, "I am off")
    anna.await_text("Bert", "I am off")
    until(lambda: bert.account()["outbox"] == 0 and anna.account()["outbox"] == 0, 10, "quiet")
    bert.stop()
    for i in range(count):
        n = anna.send(conv, f"said {i}")["n"]
    anna.await_state(conv, n, "sent")
    return server, anna, bert, conv


def said(device, conv):
    return [text for text in device.texts(conv) if text.startswith("said")]


def comes_back(server, anna, bert, conv):
    bert.start()
    wait_until_online(anna, bert)
    anna.send(conv, "still there?")
    bert.await_text("Anna", "still there?", seconds=40)
    bert.send(conv, "yes")
    anna.await_text("Bert", "yes", seconds=40)


@test("a message that the server withholds is noticed, and the talk goes on")
def _(world):
    server, anna, bert, conv = absent_bert(world, 5)

    with lying(server) as database:
        row, _, _ = entries(database)[-3]
        database.execute("DELETE FROM entry WHERE row=?", [row])
    comes_back(server, anna, bert, conv)

    def noticed():
        have = said(bert, conv)
        return len(have) == 5 or any(m["kind"] == "gap" for m in bert.messages(conv))

    until(noticed, 20, f"a gap, or the message from a peer: {said(bert, conv)}")


@test("a message that the server alters is not shown, and the talk goes on")
def _(world):
    server, anna, bert, conv = absent_bert(world, 5)

    with lying(server) as database:
        row, _, body = entries(database)[-3]
        altered = bytearray(body)
        altered[-20] ^= 1
        database.execute("UPDATE entry SET body=? WHERE row=?", [bytes(altered), row])
    comes_back(server, anna, bert, conv)

    wanted = {f"said {i}" for i in range(5)}
    check(set(said(bert, conv)) <= wanted, said(bert, conv))
    check(len(said(bert, conv)) >= 4, said(bert, conv))


@test("a message that the server repeats is shown once")
def _(world):
    server, anna, bert, conv = absent_bert(world, 5)

    with lying(server) as database:
        rows = entries(database)
        database.execute("UPDATE entry SET body=? WHERE row=?", [rows[-4][2], rows[-1][0]])
        database.execute("UPDATE entry SET body=? WHERE row=?", [rows[-4][2], rows[-2][0]])
    comes_back(server, anna, bert, conv)

    texts = said(bert, conv)
    equal(len(texts), len(set(texts)), f"each once: {texts}")
    check(texts[:2] == ["said 0", "said 1"], texts)


@test("messages that the server puts into another order are shown once each")
def _(world):
    server, anna, bert, conv = absent_bert(world, 6)

    with lying(server) as database:
        rows = entries(database)[-6:]
        for (row, _, _), (_, _, body) in zip(rows, reversed(rows)):
            database.execute("UPDATE entry SET body=? WHERE row=?", [body, row])
    comes_back(server, anna, bert, conv)

    equal(sorted(said(bert, conv)), [f"said {i}" for i in range(6)], "texts")


@test("entries that are no messages at all are passed over")
def _(world):
    server, anna, bert, conv = absent_bert(world, 5)

    with lying(server) as database:
        for (row, _, _), body in zip(entries(database)[-5:], (b"\1", b"\0", os.urandom(1000), b"\xff" * 100000, b"\0\1\0\2")):
            database.execute("UPDATE entry SET body=? WHERE row=?", [body, row])
    comes_back(server, anna, bert, conv)

    equal(said(bert, conv), [], "texts")


@test("a server that was set back to an earlier state serves its devices again")
def _(world):
    server, anna, bert, conv = two_people(world)
    bert.send(conv, "before")
    anna.await_text("Bert", "before")
    until(lambda: bert.account()["outbox"] == 0 and anna.account()["outbox"] == 0, 10, "quiet")
    server.stop()
    backup = world.path("backup")
    shutil.copytree(server.data, backup)
    server.start()
    for i in range(3):
        anna.send(conv, f"said {i}")
        bert.await_text("Anna", f"said {i}", seconds=30)
        bert.send(conv, f"answered {i}")
        anna.await_text("Bert", f"answered {i}", seconds=30)

    server.stop()
    shutil.rmtree(server.data)
    shutil.copytree(backup, server.data)
    server.start()
    wait_until_online(anna, bert)

    anna.send(conv, "after the loss")
    bert.await_text("Anna", "after the loss", seconds=60)
    bert.send(conv, "here, too")
    anna.await_text("Bert", "here, too", seconds=60)
    for device in (anna, bert):
        texts = device.texts(conv)
        equal(len(texts), len(set(texts)), f"each once: {texts}")


main()
