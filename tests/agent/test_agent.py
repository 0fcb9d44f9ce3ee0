# SPDX-License-Identifier: MPL-2.0
"""The agent alone, without a server: its files, its socket, and what it answers."""

import json
import os
import signal
import socket
import stat
import subprocess
import time

import agents

PARSE, REQUEST, METHOD, PARAMS, KIND = -32700, -32600, -32601, -32602, -32000


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class Files(agents.Case):
    def test_folder_socket_and_secret_are_for_the_owner_alone(self):
        self.assertEqual(self.start(), "\n")
        self.assertEqual(mode(self.data), 0o700)
        for name in ("agent.sock", "store", "store.key", "agent.lock"):
            self.assertEqual(mode(os.path.join(self.data, name)), 0o600, name)

    def test_a_folder_has_one_agent(self):
        self.assertEqual(self.start(), "\n")
        first = self.agent
        self.assertTrue(self.start().startswith("exists "))
        self.assertEqual(self.agent.wait(agents.WAIT_S), 3)
        self.assertIn("another agent", self.agent.stderr.read())
        self.assertIsNone(first.poll())
        self.assertIn("result", self.face().ask("account.get"))

    def test_a_signal_ends_it_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.assertEqual(self.start(), "\n")
            self.assertEqual(self.stop(number), 0)
            self.assertFalse(os.path.exists(self.path))
            self.assertFalse(os.path.exists(os.path.join(self.data, "store-wal")))

    def test_after_being_killed_it_starts_again(self):
        for _ in range(3):
            self.assertEqual(self.start(), "\n")
            self.assertIn("result", self.face().ask("account.get"))
            self.stop(signal.SIGKILL)
        self.assertEqual(self.start(), "\n")

    def test_a_crash_writes_no_memory_to_disk(self):
        self.start()
        with open(f"/proc/{self.agent.pid}/limits", encoding="ascii") as limits:
            core = next(line for line in limits if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])

    def test_a_store_without_what_opens_it_is_left_alone(self):
        self.start()
        self.stop()
        secret = os.path.join(self.data, "store.key")
        with open(secret, "w", encoding="ascii") as file:
            file.write("key " + "00" * 32 + "\n")
        self.assertTrue(self.start().startswith("denied "))
        with open(secret, "w", encoding="ascii") as file:
            file.write("nonsense\n")
        self.assertTrue(self.start().startswith("malformed "))
        with open(secret, encoding="ascii") as file:
            self.assertEqual(file.read(), "nonsense\n")

    def test_a_socket_left_behind_is_replaced_and_a_used_one_is_not(self):
        self.start()
        self.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.path))
        self.assertEqual(self.start(), "\n")
        self.stop()
        os.makedirs(self.data, exist_ok=True)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path)
            other.listen()
            self.assertTrue(self.start().startswith("exists "))

    def test_wrong_options_are_a_usage_error(self):
        for arguments in (["--nonsense"], ["surplus"], ["--data"]):
            agent = self.spawn(*arguments, stderr=subprocess.PIPE)
            self.assertEqual(agent.wait(agents.WAIT_S), 2)

    def test_in_the_background_it_returns_when_it_listens(self):
        starter = self.spawn("--data", self.data)
        self.assertEqual(starter.wait(agents.WAIT_S), 0)
        face = self.face()
        pid = face.ask("hello", schema=1)["result"]["pid"]
        again = self.spawn("--data", self.data, stderr=subprocess.DEVNULL)
        self.assertEqual(again.wait(agents.WAIT_S), 3)
        face.ask("agent.stop")
        self.assertIsNone(face.receive())
        self.assertTrue(agents.wait_until(lambda: not os.path.exists(f"/proc/{pid}/exe")))


class Keyring(agents.Case):
    """With a keyring helper of the test's own beside a copy of the agent."""

    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.folder, "bin")
        os.mkdir(self.bin)
        self.program = os.path.join(self.bin, "kith-agent")
        with open(agents.AGENT, "rb") as source, open(self.program, "wb") as copy:
            copy.write(source.read())
        os.chmod(self.program, 0o755)
        self.env = agents.environment(DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
        self.env["KITH_KEYRING"] = "yes"
        self.secret = os.path.join(self.data, "store.key")

    def helper(self, script):
        path = os.path.join(self.bin, "kith-keyring")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)

    def good_helper(self):
        self.helper(f'f="{self.folder}/$2"; case $1 in put) cat >"$f"; echo done;; get) cat "$f" && echo;; esac\n')

    def word(self):
        with open(self.secret, encoding="ascii") as file:
            return file.read().split()[0]

    def test_a_keyring_that_answers_keeps_the_secret(self):
        self.good_helper()
        self.assertEqual(self.start(program=self.program, env=self.env), "\n")
        self.assertEqual(self.word(), "keyring")
        self.stop()
        self.assertEqual(self.start(program=self.program, env=self.env), "\n")

    def test_a_keyring_that_is_locked_later_is_an_error_and_no_new_store(self):
        self.good_helper()
        self.start(program=self.program, env=self.env)
        self.stop()
        self.helper("exit 1\n")
        self.assertTrue(self.start(program=self.program, env=self.env).startswith("denied "))
        self.good_helper()
        self.assertEqual(self.start(program=self.program, env=self.env), "\n")

    def test_a_keyring_that_refuses_is_done_without(self):
        self.helper("exit 1\n")
        self.assertEqual(self.start(program=self.program, env=self.env), "\n")
        self.assertEqual(self.word(), "key")

    def test_a_keyring_that_forgets_at_once_is_done_without(self):
        self.helper("case $1 in put) echo done;; get) echo 00;; esac\n")
        self.assertEqual(self.start(program=self.program, env=self.env), "\n")
        self.assertEqual(self.word(), "key")

    def test_a_keyring_that_hangs_costs_two_seconds(self):
        self.helper("exec sleep 60\n")
        start = time.monotonic()
        self.assertEqual(self.start(program=self.program, env=self.env), "\n")
        self.assertLess(time.monotonic() - start, 10)
        self.assertGreater(time.monotonic() - start, 1.5)
        self.assertEqual(self.word(), "key")

    def test_without_a_desktop_nobody_is_asked(self):
        self.helper(f'touch "{self.folder}/asked"; exit 1\n')
        del self.env["DBUS_SESSION_BUS_ADDRESS"]
        self.assertEqual(self.start(program=self.program, env=self.env), "\n")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "asked")))

    def test_who_wants_no_keyring_gets_none(self):
        self.helper(f'touch "{self.folder}/asked"; exit 1\n')
        self.assertEqual(self.start("--no-keyring", program=self.program, env=self.env), "\n")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "asked")))


class Answers(agents.Case):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.start(), "\n")

    def test_what_is_wrong_has_one_answer_with_the_right_error(self):
        request = {"jsonrpc": "2.0", "id": 5, "method": "chat.list"}
        cases = [
            (b"", PARSE), (b"\xff", PARSE), (b"{", PARSE), (b"[" * 100, PARSE),
            (b"[]", REQUEST), (b"{}", REQUEST), ([request], REQUEST),
            ({**request, "extra": 1}, REQUEST), ({**request, "id": None}, REQUEST),
            ({**request, "id": 1.5}, REQUEST), ({**request, "jsonrpc": "1.0"}, REQUEST),
            ({**request, "method": "no.such"}, METHOD), ({**request, "params": []}, PARAMS),
            ({**request, "params": {"skip": "1"}}, PARAMS), (request, KIND),
        ]  # fmt: skip
        face = self.face()
        for line, code in cases:
            face.send(line)
            self.assert_error(face.receive(), code)
        face.send({"jsonrpc": "2.0", "id": "last", "method": "account.get"})
        self.assertEqual(face.receive()["id"], "last")

    def test_many_requests_at_once_have_one_answer_each(self):
        face = self.face()
        lines = [json.dumps({"jsonrpc": "2.0", "id": i, "method": "account.get"}) for i in range(500)]
        face.socket.sendall(("\n".join(lines) + "\n").encode())
        self.assertEqual(sorted(face.receive()["id"] for _ in lines), list(range(500)))

    def test_a_face_that_does_not_read_is_not_read_from(self):
        face = self.face()
        face.socket.settimeout(1)
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "agent.doctor"}).encode() + b"\n"
        sent = 0
        try:
            while sent < 64 << 20:
                sent += face.socket.send(line * 100)
        except TimeoutError:
            pass
        self.assertLess(sent, 8 << 20)
        self.assertIn("result", self.face().ask("account.get"))
        face.socket.settimeout(agents.WAIT_S)
        for _ in range(sent // len(line)):
            self.assertIn("result", face.receive())

    def test_a_line_too_long_is_answered_and_ends_the_connection(self):
        face = self.face()
        try:
            face.socket.sendall(b" " * (agents.LINE_MAX + 70000))
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            self.assert_error(face.receive(), PARSE)
            self.assertIsNone(face.receive())
        except ConnectionResetError:
            pass
        self.assertIn("result", self.face().ask("account.get"))

    def test_a_line_in_pieces_is_one_line(self):
        face = self.face()
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "account.get"}).encode() + b"\n"
        for i in range(len(line)):
            face.socket.sendall(line[i : i + 1])
        self.assertEqual(face.receive()["id"], 1)

    def test_hello_agrees_on_a_schema(self):
        result = self.face().ask("hello", schema=1)["result"]
        self.assertEqual(result["schema"], 1)
        self.assertEqual(result["pid"], self.agent.pid)
        answer = self.face().ask("hello", schema=2)
        self.assert_error(answer, KIND, "unsupported")
        self.assertEqual(answer["error"]["data"]["schema"], 1)

    def test_the_doctor_names_the_build_as_anybody_can_compute_it(self):
        checks = {c["name"]: c for c in self.face().ask("agent.doctor")["result"]["checks"]}
        digest = subprocess.run(["sha256sum", agents.AGENT], capture_output=True, text=True, check=True)
        self.assertEqual(checks["build"]["text"], digest.stdout.split()[0])
        self.assertEqual(checks["socket"]["text"], self.path)
        self.assertTrue(all(c["ok"] for c in checks.values()), checks)

    def test_stop_answers_before_it_ends(self):
        face = self.face()
        self.assertEqual(face.ask("agent.stop")["result"], {})
        self.assertIsNone(face.receive())
        self.assertEqual(self.agent.wait(agents.WAIT_S), 0)


class WithoutAccount(agents.Case):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.start(), "\n")
        self.conv = "00" * 32

    def test_there_is_none(self):
        result = self.face().ask("account.get")["result"]
        self.assertEqual(result, {"state": "none", "online": False, "outbox": 0, "is_stopped": False})

    def test_what_needs_one_says_so(self):
        face = self.face()
        calls = [
            ("account.rename", {"name": "x"}), ("invite.create", {}), ("device.list", {}),
            ("device.remove", {"device": "00" * 16}), ("pair.offer", {}), ("person.list", {}),
            ("person.answer", {"account": self.conv, "yes": True}), ("chat.list", {}),
            ("chat.get", {"conv": self.conv}), ("chat.find", {"who": "x"}),
            ("chat.readers", {"conv": self.conv}),
            ("group.create", {"title": "t", "accounts": [self.conv]}),
            ("group.add", {"conv": self.conv, "account": self.conv}),
            ("group.remove", {"conv": self.conv, "account": self.conv}),
            ("group.leave", {"conv": self.conv}), ("message.send", {"conv": self.conv, "text": "x"}),
            ("message.wait", {"conv": self.conv, "n": 1, "state": "sent"}),
            ("message.list", {"conv": self.conv}), ("message.read", {"conv": self.conv, "n": 1}),
        ]  # fmt: skip
        for method, params in calls:
            self.assert_error(face.ask(method, **params), KIND, "no_account")

    def test_links_and_codes_that_are_none_are_malformed(self):
        face = self.face()
        for link in ("x", "http://kith.example", "kith:", "kith:host:1/!!!", "kith:h:1/AQ"):
            self.assert_error(face.ask("account.join", link=link, name="A"), KIND, "malformed")
        for code in ("x", "12-34", "1-123456", "1-12345@h:1"):
            self.assert_error(face.ask("pair.accept", code=code), KIND, "malformed")

    def test_linking_steps_out_of_turn_are_not_found(self):
        face = self.face()
        self.assert_error(face.ask("pair.wait"), KIND, "not_found")
        self.assert_error(face.ask("pair.approve", yes=True), KIND, "not_found")
        self.assertEqual(face.ask("pair.cancel")["result"], {})

    def test_a_code_of_a_place_where_nobody_is_ends_as_offline(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        answer = self.face().ask("pair.accept", code=f"1234-123456@127.0.0.1:{port}")
        self.assert_error(answer, KIND, "offline")
        self.assertEqual(self.face().ask("account.get")["result"]["state"], "none")

    def test_events_can_be_asked_for_before_there_are_any(self):
        face = self.face()
        self.assertEqual(face.ask("events.subscribe")["result"]["seq"], 0)
        self.assertEqual(face.ask("events.subscribe", after=99)["result"]["seq"], 0)
        self.assertEqual(face.ask("events.unsubscribe")["result"], {})


if __name__ == "__main__":
    agents.main()
