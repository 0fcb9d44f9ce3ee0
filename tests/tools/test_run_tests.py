# SPDX-License-Identifier: MPL-2.0
"""tools/run_tests counts what ran, and never calls a broken run good.

Each test builds a small project of shell scripts with Meson.
"""

import os
import shutil
import subprocess

import harness

PROJECT = "project('t')\nsh = find_program('sh')\n"


class RunTests(harness.Case):
    tool = "run_tests"

    def run_project(self, *programs, names=()):
        """Runs a project with one test for each (name, protocol, script); (status, lines)."""
        if not shutil.which("meson"):
            self.skipTest("no meson here")
        build = os.path.join(self.root, "build")
        text = PROJECT
        for name, protocol, script in programs:
            path = self.write(name + ".sh", script)
            text += f"test('{name}', sh, args: '{path}', protocol: '{protocol}', suite: 'suite-{name}')\n"
        self.write("meson.build", text)
        subprocess.run(["meson", "setup", build, self.root], check=True, capture_output=True)
        status, output = self.run_tool(build, *names)
        return status, output.splitlines()

    def test_single_tests_are_counted(self):
        status, lines = self.run_project(
            ("a", "tap", 'echo 1..2; echo "ok 1 - x"; echo "ok 2 - y"'), ("b", "exitcode", "exit 0")
        )

        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed"))

    def test_tap_is_counted_whatever_the_protocol_is(self):
        status, lines = self.run_project(("a", "exitcode", 'echo 1..2; echo "ok 1 - x"; echo "ok 2 - y"'))

        self.assertEqual((status, lines[-1]), (0, "2 passed, 0 failed"))

    def test_a_failed_test_is_named_and_fails_the_run(self):
        script = 'echo 1..2; echo "ok 1 - x"; echo "not ok 2 - y is z"; exit 1'
        status, lines = self.run_project(("a", "tap", script))

        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("failed: a: y is z", lines)

    def test_skipped_tests_are_named_and_counted_apart(self):
        script = 'echo 1..2; echo "ok 1 - x"; echo "ok 2 # SKIP no vectors"'
        status, lines = self.run_project(("a", "tap", script), ("b", "exitcode", "exit 77"))

        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed, 2 skipped"))
        self.assertIn("skipped: a: no vectors", lines)
        self.assertIn("skipped: b", lines)

    def test_a_program_that_dies_half_way_fails_the_run(self):
        status, lines = self.run_project(("a", "tap", 'echo 1..2; echo "ok 1 - x"; kill -9 $$'))

        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))

    def test_a_program_that_fails_after_its_last_test_fails_the_run(self):
        status, lines = self.run_project(("a", "tap", 'echo 1..1; echo "ok 1 - x"; exit 9'))

        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))

    def test_a_program_that_prints_nothing_of_what_it_announced_fails_the_run(self):
        status, lines = self.run_project(("a", "exitcode", "echo 1..3"))

        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed"))

    def test_a_name_chooses_by_test_and_by_suite(self):
        programs = [(name, "exitcode", "exit 0") for name in ("tree", "group", "wire")]
        status, lines = self.run_project(*programs, names=("suite-tr", "wir"))

        self.assertEqual((status, lines[-1]), (0, "2 passed, 0 failed"))

    def test_a_name_that_means_nothing_is_refused_with_a_list(self):
        status, lines = self.run_project(("tree", "exitcode", "exit 0"), names=("trea",))

        self.assertEqual(status, 2)
        self.assertIn("    tree", lines)


if __name__ == "__main__":
    harness.main()
