# SPDX-License-Identifier: MPL-2.0
"""How soon a message is on the other side's screen. The figure belongs to bench/e2e; here it must not be absurd."""

import statistics
import time

from kith_e2e import check, main, note, test, until


def shown_after(sender, who, reading, text):
    """Seconds from the start of `kith send` until the text is in what the other side's kith printed."""
    started = time.monotonic()
    sending = sender.command("send", who, text)
    until(lambda: text in reading.log(), 10, f"{text} on the screen", pause=0.0005)
    took = time.monotonic() - started
    check(sending.end() == 0, sending.log())
    return took


@test("a cold `kith send` is on the other side's screen soon")
def _(world):
    server = world.server().start()
    anna = world.person("Anna", server.link)
    bert = world.person("Bert", server.link)
    world.meet(anna, bert)
    bert.ok("read", "Anna")
    reading = bert.command("read", "Anna", "--follow")
    until(lambda: "hello" in reading.log(), 10, "the chat on the screen")

    cold = []
    warm = []
    for i in range(5):
        anna.call("agent.stop")
        anna.process.end()
        anna.drop()
        cold.append(shown_after(anna, "Bert", reading, f"cold {i}"))
        warm.append(shown_after(anna, "Bert", reading, f"warm {i}"))
        anna.ok("daemon", "stop")
        anna.start()

    for name, times in (("cold", cold), ("warm", warm)):
        note(f"{name}: median {statistics.median(times) * 1000:.0f} ms, worst {max(times) * 1000:.0f} ms")
        check(max(times) < 5, name, times)


main()
