# SPDX-License-Identifier: GPL-3.0-or-later
"""The RTP generator as an object."""
from load import measure
from load.program import Program


class Generator(Program):
    """One rtp_generator on the load's core. Use as a context, or call stop()."""

    def __init__(self, ip="127.0.0.1"):
        super().__init__("rtp_generator", measure.LOAD_CORE)
        self.ip = ip
        self.flows = 0

    def open(self, count):
        """Make flows; returns their ports, the first being that of flow number self.flows before."""
        ports = []
        while len(ports) < count:
            ports += self.ask(f"open {min(1000, count - len(ports))} {self.ip}")["ports"]
        self.flows += count
        return ports

    def flow(self, index, address, payload_type, codec, mode, keys=()):
        """mode: talk; listen: send nothing; knock: send one packet, then listen. keys: ours, theirs."""
        words = (index, *address, payload_type, codec, mode, *(key.hex() for key in keys))
        self.say("flow " + " ".join(map(str, words)))

    def drop(self, count):
        """Close the last flows."""
        self.flows = self.ask(f"drop {count}")["flows"]

    def begin(self, seconds):
        """Count from now on what every flow hears; end() waits for the answer."""
        self.say(f"run {int(seconds * 1000)}")

    def end(self):
        """See report() in rtp_generator.c for the answer's fields."""
        return self.answer()

    def run(self, seconds):
        self.begin(seconds)
        return self.end()
