# SPDX-License-Identifier: MPL-2.0
"""tools/check_words reads strings, not code."""

import harness


class Words(harness.Case):
    tool = "check_words"

    def test_plain_words_are_accepted(self):
        self.write("apps/kith/words.c", '#include "words.h"\nconst char *a = "Press a keyboard turkey";\n')

        self.assert_accepted()

    def test_each_forbidden_word_is_refused(self):
        for word in ("key", "Keys", "fingerprint", "encrypted", "verify", "trust", "session", "server"):
            with self.subTest(word=word):
                self.write("apps/kith/words.c", f'\nconst char *a = "The {word}.";\n')
                self.assert_refused(f'apps/kith/words.c:2: "{word}"')

    def test_names_in_code_and_comments_are_accepted(self):
        self.write("apps/kith/words.c", '/* the key */\nconst char *key = "door";\n#include "session.h"\n')

        self.assert_accepted()

    def test_a_page_for_self_hosting_is_exempt(self):
        self.write("apps/kith/words.c", 'const char *a = "your server"; /* words: self-hosting */\n')

        self.assert_accepted()

    def test_a_tree_without_words_is_accepted(self):
        self.assertIn("0 files of words", self.assert_accepted())


if __name__ == "__main__":
    harness.main()
