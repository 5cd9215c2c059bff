#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
What can be said about the sources without running them. Every check takes the project's folder and
returns complaints, "file:line: what is wrong and what to do".
"""
import os
import re
import subprocess
import sys

FOLDERS = ("src", "tests", "benchmarks", "packaging", "docs", "web", ".ci")
C_FILES = (".c", ".h")
MAX_LINES = 900

# What a file of a layer may include; the order and the reasons are in docs/architecture.md.
SIGNALLING = {"core", "net", "store", "xml", "sdp", "sip", "msrp", "xmpp", "sylkrtc"}
LAYERS = {
    "core": {"core"},
    "net": {"core", "net"},
    "store": {"core", "net", "store"},
    "xml": {"core", "xml"},
    "sdp": {"core", "net", "sdp"},
    "sip": {"core", "net", "xml", "sdp", "sip"},
    "msrp": {"core", "net", "msrp"},
    "xmpp": {"core", "net", "xml", "sdp", "xmpp"},
    "sylkrtc": {"core", "net", "sdp", "sylkrtc"},
    "media": {"core", "net", "media"},
    "session": SIGNALLING | {"media", "session"},
    "room": SIGNALLING | {"media", "session", "room"},
    "focus": SIGNALLING | {"media", "session", "room", "focus"},
    "apps": (SIGNALLING - {"net"}) | {"media", "session", "room", "focus", "apps"},
    "resources": set(),  # tools of the build, not parts of the server
    "control": SIGNALLING | {"media", "session", "room", "focus", "apps", "control"},
}
# Applications touch no socket, but an address is only a value.
ALSO_ALLOWED = {"apps": {"net/addr.h"}}

BANNED = {
    "sprintf": "snprintf or buf_printf", "vsprintf": "vsnprintf or buf_vprintf",
    "strcpy": "slice_dup or memcpy", "strcat": "struct buf", "gets": "fgets",
    "atoi": "slice_u32", "atol": "slice_u64", "strtok": "slice_cut", "alloca": "mem_zalloc",
}
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
OWN_PATHS = re.compile(r"(?<![\w.])/(wor" + r"k|ro" + r"ot|ho" + r"me)/\w")


def files(root, *suffixes):
    """Paths relative to root of the project's own files, sorted."""
    found = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name))]
    for folder in FOLDERS:
        for where, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = [f for f in folders if f not in ("__pycache__", "corpus")]
            found += [os.path.relpath(os.path.join(where, name), root) for name in names]
    found = [name for name in found if not name.endswith((".pyc", "LICENSE"))]
    return sorted(name for name in found if not suffixes or name.endswith(suffixes))


def text_of(root, name):
    """The file as text; binary files (sounds, images) as an empty one."""
    with open(os.path.join(root, name), "rb") as file:
        raw = file.read()
    return "" if b"\0" in raw else raw.decode("utf-8", "replace")


def without_comments(text):
    """C source with comments and literals blanked, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def matches(root, names, pattern, say, prepare=lambda text: text):
    found = []
    for name in names:
        for number, line in enumerate(prepare(text_of(root, name)).splitlines(), 1):
            for match in pattern.finditer(line):
                found.append(f"{name}:{number}: {say(match)}")
    return found


def check_format(root):
    """clang-format has nothing to change."""
    names = files(root, *C_FILES)
    if not names:
        return []
    out = subprocess.run(["clang-format", "--dry-run", "-Werror", *names], cwd=root,
                         capture_output=True, text=True, check=False)
    misformatted = {line.split(":")[0] for line in out.stderr.splitlines() if " error: " in line}
    return [f"{name}:1: run clang-format -i on it" for name in sorted(misformatted)]


def check_layers(root):
    """A layer includes only headers of itself and of the layers that it may see."""
    found = []
    include = re.compile(r'^\s*#\s*include\s+"(?:src/)?([^/"]+)/([^"]+)"', re.M)
    for name in files(root, *C_FILES):
        parts = name.split("/")
        if parts[0] != "src" or len(parts) < 3:
            continue
        layer = parts[1]
        if layer not in LAYERS:
            found.append(f"{name}:1: no layer is called {layer}; see LAYERS in tests/tools/lint.py")
            continue
        text = text_of(root, name)
        for match in include.finditer(text):
            number = text.count("\n", 0, match.start(1)) + 1
            header = f"{match[1]}/{match[2]}"
            if match[1] not in LAYERS[layer] and header not in ALSO_ALLOWED.get(layer, ()):
                found.append(f"{name}:{number}: {layer} may not include {header}")
    return found


def check_length(root):
    """No source file is longer than MAX_LINES."""
    found = []
    for name in files(root, *C_FILES, ".py", ".sh"):
        count = text_of(root, name).count("\n")
        if count > MAX_LINES:
            found.append(f"{name}:{count}: over {MAX_LINES} lines; one concept per file")
    return found


def check_finished(root):
    """Nothing is left for later in the text."""
    return matches(root, files(root), UNFINISHED, lambda m: f"{m[1]}: do it or open an issue")


def check_banned(root):
    """The server calls no function that writes without a limit or cannot report an error."""
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    names = [name for name in files(root, *C_FILES) if name.startswith("src/")]
    return matches(root, names, pattern, lambda m: f"{m[1]}: use {BANNED[m[1]]}",
                   without_comments)


def check_licence(root):
    """Every source file names its licence at its top."""
    found = []
    for name in files(root, *C_FILES, ".py", ".sh"):
        if "SPDX-License-Identifier: GPL-3.0-or-later" not in text_of(root, name)[:200]:
            found.append(f"{name}:1: the line SPDX-License-Identifier: GPL-3.0-or-later is missing")
    return found


def check_paths(root):
    """No path of somebody's own machine."""
    return matches(root, files(root), OWN_PATHS, lambda m: "a path of one machine")


def check_scripts(root):
    """Shell and Python files can at least be parsed."""
    found = []
    for name in files(root):
        text = text_of(root, name)
        if name.endswith(".py"):
            try:
                compile(text, name, "exec")
            except SyntaxError as error:
                found.append(f"{name}:{error.lineno}: {error.msg}")
        elif name.endswith(".sh") or text.startswith(("#!/usr/bin/env bash", "#!/bin/sh")):
            out = subprocess.run(["bash", "-n", name], cwd=root, capture_output=True, text=True,
                                 check=False)
            if out.returncode:
                found.append(f"{name}:1: {out.stderr.strip()}")
    return found


CHECKS = {
    "format": check_format, "layers": check_layers, "length": check_length,
    "finished": check_finished, "banned": check_banned, "licence": check_licence,
    "paths": check_paths, "scripts": check_scripts,
}
# Done by run_tests.py: both compilers without a warning.
COMPILERS = ("gcc", "clang")


def main():
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    complaints = [line for check in CHECKS.values() for line in check(root)]
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
