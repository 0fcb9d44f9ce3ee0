#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Draws what bench_mls printed: cost against the number of members, both axes logarithmic, as SVG on standard output.

    bench_mls --cpu 2 10 ... | plot.py > curves.svg

Each operation is a curve for each suite; grey lines have the slopes of N and of log N.
"""

import math
import sys

COLUMNS = {"add N-1": 2, "join": 3, "commit": 4, "process": 5, "protect": 6, "open": 7}
COLOURS = ["#1b6ca8", "#c1440e", "#2f7d32", "#7b3fa0", "#9a7b00", "#555555"]
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 520, 60, 30, 170, 45
# Room for the widest number at the left, and above the plane for what the lines mean.
ASIDE, ABOVE = 20, 20


def read(lines):
    """Rows by suite: [(N, {operation: ms})]."""
    suites = {}
    rows = None
    for line in lines:
        cells = line.split()
        if line.startswith("MLS_"):
            rows = suites.setdefault(line.strip(), [])
        elif rows is not None and cells and cells[0].isdigit():
            rows.append((int(cells[0]), {k: float(cells[i]) for k, i in COLUMNS.items()}))
    return suites


class Plane:
    def __init__(self, suites):
        sizes = [n for rows in suites.values() for n, _ in rows]
        costs = [c for rows in suites.values() for _, row in rows for c in row.values()]
        self.x = (math.log10(min(sizes)), math.log10(max(sizes)))
        self.y = (math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs))))

    def at(self, n, ms):
        across = (math.log10(n) - self.x[0]) / (self.x[1] - self.x[0])
        up = (math.log10(ms) - self.y[0]) / (self.y[1] - self.y[0])
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )

    def line(self, points, style):
        path = " ".join(f"{x},{y}" for x, y in (self.at(n, ms) for n, ms in points))
        return f'<polyline fill="none" {style} points="{path}"/>'


def text(x, y, words, extra=""):
    return f'<text x="{x}" y="{y}" {extra}>{words}</text>'


def axes(plane):
    for power in range(plane.y[0], plane.y[1] + 1):
        x, y = plane.at(10 ** plane.x[0], 10**power)
        yield f'<line x1="{x}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#ddd"/>'
        yield text(x - 6, y + 4, f"{10.0**power:g} ms", 'text-anchor="end"')
    for power in range(math.ceil(plane.x[0]), math.floor(plane.x[1]) + 1):
        x, y = plane.at(10**power, 10 ** plane.y[0])
        yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{y}" stroke="#ddd"/>'
        yield text(x, y + 18, f"{10**power:,}", 'text-anchor="middle"')
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "members", 'text-anchor="middle"')


def slopes(plane, sizes):
    style = 'stroke="#aaa" stroke-dasharray="2 4"'
    base = 10 ** plane.y[0] * 3
    for name, cost in (("N", lambda n: base * n / sizes[0]), ("log N", lambda n: base * math.log2(2 * n))):
        points = [(n, min(cost(n), 10 ** plane.y[1])) for n in sizes]
        yield plane.line(points, style)
        x, y = plane.at(*points[len(points) // 2])
        yield text(x, y - 5, name, 'fill="#888"')


def apart(labels):
    """No label covers another."""
    last = -math.inf
    for (x, y), name, colour in sorted(labels):
        last = max(y + 4, last + 14)
        yield (x, round(last, 1)), name, colour


def main():
    suites = read(sys.stdin)
    plane = Plane(suites)
    sizes = sorted({n for rows in suites.values() for n, _ in rows})
    box = f"{-ASIDE} {-ABOVE} {WIDTH + ASIDE} {HEIGHT + ABOVE}"
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="sans-serif" font-size="12">')
    print(f'<rect x="{-ASIDE}" y="{-ABOVE}" width="{WIDTH + ASIDE}" height="{HEIGHT + ABOVE}" fill="white"/>')
    for part in [*axes(plane), *slopes(plane, sizes)]:
        print(part)
    labels = []
    for at, (suite, rows) in enumerate(suites.items()):
        dash = ["", 'stroke-dasharray="7 3"', 'stroke-dasharray="2 3"'][at % 3]
        print(text(LEFT, 14 * at - 2, f"{'solid' if at == 0 else 'dashed'}: {suite}"))
        for name, colour in zip(COLUMNS, COLOURS):
            points = [(n, row[name]) for n, row in rows if row[name] > 0]
            print(plane.line(points, f'stroke="{colour}" stroke-width="2" {dash}'))
            if at == 0:
                labels.append((plane.at(*points[-1]), name, colour))
    for (x, y), name, colour in apart(labels):
        print(text(x + 6, y, name, f'fill="{colour}"'))
    print("</svg>")


main()
