#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Everybody hears everybody else, once.

    check_output.py EXAMPLE_CHAT
"""

import subprocess
import sys

names = ["Anna", "Ben", "Rose"]
wanted = {f"{to} hears {who}: Hello!" for to in names for who in names if to != who}
done = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True)
assert done.stderr == "", done.stderr
assert sorted(done.stdout.splitlines()) == sorted(wanted), done.stdout
