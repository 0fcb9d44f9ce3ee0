# SPDX-License-Identifier: MPL-2.0
"""tools/check_references knows a citation from other brackets."""

import harness

LIST = "| key | title |\n|---|---|\n| RFC9420 | MLS |\n| MLS-PQ | suites |\n"


class References(harness.Case):
    tool = "check_references"

    def setUp(self):
        super().setUp()
        self.write("docs/references.md", LIST)

    def test_listed_keys_are_accepted(self):
        self.write("src/mls/x.c", "/* [RFC9420 §7.9.2], [MLS-PQ §3], [RFC9420] */\n")

        self.assertIn("2 works cited", self.assert_accepted())

    def test_an_unlisted_key_is_refused(self):
        self.write("src/mls/x.c", "\n/* [RFC9421 §1] */\n")

        self.assert_refused("src/mls/x.c:2: RFC9421 is not in docs/references.md")

    def test_indices_in_code_are_no_citations(self):
        self.write("src/mls/x.c", "int a = table[KITH_OK] + names[MLS_A];\n")

        self.assertIn("0 works cited", self.assert_accepted())


if __name__ == "__main__":
    harness.main()
