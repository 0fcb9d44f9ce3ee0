# SPDX-License-Identifier: MPL-2.0
"""What the tests of tools/ share: a small tree to check, and TAP on stdout.

A test is a method of a Case whose name begins with test_; the rest of its name is a sentence.
"""

import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPDX = "/* SPDX-License-Identifier: MPL-2.0 */\n"


class Case(unittest.TestCase):
    tool = ""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = self._folder.name
        self.addCleanup(self._folder.cleanup)

    def write(self, path, text):
        whole = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as file:
            file.write(text)
        return whole

    def run_tool(self, *arguments):
        """(status, what was printed)"""
        done = subprocess.run(
            [os.path.join(CHECKOUT, "tools", self.tool), *arguments],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def check(self, *arguments):
        return self.run_tool("--root", self.root, *arguments)

    def assert_accepted(self, *arguments):
        status, output = self.check(*arguments)
        self.assertEqual(status, 0, output)
        return output

    def assert_refused(self, part, *arguments):
        status, output = self.check(*arguments)
        self.assertEqual(status, 1, output)
        self.assertIn(part, output)
        return output


class _Tap(unittest.TestResult):
    def _say(self, word, test, note=""):
        name = test.id().split(".")[-1].removeprefix("test_")
        print(f"{word} {self.testsRun} - {name}{note}", flush=True)

    def addSuccess(self, test):
        self._say("ok", test)

    def addSkip(self, test, reason):
        self._say("ok", test, f" # SKIP {reason}")

    def _bad(self, test, error):
        self._say("not ok", test)
        for line in self._exc_info_to_string(error, test).splitlines():
            print("#", line)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(test, err)


def main():
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    print(f"1..{tests.countTestCases()}")
    result = _Tap()
    tests.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
