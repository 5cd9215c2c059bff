# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of demands is only worth something if its checker notices every way of being wrong."""
import pytest

import features

GOOD = [
    "unit/sip/test_message:via_is_parsed", "e2e/test_rooms.py::test_two", "fuzz/sip_message",
    "tools/test_x.py::test_y", "transcripts/invite.txt", "lint/layers", "bench/audio",
]


@pytest.fixture
def project(tmp_path):
    files = {
        "tests/unit/sip/test_message.c":
            "static void via_is_parsed(void **s)\n{\n}\nstatic void orphan(void **s)\n{\n}\n"
            "const struct CMUnitTest t[] = {cmocka_unit_test(via_is_parsed)};\n",
        "tests/unit/sip/test_unlisted.c": "cmocka_unit_test(a)",
        "tests/unit/sip/meson.build": "foreach name : [\n  'message',\n]\n",
        "tests/e2e/test_rooms.py": "def test_two(phone):\n    pass\n",
        "tests/tools/test_x.py": "def test_y():\n    pass\n",
        "tests/fuzz/fuzz_sip_message.c": "",
        "tests/fuzz/fuzz_unlisted.c": "",
        "tests/fuzz/meson.build": "fuzz_targets = {\n  'sip_message': sip,\n}\n",
        "tests/transcripts/invite.txt": "",
        "benchmarks/audio.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(text):
        (tmp_path / "tests/features.txt").write_text(text)
        return features.check(str(tmp_path))

    return check


@pytest.mark.parametrize("reference", GOOD)
def test_existing_reference_is_accepted(project, reference):
    assert project(f"2/first-call Something is so :: {reference}\n") == ([], 1)


def test_several_references_and_comments_are_accepted(project):
    text = "# comment\n\n2/a Something :: " + ", ".join(GOOD) + "\n2/b More :: lint/banned\n"
    assert project(text) == ([], 2)


@pytest.mark.parametrize("reference", [
    "unit/sip/test_message:gone", "unit/sip/test_message:orphan", "unit/sip/test_gone:via_is_parsed",
    "unit/sip/test_unlisted:a", "unit/sip/test_message", "e2e/test_rooms.py::test_gone",
    "e2e/test_gone.py::test_two", "e2e/test_rooms.py", "fuzz/gone", "fuzz/unlisted",
    "transcripts/gone.txt", "transcripts/../features.txt", "lint/gone", "bench/gone", "other/thing",
    "nothing",
])
def test_reference_to_what_is_not_there_is_noticed(project, reference):
    complaints, _ = project(f"2/a Something is so :: lint/layers, {reference}\n")
    assert len(complaints) == 1 and reference in complaints[0]


@pytest.mark.parametrize("line", ["2/a Something is so ::", "2/a Something is so :: ,"])
def test_demand_without_test_is_noticed(project, line):
    complaints, _ = project(line + "\n")
    assert len(complaints) == 1 and "without a test" in complaints[0]


@pytest.mark.parametrize("line", ["Something is so :: lint/layers", "2/a Something is so", "2/a :: x"])
def test_line_of_another_shape_is_noticed(project, line):
    assert len(project(line + "\n")[0]) == 1


def test_missing_list_is_noticed(tmp_path):
    assert features.check(str(tmp_path))[0]
