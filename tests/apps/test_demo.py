# SPDX-License-Identifier: MPL-2.0
"""tools/demo without a terminal: a first run, a second one that finds the first, and clear errors."""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "agent"))

import agents  # noqa: E402

DEMO = os.path.join(agents.CHECKOUT, "tools", "demo")
LIMIT_S = 120


class Demo(agents.Case):
    def run_demo(self, build=agents.BUILD):
        return subprocess.run(
            [sys.executable, DEMO, "--build", build, "--data", self.data], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, env=agents.environment(), timeout=LIMIT_S, check=False,
        )  # fmt: skip

    def own_processes(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if self.data.encode() in file.read():
                        found.append(pid)
            except OSError:
                pass
        return found

    def test_two_runs_show_one_conversation_on_four_devices(self):
        first = self.run_demo()
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(first.stdout.count("Then bring cake."), 4)
        self.assertIn("You \u2013 2 devices, Rose \u2013 2 devices, nobody else", first.stdout)
        self.assertEqual(self.own_processes(), [])
        second = self.run_demo()
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertNotIn("kith link", second.stdout)
        for text in ("Then bring cake.", "Are you there?"):
            self.assertEqual(second.stdout.count(text), 4)
        self.assertEqual(self.own_processes(), [])

    def test_what_is_missing_is_named(self):
        done = self.run_demo(build=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("kithd is missing", done.stderr)

    def test_a_port_that_is_taken_is_named(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            os.mkdir(self.data)
            with open(os.path.join(self.data, "port"), "w", encoding="ascii") as file:
                file.write(str(other.getsockname()[1]))
            done = self.run_demo()
        self.assertEqual(done.returncode, 1)
        self.assertIn("taken by another program", done.stderr)


if __name__ == "__main__":
    agents.main()
