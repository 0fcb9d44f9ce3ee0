# SPDX-License-Identifier: MPL-2.0
"""The command line against an agent of the test's own: what it asks, what it prints, how it ends."""

import json
import os
import pty
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "agent"))

import agents  # noqa: E402

CONV = "ab" * 32
OTHER = "cd" * 32
ROSE = "12" * 32
DEVICE = "34" * 16
NOON = 1764072000000  # 25 November 2025, 12:00 UTC
HOSTILE = "\x1b[2J\x07\x9b1m\u202eabc\u2066x\u200b\x7f\U000e0041 \u2028"
VERBS = """join new invite link send read chat chats people who accept decline group devices name alarms daemon rpc
    doctor help""".split()


def message(n, text, **more):
    result = {
        "n": n, "id": f"{n:064x}", "conv": CONV, "kind": "text", "state": "received", "sender": ROSE,
        "sender_name": "Rose", "is_own": False, "is_read": False, "is_edited": False, "sent_ms": NOON,
        "time_ms": NOON + n * 60000, "text": text,
    }  # fmt: skip
    result.update(more)
    return result


def chat(**more):
    result = {
        "conv": CONV, "kind": "direct", "state": "active", "title": "", "name": "Rose", "peer": ROSE,
        "last_n": 3, "last_ms": NOON, "last_text": "hi", "unread": 2, "accounts": 2, "devices": 5,
        "epoch": 1, "busy": False,
    }  # fmt: skip
    result.update(more)
    return result


def fault(kind, code=-32000, **data):
    return {"error": {"code": code, "message": "m", "data": {"kind": kind, **data}}}


class FakeAgent:
    """Answers by a table: a result, a fault, a list of these in turn (the last one for ever), or a function of the parameters."""

    def __init__(self, path):
        self.asked = []
        self.answers = {
            "hello": {"schema": 1},
            "account.get": {"state": "ready", "name": "Anna", "online": True, "outbox": 0},
            "chat.find": {"conv": CONV, "name": "Rose"},
            "chat.get": chat(),
            "message.read": {},
            "events.subscribe": {"seq": 0},
        }
        self.connections = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _answer(self, method, params):
        answer = self.answers.get(method, fault("not_found"))
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer if "error" in answer and "code" in answer.get("error", "") else {"result": answer}

    def _serve(self, connection):
        for line in connection.makefile("rb"):
            request = json.loads(line)
            params = request.get("params", {})
            self.asked.append((request["method"], params))
            answer = self._answer(request["method"], params)
            try:
                connection.sendall((json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}) + "\n").encode())
            except OSError:
                return

    def push(self, **params):
        line = json.dumps({"jsonrpc": "2.0", "method": "event", "params": params}) + "\n"
        self.connections[-1].sendall(line.encode())

    def params(self, method):
        return [params for name, params in self.asked if name == method]

    def close(self):
        # Shut down before it is closed: the thread must not go on with a descriptor of the same number.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for connection in self.connections:
            connection.close()
        self.socket.close()


class Case(agents.Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.data, 0o700)
        self.fake = FakeAgent(self.path)
        self.addCleanup(self.fake.close)

    def kith(self, *arguments, stdin="", **more):
        """(status, stdout, stderr)"""
        done = subprocess.run(
            [agents.KITH, "--data", self.data, *arguments], input=stdin, capture_output=True, text=True,
            env=agents.environment(**more), timeout=agents.WAIT_S, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def ok(self, *arguments, **more):
        status, out, err = self.kith(*arguments, **more)
        self.assertEqual(status, 0, err)
        return out

    def ends(self, expected, *arguments, **more):
        status, _, err = self.kith(*arguments, **more)
        self.assertEqual(status, expected, err)
        return err


class Usage(Case):
    def test_help_names_every_verb_and_exits_0(self):
        out = self.ok("help")
        for verb in VERBS:
            self.assertIn(f"\n  {verb} ", out)
        self.assertEqual(out, self.ok("--help"))

    def test_every_verb_has_help_of_its_own(self):
        for verb in VERBS:
            out = self.ok("help", verb)
            self.assertTrue(out.startswith(f"usage: kith {verb} "), out)
            self.assertEqual(out, self.ok(verb, "--help"))

    def test_alarms_are_told_in_words_with_the_person_and_the_file(self):
        self.fake.answers["person.list"] = {"people": [{"account": ROSE, "name": "Rose"}]}
        self.fake.answers["events.subscribe"] = {"seq": 3}
        ask = self.fake._answer

        def answer(method, params):
            if method == "events.subscribe":
                threading.Timer(0.1, self.push_alarms).start()
            return ask(method, params)

        self.fake._answer = answer
        out = self.ok("alarms")
        self.assertIn("Rose: A false list of devices came.", out)
        self.assertIn("/data/evidence-1", out)
        self.assertEqual(self.fake.params("events.subscribe"), [{"after": 0}])

    def push_alarms(self):
        self.fake.push(seq=1, kind="alarm", what="list", account=ROSE)
        self.fake.push(seq=2, kind="person", account=ROSE)
        self.fake.push(seq=3, kind="alarm", what="fork", file="/data/evidence-1")

    def test_no_alarms_are_said_to_be_none(self):
        self.fake.answers["person.list"] = {"people": []}
        status, out, err = self.kith("alarms")
        self.assertEqual((status, out), (0, ""))
        self.assertIn("Nothing was refused.", err)

    def test_every_verb_says_that_nothing_is_sent_until_the_person_goes_on(self):
        self.fake.answers["account.get"] = {"state": "ready", "name": "Anna", "is_stopped": True}
        self.fake.answers["person.list"] = {"people": [], "total": 0}
        self.assertIn("STOPPED", self.kith("people")[2])
        self.assertNotIn("STOPPED", self.kith("people", "--json")[2])
        self.fake.answers["account.get"] = {"state": "ready", "name": "Anna", "is_stopped": False}
        self.fake.answers["directory.go_on"] = {}
        self.assertNotIn("STOPPED", self.kith("alarms", "--go-on")[2])
        self.assertEqual(self.fake.params("directory.go_on"), [{}])

    def test_nothing_is_asked_of_the_agent_for_help(self):
        self.ok("help")
        self.ok("send", "--help")
        self.assertEqual(self.fake.asked, [])

    def test_without_a_verb_help_is_shown_and_it_is_a_usage_error(self):
        self.ends(2)

    def test_a_misspelt_verb_gets_a_suggestion(self):
        for wrong, right in (("sned", "send"), ("raed", "read"), ("chat s", "chats"), ("Who", "who"), ("grup", "group")):
            self.assertIn(f'Did you mean "{right}"?', self.ends(2, wrong))
        self.assertNotIn("Did you mean", self.ends(2, "frobnicate"))

    def test_hostile_words_are_not_echoed_raw(self):
        for arguments in (["\x1b[2J"], ["send", "--\x1b[2J"], ["help", "\x1b[2J"]):
            self.assertNotIn("\x1b", self.ends(2, *arguments))

    def test_wrong_calls_are_usage_errors(self):
        calls = [
            ["send"], ["send", "rose", "--wait", "soon", "x"], ["send", "rose", "--nonsense", "x"],
            ["send", "rose", "x", "--once"], ["join"], ["new"], ["new", "kith:x", "text"], ["invite", "x"],
            ["link", "a", "b"], ["read", "a", "b"], ["read", "rose", "--last", "many"], ["chat"], ["chats", "x"],
            ["people", "x"], ["who"], ["who", "a", "b"], ["accept"], ["decline"], ["group"], ["group", "frob"],
            ["group", "new", "t"], ["group", "add", "g"], ["group", "leave"], ["devices", "frob"],
            ["devices", "remove"], ["name"], ["name", "a", "b"], ["daemon", "frob"], ["rpc", "x"],
            ["doctor", "x"], ["help", "frob"],
        ]  # fmt: skip
        for call in calls:
            err = self.ends(2, *call)
            self.assertTrue(err, call)

    def test_after_two_dashes_everything_is_text(self):
        self.fake.answers.update({"message.send": {"n": 1, "id": "0", "state": "queued"}, "message.wait": {"state": "sent"}})
        self.ok("send", "rose", "--", "--json", "-x")
        self.assertEqual(self.fake.params("message.send")[0]["text"], "--json -x")

    def test_the_manuals_name_every_verb_and_option(self):
        with open(os.path.join(agents.CHECKOUT, "apps", "kith", "kith.1"), encoding="utf-8") as file:
            manual = file.read().replace("\\-", "-")
        for word in [*VERBS, "--json", "--data", "--name", "--device", "--qr", "--yes", "--once", "--wait",
                     "--follow", "--last", "--keep-unread"]:  # fmt: skip
            self.assertIn(word, manual)

    def test_completions_name_every_verb(self):
        for name in ("kith.bash", "_kith", "kith.fish"):
            with open(os.path.join(agents.CHECKOUT, "apps", "kith", "completions", name), encoding="utf-8") as file:
                text = file.read()
            for verb in VERBS:
                self.assertIn(verb, text, name)


class Errors(Case):
    def test_each_kind_of_failure_has_its_status(self):
        kinds = {
            "not_found": 3, "conflict": 3, "denied": 4, "rejected": 4, "exists": 4, "offline": 5, "timeout": 5,
            "no_account": 6, "malformed": 2, "limit": 2, "invalid": 2, "store": 1, "no_memory": 1, "busy": 1,
            "crypto": 1, "nonsense": 1,
        }  # fmt: skip
        for kind, status in kinds.items():
            self.fake.answers["invite.create"] = fault(kind)
            err = self.ends(status, "invite")
            self.assertTrue(err.startswith("kith: "), err)

    def test_a_parameter_that_does_not_fit_is_told_in_words(self):
        self.fake.answers["account.rename"] = {"error": {"code": -32602, "message": "m", "data": {"field": "name"}}}
        self.assertIn("too long", self.ends(2, "name", "x" * 100))

    def test_for_programs_errors_are_objects_on_stderr(self):
        self.fake.answers["invite.create"] = fault("offline", reason="unreachable")
        status, out, err = self.kith("invite", "--json")
        self.assertEqual((status, out), (5, ""))
        self.assertEqual(json.loads(err), {"error": "offline", "message": "m", "reason": "unreachable"})

    def test_a_device_that_was_removed_is_told(self):
        self.fake.answers["invite.create"] = fault("denied", reason="removed")
        self.assertIn("taken off your account", self.ends(4, "invite"))

    def test_an_agent_that_ends_in_the_middle_is_told(self):
        self.fake.answers["invite.create"] = lambda _: (self.fake.connections[-1].shutdown(socket.SHUT_RDWR), {})[1]
        self.assertIn("kith-agent", self.ends(1, "invite"))

    def test_an_older_agent_is_told(self):
        self.fake.answers["hello"] = fault("unsupported")
        self.assertIn("daemon stop", self.ends(1, "chats"))

    def test_no_agent_to_start_is_told(self):
        os.unlink(self.path)
        self.assertIn("kith-agent", self.ends(1, "chats", KITH_AGENT="/nonexistent"))
        self.assertIn("not running", self.ends(1, "daemon", "stop"))

    def test_a_data_folder_that_cannot_be_is_told(self):
        self.assertTrue(self.ends(1, "chats", "--data", "/dev/null/x"))

    def test_several_fits_are_listed(self):
        self.fake.answers["chat.find"] = fault(
            "conflict", candidates=[{"conv": CONV, "name": "Rose"}, {"conv": OTHER, "name": "Rose\x1b"}]
        )
        err = self.ends(3, "who", "rose")
        self.assertIn("abababab  Rose\n", err)
        self.assertIn("cdcdcdcd  Rose\\x1b\n", err)

    def test_likenesses_are_hinted_at(self):
        self.fake.answers["chat.find"] = fault("not_found", candidates=[{"conv": CONV, "name": "Rose Miller"}])
        err = self.ends(3, "who", "rose")
        self.assertIn("Perhaps:", err)
        self.assertIn("Rose Miller", err)


class Sending(Case):
    def setUp(self):
        super().setUp()
        self.fake.answers["message.send"] = {"n": 7, "id": "ee" * 32, "state": "queued"}
        self.fake.answers["message.wait"] = {"state": "sent"}

    def test_it_waits_until_it_is_sent_and_says_nothing(self):
        self.assertEqual(self.kith("send", "rose", "hello", "there"), (0, "", ""))
        self.assertEqual(self.fake.params("message.send"), [{"conv": CONV, "text": "hello there"}])
        self.assertEqual(self.fake.params("message.wait"), [{"conv": CONV, "n": 7, "state": "sent"}])

    def test_without_a_connection_it_is_kept_and_that_is_success(self):
        for kind in ("offline", "timeout"):
            self.fake.answers["message.wait"] = fault(kind)
            status, out, err = self.kith("send", "rose", "hello")
            self.assertEqual((status, out), (0, ""))
            self.assertIn("kept", err)

    def test_a_wait_for_more_than_sent_may_fail(self):
        self.fake.answers["message.wait"] = fault("timeout")
        self.ends(5, "send", "rose", "--wait", "read", "hello")
        self.assertEqual(self.fake.params("message.wait")[0]["state"], "read")

    def test_text_comes_from_stdin(self):
        self.ok("send", "rose", "-", stdin="two\nlines\n")
        self.ok("send", "rose", stdin="no dash")
        self.assertEqual([p["text"] for p in self.fake.params("message.send")], ["two\nlines", "no dash"])

    def test_no_text_is_a_usage_error(self):
        self.ends(2, "send", "rose", stdin="")
        self.ends(2, "send", "rose", "-", stdin="\n")

    def test_text_may_be_as_long_as_the_limit_and_no_longer(self):
        self.ok("send", "rose", "-", stdin="x" * 65536 + "\n")
        self.ends(2, "send", "rose", "-", stdin="x" * 65537)
        self.assertEqual(len(self.fake.params("message.send")), 1)

    def test_once_is_passed_on(self):
        self.ok("send", "rose", "--once", "id-1", "x")
        self.assertEqual(self.fake.params("message.send")[0]["once"], "id-1")

    def test_for_programs_it_prints_what_was_kept(self):
        self.assertEqual(json.loads(self.ok("send", "rose", "x", "--json"))["n"], 7)


class Reading(Case):
    def show(self, *messages, arguments=()):
        self.fake.answers["message.list"] = {"messages": list(messages)}
        return self.ok("read", "rose", *arguments)

    def test_a_chat_is_printed_line_by_line_and_marked_as_read(self):
        out = self.show(
            message(1, "hello"),
            message(2, "hi Rose\nhow are you?", is_own=True, state="delivered"),
            message(3, "fine", is_edited=True),
        )
        self.assertEqual(
            out,
            "Tuesday, 25 November 2025\n"
            "12:01  Rose    hello\n"
            "12:02  You     hi Rose\n"
            "               how are you?  (delivered)\n"
            "12:03  Rose    fine  (edited)\n",
        )
        self.assertEqual(self.fake.params("message.read"), [{"conv": CONV, "n": 3}])

    def test_what_others_wrote_cannot_command_the_terminal(self):
        out = self.show(message(1, HOSTILE, sender_name="R\nose" + HOSTILE))
        body = out.split("\n", 1)[1]
        self.assertEqual(body.count("\n"), 1, "a name or a line separator cannot begin a line")
        for character in HOSTILE.replace("abc", "").replace("x", "").replace(" ", "").replace("[2J", "").replace("1m", ""):
            self.assertNotIn(character, out)
        self.assertIn("\\x1b[2J", out)
        self.assertIn("\\u{202e}abc", out)

    def test_bytes_that_are_no_text_are_a_usage_error_and_not_echoed(self):
        done = subprocess.run(
            [agents.KITH, "--data", self.data, "accept", b"a\xff\xfe"], capture_output=True,
            env=agents.environment(), check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 2)
        self.assertNotIn(b"\xff", done.stderr)

    def test_system_lines_are_told_apart(self):
        out = self.show(
            message(1, "", kind="added", subject=OTHER, subject_name="Tom"),
            message(2, "", kind="left"),
            message(3, "", kind="devices", subject=OTHER, subject_name="Tom"),
            message(4, "", kind="gap"),
            message(5, "\u00b7 Rose added Eve"),
        )
        self.assertIn("12:01  \u00b7 Rose added Tom\n", out)
        self.assertIn("12:02  \u00b7 Rose left\n", out)
        self.assertNotIn("12:03", out)
        self.assertIn("12:05  Rose    \u00b7 Rose added Eve\n", out)

    def test_for_programs_each_message_is_one_line_of_ascii(self):
        out = self.show(message(1, HOSTILE), message(2, "b"), arguments=["--json"])
        self.assertTrue(out.isascii())
        self.assertFalse(any(ord(c) < 32 and c != "\n" or ord(c) == 127 for c in out), repr(out))
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([m["text"] for m in lines], [HOSTILE, "b"])

    def test_keep_unread_tells_nobody(self):
        self.show(message(1, "x"), arguments=["--keep-unread"])
        self.assertEqual(self.fake.params("message.read"), [])

    def test_without_a_name_everything_new_is_printed(self):
        self.fake.answers["chat.list"] = {
            "total": 3,
            "chats": [chat(), chat(conv=OTHER, name="Tom", unread=0), chat(name="Eve\x1b", state="request")],
        }
        self.fake.answers["message.list"] = {
            "messages": [message(1, "old", is_read=True), message(2, "mine", is_own=True), message(3, "new")]
        }
        status, out, err = self.kith("read")
        self.assertEqual(status, 0)
        self.assertEqual(out, "-- Rose --\nTuesday, 25 November 2025\n12:03  Rose    new\n")
        self.assertIn("Eve\\x1b asks to write to you", err)
        self.assertEqual(self.fake.params("message.read"), [{"conv": CONV, "n": 3}])

    def test_nothing_new_is_said_on_stderr(self):
        self.fake.answers["chat.list"] = {"total": 0, "chats": []}
        self.assertEqual(self.kith("read"), (0, "", "Nothing new.\n"))

    def test_follow_prints_each_message_once_as_it_comes(self):
        self.fake.answers["message.list"] = {"messages": [message(1, "first")]}
        process = self.spawn(
            "--data", self.data, "read", "rose", "--follow", program=agents.KITH,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        lines = [process.stdout.readline() for _ in range(2)]
        second = message(2, "second")
        for seq, conv, one in ((1, CONV, message(1, "first")), (2, CONV, second), (3, OTHER, message(3, "x", conv=OTHER)),
                               (4, CONV, second), (5, CONV, message(4, "third"))):  # fmt: skip
            self.fake.push(seq=seq, kind="message", conv=conv, n=one["n"], message=one)
        lines += [process.stdout.readline() for _ in range(2)]
        self.assertEqual([line.split()[-1] for line in lines[1:]], ["first", "second", "third"])
        self.assertEqual(self.fake.asked[1][0], "chat.find")
        names = [name for name, _ in self.fake.asked]
        self.assertLess(names.index("events.subscribe"), names.index("message.list"))

    def test_follow_ends_when_the_agent_does(self):
        self.fake.answers["message.list"] = {"messages": [message(1, "first")]}
        process = self.spawn(
            "--data", self.data, "read", "rose", "--follow", program=agents.KITH,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        process.stdout.readline()
        self.fake.connections[-1].shutdown(socket.SHUT_RDWR)
        self.assertEqual(process.wait(agents.WAIT_S), 1)


class Lists(Case):
    def test_chats_are_listed_with_wide_names_in_line(self):
        self.fake.answers["chat.list"] = {
            "total": 3,
            "chats": [
                chat(name="\u6f22\u5b57\u6f22\u5b57\u6f22"), chat(name="Tom\x1b", unread=0, last_is_own=True),
                chat(name="Eve", state="declined"),
            ],
        }  # fmt: skip
        out = self.ok("chats").splitlines()
        self.assertEqual(len(out), 2)
        self.assertTrue(out[0].startswith("\u6f22\u5b57\u6f22\u5b57\u6f22  "))
        self.assertIn("[2 new] hi", out[0])
        self.assertTrue(out[1].startswith("Tom\\x1b  "))
        self.assertTrue(out[1].endswith("You: hi"))

    def test_all_pages_of_a_long_list_are_fetched(self):
        def page(params):
            skip = params.get("skip", 0)
            return {"total": 450, "chats": [chat(name=f"n{i}") for i in range(skip, min(450, skip + 200))]}

        self.fake.answers["chat.list"] = page
        self.assertEqual(len(self.ok("chats").splitlines()), 450)

    def test_people_are_listed_with_device_counts(self):
        self.fake.answers["person.list"] = {
            "total": 2,
            "people": [
                {"account": ROSE, "name": "Rose", "state": "contact", "devices": 3},
                {"account": OTHER, "name": "Tom", "state": "request", "devices": 1},
            ],
        }
        out = self.ok("people")
        self.assertIn("12121212  Rose      3 devices", out)
        self.assertIn("cdcdcdcd  Tom       1 device  asks to write to you", out)

    def test_who_counts_devices_oneself_first(self):
        self.fake.answers["chat.readers"] = {
            "readers": [
                {"account": ROSE, "name": "Rose", "is_self": False, "devices": 3},
                {"account": OTHER, "name": "Anna", "is_self": True, "devices": 1},
            ]
        }
        self.assertEqual(
            self.ok("who", "rose"), "Who can read this chat: You \u2013 1 device, Rose \u2013 3 devices, nobody else\n"
        )

    def test_devices_are_listed_and_removed_by_their_beginning(self):
        other = "35" + "34" * 15
        self.fake.answers["device.list"] = {
            "devices": [
                {"device": DEVICE, "name": "laptop", "added_ms": NOON, "is_this": True},
                {"device": other, "name": "phone", "added_ms": NOON, "is_this": False},
            ]
        }
        self.fake.answers["device.remove"] = {}
        self.assertIn("34343434  laptop            since 25 Nov 2025 12:00  (this one)\n", self.ok("devices"))
        self.ok("devices", "remove", "3534")
        self.assertEqual(self.fake.params("device.remove"), [{"device": other}])
        self.ends(3, "devices", "remove", "9999")
        self.ends(3, "devices", "remove", "3")

    def test_every_list_is_json_for_programs(self):
        self.fake.answers.update({
            "chat.list": {"total": 1, "chats": [chat(name=HOSTILE)]},
            "person.list": {"total": 0, "people": []}, "device.list": {"devices": []},
            "chat.readers": {"readers": []}, "agent.doctor": {"checks": []},
            "invite.create": {"link": "kith:x"},
        })  # fmt: skip
        for call in (["chats"], ["people"], ["devices"], ["who", "rose"], ["doctor"], ["invite"]):
            out = self.ok(*call, "--json")
            self.assertTrue(out.isascii())
            json.loads(out)

    def test_the_doctor_fails_when_something_is_wrong(self):
        self.fake.answers["agent.doctor"] = {"checks": [{"name": "store", "ok": True, "text": "fine"}]}
        self.assertIn("ok    store       fine\n", self.ok("doctor"))
        self.fake.answers["agent.doctor"] = {"checks": [{"name": "store", "ok": False, "text": "bad"}]}
        self.ends(1, "doctor")


class Changing(Case):
    def test_join_needs_a_name_only_for_a_first_account(self):
        self.fake.answers["account.join"] = {"account": ROSE, "conv": CONV}
        self.fake.answers["account.get"] = {"state": "none"}
        self.assertIn("--name", self.ends(2, "join", "kith:x"))
        self.assertEqual(self.fake.params("account.join"), [])
        self.fake.answers["account.get"] = {"state": "ready", "name": "Anna"}
        self.ok("join", "kith:x")
        self.assertNotIn("name", self.fake.params("account.join")[0])

    def test_a_second_link_while_the_account_is_made_is_refused_with_a_way_out(self):
        self.fake.answers["account.get"] = {"state": "making"}
        self.assertIn(self.data, self.ends(4, "join", "kith:x"))
        self.assertEqual(self.fake.params("account.join"), [])

    def test_join_takes_everything_in_one_call(self):
        self.fake.answers.update({
            "account.join": {"account": ROSE, "conv": CONV}, "message.list": {"messages": [message(4, "hello")]},
            "message.wait": {"state": "sent"},
        })  # fmt: skip
        self.fake.answers["account.get"] = [{"state": "none"}, {"state": "ready", "name": "Anna"}]
        err = self.kith("join", "kith:x", "--name", "Anna", "--device", "box", "hello", "you")[2]
        self.assertEqual(
            self.fake.params("account.join"), [{"link": "kith:x", "name": "Anna", "device_name": "box", "text": "hello you"}]
        )
        self.assertEqual(self.fake.params("message.wait"), [{"conv": CONV, "n": 4, "state": "sent"}])
        self.assertIn('kith send "Rose"', err)

    def test_join_tells_an_impostor_from_a_lost_connection(self):
        self.fake.answers["account.join"] = fault("offline", reason="unreachable")
        self.assertIn("goes on trying", self.ends(5, "join", "kith:x"))
        self.fake.answers["account.join"] = fault("offline", reason="wrong_pin")
        self.assertIn("Somebody else", self.ends(4, "join", "kith:x"))

    def test_invite_prints_the_link_alone_on_stdout(self):
        self.fake.answers["invite.create"] = {"link": "kith:h:1/abc"}
        self.assertEqual(self.ok("invite"), "kith:h:1/abc\n")
        drawn = self.ok("invite", "--qr").splitlines()
        self.assertEqual(drawn[0], "kith:h:1/abc")
        self.assertGreater(len(drawn), 12)

    def test_linking_shows_the_code_and_asks_once(self):
        self.fake.answers.update({"pair.offer": {"code": "1-2@h:1", "expires_ms": 1}, "pair.approve": {}})
        self.fake.answers["pair.wait"] = [{"state": "asked", "name": "phone"}, {"state": "done"}]
        self.assertEqual(self.ok("link", "--yes"), "1-2@h:1\n")
        self.assertEqual(self.fake.params("pair.approve"), [{"yes": True}])

    def test_without_anybody_to_ask_nothing_is_linked(self):
        self.fake.answers.update({"pair.offer": {"code": "1-2@h:1", "expires_ms": 1}, "pair.approve": {}})
        self.fake.answers["pair.wait"] = [{"state": "asked", "name": "phone"}]
        self.ends(4, "link")
        self.assertEqual(self.fake.params("pair.approve"), [{"yes": False}])

    def test_the_new_device_gives_code_and_name(self):
        self.fake.answers["pair.accept"] = {"account": ROSE}
        self.ok("link", "1-2@h:1", "--name", "phone")
        self.assertEqual(self.fake.params("pair.accept"), [{"code": "1-2@h:1", "device_name": "phone"}])
        self.fake.answers["pair.accept"] = fault("denied")
        self.ends(4, "link", "1-2@h:1")

    def test_groups_are_made_and_changed(self):
        self.fake.answers.update({"group.create": {"conv": OTHER}, "group.add": {}, "group.remove": {}, "group.leave": {}})
        self.fake.answers["chat.readers"] = {"readers": [{"account": OTHER, "name": "Tom", "devices": 1}]}
        self.ok("group", "new", "Family", "rose")
        self.assertEqual(self.fake.params("group.create"), [{"title": "Family", "accounts": [ROSE]}])
        self.ok("group", "add", "Family", "rose")
        self.assertEqual(self.fake.params("group.add"), [{"conv": CONV, "account": ROSE}])
        self.ok("group", "remove", "Family", "tom")
        self.assertEqual(self.fake.params("group.remove"), [{"conv": CONV, "account": OTHER}])
        self.ends(3, "group", "remove", "Family", "nobody")
        self.ok("group", "leave", "Family")
        self.fake.answers["chat.get"] = chat(kind="group", peer="")
        self.ends(2, "group", "new", "Other", "Family")

    def test_requests_are_answered_by_name(self):
        self.fake.answers["person.answer"] = {}
        self.ok("accept", "rose")
        self.ok("decline", "rose")
        self.assertEqual([p["yes"] for p in self.fake.params("person.answer")], [True, False])
        self.assertTrue(all(p["request"] for p in self.fake.params("chat.find")))
        self.fake.answers["chat.find"] = fault("not_found")
        self.ends(3, "accept", "nobody")

    def test_a_new_name_is_passed_on(self):
        self.fake.answers["account.rename"] = {}
        self.ok("name", "Anna B.")
        self.assertEqual(self.fake.params("account.rename"), [{"name": "Anna B."}])


class PassThrough(Case):
    def test_lines_go_through_and_every_answer_comes_back(self):
        lines = [json.dumps({"jsonrpc": "2.0", "id": i, "method": "account.get"}) for i in range(50)]
        out = self.ok("rpc", stdin="\n".join(lines))
        self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], list(range(50)))

    def test_an_empty_input_ends_at_once(self):
        self.assertEqual(self.ok("rpc", stdin=""), "")


class Talking(Case):
    """kith chat, on a terminal of the test's own and without one."""

    def setUp(self):
        super().setUp()
        self.fake.answers["message.list"] = {"messages": [message(1, "hello")]}
        self.fake.answers["message.send"] = {"n": 2, "id": "0", "state": "queued"}
        self.fake.answers["message.wait"] = {"state": "sent"}

    def test_without_a_terminal_each_line_is_sent(self):
        out = self.ok("chat", "rose", stdin="one\n\ntwo")
        self.assertEqual([p["text"] for p in self.fake.params("message.send")], ["one", "two"])
        self.assertIn("hello", out)

    def test_on_a_terminal_what_comes_does_not_disturb_what_is_typed(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [agents.KITH, "--data", self.data, "chat", "rose"], stdin=theirs, stdout=theirs, stderr=theirs,
            env=agents.environment(TERM="xterm"),
        )  # fmt: skip
        self.processes.append(process)
        os.close(theirs)
        screen = self.read_until(ours, b"Anna> ")
        os.write(ours, "fr\u00fc".encode())
        screen = self.read_until(ours, "fr\u00fc".encode())
        self.fake.push(seq=1, kind="message", conv=CONV, n=5, message=message(5, "incoming\x1b[2J"))
        screen = self.read_until(ours, "Anna> fr\u00fc".encode())
        self.assertIn(b"incoming\\x1b[2J", screen)
        os.write(ours, b"\x7fei\x1b[A\r")
        self.assertTrue(agents.wait_until(lambda: self.fake.params("message.send")))
        self.assertEqual(self.fake.params("message.send")[0]["text"], "frei")
        os.write(ours, b"\x04")
        self.assertEqual(process.wait(agents.WAIT_S), 0)
        os.close(ours)

    def read_until(self, fd, text):
        seen = b""
        until = time.monotonic() + agents.WAIT_S
        while text not in seen and time.monotonic() < until:
            seen += os.read(fd, 4096)
        self.assertIn(text, seen)
        return seen


class RealAgent(agents.Case):
    """The real agent, started by the command line when it is needed."""

    def kith(self, *arguments):
        return subprocess.run(
            [agents.KITH, "--data", self.data, *arguments], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, env=agents.environment(), timeout=agents.WAIT_S, check=False,
        )  # fmt: skip

    def end(self):
        self.kith("daemon", "stop")
        super().end()

    def test_it_is_started_when_needed_and_stopped(self):
        done = self.kith("doctor")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ok    build", done.stdout)
        self.assertEqual(self.kith("chats").returncode, 6)
        self.assertEqual(self.kith("daemon", "stop").returncode, 0)
        self.assertEqual(self.kith("daemon", "stop").returncode, 1)
        self.assertEqual(self.kith("doctor").returncode, 0)

    def test_many_faces_at_once_start_one(self):
        faces = [
            self.spawn("--data", self.data, "doctor", program=agents.KITH, stdout=subprocess.PIPE, text=True)
            for _ in range(8)
        ]
        pids = set()
        for face in faces:
            out = face.stdout.read()
            self.assertEqual(face.wait(agents.WAIT_S), 0)
            pids.add(next(line for line in out.splitlines() if "process" in line).split()[-1])
        self.assertEqual(len(pids), 1)

    def test_why_the_agent_does_not_start_is_told(self):
        os.makedirs(self.data, mode=0o700)
        with open(os.path.join(self.data, "store.key"), "w", encoding="ascii") as file:
            file.write("nonsense\n")
        done = self.kith("chats")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the file that opens the store", done.stderr)

    def test_the_daemon_in_the_foreground_serves_others(self):
        process = self.spawn("--data", self.data, "daemon", program=agents.KITH)
        self.assertTrue(agents.wait_until(lambda: os.path.exists(self.path)))
        self.assertIn(f"process {process.pid}\n", self.kith("doctor").stdout)
        self.kith("daemon", "stop")
        self.assertEqual(process.wait(agents.WAIT_S), 0)


if __name__ == "__main__":
    agents.main()
