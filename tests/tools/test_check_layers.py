# SPDX-License-Identifier: MPL-2.0
"""tools/check_layers refuses what the tables forbid, and nothing else."""

import os
import shutil
import subprocess

import harness


class Layers(harness.Case):
    tool = "check_layers"

    def test_a_tree_that_keeps_to_the_table_is_accepted(self):
        self.write("src/base/err.h", "")
        self.write("src/base/base.h", '#include "base/err.h"\n')
        self.write("src/mls/tree.h", "")
        self.write("src/mls/tree.c", '#include "mls/tree.h"\n#include <string.h>\n#include "crypto/crypto.h"\n')
        self.write("src/crypto/hash.c", '#include <openssl/evp.h>\n#include <sodium.h>\n')
        self.write("src/net/loop.c", '#include <uv.h>\n#include <unistd.h>\n#include "core/core.h"\n')
        self.write("apps/kith/tui/screen.c", '#include <curses.h>\n#include "words.h"\n#include "rpc/rpc.h"\n')
        self.write("apps/kith/words.h", "")

        self.assert_accepted()

    def test_an_upward_include_is_refused(self):
        self.write("src/base/err.c", '#include "crypto/crypto.h"\n')

        self.assert_refused("src/base/err.c:1: src/base may not know crypto")

    def test_an_include_of_the_same_layer_is_refused(self):
        self.write("src/mls/group.c", '\n\n#include "proto/proto.h"\n')

        self.assert_refused("src/mls/group.c:3: src/mls may not know proto")

    def test_relay_may_not_know_mls(self):
        self.write("src/relay/session.c", '#include "mls/mls.h"\n')

        self.assert_refused("src/relay may not know mls")

    def test_the_command_line_may_know_rpc_only(self):
        self.write("apps/kith/main.c", '#include "core/core.h"\n')

        self.assert_refused("apps/kith may not know core")

    def test_another_folders_inner_header_is_refused(self):
        self.write("src/core/sync.c", '#include "mls/secret_tree.h"\n')

        self.assert_refused('include "mls/mls.h", the front of mls')

    def test_a_way_round_with_dots_is_refused(self):
        self.write("src/mls/tree.h", "")
        self.write("src/core/sync.c", '#include "../mls/tree.h"\n')

        self.assert_refused("leads out of src/core")

    def test_a_folder_outside_the_table_is_refused(self):
        self.write("src/misc/misc.c", "")

        self.assert_refused("src/misc/misc.c: its folder is not in the table")

    def test_a_foreign_library_in_the_wrong_folder_is_refused(self):
        for header, path in (
            ("openssl/evp.h", "src/mls/x.c"),
            ("sodium.h", "src/net/x.c"),
            ("sqlcipher/sqlite3.h", "src/core/x.c"),
            ("uv.h", "apps/kithd/x.c"),
            ("yyjson.h", "src/relay/x.c"),
        ):
            with self.subTest(header=header):
                self.write(path, f"#include <{header}>\n")
                self.assert_refused(f"{path}:1: <{header}> belongs to")
                os.remove(os.path.join(self.root, path))

    def test_files_clocks_threads_and_sockets_are_refused_below_layer_4(self):
        for header in ("unistd.h", "time.h", "pthread.h", "sys/socket.h", "fcntl.h"):
            with self.subTest(header=header):
                self.write("src/relay/x.c", f"#include <{header}>\n")
                self.assert_refused(f"<{header}> has no place in layers 0-3")

    def test_printing_and_the_environment_are_refused_below_layer_4(self):
        for call in ("printf(", "fprintf (", "getenv(", "fopen(", "abort("):
            with self.subTest(call=call):
                self.write("src/core/x.c", f"void\nf(void)\n{{\n    {call}0);\n}}\n")
                self.assert_refused("src/core/x.c:4: ")

    def test_snprintf_and_members_of_such_names_are_accepted(self):
        self.write("src/core/x.c", "void\nf(t *p)\n{\n    snprintf(0, 0, 0);\n    p->remove(p);\n    list_remove(p);\n}\n")

        self.assert_accepted()

    def test_words_in_comments_and_strings_are_accepted(self):
        self.write("src/core/x.c", '/* #include <time.h>, getenv( */\n// fopen(\nconst char *s = "printf(";\n')

        self.assert_accepted()

    def test_strcpy_is_refused_everywhere(self):
        self.write("apps/kith/x.c", "void\nf(char *a)\n{\n    strcpy(a, a);\n}\n")

        self.assert_refused("strcpy: use the counted form")

    def build_library(self, code):
        if not (shutil.which("gcc") and shutil.which("objdump")):
            self.skipTest("no gcc here")
        source = self.write("src/core/x.c", code)
        build = os.path.join(self.root, "build")
        folder = os.path.join(build, "src/core")
        os.makedirs(folder)
        thing = os.path.join(folder, "x.o")
        subprocess.run(["gcc", "-fPIE", "-c", source, "-o", thing], check=True)
        subprocess.run(["ar", "cr", os.path.join(folder, "libx.a"), thing], check=True)
        return build

    def test_a_variable_at_file_scope_is_refused(self):
        build = self.build_library("int counter;\n")

        self.assert_refused("src/core: variable counter outlives its function", "--build", build)

    def test_a_static_variable_inside_a_function_is_refused(self):
        build = self.build_library("int\nnext(void)\n{\n    static int last = 4;\n    return last++;\n}\n")

        self.assert_refused("variable last.", "--build", build)

    def test_constant_tables_are_accepted(self):
        build = self.build_library('const int a[] = {1};\nconst char *const names[] = {"x", "y"};\n')

        self.assert_accepted("--build", build)


if __name__ == "__main__":
    harness.main()
