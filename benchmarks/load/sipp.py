# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls from several SIPp processes at once, all on the load's processor."""
import csv
import os
import shutil
import subprocess
import tempfile
import time

from load import measure

SCENARIO = os.path.join(os.path.dirname(__file__), "..", "sipp", "call.xml")
# One SIPp misses its own timers long before it fills a processor.
CALLS_OF_ONE = 1500
MOST_PROCESSES = 6


def last_row(path):
    """The last line of one of SIPp's statistics files by column; empty when there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return (list(csv.DictReader(file, delimiter=";")) or [{}])[-1]
    except OSError:
        return {}


def number(row, name):
    return int(row.get(name) or 0)


class Sipp:
    """A number of calls at a rate, from as many processes as it takes. Use as a context, or call stop()."""

    def __init__(self, server, user, rate, calls, hold_ms=0, processes=None):
        """server: "ip:port"; hold_ms: how long each call lasts once it is up."""
        n = processes or min(MOST_PROCESSES, -(-rate // CALLS_OF_ONE))
        self.folder = tempfile.mkdtemp(prefix="sipp-bench-")
        self.children = []
        self.wanted = 0
        env = {"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": self.folder}
        try:
            with measure.started_on(measure.LOAD_CORE):
                for i in range(n):
                    share, count = (part // n + (i < part % n) for part in (rate, calls))
                    self.wanted += count
                    self.children.append(subprocess.Popen(
                        ["sipp", server, "-sf", SCENARIO, "-s", user, "-i", "127.0.0.1", "-t", "u1",
                         "-r", str(max(1, share)), "-m", str(count), "-l", "200000",
                         "-d", str(hold_ms), "-buff_size", str(4 << 20), "-nostdin",
                         "-deadcall_wait", "0", "-trace_stat", "-stf", f"{i}.csv", "-fd", "1",
                         "-trace_counts", "-trace_err", "-error_file", f"{i}.err",
                         "-timer_resol", "2", "-recv_timeout", "20000", "-skip_rlimit"],
                        cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        except OSError:
            self.stop()
            raise

    def wait(self, seconds):
        """Let all calls end; returns a Result."""
        end = time.monotonic() + seconds
        for child in self.children:
            try:
                child.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                break
        return Result(self)

    def stop(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Result:
    """What all processes together counted."""

    def __init__(self, sipp):
        stats = [last_row(os.path.join(sipp.folder, f"{i}.csv")) for i in range(len(sipp.children))]
        counts = [last_row(os.path.join(sipp.folder, f"call_{child.pid}_counts.csv"))
                  for child in sipp.children]
        self.calls = sum(number(row, "SuccessfulCall(C)") for row in stats)
        self.failed = sipp.wanted - self.calls
        # Sent again by SIPp, received again, or received when the call was over.
        self.repeated = sum(number(row, name) for row in counts for name in row
                            if name and name.endswith("_Retrans"))
        self.repeated += sum(number(row, "OutOfCallMsgs(C)") for row in stats)

    @property
    def clean(self):
        return self.failed == 0 and self.repeated == 0
