#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""No branch and no address of ours depends on a secret, as far as memcheck sees while a group lives.

    secret_paths.py PROGRAM SUPPRESSIONS

What libcrypto and libsodium do inside is theirs: the suppressions leave that out, and one comparison of public bytes.
"""

import subprocess
import sys

REPORTED = 99


def run(*arguments):
    """Whether memcheck reported anything, and its report."""
    program, suppressions = sys.argv[1:]
    done = subprocess.run(
        ["valgrind", "--quiet", f"--error-exitcode={REPORTED}", f"--suppressions={suppressions}", "--num-callers=16",
         program, *arguments], capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def main():
    tests = {
        "a branch on a secret, and an address made of one, are reported": ("leak", REPORTED),
        "a group founds, adds, updates, mixes in, removes and talks without either": ("live", 0),
    }
    print(f"1..{len(tests)}")
    failed = 0
    for number, (sentence, (argument, wanted)) in enumerate(tests.items(), 1):
        status, report = run(argument)
        failed += status != wanted
        print(f"{'ok' if status == wanted else 'not ok'} {number} - {sentence}", flush=True)
        if status != wanted:
            print("\n".join(f"# {line}" for line in report.splitlines()[:60]))
    sys.exit(1 if failed else 0)


main()
