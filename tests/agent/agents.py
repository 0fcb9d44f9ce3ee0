# SPDX-License-Identifier: MPL-2.0
"""What the tests of the agent and of the command line share: folders, agents, connections; and TAP on stdout."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(CHECKOUT, "tests", "tools"))

import harness  # noqa: E402

BUILD = os.environ["KITH_BUILD"]
AGENT = os.path.join(BUILD, "apps", "kith-agent", "kith-agent")
KITH = os.path.join(BUILD, "apps", "kith", "kith")
LINE_MAX = 1 << 20
WAIT_S = 20


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KITH_", "XDG_", "DBUS_"))}
    env.update({"KITH_KEYRING": "no", "KITH_AGENT": AGENT, "TZ": "UTC", **more})
    return env


class Face:
    """One connection to an agent."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.next_id = 1

    def send(self, line):
        if isinstance(line, (dict, list)):
            line = json.dumps(line)
        if isinstance(line, str):
            line = line.encode()
        self.socket.sendall(line + b"\n")

    def receive(self):
        """The next line as an object; None: the agent closed."""
        line = self.file.readline()
        return json.loads(line) if line else None

    def ask(self, method, **params):
        """The whole answer to one request; events that come before are dropped."""
        number = self.next_id
        self.next_id += 1
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            answer = self.receive()
            if answer is None or answer.get("id") == number:
                return answer

    def close(self):
        self.file.close()
        self.socket.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="kith-test-", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        self.path = os.path.join(self.data, "agent.sock")
        self.processes = []
        self.addCleanup(self.end)

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self, *arguments, program=AGENT, env=None, **more):
        process = subprocess.Popen(
            [program, *arguments], env=env or environment(), stdin=subprocess.DEVNULL, **more
        )
        self.processes.append(process)
        return process

    def start(self, *arguments, program=AGENT, env=None):
        """Starts an agent; the line that it tells its starter."""
        reading, writing = os.pipe()
        self.agent = self.spawn(
            "--foreground", "--data", self.data, "--ready-fd", str(writing), *arguments,
            program=program, env=env, pass_fds=[writing], stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        os.close(writing)
        with os.fdopen(reading) as ready:
            return ready.readline()

    def face(self):
        face = Face(self.path)
        self.addCleanup(face.close)
        return face

    def stop(self, number=signal.SIGTERM):
        self.agent.send_signal(number)
        return self.agent.wait(WAIT_S)

    def assert_error(self, answer, code, kind=None):
        self.assertEqual(answer["error"]["code"], code, answer)
        if kind:
            self.assertEqual(answer["error"]["data"]["kind"], kind, answer)


def wait_until(condition):
    until = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


main = harness.main
