# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of the benchmarks that takes orders on its standard input and answers with lines of JSON."""
import json
import os
import subprocess

from harness.server import build_dir
from load import measure


class Program:
    """One of them, on a core of its own. Use as a context, or call stop()."""

    def __init__(self, name, core):
        self.name = name
        with measure.started_on(core):
            self.process = subprocess.Popen([os.path.join(build_dir(), "benchmarks", "load", name)],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def answer(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} has ended")
        return json.loads(answer)

    def ask(self, text):
        self.say(text)
        return self.answer()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
