# SPDX-License-Identifier: MPL-2.0
"""What the check_* tools share: finding C files, and reading C text without its comments.

Good enough for code that clang-format has laid out; not a C parser.
"""

import os
import re
import sys

sys.dont_write_bytecode = True

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_TOKEN = re.compile(
    r"""
      /\*.*?\*/                      # comment
    | //[^\n]*                       # comment
    | "(?:\\.|[^"\\\n])*"            # string
    | '(?:\\.|[^'\\\n])*'            # character
    """,
    re.VERBOSE | re.DOTALL,
)


def c_files(root, folders):
    """Paths below `root`, relative to it, of the C files in `folders`, sorted."""
    found = []
    for folder in folders:
        for here, subfolders, names in os.walk(os.path.join(root, folder)):
            subfolders.sort()
            found += [
                os.path.relpath(os.path.join(here, name), root)
                for name in names
                if name.endswith((".c", ".h"))
            ]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text, keep_strings=False):
    """`text` with comments (and the insides of strings) turned into spaces: lines keep their numbers."""

    def replace(match):
        token = match.group(0)
        if token[0] == "/":
            return _blank(token)
        if keep_strings:
            return token
        return token[0] + " " * (len(token) - 2) + token[0]

    return _TOKEN.sub(replace, text)


def without_preprocessor(text):
    """`text` with directives, and every branch but the first of a conditional, turned into spaces."""
    lines = text.split("\n")
    out = []
    skipping = []  # one entry per open conditional: are we past its first branch?
    continued = False
    for line in lines:
        word = re.match(r"\s*#\s*(\w+)", line)
        if continued or word:
            if not continued:
                if word.group(1) in ("if", "ifdef", "ifndef"):
                    skipping.append(False)
                elif word.group(1) in ("else", "elif") and skipping:
                    skipping[-1] = True
                elif word.group(1) == "endif" and skipping:
                    skipping.pop()
            continued = line.endswith("\\")
            out.append(_blank(line))
        else:
            out.append(_blank(line) if any(skipping) else line)
    return "\n".join(out)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def strings(text):
    """(line, contents) of every string literal outside comments."""
    for match in _TOKEN.finditer(text):
        if match.group(0)[0] == '"':
            yield line_of(text, match.start()), match.group(0)[1:-1]


def finish(name, problems):
    """Prints one line per problem and leaves with the status that Meson understands."""
    for problem in problems:
        print(problem)
    print(f"{name}: {len(problems)} to put right" if problems else f"{name}: ok")
    sys.exit(1 if problems else 0)
