#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks tests/features.txt, where every demand on the server names the tests that prove it:

    issue/part the demand in a sentence :: reference[, reference...]

References: unit/<layer>/<program>:<function>, e2e/<file>.py::<test>, tools/<file>.py::<test>,
transcripts/<file>, fuzz/<target>, lint/<check>, bench/<name>. Lines that start with # are comments.
"""
import os
import re
import sys

import lint

LINE = re.compile(r"^([0-9]+/[a-z0-9-]+)\s+(\S.*?)\s+::\s*(.*)$")


def read(root, *parts):
    try:
        with open(os.path.join(root, *parts), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def fault_of_unit(root, rest):
    match = re.fullmatch(r"([a-z]+)/(\w+):(\w+)", rest)
    if not match:
        return "write unit/<layer>/<program>:<function>"
    layer, program, function = match.groups()
    text = read(root, "tests", "unit", layer, program + ".c")
    if text is None:
        return f"there is no tests/unit/{layer}/{program}.c"
    listed = re.findall(r"'(\w+)'", read(root, "tests", "unit", layer, "meson.build") or "")
    if program.removeprefix("test_") not in listed and program not in listed:
        return f"tests/unit/{layer}/meson.build does not list {program}"
    # Defined as a test, and named once more: in the list of those that run.
    if (not re.search(rf"\b{function}\(void \*\*", text)
            or len(re.findall(rf"\b{function}\b", text)) < 2):
        return f"{program} does not run {function}"
    return None


def fault_of_pytest(root, folder, rest):
    match = re.fullmatch(r"(\w+\.py)::(\w+)", rest)
    if not match:
        return f"write {folder}/<file>.py::<test>"
    text = read(root, "tests", folder, match[1])
    if text is None:
        return f"there is no tests/{folder}/{match[1]}"
    if not re.search(rf"^def {match[2]}\(", text, re.M):
        return f"{match[1]} has no {match[2]}"
    return None


def fault_of_fuzz(root, rest):
    if read(root, "tests", "fuzz", f"fuzz_{rest}.c") is None:
        return f"there is no tests/fuzz/fuzz_{rest}.c"
    if not re.search(rf"'{re.escape(rest)}'\s*:", read(root, "tests", "fuzz", "meson.build") or ""):
        return f"tests/fuzz/meson.build does not list {rest}"
    return None


def fault_of_file(root, candidates):
    if any(os.path.isfile(os.path.join(root, name)) for name in candidates):
        return None
    return f"there is no {candidates[0]}"


def fault_of(root, reference):
    """Why a reference is none, or None when it stands."""
    kind, _, rest = reference.partition("/")
    if not rest or ".." in rest:
        return "no such kind of reference"
    if kind == "unit":
        return fault_of_unit(root, rest)
    if kind in ("e2e", "tools"):
        return fault_of_pytest(root, kind, rest)
    if kind == "fuzz":
        return fault_of_fuzz(root, rest)
    if kind == "lint":
        return None if rest in lint.CHECKS or rest in lint.COMPILERS else "no check has that name"
    if kind == "transcripts":
        return fault_of_file(root, [f"tests/transcripts/{rest}"])
    if kind == "bench":
        return fault_of_file(root, [f"benchmarks/{rest}.py", f"benchmarks/{rest}.c",
                                    f"benchmarks/{rest}"])
    return "no such kind of reference"


def check(root):
    """Complaints about tests/features.txt, and how many demands it holds."""
    text = read(root, "tests", "features.txt")
    if text is None:
        return ["tests/features.txt is missing"], 0
    complaints = []
    demands = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        demands += 1
        where = f"tests/features.txt:{number}"
        match = LINE.match(line)
        references = [r.strip() for r in match[3].split(",") if r.strip()] if match else []
        if not match:
            complaints.append(f"{where}: write: issue/part demand :: reference")
        elif not references:
            complaints.append(f"{where}: a demand without a test: {match[2]}")
        for reference in references:
            fault = fault_of(root, reference)
            if fault:
                complaints.append(f"{where}: {reference}: {fault}")
    return complaints, demands


def main():
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    complaints, demands = check(root)
    print("\n".join(complaints) or f"{demands} demands, each with its tests")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
