# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP caller as an object."""
import json
import os
import subprocess

from harness.server import build_dir
from load import measure


class SipCaller:
    """One sip_caller on the load's core. Use as a context, or call stop()."""

    def __init__(self, address, user, rate, calls, hold_ms=0, credentials=()):
        """
        address: "ip:port"; hold_ms: how long a call lasts once it is up; -1: until stop();
        credentials: name and password, for every INVITE to be authenticated.
        """
        ip, port = address.rsplit(":", 1)
        binary = os.path.join(build_dir(), "benchmarks", "load", "sip_caller")
        with measure.started_on(measure.LOAD_CORE):
            self.process = subprocess.Popen(
                [binary, ip, port, user, str(rate), str(calls), str(hold_ms),
                 *credentials],
                stdout=subprocess.PIPE, text=True)

    def result(self):
        """Wait for its result; see report() in sip_caller.c for the fields."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the SIP caller has ended without a result")
        return json.loads(line)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
