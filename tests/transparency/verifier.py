#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A second, small verifier of search answers [KEYTRANS], written from the draft's text and sharing nothing with
src/transparency: what the C client accepts must be accepted here, and what it refuses must be refused here.

    tests/transparency/verifier.py KT_CASES

KT_CASES is the program that prints cases, one JSON object a line: first the configuration of a log, then answers, genuine
and altered, each with what the C client made of it. Names follow the draft. Only the standard library is needed: the
arithmetic of edwards25519 is here, too, slow and in the open, which is fine for public values.
"""

import hashlib
import hmac
import json
import struct
import subprocess
import sys

KC = bytes.fromhex("d821f8790d97709796b4d7903357c3f5")
VERSION_NONE = 2**32 - 1


class Refused(Exception):
    """The answer proves nothing."""


def require(condition, reason):
    if not condition:
        raise Refused(reason)


# ---- edwards25519 [RFC8032 §5.1] ----------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    """In extended coordinates (X, Y, Z, T)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def multiply(scalar, point):
    total = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def negate(point):
    return (-point[0] % P, point[1], point[2], -point[3] % P)


def is_equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def recover_x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT % P
    if (x * x - square) % P != 0 or (x == 0 and sign == 1):
        return None
    return P - x if x & 1 != sign else x


def decode_point(data):
    """None: no point has this encoding."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = None if y >= P else recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def encode_point(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def sha512(*parts):
    return hashlib.sha512(b"".join(parts)).digest()


def is_signed(key, message, signature):
    point, r = decode_point(key), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or r is None or s >= Q:
        return False
    k = int.from_bytes(sha512(signature[:32], key, message), "little") % Q
    return is_equal(multiply(s, BASE), add(r, multiply(k, point)))


# ---- ECVRF-EDWARDS25519-SHA512-TAI [RFC9381 §5.3, §5.4, §5.5] ------------------------------------


def encode_to_curve(key, message):
    for counter in range(256):
        point = decode_point(sha512(b"\x03\x01", key, message, bytes([counter]), b"\x00")[:32])
        if point is not None:
            return multiply(8, point)
    raise Refused("no point of the curve")


def vrf_verify(key, message, proof):
    """The output, cut to 32 bytes as the cipher suite says."""
    y, gamma = decode_point(key), decode_point(proof[:32])
    c, s = int.from_bytes(proof[32:48], "little"), int.from_bytes(proof[48:], "little")
    require(len(proof) == 80 and y is not None and gamma is not None and s < Q, "VRF proof")
    require(is_equal(multiply(Q, gamma), (0, 1, 1, 0)), "VRF proof outside the group of prime order")
    h = encode_to_curve(key, message)
    u = add(multiply(s, BASE), negate(multiply(c, y)))
    v = add(multiply(s, h), negate(multiply(c, gamma)))
    points = b"".join(encode_point(point) for point in (y, h, gamma, u, v))
    require(sha512(b"\x03\x02", points, b"\x00")[:16] == proof[32:48], "VRF proof")
    return sha512(b"\x03\x03", encode_point(multiply(8, gamma)), b"\x00")[:32]


# ---- Encodings [KEYTRANS §2.1] ------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, count):
        require(count <= len(self.data), "too short")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def optional(self, read):
        present = self.uint(1)
        require(present <= 1, "presence octet")
        return read() if present else None

    def vector(self, size, read):
        """`size` bytes say how many elements there are."""
        return [read() for _ in range(self.uint(size))]

    def opaque(self, size):
        return self.take(self.uint(size))

    def hash(self):
        return self.take(32)

    def finish(self):
        require(self.data == b"", "too long")


class Configuration:
    """[KEYTRANS §11.2], of contact monitoring with Ed25519: what this verifier knows."""

    def __init__(self, data):
        r = Reader(data)
        self.encoded = data
        require((r.uint(2), r.uint(1)) == (2, 1), "suite and mode")
        self.signature_key, self.vrf_key = r.opaque(2), r.opaque(2)
        self.max_ahead, self.max_behind, self.window = r.uint(8), r.uint(8), r.uint(8)
        self.lifetime = r.optional(lambda: r.uint(8))
        r.finish()


# ---- The implicit binary search tree and binary ladders [KEYTRANS §A, §B] ------------------------


def root_of(size):
    return 2 ** (size.bit_length() - 1) - 1


def level_of(x):
    return (x ^ (x + 1)).bit_length() - 1


def left_of(x):
    return x ^ (1 << (level_of(x) - 1)) if level_of(x) > 0 else None


def right_of(x, size):
    if level_of(x) == 0 or x == size - 1:
        return None
    x ^= 3 << (level_of(x) - 1)
    while x >= size:
        x = left_of(x)
    return x


def frontier_of(size):
    path, x = [], root_of(size)
    while x is not None:
        path.append(x)
        x = right_of(x, size)
    return path


def direct_path(x, size):
    """The entries above `x`."""
    path, at = [], root_of(size)
    while at != x:
        path.append(at)
        at = left_of(at) if x < at else right_of(at, size)
    return path


def ladder_steps(is_included):
    """The versions that a binary ladder looks up, given what each lookup finds."""
    lower, upper, power = -1, None, 0
    while upper is None:
        version = 2**power - 1
        power += 1
        if version < 2**32:
            yield version
        if version < 2**32 and is_included(version):
            lower = version
        else:
            upper = version
    while lower + 1 < upper:
        version = (lower + upper) // 2
        yield version
        if is_included(version):
            lower = version
        else:
            upper = version


def base_ladder(greatest):
    return list(ladder_steps(lambda version: version <= greatest))


# ---- Prefix trees [KEYTRANS §11.8, §12.2] -------------------------------------------------------

NO_CHILD = bytes(32)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def bit(key, depth):
    return key[depth // 8] >> (7 - depth % 8) & 1


class PrefixProof:
    def __init__(self, r):
        self.results = r.vector(1, lambda: self.read_result(r))
        self.elements = r.vector(2, r.hash)

    @staticmethod
    def read_result(r):
        kind = r.uint(1)
        require(kind in (1, 2, 3), "kind of result")
        leaf = (r.hash(), r.hash()) if kind == 2 else None
        return kind, leaf, r.uint(1)

    def root(self, keys, commitments):
        """The root that comes out of lookups of `keys`."""
        terminals = []
        for key, commitment, (kind, leaf, depth) in zip(keys, commitments, self.results):
            value = NO_CHILD
            if kind == 1:
                require(commitment is not None, "a version that should not exist is included")
                value = sha256(b"\x02", key, commitment)
            elif kind == 2:
                same = all(bit(key, i) == bit(leaf[0], i) for i in range(depth))
                require(leaf[0] != key and same, "a leaf elsewhere")
                value = sha256(b"\x02", *leaf)
            terminals.append((key, depth, value))
        elements = list(self.elements)
        value = self.node(terminals, 0, elements)
        require(not elements, "elements left over")
        return value

    def node(self, terminals, depth, elements):
        if not terminals:
            require(elements, "an element is missing")
            return elements.pop(0)
        if any(end == depth for _, end, _ in terminals):
            values = {value for _, _, value in terminals}
            require(all(end == depth for _, end, _ in terminals) and len(values) == 1, "two ends of one path")
            return terminals[0][2]
        require(depth < 255, "too deep")
        sides = [[t for t in terminals if bit(t[0], depth) == side] for side in (0, 1)]
        return sha256(b"\x03", *[self.node(side, depth + 1, elements) for side in sides])


# ---- Log trees [KEYTRANS §11.7, §12.1] ----------------------------------------------------------


class Inclusion:
    """The root of a log tree from leaves, from what was retained, and from the elements of a proof."""

    def __init__(self, leaves, retained, elements):
        self.leaves, self.retained, self.elements = leaves, retained, elements
        self.computed = {}

    def value(self, start, end):
        size = end - start
        is_balanced = size & (size - 1) == 0
        has_leaf = any(start <= x < end for x in self.leaves)
        kept = self.retained.get((start, end))
        if kept is not None and not has_leaf:
            value = kept
        elif is_balanced and not has_leaf and not any(start <= s and e <= end for s, e in self.retained):
            require(self.elements, "an element is missing")
            value = self.elements.pop(0)
        elif size == 1:
            value = self.leaves[start]
        else:
            middle = start + 2 ** ((size - 1).bit_length() - 1)
            value = sha256(self.content(start, middle), self.content(middle, end))
        require(kept is None or kept == value, "another tree than the one that was seen")
        self.computed[start, end] = value
        return value

    def content(self, start, end):
        value = self.value(start, end)
        return (b"\x00" if end - start == 1 else b"\x01") + value


def full_subtrees(size):
    found, start = [], 0
    for power in range(size.bit_length() - 1, -1, -1):
        if size >> power & 1:
            found.append((start, start + 2**power))
            start += 2**power
    return found


# ---- The user [KEYTRANS §4, §6, §7, §13.1] -------------------------------------------------------


class View:
    """What a user retains."""

    def __init__(self):
        self.size, self.subtrees, self.entries = 0, {}, {}


class Walk:
    """A CombinedTreeProof, consumed by the algorithms [KEYTRANS §12.3]."""

    def __init__(self, r, config, view, size):
        self.config, self.view, self.size = config, view, size
        self.timestamps = r.vector(1, lambda: r.uint(8))
        self.proofs = r.vector(1, lambda: PrefixProof(r))
        self.prefix_roots = r.vector(1, r.hash)
        self.inclusion = r.vector(2, r.hash)
        self.times = {x: entry[0] for x, entry in view.entries.items()}
        self.roots = {}
        self.given = set()
        self.included, self.absent = {}, {}
        self.keys, self.commitments = {}, {}

    def timestamp(self, x):
        if x not in self.times:
            require(self.timestamps, "a timestamp is missing")
            self.times[x] = self.timestamps.pop(0)
            self.given.add(x)
            order = [self.times[at] for at in sorted(self.times)]
            require(order == sorted(order), "timestamps go back")
        return self.times[x]

    def take_root(self, x, versions):
        require(self.proofs, "a proof is missing")
        proof = self.proofs.pop(0)
        require(len(proof.results) == len(versions), "lookups")
        require(all(version in self.keys for version in versions), "a version without a VRF proof")
        root = proof.root([self.keys[v] for v in versions], [self.commitments.get(v) for v in versions])
        require(self.roots.setdefault(x, root) == root, "two roots of one entry")
        kept = self.view.entries.get(x)
        require(kept is None or kept[1] == root, "another root than the one that was seen")

    def ladder(self, x, target):
        """A search binary ladder; -1, 0, 1: the greatest version there is below, at or above the target."""
        require(self.proofs, "a proof is missing")
        results = [result[0] == 1 for result in self.proofs[0].results]
        looked_up, ends = [], []

        def is_included(version):
            if any(at < x for at in self.included.get(version, ())):
                found = True
            elif any(at > x for at in self.absent.get(version, ())):
                found = False
            else:
                require(len(looked_up) < len(results), "lookups")
                found = results[len(looked_up)]
                looked_up.append((version, found))
            if found != (version <= target):
                ends.append(1 if found else -1)
            return found

        steps = ladder_steps(lambda version: outcomes[version])
        outcomes = {}
        for version in steps:
            outcomes[version] = is_included(version)
            if ends:
                break
        self.take_root(x, [version for version, _ in looked_up])
        for version, found in looked_up:
            (self.included if found else self.absent).setdefault(version, set()).add(x)
        return ends[0] if ends else 0

    def update_view(self):
        if self.view.size == 0:
            path = frontier_of(self.size)
        elif self.view.size == self.size:
            path = []
        else:
            last = self.view.size - 1
            path = sorted(x for x in direct_path(last, self.size) if x > last)
            at = path[-1] if path else last
            while (at := right_of(at, self.size)) is not None:
                path.append(at)
        for x in path:
            self.timestamp(x)

    def rightmost_distinguished(self):
        found, x, left, right = None, root_of(self.size), 0, self.timestamp(self.size - 1)
        while x is not None and right - left >= self.config.window:
            found, left, x = x, self.timestamp(x), right_of(x, self.size)
            if x is not None:
                self.timestamp(x)
        return found

    def search_greatest(self, target):
        """Whether the target is there; else, nothing is."""
        x = self.rightmost_distinguished()
        x = root_of(self.size) if x is None else x
        while True:
            order = self.ladder(x, target)
            require(order <= 0, "a greater version is there")
            following = right_of(x, self.size)
            if following is None:
                return order == 0
            x = following

    def is_expired(self, x):
        return self.config.lifetime is not None and self.timestamp(self.size - 1) - self.timestamp(x) >= self.config.lifetime

    def search_fixed(self, target):
        x, found = root_of(self.size), None
        while x is not None:
            self.timestamp(x)
            require(not self.is_expired(x), "this verifier knows no logs that expire")
            order = self.ladder(x, target)
            if order == 0:
                return
            if order > 0:
                found = x if found is None else min(found, x)
            x = left_of(x) if order > 0 else right_of(x, self.size)
        require(found is not None, "no such version")
        result = self.proofs[0].results if self.proofs else []
        self.take_root(found, [target])
        require(result[0][0] == 1, "no such version")

    def finish(self):
        """The root of the log tree, and what to retain."""
        missing = sorted(x for x in self.given if x not in self.roots)
        require(not self.timestamps and not self.proofs and len(self.prefix_roots) == len(missing), "left over")
        self.roots.update(zip(missing, self.prefix_roots))
        leaves = {x: sha256(struct.pack(">Q", self.times[x]), self.roots[x]) for x in self.given}
        tree = Inclusion(leaves, self.view.subtrees, list(self.inclusion))
        root = tree.value(0, self.size)
        require(not tree.elements, "elements left over")
        kept = View()
        kept.size = self.size
        kept.subtrees = {place: tree.computed[place] for place in full_subtrees(self.size)}
        kept.entries = {x: self.view.entries.get(x) or (self.times[x], self.roots[x]) for x in frontier_of(self.size)}
        return root, kept


class User:
    def __init__(self, config):
        self.config, self.view = config, View()
        self.vrf_outputs, self.signatures = {}, {}

    def vrf(self, label, version, proof):
        """Proofs that were checked before are not checked again: it takes its time."""
        asked = (label, version, proof)
        if asked not in self.vrf_outputs:
            message = bytes([len(label)]) + label + struct.pack(">I", version)
            self.vrf_outputs[asked] = vrf_verify(self.config.vrf_key, message, proof)
        return self.vrf_outputs[asked]

    def check_head(self, size, signature, root):
        message = self.config.encoded + struct.pack(">Q", size) + root
        if (message, signature) not in self.signatures:
            self.signatures[message, signature] = is_signed(self.config.signature_key, message, signature)
        require(self.signatures[message, signature], "signature of the head")

    def read_head(self, r):
        kind = r.uint(1)
        require(kind in (1, 2), "kind of head")
        if kind == 1:
            require(self.view.size > 0, "the same head as none")
            return self.view.size, None
        size, signature = r.uint(8), r.opaque(2)
        require(size > self.view.size, "not a newer head")
        return size, signature

    def read_ladder(self, r, label, target, is_absent):
        """Keys and commitments by version; the target's commitment is for the caller to make."""
        versions = base_ladder(target)
        steps = r.vector(1, lambda: (r.take(80), r.optional(r.hash)))
        require(len(steps) == len(versions), "steps of the ladder")
        keys = {version: self.vrf(label, version, proof) for version, (proof, _) in zip(versions, steps)}
        commitments = {version: c for version, (_, c) in zip(versions, steps) if c is not None}
        require(target not in commitments and not (is_absent and commitments), "a commitment too many")
        return keys, commitments

    def search(self, label, version, response, now):
        """(version, value), the version None when the label has none. Refused: nothing is retained."""
        r = Reader(response)
        size, signature = self.read_head(r)
        found = r.uint(4) if version is None else version
        is_absent = version is None and found == VERSION_NONE
        target = 0 if is_absent else found
        opening, value = r.take(16), r.opaque(4)
        keys, commitments = self.read_ladder(r, label, target, is_absent)
        if is_absent:
            require(opening == bytes(16) and value == bytes(512 + keys[0][0]), "what stands for no value")
        else:
            committed = (opening + bytes([len(label)]) + label + struct.pack(">I", target)
                         + struct.pack(">I", len(value)) + value)  # fmt: skip
            commitments[target] = hmac.digest(KC, committed, "sha256")
        walk = Walk(r, self.config, self.view, size)
        r.finish()
        walk.keys, walk.commitments = keys, commitments
        walk.update_view()
        newest = walk.timestamp(size - 1)
        require(now - self.config.max_behind <= newest <= now + self.config.max_ahead, "the clock")
        if version is None:
            require(walk.search_greatest(target) != is_absent, "whether there is such a version")
        else:
            walk.search_fixed(version)
        root, kept = walk.finish()
        if signature is not None:
            self.check_head(size, signature, root)
        self.view = kept
        return (None, b"") if is_absent else (found, value)


# ---- Comparing -----------------------------------------------------------------------------------


def compare(user, case):
    """None, or how the two verifiers differ."""
    want = (case["version"], case["value"]) if case["accepted"] else None
    try:
        version, value = user.search(bytes.fromhex(case["label"]), case["asked"], bytes.fromhex(case["response"]), case["now"])
        got = (version, value.hex())
    except Refused as reason:
        got, want = (None, f"refused here: {reason}; {want}") if want is not None else (None, None)
        return want
    return None if got == want else f"found here: {got}; there: {want}"


def main():
    lines = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    users, counts, differing = {}, {}, {}
    config = None
    for line in lines:
        case = json.loads(line)
        if "config" in case:
            config, users = Configuration(bytes.fromhex(case["config"])), {}
            continue
        user = users.setdefault(case["user"], User(config))
        counts[case["what"]] = counts.get(case["what"], 0) + 1
        difference = compare(user, case)
        if difference is not None:
            differing.setdefault(case["what"], []).append(f"{case['label']} {case['asked']}: {difference[:300]}")
    print(f"1..{len(counts)}")
    for number, (what, count) in enumerate(counts.items(), 1):
        print(f"{'not ok' if what in differing else 'ok'} {number} - both verifiers say the same of {what} ({count} answers)")
        for difference in differing.get(what, [])[:5]:
            print(f"# {difference}")
    sys.exit(1 if differing or not counts else 0)


if __name__ == "__main__":
    main()
