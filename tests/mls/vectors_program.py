#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""mls-vectors says what passed, failed and is unsupported, and ends with the right status.

    vectors_program.py MLS_VECTORS
"""

import json
import os
import subprocess
import sys
import tempfile

program = sys.argv[1]
source = os.path.join(os.environ.get("KITH_VECTORS", "."), "mls", "crypto-basics.json")
if not os.path.exists(source):
    if os.environ.get("CI") == "true":
        sys.exit(f"{source} cannot be read")
    sys.exit(77)  # skipped


# A check that fails is left from its middle, with what it had allocated.
environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")


def run(items, *options):
    """(exit status, what it printed after the file's name)"""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(items, f)
        f.flush()
        done = subprocess.run(
            [program, *options, f.name], capture_output=True, text=True, env=environment
        )
        assert done.stderr == "", done.stderr
        return done.returncode, done.stdout.replace(f.name + ": ", "").strip()


with open(source, encoding="ascii") as f:
    items = json.load(f)

assert run(items) == (0, f"crypto-basics: {len(items)} passed, 0 failed, 0 unsupported")

changed = json.loads(json.dumps(items[:3]))
out = changed[0]["ref_hash"]["out"]
changed[0]["ref_hash"]["out"] = ("0" if out[0] != "0" else "1") + out[1:]
assert run(changed) == (1, "crypto-basics: 2 passed, 1 failed, 0 unsupported")

unknown = dict(items[0], cipher_suite=0x7777)
assert run([items[0], unknown, {"other": 1}]) == (
    0,
    "crypto-basics: 1 passed, 0 failed, 2 unsupported",
)
mapped = f"0x7777={items[0]['cipher_suite']:#06x}"
assert run(unknown, "--suite-map", mapped) == (
    0,
    "crypto-basics: 1 passed, 0 failed, 0 unsupported",
)

for arguments in [[], ["/nowhere.json"], ["--suite-map", "0x7777=0x7778", source], ["--wrong"]]:
    assert subprocess.run([program, *arguments], capture_output=True).returncode == 2, arguments
