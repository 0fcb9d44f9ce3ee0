#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""How long until a message is on the other side's screen, with the programs that people use, on loopback.

    bench/e2e/send_latency.py BUILD_FOLDER [COUNT]

Prints median, worst and best of COUNT (20) messages in milliseconds, from the start of `kith send` until
`kith read --follow` of the other side has printed the text, cold (no agent runs on the sender's side) and warm.
"""

import os
import statistics
import sys
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import kith_e2e as e2e  # noqa: E402


def use_programs_of(build):
    for variable, name in (("KITHD", "kithd"), ("KITH_AGENT", "kith-agent"), ("KITH", "kith")):
        os.environ[variable] = os.path.abspath(os.path.join(build, "apps", name, name))


def shown_after(sender, reading, text):
    started = time.monotonic()
    sending = sender.command("send", "Bert", text)
    e2e.until(lambda: text in reading.log(), 20, text, pause=0.0002)
    took = time.monotonic() - started
    e2e.equal(sending.end(), 0, sending.log())
    return took * 1000


def measure(world, count):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    world.meet(anna, bert)
    anna.stop()
    reading = bert.command("read", "Anna", "--follow")
    e2e.until(lambda: "hello" in reading.log(), 10, "the chat on the screen")
    times = {"cold": [], "warm": []}
    for i in range(count):
        times["cold"].append(shown_after(anna, reading, f"cold-{i}."))
        times["warm"].append(shown_after(anna, reading, f"warm-{i}."))
        anna.ok("daemon", "stop")
    return times


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    use_programs_of(sys.argv[1])
    e2e.become_reaper()
    world = e2e.World()
    try:
        times = measure(world, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    finally:
        problems = world.close()
        world.remove()
    for name, values in times.items():
        print(f"{name}: median {statistics.median(values):.1f} ms, worst {max(values):.1f}, best {min(values):.1f}"
              f" of {len(values)}")  # fmt: skip
    sys.exit("\n".join(problems) or 0)


main()
