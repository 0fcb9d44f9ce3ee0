#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""An example prints what it should, in any order, and no more.

    check_output.py EXAMPLE
"""

import subprocess
import sys

NAMES = ["Anna", "Ben", "Rose"]
WANTED = {
    # Everybody hears everybody else, once.
    "example-chat": [f"{to} hears {who}: Hello!" for to in NAMES for who in NAMES if to != who],
    "example-transparency": ["an answer that was changed is refused", "anna, version 1: a telephone and a laptop"],
}


def check(command, name):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(WANTED[name]), done.stdout


if __name__ == "__main__":
    check(sys.argv[1:], sys.argv[1].rsplit("/", 1)[-1])
