# SPDX-License-Identifier: MPL-2.0
"""The known-answer driver answers each line with one line, whatever the line is.

    test_kat.py KAT
"""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "tools"))
sys.dont_write_bytecode = True

import harness  # noqa: E402

KAT = sys.argv.pop(1)

# [RFC9180 §A.1.1], with the randomness of its sender
HPKE = {
    "public": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
    "private": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
    "random": "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
    "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
    "info": "4f6465206f6e2061204772656369616e2055726e",
    "aad": "436f756e742d30",
    "text": "4265617574792069732074727574682c20747275746820626561757479",
    "sealed": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
}


def run(data):
    done = subprocess.run([KAT], input=data, capture_output=True, check=True, timeout=60)
    return done.stdout.decode().splitlines()


def ask(*lines):
    answers = run("".join(line + "\n" for line in lines).encode())
    assert len(answers) == len(lines), answers
    return answers


def ask_one(line):
    return ask(line)[0]


class Kat(unittest.TestCase):
    def test_a_hash_is_one_field(self):
        self.assertEqual(
            ask_one("hash sha256 616263"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        )

    def test_a_dash_is_an_empty_field_in_and_out(self):
        sealed = ask_one(f"aead-seal aes-128-gcm {'00' * 16} {'00' * 12} - -")

        self.assertEqual(sealed, "58e2fccefa7e3061367f1d57a4e7455a")  # [SP800-38D], its test case 1
        self.assertEqual(ask_one(f"aead-open aes-128-gcm {'00' * 16} {'00' * 12} - {sealed}"), "-")

    def test_a_wrong_tag_is_rejected(self):
        self.assertEqual(ask_one(f"aead-open aes-128-gcm {'00' * 16} {'00' * 12} - {'00' * 16}"), "reject")

    def test_a_wrong_length_is_rejected(self):
        self.assertEqual(ask_one(f"aead-seal aes-128-gcm {'00' * 15} {'00' * 12} - -"), "reject")
        self.assertEqual(ask_one("dh-public x25519 00"), "reject")

    def test_an_all_zero_shared_secret_is_rejected(self):
        self.assertEqual(ask_one(f"dh x25519 {'07' * 32} {'00' * 32}"), "reject")
        self.assertEqual(ask_one(f"dh x448 {'01' * 56} {'00' * 56}"), "reject")
        self.assertEqual(ask_one(f"kem-encap x25519 {'00' * 32} {'07' * 32}"), "reject")
        self.assertEqual(ask_one(f"kem-decap x25519 {'07' * 32} {'00' * 32}"), "reject")

    def test_a_signature_made_here_verifies_here(self):
        for name, length in (("ed25519", 32), ("ed448", 57), ("ecdsa-p256", 32), ("ml-dsa-44", 32)):
            with self.subTest(name=name):
                private = "01" * length
                public = ask_one(f"sign-public {name} {private}")
                signature = ask_one(f"sign {name} {private} 616263")

                self.assertEqual(ask_one(f"verify {name} {public} 616263 {signature}"), "ok")
                self.assertEqual(ask_one(f"verify {name} {public} 616264 {signature}"), "reject")

    def test_a_kem_gives_both_sides_one_secret(self):
        for name, length in (("p256", 32), ("ml-kem-768", 64), ("mlkem768-x25519", 32)):
            with self.subTest(name=name):
                private, public = ask_one(f"kem-generate {name} {'05' * length}").split()
                enc, shared = ask_one(f"kem-encap {name} {public} {'06' * 64}").split()

                self.assertEqual(ask_one(f"kem-check {name} {public}"), "ok")
                self.assertEqual(ask_one(f"kem-public {name} {private}"), public)
                self.assertEqual(ask_one(f"kem-decap {name} {private} {enc}"), shared)

    def test_hpke_with_given_randomness_makes_the_published_bytes(self):
        v = HPKE
        suite = "x25519 hkdf-sha256 aes-128-gcm"
        sealed = ask_one(f"hpke-seal {suite} {v['public']} {v['info']} - - {v['random']} 0 {v['aad']} {v['text']}")
        opened = ask_one(f"hpke-open {suite} {v['private']} {v['info']} - - {v['enc']} 0 {v['aad']} {v['sealed']}")

        self.assertEqual(sealed, f"{v['enc']} {v['sealed']}")
        self.assertEqual(opened, v["text"])

    def test_both_sides_of_hpke_export_the_same(self):
        v = HPKE
        suite = "x25519 shake256 export-only"
        enc, value = ask_one(f"hpke-send-export {suite} {v['public']} - - - {v['random']} 01 32").split()

        self.assertEqual(ask_one(f"hpke-receive-export {suite} {v['private']} - - - {enc} 01 32"), value)

    def test_two_sides_of_a_pake_agree_on_the_same_code_only(self):
        start = "pake-start {} {} 01 02 03 {}"
        finish = "pake-finish {} {} 01 02 03 {} {} 03"
        ya = ask_one(start.format("initiator", "aa", "11" * 32))
        yb = ask_one(start.format("responder", "aa", "22" * 32))
        a = ask_one(finish.format("initiator", "aa", "11" * 32, yb)).split()
        b = ask_one(finish.format("responder", "aa", "22" * 32, ya)).split()
        other = ask_one(finish.format("responder", "ab", "22" * 32, ya)).split()

        self.assertEqual(a, [b[0], b[2], b[1]])
        self.assertNotEqual(other[0], b[0])

    def test_equal_compares(self):
        self.assertEqual(ask("equal 00 00", "equal 00 01", "equal 00 0000", "equal - -"), ["ok", "reject", "reject", "ok"])

    def test_a_line_that_says_nothing_is_an_error_and_the_next_one_is_answered(self):
        bad = [
            "",
            "   ",
            "nonsense",
            "hash",
            "hash sha256",
            "hash sha256 00 00",
            "hash md5 00",
            "hash sha256 0",
            "hash sha256 zz",
            "hash sha256 ---",
            "hkdf-expand sha256 00 00 -1",
            "hkdf-expand sha256 00 00 1x",
            "hkdf-expand sha256 00 00 99999999999999999999999",
            "shake256 67108865 00",
            "hash " + "00 " * 40,
            "hmac sha3-256 00 00",
            f"kem-encap x25519 {'09' * 32} 00",
            f"aead-seal export-only - {'00' * 12} - -",
        ]
        for line in bad:
            with self.subTest(line=line):
                answers = ask(line, "equal - -")
                self.assertRegex(answers[0], "^error [a-zA-Z]")
                self.assertEqual(answers[1], "ok")

    def test_a_zero_byte_is_an_error(self):
        self.assertRegex(run(b"equal 00 00\0 junk\n")[0], "^error ")

    def test_the_last_line_needs_no_end(self):
        self.assertEqual(run(b"equal 00 00"), ["ok"])

    def test_lines_may_end_as_elsewhere(self):
        self.assertEqual(run(b"equal 00 00\r\n"), ["ok"])

    def test_no_input_is_no_output(self):
        self.assertEqual(run(b""), [])

    def test_help_names_every_operation_with_as_many_arguments_as_it_takes(self):
        shown = run(b"help\n")
        operations = [re.match(r"  ([a-z0-9-]+) (.*) -> ", line) for line in shown]
        operations = [match for match in operations if match]

        self.assertGreater(len(operations), 25)
        for match in operations:
            with self.subTest(operation=match.group(1)):
                more = " ".join(["-"] * (len(match.group(2).split()) + 1))
                self.assertRegex(ask_one(f"{match.group(1)} {more}"), "^error a wrong number|^error too many")


if __name__ == "__main__":
    harness.main()
