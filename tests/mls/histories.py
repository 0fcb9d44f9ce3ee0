#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Random histories of groups whose members are run by one or two MLS clients.

    histories.py [--seed N] [--rounds N] [--steps N] [--members N] [--suites ID,ID...] CLIENT [CLIENT]

A CLIENT is a command that speaks the lines of mls_client.c; with two, each member is run by either. Each
round is one group: members come, go, update, mix in PSKs, change extensions, join from outside, branch off,
start anew and talk, at random. After each step all members must have the same epoch authenticator and
exporter, and hear each other. Ends with 0 when they did; else the seed and the step are printed.
"""

# Extensions of the group context that clients have to support.
EXTENSION_TYPES = (0xFF01, 0xFF02)

import argparse
import json
import random
import shlex
import subprocess
import sys


class Failed(Exception):
    pass


class Client:
    """A running client."""

    def __init__(self, command, wrapper=()):
        self.command = command
        self.process = subprocess.Popen(
            [*wrapper, *shlex.split(command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, op, **fields):
        """The answer as it is, an error included."""
        self.process.stdin.write(json.dumps(dict(op=op, **fields)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.command} ended at {op}")
        return json.loads(line)

    def call(self, op, **fields):
        answer = self.ask(op, **fields)
        if "error" in answer:
            raise Failed(f"{self.command}: {op}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


class Member:
    def __init__(self, client, identity, state, since):
        self.client = client
        self.identity = identity
        self.state = state
        self.since = since

    def call(self, op, **fields):
        return self.client.call(op, state=self.state, **fields)


class Group:
    """One group and everybody in it."""

    def __init__(self, rng, clients, suites, suite):
        self.rng = rng
        self.clients = clients
        self.suites = suites
        self.suite = suite
        self.names = 0
        self.most = 1
        self.counts = {}
        identity = self.new_identity()
        client = rng.choice(clients)
        founder = client.call(
            "create_group",
            suite=suite,
            group_id=rng.randbytes(16).hex(),
            identity=identity,
            encrypt_handshake=self.coin(),
        )
        self.members = [Member(client, identity, founder["state"], 0)]

    def coin(self):
        return self.rng.random() < 0.5

    def new_identity(self):
        self.names += 1
        return f"member {self.names}".encode().hex()

    def one(self, but=None):
        return self.rng.choice([m for m in self.members if m is not but])

    # ---- steps ----

    def commit(self, committer, by_value=(), by_reference=(), joiners=(), gone=None, force=False):
        """Everybody else takes the commit in; the new ones join."""
        apart = self.coin()
        made = committer.call(
            "commit",
            by_value=list(by_value),
            by_reference=list(by_reference),
            force_path=force,
            external_tree=apart,
        )
        committer.call("handle_pending_commit")
        for m in self.members:
            if m is not committer and m is not gone:
                m.call("handle_commit", commit=made["commit"], proposals=list(by_reference))
        if gone:
            gone.client.ask(
                "handle_commit", state=gone.state, commit=made["commit"], proposals=list(by_reference)
            )
            gone.call("free")
            self.members.remove(gone)
        tree = {"ratchet_tree": made["ratchet_tree"]} if apart else {}
        for client, identity, transaction in joiners:
            state = client.call(
                "join_group",
                transaction=transaction,
                welcome=made["welcome"],
                encrypt_handshake=self.coin(),
                **tree,
            )
            self.members.append(Member(client, identity, state["state"], state["epoch"]))

    def propose(self, wish):
        """By value, or by reference from a random member that everybody hears in the commit."""
        fields = {k: v for k, v in wish.items() if k != "type"}
        if len(self.members) < 2 or self.coin():
            return {"by_value": [wish]}, self.one()
        proposer = self.one()
        sent = proposer.call(wish["type"] + "_proposal", **fields)["proposal"]
        return {"by_reference": [sent]}, self.one(but=proposer)

    def newcomers(self, count):
        """Who joins, and the proposals that add them."""
        joiners = []
        wishes = []
        for _ in range(count):
            client = self.rng.choice(self.clients)
            identity = self.new_identity()
            made = client.call("create_key_package", suite=self.suite, identity=identity)
            joiners.append((client, identity, made["transaction"]))
            wishes.append({"type": "add", "key_package": made["key_package"]})
        return joiners, wishes

    def add(self):
        joiners, wishes = self.newcomers(self.rng.randint(1, 3))
        if len(wishes) == 1:
            how, committer = self.propose(wishes[0])
        else:
            how, committer = {"by_value": wishes}, self.one()
        self.commit(committer, joiners=joiners, force=self.coin(), **how)

    def several(self):
        """Some come, one goes, one updates and a PSK is mixed in, with one commit."""
        if len(self.members) < 4:
            return self.add()
        committer, gone, updater = self.rng.sample(self.members, 3)
        joiners, wishes = self.newcomers(self.rng.randint(1, 4))
        sent = [updater.call("update_proposal")["proposal"]]
        wishes.append({"type": "remove", "removed": gone.identity})
        if self.coin():
            psk_id, secret = self.new_psk()
            for client, _, transaction in joiners:
                client.call("store_psk", state=transaction, psk_id=psk_id, psk_secret=secret)
            wishes.append({"type": "external_psk", "psk_id": psk_id})
        self.rng.shuffle(wishes)
        return self.commit(
            committer, by_value=wishes, by_reference=sent, joiners=joiners, gone=gone, force=self.coin()
        )

    def remove(self):
        if len(self.members) < 3:
            return self.add()
        gone = self.one()
        wish = {"type": "remove", "removed": gone.identity}
        if self.coin():
            return self.commit(self.one(but=gone), by_value=[wish], gone=gone)
        proposer = self.one(but=gone)
        sent = proposer.call("remove_proposal", removed=gone.identity)["proposal"]
        committer = self.rng.choice([m for m in self.members if m not in (gone, proposer)] or [proposer])
        return self.commit(committer, by_reference=[sent], gone=gone)

    def update(self):
        if len(self.members) < 2:
            return self.empty()
        proposer = self.one()
        sent = proposer.call("update_proposal")["proposal"]
        return self.commit(self.one(but=proposer), by_reference=[sent])

    def empty(self):
        self.commit(self.one(), force=True)

    def new_psk(self):
        """Known to everybody."""
        psk_id = self.rng.randbytes(8).hex()
        secret = self.rng.randbytes(32).hex()
        for m in self.members:
            m.call("store_psk", psk_id=psk_id, psk_secret=secret)
        return psk_id, secret

    def external_psk(self):
        psk_id, _ = self.new_psk()
        how, committer = self.propose({"type": "external_psk", "psk_id": psk_id})
        self.commit(committer, force=self.coin(), **how)

    def resumption_psk(self):
        """Of an epoch that all have been in, and that nobody has forgotten."""
        now = self.members[0].call("state_auth")["epoch"]
        first = max([m.since for m in self.members] + [now - 8])
        epoch = self.rng.randint(first, now)
        how, committer = self.propose({"type": "resumption_psk", "epoch_id": epoch})
        self.commit(committer, force=self.coin(), **how)

    def extensions(self):
        chosen = self.rng.sample(EXTENSION_TYPES, self.rng.randint(0, len(EXTENSION_TYPES)))
        new = [{"type": t, "data": self.rng.randbytes(self.rng.randint(0, 90)).hex()} for t in chosen]
        how, committer = self.propose({"type": "group_context_extensions", "extensions": new})
        self.commit(committer, force=self.coin(), **how)

    def join_from_outside(self, client, identity, **fields):
        """By a GroupInfo, with its tree inside or apart; what everybody else has to take in."""
        info = self.one().call("group_info", external_tree=self.coin())
        info = {k: info[k] for k in ("group_info", "ratchet_tree") if k in info}
        made = client.call(
            "external_join", identity=identity, encrypt_handshake=self.coin(), **info, **fields
        )
        return made["commit"], Member(client, identity, made["state"], made["epoch"])

    def external_join(self):
        psks = []
        if self.coin():
            psk_id, secret = self.new_psk()
            psks.append({"psk_id": psk_id, "psk_secret": secret})
        client = self.rng.choice(self.clients)
        commit, new = self.join_from_outside(client, self.new_identity(), psks=psks)
        for m in self.members:
            m.call("handle_commit", commit=commit)
        self.members.append(new)

    def resync(self):
        """A member that lost its state comes back in its own place."""
        if len(self.members) < 2:
            return self.external_join()
        lost = self.one()
        commit, new = self.join_from_outside(lost.client, lost.identity, remove_prior=True)
        lost.call("free")
        self.members[self.members.index(lost)] = new
        for m in self.members:
            if m is not new:
                m.call("handle_commit", commit=commit)
        return None

    def branch(self):
        """Some members talk apart for once."""
        if len(self.members) < 2:
            return self.empty()
        founder, *others = self.rng.sample(self.members, self.rng.randint(2, min(5, len(self.members))))
        made = [
            m.client.call("create_key_package", suite=self.suite, identity=m.identity) for m in others
        ]
        new = founder.call(
            "create_branch",
            group_id=self.rng.randbytes(16).hex(),
            extensions=[],
            key_packages=[k["key_package"] for k in made],
        )
        side = [Member(founder.client, founder.identity, new["state"], 1)]
        for m, package in zip(others, made):
            joined = m.call(
                "handle_branch", transaction=package["transaction"], welcome=new["welcome"]
            )
            side.append(Member(m.client, m.identity, joined["state"], 1))
        whole, self.members = self.members, side
        self.talk()
        self.agree()
        self.free()
        self.members = whole
        return None

    def reinit(self):
        """Everybody moves to a new group, perhaps of another suite."""
        if len(self.members) < 2:
            return self.empty()
        proposer, committer = self.rng.sample(self.members, 2)
        suite = self.rng.choice(self.suites)
        fields = {"suite": suite, "group_id": self.rng.randbytes(16).hex(), "extensions": []}
        sent = [proposer.call("re_init_proposal", **fields)["proposal"]]
        made = committer.call("re_init_commit", by_reference=sent, force_path=self.coin())
        own = committer.call("handle_pending_re_init_commit")
        others = [m for m in self.members if m is not committer]
        nexts = [
            m.call("handle_re_init_commit", commit=made["commit"], proposals=sent) for m in others
        ]
        new = committer.call(
            "re_init_welcome",
            transaction=own["transaction"],
            key_packages=[n["key_package"] for n in nexts],
        )
        states = [(committer, new["state"])]
        for m, n in zip(others, nexts):
            joined = m.call(
                "handle_re_init_welcome", transaction=n["transaction"], welcome=new["welcome"]
            )
            states.append((m, joined["state"]))
        for m, state in states:
            m.call("free")
            m.state, m.since = state, 1
        self.suite = suite
        return None

    def restart(self):
        """Through a blob and back, for clients that have such a thing."""
        m = self.one()
        answer = m.client.ask("reload", state=m.state)
        if answer.get("error") not in (None, "UNSUPPORTED"):
            raise Failed(answer["error"])

    def talk(self):
        speaker = self.one()
        text = self.rng.randbytes(self.rng.randint(0, 200)).hex()
        data = self.rng.randbytes(4).hex()
        sent = speaker.call("protect", plaintext=text, authenticated_data=data)["ciphertext"]
        for m in self.members:
            if m is not speaker:
                heard = m.call("unprotect", ciphertext=sent)
                if heard["plaintext"] != text or heard["authenticated_data"] != data:
                    raise Failed("something else was heard")

    # ---- what must hold ----

    def agree(self):
        seen = {m.call("state_auth")["epoch_authenticator"] for m in self.members}
        secrets = {
            m.call("export", label="history", context="c0ffee", length=32)["secret"]
            for m in self.members
        }
        if len(seen) != 1 or len(secrets) != 1:
            raise Failed(f"{len(seen)} states among {len(self.members)} members")

    def step(self, members_max):
        steps = [self.update, self.empty, self.external_psk, self.resumption_psk, self.extensions]
        steps += [self.talk, self.talk, self.resync, self.branch, self.reinit, self.restart]
        if len(self.members) < members_max:
            steps += [self.add, self.add, self.add, self.external_join, self.several]
        if len(self.members) > 2:
            steps += [self.remove]
        chosen = self.rng.choice(steps)
        name = chosen.__name__
        try:
            chosen()
            self.agree()
        except Failed as failure:
            raise Failed(f"{name}: {failure}") from failure
        self.counts[name] = self.counts.get(name, 0) + 1
        self.most = max(self.most, len(self.members))

    def free(self):
        for m in self.members:
            m.call("free")


def common_suites(clients):
    lists = [set(c.call("supported_suites")["suites"]) for c in clients]
    return sorted(set.intersection(*lists))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--suites", help="those in common when not given")
    parser.add_argument("client", nargs="+")
    options = parser.parse_args()
    clients = [Client(command) for command in options.client]
    suites = common_suites(clients)
    if options.suites:
        suites = [int(s, 0) for s in options.suites.split(",")]
    counts = {}
    most = 0
    for n in range(options.rounds):
        seed = options.seed + n
        rng = random.Random(seed)
        suite = suites[n % len(suites)]
        group = None
        try:
            group = Group(rng, clients, suites, suite)
            for _ in range(options.steps):
                group.step(rng.randint(2, options.members))
            group.free()
        except Failed as failure:
            members = len(group.members) if group else 0
            print(f"seed {seed}, suite {suite:#06x}, {members} members: {failure}")
            return 1
        most = max(most, group.most)
        for name, count in group.counts.items():
            counts[name] = counts.get(name, 0) + count
    done = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    names = ", ".join(f"{s:#06x}" for s in suites)
    print(f"{options.rounds} groups of up to {most} members, suites {names}: {done}")
    return max(c.close() for c in clients)


if __name__ == "__main__":
    sys.exit(main())
