#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Every test and function that docs/mls-rules.md names is there.

    rules_table.py CHECKOUT
"""

import pathlib
import re
import sys


def words(folder):
    """Every identifier in the C files of a folder."""
    text = "".join(p.read_text() for p in sorted(folder.glob("*.[ch]")))
    return set(re.findall(r"\w+", text)), set(re.findall(r"cmocka_unit_test\((\w+)\)", text))


def main():
    root = pathlib.Path(sys.argv[1])
    functions, _ = words(root / "src/mls")
    _, tests = words(root / "tests/mls")
    missing = []
    rows = 0
    for line in (root / "docs/mls-rules.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if not line.startswith("| ") or cells[0] == "rule":
            continue
        rows += 1
        names = [(n, functions) for n in re.findall(r"`(\w+)`", cells[1])]
        names += [(n, tests) for n in re.findall(r"`(\w+)`", cells[2])]
        missing += [f"{cells[0]}: {n}" for n, known in names if n not in known]
        if not re.findall(r"`(\w+)`", cells[2]) and "the caller" not in cells[1]:
            missing.append(f"{cells[0]}: no test")
    for row in missing:
        print("not there:", row)
    return 1 if missing or rows < 40 else 0


sys.exit(main())
