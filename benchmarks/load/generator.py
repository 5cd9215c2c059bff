# SPDX-License-Identifier: GPL-3.0-or-later
"""The RTP generator as an object."""
import json
import os
import subprocess

from harness.server import build_dir
from load import measure


class Generator:
    """One rtp_generator on the load's core. Use as a context, or call stop()."""

    def __init__(self, ip="127.0.0.1"):
        self.ip = ip
        self.flows = 0
        binary = os.path.join(build_dir(), "benchmarks", "load", "rtp_generator")
        with measure.started_on(measure.LOAD_CORE):
            self.process = subprocess.Popen([binary], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True)

    def _say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def _answer(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the RTP generator has ended")
        return json.loads(answer)

    def _ask(self, text):
        self._say(text)
        return self._answer()

    def open(self, count):
        """Make flows; returns their ports, the first being that of flow number self.flows before."""
        ports = []
        while len(ports) < count:
            ports += self._ask(f"open {min(1000, count - len(ports))} {self.ip}")["ports"]
        self.flows += count
        return ports

    def flow(self, index, address, payload_type, codec, mode, keys=()):
        """mode: talk; listen: send nothing; knock: send one packet, then listen. keys: ours, theirs."""
        words = (index, *address, payload_type, codec, mode, *(key.hex() for key in keys))
        self._say("flow " + " ".join(map(str, words)))

    def drop(self, count):
        """Close the last flows."""
        self.flows = self._ask(f"drop {count}")["flows"]

    def begin(self, seconds):
        """Count from now on what every flow hears; end() waits for the answer."""
        self._say(f"run {int(seconds * 1000)}")

    def end(self):
        """See report() in rtp_generator.c for the answer's fields."""
        return self._answer()

    def run(self, seconds):
        self.begin(seconds)
        return self.end()

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
