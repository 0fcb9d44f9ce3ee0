#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Our MLS beside another implementation, in one run: medians, ratios, and the bars that ours has to hold.

    beside.py [--rounds N] [--members N] BENCH_MLS OTHER [SUITE=THEIRS...]

OTHER is a command that prints one JSON object with milliseconds of processor time: `OTHER SUITE N` the members add,
join, protect and open, `OTHER SUITE N fill` the members commit and process, both in a tree in which every member has
committed once. The two take turns, round after round. SUITE is our id, THEIRS the other's for the same suite.
"""

import argparse
import json
import statistics
import subprocess
import sys

# Milliseconds for N = 1,000, by suite: classical, post-quantum.
BARS = {
    "add": (300, 600),
    "join": (60, 80),
    "process": (2, 4),
    "commit": (3, 6),
    "protect": (0.045, 0.045),
    "open": (0.115, 0.115),
}
COLUMNS = {"add": 2, "join": 3, "commit": 4, "process": 5, "protect": 6, "open": 7}


def ours(bench, suite, members):
    """One row of bench_mls, by the processor's clock."""
    text = subprocess.run(
        [bench, "--cpu", "--suite", suite, str(members)], check=True, capture_output=True, text=True
    ).stdout
    cells = text.splitlines()[-1].split()
    return {name: float(cells[at]) for name, at in COLUMNS.items()}


def theirs(other, suite, members, fill):
    command = [other, suite, str(members)] + (["fill"] if fill else [])
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("bench")
    parser.add_argument("other")
    parser.add_argument("suites", nargs="*", default=["0x0001=0x0001"])
    options = parser.parse_args()
    missed = 0
    for at, pair in enumerate(options.suites):
        suite, other_suite = pair.split("=")
        mine = []
        yours = []
        for n in range(options.rounds):
            mine.append(ours(options.bench, suite, options.members))
            yours.append(theirs(options.other, other_suite, options.members, False))
            if n == 0:  # dear, and not compared to a few per cent
                yours[0].update(theirs(options.other, other_suite, options.members, True))
        print(f"\n| {suite}, N = {options.members}, ms | ours | other | ratio | bar |\n|---|---|---|---|---|")
        for name, bars in BARS.items():
            own = statistics.median(row[name] for row in mine)
            other = statistics.median(row[name] for row in yours if name in row)
            bar = bars[1 if int(suite, 0) >= 0xF000 else 0]
            missed += own > bar
            verdict = "" if own <= bar else " missed"
            print(f"| {name} | {own:.3g} | {other:.3g} | {other / own:.1f} | {bar:g}{verdict} |", flush=True)
    return 1 if missed else 0


sys.exit(main())
