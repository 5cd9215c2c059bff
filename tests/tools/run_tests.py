#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs the tests: ./test [part or name...]. Without arguments all parts, one after the other; the last
line is "N passed, N failed" (", N skipped" when there are any). Logs stay in build/.
"""
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import features
import lint

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PYTHON = "/usr/bin/python3"
PARTS = ("lint", "features", "tools", "unit", "fuzz", "e2e", "asan", "tsan")

# Build folders: options, compiler.
BUILDS = {
    "test": (["--werror"], "gcc"),
    "clang": (["--werror"], "clang"),
    "asan": (["-Db_sanitize=address,undefined"], "gcc"),
    "tsan": (["-Db_sanitize=thread"], "gcc"),
    "fuzz": (["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false"], "clang"),
}
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=0:exitcode=66",
}
JOBS = 2


class Tally:
    """What came out so far."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, passed=0, failed=0, skipped=0, seconds=None, log=""):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        mark = "FAIL" if failed else "skip" if not passed and skipped else "ok"
        note = f"{passed + failed + skipped} tests" if passed + failed + skipped != 1 else ""
        if seconds is not None:
            note += f"{', ' if note else ''}{seconds:.1f} s"
        print(f"{mark:4} {name}{f'  ({note})' if note else ''}", flush=True)
        if failed:
            self.failures.append(name)
            print("".join(f"     | {line}\n" for line in log.rstrip().splitlines()[-120:]), end="",
                  flush=True)

    def judge(self, name, complaints, seconds=None):
        self.add(name, passed=not complaints, failed=bool(complaints), seconds=seconds,
                 log="\n".join(complaints))


def say(text):
    print(f"\n== {text}", flush=True)


def folder(build):
    return os.path.join(ROOT, "build", build)


class Runner:
    def __init__(self, names):
        self.tally = Tally()
        self.names = names  # only tests whose name holds one of these; empty: all
        self.built = {}

    def wanted(self, *texts):
        return not self.names or any(name in text for name in self.names for text in texts)

    def build(self, name, judged_as=None):
        """Set up and compile a build folder, once; returns whether that went well."""
        if name not in self.built:
            options, compiler = BUILDS[name]
            start = time.monotonic()
            log = self._compile(folder(name), options, compiler)
            self.built[name] = not log
            if log or judged_as:
                self.tally.judge(judged_as or f"build/{name}", log, time.monotonic() - start)
        return self.built[name]

    @staticmethod
    def _compile(path, options, compiler):
        """Returns the lines of the log when it failed, else nothing."""
        env = {**os.environ, "CC": compiler}
        steps = [["ninja", "-C", path, "-k", "20"]]
        if not os.path.exists(os.path.join(path, "build.ninja")):
            steps.insert(0, ["meson", "setup", path, *options])
        for step in steps:
            out = subprocess.run(step, cwd=ROOT, env=env, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, check=False)
            if out.returncode:
                # What was compiled without trouble would push the errors out of sight.
                return [line for line in out.stdout.splitlines()
                        if not re.match(r"\[\d+/\d+\] \w+ing ", line)]
        return []

    def lint(self):
        say("lint")
        for name, check in lint.CHECKS.items():
            if self.wanted("lint/" + name):
                start = time.monotonic()
                self.tally.judge(f"lint/{name}", check(ROOT), time.monotonic() - start)
        for compiler, build in (("gcc", "test"), ("clang", "clang")):
            if self.wanted("lint/" + compiler):
                self.build(build, f"lint/{compiler}")

    def features(self):
        if self.wanted("features"):
            say("features")
            complaints, demands = features.check(ROOT)
            self.tally.judge(f"features: {demands} demands, each with its tests", complaints)

    def programs(self, build, suite, layer=""):
        """The test programs of a suite that are wanted, as meson knows them."""
        out = subprocess.run(["meson", "introspect", "--tests", folder(build)], cwd=ROOT,
                             stdout=subprocess.PIPE, text=True, check=True)
        found = []
        for test in json.loads(out.stdout):
            path = os.path.relpath(test["cmd"][0], folder(build))
            name = re.sub(r"^tests/", "", path)
            if not any(s.split(":")[-1] == suite for s in test["suite"]) or layer not in name:
                continue
            source = os.path.join(ROOT, path + ".c")
            functions = open(source, encoding="utf-8").read() if os.path.exists(source) else ""
            if self.wanted(name, functions):
                found.append((name, test["cmd"]))
        return sorted(found)

    def run_programs(self, build, suite, label="", layer="", patience=1):
        programs = self.programs(build, suite, layer)
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            runs = [(name, pool.submit(run_program, command, 120 * patience))
                    for name, command in programs]
            for name, run in runs:
                status, log, seconds = run.result()
                passed = len(re.findall(r"^\[       OK \]", log, re.M))
                failed = len(set(re.findall(r"^\[  FAILED  \] (\w+)$", log, re.M)))
                skipped = len(set(re.findall(r"^\[  SKIPPED \] (\w+)$", log, re.M)))
                if status and not failed:
                    failed = 1
                    log += f"\nexit status {status}"
                self.tally.add(label + name, passed or not failed, failed, skipped, seconds, log)

    def pytest(self, label, path, build="test", sanitized=False):
        """Run pytest over a folder, its output passed through; counts come from its report."""
        report = os.path.join(folder(build), os.path.basename(path) + ".xml")
        os.makedirs(folder(build), exist_ok=True)
        if os.path.exists(report):
            os.unlink(report)
        command = [PYTHON, "-B", "-m", "pytest", path, "-p", "no:cacheprovider", "--junitxml", report,
                   "-q" if path.endswith("tools") else "-v", "--no-header"]
        if sanitized:
            command += ["-m", "not plain"]
        if self.names:
            command += ["-k", " or ".join(re.sub(r"\W+", " and ", n) for n in self.names)]
        env = {**os.environ, **SANITIZER_ENV, "SYLK_BUILD": f"build/{build}",
               "SYLK_SANITIZED": "1" if sanitized else "",
               "SYLK_TEST_PATIENCE": "3" if sanitized else "1"}
        start = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
        if status == 5 and self.names:
            return
        counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        if os.path.exists(report):
            for suite in ElementTree.parse(report).iter("testsuite"):
                for key in counts:
                    counts[key] += int(suite.get(key, "0"))
        failed = counts["failures"] + counts["errors"]
        if status and not failed:
            failed = 1
        passed = max(0, counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"])
        self.tally.add(label, passed, failed, counts["skipped"], time.monotonic() - start,
                       "see above; logs of the peers are in build/" + build + "/e2e")

    def tools(self):
        say("tools: the checkers and the harness themselves")
        self.pytest("tools", "tests/tools")

    def unit(self):
        say("unit")
        if self.build("test"):
            self.run_programs("test", "unit")

    def fuzz(self):
        say("fuzz: replay of the corpora")
        if self.build("test"):
            self.run_programs("test", "fuzz")
        seconds = int(os.environ.get("FUZZ_SECONDS", "0"))
        if seconds and self.build("fuzz"):
            say(f"fuzz: {seconds} s each")
            for program in sorted(glob.glob(folder("fuzz") + "/tests/fuzz/fuzz_*")):
                if os.access(program, os.X_OK) and os.path.isfile(program):
                    self.search(program, seconds)

    def search(self, program, seconds):
        """Search for new inputs; those that crash stay in build/fuzz/found."""
        name = os.path.basename(program)
        if not self.wanted("fuzz/" + name):
            return
        found = os.path.join(folder("fuzz"), "found", name + "-")
        grown = os.path.join(folder("fuzz"), "grown", name)
        os.makedirs(os.path.dirname(found), exist_ok=True)
        os.makedirs(grown, exist_ok=True)
        corpus = os.path.join(ROOT, "tests", "fuzz", "corpus", name.removeprefix("fuzz_"))
        status, log, took = run_program(
            [program, f"-max_total_time={seconds}", "-artifact_prefix=" + found, "-timeout=10",
             "-rss_limit_mb=1024", "-print_final_stats=1", grown, corpus], seconds + 120)
        self.tally.add("search/" + name, not status, bool(status), 0, took, log)

    def e2e(self):
        say("e2e: the server among real peers")
        if self.build("test"):
            self.pytest("e2e", "tests/e2e")

    def asan(self):
        say("asan: unit, fuzz and e2e with AddressSanitizer and UndefinedBehaviorSanitizer")
        if self.build("asan"):
            self.run_programs("asan", "unit", "asan/", patience=5)
            self.run_programs("asan", "fuzz", "asan/", patience=5)
            self.pytest("asan/e2e", "tests/e2e", "asan", sanitized=True)

    def tsan(self):
        say("tsan: the media unit tests and a storm of calls with ThreadSanitizer")
        if self.build("tsan"):
            self.run_programs("tsan", "unit", "tsan/", layer="unit/media/", patience=5)
            self.pytest("tsan/e2e", "tests/e2e/test_storm.py", "tsan", sanitized=True)


def run_program(command, seconds):
    """(exit status, output, seconds) of a test program; a hanging one is ended."""
    start = time.monotonic()
    try:
        out = subprocess.run(command, cwd=ROOT, env={**os.environ, **SANITIZER_ENV},
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=seconds, check=False)
        status, log = out.returncode, out.stdout
    except subprocess.TimeoutExpired as late:
        status, log = -1, (late.stdout or b"") + b"\nended: it took too long"
    return status, log.decode("utf-8", "replace"), time.monotonic() - start


def main(arguments):
    parts = [word for word in arguments if word in PARTS]
    names = [word for word in arguments if word not in PARTS]
    if any(name.startswith("-") for name in names):
        print(f"./test [part or name...]; parts: {' '.join(PARTS)}")
        return 2
    runner = Runner(names)
    # A name alone is looked for where it costs one build; sanitizer runs are asked for by part.
    for part in parts or (PARTS if not names else PARTS[:6]):
        getattr(runner, part)()
    tally = runner.tally
    if not tally.passed and not tally.failed and not tally.skipped:
        print("No test has such a name.")
        tally.failed = 1
    if tally.failures:
        print("\nFailed:\n" + "\n".join(f"  {name}" for name in tally.failures))
    print(f"\n{tally.passed} passed, {tally.failed} failed"
          + (f", {tally.skipped} skipped" if tally.skipped else ""), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
