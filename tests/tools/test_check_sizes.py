# SPDX-License-Identifier: MPL-2.0
"""tools/check_sizes counts as a reader would, and refuses just beyond each limit."""

import harness


def function(lines, parameters="void", name="f"):
    """A function of `lines` lines, counted from its name to its closing brace."""
    return f"static int\n{name}({parameters})\n{{\n" + "    g();\n" * (lines - 3) + "}\n"


def nested(depth):
    opening = "".join("    " * (i + 1) + "if (x) {\n" for i in range(depth))
    closing = "".join("    " * (i + 1) + "}\n" for i in reversed(range(depth)))
    return "int\nf(int x)\n{\n" + opening + closing + "    return x;\n}\n"


class Sizes(harness.Case):
    tool = "check_sizes"

    def test_a_function_of_80_lines_is_accepted_and_named_as_worth_discussing(self):
        self.write("src/core/x.c", function(80))

        self.assertIn("x.c:2: f has 80 lines", self.assert_accepted("--list"))

    def test_a_function_of_81_lines_is_refused(self):
        self.write("src/core/x.c", function(40, name="short_one") + "\n" + function(81, name="long_one"))

        output = self.assert_refused("src/core/x.c:44: long_one has 81 lines")
        self.assertNotIn("short_one", output)

    def test_a_file_of_800_lines_is_accepted(self):
        self.write("src/core/x.c", "int x;\n" * 800)

        self.assert_accepted()

    def test_a_file_of_801_lines_is_refused(self):
        self.write("tests/core/x.c", "int x;\n" * 801)

        self.assert_refused("tests/core/x.c has 801 lines")

    def test_five_parameters_are_accepted(self):
        self.write("src/core/x.c", function(4, "int a, int (*b)(int, int), int c, int d, int e"))

        self.assert_accepted()

    def test_six_parameters_are_refused(self):
        self.write("src/core/x.c", function(4, "int a, int b, int c, int d,\n  int e, int f"))

        self.assert_refused("f has 6 parameters")

    def test_three_levels_are_accepted(self):
        self.write("src/core/x.c", nested(3))

        self.assert_accepted()

    def test_four_levels_are_refused(self):
        self.write("src/core/x.c", nested(4))

        self.assert_refused("f nests 4 deep")

    def test_initialisers_and_compound_literals_are_no_levels(self):
        body = "    t a = {{{{{0}}}}};\n    use((t){{{{0}}}});\n"
        self.write("src/core/x.c", "void\nf(void)\n{\n" + body + "}\n")

        self.assert_accepted()

    def test_braces_in_strings_comments_and_characters_do_not_count(self):
        body = "    a = \"{{{\"; /* { */\n    b = '{';\n"
        self.write("src/core/x.c", "void\nf(void)\n{\n" + body + "}\n\n" + function(81, name="late"))

        self.assert_refused("late has 81 lines")

    def test_both_branches_of_a_conditional_do_not_unbalance_the_count(self):
        body = "#ifdef A\n    if (x) {\n#else\n    if (y) {\n#endif\n    }\n"
        self.write("src/core/x.c", "void\nf(void)\n{\n" + body + "}\n\n" + function(81, name="late"))

        self.assert_refused("late has 81 lines")

    def test_tables_are_no_functions(self):
        self.write("src/core/x.c", "static const int t[] = {\n" + "    1,\n" * 100 + "};\n")

        self.assert_accepted()


if __name__ == "__main__":
    harness.main()
