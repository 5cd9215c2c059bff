# SPDX-License-Identifier: GPL-3.0-or-later
"""Every lint check is shown what it forbids, and what it must leave alone."""
import pytest

import lint

HEAD = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"


@pytest.fixture
def complaints(tmp_path):
    def check(name, path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return lint.CHECKS[name](str(tmp_path))

    return check


@pytest.mark.parametrize("path, header", [
    ("src/core/a.c", "net/addr.h"), ("src/sip/a.c", "session/session.h"),
    ("src/sip/a.h", "media/rtp.h"), ("src/media/a.c", "sip/message.h"),
    ("src/apps/a.c", "net/udp.h"), ("src/room/a.c", "apps/app.h"), ("src/else/a.c", "core/mem.h"),
])
def test_include_against_the_layers_is_noticed(complaints, path, header):
    found = complaints("layers", path, f'{HEAD}#include <stdio.h>\n#include "{header}"\n')
    assert len(found) == 1 and path in found[0]


@pytest.mark.parametrize("path, header", [
    ("src/sip/a.c", "core/mem.h"), ("src/sip/a.c", "sdp/sdp.h"), ("src/apps/a.c", "net/addr.h"),
    ("src/main.c", "apps/app.h"), ("src/room/a.c", "media/mix.h"),
])
def test_include_along_the_layers_is_accepted(complaints, path, header):
    assert complaints("layers", path, f'{HEAD}#include "{header}"\n') == []


@pytest.mark.parametrize("function", lint.BANNED)
def test_banned_function_is_noticed(complaints, function):
    found = complaints("banned", "src/core/a.c", f"{HEAD}void f(void)\n{{\n\t{function} (x);\n}}\n")
    assert found and found[0].startswith("src/core/a.c:4:")


def test_banned_name_in_comment_text_or_member_is_left_alone(complaints):
    text = HEAD + '/* strcpy( */ char *s = "gets("; // atoi(\nint my_strcpy(int); int i = a.gets(1);\n'
    assert complaints("banned", "src/core/a.c", text) == []


def test_unfinished_work_is_noticed(complaints):
    assert complaints("finished", "docs/x.md", "one\n" + "TO" + "DO: two\n")[0].startswith("docs/x.md:2")
    assert complaints("finished", "docs/x.md", "TODOS\n") == []


def test_overlong_file_is_noticed(complaints):
    assert complaints("length", "src/core/a.c", "\n" * 901)
    assert not complaints("length", "src/core/a.c", "\n" * 900)


def test_missing_licence_is_noticed(complaints):
    assert complaints("licence", "src/core/a.c", "int a;\n")
    assert not complaints("licence", "src/core/a.c", HEAD)


def test_path_of_one_machine_is_noticed(complaints):
    assert complaints("paths", "docs/x.md", "see /ho" + "me/somebody/x\n")
    assert not complaints("paths", "docs/x.md", "see /etc/sylkserver and a/home.ini\n")


def test_misformatted_file_is_noticed(complaints, tmp_path):
    (tmp_path / ".clang-format").write_text("BasedOnStyle: LLVM\n")
    assert complaints("format", "src/core/a.c", "int  a ;\n")
    assert not complaints("format", "src/core/a.c", "int a;\n")


def test_script_that_cannot_be_parsed_is_noticed(complaints):
    assert complaints("scripts", "tests/a.py", "def f(:\n")
    assert not complaints("scripts", "tests/a.py", "pass\n")
    assert complaints("scripts", "tests/b.sh", "if true; then\n")
