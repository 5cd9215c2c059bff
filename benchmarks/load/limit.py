# SPDX-License-Identifier: GPL-3.0-or-later
"""
The least that a server of so many listeners can cost: a program that only protects packets and sends
them. It and the server take turns on the server's processor, so that whatever else goes on in the
machine meets both alike; who is not at work is stopped.
"""
import contextlib
import os
import signal
import statistics
import time

from load import measure
from load.generator import Generator
from load.program import Program
from load.sip_calls import KEY_BYTES, PAYLOADS

TURNS = 5
TURN_S = 2
# What a stopped server has missed it makes up for, or gives up, in this time.
SETTLE_S = 0.5


class Limit(Program):
    """One rtp_limit that sends to flows of its own generator. Use as a context, or call stop()."""

    def __init__(self, listeners):
        super().__init__("rtp_limit", measure.SERVER_CORE)
        self.generator = Generator()
        for index, port in enumerate(self.generator.open(listeners)):
            key = os.urandom(KEY_BYTES)
            port = self.ask(f"listener {self.generator.ip} {port} {key.hex()}")["port"]
            self.generator.flow(index, (self.generator.ip, port), PAYLOADS["opus"][0], "opus", "listen",
                                (key, key))

    def us_per_packet(self, seconds):
        window = measure.Window(self.process.pid)
        self.generator.begin(seconds)
        window.start()
        packets = self.ask(f"run {int(seconds * 1000)}")["packets"]
        window.stop()
        heard = self.generator.end()
        if heard["bad"] or not heard["opened"]:
            raise RuntimeError(f"the program that sends at the limit sends no SRTP: {heard}")
        return window.cpu * 1e6 / packets

    def stop(self):
        self.generator.stop()
        super().stop()


@contextlib.contextmanager
def stopped(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def compare(server, generator):
    """
    Microseconds of CPU for each packet to a listener: of the server whose listeners generator's flows
    are, and of the limit with as many. Medians of their turns.
    """
    ours, least = [], []
    with Limit(generator.flows) as limit:
        for _ in range(TURNS):
            with stopped(limit.generator.process.pid):
                window = measure.Window(server.pid)
                window.start()
                heard = generator.run(TURN_S)
                window.stop()
            ours.append(window.cpu * 1e6 / (heard["rate_mean"] * heard["flows"] * heard["seconds"]))
            with stopped(server.pid, generator.process.pid):
                least.append(limit.us_per_packet(TURN_S))
            time.sleep(SETTLE_S)
    return statistics.median(ours), statistics.median(least)
