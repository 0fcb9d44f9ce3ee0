# SPDX-License-Identifier: MPL-2.0
"""tools/check_proofs proves what holds for all inputs, and refuses what fails for one."""

import harness

HEADER = "/* A file.\n * Sources: {}. Loops: {}. */\n"
ANY = "unsigned nondet_unsigned(void);\n"


def proof(body, sentence="a sentence", name="proof_it"):
    return f'{ANY}/* "{sentence}" */\nvoid\n{name}(void)\n{{\n{body}}}\n'


class Proofs(harness.Case):
    tool = "check_proofs"

    def given(self, text, sources="none", loops=5):
        self.write("tests/proofs/x.c", HEADER.format(sources, loops) + text)

    def test_what_holds_for_every_input_is_proved_under_its_sentence(self):
        self.given(proof("    unsigned x = nondet_unsigned();\n    __CPROVER_assert((x | 1) != 0, \"never zero\");\n"))

        output = self.assert_accepted()
        self.assertIn("ok 1 - a sentence", output)
        self.assertIn("1 passed, 0 failed", output)

    def test_what_fails_for_one_input_among_all_is_refused_with_its_claim(self):
        self.given(proof("    unsigned x = nondet_unsigned();\n    __CPROVER_assert(x != 4711, \"no such number\");\n"))

        self.assertIn("0 passed, 1 failed", self.assert_refused("no such number"))

    def test_a_step_outside_an_array_in_a_source_is_refused(self):
        self.write("src/base/f.c", "int f(unsigned i) { int a[4] = {0}; return a[i]; }\n")
        self.given("int f(unsigned i);\n" + proof("    (void)f(nondet_unsigned() % 5);\n"), "src/base/f.c")

        self.assert_refused("not ok 1")

    def test_a_loop_that_may_run_more_often_than_said_is_refused(self):
        self.given(proof("    for (unsigned i = 0; i < 9; i++) {\n    }\n"))

        self.assert_refused("unwinding")

    def test_a_proof_without_a_sentence_is_refused(self):
        self.given("void\nproof_it(void)\n{\n}\n")

        self.assert_refused("sentence")

    def test_a_file_that_does_not_say_what_is_proved_with_it_is_refused(self):
        self.write("tests/proofs/x.c", proof(""))

        self.assert_refused("Sources")
if __name__ == "__main__":
    harness.main()
