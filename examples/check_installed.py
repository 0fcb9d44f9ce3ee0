#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The libraries, installed and used as others would: pkg-config, one header, shared or static, from C and from C++.

    check_installed.py BUILD_FOLDER EXAMPLES_FOLDER
"""

import glob
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import check_output  # noqa: E402

BOTH = "#include <kith-mls.h>\n#include <kith-transparency.h>\n#include <kith-mls.h>\nint main(void) { return 0; }\n"


class Installed:
    def __init__(self, build, folder):
        self.folder = folder
        self.run("meson", "install", "-C", build, "--no-rebuild", "--destdir", folder)
        found = glob.glob(f"{folder}/**/kith-mls.pc", recursive=True)
        assert len(found) == 1, f"one kith-mls.pc, not {found}"
        self.pkgconfig = os.path.dirname(found[0])
        self.lib = os.path.dirname(self.pkgconfig)

    def run(self, *command):
        env = dict(os.environ, LD_LIBRARY_PATH=getattr(self, "lib", ""), DESTDIR="")
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def flags(self, name, *more):
        return self.run("env", f"PKG_CONFIG_LIBDIR={self.pkgconfig}:/usr/lib/pkgconfig:{self.system_pkgconfig()}",
                        f"PKG_CONFIG_SYSROOT_DIR={self.folder}", "pkg-config", *more, name).split()  # fmt: skip

    def system_pkgconfig(self):
        return self.run("pkg-config", "--variable", "pc_path", "pkg-config").strip()

    def program(self, source, name, libraries):
        out = os.path.join(self.folder, name)
        self.run("cc", "-Wall", "-Werror", source, "-o", out, *libraries)
        check_output.check(["env", f"LD_LIBRARY_PATH={self.lib}", out], name)


def shared(installed, examples, source, library):
    installed.program(f"{examples}/{source}.c", f"example-{source}", installed.flags(library, "--cflags", "--libs"))


def static(installed, examples, source, library):
    needed = {"kith-mls": ["-lcrypto"], "kith-transparency": ["-lcrypto", "-lsodium"]}[library]
    installed.program(f"{examples}/{source}.c", f"example-{source}",
                      [*installed.flags(library, "--cflags"), f"{installed.lib}/lib{library}.a", *needed])  # fmt: skip


def together(installed, language):
    source = f"{installed.folder}/both.{language}"
    with open(source, "w", encoding="utf-8") as file:
        file.write(BOTH)
    compiler = {"c": ["cc", "-std=c17"], "cpp": ["c++", "-std=c++20"]}[language]
    flags = installed.flags("kith-mls", "--cflags") + installed.flags("kith-transparency", "--cflags")
    installed.run(*compiler, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", source, *flags)


def needs_only(installed, library, allowed):
    """What the shared library asks the loader for."""
    lines = installed.run("readelf", "-d", f"{installed.lib}/lib{library}.so").splitlines()
    needed = {line.split("[")[1].split(".so")[0] for line in lines if "(NEEDED)" in line}
    assert needed <= allowed | {"libc"}, f"{library} needs {needed}"


def main():
    build, examples = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(build, folder)
        tests = {
            "three members chat over the installed shared libkith-mls": lambda: shared(installed, examples, "chat", "kith-mls"),
            "three members chat over the installed static libkith-mls": lambda: static(installed, examples, "chat", "kith-mls"),
            "a user checks a log over the installed shared libkith-transparency":
                lambda: shared(installed, examples, "transparency", "kith-transparency"),
            "a user checks a log over the installed static libkith-transparency":
                lambda: static(installed, examples, "transparency", "kith-transparency"),
            "both headers can be included together, from C": lambda: together(installed, "c"),
            "both headers can be included together, from C++": lambda: together(installed, "cpp"),
            "libkith-mls needs libcrypto and nothing else": lambda: needs_only(installed, "kith-mls", {"libcrypto"}),
            "libkith-transparency needs libcrypto and libsodium and nothing else":
                lambda: needs_only(installed, "kith-transparency", {"libcrypto", "libsodium"}),
        }  # fmt: skip
        print(f"1..{len(tests)}")
        failed = 0
        for number, (sentence, test) in enumerate(tests.items(), 1):
            try:
                test()
                print(f"ok {number} - {sentence}")
            except (AssertionError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"not ok {number} - {sentence}")
                print("\n".join(f"# {line}" for line in str(error).splitlines()))
    sys.exit(1 if failed else 0)


main()
