# SPDX-License-Identifier: MPL-2.0
"""tools/fuzz_smoke runs what the list names and never calls a crash good.

The targets here are shell scripts in place of fuzzers.
"""

import os

import harness

GOOD = "#!/bin/sh\necho stat::number_of_executed_units: 12\n"
BAD = "#!/bin/sh\necho ERROR: AddressSanitizer\nexit 77\n"


class FuzzSmoke(harness.Case):
    tool = "fuzz_smoke"

    def target(self, name, script):
        os.chmod(self.write(name, script), 0o755)

    def smoke(self, targets):
        self.write("tests/fuzz/targets.txt", targets)
        status, output = self.run_tool(self.root, "1")
        return status, output.splitlines()

    def test_every_target_of_the_list_runs(self):
        self.target("fuzz_a", GOOD)
        self.target("fuzz_b", GOOD)

        status, lines = self.smoke("fuzz_a\nfuzz_b tests\n")

        self.assertEqual((status, lines[-1]), (0, "2 passed, 0 failed"))
        self.assertIn("fuzz_a: 12 runs", lines)

    def test_a_crash_is_shown_and_the_others_still_run(self):
        self.target("fuzz_a", BAD)
        self.target("fuzz_b", GOOD)

        status, lines = self.smoke("fuzz_a\nfuzz_b\n")

        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("ERROR: AddressSanitizer", lines)
        self.assertIn("failed: fuzz_a", lines)

    def test_a_target_that_was_not_built_fails(self):
        status, lines = self.smoke("fuzz_none\n")

        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed"))

    def test_a_corpus_that_is_missing_fails(self):
        self.target("fuzz_a", GOOD)

        status, lines = self.smoke("fuzz_a tests/no/such/corpus\n")

        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed"))

    def test_an_empty_list_fails(self):
        status, lines = self.smoke("\n")

        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed"))

    def test_a_build_folder_that_is_missing_is_a_wrong_call(self):
        status, _ = self.run_tool(os.path.join(self.root, "none"), "1")

        self.assertEqual(status, 2)


if __name__ == "__main__":
    harness.main()
