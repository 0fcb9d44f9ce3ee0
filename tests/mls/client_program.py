#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""mls-client does what its lines say: what random histories do not reach, and errors.

    client_program.py MLS_CLIENT
"""

import sys

sys.dont_write_bytecode = True

from histories import Client  # noqa: E402

SUITE = 1
PQ = 0xF007


def start(client, names):
    """A group with a member for each name: their states."""
    first = client.call("create_group", suite=SUITE, group_id="aa01", identity=names[0])["state"]
    states = [first]
    made = [client.call("create_key_package", suite=SUITE, identity=n) for n in names[1:]]
    wishes = [{"type": "add", "key_package": m["key_package"]} for m in made]
    commit = client.call("commit", state=first, by_value=wishes, external_tree=True)
    client.call("handle_pending_commit", state=first)
    for m in made:
        joined = client.call(
            "join_group",
            transaction=m["transaction"],
            welcome=commit["welcome"],
            ratchet_tree=commit["ratchet_tree"],
        )
        assert joined["state"] == m["transaction"]
        states.append(joined["state"])
    agree(client, states)
    return states


def agree(client, states):
    seen = {client.call("state_auth", state=s)["epoch_authenticator"] for s in states}
    assert len(seen) == 1, seen


def commit_everywhere(client, states, who, sent=()):
    """One commits what was proposed; its commit."""
    made = client.call("commit", state=states[who], by_reference=list(sent))
    client.call("handle_pending_commit", state=states[who])
    for i, state in enumerate(states):
        if i != who:
            client.call("handle_commit", state=state, commit=made["commit"], proposals=list(sent))
    return made


def test_reinit(client):
    states = start(client, ["01", "02", "03"])
    sent = client.call("re_init_proposal", state=states[0], suite=PQ, group_id="bb02")["proposal"]
    made = client.call("re_init_commit", state=states[1], by_reference=[sent])
    nexts = [
        client.call("handle_re_init_commit", state=s, commit=made["commit"], proposals=[sent])
        for s in (states[0], states[2])
    ]
    own = client.call("handle_pending_re_init_commit", state=states[1])
    assert client.ask("protect", state=states[0], plaintext="00") == {"error": "DENIED"}
    welcome = client.call(
        "re_init_welcome",
        state=states[1],
        transaction=own["transaction"],
        key_packages=[n["key_package"] for n in nexts],
    )
    followers = [
        client.call(
            "handle_re_init_welcome", state=s, transaction=n["transaction"], welcome=welcome["welcome"]
        )["state"]
        for s, n in zip((states[0], states[2]), nexts)
    ]
    assert welcome["epoch"] == 1
    agree(client, [welcome["state"], *followers])


def test_branch(client):
    states = start(client, ["01", "02", "03"])
    package = client.call("create_key_package", suite=SUITE, identity="02")
    stranger = client.call("create_key_package", suite=SUITE, identity="99")
    made = client.call(
        "create_branch", state=states[0], group_id="cc03", key_packages=[package["key_package"]]
    )
    joined = client.call(
        "handle_branch", state=states[1], transaction=package["transaction"], welcome=made["welcome"]
    )
    agree(client, [made["state"], joined["state"]])
    agree(client, states)
    made = client.call(
        "create_branch", state=states[0], group_id="cc04", key_packages=[stranger["key_package"]]
    )
    refused = client.ask(
        "handle_branch", state=states[1], transaction=stranger["transaction"], welcome=made["welcome"]
    )
    assert refused == {"error": "REJECTED"}, refused


def test_outsiders(client):
    states = start(client, ["01", "02", "03"])
    signer = client.call("create_external_signer", suite=SUITE, identity="0e")
    sent = client.call(
        "add_external_signer", state=states[0], external_sender=signer["external_sender"]
    )["proposal"]
    commit_everywhere(client, states, 1, [sent])
    info = client.call("group_info", state=states[0])["group_info"]
    sent = client.call(
        "external_signer_proposal",
        group_info=info,
        signer=signer["signer"],
        sender_index=0,
        removed_leaf=2,
    )["proposal"]
    commit_everywhere(client, states, 0, [sent])
    agree(client, states[:2])
    info = client.call("group_info", state=states[0])["group_info"]
    new = client.call("new_member_add_proposal", group_info=info, identity="04")
    made = commit_everywhere(client, states[:2], 1, [new["proposal"]])
    joined = client.call(
        "join_group", transaction=new["transaction"], welcome=made["welcome"], encrypt_handshake=True
    )
    agree(client, [*states[:2], joined["state"]])


def test_resync_with_psk(client):
    states = start(client, ["01", "02", "03"])
    psk = {"psk_id": "0102", "psk_secret": "33" * 32}
    for state in states:
        client.call("store_psk", state=state, **psk)
    info = client.call("group_info", state=states[0], external_tree=True)
    back = client.call("external_join", identity="03", remove_prior=True, psks=[psk], **{
        k: info[k] for k in ("group_info", "ratchet_tree")
    })  # fmt: skip
    for state in states[:2]:
        client.call("handle_commit", state=state, commit=back["commit"])
    agree(client, [*states[:2], back["state"]])
    assert client.call("handle_commit", state=states[2], commit=back["commit"])["active"] is False


def test_resumption_psk(client):
    states = start(client, ["01", "02"])
    commit_everywhere(client, states, 0)
    sent = client.call("resumption_psk_proposal", state=states[0], epoch_id=1)["proposal"]
    commit_everywhere(client, states, 1, [sent])
    agree(client, states)


def test_restart(client):
    states = start(client, ["01", "02"])
    before = client.call("state_auth", state=states[0])
    assert client.call("reload", state=states[0]) == before
    made = client.call("commit", state=states[0], force_path=True)
    client.call("discard_pending_commit", state=states[0])
    assert client.ask("handle_pending_commit", state=states[0]) == {"error": "NOT_FOUND"}
    assert client.ask("handle_commit", state=states[0], commit=made["commit"])["error"]


def test_errors(client):
    state = client.call("create_group", suite=SUITE, group_id="dd", identity="01")["state"]
    for request, error in [
        (dict(op="no_such_thing"), "UNSUPPORTED"),
        (dict(op="create_group", suite=0x7777, group_id="01", identity="01"), "UNSUPPORTED"),
        (dict(op="create_group", group_id="01", identity="01"), "INVALID"),
        (dict(op="protect", state=state, plaintext="0"), "INVALID"),
        (dict(op="protect", state=999, plaintext="00"), "NOT_FOUND"),
        (dict(op="unprotect", state=state, ciphertext="00"), "MALFORMED"),
    ]:
        answer = client.ask(**request)
        assert answer == {"error": error}, (request, answer)
    client.process.stdin.write("{\n")
    assert client.process.stdin.flush() is None and "MALFORMED" in client.process.stdout.readline()
    client.call("free", state=state)
    assert client.ask("state_auth", state=state) == {"error": "NOT_FOUND"}


def main():
    client = Client(sys.argv[1])
    assert client.call("name") == {"name": "kith"}
    tests = [f for name, f in globals().items() if name.startswith("test_")]
    for test in tests:
        test(client)
    assert client.close() == 0
    mapped = Client(sys.argv[1] + " --suite-map 0x0008=0xf007")
    suites = mapped.call("supported_suites")["suites"]
    assert 8 in suites and PQ not in suites
    assert mapped.call("create_group", suite=8, group_id="01", identity="01")["state"] == 1
    assert mapped.close() == 0


main()
